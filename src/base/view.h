/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_VIEW_H
#define BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes: someone else owns them and keeps them alive. {NULL, 0} is the empty view. */
struct view {
	const uint8_t *ptr;
	size_t len;
};

/* Owned bytes on the heap. {NULL, 0} is empty. */
struct bytes {
	uint8_t *ptr;
	size_t len;
};

/* A view of the bytes of a C string, without its NUL. NULL gives the empty view. */
struct view view_str(const char *text);

/* A view of `len` octets at `ptr`. */
static inline struct view view_of(const void *ptr, size_t len)
{
	return (struct view){ptr, len};
}

/* A view of owned bytes. */
static inline struct view view_bytes(const struct bytes *b)
{
	return (struct view){b->ptr, b->len};
}

/* Same length and content. Not constant time: never for secrets (see secret_equal). */
bool view_equal(struct view a, struct view b);

/* Octets of ASCII alone. */
bool view_is_ascii(struct view v);

/* Lexical order, shorter first on a common prefix: <0, 0, >0. */
int view_compare(struct view a, struct view b);

/* Copy `v` to the heap. False when memory is short; *ret is then untouched. */
bool bytes_copy(struct bytes *ret, struct view v) __attribute__((warn_unused_result));

/* Free and empty. NULL and empty are fine. Does not wipe: secrets use bytes_wipe. */
void bytes_done(struct bytes *b);

/* Overwrite, free and empty. NULL and empty are fine. */
void bytes_wipe(struct bytes *b);

#endif
