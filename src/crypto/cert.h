/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "base/err.h"
#include "base/view.h"

struct crypto;

#define CERT_NAME_MAX 4096 /* octets of a subject that is told */
#define CERT_ID_LEN 20     /* SHA-1 */
#define CERT_ID_MAX 64     /* octets of a subject key identifier that is told */

/* Whose a certificate is (RFC 5280): for listings. Nothing in it is checked or believed. */
struct cert_names {
	uint8_t subject[CERT_NAME_MAX]; /* a Name in DER: conn/dn.h */
	size_t subject_len;
	uint8_t key_id[CERT_ID_LEN];      /* of the public key's bits */
	uint8_t subject_key[CERT_ID_MAX]; /* RFC 5280 4.2.1.2 */
	size_t subject_key_len;           /* 0: it has none */
};

/*
 * Of the first certificate in a file's octets, PEM or DER. CYG_MALFORMED when there is
 * none, CYG_LIMIT when its subject is longer than is told, CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err cert_names(const struct crypto *c, struct view file,
				   struct cert_names *ret);

#endif
