/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays that grow: items, how many there are, and how many there is room for. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/*
 * The array `items` of `len` items with room for `*cap` of `size` octets each (NULL with none),
 * with room for one more: itself, or moved to twice the room (*cap says it then). NULL when memory
 * is short: items and *cap are as they were. The caller owns it, as before, and frees it by free.
 *
 *     struct row *bigger = array_grow(t->rows, t->len, &t->cap, sizeof(*bigger));
 *
 *     if (!bigger)
 *             return CYG_NOMEM;
 *     t->rows = bigger;
 */
void *array_grow(void *items, size_t len, size_t *cap, size_t size)
	__attribute__((warn_unused_result));

#endif
