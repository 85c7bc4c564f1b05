/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_ROUTES_H
#define PLANE_XFRM_ROUTES_H

#include "conn/sa.h"
#include "net/net.h"
#include "net/own.h"
#include "plane/xfrm/links.h"

/*
 * Routes for what is protected. The kernel looks a policy up only for packets that
 * have a route, so each protected destination gets one by the way its peer is
 * reached, in a table of our own that a rule leads to. One into an interface of a tunnel's own
 * has a guard behind it: without the interface its packets are refused, and take no other way.
 */
struct xfrm_routes;

#define XFRM_ROUTE_PROTOCOL NET_OWN_PROTOCOL /* rtm_protocol of every route and rule of ours */

/* Put up the rules. `net` is borrowed. CYG_NOMEM and what net_rule_add says. */
MUST_CHECK enum cyg_err xfrm_routes_new(struct net *net, uint32_t table,
					struct xfrm_routes **ret, struct diag *why);
/*
 * From now on routes by links of their own stay, and the rules that lead to them; so does what an
 * earlier run left, unless xfrm_routes_settle has removed it.
 */
void xfrm_routes_keep(struct xfrm_routes *r);
/*
 * At the start: remove what an earlier daemon left in `table`, but routes by links that it
 * left, too, which go on leading to where packets are stopped.
 */
void xfrm_routes_inherit(struct net *net, uint32_t table, const struct xfrm_links *links);
/* And later those of them that nobody wanted anew. */
void xfrm_routes_settle(struct xfrm_routes *r, const struct xfrm_links *links);
/* Take down routes and rules, and free. NULL is fine. */
void xfrm_routes_free(struct xfrm_routes *r);
/* Remove what an earlier daemon left in `table`: how many routes and rules, < 0: it failed. */
int xfrm_routes_flush(struct net *net, uint32_t table);

/*
 * Known by its id: set replaces. It goes by the link of an index, or by the peer's way (0).
 * CYG_NOTFOUND when the peer can't be reached. One by a link that the kernel refuses leaves its
 * guard, which xfrm_routes_remove takes away.
 */
MUST_CHECK enum cyg_err xfrm_routes_set(struct xfrm_routes *r, const struct plane_route *route,
					uint32_t ifindex, struct diag *why);
/* CYG_NOTFOUND. */
MUST_CHECK enum cyg_err xfrm_routes_remove(struct xfrm_routes *r, uint32_t id);

/*
 * Put up the rules again, and what is missing of the routes or leads elsewhere, those by links
 * (xfrm_links_index) where these are up now. What goes by a peer's way may have lost it: that is
 * no failure. CYG_NOMEM, and what net_rule_add, net_routes_each and net_route_set say: call it
 * again.
 */
MUST_CHECK enum cyg_err xfrm_routes_restore(struct xfrm_routes *r,
					    const struct xfrm_links *links, struct diag *why);

/* How many there are, and the octets held. */
size_t xfrm_routes_count(const struct xfrm_routes *r);
size_t xfrm_routes_memory(const struct xfrm_routes *r);

#endif
