/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PLANE_H
#define SIM_PLANE_H

#include "base/list.h"
#include "conn/event.h"
#include "sim/net.h"

struct machine;
struct world;

/*
 * The simulator's plane: it remembers SAs, policies and routes, refuses what a
 * core must never ask for, and sends test packets through them. A packet is not
 * encrypted: it carries the keys that would have been used, so that the far end
 * shows whether it has the same.
 */

struct held_sa {
	struct list link;
	struct plane_sa sa; /* its selectors are copies */
	uint64_t sequence;  /* the last one used (outbound) */
	struct plane_counters counters;
	bool soft_told, hard_told;
};

struct held_policy {
	struct list link;
	struct plane_policy policy; /* its selectors are copies */
	struct probe *waiting;      /* the newest packet that met trap or hold; not owned */
	bool asked;                 /* it has told of one, and tells of no other */
};

struct held_route {
	struct list link;
	struct plane_route route;
};

struct simplane {
	struct machine *m;
	struct list sas, policies, routes;
	uint64_t refused, unknown_spi, bad_key, bad_selector;
};

/* What became of a test packet. */
enum probe_fate {
	PROBE_HELD,    /* waits at a policy */
	PROBE_DROPPED, /* by a policy, or for want of an SA */
	PROBE_CLEAR,   /* left unprotected: no policy is concerned, or one lets it pass */
	PROBE_SENT,    /* protected, on its way or lost */
	PROBE_REFUSED, /* reached the far end, which did not take it */
	PROBE_ARRIVED,
};

struct probe {
	struct list link; /* world->probes */
	uint64_t number;
	const struct machine *from, *to; /* to: who took it */
	struct ip_addr source, destination;
	uint8_t proto;
	uint16_t source_port, destination_port;
	enum probe_fate fate;
	const char *why; /* static */
	nsec sent_at;
};

/* An empty one, of this machine. */
void simplane_init(struct simplane *p, struct machine *m);
/* Forget policies and routes, and with `sas` the SAs. */
void simplane_flush(struct simplane *p, bool sas);

/* Carry out one of the plane's actions. `ret` is the answer, when one is wanted. */
void simplane_request(struct simplane *p, const struct action *a, struct answer *ret);

/* A packet from the protected side. It lives as long as the world. */
struct probe *simplane_send(struct simplane *p, const char *source, const char *destination);
/* ESP came in. */
void simplane_receive(struct simplane *p, const struct endpoint *to,
		      const struct endpoint *from, const struct esp *esp);

/* What it holds; NULL if none. Borrowed until the next request. */
struct held_sa *simplane_sa(const struct simplane *p, enum sa_dir dir, uint32_t spi);
struct held_policy *simplane_policy(const struct simplane *p, uint32_t id);
/* So many SAs of a direction. */
size_t simplane_count(const struct simplane *p, enum sa_dir dir);

/* "arrives", "is dropped"... as the end of a sentence; static. */
const char *probe_fate_name(enum probe_fate fate);

#endif
