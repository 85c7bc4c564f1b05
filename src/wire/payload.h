/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_PAYLOAD_H
#define WIRE_PAYLOAD_H

#include "base/builder.h"
#include "base/diag.h"
#include "base/err.h"
#include "wire/message.h"

/*
 * The payloads that are one plain structure. SA, TS and CP, which hold lists,
 * have headers of their own.
 *
 * X_parse reads the body of a payload found in a message. It checks all that
 * can be known from the payload alone and fills *ret, whose views borrow from
 * the message, only on CYG_OK. CYG_MALFORMED means a broken payload
 * (INVALID_SYNTAX); CYG_UNSUPPORTED a type number that this room does not know.
 *
 * X_build writes a body, to be wrapped by chain_payload; reserved fields are
 * zero. parse(build(x)) == x, and build(parse(octets)) == octets when reserved
 * fields are zero. Builders believe their caller: values that a parser would
 * refuse are bugs of the caller (assert).
 */

/* Key Exchange (RFC 7296 3.4). */
struct ke_payload {
	uint16_t group; /* key exchange method: crypto/alg.h ALG_KE ids; never 0 */
	struct view
		data; /* public value, at least one octet; its right length is crypto's to say */
};
MUST_CHECK enum cyg_err ke_parse(const struct payload *p, struct ke_payload *ret,
				 struct diag *why);
void ke_build(struct builder *b, const struct ke_payload *ke);

/*
 * Identification (3.5), IDi or IDr. Addresses have their length, text is not
 * empty, FQDN is printable ASCII, mail addresses UTF-8, neither holds control
 * characters, a DN is one DER SEQUENCE, ID_NULL is empty (RFC 7619 2.2).
 */
struct id_payload {
	uint8_t type; /* enum id_type; any other is CYG_UNSUPPORTED */
	struct view data;
};
#define ID_TEXT_MAX 1024 /* octets of an FQDN or mail address */
MUST_CHECK enum cyg_err id_parse(const struct payload *p, struct id_payload *ret,
				 struct diag *why);
void id_build(struct builder *b, const struct id_payload *id);
/* All of the body after the generic header: what AUTH covers as IDx' (2.15). */
static inline struct view id_octets(const struct payload *p)
{
	return p->body;
}

/*
 * Certificate (3.6). Any encoding but 0; data is not empty, and of hash-and-URL at least 21
 * octets.
 */
struct cert_payload {
	uint8_t encoding; /* enum cert_encoding or another number */
	struct view data;
};
MUST_CHECK enum cyg_err cert_parse(const struct payload *p, struct cert_payload *ret,
				   struct diag *why);
void cert_build(struct builder *b, const struct cert_payload *cert);

/*
 * Certificate Request (3.7). `authorities` is a multiple of 20 octets for encodings that list SHA-1
 * hashes.
 */
struct certreq_payload {
	uint8_t encoding;
	struct view authorities; /* as sent; may be empty: any authority */
};
#define CERTREQ_HASH_LEN 20
MUST_CHECK enum cyg_err certreq_parse(const struct payload *p, struct certreq_payload *ret,
				      struct diag *why);
void certreq_build(struct builder *b, const struct certreq_payload *certreq);
/* Whether the encoding lists SHA-1 hashes, of CERTREQ_HASH_LEN octets each. */
bool certreq_has_hashes(const struct certreq_payload *certreq);

/* Authentication (3.8). Method is not 0, data not empty. */
struct auth_payload {
	uint8_t method; /* enum auth_method or another number */
	struct view data;
};
MUST_CHECK enum cyg_err auth_parse(const struct payload *p, struct auth_payload *ret,
				   struct diag *why);
void auth_build(struct builder *b, const struct auth_payload *auth);

/* Nonce (3.9): 16 to 256 octets. */
#define NONCE_LEN_MIN 16
#define NONCE_LEN_MAX 256
struct nonce_payload {
	struct view data;
};
MUST_CHECK enum cyg_err nonce_parse(const struct payload *p, struct nonce_payload *ret,
				    struct diag *why);
void nonce_build(struct builder *b, const struct nonce_payload *nonce);

/* Vendor ID (3.12): any octets. */
struct vendor_payload {
	struct view id;
};
MUST_CHECK enum cyg_err vendor_parse(const struct payload *p, struct vendor_payload *ret,
				     struct diag *why);
void vendor_build(struct builder *b, const struct vendor_payload *vendor);

/*
 * EAP (3.16, RFC 3748 4): one EAP packet whose own length is the payload's.
 * Codes other than 1 to 4 are malformed. Requests and responses have a type.
 */
struct eap_payload {
	uint8_t code; /* enum eap_code */
	uint8_t identifier;
	uint8_t type;     /* of requests and responses; else 0 */
	struct view data; /* type data; empty for success and failure */
};
MUST_CHECK enum cyg_err eap_parse(const struct payload *p, struct eap_payload *ret,
				  struct diag *why);
void eap_build(struct builder *b, const struct eap_payload *eap);

#endif
