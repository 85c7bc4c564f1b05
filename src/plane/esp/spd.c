/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/spd.h"

#include <stdlib.h>
#include <string.h>

/* One pair of prefix lengths in use. */
struct shape {
	uint8_t local_bits, remote_bits;
	uint32_t best;   /* no leaf of this shape has a lower priority number */
	uint32_t leaves; /* the loop's thread alone looks at it */
};

/* Immutable but for `leaves`; sorted by `best`. */
struct spd_shapes {
	struct rcu_head rcu;
	size_t len;
	struct shape items[];
};

static unsigned family_index(uint8_t family)
{
	return family == IP_V6;
}

static unsigned family_bits(uint8_t family)
{
	return family == IP_V6 ? 128 : 32;
}

static struct addr_number masked(struct addr_number a, uint8_t family, unsigned bits)
{
	/* IPv4 numbers fill the low 32 bits: count from the top of 128. */
	unsigned b = bits + 128 - family_bits(family);
	struct addr_number m = {0};

	if (b >= 64) {
		m.hi = a.hi;
		m.lo = b == 64 ? 0 : a.lo & ~UINT64_C(0) << (128 - b);
	} else {
		m.hi = b == 0 ? 0 : a.hi & ~UINT64_C(0) << (64 - b);
	}
	return m;
}

/* The length of the smallest prefix that covers the range. */
static uint8_t cover_bits(const struct selector *s)
{
	uint64_t hi = s->first.hi ^ s->last.hi, lo = s->first.lo ^ s->last.lo;
	unsigned low_bits = hi   ? 128u - (unsigned)__builtin_clzll(hi)
			    : lo ? 64u - (unsigned)__builtin_clzll(lo)
				 : 0u;
	unsigned bits = family_bits(s->family);

	return (uint8_t)(low_bits > bits ? 0 : bits - low_bits);
}

static uint64_t leaf_hash(uint8_t family, uint8_t local_bits, uint8_t remote_bits,
			  struct addr_number src, struct addr_number dst)
{
	struct addr_number s = masked(src, family, local_bits),
			   d = masked(dst, family, remote_bits);
	uint64_t h = hash_mix((uint64_t)family << 16 | (uint64_t)local_bits << 8 | remote_bits);

	h = hash_mix(h ^ s.hi);
	h = hash_mix(h ^ s.lo);
	h = hash_mix(h ^ d.hi);
	return hash_mix(h ^ d.lo);
}

static void free_later(struct rcu_head *rcu)
{
	free(caa_container_of(rcu, struct spd_entry, rcu));
}

static void free_shapes_later(struct rcu_head *rcu)
{
	free(caa_container_of(rcu, struct spd_shapes, rcu));
}

enum cyg_err spd_init(struct spd *s)
{
	*s = (struct spd){0};
	list_init(&s->all);
	list_init(&s->letting_in);
	if (rtable_init(&s->leaves) && rtable_init(&s->by_id))
		return CYG_OK;
	rtable_done(&s->leaves);
	return CYG_NOMEM;
}

static uint64_t id_hash(uint32_t id)
{
	return hash_mix(id);
}

struct spd_entry *spd_by_id(const struct spd *s, uint32_t id)
{
	const struct rtable_link *l = rtable_first(&s->by_id, id_hash(id));

	while (l && ((struct spd_entry *)l->item)->id != id)
		l = rtable_next(l);
	return l ? l->item : NULL;
}

static struct shape *find_shape(struct spd_shapes *all, const struct spd_leaf *leaf)
{
	for (size_t i = 0; all && i < all->len; i++)
		if (all->items[i].local_bits == leaf->local_bits &&
		    all->items[i].remote_bits == leaf->remote_bits)
			return &all->items[i];
	return NULL;
}

static int order_shapes(const void *a, const void *b)
{
	const struct shape *x = a, *y = b;

	return x->best < y->best ? -1 : x->best > y->best;
}

/*
 * Publish a copy of the shapes with `one` put in (in
 * place of its like) or, without leaves, left out.
 */
static bool publish_shape(struct spd *s, uint8_t family, const struct shape *one)
{
	struct spd_shapes *old = s->shapes[family_index(family)], *new;
	size_t len = old ? old->len : 0, n = 0;

	new = malloc(sizeof(*new) + (len + 1) * sizeof(new->items[0]));
	if (!new)
		return false;
	for (size_t i = 0; i < len; i++) {
		const struct shape *o = &old->items[i];

		if (o->local_bits != one->local_bits || o->remote_bits != one->remote_bits)
			new->items[n++] = *o;
	}
	if (one->leaves)
		new->items[n++] = *one;
	new->len = n;
	qsort(new->items, n, sizeof(new->items[0]), order_shapes);
	rcu_assign_pointer(s->shapes[family_index(family)], new);
	if (old)
		call_rcu(&old->rcu, free_shapes_later);
	return true;
}

static bool count_shape(struct spd *s, const struct spd_leaf *leaf)
{
	uint8_t family = leaf->local.family;
	struct shape *known = find_shape(s->shapes[family_index(family)], leaf);
	struct shape one = {leaf->local_bits, leaf->remote_bits, leaf->entry->priority, 1};

	if (known && known->best <= one.best) {
		known->leaves++;
		return true;
	}
	if (known)
		one.leaves += known->leaves;
	return publish_shape(s, family, &one);
}

/*
 * A shape's `best` may stay too low when its best leaf
 * goes: then look-ups probe it earlier than need be.
 */
static void uncount_shape(struct spd *s, const struct spd_leaf *leaf)
{
	struct shape *known = find_shape(s->shapes[family_index(leaf->local.family)], leaf);
	struct shape none;

	if (!known)
		return;
	known->leaves--;
	if (known->leaves)
		return;
	none = *known;
	/* Short of memory the empty shape stays, which costs a probe and harms nothing. */
	(void)publish_shape(s, leaf->local.family, &none);
}

static bool file_leaf(struct spd *s, struct spd_leaf *leaf)
{
	if (!rtable_add(&s->leaves, leaf->hash, leaf))
		return false;
	if (count_shape(s, leaf))
		return true;
	rtable_remove(&s->leaves, leaf->hash, leaf);
	return false;
}

static void unfile(struct spd *s, struct spd_entry *e)
{
	for (size_t i = 0; i < e->filed; i++) {
		rtable_remove(&s->leaves, e->leaves[i].hash, &e->leaves[i]);
		uncount_shape(s, &e->leaves[i]);
	}
	e->filed = 0;
}

static void fill_leaf(struct spd_leaf *leaf, struct spd_entry *e, const struct ts *local,
		      const struct ts *remote)
{
	leaf->entry = e;
	leaf->local = selector_of(local);
	leaf->remote = selector_of(remote);
	leaf->local_bits = cover_bits(&leaf->local);
	leaf->remote_bits = cover_bits(&leaf->remote);
	leaf->hash = leaf_hash(leaf->local.family, leaf->local_bits, leaf->remote_bits,
			       leaf->local.first, leaf->remote.first);
}

static struct spd_entry *entry_new(const struct plane_policy *p, struct lane *lane)
{
	size_t most = p->ts_local.len * p->ts_remote.len;
	struct spd_entry *e = calloc(1, sizeof(*e) + most * sizeof(e->leaves[0]));

	if (!e)
		return NULL;
	e->id = p->id;
	e->priority = p->priority;
	e->kind = p->kind;
	e->clear_in = p->clear_in;
	list_init(&e->letting_in);
	e->lane = lane;
	for (size_t i = 0; i < p->ts_local.len; i++)
		for (size_t j = 0; j < p->ts_remote.len; j++)
			if (ts_can_pair(&p->ts_local.items[i], &p->ts_remote.items[j]))
				fill_leaf(&e->leaves[e->leaves_len++], e, &p->ts_local.items[i],
					  &p->ts_remote.items[j]);
	return e;
}

/* Whoever remembers what was found before looks anew. */
static void changed(struct spd *s)
{
	atomic_fetch_add_explicit(&s->version, 1, memory_order_release);
}

static bool file_entry(struct spd *s, struct spd_entry *e)
{
	if (!rtable_add(&s->by_id, id_hash(e->id), e))
		return false;
	while (e->filed < e->leaves_len && file_leaf(s, &e->leaves[e->filed]))
		e->filed++;
	if (e->filed == e->leaves_len) {
		list_append(&s->all, &e->all);
		if (spd_lets_in(e))
			list_append(&s->letting_in, &e->letting_in);
		changed(s);
		return true;
	}
	unfile(s, e);
	rtable_remove(&s->by_id, id_hash(e->id), e);
	return false;
}

static struct lane *retire(struct spd *s, struct spd_entry *e)
{
	struct lane *lane = e->lane;

	list_remove(&e->all);
	list_remove(&e->letting_in);
	unfile(s, e);
	rtable_remove(&s->by_id, id_hash(e->id), e);
	changed(s);
	call_rcu(&e->rcu, free_later);
	return lane;
}

enum cyg_err spd_begin(struct spd *s, const struct plane_policy *p, struct lane *lane,
		       struct spd_change *ret)
{
	struct spd_entry *old = spd_by_id(s, p->id), *e = entry_new(p, lane);

	if (!e)
		return CYG_NOMEM;
	e->order = old ? old->order : s->next_order;
	if (!file_entry(s, e)) {
		/* A reader may have seen a part of it. */
		call_rcu(&e->rcu, free_later);
		return CYG_NOMEM;
	}
	s->next_order += !old;
	*ret = (struct spd_change){.old = old, .fresh = e};
	return CYG_OK;
}

struct lane *spd_end(struct spd *s, const struct spd_change *c, bool keep)
{
	struct spd_entry *gone = keep ? c->old : c->fresh;

	return gone ? retire(s, gone) : NULL;
}

enum cyg_err spd_set(struct spd *s, const struct plane_policy *p, struct lane *lane,
		     struct lane **ret_old_lane)
{
	struct spd_change c;
	enum cyg_err err = spd_begin(s, p, lane, &c);

	if (!err)
		*ret_old_lane = spd_end(s, &c, true);
	return err;
}

enum cyg_err spd_remove(struct spd *s, uint32_t id, struct lane **ret_old_lane)
{
	struct spd_entry *e = spd_by_id(s, id);

	if (!e)
		return CYG_NOTFOUND;
	*ret_old_lane = retire(s, e);
	return CYG_OK;
}

/* Which entries a look-up is for. */
struct sought {
	const struct flow *flow;
	const struct lane *lane; /* of this one alone; NULL: of any */
	bool any_port;           /* whatever ports their selectors have */
};

static bool selects(const struct selector *s, const struct sought *what, bool source)
{
	struct selector wide;

	if (what->any_port && !s->any_port) {
		wide = *s;
		wide.any_port = true;
		s = &wide;
	}
	return source ? selector_has_src(s, what->flow) : selector_has_dst(s, what->flow);
}

static bool leaf_holds(const struct spd_leaf *leaf, const struct shape *shape,
		       const struct sought *what)
{
	return leaf->local_bits == shape->local_bits &&
	       leaf->remote_bits == shape->remote_bits && selects(&leaf->local, what, true) &&
	       selects(&leaf->remote, what, false) &&
	       (!what->lane || leaf->entry->lane == what->lane);
}

bool spd_is_before(const struct spd_entry *e, const struct spd_entry *other)
{
	return e->priority < other->priority ||
	       (e->priority == other->priority && e->order < other->order);
}

bool spd_lets_in(const struct spd_entry *e)
{
	return e->kind == POLICY_PASS || e->clear_in;
}

/* The best of a shape's entries that are sought, or `best`. */
static struct spd_entry *better(const struct spd *s, const struct shape *shape,
				const struct sought *what, struct spd_entry *best)
{
	const struct flow *f = what->flow;
	const struct rtable_link *l =
		rtable_first(&s->leaves, leaf_hash(f->family, shape->local_bits,
						   shape->remote_bits, f->src, f->dst));

	for (; l; l = rtable_next(l)) {
		const struct spd_leaf *leaf = l->item;

		if (leaf_holds(leaf, shape, what) &&
		    (!best || spd_is_before(leaf->entry, best)))
			best = leaf->entry;
	}
	return best;
}

static struct spd_entry *look_up(const struct spd *s, const struct sought *what)
{
	const struct spd_shapes *shapes = rcu_dereference(
		s->shapes[family_index(what->flow->family)]);
	struct spd_entry *best = NULL;

	for (size_t i = 0; shapes && i < shapes->len; i++) {
		if (best && shapes->items[i].best > best->priority)
			break;
		best = better(s, &shapes->items[i], what, best);
	}
	return best;
}

struct spd_entry *spd_lookup(const struct spd *s, const struct flow *f)
{
	return look_up(s, &(struct sought){.flow = f});
}

struct spd_entry *spd_lookup_any_port(const struct spd *s, const struct flow *f)
{
	return look_up(s, &(struct sought){.flow = f, .any_port = true});
}

bool spd_admits(const struct spd *s, const struct lane *lane, const struct flow *inbound)
{
	struct flow back = *inbound;
	const struct spd_entry *best, *own;

	back.src = inbound->dst;
	back.dst = inbound->src;
	back.src_port = inbound->dst_port;
	back.dst_port = inbound->src_port;
	best = look_up(s, &(struct sought){.flow = &back});
	if (!best || best->lane == lane || spd_lets_in(best))
		return true;
	own = look_up(s, &(struct sought){.flow = &back, .lane = lane});
	return !own || own->priority == best->priority;
}

size_t spd_count(const struct spd *s)
{
	return s->by_id.len;
}

size_t spd_memory(const struct spd *s)
{
	size_t octets = rtable_memory(&s->leaves) + rtable_memory(&s->by_id);

	octets += s->by_id.len * sizeof(struct spd_entry) +
		  s->leaves.len * sizeof(struct spd_leaf);
	for (int i = 0; i < 2; i++)
		if (s->shapes[i])
			octets += sizeof(*s->shapes[i]) +
				  s->shapes[i]->len * sizeof(struct shape);
	return octets;
}

void spd_done(struct spd *s)
{
	LIST_EACH(e, &s->all, struct spd_entry, all)
		(void)retire(s, e);
	for (int i = 0; i < 2; i++)
		free(s->shapes[i]);
	rtable_done(&s->leaves);
	rtable_done(&s->by_id);
}
