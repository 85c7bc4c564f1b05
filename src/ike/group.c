/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/group.h"

#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/down.h"
#include "ike/op.h"
#include "ike/tell.h"
#include "ike/trap.h"
#include "ike/updown.h"

#include <stdlib.h>
#include <string.h>

/*
 * A file may name very many networks, and nothing else happens during a step. So
 * the lines are worked through in slices, one file after the other; the first
 * slice at once, each other one in a step of its own, which group_deadline asks for.
 */
#define COMPARED_PER_STEP 4096
#define CHANGED_PER_STEP 256

/* What is done with the lines. */
enum phase {
	PHASE_ASKED,   /* they are not there yet */
	PHASE_COMPARE, /* note which networks are there already; then the others go */
	PHASE_ADD,     /* those that are missing */
	PHASE_FORCE,   /* put those that are there in force */
};

struct difference {
	size_t added, removed, failed, idle;
	size_t clashes; /* of the idle ones, those that another connection has */
};

#define CLASHES_TOLD 16 /* of one file, to whoever waits; the log has them all */

/* A file that is being read, or worked through. */
struct group_file {
	struct list all, ops;
	struct command_wait *wait; /* NULL: nobody waits any more */
	uint64_t cause;
	enum phase phase;
	struct group_line *lines;
	size_t len, at;
	struct difference d;
	char name[];
};

static void file_free(struct group_file *f)
{
	op_abandon(&f->ops);
	list_remove(&f->all);
	free(f->lines);
	free(f);
}

static struct group_file *file_new(struct ike *ike, const struct loaded *g,
				   struct command_wait *w)
{
	size_t len = strlen(g->connection->name) + 1;
	struct group_file *f = calloc(1, sizeof(*f) + len);

	if (!f)
		return NULL;
	memcpy(f->name, g->connection->name, len);
	f->wait = w;
	f->cause = w->cause;
	w->files++;
	list_init(&f->ops);
	list_append(&ike->files, &f->all);
	return f;
}

/* It is done with. */
static void file_end(struct group_file *f, uint16_t code)
{
	struct command_wait *w = f->wait;

	file_free(f);
	if (w)
		command_file_read(w, code);
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

/*
 * Whether a network is in force now, but for what the host may say to it: `w` waits for that, unless it
 * is NULL. *why is filled in when another one is in the way.
 */
static bool put_in_force(struct ike *ike, struct loaded *net, struct command_wait *w,
			 struct diag *why)
{
	net->routed = true;
	if (net->spd != SPD_NONE)
		return true;
	if (net->local < 0 || !net->ts_local.len ||
	    policy_claim(ike->policy, net, &net->ts_local, &net->ts_remote, why))
		return false;
	return trap_set(ike, net, w);
}

/* The same; what is not is counted, and told why. */
static void force(struct ike *ike, struct loaded *net, struct group_file *f)
{
	struct about a = about_loaded(net, f->cause);
	struct diag why;

	diag_clear(&why);
	if (put_in_force(ike, net, f->wait, &why))
		return;
	f->d.idle++;
	if (!diag_is_set(&why))
		return;
	f->d.clashes++;
	tell(ike, &a, REPORT_ERROR, f->d.clashes <= CLASHES_TOLD ? RC_ROUTE : RC_LOG,
	     "group-clash", &why, "not in force: %s", why.sentence);
}

void group_settle(struct ike *ike)
{
	for (struct loaded *l = policy_next(ike->policy, NULL); l;
	     l = policy_next(ike->policy, l)) {
		struct loaded *net = NULL;

		while (l->is_group && l->routed && (net = policy_group_next(l, net)))
			put_in_force(ike, net, NULL, NULL);
	}
}

static void tell_count(struct ike *ike, const struct loaded *g, uint64_t cause,
		       const struct difference *d)
{
	struct about a = about_loaded(g, cause);

	if (d->idle)
		tell(ike, &a, REPORT_WARNING, d->clashes ? RC_ROUTE : RC_LOG, "group-idle",
		     NULL,
		     "%zu of %zu networks are not in force: this host has no address of their "
		     "family, or another connection has them",
		     d->idle, policy_group_count(g));
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

/* ---- line by line ---- */

static void remove_others(struct ike *ike, struct loaded *g, struct difference *d)
{
	struct loaded *next, *net = policy_group_next(g, NULL);

	for (; net; net = next) {
		next = policy_group_next(g, net);
		if (policy_group_kept(net, ike->group_round))
			continue;
		down_forget(ike, net);
		d->removed++;
	}
}

static void compare_line(struct ike *ike, struct loaded *g, struct group_file *f)
{
	struct loaded *net = policy_group_find(ike->policy, g, &f->lines[f->at]);

	if (net)
		policy_group_keep(net, ike->group_round);
}

static void add_line(struct ike *ike, struct loaded *g, struct group_file *f)
{
	const struct group_line *line = &f->lines[f->at];
	struct loaded *net = policy_group_find(ike->policy, g, line);

	if (!net && f->phase == PHASE_ADD) {
		if (policy_group_add(ike->policy, g, line, &net))
			f->d.failed++;
		else
			f->d.added++;
	}
	if (net && g->routed)
		force(ike, net, f);
}

/* True when all lines are through. */
static bool each_line(struct ike *ike, struct loaded *g, struct group_file *f, size_t max,
		      void (*take)(struct ike *ike, struct loaded *g, struct group_file *f))
{
	size_t end = f->len - f->at > max ? f->at + max : f->len;

	for (; f->at < end; f->at++)
		take(ike, g, f);
	return f->at == f->len;
}

static uint16_t tell_read(struct ike *ike, struct loaded *g, const struct group_file *f)
{
	struct about a = about_loaded(g, f->cause);
	const struct difference *d = &f->d;

	/* What went may have been in the way of networks of other groups. */
	if (d->removed)
		group_settle(ike);
	tell(ike, &a, d->failed ? REPORT_ERROR : REPORT_INFO,
	     d->failed ? RC_INTERNALERR : RC_LOG, "group-read", NULL,
	     "policy group of %zu networks: %zu added, %zu removed%s", policy_group_count(g),
	     d->added, d->removed, d->failed ? "; memory was short for the others" : "");
	return d->failed ? RC_INTERNALERR : RC_COMMENT;
}

/* Nothing that is in both the file and the group is touched. */
static void work_on(struct ike *ike, struct loaded *g, struct group_file *f)
{
	uint16_t code = RC_COMMENT;

	if (f->phase == PHASE_COMPARE) {
		ike->group_round += !f->at;
		if (!each_line(ike, g, f, COMPARED_PER_STEP, compare_line))
			return;
		remove_others(ike, g, &f->d);
		f->phase = PHASE_ADD;
		f->at = 0;
	}
	if (!each_line(ike, g, f, CHANGED_PER_STEP, add_line))
		return;
	if (f->phase == PHASE_ADD)
		code = tell_read(ike, g, f);
	tell_count(ike, g, f->cause, &f->d);
	file_end(f, code == RC_COMMENT && f->d.clashes ? RC_ROUTE : code);
}

/* The one that is worked on; NULL: there is nothing to do. */
static struct group_file *first_busy(const struct ike *ike)
{
	LIST_EACH(f, &ike->files, struct group_file, all)
		if (f->phase != PHASE_ASKED)
			return f;
	return NULL;
}

void group_work(struct ike *ike)
{
	struct group_file *f = first_busy(ike);
	struct loaded *g = f ? policy_find(ike->policy, f->name) : NULL;

	/* Deleted meanwhile, and perhaps another connection has its name. */
	if (f && (!g || !g->is_group))
		file_end(f, RC_COMMENT);
	else if (f)
		work_on(ike, g, f);
}

nsec group_deadline(const struct ike *ike)
{
	return first_busy(ike) ? ike->now : NSEC_NEVER;
}

/* Begin with the lines (copied), when all files before this one are done. */
static void begin(struct ike *ike, struct group_file *f, enum phase phase,
		  const struct group_line *lines, size_t len)
{
	f->lines = len ? calloc(len, sizeof(*lines)) : NULL;
	if (len && !f->lines) {
		ike->out->bad = true;
		file_end(f, RC_INTERNALERR);
		return;
	}
	if (len)
		memcpy(f->lines, lines, len * sizeof(*lines));
	f->len = len;
	f->phase = phase;
	if (first_busy(ike) == f)
		group_work(ike);
}

/* ---- files ---- */

/* %opportunistic is whoever there is: a group without a file. */
static bool is_everybody(const struct loaded *g)
{
	const struct host *h = &g->connection->end[connection_group_end(g->connection)].host;

	return !strcmp(h->name, "%opportunistic");
}

static void take_everybody(struct ike *ike, struct group_file *f)
{
	static const struct group_line all[] = {{.net.addr.family = IP_V4},
						{.net.addr.family = IP_V6}};

	begin(ike, f, PHASE_COMPARE, all, 2);
}

static bool ask_host(struct ike *ike, struct group_file *f)
{
	struct action *a = actions_add(ike->out, ACT_GROUP);

	if (!a)
		return false;
	a->name = actions_str(ike->out, f->name);
	a->cause = f->cause;
	a->op = op_new(ike, OP_GROUP, f, &f->ops);
	return a->op != 0;
}

void group_ask(struct ike *ike, struct loaded *g, struct command_wait *w)
{
	struct group_file *f = file_new(ike, g, w);

	if (f && is_everybody(g)) {
		take_everybody(ike, f);
	} else if (!f || !ask_host(ike, f)) {
		ike->out->bad = true;
		if (!f)
			return;
		w->files--;
		file_free(f);
	}
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

void group_answered(struct ike *ike, struct group_file *f, const struct answer *a)
{
	struct loaded *g = policy_find(ike->policy, f->name);

	if (!g || !g->is_group)
		file_end(f, RC_COMMENT);
	else if (a->err && a->err != CYG_NOTFOUND)
		file_end(f, explain_unread(ike, g, f, a));
	else
		begin(ike, f, PHASE_COMPARE, a->err ? NULL : a->group.lines,
		      a->err ? 0 : a->group.len);
}

/* ---- routing ---- */

/* A copy of the lines of what the group has; NULL: no memory. */
static struct group_line *lines_of(const struct loaded *g)
{
	struct group_line *lines = calloc(policy_group_count(g) + 1, sizeof(*lines));
	struct loaded *net = NULL;

	for (size_t i = 0; lines && (net = policy_group_next(g, net)); i++)
		lines[i] = *policy_group_line(net);
	return lines;
}

uint16_t group_route(struct ike *ike, struct loaded *g, struct command_wait *w)
{
	struct group_line *lines = lines_of(g);
	struct group_file *f = lines ? file_new(ike, g, w) : NULL;

	if (!f) {
		free(lines);
		return RC_INTERNALERR;
	}
	g->routed = true;
	begin(ike, f, PHASE_FORCE, lines, policy_group_count(g));
	free(lines);
	return RC_COMMENT;
}
