/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "conn/event.h"
#include "plane/plane.h"

struct connection;
struct crypto;
struct ike;

/*
 * Two protocol cores in one process, joined by two queues of datagrams: all of
 * a daemon but its sockets, threads and planes. Initiators are many hosts in
 * one engine, each with an address and a name of its own; the responder is one
 * gateway. Nothing is lost on the way and time stands still, so no timer runs.
 */

/* What a host's plane does. */
enum rig_plane {
	RIG_PLANE_SILENT, /* says yes and keeps nothing: the core's own cost is left */
	RIG_PLANE_MEMORY, /* plane/memory: remembers all it was told */
	/*
	 * The responder's is the kernel's, of the network namespace that this process is in;
	 * it has the gateway's address 192.0.2.1 and a way to 10.0.0.0/8. The initiators' is silent.
	 */
	RIG_PLANE_XFRM,
};

struct rig;

struct rig_plan {
	size_t tunnels;       /* how many initiators there are to be */
	enum rig_plane plane; /* of both hosts */
	/*
	 * How the responder knows its peers: false: by one connection for
	 * whoever comes (right=%any), true: by a connection for each of them.
	 */
	bool site_to_site;
	/* Connections that both ends have loaded beside, with peers that never speak. */
	size_t idle;
};

/* Set up with all connections loaded; says why and ends the program when it can't. */
struct rig *rig_new(const struct rig_plan *plan);
void rig_free(struct rig *r);

/* What the responder has spent so far, and what it holds. */
struct rig_spent {
	double cpu_s;       /* CPU time while it worked on datagrams */
	size_t heap_octets; /* of the heap, by what it allocated less what it freed meanwhile */
	size_t plane_octets; /* of them, what its plane reports to hold */
	size_t established;  /* tunnels that stand */
};

/*
 * Bring up tunnels `first` to `first + n - 1`, in step with each other: all
 * first messages, then all answers, and so on, so that clocks are read twice a
 * round and not once a message. Ends the program when one does not come up.
 */
void rig_up(struct rig *r, size_t first, size_t n);
struct rig_spent rig_spent(const struct rig *r);

/* Seconds it took to load the responder's connections, by ike_step. */
double rig_load_seconds(const struct rig *r);

#endif
