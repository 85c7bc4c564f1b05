/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/loader_private.h"

#include "base/diag.h"
#include "whack/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known_name *known_find(const struct load *l, const char *name)
{
	struct known_name *n;

	HASH_FIND_STR(l->names, name, n);
	return n;
}

struct known_name *known_keep(struct load *l, const char *name)
{
	struct known_name *n = known_find(l, name);

	if (n)
		return n;
	n = calloc(1, sizeof(*n) + strlen(name) + 1);
	if (!n)
		return NULL;
	strcpy(n->name, name);
	HASH_ADD_STR(l->names, name, n);
	if (n->hh.tbl)
		return n;
	free(n);
	return NULL;
}

static void free_names(struct load *l)
{
	struct known_name *n, *next;

	HASH_CLEAR(by_way, l->ways);
	HASH_ITER(hh, l->names, n, next) {
		HASH_DEL(l->names, n);
		free(n->way);
		free(n);
	}
}

/* Who and what is at an end, as text. */
static char *end_text(const json_t *end)
{
	json_t *of_it = json_object();
	static const char *const keys[] = {"host", "subnets", "protoport"};
	char *text = NULL;

	for (size_t i = 0; of_it && i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(of_it, keys[i], json_object_get(end, keys[i]));
	if (of_it)
		text = json_dumps(of_it, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(of_it);
	return text;
}

/* Its ends and networks, whichever is left; the caller frees. NULL: memory is short. */
static char *way_of(const json_t *connection)
{
	char *a = end_text(json_object_get(connection, "left"));
	char *b = end_text(json_object_get(connection, "right"));
	char *way = NULL;
	bool turned = a && b && strcmp(a, b) > 0;

	if (!a || !b || asprintf(&way, "%s %s", turned ? b : a, turned ? a : b) < 0)
		way = NULL;
	free(a);
	free(b);
	return way;
}

static bool is_in_force(const json_t *connection)
{
	const char *routing = json_string_value(json_object_get(connection, "routing"));

	return json_is_true(json_object_get(connection, "routed")) ||
	       (routing && strcmp(routing, "unrouted") != 0);
}

/* The names, instances left out: they are their template's. */
static bool keep_loaded(struct load *l, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(c, "name"));
		const char *kind = json_string_value(json_object_get(c, "kind"));
		struct known_name *n;

		if (!name || (kind && !strcmp(kind, "instance")))
			continue;
		n = known_keep(l, name);
		if (!n)
			return false;
		n->was_there = true;
		n->in_force = is_in_force(c);
		if (n->in_force && !n->way)
			n->way = way_of(c);
	}
	return true;
}

/* What is loaded, handed to `take` in lists; false, which is told, when one was not taken. */
static bool ask_loaded(struct load *l, bool (*take)(struct load *l, const json_t *list))
{
	struct diag why;
	struct reply reply;
	bool more, well = true;

	if (client_send(l->client, &(struct call){.kind = CALL_STATUS, .more = true}, &why)) {
		load_tell(l->job->who, "error", &why);
		return false;
	}
	do {
		if (client_receive(l->client, &reply, &why)) {
			load_tell(l->job->who, "error", &why);
			return false;
		}
		more = reply.continues;
		well &= take(l, json_object_get(reply.parameters, "connections"));
		reply_done(&reply);
	} while (more);
	if (!well)
		fprintf(stderr, "%s: out of memory\n", l->job->who);
	return well;
}

/* All names of the file, aliases not among them. */
struct listed_name {
	UT_hash_handle hh;
	const char *name;
};

static bool in_file(const struct listed_name *table, const char *name, size_t len)
{
	struct listed_name *found;

	HASH_FIND(hh, table, name, len, found);
	return found != NULL;
}

/* An instance that a group file made is its connection's: "NAME#NET". */
static bool is_gone(const struct listed_name *table, const char *name)
{
	const char *hash = strrchr(name, '#');

	if (in_file(table, name, strlen(name)))
		return false;
	return !hash || !in_file(table, name, (size_t)(hash - name));
}

/* The names of the file, as one block; empty it with HASH_CLEAR before it is freed. */
static struct listed_name *list_names(const struct conf *conf, struct listed_name **ret_table)
{
	struct listed_name *rows, *table = NULL;
	size_t len = 0;

	while (conf_conn_name(conf, len))
		len++;
	rows = calloc(len + 1, sizeof(*rows));
	for (size_t i = 0; rows && i < len; i++) {
		rows[i].name = conf_conn_name(conf, i);
		HASH_ADD_KEYPTR(hh, table, rows[i].name, strlen(rows[i].name), &rows[i]);
		if (!rows[i].hh.tbl) {
			HASH_CLEAR(hh, table);
			free(rows);
			return NULL;
		}
	}
	*ret_table = table;
	return rows;
}

/*
 * A file may be torn that has a place which could not be read, includes an empty file or of a
 * folder that is away, or has no connection at all.
 */
static bool may_be_torn(const struct load *l)
{
	return l->gap || l->hollow || !conf_conn_name(l->conf, 0);
}

static void tell_kept(const struct load *l)
{
	const char *who = l->job->who;
	char place[2200];

	if (!l->counts.kept)
		return;
	if (l->gap)
		snprintf(place, sizeof(place), "%s:%u could not be read (see above)", l->gap,
			 l->gap_line);
	else if (l->hollow)
		snprintf(place, sizeof(place),
			 "%s:%u includes an empty file, or of a folder that is not there",
			 l->hollow, l->hollow_line);
	else
		snprintf(place, sizeof(place), "the file has no connection at all");
	fprintf(stderr,
		"%s: nothing is deleted: %s, and %zu loaded connection%s may belong there; "
		"mend the file and reload again, or delete by \"ipsec auto --delete NAME\"\n",
		who, place, l->counts.kept, l->counts.kept == 1 ? "" : "s");
}

/* What a group's file made ("NAME#NET") goes with what made it. */
static bool goes_with_template(const struct load *l, const char *name)
{
	const char *hash = strrchr(name, '#');
	struct known_name *n = NULL;

	if (hash)
		HASH_FIND(hh, l->names, name, (unsigned)(hash - name), n);
	return n && n->was_there;
}

/* What goes is told by name, and what becomes of its packets. */
static void tell_gone(const struct load *l, const struct known_name *n, size_t nth)
{
	if (nth < NAMES_TOLD)
		fprintf(stderr, "%s: %s is deleted, as no file has it any more%s\n",
			l->job->who, n->name,
			!n->in_force ? ""
			: n->followed
				? ""
				: ": what it protected or stopped goes as if it had never "
				  "been there");
	else if (nth == NAMES_TOLD)
		fprintf(stderr, "%s: so are others; the last line counts them\n", l->job->who);
}

static void delete_one(struct load *l, const struct known_name *n, size_t *told)
{
	tell_gone(l, n, (*told)++);
	load_name(l, CALL_DELETE_CONNECTION, n->name, false,
		  (struct waiting){&l->counts.deleted, NO_CONN});
}

/* ---- who follows what goes ---- */

/* One that goes and was in force, found by its ends and networks. */
static struct known_name *find_way(const struct load *l, const char *way)
{
	struct known_name *n;

	HASH_FIND(by_way, l->ways, way, strlen(way), n);
	return n;
}

/* Route what is fresh, not in force, and has the ends and networks of one that goes and is. */
static bool follow(struct load *l, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(c, "name"));
		struct known_name *n = name ? known_find(l, name) : NULL, *before;
		char *way;

		if (!n || !n->fresh || json_object_get(c, "instance"))
			continue;
		way = way_of(c);
		if (!way)
			return false;
		before = find_way(l, way);
		if (before && is_in_force(c)) {
			before->followed = true;
		} else if (before) {
			before->followed = n->follows = true;
			fprintf(stderr,
				"%s: %s has the ends and networks of %s, which was routed or up: it "
				"is routed, and comes up with the first packet or by \"ipsec auto "
				"--up %s\"\n",
				l->job->who, name, before->name, name);
		}
		free(way);
	}
	return true;
}

/* Two commands of one link are not mixed: the calls follow when the listing has ended. */
static void follow_all(struct load *l)
{
	struct known_name *n, *next;

	load_drain(l, 0);
	if (l->gone || !ask_loaded(l, follow)) {
		load_fail(l, NO_CONN, 1);
		return;
	}
	HASH_ITER(hh, l->names, n, next)
		if (n->follows)
			load_name(l, CALL_ROUTE, n->name, false,
				  (struct waiting){&l->counts.routed, NO_CONN});
	load_drain(l, 0);
}

/* Marks what the file does not have; whether any of that is in force. False: no memory. */
static bool mark_gone(struct load *l, bool *ret_in_force)
{
	struct listed_name *table = NULL, *rows = list_names(l->conf, &table);
	struct known_name *n, *next;

	*ret_in_force = false;
	if (!rows) {
		fprintf(stderr, "%s: out of memory: nothing is deleted\n", l->job->who);
		load_fail(l, NO_CONN, 1);
		return false;
	}
	HASH_ITER(hh, l->names, n, next) {
		n->goes = n->was_there && is_gone(table, n->name) &&
			  !goes_with_template(l, n->name);
		*ret_in_force |= n->goes && n->in_force;
		if (n->goes && n->way)
			HASH_ADD_KEYPTR(by_way, l->ways, n->way, strlen(n->way), n);
	}
	HASH_CLEAR(hh, table);
	free(rows);
	return true;
}

static void delete_gone(struct load *l)
{
	struct known_name *n, *next;
	size_t told = 0;
	bool in_force;

	if (!mark_gone(l, &in_force))
		return;
	if (in_force && !may_be_torn(l))
		follow_all(l);
	HASH_ITER(hh, l->names, n, next) {
		if (n->goes && may_be_torn(l))
			l->counts.kept++;
		else if (n->goes)
			delete_one(l, n, &told);
	}
	tell_kept(l);
}

size_t loader_count_gone(struct client *client, const struct conf *conf, const char *who)
{
	struct loader_job job = {.who = who};
	struct load l = {.client = client, .conf = conf, .job = &job};
	struct known_name *n, *next;
	size_t count = 0;
	bool in_force;

	if (ask_loaded(&l, keep_loaded) && mark_gone(&l, &in_force))
		HASH_ITER(hh, l.names, n, next)
			count += n->goes;
	free_names(&l);
	return count;
}

bool loader_reload(struct client *client, const struct conf *conf, const struct loader_job *job,
		   struct loaded_counts *ret)
{
	struct load l = {.client = client, .conf = conf, .job = job, .reload = true};

	l.gap = conf_gap(conf, &l.gap_line);
	l.hollow = conf_hollow(conf, &l.hollow_line);
	if (!load_begin(&l) || !ask_loaded(&l, keep_loaded)) {
		load_end(&l);
		free_names(&l);
		return false;
	}
	load_connections(&l);
	load_authorities(&l);
	load_listen(&l);
	load_drain(&l, 0); /* from here on it is known what is fresh */
	load_route(&l);
	/* What has another name now goes when that stands in its place. */
	delete_gone(&l);
	load_open_keys(&l);
	load_bring_up(&l);
	load_drain(&l, 0);
	load_end(&l);
	free_names(&l);
	*ret = l.counts;
	return !l.gone;
}
