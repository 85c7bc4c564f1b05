/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/ports.h"

#include "base/builder.h"
#include "base/list.h"
#include "plane/plane.h"
#include "pluto/account.h"
#include "pluto/port_error.h"
#include "wire/header.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 32
#define DATAGRAM_MAX 65535
#define OUT_OCTETS (256u << 10) /* waiting to be sent; a longer queue is flushed */
#define RECEIVE_BUFFER (4 << 20)

struct port {
	struct list link;
	struct ports *owner;
	struct endpoint local;
	int fd;
	bool encap; /* every one but 500 */
	bool own;   /* a connection's */
	bool plane_reads;
	bool seen; /* during an update */
	uv_poll_t poll;
};

/* Datagrams waiting to be sent. */
struct outgoing {
	size_t len, octets;
	struct {
		struct port *port;
		struct sockaddr_storage to;
		socklen_t to_len;
		size_t at, len;
	} items[BATCH];
	uint8_t data[OUT_OCTETS];
};

struct ports {
	uv_loop_t *loop;
	struct plane *plane;
	struct account *account;
	struct ports_host host;
	const struct host_view *view; /* of the last update; NULL: none yet */
	struct list open;
	struct ports_counts counts;
	size_t taken; /* sockets that others hold, since the last update */
	struct outgoing out;
	uint8_t in[BATCH][DATAGRAM_MAX];
};

struct ports *ports_new(uv_loop_t *loop, struct plane *plane, struct account *account,
			const struct ports_host *host)
{
	struct ports *p = calloc(1, sizeof(*p)); /* pages never touched cost nothing */

	if (!p)
		return NULL;
	p->loop = loop;
	p->plane = plane;
	p->account = account;
	p->host = *host;
	list_init(&p->open);
	return p;
}

static void say(struct ports *p, enum report_level level, unsigned code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct ports *p, enum report_level level, unsigned code, const char *fmt, ...)
{
	char text[256];
	struct report r = {.level = (uint8_t)level,
			   .code = (uint16_t)code,
			   .event = "port",
			   .text = text};
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	p->host.report(p->host.ctx, &r);
}

/* ---- receiving ---- */

static void take_one(struct port *port, const struct mmsghdr *m)
{
	struct endpoint remote = endpoint_from_sockaddr(m->msg_hdr.msg_name);
	struct view data = view_of(m->msg_hdr.msg_iov->iov_base, m->msg_len);
	struct ports *p = port->owner;

	p->counts.received++;
	p->counts.octets_in += data.len;
	/* On another port than 500 it may be ESP or a keep-alive. */
	if (port->encap && datagram_sort(data, &data) != DATAGRAM_IKE) {
		p->counts.not_ike++;
		return;
	}
	if (remote.port == 0 || !ip_is_set(&remote.addr)) {
		p->counts.too_short++;
		return;
	}
	p->host.datagram(p->host.ctx, &port->local, &remote, data);
}

/* One recvmmsg; the number of datagrams it brought. */
static int receive_batch(struct port *port)
{
	struct ports *p = port->owner;
	struct sockaddr_storage from[BATCH];
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	nsec start = account_start(p->account);
	int n;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){p->in[i], DATAGRAM_MAX};
		messages[i] = (struct mmsghdr){.msg_hdr = {
						       .msg_name = &from[i],
						       .msg_namelen = sizeof(from[i]),
						       .msg_iov = &iov[i],
						       .msg_iovlen = 1,
					       }};
	}
	n = recvmmsg(port->fd, messages, BATCH, MSG_DONTWAIT, NULL);
	account_stop(p->account, ACCOUNT_RECEIVE, start);
	if (n > 0)
		p->counts.batches++;
	for (int i = 0; i < n; i++)
		take_one(port, &messages[i]);
	return n;
}

static void clear_error(struct port *port)
{
	struct ports_host *h = &port->owner->host;
	struct port_error e;
	int pending;

	while (port_error_read(port->fd, &e))
		h->undeliverable(h->ctx, &port->local, &e.remote, e.error, &e.from);
	getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &pending, &(socklen_t){sizeof(pending)});
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct port *port = poll->data;
	int n;

	/*
	 * libuv stops polling a socket that is in error, which an unread error queue makes it.
	 */
	if (status < 0) {
		clear_error(port);
		uv_poll_start(&port->poll, UV_READABLE, on_readable);
	}
	/* One more batch may have come meanwhile, but other work is to have its turn too. */
	for (int i = 0; i < 4; i++) {
		n = receive_batch(port);
		if (n < BATCH)
			break;
	}
}

/* ---- sending ---- */

static void send_failed(struct ports *p, size_t i, int error)
{
	struct endpoint remote = endpoint_from_sockaddr((struct sockaddr *)&p->out.items[i].to);
	struct ip_addr nobody = {0};

	p->counts.send_errors++;
	if (error != EAGAIN)
		p->host.undeliverable(p->host.ctx, &p->out.items[i].port->local, &remote, error,
				      &nobody);
}

/*
 * Send items [from, to), all of one socket. An item that can't be sent is skipped: the peer
 * retransmits.
 */
static void send_run(struct ports *p, size_t from, size_t to)
{
	struct outgoing *o = &p->out;
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	bool retried = false;

	for (size_t i = from; i < to; i++) {
		iov[i] = (struct iovec){o->data + o->items[i].at, o->items[i].len};
		messages[i] = (struct mmsghdr){.msg_hdr = {
						       .msg_name = &o->items[i].to,
						       .msg_namelen = o->items[i].to_len,
						       .msg_iov = &iov[i],
						       .msg_iovlen = 1,
					       }};
	}
	while (from < to) {
		int n = sendmmsg(o->items[from].port->fd, messages + from,
				 (unsigned)(to - from), MSG_DONTWAIT);

		if (n > 0) {
			p->counts.sent += (unsigned)n;
			for (; n > 0; n--)
				p->counts.octets_out += o->items[from++].len;
			retried = false;
		} else if (errno != EINTR && retried) {
			send_failed(p, from++, errno);
			retried = false;
		} else {
			/* The error may have been an earlier datagram's, told now. */
			retried = true;
		}
	}
}

void ports_flush(struct ports *p)
{
	struct outgoing *o = &p->out;
	size_t len = o->len, from = 0;
	nsec start;

	if (!len)
		return;
	start = account_start(p->account);
	for (size_t i = 1; i <= len; i++)
		if (i == len || o->items[i].port != o->items[from].port) {
			send_run(p, from, i);
			from = i;
		}
	o->len = o->octets = 0;
	account_stop(p->account, ACCOUNT_SEND, start);
}

static struct port *port_find(struct ports *p, const struct endpoint *local)
{
	LIST_EACH(port, &p->open, struct port, link)
		if (endpoint_equal(&port->local, local))
			return port;
	return NULL;
}

bool ports_send(struct ports *p, const struct endpoint *local, const struct endpoint *remote,
		struct view data)
{
	struct port *port = port_find(p, local);
	struct outgoing *o = &p->out;
	bool keepalive = data.len == 1 && data.ptr[0] == 0xff;
	size_t marker = port && port->encap && !keepalive ? NON_ESP_MARKER_LEN : 0;
	size_t len = data.len + marker, i;
	struct builder b;

	if (!port || len > DATAGRAM_MAX)
		return false;
	if (o->len == BATCH || o->octets + len > OUT_OCTETS)
		ports_flush(p);
	i = o->len++;
	o->items[i].port = port;
	o->items[i].to_len = endpoint_to_sockaddr(remote, &o->items[i].to);
	o->items[i].at = o->octets;
	o->items[i].len = len;
	b = builder_of(o->data + o->octets, marker);
	if (marker)
		marker_build(&b);
	memcpy(o->data + o->octets + marker, data.ptr, data.len);
	o->octets += len;
	return true;
}

/* ---- opening and closing ---- */

static void set_int(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value,
		   sizeof(value)); /* each is an improvement, none a need */
}

static int open_socket(const struct endpoint *local, bool encap)
{
	struct sockaddr_storage ss;
	unsigned len = endpoint_to_sockaddr(local, &ss);
	bool v6 = local->addr.family == IP_V6;
	int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (v6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	/* Long IKE messages may be fragmented by IP: better than lost. */
	set_int(fd, level, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
		v6 ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT);
	/* ICMP errors are wanted as hints; on 4500 they would disturb the plane's sending. */
	if (!encap)
		set_int(fd, level, v6 ? IPV6_RECVERR : IP_RECVERR, 1);
	set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
	if (bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void port_freed(uv_handle_t *handle)
{
	free(handle->data);
}

/* The descriptor closes only after the plane and the loop have let go of it. */
static void port_close(struct port *port)
{
	struct ports *p = port->owner;

	ports_flush(p);
	list_remove(&port->link);
	if (p->plane)
		p->plane->ops->port_remove(p->plane, &port->local);
	uv_poll_stop(&port->poll);
	close(port->fd);
	uv_close((uv_handle_t *)&port->poll, port_freed);
}

static bool start(struct port *port)
{
	struct ports *p = port->owner;
	struct plane_port hand = {.local = port->local, .fd = port->fd, .encap = port->encap};

	if (uv_poll_init(p->loop, &port->poll, port->fd))
		return false;
	port->poll.data = port;
	list_append(&p->open, &port->link);
	port->plane_reads = p->plane && p->plane->ops->port_add(p->plane, &hand);
	if (!port->plane_reads)
		uv_poll_start(&port->poll, UV_READABLE, on_readable);
	return true;
}

static void say_unusable(struct ports *p, const struct host_address *a,
			 const struct endpoint *local, int error)
{
	bool taken = error == EADDRINUSE;
	char name[ENDPOINT_TEXT_MAX];

	p->taken += taken;
	say(p, REPORT_WARNING, taken ? RC_DEAF : RC_LOG, "can't use %s %s (%s)%s", a->interface,
	    endpoint_print(local, name), strerror(error),
	    taken ? "; \"ipsec verify\" names the program that has it" : "");
}

static void port_open(struct ports *p, const struct host_address *a, uint16_t number)
{
	struct endpoint local = {a->addr, number};
	char name[ENDPOINT_TEXT_MAX];
	struct port *port;
	int fd;

	fd = open_socket(&local, number != PORT_IKE);
	if (fd < 0) {
		say_unusable(p, a, &local, errno);
		return;
	}
	port = calloc(1, sizeof(*port));
	if (!port) {
		close(fd);
		return;
	}
	*port = (struct port){
		.owner = p,
		.local = local,
		.fd = fd,
		.encap = number != PORT_IKE,
		.own = number != PORT_IKE && number != PORT_ENCAP,
		.seen = true,
	};
	if (!start(port)) {
		close(fd);
		free(port);
		return;
	}
	say(p, REPORT_INFO, RC_LOG, "adding interface %s %s", a->interface,
	    endpoint_print(&local, name));
}

/* A link-local address means nothing without its link, which an endpoint does not name. */
static bool usable(const struct ip_addr *a)
{
	return !(a->family == IP_V6 && a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80);
}

static void want(struct ports *p, const struct host_address *a, uint16_t number)
{
	struct endpoint local = {a->addr, number};
	struct port *port = port_find(p, &local);

	if (port)
		port->seen = true;
	else
		port_open(p, a, number);
}

static const struct host_address *find_address(const struct host_view *h,
					       const struct ip_addr *a)
{
	for (size_t i = 0; i < h->addresses_len; i++)
		if (ip_equal(&h->addresses[i].addr, a))
			return &h->addresses[i];
	return NULL;
}

static void close_unseen(struct ports *p)
{
	char name[ENDPOINT_TEXT_MAX];

	LIST_EACH(gone, &p->open, struct port, link) {
		if (gone->seen)
			continue;
		say(p, REPORT_INFO, RC_LOG, "removing interface %s",
		    endpoint_print(&gone->local, name));
		port_close(gone);
	}
}

void ports_update(struct ports *p, const struct host_view *h)
{
	p->view = h;
	p->taken = 0;
	LIST_EACH(port, &p->open, struct port, link)
		port->seen = port->own && find_address(h, &port->local.addr);
	for (size_t i = 0; i < h->addresses_len; i++) {
		if (!usable(&h->addresses[i].addr))
			continue;
		want(p, &h->addresses[i], PORT_IKE);
		want(p, &h->addresses[i], PORT_ENCAP);
	}
	close_unseen(p);
}

size_t ports_taken(const struct ports *p)
{
	return p->taken;
}

void ports_open_own(struct ports *p, const struct endpoint *local)
{
	const struct host_address *a = p->view ? find_address(p->view, &local->addr) : NULL;

	if (a && usable(&a->addr))
		want(p, a, local->port);
}

void ports_keep_own(struct ports *p, const struct endpoint *kept, size_t len)
{
	LIST_EACH(port, &p->open, struct port, link)
		port->seen = !port->own;
	for (size_t i = 0; i < len; i++) {
		struct port *port = port_find(p, &kept[i]);

		if (port)
			port->seen = true;
	}
	close_unseen(p);
}

const struct port *ports_next(const struct ports *p, const struct port *after)
{
	const struct list *next = after ? after->link.next : p->open.next;

	return next == &p->open ? NULL : CONTAINER_OF(next, struct port, link);
}

const struct endpoint *port_local(const struct port *port)
{
	return &port->local;
}

struct ports_counts ports_counts(const struct ports *p)
{
	return p->counts;
}

void ports_close(struct ports *p)
{
	LIST_EACH(port, &p->open, struct port, link)
		port_close(port);
}

void ports_free(struct ports *p)
{
	free(p);
}
