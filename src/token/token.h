/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/view.h"
#include "conn/listing.h"

/* Whether a text is meant to name what is on a token: "pkcs11:..." or "%smartcard..." (name.h). */
bool token_is_name(const char *text);

/* All tokens that p11-kit is configured for. */
struct tokens;

/* Load the modules. NULL: *why says why they can't be. `key` is for remembering refused PINs. */
struct tokens *tokens_open(const struct hash_key *key, struct diag *why);
/* NULL is fine. No key may be left. */
void tokens_close(struct tokens *t);

/*
 * Each certificate that a name fits, in DER, borrowed for the call. CYG_NOTFOUND: there is none;
 * CYG_MALFORMED (the name), CYG_IO with *why.
 */
MUST_CHECK enum cyg_err tokens_certs(struct tokens *t, const char *name,
				     void (*each)(void *ctx, struct view der), void *ctx,
				     struct diag *why);

/* A private key on a token. Counted; used by one thread at a time, the others wait. */
struct token_key;
struct token_key *token_key_ref(struct token_key *k);
void token_key_unref(struct token_key *k);

/*
 * Log in to the token that a name fits, and tell each private key that it fits, with the
 * certificate of its public half; the key is borrowed for the call. CYG_PERM: the PIN is wrong, or
 * was before and was not tried again, or would be the last try; CYG_NOTFOUND; others as above, with
 * *why.
 */
MUST_CHECK enum cyg_err tokens_keys(struct tokens *t, const char *name, struct view pin,
				    void (*each)(void *ctx, struct view cert,
						 struct token_key *k),
				    void *ctx, struct diag *why);

enum token_mechanism {
	TOKEN_RSA_PKCS1, /* of a DigestInfo */
	TOKEN_RSA_PSS,   /* of a hash, salt as long as it */
	TOKEN_ECDSA,     /* of a hash; r and s one after the other */
	TOKEN_EDDSA,     /* of the octets themselves */
};

/*
 * Sign. *ret is the caller's. CYG_CRYPTO (the token refused, or is gone), CYG_UNSUPPORTED,
 * CYG_NOMEM. Slow; any thread.
 */
MUST_CHECK enum cyg_err token_sign(struct token_key *k, enum token_mechanism how,
				   struct view input, struct bytes *ret);

/* What there is, as records of LISTING_CARDS, from the *at-th on; as trust_list. */
bool tokens_list(struct tokens *t, int64_t now, uint64_t *at, const struct listing_sink *sink);

#endif
