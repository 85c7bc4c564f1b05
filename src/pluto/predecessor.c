/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/predecessor.h"

#include "base/text.h"
#include "net/net.h"
#include "pluto/addresses.h"
#include "pluto/daemon.h"
#include "pluto/planes.h"
#include "pluto/updown_journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void predecessors_recall(const struct rundir *r, struct predecessors *ret)
{
	int fd = openat(r->fd, RUNDIR_PLANE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[32 * PREDECESSORS_MAX], *at = text, *line;
	ssize_t n;

	*ret = (struct predecessors){0};
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	while ((line = strsep(&at, "\n")) && ret->len < PREDECESSORS_MAX) {
		struct predecessor p;

		if (sscanf(line, "%15[a-z] %3u", p.plane, &p.instance) == 2 &&
		    p.instance <= SETTINGS_INSTANCE_MAX)
			ret->all[ret->len++] = p;
	}
}

static bool is_same(const struct predecessor *a, const struct predecessor *b)
{
	return a->instance == b->instance && strcmp(a->plane, b->plane) == 0;
}

bool predecessors_have(const struct predecessors *p, const char *plane, unsigned instance)
{
	for (size_t i = 0; i < p->len; i++)
		if (!strcmp(p->all[i].plane, plane) && p->all[i].instance == instance)
			return true;
	return false;
}

void predecessors_add(struct predecessors *p, const char *plane, unsigned instance)
{
	struct predecessors fresh = {.len = 1};

	snprintf(fresh.all[0].plane, sizeof(fresh.all[0].plane), "%s", plane);
	fresh.all[0].instance = instance;
	for (size_t i = 0; i < p->len && fresh.len < PREDECESSORS_MAX; i++)
		if (!is_same(&p->all[i], &fresh.all[0]))
			fresh.all[fresh.len++] = p->all[i];
	*p = fresh;
}

enum cyg_err predecessors_note(struct rundir *r, const struct predecessors *p, struct diag *why)
{
	char text[32 * PREDECESSORS_MAX] = "";
	size_t used = 0;

	for (size_t i = 0; i < p->len; i++)
		buf_add(text, sizeof(text), &used, "%s %u\n", p->all[i].plane,
			p->all[i].instance);
	return rundir_write(r, RUNDIR_PLANE, text, why);
}

/* Nothing when the instance is another daemon's by now, who removed it then. */
static enum cyg_err clean_one(const struct predecessor *p, struct net *net, unsigned *ret_found,
			      struct diag *why)
{
	enum cyg_err err = planes_cleanup(p->plane, p->instance, net, ret_found, why);

	if (err == CYG_EXISTS)
		*ret_found = 0;
	return err == CYG_EXISTS ? CYG_OK : err;
}

enum cyg_err predecessors_clean_others(struct predecessors *p, struct net *net,
				       struct diag *why)
{
	enum cyg_err first = CYG_OK;
	size_t kept = p->len ? 1 : 0;

	for (size_t i = 1; i < p->len; i++) {
		unsigned unused;
		struct diag one;
		enum cyg_err err = clean_one(&p->all[i], net, &unused, &one);

		if (!err)
			continue;
		if (!first)
			*why = one;
		first = first ? first : err;
		p->all[kept++] = p->all[i];
	}
	p->len = kept;
	return first;
}

static enum cyg_err clean_and_tell(const struct predecessor *p, struct net *net,
				   struct diag *why)
{
	unsigned found = 0;
	enum cyg_err err = clean_one(p, net, &found, why);

	if (!err && found)
		printf("removed what an earlier pluto left of plane %s, instance %u: %u %s\n",
		       p->plane, p->instance, found,
		       found == 1 ? "thing (route, rule, table, policy or SA)"
				  : "things (routes, rules, tables, policies, SAs)");
	return err;
}

static enum cyg_err clean_kernel(const struct predecessors *p, struct diag *why)
{
	struct net *net = NULL;
	enum cyg_err err = net_open(&net, why);

	for (size_t i = 0; !err && i < p->len; i++)
		err = clean_and_tell(&p->all[i], net, why);
	if (net)
		net_close(net);
	return err;
}

#define LEFT_TOLD 20

static void on_program_left(void *ctx, const char *connection, bool up)
{
	size_t *told = ctx;

	if ((*told)++ < LEFT_TOLD)
		printf("\"%s\": its updown program was not called for %sunroute: what that set up "
		       "still stands\n",
		       connection, up ? "down and " : "");
}

/* The next pluto finds the journal no more: what stands is told here. */
static void clean_journal(const struct rundir *r)
{
	struct journal *j = NULL;
	size_t told = 0;

	if (journal_open(r->fd, &j, on_program_left, &told))
		return;
	if (told > LEFT_TOLD)
		printf("so it is for %zu more connections\n", told - LEFT_TOLD);
	journal_close(j);
}

static void clean_folder(struct rundir *r)
{
	struct addresses left;
	struct net *net = NULL;
	unsigned found = 0;

	if (!net_open(&net, NULL)) {
		found = addresses_start(&left, net, r, NULL);
		addresses_stop(&left);
	}
	net_close(net);
	if (found)
		printf("removed %u %s that an earlier pluto left on this host\n", found,
		       found == 1 ? "address" : "addresses");
	clean_journal(r);
	printf("removed what an earlier pluto left in %s\n", r->path);
	rundir_close(r, false);
}

/* What is to be cleaned: what the folder knows, else what the command line names. */
static struct predecessors choose(const struct rundir *r, const struct settings *s)
{
	struct predecessors p;

	predecessors_recall(r, &p);
	if (!p.len && s->instance != SETTINGS_INSTANCE_ANY)
		predecessors_add(&p, s->plane, s->instance);
	return p;
}

int predecessor_cleanup(const struct settings *s, struct diag *why)
{
	struct predecessors p;
	struct rundir r;
	enum cyg_err err;

	if (rundir_open(s->rundir, &r, why))
		return EXIT_SOCKET;
	err = rundir_lock(&r, why);
	if (err) {
		rundir_close(&r, false);
		return err == CYG_EXISTS ? EXIT_LOCKED : EXIT_SOCKET;
	}
	p = choose(&r, s);
	if (p.len && clean_kernel(&p, why)) {
		rundir_abandon(&r); /* so that it can be tried again */
		return EXIT_PLANE;
	}
	clean_folder(&r);
	return 0;
}
