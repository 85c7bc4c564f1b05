/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand, and what is said when they are wrong. */
#include "conf/parse.h"

#include "base/text.h"
#include "conf/shown.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
	const struct bytes *text = &place->source->kept.text;
	const uint8_t *at = text->ptr + place->line_at, *end;
	struct view line;
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
	line = view_of(at, (size_t)((end ? end : text->ptr + text->len) - at));
	line.len = shown_len(line);
	problems_add_line(problems, level, d, line, column);
}

struct place parse_place(const struct parse *p, const uint8_t *at)
{
	const uint8_t *line = p->line.ptr, *nl;
	uint32_t number = p->number;

	if (!p->source->kept.text.ptr)
		return (struct place){p->source, number, 0, 1};
	while (at > line && (nl = memchr(line, '\n', (size_t)(at - line)))) {
		line = nl + 1;
		number++;
	}
	return (struct place){p->source, number, (uint32_t)(line - p->source->kept.text.ptr),
			      (uint32_t)(at - line) + 1};
}

void parse_gap(struct parse *p)
{
	if (!p->file->gap.source)
		p->file->gap = parse_place(p, p->line.ptr);
}

void parse_hollow(struct parse *p)
{
	if (!p->file->hollow.source)
		p->file->hollow = parse_place(p, p->line.ptr);
}

/* "conn NAME: ", or nothing where no section is known to be the one. */
static void add_whose(const struct section *s, char *buf, size_t cap, size_t *used)
{
	if (s && *s->name)
		buf_add(buf, cap, used, "%s %s: ", s->kind == SECTION_CA ? "ca" : "conn",
			s->name);
}

void parse_fault(struct parse *p, const uint8_t *at, const char *hint, const char *fmt, ...)
{
	struct section *s = parse_open(p);
	struct place place = parse_place(p, at);
	char sentence[sizeof(((struct diag *)0)->sentence)] = "";
	size_t used = 0, before = p->problems ? p->problems->len : 0;
	struct diag d;
	va_list args;

	add_whose(s, sentence, sizeof(sentence), &used);
	va_start(args, fmt);
	vsnprintf(sentence + used, sizeof(sentence) - used, fmt, args);
	va_end(args);
	diag_set(&d, "syntax", NULL, "%s", sentence);
	if (hint)
		diag_hint(&d, "%s", hint);
	problems_add_at(p->problems, PROBLEM_ERROR, &d, &place);
	if (!s || (s->kind != SECTION_SETUP && !*s->name))
		parse_gap(p);
	else if (*s->name)
		problems_charge(p->problems, before, p->section - 1);
	if (s)
		s->broken = true;
}

void parse_too_much(struct parse *p, const char *of_what, size_t max)
{
	parse_fault(p, p->line.ptr, "is it the right file?", "more than %zu %s in all files",
		    max, of_what);
	p->err = CYG_LIMIT;
}
