/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What another hand took away is put back: rules, routes, the firewall, the
 * device itself.
 */
#include "plane/esp/self.h"

#include "plane/esp/strict.h"

#include <stdio.h>

/* Cut and sealed, what the device gives as one packet is to fit one UDP datagram. */
#define GSO_MAX 60000u

/* Rules, routes and, where strict checks want them, the ways back to our own ports. */
static enum cyg_err put_back(struct esp_plane *e, struct diag *why)
{
	size_t missing = 0;
	bool moved = false;
	char text[160];
	enum cyg_err err = steer_restore(e->steer, e->tun.ifindex, &missing, &moved, why);

	for (size_t i = 0; i < PORTS_MAX && !err; i++) {
		const struct esp_port *port = e->ports.slots[i];

		if (port && strict_checks(e->net, &port->local))
			err = steer_bypass(e->steer, &port->local, true, why);
	}
	if (moved)
		esp_report(e, "plane-taken",
			   "another program put a routing rule before ours: ours are in front "
			   "again; until now packets may have left in clear",
			   NULL);
	if (err || !missing)
		return err;
	snprintf(text, sizeof(text),
		 "another program removed %zu of our routes and rules: they are back; until now "
		 "packets may have left in clear",
		 missing);
	esp_report(e, "plane-taken", text, NULL);
	return CYG_OK;
}

/* As a device of ours is to be, new or made anew. */
enum cyg_err esp_set_up_device(struct esp_plane *e, struct diag *why)
{
	enum cyg_err err;

	e->tuned = tun_tune(&e->tun);
	err = net_link_hush(e->net, e->tun.ifindex, why);
	if (!err)
		err = net_link_up(e->net, e->tun.ifindex, e->mtu, why);
	/* Where it is refused, some packets take two messages: no more. */
	if (!err)
		(void)net_link_gso(e->net, e->tun.ifindex, GSO_MAX, NULL);
	return err;
}

static enum cyg_err make_device_again(struct esp_plane *e, struct diag *why)
{
	enum cyg_err err = tun_again(&e->tun, why);

	if (!err)
		err = esp_set_up_device(e, why);
	e->gone = err;
	if (err)
		return err;
	e->watch.ifindex = e->tun.ifindex;
	e->watch.down = false;
	esp_report(e, "plane-device", "another program removed our device: it is made anew",
		   NULL);
	return CYG_OK;
}

static void mend_firewall(struct esp_plane *e)
{
	bool again = e->firewall_again, was_on = e->firewall_on;

	e->firewall_again = false;
	e->firewall_due = true;
	e->firewall_inherited = e->firewall_known = false;
	egress_forget(&e->egress);
	esp_refresh(e);
	if (!e->firewall_on || (again && was_on))
		return;
	if (again)
		esp_report(
			e, "plane-firewall",
			"nf_tables takes our rules again: clear text for protected selectors "
			"is dropped",
			NULL);
	else
		esp_report(e, "plane-taken",
			   "another program removed our nf_tables rules: they are back; until now "
			   "clear text was let in for protected networks",
			   NULL);
}

/* One who reloads a firewall or restarts a network manager takes ours along: put it back. */
void esp_mend(struct esp_plane *e)
{
	unsigned heard = watch_read(&e->watch);
	struct diag why = {0};
	enum cyg_err err = CYG_OK;

	if (!heard || e->handed_over)
		return;
	if (heard & WATCH_DOWN && e->watch.down)
		esp_report(e, "plane-device",
			   "our device was set down: nothing is carried until it is up again",
			   NULL);
	if (heard & WATCH_GONE)
		err = make_device_again(e, &why);
	if (!err && heard & (WATCH_GONE | WATCH_UP | WATCH_RULES | WATCH_ROUTES) &&
	    !e->watch.down)
		err = put_back(e, &why);
	if (heard & WATCH_FIREWALL)
		mend_firewall(e);
	crew_wake(&e->crew);
	if (!err && steer_lags(e->steer))
		err = CYG_IO;
	if (!err) {
		e->mending = false;
		return;
	}
	if (!e->mending)
		esp_report(
			e, "plane-taken",
			steer_lags(e->steer)
				? "the kernel keeps a route or rule of ours that is to go: packets "
				  "that it leads past a tunnel leave in clear"
				: "what another program took from us or stands before can't be put right",
			&why);
	e->mending = true;
	/* Where there is no room before another's rule, only a change of the rules helps. */
	if (err != CYG_RANGE)
		watch_again(&e->watch, heard & ~(unsigned)(WATCH_FIREWALL | WATCH_DOWN));
}
