/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_DESK_H
#define TOKEN_DESK_H

#include "base/list.h"
#include "token/token.h"

/*
 * Where tokens are asked: a thread that loads the modules when something of them is first wanted,
 * answers one question after the other, and looks every TOKEN_LOOK_MS whether tokens came or went.
 */
struct token_desk;

#define TOKEN_LOOK_MS 2000

enum token_question {
	TOKEN_CERTS,   /* certificates that `name` fits */
	TOKEN_PUBLICS, /* public keys that it fits */
	TOKEN_KEYS,    /* private keys that it fits, by `pin` */
	TOKEN_LIST,    /* all there is */
	TOKEN_CHANGE,  /* nobody asked: tokens came or went, and this is what there is now */
};

struct token_found {
	struct bytes der;
	bool is_cert;
	struct token_key *key; /* TOKEN_KEYS: one reference */
};

/* A question, and then its answer. */
struct token_task {
	struct list link;
	uint8_t kind;   /* enum token_question */
	uint64_t cause; /* the asker's, like those below */
	uint64_t generation;
	size_t record;
	char *name;
	struct bytes pin; /* wiped as soon as it was used */
	/* results */
	enum cyg_err err; /* as tokens_certs ..., or CYG_IO: the modules can't be loaded */
	struct diag why;
	struct token_found *found;
	size_t len;
	struct token_items items; /* TOKEN_LIST, TOKEN_CHANGE */
};

/* With copies of name and PIN; `name` may be NULL. NULL when memory is short. */
struct token_task *token_task_new(enum token_question kind, const char *name, struct view pin);
/* NULL is fine. */
void token_task_free(struct token_task *task);

/*
 * Start the thread. `wake` is called in it whenever there is something to take, and must do no
 * more than tell another thread. `refused` as for tokens_open. NULL when memory is short or threads
 * can't be made.
 */
struct token_desk *token_desk_new(const char *refused, void (*wake)(void *ctx), void *ctx);
/* Takes the task over; token_desk_take gives it back. */
void token_desk_ask(struct token_desk *d, struct token_task *task);
/* The next one that is answered, the caller's; NULL: there is none. */
struct token_task *token_desk_take(struct token_desk *d);
/* No more questions, and no more calls of `wake`. What waits is dropped. */
void token_desk_stop(struct token_desk *d);
/*
 * End the thread and unload the modules; no key may be left. A token that does not answer within
 * two seconds keeps its thread, and what that holds: the process is about to end. NULL is fine.
 */
void token_desk_free(struct token_desk *d);

#endif
