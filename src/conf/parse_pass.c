/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks for a few connections of many has the other sections left unread: of
 * their lines the first column alone is looked at, which finds where they end,
 * and they are read from the text that is kept once somebody asks for them.
 */
#include "conf/parse.h"

#include <string.h>

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
		return !p->asked->cas;
	*ret = SECTION_CONN;
	return begins(p, "conn", 4, &name) && name < line_end(p) && *name != '"' &&
	       *name != '%' && !is_asked(p->asked, name, line_end(p));
}

static void leave_unread(struct parse *p, enum section_kind kind)
{
	struct section *s;

	p->section = 0;
	s = parse_add_section(p, kind, "");
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
	parse_trim(p);
	if (at_line_end(p, p->line.ptr))
		return false;
	return parse_is_header(p) || !memchr(p->line.ptr, '=', p->line.len) ||
	       parse_control_octet(p) < line_end(p);
}

void parse_end_passing(struct parse *p, const uint8_t *at)
{
	if (!p->passing)
		return;
	parse_open(p)->first = (uint32_t)(at - p->source->text.ptr);
	p->passing = false;
	p->section = 0;
}

void parse_pass_line(struct parse *p)
{
	enum section_kind kind;

	if (p->passing && (!p->line.len || is_blank(*p->line.ptr)))
		return;
	if (can_wait(p, &kind)) {
		parse_end_passing(p, p->line.ptr);
		leave_unread(p, kind);
	} else if (!p->passing || ends_section(p)) {
		parse_end_passing(p, p->line.ptr);
		parse_line(p);
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
