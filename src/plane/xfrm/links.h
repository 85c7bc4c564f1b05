/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_LINKS_H
#define PLANE_XFRM_LINKS_H

#include "conn/sa.h"
#include "net/net.h"
#include "net/own.h"

/*
 * Interfaces that tunnels' packets go through (ipsec-interface=, vti-interface=). Each is made
 * for the first entry of the SPD that names it, and goes with the last one. One that was there
 * already is used and stays. Ours carry an alias, by which the next run finds what a killed
 * one left: its routes go on leading what was protected to where it is stopped.
 */
struct xfrm_links;
struct nlmsghdr;

#define XFRM_LINK_ALIAS NET_OWN_ALIAS

/* Without any; `net` is borrowed. NULL when memory is short. */
struct xfrm_links *xfrm_links_new(struct net *net);
/* Remove what is ours, unless they are kept, and free. NULL is fine. */
void xfrm_links_free(struct xfrm_links *l);
/* From now on nothing is removed. */
void xfrm_links_keep(struct xfrm_links *l);

/*
 * Entry `id` goes through a link (of kind LINK_NONE: none), in place of the one before.
 * CYG_CONFLICT when the name is another link's; CYG_UNSUPPORTED when the kernel has none
 * such; CYG_NOMEM, and what else the kernel says. Then the entry has the earlier one.
 */
MUST_CHECK enum cyg_err xfrm_links_use(struct xfrm_links *l, uint32_t id,
				       const struct plane_link *link, struct diag *why);
/* It does so no more. One that is not known did not. */
void xfrm_links_leave(struct xfrm_links *l, uint32_t id);
/* The index of a link in use, or 0. */
uint32_t xfrm_links_index(const struct xfrm_links *l, const char *name);
/* Whether that link is up, as far as was heard. */
bool xfrm_links_is_up(const struct xfrm_links *l, const char *name);

/* ---- what others do to them ---- */

/*
 * A notice of the kernel's about a link: whether it says that one in use was set down, set up
 * or removed.
 */
bool xfrm_links_hear(struct xfrm_links *l, const struct nlmsghdr *m);
/* Notices were lost: look whether they are there. */
void xfrm_links_doubt(struct xfrm_links *l);
/* What became of one of them since the last time. */
enum xfrm_link_news {
	LINK_NEWS_DOWN,
	LINK_NEWS_UP,   /* without the routes and IPv6 addresses that it had */
	LINK_NEWS_GONE, /* and made anew */
};
/*
 * Make those anew that were removed, give what is up its addresses, and tell of each one that
 * changed. The first failure: call it again.
 */
MUST_CHECK enum cyg_err xfrm_links_restore(struct xfrm_links *l,
					   void (*tell)(void *ctx, const char *name,
							enum xfrm_link_news news),
					   void *ctx, struct diag *why);

/* ---- what an earlier run left ---- */

/* Find them. CYG_IO, CYG_NOMEM. */
MUST_CHECK enum cyg_err xfrm_links_inherit(struct xfrm_links *l, struct diag *why);
/* Whether the index is that of one that was left. */
bool xfrm_links_was_left(const struct xfrm_links *l, uint32_t index);
/* Remove those that nobody came to use, and forget the rest. */
void xfrm_links_settle(struct xfrm_links *l);
/* Remove all that earlier runs left: how many, or -1. */
int xfrm_links_flush(struct net *net);

/* How many are in use, and the octets held. */
size_t xfrm_links_count(const struct xfrm_links *l);
size_t xfrm_links_memory(const struct xfrm_links *l);

#endif
