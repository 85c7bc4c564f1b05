/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_IDENT_H
#define CONN_IDENT_H

#include "base/addr.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/view.h"

/*
 * Who a party says it is. Immutable and shared: ident_ref / ident_unref.
 * `type` is the ID type of RFC 7296 3.5, so that it travels as it stands.
 * ID_ANY never travels: it is the configuration's "%any", which matches all.
 */
enum ident_type {
	ID_ANY = 0,
	ID_IPV4_ADDR = 1,
	ID_FQDN = 2,
	ID_RFC822_ADDR = 3,
	ID_IPV6_ADDR = 5,
	ID_DER_ASN1_DN = 9,
	ID_KEY_ID = 11,
	ID_NULL =
		13, /* nobody: of who proves nothing (RFC 7619 2.2). No pattern but itself matches it */
};

#define IDENT_OCTETS_MAX 4096                         /* of data */
#define IDENT_PRINTED_MAX (4 * IDENT_OCTETS_MAX + 64) /* room for any identity as text */
#define IDENT_TEXT_MAX 512 /* room for most identities as text, with NUL; longer ones are cut */

struct ident {
	uint32_t refs;
	uint8_t type;      /* enum ident_type */
	uint8_t wildcards; /* values that are "*": such an identity matches, but is never sent */
	uint16_t len;
	uint8_t data[]; /* as in the ID payload's Identification Data */
};

/*
 * From the text of leftid= / whack --id: addresses, "@name", "name", "user@host",
 * "@@user@host", "@#hex", "@[text]", "@~hex", "C=.., O=.." or "/C=../O=.." (DN),
 * "%any" (also 0.0.0.0, ::), "%null", and strongSwan's "fqdn:name", "email:..", "keyid:..", "asn1dn:..",
 * "ipv4:..", "{type}:..". "\xNN" stands for an octet. A name or mail address may
 * begin with "*" ("@*.example.com", "*@example.com"), a DN have "*" as values.
 * The caller owns one reference. Complaints name the form nearest to what stood there.
 */
MUST_CHECK enum cyg_err ident_parse(const char *text, const struct ident **ret,
				    struct diag *why);

/*
 * From an ID payload's type and data, which are checked (RFC 7296 3.5; a DN as
 * DER): CYG_MALFORMED, CYG_UNSUPPORTED, CYG_LIMIT. Never has wildcards.
 */
MUST_CHECK enum cyg_err ident_from_wire(uint8_t type, struct view data,
					const struct ident **ret, struct diag *why);

/* ID_IPV4_ADDR or ID_IPV6_ADDR; one reference for the caller. */
MUST_CHECK enum cyg_err ident_from_addr(const struct ip_addr *a, const struct ident **ret);

const struct ident *ident_ref(const struct ident *id); /* NULL stays NULL; returns id */
void ident_unref(const struct ident *id);

static inline struct view ident_view(const struct ident *id)
{
	return (struct view){id->data, id->len};
}

/*
 * Same type and same data (FQDN and mail: case-insensitive; DN: RFC 5280 7.1 string
 * rules). A pattern equals only the same pattern. NULL equals only NULL.
 */
bool ident_equal(const struct ident *a, const struct ident *b);

/* Equal identities have equal hashes; the key is the table's own. */
uint64_t ident_hash(const struct hash_key *key, const struct ident *id);

/* `pattern` may be ID_ANY or have wildcards. Returns a score, 0: no match; exact is highest. */
unsigned ident_match(const struct ident *pattern, const struct ident *id);

/* The type for people: "FQDN", "IPv4 address", "DN". Static. */
const char *ident_type_name(uint8_t type);

/* The text that ident_parse takes back ("@gw.example", "C=CH, O=x"); escaped, truncated at cap. */
const char *ident_print(const struct ident *id, char *buf, size_t cap);

#endif
