/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TRUST_PKI_H
#define TESTS_UNIT_TRUST_PKI_H

#include "trust/cert.h"

#include <openssl/evp.h>

/* Certificates as a test wants them. */
#define PKI_NOW 1800000000 /* the moment it is in these tests */
#define PKI_EXTENSIONS 6

struct pki_wish {
	const char *name;              /* CN; may hold anything */
	const struct pki_cert *issuer; /* NULL: itself */
	int64_t from, until;           /* from PKI_NOW; 0: a day before, and after */
	bool version1;
	const char *hash;                          /* "SHA256" when not given */
	const char *extensions[PKI_EXTENSIONS][2]; /* "basicConstraints", "critical,CA:TRUE" */
};

struct pki_cert {
	EVP_PKEY *key;
	struct x509_st *x;
};

/* Make one with a new key of P-256; pki_done. Fails the test when libcrypto refuses. */
struct pki_cert pki_make(const struct pki_wish *w);
void pki_done(struct pki_cert *c);
/* A copy as trust reads it. */
struct cert pki_read(struct crypto *crypto, const struct pki_cert *c);

#endif
