/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_PUBKEYS_H
#define TRUST_PUBKEYS_H

#include "base/map.h"
#include "trust/key.h"

/*
 * The public keys that connections name: by their text ("0s..."), read when first asked
 * for, and by a file's name, whose content the host has handed in. {0} is empty.
 */
struct pubkeys {
	struct map by_name;
	struct list all;
	size_t texts; /* read from text: these may be forgotten */
};

/* Empty; forget all keys. */
void pubkeys_init(struct pubkeys *p);
void pubkeys_done(struct pubkeys *p);

/* The content of the file that a connection names so. As key_read_public; CYG_NOMEM. */
MUST_CHECK enum cyg_err pubkeys_put(struct pubkeys *p, struct crypto *crypto, const char *name,
				    struct view octets, struct diag *why);

/*
 * The key of a connection's text, borrowed until the next call. NULL: *why says why, and
 * names the file that was never handed in.
 */
const struct key *pubkeys_find(struct pubkeys *p, struct crypto *crypto, const char *text,
			       struct diag *why);

#endif
