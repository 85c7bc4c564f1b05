/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/setup.h"

#include "base/text.h"
#include "conf/secrets.h"
#include "ipsec/args.h"
#include "ipsec/loader.h"
#include "ipsec/pluto_args.h"
#include "ipsec/service.h"
#include "ipsec/setup_private.h"
#include "whack/again.h"
#include "whack/client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define WHO "ipsec setup"
#define PLUTO_LOCKED 10 /* pluto(8): another one has the run folder */
#define RACE_STEP_MS 100
#define RACE_SECONDS 10
#define TAKEN_SO "it is taken as it is; end that line with a newline"
#define NOTHING_CHANGES \
	"nothing is changed; once it is whole, end that line with a newline and reload again"
#define EXIT_RACED (-1) /* no exit status: another start was quicker */

int setup_run_pluto(char *const *words)
{
	int status, error;
	pid_t pid;

	fflush(stdout);
	error = posix_spawn(&pid, words[0], NULL, NULL, words, environ);
	if (error) {
		fprintf(stderr, "ipsec setup: cannot run %s: %s\n", words[0], strerror(error));
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether a pluto with these settings could start; why not is told. */
static bool pluto_could_start(const struct paths *p, const struct conf_setup *s)
{
	struct pluto_args a;

	if (!pluto_args(p, s, true, &a))
		return false;
	return !setup_run_pluto(a.words);
}

/*
 * pluto answers by its exit status once its daemon listens at the control socket. 0, EXIT_RACED or
 * EXIT_FAILED.
 */
static int spawn_pluto(const struct paths *p, const struct conf_setup *s)
{
	struct pluto_args a;
	int status;

	if (!pluto_args(p, s, false, &a))
		return EXIT_FAILED;
	status = setup_run_pluto(a.words);
	if (!status)
		return 0;
	if (status == PLUTO_LOCKED)
		return EXIT_RACED;
	fprintf(stderr,
		"ipsec setup: pluto did not start (it says why above, or in its log)\n");
	return EXIT_FAILED;
}

static void tell_trouble(const struct loaded_counts *n)
{
	if (n->failed)
		fprintf(stderr, "ipsec setup: %zu connection%s trouble; see above\n", n->failed,
			n->failed == 1 ? " has" : "s have");
	else if (n->status)
		fprintf(stderr, "ipsec setup: not all went well; see above\n");
}

/* The daemon's own facts; a new reference, NULL when it does not say. */
static json_t *ask_daemon(struct client *client)
{
	struct call call = {.kind = CALL_STATUS, .brief = true, .more = true};
	bool more = true;
	json_t *daemon = NULL;
	struct diag why;

	more = !client_send(client, &call, &why);
	while (more) {
		struct reply reply;

		if (client_receive(client, &reply, &why))
			break;
		if (!daemon)
			daemon = json_incref(json_object_get(reply.parameters, "daemon"));
		more = reply.continues;
		reply_done(&reply);
	}
	return daemon;
}

long setup_ask_count(struct client *client, const char *key)
{
	json_t *daemon = ask_daemon(client);
	json_t *n = json_object_get(json_object_get(daemon, "counts"), key);
	long count = json_is_integer(n) ? (long)json_integer_value(n) : -1;

	json_decref(daemon);
	return count;
}

/* What is loaded and can't be used here: a file may be that of many hosts, so it is no failure. */
static void tell_strays(struct client *client)
{
	long n = setup_ask_count(client, "not_oriented");

	if (n > 0)
		fprintf(stderr,
			"ipsec setup: %ld connection%s no address of this host: "
			"\"ipsec checkconf\" names %s\n",
			n, n == 1 ? " fits" : "s fit", n == 1 ? "it" : "them");
}

static int load_connections(const struct paths *p, const struct conf *conf, struct again *again)
{
	struct loader_job job = {.who = WHO,
				 .action = LOADER_AUTO,
				 .confs = p->confs,
				 .wait = conf_setup(conf)->wait,
				 .again = again};
	struct loaded_counts counts;
	char mark_path[SERVICE_PATH_MAX];
	struct service s;
	int mark;
	bool well;

	service_find(p, &s);
	if (s.state != SERVICE_RUNNING) {
		fprintf(stderr,
			"ipsec setup: pluto was started, and can't be spoken to at %s/" SOCKET_NAME
			"\n",
			p->rundir);
		return EXIT_FAILED;
	}
	mark = service_start_hold(p, mark_path);
	well = loader_run(s.client, conf, &job, &counts);
	service_start_release(mark, mark_path);
	if (!well) {
		service_done(&s);
		return EXIT_FAILED;
	}
	printf("pluto runs (pid %ld): %zu connection%s loaded, %zu routed, %zu started\n",
	       (long)s.pid, counts.loaded, counts.loaded == 1 ? "" : "s", counts.routed,
	       counts.started);
	tell_strays(s.client);
	tell_trouble(&counts);
	service_done(&s);
	return counts.status ? EXIT_TROUBLE : 0;
}

/* Whether the pluto of `client` has secrets; NULL: there is none. */
static bool has_secrets(struct client *client)
{
	json_t *daemon = client ? ask_daemon(client) : NULL;
	bool some = json_integer_value(json_object_get(daemon, "secrets")) > 0;

	json_decref(daemon);
	return some;
}

/*
 * What pluto will say of ipsec.secrets stands in its log alone: tell it here too. A pipe can
 * be read only once, and is left to pluto. That there is none is as it may be, but for a pluto
 * (of `client`, if one runs) that has secrets, which refuses one with any fault. False when pluto
 * will refuse it; *faults when it, or a part of it, can't be used.
 */
static bool check_secrets(const struct paths *p, const struct conf_setup *setup,
			  struct client *client, bool *faults)
{
	struct problems problems = {0};
	struct secret_lines lines;
	char path[2048];
	const char *file = setup->secrets_file;
	bool well = true, missing = false, none = false, half = false;
	struct stat st;

	if (!file && paths_join(path, sizeof(path), p->confs, "ipsec.secrets"))
		file = path;
	if (!file || (!stat(file, &st) && S_ISFIFO(st.st_mode)))
		return true;
	if (!secrets_read(file, &lines, &problems)) {
		none = !lines.len;
		half = lines.unended;
		secret_lines_done(&lines);
		well = (!none && !problems.errors && !half) || !has_secrets(client);
	} else {
		well = missing = access(file, F_OK) && errno == ENOENT && !has_secrets(client);
	}
	if (missing)
		fprintf(stderr, "ipsec setup: there is no %s, and so no secret\n", file);
	else
		loader_print_problems(WHO, &problems);
	if (none && !well)
		fprintf(stderr,
			"ipsec setup: %s has no secret at all, and pluto has some; if it is meant "
			"so: ipsec setup stop, then start\n",
			file);
	*faults |= !well || (problems.errors && !missing);
	problems_done(&problems);
	return well;
}

/*
 * ipsec.conf, its complaints told. Else an exit status, and *ret is untouched. *faults when a
 * part of it that is no connection's can't be used: settings, lines that stand nowhere.
 */
static int read_conf(const struct paths *p, struct conf **ret, bool *faults)
{
	struct problems problems = {0};
	char path[2048];
	const char *file = paths_conf_file(p, NULL, path, sizeof(path));
	enum cyg_err err;

	if (!file)
		return EXIT_NOCONF;
	if (access(file, F_OK)) {
		fprintf(stderr, "ipsec setup: there is no %s\n", file);
		return EXIT_NOCONF;
	}
	err = conf_read(file, ret, &problems);
	loader_print_problems(WHO, &problems);
	*faults |= problems.errors != 0;
	problems_done(&problems);
	return err ? EXIT_FAILED : 0;
}

static struct again *read_again(const struct paths *p)
{
	int folder = open(p->rundir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct again *all = folder < 0 ? NULL : again_read(folder);

	if (folder >= 0)
		close(folder);
	return all;
}

static int start_with(const struct paths *p, const struct conf *conf, bool faults)
{
	struct again *again = read_again(p);
	int status = spawn_pluto(p, conf_setup(conf));

	if (!status)
		status = load_connections(p, conf, again);
	else
		faults = false;
	again_free(again);
	if (status || !faults)
		return status;
	fprintf(stderr, "ipsec setup: not all that is configured is in force; see above\n");
	return EXIT_TROUBLE;
}

/* Nobody has called --ready yet, which comes when all is loaded. */
static bool is_before_ready(struct client *client)
{
	json_t *daemon = ask_daemon(client);
	bool before = json_is_false(json_object_get(daemon, "was_ready"));

	json_decref(daemon);
	return before;
}

/* Settings are pluto's from its start on: those that the file has otherwise are named. */
static void tell_settings(const struct service *s, const struct paths *p,
			  const struct conf_setup *setup)
{
	struct pluto_args a;
	char names[512];

	if (pluto_args(p, setup, false, &a) &&
	    pluto_args_differ(&a, s->pid, names, sizeof(names)))
		fprintf(stderr,
			"ipsec setup: config setup is not what pluto runs with (%s): "
			"\"ipsec setup restart\" applies it\n",
			names);
}

static int apply_difference(struct service *s, const struct paths *p, const struct conf *conf,
			    struct again *again)
{
	struct loader_job job = {.who = WHO,
				 .action = LOADER_AUTO,
				 .confs = p->confs,
				 .wait = conf_setup(conf)->wait,
				 .again = again};
	struct loaded_counts n;
	unsigned line;

	if (!loader_reload(s->client, conf, &job, &n))
		return EXIT_FAILED;
	printf("%zu connection%s loaded, %zu deleted, %zu left as %s, %zu routed, %zu started\n",
	       n.loaded, n.loaded == 1 ? "" : "s", n.deleted, n.same,
	       n.same == 1 ? "it was" : "they were", n.routed, n.started);
	tell_strays(s->client);
	tell_settings(s, p, conf_setup(conf));
	tell_trouble(&n);
	return n.status || n.kept || conf_gap(conf, &line) ? EXIT_TROUBLE : 0;
}

/*
 * A file that ends amid a line is half written, as far as anybody can tell: what runs is not
 * changed by it. True when it is one, and that is told, with what becomes of it.
 */
static bool is_half_written(const struct conf *conf, const char *then)
{
	struct conf_origin at;

	if (!conf_unended(conf, &at))
		return false;
	fprintf(stderr,
		"ipsec setup: %s:%u: the last line does not end, so the file may be half written: "
		"%s\n",
		at.file, at.line, then);
	return true;
}

/* What ipsec.conf says, as far as it is not in force; what may be half a file only at the start. */
static int apply(struct service *s, const struct paths *p, bool at_start)
{
	struct again *again;
	struct conf *conf;
	bool faults = false;
	int status = read_conf(p, &conf, &faults);

	if (status)
		return status;
	if (is_half_written(conf, at_start ? TAKEN_SO : NOTHING_CHANGES) && !at_start) {
		status = EXIT_FAILED;
	} else {
		check_secrets(p, conf_setup(conf), s->client, &faults);
		again = at_start ? read_again(p) : NULL;
		status = apply_difference(s, p, conf, again);
		again_free(again);
	}
	conf_free(conf);
	return !status && faults ? EXIT_TROUBLE : status;
}

/*
 * pluto runs: nothing is to be done, unless who started it was killed before all was loaded. What
 * is in force already is left as it is.
 */
static int start_again(const struct paths *p, struct service *s)
{
	long other;
	enum service_start mark = service_start_look(p, &other);
	char path[2048];
	int held, status;

	if (mark == START_UNDER_WAY) {
		printf("pluto runs (pid %ld), and ipsec setup (pid %ld) is loading its "
		       "connections\n",
		       (long)s->pid, other);
		return 0;
	}
	if (mark == START_NONE && !is_before_ready(s->client)) {
		printf("pluto is running already (pid %ld)\n", (long)s->pid);
		return 0;
	}
	fprintf(stderr,
		"ipsec setup: pluto runs (pid %ld), and not all was loaded when it was started; "
		"that is done now\n",
		(long)s->pid);
	held = service_start_hold(p, path);
	status = apply(s, p, true);
	service_start_release(held, path);
	return status;
}

/* Another start was quicker, as pluto has said: what it leaves undone is done. */
static int start_beside(const struct paths *p)
{
	const struct timespec pause = {.tv_nsec = RACE_STEP_MS * 1000000L};
	time_t until = time(NULL) + RACE_SECONDS;
	struct service s;
	int status = EXIT_FAILED;

	service_find(p, &s);
	/* It has the folder, and may not listen yet. */
	while (s.state != SERVICE_RUNNING && time(NULL) < until) {
		service_done(&s);
		nanosleep(&pause, NULL);
		service_find(p, &s);
	}
	if (s.state == SERVICE_RUNNING)
		status = start_again(p, &s);
	else
		fprintf(stderr,
			"ipsec setup: the other pluto does not answer yet: start again\n");
	service_done(&s);
	return status;
}

static int start(const struct paths *p)
{
	struct service s;
	struct conf *conf;
	bool faults = false;
	int status;

	service_find(p, &s);
	if (s.state == SERVICE_RUNNING) {
		status = start_again(p, &s);
		service_done(&s);
		return status;
	}
	service_done(&s);
	status = read_conf(p, &conf, &faults);
	if (status)
		return status;
	is_half_written(conf, TAKEN_SO);
	check_secrets(p, conf_setup(conf), NULL, &faults);
	status = start_with(p, conf, faults);
	conf_free(conf);
	return status == EXIT_RACED ? start_beside(p) : status;
}

/* A service that does not run has nothing to reload: as service managers want it, a failure. */
static int reload(const struct paths *p)
{
	struct service s;
	int status;

	service_find(p, &s);
	if (s.state != SERVICE_RUNNING) {
		service_done(&s);
		fprintf(stderr, "ipsec setup: pluto %s\n",
			s.state == SERVICE_STOPPED
				? "is not running; \"ipsec setup start\" runs it"
				: "does not answer; \"ipsec setup restart\" ends it");
		return EXIT_FAILED;
	}
	status = apply(&s, p, false);
	service_done(&s);
	return status;
}

static void help(FILE *out)
{
	fprintf(out,
		"usage: ipsec setup [--config FILE] start | stop | restart | reload | status\n\n"
		"  start    run pluto, load the connections with auto=, listen, route, bring up\n"
		"  stop     take all tunnels down at both ends and end pluto; remove what a killed one left\n"
		"  restart  stop, then start, and block meanwhile what was protected\n"
		"           (condrestart, try-restart: if it runs)\n"
		"  reload   apply what has changed in ipsec.conf; what has not stays up\n"
		"  status   say whether pluto runs and how many tunnels are up\n\n"
		"  --config FILE   read FILE, not ipsec.conf\n\n"
		"The exit status of status is 0 when pluto runs, 3 when it is stopped, 1 when it\n"
		"is stopped and files are left over, 4 when it does not answer.\n");
}

/* Whether what was read will do to start with, once what runs has been stopped for it. */
static bool may_replace(const struct paths *p, const struct conf *conf, struct client *client,
			bool *faults)
{
	unsigned line;
	const char *file = conf_gap(conf, &line);

	if (is_half_written(conf, "it must be whole, and its last line end with a newline"))
		return false;
	if (file) {
		fprintf(stderr,
			"ipsec setup: %s:%u could not be read, and no connection is known to "
			"be the one it belongs to (see above)\n",
			file, line);
		return false;
	}
	file = client ? conf_hollow(conf, &line) : NULL;
	if (file && loader_count_gone(client, conf, WHO)) {
		fprintf(stderr,
			"ipsec setup: %s:%u includes an empty file, or of a folder that is not "
			"there, and loaded connections may belong there\n",
			file, line);
		return false;
	}
	if (!check_secrets(p, conf_setup(conf), client, faults)) {
		fprintf(stderr,
			"ipsec setup: pluto would refuse the file of secrets (see above)\n");
		return false;
	}
	return pluto_could_start(p, conf_setup(conf));
}

/* What runs is stopped only for what can be started in its place. */
static int replace(const struct paths *p, struct service *s)
{
	struct conf *conf = NULL;
	bool faults = false;
	int status = read_conf(p, &conf, &faults);

	if (!status && !may_replace(p, conf, s->client, &faults))
		status = EXIT_FAILED;
	if (status) {
		fprintf(stderr, "ipsec setup: pluto is not stopped and runs as before; mend "
				"this and restart again\n");
	} else {
		status = setup_end(s, true);
		if (!status)
			status = start_with(p, conf, faults);
		if (status == EXIT_RACED)
			status = start_beside(p);
		if (status == EXIT_FAILED)
			setup_report_plane(p);
	}
	conf_free(conf);
	return status;
}

static int restart(const struct paths *p)
{
	struct service s;
	int status;

	service_find(p, &s);
	if (s.state == SERVICE_STOPPED) {
		service_done(&s);
		printf("pluto is not running\n");
		return start(p);
	}
	status = replace(p, &s);
	service_done(&s);
	return status;
}

/* For service managers: one that does not run is left so. */
static int restart_running(const struct paths *p)
{
	struct service s;

	service_find(p, &s);
	service_done(&s);
	return s.state == SERVICE_STOPPED ? 0 : restart(p);
}

static const struct verb {
	const char *word;
	int (*run)(const struct paths *p);
	bool root; /* needs to be run by it */
} verbs[] = {
	{"start", start, true},
	{"stop", setup_stop, true},
	{"restart", restart, true},
	{"condrestart", restart_running, true},
	{"try-restart", restart_running, true},
	{"reload", reload, true},
	{"force-reload", reload, true},
	{"status", setup_status, false},
};

/* A word that is no verb, or one too many. */
static int refuse(int argc, char **argv)
{
	const char *words[sizeof(verbs) / sizeof(verbs[0])];
	const char *near;

	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		words[i] = verbs[i].word;
	near = text_nearest(argv[1], words, sizeof(verbs) / sizeof(verbs[0]));
	if (argc > 2)
		fprintf(stderr, "ipsec setup: one word too many: %s\n", argv[2]);
	else if (near)
		fprintf(stderr, "ipsec setup: there is no %s; did you mean %s?\n", argv[1],
			near);
	else
		fprintf(stderr, "ipsec setup: there is no %s\n", argv[1]);
	fprintf(stderr, "ipsec setup: --help tells how it is used\n");
	return EXIT_USAGE;
}

/* Take --config out of the words. False when its file is missing. */
static bool take_config(int *argc, char **argv, struct paths *p)
{
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		if (!strncmp(argv[i], "--config=", 9)) {
			p->config = argv[i] + 9;
		} else if (strcmp(argv[i], "--config") != 0) {
			argv[n++] = argv[i];
		} else if (++i < *argc) {
			p->config = argv[i];
		} else {
			fprintf(stderr, "ipsec setup: --config needs a file\n");
			return false;
		}
	}
	*argc = n;
	return true;
}

static int run_verb(int argc, char **argv, const struct paths *paths)
{
	const char *word = argc == 2 ? argv[1] : "";

	if (argc > 1 && !strcmp(argv[argc - 1], "--help")) {
		help(stdout);
		return 0;
	}
	if (word[0] == '-' && word[1] == '-')
		word += 2;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].word, word) != 0)
			continue;
		if (!verbs[i].root || geteuid() == 0)
			return verbs[i].run(paths);
		fprintf(stderr, "ipsec setup: %s needs root\n", word);
		return EXIT_NOTROOT;
	}
	return refuse(argc, argv);
}

int setup_main(int argc, char **argv, const struct paths *paths)
{
	struct paths p = *paths;

	return take_config(&argc, argv, &p) ? run_verb(argc, argv, &p) : EXIT_USAGE;
}
