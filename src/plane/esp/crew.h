/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_CREW_H
#define PLANE_ESP_CREW_H

#include "plane/esp/worker.h"

/*
 * All packet threads: two for each queue of the device, one out of it and one
 * into it.
 *
 * Who takes what is the kernel's to say. Datagrams of one peer come to one of
 * the sockets of a port, and so to one thread (SO_REUSEPORT); what that writes
 * to its queue makes the device give the flow's answers to the same queue. So
 * the packets of an SA meet one thread each way, without an agreement among the
 * threads; where they do not, claims (claim.h) keep order.
 */
struct crew {
	size_t len; /* queues */
	struct out_worker *out;
	struct in_worker *in; /* len each; owned */
};

/* Zeroed is a crew of none, which crew_done takes. CYG_NOMEM, CYG_IO: call crew_done. */
MUST_CHECK enum cyg_err crew_init(struct crew *c, const struct worker_config *config,
				  const struct tun *tun);
MUST_CHECK enum cyg_err crew_start(struct crew *c);
/* Stop and wait for all; free. */
void crew_done(struct crew *c);

/* SAs or policies changed: what is held may go now. */
void crew_wake(struct crew *c);

/* The sum of one counter, given by its place in `struct out_worker` or `struct in_worker`. */
uint64_t crew_count_out(const struct crew *c, size_t place);
uint64_t crew_count_in(const struct crew *c, size_t place);

/* What waits for an SA, and what waited in vain. */
struct held_counts crew_held(const struct crew *c);

#endif
