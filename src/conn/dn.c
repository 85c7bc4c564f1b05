/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name ::= SEQUENCE OF RelativeDistinguishedName
 * RelativeDistinguishedName ::= SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }
 */
#include "conn/dn.h"

#include "base/builder.h"
#include "base/der.h"

#define TAG_UTF8 0x0c
#define TAG_NUMERIC 0x12
#define TAG_PRINTABLE 0x13
#define TAG_TELETEX 0x14
#define TAG_IA5 0x16
#define TAG_VISIBLE 0x1a
#define TAG_UNIVERSAL 0x1c
#define TAG_BMP 0x1e

static void read_attr(struct reader *rdn, struct dn_attr *ret)
{
	struct reader attr = der_enter(rdn, DER_SEQUENCE);
	struct reader type = der_enter(&attr, DER_OID);
	const uint8_t *start = attr.at;
	struct reader value;

	ret->type = read_rest(&type);
	ret->tag = der_peek(&attr);
	value = der_next(&attr);
	ret->value = read_rest(&value);
	ret->whole = view_of(start, (size_t)(attr.at - start));
	if (!ret->type.len || ret->type.len > DN_OID_MAX || !read_done(&attr))
		read_fail(rdn);
}

static enum cyg_err not_a_name(struct diag *why, const struct reader *at, const char *what)
{
	diag_set(why, "bad-dn", "RFC 5280 4.1.2.4",
		 "the distinguished name is not well formed");
	diag_wanted(why, "a DER SEQUENCE of SETs of attributes");
	diag_got(why, "%s", what);
	diag_offset(why, read_offset(at));
	return CYG_MALFORMED;
}

static enum cyg_err too_big(struct diag *why, const char *what, size_t most)
{
	diag_set(why, "dn-too-big", NULL, "the distinguished name has too many %s", what);
	diag_wanted(why, "at most %zu", most);
	return CYG_LIMIT;
}

/* Read one relative name and count its attributes. */
static enum cyg_err check_rdn(struct reader *name, size_t *attrs, struct diag *why)
{
	struct reader rdn = der_enter(name, DER_SET);
	struct dn_attr attr;
	size_t count = 0;

	while (!rdn.bad && read_left(&rdn)) {
		read_attr(&rdn, &attr);
		count++;
	}
	if (rdn.bad)
		return not_a_name(why, &rdn,
				  "an attribute that ends too early or is no attribute");
	if (!count)
		return not_a_name(why, &rdn, "a relative name without attributes");
	if (count > DN_RDN_ATTRS_MAX)
		return too_big(why, "attributes in one part", DN_RDN_ATTRS_MAX);
	*attrs += count;
	return CYG_OK;
}

enum cyg_err dn_check(struct view der, struct diag *why)
{
	struct reader all = reader_of(der), name;
	size_t attrs = 0;

	if (der.len > DN_OCTETS_MAX)
		return too_big(why, "octets", DN_OCTETS_MAX);
	name = der_enter(&all, DER_SEQUENCE);
	if (name.bad)
		return not_a_name(why, &all,
				  "no SEQUENCE, or a longer one than there are octets");
	if (!read_done(&all))
		return not_a_name(why, &all, "octets behind the name");
	while (read_left(&name)) {
		enum cyg_err err = check_rdn(&name, &attrs, why);

		if (err)
			return err;
		if (attrs > DN_ATTRS_MAX)
			return too_big(why, "attributes", DN_ATTRS_MAX);
	}
	if (!attrs)
		return not_a_name(why, &name, "an empty name");
	return CYG_OK;
}

struct dn_walk dn_walk(struct view der)
{
	struct reader all = reader_of(der);

	return (struct dn_walk){.name = der_enter(&all, DER_SEQUENCE),
				.rdn = reader_of((struct view){NULL, 0})};
}

bool dn_next(struct dn_walk *w, struct dn_attr *ret)
{
	while (!read_left(&w->rdn)) {
		if (!read_left(&w->name))
			return false;
		w->rdn = der_enter(&w->name, DER_SET);
		w->rdns++;
	}
	read_attr(&w->rdn, ret);
	ret->rdn = w->rdns - 1;
	return !w->rdn.bad;
}

/* The octets of the UTF-8 character at the start of `v`; 0 when it is none (RFC 3629 3). */
static size_t utf8_len(struct view v)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = v.len ? v.ptr[0] : 0xff;
	size_t len = first < 0x80   ? 1
		     : first < 0xc0 ? 0
		     : first < 0xe0 ? 2
		     : first < 0xf0 ? 3
				    : 4;
	uint32_t code = len == 1 ? first : first & (0x7fu >> len);

	if (!len || len > v.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((v.ptr[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (v.ptr[i] & 0x3f);
	}
	if (code < lowest[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

bool dn_is_utf8(struct view v)
{
	while (v.len) {
		size_t len = utf8_len(v);

		if (!len)
			return false;
		v = view_of(v.ptr + len, v.len - len);
	}
	return true;
}

static void build_utf8(struct builder *b, uint32_t code)
{
	if (code < 0x80) {
		build_u8(b, (uint8_t)code);
		return;
	}
	if (code < 0x800) {
		build_u8(b, (uint8_t)(0xc0 | code >> 6));
	} else if (code < 0x10000) {
		build_u8(b, (uint8_t)(0xe0 | code >> 12));
		build_u8(b, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	} else {
		build_u8(b, (uint8_t)(0xf0 | (code >> 18 & 0x0f)));
		build_u8(b, (uint8_t)(0x80 | (code >> 12 & 0x3f)));
		build_u8(b, (uint8_t)(0x80 | (code >> 6 & 0x3f)));
	}
	build_u8(b, (uint8_t)(0x80 | (code & 0x3f)));
}

/* A BMPString or UniversalString as UTF-8 in `store`. */
static bool narrow_text(const struct dn_attr *a, uint8_t store[DN_OCTETS_MAX], struct view *ret)
{
	struct reader r = reader_of(a->value);
	struct builder b = builder_of(store, DN_OCTETS_MAX);

	while (read_left(&r)) {
		uint32_t code = a->tag == TAG_BMP ? read_u16(&r) : read_u32(&r);

		if (code > 0x10ffff)
			return false;
		build_utf8(&b, code);
	}
	*ret = build_done(&b);
	return !r.bad && !b.bad && dn_is_utf8(*ret);
}

bool dn_value_text(const struct dn_attr *a, uint8_t store[DN_OCTETS_MAX], struct view *ret)
{
	switch (a->tag) {
	case TAG_UTF8:
		*ret = a->value;
		return dn_is_utf8(a->value);
	case TAG_NUMERIC:
	case TAG_PRINTABLE:
	case TAG_TELETEX: /* its other half was never used one way */
	case TAG_IA5:
	case TAG_VISIBLE:
		*ret = a->value;
		return view_is_ascii(a->value);
	case TAG_BMP:
	case TAG_UNIVERSAL:
		return narrow_text(a, store, ret);
	default:
		return false;
	}
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next octet folded: lower case, blanks at the ends gone, others one each; -1: the end. */
static int next_folded(struct reader *r, bool *began)
{
	bool blank = false;

	while (read_left(r) && is_blank(*r->at)) {
		read_skip(r, 1);
		blank = true;
	}
	if (!read_left(r))
		return -1;
	if (blank && *began) {
		*began = false; /* the blank is given out now, what follows it next time */
		return ' ';
	}
	*began = true;
	uint8_t c = read_u8(r);
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool texts_equal(struct view a, struct view b)
{
	struct reader x = reader_of(a), y = reader_of(b);
	bool x_began = false, y_began = false;
	int c;

	do {
		c = next_folded(&x, &x_began);
		if (c != next_folded(&y, &y_began))
			return false;
	} while (c >= 0);
	return true;
}

static bool values_equal(const struct dn_attr *a, const struct dn_attr *b)
{
	uint8_t a_store[DN_OCTETS_MAX], b_store[DN_OCTETS_MAX];
	struct view a_text, b_text;

	if (a->tag == b->tag && view_equal(a->value, b->value))
		return true;
	return dn_value_text(a, a_store, &a_text) && dn_value_text(b, b_store, &b_text) &&
	       texts_equal(a_text, b_text);
}

static bool attrs_meet(const struct dn_attr *pattern, const struct dn_attr *a, bool wild)
{
	if (!view_equal(pattern->type, a->type))
		return false;
	return (wild && pattern->tag == DN_TAG_WILDCARD) || values_equal(pattern, a);
}

/* The attributes of one relative name, gathered, since a SET has no order of meaning. */
struct rdn {
	struct dn_attr attrs[DN_RDN_ATTRS_MAX];
	size_t len;
};

static bool next_rdn(struct dn_walk *w, struct rdn *ret)
{
	ret->len = 0;
	while (ret->len < DN_RDN_ATTRS_MAX && dn_next(w, &ret->attrs[ret->len])) {
		ret->len++;
		if (!read_left(&w->rdn))
			break;
	}
	return ret->len > 0;
}

static bool rdns_meet(const struct rdn *pattern, const struct rdn *r, bool wild)
{
	unsigned taken = 0;

	if (pattern->len != r->len)
		return false;
	for (size_t i = 0; i < pattern->len; i++) {
		size_t j = 0;

		while (j < r->len && ((taken & 1u << j) ||
				      !attrs_meet(&pattern->attrs[i], &r->attrs[j], wild)))
			j++;
		if (j == r->len)
			return false;
		taken |= 1u << j;
	}
	return true;
}

static bool names_meet(struct view pattern, struct view name, bool wild)
{
	struct dn_walk x = dn_walk(pattern), y = dn_walk(name);
	struct rdn a, b;

	for (;;) {
		bool more = next_rdn(&x, &a);

		if (more != next_rdn(&y, &b))
			return false;
		if (!more)
			return true;
		if (!rdns_meet(&a, &b, wild))
			return false;
	}
}

bool dn_equal(struct view a, struct view b)
{
	return names_meet(a, b, false);
}

bool dn_match(struct view pattern, struct view name)
{
	return names_meet(pattern, name, true);
}

/* What values_equal goes by: the folded text; where a value is no text, its type alone. */
static uint64_t attr_hash(const struct hash_key *key, const struct dn_attr *a)
{
	uint8_t store[DN_OCTETS_MAX], folded[2 * DN_OCTETS_MAX];
	struct builder b = builder_of(folded, sizeof(folded));
	struct view text;
	bool began = false;

	build_u16(&b, (uint16_t)a->rdn);
	build_u16(&b, (uint16_t)a->type.len);
	build_view(&b, a->type);
	if (dn_value_text(a, store, &text)) {
		struct reader r = reader_of(text);

		for (int c = next_folded(&r, &began); c >= 0; c = next_folded(&r, &began))
			build_u8(&b, (uint8_t)c);
	}
	return hash_view(key, build_done(&b));
}

uint64_t dn_hash(const struct hash_key *key, struct view der)
{
	struct dn_walk w = dn_walk(der);
	struct dn_attr a;
	uint64_t sum = 0;

	/* A sum, since the attributes of one relative name may stand in any order. */
	while (dn_next(&w, &a))
		sum += attr_hash(key, &a);
	return sum;
}

size_t dn_wildcards(struct view der)
{
	struct dn_walk w = dn_walk(der);
	struct dn_attr a;
	size_t count = 0;

	while (dn_next(&w, &a))
		count += a.tag == DN_TAG_WILDCARD;
	return count;
}
