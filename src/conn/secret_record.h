/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_SECRET_RECORD_H
#define CONN_SECRET_RECORD_H

#include "conn/ident.h"

/*
 * One record of ipsec.secrets, "[index ...] : KIND data", as conf reads it and
 * trust keeps it. Which members a kind has:
 *
 *     PSK     value: the key
 *     XAUTH   value: a password; the index names the user
 *     EAP     value: a password
 *     NTLM    value: the 16 octets of an NT hash
 *     RADIUS  value: what we share with the server that the index names
 *     PPK     name: its id; value: the key (RFC 8784)
 *     RSA     rsa: the numbers of a key written out in the file
 *     KEYFILE name: a file, key: what is in it; value: its passphrase, or prompt
 *     PIN     name: the card or token; value: the PIN, or prompt
 */
enum secret_kind {
	SECRET_PSK,
	SECRET_XAUTH,
	SECRET_EAP,
	SECRET_NTLM,
	SECRET_RADIUS,
	SECRET_PPK,
	SECRET_RSA,
	SECRET_KEYFILE,
	SECRET_PIN,
	SECRET_KINDS
};

/* What a KEYFILE record says of its file. */
enum secret_key {
	SECRET_KEY_RSA,
	SECRET_KEY_ECDSA,
	SECRET_KEY_PKCS8,  /* a private key of any algorithm */
	SECRET_KEY_PKCS12, /* a key with its certificates */
};

/* The numbers of an RSA key, big-endian, in the order that ipsec.secrets writes them. */
enum rsa_number {
	RSA_MODULUS,
	RSA_PUBLIC_EXPONENT,
	RSA_PRIVATE_EXPONENT,
	RSA_PRIME1,
	RSA_PRIME2,
	RSA_EXPONENT1,
	RSA_EXPONENT2,
	RSA_COEFFICIENT,
	RSA_NUMBERS
};

struct rsa_numbers {
	struct bytes number[RSA_NUMBERS];
};

struct secret_record {
	uint8_t kind;     /* enum secret_kind */
	uint8_t key;      /* enum secret_key, of a KEYFILE */
	bool prompt;      /* the value is asked for at a terminal (%prompt) */
	const char *file; /* where the record begins: the name is its holder's */
	unsigned line;
	const struct ident **indices; /* owned references; none: matches anyone */
	size_t indices_len;
	char *name;
	struct bytes value;
	struct rsa_numbers *rsa;
};

/*
 * Wipe the secret parts, free what the record owns (not `file`), zero it. An empty
 * or half-built one is fine.
 */
void secret_record_done(struct secret_record *r);

/* The word of ipsec.secrets for a kind: "PSK", "XAUTH" ...; of a KEYFILE its key's: "ECDSA". */
const char *secret_record_word(const struct secret_record *r);

#endif
