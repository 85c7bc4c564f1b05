/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_WATCH_H
#define PLANE_ESP_WATCH_H

#include "net/netlink.h"

/*
 * Hears when another hand changes what keeps clear text away: the rules and
 * routes of our tables, the firewall's table, the device. A firewall that is
 * reloaded, or a network manager that restarts, takes these away without a thought.
 *
 * What we change ourselves is told like the rest; it is known by the port of the
 * socket that asked for it.
 */
enum {
	WATCH_RULES = 1u << 0,
	WATCH_ROUTES = 1u << 1,
	WATCH_FIREWALL = 1u << 2,
	WATCH_DOWN = 1u << 3, /* the device was set down */
	WATCH_UP = 1u << 4,   /* it is up again */
	WATCH_GONE = 1u << 5, /* it was removed */
};

struct watch {
	struct netlink route, filter; /* the latter is closed on a kernel without nf_tables */
	int poll, timer;              /* an epoll of both, the timer and `wake` */
	uint32_t own_port;            /* net_port: who changes routes and rules for us */
	uint32_t own_filter;          /* who changes the firewall for us; 0: nobody known */
	uint32_t table, unsourced, branches, branches_last; /* tables of ours */
	uint32_t ifindex;
	char firewall[32]; /* its table's name, with which others begin; "": none is kept */
	bool down;         /* the device */
	bool resting;      /* until the timer ends */
	unsigned heard;    /* WATCH_*, until watch_read gives them */
};

/*
 * What it is to look at is set, all else zeroed. `wake` is a descriptor of the caller's that the
 * same epoll tells of. CYG_IO, CYG_PERM: call watch_close.
 */
MUST_CHECK enum cyg_err watch_open(struct watch *w, int wake, struct diag *why);
/* One that never was opened is fine, with -1 as poll and timer. */
void watch_close(struct watch *w);

/*
 * What others changed of ours since the last call, as WATCH_*; 0: nothing. After each that is not
 * 0 there is a rest of a second, so that two who mend against each other do no more than that:
 * what is heard in it is given when it ends, and w->poll tells of that.
 */
unsigned watch_read(struct watch *w);
/* What could not be mended: it is given once more after the rest. */
void watch_again(struct watch *w, unsigned what);
/*
 * The socket of `port` changes the firewall for us from now on. What is told of that never comes
 * to us, however much it is: all rules are told of, one by one, and would flood the socket by
 * which we hear of others.
 */
void watch_own_firewall(struct watch *w, uint32_t port);

/* For the fuzzer: one notice of rtnetlink's, or of nf_tables'. */
void watch_hear_route(struct watch *w, const struct nlmsghdr *m);
void watch_hear_filter(struct watch *w, const struct nlmsghdr *m);

#endif
