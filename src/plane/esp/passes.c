/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/passes.h"

#include "base/array.h"

#include <stdlib.h>

struct row {
	struct firewall_pass pass;
	const struct spd_entry *entry;
};

struct rows {
	struct row *items;
	size_t len, cap;
};

static bool meet(const struct selector *a, const struct selector *b)
{
	return a->family == b->family && (!a->proto || !b->proto || a->proto == b->proto) &&
	       addr_number_le(a->first, b->last) && addr_number_le(b->first, a->last);
}

static bool cuts(const struct spd_entry *e, const struct spd_leaf *leaf,
		 const struct spd_leaf *pass)
{
	return spd_is_before(e, pass->entry) && meet(&leaf->local, &pass->local) &&
	       meet(&leaf->remote, &pass->remote);
}

static bool cuts_any(const struct spd_leaf *leaf, const struct spd_entry *pass)
{
	for (size_t i = 0; i < pass->leaves_len; i++)
		if (cuts(leaf->entry, leaf, &pass->leaves[i]))
			return true;
	return false;
}

static bool cuts_one_of(const struct spd *s, const struct spd_leaf *leaf)
{
	LIST_EACH(pass, &s->letting_in, struct spd_entry, letting_in)
		if (cuts_any(leaf, pass))
			return true;
	return false;
}

bool passes_follow(const struct spd *s, const struct spd_entry *e)
{
	if (!e || spd_lets_in(e))
		return e;
	for (size_t i = 0; i < e->leaves_len; i++)
		if (cuts_one_of(s, &e->leaves[i]))
			return true;
	return false;
}

bool passes_have(const struct spd *s, const struct ip_prefix *sources)
{
	struct ip_range range = prefix_range(sources);
	struct ts t = ts_of_range(&range);
	struct selector from = selector_of(&t);

	LIST_EACH(pass, &s->letting_in, struct spd_entry, letting_in)
		for (size_t i = 0; i < pass->leaves_len; i++)
			if (meet(&from, &pass->leaves[i].remote))
				return true;
	return false;
}

static bool add(struct rows *to, const struct spd_leaf *leaf, bool stops)
{
	struct row *bigger = array_grow(to->items, to->len, &to->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	to->items = bigger;
	to->items[to->len++] = (struct row){{leaf->local, leaf->remote, stops,
					     leaf->entry->kind != POLICY_PASS},
					    leaf->entry};
	return true;
}

/* What cuts passes short. CYG_LIMIT: there is too much of it. */
static enum cyg_err add_stops(const struct spd *s, struct rows *to)
{
	if (list_empty(&s->letting_in))
		return CYG_OK;
	LIST_EACH(e, &s->all, struct spd_entry, all) {
		for (size_t i = 0; !spd_lets_in(e) && i < e->leaves_len; i++) {
			if (!cuts_one_of(s, &e->leaves[i]))
				continue;
			if (to->len == PASSES_STOPS_MAX)
				return CYG_LIMIT;
			if (!add(to, &e->leaves[i], true))
				return CYG_NOMEM;
		}
	}
	return CYG_OK;
}

static bool is_cut(const struct spd *s, const struct spd_entry *pass)
{
	LIST_EACH(e, &s->all, struct spd_entry, all)
		for (size_t i = 0; !spd_lets_in(e) && i < e->leaves_len; i++)
			if (cuts_any(&e->leaves[i], pass))
				return true;
	return false;
}

static enum cyg_err fill(const struct spd *s, struct rows *to)
{
	enum cyg_err err = add_stops(s, to);
	bool whole = err != CYG_LIMIT;

	if (err == CYG_NOMEM)
		return err;
	LIST_EACH(pass, &s->letting_in, struct spd_entry, letting_in)
		for (size_t i = 0; (whole || !is_cut(s, pass)) && i < pass->leaves_len; i++)
			if (!add(to, &pass->leaves[i], false))
				return CYG_NOMEM;
	return CYG_OK;
}

static int by_order(const void *a, const void *b)
{
	const struct row *l = a, *r = b;

	return l->entry == r->entry ? 0 : spd_is_before(l->entry, r->entry) ? -1 : 1;
}

enum cyg_err passes_of(const struct spd *s, struct passes *ret)
{
	struct rows rows = {0};
	enum cyg_err err = fill(s, &rows);

	*ret = (struct passes){0};
	if (!err && rows.len) {
		qsort(rows.items, rows.len, sizeof(*rows.items), by_order);
		ret->rows = calloc(rows.len, sizeof(*ret->rows));
		err = ret->rows ? CYG_OK : CYG_NOMEM;
	}
	for (size_t i = 0; !err && i < rows.len; i++)
		ret->rows[ret->len++] = rows.items[i].pass;
	free(rows.items);
	return err;
}

static bool is_part(const struct spd_leaf *leaf)
{
	return leaf->local.proto || leaf->remote.proto || !leaf->local.any_port ||
	       !leaf->remote.any_port;
}

static bool protects(const struct spd_entry *e)
{
	return e->kind == POLICY_PROTECT || e->kind == POLICY_TRAP || e->kind == POLICY_HOLD;
}

bool passes_is_part(const struct spd_entry *e)
{
	for (size_t i = 0; e && protects(e) && i < e->leaves_len; i++)
		if (is_part(&e->leaves[i]))
			return true;
	return false;
}

/* Two rows that hold all there is. */
static void hold_all(struct passes *parts)
{
	for (enum ip_family family = IP_V4; parts->len < 2; family = IP_V6) {
		struct ip_range all = {ip_lowest(family), ip_highest(family)};
		struct ts t = ts_of_range(&all);
		struct selector s = selector_of(&t);

		parts->rows[parts->len++] = (struct firewall_pass){.local = s, .remote = s};
	}
}

enum cyg_err passes_parts(const struct spd *s, struct passes *ret)
{
	size_t cap = 0;

	*ret = (struct passes){0};
	LIST_EACH(e, &s->all, struct spd_entry, all) {
		for (size_t i = 0; protects(e) && i < e->leaves_len; i++) {
			const struct spd_leaf *leaf = &e->leaves[i];
			struct firewall_pass *bigger;

			if (!is_part(leaf))
				continue;
			if (ret->len == PASSES_STOPS_MAX) {
				ret->len = 0;
				hold_all(ret);
				return CYG_OK;
			}
			bigger = array_grow(ret->rows, ret->len, &cap, sizeof(*bigger));
			if (!bigger) {
				passes_done(ret);
				return CYG_NOMEM;
			}
			ret->rows = bigger;
			ret->rows[ret->len++] = (struct firewall_pass){.local = leaf->local,
								       .remote = leaf->remote};
		}
	}
	return CYG_OK;
}

void passes_done(struct passes *p)
{
	free(p->rows);
	*p = (struct passes){0};
}
