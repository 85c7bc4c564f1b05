/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_DN_H
#define CONN_DN_H

#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/reader.h"

/*
 * Distinguished names (X.501 Name, RFC 5280 4.1.2.4) in DER, as they stand in
 * certificates and identities: checked once with dn_check, then walked,
 * compared and printed without allocating. Nothing here trusts a length.
 *
 * A wildcard, the text "*" as a value, is kept as an ASN.1 NULL: no string on
 * the wire can be mistaken for one.
 */

#define DN_ATTRS_MAX 64    /* attributes of one name */
#define DN_RDN_ATTRS_MAX 8 /* attributes of one relative name */
#define DN_OCTETS_MAX 4096
#define DN_OID_MAX 48 /* octets of an attribute's type */

#define DN_TAG_WILDCARD 0x05

/* One attribute: "CN=west". Borrowed from the name. */
struct dn_attr {
	struct view type;  /* content of the OBJECT IDENTIFIER */
	uint8_t tag;       /* of the value: 0x0c UTF8String, 0x13 PrintableString, ... */
	struct view value; /* content of the value */
	struct view whole; /* the value with tag and length */
	size_t rdn;        /* which relative name it belongs to, from 0 */
};

/*
 * Is this one whole, well-formed Name with at least one attribute, within the
 * limits above, in DER (definite minimal lengths, nothing behind)?
 * CYG_MALFORMED or CYG_LIMIT else, and *why says where.
 */
MUST_CHECK enum cyg_err dn_check(struct view der, struct diag *why);

/* Walk the attributes of a checked name: begin with dn_walk; false after the last. */
struct dn_walk {
	struct reader name, rdn;
	size_t rdns;
};
struct dn_walk dn_walk(struct view der);
bool dn_next(struct dn_walk *w, struct dn_attr *ret);

/*
 * Same names: the same relative names in the same order, values compared as
 * RFC 5280 7.1 wants for ASCII (letter case and runs of blanks don't matter, nor
 * does the kind of string); other characters must be equal. Both checked.
 */
bool dn_equal(struct view a, struct view b);

/* Equal names have equal hashes. Checked. */
uint64_t dn_hash(const struct hash_key *key, struct view der);

/* As dn_equal, but a wildcard in `pattern` meets any value of its type. */
bool dn_match(struct view pattern, struct view name);

/* How many values are wildcards. */
size_t dn_wildcards(struct view der);

/*
 * The value as UTF-8, borrowed from the name or converted into `store`. False
 * when it is no text, breaks its own encoding, or can be read two ways.
 */
bool dn_value_text(const struct dn_attr *a, uint8_t store[DN_OCTETS_MAX], struct view *ret);

/* RFC 3629 3: whole characters, no longer forms than needed, no surrogates. */
bool dn_is_utf8(struct view v);

/*
 * Text such as "C=CH, O=Example, CN=west" or "/C=CH/O=Example/CN=west" to DER
 * (RFC 4514, in the order written). Writes at most `cap` octets.
 * CYG_MALFORMED with the nearest attribute type, CYG_LIMIT.
 */
MUST_CHECK enum cyg_err dn_parse(const char *text, uint8_t *out, size_t cap, size_t *ret_len,
				 struct diag *why);

/* The text that dn_parse takes back; escaped, truncated at cap; returns buf. */
const char *dn_print(struct view der, char *buf, size_t cap);

#endif
