/* SPDX-License-Identifier: Apache-2.0 */
/* How the service ends, what a pluto leaves behind, and what there is of it. */
#include "ipsec/setup_private.h"
#include "whack/client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STOP_SECONDS 10
#define DEAF_SECONDS 5 /* of one that does not answer; then it is killed */

static bool end_wait(void *ctx, unsigned waited_ms, struct diag *why)
{
	return false;
}

/*
 * Ask for all tunnels to be taken down, and wait until the process has gone. When it is to be
 * followed by another one, it leaves what stops clear text meanwhile.
 */
static bool shut_down(struct service *s, bool restart)
{
	struct call call = {.kind = CALL_SHUTDOWN, .restart = restart};
	struct reply reply;
	struct diag why;

	client_set_patience(s->client,
			    &(struct client_patience){end_wait, NULL, STOP_SECONDS * 1000});
	if (!client_send(s->client, &call, &why) && !client_receive(s->client, &reply, &why))
		reply_done(&reply);
	return service_end(s, false, STOP_SECONDS);
}

/* What lies in the run folder as long as a pluto runs, and when it was killed. */
static const char *const leftovers[] = {"pluto.pid", SOCKET_NAME, "ipsec.info", "pluto.plane"};
#define LEFTOVERS (sizeof(leftovers) / sizeof(leftovers[0]))

/* The path of the i-th one if it is there. */
static bool is_left(const struct paths *p, size_t i, char *path, size_t cap)
{
	return paths_join(path, cap, p->rundir, leftovers[i]) && !access(path, F_OK);
}

/*
 * One that was killed, or stopped for a restart that failed, blocks what it protected until
 * its routes and policies are removed.
 */
static int remove_leftovers(const struct paths *p)
{
	char program[2048], path[2048];
	char *words[] = {program, (char *)"--cleanup", NULL};
	bool any = false;

	for (size_t i = 0; i < LEFTOVERS; i++)
		any |= is_left(p, i, path, sizeof(path));
	if (!any)
		return 0;
	if (paths_join(program, sizeof(program), p->execdir, "pluto") &&
	    !setup_run_pluto(words))
		return 0;
	fprintf(stderr,
		"ipsec setup: what an earlier pluto left could not be removed (see above); "
		"what it protected may stay blocked until \"ipsec setup start\" or another stop\n");
	return EXIT_FAILED;
}

int setup_end(struct service *s, bool restart)
{
	bool deaf = s->state == SERVICE_DEAF;

	if (s->state == SERVICE_RUNNING
		    ? shut_down(s, restart)
		    : service_end(s, true, deaf ? DEAF_SECONDS : STOP_SECONDS)) {
		printf("pluto (pid %ld) has stopped\n", (long)s->pid);
		return 0;
	}
	if (deaf && service_kill(s)) {
		printf("pluto (pid %ld) did not answer and was killed\n", (long)s->pid);
		return 0;
	}
	fprintf(stderr,
		"ipsec setup: pluto (pid %ld) has not stopped after %d s: wait, or kill -9 %ld\n",
		(long)s->pid, STOP_SECONDS, (long)s->pid);
	return EXIT_FAILED;
}

int setup_stop(const struct paths *p)
{
	struct service s;
	int status;

	service_find(p, &s);
	if (s.state == SERVICE_STOPPED) {
		service_done(&s);
		printf("pluto is not running\n");
		return remove_leftovers(p);
	}
	status = setup_end(&s, false);
	service_done(&s);
	return status ? status : remove_leftovers(p);
}

void setup_report_plane(const struct paths *p)
{
	char path[2048], word[16] = "";
	FILE *f = paths_join(path, sizeof(path), p->rundir, "pluto.plane") ? fopen(path, "re")
									   : NULL;

	if (!f)
		return;
	if (fscanf(f, "%15[a-z]", word) == 1 && !strcmp(word, "esp"))
		printf("what the tunnels of the pluto before protected is blocked until the "
		       "next start or stop\n");
	else if (!strcmp(word, "xfrm"))
		printf("the kernel keeps the policies of the pluto before, and its SAs if it was "
		       "killed: what they protect is blocked once the SAs end, until the next "
		       "start or stop\n");
	fclose(f);
}

static int report_stopped(const struct paths *p)
{
	int result = EXIT_STOPPED;
	char path[2048];

	printf("IPsec stopped\n");
	for (size_t i = 0; i < LEFTOVERS; i++) {
		if (is_left(p, i, path, sizeof(path))) {
			printf("but %s is left over; the next start or stop removes it\n",
			       path);
			result = EXIT_LEFTOVERS;
		}
	}
	setup_report_plane(p);
	return result;
}

int setup_status(const struct paths *p)
{
	struct service s;
	long tunnels = -1;

	service_find(p, &s);
	if (s.state == SERVICE_STOPPED)
		return report_stopped(p);
	if (s.state == SERVICE_RUNNING)
		tunnels = setup_ask_count(s.client, "tunnels");
	service_done(&s);
	if (tunnels < 0 && s.state != SERVICE_DENIED) {
		printf("IPsec does not answer: pluto (pid %ld) starts, stops or hangs\n",
		       (long)s.pid);
		return EXIT_DEAF;
	}
	printf("IPsec running  - pluto pid: %ld\npluto pid %ld\n", (long)s.pid, (long)s.pid);
	if (tunnels >= 0)
		printf("%ld tunnels up\n", tunnels);
	else
		printf("tunnels are told to root alone\n");
	return 0;
}
