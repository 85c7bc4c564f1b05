/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/programs.h"

#include "sim/machine.h"

#include <stdlib.h>

static const struct step {
	const char *name;
	enum called before, after;
} steps[] = {
	[UPDOWN_PREPARE] = {"prepare", CALLED_NOTHING, CALLED_PREPARE},
	[UPDOWN_ROUTE] = {"route", CALLED_PREPARE, CALLED_ROUTE},
	[UPDOWN_UP] = {"up", CALLED_ROUTE, CALLED_UP},
	[UPDOWN_DOWN] = {"down", CALLED_UP, CALLED_ROUTE},
	[UPDOWN_UNROUTE] = {"unroute", CALLED_ROUTE, CALLED_NOTHING},
};

static struct called_place *find(const struct machine *m, uint32_t place)
{
	LIST_EACH(c, &m->called, struct called_place, link)
		if (c->place == place)
			return c;
	return NULL;
}

enum called programs_called(const struct machine *m, uint32_t place)
{
	const struct called_place *c = find(m, place);

	return c ? c->called : CALLED_NOTHING;
}

static void note(struct machine *m, uint32_t place, enum called called)
{
	struct called_place *c = find(m, place);

	if (called == CALLED_NOTHING) {
		if (c)
			list_remove(&c->link);
		free(c);
		return;
	}
	if (!c) {
		c = sim_alloc(sizeof(*c));
		c->place = place;
		list_append(&m->called, &c->link);
	}
	c->called = called;
}

void programs_call(struct machine *m, const struct updown *u, struct answer *ret)
{
	const struct step *s = &steps[u->verb];
	enum called before = programs_called(m, u->place);
	bool fails = dice_percent(&m->pace, m->programs_fail);

	/* A prepare that nobody waited for leaves nothing to undo. */
	if (before == CALLED_PREPARE && u->verb == UPDOWN_PREPARE)
		before = CALLED_NOTHING;
	if (!world_expect(m->w, before == s->before, "%s calls %s of %s after %u calls",
			  m->name, s->name, u->connection->name, before))
		return;
	tell_story(m->w, "%s calls %s of %s%s", m->name, s->name, u->connection->name,
		   fails ? ", which fails" : "");
	note(m, u->place, fails && u->verb == UPDOWN_PREPARE ? CALLED_NOTHING : s->after);
	if (fails)
		ret->err = CYG_IO;
}

void programs_forget(struct machine *m)
{
	LIST_EACH(c, &m->called, struct called_place, link) {
		list_remove(&c->link);
		free(c);
	}
}
