/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
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

int probe_nftables(void)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg family;
	} ask = {
		.head = {.nlmsg_len = sizeof(ask),
			 .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			 .nlmsg_flags = NLM_F_REQUEST},
		.family = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
	};
	struct timeval patience = {.tv_sec = 1};
	int fd = open_netlink(NETLINK_NETFILTER);
	int error = 0;

	if (fd < 0)
		return errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		error = errno;
	if (!error)
		error = read_answer(fd);
	close(fd);
	return error;
}

int probe_random(void)
{
	unsigned char octet;

	return getrandom(&octet, 1, GRND_NONBLOCK) == 1 ? 0 : errno;
}
