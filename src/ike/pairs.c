/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/pairs.h"

#include "base/text.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/down.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/updown.h"

#include <stdlib.h>
#include <string.h>

/* A section as its file has it now. */
struct section {
	struct ike *ike;
	char *name;        /* heap */
	const char *pairs; /* "1x1 1x2"; "": it is one connection */
	uint64_t cause;
	const struct loaded *last; /* what was loaded for it last */
};

static bool has_alias(const struct connection *c, const char *name, size_t len)
{
	for (size_t i = 0; i < c->aliases_len; i++)
		if (strlen(c->aliases[i]) == len && !strncmp(c->aliases[i], name, len))
			return true;
	return false;
}

/* Heap; NULL when memory is short. */
static char *section_of(const struct connection *c)
{
	size_t len = connection_pair_of(c->name);

	return len && has_alias(c, c->name, len) ? strndup(c->name, len) : strdup(c->name);
}

/* What of the section is loaded: the one connection, then its pairs. NULL starts; NULL ends. */
static struct loaded *next_of(const struct section *s, struct loaded *after)
{
	const struct policy *policy = s->ike->policy;
	struct loaded *whole = policy_find(policy, s->name), *l;
	size_t len = strlen(s->name);

	if (!after && whole && !whole->instance)
		return whole;
	l = after == whole ? NULL : after;
	while ((l = policy_aliased(policy, s->name, l))) {
		const char *name = l->connection->name;

		if (connection_pair_of(name) == len && !strncmp(name, s->name, len))
			return l;
	}
	return NULL;
}

static bool goes(const struct section *s, const struct loaded *l)
{
	size_t len = connection_pair_of(l->connection->name);

	if (l == s->last)
		return false;
	if (!strcmp(l->connection->name, s->name))
		return *s->pairs;
	return !text_among(s->pairs, l->connection->name + len + 1);
}

static bool is_in_force(const struct loaded *l)
{
	return l->routed || children_stand(l) || !list_empty(&l->instances);
}

static bool meet(const struct ts_set *a, const struct ts_set *b)
{
	struct ts both;

	for (size_t i = 0; i < a->len; i++)
		for (size_t j = 0; j < b->len; j++)
			if (ts_intersect(&a->items[i], &b->items[j], &both))
				return true;
	return false;
}

/* Those that stay and have packets of one that goes are routed as it was. */
static void follow(const struct section *s, const struct loaded *gone)
{
	for (struct loaded *l = next_of(s, NULL); l; l = next_of(s, l)) {
		if (goes(s, l) || is_in_force(l) || l->is_template || l->is_group ||
		    l->local < 0 || !meet(&l->ts_local, &gone->ts_local) ||
		    !meet(&l->ts_remote, &gone->ts_remote))
			continue;
		l->routed = true;
		up_rest(s->ike, l, false);
	}
}

static void forget(const struct section *s, struct loaded *l)
{
	struct about a = about_loaded(l, s->cause);

	if (is_in_force(l))
		follow(s, l);
	tell(s->ike, &a, REPORT_NOTICE, RC_COMMENT, "deleted", NULL,
	     "it is deleted: conn %s has it no more", s->name);
	down_forget_all(s->ike, l, "it was deleted");
}

/* It is in force, and what would have its place can't be used here. */
static bool tell_kept(const struct section *s, const struct loaded *l)
{
	struct about a = about_loaded(l, s->cause);

	tell(s->ike, &a, REPORT_ERROR, RC_ORIENT, "not-oriented", NULL,
	     "it stays, though conn %s has it no more: \"%s\" can't take its place here; if it is "
	     "meant so, --delete %s",
	     s->name, s->last->connection->name, l->connection->name);
	return false;
}

bool pairs_settle(struct ike *ike, const struct event *ev, const struct loaded *last)
{
	struct section s = {.ike = ike,
			    .pairs = ev->command.pairs,
			    .cause = ev->cause,
			    .last = last};
	bool well = true;

	if (!s.pairs || last->instance)
		return true;
	s.name = section_of(last->connection);
	if (!s.name)
		return true; /* what should go stays until the next time */
	for (struct loaded *l = next_of(&s, NULL), *next; l; l = next) {
		next = next_of(&s, l);
		if (goes(&s, l) && is_in_force(l) && last->local < 0)
			well = tell_kept(&s, l);
		else if (goes(&s, l))
			forget(&s, l);
	}
	free(s.name);
	return well;
}
