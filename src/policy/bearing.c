/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which end of a connection is us: the one whose address this host has, or
 * that can be no one else (%defaultroute, an interface). When both could be, or
 * neither, the connection is not oriented, and there is a sentence that says why.
 */
#include "base/text.h"
#include "policy/db.h"

#include <string.h>

static uint64_t addr_hash(const struct policy *p, const struct ip_addr *a)
{
	return hash_view(&p->key, ip_view(a));
}

bool host_is_here(const struct policy *p, const struct ip_addr *a)
{
	if (!ip_is_set(a))
		return false;
	for (struct map_node *n = map_first(&p->own_addrs, addr_hash(p, a)); n; n = map_next(n))
		if (ip_equal(&CONTAINER_OF(n, struct own_addr, by_addr)->record.addr, a))
			return true;
	return false;
}

static struct ip_addr interface_addr(const struct policy *p, const char *name, uint8_t family)
{
	for (size_t i = 0; i < p->own_len; i++) {
		const struct host_address *a = &p->own[i].record;

		if (!strcmp(a->interface, name) && (!family || a->addr.family == family))
			return a->addr;
	}
	return (struct ip_addr){0};
}

static struct ip_addr default_addr(const struct policy *p, uint8_t family)
{
	if (family == IP_V6 || (!family && !ip_is_set(&p->host.default_v4.addr)))
		return p->host.default_v6.addr;
	return p->host.default_v4.addr;
}

static uint8_t bearing_family(const struct policy *p, const struct connection *c, int which)
{
	const struct host *other = &c->end[!which].host;

	if (c->family)
		return c->family;
	if (host_family(other))
		return host_family(other);
	if (other->kind == HOST_NAME && !other->others && c->end[which].host.kind != HOST_NAME)
		return dns_addr(p, other, IP_NONE).family;
	return IP_NONE;
}

/* ---- ends that are several hosts ---- */

static bool is_of(const struct ip_addr *a, uint8_t family)
{
	return ip_is_set(a) && (!family || a->family == family);
}

static bool name_has(const struct policy *p, const char *name, const struct ip_addr *a)
{
	const struct ip_addr *addrs;
	size_t n = dns_addrs(p, name, &addrs);

	for (size_t i = 0; i < n; i++)
		if (ip_equal(&addrs[i], a))
			return true;
	return false;
}

unsigned host_fit(const struct policy *p, const struct host *h, const struct ip_addr *a)
{
	unsigned fit = 0;

	if ((h->kind == HOST_ADDR && ip_equal(&h->addr, a)) ||
	    (h->kind == HOST_NAME && name_has(p, h->name, a)))
		return HOST_CLOSENESS_MAX;
	for (size_t i = 0; h->others && i < h->others->len; i++) {
		const struct host_other *o = &h->others->items[i];
		unsigned own = 0;

		if (o->name)
			own = name_has(p, o->name, a) ? HOST_CLOSENESS_MAX : 0;
		else if (range_has(&o->range, a))
			own = host_closeness(&o->range);
		fit = own > fit ? own : fit;
	}
	return fit;
}

/* The i-th of a list, the one that it begins with first: its address, when it is one host. */
static struct ip_addr entry_addr(const struct policy *p, const struct host *h, size_t i,
				 uint8_t family)
{
	struct host one = {.kind = HOST_NAME};

	if (i == 0)
		return h->kind == HOST_NAME ? dns_addr(p, h, family) : h->addr;
	one.name = h->others->items[i - 1].name;
	if (one.name)
		return dns_addr(p, &one, family);
	return host_is_single(&h->others->items[i - 1].range)
		       ? h->others->items[i - 1].range.first
		       : (struct ip_addr){0};
}

/* What a list is begun with: its first one host whose address is known. */
static struct ip_addr first_addr(const struct policy *p, const struct host *h, uint8_t family)
{
	for (size_t i = 0; i <= h->others->len; i++) {
		struct ip_addr a = entry_addr(p, h, i, family);

		if (is_of(&a, family))
			return a;
	}
	return (struct ip_addr){0};
}

/* The address of this host in a range: that of the default route, else the lowest. */
static struct ip_addr own_in_range(const struct policy *p, const struct ip_range *r)
{
	struct ip_addr first = default_addr(p, r->first.family);
	size_t from = 0, to = p->sorted_len;

	if (range_has(r, &first))
		return first;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (ip_compare(&p->sorted[middle], &r->first) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	if (from < p->sorted_len && range_has(r, &p->sorted[from]))
		return p->sorted[from];
	return (struct ip_addr){0};
}

/*
 * How closely a list fits this host, and by which address: its first one host, else the smallest
 * range. That it may be any address, as %any, does not say that it is this host.
 */
static unsigned list_fit(const struct policy *p, const struct host *h, uint8_t family,
			 struct ip_addr *ret)
{
	unsigned best = 0;

	for (size_t i = 0; i <= h->others->len; i++) {
		struct ip_addr a = entry_addr(p, h, i, family);

		if (!is_of(&a, family) || !host_is_here(p, &a))
			continue;
		*ret = a;
		return HOST_CLOSENESS_MAX;
	}
	for (size_t i = 0; i < h->others->len; i++) {
		const struct host_other *o = &h->others->items[i];
		struct ip_addr a = {0};

		if (!o->name && !host_is_whole(&o->range))
			a = own_in_range(p, &o->range);
		if (!is_of(&a, family) || host_closeness(&o->range) <= best)
			continue;
		*ret = a;
		best = host_closeness(&o->range);
	}
	return best;
}

/* ---- each end ---- */

/* The address of an end that is the peer, or, but for lists, this host. */
static struct ip_addr end_addr(const struct policy *p, const struct connection *c, int which,
			       uint8_t family)
{
	const struct host *h = &c->end[which].host;

	if (h->others)
		return first_addr(p, h, family);
	switch (h->kind) {
	case HOST_ADDR:
		return h->addr;
	case HOST_NAME:
		return dns_addr(p, h, family);
	case HOST_DEFAULTROUTE:
		return default_addr(p, family);
	case HOST_INTERFACE:
		return interface_addr(p, h->name, family);
	default:
		return (struct ip_addr){0};
	}
}

/* An end that can only be us, whether or not it has an address now. */
static bool must_be_us(const struct end *e)
{
	return e->host.kind == HOST_DEFAULTROUTE || e->host.kind == HOST_INTERFACE;
}

/* How closely the end is this host, 0: not at all; a loopback address stands for it in a shunt. */
static unsigned end_fit(const struct policy *p, const struct connection *c, int which,
			uint8_t family, struct ip_addr *own)
{
	const struct end *e = &c->end[which];

	if (must_be_us(e) || host_is_here(p, own) || (is_shunt(c) && ip_is_loopback(own)))
		return HOST_CLOSENESS_MAX;
	return e->host.others ? list_fit(p, &e->host, family, own) : 0;
}

/*
 * Which end of a shunt is us. It negotiates with nobody, so both may be this
 * host, or any: left then is ours.
 */
static int shunt_side(const struct connection *c, const unsigned fit[2])
{
	if (fit[0] || fit[1])
		return fit[1] > fit[0];
	if (c->end[0].host.kind == HOST_ANY && host_is_anybody(&c->end[1].host))
		return 0;
	return c->end[1].host.kind == HOST_ANY && host_is_anybody(&c->end[0].host) ? 1 : -1;
}

/* The end that fits more closely: an address that is ours, before a network that has one of ours. */
static int closer_side(const unsigned fit[2])
{
	return fit[0] == fit[1] ? -1 : fit[1] > fit[0];
}

struct bearing bearing_take(const struct policy *p, const struct connection *c)
{
	struct bearing b = {.kind = BEARING_HOST_UNKNOWN, .local = -1};
	struct ip_addr own[2];
	unsigned fit[2];
	int local;

	for (int i = 0; i < 2; i++) {
		uint8_t family = bearing_family(p, c, i);

		own[i] = b.addr[i] = end_addr(p, c, i, family);
		fit[i] = end_fit(p, c, i, family, &own[i]);
	}
	if (!p->host_known)
		return b;
	b.kind = fit[0] && fit[1] ? BEARING_BOTH : BEARING_NEITHER;
	local = is_shunt(c) ? shunt_side(c, fit) : closer_side(fit);
	if (local < 0)
		return b;
	b.addr[local] = own[local];
	b.kind = BEARING_NO_ADDRESS;
	if (must_be_us(&c->end[local]) && !ip_is_set(&b.addr[local]))
		return b;
	b.kind = BEARING_FOUND;
	b.local = (int8_t)local;
	if (c->end[!local].host.others)
		b.addr[!local] = end_addr(p, c, !local, own[local].family);
	return b;
}

/* ---- telling a person ---- */

static void describe_end(const struct connection *c, const struct bearing *b, int which,
			 char *buf, size_t cap, size_t *used)
{
	const struct host *h = &c->end[which].host;
	char text[IP_TEXT_MAX], list[160];
	bool known = ip_is_set(&b->addr[which]);

	if (known)
		ip_print(&b->addr[which], text);
	buf_add(buf, cap, used, "%s%s=", *used ? ", " : "", which ? "right" : "left");
	if (h->others) {
		buf_add(buf, cap, used, "%s", host_text(h, list, sizeof(list)));
		return;
	}
	switch (h->kind) {
	case HOST_ADDR:
		buf_add(buf, cap, used, "%s", text);
		return;
	case HOST_NAME:
		buf_add(buf, cap, used, "%s (%s)", h->name, known ? text : "not resolved yet");
		return;
	case HOST_DEFAULTROUTE:
		buf_add(buf, cap, used, "%%defaultroute (%s)", known ? text : "there is none");
		return;
	case HOST_INTERFACE:
		buf_add(buf, cap, used, "%%%s (%s)", h->name,
			known ? text : "no such interface with an address");
		return;
	case HOST_GROUP:
		buf_add(buf, cap, used, "%s", h->name ? h->name : "%group");
		return;
	default:
		buf_add(buf, cap, used, "%%any");
	}
}

static void list_own(const struct policy *p, char *buf, size_t cap)
{
	char text[IP_TEXT_MAX];
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < p->own_len; i++)
		buf_add(buf, cap, &used, "%s%s (%s)", i ? ", " : "",
			ip_print(&p->own[i].record.addr, text), p->own[i].record.interface);
	if (!p->own_len)
		buf_add(buf, cap, &used, "no address at all, or none that listen= names");
}

static const char *hint_of(const struct bearing *b, const struct connection *c)
{
	if (b->kind == BEARING_BOTH)
		return must_be_us(&c->end[0]) && must_be_us(&c->end[1])
			       ? "write the peer's address as one of them"
			       : "one end must be the peer: write its address there";
	if (b->kind == BEARING_NO_ADDRESS)
		return "it is loaded and will be used as soon as that address is there";
	if (c->end[0].host.kind == HOST_ANY || c->end[1].host.kind == HOST_ANY)
		return "%any stands for the peer: write left=%defaultroute for this host";
	return "write this host's address, or %defaultroute, as left= or right=";
}

bool policy_waits_for_address(const struct policy *p, const struct loaded *l)
{
	struct bearing b;

	if (l->local >= 0)
		return false;
	b = bearing_take(p, l->connection);
	return b.kind == BEARING_NO_ADDRESS || b.kind == BEARING_NEITHER;
}

bool policy_explain_orientation(const struct policy *p, const struct connection *c,
				struct diag *why)
{
	static const char *const sentences[] = {
		[BEARING_FOUND] = "one end is this host",
		[BEARING_HOST_UNKNOWN] = "the addresses of this host are not known yet",
		[BEARING_NEITHER] = "neither end is an address of this host",
		[BEARING_BOTH] = "both ends are this host",
		[BEARING_NO_ADDRESS] = "the end that is this host has no address now",
	};
	struct bearing b = bearing_take(p, c);
	char ends[400], own[500];
	size_t used = 0;

	describe_end(c, &b, 0, ends, sizeof(ends), &used);
	describe_end(c, &b, 1, ends, sizeof(ends), &used);
	list_own(p, own, sizeof(own));
	diag_set(why, b.kind == BEARING_FOUND ? "oriented" : "not-oriented", NULL, "%s",
		 sentences[b.kind]);
	diag_wanted(why, "exactly one end that is an address of this host: %s", own);
	diag_got(why, "%s", ends);
	if (b.kind != BEARING_FOUND)
		diag_hint(why, "%s", hint_of(&b, c));
	return b.kind == BEARING_FOUND;
}
