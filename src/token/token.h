/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "base/diag.h"
#include "base/err.h"
#include "base/view.h"

/* Whether a text is meant to name what is on a token: "pkcs11:..." or "%smartcard..." (name.h). */
bool token_is_name(const char *text);

/*
 * All tokens that p11-kit is configured for. A token may take its time: desk.h asks in a thread of
 * its own. What follows is for that one thread, but for what says otherwise.
 */
struct tokens;

/*
 * Load the modules. NULL: *why says why they can't be. `refused` is the file where PINs that tokens
 * refused are remembered, as slow hashes; NULL: until this process ends.
 */
struct tokens *tokens_open(const char *refused, struct diag *why);
/* NULL is fine. No key may be left; what a token that never answers still uses stays. */
void tokens_close(struct tokens *t);
/* Whoever waits for a signature gets none, from now on. Any thread. */
void tokens_stop(struct tokens *t);

/*
 * Each certificate that a name fits, in DER, borrowed for the call. CYG_NOTFOUND: there is none, or
 * no such module; CYG_MALFORMED (the name) with *why.
 */
MUST_CHECK enum cyg_err tokens_certs(struct tokens *t, const char *name,
				     void (*each)(void *ctx, struct view der), void *ctx,
				     struct diag *why);
/* The same of public keys, as SubjectPublicKeyInfo. */
MUST_CHECK enum cyg_err tokens_publics(struct tokens *t, const char *name,
				       void (*each)(void *ctx, struct view der), void *ctx,
				       struct diag *why);

/* A private key on a token. Counted, in any thread. */
struct token_key;
struct token_key *token_key_ref(struct token_key *k);
void token_key_unref(struct token_key *k);
/* Its token was taken out, or put in anew: it signs no more. Any thread. */
bool token_key_is_gone(const struct token_key *k);

/* A key, borrowed, and its public half in DER: a certificate, or else a SubjectPublicKeyInfo. */
typedef void (*token_key_told)(void *ctx, struct view half, bool is_cert, struct token_key *k);

/*
 * Log in to the first token that a name fits, and tell each private key that it fits, with the
 * certificate or the public key of the same CKA_ID, or with the numbers that it has itself. CYG_PERM:
 * the PIN is wrong, or was before and was not tried again, or would be the last try; CYG_IO;
 * CYG_NOTFOUND; others as above, with *why.
 */
MUST_CHECK enum cyg_err tokens_keys(struct tokens *t, const char *name, struct view pin,
				    token_key_told each, void *ctx, struct diag *why);

/* Close what token_key_unref left. */
void tokens_tidy(struct tokens *t);

enum token_mechanism {
	TOKEN_RSA_PKCS1, /* of a DigestInfo */
	TOKEN_RSA_PSS,   /* of a hash, salt as long as it */
	TOKEN_ECDSA,     /* of a hash; r and s one after the other */
	TOKEN_EDDSA,     /* of the octets themselves */
};

/*
 * Sign. *ret is the caller's. CYG_CRYPTO (the token refused, is gone, or does not answer within
 * TOKEN_SIGN_MS), CYG_UNSUPPORTED, CYG_NOMEM; *why. Slow; any thread: one signature at a time by a key,
 * the others wait, but for none that is overdue.
 */
MUST_CHECK enum cyg_err token_sign(struct token_key *k, enum token_mechanism how,
				   struct view input, struct bytes *ret, struct diag *why);

#define TOKEN_LABEL_MAX 128 /* of an object, with NUL; longer ones are cut */
#define TOKEN_HEX_MAX 129   /* a CKA_ID in hexadecimal digits, with NUL */

/* A token, or an object on it. */
struct token_item {
	unsigned slot;   /* of all that have a token, from 0 */
	const char *pin; /* its state: "wanted", "taken", "none", "locked" ...; static */
	const char
		*object; /* "certificate", "public key", "private key"; NULL: the token alone */
	char token[84];  /* its label and serial number */
	char reader[65]; /* the slot's description */
	char label[TOKEN_LABEL_MAX], key_id[TOKEN_HEX_MAX];
};

struct token_items {
	struct token_item *items;
	size_t len;
};

/* All that can be seen. CYG_NOMEM. */
MUST_CHECK enum cyg_err tokens_list(struct tokens *t, struct token_items *ret);
void token_items_done(struct token_items *items);

/* Whether tokens came or went since the last time, or took keys along, which are gone then. */
bool tokens_changed(struct tokens *t);

#endif
