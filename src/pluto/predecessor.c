/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/predecessor.h"

#include "net/net.h"
#include "pluto/addresses.h"
#include "pluto/daemon.h"
#include "pluto/planes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void predecessor_recall(const struct rundir *r, struct predecessor *ret)
{
	int fd = openat(r->fd, RUNDIR_PLANE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct predecessor p;
	char text[64];
	ssize_t n;

	*ret = (struct predecessor){0};
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%15[a-z] %3u", p.plane, &p.instance) == 2 &&
	    p.instance <= SETTINGS_INSTANCE_MAX)
		*ret = p;
}

enum cyg_err predecessor_note(struct rundir *r, const struct predecessor *p, struct diag *why)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u\n", p->plane, p->instance);
	return rundir_write(r, RUNDIR_PLANE, text, why);
}

/* Of the kernel: nothing when the instance is another folder's by now, who removed it then. */
static enum cyg_err clean_kernel(const struct predecessor *p, struct diag *why)
{
	struct net *net = NULL;
	unsigned found = 0;
	enum cyg_err err = net_open(&net, why);

	if (err)
		return err;
	err = planes_cleanup(p->plane, p->instance, net, &found, why);
	net_close(net);
	if (err == CYG_EXISTS)
		return CYG_OK;
	if (!err && found)
		printf("removed what a killed pluto left of plane %s, instance %u: %u %s\n",
		       p->plane, p->instance, found,
		       found == 1 ? "thing (route, rule, table, policy or SA)"
				  : "things (routes, rules, tables, policies, SAs)");
	return err;
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
		printf("removed %u %s that a killed pluto left on this host\n", found,
		       found == 1 ? "address" : "addresses");
	printf("removed what a killed pluto left in %s\n", r->path);
	rundir_close(r);
}

/* What is to be cleaned: what the folder knows, else what the command line names. */
static struct predecessor choose(const struct rundir *r, const struct settings *s)
{
	struct predecessor p;

	predecessor_recall(r, &p);
	if (!p.plane[0] && s->instance != SETTINGS_INSTANCE_ANY) {
		snprintf(p.plane, sizeof(p.plane), "%s", s->plane);
		p.instance = s->instance;
	}
	return p;
}

int predecessor_cleanup(const struct settings *s, struct diag *why)
{
	struct predecessor p;
	struct rundir r;
	enum cyg_err err;

	if (rundir_open(s->rundir, &r, why))
		return EXIT_SOCKET;
	err = rundir_lock(&r, why);
	if (err) {
		rundir_close(&r);
		return err == CYG_EXISTS ? EXIT_LOCKED : EXIT_SOCKET;
	}
	p = choose(&r, s);
	if (p.plane[0] && clean_kernel(&p, why)) {
		rundir_abandon(&r); /* so that it can be tried again */
		return EXIT_PLANE;
	}
	clean_folder(&r);
	return 0;
}
