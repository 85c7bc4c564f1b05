/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: made once from text or from a peer's ID payload, then shared and compared. */
#include "conn/ident.h"

#include "base/builder.h"
#include "conn/dn.h"
#include "conn/ident_make.h"

#include <stdlib.h>
#include <string.h>

#define SCORE_ANY 1u
#define SCORE_TAIL_MAX 900u
#define SCORE_EXACT 1000u

enum cyg_err ident_make(uint8_t type, uint8_t wildcards, struct view data,
			const struct ident **ret)
{
	struct ident *id = malloc(sizeof(*id) + data.len);

	if (!id)
		return CYG_NOMEM;
	*id = (struct ident){.refs = 1,
			     .type = type,
			     .wildcards = wildcards,
			     .len = (uint16_t)data.len};
	if (data.len)
		memcpy(id->data, data.ptr, data.len);
	*ret = id;
	return CYG_OK;
}

const struct ident *ident_ref(const struct ident *id)
{
	if (id)
		((struct ident *)id)->refs++;
	return id;
}

void ident_unref(const struct ident *id)
{
	struct ident *own = (struct ident *)id;

	if (own && --own->refs == 0)
		free(own);
}

enum cyg_err ident_from_addr(const struct ip_addr *a, const struct ident **ret)
{
	if (!ip_is_set(a))
		return CYG_RANGE;
	return ident_make(a->family == IP_V4 ? ID_IPV4_ADDR : ID_IPV6_ADDR, 0, ip_view(a), ret);
}

/* ---- from the wire ---- */

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence,
			   const char *wanted)
{
	diag_set(why, "bad-id", "RFC 7296 3.5", "%s", sentence);
	diag_wanted(why, "%s", wanted);
	return err;
}

/* RFC 7296 3.5: the string must not hold terminators. */
static bool has_terminator(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] == '\0' || v.ptr[i] == '\r' || v.ptr[i] == '\n')
			return true;
	return false;
}

enum cyg_err ident_check(uint8_t type, struct view data, struct diag *why)
{
	if (data.len > IDENT_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the identity is too long",
			      "at most 4096 octets");
	if (!data.len && type != ID_NULL)
		return refuse(why, CYG_MALFORMED, "the identity is empty",
			      "at least one octet");
	switch (type) {
	case ID_IPV4_ADDR:
		return data.len == 4
			       ? CYG_OK
			       : refuse(why, CYG_MALFORMED,
					"the IPv4 address has a wrong length", "4 octets");
	case ID_IPV6_ADDR:
		return data.len == 16
			       ? CYG_OK
			       : refuse(why, CYG_MALFORMED,
					"the IPv6 address has a wrong length", "16 octets");
	case ID_FQDN:
	case ID_RFC822_ADDR:
		return !has_terminator(data)
			       ? CYG_OK
			       : refuse(why, CYG_MALFORMED, "the name holds a terminator",
					"no NUL, CR or LF");
	case ID_DER_ASN1_DN:
		return dn_check(data, why);
	case ID_KEY_ID:
		return CYG_OK;
	case ID_NULL:
		return data.len == 0 ? CYG_OK
				     : refuse(why, CYG_MALFORMED, "ID_NULL holds something",
					      "no octets");
	default:
		return refuse(why, CYG_UNSUPPORTED, "this type of identity is not supported",
			      "an address, FQDN, mail address, DN or key id");
	}
}

enum cyg_err ident_from_wire(uint8_t type, struct view data, const struct ident **ret,
			     struct diag *why)
{
	enum cyg_err err = ident_check(type, data, why);

	if (!err && type == ID_DER_ASN1_DN && dn_wildcards(data))
		err = refuse(why, CYG_MALFORMED, "an attribute of the name is no string",
			     "a string as every value");
	if (err) {
		diag_got(why, "type %u (%s), %zu octets", type, ident_type_name(type),
			 data.len);
		return err;
	}
	return ident_make(type, 0, data, ret);
}

/* ---- comparing ---- */

static bool same_letters(struct view a, struct view b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		uint8_t x = a.ptr[i], y = b.ptr[i];

		x = x >= 'A' && x <= 'Z' ? (uint8_t)(x - 'A' + 'a') : x;
		y = y >= 'A' && y <= 'Z' ? (uint8_t)(y - 'A' + 'a') : y;
		if (x != y)
			return false;
	}
	return true;
}

bool ident_equal(const struct ident *a, const struct ident *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->type != b->type || a->wildcards != b->wildcards)
		return false;
	switch (a->type) {
	case ID_FQDN:
	case ID_RFC822_ADDR:
		return same_letters(ident_view(a), ident_view(b));
	case ID_DER_ASN1_DN:
		return dn_equal(ident_view(a), ident_view(b));
	default:
		return view_equal(ident_view(a), ident_view(b));
	}
}

static uint8_t folded(const struct ident *id, size_t i)
{
	uint8_t c = id->data[i];
	bool is_name = id->type == ID_FQDN || id->type == ID_RFC822_ADDR;

	return is_name && c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

uint64_t ident_hash(const struct hash_key *key, const struct ident *id)
{
	uint8_t octets[1 + IDENT_OCTETS_MAX];
	struct builder b = builder_of(octets, sizeof(octets));

	if (id->type == ID_DER_ASN1_DN)
		return dn_hash(key, ident_view(id));
	build_u8(&b, id->type);
	for (size_t i = 0; i < id->len; i++)
		build_u8(&b, folded(id, i));
	return hash_view(key, build_done(&b));
}

/* "*.example.com" and "*@example.com": what follows the star ends the name. */
static bool tail_match(const struct ident *pattern, const struct ident *id)
{
	size_t tail = pattern->len - 1u;

	return id->len > tail && same_letters(view_of(pattern->data + 1, tail),
					      view_of(id->data + id->len - tail, tail));
}

/* The longer the part that is given, the better; always below a DN's score. */
static unsigned tail_score(size_t len)
{
	return SCORE_ANY + (unsigned)(len < SCORE_TAIL_MAX ? len : SCORE_TAIL_MAX);
}

unsigned ident_match(const struct ident *pattern, const struct ident *id)
{
	/* RFC 7619 2.2: who names nobody is let in only where that is said. */
	if (pattern->type == ID_ANY)
		return id->type == ID_NULL ? 0 : SCORE_ANY;
	if (!pattern->wildcards)
		return ident_equal(pattern, id) ? SCORE_EXACT : 0;
	if (pattern->type != id->type || id->wildcards)
		return 0;
	if (pattern->type == ID_DER_ASN1_DN)
		return dn_match(ident_view(pattern), ident_view(id))
			       ? SCORE_EXACT - pattern->wildcards
			       : 0;
	return tail_match(pattern, id) ? tail_score(pattern->len) : 0;
}

const char *ident_type_name(uint8_t type)
{
	switch (type) {
	case ID_ANY:
		return "any";
	case ID_IPV4_ADDR:
		return "IPv4 address";
	case ID_FQDN:
		return "FQDN";
	case ID_RFC822_ADDR:
		return "mail address";
	case ID_IPV6_ADDR:
		return "IPv6 address";
	case ID_DER_ASN1_DN:
		return "DN";
	case ID_KEY_ID:
		return "key id";
	case 10:
		return "general name";
	case 12:
		return "Fibre Channel name";
	case ID_NULL:
		return "null";
	default:
		return "unknown type";
	}
}
