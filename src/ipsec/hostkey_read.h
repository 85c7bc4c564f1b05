/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_HOSTKEY_READ_H
#define IPSEC_HOSTKEY_READ_H

#include "conf/problem.h"
#include "ipsec/hostkey.h"

#define IPSECKEY_RSA 2
#define IPSECKEY_ECDSA 3
#define IPSECKEY_EDDSA 4

/* The public halves of the keys that ipsec.secrets writes out or names. */
struct shown_key {
	EVP_PKEY *key;              /* public part */
	struct rsa_numbers numbers; /* RSA: modulus and exponent alone; else empty */
	char *base64;               /* RSA: as hostkey_base64; else NULL */
	char *spki;                 /* another: its SubjectPublicKeyInfo in base64; else NULL */
	char *dns;                  /* ... and as DNS has it (RFC 6605 4, RFC 8080 3) */
	uint8_t algorithm;          /* of an IPSECKEY record (RFC 4025 2.4, RFC 9373) */
	char *ids;                  /* who may use it, blank separated; "%any" for anyone */
	char *file;
	unsigned line;
};

struct shown_keys {
	struct shown_key *items;
	size_t len;
};

/*
 * Read a file of secrets, or one that holds a private key itself (PEM). Key files
 * are looked up in `private` (CONFS/ipsec.d/private) unless they have a slash.
 * What can't be read goes to `problems`; CYG_IO, CYG_PERM when the file itself
 * can't be. Private parts are wiped before it returns.
 */
MUST_CHECK enum cyg_err shown_keys_read(const char *path, const char *private,
					struct shown_keys *ret, struct problems *problems);
void shown_keys_done(struct shown_keys *k);

/*
 * The numbers of the first RSA key of a file, private ones and all (rsa_numbers_wipe): a
 * record of ipsec.secrets, what stands between "RSA {" and "}" alone, as rsasigkey prints
 * it, or PEM. CYG_NOTFOUND when there is none; faults go to `problems`.
 */
MUST_CHECK enum cyg_err hostkey_read_rsa(const char *path, struct rsa_numbers *ret,
					 struct problems *problems);

#endif
