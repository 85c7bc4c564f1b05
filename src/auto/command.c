/* SPDX-License-Identifier: Apache-2.0 */
#include "auto/command.h"

#include "conn/field.h"

#include <stdlib.h>
#include <string.h>

void command_add(struct command_line *c, const char *word)
{
	if (c->len + 1 >= c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 32;
		char **bigger = reallocarray(c->words, cap, sizeof(*bigger));

		if (!bigger) {
			c->bad = true;
			return;
		}
		c->words = bigger;
		c->cap = cap;
	}
	c->words[c->len] = strdup(word);
	if (!c->words[c->len]) {
		c->bad = true;
		return;
	}
	c->words[++c->len] = NULL;
}

void command_done(struct command_line *c)
{
	for (size_t i = 0; i < c->len; i++)
		free(c->words[i]);
	free(c->words);
	memset(c, 0, sizeof(*c));
}

/* Words of these alone need no quotes in a POSIX shell. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

	return *word && strspn(word, plain) == strlen(word);
}

static void print_quoted(const char *word, FILE *out)
{
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

void command_print(const struct command_line *c, const char *prefix, FILE *out)
{
	fputs(prefix, out);
	for (size_t i = 0; i < c->len; i++) {
		if (i)
			fputc(' ', out);
		if (is_plain(c->words[i]))
			fputs(c->words[i], out);
		else
			print_quoted(c->words[i], out);
	}
	fputc('\n', out);
}
