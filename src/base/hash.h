/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/view.h"

struct entropy;

/*
 * A keyed hash for tables whose keys a stranger may choose: without the key
 * nobody can pick values that fall into one bucket. SipHash-2-4; not a MAC for
 * anything that leaves this process.
 */
struct hash_key {
	uint64_t k[2];
};

/* Draw a key. False when the source fails; *ret is then untouched. */
bool hash_key_draw(const struct entropy *e, struct hash_key *ret)
	__attribute__((warn_unused_result));

/* The hash of `v` under `key`; the same on every machine. */
uint64_t hash_view(const struct hash_key *key, struct view v);

#endif
