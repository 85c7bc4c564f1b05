/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int probe_tun(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int open_netlink(int protocol)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
}

int probe_netlink(int protocol)
{
	int fd = open_netlink(protocol);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* The answer is the generation, or an error: both are one message. */
static int read_answer(int fd)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} answer;
	ssize_t n = recv(fd, &answer, sizeof(answer), 0);

	if (n < (ssize_t)sizeof(answer.head))
		return n < 0 ? errno : EPROTO;
	if (answer.head.nlmsg_type != NLMSG_ERROR)
		return 0;
	return n < (ssize_t)(sizeof(answer.head) + sizeof(answer.error.error))
		       ? EPROTO
		       : -answer.error.error;
}

/* One request and its one answer, within a second. */
static int ask(int protocol, const void *request, size_t len)
{
	struct timeval patience = {.tv_sec = 1};
	int fd = open_netlink(protocol);
	int error = 0;

	if (fd < 0)
		return errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    send(fd, request, len, 0) != (ssize_t)len)
		error = errno;
	if (!error)
		error = read_answer(fd);
	close(fd);
	return error;
}

int probe_nftables(void)
{
	const struct {
		struct nlmsghdr head;
		struct nfgenmsg family;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			 .nlmsg_flags = NLM_F_REQUEST},
		.family = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
	};

	return ask(NETLINK_NETFILTER, &request, sizeof(request));
}

/* ---- an ESP state ---- */

#define PROBE_SPI 0x101  /* the plane of pluto's own probe has the one below */
#define PROBE_KEY_LEN 20 /* AES-GCM with 128 bits, and its salt (RFC 4106) */
#define PROBE_ICV_BITS 128

struct new_state {
	struct nlmsghdr head;
	struct xfrm_usersa_info info;
	struct nlattr attribute;
	unsigned char algorithm[sizeof(struct xfrm_algo_aead) + PROBE_KEY_LEN]; /* key: zeros */
};

static void fill_state(struct new_state *s)
{
	const struct xfrm_algo_aead algorithm = {.alg_name = "rfc4106(gcm(aes))",
						 .alg_key_len = 8 * PROBE_KEY_LEN,
						 .alg_icv_len = PROBE_ICV_BITS};

	*s = (struct new_state){
		.head = {.nlmsg_len = sizeof(*s),
			 .nlmsg_type = XFRM_MSG_NEWSA,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.info = {.family = AF_INET,
			 .mode = XFRM_MODE_TUNNEL,
			 .replay_window = 32,
			 .id = {.spi = htonl(PROBE_SPI), .proto = IPPROTO_ESP}},
		.attribute = {.nla_len = sizeof(s->attribute) + sizeof(s->algorithm),
			      .nla_type = XFRMA_ALG_AEAD},
	};
	memcpy(s->algorithm, &algorithm, sizeof(algorithm));
	s->info.id.daddr.a4 = s->info.saddr.a4 = htonl(INADDR_LOOPBACK);
	s->info.lft.soft_byte_limit = s->info.lft.hard_byte_limit = XFRM_INF;
	s->info.lft.soft_packet_limit = s->info.lft.hard_packet_limit = XFRM_INF;
}

int probe_esp_state(void)
{
	const struct {
		struct nlmsghdr head;
		struct xfrm_usersa_id id;
	} remove = {
		.head = {.nlmsg_len = sizeof(remove),
			 .nlmsg_type = XFRM_MSG_DELSA,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.id = {.daddr.a4 = htonl(INADDR_LOOPBACK),
		       .spi = htonl(PROBE_SPI),
		       .family = AF_INET,
		       .proto = IPPROTO_ESP},
	};
	struct new_state state;
	int error;

	fill_state(&state);
	error = ask(NETLINK_XFRM, &state, sizeof(state));
	if (error)
		return error == EEXIST ? 0 : error;
	return ask(NETLINK_XFRM, &remove, sizeof(remove));
}

int probe_random(void)
{
	unsigned char octet;

	return getrandom(&octet, 1, GRND_NONBLOCK) == 1 ? 0 : errno;
}
