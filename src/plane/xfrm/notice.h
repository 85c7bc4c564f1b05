/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_NOTICE_H
#define PLANE_XFRM_NOTICE_H

#include "plane/plane.h"
#include "plane/xfrm/sad.h"
#include "plane/xfrm/spd.h"

/* The groups of NETLINK_XFRM that a plane hears: ACQUIRE, EXPIRE, MAPPING, and what is removed. */
#define NOTICE_GROUPS                                                       \
	((1u << (XFRMNLGRP_ACQUIRE - 1)) | (1u << (XFRMNLGRP_EXPIRE - 1)) | \
	 (1u << (XFRMNLGRP_MAPPING - 1)) | (1u << (XFRMNLGRP_SA - 1)) |     \
	 (1u << (XFRMNLGRP_POLICY - 1)))

/* What is to be looked at in the kernel's tables. */
enum {
	NOTICE_LOST = 1u << 0,     /* notices, for want of room: overrun.h */
	NOTICE_STATES = 1u << 1,   /* another program removed states of ours, or flushed all */
	NOTICE_POLICIES = 1u << 2, /* the same of policies */
};

/* Who is told, and where what a notice names is looked up. */
struct notice_taker {
	const struct plane_host *host;
	const struct xfrm_sad *sad;
	const struct xfrm_spd *spd;
	uint32_t
		own_port; /* of the socket that asks for our changes, which are no news; 0: none */
};

/*
 * Have the kernel keep from `nl` what it tells of changes that `own_port` asked for, which would
 * fill its buffer. A wish: notices of one's own are known and passed over all the same.
 */
void notice_spare(const struct netlink *nl, uint32_t own_port);

/*
 * Read what waits, and tell of it as EV_ACQUIRE, EV_EXPIRE and EV_MOVED. What is about
 * nothing of ours, or too short to be what it says, is passed over. NOTICE_*, or 0.
 */
MUST_CHECK unsigned notice_read(struct netlink *nl, const struct notice_taker *t);
/* The event of a kind about one of ours. */
struct event notice_event(enum event_kind kind, const struct xfrm_sa *sa);
/* One message, as notice_read takes it. Also what the fuzzer calls. */
unsigned notice_take(const struct nlmsghdr *m, const struct notice_taker *t);

#endif
