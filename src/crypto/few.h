/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_FEW_H
#define CRYPTO_FEW_H

/* Inside this room; others ask for crypto_certs_lib. */

#include <openssl/types.h>

/*
 * A library context that knows what certificates of IKE take, and nothing else: libcrypto 3.0 gathers
 * every decoder that there is for each public key that it reads, which took longer than checking
 * a signature by it. What is computed is the default provider's own. NULL, and no harm done: this
 * libcrypto can't, and the context of everything serves. Free with OSSL_LIB_CTX_free.
 */
#define FEW_NAME "few" /* its provider's */
OSSL_LIB_CTX *few_new(void);

#endif
