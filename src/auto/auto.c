/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command line of whack for each name. Loading reads ipsec.conf here, once
 * for all names, and hands the connection over as whack options.
 */
#include "auto/auto.h"

#include "auto/command.h"
#include "auto/options.h"
#include "base/text.h"
#include "buildinfo.h"
#include "conf/ca.h"
#include "conn/report.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_CONFIG 3
#define EXIT_BADCONN 30
#define WHACK_FAILED 1 /* pluto does not run, or can't be spoken to */

/* One run of the command. */
struct run {
	const struct auto_env *env;
	const struct auto_options *options;
	struct conf *conf; /* read when the first name wants it */
	struct conf *cas;  /* the same file's ca sections, once they are wanted */
	bool unreadable;   /* it was tried, and told of */
	int status;        /* of the first failure */
	size_t failures;
	const char *section;    /* whose connections are being loaded; borrowed from conf */
	size_t failures_before; /* those when its first one was begun */
};

static void fail(struct run *r, int status)
{
	r->failures++;
	if (!r->status)
		r->status = status;
}

static bool is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

static void print_problems(const struct run *r, const struct problems *p, bool notes)
{
	static const char *const words[] = {"note", "warning", "error"};
	char line[2048];

	for (size_t i = 0; i < p->len; i++) {
		if (p->items[i].level == PROBLEM_NOTE && !notes)
			continue;
		fprintf(r->env->err, "ipsec auto: %s: %s\n", words[p->items[i].level],
			diag_print(&p->items[i].diag, line, sizeof(line)));
	}
}

static void print_diag(const struct run *r, const struct diag *d)
{
	char line[2048];

	fprintf(r->env->err, "ipsec auto: error: %s\n", diag_print(d, line, sizeof(line)));
}

/* With a pattern all sections are of interest; without one, those that are named. */
static enum cyg_err read_conf(const struct auto_options *o, const char *file, struct conf **ret,
			      struct problems *problems)
{
	for (size_t i = 0; i < o->names_len; i++) {
		if (is_pattern(o->names[i]))
			return conf_read(file, ret, problems);
	}
	return conf_read_for(file, o->names, o->names_len, ret, problems);
}

/* The file to read, which may be put together in `path`. */
static const char *conf_file(const struct run *r, char *path, size_t cap)
{
	if (r->options->config)
		return r->options->config;
	snprintf(path, cap, "%s/ipsec.conf", r->env->confs);
	return path;
}

static bool open_conf(struct run *r)
{
	struct problems problems = {0};
	char path[4096];
	enum cyg_err err;

	if (r->conf || r->unreadable)
		return r->conf != NULL;
	err = read_conf(r->options, conf_file(r, path, sizeof(path)), &r->conf, &problems);
	print_problems(r, &problems, r->options->verbose);
	problems_done(&problems);
	r->unreadable = err != CYG_OK;
	if (err)
		fail(r, EXIT_CONFIG);
	return !err;
}

/* The ca sections, where the file has any. A file that is not there has none. */
static bool open_cas(struct run *r)
{
	struct problems problems = {0};
	char path[4096];
	const char *file = conf_file(r, path, sizeof(path));
	enum cyg_err err;

	if (r->cas || (!r->options->config && access(file, F_OK)))
		return r->cas != NULL;
	err = conf_read_cas(file, &r->cas, &problems);
	if (err)
		print_problems(r, &problems, r->options->verbose);
	problems_done(&problems);
	if (err)
		fail(r, EXIT_CONFIG);
	return !err;
}

/* The ca section `name`; NULL: it is none, or (told) a faulty one. */
static const struct conf_ca *read_ca(struct run *r, const char *name, struct conf_ca *ca)
{
	struct problems problems = {0};
	struct diag why;
	enum cyg_err err = conf_ca(r->cas, name, ca, &problems, &why);

	print_problems(r, &problems, r->options->verbose);
	problems_done(&problems);
	if (err && err != CYG_NOTFOUND)
		fail(r, EXIT_BADCONN);
	return err ? NULL : ca;
}

static bool has_ca(struct run *r, const char *name)
{
	const char *section;

	for (size_t i = 0; open_cas(r) && (section = conf_ca_name(r->cas, i)); i++)
		if (!strcmp(section, name))
			return true;
	return false;
}

/*
 * *ret is NULL where the name is that of a ca section, and where a pattern fits what is only a
 * part of others.
 */
static bool read_connection(struct run *r, const char *name, bool fits, struct connection **ret)
{
	struct problems problems = {0};
	struct diag why;
	enum cyg_err err;

	if (!open_conf(r))
		return false;
	err = conf_connection(r->conf, name, ret, &problems, &why);
	if ((err == CYG_NOTFOUND && has_ca(r, name)) ||
	    (err && fits && conf_is_part(r->conf, name, &problems))) {
		if (err != CYG_NOTFOUND && !conf_is_taken_in(r->conf, name))
			fprintf(r->env->err,
				"ipsec auto: conn %s lacks left= or right= and is passed over\n",
				name);
		problems_done(&problems);
		*ret = NULL;
		return true;
	}
	print_problems(r, &problems, r->options->verbose);
	if (err && !problems.errors)
		print_diag(r, &why);
	problems_done(&problems);
	if (err)
		fail(r, err == CYG_NOTFOUND ? RC_UNKNOWN_NAME : EXIT_BADCONN);
	return !err;
}

/* "ipsec whack ...", as a shell would take it here. */
static void print_command(const struct run *r, const struct command_line *c, const char *prefix,
			  FILE *out)
{
	struct command_line whole = {0};

	command_add(&whole, "ipsec");
	if (r->env->rundir) {
		command_add(&whole, "--rundir");
		command_add(&whole, r->env->rundir);
	}
	for (size_t i = 0; i < c->len; i++)
		command_add(&whole, c->words[i]);
	if (whole.bad)
		fputs("false\n", out);
	else
		command_print(&whole, prefix, out);
	command_done(&whole);
}

/* The words that every command begins with. */
static void begin(const struct run *r, struct command_line *c)
{
	command_add(c, "whack");
	if (!r->options->ctlsocket)
		return;
	command_add(c, "--ctlsocket");
	command_add(c, r->options->ctlsocket);
}

static void perform(struct run *r, struct command_line *c)
{
	int status;

	if (c->bad) {
		fprintf(r->env->err, "ipsec auto: out of memory\n");
		fail(r, EXIT_CONFIG);
		return;
	}
	if (r->options->showonly) {
		print_command(r, c, "", r->env->out);
		return;
	}
	if (r->options->show)
		print_command(r, c, "+ ", r->env->err);
	status = r->env->whack(r->env->ctx, c->words, (int)c->len, r->options->verbose);
	if (status)
		fail(r, status);
}

static void load_ca(struct run *r, const struct authority *says)
{
	struct command_line c = {0};
	char file[4096];

	begin(r, &c);
	if (!conf_ca_file(says, r->env->confs, file, sizeof(file)))
		c.bad = true;
	command_describe_authority(&c, says, file);
	perform(r, &c);
	command_done(&c);
}

static void forget_cas(struct run *r)
{
	static const char *const words[] = {"--name", "*", "--delete-ca"};
	struct command_line c = {0};

	begin(r, &c);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		command_add(&c, words[i]);
	perform(r, &c);
	command_done(&c);
}

/*
 * What the operation wants with ca sections. With a faulty one nothing changes of those that
 * are loaded; the operation is done all the same.
 */
static void take_cas(struct run *r)
{
	int before = r->status;
	struct conf_ca ca;
	const char *name;

	if (r->options->operation->cas == CAS_LEAVE || !open_cas(r))
		return;
	for (size_t i = 0; (name = conf_ca_name(r->cas, i)); i++)
		read_ca(r, name, &ca);
	if (r->status != before)
		return;
	if (r->options->operation->cas == CAS_RENEW)
		forget_cas(r);
	for (size_t i = 0; (name = conf_ca_name(r->cas, i)); i++)
		if (!conf_ca(r->cas, name, &ca, NULL, NULL) && ca.load)
			load_ca(r, &ca.says);
}

/* Pasted into a shell, the output of --showonly fails as well. */
static void show_failure(const struct run *r)
{
	if (r->options->showonly)
		fputs("false\n", r->env->out);
}

/* --add and --replace of a name that is a ca section's. */
static void load_named_ca(struct run *r, const char *name)
{
	struct conf_ca ca;

	if (read_ca(r, name, &ca))
		load_ca(r, &ca.says);
	else
		show_failure(r);
}

/*
 * The last pair of a section that was asked for whole, all others having been loaded, takes the
 * place of the section's pairs that are loaded and are no more.
 */
static void add_pairs(struct run *r, struct command_line *c, const char *name)
{
	const char *section = conf_conn_section(r->conf, name);
	char *const names[] = {(char *)section, NULL};
	const char **pairs = section && strcmp(section, name) ? conf_resolve(r->conf, names)
							      : NULL;
	struct text list = {0};
	size_t n = 0;

	while (pairs && pairs[n]) {
		text_add(&list, "%s%s", n ? " " : "", pairs[n] + strlen(section) + 1);
		n++;
	}
	if (n && !strcmp(pairs[n - 1], name) && r->failures == r->failures_before) {
		command_add(c, "--pairs");
		command_add(c, text_str(&list));
		c->bad |= list.bad;
	}
	text_done(&list);
	free(pairs);
}

/* Failures are counted by section. */
static void enter_section(struct run *r, const char *name)
{
	const char *section = conf_conn_section(r->conf, name);

	if (!section || !r->section || strcmp(section, r->section) != 0)
		r->failures_before = r->failures;
	r->section = section;
}

/* --add and --replace: the connection as the file describes it; `whole`: with all its section has. */
static void load(struct run *r, struct command_line *c, const char *name, bool fits, bool whole)
{
	struct connection *conn;

	if (open_conf(r))
		enter_section(r, name);
	if (!read_connection(r, name, fits, &conn)) {
		show_failure(r);
		return;
	}
	if (!conn) {
		if (!fits)
			load_named_ca(r, name);
		return;
	}
	command_describe(c, conn);
	if (r->options->operation->replace)
		command_add(c, "--delete");
	if (r->options->operation->replace && whole)
		add_pairs(r, c, name);
	perform(r, c);
	connection_unref(conn);
}

/* Options that change how the operation is done or shown. */
static void add_settings(const struct auto_options *o, struct command_line *c)
{
	if (o->utc && o->operation->lists)
		command_add(c, "--utc");
	if (o->json && o->operation->lists)
		command_add(c, "--json");
	if (o->brief && !strcmp(o->operation->word, "status"))
		command_add(c, "--brief");
	if (o->asynchronous && !strcmp(o->operation->word, "up"))
		command_add(c, "--asynchronous");
}

static void act(struct run *r, struct command_line *c, const char *name)
{
	char action[32];

	add_settings(r->options, c);
	if (name) {
		command_add(c, "--name");
		command_add(c, name);
	}
	snprintf(action, sizeof(action), "--%s", r->options->operation->whack);
	command_add(c, action);
	perform(r, c);
}

static void run_one(struct run *r, const char *name, bool fits, bool whole)
{
	struct command_line c = {0};

	begin(r, &c);
	if (r->options->operation->whack)
		act(r, &c, name);
	else
		load(r, &c, name, fits, whole);
	command_done(&c);
}

static bool has_section(const struct conf *conf, const char *name)
{
	const char *section;

	for (size_t i = 0; (section = conf_conn_name(conf, i)); i++)
		if (!strcmp(section, name))
			return true;
	return false;
}

static void tell_fits_none(struct run *r, const char *pattern)
{
	struct diag d;

	diag_set(&d, "conn-unknown", NULL, "no connection of the configuration fits \"%s\"",
		 pattern);
	diag_hint(&d, "\"ipsec showconf\" shows those that there are");
	print_diag(r, &d);
	fail(r, RC_UNKNOWN_NAME);
	show_failure(r);
}

/* Load what a pattern fits in the file. False: it is no pattern, or the name of one. */
static bool run_pattern(struct run *r, const char *pattern)
{
	const char *name;
	bool any = false;

	if (!is_pattern(pattern) || !open_conf(r) || has_section(r->conf, pattern))
		return false;
	for (size_t i = 0; (name = conf_conn_name(r->conf, i)); i++) {
		if (fnmatch(pattern, name, 0))
			continue;
		any = true;
		run_one(r, name, true, !fnmatch(pattern, conf_conn_section(r->conf, name), 0));
	}
	if (!any)
		tell_fits_none(r, pattern);
	return true;
}

/* Load all that have an alias. False: it is none. */
static bool run_alias(struct run *r, const char *alias)
{
	char *const names[] = {(char *)alias, NULL};
	const char **sections = open_conf(r) ? conf_resolve(r->conf, names) : NULL;
	bool found = sections && sections[0] != alias;

	for (size_t i = 0; found && sections[i]; i++)
		run_one(r, sections[i], false, true);
	free(sections);
	return found;
}

/* What is loaded is for pluto to find; what the file has is found here. */
static void run_name(struct run *r, const char *name)
{
	if (r->options->operation->whack || (!run_pattern(r, name) && !run_alias(r, name)))
		run_one(r, name, false, false);
}

int auto_main(int argc, char **argv, const struct auto_env *env)
{
	struct auto_options options;
	struct run r = {.env = env, .options = &options};

	if (!auto_options_read(argc, argv, &options, env->err))
		return EXIT_USAGE;
	if (options.help) {
		auto_options_help(env->out);
		return 0;
	}
	if (options.version) {
		fprintf(env->out, "ipsec auto %s\n", CYGNET_VERSION);
		return 0;
	}
	if (options.obsolete)
		fprintf(env->err,
			"ipsec auto: warning: obsolete word order; write  ipsec auto --%s%s%s\n",
			options.operation->word, options.names_len ? " " : "",
			options.names_len ? options.names[0] : "");
	if (!options.names_len)
		run_one(&r, NULL, false, false);
	if (r.status != WHACK_FAILED) /* it would say the same for each section */
		take_cas(&r);
	for (size_t i = 0; i < options.names_len; i++)
		run_name(&r, options.names[i]);
	conf_free(r.conf);
	conf_free(r.cas);
	return r.status;
}
