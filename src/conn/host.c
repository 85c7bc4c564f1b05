/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/host.h"

#include <stdlib.h>
#include <string.h>

bool host_is_single(const struct ip_range *r)
{
	return ip_equal(&r->first, &r->last);
}

bool host_is_whole(const struct ip_range *r)
{
	struct ip_addr lowest = ip_lowest(r->first.family),
		       highest = ip_highest(r->first.family);

	return ip_equal(&r->first, &lowest) && ip_equal(&r->last, &highest);
}

/* Bits of the number of addresses: the whole logarithm, rounded up. 0: one address. */
static unsigned size_bits(const struct ip_range *r)
{
	size_t len = ip_len(&r->first);
	uint8_t less[16]; /* last - first */
	unsigned borrow = 0;

	for (size_t i = len; i-- > 0;) {
		int d = r->last.octets[i] - r->first.octets[i] - (int)borrow;

		borrow = d < 0;
		less[i] = (uint8_t)d;
	}
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 8; bit-- > 0;)
			if (less[i] >> bit & 1)
				return (unsigned)(8 * (len - 1 - i)) + bit + 1;
	return 0;
}

unsigned host_closeness(const struct ip_range *r)
{
	return host_is_whole(r) ? 1 : HOST_CLOSENESS_MAX - size_bits(r);
}

/* ---- making ---- */

static bool is_one_host(const struct host_other *o)
{
	return o->name || host_is_single(&o->range);
}

static bool is_whole(const struct host_other *o)
{
	return !o->name && host_is_whole(&o->range);
}

void host_done(struct host *h)
{
	for (size_t i = 0; h->others && i < h->others->len; i++)
		free(h->others->items[i].name);
	free(h->others);
	free(h->name);
	*h = (struct host){.kind = HOST_UNSET};
}

/* Room for `room` of them, of which none is there yet. */
static struct host_others *new_others(size_t room)
{
	return calloc(1, sizeof(struct host_others) + room * sizeof(struct host_other));
}

static bool add_other(struct host_others *o, const struct ip_range *range, const char *name)
{
	struct host_other *at = &o->items[o->len];

	if (name) {
		at->name = strdup(name);
		if (!at->name)
			return false;
	} else {
		at->range = *range;
	}
	o->len++;
	return true;
}

/* All of one family, at the end of a list. */
static bool add_whole(struct host_others *o, enum ip_family family)
{
	struct ip_range all = {ip_lowest(family), ip_highest(family)};

	return add_other(o, &all, NULL);
}

static bool take_main(struct host *h, const struct host_other *o)
{
	h->kind = o->name ? HOST_NAME : HOST_ADDR;
	if (!o->name) {
		h->addr = o->range.first;
		return true;
	}
	h->name = strdup(o->name);
	return h->name;
}

/* The first that is one host, then the others as they come, whole families last. */
static bool fill(struct host *h, const struct host_other *entries, size_t len, bool v4, bool v6)
{
	for (size_t i = 0; i < len; i++) {
		bool well = true;

		if (is_whole(&entries[i]))
			continue;
		if (h->kind == HOST_NETS && is_one_host(&entries[i]))
			well = take_main(h, &entries[i]);
		else
			well = add_other(h->others, &entries[i].range, entries[i].name);
		if (!well)
			return false;
	}
	return (!v4 || add_whole(h->others, IP_V4)) && (!v6 || add_whole(h->others, IP_V6));
}

enum cyg_err host_of_list(const struct host_other *entries, size_t len, bool and_any,
			  struct host *ret)
{
	struct host made = {.kind = HOST_NETS};
	bool v4 = and_any, v6 = and_any;
	size_t whole = 0;

	for (size_t i = 0; i < len; i++) {
		bool is = is_whole(&entries[i]);

		whole += is;
		v4 |= is && entries[i].range.first.family == IP_V4;
		v6 |= is && entries[i].range.first.family == IP_V6;
	}
	if (whole == len) {
		*ret = (struct host){.kind = HOST_ANY};
		return CYG_OK;
	}
	made.others = new_others(len + 2);
	if (!made.others || !fill(&made, entries, len, v4, v6)) {
		host_done(&made);
		return CYG_NOMEM;
	}
	if (!made.others->len) {
		free(made.others);
		made.others = NULL;
	}
	*ret = made;
	return CYG_OK;
}

enum cyg_err host_allow_any(struct host *h)
{
	struct host_other entries[1 + HOST_LIST_MAX + 2];
	size_t n = 0;
	struct host made;

	if (h->kind != HOST_ADDR && h->kind != HOST_NAME && h->kind != HOST_NETS)
		return CYG_OK;
	if (h->kind != HOST_NETS)
		entries[n++] = (struct host_other){{h->addr, h->addr}, h->name};
	for (size_t i = 0; h->others && i < h->others->len; i++)
		entries[n++] = h->others->items[i];
	if (host_of_list(entries, n, true, &made))
		return CYG_NOMEM;
	if (made.kind == HOST_NAME)
		made.addr = h->addr;
	host_done(h);
	*h = made;
	return CYG_OK;
}

enum cyg_err host_copy(const struct host *h, struct host *ret)
{
	struct host made = {.kind = h->kind, .addr = h->addr};
	bool well = true;

	if (h->name) {
		made.name = strdup(h->name);
		well = made.name;
	}
	if (h->others && well) {
		made.others = new_others(h->others->len);
		well = made.others;
	}
	for (size_t i = 0; h->others && well && i < h->others->len; i++)
		well = add_other(made.others, &h->others->items[i].range,
				 h->others->items[i].name);
	if (!well) {
		host_done(&made);
		*ret = made;
		return CYG_NOMEM;
	}
	*ret = made;
	return CYG_OK;
}

/* ---- comparing ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool others_equal(const struct host_others *a, const struct host_others *b)
{
	if (!a || !b)
		return a == b;
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!same_text(a->items[i].name, b->items[i].name) ||
		    !range_equal(&a->items[i].range, &b->items[i].range))
			return false;
	return true;
}

bool host_equal(const struct host *a, const struct host *b)
{
	return a->kind == b->kind && ip_equal(&a->addr, &b->addr) &&
	       same_text(a->name, b->name) && others_equal(a->others, b->others);
}

/* ---- text ---- */

/* Its list ends with all addresses of both families. */
static bool has_any(const struct host *h)
{
	const struct host_others *o = h->others;

	return o && o->len >= 2 && is_whole(&o->items[o->len - 1]) &&
	       is_whole(&o->items[o->len - 2]);
}

/* Behind a %, a name without a dot would be an interface. */
static bool is_short(const struct host *h)
{
	return has_any(h) &&
	       (h->kind == HOST_ADDR || (h->kind == HOST_NAME && strchr(h->name, '.')));
}

static const char *print_range(const struct ip_range *r, char buf[2 * IP_TEXT_MAX])
{
	return host_is_single(r) ? ip_print(&r->first, buf) : range_print(r, buf);
}

static void print_others(const struct host *h, size_t len, struct text *out)
{
	char range[2 * IP_TEXT_MAX];

	for (size_t i = 0; i < len; i++) {
		const struct host_other *o = &h->others->items[i];

		text_add(out, "%s%s", i || h->kind != HOST_NETS ? "," : "",
			 o->name ? o->name : print_range(&o->range, range));
	}
}

bool host_print(const struct host *h, struct text *out)
{
	size_t others = h->others ? h->others->len : 0;
	char addr[IP_TEXT_MAX];

	if (is_short(h)) {
		text_add_str(out, "%");
		others -= 2;
	}
	switch (h->kind) {
	case HOST_ADDR:
		text_add_str(out, ip_print(&h->addr, addr));
		break;
	case HOST_NAME:
		text_add_str(out, h->name);
		if (ip_is_set(&h->addr))
			text_add(out, "/%s", ip_print(&h->addr, addr));
		break;
	case HOST_GROUP:
		text_add_str(out, h->name);
		break;
	case HOST_ANY:
		text_add_str(out, "%any");
		break;
	case HOST_DEFAULTROUTE:
		text_add_str(out, "%defaultroute");
		break;
	case HOST_INTERFACE:
		text_add(out, "%%%s", h->name);
		break;
	case HOST_NETS:
		break;
	default:
		return false;
	}
	print_others(h, others, out);
	return true;
}

const char *host_text(const struct host *h, char *buf, size_t cap)
{
	struct text t = {0};
	size_t used = 0;

	if (cap)
		buf[0] = '\0';
	if (!host_print(h, &t) || t.bad)
		buf_add(buf, cap, &used, "%s", t.bad ? "several" : "%any");
	else
		buf_add(buf, cap, &used, "%s", text_str(&t));
	text_done(&t);
	return buf;
}

/* ---- what it may be ---- */

bool host_is_several(const struct host *h)
{
	return h->others || h->kind == HOST_ANY || h->kind == HOST_GROUP;
}

bool host_is_anybody(const struct host *h)
{
	return h->kind == HOST_ANY || h->kind == HOST_GROUP;
}

const char *host_name(const struct host *h, size_t i)
{
	if (h->kind == HOST_NAME && i-- == 0)
		return h->name;
	for (size_t k = 0; h->others && k < h->others->len; k++)
		if (h->others->items[k].name && i-- == 0)
			return h->others->items[k].name;
	return NULL;
}

bool host_has_name(const struct host *h)
{
	return host_name(h, 0);
}

uint8_t host_family(const struct host *h)
{
	bool v4 = host_may_be(h, IP_V4), v6 = host_may_be(h, IP_V6);

	if (v4 == v6)
		return IP_NONE;
	return v4 ? IP_V4 : IP_V6;
}

bool host_may_be(const struct host *h, uint8_t family)
{
	if (h->kind != HOST_ADDR && h->kind != HOST_NETS)
		return true;
	if (h->kind == HOST_ADDR && h->addr.family == family)
		return true;
	for (size_t i = 0; h->others && i < h->others->len; i++)
		if (h->others->items[i].name ||
		    h->others->items[i].range.first.family == family)
			return true;
	return false;
}
