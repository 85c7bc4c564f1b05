/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 32u
#define DATAGRAM_MAX 65536u
#define CONTROL_MAX 128u
#define RECEIVE_BUFFER (4 * 1024 * 1024)
#define SEND_BUFFER (2 * 1024 * 1024)

void ports_init(struct ports *p, uint32_t mark, int epoll)
{
	*p = (struct ports){.mark = mark, .next_serial = 1, .epoll = epoll};
}

static void port_free(struct esp_port *port)
{
	if (port->probe >= 0)
		close(port->probe);
	free(port);
}

void ports_done(struct ports *p)
{
	for (size_t i = 0; i < PORTS_MAX; i++)
		if (p->slots[i])
			port_free(p->slots[i]);
}

static bool set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/*
 * Path MTU discovery is wanted, not insisted on: a packet longer than the path
 * turned out to be still goes, fragmented, until sa->path_mtu has followed.
 */
static bool set_options(int fd, enum ip_family family)
{
	/* Larger buffers are welcome, not needed. */
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
	(void)set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER);
	if (family == IP_V4)
		return set_int(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
		       set_int(fd, IPPROTO_IP, IP_RECVTOS, 1) &&
		       set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
	return set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
	       set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT);
}

/*
 * A socket of the same address and mark, never sent
 * on: connecting it makes the kernel look up a route.
 */
static int open_probe(const struct ports *p, const struct endpoint *local)
{
	struct endpoint from = {.addr = local->addr};
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&from, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (!set_int(fd, SOL_SOCKET, SO_MARK, (int)p->mark) ||
	    bind(fd, (struct sockaddr *)&ss, len) < 0) {
		close(fd);
		return -1;
	}
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, 1);
	return fd;
}

static enum cyg_err refuse(struct diag *why, const char *what)
{
	int number = errno;

	diag_set(why, "esp-port", NULL, "cannot %s a socket", what);
	diag_got(why, "%s", strerror(number));
	return number == EPERM ? CYG_PERM : CYG_IO;
}

static enum cyg_err watch(const struct ports *p, const struct esp_port *port, struct diag *why)
{
	struct epoll_event e = {.events = EPOLLIN,
				.data.u64 = (uint64_t)port->serial << 32 | port->slot};

	if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, port->fd, &e) < 0)
		return refuse(why, "watch");
	return CYG_OK;
}

static uint32_t free_slot(const struct ports *p)
{
	uint32_t i = 0;

	while (i < PORTS_MAX && p->slots[i])
		i++;
	return i;
}

enum cyg_err ports_add(struct ports *p, const struct plane_port *from, struct diag *why)
{
	uint32_t slot = free_slot(p);
	struct esp_port *port;
	enum cyg_err err;

	if (slot == PORTS_MAX)
		return CYG_LIMIT;
	if (!set_int(from->fd, SOL_SOCKET, SO_MARK, (int)p->mark))
		return refuse(why, "mark");
	if (from->encap && !set_options(from->fd, from->local.addr.family))
		return refuse(why, "prepare");
	port = malloc(sizeof(*port));
	if (!port)
		return CYG_NOMEM;
	*port = (struct esp_port){.local = from->local,
				  .fd = from->fd,
				  .encap = from->encap,
				  .probe = -1,
				  .slot = slot,
				  .serial = p->next_serial++};
	if (from->encap)
		port->probe = open_probe(p, &from->local);
	rcu_assign_pointer(p->slots[slot], port);
	err = from->encap ? watch(p, port, why) : CYG_OK;
	if (err) {
		rcu_assign_pointer(p->slots[slot], NULL);
		synchronize_rcu();
		port_free(port);
	}
	return err;
}

bool ports_remove(struct ports *p, const struct endpoint *local, void (*unused)(void *ctx),
		  void *ctx)
{
	for (size_t i = 0; i < PORTS_MAX; i++) {
		struct esp_port *port = p->slots[i];

		if (!port || !endpoint_equal(&port->local, local))
			continue;
		rcu_assign_pointer(p->slots[i], NULL);
		if (port->encap)
			epoll_ctl(p->epoll, EPOLL_CTL_DEL, port->fd, NULL);
		unused(ctx);
		synchronize_rcu();
		port_free(port);
		return true;
	}
	return false;
}

struct esp_port *ports_find(const struct ports *p, const struct endpoint *local)
{
	struct esp_port *wide = NULL;

	for (size_t i = 0; i < PORTS_MAX; i++) {
		struct esp_port *port = p->slots[i];

		if (!port || !port->encap || port->local.port != local->port)
			continue;
		if (ip_equal(&port->local.addr, &local->addr))
			return port;
		if (port->local.addr.family == local->addr.family &&
		    ip_is_any(&port->local.addr))
			wide = port;
	}
	return wide;
}

struct esp_port *ports_of_event(const struct ports *p, uint64_t data)
{
	struct esp_port *port = rcu_dereference(p->slots[data % PORTS_MAX]);

	return port && port->serial == data >> 32 ? port : NULL;
}

/* Append one control message; `control` has room for it. */
static void put_control(struct msghdr *m, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	m->msg_controllen += CMSG_SPACE(len);
}

static void put_tos(struct msghdr *m, enum ip_family family, int tos)
{
	if (family == IP_V4)
		put_control(m, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	else
		put_control(m, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}

/* A socket of all addresses must be told which one the packet comes from. */
static void put_source(struct msghdr *m, const struct ip_addr *a)
{
	struct in_pktinfo v4 = {0};
	struct in6_pktinfo v6 = {0};

	if (a->family == IP_V4) {
		memcpy(&v4.ipi_spec_dst, a->octets, 4);
		put_control(m, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
	} else {
		memcpy(&v6.ipi6_addr, a->octets, 16);
		put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
	}
}

bool port_send(const struct esp_port *port, const struct esp_path *path, struct view esp,
	       uint8_t tos)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)esp.ptr, .iov_len = esp.len};
	struct msghdr m = {.msg_name = (void *)(uintptr_t)&path->peer,
			   .msg_namelen = path->peer_len,
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control};

	if (tos)
		put_tos(&m, path->remote.addr.family, tos);
	if (ip_is_any(&port->local.addr))
		put_source(&m, &path->local.addr);
	if (!m.msg_controllen)
		m.msg_control = NULL;
	/*
	 * The first failure may be an ICMP error about an
	 * earlier packet, which says nothing of this one.
	 */
	for (int tries = 0; tries < 2; tries++)
		if (sendmsg(port->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return true;
		else if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE)
			return false;
	return false;
}

uint32_t port_path_mtu(const struct esp_port *port, const struct esp_path *path)
{
	bool v4 = path->remote.addr.family == IP_V4;
	socklen_t len = sizeof(int);
	int mtu = 0;

	if (port->probe < 0 ||
	    connect(port->probe, (const struct sockaddr *)&path->peer, path->peer_len) < 0)
		return 0;
	if (getsockopt(port->probe, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU : IPV6_MTU,
		       &mtu, &len) < 0 ||
	    mtu < 0)
		return 0;
	return (uint32_t)mtu;
}

struct port_batch {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage from[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_MAX];
	uint8_t octets[BATCH][DATAGRAM_MAX];
};

struct port_batch *port_batch_new(void)
{
	return calloc(1, sizeof(struct port_batch));
}

void port_batch_free(struct port_batch *b)
{
	free(b);
}

size_t port_receive(const struct esp_port *port, struct port_batch *b)
{
	int n;

	for (size_t i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){b->octets[i], DATAGRAM_MAX};
		b->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_namelen = sizeof(b->from[i]),
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = b->control[i],
			.msg_controllen = CONTROL_MAX,
		};
	}
	n = recvmmsg(port->fd, b->messages, BATCH, MSG_DONTWAIT, NULL);
	return n > 0 ? (size_t)n : 0;
}

static void take_control(const struct cmsghdr *c, struct in_datagram *d)
{
	const uint8_t *data = CMSG_DATA(c);

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		const struct in_pktinfo *info = (const void *)data;

		d->local.addr = ip_from_view(view_of(&info->ipi_addr, 4));
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		const struct in6_pktinfo *info = (const void *)data;

		d->local.addr = ip_from_view(view_of(&info->ipi6_addr, 16));
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
		d->tos = data[0];
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
		int tclass;

		memcpy(&tclass, data, sizeof(tclass));
		d->tos = (uint8_t)tclass;
	}
}

bool port_batch_get(struct port_batch *b, const struct esp_port *port, size_t i,
		    struct in_datagram *ret)
{
	struct msghdr *m = &b->messages[i].msg_hdr;

	if (m->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return false;
	*ret = (struct in_datagram){
		.local = port->local,
		.remote = endpoint_from_sockaddr((struct sockaddr *)&b->from[i]),
		.octets = b->octets[i],
		.len = b->messages[i].msg_len,
	};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		take_control(c, ret);
	return true;
}
