/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: what begins in column 1 opens a section, or includes files. */
#include "conf/parse.h"

#include "base/array.h"
#include "base/text.h"
#include "conf/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Open one more section; NULL: no memory, or too many. */
static struct section *add_section(struct parse *p, enum section_kind kind, const char *name)
{
	struct conf_file *f = p->file;
	struct section *bigger;

	if (f->len >= CONF_SECTIONS_MAX) {
		parse_too_much(p, "sections", CONF_SECTIONS_MAX);
		return NULL;
	}
	bigger = array_grow(f->sections, f->len, &f->cap, sizeof(*bigger));
	if (!bigger)
		return NULL;
	f->sections = bigger;
	f->sections[f->len++] = (struct section){.kind = (uint8_t)kind,
						 .name = name,
						 .first = (uint32_t)f->params_len,
						 .place = parse_place(p, p->line.ptr)};
	p->section = f->len;
	return parse_open(p);
}

/* The one argument of a header, bare or quoted; NULL after a fault. */
static const char *argument(struct parse *p, const uint8_t *at, const char *what)
{
	const uint8_t *after = at;
	const char *arg;

	if (at_line_end(p, at)) {
		parse_fault(p, at, NULL, "%s lacks its argument", what);
		return NULL;
	}
	if (*at == '"') {
		arg = parse_quoted(p, at, &after);
		if (!arg && !p->err)
			parse_fault(p, at, NULL, "the quote is not closed");
	} else {
		after = word_end(p, at);
		arg = parse_keep(p, at, (size_t)(after - at));
	}
	if (!arg)
		return NULL;
	after = skip_blanks(p, after);
	if (!at_line_end(p, after)) {
		parse_fault(p, after, "a name is one word, or in quotes",
			    "%s takes one argument", what);
		return NULL;
	}
	if (*parse_bad_character(view_str(arg))) {
		parse_fault(p, at, "write the file in UTF-8",
			    "the argument of %s is not UTF-8 text", what);
		return NULL;
	}
	return arg;
}

static void parse_include(struct parse *p, const uint8_t *at)
{
	bool hollow = false;
	const struct input_rules rules = {CONF_INCLUDE_DEPTH_MAX, PROBLEM_WARNING, &hollow};
	const char *pattern;

	p->section = 0; /* a section does not go on behind an include */
	pattern = argument(p, at, "include");
	if (pattern && strlen(pattern) > CONF_VALUE_MAX)
		parse_fault(p, at, NULL, "no file has so long a name");
	else if (pattern && !input_include(p->input, pattern, &rules, p->number, p->problems,
					   parse_included, p))
		parse_gap(p);
	if (hollow)
		parse_hollow(p);
}

void parse_open_broken(struct parse *p)
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
		parse_fault(p, at, "is a line end missing?", "a name of %zu octets, %d at most",
			    strlen(name), CONF_NAME_MAX);
		name = NULL;
	}
	if (name && kind == SECTION_SETUP && !text_same(name, "setup")) {
		parse_fault(p, at, "the only config section is  config setup",
			    "there is no section  config %s", name);
		name = NULL;
	}
	if (p->err)
		return;
	if (!name)
		parse_open_broken(p);
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
		parse_fault(p, p->line.ptr,
			    "indent the line: a parameter begins with a blank or a tab",
			    "%.*s= begins in the first column", (int)shown_word_len(p->line),
			    (const char *)p->line.ptr);
		return;
	}
	near = text_nearest(word, headers, HEADERS);
	snprintf(hint, sizeof(hint), "%s%s%s",
		 near ? "did you mean \"" : "begin it with conn NAME", near ? near : "",
		 near ? "\"?" : "");
	p->section = 0;
	parse_fault(p, p->line.ptr, hint, "\"%.*s\" begins no section that there is",
		    (int)shown_word_len(p->line), (const char *)p->line.ptr);
	parse_open_broken(p);
}

void parse_header(struct parse *p)
{
	char word[HEADER_WORD_MAX];
	const uint8_t *rest = skip_blanks(p, header_word(p, word));
	enum header header = header_of(word);

	/* What goes on in column 1 behind quotes that did not close is the value. */
	if (header == HEADERS && p->torn)
		return;
	p->torn = false;
	switch (header) {
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

bool parse_is_header(const struct parse *p)
{
	char word[HEADER_WORD_MAX];

	header_word(p, word);
	return header_of(word) != HEADERS;
}
