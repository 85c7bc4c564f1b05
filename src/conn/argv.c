/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/argv.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct splitter {
	const char *command, *at;
	char *out; /* where the present word grows; never longer than the command */
	struct diag *why;
};

static enum cyg_err refuse(const struct splitter *s, const char *what)
{
	diag_set(s->why, "updown-command", NULL, "the command %s", what);
	diag_got(s->why, "%s", s->command);
	return CYG_MALFORMED;
}

static enum cyg_err refuse_shell(const struct splitter *s, char c)
{
	char what[80];
	size_t used = 0;

	buf_add(what, sizeof(what), &used, "has %s, which only a shell understands",
		c == '\n' ? "a line feed" : (char[]){'\'', c, '\'', '\0'});
	refuse(s, what);
	diag_hint(s->why, "quote it, or let a shell run it: updown=\"sh -c '...'\"");
	return CYG_MALFORMED;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Inside "...", where a shell still expands. */
static enum cyg_err take_double(struct splitter *s)
{
	for (s->at++; *s->at && *s->at != '"'; s->at++) {
		if (strchr("$`\n", *s->at))
			return refuse_shell(s, *s->at);
		if (*s->at == '\\' && s->at[1] && strchr("$`\"\\", s->at[1]))
			s->at++;
		*s->out++ = *s->at;
	}
	if (!*s->at)
		return refuse(s, "has a quote that does not end");
	s->at++;
	return CYG_OK;
}

static enum cyg_err take_single(struct splitter *s)
{
	const char *end = strchr(s->at + 1, '\'');

	if (!end)
		return refuse(s, "has a quote that does not end");
	memcpy(s->out, s->at + 1, (size_t)(end - s->at - 1));
	s->out += end - s->at - 1;
	s->at = end + 1;
	return CYG_OK;
}

static enum cyg_err take_word(struct splitter *s)
{
	const char *start = s->at;
	enum cyg_err err = CYG_OK;

	while (!err && *s->at && !is_blank(*s->at)) {
		if (*s->at == '"') {
			err = take_double(s);
		} else if (*s->at == '\'') {
			err = take_single(s);
		} else if (strchr("|&;<>()$`*?[]{}\n", *s->at) ||
			   (s->at == start && strchr("#~", *s->at))) {
			return refuse_shell(s, *s->at);
		} else if (*s->at == '\\' && !s->at[1]) {
			return refuse(s, "ends with a backslash");
		} else {
			s->at += *s->at == '\\';
			*s->out++ = *s->at++;
		}
	}
	*s->out++ = '\0';
	return err;
}

/* Words up to the end or the bound; how many there are. */
static enum cyg_err take_words(struct splitter *s, char **words, size_t *ret_len)
{
	enum cyg_err err = CYG_OK;
	size_t n = 0;

	for (;;) {
		s->at += strspn(s->at, " \t");
		if (err || !*s->at)
			break;
		if (n == ARGV_WORDS_MAX) {
			refuse(s, "has too many words");
			return CYG_LIMIT;
		}
		words[n++] = s->out;
		err = take_word(s);
	}
	*ret_len = n;
	return err;
}

enum cyg_err argv_split(const char *command, char ***ret, struct diag *why)
{
	size_t heads = (ARGV_WORDS_MAX + 1) * sizeof(char *), n;
	/* Each word is at most as long as its text, and its NUL takes the blank's place. */
	char **words = calloc(1, heads + strlen(command) + 1);
	struct splitter s = {.command = command, .at = command, .why = why};
	enum cyg_err err;

	if (!words)
		return CYG_NOMEM;
	s.out = (char *)words + heads;
	err = take_words(&s, words, &n);
	if (!err && !n)
		err = refuse(&s, "is empty");
	if (!err && !*words[0])
		err = refuse(&s, "has an empty word in place of a program");
	if (err)
		free(words);
	else
		*ret = words;
	return err;
}

bool argv_is_default(const char *word)
{
	static const char *const words[] = {
		"_updown",      "_updown.klips", "_updown.netkey",
		"_updown.mast", "_updown.xfrm",  "_updown.bsdkame",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* `ipsec WORD ...`, ipsec by any path. */
static bool names_default(const char *command)
{
	static const char blanks[] = " \t";
	const char *first = command + strspn(command, blanks);
	const char *behind = first + strcspn(first, blanks);
	const char *second = behind + strspn(behind, blanks);
	size_t len = strcspn(second, blanks);
	char word[24];

	if (behind - first < 5 || strncmp(behind - 5, "ipsec", 5) != 0 ||
	    (behind - first > 5 && behind[-6] != '/') || len >= sizeof(word))
		return false;
	memcpy(word, second, len);
	word[len] = '\0';
	return argv_is_default(word);
}

bool argv_is_said(const char *command)
{
	return command && command[strspn(command, " \t")] && strcmp(command, "%disabled") != 0;
}

bool argv_is_command(const char *command)
{
	return argv_is_said(command) && !names_default(command);
}
