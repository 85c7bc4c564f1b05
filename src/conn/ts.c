/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic selectors are boxes: addresses, ports and a protocol. Two boxes meet
 * in a box or not at all, which makes narrowing a matter of meeting each of
 * the policy's with each of the offered ones.
 *
 * Two port ranges are special (RFC 7296 3.13.1): 0..65535 is ANY, and the
 * reversed 65535..0 is OPAQUE, a port that can't be seen. ANY holds OPAQUE
 * (RFC 4301 4.4.1.1). A selector reversed in any other way, or of mixed address
 * families, is void: it meets nothing.
 */
#include "conn/ts.h"

#include "base/text.h"
#include "conn/ip_proto.h"

#include <stdlib.h>
#include <string.h>

#define PORT_LAST 65535

struct ts ts_of_range(const struct ip_range *r)
{
	return (struct ts){.range = *r, .port_first = 0, .port_last = PORT_LAST};
}

struct ts ts_of_prefix(const struct ip_prefix *p)
{
	struct ip_range r = prefix_range(p);

	return ts_of_range(&r);
}

struct ts ts_of_addr(const struct ip_addr *a)
{
	struct ip_range r = {*a, *a};

	return ts_of_range(&r);
}

static bool is_opaque(const struct ts *t)
{
	return t->port_first == PORT_LAST && t->port_last == 0;
}

static bool any_port(const struct ts *t)
{
	return t->port_first == 0 && t->port_last == PORT_LAST;
}

static bool is_void(const struct ts *t)
{
	const struct ip_addr *first = &t->range.first, *last = &t->range.last;

	return !ip_is_set(first) || first->family != last->family ||
	       ip_compare(first, last) > 0 || (t->port_first > t->port_last && !is_opaque(t));
}

bool ts_equal(const struct ts *a, const struct ts *b)
{
	return a->proto == b->proto && a->port_first == b->port_first &&
	       a->port_last == b->port_last && range_equal(&a->range, &b->range);
}

static bool ports_contain(const struct ts *outer, const struct ts *inner)
{
	if (is_opaque(outer) || is_opaque(inner))
		return any_port(outer) || (is_opaque(outer) && is_opaque(inner));
	return outer->port_first <= inner->port_first && inner->port_last <= outer->port_last;
}

bool ts_contains(const struct ts *outer, const struct ts *inner)
{
	return !is_void(outer) && !is_void(inner) &&
	       (outer->proto == 0 || outer->proto == inner->proto) &&
	       ports_contain(outer, inner) && range_contains(&outer->range, &inner->range);
}

static bool ports_intersect(const struct ts *a, const struct ts *b, struct ts *ret)
{
	const struct ts *narrow = ports_contain(a, b) ? b : ports_contain(b, a) ? a : NULL;

	if (!narrow && (is_opaque(a) || is_opaque(b)))
		return false;
	if (narrow) {
		ret->port_first = narrow->port_first;
		ret->port_last = narrow->port_last;
		return true;
	}
	ret->port_first = a->port_first > b->port_first ? a->port_first : b->port_first;
	ret->port_last = a->port_last < b->port_last ? a->port_last : b->port_last;
	return ret->port_first <= ret->port_last;
}

bool ts_intersect(const struct ts *a, const struct ts *b, struct ts *ret)
{
	struct ts both = {.proto = a->proto ? a->proto : b->proto};

	if (is_void(a) || is_void(b) || (a->proto && b->proto && a->proto != b->proto))
		return false;
	if (!ports_intersect(a, b, &both) ||
	    !range_intersect(&a->range, &b->range, &both.range))
		return false;
	*ret = both;
	return true;
}

bool ts_can_pair(const struct ts *local, const struct ts *remote)
{
	return local->range.first.family == remote->range.first.family &&
	       (!local->proto || !remote->proto || local->proto == remote->proto);
}

enum cyg_err ts_set_add(struct ts_set *s, const struct ts *t)
{
	struct ts *items;

	if (s->len >= TS_SET_MAX)
		return CYG_LIMIT;
	items = realloc(s->items, (s->len + 1) * sizeof(*items));
	if (!items)
		return CYG_NOMEM;
	items[s->len++] = *t;
	s->items = items;
	return CYG_OK;
}

enum cyg_err ts_set_copy(struct ts_set *ret, const struct ts_set *s)
{
	struct ts_set copy = {.len = s->len};

	if (s->len) {
		copy.items = malloc(s->len * sizeof(*copy.items));
		if (!copy.items)
			return CYG_NOMEM;
		memcpy(copy.items, s->items, s->len * sizeof(*copy.items));
	}
	*ret = copy;
	return CYG_OK;
}

void ts_set_done(struct ts_set *s)
{
	if (!s)
		return;
	free(s->items);
	*s = (struct ts_set){0};
}

bool ts_set_equal(const struct ts_set *a, const struct ts_set *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!ts_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

static bool some_item_contains(const struct ts *items, size_t len, const struct ts *inner)
{
	for (size_t i = 0; i < len; i++)
		if (ts_contains(&items[i], inner))
			return true;
	return false;
}

bool ts_set_contains(const struct ts_set *outer, const struct ts_set *inner)
{
	for (size_t i = 0; i < inner->len; i++)
		if (!some_item_contains(outer->items, outer->len, &inner->items[i]))
			return false;
	return true;
}

/* What narrowing has found so far: no item is inside another one. */
struct narrowed {
	struct ts items[TS_SET_MAX];
	size_t len;
};

static void keep(struct narrowed *n, const struct ts *t)
{
	size_t kept = 0;

	if (some_item_contains(n->items, n->len, t))
		return;
	for (size_t i = 0; i < n->len; i++)
		if (!ts_contains(t, &n->items[i]))
			n->items[kept++] = n->items[i];
	n->len = kept;
	if (n->len < TS_SET_MAX)
		n->items[n->len++] = *t;
}

static void narrow_item(struct narrowed *n, const struct ts *policy, const struct ts_set *offer)
{
	struct ts both;

	for (size_t i = 0; i < offer->len; i++)
		if (ts_intersect(policy, &offer->items[i], &both))
			keep(n, &both);
}

/* The policy item that the packet which set all this off belongs to (RFC 7296 2.9); len: none. */
static size_t packets_item(const struct ts_set *policy, const struct ts_set *offer)
{
	const struct ts *packet = offer->len ? &offer->items[0] : NULL;
	size_t i = 0;

	if (!packet || !ip_equal(&packet->range.first, &packet->range.last))
		return policy->len;
	while (i < policy->len && !ts_contains(&policy->items[i], packet))
		i++;
	return i;
}

enum cyg_err ts_set_narrow(const struct ts_set *policy, const struct ts_set *offer,
			   struct ts_set *ret)
{
	size_t first = packets_item(policy, offer);
	struct narrowed n = {.len = 0};
	struct ts_set found = {n.items, 0};

	if (first < policy->len)
		narrow_item(&n, &policy->items[first], offer);
	for (size_t i = 0; i < policy->len; i++)
		if (i != first)
			narrow_item(&n, &policy->items[i], offer);
	found.len = n.len;
	return ts_set_copy(ret, &found);
}

static void print_proto(const struct ts *t, char *buf, size_t cap, size_t *used)
{
	const char *name = ip_proto_name(t->proto);

	if (t->proto == 0)
		buf_add_str(buf, cap, used, "any");
	else if (name)
		buf_add_str(buf, cap, used, name);
	else
		buf_add(buf, cap, used, "%u", t->proto);
}

static void print_ports(const struct ts *t, char *buf, size_t cap, size_t *used)
{
	if (any_port(t))
		return;
	if (is_opaque(t))
		buf_add_str(buf, cap, used, "/opaque");
	else if (t->port_first == t->port_last)
		buf_add(buf, cap, used, "/%u", t->port_first);
	else
		buf_add(buf, cap, used, "/%u-%u", t->port_first, t->port_last);
}

static void add_ts(const struct ts *t, char *buf, size_t cap, size_t *used)
{
	char range[2 * IP_TEXT_MAX];

	buf_add_str(buf, cap, used, range_print(&t->range, range));
	if (t->proto == 0 && any_port(t))
		return;
	buf_add_str(buf, cap, used, "[");
	print_proto(t, buf, cap, used);
	print_ports(t, buf, cap, used);
	buf_add_str(buf, cap, used, "]");
}

const char *ts_print(const struct ts *t, char *buf, size_t cap)
{
	size_t used = 0;

	if (cap)
		buf[0] = '\0';
	add_ts(t, buf, cap, &used);
	return buf;
}

const char *ts_set_print(const struct ts_set *s, char *buf, size_t cap)
{
	size_t used = 0;

	if (cap)
		buf[0] = '\0';
	for (size_t i = 0; i < s->len; i++) {
		buf_add_str(buf, cap, &used, i ? ", " : "");
		add_ts(&s->items[i], buf, cap, &used);
	}
	return buf;
}
