/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools of addresses for peers. A lease is made when its address is given out for the first
 * time and stays as long as its pool, with holders or without; so what is remembered needs
 * no table of its own. A very large pool remembers only so many.
 */
#include "policy/pool.h"

#include "base/array.h"
#include "policy/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBERED_MAX 65536 /* leases of one pool without a holder */
#define RANGES_MAX 64        /* that one end may be given from */
#define POOL_NAME_MAX 256    /* a connection's name, with NUL */

struct lease {
	struct map_node by_addr, by_identity;
	struct list idle; /* in its pool's list, while it has no holder */
	struct pool *pool;
	struct ip_addr addr;
	const struct ident *id;
	unsigned holders;
};

struct pool {
	struct map_node by_range;
	struct ip_range range;
	struct ip_range leased; /* without the ends of a network */
	struct ip_addr next;    /* the first of them that was never tried; IP_NONE: all were */
	uint64_t addresses;     /* how many these are; UINT64_MAX: that many or more */
	unsigned users;         /* connections that name it */
	struct lease **leases;  /* in the order of their first leasing */
	size_t len, cap, in_use;
	struct list idle; /* struct lease, the longest without a holder first */
};

/* ---- look-ups ---- */

static uint64_t range_hash(const struct policy *p, const struct ip_range *r)
{
	uint8_t key[33] = {r->first.family};

	memcpy(key + 1, r->first.octets, 16);
	memcpy(key + 17, r->last.octets, 16);
	return hash_view(&p->key, view_of(key, sizeof(key)));
}

static struct pool *find_pool(const struct policy *p, const struct ip_range *r)
{
	for (struct map_node *n = map_first(&p->pool_ranges, range_hash(p, r)); n;
	     n = map_next(n)) {
		struct pool *pool = CONTAINER_OF(n, struct pool, by_range);

		if (range_equal(&pool->range, r))
			return pool;
	}
	return NULL;
}

static uint64_t addr_hash(const struct policy *p, const struct ip_addr *a)
{
	return hash_view(&p->key, ip_view(a));
}

static struct lease *find_addr(const struct policy *p, const struct pool *pool,
			       const struct ip_addr *a)
{
	for (struct map_node *n = map_first(&p->lease_addrs, addr_hash(p, a)); n;
	     n = map_next(n)) {
		struct lease *lease = CONTAINER_OF(n, struct lease, by_addr);

		if (lease->pool == pool && ip_equal(&lease->addr, a))
			return lease;
	}
	return NULL;
}

/* The lease that an identity has, or had and nobody else has had since. */
static struct lease *find_identity(const struct policy *p, const struct pool *pool,
				   const struct ident *id, bool shared)
{
	for (struct map_node *n = map_first(&p->lease_ids, ident_hash(&p->key, id)); n;
	     n = map_next(n)) {
		struct lease *lease = CONTAINER_OF(n, struct lease, by_identity);

		if (lease->pool == pool && ident_equal(lease->id, id) &&
		    (shared || !lease->holders))
			return lease;
	}
	return NULL;
}

/* ---- pools ---- */

/* The ends of a network are not for hosts. */
static void set_bounds(struct pool *pool)
{
	struct ip_addr lowest = pool->range.first, highest = pool->range.last;
	struct ip_prefix net;
	bool is_net = range_is_prefix(&pool->range, &net) && net.bits + 2u <= ip_bits(&lowest);
	uint64_t n = 0;

	if (is_net)
		ip_next(&lowest);
	if (is_net && lowest.family == IP_V4)
		highest.octets[3]--; /* of a network of four or more it is odd */
	for (size_t i = 0; i < ip_len(&lowest); i++) {
		if (n > UINT64_MAX >> 9) {
			n = UINT64_MAX;
			break;
		}
		n = (n << 8) + highest.octets[i] - lowest.octets[i];
	}
	pool->leased = (struct ip_range){lowest, highest};
	pool->next = lowest;
	pool->addresses = n == UINT64_MAX ? n : n + 1;
}

static struct pool *new_pool(struct policy *p, const struct ip_range *r)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	struct pool **more = pool ? reallocarray(p->pools, p->pools_len + 1, sizeof(*more))
				  : NULL;

	if (!more) {
		free(pool);
		return NULL;
	}
	p->pools = more;
	p->pools[p->pools_len++] = pool;
	pool->range = *r;
	list_init(&pool->idle);
	set_bounds(pool);
	map_add(&p->pool_ranges, &pool->by_range, range_hash(p, r));
	return pool;
}

static void forget_if_unused(struct policy *p, struct pool *pool)
{
	size_t at = 0;

	if (pool->users || pool->in_use)
		return;
	for (size_t i = 0; i < pool->len; i++) {
		struct lease *lease = pool->leases[i];

		map_remove(&p->lease_addrs, &lease->by_addr);
		map_remove(&p->lease_ids, &lease->by_identity);
		ident_unref(lease->id);
		free(lease);
	}
	map_remove(&p->pool_ranges, &pool->by_range);
	while (p->pools[at] != pool)
		at++;
	memmove(&p->pools[at], &p->pools[at + 1], (--p->pools_len - at) * sizeof(*p->pools));
	free(pool->leases);
	free(pool);
}

static size_t count_ranges(const struct connection *c)
{
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		for (const struct ip_range *r = c->end[i].pools; r && ip_is_set(&r->first); r++)
			n++;
	return n;
}

void pools_unuse(struct policy *p, struct pool **uses)
{
	for (struct pool **at = uses; at && *at; at++) {
		(*at)->users--;
		forget_if_unused(p, *at);
	}
	free(uses);
}

bool pools_use(struct policy *p, const struct connection *c, struct pool ***ret)
{
	size_t n = count_ranges(c), len = 0;
	struct pool **uses = n ? calloc(n + 1, sizeof(*uses)) : NULL;

	for (int i = 0; i < 2 && uses; i++) {
		for (const struct ip_range *r = c->end[i].pools; r && ip_is_set(&r->first);
		     r++) {
			struct pool *pool = find_pool(p, r);

			if (!pool)
				pool = new_pool(p, r);
			if (!pool) {
				pools_unuse(p, uses);
				return false;
			}
			pool->users++;
			uses[len++] = pool;
		}
	}
	*ret = uses;
	return uses || !n;
}

void pools_done(struct policy *p)
{
	while (p->pools_len) {
		p->pools[0]->users = 0;
		p->pools[0]->in_use = 0;
		forget_if_unused(p, p->pools[0]);
	}
	free(p->pools);
	map_done(&p->pool_ranges);
	map_done(&p->lease_addrs);
	map_done(&p->lease_ids);
}

/* ---- which pools an end is given from ---- */

struct sources {
	const struct ip_range *ranges[RANGES_MAX];
	size_t len;
	char missing
		[POOL_NAME_MAX]; /* a connection whose pool it should be, and which is not there; "" none */
};

static void add_ranges(struct sources *s, const struct end *e, uint8_t family)
{
	for (const struct ip_range *r = e->pools; r && ip_is_set(&r->first); r++)
		if ((!family || r->first.family == family) && s->len < RANGES_MAX)
			s->ranges[s->len++] = r;
}

static void add_named(struct sources *s, const struct policy *p, const char *name,
		      uint8_t family)
{
	const struct loaded *other = policy_find(p, name);

	if (other) {
		add_ranges(s, &other->connection->end[0], family);
		add_ranges(s, &other->connection->end[1], family);
	} else if (!s->missing[0]) {
		snprintf(s->missing, sizeof(s->missing), "%s", name);
	}
}

/* Its own, then those of the connections that it names. */
static struct sources sources_of(const struct policy *p, const struct connection *c, int which,
				 uint8_t family)
{
	const struct end *e = &c->end[which];
	struct sources s = {.len = 0};
	char name[POOL_NAME_MAX];

	add_ranges(&s, e, family);
	for (const char *at = e->pool_name; at && *at;) {
		size_t len = strcspn(at, ",");

		if (len < sizeof(name)) {
			memcpy(name, at, len);
			name[len] = '\0';
			add_named(&s, p, name, family);
		}
		at += len + (at[len] != '\0');
	}
	return s;
}

bool policy_pool_meets(const struct policy *p, const struct connection *c, int which,
		       const struct ip_range *range)
{
	struct sources s = sources_of(p, c, which, range->first.family);
	struct ip_range common;

	for (size_t i = 0; i < s.len; i++)
		if (range_intersect(s.ranges[i], range, &common))
			return true;
	return false;
}

/* ---- leasing ---- */

/* The lease is this identity's from now on. */
static void assign(struct policy *p, struct lease *lease, const struct ident *id)
{
	if (lease->id == id)
		return;
	map_remove(&p->lease_ids, &lease->by_identity);
	ident_unref(lease->id);
	lease->id = ident_ref(id);
	map_add(&p->lease_ids, &lease->by_identity, ident_hash(&p->key, id));
}

static void hold(struct lease *lease)
{
	list_remove(&lease->idle);
	lease->pool->in_use += !lease->holders;
	lease->holders++;
}

static struct lease *make(struct policy *p, struct pool *pool, const struct ip_addr *a)
{
	struct lease **more = array_grow(pool->leases, pool->len, &pool->cap, sizeof(*more));
	struct lease *lease = more ? calloc(1, sizeof(*lease)) : NULL;

	if (more)
		pool->leases = more;
	if (!lease)
		return NULL;
	lease->pool = pool;
	lease->addr = *a;
	list_init(&lease->idle);
	pool->leases[pool->len++] = lease;
	map_add(&p->lease_addrs, &lease->by_addr, addr_hash(p, a));
	return lease;
}

static struct lease *longest_idle(const struct pool *pool)
{
	return list_empty(&pool->idle) ? NULL
				       : CONTAINER_OF(pool->idle.next, struct lease, idle);
}

/* The address if nobody has it. *ret_short: memory was. */
static struct lease *take_addr(struct policy *p, struct pool *pool, const struct ip_addr *a,
			       bool *ret_short)
{
	struct lease *lease;

	if (!ip_is_set(a) || !range_has(&pool->leased, a))
		return NULL;
	lease = find_addr(p, pool, a);
	if (lease)
		return lease->holders ? NULL : lease;
	lease = make(p, pool, a);
	*ret_short |= !lease;
	return lease;
}

/* One that nobody has had. */
static struct lease *take_new(struct policy *p, struct pool *pool, bool *ret_short)
{
	struct lease *lease;

	if (longest_idle(pool) && pool->len - pool->in_use >= REMEMBERED_MAX)
		return NULL;
	while (ip_is_set(&pool->next)) {
		struct ip_addr a = pool->next;

		if (ip_equal(&a, &pool->leased.last) || !ip_next(&pool->next))
			pool->next = (struct ip_addr){0};
		if (find_addr(p, pool, &a))
			continue; /* somebody wished for it */
		lease = make(p, pool, &a);
		if (!lease) {
			pool->next = a;
			*ret_short = true;
		}
		return lease;
	}
	return NULL;
}

/* What is wanted, of the pools that `sources` names. */
struct wanted {
	const struct ident *id;
	const struct ip_addr *wish;
	bool shared;
};

/* In the order that policy_lease promises; each step looks at all pools before the next. */
static struct lease *choose(struct policy *p, const struct sources *s, const struct wanted *w,
			    bool *ret_short)
{
	struct lease *lease = NULL;

	for (int step = 0; step < 4 && !lease && !*ret_short; step++) {
		for (size_t i = 0; i < s->len && !lease && !*ret_short; i++) {
			struct pool *pool = find_pool(p, s->ranges[i]);

			if (!pool)
				continue; /* of a version that was replaced */
			if (step == 0)
				lease = find_identity(p, pool, w->id, w->shared);
			else if (step == 1)
				lease = take_addr(p, pool, w->wish, ret_short);
			else if (step == 2)
				lease = take_new(p, pool, ret_short);
			else
				lease = longest_idle(pool);
		}
	}
	return lease;
}

static void explain_used_up(const struct policy *p, const struct sources *s, struct diag *why)
{
	uint64_t addresses = 0;
	char range[2 * IP_TEXT_MAX];

	for (size_t i = 0; i < s->len; i++) {
		const struct pool *pool = find_pool(p, s->ranges[i]);

		addresses += pool ? pool->addresses : 0;
	}
	diag_set(why, "pool-used-up", "RFC 7296 3.15.4",
		 "all addresses of the pool %s%s are in use", range_print(s->ranges[0], range),
		 s->len > 1 ? " and its others" : "");
	diag_wanted(why, "a free address");
	diag_got(why, "%llu addresses, %llu in use", (unsigned long long)addresses,
		 (unsigned long long)addresses);
	diag_hint(why, "give addresspool= (or rightsourceip=) more addresses; \"ipsec whack "
		       "--addresspoolstatus\" tells who has them");
}

static void explain_none(const struct sources *s, uint8_t family, struct diag *why)
{
	diag_set(why, "no-pool", "RFC 7296 3.15.4",
		 "there is no pool of IPv%d addresses for it", family == IP_V6 ? 6 : 4);
	if (!s->missing[0])
		return;
	diag_got(why, "%%%s, and no connection %s is loaded", s->missing, s->missing);
	diag_hint(why, "load %s, or write its range as addresspool= here", s->missing);
}

enum cyg_err policy_lease(struct policy *p, const struct loaded *l, uint8_t family,
			  const struct ident *id, const struct ip_addr *wish,
			  struct lease **ret, struct diag *why)
{
	struct sources s = sources_of(p, l->connection, !l->local, family);
	struct wanted w = {id, wish, l->connection->share_lease && id->type != ID_NULL};
	bool is_short = false;
	struct lease *lease = choose(p, &s, &w, &is_short);

	if (is_short)
		return CYG_NOMEM;
	if (!s.len) {
		explain_none(&s, family, why);
		return CYG_NOTFOUND;
	}
	if (!lease) {
		explain_used_up(p, &s, why);
		return CYG_LIMIT;
	}
	assign(p, lease, id);
	hold(lease);
	*ret = lease;
	return CYG_OK;
}

void policy_lease_release(struct policy *p, struct lease *lease)
{
	struct pool *pool = lease ? lease->pool : NULL;

	if (!lease || --lease->holders)
		return;
	pool->in_use--;
	list_append(&pool->idle, &lease->idle);
	forget_if_unused(p, pool);
}

const struct ip_addr *lease_addr(const struct lease *lease)
{
	return &lease->addr;
}

/* ---- listings ---- */

bool policy_pool_at(const struct policy *p, size_t i, struct pool_info *ret)
{
	const struct pool *pool;

	if (i >= p->pools_len)
		return false;
	pool = p->pools[i];
	*ret = (struct pool_info){pool->range, pool->addresses, pool->len, pool->in_use};
	return true;
}

bool policy_lease_at(const struct policy *p, size_t i, size_t k, struct lease_info *ret)
{
	const struct lease *lease;

	if (i >= p->pools_len || k >= p->pools[i]->len)
		return false;
	lease = p->pools[i]->leases[k];
	*ret = (struct lease_info){p->pools[i]->range, lease->addr, lease->id, lease->holders};
	return true;
}
