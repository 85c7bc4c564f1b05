/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of addresses: networks (prefixes) and ranges. */
#include "base/addr.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* The address with every bit behind the first `bits` cleared, or set. */
static struct ip_addr with_host_bits(const struct ip_addr *a, unsigned bits, bool set)
{
	struct ip_addr out = *a;
	size_t at = bits / 8, len = ip_len(a);
	uint8_t host = (uint8_t)(0xff >> bits % 8);

	if (at >= len)
		return out;
	out.octets[at] = set ? out.octets[at] | host : out.octets[at] & (uint8_t)~host;
	memset(out.octets + at + 1, set ? 0xff : 0, len - at - 1);
	return out;
}

/* The length of a contiguous IPv4 mask such as 255.255.255.0. */
static bool mask_bits(const struct ip_addr *mask, uint64_t *ret)
{
	struct ip_addr ones = ip_highest(IP_V4);

	if (mask->family != IP_V4)
		return false;
	for (unsigned bits = 0; bits <= 32; bits++) {
		struct ip_addr whole = with_host_bits(&ones, bits, false);

		if (ip_equal(mask, &whole)) {
			*ret = bits;
			return true;
		}
	}
	return false;
}

/* What stands behind the slash: a length, or for IPv4 a mask. */
static bool length_parse(const char *text, const struct ip_addr *addr, uint64_t *ret)
{
	struct ip_addr mask;

	if (text_number(text, 0, ip_bits(addr), ret))
		return true;
	return addr->family == IP_V4 && ip_parse(text, &mask) == CYG_OK &&
	       mask_bits(&mask, ret);
}

static enum cyg_err host_bits_set(struct diag *why, const char *text, const struct ip_prefix *p)
{
	char net[IP_TEXT_MAX];

	diag_set(why, "host-bits-set", NULL, "the address has bits set outside its prefix");
	diag_wanted(why, "%s", prefix_print(p, net));
	diag_got(why, "%s", text);
	diag_hint(why, "write %s for the network, or give the one address without a length",
		  net);
	return CYG_RANGE;
}

enum cyg_err prefix_parse(const char *text, struct ip_prefix *ret, struct diag *why)
{
	const char *slash = strchr(text, '/');
	size_t addr_len = slash ? (size_t)(slash - text) : strlen(text);
	char addr_text[IP_TEXT_MAX];
	struct ip_addr addr;
	struct ip_prefix p;
	uint64_t bits;

	if (addr_len < sizeof(addr_text))
		snprintf(addr_text, sizeof(addr_text), "%.*s", (int)addr_len, text);
	if (addr_len >= sizeof(addr_text) || ip_parse(addr_text, &addr) != CYG_OK) {
		diag_set(why, "bad-address", NULL, "not an IP address");
		diag_wanted(why, "an address such as 192.0.2.1 or 2001:db8::1");
		diag_got(why, "%.*s", (int)(addr_len < 100 ? addr_len : 100), text);
		return CYG_MALFORMED;
	}
	bits = ip_bits(&addr);
	if (slash && !length_parse(slash + 1, &addr, &bits)) {
		diag_set(why, "bad-prefix-length", NULL,
			 "not a prefix length for this address");
		diag_wanted(why, "0 to %u%s", ip_bits(&addr),
			    addr.family == IP_V4 ? ", or a mask such as 255.255.255.0" : "");
		diag_got(why, "%.100s", slash + 1);
		return CYG_RANGE;
	}
	p = prefix_of(&addr, (unsigned)bits);
	if (!ip_equal(&p.addr, &addr))
		return host_bits_set(why, text, &p);
	*ret = p;
	return CYG_OK;
}

const char *prefix_print(const struct ip_prefix *p, char buf[IP_TEXT_MAX])
{
	size_t used = strlen(ip_print(&p->addr, buf));

	if (ip_is_set(&p->addr))
		buf_add(buf, IP_TEXT_MAX, &used, "/%u", p->bits);
	return buf;
}

bool prefix_contains(const struct ip_prefix *p, const struct ip_addr *a)
{
	struct ip_prefix same = prefix_of(a, p->bits);

	return prefix_equal(p, &same);
}

bool prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->bits == b->bits && ip_equal(&a->addr, &b->addr);
}

struct ip_range prefix_range(const struct ip_prefix *p)
{
	return (struct ip_range){
		.first = with_host_bits(&p->addr, p->bits, false),
		.last = with_host_bits(&p->addr, p->bits, true),
	};
}

struct ip_prefix prefix_of(const struct ip_addr *a, unsigned bits)
{
	unsigned most = ip_bits(a);

	bits = bits < most ? bits : most;
	return (struct ip_prefix){with_host_bits(a, bits, false), (uint8_t)bits};
}

bool range_equal(const struct ip_range *a, const struct ip_range *b)
{
	return ip_equal(&a->first, &b->first) && ip_equal(&a->last, &b->last);
}

bool range_has(const struct ip_range *r, const struct ip_addr *a)
{
	return ip_compare(&r->first, a) <= 0 && ip_compare(a, &r->last) <= 0;
}

bool range_contains(const struct ip_range *outer, const struct ip_range *inner)
{
	return range_has(outer, &inner->first) && range_has(outer, &inner->last);
}

bool range_intersect(const struct ip_range *a, const struct ip_range *b, struct ip_range *ret)
{
	struct ip_range both;

	/* Addresses are ordered by family first: of two families the first lies past the last. */
	both.first = ip_compare(&a->first, &b->first) > 0 ? a->first : b->first;
	both.last = ip_compare(&a->last, &b->last) < 0 ? a->last : b->last;
	if (ip_compare(&both.first, &both.last) > 0)
		return false;
	*ret = both;
	return true;
}

static bool bit_is_set(const struct ip_addr *a, unsigned index)
{
	return a->octets[index / 8] & (0x80 >> index % 8);
}

/* The widest prefix that starts at the range's first address and stays inside. */
static struct ip_prefix widest_at_start(const struct ip_range *r)
{
	unsigned bits = ip_bits(&r->first);

	while (bits > 0 && !bit_is_set(&r->first, bits - 1)) {
		struct ip_addr last = with_host_bits(&r->first, bits - 1, true);

		if (ip_compare(&last, &r->last) > 0)
			break;
		bits--;
	}
	return prefix_of(&r->first, bits);
}

/* How many bits two addresses of one family have in common before they differ. */
static unsigned common_bits(const struct ip_addr *a, const struct ip_addr *b)
{
	size_t len = ip_len(a), at = 0;

	while (at < len && a->octets[at] == b->octets[at])
		at++;
	if (at == len)
		return ip_bits(a);
	/* of an unsigned, 24 bits stand before those of an octet */
	return (unsigned)at * 8 + (unsigned)__builtin_clz(a->octets[at] ^ b->octets[at]) - 24;
}

bool range_is_prefix(const struct ip_range *r, struct ip_prefix *ret)
{
	struct ip_prefix p;
	struct ip_range covered;

	if (!ip_is_set(&r->first) || r->first.family != r->last.family)
		return false;
	p = prefix_of(&r->first, common_bits(&r->first, &r->last));
	covered = prefix_range(&p);
	if (!range_equal(r, &covered))
		return false;
	*ret = p;
	return true;
}

size_t range_prefixes(const struct ip_range *r, struct ip_prefix *out, size_t cap)
{
	struct ip_range left = *r;
	size_t count = 0;

	if (!ip_is_set(&r->first) || r->first.family != r->last.family)
		return 0;
	while (count < cap && ip_compare(&left.first, &left.last) <= 0) {
		struct ip_prefix p = widest_at_start(&left);

		out[count++] = p;
		left.first = prefix_range(&p).last;
		if (!ip_next(&left.first))
			break;
	}
	return count;
}

const char *range_print(const struct ip_range *r, char buf[2 * IP_TEXT_MAX])
{
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX];
	struct ip_prefix p;

	if (range_is_prefix(r, &p))
		return prefix_print(&p, buf);
	snprintf(buf, 2 * IP_TEXT_MAX, "%s-%s", ip_print(&r->first, first),
		 ip_print(&r->last, last));
	return buf;
}
