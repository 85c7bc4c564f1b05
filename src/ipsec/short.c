/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/short.h"

#include "auto/auto.h"
#include "auto/command.h"
#include "ipsec/args.h"
#include "whack/whack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off: a row a command */
const struct short_word short_words[] = {
	{"up", "initiate", {"auto --up"}, SHORT_MANY, .asynchronous = true,
	 .doc = "bring a connection up and wait for the result"},
	{"down", "terminate", {"auto --down"}, SHORT_MANY,
	 .doc = "take a connection down at both ends; it stays loaded"},
	{"add", "replace", {"auto --replace"}, SHORT_MANY, .config = true,
	 .doc = "load a connection, in place of the one of its name"},
	{"delete", NULL, {"auto --delete"}, SHORT_MANY,
	 .doc = "take a connection down and forget it"},
	{"route", NULL, {"auto --route"}, SHORT_MANY,
	 .doc = "route a connection: its packets bring it up"},
	{"unroute", NULL, {"auto --unroute"}, SHORT_MANY,
	 .doc = "take the route of a connection away"},
	{"ondemand", NULL, {"auto --replace", "auto --route"}, SHORT_MANY, .config = true,
	 .doc = "load a connection and route it"},
	{"start", NULL, {"auto --replace", "auto --up"}, SHORT_MANY, .asynchronous = true, .config = true,
	 .doc = "load a connection and bring it up; without a name: setup start"},
	{"listen", "ready", {"auto --ready"}, SHORT_NONE,
	 .doc = "listen for peers; read addresses, secrets and groups again"},
	{"status", NULL, {"whack --status"}, SHORT_MAYBE, .report = true, .brief = true,
	 .doc = "show what is loaded and what is up"},
	{"briefstatus", NULL, {"whack --briefstatus"}, SHORT_NONE, .report = true,
	 .doc = "show totals"},
	{"trafficstatus", "traffic", {"whack --trafficstatus"}, SHORT_MAYBE, .report = true,
	 .doc = "show what went through each tunnel"},
	{"globalstatus", NULL, {"whack --globalstatus"}, SHORT_NONE, .report = true,
	 .doc = "show the daemon's counters, as name=value"},
	{"connectionstatus", NULL, {"whack --connectionstatus"}, SHORT_MAYBE, .report = true,
	 .doc = "show connections"},
	{"briefconnectionstatus", NULL, {"whack --briefconnectionstatus"}, SHORT_MAYBE, .report = true,
	 .doc = "show a line for each connection"},
	{"showstates", "statestatus", {"whack --showstates"}, SHORT_MAYBE, .report = true,
	 .doc = "show SAs"},
	{"shuntstatus", NULL, {"whack --shuntstatus"}, SHORT_NONE, .report = true,
	 .doc = "show what packets meet where no SA stands"},
	{"addresspoolstatus", "leases", {"whack --addresspoolstatus"}, SHORT_NONE, .report = true,
	 .doc = "show pools of addresses for peers"},
	{"fipsstatus", "fips", {"whack --fipsstatus"}, SHORT_NONE, .report = true,
	 .doc = "show whether cryptography keeps to FIPS 140"},
	{"processstatus", NULL, {"whack --processstatus"}, SHORT_NONE, .report = true,
	 .doc = "show pluto's own processes"},
	{"rereadsecrets", "secrets", {"auto --rereadsecrets"}, SHORT_NONE,
	 .doc = "read ipsec.secrets again"},
	{"rereadall", NULL, {"auto --rereadall"}, SHORT_NONE, .doc = "read again all that can be"},
	{"rereadcerts", NULL, {"auto --rereadcacerts"}, SHORT_NONE, .config = true,
	 .doc = "read ca sections and certificates of authorities again"},
	{"fetchcrls", "crls", {"auto --rereadcrls"}, SHORT_NONE,
	 .doc = "read revocation lists again"},
	{0},
};
/* clang-format on */

const struct short_word *short_find(const char *word)
{
	for (const struct short_word *s = short_words; s->word; s++) {
		if (!strcmp(s->word, word) || (s->alias && !strcmp(s->alias, word)))
			return s;
	}
	return NULL;
}

/* ---- handing over ---- */

static int whack_with(const struct paths *p, char **argv, int argc, bool hide_log)
{
	struct whack_env env = {.rundir = p->rundir,
				.out = stdout,
				.err = stderr,
				.hide_log = hide_log};

	return whack_main(argc, argv, &env);
}

static int whack_of_auto(void *ctx, char **argv, int argc, int verbose)
{
	return whack_with(ctx, argv, argc, !verbose);
}

int run_auto(int argc, char **argv, const struct paths *p)
{
	struct auto_env env = {
		.confs = p->confs,
		.rundir = p->rundir_given ? p->rundir : NULL,
		.out = stdout,
		.err = stderr,
		.whack = whack_of_auto,
		.ctx = (void *)p,
	};

	return auto_main(argc, argv, &env);
}

int run_whack(int argc, char **argv, const struct paths *p)
{
	return whack_with(p, argv, argc, false);
}

/* ---- one short word ---- */

struct short_options {
	bool asynchronous, verbose, showonly, brief, json, utc;
	const char *config, *rundir, *ctlsocket;
};

#define OPTIONS_MAX 12

static void add_row(struct arg_option *rows, size_t *n, bool wanted, struct arg_option row)
{
	if (wanted)
		rows[(*n)++] = row;
}

static void fill_options(const struct short_word *s, struct short_options *o,
			 struct arg_option rows[OPTIONS_MAX])
{
	bool is_auto = !strncmp(s->steps[0], "auto ", 5);
	size_t n = 0;

	add_row(rows, &n, s->asynchronous,
		(struct arg_option){"asynchronous", NULL, &o->asynchronous,
				    "do not wait for the result"});
	add_row(rows, &n, s->asynchronous,
		(struct arg_option){"bg", NULL, &o->asynchronous, NULL});
	add_row(rows, &n, s->config,
		(struct arg_option){"config", "FILE", &o->config, "read FILE, not ipsec.conf"});
	add_row(rows, &n, is_auto,
		(struct arg_option){"verbose", NULL, &o->verbose, "show log lines (002) too"});
	add_row(rows, &n, is_auto,
		(struct arg_option){"showonly", NULL, &o->showonly,
				    "print the whack commands and run nothing"});
	add_row(rows, &n, is_auto, (struct arg_option){"dry-run", NULL, &o->showonly, NULL});
	add_row(rows, &n, s->brief,
		(struct arg_option){"brief", NULL, &o->brief,
				    "a line for each connection and SA"});
	add_row(rows, &n, s->report,
		(struct arg_option){"json", NULL, &o->json, "print one JSON document"});
	add_row(rows, &n, s->report,
		(struct arg_option){"utc", NULL, &o->utc, "show times in UTC"});
	rows[n++] = (struct arg_option){"rundir", "DIR", &o->rundir,
					NULL}; /* as ipsec --rundir */
	rows[n++] = (struct arg_option){"ctlsocket", "SOCKET", &o->ctlsocket,
					"speak to pluto at SOCKET, not in its run folder"};
	rows[n] = (struct arg_option){0};
}

static void add_flag(struct command_line *c, bool given, const char *word)
{
	if (given)
		command_add(c, word);
}

/* "auto [options] --up NAME ..." or "whack --status [--name NAME] [options]". */
static void build(struct command_line *c, const char *step, const struct short_options *o,
		  const struct args *a)
{
	const char *operation = strchr(step, ' ') + 1;
	bool is_auto = !strncmp(step, "auto ", 5);
	bool up = !strcmp(operation, "--up");

	command_add(c, is_auto ? "auto" : "whack");
	if (o->ctlsocket) {
		command_add(c, "--ctlsocket");
		command_add(c, o->ctlsocket);
	}
	add_flag(c, o->asynchronous && up, "--asynchronous");
	add_flag(c, o->verbose, "--verbose");
	add_flag(c, o->showonly, "--showonly");
	add_flag(c, o->brief, "--brief");
	add_flag(c, o->json, "--json");
	add_flag(c, o->utc, "--utc");
	if (o->config && strcmp(operation, "--route") && !up) {
		command_add(c, "--config");
		command_add(c, o->config);
	}
	if (!is_auto && a->len) {
		command_add(c, "--name");
		command_add(c, a->words[0]);
	}
	command_add(c, operation);
	if (is_auto && a->len)
		command_add(c, "--");
	for (size_t i = 0; is_auto && i < a->len; i++)
		command_add(c, a->words[i]);
}

static int run_step(const char *step, const struct short_options *o, const struct args *a,
		    const struct paths *p)
{
	struct command_line c = {0};
	int status = 1;

	build(&c, step, o, a);
	if (c.bad)
		fprintf(stderr, "ipsec: out of memory\n");
	else if (!strncmp(step, "auto ", 5))
		status = run_auto((int)c.len, c.words, p);
	else
		status = run_whack((int)c.len, c.words, p);
	command_done(&c);
	return status;
}

static const char *const synopses[] = {
	[SHORT_NONE] = "[option ...]",
	[SHORT_MAYBE] = "[option ...] [NAME]",
	[SHORT_MANY] = "[option ...] NAME ...",
};

int short_main(int argc, char **argv, const struct paths *p)
{
	const struct short_word *s = short_find(argv[0]);
	struct arg_option rows[OPTIONS_MAX];
	struct short_options o = {0};
	char doc[256];
	struct arg_rules rules = {
		.command = argv[0],
		.options = rows,
		.operand = "the name of a connection",
		.words_min = s->names == SHORT_MANY,
		.words_max = s->names == SHORT_MANY ? (size_t)argc : s->names == SHORT_MAYBE,
		.synopsis = synopses[s->names],
		.doc = doc,
	};
	struct paths here = *p;
	struct args a;
	int status;

	snprintf(doc, sizeof(doc), "%s\n(ipsec %s%s%s)\n", s->doc, s->steps[0],
		 s->steps[1] ? ", then ipsec " : "", s->steps[1] ? s->steps[1] : "");
	fill_options(s, &o, rows);
	status = args_read(&rules, argc, argv, &a);
	if (status != ARGS_GO)
		return status;
	if (o.rundir && !paths_set_rundir(&here, o.rundir))
		return EXIT_USAGE;
	status = run_step(s->steps[0], &o, &a, &here);
	if (!status && s->steps[1])
		status = run_step(s->steps[1], &o, &a, &here);
	return status;
}
