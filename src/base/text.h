/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/view.h"

/*
 * A growing string on the heap. {0} is empty. `bad` once memory ran out; then
 * nothing more is added. Not for secrets: what it outgrows is not wiped.
 */
struct text {
	char *ptr; /* NUL-terminated once anything was added; may be NULL when empty */
	size_t len, cap;
	bool bad;
};

/* Add formatted text; a string; counted text; a character. */
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_add_str(struct text *t, const char *s);
void text_add_view(struct text *t, struct view v);
void text_add_char(struct text *t, char c);
/* Printable characters (see text_printable) as they are, all else and backslash as \xNN. */
void text_add_escaped(struct text *t, struct view v);
/* Lower-case hex, no separators. */
void text_add_hex(struct text *t, struct view v);
/* The content, never NULL ("" when empty); borrowed. */
const char *text_str(const struct text *t);
/* Move the string out (caller frees); NULL when bad. *t is empty afterwards. */
char *text_take(struct text *t);
/* Make empty and good again, keeping the storage; make empty and free it (NULL is fine). */
void text_clear(struct text *t);
void text_done(struct text *t);

/* snprintf at the end of a fixed buffer: *used counts on, never past cap - 1. */
void buf_add(char *buf, size_t cap, size_t *used, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same of a string as it is: listings of very many connections are made of them. */
void buf_add_str(char *buf, size_t cap, size_t *used, const char *s);
/* The same in lower-case hex, whole octets alone. */
void buf_add_hex(char *buf, size_t cap, size_t *used, struct view v);

/* The value of a hexadecimal digit in either case; -1: it is none. */
int hex_digit(char c);

/*
 * Hex text (no prefix, even length) to octets; false on anything else, or when
 * more than `cap` are needed (some of `out` may then be written).
 */
bool hex_decode(const char *text, uint8_t *out, size_t cap, size_t *ret_len)
	__attribute__((warn_unused_result));
/*
 * Base64 (RFC 4648 4: padded; white space anywhere is skipped) to octets; false
 * on anything else, on stray bits at the end (RFC 4648 3.5), or past `cap`.
 */
bool base64_decode(const char *text, uint8_t *out, size_t cap, size_t *ret_len)
	__attribute__((warn_unused_result));

/*
 * Octets of the printable character that `v` starts with; 0 when it starts with
 * none. Printable: ASCII from space to tilde, and valid UTF-8 (RFC 3629) but for
 * controls, line separators and marks that turn the writing direction, which
 * could make a terminal show what is not there.
 */
size_t text_printable(struct view v);

/* Equal but for the case of ASCII letters. */
bool text_same(const char *a, const char *b);

/* Whether `word` is one of `words`, which blanks separate. */
bool text_among(const char *words, const char *word);

/*
 * The word of `words` (count `n`) nearest to `word`, or NULL when none is near
 * enough to be a typing error (edit distance over a third of its length).
 */
const char *text_nearest(const char *word, const char *const *words, size_t n);

/* True and the number when the whole text is decimal digits within [min, max]. */
bool text_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
	__attribute__((warn_unused_result));

#endif
