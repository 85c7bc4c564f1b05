/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_KE_GROUP_H
#define CRYPTO_KE_GROUP_H

#include "base/err.h"

#include <openssl/types.h>

struct alg;

/*
 * The parameters of key exchange methods as libcrypto takes them: by name, or
 * as prime and generator for the groups of RFC 2409, which it does not name.
 * Private to this room.
 */

/*
 * What every key of a built MODP, ECP or XDH method starts as: a key object
 * with the parameters alone, the caller's to free. CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err ke_group_make(OSSL_LIB_CTX *lib, const struct alg *method,
				      EVP_PKEY **ret);

/* libcrypto's name for the type of a method's keys: "DH", "DHX" or "EC". Not for XDH. */
const char *ke_group_type(const struct alg *method);

/*
 * Add the method's parameters to those of a key. Numbers added go to *ret_p and
 * *ret_g, which must live as long as `b`; NULL for a group with a name.
 */
MUST_CHECK enum cyg_err ke_group_push(OSSL_PARAM_BLD *b, const struct alg *method,
				      BIGNUM **ret_p, BIGNUM **ret_g);

#endif
