/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_KE_SEEDED_H
#define CRYPTO_KE_SEEDED_H

#include "base/err.h"

#include <openssl/types.h>

struct alg;
struct crypto;

/*
 * A key pair of a built MODP, ECP or XDH method, made from octets of the
 * seeded source alone, so that a simulation replays. Never used otherwise.
 * Private to ke.c. CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err ke_seeded_key(struct crypto *c, const struct alg *method,
				      EVP_PKEY **ret_key);

#endif
