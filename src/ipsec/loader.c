/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/loader.h"

#include "whack/client.h"
#include "whack/report_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD_MAX 256 /* calls sent whose answers have not been read */

struct load {
	struct client *client;
	const struct conf *conf;
	struct loaded_counts counts;
	size_t ahead;
	bool gone; /* pluto closed the connection */
};

static void print_diag(const char *word, const struct diag *d)
{
	char line[2048];

	fprintf(stderr, "ipsec setup: %s: %s\n", word, diag_print(d, line, sizeof(line)));
}

void loader_print_problems(const struct problems *p, bool notes)
{
	static const char *const words[] = {"note", "warning", "error"};

	for (size_t i = 0; i < p->len; i++) {
		if (p->items[i].level != PROBLEM_NOTE || notes)
			print_diag(words[p->items[i].level], &p->items[i].diag);
	}
}

/* Reports that tell of trouble are shown; what goes well is counted. */
static void show_reports(const struct reply *r)
{
	for (size_t i = 0; i < reply_reports(r); i++) {
		struct report report;
		struct diag storage;
		struct text line = {0};

		if (reply_report(r, i, &report, &storage) || report.code < RC_RETRANSMISSION ||
		    report.code >= RC_NEW_STATE)
			continue;
		report_lines(&report, &line);
		fputs(text_str(&line), stderr);
		text_done(&line);
	}
}

/* Read one whole answer: replies until one does not continue. */
static void read_answer(struct load *l)
{
	struct reply reply;
	struct diag why;
	unsigned code = 0;
	bool more = true;

	while (more) {
		if (client_receive(l->client, &reply, &why)) {
			print_diag("error", &why);
			l->gone = true;
			return;
		}
		more = reply.continues;
		show_reports(&reply);
		if (reply.error) {
			fprintf(stderr, "ipsec setup: pluto refused: %s\n", reply.error);
			l->counts.failed++;
		} else if (!more && reply_code(&reply, &code) && code != RC_COMMENT &&
			   code != RC_SUCCESS && code != RC_LOG) {
			l->counts.failed++;
		}
		reply_done(&reply);
	}
	l->ahead--;
}

static void drain(struct load *l, size_t down_to)
{
	while (!l->gone && l->ahead > down_to)
		read_answer(l);
}

static void send_call(struct load *l, const struct call *call)
{
	struct diag why;

	/* Half at a time, so that both processes work through many calls before they switch. */
	if (l->ahead == AHEAD_MAX)
		drain(l, AHEAD_MAX / 2);
	if (l->gone)
		return;
	if (client_send(l->client, call, &why)) {
		print_diag("error", &why);
		l->gone = true;
		return;
	}
	l->ahead++;
}

static void load_one(struct load *l, const char *name)
{
	struct problems problems = {0};
	struct call call = {.kind = CALL_ADD_CONNECTION, .name = (char *)name, .replace = true};
	struct diag why;
	enum cyg_err err = conf_connection(l->conf, name, &call.connection, &problems, &why);

	loader_print_problems(&problems, false);
	if (err && !problems.errors)
		print_diag("error", &why);
	problems_done(&problems);
	if (err) {
		l->counts.failed++;
		return;
	}
	send_call(l, &call);
	connection_unref(call.connection);
	l->counts.loaded++;
}

static void name_call(struct load *l, enum call_kind kind, const char *name, bool wait)
{
	struct call call = {.kind = (uint8_t)kind,
			    .name = (char *)name,
			    .asynchronous = !wait,
			    .more = wait};

	send_call(l, &call);
}

bool loader_run(struct client *client, const struct conf *conf, bool wait,
		struct loaded_counts *ret)
{
	struct load l = {.client = client, .conf = conf};
	const char *name;

	for (size_t i = 0; (name = conf_conn_name(conf, i)) && !l.gone; i++) {
		if (conf_conn_start(conf, name) != START_IGNORE)
			load_one(&l, name);
	}
	send_call(&l, &(struct call){.kind = CALL_LISTEN});
	for (size_t i = 0; (name = conf_conn_name(conf, i)) && !l.gone; i++) {
		int start = conf_conn_start(conf, name);

		if (start == START_ROUTE || start == START_UP) {
			name_call(&l, CALL_ROUTE, name, false);
			l.counts.routed++;
		}
	}
	for (size_t i = 0; (name = conf_conn_name(conf, i)) && !l.gone; i++) {
		if (conf_conn_start(conf, name) == START_UP) {
			name_call(&l, CALL_UP, name, wait);
			l.counts.started++;
		}
	}
	drain(&l, 0);
	*ret = l.counts;
	return !l.gone;
}
