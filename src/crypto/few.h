/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_FEW_H
#define CRYPTO_FEW_H

/* Inside this room; others ask for crypto_certs_lib. */

#include <openssl/provider.h>

/*
 * A library context that knows what certificates of IKE take, and nothing else: libcrypto 3.0 gathers
 * every decoder that there is for each public key that it reads, which took longer than checking
 * a signature by it. What is computed is the default provider's own.
 */
struct few {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *provider; /* of every key that is read with it */
};

/* {NULL, NULL}, and no harm done: this libcrypto can't, and the context of everything serves. */
struct few few_new(void);
void few_done(struct few *f);

#endif
