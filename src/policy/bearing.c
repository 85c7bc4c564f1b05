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

static bool host_has(const struct policy *p, const struct ip_addr *a)
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
	if (other->kind == HOST_ADDR)
		return other->addr.family;
	if (other->kind == HOST_NAME && c->end[which].host.kind != HOST_NAME)
		return dns_addr(p, other, IP_NONE).family;
	return IP_NONE;
}

static struct ip_addr end_addr(const struct policy *p, const struct connection *c, int which)
{
	const struct host *h = &c->end[which].host;
	uint8_t family = bearing_family(p, c, which);

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

static bool is_anybody(const struct end *e)
{
	return e->host.kind == HOST_ANY || e->host.kind == HOST_GROUP;
}

/*
 * Which end of a shunt is us. It negotiates with nobody, so both may be this
 * host, or any: left then is ours. A loopback address stands for this host, as
 * others write it.
 */
static int shunt_side(const struct connection *c, const struct bearing *b, const bool ours[2])
{
	for (int i = 0; i < 2; i++)
		if (ours[i] || ip_is_loopback(&b->addr[i]))
			return i;
	if (c->end[0].host.kind == HOST_ANY && is_anybody(&c->end[1]))
		return 0;
	return c->end[1].host.kind == HOST_ANY && is_anybody(&c->end[0]) ? 1 : -1;
}

/* An end that can only be us, whether or not it has an address now. */
static bool must_be_us(const struct end *e)
{
	return e->host.kind == HOST_DEFAULTROUTE || e->host.kind == HOST_INTERFACE;
}

struct bearing bearing_take(const struct policy *p, const struct connection *c)
{
	struct bearing b = {.kind = BEARING_HOST_UNKNOWN, .local = -1};
	bool ours[2];
	int local;

	for (int i = 0; i < 2; i++) {
		b.addr[i] = end_addr(p, c, i);
		ours[i] = must_be_us(&c->end[i]) || host_has(p, &b.addr[i]);
	}
	if (!p->host_known)
		return b;
	b.kind = ours[0] && ours[1] ? BEARING_BOTH : BEARING_NEITHER;
	local = is_shunt(c) ? shunt_side(c, &b, ours) : ours[0] == ours[1] ? -1 : ours[1];
	if (local < 0)
		return b;
	b.kind = BEARING_NO_ADDRESS;
	if (must_be_us(&c->end[local]) && !ip_is_set(&b.addr[local]))
		return b;
	b.kind = BEARING_FOUND;
	b.local = (int8_t)local;
	return b;
}

/* ---- telling a person ---- */

static void describe_end(const struct connection *c, const struct bearing *b, int which,
			 char *buf, size_t cap, size_t *used)
{
	const struct host *h = &c->end[which].host;
	char text[IP_TEXT_MAX];
	bool known = ip_is_set(&b->addr[which]);

	if (known)
		ip_print(&b->addr[which], text);
	buf_add(buf, cap, used, "%s%s=", *used ? ", " : "", which ? "right" : "left");
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
		buf_add(buf, cap, used, "%%%s", h->name ? h->name : "group");
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
		buf_add(buf, cap, &used, "no address at all");
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
