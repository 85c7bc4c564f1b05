/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_PORT_H
#define PLANE_ESP_PORT_H

#include "plane/esp/burst.h"
#include "plane/esp/claim.h"
#include "plane/esp/in.h"
#include "plane/esp/tun.h"
#include "plane/plane.h"

#include <urcu-bp.h>

/*
 * The daemon's sockets as the packet threads use them. The table is changed by
 * the loop's thread and read inside rcu_read_lock; a socket that was taken out
 * is no longer touched once ports_remove has returned.
 */
#define PORTS_MAX 1024 /* a power of two; two for each address of the host */

struct esp_port {
	struct endpoint local;
	int fd; /* borrowed; received from by the first queue's thread, and sent on */
	/* Sockets of the same address and port for the other queues, [0] unused; owned; -1 none. */
	int others[TUN_QUEUES_MAX];
	int probe; /* a socket to ask for path MTUs with; -1 none */
	/*
	 * Two that only send, IPv4: what no router may cut, and what each may (ports_let_cut).
	 * -1 none: `fd` it is.
	 */
	int whole;
	_Atomic int cut;
	struct claim probing;
	bool encap; /* ESP comes and goes here */
	uint32_t slot, serial;
};

struct ports {
	struct esp_port *slots[PORTS_MAX]; /* RCU */
	uint32_t mark;
	uint32_t next_serial;
	/* Where the encap ones are watched, for each queue; data as ports_of_event takes it. Borrowed. */
	int epolls[TUN_QUEUES_MAX];
	size_t queues;
};

/* No queue yet: see ports_watch. */
void ports_init(struct ports *p, uint32_t mark);
/* Before any port is added: the next queue's thread waits with `epoll`. */
void ports_watch(struct ports *p, int epoll);
/* Nobody reads any more. */
void ports_done(struct ports *p);

/*
 * Mark a socket, and with encap prepare and watch it. CYG_LIMIT beyond
 * PORTS_MAX, CYG_IO when the kernel refuses (the mark needs CAP_NET_ADMIN),
 * CYG_NOMEM.
 */
MUST_CHECK enum cyg_err ports_add(struct ports *p, const struct plane_port *port,
				  struct diag *why);
/*
 * Forget it, and wait until no thread uses it. False
 * when it was not there. `unused` runs before the wait.
 */
bool ports_remove(struct ports *p, const struct endpoint *local, void (*unused)(void *ctx),
		  void *ctx);

/*
 * The encap port that packets of a local endpoint leave
 * by: its own, or one of all addresses. NULL: none.
 */
struct esp_port *ports_find(const struct ports *p, const struct endpoint *local);
/* Inside rcu_read_lock: the port an epoll event is about, or NULL when it has gone. */
struct esp_port *ports_of_event(const struct ports *p, uint64_t data);

/*
 * Packets of this port along paths that may be cut shall go without "don't fragment" (IPv4's).
 * The kernel knows no such wish of a single packet, so it takes a socket of its own. Where it
 * cannot be had they go like others. Again changes nothing.
 */
void ports_let_cut(const struct ports *p, struct esp_port *port);

/* Send all of a burst. Returns how many packets the kernel would not take. */
size_t port_send_burst(const struct burst *b);
/* The MTU of a path as the kernel knows it; 0 when it does not. */
uint32_t port_path_mtu(struct esp_port *port, const struct esp_path *path);

/* Buffers for datagrams that are received together. */
struct port_batch;
struct port_batch *port_batch_new(void);
void port_batch_free(struct port_batch *b);
/* Receive what is there, without waiting; returns how many. */
size_t port_receive(const struct esp_port *port, uint32_t queue, struct port_batch *b);
/*
 * The i-th one received, whose octets may be changed. It may be several of one
 * sender: each of *ret_each octets, the last one of what is left. False when
 * it was cut off.
 */
bool port_batch_get(struct port_batch *b, const struct esp_port *port, size_t i,
		    struct in_datagram *ret, size_t *ret_each);

#endif
