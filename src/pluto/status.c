/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/status.h"

#include "pluto/daemon.h"
#include "pluto/facts.h"
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PER_REPLY 32           /* records of one reply */
#define SKIPPED_PER_REPLY 4096 /* SAs that a name filter leaves out in one piece of work */
#define NAMES_MAX 64           /* connections that one alias may mean here */

enum phase { PHASE_DAEMON, PHASE_IKE, PHASE_CHILDREN, PHASE_CONNECTIONS, PHASE_DONE };

/*
 * A connection as it was when the listing came to connections: looked up again when its turn
 * comes.
 */
struct entry {
	const struct connection *connection; /* a reference */
	uint32_t instance;
};

struct status_walk {
	struct daemon *daemon;
	enum status_what what;
	enum phase phase;
	uint64_t serial; /* the last SA told */
	bool filtered;
	const struct connection *only[NAMES_MAX]; /* what a filter left; references */
	size_t only_len;
	struct entry *entries;
	size_t len;
	bool snapped;
};

static bool wanted(const struct status_walk *w, const struct loaded *l)
{
	if (!w->filtered)
		return true;
	for (size_t i = 0; l && i < w->only_len; i++)
		if (strcmp(w->only[i]->name, l->connection->name) == 0)
			return true;
	return false;
}

static enum cyg_err filter(struct status_walk *w, const char *name)
{
	struct loaded *found[NAMES_MAX];
	size_t n = policy_resolve(ike_policy(w->daemon->ike), name, found, NAMES_MAX);

	if (!n)
		return CYG_NOTFOUND;
	w->filtered = true;
	for (size_t i = 0; i < n && i < NAMES_MAX; i++)
		w->only[w->only_len++] = connection_ref(found[i]->connection);
	return CYG_OK;
}

enum cyg_err status_begin(struct daemon *d, enum status_what what, const char *name,
			  struct status_walk **ret)
{
	struct status_walk *w = calloc(1, sizeof(*w));
	enum cyg_err err;

	if (!w)
		return CYG_NOMEM;
	w->daemon = d;
	w->what = what;
	w->phase = what == STATUS_TRAFFIC ? PHASE_CHILDREN : PHASE_DAEMON;
	err = name ? filter(w, name) : CYG_OK;
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
	for (size_t i = 0; i < w->only_len; i++)
		connection_unref(w->only[i]);
	for (size_t i = 0; i < w->len; i++)
		connection_unref(w->entries[i].connection);
	free(w->entries);
	free(w);
}

/* ---- the pieces ---- */

static enum phase after(const struct status_walk *w, enum phase phase)
{
	if (w->what == STATUS_BRIEF || (w->what == STATUS_TRAFFIC && phase == PHASE_CHILDREN))
		return PHASE_DONE;
	return phase + 1;
}

static bool add_ike(struct status_walk *w, json_t *list)
{
	struct ike_sa_info info;

	for (unsigned n = 0; n < SKIPPED_PER_REPLY; n++) {
		if (!ike_sa_next(w->daemon->ike, w->serial, &info)) {
			w->phase = after(w, w->phase);
			w->serial = 0;
			return true;
		}
		w->serial = info.serial;
		if (!wanted(w, info.connection))
			continue;
		json_array_append_new(list, facts_ike(w->daemon, &info));
		if (json_array_size(list) == PER_REPLY)
			break;
	}
	return true;
}

static bool add_children(struct status_walk *w, json_t *list)
{
	struct child_info info;

	for (unsigned n = 0; n < SKIPPED_PER_REPLY; n++) {
		if (!ike_child_next(w->daemon->ike, w->serial, &info)) {
			w->phase = after(w, w->phase);
			w->serial = 0;
			return true;
		}
		w->serial = info.serial;
		if (!wanted(w, info.connection))
			continue;
		json_array_append_new(list, facts_child(w->daemon, &info));
		if (json_array_size(list) == PER_REPLY)
			break;
	}
	return true;
}

static bool before(const struct entry *a, const struct entry *b)
{
	int order = strcmp(a->connection->name, b->connection->name);

	return order ? order < 0 : a->instance < b->instance;
}

/*
 * The entries are a heap, so that sorting is spread over the replies: no turn of the loop pays
 * for all.
 */
static void sink(struct status_walk *w, size_t at)
{
	for (;;) {
		size_t least = at;
		struct entry moved;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < w->len; child++)
			if (before(&w->entries[child], &w->entries[least]))
				least = child;
		if (least == at)
			return;
		moved = w->entries[at];
		w->entries[at] = w->entries[least];
		w->entries[least] = moved;
		at = least;
	}
}

/* The first one by name, taken out; its reference becomes the caller's. */
static struct entry take_first(struct status_walk *w)
{
	struct entry first = w->entries[0];

	w->entries[0] = w->entries[--w->len];
	sink(w, 0);
	return first;
}

/*
 * Remember which connections there are: references alone, so that this is quick for any number.
 */
static bool snap(struct status_walk *w)
{
	const struct policy *p = ike_policy(w->daemon->ike);
	size_t cap = policy_count(p), instances = 0;

	for (struct loaded *l = policy_next(p, NULL); l; l = policy_next(p, l))
		instances++;
	cap = instances > cap ? instances : cap;
	w->entries = calloc(cap ? cap : 1, sizeof(*w->entries));
	if (!w->entries)
		return false;
	for (struct loaded *l = policy_next(p, NULL); l && w->len < cap;
	     l = policy_next(p, l)) {
		if (!wanted(w, l))
			continue;
		w->entries[w->len++] = (struct entry){connection_ref(l->connection),
						      l->instance};
	}
	for (size_t i = w->len / 2; i-- > 0;)
		sink(w, i);
	w->snapped = true;
	return true;
}

static struct loaded *entry_find(struct status_walk *w, const struct entry *e)
{
	struct text name = {0};
	struct loaded *l;

	if (!e->instance)
		return policy_find(ike_policy(w->daemon->ike), e->connection->name);
	text_add(&name, "%s[%u]", e->connection->name, e->instance);
	l = policy_find(ike_policy(w->daemon->ike), text_str(&name));
	text_done(&name);
	return l;
}

static bool add_connections(struct status_walk *w, json_t *list)
{
	if (!w->snapped && !snap(w))
		return false;
	while (w->len && json_array_size(list) < PER_REPLY) {
		struct entry e = take_first(w);
		const struct loaded *l = entry_find(w, &e);

		if (l)
			json_array_append_new(list, facts_connection(w->daemon, l));
		connection_unref(e.connection);
	}
	if (!w->len)
		w->phase = after(w, w->phase);
	return true;
}

static const struct {
	const char *key;
	bool (*add)(struct status_walk *w, json_t *list);
} pieces[] = {
	[PHASE_IKE] = {"ike_sas", add_ike},
	[PHASE_CHILDREN] = {"children", add_children},
	[PHASE_CONNECTIONS] = {"connections", add_connections},
};

json_t *status_next(struct status_walk *w, bool *ret_last)
{
	json_t *o = json_object(), *list;
	bool ok = o != NULL;

	if (w->phase == PHASE_DAEMON) {
		ok = ok && json_object_set_new(o, "daemon", facts_daemon(w->daemon)) == 0;
		w->phase = after(w, w->phase);
	} else {
		enum phase phase = w->phase;

		list = json_array();
		ok = ok && list && pieces[phase].add(w, list);
		ok = json_object_set_new(o, pieces[phase].key, list) == 0 && ok;
	}
	*ret_last = w->phase == PHASE_DONE || !ok;
	if (*ret_last)
		json_object_set_new(o, "code", json_integer(ok ? RC_COMMENT : RC_INTERNALERR));
	return o;
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
