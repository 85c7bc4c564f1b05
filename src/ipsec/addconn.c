/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/addconn.h"

#include "base/text.h"
#include "ipsec/args.h"
#include "ipsec/checkconf.h"
#include "ipsec/conf_text.h"
#include "ipsec/loader.h"
#include "whack/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_CONFIG = 3, EXIT_UNREACHABLE = 255 };

struct options {
	const char *config, *socket, *base, *prefix, *as;
	bool check, fatal, all, by_auto, setup, verbose;
	bool list_all, list_add, list_route, list_start, list_ignore, list_keep;
	const char *unused;
};

/* ---- what the file says, for scripts ---- */

/* Which auto= each list takes. */
static bool is_listed(const struct options *o, int start)
{
	switch (start) {
	case START_ADD:
		return o->list_all || o->list_add;
	case START_ROUTE:
		return o->list_all || o->list_route;
	case START_UP:
		return o->list_all || o->list_route || o->list_start;
	case START_KEEP:
		return o->list_all || o->list_keep;
	default:
		return o->list_all || o->list_ignore;
	}
}

static bool lists(const struct options *o)
{
	return o->list_all || o->list_add || o->list_route || o->list_start || o->list_ignore ||
	       o->list_keep;
}

static void list_names(const struct options *o, const struct conf *conf)
{
	const char *name;

	for (size_t i = 0; (name = conf_conn_name(conf, i)); i++) {
		if (is_listed(o, conf_conn_start(conf, name)))
			puts(name);
	}
}

/* A shell assignment, quoted so that nothing of the value is more than that. */
static void assign(const char *prefix, const char *name, const char *value)
{
	printf("%s%s='", prefix ? prefix : "", name);
	for (; *value; value++)
		fputs(*value == '\'' ? "'\\''" : (char[]){*value, '\0'}, stdout);
	fputs("'\n", stdout);
}

struct naming {
	const char *prefix;
	struct text name;
};

/* "keep-alive" is keep_alive: a shell's names have no dashes. */
static void assign_setting(void *ctx, const char *keyword, const char *value)
{
	struct naming *n = ctx;

	text_clear(&n->name);
	for (; *keyword; keyword++)
		text_add_char(&n->name, *keyword == '-' ? '_' : *keyword);
	assign(n->prefix, text_str(&n->name), value);
}

/* The settings as variables; what is not set, and has no fixed default, is left out. */
static void print_setup(const char *prefix, const struct conf_setup *s)
{
	struct naming n = {.prefix = prefix};

	conf_text_settings(s, assign_setting, &n);
	text_done(&n.name);
}

/* ---- loading ---- */

static bool action_of(const char *word, enum loader_action *ret)
{
	static const struct {
		const char *word;
		enum loader_action action;
	} words[] = {{"add", LOADER_ADD},  {"route", LOADER_ROUTE}, {"ondemand", LOADER_ROUTE},
		     {"start", LOADER_UP}, {"up", LOADER_UP},       {"keep", LOADER_ADD}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_same(word, words[i].word)) {
			*ret = words[i].action;
			return true;
		}
	}
	fprintf(stderr,
		"ipsec addconn: --auto=%s can't be used; it is add, ondemand (or route), "
		"start (or up)\n",
		word);
	return false;
}

static int load(const struct options *o, const struct conf *conf, const struct paths *p,
		char *const *names)
{
	struct loader_job job = {.who = "ipsec addconn",
				 .names = names,
				 .confs = p->confs,
				 .wait = true};
	struct loaded_counts n;
	struct client *client;
	char line[1024], *path;
	struct diag why;
	bool well;

	if (o->by_auto)
		job.action = LOADER_AUTO;
	else if (o->as && !action_of(o->as, &job.action))
		return EXIT_USAGE;
	path = o->socket ? strdup(o->socket) : client_socket_path(p->rundir, o->base);
	if (!path || client_open(path, &client, &why)) {
		free(path);
		fprintf(stderr, "ipsec addconn: %s\n", diag_print(&why, line, sizeof(line)));
		return EXIT_UNREACHABLE;
	}
	free(path);
	well = loader_run(client, conf, &job, &n);
	client_close(client);
	if (!well)
		return EXIT_UNREACHABLE;
	if (o->verbose)
		printf("%zu connection%s loaded, %zu routed, %zu started\n", n.loaded,
		       n.loaded == 1 ? "" : "s", n.routed, n.started);
	return (int)n.status;
}

static int act(const struct options *o, const struct conf *conf, const struct paths *p,
	       const struct args *a)
{
	if (lists(o))
		list_names(o, conf);
	if (o->setup)
		print_setup(o->prefix, conf_setup(conf));
	if (a->len)
		return load(o, conf, p, a->words);
	if (o->all || o->by_auto)
		return load(o, conf, p, NULL);
	return 0;
}

static bool has_work(const struct options *o, const struct args *a)
{
	if (a->len || o->check || o->all || o->by_auto || o->setup || lists(o))
		return true;
	fprintf(stderr, "ipsec addconn: nothing is to be done: name a connection, or say "
			"--addall, --checkconfig or a list\n"
			"ipsec addconn: --help tells how it is used\n");
	return false;
}

/* `addconn --checkconfig` is checkconf. */
static int check(const struct options *o, const struct paths *p, const struct args *a)
{
	char **words = calloc(a->len + 6, sizeof(*words));
	size_t n = 0;
	int status;

	if (!words)
		return EXIT_CONFIG;
	words[n++] = (char *)"checkconf";
	if (o->config) {
		words[n++] = (char *)"--config";
		words[n++] = (char *)o->config;
	}
	if (o->fatal)
		words[n++] = (char *)"--strict";
	words[n++] = (char *)"--";
	for (size_t i = 0; i < a->len; i++)
		words[n++] = a->words[i];
	status = checkconf_main((int)n, words, p);
	free(words);
	return status;
}

static int run(const struct options *o, const struct paths *p, const struct args *a)
{
	struct problems problems = {0};
	struct conf *conf;
	char path[2048];
	const char *file = paths_conf_file(p, o->config, path, sizeof(path));
	enum cyg_err err;
	int status;

	if (!has_work(o, a))
		return EXIT_USAGE;
	if (o->check)
		return check(o, p, a);
	if (!file)
		return EXIT_CONFIG;
	err = conf_read_for(file, a->words, lists(o) ? 0 : a->len, &conf, &problems);
	loader_print_problems("ipsec addconn", &problems);
	status = err || (o->fatal && problems.len) ? EXIT_CONFIG : ARGS_GO;
	problems_done(&problems);
	if (status == ARGS_GO)
		status = act(o, conf, p, a);
	if (!err)
		conf_free(conf);
	return status;
}

int addconn_main(int argc, char **argv, const struct paths *paths)
{
	struct options o = {0};
	const struct arg_option options[] = {
		{"config", "FILE", &o.config, "read FILE, not ipsec.conf"},
		{"addall", NULL, &o.all, "load every connection whose auto= says so"},
		{"autoall", NULL, &o.by_auto,
		 "the same, then listen, route and bring up by auto="},
		{"auto", "WORD", &o.as,
		 "what to do with NAME: add, ondemand (route), start (up)"},
		{"checkconfig", NULL, &o.check, "load nothing; as ipsec checkconf"},
		{"warningsfatal", NULL, &o.fatal, "take warnings for errors"},
		{"listall", NULL, &o.list_all, "print the names of all connections"},
		{"listadd", NULL, &o.list_add, "those with auto=add"},
		{"listroute", NULL, &o.list_route,
		 "those that are routed: auto=route, auto=start"},
		{"listondemand", NULL, &o.list_route, NULL},
		{"liststart", NULL, &o.list_start, "those with auto=start"},
		{"listup", NULL, &o.list_start, NULL},
		{"listkeep", NULL, &o.list_keep, "those with auto=keep"},
		{"listignore", NULL, &o.list_ignore,
		 "those with auto=ignore, or without auto="},
		{"configsetup", NULL, &o.setup, "print config setup as shell variables"},
		{"varprefix", "TEXT", &o.prefix, "begin each such variable with TEXT"},
		{"ctlsocket", "SOCKET", &o.socket, "speak to pluto there"},
		{"ctlbase", "BASE", &o.base, "speak to pluto at BASE.ctl"},
		{"verbose", NULL, &o.verbose, "tell how much was done"},
		{"debug", NULL, &o.verbose, NULL},
		{"defaultroute", "ADDRESS", &o.unused, NULL},
		{"defaultroutenexthop", "ADDRESS", &o.unused, NULL},
		{0},
	};
	const struct arg_rules rules = {
		.command = argv[0],
		.synopsis = "[option ...] [NAME ...]",
		.options = options,
		.words_max = (size_t)argc,
		.doc = "Load connections of ipsec.conf, each in place of the one of its name,\n"
		       "or print what the file says, for scripts.\n",
		.more = "The exit status is 0; 2 for a command line that can't be understood; "
			"3 when the\nfile can't be read; 21 for a name that it does not have; "
			"30 for a connection that\nit describes wrongly; 255 when pluto can't "
			"be reached; else what pluto said.\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status == ARGS_GO && o.unused)
		fprintf(stderr,
			"ipsec addconn: --defaultroute and --defaultroutenexthop do nothing: pluto knows this "
			"host's default route; where there is none, write %s/ipsec.info (pluto(8))\n",
			paths->rundir);
	return status == ARGS_GO ? run(&o, paths, &a) : status;
}
