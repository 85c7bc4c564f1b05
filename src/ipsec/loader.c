/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/loader.h"

#include "base/secret.h"
#include "conf/ca.h"
#include "ipsec/again.h"
#include "whack/authority.h"
#include "whack/client.h"
#include "whack/prompt.h"
#include "whack/report_line.h"
#include "whack/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define AHEAD_MAX 256 /* calls sent whose answers have not been read */
#define EXIT_BADCONN 30
#define NO_CONN SIZE_MAX

/* A connection that pluto has loaded, or was told to load. */
struct known_name {
	UT_hash_handle hh, by_way;
	bool was_there; /* before this run */
	bool fresh;     /* it was loaded in this run, and is not as it was */
	bool goes;      /* the file has it no more */
	bool follows;   /* it is to be routed in the place of one that goes */
	bool in_force;  /* it was routed or up before this run */
	bool followed;  /* a fresh one has its ends and networks */
	char *way;      /* its ends and networks, of one that was in force; owned */
	char name[];
};

/* What was told of already in this run: a file that is read twice has its faults twice. */
struct told {
	UT_hash_handle hh;
	char lines[];
};

#define TOLD_MAX 1000

/* A call that waits for its answer. */
struct waiting {
	size_t *well; /* what to count when it goes well; NULL: nothing */
	size_t conn;  /* whose call it is: of job_name; NO_CONN: of none */
	bool again;   /* it was routed or up before, and is to be told of */
	bool begins;  /* it is to be routed, and the call to bring it up follows */
};

struct load {
	struct client *client;
	const struct conf *conf;
	const struct loader_job *job;
	struct loaded_counts counts;
	const char **wanted;      /* the job's names, aliases resolved; NULL: all */
	struct known_name *names; /* of a reload */
	struct known_name
		*ways; /* of these, what goes and was in force, by its ends and networks */
	struct told *told;
	struct prompts prompts; /* keys that wait for their passphrase or PIN */
	const char *gap;        /* the file of conf_gap */
	const char *hollow;     /* and of conf_hollow */
	unsigned gap_line, hollow_line;
	bool reload;
	struct waiting waits[AHEAD_MAX]; /* a ring: the oldest one at `first` */
	size_t first, ahead;
	size_t again_told;
	bool *bad; /* of each connection of the job: it is not loaded */
	bool gone; /* pluto closed the connection */
};

static void print_diag(const char *who, const char *word, const struct diag *d)
{
	char line[2048];

	fprintf(stderr, "%s: %s: %s\n", who, word, diag_print(d, line, sizeof(line)));
}

void loader_print_problems(const char *who, const struct problems *p)
{
	static const char *const words[] = {"note", "warning", "error"};

	for (size_t i = 0; i < p->len; i++) {
		if (p->items[i].level != PROBLEM_NOTE)
			print_diag(who, words[p->items[i].level], &p->items[i].diag);
	}
}

/* A connection counts once, however much of it fails. */
static void fail(struct load *l, size_t conn, unsigned status)
{
	if (conn != NO_CONN && !l->bad[conn]) {
		l->bad[conn] = true;
		l->counts.failed++;
	}
	if (!l->counts.status)
		l->counts.status = status;
}

/* ---- names ---- */

static struct known_name *find_name(const struct load *l, const char *name)
{
	struct known_name *n;

	HASH_FIND_STR(l->names, name, n);
	return n;
}

static struct known_name *keep_name(struct load *l, const char *name)
{
	struct known_name *n = find_name(l, name);

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

/* ---- answers ---- */

/* What a reload has to know of a connection it handed over. */
static void note_load(struct load *l, const struct report *r)
{
	struct known_name *n;

	if (!l->reload || !r->event || !r->connection)
		return;
	if (!strcmp(r->event, "unchanged")) {
		l->counts.same++;
	} else if (!strcmp(r->event, "loaded")) {
		n = keep_name(l, r->connection);
		if (n)
			n->fresh = true;
		l->counts.loaded++;
	}
}

/* A refusal, here or by the peer, and what can be done about it; not a state that is reached. */
static bool tells_of_trouble(unsigned code)
{
	return code == RC_LOG_SERIOUS || (code >= RC_RETRANSMISSION && code < RC_NEW_STATE) ||
	       code >= RC_NOTIFICATION;
}

/* The first time it is false. What there is no room to remember is told again. */
static bool was_told(struct load *l, const char *lines)
{
	struct told *t;

	HASH_FIND_STR(l->told, lines, t);
	if (t || HASH_COUNT(l->told) == TOLD_MAX)
		return t != NULL;
	t = calloc(1, sizeof(*t) + strlen(lines) + 1);
	if (!t)
		return false;
	strcpy(t->lines, lines);
	HASH_ADD_STR(l->told, lines, t);
	if (!t->hh.tbl)
		free(t);
	return false;
}

static void free_told(struct load *l)
{
	struct told *t, *next;

	HASH_ITER(hh, l->told, t, next) {
		HASH_DEL(l->told, t);
		free(t);
	}
}

/* The file of a private key can't be used: pluto goes on without. A token may only be away. */
static bool is_lost_key(const struct report *r)
{
	return r->code == RC_LOG_SERIOUS && r->event && !strcmp(r->event, "key-file-problem");
}

/* No trouble to pluto, and perhaps to who did not mean it. */
static bool is_gone_file(const struct report *r)
{
	return r->event && !strcmp(r->event, "file-gone");
}

/* What keeps a connection from being routed and, in words of its own, from being brought up. */
static bool is_told_again(const struct report *r)
{
	static const char *const events[] = {"not-oriented", "no-peer-address", "no-selectors"};

	for (size_t i = 0; r->event && i < sizeof(events) / sizeof(events[0]); i++)
		if (!strcmp(r->event, events[i]))
			return true;
	return false;
}

/* Reports that tell of trouble are shown; what goes well is counted. */
static void take_reports(struct load *l, const struct waiting *asked, const struct reply *r)
{
	for (size_t i = 0; i < reply_reports(r); i++) {
		struct report report;
		struct diag storage;
		struct text line = {0};

		if (reply_report(r, i, &report, &storage))
			continue;
		note_load(l, &report);
		if (!prompts_note(&l->prompts, &report) || is_lost_key(&report))
			fail(l, NO_CONN, RC_LOG_SERIOUS);
		if ((!tells_of_trouble(report.code) && !is_gone_file(&report)) ||
		    (asked->begins && is_told_again(&report)))
			continue;
		report_lines(&report, &line);
		if (!was_told(l, text_str(&line)))
			fputs(text_str(&line), stderr);
		text_done(&line);
	}
}

/* The i-th name of the job; NULL behind the last one. */
static const char *job_name(const struct load *l, size_t i)
{
	return l->wanted ? l->wanted[i] : conf_conn_name(l->conf, i);
}

/* A call that pluto did not take at all: of which connection, and why. */
static void tell_refusal(const struct load *l, const struct waiting *asked,
			 const struct reply *r)
{
	const char *name = asked->conn == NO_CONN ? NULL : job_name(l, asked->conn);
	struct diag why;

	if (diag_from_json(json_object_get(r->parameters, "diag"), &why))
		diag_set(&why, "refused", NULL, "pluto refused the call: %s", r->error);
	if (name)
		fprintf(stderr, "%s: conn %s:\n", l->job->who, name);
	print_diag(l->job->who, "error", &why);
}

#define NAMES_TOLD 20 /* of what goes or is routed; the rest is only counted */

static void tell_again(struct load *l, const char *name)
{
	const char *who = l->job->who;

	if (l->again_told++ < NAMES_TOLD)
		fprintf(stderr,
			"%s: %s was routed or up: it is routed, and comes up with the first packet or "
			"by \"ipsec auto --up %s\"\n",
			who, name, name);
	else if (l->again_told == NAMES_TOLD + 1)
		fprintf(stderr, "%s: so are others\n", who);
}

/* Read one whole answer: replies until one does not continue. */
static void read_answer(struct load *l)
{
	const struct waiting *asked = &l->waits[l->first];
	struct reply reply;
	struct diag why;
	unsigned code = 0;
	bool more = true;

	while (more) {
		if (client_receive(l->client, &reply, &why)) {
			print_diag(l->job->who, "error", &why);
			l->gone = true;
			return;
		}
		more = reply.continues;
		take_reports(l, asked, &reply);
		if (reply.error) {
			tell_refusal(l, asked, &reply);
			fail(l, asked->conn, 1);
		} else if (!more && reply_code(&reply, &code) && code != RC_COMMENT &&
			   code != RC_SUCCESS && code != RC_LOG) {
			/* What begins next meets the same, and tells it. */
			if (!asked->begins)
				fail(l, asked->conn, code);
		} else if (!more && asked->well) {
			++*asked->well;
			if (asked->again)
				tell_again(l, job_name(l, asked->conn));
		}
		reply_done(&reply);
	}
	l->first = (l->first + 1) % AHEAD_MAX;
	l->ahead--;
}

static void drain(struct load *l, size_t down_to)
{
	while (!l->gone && l->ahead > down_to)
		read_answer(l);
}

/* ---- calls ---- */

static void send_call(struct load *l, const struct call *call, struct waiting asked)
{
	struct diag why;

	/* Half at a time, so that both processes work through many calls before they switch. */
	if (l->ahead == AHEAD_MAX)
		drain(l, AHEAD_MAX / 2);
	if (l->gone)
		return;
	if (client_send(l->client, call, &why)) {
		print_diag(l->job->who, "error", &why);
		l->gone = true;
		return;
	}
	l->waits[(l->first + l->ahead++) % AHEAD_MAX] = asked;
}

/* Keys that wait for a person are asked for at a terminal; without one they are named. */
static void open_keys(struct load *l)
{
	char answer[PROMPT_ANSWER_MAX];

	for (size_t i = 0; !l->gone && i < l->prompts.len; i++) {
		const struct prompt *p = &l->prompts.items[i];
		struct call call = {.kind = CALL_OPEN_SECRET,
				    .file = (char *)p->file,
				    .line = p->line,
				    .secret = answer};

		if (!terminal_ask(p->text, answer, sizeof(answer))) {
			fprintf(stderr,
				"%s: %s:%u: %slocked as yet; run ipsec auto --rereadsecrets at "
				"a terminal\n",
				l->job->who, p->file, p->line, p->text);
			continue;
		}
		send_call(l, &call, (struct waiting){NULL, NO_CONN});
		secret_wipe(answer, sizeof(answer));
		drain(l, 0);
	}
	prompts_done(&l->prompts);
}

static void load_one(struct load *l, size_t i, const char *name)
{
	struct problems problems = {0};
	struct call call = {.kind = CALL_ADD_CONNECTION, .replace = true};
	struct diag why;
	enum cyg_err err = conf_connection(l->conf, name, &call.connection, &problems, &why);

	if (err && !l->wanted && conf_is_part(l->conf, name, &problems)) {
		problems_done(&problems);
		l->bad[i] = true; /* nor is it routed or started */
		return;
	}
	loader_print_problems(l->job->who, &problems);
	if (err && !problems.errors)
		print_diag(l->job->who, "error", &why);
	problems_done(&problems);
	if (err) {
		fail(l, i, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : EXIT_BADCONN);
		return;
	}
	call.name = call.connection->name;
	/* Of a reload what is loaded is told apart from what is as it was: note_load. */
	send_call(l, &call, (struct waiting){l->reload ? NULL : &l->counts.loaded, i});
	connection_unref(call.connection);
}

static void name_call(struct load *l, enum call_kind kind, const char *name, bool wait,
		      struct waiting asked)
{
	struct call call = {.kind = (uint8_t)kind,
			    .name = (char *)name,
			    .asynchronous = !wait,
			    .more = wait};

	send_call(l, &call, asked);
}

/* ---- ca sections ---- */

static void load_ca(struct load *l, const struct authority *says)
{
	struct call call = {.kind = CALL_ADD_AUTHORITY, .name = (char *)says->name};
	struct authority found = *says;
	char file[2048];
	struct diag why;

	if (!conf_ca_file(says, l->job->confs, file, sizeof(file)))
		return;
	found.cacert = file;
	call.authority = &found;
	if (authority_read(file, &call.certificate, &why)) {
		diag_hint(
			&why,
			"ca %s goes without it; mend cacert=, then: ipsec auto --rereadcacerts",
			says->name);
		print_diag(l->job->who, "error", &why);
		fail(l, NO_CONN, RC_LOG_SERIOUS);
	}
	send_call(l, &call, (struct waiting){NULL, NO_CONN});
	free(call.certificate);
}

/* Tells of each one that is faulty. True when none is. */
static bool check_cas(struct load *l)
{
	bool well = true;
	const char *name;

	for (size_t i = 0; (name = conf_ca_name(l->conf, i)); i++) {
		struct problems problems = {0};
		struct conf_ca ca;
		struct diag why;

		if (conf_ca(l->conf, name, &ca, &problems, &why)) {
			well = false;
			fail(l, NO_CONN, EXIT_BADCONN);
		}
		loader_print_problems(l->job->who, &problems);
		problems_done(&problems);
	}
	return well;
}

/*
 * Those that say auto=add, in place of all that pluto knows; while one is faulty, nothing
 * that is loaded goes.
 */
static void load_cas(struct load *l)
{
	bool well = check_cas(l);
	struct conf_ca ca;
	const char *name;

	if (l->reload && well)
		send_call(l, &(struct call){.kind = CALL_DELETE_AUTHORITY, .name = (char *)"*"},
			  (struct waiting){NULL, NO_CONN});
	for (size_t i = 0; (name = conf_ca_name(l->conf, i)) && !l->gone; i++)
		if (!conf_ca(l->conf, name, &ca, NULL, NULL) && ca.load)
			load_ca(l, &ca.says);
}

static void call_listen(struct load *l)
{
	send_call(l, &(struct call){.kind = CALL_LISTEN}, (struct waiting){NULL, NO_CONN});
}

static bool is_wanted(const struct load *l, const char *name)
{
	return l->wanted || again_find(l->job->again, name) ||
	       conf_conn_start(l->conf, name) != START_IGNORE ||
	       conf_start_is_garbled(l->conf, name);
}

/* What is to become of it once it is loaded: START_ADD, START_ROUTE or START_UP. */
static int start_of(const struct load *l, const char *name)
{
	static const int starts[] = {
		[LOADER_ADD] = START_ADD, [LOADER_ROUTE] = START_ROUTE, [LOADER_UP] = START_UP};
	const struct known_name *n = l->reload ? find_name(l, name) : NULL;

	if (l->reload && !(n && n->fresh))
		return START_ADD;
	return l->job->action == LOADER_AUTO ? conf_conn_start(l->conf, name)
					     : starts[l->job->action];
}

static void load_all(struct load *l)
{
	const char *name;

	for (size_t i = 0; (name = job_name(l, i)) && !l->gone; i++) {
		if (is_wanted(l, name))
			load_one(l, i, name);
	}
}

/* What was in force and can't be now: what it protected is blocked no longer than that of others. */
static void tell_opened(const struct load *l)
{
	struct again *a, *next;
	size_t told = 0;

	HASH_ITER(hh, l->job->again, a, next) {
		if (a->found)
			continue;
		if (told++ < NAMES_TOLD)
			fprintf(stderr,
				"%s: %s was routed or up, and is not loaded now: what it protected "
				"or stopped is blocked for ten seconds more, and goes as if it had "
				"never been there then\n",
				l->job->who, a->name);
		else if (told == NAMES_TOLD + 1)
			fprintf(stderr, "%s: so were others\n", l->job->who);
	}
}

/* From here on what is to be protected or stopped does not go in clear. */
static void route_all(struct load *l)
{
	const char *name;

	for (size_t i = 0; (name = job_name(l, i)) && !l->gone; i++) {
		int start = start_of(l, name);
		struct again *before = again_find(l->job->again, name);
		bool again = before && start != START_ROUTE && start != START_UP;

		if (before)
			before->found = !l->bad[i];
		if (!l->bad[i] && (start == START_ROUTE || start == START_UP || again))
			name_call(l, CALL_ROUTE, name, false,
				  (struct waiting){&l->counts.routed, i,
						   .begins = start == START_UP,
						   .again = again});
	}
	drain(l, 0);
	tell_opened(l);
}

static void bring_up_all(struct load *l)
{
	const char *name;

	for (size_t i = 0; (name = job_name(l, i)) && !l->gone; i++) {
		if (!l->bad[i] && start_of(l, name) == START_UP)
			name_call(l, CALL_UP, name, l->job->wait,
				  (struct waiting){&l->counts.started, i});
	}
}

/* An alias means all that have it. */
static bool resolve_names(struct load *l)
{
	if (!l->job->names)
		return true;
	l->wanted = conf_resolve(l->conf, l->job->names);
	if (!l->wanted)
		fprintf(stderr, "%s: out of memory\n", l->job->who);
	return l->wanted != NULL;
}

static bool make_bad(struct load *l)
{
	size_t len = 0;

	while (job_name(l, len))
		len++;
	l->bad = calloc(len + 1, sizeof(*l->bad));
	if (!l->bad)
		fprintf(stderr, "%s: out of memory\n", l->job->who);
	return l->bad != NULL;
}

bool loader_run(struct client *client, const struct conf *conf, const struct loader_job *job,
		struct loaded_counts *ret)
{
	struct load l = {.client = client, .conf = conf, .job = job};

	if (!resolve_names(&l) || !make_bad(&l)) {
		free(l.wanted);
		return false;
	}
	load_all(&l);
	if (job->action == LOADER_AUTO) {
		load_cas(&l);
		call_listen(&l);
	}
	drain(&l, 0); /* what could not be loaded is not started */
	route_all(&l);
	open_keys(&l);
	bring_up_all(&l);
	drain(&l, 0);
	free_told(&l);
	free(l.bad);
	free(l.wanted);
	*ret = l.counts;
	return !l.gone;
}

/* ---- reload ---- */

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
		n = keep_name(l, name);
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
		print_diag(l->job->who, "error", &why);
		return false;
	}
	do {
		if (client_receive(l->client, &reply, &why)) {
			print_diag(l->job->who, "error", &why);
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
	name_call(l, CALL_DELETE_CONNECTION, n->name, false,
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
		struct known_name *n = name ? find_name(l, name) : NULL, *before;
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

	drain(l, 0);
	if (l->gone || !ask_loaded(l, follow)) {
		fail(l, NO_CONN, 1);
		return;
	}
	HASH_ITER(hh, l->names, n, next)
		if (n->follows)
			name_call(l, CALL_ROUTE, n->name, false,
				  (struct waiting){&l->counts.routed, NO_CONN});
	drain(l, 0);
}

/* Marks what the file does not have; whether any of that is in force. False: no memory. */
static bool mark_gone(struct load *l, bool *ret_in_force)
{
	struct listed_name *table = NULL, *rows = list_names(l->conf, &table);
	struct known_name *n, *next;

	*ret_in_force = false;
	if (!rows) {
		fprintf(stderr, "%s: out of memory: nothing is deleted\n", l->job->who);
		fail(l, NO_CONN, 1);
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
	if (!make_bad(&l) || !ask_loaded(&l, keep_loaded)) {
		free_names(&l);
		free(l.bad);
		return false;
	}
	load_all(&l);
	load_cas(&l);
	call_listen(&l);
	drain(&l, 0); /* from here on it is known what is fresh */
	route_all(&l);
	/* What has another name now goes when that stands in its place. */
	delete_gone(&l);
	open_keys(&l);
	bring_up_all(&l);
	drain(&l, 0);
	free_told(&l);
	free_names(&l);
	free(l.bad);
	*ret = l.counts;
	return !l.gone;
}
