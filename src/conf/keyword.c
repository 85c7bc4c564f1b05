/* SPDX-License-Identifier: Apache-2.0 */
/* Looking words up. The rows are in keyword_conn.c and keyword_other.c. */
#include "conf/keyword.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 512 /* more than there are rows in one kind of section */

static const struct keyword *rows_of(enum section_kind kind, size_t *ret_len)
{
	*ret_len = kind == SECTION_CONN ? keyword_conn_len : keyword_other_len;
	return kind == SECTION_CONN ? keyword_conn_rows : keyword_other_rows;
}

const char *keyword_cut_side(const char *word, uint8_t *ret_which)
{
	*ret_which = !strncasecmp(word, "left", 4)    ? 0
		     : !strncasecmp(word, "right", 5) ? 1
						      : KEYWORD_NEITHER;
	if (*ret_which == KEYWORD_NEITHER)
		return word;
	word += *ret_which == 0 ? 4 : 5;
	return word[0] == '-' && word[1] ? word + 1 : word;
}

const struct keyword *keyword_row(enum section_kind kind, const char *name, bool per_end)
{
	size_t len;
	const struct keyword *rows = rows_of(kind, &len);

	for (size_t i = 0; i < len; i++) {
		if (rows[i].section == kind && rows[i].per_end == per_end &&
		    text_same(rows[i].name, name))
			return &rows[i];
	}
	return NULL;
}

struct keyword_meaning keyword_find(enum section_kind kind, const char *word)
{
	struct keyword_meaning m = {.which = KEYWORD_NEITHER};
	const char *name = word;

	m.is_note = (word[0] == 'x' || word[0] == 'X') && (word[1] == '-' || word[1] == '_');
	if (m.is_note)
		return m;
	if (kind == SECTION_CONN)
		name = keyword_cut_side(word, &m.which);
	m.row = keyword_row(kind, name, m.which != KEYWORD_NEITHER);
	if (kind == SECTION_CONN)
		m.field = field_by_keyword(name, m.which != KEYWORD_NEITHER);
	return m;
}

const struct keyword *keyword_canonical(const struct keyword *k)
{
	const struct keyword *to = k->alias_of
					   ? keyword_row(k->section, k->alias_of, k->per_end)
					   : NULL;

	return to ? to : k;
}

const char *keyword_nearest(enum section_kind kind, const char *word)
{
	uint8_t which = KEYWORD_NEITHER;
	const char *name = kind == SECTION_CONN ? keyword_cut_side(word, &which) : word;
	const char *words[WORDS_MAX];
	size_t len, n = 0;
	const struct keyword *rows = rows_of(kind, &len);

	for (size_t i = 0; i < len && n < WORDS_MAX; i++) {
		if (rows[i].section == kind && rows[i].per_end == (which != KEYWORD_NEITHER))
			words[n++] = rows[i].name;
	}
	return text_nearest(name, words, n);
}

bool keyword_nearest_of_end(const char *word, char ret[KEYWORD_TEXT_MAX])
{
	char whole[WORDS_MAX][KEYWORD_TEXT_MAX];
	const char *words[WORDS_MAX], *near;
	size_t len, n = 0;
	const struct keyword *rows = rows_of(SECTION_CONN, &len);

	for (size_t i = 0; i < len && n + 2 <= WORDS_MAX; i++) {
		if (rows[i].section != SECTION_CONN || !rows[i].per_end)
			continue;
		for (int side = 0; side < 2; side++, n++) {
			snprintf(whole[n], sizeof(whole[n]), "%s%s", side ? "right" : "left",
				 rows[i].name);
			words[n] = whole[n];
		}
	}
	near = text_nearest(word, words, n);
	if (near)
		strcpy(ret, near);
	return near != NULL;
}

bool keyword_is_secret(const char *word)
{
	static const char *const names[] = {"ahkey", "espauthkey", "espenckey"};
	uint8_t which;
	const char *name = keyword_cut_side(word, &which);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text_same(name, names[i]))
			return true;
	return false;
}

enum keyword_fate keyword_fate(const struct keyword_meaning *m)
{
	return m->field && m->field->inert ? KEYWORD_INERT : m->row->fate;
}
