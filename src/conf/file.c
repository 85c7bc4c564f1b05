/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines into sections and parameters.
 *
 * A line is one of four: blank or a comment; a section header (or include, or
 * version) that begins in column 1; a parameter, which begins with white
 * space; anything else is a fault. Faults are charged to the section they
 * stand in, which is then broken, and reading goes on with the next line.
 *
 * A section ends where another begins, at an include and at the end of its
 * file, so its parameters stand together in one array.
 *
 * Who asks for a few connections of many has the others left unread: of their
 * lines the first column alone is looked at, which finds where they end, and
 * they are read from the text that is kept once somebody asks for them.
 */
#include "conf/file.h"

#include "base/text.h"
#include "conf/input.h"
#include "conf/join.h"
#include "conf/store.h"
#include "conf/word.h"
#include "conn/dialect.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One file on its way into a conf_file. */
struct parse {
	struct conf_file *file;
	struct problems *problems;
	const struct input *input;
	const struct source *source;
	const struct asked *asked; /* NULL: for everything */
	size_t section;            /* index + 1 of the open section; 0: none */
	size_t slot;               /* index + 1 of the unread one that is read now; 0: none */
	bool passing;              /* the open section is left unread */
	struct view line; /* without blanks and returns at its end; maybe some joined */
	uint32_t number;  /* of the line, or the first one of those */
	enum cyg_err err; /* out of memory, or too much of something: what stops reading */
};

static void parse_text(struct parse *p);

/* ---- places and faults ---- */

struct place param_place(const struct section *s, const struct param *p)
{
	return (struct place){s->place.source, p->line, p->line_at, p->column};
}

struct place value_place(const struct section *s, const struct param *p)
{
	return (struct place){s->place.source, p->line, p->line_at, p->value_column};
}

void problems_add_at(struct problems *problems, enum problem_level level, struct diag *d,
		     const struct place *place)
{
	const struct bytes *text = &place->source->text;
	const uint8_t *at = text->ptr + place->line_at, *end;

	unsigned column = place->column;

	/* A column that the value's reader found counts within the value. */
	if (d->column && !d->line)
		column += d->column - 1;
	diag_place(d, place->source->path, place->line, column);
	if (place->line_at >= text->len) {
		problems_add(problems, level, d);
		return;
	}
	end = memchr(at, '\n', text->len - place->line_at);
	problems_add_line(problems, level, d,
			  view_of(at, (size_t)((end ? end : text->ptr + text->len) - at)),
			  column);
}

static struct section *open_section(struct parse *p)
{
	return p->section ? &p->file->sections[p->section - 1] : NULL;
}

static struct place place_of(const struct parse *p, const uint8_t *at)
{
	const uint8_t *line = p->line.ptr, *nl;
	uint32_t number = p->number;

	if (!p->source->text.ptr)
		return (struct place){p->source, number, 0, 1};
	while (at > line && (nl = memchr(line, '\n', (size_t)(at - line)))) {
		line = nl + 1;
		number++;
	}
	return (struct place){p->source, number, (uint32_t)(line - p->source->text.ptr),
			      (uint32_t)(at - line) + 1};
}

/* Something that stands here is lost, and whose it was is not known. */
static void note_gap(struct parse *p)
{
	if (!p->file->gap.source)
		p->file->gap = place_of(p, p->line.ptr);
}

/* A fault at `at` in the line; the open section can't be used any more. */
__attribute__((format(printf, 4, 5))) static void fault(struct parse *p, const uint8_t *at,
							const char *hint, const char *fmt, ...)
{
	struct section *s = open_section(p);
	struct place place = place_of(p, at);
	char sentence[sizeof(((struct diag *)0)->sentence)];
	struct diag d;
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	diag_set(&d, "syntax", NULL, "%s", sentence);
	if (hint)
		diag_hint(&d, "%s", hint);
	problems_add_at(p->problems, PROBLEM_ERROR, &d, &place);
	if (!s || (s->kind != SECTION_SETUP && !*s->name))
		note_gap(p);
	if (s)
		s->broken = true;
}

/* ---- what is kept ---- */

static void too_much(struct parse *p, const char *of_what, size_t max)
{
	fault(p, p->line.ptr, "is it the right file?", "more than %zu %s in all files", max,
	      of_what);
	p->err = CYG_LIMIT;
}

/* Room for one more section, behind the others. */
static bool make_slot(struct parse *p)
{
	struct conf_file *f = p->file;

	if (f->len >= CONF_SECTIONS_MAX) {
		too_much(p, "sections", CONF_SECTIONS_MAX);
		return false;
	}
	if (f->len == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 16;
		struct section *bigger = reallocarray(f->sections, cap, sizeof(*bigger));

		if (!bigger)
			return false;
		f->sections = bigger;
		f->cap = cap;
	}
	p->slot = ++f->len;
	return true;
}

static struct section *add_section(struct parse *p, enum section_kind kind, const char *name)
{
	struct conf_file *f = p->file;

	if (!p->slot && !make_slot(p))
		return NULL;
	p->section = p->slot;
	p->slot = 0;
	f->sections[p->section - 1] = (struct section){.kind = (uint8_t)kind,
						       .name = name,
						       .first = (uint32_t)f->params_len,
						       .place = place_of(p, p->line.ptr)};
	return open_section(p);
}

static bool add_param(struct parse *p, const struct param *param)
{
	struct conf_file *f = p->file;

	if (f->params_len >= CONF_PARAMS_MAX) {
		too_much(p, "parameters", CONF_PARAMS_MAX);
		return false;
	}
	if (f->params_len == f->params_cap) {
		size_t cap = f->params_cap ? f->params_cap * 2 : 64;
		struct param *bigger = reallocarray(f->params, cap, sizeof(*bigger));

		if (!bigger)
			return false;
		f->params = bigger;
		f->params_cap = cap;
	}
	f->params[f->params_len++] = *param;
	open_section(p)->len++;
	return true;
}

/* Room for a string of at most `len` octets; its lack is what stops reading. */
static char *room(struct parse *p, size_t len)
{
	char *out = store_room(&p->file->chunks, len + 1);

	if (!out)
		p->err = CYG_NOMEM;
	return out;
}

static const char *keep(struct parse *p, const uint8_t *at, size_t len)
{
	char *out = room(p, len);

	if (!out)
		return NULL;
	memcpy(out, at, len);
	out[len] = '\0';
	store_take(p->file->chunks, len + 1);
	return out;
}

/* ---- pieces of a line ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static const uint8_t *line_end(const struct parse *p)
{
	return p->line.ptr + p->line.len;
}

/* A word ends at a blank; returns its end. */
static const uint8_t *word_end(const struct parse *p, const uint8_t *at)
{
	while (at < line_end(p) && !is_blank(*at))
		at++;
	return at;
}

static const uint8_t *skip_blanks(const struct parse *p, const uint8_t *at)
{
	while (at < line_end(p) && is_blank(*at))
		at++;
	return at;
}

/* End of line, or a comment, which is a # after a blank. */
static bool at_line_end(const struct parse *p, const uint8_t *at)
{
	return at == line_end(p) || *at == '#';
}

/* Words up to the end of line or a comment (a # after a blank), runs of blanks as one space. */
static const char *bare(struct parse *p, const uint8_t *at)
{
	char *out = room(p, (size_t)(line_end(p) - at)), *to = out;

	if (!out)
		return NULL;
	while (!at_line_end(p, at)) {
		const uint8_t *end = word_end(p, at);

		if (to > out)
			*to++ = ' ';
		memcpy(to, at, (size_t)(end - at));
		to += end - at;
		at = skip_blanks(p, end);
	}
	*to = '\0';
	store_take(p->file->chunks, (size_t)(to - out) + 1);
	return out;
}

/* strongSwan's escapes: where the file says dialect=strongswan, and in joined lines, which it alone has. */
static bool has_escapes(const struct parse *p)
{
	return p->file->dialect == DIALECT_STRONGSWAN ||
	       memchr(p->line.ptr, '\n', p->line.len) != NULL;
}

static char unescaped(uint8_t c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : (char)c;
}

/* The text between quotes, \" standing for one; *ret_after behind the closing one. NULL: none. */
static const char *quoted(struct parse *p, const uint8_t *at, const uint8_t **ret_after)
{
	const uint8_t *end = line_end(p);
	char *out = room(p, (size_t)(end - at)), *to = out;
	bool escapes = has_escapes(p);
	size_t n;

	if (!out)
		return NULL;
	for (at++; at < end && *at != '"'; at += n) {
		n = join_len(at, end);
		if (n)
			continue;
		n = at[0] == '\\' && at + 1 < end && (escapes || at[1] == '"') ? 2 : 1;
		*to++ = n == 2 ? unescaped(at[1]) : (char)*at;
	}
	if (at == end)
		return NULL;
	*to = '\0';
	store_take(p->file->chunks, (size_t)(to - out) + 1);
	*ret_after = at + 1;
	return out;
}

/* {a b}: what stands between the braces. */
static const char *braced(struct parse *p, const uint8_t *at, const uint8_t **ret_after)
{
	const uint8_t *end = memchr(at, '}', (size_t)(line_end(p) - at)), *last = end;

	if (!end)
		return NULL;
	at = skip_blanks(p, at + 1);
	while (last > at && is_blank(last[-1]))
		last--;
	*ret_after = end + 1;
	return keep(p, at, (size_t)(last - at));
}

/* The first octet of `text` that begins no character; its end if there is none. */
static const uint8_t *bad_character(struct view text)
{
	const uint8_t *at = text.ptr, *end = text.ptr + text.len;
	size_t n = 1;

	for (; at < end && n; at += n) {
		n = *at == '\t' || (*at >= ' ' && *at < 0x7f)
			    ? 1
			    : text_printable(view_of(at, (size_t)(end - at)));
	}
	return at;
}

/* ---- parameters ---- */

static const char *enclosed(struct parse *p, const uint8_t *at, const char *keyword)
{
	const uint8_t *after = NULL;
	const char *value = *at == '"' ? quoted(p, at, &after) : braced(p, at, &after);

	if (!value) {
		if (!p->err)
			fault(p, at,
			      *at == '"'
				      ? "close the quotes on the same line, or end each line "
					"but the last in a backslash"
				      : "braces must close on the same line",
			      "the value of %s begins with %c that is not closed", keyword,
			      *at);
		return NULL;
	}
	if (at_line_end(p, skip_blanks(p, after)))
		return value;
	fault(p, after, "put the quotes round the whole value",
	      "text follows the closing %c of %s's value", *at == '"' ? '"' : '}', keyword);
	return NULL;
}

static const char *read_value(struct parse *p, const uint8_t *at, const struct word *word)
{
	size_t len = (size_t)(line_end(p) - at);
	bool is_note = word->meaning[SECTION_CONN].is_note;
	const char *value;
	const uint8_t *bad;

	if (is_note)
		return keep(p, at, len);
	value = at < line_end(p) && (*at == '"' || *at == '{') ? enclosed(p, at, word->text)
							       : bare(p, at);
	if (!value)
		return NULL;
	len = strlen(value);
	if (len > CONF_VALUE_MAX) {
		fault(p, at, "is a line end missing?",
		      "the value of %s has %zu octets, %d at most", word->text, len,
		      CONF_VALUE_MAX);
		return NULL;
	}
	bad = bad_character(view_of(value, len));
	if (*bad == '\n' || *bad == '\r') {
		fault(p, at, "a backslash at the end of a line joins it with the next one",
		      "the value of %s has \\%c in it, and no value can have a line end",
		      word->text, *bad == '\n' ? 'n' : 'r');
		return NULL;
	}
	if (*bad) {
		fault(p, at, "write the file in UTF-8",
		      "the value of %s is not UTF-8 text at its octet %td (0x%02x)", word->text,
		      bad - (const uint8_t *)value + 1, *bad);
		return NULL;
	}
	return value;
}

static void parse_param(struct parse *p)
{
	const uint8_t *at = skip_blanks(p, p->line.ptr), *end = at, *eq;
	struct section *s = open_section(p);
	struct param param = {.line = p->number, .column = (uint32_t)(at - p->line.ptr) + 1};

	while (end < line_end(p) && *end != '=' && !is_blank(*end))
		end++;
	eq = skip_blanks(p, end);
	if (eq == line_end(p) || *eq != '=' || end == at || end - at > CONF_NAME_MAX) {
		fault(p, at, "write it as  keyword=value",
		      "expected keyword=value, found \"%.*s\"",
		      (int)(line_end(p) - at > 60 ? 60 : line_end(p) - at), (const char *)at);
		return;
	}
	if (!s) {
		fault(p, at, "put a line  conn NAME  or  config setup  above it",
		      "%.*s= stands in no section", (int)(end - at), (const char *)at);
		return;
	}
	param.line_at = place_of(p, at).line_at;
	param.word = word_get(p->file, s->kind, view_of(at, (size_t)(end - at)));
	eq = skip_blanks(p, eq + 1);
	param.value_column = (uint32_t)(eq - p->line.ptr) + 1;
	if (!param.word)
		p->err = CYG_NOMEM;
	else
		param.value = read_value(p, eq, param.word);
	if (!param.value)
		return;
	if (!add_param(p, &param)) {
		p->err = p->err ? p->err : CYG_NOMEM;
		return;
	}
	if (s->kind == SECTION_SETUP && text_same(param.word->text, "dialect") &&
	    !dialect_by_name(param.value, &p->file->dialect))
		p->file->dialect = DIALECT_ANY; /* setup.c tells that there is no such one */
}

/* ---- headers ---- */

/* Keep a file's text, which is taken over. NULL: no memory, and it is freed. */
static const struct source *add_source(struct conf_file *f, const char *path,
				       struct bytes *text)
{
	size_t len = strlen(path) + 1;
	struct source *s = malloc(sizeof(*s) + len);

	if (!s) {
		bytes_done(text);
		return NULL;
	}
	s->text = *text;
	f->octets += text->len;
	f->sources_len++;
	*text = (struct bytes){0};
	memcpy(s->path, path, len);
	s->next = f->sources;
	f->sources = s;
	return s;
}

/* What one more file may have. */
static size_t octets_left(const struct conf_file *f)
{
	size_t left = CONF_OCTETS_MAX - f->octets;

	return left < CONF_FILE_OCTETS_MAX ? left : CONF_FILE_OCTETS_MAX;
}

static void include_one(void *ctx, const struct input *child)
{
	struct parse *up = ctx;
	struct parse p = {.file = up->file, .problems = up->problems, .asked = up->asked};
	struct place place = place_of(up, up->line.ptr);
	struct input in = *child;
	struct bytes text;
	struct diag why;

	if (up->err)
		return;
	if (up->file->sources_len >= CONF_FILES_MAX) {
		if (!up->file->too_many)
			fault(up, up->line.ptr, "look for files that include each other",
			      "more than %d files are included", CONF_FILES_MAX);
		up->file->too_many = true;
		return;
	}
	if (input_read(&in, false, octets_left(up->file), &text, up->problems, &why)) {
		problems_add_at(up->problems, PROBLEM_ERROR, &why, &place);
		note_gap(up);
		return;
	}
	if (input_goes_round(&in)) {
		fault(up, up->line.ptr, "remove one of the include lines", "%s includes itself",
		      in.path);
		bytes_done(&text);
		return;
	}
	p.input = &in;
	p.source = add_source(p.file, in.path, &text);
	if (p.source)
		parse_text(&p);
	up->err = p.source ? p.err : CYG_NOMEM;
}

/* The one argument of a header, bare or quoted; NULL after a fault. */
static const char *argument(struct parse *p, const uint8_t *at, const char *what)
{
	const uint8_t *after = at;
	const char *arg;

	if (at_line_end(p, at)) {
		fault(p, at, NULL, "%s lacks its argument", what);
		return NULL;
	}
	if (*at == '"') {
		arg = quoted(p, at, &after);
		if (!arg && !p->err)
			fault(p, at, NULL, "the quote is not closed");
	} else {
		after = word_end(p, at);
		arg = keep(p, at, (size_t)(after - at));
	}
	if (!arg)
		return NULL;
	after = skip_blanks(p, after);
	if (!at_line_end(p, after)) {
		fault(p, after, "a name is one word, or in quotes", "%s takes one argument",
		      what);
		return NULL;
	}
	if (*bad_character(view_str(arg))) {
		fault(p, at, "write the file in UTF-8", "the argument of %s is not UTF-8 text",
		      what);
		return NULL;
	}
	return arg;
}

static void parse_include(struct parse *p, const uint8_t *at)
{
	const char *pattern;

	p->section = 0; /* a section does not go on behind an include */
	pattern = argument(p, at, "include");
	if (pattern && strlen(pattern) > CONF_VALUE_MAX)
		fault(p, at, NULL, "no file has so long a name");
	else if (pattern && !input_include(p->input, pattern, CONF_INCLUDE_DEPTH_MAX, p->number,
					   p->problems, include_one, p))
		note_gap(p);
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
	else if (!p->err)
		p->err = CYG_NOMEM;
}

static void parse_section(struct parse *p, const uint8_t *at, enum section_kind kind)
{
	static const char *const what[] = {"config", "conn", "ca"};
	const char *name;

	p->section = 0;
	name = argument(p, at, what[kind]);
	if (name && strlen(name) > CONF_NAME_MAX) {
		fault(p, at, "is a line end missing?", "a name of %zu octets, %d at most",
		      strlen(name), CONF_NAME_MAX);
		name = NULL;
	}
	if (name && kind == SECTION_SETUP && !text_same(name, "setup")) {
		fault(p, at, "the only config section is  config setup",
		      "there is no section  config %s", name);
		name = NULL;
	}
	if (p->err)
		return;
	if (!name)
		open_broken(p);
	else if (!add_section(p, kind, kind == SECTION_SETUP ? "" : name) && !p->err)
		p->err = CYG_NOMEM;
}

enum header { HEADER_SETUP, HEADER_CONN, HEADER_CA, HEADER_INCLUDE, HEADER_VERSION, HEADERS };

static const char *const headers[HEADERS] = {"config", "conn", "ca", "include", "version"};

#define HEADER_WORD_MAX 32

/* The word in column 1, or "" for one that is too long to be a header's; returns its end. */
static const uint8_t *header_word(const struct parse *p, char ret[HEADER_WORD_MAX])
{
	const uint8_t *end = word_end(p, p->line.ptr);
	size_t n = (size_t)(end - p->line.ptr);

	if (n >= HEADER_WORD_MAX)
		n = 0;
	memcpy(ret, p->line.ptr, n);
	ret[n] = '\0';
	return end;
}

/* HEADERS: none of them. */
static enum header header_of(const char *word)
{
	int i = 0;

	while (i < HEADERS && !text_same(word, headers[i]))
		i++;
	return (enum header)i;
}

static void parse_unknown_header(struct parse *p, const char *word)
{
	const char *near;
	char hint[64];

	if (memchr(p->line.ptr, '=', p->line.len)) {
		fault(p, p->line.ptr,
		      "indent the line: a parameter begins with a blank or a tab",
		      "\"%.*s\" begins in the first column",
		      (int)(p->line.len > 60 ? 60 : p->line.len), (const char *)p->line.ptr);
		return;
	}
	near = text_nearest(word, headers, HEADERS);
	snprintf(hint, sizeof(hint), "%s%s%s",
		 near ? "did you mean \"" : "begin it with conn NAME", near ? near : "",
		 near ? "\"?" : "");
	p->section = 0;
	fault(p, p->line.ptr, hint, "\"%.*s\" begins no section that there is",
	      (int)(p->line.len > 40 ? 40 : p->line.len), (const char *)p->line.ptr);
	open_broken(p);
}

static void parse_header(struct parse *p)
{
	char word[HEADER_WORD_MAX];
	const uint8_t *rest = skip_blanks(p, header_word(p, word));

	switch (header_of(word)) {
	case HEADER_SETUP:
		parse_section(p, rest, SECTION_SETUP);
		break;
	case HEADER_CONN:
		parse_section(p, rest, SECTION_CONN);
		break;
	case HEADER_CA:
		parse_section(p, rest, SECTION_CA);
		break;
	case HEADER_INCLUDE:
		parse_include(p, rest);
		break;
	case HEADER_VERSION:
		p->section = 0; /* of the old language; says nothing any more */
		break;
	default:
		parse_unknown_header(p, word);
	}
}

/* ---- lines ---- */

/* In a header it leaves nobody to whom the lines below belong. */
static void refuse_octet(struct parse *p, const uint8_t *at)
{
	bool header = !is_blank(*p->line.ptr);

	if (header)
		p->section = 0;
	fault(p, at, "is this a text file?",
	      *at ? "a control character (0x%02x)" : "a NUL octet (0x%02x)", *at);
	if (header)
		open_broken(p);
}

static void trim(struct parse *p)
{
	while (p->line.len &&
	       (p->line.ptr[p->line.len - 1] == '\r' || is_blank(p->line.ptr[p->line.len - 1])))
		p->line.len--;
}

/* The first control character of the line; its end if there is none. */
static const uint8_t *control_octet(const struct parse *p)
{
	const uint8_t *at = p->line.ptr;

	while (at < line_end(p)) {
		size_t n = join_len(at, line_end(p));

		if (!n && ((*at < ' ' && *at != '\t') || *at == 0x7f))
			break;
		at += n ? n : 1;
	}
	return at;
}

static void parse_line(struct parse *p)
{
	const uint8_t *control;

	trim(p);
	if (at_line_end(p, skip_blanks(p, p->line.ptr)))
		return;
	control = control_octet(p);
	if (control < line_end(p))
		refuse_octet(p, control);
	else if (is_blank(*p->line.ptr))
		parse_param(p);
	else
		parse_header(p);
}

/* ---- sections that nobody asked for yet ---- */

/* Is one of the names at `at`, and behind it no more of a word? */
static bool is_asked(const struct asked *asked, const uint8_t *at, const uint8_t *end)
{
	for (size_t i = 0; i < asked->len; i++) {
		struct view name = asked->names[i];
		const uint8_t *after = at + name.len;

		if (name.len <= (size_t)(end - at) && !memcmp(at, name.ptr, name.len) &&
		    (after == end || is_blank(*after) || *after == '\r' || *after == '\n'))
			return true;
	}
	return false;
}

/* Does the line begin with this word and a blank? *ret_rest: behind them. */
static bool begins(const struct parse *p, const char *word, size_t len,
		   const uint8_t **ret_rest)
{
	if (p->line.len <= len || memcmp(p->line.ptr, word, len) || !is_blank(p->line.ptr[len]))
		return false;
	*ret_rest = skip_blanks(p, p->line.ptr + len);
	return true;
}

/* A header of the plain kind, whose section nobody asks for. Any other is read at once. */
static bool can_wait(const struct parse *p, enum section_kind *ret)
{
	const uint8_t *name;

	*ret = SECTION_CA;
	if (begins(p, "ca", 2, &name))
		return true;
	*ret = SECTION_CONN;
	return begins(p, "conn", 4, &name) && name < line_end(p) && *name != '"' &&
	       *name != '%' && !is_asked(p->asked, name, line_end(p));
}

static void leave_unread(struct parse *p, enum section_kind kind)
{
	struct section *s;

	p->section = 0;
	s = add_section(p, kind, "");
	p->passing = s != NULL;
	if (s) {
		s->unread = true;
		s->dialect = p->file->dialect;
	} else if (!p->err) {
		p->err = CYG_NOMEM;
	}
}

/* Does a line that begins in column 1 end the section? As parse_line would have it. */
static bool ends_section(struct parse *p)
{
	char word[HEADER_WORD_MAX];

	trim(p);
	if (at_line_end(p, p->line.ptr))
		return false;
	header_word(p, word);
	return header_of(word) != HEADERS || !memchr(p->line.ptr, '=', p->line.len) ||
	       control_octet(p) < line_end(p);
}

static void end_passing(struct parse *p, const uint8_t *at)
{
	if (!p->passing)
		return;
	open_section(p)->first = (uint32_t)(at - p->source->text.ptr);
	p->passing = false;
	p->section = 0;
}

/* One line, where not everything is asked for. */
static void pass_line(struct parse *p)
{
	enum section_kind kind;

	if (p->passing && (!p->line.len || is_blank(*p->line.ptr)))
		return;
	if (can_wait(p, &kind)) {
		end_passing(p, p->line.ptr);
		leave_unread(p, kind);
	} else if (!p->passing || ends_section(p)) {
		end_passing(p, p->line.ptr);
		parse_line(p);
	}
}

static uint32_t count_lines(struct view text)
{
	uint32_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	return n;
}

static void parse_lines(struct parse *p, const uint8_t *at, const uint8_t *end)
{
	while (at < end && !p->err) {
		const uint8_t *nl = memchr(at, '\n', (size_t)(end - at)), *last = nl;
		uint32_t joined = 0;

		p->line = view_of(at, (size_t)((nl ? nl : end) - at));
		p->number++;
		if (nl && nl > at)
			last = join_lines(&p->line, nl, end);
		if (last != nl)
			joined = count_lines(p->line);
		if (p->asked)
			pass_line(p);
		else
			parse_line(p);
		p->number += joined;
		at = last ? last + 1 : end;
	}
}

static enum cyg_err read_section(struct conf_file *f, size_t i, struct problems *problems)
{
	const struct section *s = &f->sections[i];
	const uint8_t *text = s->place.source->text.ptr;
	struct parse p = {.file = f,
			  .problems = problems,
			  .source = s->place.source,
			  .slot = i + 1,
			  .number = s->place.line - 1};
	uint8_t dialect = f->dialect;

	f->dialect = s->dialect;
	parse_lines(&p, text + s->place.line_at, text + s->first);
	f->dialect = dialect;
	return p.err;
}

static bool is_section_asked(const struct section *s, const struct asked *asked)
{
	const struct bytes *text = &s->place.source->text;
	const uint8_t *at = text->ptr + s->place.line_at + strlen("conn");

	while (is_blank(*at)) /* a name follows: can_wait */
		at++;
	return s->kind == SECTION_CONN && is_asked(asked, at, text->ptr + text->len);
}

enum cyg_err conf_file_read_more(struct conf_file *f, const struct asked *asked,
				 struct problems *problems)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; !err && i < f->len; i++) {
		const struct section *s = &f->sections[i];

		if (s->unread && (!asked || is_section_asked(s, asked)))
			err = read_section(f, i, problems);
	}
	return err;
}

/* ---- files ---- */

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static void parse_text(struct parse *p)
{
	const uint8_t *at = p->source->text.ptr, *end;

	if (!at)
		return;
	end = at + p->source->text.len;
	if (p->source->text.len >= 3 && !memcmp(at, BYTE_ORDER_MARK, 3))
		at += 3;
	parse_lines(p, at, end);
	end_passing(p, end);
}

static enum cyg_err parse_first(const struct input *in, struct bytes *text,
				const struct asked *asked, struct conf_file *ret,
				struct problems *problems)
{
	struct conf_file f = {0};
	struct parse p = {.file = &f, .problems = problems, .input = in, .asked = asked};

	p.source = add_source(&f, in->path, text);
	if (p.source)
		parse_text(&p);
	if (!p.source || p.err) {
		conf_file_done(&f);
		return p.err ? p.err : CYG_NOMEM;
	}
	*ret = f;
	return CYG_OK;
}

enum cyg_err conf_file_parse_asked(struct view text, const char *name,
				   const struct asked *asked, struct conf_file *ret,
				   struct problems *problems)
{
	struct input in = {.path = name};
	struct bytes copy = {0};
	struct diag d;

	if (text.len > CONF_FILE_OCTETS_MAX) {
		diag_set(&d, "file-size", NULL, "%s is larger than %u octets", name,
			 CONF_FILE_OCTETS_MAX);
		problems_add(problems, PROBLEM_ERROR, &d);
		return CYG_LIMIT;
	}
	if (text.len && !bytes_copy(&copy, text))
		return CYG_NOMEM;
	return parse_first(&in, &copy, asked, ret, problems);
}

enum cyg_err conf_file_add(struct conf_file *f, struct view text, const char *name,
			   struct problems *problems)
{
	struct input in = {.path = name};
	struct parse p = {.file = f, .problems = problems, .input = &in};
	struct bytes copy = {0};

	if (text.len && bytes_copy(&copy, text))
		p.source = add_source(f, name, &copy);
	if (!p.source)
		return CYG_NOMEM;
	parse_text(&p);
	return p.err;
}

enum cyg_err conf_file_parse(struct view text, const char *name, struct conf_file *ret,
			     struct problems *problems)
{
	return conf_file_parse_asked(text, name, NULL, ret, problems);
}

enum cyg_err conf_file_read_asked(const char *path, const struct asked *asked,
				  struct conf_file *ret, struct problems *problems)
{
	struct input in = {.path = path};
	struct bytes text;
	struct diag why;
	enum cyg_err err = input_read(&in, false, CONF_FILE_OCTETS_MAX, &text, problems, &why);

	if (err) {
		problems_add(problems, PROBLEM_ERROR, &why);
		return err;
	}
	return parse_first(&in, &text, asked, ret, problems);
}

enum cyg_err conf_file_read(const char *path, struct conf_file *ret, struct problems *problems)
{
	return conf_file_read_asked(path, NULL, ret, problems);
}

void conf_file_done(struct conf_file *f)
{
	if (!f)
		return;
	free(f->sections);
	free(f->params);
	words_done(f);
	store_done(&f->chunks);
	while (f->sources) {
		struct source *next = f->sources->next;

		bytes_done(&f->sources->text);
		free(f->sources);
		f->sources = next;
	}
	memset(f, 0, sizeof(*f));
}
