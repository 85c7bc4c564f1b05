/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/join.h"

#include <ctype.h>
#include <string.h>

size_t join_len(const uint8_t *at, const uint8_t *end)
{
	size_t cr = end - at > 1 && at[1] == '\r';

	return *at == '\\' && (size_t)(end - at) > cr + 1 && at[cr + 1] == '\n' ? cr + 2 : 0;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static const uint8_t *skip_blanks(const uint8_t *at, const uint8_t *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* Where the quoted value of a parameter begins in the line; NULL: it has none. */
static const uint8_t *opening_quote(struct view line)
{
	const uint8_t *end = line.ptr + line.len, *at = skip_blanks(line.ptr, end);

	/* what follows x- is a note to the end of its line */
	if (at == line.ptr || at == end || *at == '#' ||
	    (end - at > 1 && tolower(at[0]) == 'x' && (at[1] == '-' || at[1] == '_')))
		return NULL;
	while (at < end && *at != '=' && !is_blank(*at))
		at++;
	at = skip_blanks(at, end);
	if (at == end || *at != '=')
		return NULL;
	at = skip_blanks(at + 1, end);
	return at < end && *at == '"' ? at : NULL;
}

/* The octet behind the closing quote of what begins at `at`, in this line or in joined ones; NULL: none. */
static const uint8_t *closing_quote(const uint8_t *at, const uint8_t *nl, const uint8_t *end)
{
	while (at < nl && *at != '"') {
		size_t n = join_len(at, end);

		if (n) {
			at += n;
			nl = memchr(at, '\n', (size_t)(end - at));
			nl = nl ? nl : end;
		} else {
			at += *at == '\\' ? 2 : 1;
		}
	}
	return at < nl ? at + 1 : NULL;
}

const uint8_t *join_lines(struct view *line, const uint8_t *nl, const uint8_t *end)
{
	const uint8_t *at = nl[-1] == '\\' || nl[-1] == '\r' ? opening_quote(*line) : NULL;
	const uint8_t *last;

	at = at ? closing_quote(at + 1, nl, end) : NULL;
	if (!at || at <= nl)
		return nl;
	last = memchr(at, '\n', (size_t)(end - at));
	while (at < (last ? last : end) && (is_blank(*at) || *at == '\r'))
		at++;
	if (at < (last ? last : end) && *at != '#')
		return nl;
	line->len = (size_t)((last ? last : end) - line->ptr);
	return last;
}
