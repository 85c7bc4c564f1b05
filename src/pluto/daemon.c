/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon as a whole: how its parts are made, joined and taken down, and
 * what happens when the host changes or somebody wants it to stop.
 */
#include "pluto/daemon.h"

#include "crypto/crypto.h"
#include "pluto/daemon_private.h"
#include "pluto/groups.h"
#include "pluto/predecessor.h"
#include "pluto/reread.h"
#include "pluto/undelivered.h"
#include "pluto/updown_journal.h"
#include "policy/policy.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STOP_PATIENCE_MS 5000 /* more than the core takes to say goodbye */
/*
 * What an earlier run left stands this long after --ready and the last command that loads, routes
 * or brings up something, or so long if --ready never comes.
 */
#define SETTLE_MS 10000
#define SETTLE_AT_MOST_MS 60000

/* ---- telling ---- */

/*
 * Whether anybody can make us write this at will. Not what a local command
 * brought about, and not the plain course of a connection, which only a peer
 * that proved itself can run; but refusals of one that did not.
 */
static bool is_strangers(const struct report *r)
{
	return !r->cause && (!r->connection || r->level > REPORT_NOTICE);
}

void daemon_report(struct daemon *d, const struct report *r, const struct ip_addr *source)
{
	nsec start = account_start(&d->account);

	log_report(d->log, r, is_strangers(r) ? source : NULL);
	account_stop(&d->account, ACCOUNT_LOG, start);
	calls_report(&d->calls, r);
}

void daemon_say(struct daemon *d, uint64_t cause, enum report_level level, unsigned code,
		const char *event, const struct diag *why, const char *fmt, ...)
{
	char text[512];
	struct report r = {
		.level = (uint8_t)level,
		.code = (uint16_t)code,
		.event = event,
		.cause = cause,
		.text = text,
		.diag = why,
	};
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	daemon_report(d, &r, NULL);
}

static void on_report(void *ctx, const struct report *r, const struct ip_addr *source)
{
	daemon_report(ctx, r, source);
}

/* Of the ports: while they are opened for a command, it is the cause. */
static void on_ports_report(void *ctx, const struct report *r)
{
	struct daemon *d = ctx;
	struct report told = *r;

	told.cause = d->listen_cause;
	daemon_report(d, &told, NULL);
}

static void on_ports_datagram(void *ctx, const struct endpoint *local,
			      const struct endpoint *remote, struct view data)
{
	struct daemon *d = ctx;

	engine_on_datagram(&d->engine, local, remote, data);
}

/* Of the control server, whose context is the calls. */
static void on_notice(void *ctx, const char *text)
{
	const struct calls *c = ctx;

	log_say(c->daemon->log, REPORT_NOTICE, "%s", text);
}

static void on_stop_timeout(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	log_say(d->log, REPORT_WARNING, "stopping without waiting for %s any longer",
		d->core_stopped ? "updown programs" : "peers");
	uv_stop(&d->loop);
}

static bool on_waits(void *ctx, uint64_t cause)
{
	struct daemon *d = ctx;

	return calls_wait_for(&d->calls, cause);
}

static void on_done(void *ctx, uint64_t cause, unsigned code)
{
	struct daemon *d = ctx;

	if (cause && cause == d->ready.cause && d->ready.code &&
	    (code == RC_COMMENT || code == RC_SUCCESS))
		code = d->ready.code;
	if (!d->stopping || cause != d->stop_cause) {
		calls_end(&d->calls, cause, code);
		return;
	}
	/* Its caller is answered when all is gone; programs that undo things still run. */
	d->core_stopped = true;
	if (updown_is_idle(d->updown))
		uv_stop(&d->loop);
	else
		uv_timer_start(&d->stop_timer, on_stop_timeout,
			       d->settings.updown_seconds * 1000 + STOP_PATIENCE_MS, 0);
}

static void on_programs_idle(void *ctx)
{
	struct daemon *d = ctx;

	if (d->core_stopped)
		uv_stop(&d->loop);
}

static void on_program_answer(void *ctx, const struct answer *a)
{
	struct daemon *d = ctx;

	engine_on_answer(&d->engine, a);
}

static void on_program_report(void *ctx, const struct report *r)
{
	daemon_report(ctx, r, NULL);
}

static void on_wanted(void *ctx)
{
	struct daemon *d = ctx;

	news_wake(&d->news);
}

static void on_news(void *ctx)
{
	struct daemon *d = ctx;

	news_pump(&d->news);
}

/* ---- this host, and its plane ---- */

static void on_net(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;
	bool changed = false;

	if (net_read(d->net, &changed))
		log_say(d->log, REPORT_WARNING,
			"can't learn what changed of this host's addresses");
	if (changed && !d->stopping)
		daemon_host_changed(d);
}

static void on_plane(uv_poll_t *poll, int status, int events)
{
	struct daemon *d = poll->data;

	d->plane->ops->dispatch(d->plane);
	engine_plane_dispatched(&d->engine);
}

/* What earlier runs left on other planes stops what they protected, until ours does. */
static void clean_others(struct daemon *d)
{
	struct diag why;
	size_t before = d->planes.len;

	diag_clear(&why);
	if (predecessors_clean_others(&d->planes, d->net, &why))
		log_diag(d->log, REPORT_WARNING, &why);
	if (d->planes.len < before && predecessors_note(&d->rundir, &d->planes, &why))
		log_diag(d->log, REPORT_WARNING, &why);
}

static void on_settled(uv_timer_t *timer);

void daemon_routes(struct daemon *d)
{
	if (d->was_ready && !d->settled)
		uv_timer_start(&d->settle_timer, on_settled, SETTLE_MS, 0);
}

bool daemon_guards(const struct daemon *d, nsec *ret_left)
{
	*ret_left = uv_timer_get_due_in(&d->settle_timer) * NSEC_PER_MS;
	return d->follows && !d->settled;
}

static void on_settled(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	if (calls_route(&d->calls)) {
		daemon_routes(d);
		return;
	}
	d->settled = true;
	standing_settled(&d->standing);
	if (d->plane->ops->settled)
		d->plane->ops->settled(d->plane);
	engine_plane_dispatched(&d->engine);
	clean_others(d);
}

/* ---- what callers ask ---- */

static enum cyg_err on_read_group(void *ctx, const char *name, uint64_t cause,
				  struct group_lines *ret, struct diag *why)
{
	struct problems problems = {0};
	struct daemon *d = ctx;
	enum cyg_err err = groups_load(d->policies_path, name, ret, &problems, why);

	reread_tell(d, cause, "group-problem", &problems);
	problems_done(&problems);
	if (err == CYG_NOTFOUND || (!err && ret->blank))
		err = groups_lost(d, name, !err, why);
	else if (!err && ret->unended)
		err = groups_half(d, name, ret, why);
	return err;
}

static void on_address(void *ctx, const struct ip_addr *a, bool add)
{
	struct daemon *d = ctx;

	if (add)
		addresses_set(&d->addresses, a);
	else
		addresses_remove(&d->addresses, a);
}

/* What is not as it should be, though the core will have nothing against it. */
static void note_ready(struct daemon *d, uint64_t cause)
{
	d->ready.cause = cause;
	d->ready.code = 0;
	if (ports_taken(d->ports))
		d->ready.code = RC_DEAF;
	else if (d->info_fault)
		d->ready.code = RC_LOG_SERIOUS;
}

bool daemon_wants_secrets(const struct daemon *d)
{
	return !d->secrets_known || d->was_ready;
}

void daemon_listen(struct daemon *d, uint64_t cause)
{
	bool changed, wants_secrets = daemon_wants_secrets(d);

	if (net_read(d->net, &changed))
		log_say(d->log, REPORT_WARNING, "can't look at this host's addresses");
	d->listening = d->was_ready = true;
	d->listen_cause = cause;
	daemon_host_changed(d);
	d->listen_cause = 0;
	note_ready(d, cause);
	/* Connections are routed after this. */
	daemon_routes(d);
	if (wants_secrets)
		reread_secrets(d, cause);
	reread_certs(d, cause);
	reread_ocspcerts(d, cause);
	reread_aacerts(d, cause);
	reread_first_crls(d, cause);
}

void daemon_answer_peers(struct daemon *d, uint64_t cause)
{
	engine_command(&d->engine, cause, &(struct command){.kind = CMD_LISTEN});
}

void daemon_unlisten(struct daemon *d, uint64_t cause)
{
	static const struct host_view nowhere;

	d->listening = false;
	ports_keep_own(d->ports, NULL, 0);
	ports_update(d->ports, &nowhere);
	engine_command(&d->engine, cause, &(struct command){.kind = CMD_UNLISTEN});
}

void daemon_stop(struct daemon *d, uint64_t cause, bool hand_over)
{
	struct command command = {.kind = CMD_SHUTDOWN};

	if (d->stopping)
		return;
	d->stopping = true;
	d->handing_over = hand_over;
	standing_stop(&d->standing);
	d->stop_cause = cause ? cause : engine_next_cause(&d->engine);
	daemon_say(d, cause, REPORT_NOTICE, RC_LOG, "stopping", NULL, "shutting down%s",
		   hand_over ? "; what is protected is blocked until the next one takes over"
			     : "");
	if (hand_over && d->plane->ops->hand_over)
		d->plane->ops->hand_over(d->plane);
	uv_timer_start(&d->stop_timer, on_stop_timeout, STOP_PATIENCE_MS, 0);
	engine_command(&d->engine, d->stop_cause, &command);
}

/* As those who rotate logs ask for it. */
static void begin_log_anew(struct daemon *d)
{
	struct diag why;

	diag_clear(&why);
	if (log_reopen(d->log, &d->settings, &why))
		log_diag(d->log, REPORT_WARNING, &why);
	log_say(d->log, REPORT_NOTICE,
		"SIGHUP opens the log file anew, no more: use \"ipsec auto --rereadsecrets\", "
		"--ready or --replace");
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (number == SIGHUP)
		begin_log_anew(d);
	else if (number != SIGTERM && number != SIGINT && number != SIGQUIT)
		log_say(d->log, REPORT_NOTICE, "ignored SIG%s: it means nothing here",
			sigabbrev_np(number));
	else if (d->stopping)
		uv_stop(&d->loop); /* asked twice: at once */
	else
		daemon_stop(d, 0, false);
}

/* ---- starting ---- */

static enum cyg_err start_signals(struct daemon *d)
{
	/* Those of timers, pollers and batteries would end a process that does not take them. */
	static const int numbers[] = {SIGTERM, SIGINT,  SIGQUIT,   SIGHUP,  SIGUSR1, SIGUSR2,
				      SIGALRM, SIGPROF, SIGVTALRM, SIGPOLL, SIGPWR};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		d->signals[i].data = d;
		if (uv_signal_start(&d->signals[i], on_signal, numbers[i]))
			return CYG_IO;
	}
	signal(SIGPIPE, SIG_IGN);
	uv_timer_init(&d->loop, &d->stop_timer);
	d->stop_timer.data = d;
	uv_timer_init(&d->loop, &d->settle_timer);
	d->settle_timer.data = d;
	uv_timer_start(&d->settle_timer, on_settled, SETTLE_AT_MOST_MS, 0);
	return CYG_OK;
}

static void start_poll(struct daemon *d, uv_poll_t *poll, int fd, uv_poll_cb callback)
{
	poll->data = NULL;
	if (fd < 0 || uv_poll_init(&d->loop, poll, fd))
		return;
	poll->data = d;
	uv_poll_start(poll, UV_READABLE, callback);
}

/* What was written wrong allows nothing, and is told; ipsec setup has checked it before. */
static void read_private(struct daemon *d)
{
	struct diag why;

	if (!d->settings.virtual_private)
		return;
	diag_clear(&why);
	if (virtual_list_read(d->settings.virtual_private, &d->private_nets, &why))
		log_diag(d->log, REPORT_ERROR, &why);
}

/* Without servers a connection that wants them is refused, and the reason told, when a peer comes. */
static void read_radius(struct daemon *d)
{
	struct diag why;

	diag_clear(&why);
	d->engine.radius.seconds = d->settings.radius_seconds ? d->settings.radius_seconds : 1;
	d->engine.radius.tries = d->settings.radius_tries ? d->settings.radius_tries : 1;
	if (radius_set_servers(&d->engine.radius, d->settings.radius_servers, &why))
		log_diag(d->log, REPORT_ERROR, &why);
}

static struct ike_settings core_settings(const struct daemon *d)
{
	struct ike_settings s = ike_settings_default();

	s.encap_always = d->plane->caps.needs_encap;
	s.tunnel_only = !d->plane->caps.transport;
	s.no_beet = !d->plane->caps.beet;
	s.esp_only = !d->plane->caps.ah;
	s.unscoped = !d->plane->caps.scopes;
	s.handling = d->plane->caps.handling;
	s.reqid_last = d->plane->caps.reqid_last;
	s.unique_ids = !strcmp(d->settings.unique_ids, "yes");
	s.contact_ignored = !strcmp(d->settings.unique_ids, "never");
	s.private_nets = d->private_nets;
	if (d->settings.half_open_cookie != UINT32_MAX)
		s.half_open_cookie = d->settings.half_open_cookie;
	if (d->settings.half_open_max != UINT32_MAX)
		s.half_open_max = d->settings.half_open_max;
	if (d->settings.keep_alive_seconds != UINT32_MAX)
		s.keepalive = d->settings.keep_alive_seconds * NSEC_PER_SEC;
	return s;
}

static void on_program_note(void *ctx, const struct updown *u)
{
	struct daemon *d = ctx;

	if (d->journal && !journal_note(d->journal, u))
		log_say(d->log, REPORT_WARNING, "can't write " JOURNAL_FILE " in %s",
			d->rundir.path);
}

#define LEFT_TOLD 20

static void on_program_left(void *ctx, const char *connection, bool up)
{
	struct daemon *d = ctx;

	if (d->left++ < LEFT_TOLD)
		log_say(d->log, REPORT_WARNING,
			"\"%s\": the pluto before ended without calling its updown program for "
			"%sunroute: what that set up still stands",
			connection, up ? "down and " : "");
}

static void start_journal(struct daemon *d)
{
	if (journal_open(d->rundir.fd, &d->journal, on_program_left, d))
		log_say(d->log, REPORT_WARNING, "can't keep " JOURNAL_FILE " in %s",
			d->rundir.path);
	if (d->left > LEFT_TOLD)
		log_say(d->log, REPORT_WARNING, "so it is for %zu more connections",
			d->left - LEFT_TOLD);
}

static enum cyg_err start_programs(struct daemon *d)
{
	struct updown_host host = {
		.ctx = d,
		.answer = on_program_answer,
		.report = on_program_report,
		.note = on_program_note,
		.idle = on_programs_idle,
		.view = &d->view,
		.stack = d->plane->caps.name,
		.limit_ms = d->settings.updown_seconds * 1000,
	};

	if (strcmp(d->plane->caps.name, "esp") == 0) {
		snprintf(d->tunnel, sizeof(d->tunnel), "ipsec%u", d->settings.instance);
		host.tunnel = d->tunnel;
	}
	start_journal(d);
	d->updown = updown_new(&d->loop, &host);
	return d->updown ? CYG_OK : CYG_NOMEM;
}

static enum cyg_err start_core(struct daemon *d)
{
	struct ike_settings settings;
	struct ports_host host = {
		.ctx = d,
		.datagram = on_ports_datagram,
		.undeliverable = undelivered_on_error,
		.report = on_ports_report,
	};

	read_private(d);
	settings = core_settings(d);
	d->trust = trust_new(d->crypto);
	cards_init(&d->cards, d);
	early_init(&d->early, d);
	d->ike = ike_new(&settings, d->crypto, &d->entropy);
	d->ports = ports_new(&d->loop, d->plane, &d->account, &host);
	if (!d->trust || !d->ike || !d->ports || start_programs(d))
		return CYG_NOMEM;
	d->engine = (struct engine){
		.loop = &d->loop,
		.ike = d->ike,
		.trust = d->trust,
		.plane = d->plane,
		.ports = d->ports,
		.updown = d->updown,
		.account = &d->account,
		.dns = {d->settings.dns_root_key, d->settings.dns_anchors},
		.host = {.ctx = d,
			 .report = on_report,
			 .read_group = on_read_group,
			 .unsent = undelivered_on_no_socket,
			 .address = on_address,
			 .wanted = on_wanted,
			 .news = on_news,
			 .waits = on_waits,
			 .done = on_done},
	};
	read_radius(d);
	if (engine_start(&d->engine, d->crypto, d->settings.workers))
		return CYG_NOMEM;
	return news_start(&d->news, d);
}

static enum cyg_err start_control(struct daemon *d, int fd, gid_t group)
{
	struct control_host host = {
		.ctx = &d->calls,
		.call = calls_take,
		.gone = calls_client_gone,
		.drained = calls_drained,
		.notice = on_notice,
	};

	calls_init(&d->calls, d);
	d->control = control_new(&d->loop, fd, group, &host);
	return d->control ? CYG_OK : CYG_NOMEM;
}

static enum cyg_err explain_start(enum cyg_err err, const char *what, struct diag *why)
{
	if (err && !diag_is_set(why))
		diag_set(why, "start", NULL, "can't start %s: %s", what, cyg_err_text(err));
	return err;
}

/* What the plane needs to exist before it. */
static enum cyg_err start_ground(struct daemon *d, struct diag *why)
{
	if (uv_loop_init(&d->loop))
		return explain_start(CYG_IO, "the event loop", why);
	d->crypto = crypto_new(NULL);
	if (!d->crypto)
		return explain_start(CYG_CRYPTO, "libcrypto", why);
	d->entropy = crypto_entropy(d->crypto);
	return explain_start(net_open(&d->net, why), "watching this host's addresses", why);
}

enum cyg_err daemon_start(struct daemon *d, int control_fd, gid_t group, int *ret_exit,
			  struct diag *why)
{
	enum cyg_err err;

	*ret_exit = EXIT_FAIL;
	d->started = engine_now();
	err = start_ground(d, why);
	if (err)
		return err;
	err = explain_start(daemon_start_plane(d, why), "the plane", why);
	if (err) {
		*ret_exit = EXIT_PLANE;
		return err;
	}
	err = explain_start(start_core(d), "the core", why);
	if (!err)
		err = explain_start(start_control(d, control_fd, group), "the control server",
				    why);
	if (!err)
		err = explain_start(start_signals(d), "waiting for signals", why);
	if (err)
		return err;
	standing_start(&d->standing, &d->loop, &d->rundir, ike_policy(d->ike));
	start_poll(d, &d->net_poll, net_fd(d->net), on_net);
	start_poll(d, &d->plane_poll, d->plane->ops->fd(d->plane), on_plane);
	daemon_host_changed(d);
	return CYG_OK;
}

/* ---- the end ---- */

static void close_poll(uv_poll_t *poll)
{
	if (!poll->data)
		return;
	uv_poll_stop(poll);
	uv_close((uv_handle_t *)poll, NULL);
}

/*
 * Nothing of ours may stay on the host when the last caller hears that we are gone, but what
 * guards when another one is to follow.
 */
static void take_down(struct daemon *d)
{
	close_poll(&d->net_poll);
	close_poll(&d->plane_poll);
	news_stop(&d->news);
	cards_stop(&d->cards);
	engine_stop(&d->engine);
	updown_stop(d->updown);
	journal_close(d->journal);
	ports_close(d->ports);
	d->plane->ops->close(d->plane);
	addresses_stop(&d->addresses);
	if (!d->handing_over)
		clean_others(d);
	net_close(d->net);
	rundir_close(&d->rundir, d->handing_over);
	calls_end_all(&d->calls, d->stop_cause);
	calls_stop(&d->calls);
	control_close(d->control);
	for (size_t i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
		uv_close((uv_handle_t *)&d->signals[i], NULL);
	uv_close((uv_handle_t *)&d->stop_timer, NULL);
	uv_close((uv_handle_t *)&d->settle_timer, NULL);
	standing_close(&d->standing);
	early_stop(&d->early);
	uv_run(&d->loop, UV_RUN_NOWAIT); /* handles close */
}

static void free_parts(struct daemon *d)
{
	engine_done(&d->engine);
	ports_free(d->ports);
	updown_free(d->updown);
	control_free(d->control);
	ike_free(d->ike);
	free(d->private_nets);
	trust_free(d->trust);
	cards_done(&d->cards);
	crypto_free(d->crypto);
	free((void *)d->view.addresses);
	/* A name look-up under way keeps the loop busy; the process ends anyway. */
	uv_loop_close(&d->loop);
}

void daemon_run(struct daemon *d)
{
	uv_run(&d->loop, UV_RUN_DEFAULT);
	take_down(d);
	free_parts(d);
}
