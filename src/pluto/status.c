/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/status.h"

#include "pluto/daemon.h"
#include "pluto/facts.h"
#include "pluto/match.h"
#include "policy/policy.h"
#include "whack/json_out.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PER_REPLY 64           /* records of one reply */
#define SKIPPED_PER_REPLY 4096 /* SAs that a name filter leaves out in one piece of work */

enum phase {
	PHASE_GLOBAL,
	PHASE_DAEMON,
	PHASE_IKE,
	PHASE_CHILDREN,
	PHASE_CONNECTIONS,
	PHASE_DONE
};

/* Which phases each of them has. */
static const struct {
	const char *word; /* Status(what) */
	enum phase first, last;
} parts[] = {
	[STATUS_ALL] = {NULL, PHASE_DAEMON, PHASE_CONNECTIONS},
	[STATUS_DAEMON] = {"daemon", PHASE_DAEMON, PHASE_DAEMON},
	[STATUS_GLOBAL] = {"global", PHASE_GLOBAL, PHASE_DAEMON},
	[STATUS_STATES] = {"states", PHASE_IKE, PHASE_CHILDREN},
	[STATUS_CONNECTIONS] = {"connections", PHASE_IKE, PHASE_CONNECTIONS},
	[STATUS_TRAFFIC] = {NULL, PHASE_CHILDREN, PHASE_CHILDREN},
};

struct status_walk {
	struct daemon *daemon;
	enum status_what what;
	bool short_facts;
	enum phase phase;
	uint64_t serial;         /* the last SA told */
	bool filtered;           /* by `list`, which then is there from the beginning */
	struct match_list *list; /* the connections to be told */
};

bool status_part(const char *word, enum status_what *ret)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].word && !strcmp(parts[i].word, word)) {
			*ret = (enum status_what)i;
			return true;
		}
	return false;
}

static enum cyg_err filter(struct status_walk *w, const char *name)
{
	w->list = match_begin(ike_policy(w->daemon->ike), name);
	if (!w->list)
		return CYG_NOMEM;
	w->filtered = true;
	return match_count(w->list) ? CYG_OK : CYG_NOTFOUND;
}

enum cyg_err status_begin(struct daemon *d, const struct status_ask *ask,
			  struct status_walk **ret)
{
	struct status_walk *w = calloc(1, sizeof(*w));
	enum cyg_err err;

	if (!w)
		return CYG_NOMEM;
	w->daemon = d;
	w->what = ask->what;
	w->short_facts = ask->short_facts;
	w->phase = parts[ask->what].first;
	err = ask->name ? filter(w, ask->name) : CYG_OK;
	if (err) {
		status_end(w);
		return err;
	}
	*ret = w;
	return CYG_OK;
}

void status_end(struct status_walk *w)
{
	if (!w)
		return;
	match_free(w->list);
	free(w);
}

/* ---- the pieces; true when a phase is told whole ---- */

static bool is_wanted(const struct status_walk *w, const struct loaded *l)
{
	return !w->filtered || match_has(w->list, l);
}

static bool tell_ike(struct status_walk *w, struct json_out *o)
{
	struct ike_sa_info info;

	for (unsigned n = 0, told = 0; n < SKIPPED_PER_REPLY && told < PER_REPLY; n++) {
		if (!ike_sa_next(w->daemon->ike, w->serial, &info))
			return true;
		w->serial = info.serial;
		if (!is_wanted(w, info.connection))
			continue;
		facts_ike(o, &info);
		told++;
	}
	return false;
}

static bool tell_children(struct status_walk *w, struct json_out *o)
{
	struct child_info info;

	for (unsigned n = 0, told = 0; n < SKIPPED_PER_REPLY && told < PER_REPLY; n++) {
		if (!ike_child_next(w->daemon->ike, w->serial, &info))
			return true;
		w->serial = info.serial;
		if (!is_wanted(w, info.connection))
			continue;
		/* One that was replaced has no counters any more: its octets are in the totals. */
		if (w->what == STATUS_TRAFFIC && !info.connection)
			continue;
		facts_child(o, w->daemon, &info);
		told++;
	}
	return false;
}

static bool tell_connections(struct status_walk *w, struct json_out *o)
{
	if (!w->list)
		w->list = match_begin(ike_policy(w->daemon->ike), NULL);
	if (!w->list) {
		o->text.bad = true;
		return true;
	}
	for (unsigned told = 0; told < PER_REPLY; told++) {
		const struct loaded *l = match_next(w->list);

		if (!l)
			return true;
		if (w->short_facts)
			facts_connection_short(o, l);
		else
			facts_connection(o, w->daemon, l);
	}
	return false;
}

static const struct {
	const char *key;
	bool (*tell)(struct status_walk *w, struct json_out *o);
} pieces[] = {
	[PHASE_IKE] = {"ike_sas", tell_ike},
	[PHASE_CHILDREN] = {"children", tell_children},
	[PHASE_CONNECTIONS] = {"connections", tell_connections},
};

/* True when the present phase is over. */
static bool tell_piece(struct status_walk *w, struct json_out *o)
{
	bool whole;

	if (w->phase == PHASE_GLOBAL) {
		facts_global(o, w->daemon);
		return true;
	}
	if (w->phase == PHASE_DAEMON) {
		facts_daemon(o, w->daemon);
		if (w->what == STATUS_ALL && !w->filtered)
			facts_algorithms(o);
		return true;
	}
	json_out_list(o, pieces[w->phase].key);
	whole = pieces[w->phase].tell(w, o);
	json_out_list_end(o);
	if (whole && w->what == STATUS_TRAFFIC && !w->filtered)
		facts_plane_drops(o, w->daemon);
	return whole;
}

bool status_next(struct status_walk *w, struct json_out *o)
{
	json_out_object(o, NULL);
	if (tell_piece(w, o)) {
		w->phase = w->phase == parts[w->what].last ? PHASE_DONE : w->phase + 1;
		w->serial = 0;
	}
	if (w->phase == PHASE_DONE)
		json_out_number(o, "code", RC_COMMENT);
	json_out_object_end(o);
	return w->phase == PHASE_DONE;
}

/* ---- accounting ---- */

static double seconds(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

json_t *status_account(const struct daemon *d)
{
	json_t *steps = json_array();
	struct rusage self;

	getrusage(RUSAGE_SELF, &self);
	for (unsigned i = 0; i < ACCOUNT_STEPS; i++)
		json_array_append_new(steps,
				      json_pack("{s:s, s:I, s:I}", "name", account_name(i),
						"calls", (json_int_t)d->account.steps[i].calls,
						"nanoseconds",
						(json_int_t)d->account.steps[i].time));
	return json_pack("{s:b, s:o, s:f, s:f, s:I, s:I}", "counting", d->account.on, "steps",
			 steps, "user_seconds", seconds(&self.ru_utime), "system_seconds",
			 seconds(&self.ru_stime), "core_octets",
			 (json_int_t)ike_counts(d->ike).octets, "plane_octets",
			 (json_int_t)d->plane->ops->memory(d->plane));
}
