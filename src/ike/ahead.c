/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/ahead.h"

#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/op.h"
#include "ike/tell.h"

#include <stdlib.h>
#include <string.h>

/* One key that was asked for and of which nothing was heard. */
struct key_wait {
	struct list all, ops;
	struct command_wait *wait; /* NULL: nobody waits any more */
	uint64_t cause;
	char name[]; /* of the connection */
};

static void wait_free(struct key_wait *k)
{
	op_abandon(&k->ops);
	list_remove(&k->all);
	free(k);
}

void ahead_free_all(struct ike *ike)
{
	LIST_EACH(k, &ike->keys, struct key_wait, all)
		wait_free(k);
}

void ahead_forget_waiter(struct ike *ike, const struct command_wait *w)
{
	LIST_EACH(k, &ike->keys, struct key_wait, all)
		if (k->wait == w)
			k->wait = NULL;
}

bool ahead_concerns(const struct loaded *l)
{
	return connection_key_ahead(l->connection, 0) || connection_key_ahead(l->connection, 1);
}

/* False when memory is short. */
static bool ask(struct ike *ike, const struct loaded *l, int end, const struct ident *id,
		struct command_wait *w)
{
	size_t len = strlen(l->connection->name) + 1;
	struct action *a = actions_add(ike->out, ACT_KEY_AHEAD);
	struct key_wait *k = a ? calloc(1, sizeof(*k) + len) : NULL;

	if (!k)
		return false;
	memcpy(k->name, l->connection->name, len);
	k->wait = w;
	k->cause = w->cause;
	list_init(&k->ops);
	list_append(&ike->keys, &k->all);
	w->files++;
	a->key_ahead.connection = actions_str(ike->out, k->name);
	a->key_ahead.end = (uint8_t)end;
	a->key_ahead.id = id;
	a->op = op_new(ike, OP_KEY_AHEAD, k, &k->ops);
	if (a->op)
		return true;
	w->files--;
	wait_free(k);
	return false;
}

/* Whoever may be anybody has no name that could be looked up. */
void ahead_ask(struct ike *ike, const struct loaded *l, struct command_wait *w)
{
	for (int end = 0; end < 2; end++) {
		const struct ident *id = policy_end_identity(l, end);

		if (connection_key_ahead(l->connection, end) && id && id->type != ID_ANY &&
		    !id->wildcards && !ask(ike, l, end, id, w))
			ike->out->bad = true;
	}
}

void ahead_answered(struct ike *ike, struct key_wait *k, const struct answer *a)
{
	const struct loaded *l = policy_find(ike->policy, k->name);
	struct command_wait *w = k->wait;
	struct about about = l ? about_loaded(l, k->cause) : about_command(k->cause);

	if (l && a->why)
		tell(ike, &about, a->err ? REPORT_WARNING : REPORT_INFO,
		     a->err ? RC_COMMENT : RC_LOG, "dns-key", a->why, "%s", a->why->sentence);
	wait_free(k);
	if (w)
		command_file_read(w, RC_COMMENT);
}
