/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_KEY_H
#define TRUST_KEY_H

#include "base/diag.h"
#include "base/err.h"
#include "conn/secret_record.h"

struct crypto;
struct evp_pkey_st;

/*
 * A public or private key: an object of libcrypto, and what is asked of it all the time.
 * The object is counted, so that a copy (key_copy) costs nothing; what it holds never
 * changes.
 */
enum key_kind {
	KEY_NONE,
	KEY_RSA,
	KEY_ECDSA_256,
	KEY_ECDSA_384,
	KEY_ECDSA_521,
	KEY_ED25519,
	KEY_ED448,
};

#define KEY_ID_LEN 20
#define KEY_ID_TEXT (2 * KEY_ID_LEN + 1)
#define KEY_OCTETS_MAX 65536 /* of a file or text that holds a key */

/* How a key signs whose private half is elsewhere. */
enum key_signing {
	KEY_SIGN_PKCS1, /* a DigestInfo */
	KEY_SIGN_PSS,   /* a hash, with salt as long as it */
	KEY_SIGN_ECDSA, /* a hash; r and s one after the other come back */
	KEY_SIGN_EDDSA, /* the octets themselves */
};

/* Who has that half. `ref` and `unref` count who holds `ctx`. */
struct key_signer {
	/* Any thread; NULL: the key is here. CYG_CRYPTO with *why. */
	enum cyg_err (*sign)(void *ctx, enum key_signing how, struct view input,
			     struct bytes *ret, struct diag *why);
	void (*ref)(void *ctx);
	void (*unref)(void *ctx);
	void *ctx;
};

struct key {
	struct evp_pkey_st *pkey; /* NULL: none */
	uint8_t kind;             /* enum key_kind */
	uint16_t bits;
	struct key_signer signer; /* of a private key that is elsewhere */
	uint8_t id[KEY_ID_LEN];   /* SHA-1 of the subjectPublicKey (RFC 5280 4.2.1.2 (1)) */
};

/* "RSA", "ECDSA P-256", "Ed25519" ...; static. */
const char *key_kind_name(uint8_t kind);
/* "RSA 2048 abcdef...": kind, bits and the start of the id, for people. Returns buf. */
const char *key_print(const struct key *k, char *buf, size_t cap);
/* The id in hexadecimal digits. Returns buf. */
const char *key_id_print(const struct key *k, char buf[KEY_ID_TEXT]);
bool key_equal(const struct key *a, const struct key *b);

/*
 * Each reader fills *ret (key_done) on success. What is no key, or none that IKE can use
 * (other algorithms and curves, curves written out, RSA with an even or tiny exponent or
 * more than 16,384 bits), is CYG_MALFORMED or CYG_UNSUPPORTED with *why. Nothing secret is in
 * it.
 */

/* A public key: PEM, DER (SubjectPublicKeyInfo), or RFC 3110's RSA form. */
MUST_CHECK enum cyg_err key_read_public(struct crypto *crypto, struct view octets,
					struct key *ret, struct diag *why);
/* The text of leftrsasigkey=, "0s..." or "0x..."; `why` as above. */
MUST_CHECK enum cyg_err key_read_text(struct crypto *crypto, const char *text, struct key *ret,
				      struct diag *why);
/*
 * A private key in PEM or DER, of PKCS #1, #8, SEC 1; `passphrase` opens an encrypted one.
 * CYG_PERM: it is wanted or wrong; CYG_LIMIT: it would be hashed for too long (pbe.h).
 */
MUST_CHECK enum cyg_err key_read_private(struct crypto *crypto, struct view octets,
					 struct view passphrase, struct key *ret,
					 struct diag *why);
/* A private RSA key whose numbers stand in ipsec.secrets. */
MUST_CHECK enum cyg_err key_read_numbers(struct crypto *crypto, const struct rsa_numbers *n,
					 struct key *ret, struct diag *why);
/* Of an object of libcrypto, which is taken over, also on failure. NULL is "no key". */
MUST_CHECK enum cyg_err key_take(struct evp_pkey_st *pkey, struct key *ret, struct diag *why);

/* A public key, or the public half of a private one, as SubjectPublicKeyInfo in DER. NULL ptr: no memory. */
struct bytes key_public_der(const struct key *k);

/* The same where the key's bit string (RFC 5280 4.2.1.2) is at hand: writing it anew is slow. */
MUST_CHECK enum cyg_err key_take_bits(struct evp_pkey_st *pkey, struct view bits,
				      struct key *ret, struct diag *why);

/* Another reference. */
struct key key_copy(const struct key *k);
void key_done(struct key *k);

#endif
