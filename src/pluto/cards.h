/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_CARDS_H
#define PLUTO_CARDS_H

#include "conf/problem.h"
#include "conn/listing.h"
#include "trust/trust.h"

struct connection;
struct tokens;

/*
 * Between trust and the tokens: certificates on them that connections name, and private keys that
 * records PIN of ipsec.secrets open. Modules are loaded when something of them is first wanted.
 */
struct cards {
	struct trust *trust;
	const struct entropy *entropy;
	struct tokens *tokens; /* NULL: not wanted yet, or can't be had */
};

/* Both are borrowed. */
void cards_init(struct cards *c, struct trust *trust, const struct entropy *entropy);
/* After trust_free: its keys are tokens'. */
void cards_done(struct cards *c);

/* The private keys that the secrets in force open. What is wrong goes to `problems`. */
void cards_read_secrets(struct cards *c, int64_t now, struct problems *problems);
/*
 * The private keys that one record opens with this PIN; for those that are prompted for. Errors as
 * tokens_keys; what is wrong goes to `problems`.
 */
MUST_CHECK enum cyg_err cards_open(struct cards *c, const struct secret_record *r,
				   struct view pin, int64_t now, struct problems *problems);
/* The certificates on tokens that the ends of a connection name. */
void cards_read_certs(struct cards *c, const struct connection *conn, int64_t now,
		      struct problems *problems);
/* Records of LISTING_CARDS; as trust_list. */
bool cards_list(struct cards *c, int64_t now, uint64_t *at, const struct listing_sink *sink);

#endif
