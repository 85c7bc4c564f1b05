/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_PGP_H
#define TRUST_PGP_H

#include "trust/key.h"

/*
 * OpenPGP certificates (RFC 4880): a primary key with the names that it says of itself. Nobody else
 * vouches for them here, so one is as good as a raw public key that the connection names. librnp
 * reads them and checks what the key says of itself; a build without it knows none.
 */
#define PGP_OCTETS_MAX 1048576
#define PGP_FINGERPRINT_TEXT 65 /* hexadecimal digits, with NUL */
#define PGP_USER_IDS_MAX 16     /* more are not told */
#define PGP_USER_ID_MAX 256

struct pgp_cert {
	struct key key;
	char fingerprint[PGP_FINGERPRINT_TEXT];
	char user_ids[PGP_USER_IDS_MAX][PGP_USER_ID_MAX];
	size_t user_ids_len;
	int64_t not_before, not_after; /* seconds since 1970; INT64_MAX: it never ends */
};

/* The octets begin as an OpenPGP certificate does, armoured or not. */
bool pgp_is_one(struct view octets);

/*
 * The first certificate of a file; key_done(&ret->key). CYG_UNSUPPORTED: this build reads none, or a
 * key that IKE has no use for; CYG_MALFORMED, CYG_LIMIT, CYG_AUTH (revoked, or not signed by
 * itself), CYG_NOMEM with *why.
 */
MUST_CHECK enum cyg_err pgp_read(struct crypto *crypto, struct view octets,
				 struct pgp_cert *ret, struct diag *why);

/* The key of a public key packet of version 4 (RFC 4880 5.5.2), with its creation. As pgp_read. */
MUST_CHECK enum cyg_err pgp_read_packet(struct crypto *crypto, struct view packet,
					struct key *ret, int64_t *ret_created,
					struct diag *why);

#endif
