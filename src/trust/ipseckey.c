/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/ipseckey.h"

#include "base/builder.h"
#include "base/reader.h"
#include "base/text.h"
#include "conn/ident.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

static bool name_of_v4(struct view a, char *buf)
{
	snprintf(buf, DNS_NAME_MAX, "%u.%u.%u.%u.in-addr.arpa", a.ptr[3], a.ptr[2], a.ptr[1],
		 a.ptr[0]);
	return true;
}

static bool name_of_v6(struct view a, char *buf)
{
	size_t used = 0;

	for (size_t i = a.len; i-- > 0;)
		buf_add(buf, DNS_NAME_MAX, &used, "%x.%x.", a.ptr[i] & 15, a.ptr[i] >> 4);
	buf_add(buf, DNS_NAME_MAX, &used, "ip6.arpa");
	return true;
}

/* RFC 1123 2.1: what a host's name may be made of. */
static bool name_of_host(struct view name, char *buf)
{
	if (!name.len || name.len >= DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum(name.ptr[i]) && !strchr("-_.", name.ptr[i]))
			return false;
	memcpy(buf, name.ptr, name.len);
	buf[name.len] = 0;
	return buf[0] != '.' && strchr(buf, '.');
}

bool ipseckey_name(const struct ident *id, char buf[DNS_NAME_MAX])
{
	switch (id->type) {
	case ID_IPV4_ADDR:
		return name_of_v4(ident_view(id), buf);
	case ID_IPV6_ADDR:
		return name_of_v6(ident_view(id), buf);
	case ID_FQDN:
		return !id->wildcards && name_of_host(ident_view(id), buf);
	default:
		return false;
	}
}

/* ---- records ---- */

#define ALGORITHM_RSA 2
#define ALGORITHM_ECDSA 3
#define ALGORITHM_EDDSA 4

/* Keys that are a point alone, and what a SubjectPublicKeyInfo has in front of it. */
static const struct {
	uint8_t algorithm, len, prefix_len;
	uint8_t prefix[27];
} points[] = {
	{ALGORITHM_ECDSA, 64, 27, {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
				   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
				   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04}},
	{ALGORITHM_ECDSA, 96, 24, {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
				   0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
				   0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04}},
	{ALGORITHM_EDDSA,
	 32,
	 12,
	 {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}},
	{ALGORITHM_EDDSA,
	 57,
	 12,
	 {0x30, 0x43, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71, 0x03, 0x3a, 0x00}},
};

static enum cyg_err refuse(enum cyg_err err, const char *sentence, struct diag *why)
{
	diag_set(why, "bad-ipseckey", "RFC 4025 2", "%s", sentence);
	return err;
}

static enum cyg_err read_point(struct crypto *crypto, uint8_t algorithm, struct view point,
			       struct key *ret, struct diag *why)
{
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		uint8_t der[27 + 96];
		struct builder b = builder_of(der, sizeof(der));

		if (points[i].algorithm != algorithm || points[i].len != point.len)
			continue;
		build_view(&b, view_of(points[i].prefix, points[i].prefix_len));
		build_view(&b, point);
		return key_read_public(crypto, build_done(&b), ret, why);
	}
	return refuse(CYG_MALFORMED, "the record's key has a wrong length for its algorithm",
		      why);
}

static bool is_of_name(struct view label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!isalnum(label.ptr[i]) && !memchr("-_", label.ptr[i], 2))
			return false;
	return true;
}

/*
 * A name on the wire, never compressed here (RFC 4025 2.5), so that it can't lead back to itself.
 * The root stands for none, and what no host is called is refused.
 */
static void read_name(struct reader *r, char name[DNS_NAME_MAX])
{
	size_t used = 0;

	for (uint8_t len = read_u8(r); len && !r->bad; len = read_u8(r)) {
		struct view label = len > 63 ? (struct view){0} : read_view(r, len);

		if (r->bad || !label.len || used + len + 1 >= DNS_NAME_MAX ||
		    !is_of_name(label)) {
			read_fail(r);
			return;
		}
		memcpy(name + used, label.ptr, label.len);
		used += label.len;
		name[used++] = '.';
	}
}

static void read_address(struct reader *r, uint8_t family, struct ip_addr *ret)
{
	struct view v;

	ret->family = family;
	v = read_view(r, ip_bits(ret) / 8);
	if (v.len)
		memcpy(ret->octets, v.ptr, v.len);
}

static void read_gateway(struct reader *r, uint8_t type, struct ipseckey_gateway *ret)
{
	switch (type) {
	case 0:
		return;
	case 1:
		read_address(r, IP_V4, &ret->addr);
		return;
	case 2:
		read_address(r, IP_V6, &ret->addr);
		return;
	case 3:
		read_name(r, ret->name);
		return;
	default:
		read_fail(r);
	}
}

/* What stands in front of the key. */
static enum cyg_err read_head(struct reader *r, struct ipseckey_gateway *ret,
			      uint8_t *ret_algorithm, struct diag *why)
{
	uint8_t type;

	*ret = (struct ipseckey_gateway){.precedence = read_u8(r)};
	type = read_u8(r);
	*ret_algorithm = read_u8(r);
	read_gateway(r, type, ret);
	return r->bad ? refuse(CYG_MALFORMED, "the record is cut short, or its gateway is none",
			       why)
		      : CYG_OK;
}

enum cyg_err ipseckey_gateway(struct view rdata, struct ipseckey_gateway *ret, struct diag *why)
{
	struct reader r = reader_of(rdata);
	struct ipseckey_gateway g;
	uint8_t algorithm;
	enum cyg_err err = read_head(&r, &g, &algorithm, why);

	if (!err)
		*ret = g;
	return err;
}

enum cyg_err ipseckey_read(struct crypto *crypto, struct view rdata, struct key *ret,
			   struct diag *why)
{
	struct reader r = reader_of(rdata);
	struct ipseckey_gateway gateway;
	struct view octets;
	uint8_t algorithm;
	enum cyg_err err = read_head(&r, &gateway, &algorithm, why);

	if (err)
		return err;
	octets = read_rest(&r);
	if (!octets.len)
		return refuse(CYG_UNSUPPORTED, "the record has no key", why);
	if (algorithm == ALGORITHM_ECDSA || algorithm == ALGORITHM_EDDSA)
		return read_point(crypto, algorithm, octets, ret, why);
	if (algorithm != ALGORITHM_RSA)
		return refuse(CYG_UNSUPPORTED, "the record's algorithm is not known here", why);
	err = key_read_public(crypto, octets, ret, why);
	if (!err && ret->kind != KEY_RSA) {
		key_done(ret);
		return refuse(CYG_MALFORMED,
			      "the record's key is of another algorithm than it says", why);
	}
	return err;
}
