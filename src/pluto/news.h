/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_NEWS_H
#define PLUTO_NEWS_H

#include "base/err.h"

#include <stdbool.h>
#include <uv.h>

struct daemon;
struct fetcher;

/*
 * News of certificates: what trust wants is fetched, what came goes to trust, and what trust
 * says then goes to the core. Lists that are to be kept are written by a thread of libuv's.
 */
struct news {
	struct daemon *daemon;
	struct fetcher *fetcher;
	uv_async_t wake;
	uv_timer_t timer;
	bool started, pumping, again;
	uint64_t lists_taken; /* when our own certificates were last held against them */
};

/* CYG_NOMEM. */
MUST_CHECK enum cyg_err news_start(struct news *n, struct daemon *d);
/* See to all that trust wants and has to tell. Not from within a step of the core. */
void news_pump(struct news *n);
/* The same in the loop's next turn; from anywhere. */
void news_wake(struct news *n);
/* What is under way is dropped. The loop must run once more for the handles to close. */
void news_stop(struct news *n);

#endif
