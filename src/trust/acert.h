/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_ACERT_H
#define TRUST_ACERT_H

#include "trust/store.h"

struct acert_asn1_st;

/*
 * Attribute certificates (RFC 5755): an authority says to which groups the holder of a
 * certificate belongs. libcrypto of Debian 12 has none of it, so their ASN.1 is described here.
 */
#define ACERT_OCTETS_MAX 65536
#define ACERT_GROUPS_MAX 64 /* of one; more are passed over */
#define ACERT_GROUP_MAX 128 /* octets of a group's name; longer ones are passed over */

struct acert {
	struct acert_asn1_st *x; /* NULL: none */
	int64_t not_before, not_after;
};

/*
 * One of a file, PEM ("ATTRIBUTE CERTIFICATE") or DER. CYG_MALFORMED, CYG_UNSUPPORTED (another
 * version, a holder or issuer that is not named, a critical extension), CYG_LIMIT, CYG_NOMEM
 * with *why. CYG_OK and *why set, which the caller has cleared: others stand behind it.
 */
MUST_CHECK enum cyg_err acert_read(struct view octets, struct acert *ret, struct diag *why);
void acert_done(struct acert *a);

/* Who was asked before whether he signed it, and whose key did (NULL: nobody's). Borrowed. */
struct acert_seen {
	const struct key *by;
	const struct stored_certs *asked;
};

/*
 * The authority that made it, one of these; NULL with *why when none did. Whether either of them is
 * valid now is not asked. Slow, but for those that are `seen` (may be NULL) to have been asked.
 */
const struct cert *acert_authority(const struct acert *a,
				   const struct stored_certs *authorities,
				   const struct acert_seen *seen, struct diag *why);

/* Who may be a holder: a certificate that was believed, and what its names are worth. Borrowed. */
struct acert_holder {
	const struct cert *cert;
	bool issuer_held; /* who issued it is an authority that the host itself holds, by its key */
	bool ca_asked; /* and the connection says of which authority it must be (rightca=) */
};

/*
 * Is the certificate's owner its holder? By issuer and number where the issuer is held here: else
 * somebody else may have its name. By the subject alone where an authority is asked for besides, as
 * each other one may give that subject, too.
 */
bool acert_is_for(const struct acert *a, const struct acert_holder *h);
/* The same by names alone, whatever these are worth. */
bool acert_names(const struct acert *a, const struct cert *c);

/*
 * For look-ups: one that names a certificate has one of that certificate's two keys, the one of its
 * number or the one of its subject.
 */
uint64_t acert_key(const struct acert *a);
void acert_keys_of(const struct cert *c, uint64_t ret[2]);

/* The whole of it, the caller's; {0}: memory is short. */
struct bytes acert_der(const struct acert *a);

/* Call `each` with each group's name. */
void acert_each_group(const struct acert *a, void (*each)(void *ctx, const char *group),
		      void *ctx);

/* Whose it is, by whom, its number in hex: return buf. The first one is "" where it is not said. */
const char *acert_print_holder(const struct acert *a, char *buf, size_t cap);
const char *acert_print_holder_issuer(const struct acert *a, char *buf, size_t cap);
const char *acert_print_holder_serial(const struct acert *a, char *buf, size_t cap);
const char *acert_print_issuer(const struct acert *a, char *buf, size_t cap);
const char *acert_print_serial(const struct acert *a, char *buf, size_t cap);

/* What a new one says. Borrowed. */
struct acert_wish {
	const struct cert *holder, *authority;
	struct evp_pkey_st *key; /* the authority's */
	const char *const *groups;
	size_t groups_len;
	int64_t not_before, not_after;
	const uint8_t *serial; /* at most 20 octets, the first of 1 to 127 */
	size_t serial_len;
};

/* Make one in DER: the caller's. CYG_CRYPTO, CYG_NOMEM. */
MUST_CHECK enum cyg_err acert_make(const struct acert_wish *w, struct bytes *ret);

#endif
