/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_TOKEN_PRIVATE_H
#define TOKEN_TOKEN_PRIVATE_H

#include "base/list.h"
#include "token/name.h"
#include "token/token.h"

#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <time.h>

#define TOKEN_SLOTS_MAX 64
#define TOKEN_OBJECTS_MAX 256
#define TOKEN_VALUE_MAX 65536 /* octets of a certificate, or of another attribute */
#define TOKEN_REFUSED_MAX 64  /* PINs that are remembered as wrong */
#define TOKEN_SIGN_MS 10000   /* that a signature may take */

#define TOKEN_HASH_LEN 32
#define TOKEN_SALT_LEN 16

/*
 * The PINs that tokens refused, as slow hashes with a salt, also those of earlier runs: in a file, so that
 * a program that is started again and again does not lock a token.
 */
struct token_refusals {
	char *path; /* NULL: they are remembered until this process ends */
	uint8_t salt[TOKEN_SALT_LEN];
	uint8_t hashes[TOKEN_REFUSED_MAX][TOKEN_HASH_LEN];
	size_t len, at; /* how many there are; the next one to be replaced */
};

/* Read what an earlier run has left at `path` (copied; NULL is fine). False: memory is short. */
MUST_CHECK bool token_refusals_open(struct token_refusals *r, const char *path);
void token_refusals_done(struct token_refusals *r);
/* Whether a token has refused that PIN. Slow if any PIN was ever refused. */
bool token_refusals_has(const struct token_refusals *r, const CK_TOKEN_INFO *token,
			struct view pin);
/* Remember that it did. What can't be written is remembered until this process ends. */
void token_refusals_add(struct token_refusals *r, const CK_TOKEN_INFO *token, struct view pin);

/* One slot with a token in it. */
struct token_place {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	unsigned number, of_module; /* among all, and those of its module; from 0 */
	CK_TOKEN_INFO info;
};

struct tokens {
	CK_FUNCTION_LIST **modules;
	struct token_refusals refused;
	struct token_place seen[TOKEN_SLOTS_MAX]; /* the last time that tokens_changed looked */
	size_t seen_len;
	struct list keys;     /* all with a session; the one thread's alone */
	unsigned sign_ms;     /* TOKEN_SIGN_MS */
	pthread_mutex_t lock; /* of what follows; held over no call into a module */
	pthread_cond_t signed_one;
	struct list closing; /* let go of, in any thread: their sessions are to be closed */
	unsigned signing;    /* threads in a module that signs */
	bool stopped;        /* no signature is waited for any more */
};

struct token_key {
	_Atomic unsigned refs;
	_Atomic bool gone;
	struct list link;    /* tokens.keys */
	struct list closing; /* tokens.closing, when nobody has it any more */
	struct tokens *tokens;
	CK_FUNCTION_LIST *module;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE object;
	bool busy;      /* with a signature; tokens.lock */
	bool overdue;   /* which nobody waits for any more */
	char token[40]; /* its label, for people */
};

/* ---- signatures (sign.c) ---- */

void token_signing_init(struct tokens *t);
/* Whether no thread is in a module to sign any more; waits for it, a second at most. */
bool token_signing_ends(struct tokens *t);
void token_signing_done(struct tokens *t);
/* A moment so far from now, of the clock that pthread_cond_timedwait is told to go by. */
struct timespec token_after_ms(unsigned ms);
void token_cond_init(pthread_cond_t *c);

/* All places with a token, at most TOKEN_SLOTS_MAX; how many. */
size_t token_places(struct tokens *t, struct token_place *places);
/* Objects of a class, with this CKA_ID if it is not empty; how many, at most TOKEN_OBJECTS_MAX. */
size_t token_objects(const struct token_place *p, CK_SESSION_HANDLE s, CK_OBJECT_CLASS class,
		     struct view id, CK_OBJECT_HANDLE *objects);
/* A value of an object on the heap; empty when it has none, or a giant one. */
struct bytes token_value(const struct token_place *p, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
			 CK_ATTRIBUTE_TYPE type);
/* A label or serial number without the blanks that fill it up; returns buf. */
const char *token_padded(const CK_UTF8CHAR *text, size_t len, char *buf, size_t cap);
/* A refusal that names the token; returns `err`. */
enum cyg_err token_refuse(const struct token_place *p, const char *got, const char *hint,
			  enum cyg_err err, struct diag *why);
/* Log in for a session. CYG_PERM: the PIN is wrong, was before, or could lock it; CYG_IO; *why. */
MUST_CHECK enum cyg_err token_log_in(struct tokens *t, const struct token_place *p,
				     CK_SESSION_HANDLE s, struct view pin, struct diag *why);
/*
 * SubjectPublicKeyInfo in DER of an object that is a public key, or a private one that has its
 * public half's numbers; empty when it has not.
 */
struct bytes token_public_of(const struct token_place *p, CK_SESSION_HANDLE s,
			     CK_OBJECT_HANDLE o);

#endif
