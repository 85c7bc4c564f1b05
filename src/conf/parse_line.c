/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines. One is blank or a comment; a section header (or include, or version)
 * that begins in column 1; a parameter, which begins with white space; anything
 * else is a fault.
 */
#include "conf/parse.h"

#include "conf/join.h"

#include <string.h>

/* In a header it leaves nobody to whom the lines below belong. */
static void refuse_octet(struct parse *p, const uint8_t *at)
{
	bool header = !is_blank(*p->line.ptr);

	if (header)
		p->section = 0;
	parse_fault(p, at, "is this a text file?",
		    *at ? "a control character (0x%02x)" : "a NUL octet (0x%02x)", *at);
	if (header)
		parse_open_broken(p);
}

void parse_trim(struct parse *p)
{
	while (p->line.len &&
	       (p->line.ptr[p->line.len - 1] == '\r' || is_blank(p->line.ptr[p->line.len - 1])))
		p->line.len--;
}

const uint8_t *parse_control_octet(const struct parse *p)
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

/* One line, whatever it is. */
static void take_line(struct parse *p)
{
	const uint8_t *control;

	parse_trim(p);
	if (at_line_end(p, skip_blanks(p, p->line.ptr)))
		return;
	control = parse_control_octet(p);
	if (control < line_end(p))
		refuse_octet(p, control);
	else if (is_blank(*p->line.ptr))
		parse_param(p);
	else
		parse_header(p);
}

static uint32_t count_lines(struct view text)
{
	uint32_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	return n;
}

void parse_lines(struct parse *p, const uint8_t *at, const uint8_t *end)
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
		take_line(p);
		p->number += joined;
		at = last ? last + 1 : end;
	}
}
