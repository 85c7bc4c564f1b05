/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_NOTICE_H
#define PLANE_XFRM_NOTICE_H

#include "plane/plane.h"
#include "plane/xfrm/sad.h"
#include "plane/xfrm/spd.h"

/* The groups of NETLINK_XFRM that a plane hears: ACQUIRE, EXPIRE, MAPPING. */
#define NOTICE_GROUPS                                                       \
	((1u << (XFRMNLGRP_ACQUIRE - 1)) | (1u << (XFRMNLGRP_EXPIRE - 1)) | \
	 (1u << (XFRMNLGRP_MAPPING - 1)))

/* Who is told, and where what a notice names is looked up. */
struct notice_taker {
	const struct plane_host *host;
	const struct xfrm_sad *sad;
	const struct xfrm_spd *spd;
};

/*
 * Read what waits, and tell of it as EV_ACQUIRE, EV_EXPIRE and EV_MOVED. What is about
 * nothing of ours, or too short to be what it says, is passed over. True when the kernel
 * dropped notices: overrun.h.
 */
MUST_CHECK bool notice_read(struct netlink *nl, const struct notice_taker *t);
/* The event of a kind about one of ours. */
struct event notice_event(enum event_kind kind, const struct xfrm_sa *sa);
/* One message, as notice_read takes it. Also what the fuzzer calls. */
void notice_take(const struct nlmsghdr *m, const struct notice_taker *t);

#endif
