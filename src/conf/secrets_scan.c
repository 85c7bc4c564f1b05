/* SPDX-License-Identifier: Apache-2.0 */
/* The words of ipsec.secrets. */
#include "conf/secrets_scan.h"
#include "base/secret.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void complain(struct secrets_parse *p, enum problem_level level, unsigned line,
		     size_t column, const char *hint, const char *sentence)
{
	struct diag d;

	diag_set(&d, "secrets-syntax", NULL, "%s", sentence);
	diag_place(&d, p->input->path, line, (unsigned)column);
	if (hint)
		diag_hint(&d, "%s", hint);
	problems_add(p->problems, level, &d);
}

void secrets_complain_at(struct secrets_parse *p, enum problem_level level,
			 const struct token *t, const char *hint, const char *sentence)
{
	const char *start = t->at;

	while (start > p->text && start[-1] != '\n')
		start--;
	complain(p, level, t->line, (size_t)(t->at - start) + 1, hint, sentence);
}

void secrets_complain(struct secrets_parse *p, enum problem_level level, unsigned line,
		      const char *hint, const char *sentence)
{
	complain(p, level, line, 1, hint, sentence);
}

static void skip_space(struct secrets_scan *s)
{
	while (s->at < s->end) {
		if (*s->at == '#') {
			while (s->at < s->end && *s->at != '\n')
				s->at++;
		} else if (isspace((unsigned char)*s->at)) {
			s->line += *s->at == '\n';
			s->at++;
		} else {
			return;
		}
	}
}

/* "...", '...' or `...`, closed on the same line. */
static struct token quoted(struct secrets_scan *s)
{
	struct token t = {TOKEN_QUOTED, s->at + 1, 0, s->line, s->at};
	char quote = *s->at++;

	while (s->at < s->end && *s->at != quote && *s->at != '\n')
		s->at++;
	t.len = (size_t)(s->at - t.ptr);
	if (s->at == s->end || *s->at != quote)
		t.kind = TOKEN_BAD;
	else
		s->at++;
	return t;
}

static bool starts_literal(const struct secrets_scan *s)
{
	return s->end - s->at >= 2 && s->at[0] == '0' && (s->at[1] == 't' || s->at[1] == 'T');
}

/* 0t takes the rest of the line, without blanks at its end. */
static struct token literal(struct secrets_scan *s)
{
	struct token t = {TOKEN_WORD, s->at, 0, s->line, s->at};

	while (s->at < s->end && *s->at != '\n')
		s->at++;
	t.len = (size_t)(s->at - t.ptr);
	while (t.len && isspace((unsigned char)t.ptr[t.len - 1]))
		t.len--;
	return t;
}

struct token secrets_token(struct secrets_scan *s, bool want_data)
{
	struct token t = {.kind = TOKEN_END};

	skip_space(s);
	t.line = s->line;
	t.at = s->at;
	if (s->at == s->end)
		return t;
	if (*s->at == '"' || *s->at == '\'' || *s->at == '`')
		return quoted(s);
	if (want_data && starts_literal(s))
		return literal(s);
	t.ptr = s->at;
	while (s->at < s->end && !isspace((unsigned char)*s->at))
		s->at++;
	t.len = (size_t)(s->at - t.ptr);
	t.kind = TOKEN_WORD;
	if (t.len == 1 && *t.ptr == ':') {
		t.kind = TOKEN_COLON;
	} else if (t.ptr[t.len - 1] == ':' && !(t.len > 1 && t.ptr[t.len - 2] == ':')) {
		t.len--;
		s->at--;
	}
	return t;
}

/* What stands behind 0x, 0s or 0t. */
static bool decode_text(char kind, const char *text, size_t len, struct bytes *b)
{
	switch (kind | 0x20) {
	case 'x':
		return hex_decode(text, b->ptr, len, &b->len);
	case 's':
		return base64_decode(text, b->ptr, len, &b->len);
	case 't':
		memcpy(b->ptr, text, len);
		b->len = len;
		return true;
	default:
		return false;
	}
}

static bool decode_word(const struct token *t, char *text, struct bytes *b)
{
	size_t len = t->len - 2;

	if (t->len <= 2 || t->ptr[0] != '0')
		return false;
	memcpy(text, t->ptr + 2, len);
	text[len] = 0;
	return decode_text(t->ptr[1], text, len, b);
}

enum cyg_err token_decode(const struct token *t, struct bytes *ret)
{
	struct bytes b = {.ptr = malloc(t->len + 1)};
	char *text = malloc(t->len + 1);
	enum cyg_err err = CYG_MALFORMED;

	if (!b.ptr || !text) {
		err = CYG_NOMEM;
	} else if (t->kind == TOKEN_QUOTED) {
		memcpy(b.ptr, t->ptr, t->len);
		b.len = t->len;
		err = CYG_OK;
	} else if (t->kind == TOKEN_WORD && decode_word(t, text, &b)) {
		err = CYG_OK;
	}
	if (text)
		secret_wipe(text, t->len + 1);
	free(text);
	if (!err) {
		*ret = b;
		return err;
	}
	if (b.ptr)
		secret_wipe(b.ptr, t->len + 1);
	free(b.ptr);
	return err;
}

bool token_is(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && t->len == strlen(word) &&
	       !strncasecmp(t->ptr, word, t->len);
}

char *token_text(const struct token *t)
{
	return memchr(t->ptr, 0, t->len) ? NULL : strndup(t->ptr, t->len);
}
