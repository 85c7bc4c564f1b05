/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_PBE_H
#define TRUST_PBE_H

#include "base/diag.h"
#include "base/err.h"
#include "base/reader.h"

/*
 * How often the passphrase of an encrypted key is hashed: whoever made the file says so. It is held
 * against these before anything is hashed.
 */
#define PBE_ROUNDS_MAX 10000000
#define PBE_SCRYPT_OCTETS_MAX (32ul << 20)      /* at a time, as libcrypto's own limit is */
#define PBE_SCRYPT_WORK_MAX (UINT64_C(1) << 30) /* octets in all: 128 N r p (RFC 7914 2) */

/*
 * The content of an AlgorithmIdentifier in DER: PBES2 with PBKDF2 (RFC 8018 A.4) or scrypt (RFC 7914 7),
 * or an older scheme with salt and a count. CYG_LIMIT, CYG_MALFORMED with *why (may be NULL). What
 * names no algorithm is CYG_OK: libcrypto opens nothing with it.
 */
MUST_CHECK enum cyg_err pbe_check(struct reader algorithm, struct diag *why);

#endif
