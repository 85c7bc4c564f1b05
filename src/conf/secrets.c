/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipsec.secrets: a record begins in column 1 and goes on in lines that begin
 * with white space. Its words before the ":" say who may use the secret with
 * whom; the word behind it says what kind it is. A bad record is skipped.
 * No message ever holds a secret, nor a part of one.
 */
#include "conf/secrets.h"

#include "base/secret.h"
#include "base/text.h"
#include "conf/input.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRETS_OCTETS_MAX (16u << 20)
#define SECRETS_DEPTH_MAX 10
#define INDICES_MAX 64
#define PSK_WEAK 8 /* a quoted text under this many octets gets a warning */

struct parse {
	struct secret_lines *lines;
	struct problems *problems;
	const struct input *input;
	enum cyg_err err; /* out of memory */
};

/* A cursor over one record's text, newlines counted. */
struct scan {
	struct parse *p;
	const char *at, *end;
	unsigned line;
};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_COLON, TOKEN_BAD };

struct token {
	enum token_kind kind;
	const char *ptr; /* without quotes */
	size_t len;
	unsigned line;
};

static void complain(struct parse *p, enum problem_level level, unsigned line, const char *hint,
		     const char *sentence)
{
	struct diag d;

	diag_set(&d, "secrets-syntax", NULL, "%s", sentence);
	diag_place(&d, p->input->path, line, 1);
	if (hint)
		diag_hint(&d, "%s", hint);
	problems_add(p->problems, level, &d);
}

static void skip_space(struct scan *s)
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
static struct token quoted(struct scan *s)
{
	char quote = *s->at++;
	struct token t = {TOKEN_QUOTED, s->at, 0, s->line};

	while (s->at < s->end && *s->at != quote && *s->at != '\n')
		s->at++;
	t.len = (size_t)(s->at - t.ptr);
	if (s->at == s->end || *s->at != quote)
		t.kind = TOKEN_BAD;
	else
		s->at++;
	return t;
}

static bool starts_literal(const struct scan *s)
{
	return s->end - s->at >= 2 && s->at[0] == '0' && (s->at[1] == 't' || s->at[1] == 'T');
}

/* 0t takes the rest of the line, without blanks at its end. */
static struct token literal(struct scan *s)
{
	struct token t = {TOKEN_WORD, s->at, 0, s->line};

	while (s->at < s->end && *s->at != '\n')
		s->at++;
	t.len = (size_t)(s->at - t.ptr);
	while (t.len && isspace((unsigned char)t.ptr[t.len - 1]))
		t.len--;
	return t;
}

/* A word; a colon that ends it is a token of its own, colons inside (IPv6) are not. */
static struct token next(struct scan *s, bool want_data)
{
	struct token t = {TOKEN_END, NULL, 0, 0};

	skip_space(s);
	t.line = s->line;
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

static void free_indices(struct secret_line *l)
{
	for (size_t i = 0; i < l->indices_len; i++)
		ident_unref(l->indices[i]);
	free(l->indices);
	l->indices = NULL;
	l->indices_len = 0;
}

static void line_done(struct secret_line *l)
{
	free_indices(l);
	bytes_wipe(&l->value);
	free(l->file);
}

/* One index: an identity; %any, 0.0.0.0 and :: match every peer. */
static bool add_index(struct parse *p, struct secret_line *l, const struct token *t)
{
	const struct ident **bigger;
	char text[512];
	struct diag d;

	if (t->len >= sizeof(text) || l->indices_len >= INDICES_MAX) {
		complain(p, PROBLEM_ERROR, t->line, NULL,
			 "an index is too long, or there are too many of them");
		return false;
	}
	memcpy(text, t->ptr, t->len);
	text[t->len] = 0;
	if (!strcmp(text, "%any6") || !strcmp(text, "::") || !strcmp(text, "0.0.0.0"))
		memcpy(text, "%any", sizeof("%any"));
	bigger = reallocarray(l->indices, l->indices_len + 1, sizeof(*bigger));
	if (!bigger) {
		p->err = CYG_NOMEM;
		return false;
	}
	l->indices = bigger;
	if (ident_parse(text, &l->indices[l->indices_len], &d)) {
		diag_place(&d, p->input->path, t->line, 1);
		problems_add(p->problems, PROBLEM_ERROR, &d);
		return false;
	}
	l->indices_len++;
	return true;
}

/* The octets of a token: quoted text as it is, 0x hex, 0s base64, 0t text. Wiped on failure. */
static bool decode(const struct token *t, struct bytes *ret)
{
	struct bytes b = {.ptr = malloc(t->len + 1)};
	char *text = malloc(t->len + 1);
	bool well = false;

	if (b.ptr && text && t->kind == TOKEN_QUOTED) {
		memcpy(b.ptr, t->ptr, t->len);
		b.len = t->len;
		well = true;
	} else if (b.ptr && text && t->kind == TOKEN_WORD && t->len > 2 && t->ptr[0] == '0') {
		memcpy(text, t->ptr + 2, t->len - 2);
		text[t->len - 2] = 0;
		switch (t->ptr[1] | 0x20) {
		case 'x':
			well = hex_decode(text, b.ptr, t->len, &b.len);
			break;
		case 's':
			well = base64_decode(text, b.ptr, t->len, &b.len);
			break;
		case 't':
			b.len = t->len - 2;
			memcpy(b.ptr, text, b.len);
			well = true;
			break;
		}
	}
	if (text)
		secret_wipe(text, t->len + 1);
	free(text);
	if (!well) {
		if (b.ptr)
			secret_wipe(b.ptr, t->len + 1);
		free(b.ptr);
		return false;
	}
	*ret = b;
	return true;
}

static bool token_is(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && t->len == strlen(word) &&
	       !strncasecmp(t->ptr, word, t->len);
}

static bool read_value(struct scan *s, struct secret_line *l)
{
	struct token t = next(s, true);

	if (t.kind == TOKEN_END || t.kind == TOKEN_COLON || !decode(&t, &l->value)) {
		complain(
			s->p, PROBLEM_ERROR, t.line,
			"write it in quotes on one line, or as 0x... (hex), 0s... (base64), 0t... (text)",
			"the secret itself can't be read");
		return false;
	}
	if (l->kind == SECRET_LINE_PSK && !l->value.len) {
		complain(s->p, PROBLEM_ERROR, t.line,
			 "openssl rand -base64 32  makes a good one", "the secret is empty");
		return false;
	}
	if (l->kind == SECRET_LINE_PSK && l->value.len < PSK_WEAK)
		complain(s->p, PROBLEM_WARNING, t.line,
			 "openssl rand -base64 32  makes a good one",
			 "this pre-shared key is short enough to be guessed");
	t = next(s, false);
	if (t.kind != TOKEN_END) {
		complain(s->p, PROBLEM_ERROR, t.line,
			 "indent continuation lines, and begin each record in column 1",
			 "something follows the secret");
		return false;
	}
	return true;
}

/* Kinds that are known. Of them this version reads PSK and passwords. */
static const struct {
	const char *word;
	uint8_t kind;
} kinds[] = {
	{"PSK", SECRET_LINE_PSK},       {"XAUTH", SECRET_LINE_XAUTH},
	{"EAP", SECRET_LINE_XAUTH},     {"NTLM", SECRET_LINE_XAUTH},
	{"PPKS", SECRET_LINE_PPK},      {"PPK", SECRET_LINE_PPK},
	{"PPKF", SECRET_LINE_PPK},      {"RSA", SECRET_LINE_KEYFILE},
	{"ECDSA", SECRET_LINE_KEYFILE}, {"PKCS8", SECRET_LINE_KEYFILE},
	{"P12", SECRET_LINE_KEYFILE},   {"BLISS", SECRET_LINE_KEYFILE},
	{"PIN", SECRET_LINE_PIN},
};

#define KINDS_LEN (sizeof(kinds) / sizeof(kinds[0]))

/* Private keys, tokens and the like: noted, not read. */
static bool skip_kind(struct scan *s, const char *word, unsigned line)
{
	char sentence[96];
	struct diag d;

	snprintf(sentence, sizeof(sentence), "a secret of kind %s is left out", word);
	diag_set(&d, "secrets-kind", NULL, "%s", sentence);
	diag_place(&d, s->p->input->path, line, 1);
	diag_hint(&d, "this version authenticates by pre-shared keys only");
	problems_add(s->p->problems, PROBLEM_NOTE, &d);
	s->at = s->end;
	return false;
}

static bool read_data(struct scan *s, struct secret_line *l)
{
	struct scan before = *s;
	struct token t = next(s, true);

	l->kind = SECRET_LINE_PSK;
	if (t.kind == TOKEN_QUOTED) { /* Openswan: no kind means PSK */
		*s = before;
		return read_value(s, l);
	}
	for (size_t i = 0; i < KINDS_LEN; i++) {
		if (!token_is(&t, kinds[i].word))
			continue;
		l->kind = kinds[i].kind;
		if (l->kind == SECRET_LINE_KEYFILE || l->kind == SECRET_LINE_PIN ||
		    l->kind == SECRET_LINE_PPK)
			return skip_kind(s, kinds[i].word, t.line);
		return read_value(s, l);
	}
	complain(s->p, PROBLEM_ERROR, t.line, "write  : PSK \"the secret\"",
		 "behind the colon stands no kind of secret");
	return false;
}

static bool keep(struct parse *p, struct secret_line *take)
{
	struct secret_lines *s = p->lines;

	take->file = strdup(p->input->path);
	if (s->len == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		struct secret_line *bigger = reallocarray(s->items, cap, sizeof(*bigger));

		if (!bigger)
			return false;
		s->items = bigger;
		s->cap = cap;
	}
	if (!take->file)
		return false;
	s->items[s->len++] = *take;
	return true;
}

static void parse_record(struct parse *p, const char *at, const char *end, unsigned line)
{
	struct scan s = {p, at, end, line};
	struct secret_line l = {.line = line};
	struct token t;

	for (t = next(&s, false); t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
	     t = next(&s, false)) {
		if (!add_index(p, &l, &t)) {
			line_done(&l);
			return;
		}
	}
	if (t.kind != TOKEN_COLON) {
		complain(p, PROBLEM_ERROR, line, "write  LOCAL REMOTE : PSK \"the secret\"",
			 t.kind == TOKEN_BAD ? "a quote is not closed on its line"
					     : "the record has no colon");
		line_done(&l);
		return;
	}
	if (!read_data(&s, &l)) {
		line_done(&l);
		return;
	}
	if (!keep(p, &l)) {
		p->err = CYG_NOMEM;
		line_done(&l);
	}
}

static void parse_text(struct parse *p, struct view text);

static void include_one(void *ctx, const struct input *child)
{
	struct parse *up = ctx;
	struct parse p = {.lines = up->lines, .problems = up->problems};
	struct input in = *child;
	struct bytes text;
	struct diag why;

	if (up->err)
		return;
	if (input_read(&in, true, SECRETS_OCTETS_MAX, &text, up->problems, &why)) {
		problems_add(up->problems, PROBLEM_ERROR, &why);
		return;
	}
	p.input = &in;
	if (input_goes_round(&in))
		complain(up, PROBLEM_ERROR, 0, "remove one of the include lines",
			 "a secrets file includes itself");
	else
		parse_text(&p, view_bytes(&text));
	up->err = p.err;
	bytes_wipe(&text);
}

static bool is_include(const char *at, const char *end)
{
	return end - at > 8 && !strncasecmp(at, "include", 7) && isblank((unsigned char)at[7]);
}

static void parse_include(struct parse *p, const char *at, const char *end, unsigned line)
{
	char pattern[4096];
	size_t n;

	at += 7;
	while (at < end && isblank((unsigned char)*at))
		at++;
	while (end > at && isspace((unsigned char)end[-1]))
		end--;
	if (end - at >= 2 && *at == '"' && end[-1] == '"') {
		at++;
		end--;
	}
	n = (size_t)(end - at);
	if (!n || n >= sizeof(pattern)) {
		complain(p, PROBLEM_ERROR, line, NULL,
			 "include lacks a file name, or it is too long");
		return;
	}
	memcpy(pattern, at, n);
	pattern[n] = 0;
	input_include(p->input, pattern, SECRETS_DEPTH_MAX, line, p->problems, include_one, p);
}

static const char *line_end(const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at));

	return nl ? nl : end;
}

/* Cut the text into records: a line in column 1 and the indented ones behind it. */
static void parse_text(struct parse *p, struct view text)
{
	const char *at = (const char *)text.ptr, *end = at + text.len;
	unsigned line = 1;

	while (at < end && !p->err) {
		const char *stop = line_end(at, end);
		unsigned lines = 1;

		if (is_include(at, stop)) {
			parse_include(p, at, stop, line);
		} else if (*at != '#' && !isspace((unsigned char)*at)) {
			while (stop + 1 < end && isblank((unsigned char)stop[1])) {
				stop = line_end(stop + 1, end);
				lines++;
			}
			parse_record(p, at, stop, line);
		}
		line += lines;
		at = stop < end ? stop + 1 : end;
	}
}

enum cyg_err secrets_parse(struct view text, const char *name, struct secret_lines *ret,
			   struct problems *problems)
{
	struct input in = {.path = name};
	struct secret_lines lines = {0};
	struct parse p = {&lines, problems, &in, CYG_OK};

	parse_text(&p, text);
	if (p.err) {
		secret_lines_done(&lines);
		return p.err;
	}
	*ret = lines;
	return CYG_OK;
}

enum cyg_err secrets_read(const char *path, struct secret_lines *ret, struct problems *problems)
{
	struct input in = {.path = path};
	struct secret_lines lines = {0};
	struct parse p = {&lines, problems, &in, CYG_OK};
	struct bytes text;
	struct diag why;
	enum cyg_err err = input_read(&in, true, SECRETS_OCTETS_MAX, &text, problems, &why);

	if (err) {
		problems_add(problems, PROBLEM_ERROR, &why);
		return err;
	}
	parse_text(&p, view_bytes(&text));
	bytes_wipe(&text);
	if (p.err) {
		secret_lines_done(&lines);
		return p.err;
	}
	*ret = lines;
	return CYG_OK;
}

void secret_lines_done(struct secret_lines *s)
{
	for (size_t i = 0; i < s->len; i++)
		line_done(&s->items[i]);
	free(s->items);
	memset(s, 0, sizeof(*s));
}
