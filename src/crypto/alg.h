/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_ALG_H
#define CRYPTO_ALG_H

#include "base/view.h"

/*
 * The one table that registers every algorithm. All that is known of one
 * stands in its row (alg_table.c): the IKEv2 number, the name printed, the
 * names that configuration files use, sizes, the document that defines it, and
 * what this build thinks of it. The table links nothing of libcrypto.
 *
 * A row may exist for its name alone, so that a diagnostic can say what a peer
 * offered: `built` is then 0.
 */

/* IKEv2 transform types, with their numbers on the wire (RFC 7296 3.3.2, RFC 9370 2.2). */
enum alg_kind {
	ALG_ENCR = 1,
	ALG_PRF = 2,
	ALG_INTEG = 3,
	ALG_KE = 4,
	ALG_ESN = 5,
	ALG_ADDKE1 = 6, /* additional key exchanges 1 to 7; their ids are those of ALG_KE */
	ALG_ADDKE7 = 12,
};
#define ALG_KINDS 13 /* for arrays indexed by kind; slot 0 is unused */

enum alg_strength {
	ALG_STRONG,
	ALG_WEAK,    /* used when a configuration names it, with a warning; never by default */
	ALG_REFUSED, /* never used, also not when a configuration asks */
};

/* How a row works: what its code goes by. */
enum alg_form {
	ALG_FORM_NONE,
	/* ENCR */
	ALG_FORM_CBC,
	ALG_FORM_CTR,  /* salt || iv || 1 counts blocks */
	ALG_FORM_GCM,  /* salt || iv is the nonce; ChaCha20-Poly1305 works alike */
	ALG_FORM_CCM,  /* as GCM, told all lengths beforehand */
	ALG_FORM_GMAC, /* GCM that covers the text and leaves it in clear */
	ALG_FORM_NULL, /* the text as it is */
	/* PRF and INTEG */
	ALG_FORM_HMAC,
	ALG_FORM_CMAC,
	ALG_FORM_XCBC,
	/* KE */
	ALG_FORM_MODP,    /* a number below a safe prime */
	ALG_FORM_MODPSUB, /* a number in a subgroup of small prime order */
	ALG_FORM_ECP,     /* x || y of a point */
	ALG_FORM_XDH,     /* the octets of RFC 7748 */
	ALG_FORM_KEM,     /* the answer depends on the question */
};

/* What a row is built for, bits of `built`. */
#define ALG_FOR_IKE 1u
#define ALG_FOR_ESP 2u

#define ALG_BITS_MAX 3  /* key sizes of one row */
#define ALG_TEXT_MAX 64 /* room for any name printed, with NUL */

/* IANA numbers that code names. The table has many more. */
#define ALG_ENCR_3DES 3
#define ALG_ENCR_NULL 11
#define ALG_ENCR_AES_CBC 12
#define ALG_ENCR_AES_GCM_16 20
#define ALG_ENCR_CHACHA20_POLY1305 28
#define ALG_PRF_AES128_XCBC 4
#define ALG_PRF_HMAC_SHA2_256 5
#define ALG_PRF_HMAC_SHA2_384 6
#define ALG_PRF_HMAC_SHA2_512 7
#define ALG_PRF_AES128_CMAC 8
#define ALG_INTEG_NONE 0
#define ALG_INTEG_HMAC_SHA2_256_128 12
#define ALG_INTEG_HMAC_SHA2_384_192 13
#define ALG_INTEG_HMAC_SHA2_512_256 14
#define ALG_KE_NONE 0
#define ALG_KE_MODP768 1
#define ALG_KE_MODP1024 2
#define ALG_KE_MODP2048 14
#define ALG_KE_MODP3072 15
#define ALG_KE_MODP4096 16
#define ALG_KE_MODP6144 17
#define ALG_KE_MODP8192 18
#define ALG_KE_ECP256 19
#define ALG_KE_ECP384 20
#define ALG_KE_ECP521 21
#define ALG_KE_X25519 31
#define ALG_KE_X448 32
#define ALG_ESN_NO 0
#define ALG_ESN_YES 1

/* One algorithm. Rows are constant: keep the pointer and compare by it. */
struct alg {
	uint8_t kind;     /* enum alg_kind; ALG_KE for every key exchange */
	uint16_t id;      /* IANA IKEv2 transform id */
	const char *name; /* as printed, without key size: "AES_GCM_16" */
	/*
	 * Names in configuration, lower case, NULL-terminated; may be NULL. `_`
	 * stands for "_", "-" or nothing, `#` for a key size (with an optional
	 * separator before it) or nothing; neither begins a name.
	 */
	const char *const *names;
	const char *ref;  /* "RFC 4106" */
	uint8_t built;    /* ALG_FOR_*; 0: known by name only */
	uint8_t strength; /* enum alg_strength */
	const char *why;  /* the reason when it is not ALG_STRONG, else NULL */
	bool aead;        /* ENCR: authenticates too; takes no INTEG */
	bool key_attr;    /* the Key Length attribute must be there (RFC 7296 3.3.5) */

	uint16_t bits[ALG_BITS_MAX]; /* key sizes to choose from, without salt; 0-filled */
	uint16_t bits_default;       /* when a configuration names no size; 0 without choice */
	uint16_t key_len;  /* octets of key without choice: ENCR, INTEG, PRF (preferred) */
	uint8_t salt_len;  /* ENCR: octets of KEYMAT after the key (RFC 4106 8.1) */
	uint8_t block_len; /* ENCR: text is a multiple of this; 1 for stream modes */
	uint8_t iv_len;    /* ENCR: explicit IV in each packet */
	uint8_t icv_len;   /* AEAD and INTEG: check value in each packet */
	uint16_t out_len;  /* PRF: output; KE: shared secret; octets */
	uint16_t public_i; /* KE: octets of the public value of the starter */
	uint16_t public_r; /* KE: octets of the answer (a KEM differs here) */
	uint8_t form;      /* enum alg_form of what is built, and of every KE */
	bool legacy;       /* libcrypto keeps it in its legacy provider */
	uint16_t hash_prf; /* INTEG: id of the PRF over the same hash; 0 if none */

	const char *ossl[ALG_BITS_MAX]; /* OpenSSL's name of each bits[], or of all */
};

/* The row of (kind, id) in constant time, or NULL. Kinds 6..12 give KE rows. */
const struct alg *alg_by_id(enum alg_kind kind, uint16_t id);

/*
 * The row of one kind that configuration calls `name` (a counted text, any
 * case). A key size may be glued on or follow "_" or "-", wherever the row's
 * pattern allows it: "aes256", "aes-256", "aes_gcm_16_256", "aes256gcm16".
 * *ret_bits is the size named, or 0. NULL when there is none; *ret_bits is
 * then untouched. Says nothing on built or strength: see alg_refusal.
 */
const struct alg *alg_by_name(enum alg_kind kind, struct view name, uint16_t *ret_bits);

/* Walk all rows of a kind in order of id: start with NULL; NULL after the last. */
const struct alg *alg_next(enum alg_kind kind, const struct alg *prev);

/* "ENCR", "PRF", "INTEG", "KE", "ESN", "ADDKE1".. ; "?" for other numbers. Static storage. */
const char *alg_kind_name(unsigned kind);

/*
 * Name and key size as printed: "AES_GCM_16_256", "MODP2048". bits 0 prints no
 * size. Returns buf.
 */
const char *alg_print(const struct alg *a, uint16_t bits, char buf[ALG_TEXT_MAX]);

/* As alg_print for a number from the wire; an unknown one prints as "ENCR(1234)_256". */
const char *alg_print_id(unsigned kind, uint16_t id, uint16_t bits, char buf[ALG_TEXT_MAX]);

/* Octets of key without salt for a size in bits (0: the default); 0 when it is not allowed. */
size_t alg_key_len(const struct alg *a, uint16_t bits);

/* True when `bits` may go with `a`: one of bits[], or 0 where there is no choice. */
bool alg_bits_ok(const struct alg *a, uint16_t bits);

/* Why `a` cannot serve `use` (ALG_FOR_IKE or ALG_FOR_ESP), in words; NULL when it can. */
const char *alg_refusal(const struct alg *a, unsigned use);

/* The PRF over the hash of an INTEG row (config names one word for both); NULL if none. */
const struct alg *alg_prf_of(const struct alg *integ);

#endif
