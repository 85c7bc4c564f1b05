/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the firewall and what holds back at the way out (egress.h) are changed: once for all that
 * came until the loop's next turn, and both in one transaction, so that no packet meets one without
 * the other. The firewall is said anew as a whole, whatever changed of it: where it is long, that
 * much less often that most of the loop's time is left to others.
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

bool esp_firewall_lags(const struct esp_plane *e)
{
	return e->firewall_due && !e->config.no_firewall && !e->firewall_inherited;
}

/* What goes past the routes: whether it is to be told, and can be. */
static bool egress_waits(const struct esp_plane *e)
{
	return e->egress.open && !e->handed_over && egress_is_due(&e->egress);
}

bool esp_lags(const struct esp_plane *e)
{
	return esp_firewall_lags(e) || (egress_waits(e) && !e->egress_due);
}

/* What both tables are said from. */
struct source {
	uint16_t ports[PORTS_MAX];
	struct passes passes;
	struct firewall f;
};

static enum cyg_err know_parts(struct esp_plane *e)
{
	enum cyg_err err = CYG_OK;

	if (e->parts_known)
		return CYG_OK;
	passes_done(&e->parts);
	err = passes_parts(&e->spd, &e->parts);
	e->parts_known = !err;
	return err;
}

static enum cyg_err take(struct esp_plane *e, bool parts, struct source *s)
{
	enum cyg_err err = passes_of(&e->spd, &s->passes);

	if (!err && parts)
		err = know_parts(e);
	s->f = (struct firewall){.instance = e->config.instance,
				 .mark = e->config.mark,
				 .device = e->tun.name,
				 .ports = s->ports,
				 .ports_len = list_ports(e, s->ports),
				 .passes = s->passes.rows,
				 .passes_len = s->passes.len,
				 .parts = e->parts.rows,
				 .parts_len = e->parts.len,
				 .anew = !e->firewall_known,
				 .patience = e->patience,
				 .branches = steer_branches(e->steer, &e->branches_version),
				 .by = &e->nft};
	return err;
}

/* The firewall was said anew, with so many passes. */
static void firewall_was_set(struct esp_plane *e, enum cyg_err err, size_t passes, nsec begun)
{
	nsec took;

	if (err != CYG_OK && e->firewall_on)
		e->firewall_told = false;
	e->firewall_on = e->firewall_known = !err;
	steer_has_marks(e->steer, e->firewall_on);
	took = now() - begun;
	e->rests_until = passes <= SHORT ? 0 : begun + took;
	if (e->rests_until)
		e->rests_until += took * REST_TIMES < REST_MOST ? took * REST_TIMES : REST_MOST;
}

static void say_all_anew(struct esp_plane *e)
{
	egress_forget(&e->egress);
	steer_tell(e->steer);
}

/* In steps, the last of which sets the firewall as well, if that is wanted. */
static enum cyg_err commit_egress(struct esp_plane *e, const struct firewall *f,
				  bool with_firewall, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	while (!err && egress_is_due(&e->egress))
		err = egress_commit(&e->egress, f, with_firewall, why);
	return err;
}

/* Once more from the start where another hand, or a full memory, was in the way. */
static enum cyg_err set_egress(struct esp_plane *e, const struct firewall *f,
			       bool with_firewall)
{
	enum cyg_err err;

	if (e->egress.anew || e->egress.lost)
		say_all_anew(e);
	diag_clear(&e->egress_why);
	err = commit_egress(e, f, with_firewall, &e->egress_why);
	if (!err)
		return CYG_OK;
	say_all_anew(e);
	diag_clear(&e->egress_why);
	err = commit_egress(e, f, with_firewall, &e->egress_why);
	if (err)
		egress_forget(&e->egress);
	return err;
}

/* Not for a kernel that lacks something, or rights. The watch waits a second between two times. */
static void try_again(struct esp_plane *e, enum cyg_err err)
{
	if ((err != CYG_IO && err != CYG_NOMEM) || e->firewall_inherited)
		return;
	e->firewall_again = true;
	watch_again(&e->watch, WATCH_FIREWALL);
	esp_wake_loop(e);
}

/* Where it can't be opened the kernel's refusal says why, and it is tried again with the next change. */
static void open_socket(struct esp_plane *e)
{
	if (!nft_socket_port(&e->nft) && nft_socket_open(&e->nft))
		watch_own_firewall(&e->watch, nft_socket_port(&e->nft));
}

static void refresh(struct esp_plane *e, bool firewall, bool egress)
{
	nsec begun = now();
	struct source s;
	enum cyg_err err = take(e, egress, &s), out = CYG_OK;

	open_socket(e);
	if (firewall) {
		e->firewall_due = e->passes_due = false;
		diag_clear(&e->firewall_why);
	}
	if (egress) {
		out = err ? err : set_egress(e, &s.f, firewall);
		/* One that is refused does not take the firewall along. */
		if (out && firewall && !err)
			err = firewall_set(&s.f, &e->firewall_why);
		e->egress_due = out;
		e->egress_told &= !!out;
	} else if (!err) {
		err = firewall_set(&s.f, &e->firewall_why);
	}
	if (firewall)
		firewall_was_set(e, err, s.passes.len, begun);
	try_again(e, err ? err : out);
	passes_done(&s.passes);
}

void esp_refresh(struct esp_plane *e)
{
	bool firewall = esp_firewall_lags(e), egress = egress_waits(e);

	if (firewall || egress)
		refresh(e, firewall, egress);
}

void esp_refresh_networks(struct esp_plane *e)
{
	if (egress_waits(e) && !e->egress.due && !e->egress.anew)
		refresh(e, false, true);
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
