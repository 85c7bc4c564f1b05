/* SPDX-License-Identifier: Apache-2.0 */
/* Words and characters: equality without case, the nearest known word, what is printable. */
#include "base/text.h"

#include <string.h>

#define WORD_MAX 64 /* longer words are no typing errors */

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool text_among(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (; len && *words; words += strspn(words, " ")) {
		size_t n = strcspn(words, " ");

		if (n == len && !strncmp(words, word, n))
			return true;
		words += n;
	}
	return false;
}

bool text_same(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (lower(*a) != lower(*b))
			return false;
	return *a == *b;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Letters to change, add, leave out or swap with their neighbour to turn one
 * word into the other, letter case aside. Three rows of the usual table do.
 */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *older = rows[0], *old = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		old[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *spare = older;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			row[j] = least(least(old[j], row[j - 1]) + 1, old[j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = least(row[j], older[j - 2] + 1);
		}
		older = old;
		old = row;
		row = spare;
	}
	return old[b_len];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
	size_t len = strlen(word), best = len / 3 + 1;
	const char *nearest = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t known_len = strlen(words[i]), distance;

		if (known_len > WORD_MAX)
			continue;
		distance = edit_distance(word, len, words[i], known_len);
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	return nearest;
}

/* The octets that a UTF-8 sequence with this first octet takes; 0 if none starts so. */
static size_t utf8_len(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Code points that move the cursor, end a line or turn the direction of what stands beside. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

size_t text_printable(struct view v)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = v.len ? utf8_len(*v.ptr) : 0;
	uint32_t code;

	if (len == 0 || len > v.len)
		return 0;
	code = len == 1 ? *v.ptr : *v.ptr & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((v.ptr[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (v.ptr[i] & 0x3f);
	}
	/* RFC 3629 3: no longer form than needed, no surrogates, nothing past U+10FFFF. */
	if (code < lowest[len] || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff)
		return 0;
	return is_control(code) ? 0 : len;
}
