/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a line: words, and values in quotes or braces. Their strings are
 * kept in the file's store.
 */
#include "conf/parse.h"

#include "base/text.h"
#include "conf/join.h"
#include "conf/store.h"
#include "conn/dialect.h"

#include <string.h>

/* Room for a string of at most `len` octets; its lack is what stops reading. */
static char *room(struct parse *p, size_t len)
{
	char *out = store_room(&p->file->chunks, len + 1);

	if (!out)
		p->err = CYG_NOMEM;
	return out;
}

const char *parse_keep(struct parse *p, const uint8_t *at, size_t len)
{
	char *out = room(p, len);

	if (!out)
		return NULL;
	memcpy(out, at, len);
	out[len] = '\0';
	store_take(p->file->chunks, len + 1);
	return out;
}

const char *parse_bare(struct parse *p, const uint8_t *at)
{
	char *out = room(p, (size_t)(line_end(p) - at)), *to = out;

	if (!out)
		return NULL;
	while (!at_line_end(p, at)) {
		const uint8_t *end = word_end(p, at);

		if (to > out)
			*to++ = ' ';
		memcpy(to, at, (size_t)(end - at));
		to += end - at;
		at = skip_blanks(p, end);
	}
	*to = '\0';
	store_take(p->file->chunks, (size_t)(to - out) + 1);
	return out;
}

/* strongSwan's escapes: where the file says dialect=strongswan, and in joined lines, which it alone has. */
static bool has_escapes(const struct parse *p)
{
	return p->file->dialect == DIALECT_STRONGSWAN ||
	       memchr(p->line.ptr, '\n', p->line.len) != NULL;
}

static char unescaped(uint8_t c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : (char)c;
}

const char *parse_quoted(struct parse *p, const uint8_t *at, const uint8_t **ret_after)
{
	const uint8_t *end = line_end(p);
	char *out = room(p, (size_t)(end - at)), *to = out;
	bool escapes = has_escapes(p);
	size_t n;

	if (!out)
		return NULL;
	for (at++; at < end && *at != '"'; at += n) {
		n = join_len(at, end);
		if (n)
			continue;
		n = at[0] == '\\' && at + 1 < end && (escapes || at[1] == '"') ? 2 : 1;
		*to++ = n == 2 ? unescaped(at[1]) : (char)*at;
	}
	if (at == end)
		return NULL;
	*to = '\0';
	store_take(p->file->chunks, (size_t)(to - out) + 1);
	*ret_after = at + 1;
	return out;
}

const char *parse_braced(struct parse *p, const uint8_t *at, const uint8_t **ret_after)
{
	const uint8_t *end = memchr(at, '}', (size_t)(line_end(p) - at)), *last = end;

	if (!end)
		return NULL;
	at = skip_blanks(p, at + 1);
	while (last > at && is_blank(last[-1]))
		last--;
	*ret_after = end + 1;
	return parse_keep(p, at, (size_t)(last - at));
}

const uint8_t *parse_bad_character(struct view text)
{
	const uint8_t *at = text.ptr, *end = text.ptr + text.len;
	size_t n = 1;

	for (; at < end && n; at += n) {
		n = *at == '\t' || (*at >= ' ' && *at < 0x7f)
			    ? 1
			    : text_printable(view_of(at, (size_t)(end - at)));
	}
	return at;
}
