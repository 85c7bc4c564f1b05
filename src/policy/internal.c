/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that this host is to have for the sake of a connection: that of
 * sourceip=, if no link has it, and those that a peer gave our end. A place
 * holds them while its destinations are routed; the first holder brings an
 * address, the last one takes it away.
 */
#include "policy/db.h"

#include <stdlib.h>

/* An address that this host has from us. */
struct hosted {
	struct map_node by_addr;
	struct ip_addr addr;
	size_t holders;
};

static uint64_t addr_hash(const struct policy *p, const struct ip_addr *a)
{
	return hash_view(&p->key, ip_view(a));
}

static struct hosted *find(const struct policy *p, const struct ip_addr *a)
{
	for (struct map_node *n = map_first(&p->hosted, addr_hash(p, a)); n; n = map_next(n)) {
		struct hosted *h = CONTAINER_OF(n, struct hosted, by_addr);

		if (ip_equal(&h->addr, a))
			return h;
	}
	return NULL;
}

static void tell(enum action_kind kind, const struct ip_addr *a, struct actions *out)
{
	struct action *act = out ? actions_add(out, kind) : NULL;

	if (act)
		act->address = *a;
}

static bool hold(struct policy *p, const struct ip_addr *a, struct actions *out)
{
	struct hosted *h = find(p, a);

	if (!h) {
		h = calloc(1, sizeof(*h));
		if (!h)
			return false;
		h->addr = *a;
		map_add(&p->hosted, &h->by_addr, addr_hash(p, a));
		tell(ACT_ADDRESS_SET, a, out);
	}
	h->holders++;
	return true;
}

static void let_go(struct policy *p, const struct ip_addr *a, struct actions *out)
{
	struct hosted *h = ip_is_set(a) ? find(p, a) : NULL;

	if (!h || --h->holders)
		return;
	tell(ACT_ADDRESS_REMOVE, a, out);
	map_remove(&p->hosted, &h->by_addr);
	free(h);
}

static bool a_link_has(const struct policy *p, const struct ip_addr *a)
{
	for (size_t i = 0; i < p->own_len; i++)
		if (ip_equal(&p->own[i].record.addr, a))
			return true;
	return false;
}

/* What the place needs of one family; IP_NONE: nothing that is not there anyway. */
static struct ip_addr wanted(const struct policy *p, const struct place *pl, int slot)
{
	const struct loaded *l = &pl->l;
	struct ip_addr said;

	if (l->local < 0 || is_shunt(l->connection))
		return (struct ip_addr){0};
	said = end_source(&l->connection->end[l->local], slot ? IP_V6 : IP_V4);
	if (ip_is_set(&said) && (find(p, &said) || !a_link_has(p, &said)))
		return said;
	return l->internal_stands ? l->internal->addr[slot] : (struct ip_addr){0};
}

void place_hold(struct policy *p, struct place *pl, bool routed, struct held *ret_old,
		struct actions *out)
{
	*ret_old = pl->held;
	for (int i = 0; i < 2; i++) {
		struct ip_addr a = routed ? wanted(p, pl, i) : (struct ip_addr){0};

		if (ip_equal(&a, &pl->held.addr[i]))
			continue;
		if (ip_is_set(&a) && !hold(p, &a, out)) {
			if (out)
				out->bad = true;
			a = (struct ip_addr){0};
		}
		pl->held.addr[i] = a;
	}
}

void place_let_go(struct policy *p, struct place *pl, const struct held *old,
		  struct actions *out)
{
	for (int i = 0; i < 2; i++)
		if (!ip_equal(&old->addr[i], &pl->held.addr[i]))
			let_go(p, &old->addr[i], out);
}

enum cyg_err policy_take_internal(struct loaded *l, const struct internal *given)
{
	if (!l->internal) {
		l->internal = malloc(sizeof(*l->internal));
		if (!l->internal)
			return CYG_NOMEM;
	}
	*l->internal = *given;
	l->internal_stands = true;
	return CYG_OK;
}

void policy_drop_internal(struct policy *p, struct loaded *l, struct actions *out)
{
	if (!l->internal_stands)
		return;
	l->internal_stands = false;
	place_follow(p, place_of(l), out);
}
