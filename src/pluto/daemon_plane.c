/* SPDX-License-Identifier: Apache-2.0 */
/* Which plane it is, why, and with which instance. */
#include "pluto/daemon_private.h"
#include "pluto/planes.h"

#include <string.h>

static enum cyg_err open_plane(struct daemon *d, const struct plane_host *host,
			       struct diag *why)
{
	bool only_free = !d->instance_given &&
			 !predecessors_have(&d->planes, "esp", d->settings.instance);

	return planes_open(d->settings.plane, d->settings.instance, only_free, host, d->crypto,
			   d->net, &d->plane, why);
}

/*
 * With the instance that is wanted, or the first one that nobody has; `first` is tried before
 * all others, as what a predecessor left there is ours to remove.
 */
static enum cyg_err open_free(struct daemon *d, const struct plane_host *host, unsigned first,
			      struct diag *why)
{
	enum cyg_err err;

	d->instance_given = d->settings.instance != SETTINGS_INSTANCE_ANY;
	if (d->instance_given)
		return open_plane(d, host, why);
	d->settings.instance = first;
	err = open_plane(d, host, why);
	for (unsigned i = 0; err == CYG_EXISTS && i <= SETTINGS_INSTANCE_MAX; i++) {
		d->settings.instance = i;
		err = open_plane(d, host, why);
	}
	return err;
}

/* Which plane it is, and why: what plane= names, or the first one that this host can do. */
static void explain_plane(struct daemon *d, const struct diag *passed_over)
{
	size_t used = 0;
	char *to = d->plane_why;
	size_t cap = sizeof(d->plane_why);

	if (strcmp(d->settings.plane, "auto") != 0)
		buf_add(to, cap, &used, "as plane=%s asks for", d->settings.plane);
	else if (diag_is_set(passed_over))
		buf_add(to, cap, &used, "by plane=auto, as %s%s%s", passed_over->sentence,
			passed_over->got[0] ? ": " : "", passed_over->got);
	else
		buf_add(to, cap, &used, "by plane=auto, the first one that this host can do");
}

enum cyg_err daemon_start_plane(struct daemon *d, struct diag *why)
{
	struct plane_host host = {
		.ctx = &d->engine,
		.answer = engine_on_answer,
		.event = engine_on_plane_event,
		.datagram = engine_on_datagram,
		.report = engine_on_report,
	};
	struct predecessors *before = &d->planes;
	enum cyg_err err;

	predecessors_recall(&d->rundir, before);
	d->follows = before->len;
	err = open_free(d, &host, before->len ? before->all[0].instance : 0, why);
	if (err)
		return err;
	explain_plane(d, why);
	addresses_start(&d->addresses, d->net, &d->rundir, d->log);
	predecessors_add(before, d->plane->caps.name, d->settings.instance);
	return predecessors_note(&d->rundir, before, why);
}
