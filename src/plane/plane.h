/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_PLANE_H
#define PLANE_PLANE_H

#include "conn/event.h"

/*
 * Security associations and policies that move packets. One interface; the
 * implementations are esp/ (userspace ESP on a TUN), xfrm/ (the Linux kernel)
 * and the simulator's. Calls are typed requests, made from one thread (the
 * daemon's loop); answers and notices come back through `struct plane_host`
 * on that same thread, so that a plane may be a process of its own.
 */
struct plane;

/*
 * Without extended sequence numbers an outbound SA is told to expire softly
 * when an eighth of its numbers is left, whatever its lifetimes say, so that
 * its successor is there before RFC 4303 3.3.3 ends it.
 */
#define PLANE_SEQUENCE_SOFT_32 UINT64_C(0xe0000000)

/* What an implementation can do: tests and negotiation go by it. */
struct plane_caps {
	const char *name; /* "esp", "xfrm", "memory" */
	bool needs_encap; /* ESP only inside UDP 4500 */
	bool transport, beet, ah, esn;
	bool scopes; /* marks and interfaces */
	struct plane_handling handling;
	uint32_t replay_window_max;
	/*
	 * The highest reqid that remains of an earlier run carry, which ours are to be above;
	 * 0: there are none.
	 */
	uint32_t reqid_last;
};

/* What a plane tells its host. Each call is made on the loop's thread. */
struct plane_host {
	void *ctx;
	/* The answer to the request that carried `op`. */
	void (*answer)(void *ctx, const struct answer *a);
	/* EV_ACQUIRE, EV_EXPIRE or EV_MOVED, by ev->kind; the host fills in `now`. */
	void (*event)(void *ctx, struct event *ev);
	/*
	 * An IKE datagram that came to a port the
	 * plane reads; the non-ESP marker is removed.
	 */
	void (*datagram)(void *ctx, const struct endpoint *local, const struct endpoint *remote,
			 struct view data);
	void (*report)(void *ctx, const struct report *r);
};

/*
 * One of the daemon's sockets, bound to one local address and port. Hand in
 * all of them, those of port 500 too: a plane may have to mark them so that
 * they bypass its own steering. The descriptor stays the daemon's, which may
 * send on it at any time and closes it only after port_remove or close.
 */
struct plane_port {
	struct endpoint local;
	int fd;
	bool encap; /* ESP in UDP (RFC 3948), IKE behind the non-ESP marker: port 4500 */
};

struct plane_ops {
	/*
	 * Carry out one action of kind SA_INSTALL, SA_REMOVE, SA_UPDATE, SA_QUERY,
	 * POLICY_SET, POLICY_REMOVE, ROUTE_SET or ROUTE_REMOVE. Its answer, when
	 * `op` is not 0, comes through host->answer, within the call or later.
	 */
	void (*request)(struct plane *p, const struct action *a);
	/*
	 * Take a socket into service. True when the plane itself reads it from
	 * now on, so that the daemon must not: then IKE comes by host->datagram.
	 * A known `local` replaces the earlier socket.
	 */
	bool (*port_add)(struct plane *p, const struct plane_port *port);
	/*
	 * Give it up; on return the plane no longer
	 * touches the descriptor. An unknown one is fine.
	 */
	void (*port_remove)(struct plane *p, const struct endpoint *local);
	/*
	 * A descriptor the loop polls for reading, for as long as the plane
	 * lives; -1: none, and dispatch is never called. When it is ready, call
	 * dispatch, which makes the waiting calls of plane_host.
	 */
	int (*fd)(const struct plane *p);
	void (*dispatch)(struct plane *p);
	/*
	 * The core has loaded and routed what it was to at its start: what an earlier
	 * run left to stop clear text meanwhile may go. NULL: nothing is left so.
	 */
	void (*settled)(struct plane *p);
	/*
	 * Another daemon will follow this one: from now on nothing that stops clear text is
	 * removed, neither by POLICY_REMOVE and ROUTE_REMOVE, which are answered as if it
	 * were, nor by close; POLICY_SET makes it no wider. It stands as after a kill, until the
	 * follower has `settled`.
	 * NULL: no plane of this kind leaves anything.
	 */
	void (*hand_over)(struct plane *p);
	/*
	 * Remove every trace: SAs, policies, routes, devices;
	 * free. No call of plane_host is made any more.
	 */
	void (*close)(struct plane *p);
	/* Octets of memory held for SAs and policies. */
	size_t (*memory)(const struct plane *p);
};

struct plane {
	const struct plane_ops *ops;
	struct plane_caps caps;
	struct plane_host host;
	/*
	 * Counts the requests, with or without `op`, that are in force after a later dispatch only;
	 * and how many of them are by now. Who waits for what it asked for waits for that, unless
	 * changes are so long that the plane puts them off: these are not counted.
	 */
	uint64_t changed, in_force;
};

#endif
