/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_ADVERSARY_H
#define SIM_ADVERSARY_H

#include "sim/world.h"

/*
 * Somebody on the way who sees every IKE datagram and can send what it likes
 * from any address, at once or later, but cannot stop anything and knows no
 * key.
 */
struct adversary;

/* One for the world; it begins to listen. Freed by adversary_free, before the world. */
struct adversary *adversary_new(struct world *w);
/* NULL is fine. */
void adversary_free(struct adversary *a);

/* What it does, now and then, for as long as it is started. */
enum mischief {
	MISCHIEF_REPLAY, /* sends again what it saw, from where it came or from elsewhere */
	MISCHIEF_MUTATE, /* the same with octets changed, lengths that lie, headers swapped */
	MISCHIEF_JUNK,   /* sends noise of any length */
	MISCHIEF_ERRORS, /* answers requests it sees with unprotected errors */
};
void adversary_start(struct adversary *a, enum mischief what, nsec interval);
void adversary_stop(struct adversary *a);

/*
 * A first message of the given machine's peer that it saw, as from `source`:
 * with another SPI, so that it begins another IKE SA. False when it saw none.
 */
bool adversary_knock(struct adversary *a, const struct endpoint *source,
		     const struct endpoint *to);

/*
 * Answer each cookie that `from` demands of a knock, as only one who receives at
 * that address can; false: leave them.
 */
void adversary_return_cookies(struct adversary *a, bool so);

#endif
