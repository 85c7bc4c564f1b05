/* SPDX-License-Identifier: Apache-2.0 */
/* This host as the daemon sees it: its addresses, ipsec.info, and the ports that are open on them. */
#include "net/info.h"
#include "pluto/daemon_private.h"
#include "pluto/listen.h"
#include "policy/policy.h"

#include <stdlib.h>

/* One that can't be written is better not there than out of date. */
static void write_info(struct daemon *d, const struct host_view *v, struct diag *why)
{
	struct text t = {0};

	info_text(v, &t);
	if (rundir_write(&d->rundir, INFO_NAME, text_str(&t), why))
		rundir_remove(&d->rundir, INFO_NAME);
	text_done(&t);
}

/* What it says by somebody else's hand counts in *v; else it is written. */
static void use_info(struct daemon *d, struct host_view *v)
{
	bool before = d->info_by_hand;
	struct info info;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = info_read(d->rundir.fd, d->rundir.path, &info, &why);
	d->info_by_hand = !err && info_fill(&info, v, &why);
	if (err == CYG_NOTFOUND)
		write_info(d, v, &why);
	else if (d->info_by_hand && !before)
		log_say(d->log, REPORT_NOTICE, "%%defaultroute is what %s/%s says",
			d->rundir.path, INFO_NAME);
	d->info_fault = diag_is_set(&why);
	if (d->info_fault)
		daemon_say(d, d->listen_cause, REPORT_WARNING, RC_LOG_SERIOUS, "info", &why,
			   "%s", "");
}

static enum cyg_err view_refresh(struct daemon *d)
{
	struct host_view fresh;
	enum cyg_err err = listen_filter(d->settings.listen, net_view(d->net), &fresh);

	if (!err)
		use_info(d, &fresh);
	if (err)
		return err;
	free((void *)d->view.addresses);
	d->view = fresh;
	return CYG_OK;
}

/* Which end is us, and so which port is ours, is known once the core has seen the host. */
static void open_own_ports(struct daemon *d)
{
	struct endpoint *own;
	size_t len;

	if (listen_own_ports(ike_policy(d->ike), &own, &len)) {
		log_say(d->log, REPORT_ERROR,
			"memory is short: ports of ikeport= were not looked at");
		return;
	}
	for (size_t i = 0; i < len; i++)
		ports_open_own(d->ports, &own[i]);
	ports_keep_own(d->ports, own, len);
	free(own);
}

/* Sockets first: what the core answers to the news may have to leave by a new one. */
void daemon_host_changed(struct daemon *d)
{
	struct event ev = {.kind = EV_HOST};

	if (view_refresh(d)) {
		log_say(d->log, REPORT_ERROR,
			"memory is short: a change of addresses was not taken in");
		return;
	}
	if (d->listening)
		ports_update(d->ports, &d->view);
	ev.host = d->view;
	engine_event(&d->engine, &ev);
	if (d->listening)
		open_own_ports(d);
}

void daemon_loaded(struct daemon *d, const char *name)
{
	const struct loaded *l = policy_find(ike_policy(d->ike), name);
	struct endpoint own;

	if (d->listening && l && listen_own_port(l, &own))
		ports_open_own(d->ports, &own);
}
