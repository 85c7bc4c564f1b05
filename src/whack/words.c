/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_word(struct whack_words *w, char *word)
{
	char **items = reallocarray(w->items, w->len + 1, sizeof(*items));

	if (!items)
		return false;
	items[w->len++] = word;
	w->items = items;
	return true;
}

static char *skip(char *at)
{
	for (;;) {
		while (isspace((unsigned char)*at))
			at++;
		if (*at != '#')
			return at;
		at += strcspn(at, "\n");
	}
}

/*
 * Unquote the word at *at in place and end it; *at moves behind it. False: a quote is not
 * closed.
 */
static bool cut_word(char **at)
{
	char *from = *at, *to = *at, quote = 0;

	for (; *from && (quote || !isspace((unsigned char)*from)); from++) {
		if (quote ? *from == quote : *from == '"' || *from == '\'')
			quote = quote ? 0 : *from;
		else
			*to++ = *from;
	}
	*at = *from ? from + 1 : from;
	*to = '\0';
	return !quote;
}

enum cyg_err words_cut(struct whack_words *w, const char *path, struct diag *why)
{
	char *at = skip(w->text);

	while (*at) {
		char *word = at;

		if (!cut_word(&at)) {
			diag_set(why, "usage", NULL, "a quote is not closed in %s", path);
			return CYG_MALFORMED;
		}
		if (!add_word(w, word))
			return CYG_NOMEM;
		at = skip(at);
	}
	return CYG_OK;
}

static enum cyg_err fill(struct whack_words *w, FILE *f, const char *path, struct diag *why)
{
	size_t len = fread(w->text, 1, WORDS_FILE_MAX + 1, f);

	if (ferror(f)) {
		diag_set(why, "usage", NULL, "can't read %s (%s)", path, strerror(errno));
		return CYG_IO;
	}
	if (len > WORDS_FILE_MAX) {
		diag_set(why, "usage", NULL, "%s is too long", path);
		return CYG_LIMIT;
	}
	w->text[len] = '\0';
	if (strlen(w->text) == len)
		return words_cut(w, path, why);
	diag_set(why, "usage", NULL, "%s is no text", path);
	return CYG_MALFORMED;
}

enum cyg_err words_read(const char *path, struct whack_words **ret, struct diag *why)
{
	struct whack_words *w;
	enum cyg_err err;
	FILE *f = fopen(path, "re");

	if (!f) {
		diag_set(why, "usage", NULL, "can't open %s (%s)", path, strerror(errno));
		return CYG_IO;
	}
	w = calloc(1, sizeof(*w) + WORDS_FILE_MAX + 2);
	err = w ? fill(w, f, path, why) : CYG_NOMEM;
	fclose(f);
	if (err)
		words_free(w);
	else
		*ret = w;
	return err;
}

void words_free(struct whack_words *w)
{
	while (w) {
		struct whack_words *next = w->next;

		free(w->items);
		free(w);
		w = next;
	}
}
