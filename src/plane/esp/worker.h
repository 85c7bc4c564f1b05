/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_WORKER_H
#define PLANE_ESP_WORKER_H

#include "plane/esp/in.h"
#include "plane/esp/merge.h"
#include "plane/esp/out.h"
#include "plane/esp/pace.h"
#include "plane/esp/port.h"
#include "plane/esp/tun.h"

#include <pthread.h>

/*
 * A packet thread of each direction; crew.h has as many of them as the device
 * has queues. Each sleeps in the kernel until packets come or it is woken,
 * handles a batch inside one rcu_read_lock, and wakes the loop once if it had
 * something to tell. Nothing in them is shared but the tables.
 */

/* TUN to peers. */
struct out_worker {
	struct out out;
	struct notices notices;
	int tun;    /* borrowed */
	int raw[2]; /* sockets that pass packets in clear, IPv4 and IPv6; -1 none */
	int ask[2]; /* sockets that are never sent on: which address a host is answered from */
	int wake;   /* eventfd */
	uint8_t *buffer; /* an offload header, a packet, and room behind it */
	struct pace pace;
	_Atomic bool stop, retry;
	_Atomic uint64_t send_errors;
	pthread_t thread;
	bool running;
};

/* Peers to TUN. */
struct in_worker {
	struct in in;
	struct notices notices;
	int tun;                   /* borrowed */
	const struct ports *ports; /* borrowed */
	uint32_t queue;            /* which of each port's sockets is ours */
	int epoll, wake;
	struct port_batch *batch;
	struct merge merge;
	struct pace pace;
	_Atomic bool stop;
	_Atomic uint64_t write_errors;
	pthread_t thread;
	bool running;
};

struct worker_config {
	int tun, wake_loop;
	uint32_t queue; /* from 0 on */
	uint32_t mark;
	bool clamp_mss, udp_offload;
	const struct spd *spd;
	const struct sad *sad;
	const struct ports *ports;
	struct icmp_limits *limits;
};

/* The clock by which they handle packets. */
nsec worker_now(void);

/* Make what they need; start the threads. On an error call the _done functions all the same. */
MUST_CHECK enum cyg_err out_worker_init(struct out_worker *w, const struct worker_config *c);
MUST_CHECK enum cyg_err in_worker_init(struct in_worker *w, const struct worker_config *c);
MUST_CHECK enum cyg_err out_worker_start(struct out_worker *w);
MUST_CHECK enum cyg_err in_worker_start(struct in_worker *w);

/* SAs or policies changed: what is held may go now. */
void out_worker_wake(struct out_worker *w);

/*
 * Stop and wait for the thread, and free. One that was
 * never initialised must have been zeroed by _clear.
 */
void out_worker_done(struct out_worker *w);
void in_worker_done(struct in_worker *w);
void out_worker_clear(struct out_worker *w);
void in_worker_clear(struct in_worker *w);

#endif
