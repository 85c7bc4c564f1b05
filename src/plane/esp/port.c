/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 32u      /* datagrams received together at most */
#define BATCH_LEAST 4u /* when they are long: what is decrypted should be in the cache still */
#define BATCH_SMALL 65536u /* octets in a full batch, below which the next one is longer */
#define DATAGRAM_MAX 65536u
#define CONTROL_MAX 128u
#define RECEIVE_BUFFER (4 * 1024 * 1024)
#define SEND_BUFFER (2 * 1024 * 1024)
#define DISCARD_PORT 9 /* RFC 863 */

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

void ports_init(struct ports *p, uint32_t mark)
{
	*p = (struct ports){.mark = mark, .next_serial = 1};
}

void ports_watch(struct ports *p, int epoll)
{
	p->epolls[p->queues++] = epoll;
}

static void port_free(struct esp_port *port)
{
	for (size_t i = 1; i < TUN_QUEUES_MAX; i++)
		if (port->others[i] >= 0)
			close(port->others[i]);
	if (port->probe >= 0)
		close(port->probe);
	if (port->whole >= 0)
		close(port->whole);
	if (port->cut >= 0)
		close(port->cut);
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
 * Path MTU discovery is wanted, not insisted on: IKE's messages may be longer than the path. So
 * may a packet of ESP, until sa->path_mtu has followed (send_singly).
 */
static bool set_options(int fd, enum ip_family family)
{
	/* Larger buffers are welcome, not needed. */
	(void)set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
	(void)set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, SEND_BUFFER);
	/* Datagrams of one sender may come joined; without it each comes alone. */
	(void)set_int(fd, SOL_UDP, UDP_GRO, 1);
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

static int socket_of(const struct esp_port *port, size_t queue)
{
	return queue ? port->others[queue] : port->fd;
}

/*
 * A socket of the same address and port. The kernel spreads senders over all of them
 * (SO_REUSEPORT), each sender always to one. The daemon's own was bound without, so that a
 * second daemon finds the port taken.
 */
static int open_other(const struct ports *p, const struct esp_port *port)
{
	enum ip_family family = port->local.addr.family;
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&port->local, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
	    set_int(fd, SOL_SOCKET, SO_MARK, (int)p->mark) &&
	    (family == IP_V4 || set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
	    set_options(fd, family) && bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	close(fd);
	return -1;
}

/*
 * Connected to a peer that sends nothing (the discard port of its own host, RFC 863), it is
 * left out when the kernel spreads senders over sockets.
 */
static bool lead_nowhere(int fd, const struct endpoint *local)
{
	struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};

	memcpy(&nobody.sin_addr, local->addr.octets, 4);
	if (!nobody.sin_addr.s_addr)
		nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (const struct sockaddr *)&nobody, sizeof(nobody)) == 0;
}

/* -1: the port's own will have to do. */
static int open_sender(const struct ports *p, const struct esp_port *port, int discover)
{
	int fd;

	/* No router cuts packets of IPv6 (RFC 8200 5), and this host does where it must. */
	if (!port->encap || port->local.addr.family != IP_V4 ||
	    !set_int(port->fd, SOL_SOCKET, SO_REUSEPORT, 1))
		return -1;
	fd = open_other(p, port);
	if (fd < 0)
		return -1;
	if (lead_nowhere(fd, &port->local) &&
	    set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, discover))
		return fd;
	close(fd);
	return -1;
}

void ports_let_cut(const struct ports *p, struct esp_port *port)
{
	if (port->cut < 0)
		port->cut = open_sender(p, port, IP_PMTUDISC_DONT);
}

static bool watch_one(const struct ports *p, const struct esp_port *port, size_t queue)
{
	struct epoll_event e = {.events = EPOLLIN,
				.data.u64 = (uint64_t)port->serial << 32 | port->slot};

	return epoll_ctl(p->epolls[queue], EPOLL_CTL_ADD, socket_of(port, queue), &e) == 0;
}

/* Where there can be no others, the first queue's thread serves all. */
static enum cyg_err watch(const struct ports *p, struct esp_port *port, struct diag *why)
{
	bool more = p->queues > 1 && set_int(port->fd, SOL_SOCKET, SO_REUSEPORT, 1);

	if (!watch_one(p, port, 0))
		return refuse(why, "watch");
	for (size_t i = 1; more && i < p->queues; i++) {
		port->others[i] = open_other(p, port);
		more = port->others[i] >= 0;
		if (more && !watch_one(p, port, i))
			return refuse(why, "watch");
	}
	return CYG_OK;
}

/* Nothing new comes from it. */
static void unwatch(const struct ports *p, const struct esp_port *port)
{
	for (size_t i = 0; i < p->queues; i++)
		if (socket_of(port, i) >= 0)
			epoll_ctl(p->epolls[i], EPOLL_CTL_DEL, socket_of(port, i), NULL);
	(void)set_int(port->fd, SOL_UDP, UDP_GRO, 0);
	(void)set_int(port->fd, SOL_SOCKET, SO_REUSEPORT, 0);
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

	if (slot == PORTS_MAX) {
		diag_set(why, "esp-port", NULL, "there are more sockets than the plane can use");
		diag_wanted(why, "%u at the most, of ports 500 and 4500", PORTS_MAX);
		diag_hint(why, "listen on fewer addresses: listen= in config setup");
		return CYG_LIMIT;
	}
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
				  .whole = -1,
				  .cut = -1,
				  .slot = slot,
				  .serial = p->next_serial++};
	for (size_t i = 0; i < TUN_QUEUES_MAX; i++)
		port->others[i] = -1;
	if (from->encap)
		port->probe = open_probe(p, &from->local);
	port->whole = open_sender(p, port, IP_PMTUDISC_DO);
	rcu_assign_pointer(p->slots[slot], port);
	err = from->encap ? watch(p, port, why) : CYG_OK;
	if (err) {
		rcu_assign_pointer(p->slots[slot], NULL);
		unwatch(p, port);
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
			unwatch(p, port);
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

/* What one message of a burst needs beside its octets. */
struct outgoing {
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
};

static void put_segment(struct msghdr *m, uint16_t each)
{
	put_control(m, SOL_UDP, UDP_SEGMENT, &each, sizeof(each));
}

/* `each` is 0 for a message that is one packet. */
static void fill_message(struct msghdr *m, struct outgoing *o, const struct burst_message *from,
			 const struct esp_port *port, struct view octets, uint32_t each)
{
	const struct esp_path *path = from->path;

	o->iov = (struct iovec){(void *)(uintptr_t)octets.ptr, octets.len};
	*m = (struct msghdr){.msg_name = (void *)(uintptr_t)&path->peer,
			     .msg_namelen = path->peer_len,
			     .msg_iov = &o->iov,
			     .msg_iovlen = 1,
			     .msg_control = o->control};
	if (from->tos)
		put_tos(m, path->remote.addr.family, from->tos);
	if (ip_is_any(&port->local.addr))
		put_source(m, &path->local.addr);
	if (each)
		put_segment(m, (uint16_t)each);
	if (!m->msg_controllen)
		m->msg_control = NULL;
}

static int cutting_socket(const struct esp_port *port)
{
	int cut = atomic_load_explicit(&port->cut, memory_order_relaxed);

	return cut >= 0 ? cut : port->fd;
}

/*
 * The socket that a path's packets leave by. The port's own would forbid routers to cut single
 * packets, but not those of a message that is many.
 */
static int socket_for(const struct esp_port *port, const struct esp_path *path)
{
	if (path->may_be_cut)
		return cutting_socket(port);
	return port->whole >= 0 ? port->whole : port->fd;
}

/*
 * A message's packets one by one: for a kernel that will not cut it, or a path that turned out
 * to be narrower, for which the port's own socket lets the kernel fragment them.
 */
static size_t send_singly(const struct burst *b, const struct burst_message *from,
			  const struct esp_port *port)
{
	size_t failed = 0;
	int fd = from->path->may_be_cut ? cutting_socket(port) : port->fd;
	struct outgoing o;
	struct msghdr m;

	for (uint32_t at = 0; at < from->len; at += from->each) {
		size_t left = from->len - at, len = left < from->each ? left : from->each;

		fill_message(&m, &o, from, port, view_of(b->octets + from->at + at, len), 0);
		/*
		 * The first failure may be an ICMP error about an
		 * earlier packet, which says nothing of this one.
		 */
		if (sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE ||
		     sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0))
			failed++;
	}
	return failed;
}

/* The messages from `at` on that leave by one socket; returns how many. */
static size_t fill_run(const struct burst *b, size_t at, const struct esp_port *port,
		       struct mmsghdr messages[BURST_MESSAGES],
		       struct outgoing outgoing[BURST_MESSAGES])
{
	bool may_be_cut = b->messages[at].path->may_be_cut;
	size_t n = 0;

	for (; at + n < b->len; n++) {
		const struct burst_message *from = &b->messages[at + n];

		if (rcu_dereference(from->path->port) != port ||
		    from->path->may_be_cut != may_be_cut)
			break;
		fill_message(&messages[n].msg_hdr, &outgoing[n], from, port,
			     view_of(b->octets + from->at, from->len),
			     from->count > 1 ? from->each : 0);
	}
	return n;
}

size_t port_send_burst(const struct burst *b)
{
	struct mmsghdr messages[BURST_MESSAGES];
	struct outgoing outgoing[BURST_MESSAGES];
	size_t at = 0, failed = 0;

	while (at < b->len) {
		const struct burst_message *from = &b->messages[at];
		const struct esp_port *port = rcu_dereference(from->path->port);
		size_t run = port ? fill_run(b, at, port, messages, outgoing) : 0;
		int sent = run ? sendmmsg(socket_for(port, from->path), messages,
					  (unsigned)run, MSG_DONTWAIT | MSG_NOSIGNAL)
			       : -1;

		if (sent > 0) {
			at += (size_t)sent;
			continue;
		}
		/* The buffer is full: what was sealed is lost, as on any busy link. */
		if (!port || errno == EAGAIN || errno == ENOBUFS)
			failed += from->count;
		else
			failed += send_singly(b, from, port);
		at++;
	}
	return failed;
}

static uint32_t ask_probe(const struct esp_port *port, const struct esp_path *path)
{
	bool v4 = path->remote.addr.family == IP_V4;
	socklen_t len = sizeof(int);
	int mtu = 0;

	if (connect(port->probe, &path->peer.any, path->peer_len) < 0)
		return 0;
	if (getsockopt(port->probe, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU : IPV6_MTU,
		       &mtu, &len) < 0 ||
	    mtu < 0)
		return 0;
	return (uint32_t)mtu;
}

uint32_t port_path_mtu(struct esp_port *port, const struct esp_path *path)
{
	uint32_t mtu;

	/* Who finds it in use asks for the next packet. */
	if (port->probe < 0 || !claim_try(&port->probing, 1))
		return 0;
	mtu = ask_probe(port, path);
	claim_give(&port->probing);
	return mtu;
}

struct port_batch {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage from[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_MAX];
	unsigned want; /* how many to ask for */
	uint8_t octets[BATCH][DATAGRAM_MAX];
};

struct port_batch *port_batch_new(void)
{
	struct port_batch *b = calloc(1, sizeof(*b));

	if (b)
		b->want = BATCH_LEAST;
	return b;
}

void port_batch_free(struct port_batch *b)
{
	free(b);
}

/* Many small datagrams are taken by the dozen, long ones a few at a time. */
static void adapt(struct port_batch *b, unsigned got)
{
	size_t octets = 0;

	for (unsigned i = 0; i < got; i++)
		octets += b->messages[i].msg_len;
	if (octets > BATCH_SMALL)
		b->want = BATCH_LEAST;
	else if (got == b->want && b->want < BATCH)
		b->want *= 2;
}

size_t port_receive(const struct esp_port *port, uint32_t queue, struct port_batch *b)
{
	int n;

	for (size_t i = 0; i < b->want; i++) {
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
	n = recvmmsg(socket_of(port, queue), b->messages, b->want, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	adapt(b, (unsigned)n);
	return (size_t)n;
}

static void take_control(const struct cmsghdr *c, struct in_datagram *d, size_t *each)
{
	const uint8_t *data = CMSG_DATA(c);
	int number;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		const struct in_pktinfo *info = (const void *)data;

		d->local.addr = ip_from_view(view_of(&info->ipi_addr, 4));
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		const struct in6_pktinfo *info = (const void *)data;

		d->local.addr = ip_from_view(view_of(&info->ipi6_addr, 16));
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
		d->tos = data[0];
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
		memcpy(&number, data, sizeof(number));
		d->tos = (uint8_t)number;
	} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
		memcpy(&number, data, sizeof(number));
		if (number > 0)
			*each = (size_t)number;
	}
}

bool port_batch_get(struct port_batch *b, const struct esp_port *port, size_t i,
		    struct in_datagram *ret, size_t *ret_each)
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
	*ret_each = ret->len;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		take_control(c, ret, ret_each);
	return true;
}
