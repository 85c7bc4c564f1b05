/* SPDX-License-Identifier: Apache-2.0 */
/* Identities as people write them. The first character, or a prefix, says which form it is. */
#include "conn/dn.h"
#include "conn/ident_make.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One text being read. */
struct id_text {
	const char *text; /* whole, for complaints */
	struct diag *why;
	const struct ident **ret;
};

static enum cyg_err bad(const struct id_text *t, const char *sentence, const char *wanted)
{
	diag_set(t->why, "bad-id", NULL, "%s", sentence);
	diag_wanted(t->why, "%s", wanted);
	diag_got(t->why, "%.200s", t->text);
	return CYG_MALFORMED;
}

static enum cyg_err make(const struct id_text *t, uint8_t type, uint8_t wildcards,
			 struct view data)
{
	enum cyg_err err = ident_check(type, data, t->why);

	if (err) {
		diag_got(t->why, "%.200s", t->text);
		return err;
	}
	return ident_make(type, wildcards, data, t->ret);
}

/* Copy `len` characters, "\xNN" becoming one octet. False when there are too many. */
static bool unescape(const char *p, size_t len, uint8_t out[IDENT_OCTETS_MAX], size_t *ret_len)
{
	const char *end = p + len;
	size_t used = 0;

	while (p < end) {
		bool escape = end - p >= 4 && p[0] == '\\' && p[1] == 'x' &&
			      hex_digit(p[2]) >= 0 && hex_digit(p[3]) >= 0;

		if (used == IDENT_OCTETS_MAX)
			return false;
		out[used++] = escape ? (uint8_t)(hex_digit(p[2]) << 4 | hex_digit(p[3]))
				     : (uint8_t)*p;
		p += escape ? 4 : 1;
	}
	*ret_len = used;
	return true;
}

static enum cyg_err too_long(const struct id_text *t)
{
	bad(t, "the identity is too long", "at most 4096 octets");
	return CYG_LIMIT;
}

static enum cyg_err from_octets(const struct id_text *t, uint8_t type, const char *p,
				size_t len, bool may_be_pattern)
{
	uint8_t octets[IDENT_OCTETS_MAX];
	size_t used;

	if (!unescape(p, len, octets, &used))
		return too_long(t);
	return make(t, type, may_be_pattern && len > 1 && p[0] == '*', view_of(octets, used));
}

static enum cyg_err from_hex(const struct id_text *t, uint8_t type, const char *hex)
{
	uint8_t octets[IDENT_OCTETS_MAX];
	size_t len;

	if (strncasecmp(hex, "0x", 2) == 0)
		hex += 2;
	if (strlen(hex) > 2 * sizeof(octets))
		return too_long(t);
	if (!hex_decode(hex, octets, sizeof(octets), &len) || !len)
		return bad(t, "not an even number of hex digits", "@#hex, as in @#0a1b2c");
	if (type == ID_DER_ASN1_DN && dn_check(view_of(octets, len), t->why))
		return CYG_MALFORMED;
	if (type == ID_DER_ASN1_DN && dn_wildcards(view_of(octets, len)))
		return bad(t, "an attribute of the name is no string",
			   "a string as every value");
	return make(t, type, 0, view_of(octets, len));
}

static enum cyg_err from_dn(const struct id_text *t, const char *text)
{
	uint8_t der[DN_OCTETS_MAX];
	size_t len;
	enum cyg_err err = dn_parse(text, der, sizeof(der), &len, t->why);

	if (err && strchr(text, '@') && diag_is_set(t->why) && !t->why->hint[0])
		diag_hint(t->why, "write email:... if this is a mail address");
	if (err)
		return err;
	return make(t, ID_DER_ASN1_DN, (uint8_t)dn_wildcards(view_of(der, len)),
		    view_of(der, len));
}

static enum cyg_err from_addr(const struct id_text *t, uint8_t type, const char *text)
{
	struct ip_addr a;

	if (ip_parse(text, &a) != CYG_OK)
		return bad(t, "not an IP address",
			   "an address such as 192.0.2.1 or 2001:db8::1");
	if (type != (a.family == IP_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR))
		return bad(t, "an address of the other family", ident_type_name(type));
	return ident_from_addr(&a, t->ret);
}

static enum cyg_err from_mail(const struct id_text *t, const char *text)
{
	const char *at = strchr(text, '@');

	if (!at || at == text || !at[1])
		return bad(t, "not a mail address", "user@host");
	return from_octets(t, ID_RFC822_ADDR, text, strlen(text), strncmp(text, "*@", 2) == 0);
}

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

/* Neither name nor address: which of both was meant? */
static enum cyg_err neither(const struct id_text *t, const char *text)
{
	if (strchr(text, '/') && text[strspn(text, "0123456789abcdefABCDEF.:/")] == '\0')
		return bad(t, "an identity is one address, not a network",
			   "an address without a length, such as 192.0.2.1");
	if (strchr(text, ':'))
		return bad(t, "not an IPv6 address, nor a prefix that is known",
			   "2001:db8::1, fqdn:name, email:user@host, keyid:text, asn1dn:C=..");
	bad(t, "not a host name", "letters, digits, dots and hyphens");
	diag_hint(t->why, "write @%.100s or @[%.100s] if the identity really is this text",
		  text, text);
	return CYG_MALFORMED;
}

static enum cyg_err from_name(const struct id_text *t, const char *text)
{
	bool pattern = strncmp(text, "*.", 2) == 0;
	const char *p = text + pattern;

	while (is_host_char(*p))
		p++;
	if (*p)
		return neither(t, text);
	if (text[strspn(text, "0123456789.-")] == '\0' && strchr(text, '.')) {
		bad(t, "not an IPv4 address", "four numbers up to 255, as in 192.0.2.1");
		diag_hint(t->why, "write @%.100s if it is a name", text);
		return CYG_MALFORMED;
	}
	return from_octets(t, ID_FQDN, text, strlen(text), pattern);
}

/* The forms that begin with '@'; `p` stands behind it. */
static enum cyg_err from_at(const struct id_text *t, const char *p)
{
	size_t len = strlen(p);

	switch (*p) {
	case '\0':
		return bad(t, "there is no name behind @", "@name, @[text] or @#hex");
	case '#':
		return from_hex(t, ID_KEY_ID, p + 1);
	case '~':
		return from_hex(t, ID_DER_ASN1_DN, p + 1);
	case '@':
		return from_mail(t, p + 1);
	case '[':
		if (len < 3 || p[len - 1] != ']')
			return bad(t, "the key id is empty or its bracket is not closed",
				   "@[text]");
		return from_octets(t, ID_KEY_ID, p + 1, len - 2, false);
	default:
		return from_octets(t, ID_FQDN, p, len, strncmp(p, "*.", 2) == 0);
	}
}

static enum cyg_err from_typed(const struct id_text *t, uint8_t type, const char *text)
{
	if (*text == '#')
		return from_hex(t, type, text + 1);
	switch (type) {
	case ID_IPV4_ADDR:
	case ID_IPV6_ADDR:
		return from_addr(t, type, text);
	case ID_DER_ASN1_DN:
		return from_dn(t, text);
	case ID_FQDN:
		return from_octets(t, type, text, strlen(text), strncmp(text, "*.", 2) == 0);
	case ID_RFC822_ADDR:
		return from_octets(t, type, text, strlen(text), strncmp(text, "*@", 2) == 0);
	default:
		return from_octets(t, type, text, strlen(text), false);
	}
}

static const struct {
	const char *prefix;
	uint8_t type;
} prefixes[] = {
	{"ipv4:", ID_IPV4_ADDR},    {"ipv6:", ID_IPV6_ADDR},       {"rfc822:", ID_RFC822_ADDR},
	{"email:", ID_RFC822_ADDR}, {"userfqdn:", ID_RFC822_ADDR}, {"fqdn:", ID_FQDN},
	{"dns:", ID_FQDN},          {"asn1dn:", ID_DER_ASN1_DN},   {"keyid:", ID_KEY_ID},
};

#define PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

/* The type that a prefix or "{number}:" names and the place behind it; NULL when there is none. */
static const char *take_prefix(const char *text, uint8_t *ret_type)
{
	int type, len = 0;

	for (size_t i = 0; i < PREFIXES; i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (strncasecmp(text, prefixes[i].prefix, n) == 0) {
			*ret_type = prefixes[i].type;
			return text + n;
		}
	}
	if (sscanf(text, "{%4i}:%n", &type, &len) == 1 && len && type >= 0 && type < 256) {
		*ret_type = (uint8_t)type;
		return text + len;
	}
	return NULL;
}

static enum cyg_err any(const struct id_text *t)
{
	return ident_make(ID_ANY, 0, (struct view){NULL, 0}, t->ret);
}

/* The words that begin with '%'. */
static enum cyg_err from_percent(const struct id_text *t)
{
	static const char *const known[] = {"%any",  "%fromcert", "%cert",         "%myid",
					    "%none", "%null",     "%opportunistic"};
	const char *nearest = text_nearest(t->text, known, sizeof(known) / sizeof(known[0]));

	if (text_same(t->text, "%any") || text_same(t->text, "%any4") ||
	    text_same(t->text, "%any6"))
		return any(t);
	if (text_same(t->text, "%null"))
		return ident_make(ID_NULL, 0, (struct view){NULL, 0}, t->ret);
	if (nearest && text_same(nearest, t->text)) {
		bad(t, "this identity is not supported by this build",
		    "a name, an address, %any or %null");
		if (text_same(t->text, "%myid"))
			diag_hint(t->why, "write the identity itself; without one the end is called "
					  "by its address");
		return CYG_UNSUPPORTED;
	}
	bad(t, "no such special identity", "%any");
	diag_hint(t->why, "write @%.100s if it is a name", t->text);
	return CYG_MALFORMED;
}

enum cyg_err ident_parse(const char *text, const struct ident **ret, struct diag *why)
{
	struct id_text t = {text, why, ret};
	struct ip_addr a;
	const char *rest;
	uint8_t type;

	if (!*text)
		return bad(&t, "the identity is empty", "a name, an address or %any");
	if (*text == '%')
		return from_percent(&t);
	if (*text == '@')
		return from_at(&t, text + 1);
	if (ip_parse(text, &a) == CYG_OK)
		return ip_is_any(&a) ? any(&t) : ident_from_addr(&a, ret);
	rest = take_prefix(text, &type);
	if (rest)
		return from_typed(&t, type, rest);
	if (strchr(text, '='))
		return from_dn(&t, text);
	return strchr(text, '@') ? from_mail(&t, text) : from_name(&t, text);
}

/* ---- printing ---- */

/* Octets from the start of `v` that stand for themselves. */
static size_t plain_run(struct view v)
{
	size_t run = 0, len;

	while (run < v.len && v.ptr[run] != '\\' &&
	       (len = text_printable(view_of(v.ptr + run, v.len - run))))
		run += len;
	return run;
}

/* Text that unescape takes back; the first character is hidden when it is one of `special`. */
static void print_escaped(struct view v, const char *special, char *buf, size_t cap,
			  size_t *used)
{
	bool hide = v.len && v.ptr[0] && strchr(special, (char)v.ptr[0]);

	while (v.len) {
		size_t clean = hide ? 0 : plain_run(v);

		buf_add(buf, cap, used, "%.*s", (int)clean, (const char *)v.ptr);
		if (clean < v.len)
			buf_add(buf, cap, used, "\\x%02x", v.ptr[clean++]);
		v = view_of(v.ptr + clean, v.len - clean);
		hide = false;
	}
}

static bool all_printable(struct view v)
{
	while (v.len) {
		size_t len = text_printable(v);

		if (!len)
			return false;
		v = view_of(v.ptr + len, v.len - len);
	}
	return true;
}

/* Would "user@host" as it stands be read as a mail address again? */
static bool plain_mail(struct view v)
{
	const uint8_t *at = memchr(v.ptr, '@', v.len);

	return at && at != v.ptr && at != v.ptr + v.len - 1 && v.ptr[0] != '%' &&
	       !memchr(v.ptr, '=', v.len) && !memchr(v.ptr, ':', v.len);
}

static void print_key_id(struct view v, char *buf, size_t cap, size_t *used)
{
	if (all_printable(v)) {
		buf_add(buf, cap, used, "@[");
		print_escaped(v, "", buf, cap, used);
		buf_add(buf, cap, used, "]");
		return;
	}
	buf_add(buf, cap, used, "@#");
	for (size_t i = 0; i < v.len; i++)
		buf_add(buf, cap, used, "%02x", v.ptr[i]);
}

const char *ident_print(const struct ident *id, char *buf, size_t cap)
{
	struct view v = ident_view(id);
	char addr_text[IP_TEXT_MAX];
	struct ip_addr addr;
	size_t used = 0;

	if (cap)
		buf[0] = '\0';
	switch (id->type) {
	case ID_ANY:
		buf_add(buf, cap, &used, "%%any");
		break;
	case ID_NULL:
		buf_add(buf, cap, &used, "%%null");
		break;
	case ID_IPV4_ADDR:
	case ID_IPV6_ADDR:
		/* A peer may call itself 0.0.0.0, which as it stands would be "%any". */
		addr = ip_from_view(v);
		if (ip_is_any(&addr))
			buf_add(buf, cap, &used, "%s:", addr.family == IP_V4 ? "ipv4" : "ipv6");
		buf_add(buf, cap, &used, "%s", ip_print(&addr, addr_text));
		break;
	case ID_FQDN:
		buf_add(buf, cap, &used, "@");
		print_escaped(v, id->wildcards ? "" : "#[~@*", buf, cap, &used);
		break;
	case ID_RFC822_ADDR:
		buf_add(buf, cap, &used, "%s", plain_mail(v) ? "" : "email:");
		print_escaped(v, id->wildcards ? "" : "#*", buf, cap, &used);
		break;
	case ID_DER_ASN1_DN:
		dn_print(v, buf, cap);
		break;
	default:
		print_key_id(v, buf, cap, &used);
		break;
	}
	return buf;
}
