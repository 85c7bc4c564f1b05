/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_STORE_H
#define CONF_STORE_H

#include <stddef.h>

/*
 * Room for strings that are all freed together, in chunks: a million short
 * values cost their own length each. NULL is an empty store.
 */
struct chunk;

/* Room for `size` octets in the first chunk; NULL when memory is short. Asking again gives it again. */
char *store_room(struct chunk **store, size_t size) __attribute__((warn_unused_result));

/* Of the room last asked for, `size` octets are used. */
void store_take(struct chunk *store, size_t size);

/* Free all of it. */
void store_done(struct chunk **store);

#endif
