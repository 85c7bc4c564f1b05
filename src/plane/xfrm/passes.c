/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/passes.h"

#include "plane/xfrm/routes.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/*
 * Several policies may have a destination in common (other local networks, protocols,
 * ports): its route stays until the last of them goes.
 */

/* Behind a tunnel's route to just the same destination, which part of it may need. */
#define PASS_METRIC 0xffff0000u

/* A destination of `users` policies. */
struct thrown {
	struct ip_prefix destination;
	unsigned users;
	UT_hash_handle hh;
};

/* A policy: its destinations. */
struct pass {
	uint32_t id;
	struct ip_prefix *destinations;
	size_t len;
	UT_hash_handle hh;
};

struct xfrm_passes {
	struct net *net;
	uint32_t table;
	struct thrown *thrown;
	struct pass *all;
};

struct xfrm_passes *xfrm_passes_new(struct net *net, uint32_t table)
{
	struct xfrm_passes *p = calloc(1, sizeof(*p));

	if (p) {
		p->net = net;
		p->table = table;
	}
	return p;
}

void xfrm_passes_free(struct xfrm_passes *p)
{
	struct pass *pass, *next;

	if (!p)
		return;
	HASH_ITER(hh, p->all, pass, next)
		xfrm_passes_remove(p, pass->id);
	free(p);
}

static struct net_route route_of(const struct xfrm_passes *p, const struct ip_prefix *to)
{
	return (struct net_route){
		.destination = *to,
		.table = p->table,
		.metric = PASS_METRIC,
		.kind = RTN_THROW,
		.protocol = XFRM_ROUTE_PROTOCOL,
	};
}

/* As a key: without what the compiler put between its parts. */
static struct ip_prefix key_of(const struct ip_prefix *prefix)
{
	struct ip_prefix key;

	memset(&key, 0, sizeof(key));
	key.addr = prefix->addr;
	key.bits = prefix->bits;
	return key;
}

static struct thrown *find(const struct xfrm_passes *p, const struct ip_prefix *key)
{
	struct thrown *t;

	HASH_FIND(hh, p->thrown, key, sizeof(*key), t);
	return t;
}

static enum cyg_err keep_out(struct xfrm_passes *p, const struct ip_prefix *key,
			     struct diag *why)
{
	struct net_route route = route_of(p, key);
	struct thrown *t = find(p, key);
	enum cyg_err err;

	if (t) {
		t->users++;
		return CYG_OK;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return CYG_NOMEM;
	t->destination = *key;
	t->users = 1;
	HASH_ADD(hh, p->thrown, destination, sizeof(t->destination), t);
	err = t->hh.tbl ? net_route_set(p->net, &route, why) : CYG_NOMEM;
	if (err) {
		if (t->hh.tbl)
			HASH_DEL(p->thrown, t);
		free(t);
	}
	return err;
}

/* That the route has gone already is fine, and nothing can be done about any other answer. */
static void let_in(struct xfrm_passes *p, const struct ip_prefix *key)
{
	struct net_route route = route_of(p, key);
	struct thrown *t = find(p, key);
	enum cyg_err unused;

	if (--t->users)
		return;
	HASH_DEL(p->thrown, t);
	free(t);
	unused = net_route_remove(p->net, &route, NULL);
	(void)unused;
}

static void let_in_all(struct xfrm_passes *p, struct pass *pass)
{
	while (pass->len)
		let_in(p, &pass->destinations[--pass->len]);
	free(pass->destinations);
	free(pass);
}

#define PREFIXES_MAX 256 /* that a range may be cut into */

/* One more of the policy's selectors. */
static enum cyg_err keep_range_out(struct xfrm_passes *p, struct pass *pass,
				   const struct ip_range *range, struct diag *why)
{
	struct ip_prefix cut[PREFIXES_MAX], *more;
	size_t len = range_prefixes(range, cut, PREFIXES_MAX);
	enum cyg_err err = CYG_OK;

	more = reallocarray(pass->destinations, pass->len + len, sizeof(*more));
	if (!more && pass->len + len)
		return CYG_NOMEM;
	pass->destinations = more;
	for (size_t i = 0; i < len && !err; i++) {
		struct ip_prefix key = key_of(&cut[i]);

		err = keep_out(p, &key, why);
		if (!err)
			pass->destinations[pass->len++] = key;
	}
	return err;
}

enum cyg_err xfrm_passes_set(struct xfrm_passes *p, const struct plane_policy *policy,
			     struct diag *why)
{
	struct pass *pass;
	enum cyg_err err = CYG_OK;

	xfrm_passes_remove(p, policy->id);
	if (policy->kind != POLICY_PASS)
		return CYG_OK;
	pass = calloc(1, sizeof(*pass));
	if (!pass)
		return CYG_NOMEM;
	pass->id = policy->id;
	for (size_t i = 0; i < policy->ts_remote.len && !err; i++)
		err = keep_range_out(p, pass, &policy->ts_remote.items[i].range, why);
	if (!err) {
		HASH_ADD_INT(p->all, id, pass);
		err = pass->hh.tbl ? CYG_OK : CYG_NOMEM;
	}
	if (err)
		let_in_all(p, pass);
	return err;
}

void xfrm_passes_remove(struct xfrm_passes *p, uint32_t id)
{
	struct pass *pass;

	HASH_FIND_INT(p->all, &id, pass);
	if (!pass)
		return;
	HASH_DEL(p->all, pass);
	let_in_all(p, pass);
}

size_t xfrm_passes_count(const struct xfrm_passes *p)
{
	return HASH_COUNT(p->thrown);
}

size_t xfrm_passes_memory(const struct xfrm_passes *p)
{
	size_t octets = HASH_OVERHEAD(hh, p->thrown) + HASH_OVERHEAD(hh, p->all);
	const struct pass *pass;

	for (pass = p->all; pass; pass = pass->hh.next)
		octets += sizeof(*pass) + pass->len * sizeof(pass->destinations[0]);
	return octets + HASH_COUNT(p->thrown) * sizeof(struct thrown);
}
