/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines into sections and parameters.
 *
 * A line is one of four: blank or a comment; a section header (or include, or
 * version) that begins in column 1; a parameter, which begins with white
 * space; anything else is a fault. Faults are charged to the section they
 * stand in, which is then broken, and reading goes on with the next line.
 */
#include "conf/file.h"

#include "base/text.h"
#include "conf/input.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One file on its way into a conf_file. */
struct parse {
	struct conf_file *file;
	struct problems *problems;
	const struct input *input;
	const char *name; /* input's path, kept by the conf_file */
	size_t section;   /* index + 1 of the open section; 0: none */
	unsigned line;
	enum cyg_err err; /* out of memory: the only thing that stops reading */
};

static void parse_text(struct parse *p, struct view text);

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *keep_name(struct conf_file *f, const char *path)
{
	size_t len = strlen(path) + 1;
	struct file_name *n;

	for (n = f->names; n; n = n->next) {
		if (!strcmp(n->path, path))
			return n->path;
	}
	n = malloc(sizeof(*n) + len);
	if (!n)
		return NULL;
	memcpy(n->path, path, len);
	n->next = f->names;
	f->names = n;
	return n->path;
}

static struct section *open_section(struct parse *p)
{
	return p->section ? &p->file->sections[p->section - 1] : NULL;
}

/* A fault at column `column` (from 1); the open section can't be used any more. */
__attribute__((format(printf, 4, 5))) static void fault(struct parse *p, unsigned column,
							const char *hint, const char *fmt, ...)
{
	struct section *s = open_section(p);
	char sentence[sizeof(((struct diag *)0)->sentence)];
	struct diag d;
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	diag_set(&d, "syntax", NULL, "%s", sentence);
	diag_place(&d, p->name, p->line, column);
	if (hint)
		diag_hint(&d, "%s", hint);
	problems_add(p->problems, PROBLEM_ERROR, &d);
	if (s)
		s->broken = true;
}

static struct section *add_section(struct parse *p, enum section_kind kind, const char *name)
{
	struct conf_file *f = p->file;
	struct section *s;

	if (f->len == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 16;
		struct section *bigger = reallocarray(f->sections, cap, sizeof(*bigger));

		if (!bigger)
			return NULL;
		f->sections = bigger;
		f->cap = cap;
	}
	s = &f->sections[f->len];
	*s = (struct section){.kind = (uint8_t)kind,
			      .name = strdup(name),
			      .place = {p->name, p->line, 1}};
	if (!s->name)
		return NULL;
	p->section = ++f->len;
	return s;
}

static bool add_param(struct section *s, struct param *take)
{
	if (s->len == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		struct param *bigger = reallocarray(s->params, cap, sizeof(*bigger));

		if (!bigger)
			return false;
		s->params = bigger;
		s->cap = cap;
	}
	s->params[s->len++] = *take;
	return true;
}

/* A word ends at a blank; returns its length. */
static size_t word_len(const char *at)
{
	return strcspn(at, " \t");
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* End of line, or a comment, which is a # after a blank. */
static bool at_line_end(const char *at)
{
	return !*at || *at == '#';
}

/* Memory for a value; its lack is what stops reading. */
static char *room(struct parse *p, size_t size)
{
	char *out = malloc(size);

	if (!out)
		p->err = CYG_NOMEM;
	return out;
}

static char *cut(struct parse *p, const char *at, size_t len)
{
	char *out = room(p, len + 1);

	if (out) {
		memcpy(out, at, len);
		out[len] = 0;
	}
	return out;
}

/* The text between quotes, \" standing for one; *ret_after behind the closing one. NULL: none. */
static char *quoted(struct parse *p, const char *at, const char **ret_after)
{
	char *out = room(p, strlen(at) + 1), *to = out;

	if (!out)
		return NULL;
	for (at++; *at && *at != '"'; at++) {
		if (at[0] == '\\' && at[1] == '"')
			at++;
		*to++ = *at;
	}
	*to = 0;
	if (*at != '"') {
		free(out);
		return NULL;
	}
	*ret_after = at + 1;
	return out;
}

/* Words up to the end of line or a comment (a # after a blank), runs of blanks as one space. */
static char *bare(struct parse *p, const char *at)
{
	char *out = room(p, strlen(at) + 1), *to = out;

	if (!out)
		return NULL;
	while (!at_line_end(at)) {
		size_t n = word_len(at);

		if (to > out)
			*to++ = ' ';
		memcpy(to, at, n);
		to += n;
		at = skip_blanks(at + n);
	}
	*to = 0;
	return out;
}

/* {a b}: what stands between the braces. */
static char *braced(struct parse *p, const char *at, const char **ret_after)
{
	const char *end = strchr(at, '}'), *last = end;

	if (!end)
		return NULL;
	at = skip_blanks(at + 1);
	while (last > at && is_blank(last[-1]))
		last--;
	*ret_after = end + 1;
	return cut(p, at, last > at ? (size_t)(last - at) : 0);
}

/* Keys that begin with x- or x_ are a person's notes: the whole rest of the line is theirs. */
static bool is_note(const char *keyword)
{
	return tolower((unsigned char)keyword[0]) == 'x' &&
	       (keyword[1] == '-' || keyword[1] == '_');
}

static char *read_value(struct parse *p, const char *line, const char *at, const char *keyword)
{
	const char *after = NULL;
	char *value;

	if (is_note(keyword))
		return cut(p, at, strlen(at));
	if (*at != '"' && *at != '{')
		return bare(p, at);
	value = *at == '"' ? quoted(p, at, &after) : braced(p, at, &after);
	if (!value && !p->err) {
		fault(p, (unsigned)(at - line) + 1,
		      "quotes and braces must close on the same line",
		      "the value of %s begins with %c that is not closed", keyword, *at);
	}
	if (!value)
		return NULL;
	if (!at_line_end(skip_blanks(after))) {
		fault(p, (unsigned)(after - line) + 1, "put the quotes round the whole value",
		      "text follows the closing %c of %s's value", *at == '"' ? '"' : '}',
		      keyword);
		free(value);
		return NULL;
	}
	return value;
}

static void parse_param(struct parse *p, const char *line)
{
	const char *at = skip_blanks(line);
	size_t n = strcspn(at, " \t=");
	const char *eq = skip_blanks(at + n);
	struct section *s = open_section(p);
	struct param param = {.place = {p->name, p->line, (unsigned)(at - line) + 1}};

	if (*eq != '=' || !n) {
		fault(p, param.place.column, "write it as  keyword=value",
		      "expected keyword=value, found \"%.60s\"", at);
		return;
	}
	if (!s) {
		fault(p, param.place.column,
		      "put a line  conn NAME  or  config setup  above it",
		      "%.*s= stands in no section", (int)n, at);
		return;
	}
	param.keyword = cut(p, at, n);
	eq = skip_blanks(eq + 1);
	param.value_place = (struct place){p->name, p->line, (unsigned)(eq - line) + 1};
	param.value = param.keyword ? read_value(p, line, eq, param.keyword) : NULL;
	for (char *c = param.keyword; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (param.keyword && param.value && add_param(s, &param))
		return;
	if (param.value)
		p->err = CYG_NOMEM;
	free(param.keyword);
	free(param.value);
}

static void include_one(void *ctx, const struct input *child)
{
	struct parse *up = ctx;
	struct parse p = {.file = up->file, .problems = up->problems};
	struct input in = *child;
	struct bytes text;
	struct diag why;
	enum cyg_err err;

	if (up->err)
		return;
	err = input_read(&in, false, CONF_FILE_OCTETS_MAX, &text, up->problems, &why);
	if (err) {
		diag_place(&why, up->name, up->line, 1);
		problems_add(up->problems, PROBLEM_ERROR, &why);
		return;
	}
	if (input_goes_round(&in)) {
		fault(up, 1, "remove one of the include lines", "%s includes itself", in.path);
	} else {
		p.input = &in;
		p.name = keep_name(p.file, in.path);
		if (p.name)
			parse_text(&p, view_bytes(&text));
		up->err = p.name ? p.err : CYG_NOMEM;
	}
	bytes_done(&text);
}

/* The one argument of a header, bare or quoted; NULL after a fault. */
static char *argument(struct parse *p, const char *line, const char *at, const char *what)
{
	const char *after = at;
	char *arg;

	if (at_line_end(at)) {
		fault(p, (unsigned)(at - line) + 1, NULL, "%s lacks its argument", what);
		return NULL;
	}
	if (*at == '"') {
		arg = quoted(p, at, &after);
		if (!arg && !p->err)
			fault(p, (unsigned)(at - line) + 1, NULL, "the quote is not closed");
	} else {
		arg = cut(p, at, word_len(at));
		after = at + word_len(at);
	}
	if (arg && !at_line_end(skip_blanks(after))) {
		fault(p, (unsigned)(skip_blanks(after) - line) + 1,
		      "a name is one word, or in quotes", "%s takes one argument", what);
		free(arg);
		return NULL;
	}
	return arg;
}

static void parse_include(struct parse *p, const char *line, const char *at)
{
	char *pattern;

	p->section = 0; /* a section does not go on behind an include */
	pattern = argument(p, line, at, "include");
	if (pattern)
		input_include(p->input, pattern, CONF_INCLUDE_DEPTH_MAX, p->line, p->problems,
			      include_one, p);
	free(pattern);
}

/*
 * A header that can't be understood opens a broken section without a name
 * anybody could ask for, so that its lines are not charged to the one before.
 */
static void open_broken(struct parse *p)
{
	struct section *s = add_section(p, SECTION_CONN, "");

	if (s)
		s->broken = true;
	else
		p->err = CYG_NOMEM;
}

static void parse_section(struct parse *p, const char *line, const char *at,
			  enum section_kind kind)
{
	char *name = argument(p, line, at,
			      kind == SECTION_SETUP ? "config"
			      : kind == SECTION_CA  ? "ca"
						    : "conn");
	struct section *s;

	p->section = 0;
	if (!name) {
		if (!p->err)
			open_broken(p);
		return;
	}
	if (kind == SECTION_SETUP && !text_same(name, "setup")) {
		fault(p, (unsigned)(at - line) + 1, "the only config section is  config setup",
		      "there is no section  config %s", name);
		open_broken(p);
	} else {
		s = add_section(p, kind, kind == SECTION_SETUP ? "" : name);
		if (!s)
			p->err = CYG_NOMEM;
	}
	free(name);
}

static void parse_header(struct parse *p, const char *line)
{
	static const char *const words[] = {"config", "conn", "ca", "include", "version"};
	size_t n = word_len(line);
	const char *rest = skip_blanks(line + n);
	char word[32] = "", hint[64];
	const char *near;

	if (n < sizeof(word))
		memcpy(word, line, n);
	if (text_same(word, "config")) {
		parse_section(p, line, rest, SECTION_SETUP);
	} else if (text_same(word, "conn")) {
		parse_section(p, line, rest, SECTION_CONN);
	} else if (text_same(word, "ca")) {
		parse_section(p, line, rest, SECTION_CA);
	} else if (text_same(word, "include")) {
		parse_include(p, line, rest);
	} else if (text_same(word, "version")) {
		p->section = 0; /* of the old language; says nothing any more */
	} else if (strchr(line, '=')) {
		fault(p, 1, "indent the line: a parameter begins with a blank or a tab",
		      "\"%.60s\" begins in the first column", line);
	} else {
		near = text_nearest(word, words, sizeof(words) / sizeof(words[0]));
		snprintf(hint, sizeof(hint), "%s%s%s",
			 near ? "did you mean \"" : "begin it with conn NAME", near ? near : "",
			 near ? "\"?" : "");
		p->section = 0;
		fault(p, 1, hint, "\"%.40s\" begins no section that there is", line);
		open_broken(p);
	}
}

static void parse_line(struct parse *p, char *line)
{
	size_t n = strlen(line);

	while (n && (line[n - 1] == '\r' || is_blank(line[n - 1])))
		line[--n] = 0;
	if (at_line_end(skip_blanks(line)))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!isprint((unsigned char)line[i]) && !((unsigned char)line[i] & 0x80) &&
		    !is_blank(line[i])) {
			fault(p, (unsigned)i + 1, "is this a text file?",
			      "a control character (0x%02x)", (unsigned char)line[i]);
			return;
		}
	}
	if (is_blank(line[0]))
		parse_param(p, line);
	else
		parse_header(p, line);
}

static void parse_text(struct parse *p, struct view text)
{
	const uint8_t *at = text.ptr, *end = text.ptr + text.len;

	while (at < end && !p->err) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((nl ? nl : end) - at);
		char *line = malloc(n + 1);

		p->line++;
		if (!line) {
			p->err = CYG_NOMEM;
			return;
		}
		memcpy(line, at, n);
		line[n] = 0;
		if (memchr(at, 0, n))
			fault(p, 1, "is this a text file?", "a NUL octet");
		else
			parse_line(p, line);
		free(line);
		at += n + (nl != NULL);
	}
}

enum cyg_err conf_file_parse(struct view text, const char *name, struct conf_file *ret,
			     struct problems *problems)
{
	struct input in = {.path = name};
	struct conf_file f = {0};
	struct parse p = {.file = &f, .problems = problems, .input = &in};

	p.name = keep_name(&f, name);
	if (p.name)
		parse_text(&p, text);
	if (!p.name || p.err) {
		conf_file_done(&f);
		return CYG_NOMEM;
	}
	*ret = f;
	return CYG_OK;
}

enum cyg_err conf_file_read(const char *path, struct conf_file *ret, struct problems *problems)
{
	struct input in = {.path = path};
	struct conf_file f = {0};
	struct parse p = {.file = &f, .problems = problems, .input = &in};
	struct bytes text;
	struct diag why;
	enum cyg_err err = input_read(&in, false, CONF_FILE_OCTETS_MAX, &text, problems, &why);

	if (err) {
		problems_add(problems, PROBLEM_ERROR, &why);
		return err;
	}
	p.name = keep_name(&f, path);
	if (p.name)
		parse_text(&p, view_bytes(&text));
	bytes_done(&text);
	if (!p.name || p.err) {
		conf_file_done(&f);
		return CYG_NOMEM;
	}
	*ret = f;
	return CYG_OK;
}

void conf_file_done(struct conf_file *f)
{
	for (size_t i = 0; i < f->len; i++) {
		struct section *s = &f->sections[i];

		for (size_t k = 0; k < s->len; k++) {
			free(s->params[k].keyword);
			free(s->params[k].value);
		}
		free(s->params);
		free(s->name);
	}
	free(f->sections);
	while (f->names) {
		struct file_name *next = f->names->next;

		free(f->names);
		f->names = next;
	}
	memset(f, 0, sizeof(*f));
}
