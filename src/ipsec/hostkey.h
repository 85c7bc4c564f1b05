/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_HOSTKEY_H
#define IPSEC_HOSTKEY_H

#include "base/text.h"
#include "conn/secret_record.h"

#include <openssl/evp.h>
#include <stdio.h>

/*
 * Keys of this host as people pass them on: the numbers of an RSA key as
 * ipsec.secrets writes them, its public part as leftrsasigkey= and DNS do (RFC
 * 3110), private keys as PEM. Of the programs newhostkey, rsasigkey and
 * showhostkey alone: the `ipsec` command does not link libcrypto.
 */
#define HOSTKEY_BITS_MIN 2048
#define HOSTKEY_BITS_MAX 16384
#define HOSTKEY_BITS_DEFAULT 3072
#define HOSTKEY_ID_LEN 9 /* characters of the base64 text that name a key */

/* A new key: RSA of so many bits with the exponent 65537. NULL when libcrypto refuses. */
EVP_PKEY *hostkey_make_rsa(unsigned bits);
/* ECDSA over P-256, P-384 or P-521 by its bits; NULL for others, or when libcrypto refuses. */
EVP_PKEY *hostkey_make_ec(unsigned bits);

/* The numbers of an RSA key; rsa_numbers_wipe. CYG_UNSUPPORTED for other keys, CYG_NOMEM. */
MUST_CHECK enum cyg_err hostkey_numbers(const EVP_PKEY *key, struct rsa_numbers *ret);
void rsa_numbers_wipe(struct rsa_numbers *n);

/*
 * The lines between "RSA {" and "}": comments with size, host and public key, then
 * the numbers, each indented. They hold the private key. False when memory is
 * short or the output fails.
 */
bool hostkey_print_block(const struct rsa_numbers *n, const char *host, FILE *out);

/* The public key as RFC 3110 has it: exponent and modulus. False when memory is short. */
bool hostkey_public(const struct rsa_numbers *n, struct bytes *ret);
/* The same in base64, without a prefix. Heap; NULL when memory is short. */
char *hostkey_base64(const struct rsa_numbers *n);

/* Size of the modulus in bits. */
unsigned hostkey_bits(const struct rsa_numbers *n);

#endif
