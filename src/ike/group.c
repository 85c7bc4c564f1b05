/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/group.h"

#include "ike/command.h"
#include "ike/core.h"
#include "ike/op.h"
#include "ike/tell.h"
#include "ike/updown.h"

#include <stdlib.h>
#include <string.h>

/* A file that is being read. */
struct group_file {
	struct list all, ops;
	struct command_wait *wait; /* NULL: nobody waits any more */
	uint64_t cause;
	char name[];
};

static void file_free(struct group_file *f)
{
	op_abandon(&f->ops);
	list_remove(&f->all);
	free(f);
}

void group_free_all(struct ike *ike)
{
	LIST_EACH(f, &ike->files, struct group_file, all)
		file_free(f);
}

void group_forget_waiter(struct ike *ike, const struct command_wait *w)
{
	LIST_EACH(f, &ike->files, struct group_file, all)
		if (f->wait == w)
			f->wait = NULL;
}

/* ---- in force ---- */

/* Whether a network is in force now; *why is filled in when another one is in the way. */
static bool put_in_force(struct ike *ike, struct loaded *net, struct diag *why)
{
	net->routed = true;
	if (net->spd != SPD_NONE)
		return true;
	if (net->local < 0 || !net->ts_local.len ||
	    policy_claim(ike->policy, net, &net->ts_local, &net->ts_remote, why))
		return false;
	return updown_set_spd(ike, net, policy_resting(net, false), 0, 0);
}

/* Returns how many networks of the group are not in force though they should be. */
static size_t put_all_in_force(struct ike *ike, struct loaded *g, uint64_t cause)
{
	struct loaded *net = NULL;
	struct diag why;
	size_t idle = 0;

	while (g->routed && (net = policy_group_next(g, net))) {
		struct about a = about_loaded(net, cause);

		diag_clear(&why);
		if (put_in_force(ike, net, &why))
			continue;
		idle++;
		if (diag_is_set(&why))
			tell(ike, &a, REPORT_WARNING, RC_LOG, "group-clash", &why,
			     "not in force: %s", why.sentence);
	}
	return idle;
}

void group_settle(struct ike *ike)
{
	for (struct loaded *l = policy_next(ike->policy, NULL); l;
	     l = policy_next(ike->policy, l)) {
		struct loaded *net = NULL;

		while (l->is_group && l->routed && (net = policy_group_next(l, net)))
			put_in_force(ike, net, NULL);
	}
}

static void tell_count(struct ike *ike, const struct loaded *g, uint64_t cause, size_t idle)
{
	struct about a = about_loaded(g, cause);

	if (idle)
		tell(ike, &a, REPORT_WARNING, RC_LOG, "group-idle", NULL,
		     "%zu of %zu networks are not in force: this host has no address of their "
		     "family, or another connection has them",
		     idle, policy_group_count(g));
}

void group_route(struct ike *ike, struct loaded *g, uint64_t cause)
{
	g->routed = true;
	tell_count(ike, g, cause, put_all_in_force(ike, g, cause));
}

void group_unroute(struct ike *ike, struct loaded *g)
{
	struct loaded *net = NULL;

	g->routed = false;
	while ((net = policy_group_next(g, net))) {
		net->routed = false;
		updown_set_spd(ike, net, SPD_NONE, 0, 0);
	}
}

/* ---- the difference ---- */

struct difference {
	size_t added, removed, failed;
};

static void remove_others(struct ike *ike, struct loaded *g, struct difference *d)
{
	struct loaded *next, *net = policy_group_next(g, NULL);

	for (; net; net = next) {
		next = policy_group_next(g, net);
		if (policy_group_kept(net, ike->group_round))
			continue;
		command_forget(ike, net);
		d->removed++;
	}
}

static void add_line(struct ike *ike, struct loaded *g, const struct group_line *line,
		     struct difference *d)
{
	struct loaded *net;

	switch (policy_group_add(ike->policy, g, line, &net)) {
	case CYG_OK:
		d->added++;
		break;
	case CYG_EXISTS:
		break;
	default:
		d->failed++;
	}
}

/* Make the group's networks those of the lines, touching nothing that is in both. */
static struct difference apply(struct ike *ike, struct loaded *g,
			       const struct group_line *lines, size_t len)
{
	struct difference d = {0};

	ike->group_round++;
	for (size_t i = 0; i < len; i++) {
		struct loaded *net = policy_group_find(ike->policy, g, &lines[i]);

		if (net)
			policy_group_keep(net, ike->group_round);
	}
	remove_others(ike, g, &d);
	for (size_t i = 0; i < len; i++)
		add_line(ike, g, &lines[i], &d);
	return d;
}

static uint16_t take_lines(struct ike *ike, struct loaded *g, const struct group_line *lines,
			   size_t len, uint64_t cause)
{
	struct about a = about_loaded(g, cause);
	struct difference d = apply(ike, g, lines, len);
	size_t idle = put_all_in_force(ike, g, cause);

	/* What went may have been in the way of networks of other groups. */
	if (d.removed)
		group_settle(ike);
	tell(ike, &a, d.failed ? REPORT_ERROR : REPORT_INFO, d.failed ? RC_INTERNALERR : RC_LOG,
	     "group-read", NULL, "policy group of %zu networks: %zu added, %zu removed%s",
	     policy_group_count(g), d.added, d.removed,
	     d.failed ? "; memory was short for the others" : "");
	tell_count(ike, g, cause, idle);
	return d.failed ? RC_INTERNALERR : RC_COMMENT;
}

/* ---- files ---- */

/* %opportunistic is whoever there is: a group without a file. */
static bool is_everybody(const struct loaded *g)
{
	const struct host *h = &g->connection->end[connection_group_end(g->connection)].host;

	return !strcmp(h->name, "%opportunistic");
}

static void take_everybody(struct ike *ike, struct loaded *g, uint64_t cause)
{
	static const struct group_line all[] = {{.net.addr.family = IP_V4},
						{.net.addr.family = IP_V6}};

	take_lines(ike, g, all, 2, cause);
}

void group_ask(struct ike *ike, struct loaded *g, struct command_wait *w)
{
	size_t len = strlen(g->connection->name) + 1;
	struct group_file *f;
	struct action *a;

	if (is_everybody(g)) {
		take_everybody(ike, g, w->cause);
		return;
	}
	f = malloc(sizeof(*f) + len);
	a = f ? actions_add(ike->out, ACT_GROUP) : NULL;
	if (!a) {
		free(f);
		ike->out->bad = true;
		return;
	}
	memcpy(f->name, g->connection->name, len);
	f->wait = w;
	f->cause = w->cause;
	w->files++;
	list_init(&f->ops);
	list_append(&ike->files, &f->all);
	a->name = actions_str(ike->out, f->name);
	a->cause = f->cause;
	a->op = op_new(ike, OP_GROUP, f, &f->ops);
	if (a->op)
		return;
	w->files--;
	ike->out->bad = true;
	file_free(f);
}

void group_ask_all(struct ike *ike, struct command_wait *w)
{
	for (struct loaded *l = policy_next(ike->policy, NULL), *next; l; l = next) {
		next = policy_next(ike->policy, l);
		if (l->is_group)
			group_ask(ike, l, w);
	}
}

static uint16_t explain_unread(struct ike *ike, const struct loaded *g,
			       const struct group_file *f, const struct answer *a)
{
	struct about about = about_loaded(g, f->cause);

	tell(ike, &about, REPORT_ERROR, RC_LOG_SERIOUS, "group-unread", a->why,
	     "the file of this policy group was not read: its %zu networks stay as they are",
	     policy_group_count(g));
	return RC_LOG_SERIOUS;
}

static uint16_t take_answer(struct ike *ike, const struct group_file *f, const struct answer *a)
{
	struct loaded *g = policy_find(ike->policy, f->name);

	/* Deleted meanwhile, and perhaps another connection has its name. */
	if (!g || !g->is_group)
		return RC_COMMENT;
	if (a->err == CYG_NOTFOUND)
		return take_lines(ike, g, NULL, 0, f->cause);
	if (a->err)
		return explain_unread(ike, g, f, a);
	return take_lines(ike, g, a->group.lines, a->group.len, f->cause);
}

void group_answered(struct ike *ike, struct group_file *f, const struct answer *a)
{
	struct command_wait *w = f->wait;
	uint16_t code = take_answer(ike, f, a);

	file_free(f);
	if (w)
		command_file_read(w, code);
}
