/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include "base/diag.h"
#include "base/err.h"
#include "base/view.h"

/* Octets of URLs, fetched in a thread of its own (README.md). */
struct fetcher;

#define FETCH_AT_ONCE 64   /* transfers under way */
#define FETCH_PER_HOST 4   /* of them with one server */
#define FETCH_REDIRECTS 3  /* followed, of GET and to the same server alone */
#define FETCH_WAITING 4096 /* questions that wait */

/* What is asked for. All is copied. */
struct fetch_ask {
	uint64_t id; /* the caller's; told with what came */
	const char *url;
	struct view post;         /* empty: GET */
	const char *content_type; /* of `post` */
	size_t octets_max;        /* more is a failure */
	unsigned seconds;         /* in all, from when it begins */
};

/* What came, or why nothing did. */
struct fetched {
	uint64_t id;
	/*
	 * CYG_OK; CYG_IO: the server can't be reached, or says nothing; CYG_NOTFOUND: it does not have it;
	 * CYG_MALFORMED: it leads elsewhere, or breaks off; CYG_LIMIT, CYG_NOMEM.
	 */
	enum cyg_err err;
	struct bytes octets; /* the caller's; of a directory the first binary value */
	struct diag why;
};

/*
 * Start the thread. `wake` is called in it whenever there is something to take, and must do no
 * more than tell another thread. NULL when memory is short or threads can't be made.
 */
struct fetcher *fetcher_new(void (*wake)(void *ctx), void *ctx);
/* End it; what is under way is dropped. NULL is fine. */
void fetcher_free(struct fetcher *f);

/*
 * Ask. CYG_OK: fetcher_take will tell. CYG_UNSUPPORTED, CYG_MALFORMED, CYG_LIMIT (the URL is not
 * one to be fetched, or too many wait), CYG_NOMEM with *why.
 */
MUST_CHECK enum cyg_err fetcher_ask(struct fetcher *f, const struct fetch_ask *a,
				    struct diag *why);

/*
 * What was asked under this id is not wanted any more: fetcher_take does not tell of it. When memory is
 * short it is fetched all the same.
 */
void fetcher_drop(struct fetcher *f, uint64_t id);

/* The next one that is finished; false: there is none. The octets are moved to the caller. */
bool fetcher_take(struct fetcher *f, struct fetched *ret);

#endif
