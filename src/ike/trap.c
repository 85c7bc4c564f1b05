/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/trap.h"

#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/op.h"
#include "ike/tell.h"
#include "ike/updown.h"

#include <stdlib.h>
#include <string.h>

struct trap_wait {
	struct list all; /* ike->traps */
	struct list ops;
	struct command_wait *wait; /* NULL: it has gone */
	uint64_t cause;
	uint32_t policy_id; /* of the connection, which may have gone or be another version */
	unsigned waiting;   /* answers to come */
	uint16_t code;
	char name[]; /* of the connection */
};

static struct trap_wait *trap_new(struct ike *ike, const struct loaded *l,
				  struct command_wait *w)
{
	size_t len = strlen(l->connection->name) + 1;
	struct trap_wait *t = calloc(1, sizeof(*t) + len);

	if (!t)
		return NULL;
	memcpy(t->name, l->connection->name, len);
	t->wait = w;
	t->cause = w ? w->cause : 0;
	t->policy_id = l->policy_id;
	t->code = RC_COMMENT;
	if (w)
		w->files++;
	list_init(&t->ops);
	list_append(&ike->traps, &t->all);
	return t;
}

static void trap_free(struct trap_wait *t)
{
	op_abandon(&t->ops);
	list_remove(&t->all);
	free(t);
}

static void trap_end(struct trap_wait *t)
{
	struct command_wait *w = t->wait;
	uint16_t code = t->code;

	trap_free(t);
	if (w)
		command_file_read(w, code);
}

bool trap_set(struct ike *ike, struct loaded *l, struct command_wait *w)
{
	struct trap_wait *t = trap_new(ike, l, w);
	size_t from = ike->out->len;

	/* What was claimed for it is given back. */
	if (!t) {
		updown_set_spd(ike, l, SPD_NONE, 0, w ? w->cause : 0);
		return false;
	}
	if (!updown_set_spd(ike, l, policy_resting(l, false), 0, t->cause))
		goto failed;
	if (op_await_host(ike, from, OP_TRAP, t, &t->ops, &t->waiting)) {
		updown_set_spd(ike, l, SPD_NONE, 0, t->cause);
		goto failed;
	}
	if (!t->waiting)
		trap_end(t);
	return true;
failed:
	if (w)
		w->files--;
	trap_free(t);
	return false;
}

/* For a plane that had no words of its own. */
static const struct diag *explain(struct diag *why, enum cyg_err err, const char *name)
{
	diag_clear(why);
	diag_set(why, "plane-refused", NULL, "%s", cyg_err_text(err));
	diag_hint(why, "%s, then: ipsec auto --route %s",
		  err == CYG_NOMEM ? "give this host more memory"
				   : "see in the log what else failed, and ipsec verify",
		  name);
	return why;
}

/* Packets are not to believe in what is not there. */
static void take_away(struct ike *ike, const struct trap_wait *t, const struct answer *a)
{
	struct loaded *l = policy_find(ike->policy, t->name);
	struct diag own;
	const struct diag *why = a->why ? a->why : explain(&own, a->err, t->name);
	struct about about;

	if (!l || l->policy_id != t->policy_id)
		return;
	about = about_loaded(l, t->cause);
	tell(ike, &about, REPORT_ERROR, RC_ROUTE, "cannot-route", why, "cannot route: %s",
	     why->sentence);
	if (l->spd == SPD_PROTECT || l->spd == SPD_NONE)
		return;
	l->routed = false;
	policy_route_refused(l);
	updown_set_spd(ike, l, SPD_NONE, 0, t->cause);
}

void trap_answered(struct ike *ike, struct trap_wait *t, const struct answer *a)
{
	/* What else is refused of the same entry is the same to who waits. */
	if (a->err && t->code == RC_COMMENT) {
		t->code = RC_ROUTE;
		take_away(ike, t, a);
	}
	if (!--t->waiting)
		trap_end(t);
}

void trap_forget_waiter(struct ike *ike, const struct command_wait *w)
{
	LIST_EACH(t, &ike->traps, struct trap_wait, all)
		if (t->wait == w)
			t->wait = NULL;
}

void trap_free_all(struct ike *ike)
{
	LIST_EACH(t, &ike->traps, struct trap_wait, all)
		trap_free(t);
}
