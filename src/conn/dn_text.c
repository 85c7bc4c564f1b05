/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Distinguished names as people write them (RFC 4514, in the order of the
 * name rather than reversed). What tells attributes apart:
 *
 *	C=CH, O=Example, CN=west      a comma ends a value (write \, inside one)
 *	/C=CH/O=Example/CN=west       so does a slash before any TYPE=, when one leads
 *	C=CH/O=Example, CN=a+OU=b     else a slash or plus before a TYPE= that is known
 *
 * Blanks round types and values don't count. A value may stand in quotes, a
 * backslash takes the next character (or two hex digits) as it is, # and hex
 * digits give a value in DER, * alone is a wildcard.
 */
#include "conn/dn.h"

#include "base/builder.h"
#include "base/text.h"

#include <string.h>

#define TAG_OID 0x06
#define TAG_UTF8 0x0c
#define TAG_PRINTABLE 0x13
#define TAG_TELETEX 0x14
#define TAG_IA5 0x16
#define TAG_SEQUENCE 0x30
#define TAG_SET 0x31

#define OID_TEXT_MAX 128

/* The kind of string that carries a value, where its characters allow. */
enum value_kind { DIRECTORY, IA5 };

/* X.520's attributes are all 2.5.4.N. */
#define X520(n) {0x55, 0x04, (n)}, 3
#define PKCS9(n) {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, (n)}, 9
#define PILOT(n) {0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, (n)}, 10

/* To add a type, add a row. The first name is the one printed. */
static const struct dn_type {
	uint8_t oid[10];
	uint8_t oid_len;
	uint8_t kind; /* enum value_kind */
	const char *names[3];
} types[] = {
	{X520(6), DIRECTORY, {"C", "countryName"}},
	{X520(8), DIRECTORY, {"ST", "stateOrProvinceName"}},
	{X520(7), DIRECTORY, {"L", "localityName"}},
	{X520(10), DIRECTORY, {"O", "organizationName"}},
	{X520(11), DIRECTORY, {"OU", "organizationalUnitName"}},
	{X520(3), DIRECTORY, {"CN", "commonName"}},
	{PKCS9(1), IA5, {"E", "emailAddress", "Email"}},
	{PILOT(25), IA5, {"DC", "domainComponent"}},
	{PILOT(1), DIRECTORY, {"UID", "userId"}},
	{X520(4), DIRECTORY, {"SN", "surname", "S"}},
	{X520(5), DIRECTORY, {"serialNumber"}},
	{X520(9), DIRECTORY, {"street", "streetAddress"}},
	{X520(12), DIRECTORY, {"T", "title"}},
	{X520(13), DIRECTORY, {"D", "description"}},
	{X520(15), DIRECTORY, {"businessCategory"}},
	{X520(17), DIRECTORY, {"postalCode"}},
	{X520(20), DIRECTORY, {"telephoneNumber"}},
	{X520(41), DIRECTORY, {"N", "name"}},
	{X520(42), DIRECTORY, {"GN", "givenName", "G"}},
	{X520(43), DIRECTORY, {"I", "initials"}},
	{X520(44), DIRECTORY, {"generationQualifier"}},
	{X520(45), DIRECTORY, {"ID", "x500UniqueIdentifier"}},
	{X520(46), DIRECTORY, {"dnQualifier"}},
	{X520(54), DIRECTORY, {"dmdName"}},
	{X520(65), DIRECTORY, {"pseudonym"}},
	{X520(97), DIRECTORY, {"organizationIdentifier"}},
	{PKCS9(2), IA5, {"UN", "unstructuredName"}},
	{PKCS9(8), DIRECTORY, {"UA", "unstructuredAddress"}},
	{{0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x03, 0x01, 0x03},
	 10,
	 DIRECTORY,
	 {"EN", "employeeNumber"}},
};

#define TYPES (sizeof(types) / sizeof(types[0]))
#define NAMES_MAX (sizeof(types[0].names) / sizeof(types[0].names[0]))

static const struct dn_type *type_by_name(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		for (size_t j = 0; j < NAMES_MAX && types[i].names[j]; j++)
			if (text_same(types[i].names[j], name))
				return &types[i];
	return NULL;
}

static const struct dn_type *type_by_oid(struct view oid)
{
	for (size_t i = 0; i < TYPES; i++)
		if (view_equal(oid, view_of(types[i].oid, types[i].oid_len)))
			return &types[i];
	return NULL;
}

/* ---- reading ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_type_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/*
 * An attribute type at `p`, blanks round it allowed, with its '='. Copies the
 * word and returns the place behind '='; NULL when there is none.
 */
static const char *take_type(const char *p, char word[OID_TEXT_MAX])
{
	size_t len = 0;

	p = skip_blanks(p);
	while (is_type_char(p[len]) && len < OID_TEXT_MAX - 1) {
		word[len] = p[len];
		len++;
	}
	word[len] = '\0';
	p = skip_blanks(p + len);
	return len && *p == '=' ? p + 1 : NULL;
}

static bool take_arc(const char **at, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = *at;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(*p - '0');
	}
	*at = p;
	*ret = value;
	return true;
}

static void build_arc(struct builder *b, uint64_t arc)
{
	unsigned shift = 63;

	while (shift && !(arc >> shift))
		shift -= 7;
	for (; shift; shift -= 7)
		build_u8(b, (uint8_t)(0x80 | (arc >> shift & 0x7f)));
	build_u8(b, arc & 0x7f);
}

/* "2.5.4.3" as the content of an OBJECT IDENTIFIER (X.690 8.19). */
static bool build_dotted(struct builder *b, const char *p)
{
	uint64_t first, second, arc;

	if (!take_arc(&p, &first) || *p++ != '.' || !take_arc(&p, &second))
		return false;
	if (first > 2 || (first < 2 && second > 39) || second > UINT64_MAX - 80)
		return false;
	build_arc(b, first * 40 + second);
	while (*p == '.') {
		p++;
		if (!take_arc(&p, &arc))
			return false;
		build_arc(b, arc);
	}
	return *p == '\0' && !b->bad;
}

/* The OID that a type's word stands for: a known name, dotted numbers, or 0x and its octets. */
static bool type_oid(const char *word, uint8_t oid[DN_OID_MAX], size_t *ret_len)
{
	const struct dn_type *t = type_by_name(word);
	struct builder b = builder_of(oid, DN_OID_MAX);

	if (t) {
		memcpy(oid, t->oid, t->oid_len);
		*ret_len = t->oid_len;
		return true;
	}
	if (strncmp(word, "OID.", 4) == 0 || strncmp(word, "oid.", 4) == 0)
		word += 4;
	if (strncmp(word, "0x", 2) == 0)
		return hex_decode(word + 2, oid, DN_OID_MAX, ret_len) && *ret_len;
	if (!build_dotted(&b, word))
		return false;
	*ret_len = build_len(&b);
	return true;
}

static bool known_type_follows(const char *p)
{
	uint8_t oid[DN_OID_MAX];
	char word[OID_TEXT_MAX];
	size_t len;

	return take_type(p, word) && type_oid(word, oid, &len);
}

static bool any_type_follows(const char *p)
{
	char word[OID_TEXT_MAX];

	return take_type(p, word) != NULL;
}

/* What is read: each attribute in DER, its octets in `store`. */
struct reading {
	const char *text, *at;
	bool slashes; /* the text begins with one */
	struct diag *why;
	uint8_t store[DN_OCTETS_MAX];
	size_t used;
	struct {
		struct view der;
		size_t rdn;
	} attrs[DN_ATTRS_MAX];
	size_t len, rdns;
};

/* Does the value end here? *end is then '+' (more of the same part), ',' or '\0'. */
static bool ends_value(const struct reading *r, const char *p, char *end)
{
	*end = *p;
	switch (*p) {
	case '\0':
		return true;
	case ',':
		return !r->slashes || known_type_follows(p + 1);
	case '/':
		*end = ',';
		return r->slashes ? any_type_follows(p + 1) : known_type_follows(p + 1);
	case '+':
		return known_type_follows(p + 1);
	default:
		return false;
	}
}

/* A value as read: octets of text, or DER as given with '#'. */
struct value {
	uint8_t octets[DN_OCTETS_MAX];
	size_t len;
	size_t firm; /* octets before this one were escaped or quoted: blanks there stay */
	bool der, wildcard;
	char end;
};

static bool add_octet(struct value *v, uint8_t c, bool firm)
{
	if (v->len == sizeof(v->octets))
		return false;
	v->octets[v->len++] = c;
	if (firm)
		v->firm = v->len;
	return true;
}

/* What a backslash at `p` stands for; returns the place behind, at most the end. */
static const char *take_escape(const char *p, uint8_t *ret)
{
	int high = hex_digit(p[1]), low = high < 0 ? -1 : hex_digit(p[2]);

	if (low >= 0) {
		*ret = (uint8_t)(high << 4 | low);
		return p + 3;
	}
	*ret = p[1] ? (uint8_t)p[1] : '\\';
	return p[1] ? p + 2 : p + 1;
}

static enum cyg_err too_long(struct reading *r)
{
	diag_set(r->why, "dn-too-big", NULL, "the distinguished name is too long");
	diag_wanted(r->why, "at most %d octets and %d attributes", DN_OCTETS_MAX, DN_ATTRS_MAX);
	return CYG_LIMIT;
}

static enum cyg_err bad_name(struct reading *r, const char *hint)
{
	diag_set(r->why, "bad-dn", "RFC 4514", "not a distinguished name");
	diag_wanted(r->why, "TYPE=value, TYPE=value, ... as in C=CH, O=Example, CN=west");
	diag_got(r->why, "%.200s", r->text);
	diag_hint(r->why, "%s", hint);
	diag_offset(r->why, (size_t)(r->at - r->text));
	return CYG_MALFORMED;
}

static enum cyg_err take_quoted(struct reading *r, struct value *v)
{
	const char *p = r->at + 1;
	uint8_t c;

	while (*p && *p != '"') {
		if (*p == '\\')
			p = take_escape(p, &c);
		else
			c = (uint8_t)*p++;
		if (!add_octet(v, c, true))
			return too_long(r);
	}
	if (!*p)
		return bad_name(r, "close the quote");
	r->at = skip_blanks(p + 1);
	if (!ends_value(r, r->at, &v->end))
		return bad_name(r, "put a comma behind the closing quote");
	return CYG_OK;
}

static enum cyg_err take_plain(struct reading *r, struct value *v)
{
	const char *p = r->at;
	uint8_t c;

	while (!ends_value(r, p, &v->end)) {
		bool firm = *p == '\\';

		if (firm)
			p = take_escape(p, &c);
		else
			c = (uint8_t)*p++;
		if (!add_octet(v, c, firm))
			return too_long(r);
	}
	r->at = p;
	while (v->len > v->firm && is_blank((char)v->octets[v->len - 1]))
		v->len--;
	v->wildcard = v->len == 1 && v->firm == 0 && v->octets[0] == '*';
	return CYG_OK;
}

/* "#" and hex digits: one element in DER, which is checked with the whole name. */
static enum cyg_err take_hex(struct reading *r, struct value *v)
{
	const char *p = r->at + 1;

	v->der = true;
	while (hex_digit(p[0]) >= 0 && hex_digit(p[1]) >= 0) {
		if (!add_octet(v, (uint8_t)(hex_digit(p[0]) << 4 | hex_digit(p[1])), true))
			return too_long(r);
		p += 2;
	}
	r->at = skip_blanks(p);
	if (!v->len || !ends_value(r, r->at, &v->end))
		return bad_name(r, "write hex digits behind #, or \\# for the character");
	return CYG_OK;
}

static bool is_printable_string(struct view v)
{
	static const char others[] = " '()+,-./:=?";

	for (size_t i = 0; i < v.len; i++) {
		char c = (char)v.ptr[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && (!c || !strchr(others, c)))
			return false;
	}
	return true;
}

/* RFC 5280 4.1.2.4 and appendix A: the plainest kind of string that holds the value. */
static uint8_t tag_for(const struct dn_type *t, struct view v)
{
	if (t && t->kind == IA5 && view_is_ascii(v))
		return TAG_IA5;
	if (is_printable_string(v))
		return TAG_PRINTABLE;
	return dn_is_utf8(v) ? TAG_UTF8 : TAG_TELETEX;
}

static void build_header(struct builder *b, uint8_t tag, size_t len)
{
	build_u8(b, tag);
	if (len >= 0x100) {
		build_u8(b, 0x82);
		build_u16(b, (uint16_t)len);
	} else if (len >= 0x80) {
		build_u8(b, 0x81);
		build_u8(b, (uint8_t)len);
	} else {
		build_u8(b, (uint8_t)len);
	}
}

/* The octets of an element with `len` octets of content. */
static size_t element_len(size_t len)
{
	return len + (len >= 0x100 ? 4 : len >= 0x80 ? 3 : 2);
}

static void build_element(struct builder *b, uint8_t tag, struct view content)
{
	build_header(b, tag, content.len);
	build_view(b, content);
}

static void build_value(struct builder *b, struct view oid, const struct value *v)
{
	struct view octets = view_of(v->octets, v->len);

	if (v->der)
		build_view(b, octets);
	else if (v->wildcard)
		build_header(b, DN_TAG_WILDCARD, 0);
	else
		build_element(b, tag_for(type_by_oid(oid), octets), octets);
}

static size_t value_len(const struct value *v)
{
	if (v->der)
		return v->len;
	return element_len(v->wildcard ? 0 : v->len);
}

static enum cyg_err keep_attr(struct reading *r, struct view oid, const struct value *v)
{
	size_t content = element_len(oid.len) + value_len(v);
	struct builder b = builder_of(r->store + r->used, sizeof(r->store) - r->used);

	build_header(&b, TAG_SEQUENCE, content);
	build_element(&b, TAG_OID, oid);
	build_value(&b, oid, v);
	if (b.bad || r->len == DN_ATTRS_MAX)
		return too_long(r);
	r->attrs[r->len].der = build_done(&b);
	r->attrs[r->len++].rdn = r->rdns;
	r->used += build_len(&b);
	return CYG_OK;
}

static enum cyg_err unknown_type(struct reading *r, const char *word)
{
	const char *names[TYPES * NAMES_MAX], *nearest;
	size_t n = 0;

	for (size_t i = 0; i < TYPES; i++)
		for (size_t j = 0; j < NAMES_MAX && types[i].names[j]; j++)
			names[n++] = types[i].names[j];
	nearest = text_nearest(word, names, n);
	diag_set(r->why, "bad-dn-type", "RFC 4514 3", "'%s' is no known attribute type", word);
	diag_wanted(r->why, "C, ST, L, O, OU, CN, E, DC, UID, SN, GN, ... or a dotted OID");
	diag_got(r->why, "%.200s", r->text);
	diag_offset(r->why, (size_t)(r->at - r->text));
	if (nearest)
		diag_hint(r->why, "did you mean %s=?", nearest);
	return CYG_MALFORMED;
}

/* One attribute, and in *end what stands behind it. */
static enum cyg_err take_attr(struct reading *r, char *end)
{
	uint8_t oid[DN_OID_MAX];
	char word[OID_TEXT_MAX];
	const char *behind = take_type(r->at, word);
	struct value v = {.len = 0};
	size_t oid_len;
	enum cyg_err err;

	if (!behind)
		return bad_name(r, "write \\, for a comma inside a value");
	if (!type_oid(word, oid, &oid_len))
		return unknown_type(r, word);
	r->at = skip_blanks(behind);
	if (*r->at == '"')
		err = take_quoted(r, &v);
	else if (*r->at == '#')
		err = take_hex(r, &v);
	else
		err = take_plain(r, &v);
	if (err)
		return err;
	*end = v.end;
	return keep_attr(r, view_of(oid, oid_len), &v);
}

/* A SET OF in DER is in ascending order of its elements (X.690 11.6). */
static void sort_rdn(struct reading *r, size_t from, size_t to)
{
	for (size_t i = from + 1; i < to; i++)
		for (size_t j = i; j > from; j--) {
			struct view last = r->attrs[j].der;

			if (view_compare(r->attrs[j - 1].der, last) <= 0)
				break;
			r->attrs[j].der = r->attrs[j - 1].der;
			r->attrs[j - 1].der = last;
		}
}

/* Where the relative name that begins at `from` ends, and in *len the octets of its attributes. */
static size_t rdn_end(const struct reading *r, size_t from, size_t *len)
{
	size_t to = from;

	*len = 0;
	while (to < r->len && r->attrs[to].rdn == r->attrs[from].rdn)
		*len += r->attrs[to++].der.len;
	return to;
}

static enum cyg_err write_name(struct reading *r, uint8_t *out, size_t cap, size_t *ret_len)
{
	struct builder b = builder_of(out, cap);
	size_t all = 0, len, to;

	for (size_t from = 0; from < r->len; from = to) {
		to = rdn_end(r, from, &len);
		sort_rdn(r, from, to);
		all += element_len(len);
	}
	build_header(&b, TAG_SEQUENCE, all);
	for (size_t from = 0; from < r->len; from = to) {
		to = rdn_end(r, from, &len);
		build_header(&b, TAG_SET, len);
		for (size_t i = from; i < to; i++)
			build_view(&b, r->attrs[i].der);
	}
	if (b.bad || all > UINT16_MAX)
		return too_long(r);
	*ret_len = build_len(&b);
	return CYG_OK;
}

enum cyg_err dn_parse(const char *text, uint8_t *out, size_t cap, size_t *ret_len,
		      struct diag *why)
{
	struct reading r = {.text = text, .at = skip_blanks(text), .why = why};
	size_t len;
	enum cyg_err err;
	char end = '\0';

	r.slashes = *r.at == '/';
	r.at += r.slashes;
	do {
		err = take_attr(&r, &end);
		if (err)
			return err;
		r.rdns += end == ',';
		r.at += end != '\0';
	} while (*skip_blanks(r.at)); /* a separator at the very end is let pass */
	err = write_name(&r, out, cap, &len);
	if (!err)
		err = dn_check(view_of(out, len), why);
	if (err)
		return err;
	*ret_len = len;
	return CYG_OK;
}

/* ---- printing ---- */

/* Where text goes: a buffer that may be full. */
struct printing {
	char *buf;
	size_t cap, used;
};

static void print_hex(struct printing *p, struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		buf_add(p->buf, p->cap, &p->used, "%02x", v.ptr[i]);
}

/* One arc; false when it is not in its shortest form, too large, or cut off. */
static bool read_arc(struct reader *r, uint64_t *ret)
{
	uint64_t value = 0;
	uint8_t octet = read_u8(r);

	if (octet == 0x80)
		return false;
	for (; octet & 0x80; octet = read_u8(r)) {
		if (value >> 50)
			return false;
		value = value << 7 | (octet & 0x7f);
	}
	*ret = value << 7 | octet;
	return !r->bad;
}

/* Dotted numbers; false when the OID can't be written so. */
static bool oid_dotted(struct view oid, char text[OID_TEXT_MAX])
{
	struct reader r = reader_of(oid);
	uint64_t arc;
	size_t used = 0;
	unsigned first;

	if (!read_arc(&r, &arc))
		return false;
	first = arc >= 80 ? 2 : (unsigned)arc / 40;
	buf_add(text, OID_TEXT_MAX, &used, "%u.%llu", first,
		(unsigned long long)arc - first * 40);
	while (read_left(&r)) {
		if (!read_arc(&r, &arc))
			return false;
		buf_add(text, OID_TEXT_MAX, &used, ".%llu", (unsigned long long)arc);
	}
	return used + 1 < OID_TEXT_MAX;
}

static void print_type(struct printing *p, struct view oid)
{
	const struct dn_type *t = type_by_oid(oid);
	char text[OID_TEXT_MAX];

	if (t) {
		buf_add(p->buf, p->cap, &p->used, "%s=", t->names[0]);
	} else if (oid_dotted(oid, text)) {
		buf_add(p->buf, p->cap, &p->used, "%s=", text);
	} else {
		buf_add(p->buf, p->cap, &p->used, "0x");
		print_hex(p, oid);
		buf_add(p->buf, p->cap, &p->used, "=");
	}
}

/* Characters that would end a value or mean something at its place. */
static bool needs_escape(uint8_t c, bool first, bool last)
{
	if (c == ',' || c == '\\' || c == '"' || c == '=')
		return true;
	if (first && (c == '#' || c == ' '))
		return true;
	return (last && c == ' ') || (first && last && c == '*');
}

static void print_text(struct printing *p, struct view v)
{
	bool first = true;

	while (v.len) {
		size_t len = text_printable(v);
		uint8_t c = v.ptr[0];

		if (!len)
			buf_add(p->buf, p->cap, &p->used, "\\%02X", c);
		else if (len == 1 && needs_escape(c, first, v.len == 1))
			buf_add(p->buf, p->cap, &p->used, "\\%c", c);
		else
			buf_add(p->buf, p->cap, &p->used, "%.*s", (int)len,
				(const char *)v.ptr);
		len = len ? len : 1;
		v = view_of(v.ptr + len, v.len - len);
		first = false;
	}
}

static void print_attr(struct printing *p, const struct dn_attr *a)
{
	uint8_t store[DN_OCTETS_MAX];
	struct view text;

	print_type(p, a->type);
	if (a->tag == DN_TAG_WILDCARD && !a->value.len) {
		buf_add(p->buf, p->cap, &p->used, "*");
	} else if (dn_value_text(a, store, &text)) {
		print_text(p, text);
	} else {
		buf_add(p->buf, p->cap, &p->used, "#");
		print_hex(p, a->whole);
	}
}

const char *dn_print(struct view der, char *buf, size_t cap)
{
	struct printing p = {.buf = buf, .cap = cap};
	struct dn_walk w = dn_walk(der);
	struct dn_attr a;
	size_t rdn = 0;
	bool first = true;

	if (cap)
		buf[0] = '\0';
	while (dn_next(&w, &a)) {
		if (!first)
			buf_add(buf, cap, &p.used, "%s", a.rdn == rdn ? "+" : ", ");
		print_attr(&p, &a);
		rdn = a.rdn;
		first = false;
	}
	return buf;
}
