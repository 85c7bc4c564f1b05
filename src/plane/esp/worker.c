/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/worker.h"

#include "plane/esp/thread.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OUT_BATCH 64 /* packets handled before the clock is read and the loop woken */
#define EVENTS_MAX 16
#define DISCARD_PORT 9 /* RFC 863; nothing is sent there */
#define EVENT_WAKE UINT64_MAX

nsec worker_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nsec)t.tv_sec * NSEC_PER_SEC + (nsec)t.tv_nsec;
}

static void poke(int fd)
{
	uint64_t one = 1;

	/* It fails only when the counter is at its end, and then the reader is awake. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void take_poke(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static void rest(void)
{
	struct timespec t = {.tv_nsec = (long)PACE_REST};

	/* Cut short it is as good: signals are the loop's. */
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

/* ---- outbound ---- */

static void world_send(void *ctx, const struct burst *b)
{
	struct out_worker *w = ctx;

	count_add(&w->send_errors, port_send_burst(b));
}

static void world_reply(void *ctx, struct view packet)
{
	uint8_t header[OFFLOAD_HEADER] = {0};
	struct iovec parts[] = {{header, sizeof(header)},
				{(void *)(uintptr_t)packet.ptr, packet.len}};
	struct out_worker *w = ctx;

	if (writev(w->tun, parts, 2) < 0)
		count_add(&w->send_errors, 1);
}

/*
 * A pass that steering could not express reaches the device all the same. It
 * goes on through a raw socket, whose mark takes it past our routes.
 */
static void world_pass(void *ctx, const struct flow *f, struct view packet)
{
	struct out_worker *w = ctx;
	struct endpoint to = {.addr = inner_dst(f)};
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&to, &ss);
	int fd = w->raw[f->family == IP_V6];

	if (fd < 0 || sendto(fd, packet.ptr, packet.len, MSG_DONTWAIT | MSG_NOSIGNAL,
			     (struct sockaddr *)&ss, len) < 0)
		count_add(&w->send_errors, 1);
}

static uint32_t world_path_mtu(void *ctx, const struct esp_path *path)
{
	struct esp_port *port = rcu_dereference(path->port);

	return port ? port_path_mtu(port, path) : 0;
}

/*
 * The kernel's choice for a datagram to that host. The socket forgets the last
 * answer first: it would stand by it.
 */
static bool world_own_address(void *ctx, const struct ip_addr *toward, struct ip_addr *ret)
{
	static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	struct endpoint to = {.addr = *toward, .port = DISCARD_PORT};
	struct out_worker *w = ctx;
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&to, &ss);
	int fd = w->ask[toward->family == IP_V6];

	if (fd < 0 || connect(fd, &nobody, sizeof(nobody)) < 0 ||
	    connect(fd, (struct sockaddr *)&ss, len) < 0)
		return false;
	len = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return false;
	*ret = endpoint_from_sockaddr((struct sockaddr *)&ss).addr;
	return ip_is_set(ret);
}

static int open_ask(int family, uint32_t mark)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* Past our own routes, which lead the other way. */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int open_raw(int family, uint32_t mark)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	int yes = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ||
	    setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		       family == AF_INET ? IP_HDRINCL : IPV6_HDRINCL, &yes, sizeof(yes)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void out_worker_clear(struct out_worker *w)
{
	memset(w, 0, sizeof(*w));
	w->raw[0] = w->raw[1] = w->ask[0] = w->ask[1] = w->wake = -1;
}

enum cyg_err out_worker_init(struct out_worker *w, const struct worker_config *c)
{
	if (out_init(&w->out) || !notices_init(&w->notices, c->wake_loop))
		return CYG_NOMEM;
	w->buffer = malloc(OFFLOAD_HEADER + OUT_OFFLOAD_MAX + ESP_BEHIND);
	if (!w->buffer)
		return CYG_NOMEM;
	w->tun = c->tun;
	w->raw[0] = open_raw(AF_INET, c->mark);
	w->raw[1] = open_raw(AF_INET6, c->mark);
	w->ask[0] = open_ask(AF_INET, c->mark);
	w->ask[1] = open_ask(AF_INET6, c->mark);
	w->out.who = c->queue + 1;
	w->out.spd = c->spd;
	w->out.notices = &w->notices;
	w->out.limits = c->limits;
	w->out.clamp_mss = c->clamp_mss;
	w->out.world = (struct out_world){.ctx = w,
					  .send = world_send,
					  .reply = world_reply,
					  .own_address = world_own_address,
					  .pass = world_pass,
					  .path_mtu = world_path_mtu};
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->wake < 0 ? CYG_IO : CYG_OK;
}

static void carry_packet(struct out_worker *w, size_t len)
{
	struct offload said;

	if (len < OFFLOAD_HEADER || !offload_parse(w->buffer, &said))
		count_add(&w->out.counts.malformed, 1);
	else
		out_packet(&w->out, &said, w->buffer + OFFLOAD_HEADER, len - OFFLOAD_HEADER);
}

/* Carry up to a batch of packets; false when the device had no more. */
static bool carry_batch(struct out_worker *w, size_t *ret_carried)
{
	size_t carried = 0;
	bool more = true;

	rcu_read_lock();
	w->out.now = worker_now();
	for (int i = 0; i < OUT_BATCH && more; i++) {
		ssize_t len = read(w->tun, w->buffer, OFFLOAD_HEADER + OUT_OFFLOAD_MAX);

		more = len > 0 || (len < 0 && errno == EINTR);
		if (len > 0)
			carry_packet(w, (size_t)len);
		carried += len > 0;
	}
	if (atomic_load_explicit(&w->retry, memory_order_relaxed) &&
	    atomic_exchange(&w->retry, false))
		out_retry(&w->out);
	out_flush(&w->out);
	rcu_read_unlock();
	notices_flush(&w->notices);
	*ret_carried = carried;
	return more;
}

static void *out_thread(void *ctx)
{
	struct out_worker *w = ctx;
	struct pollfd fds[] = {{.fd = w->tun, .events = POLLIN},
			       {.fd = w->wake, .events = POLLIN}};

	thread_settle();
	while (!atomic_load(&w->stop)) {
		size_t carried;

		if (carry_batch(w, &carried))
			continue;
		if (pace_rests(&w->pace, w->out.now, carried)) {
			rest();
			continue;
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		/*
		 * A device that is down or gone is always ready and never has a
		 * packet: it is left alone until somebody wakes us.
		 */
		if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			fds[0].fd = -1;
		if (fds[1].revents) {
			take_poke(w->wake);
			fds[0].fd = w->tun;
		}
	}
	return NULL;
}

enum cyg_err out_worker_start(struct out_worker *w)
{
	enum cyg_err err = thread_start(&w->thread, out_thread, w, "cygnet-out");

	w->running = !err;
	return err;
}

void out_worker_wake(struct out_worker *w)
{
	if (!atomic_exchange(&w->retry, true))
		poke(w->wake);
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

void out_worker_done(struct out_worker *w)
{
	if (w->running) {
		atomic_store(&w->stop, true);
		poke(w->wake);
		pthread_join(w->thread, NULL);
	}
	out_done(&w->out);
	notices_done(&w->notices);
	free(w->buffer);
	close_if(w->raw[0]);
	close_if(w->raw[1]);
	close_if(w->ask[0]);
	close_if(w->ask[1]);
	close_if(w->wake);
	out_worker_clear(w);
}

/* ---- inbound ---- */

void in_worker_clear(struct in_worker *w)
{
	memset(w, 0, sizeof(*w));
	w->epoll = w->wake = -1;
}

static void deliver(void *ctx, const struct iovec *parts, size_t len)
{
	struct in_worker *w = ctx;

	if (writev(w->tun, parts, (int)len) < 0)
		count_add(&w->write_errors, 1);
}

enum cyg_err in_worker_init(struct in_worker *w, const struct worker_config *c)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = EVENT_WAKE};

	w->batch = port_batch_new();
	if (!w->batch || !notices_init(&w->notices, c->wake_loop))
		return CYG_NOMEM;
	w->tun = c->tun;
	w->merge.udp = c->udp_offload;
	w->merge.deliver = deliver;
	w->merge.ctx = w;
	w->ports = c->ports;
	w->queue = c->queue;
	w->in.who = c->queue + 1;
	w->in.sad = c->sad;
	w->in.spd = c->spd;
	w->in.notices = &w->notices;
	w->in.clamp_mss = c->clamp_mss;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll < 0 || w->wake < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->wake, &e) < 0)
		return CYG_IO;
	return CYG_OK;
}

/*
 * What was received as one may be several datagrams, each of which may be ESP or IKE.
 * Returns how many.
 */
static size_t handle_received(struct in_worker *w, const struct in_datagram *whole, size_t each)
{
	struct in_datagram d = *whole;
	size_t left = whole->len;
	struct view packet;
	struct flow f;
	size_t count = 0;

	do {
		d.len = left < each ? left : each;
		if (in_datagram(&w->in, &d, &packet, &f))
			merge_add(&w->merge, packet, &f);
		d.octets += d.len;
		left -= d.len;
		count++;
	} while (left);
	return count;
}

/* Returns how many datagrams there were. */
static size_t handle_port(struct in_worker *w, uint64_t event)
{
	const struct esp_port *port;
	struct in_datagram d;
	size_t each, count = 0;

	rcu_read_lock();
	port = ports_of_event(w->ports, event);
	if (port) {
		size_t n = port_receive(port, w->queue, w->batch);

		w->in.now = worker_now();
		for (size_t i = 0; i < n; i++)
			if (port_batch_get(w->batch, port, i, &d, &each))
				count += handle_received(w, &d, each);
		in_release(&w->in);
	}
	rcu_read_unlock();
	merge_flush(&w->merge);
	notices_flush(&w->notices);
	return count;
}

static void *in_thread(void *ctx)
{
	struct in_worker *w = ctx;
	struct epoll_event events[EVENTS_MAX];

	thread_settle();
	while (!atomic_load(&w->stop)) {
		int n = epoll_wait(w->epoll, events, EVENTS_MAX, -1);
		size_t count = 0;

		if (n < 0 && errno != EINTR)
			break;
		for (int i = 0; i < n; i++)
			if (events[i].data.u64 != EVENT_WAKE)
				count += handle_port(w, events[i].data.u64);
			else
				take_poke(w->wake);
		if (pace_rests(&w->pace, w->in.now, count))
			rest();
	}
	return NULL;
}

enum cyg_err in_worker_start(struct in_worker *w)
{
	enum cyg_err err = thread_start(&w->thread, in_thread, w, "cygnet-in");

	w->running = !err;
	return err;
}

void in_worker_done(struct in_worker *w)
{
	if (w->running) {
		atomic_store(&w->stop, true);
		poke(w->wake);
		pthread_join(w->thread, NULL);
	}
	port_batch_free(w->batch);
	notices_done(&w->notices);
	close_if(w->epoll);
	close_if(w->wake);
	in_worker_clear(w);
}
