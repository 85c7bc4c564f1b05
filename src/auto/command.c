/* SPDX-License-Identifier: Apache-2.0 */
#include "auto/command.h"

#include "base/array.h"
#include "base/text.h"
#include "conn/field.h"
#include "whack/options.h"

#include <stdlib.h>
#include <string.h>

void command_add(struct command_line *c, const char *word)
{
	/* The NULL behind the last one is an item as well. */
	char **bigger = array_grow(c->words, c->len + 1, &c->cap, sizeof(*bigger));

	if (!bigger) {
		c->bad = true;
		return;
	}
	c->words = bigger;
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
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

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

/* ---- describing a connection ---- */

static const struct whack_flag *find_flag(const char *keyword, const char *value, size_t len)
{
	for (size_t i = 0; i < whack_flags_len; i++) {
		const struct whack_flag *f = &whack_flags[i];

		if (f->keyword && !strcmp(f->keyword, keyword) && strlen(f->value) == len &&
		    !strncmp(f->value, value, len))
			return f;
	}
	return NULL;
}

static void add_flag(struct command_line *c, const struct whack_flag *f)
{
	char word[64];

	snprintf(word, sizeof(word), "--%s", f->name);
	command_add(c, word);
}

/* Values that a flag stands for, "a|b" as two flags. False: some part has no flag. */
static bool add_flags(struct command_line *c, const char *keyword, const char *value)
{
	const struct whack_flag *f = find_flag(keyword, value, strlen(value));

	if (f) {
		add_flag(c, f);
		return true;
	}
	for (const char *at = value; *at;) {
		size_t n = strcspn(at, "|");

		f = find_flag(keyword, at, n);
		if (!f || !f->join)
			return false;
		add_flag(c, f);
		at += n + (at[n] == '|');
	}
	return true;
}

/* The value of an enumeration is glued to its option: such an option may stand alone, too. */
static void add_option(struct command_line *c, const struct field *f, const char *value)
{
	struct text word = {0};

	text_add(&word, "--%s", f->option);
	if (f->words)
		text_add(&word, "=%s", value);
	if (word.bad)
		c->bad = true;
	else
		command_add(c, text_str(&word));
	if (!f->words)
		command_add(c, value);
	text_done(&word);
}

/* How the ends prove themselves is always said: whack takes no default for it. */
static void describe_auth(struct command_line *c, const struct connection *conn)
{
	const struct field *f = field_by_keyword("authby", false);
	struct text value = {0};

	if (connection_negotiates(conn) && !field_get(conn, 0, f, &value) &&
	    field_default(f, &value) && !value.bad &&
	    !add_flags(c, f->keyword, text_str(&value)))
		add_option(c, f, text_str(&value));
	if (value.bad)
		c->bad = true;
	text_done(&value);
}

static void describe_fields(struct command_line *c, const struct connection *conn, bool per_end,
			    int which)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];
		struct text value = {0};

		if (f->per_end == per_end && field_get(conn, which, f, &value)) {
			if (value.bad)
				c->bad = true;
			else if (!add_flags(c, f->keyword, text_str(&value)) && f->option)
				add_option(c, f, text_str(&value));
		}
		text_done(&value);
	}
}

void command_describe(struct command_line *c, const struct connection *conn)
{
	command_add(c, "--name");
	command_add(c, conn->name);
	if (conn->type <= CONN_TRANSPORT)
		command_add(c, "--encrypt");
	if (conn->type == CONN_TUNNEL)
		command_add(c, "--tunnel");
	describe_auth(c, conn);
	describe_fields(c, conn, false, 0);
	describe_fields(c, conn, true, 0);
	command_add(c, "--to");
	describe_fields(c, conn, true, 1);
}

void command_describe_authority(struct command_line *c, const struct authority *a,
				const char *cacert)
{
	struct authority shown = *a;

	shown.cacert = cacert;
	command_add(c, "--name");
	command_add(c, a->name);
	for (size_t i = 0; i < AUTHORITY_FIELDS; i++) {
		const char *value = authority_text(&shown, &authority_fields[i]);
		char word[32];

		if (!value)
			continue;
		snprintf(word, sizeof(word), "--%s", authority_fields[i].option);
		command_add(c, word);
		command_add(c, value);
	}
}
