/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/problem.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

static bool make_room(struct problems *p)
{
	struct problem *bigger = array_grow(p->items, p->len, &p->cap, sizeof(*bigger));

	if (!bigger)
		return false;
	p->items = bigger;
	return true;
}

static struct problem *add(struct problems *p, enum problem_level level, const struct diag *d)
{
	if (!p)
		return NULL;
	if (level == PROBLEM_ERROR)
		p->errors++;
	if (p->len >= PROBLEMS_MAX || !make_room(p)) {
		p->dropped++;
		return NULL;
	}
	p->items[p->len] = (struct problem){.level = (uint8_t)level, .diag = *d};
	return &p->items[p->len++];
}

void problems_add(struct problems *p, enum problem_level level, const struct diag *d)
{
	add(p, level, d);
}

/* Characters of text: octets that do not go on with a UTF-8 sequence. */
static size_t characters(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (text[i] & 0xc0) != 0x80;
	return n;
}

/* Do not begin or end within a UTF-8 sequence. */
static size_t whole(struct view line, size_t at)
{
	while (at && at < line.len && (line.ptr[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void add_shown(struct text *out, struct view v)
{
	for (size_t i = 0, n; i < v.len; i += n) {
		const uint8_t *tab = memchr(v.ptr + i, '\t', v.len - i);

		n = tab ? (size_t)(tab - v.ptr) - i : v.len - i;
		text_add_escaped(out, view_of(v.ptr + i, n));
		if (tab) {
			text_add_char(out, ' ');
			n++;
		}
	}
}

void problems_add_line(struct problems *p, enum problem_level level, const struct diag *d,
		       struct view line, uint32_t column)
{
	struct problem *made = add(p, level, d);
	size_t at = column ? column - 1 : 0, from = 0, to;
	struct text out = {0};

	if (!made)
		return;
	at = at > line.len ? line.len : at;
	if (line.len > PROBLEM_LINE_MAX && at > PROBLEM_LINE_MAX / 2)
		from = whole(line, at - PROBLEM_LINE_MAX / 2);
	to = line.len - from > PROBLEM_LINE_MAX ? whole(line, from + PROBLEM_LINE_MAX)
						: line.len;
	if (from)
		text_add_str(&out, "...");
	add_shown(&out, view_of(line.ptr + from, at - from));
	made->caret = (uint32_t)characters(text_str(&out), out.len);
	add_shown(&out, view_of(line.ptr + at, to - at));
	if (to < line.len)
		text_add_str(&out, "...");
	made->line = text_take(&out);
}

void problem_show(const struct problem *p, struct text *out)
{
	if (!p->line)
		return;
	text_add(out, "    %s\n    %*s^\n", p->line, (int)p->caret, "");
}

void problems_charge(struct problems *p, size_t first, size_t section)
{
	for (size_t i = first; p && i < p->len; i++)
		p->items[i].section = (uint32_t)section + 1;
}

void problems_charge_advice(struct problems *p, size_t first, size_t section)
{
	for (size_t i = first; p && i < p->len; i++)
		if (p->items[i].level != PROBLEM_ERROR)
			p->items[i].section = (uint32_t)section + 1;
}

void problems_select(struct problems *p, const bool *counts)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->len; i++) {
		struct problem *one = &p->items[i];

		if (!one->section || counts[one->section - 1]) {
			p->items[kept++] = *one;
			continue;
		}
		p->errors -= one->level == PROBLEM_ERROR;
		free(one->line);
	}
	p->len = kept;
}

void problems_move(struct problems *from, struct problems *to)
{
	size_t errors = to ? to->errors + from->errors : 0;

	for (size_t i = 0; i < from->len; i++) {
		struct problem *made = add(to, from->items[i].level, &from->items[i].diag);

		if (!made)
			continue;
		made->line = from->items[i].line;
		made->caret = from->items[i].caret;
		from->items[i].line = NULL;
	}
	if (to) {
		to->errors = errors; /* of those that were dropped, too */
		to->dropped += from->dropped;
	}
	problems_done(from);
}

void problems_done(struct problems *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->len; i++)
		free(p->items[i].line);
	free(p->items);
	memset(p, 0, sizeof(*p));
}
