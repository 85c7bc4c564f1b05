/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the firewall is changed. It is said anew as a whole, whatever changed of it: so once for
 * all that came until the loop's next turn; and where it is long, that much less often that most
 * of the loop's time is left to others.
 */
#include "plane/esp/self.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define REST_TIMES 4                 /* as long as the change took */
#define SHORT 128                    /* passes: a change needs no rest */
#define REST_MOST (2 * NSEC_PER_SEC) /* answers wait so long */

static nsec now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (nsec)t.tv_sec * NSEC_PER_SEC + (nsec)t.tv_nsec;
}

static size_t list_ports(const struct esp_plane *e, uint16_t out[PORTS_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < PORTS_MAX; i++) {
		const struct esp_port *port = e->ports.slots[i];
		size_t at = 0;

		if (!port)
			continue;
		while (at < len && out[at] != port->local.port)
			at++;
		if (at == len)
			out[len++] = port->local.port;
	}
	return len;
}

void esp_own_change(void *ctx, uint32_t port)
{
	struct esp_plane *e = ctx;

	watch_own_firewall(&e->watch, port);
}

bool esp_firewall_lags(const struct esp_plane *e)
{
	return e->firewall_due && !e->config.no_firewall && !e->firewall_inherited;
}

/* *ret_len: how many passes it has now. */
static enum cyg_err set_anew(struct esp_plane *e, size_t *ret_len)
{
	uint16_t ports[PORTS_MAX];
	struct firewall f = {.instance = e->config.instance,
			     .mark = e->config.mark,
			     .device = e->tun.name,
			     .ports = ports,
			     .ports_len = list_ports(e, ports),
			     .asks = esp_own_change,
			     .ctx = e};
	struct passes passes;
	enum cyg_err err = passes_of(&e->spd, &passes);

	f.passes = passes.rows;
	f.passes_len = *ret_len = passes.len;
	f.branches = steer_branches(e->steer, &e->branches_version);
	if (!err)
		err = firewall_set(&f, &e->firewall_why);
	passes_done(&passes);
	watch_own_firewall(&e->watch, 0);
	return err;
}

void esp_firewall_refresh(struct esp_plane *e)
{
	nsec begun = now(), took;
	enum cyg_err err;
	size_t len;

	if (!esp_firewall_lags(e))
		return;
	e->firewall_due = e->passes_due = false;
	diag_clear(&e->firewall_why);
	err = set_anew(e, &len);
	if (err != CYG_OK && e->firewall_on)
		e->firewall_told = false;
	e->firewall_on = !err;
	steer_has_marks(e->steer, e->firewall_on);
	took = now() - begun;
	e->rests_until = len <= SHORT ? 0 : begun + took;
	if (e->rests_until)
		e->rests_until += took * REST_TIMES < REST_MOST ? took * REST_TIMES : REST_MOST;
}

static enum cyg_err commit_egress(struct esp_plane *e, struct diag *why)
{
	struct firewall f = {.instance = e->config.instance,
			     .mark = e->config.mark,
			     .device = e->tun.name,
			     .asks = esp_own_change,
			     .ctx = e};
	struct passes passes, parts = {0};
	enum cyg_err err = passes_of(&e->spd, &passes);

	if (!err)
		err = passes_parts(&e->spd, &parts);
	f.passes = passes.rows;
	f.passes_len = passes.len;
	f.parts = parts.rows;
	f.parts_len = parts.len;
	while (!err && egress_is_due(&e->egress))
		err = egress_commit(&e->egress, &f, why);
	watch_own_firewall(&e->watch, 0);
	passes_done(&passes);
	passes_done(&parts);
	return err;
}

void esp_egress_refresh(struct esp_plane *e)
{
	enum cyg_err err;

	if (!e->egress.open || e->handed_over || !egress_is_due(&e->egress))
		return;
	if (e->egress.anew) {
		egress_forget(&e->egress);
		steer_tell(e->steer);
	}
	diag_clear(&e->egress_why);
	err = commit_egress(e, &e->egress_why);
	/* The next dispatch tries again. */
	if (err)
		egress_forget(&e->egress);
	e->egress_due = err;
	e->egress_told &= !!err;
}

void esp_firewall_is_due(struct esp_plane *e)
{
	e->firewall_due = true;
	esp_wake_loop(e);
}

enum cyg_err esp_firewall_timer(struct esp_plane *e)
{
	struct epoll_event ev = {.events = EPOLLIN};

	e->rest = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return e->rest < 0 || epoll_ctl(e->watch.poll, EPOLL_CTL_ADD, e->rest, &ev) ? CYG_IO
										    : CYG_OK;
}

bool esp_firewall_rests(struct esp_plane *e)
{
	struct itimerspec until = {.it_value = {(time_t)(e->rests_until / NSEC_PER_SEC),
						(long)(e->rests_until % NSEC_PER_SEC)}};
	uint64_t ends;

	if (read(e->rest, &ends, sizeof(ends)) < 0 && errno != EAGAIN)
		return false;
	return esp_firewall_lags(e) && now() < e->rests_until &&
	       !timerfd_settime(e->rest, TFD_TIMER_ABSTIME, &until, NULL);
}
