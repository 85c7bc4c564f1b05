/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/setup.h"

#include "ipsec/loader.h"
#include "whack/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_STOPPED = 3, EXIT_LEFTOVERS = 1, EXIT_NOTROOT = 4, EXIT_NOCONF = 6 };

#define STOP_SECONDS 10

/* pluto.pid's number; 0 when there is none. */
static pid_t read_pid(const struct paths *p)
{
	char path[2048];
	FILE *f;
	long pid = 0;

	if (!paths_join(path, sizeof(path), p->rundir, "pluto.pid"))
		return 0;
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1 || pid < 1)
		pid = 0;
	fclose(f);
	return (pid_t)pid;
}

static enum cyg_err connect_pluto(const struct paths *p, struct client **ret, struct diag *why)
{
	char path[2048];

	if (!paths_join(path, sizeof(path), p->rundir, SOCKET_NAME))
		return CYG_LIMIT;
	return client_open(path, ret, why);
}

static bool is_running(const struct paths *p)
{
	struct client *c;
	struct diag why;

	if (connect_pluto(p, &c, &why))
		return false;
	client_close(c);
	return true;
}

/* pluto's command line from config setup. */
struct pluto_args {
	char *words[32];
	size_t len;
	char numbers[4][16];
	size_t numbers_len;
};

static void arg(struct pluto_args *a, const char *option, const char *value)
{
	if (!value)
		return;
	a->words[a->len++] = (char *)option;
	a->words[a->len++] = (char *)value;
}

static void arg_flag(struct pluto_args *a, const char *option, bool given)
{
	if (given)
		a->words[a->len++] = (char *)option;
}

static void arg_number(struct pluto_args *a, const char *option, unsigned value)
{
	char *text = a->numbers[a->numbers_len];

	if (value == SETUP_UNSET)
		return;
	snprintf(text, sizeof(a->numbers[0]), "%u", value);
	a->numbers_len++;
	arg(a, option, text);
}

static void fill_args(struct pluto_args *a, const char *program, const struct conf_setup *s)
{
	a->words[a->len++] = (char *)program;
	arg(a, "--plane", s->plane);
	arg(a, "--listen", s->listen);
	arg(a, "--logfile", s->log_file);
	arg(a, "--secretsfile", s->secrets_file);
	arg(a, "--uniqueids", s->unique_ids ? NULL : "no");
	arg_flag(a, "--debug", s->debug && *s->debug && strcmp(s->debug, "none"));
	arg_number(a, "--nhelpers", s->helpers ? s->helpers : SETUP_UNSET);
	arg_number(a, "--keep-alive", s->keep_alive_seconds);
	arg_number(a, "--half-open-cookie", s->half_open_cookie);
	arg_number(a, "--half-open-max", s->half_open_max);
	a->words[a->len] = NULL;
}

/* Run pluto, which answers by its exit status once its daemon listens at the control socket. */
static bool spawn_pluto(const struct paths *p, const struct conf_setup *s)
{
	struct pluto_args a = {0};
	char program[2048];
	int status, error;
	pid_t pid;

	if (!paths_join(program, sizeof(program), p->execdir, "pluto"))
		return false;
	fill_args(&a, program, s);
	error = posix_spawn(&pid, program, NULL, NULL, a.words, environ);
	if (error) {
		fprintf(stderr, "ipsec setup: cannot run %s: %s\n", program, strerror(error));
		return false;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	fprintf(stderr, "ipsec setup: pluto did not start (it says why above, or in its log)\n");
	return false;
}

static int load_connections(const struct paths *p, const struct conf *conf)
{
	struct loaded_counts counts;
	struct client *client;
	struct diag why;
	char line[2048];
	bool well;

	if (connect_pluto(p, &client, &why)) {
		fprintf(stderr, "ipsec setup: %s\n", diag_print(&why, line, sizeof(line)));
		return EXIT_FAILED;
	}
	well = loader_run(client, conf, conf_setup(conf)->wait, &counts);
	client_close(client);
	if (!well)
		return EXIT_FAILED;
	printf("pluto runs (pid %ld): %zu connections loaded, %zu routed, %zu started\n", (long)read_pid(p),
	       counts.loaded, counts.routed, counts.started);
	if (counts.failed)
		fprintf(stderr, "ipsec setup: %zu connections have trouble; see above\n", counts.failed);
	return 0;
}

static int start(const struct paths *p)
{
	struct problems problems = {0};
	struct conf *conf;
	char path[2048];
	int status;

	if (geteuid() != 0) {
		fprintf(stderr, "ipsec setup: starting pluto needs root\n");
		return EXIT_NOTROOT;
	}
	if (!paths_join(path, sizeof(path), p->confs, "ipsec.conf") || access(path, F_OK)) {
		fprintf(stderr, "ipsec setup: there is no %s/ipsec.conf\n", p->confs);
		return EXIT_NOCONF;
	}
	if (is_running(p)) {
		printf("pluto is running already (pid %ld)\n", (long)read_pid(p));
		return 0;
	}
	status = conf_read(path, &conf, &problems) ? EXIT_FAILED : 0;
	loader_print_problems(&problems, false);
	problems_done(&problems);
	if (status)
		return status;
	status = spawn_pluto(p, conf_setup(conf)) ? load_connections(p, conf) : EXIT_FAILED;
	conf_free(conf);
	return status;
}

/* Wait until the process behind `fd` (a pidfd; -1: it has gone) has ended. */
static bool wait_end(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	if (fd < 0)
		return true;
	do {
		n = poll(&p, 1, STOP_SECONDS * 1000);
	} while (n < 0 && errno == EINTR);
	close(fd);
	return n > 0;
}

/* Ask pluto to go, then tell it, and wait until its process has gone. */
static int stop(const struct paths *p)
{
	pid_t pid = read_pid(p);
	/* Named before it ends: its number may belong to another one later. */
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct client *client;
	struct reply reply;
	struct diag why;

	if (connect_pluto(p, &client, &why)) {
		if (fd >= 0)
			close(fd);
		if (pid && !kill(pid, SIGTERM))
			printf("pluto (pid %ld) did not answer and was told to end\n", (long)pid);
		else
			printf("pluto is not running\n");
		return 0;
	}
	if (!client_send(client, &(struct call){.kind = CALL_SHUTDOWN}, &why) && !client_receive(client, &reply, &why))
		reply_done(&reply);
	client_close(client);
	if (wait_end(fd)) {
		printf("pluto (pid %ld) has stopped\n", (long)pid);
		return 0;
	}
	fprintf(stderr, "ipsec setup: pluto (pid %ld) has not stopped after %d s\n", (long)pid, STOP_SECONDS);
	return EXIT_FAILED;
}

/* The number of tunnels in a status reply; -1 when it does not say. */
static long tunnels_in(const struct reply *r)
{
	json_t *counts = json_object_get(json_object_get(r->parameters, "daemon"), "counts");
	json_t *n = json_object_get(counts, "children");

	return json_is_integer(n) ? (long)json_integer_value(n) : -1;
}

/* The number of tunnels that are up, as pluto counts them; -1 when it does not say. */
static long count_tunnels(const struct paths *p)
{
	struct call call = {.kind = CALL_STATUS, .brief = true, .more = true};
	struct client *client;
	struct diag why;
	long count = -1;
	bool more = true;

	if (connect_pluto(p, &client, &why))
		return -1;
	if (client_send(client, &call, &why))
		more = false;
	while (more) {
		struct reply reply;

		if (client_receive(client, &reply, &why))
			break;
		if (tunnels_in(&reply) >= 0)
			count = tunnels_in(&reply);
		more = reply.continues;
		reply_done(&reply);
	}
	client_close(client);
	return count;
}

static int status(const struct paths *p)
{
	static const char *const leftovers[] = {"pluto.pid", "pluto.ctl", "ipsec.info"};
	char path[2048];
	int result = EXIT_STOPPED;

	if (is_running(p)) {
		printf("IPsec running  - pluto pid: %ld\npluto pid %ld\n%ld tunnels up\n", (long)read_pid(p),
		       (long)read_pid(p), count_tunnels(p));
		return 0;
	}
	printf("IPsec stopped\n");
	for (size_t i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
		if (paths_join(path, sizeof(path), p->rundir, leftovers[i]) && !access(path, F_OK)) {
			printf("but %s is left over; the next start removes it\n", path);
			result = EXIT_LEFTOVERS;
		}
	}
	return result;
}

static void help(FILE *out)
{
	fprintf(out, "usage: ipsec setup start | stop | restart | status\n\n"
		     "  start    run pluto, load the connections with auto=, listen, route, bring up\n"
		     "  stop     take all tunnels down at both ends and end pluto\n"
		     "  restart  stop, then start\n"
		     "  status   say whether pluto runs and how many tunnels are up\n\n"
		     "The exit status of status is 0 when pluto runs, 3 when it is stopped, 1 when it\n"
		     "is stopped and files are left over.\n");
}

int setup_main(int argc, char **argv, const struct paths *paths)
{
	const char *word = argc == 2 ? argv[1] : "";
	int stopped;

	if (!strcmp(word, "--help")) {
		help(stdout);
		return 0;
	}
	if (word[0] == '-' && word[1] == '-')
		word += 2;
	if (!strcmp(word, "start"))
		return start(paths);
	if (!strcmp(word, "stop"))
		return stop(paths);
	if (!strcmp(word, "status"))
		return status(paths);
	if (!strcmp(word, "restart")) {
		stopped = stop(paths);
		return stopped ? stopped : start(paths);
	}
	help(stderr);
	return EXIT_USAGE;
}
