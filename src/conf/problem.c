/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/problem.h"

#include <stdlib.h>
#include <string.h>

static bool make_room(struct problems *p)
{
	size_t cap = p->cap ? p->cap * 2 : 8;
	struct problem *bigger;

	if (p->len < p->cap)
		return true;
	bigger = reallocarray(p->items, cap, sizeof(*bigger));
	if (!bigger)
		return false;
	p->items = bigger;
	p->cap = cap;
	return true;
}

void problems_add(struct problems *p, enum problem_level level, const struct diag *d)
{
	if (!p)
		return;
	if (level == PROBLEM_ERROR)
		p->errors++;
	if (p->len >= PROBLEMS_MAX || !make_room(p)) {
		p->dropped++;
		return;
	}
	p->items[p->len++] = (struct problem){.level = (uint8_t)level, .diag = *d};
}

void problems_done(struct problems *p)
{
	if (!p)
		return;
	free(p->items);
	memset(p, 0, sizeof(*p));
}
