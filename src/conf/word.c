/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/word.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct word *add(struct conf_file *f, const char *text, size_t len)
{
	struct word *w = calloc(1, sizeof(*w) + len + 1);

	if (!w)
		return NULL;
	memcpy(w->text, text, len + 1);
	for (int kind = 0; kind < SECTION_KINDS; kind++)
		w->meaning[kind] = keyword_find((enum section_kind)kind, w->text);
	HASH_ADD(hh, f->words, text[0], len, w);
	if (w->hh.tbl)
		return w;
	free(w); /* memory was short for the table */
	return NULL;
}

const struct word *word_get(struct conf_file *f, enum section_kind kind, struct view text)
{
	char lower[CONF_NAME_MAX + 1];
	struct word *w;

	if (text.len > CONF_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < text.len; i++)
		lower[i] = (char)tolower(text.ptr[i]);
	lower[text.len] = '\0';
	HASH_FIND(hh, f->words, lower, text.len, w);
	if (!w)
		w = add(f, lower, text.len);
	if (w && !w->meaning[kind].row && !w->near_known[kind]) {
		w->near[kind] = keyword_nearest(kind, w->text);
		w->near_known[kind] = true;
	}
	return w;
}

const char *param_keyword(const struct param *p)
{
	return p->word->text;
}

void words_done(struct conf_file *f)
{
	struct word *w, *next;

	HASH_ITER(hh, f->words, w, next) {
		HASH_DEL(f->words, w);
		free(w);
	}
}
