/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/manual.h"

#include "auto/command.h"
#include "ipsec/args.h"
#include "ipsec/loader.h"
#include "ipsec/manual_keys.h"
#include "whack/protocol.h"
#include "whack/whack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_CONFIG 3
#define EXIT_BADCONN 30

enum operation { OP_NONE, OP_UP, OP_DOWN, OP_ROUTE, OP_UNROUTE };

struct run {
	const struct paths *paths;
	enum operation op;
	bool show, showonly;
	const char *config, *ctlsocket;
	struct conf *conf;
	int status; /* of the first failure */
};

static void fail(struct run *r, int status)
{
	if (!r->status)
		r->status = status;
}

static void print_diag(const char *level, const struct diag *d)
{
	char line[2048];

	fprintf(stderr, "ipsec manual: %s: %s\n", level, diag_print(d, line, sizeof(line)));
}

/* ---- commands of whack ---- */

static void begin(const struct run *r, struct command_line *c)
{
	command_add(c, "whack");
	if (r->ctlsocket) {
		command_add(c, "--ctlsocket");
		command_add(c, r->ctlsocket);
	}
}

/* "ipsec whack ..." for people; a command of its own, because the front one is not in *c. */
static void show(const struct command_line *c, const char *prefix, FILE *out)
{
	fprintf(out, "%sipsec ", prefix);
	command_print(c, "", out);
}

static struct whack_env whack_env_of(const struct run *r)
{
	return (struct whack_env){
		.out = stdout,
		.err = stderr,
		.rundir = r->paths->rundir,
		.hide_log = true,
	};
}

/* True: it went well, or was only shown. */
static bool perform(struct run *r, struct command_line *c)
{
	struct whack_env env = whack_env_of(r);
	int status;

	if (c->bad) {
		fprintf(stderr, "ipsec manual: out of memory\n");
		fail(r, EXIT_CONFIG);
		return false;
	}
	if (r->showonly) {
		show(c, "", stdout);
		return true;
	}
	if (r->show)
		show(c, "+ ", stderr);
	status = whack_main((int)c->len, c->words, &env);
	if (status)
		fail(r, status);
	return !status;
}

static bool load(struct run *r, const struct connection *conn)
{
	struct command_line c = {0};
	bool well;

	begin(r, &c);
	command_describe(&c, conn);
	command_add(&c, "--delete");
	well = perform(r, &c);
	command_done(&c);
	return well;
}

static void act(struct run *r, const char *name, const char *action)
{
	struct command_line c = {0};

	begin(r, &c);
	command_add(&c, "--name");
	command_add(&c, name);
	command_add(&c, action);
	perform(r, &c);
	command_done(&c);
}

/* ---- keys ---- */

/* What would be done, without what is secret: a shell does nothing about it. */
static void show_keys(const struct run *r, const struct connection *conn,
		      const struct manual_keys *keys, const struct chosen *suite,
		      const struct manual_source *from)
{
	FILE *out = r->showonly ? stdout : stderr;
	char text[160];

	fprintf(out,
		"%s: 'key %s: %s, SPI 0x%x towards left, 0x%x towards right; keys in %s:%u'\n",
		r->showonly ? "" : "+ ", conn->name, chosen_print(suite, text, sizeof(text)),
		keys->toward[0].spi, keys->toward[1].spi, from->file ? from->file : "no file",
		from->line);
}

static bool same_key(const struct manual_keys *k)
{
	const struct manual_sa *a = &k->toward[0], *b = &k->toward[1];

	return a->encr_len && a->encr_len == b->encr_len &&
	       !memcmp(a->encr, b->encr, a->encr_len);
}

static void warn(const struct connection *conn, const struct manual_keys *keys)
{
	fprintf(stderr,
		"ipsec manual: warning: conn %s: keys that are set by hand never change; who "
		"learns them once reads all that was and will be sent. Prefer ipsec auto where the "
		"peer speaks IKE\n",
		conn->name);
	if (same_key(keys))
		fprintf(stderr,
			"ipsec manual: warning: conn %s: both directions have one key; "
			"leftespenckey= and rightespenckey= give each its own\n",
			conn->name);
}

static void send_keys(struct run *r, const struct connection *conn, struct manual_keys *keys)
{
	struct whack_env env = whack_env_of(r);
	struct call call = {.kind = CALL_KEY, .more = true, .name = conn->name, .keys = keys};
	int status = whack_call(&call, r->ctlsocket, &env);

	if (status)
		fail(r, status);
}

static void up(struct run *r, const struct connection *conn)
{
	struct manual_source from;
	struct manual_keys keys;
	struct chosen suite;
	struct diag why;
	enum cyg_err err;

	err = manual_keys_read(r->conf, conn, &keys, &from, &why);
	if (!err)
		err = manual_suite(conn, &suite, &why);
	if (!err)
		err = manual_check(&suite, &keys, &why);
	if (err) {
		diag_prefix(&why, "conn %s: ", conn->name);
		print_diag("error", &why);
		fail(r, EXIT_BADCONN);
	} else {
		warn(conn, &keys);
		if (load(r, conn)) {
			if (r->show || r->showonly)
				show_keys(r, conn, &keys, &suite, &from);
			if (!r->showonly)
				send_keys(r, conn, &keys);
		}
	}
	manual_keys_wipe(&keys);
}

/* ---- the file ---- */

static bool open_conf(struct run *r, char *const *names, size_t len)
{
	struct problems problems = {0};
	char buf[2048];
	const char *path = paths_conf_file(r->paths, r->config, buf, sizeof(buf));
	enum cyg_err err = path ? conf_read_for(path, names, len, &r->conf, &problems)
				: CYG_LIMIT;

	loader_print_problems("ipsec manual", &problems);
	problems_done(&problems);
	if (err)
		fail(r, EXIT_CONFIG);
	return !err;
}

/* One reference; NULL, told, when it is not there or does not do. It says manual=yes by itself. */
static struct connection *describe(struct run *r, const char *name)
{
	struct problems problems = {0};
	struct connection *conn = NULL;
	struct diag why;
	enum cyg_err err = conf_connection(r->conf, name, &conn, &problems, &why);

	loader_print_problems("ipsec manual", &problems);
	if (!err) {
		conn->manual = true;
		err = connection_check(conn, &why);
	}
	if (err && !problems.errors)
		print_diag("error", &why);
	problems_done(&problems);
	if (!err)
		return conn;
	fail(r, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : EXIT_BADCONN);
	connection_unref(conn);
	return NULL;
}

static void run_one(struct run *r, const char *name)
{
	struct connection *conn;

	if (r->op == OP_DOWN || r->op == OP_UNROUTE) {
		act(r, name, r->op == OP_DOWN ? "--terminate" : "--unroute");
		return;
	}
	conn = describe(r, name);
	if (!conn)
		return;
	if (r->op == OP_UP)
		up(r, conn);
	else if (load(r, conn))
		act(r, conn->name, "--route");
	connection_unref(conn);
}

/* ---- the command line ---- */

static enum operation operation_of(const bool asked[5])
{
	enum operation op = OP_NONE;

	for (enum operation i = OP_UP; i <= OP_UNROUTE; i++) {
		if (asked[i] && op)
			return OP_NONE;
		op = asked[i] ? i : op;
	}
	return op;
}

int manual_main(int argc, char **argv, const struct paths *paths)
{
	struct run r = {.paths = paths};
	bool asked[5] = {false};
	const struct arg_option options[] = {
		{"up", NULL, &asked[OP_UP],
		 "load it, and bring it up with the keys of its section"},
		{"down", NULL, &asked[OP_DOWN],
		 "take it down; its packets are dropped from then on"},
		{"route", NULL, &asked[OP_ROUTE],
		 "load it; its packets are dropped until it is up"},
		{"unroute", NULL, &asked[OP_UNROUTE], "drop its packets no more"},
		{"show", NULL, &r.show, "print each command before it is run, but no key"},
		{"showonly", NULL, &r.showonly, "print the commands, and run none"},
		{"config", "FILE", &r.config, "read this file instead of ipsec.conf"},
		{"ctlsocket", "SOCKET", &r.ctlsocket, "speak to the pluto of this socket"},
		{0},
	};
	const struct arg_rules rules = {
		.command = "manual",
		.synopsis = "--up|--down|--route|--unroute [option ...] NAME ...",
		.options = options,
		.operand = "the name of a connection",
		.words_min = 1,
		.words_max = (size_t)argc,
		.doc = "connections whose keys people chose (manual=yes)\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	r.op = operation_of(asked);
	if (r.op == OP_NONE) {
		fprintf(stderr,
			"ipsec manual: one of --up, --down, --route and --unroute is wanted\n"
			"ipsec manual: --help tells how it is used\n");
		return EXIT_USAGE;
	}
	if (r.op == OP_UP || r.op == OP_ROUTE) {
		if (!open_conf(&r, a.words, a.len))
			return r.status;
	}
	for (size_t i = 0; i < a.len; i++)
		run_one(&r, a.words[i]);
	conf_free(r.conf);
	return r.status;
}
