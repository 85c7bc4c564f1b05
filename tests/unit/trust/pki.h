/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TRUST_PKI_H
#define TESTS_UNIT_TRUST_PKI_H

#include "trust/cert.h"
#include "trust/chain.h"

#include <openssl/evp.h>

/* Certificates as a test wants them. */
#define PKI_NOW 1800000000 /* the moment it is in these tests */
#define PKI_EXTENSIONS 6

/* The extension of an authority. */
#define PKI_CA                                         \
	{                                              \
		"basicConstraints", "critical,CA:TRUE" \
	}

struct pki_wish {
	const char *name;              /* CN; may hold anything */
	const char *mail;              /* emailAddress of the subject; NULL: none */
	const struct pki_cert *issuer; /* NULL: itself */
	int64_t from, until;           /* from PKI_NOW; 0: a day before, and after */
	bool version1;
	const char *hash;                          /* "SHA256" when not given */
	unsigned rsa_bits;                         /* 0: a key of P-256 */
	const struct pki_cert *key;                /* with this one's key; NULL: a new one */
	const char *extensions[PKI_EXTENSIONS][2]; /* PKI_CA, or {"keyUsage", "keyCertSign"} */
};

struct pki_cert {
	EVP_PKEY *key;
	struct x509_st *x;
};

/* Make one; pki_done. Fails the test when libcrypto refuses. */
struct pki_cert pki_make(const struct pki_wish *w);
void pki_done(struct pki_cert *c);
/* A copy as trust reads it. */
struct cert pki_read(struct crypto *crypto, const struct pki_cert *c);
/* In DER; bytes_done. Its serial number. */
struct bytes pki_der(const struct pki_cert *c);
struct serial pki_serial(const struct pki_cert *c);
/* Whether a key has a private half that belongs to the public one: it signs, and that is checked. */
bool pki_key_signs(struct crypto *crypto, const struct key *k);

/* A list of revoked certificates as a test wants it. */
struct pki_list_wish {
	const struct pki_cert *issuer, *revoked[4];
	long filler;         /* so many more entries, of numbers from 1,000,000 */
	int64_t from, until; /* from PKI_NOW; 0: an hour before, and after */
	long number, base;   /* 0: none */
	int reason;          /* of the first entry; 0: none */
	const char *hash;
	const char *extensions[PKI_EXTENSIONS][2];
};

/* In DER; bytes_done. */
struct bytes pki_list(const struct pki_list_wish *w);

/*
 * An attribute certificate that says that the holder belongs to sales and admins, from and until so many
 * seconds from PKI_NOW. The signer's key need not be the authority's. In DER; bytes_done.
 */
struct bytes pki_acert(const struct cert *holder, const struct pki_cert *signer,
		       const struct cert *authority, int64_t from, int64_t until);

#endif
