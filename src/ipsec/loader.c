/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/loader_private.h"

#include "base/secret.h"
#include "conf/ca.h"
#include "whack/again.h"
#include "whack/authority.h"
#include "whack/client.h"
#include "whack/prompt.h"
#include "whack/report_line.h"
#include "whack/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* What was told of already in this run: a file that is read twice has its faults twice. */
struct told {
	UT_hash_handle hh;
	char lines[];
};

#define TOLD_MAX 1000
#define EXIT_BADCONN 30

void load_tell(const char *who, const char *word, const struct diag *d)
{
	char line[2048];

	fprintf(stderr, "%s: %s: %s\n", who, word, diag_print(d, line, sizeof(line)));
}

void loader_print_problems(const char *who, const struct problems *p)
{
	static const char *const words[] = {"note", "warning", "error"};

	for (size_t i = 0; i < p->len; i++) {
		if (p->items[i].level != PROBLEM_NOTE)
			load_tell(who, words[p->items[i].level], &p->items[i].diag);
	}
}

/* A connection counts once, however much of it fails. */
void load_fail(struct load *l, size_t conn, unsigned status)
{
	if (conn != NO_CONN && !l->bad[conn]) {
		l->bad[conn] = true;
		l->counts.failed++;
	}
	if (!l->counts.status)
		l->counts.status = status;
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
		n = known_keep(l, r->connection);
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

static bool lacks_file(const struct report *r)
{
	return r->event && r->connection && r->diag && !strcmp(r->event, REPORT_LACKS_FILE);
}

/* Loaded all the same, and what it names it has not: perhaps who it is. A line each. */
static void tell_lacks(struct load *l, const struct report *r)
{
	const struct diag *why = r->diag;

	if (l->lacking++ < NAMES_TOLD)
		fprintf(stderr, "%s: warning: %s goes without what it names: %s%s%s\n",
			l->job->who, r->connection, why->sentence, *why->hint ? "; " : "",
			why->hint);
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
		if (lacks_file(&report)) {
			tell_lacks(l, &report);
			continue;
		}
		if (!prompts_note(&l->prompts, &report) || is_lost_key(&report))
			load_fail(l, NO_CONN, RC_LOG_SERIOUS);
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
	load_tell(l->job->who, "error", &why);
}

static void tell_again(struct load *l, size_t conn)
{
	const char *who = l->job->who, *name = job_name(l, conn);

	if (l->again_told++ < NAMES_TOLD)
		fprintf(stderr,
			l->manual[conn] ? "%s: %s was routed or up: it is routed, and \"ipsec "
					  "manual --up %s\" brings it up\n"
					: "%s: %s was routed or up: it is routed, and comes up with "
					  "the first packet or by \"ipsec auto --up %s\"\n",
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
			load_tell(l->job->who, "error", &why);
			l->gone = true;
			return;
		}
		more = reply.continues;
		take_reports(l, asked, &reply);
		if (reply.error) {
			tell_refusal(l, asked, &reply);
			load_fail(l, asked->conn, 1);
		} else if (!more && reply_code(&reply, &code) && code != RC_COMMENT &&
			   code != RC_SUCCESS && code != RC_LOG) {
			/* What begins next meets the same, and tells it. */
			if (!asked->begins)
				load_fail(l, asked->conn, code);
		} else if (!more && asked->well) {
			++*asked->well;
			if (asked->again)
				tell_again(l, asked->conn);
		}
		reply_done(&reply);
	}
	l->first = (l->first + 1) % AHEAD_MAX;
	l->ahead--;
}

void load_drain(struct load *l, size_t down_to)
{
	while (!l->gone && l->ahead > down_to)
		read_answer(l);
}

/* ---- calls ---- */

/* Send a call, behind those that wait for answers; on trouble, which is told, `gone` is set. */
static void send_call(struct load *l, const struct call *call, struct waiting asked)
{
	struct diag why;

	/* Half at a time, so that both processes work through many calls before they switch. */
	if (l->ahead == AHEAD_MAX)
		load_drain(l, AHEAD_MAX / 2);
	if (l->gone)
		return;
	if (client_send(l->client, call, &why)) {
		load_tell(l->job->who, "error", &why);
		l->gone = true;
		return;
	}
	l->waits[(l->first + l->ahead++) % AHEAD_MAX] = asked;
}

/* Keys that wait for a person are asked for at a terminal; without one they are named. */
void load_open_keys(struct load *l)
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
		load_drain(l, 0);
	}
	prompts_done(&l->prompts);
}

/* What stands in one place is told once, of however many connections: but errors, which each have theirs. */
static void print_new(struct load *l, struct problems *p)
{
	char place[2300];

	for (size_t i = 0; i < p->len; i++) {
		const struct diag *d = &p->items[i].diag;

		if (p->items[i].level != PROBLEM_WARNING || !d->line)
			continue;
		snprintf(place, sizeof(place), "%s %s:%u:%u", d->code, d->file, d->line,
			 d->column);
		if (was_told(l, place))
			p->items[i].level = PROBLEM_NOTE;
	}
	loader_print_problems(l->job->who, p);
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
	print_new(l, &problems);
	if (err && !problems.errors)
		load_tell(l->job->who, "error", &why);
	problems_done(&problems);
	if (err) {
		load_fail(l, i, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : EXIT_BADCONN);
		return;
	}
	call.name = call.connection->name;
	l->manual[i] = call.connection->manual;
	/* Of a reload what is loaded is told apart from what is as it was: note_load. */
	send_call(l, &call, (struct waiting){l->reload ? NULL : &l->counts.loaded, i});
	connection_unref(call.connection);
}

void load_name(struct load *l, enum call_kind kind, const char *name, bool wait,
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
		load_tell(l->job->who, "error", &why);
		load_fail(l, NO_CONN, RC_LOG_SERIOUS);
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
			load_fail(l, NO_CONN, EXIT_BADCONN);
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
void load_authorities(struct load *l)
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

void load_listen(struct load *l)
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
	const struct known_name *n = l->reload ? known_find(l, name) : NULL;

	if (l->reload && !(n && n->fresh))
		return START_ADD;
	return l->job->action == LOADER_AUTO ? conf_conn_start(l->conf, name)
					     : starts[l->job->action];
}

void load_connections(struct load *l)
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
void load_route(struct load *l)
{
	const char *name;

	for (size_t i = 0; (name = job_name(l, i)) && !l->gone; i++) {
		int start = start_of(l, name);
		struct again *before = again_find(l->job->again, name);
		bool again = before && start != START_ROUTE && start != START_UP;

		if (before)
			before->found = !l->bad[i];
		if (!l->bad[i] && (start == START_ROUTE || start == START_UP || again))
			load_name(l, CALL_ROUTE, name, false,
				  (struct waiting){&l->counts.routed, i,
						   .begins = start == START_UP,
						   .again = again});
	}
	load_drain(l, 0);
	tell_opened(l);
}

void load_bring_up(struct load *l)
{
	const char *name;

	for (size_t i = 0; (name = job_name(l, i)) && !l->gone; i++) {
		if (!l->bad[i] && start_of(l, name) == START_UP)
			load_name(l, CALL_UP, name, l->job->wait,
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

bool load_begin(struct load *l)
{
	size_t len = 0;

	while (job_name(l, len))
		len++;
	l->bad = calloc(len + 1, sizeof(*l->bad));
	l->manual = calloc(len + 1, sizeof(*l->manual));
	if (!l->bad || !l->manual)
		fprintf(stderr, "%s: out of memory\n", l->job->who);
	return l->bad && l->manual;
}

void load_end(struct load *l)
{
	struct told *t, *next;

	if (l->lacking > NAMES_TOLD)
		fprintf(stderr, "%s: so do %zu more: ipsec checkconf tells which\n",
			l->job->who, l->lacking - NAMES_TOLD);
	HASH_ITER(hh, l->told, t, next) {
		HASH_DEL(l->told, t);
		free(t);
	}
	free(l->bad);
	free(l->manual);
	free(l->wanted);
}

bool loader_run(struct client *client, const struct conf *conf, const struct loader_job *job,
		struct loaded_counts *ret)
{
	struct load l = {.client = client, .conf = conf, .job = job};

	if (!resolve_names(&l) || !load_begin(&l)) {
		load_end(&l);
		return false;
	}
	load_connections(&l);
	if (job->action == LOADER_AUTO) {
		load_authorities(&l);
		load_listen(&l);
	}
	load_drain(&l, 0); /* what could not be loaded is not started */
	load_route(&l);
	load_open_keys(&l);
	load_bring_up(&l);
	load_drain(&l, 0);
	load_end(&l);
	*ret = l.counts;
	return !l.gone;
}
