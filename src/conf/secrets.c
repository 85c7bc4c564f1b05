/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipsec.secrets: a record begins in column 1 and goes on in lines that begin
 * with white space. Its words before the ":" say who may use the secret with
 * whom; the word behind it says what kind it is. A bad record is skipped.
 * No message ever holds a secret, nor a part of one.
 */
#include "conf/secrets.h"

#include "base/addr.h"
#include "base/array.h"
#include "base/secret.h"
#include "base/text.h"
#include "conf/secrets_scan.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRETS_OCTETS_MAX (16u << 20)
#define SECRETS_DEPTH_MAX 10
#define INDICES_MAX 64

/* 10.0.0.0/8, 2001:db8::/32. */
static bool is_network(const struct token *t)
{
	char text[IP_TEXT_MAX + 8];
	struct ip_prefix net;

	if (t->len >= sizeof(text) || !memchr(t->ptr, '/', t->len) || memchr(t->ptr, 0, t->len))
		return false;
	memcpy(text, t->ptr, t->len);
	text[t->len] = 0;
	return prefix_parse(text, &net, NULL) != CYG_MALFORMED;
}

/* Which index it is, and not what stands there: where a colon is missing, that is the secret. */
static bool refuse_index(struct secrets_parse *p, const struct secret_record *r,
			 const struct token *t)
{
	char sentence[96];
	bool network = is_network(t);

	snprintf(sentence, sizeof(sentence), "word %zu before the colon is %s",
		 r->indices_len + 1,
		 network ? "a network, and a secret is for identities" : "no identity");
	if (network) {
		secrets_complain_at(p, PROBLEM_ERROR, t,
				    "name each peer by its address or identity, or write %any "
				    "for all of them",
				    sentence);
		return false;
	}
	secrets_complain_at(
		p, PROBLEM_ERROR, t,
		"write an address, @name, user@host, a DN in quotes, or %any; and a "
		"colon before the kind of secret",
		sentence);
	return false;
}

/* One index: an identity; %any, 0.0.0.0 and :: match every peer. */
static bool add_index(struct secrets_parse *p, struct secret_record *r, const struct token *t)
{
	const struct ident **bigger;
	enum cyg_err err;
	char text[512];

	if (t->len >= sizeof(text) || r->indices_len >= INDICES_MAX ||
	    memchr(t->ptr, 0, t->len))
		return refuse_index(p, r, t);
	bigger = reallocarray(r->indices, r->indices_len + 1, sizeof(*bigger));
	if (!bigger) {
		p->err = CYG_NOMEM;
		return false;
	}
	r->indices = bigger;
	memcpy(text, t->ptr, t->len);
	text[t->len] = 0;
	if (!strcmp(text, "%any6") || !strcmp(text, "::") || !strcmp(text, "0.0.0.0"))
		memcpy(text, "%any", sizeof("%any"));
	err = ident_parse(text, &r->indices[r->indices_len], NULL);
	secret_wipe(text, sizeof(text));
	if (err == CYG_NOMEM)
		p->err = err;
	if (err)
		return err != CYG_NOMEM && refuse_index(p, r, t);
	r->indices_len++;
	return true;
}

/* The name of the file being read, kept once; NULL when memory is short. */
static const char *keep_file(struct secret_lines *s, const char *path)
{
	char **bigger;

	for (size_t i = s->files_len; i-- > 0;)
		if (!strcmp(s->files[i], path))
			return s->files[i];
	bigger = reallocarray(s->files, s->files_len + 1, sizeof(*bigger));
	if (!bigger)
		return NULL;
	s->files = bigger;
	bigger[s->files_len] = strdup(path);
	return bigger[s->files_len] ? bigger[s->files_len++] : NULL;
}

static bool make_room(struct secret_lines *s)
{
	struct secret_record *bigger = array_grow(s->items, s->len, &s->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	s->items = bigger;
	return true;
}

static bool read_indices(struct secrets_scan *s, struct secret_record *r)
{
	static const char record_form[] = "write  LOCAL REMOTE : PSK \"the secret\"";
	struct token t;

	for (t = secrets_token(s, false); t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
	     t = secrets_token(s, false))
		if (!add_index(s->p, r, &t))
			return false;
	if (t.kind == TOKEN_COLON)
		return true;
	if (t.kind == TOKEN_BAD)
		secrets_complain_at(s->p, PROBLEM_ERROR, &t, record_form,
				    "a quote is not closed on its line");
	else
		secrets_complain(s->p, PROBLEM_ERROR, r->line, record_form,
				 "the record has no colon");
	return false;
}

static void parse_record(struct secrets_parse *p, const char *at, const char *end,
			 unsigned line)
{
	struct secrets_scan s = {p, at, end, line};
	struct secret_record r = {.line = line};

	if (!read_indices(&s, &r) || !secrets_read_data(&s, &r)) {
		secret_record_done(&r);
		return;
	}
	r.file = keep_file(p->lines, p->input->path);
	if (r.file && make_room(p->lines)) {
		p->lines->items[p->lines->len++] = r;
		return;
	}
	p->err = CYG_NOMEM;
	secret_record_done(&r);
}

static void parse_text(struct secrets_parse *p, struct view text);

static void include_one(void *ctx, const struct input *child)
{
	struct secrets_parse *up = ctx;
	struct secrets_parse p = {.lines = up->lines, .problems = up->problems};
	struct input in = *child;
	struct bytes text;
	struct diag why;

	if (up->err)
		return;
	if (input_read(&in, true, SECRETS_OCTETS_MAX, &text, up->problems, &why)) {
		diag_place(&why, up->input->path, up->include_line, 1);
		problems_add(up->problems, PROBLEM_ERROR, &why);
		return;
	}
	p.input = &in;
	if (input_goes_round(&in))
		secrets_complain(up, PROBLEM_ERROR, up->include_line,
				 "remove one of the include lines",
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

static void parse_include(struct secrets_parse *p, const char *at, const char *end,
			  unsigned line)
{
	/* Whose secrets were in a file that is not there would be without them. */
	static const struct input_rules rules = {SECRETS_DEPTH_MAX, PROBLEM_ERROR};
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
		secrets_complain(p, PROBLEM_ERROR, line, NULL,
				 "include lacks a file name, or it is too long");
		return;
	}
	memcpy(pattern, at, n);
	pattern[n] = 0;
	p->include_line = line;
	input_include(p->input, pattern, &rules, line, p->problems, include_one, p);
}

static const char *line_end(const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at));

	return nl ? nl : end;
}

/* Whether the last word of a text without a newline at its end may go on. */
static bool ends_amid_word(struct secrets_parse *p, const char *at, const char *end)
{
	struct secrets_scan s = {p, at, end, 0};
	struct token t = {0}, last;

	do {
		last = t;
		t = secrets_token(&s, false);
	} while (t.kind != TOKEN_END && t.kind != TOKEN_BAD);
	return t.kind == TOKEN_END && last.kind == TOKEN_WORD && last.ptr + last.len == end &&
	       last.ptr[last.len - 1] != '}';
}

static void look_at_end(struct secrets_parse *p, const char *at, const char *end, unsigned line)
{
	if (!ends_amid_word(p, at, end))
		return;
	p->lines->unended = true;
	secrets_complain(p, PROBLEM_WARNING, line, HALF_WRITTEN_CURE, HALF_WRITTEN);
}

static void add_to_sum(struct secret_lines *lines, struct view text)
{
	struct hash_key key = {{lines->sum, text.len}};

	lines->sum = hash_view(&key, text);
}

/* Cut the text into records: a line in column 1 and the indented ones behind it. */
static void parse_text(struct secrets_parse *p, struct view file)
{
	struct view text = input_text(file);
	const char *at = (const char *)text.ptr, *end = at + text.len;
	unsigned line = 1;

	p->text = at;
	add_to_sum(p->lines, text);
	while (at < end && !p->err) {
		const char *stop = line_end(at, end);
		bool is_record = *at != '#' && !isspace((unsigned char)*at);
		unsigned lines = 1;

		if (is_include(at, stop)) {
			parse_include(p, at, stop, line);
		} else if (is_record) {
			while (stop + 1 < end && isblank((unsigned char)stop[1])) {
				stop = line_end(stop + 1, end);
				lines++;
			}
			parse_record(p, at, stop, line);
		}
		if (is_record && stop == end)
			look_at_end(p, at, end, line + lines - 1);
		line += lines;
		at = stop < end ? stop + 1 : end;
	}
}

enum cyg_err secrets_parse(struct view text, const char *name, struct secret_lines *ret,
			   struct problems *problems)
{
	struct input in = {.path = name};
	struct secret_lines lines = {0};
	struct secrets_parse p = {.lines = &lines, .problems = problems, .input = &in};

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
	struct secrets_parse p = {.lines = &lines, .problems = problems, .input = &in};
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
		secret_record_done(&s->items[i]);
	for (size_t i = 0; i < s->files_len; i++)
		free(s->files[i]);
	free(s->items);
	free(s->files);
	memset(s, 0, sizeof(*s));
}
