/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_CARDS_H
#define PLUTO_CARDS_H

#include "base/list.h"
#include "conn/listing.h"
#include "token/token.h"

#include <uv.h>

struct connection;
struct daemon;
struct secret_record;
struct token_desk;

/*
 * Between trust and the tokens: certificates and public keys on them that connections name, and
 * private keys that records PIN of ipsec.secrets open. Tokens are asked in a thread of their own
 * (token/desk.h), which is started when something of them is first wanted. What it tells is kept by
 * trust; when tokens come or go, all that is wanted of them is asked for again.
 */
struct cards {
	struct daemon *daemon;
	struct token_desk *desk; /* NULL: not wanted yet */
	uv_async_t wake;
	uv_timer_t patience;
	struct list wanted;  /* names that connections have used */
	struct list waits;   /* commands whose questions are not all answered */
	uint64_t generation; /* of the secrets: an answer for older ones counts for nothing */
	struct token_items items;
	bool started;
};

#define CARDS_PATIENCE_MS 10000 /* that a command waits for a token that says nothing */

/* Nothing wanted yet; the loop's handles are made. */
void cards_init(struct cards *c, struct daemon *d);
/* Ask and tell nothing more; the loop closes the handles. */
void cards_stop(struct cards *c);
/* After trust_free: its keys are tokens'. */
void cards_done(struct cards *c);

/*
 * Each of these asks, and goes on at once; what is wrong is reported to `cause`. When all that was
 * asked for a cause is answered, or a token says nothing for CARDS_PATIENCE_MS, calls_settled is
 * called, also for cause 0.
 */

/* The private keys that the secrets in force open, but for those that are prompted for. */
void cards_read_secrets(struct cards *c, uint64_t cause);
/* The private keys that a record of them, one that is prompted for, opens with this PIN. */
void cards_open(struct cards *c, const struct secret_record *r, struct view pin,
		uint64_t cause);
/* What the ends of a connection name on tokens. */
void cards_read_connection(struct cards *c, const struct connection *conn, uint64_t cause);
/* All that connections have named, again. */
void cards_read_named(struct cards *c, uint64_t cause);
/* What there is, for cards_list. */
void cards_look(struct cards *c, uint64_t cause);

/* Something that was asked for this cause is not answered yet. */
bool cards_busy(const struct cards *c, uint64_t cause);

/* Records of LISTING_CARDS, as they were when last looked at; as trust_list. */
bool cards_list(const struct cards *c, int64_t now, uint64_t *at,
		const struct listing_sink *sink);

#endif
