/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/news.h"

#include "fetch/fetch.h"
#include "pluto/daemon.h"
#include "pluto/reread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- files ---- */

struct saving {
	uv_work_t work;
	struct log *log;
	char *folder, *path, *fresh;
	struct bytes octets;
	int error;
};

static void saving_free(struct saving *s)
{
	bytes_done(&s->octets);
	free(s->folder);
	free(s->path);
	free(s->fresh);
	free(s);
}

static bool write_all(int fd, struct view v)
{
	while (v.len) {
		ssize_t n = write(fd, v.ptr, v.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		v.ptr += n;
		v.len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* Whole or not at all: beside it first, then in its place. In a thread of libuv's. */
static void save(uv_work_t *work)
{
	struct saving *s = work->data;
	int fd;

	if (mkdir(s->folder, 0755) && errno != EEXIST) {
		s->error = errno;
		return;
	}
	fd = open(s->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || !write_all(fd, view_bytes(&s->octets)))
		s->error = errno;
	if (fd >= 0 && close(fd) && !s->error)
		s->error = errno;
	if (!s->error && rename(s->fresh, s->path))
		s->error = errno;
	if (s->error && fd >= 0)
		unlink(s->fresh);
}

static void on_saved(uv_work_t *work, int status)
{
	struct saving *s = work->data;

	if (s->error)
		log_say(s->log, REPORT_WARNING, "can't keep the list %s: %s", s->path,
			strerror(s->error));
	saving_free(s);
}

static bool start_saving(struct daemon *d, const char *name, struct bytes *take)
{
	struct saving *s = calloc(1, sizeof(*s));

	if (!s)
		return false;
	s->work.data = s;
	s->log = d->log;
	if (asprintf(&s->folder, "%s/crls", d->ipsecd_path) < 0)
		s->folder = NULL;
	if (s->folder && asprintf(&s->path, "%s/%s", s->folder, name) < 0)
		s->path = NULL;
	/* Names that begin with a dot are not read. */
	if (s->folder && asprintf(&s->fresh, "%s/.%s", s->folder, name) < 0)
		s->fresh = NULL;
	s->octets = *take;
	*take = (struct bytes){0};
	if (s->path && s->fresh && !uv_queue_work(&d->loop, &s->work, save, on_saved))
		return true;
	saving_free(s);
	return false;
}

static void save_lists(struct daemon *d)
{
	struct bytes octets;
	char name[80];

	while (trust_next_file(d->trust, name, sizeof(name), &octets)) {
		if (!start_saving(d, name, &octets))
			log_say(d->log, REPORT_WARNING,
				"memory is short: the list %s is not kept", name);
		bytes_done(&octets);
	}
}

/* ---- to and fro ---- */

/* What a silent server is asked besides ends, too, and is not told of one by one. */
static void drop_unwanted(struct news *n)
{
	uint64_t id;

	while (trust_next_unwanted(n->daemon->trust, &id))
		fetcher_drop(n->fetcher, id);
}

static void give(struct news *n, uint64_t id, enum cyg_err err, struct bytes *take,
		 const struct diag *why)
{
	struct daemon *d = n->daemon;
	struct trust_job *j;

	if (err)
		log_diag(d->log, REPORT_NOTICE, why);
	j = trust_answer_want(d->trust, id, err, take, why, time(NULL));
	drop_unwanted(n);
	if (j)
		engine_read_news(&d->engine, j);
}

static void ask(struct news *n, const struct trust_want *w)
{
	struct fetch_ask a = {
		.id = w->id,
		.url = w->url,
		.post = w->post,
		.content_type = w->content_type,
		.octets_max = w->octets_max,
		.seconds = n->daemon->settings.fetch_seconds,
	};
	struct bytes nothing = {0};
	enum cyg_err err;
	struct diag why;

	diag_clear(&why);
	err = fetcher_ask(n->fetcher, &a, &why);
	if (err)
		give(n, w->id, err, &nothing, &why);
}

static void tell_untrusted(struct daemon *d)
{
	struct event ev = {.kind = EV_UNTRUSTED};
	struct diag why;

	ev.untrusted.why = &why;
	while (trust_next_untrusted(d->trust, &ev.untrusted.proof, &why))
		engine_event(&d->engine, &ev);
}

static void on_timer(uv_timer_t *timer)
{
	struct news *n = timer->data;

	trust_tick(n->daemon->trust, time(NULL));
	news_pump(n);
}

static void arm(struct news *n)
{
	int64_t at = trust_deadline(n->daemon->trust), now = time(NULL);

	if (at == INT64_MAX)
		uv_timer_stop(&n->timer);
	else
		uv_timer_start(&n->timer, on_timer,
			       at > now ? (uint64_t)(at - now) * 1000 : 100, 0);
}

static void pump_once(struct news *n)
{
	struct daemon *d = n->daemon;
	struct trust_want want;
	struct trust_job *j;

	drop_unwanted(n);
	while (trust_next_want(d->trust, &want))
		ask(n, &want);
	while ((j = trust_next_ready(d->trust)))
		engine_answer(&d->engine, j);
	tell_untrusted(d);
	if (n->lists_taken != trust_lists_taken(d->trust)) {
		n->lists_taken = trust_lists_taken(d->trust);
		reread_tell_revoked(d);
	}
	save_lists(d);
}

void news_pump(struct news *n)
{
	n->again = true;
	if (!n->started || n->pumping)
		return;
	n->pumping = true;
	while (n->again) {
		n->again = false;
		pump_once(n);
	}
	n->pumping = false;
	arm(n);
}

/* ---- the thread ---- */

void news_wake(struct news *n)
{
	if (n->started)
		uv_async_send(&n->wake);
}

static void on_fetched(void *ctx)
{
	struct news *n = ctx;

	uv_async_send(&n->wake);
}

static void on_wake(uv_async_t *wake)
{
	struct news *n = wake->data;
	struct fetched got;

	while (fetcher_take(n->fetcher, &got))
		give(n, got.id, got.err, &got.octets, &got.why);
	news_pump(n);
}

static void set_rules(struct daemon *d)
{
	const struct settings *s = &d->settings;
	struct trust_rules rules = {
		.policy = !strcmp(s->crl_policy, "yes")     ? CRL_POLICY_YES
			  : !strcmp(s->crl_policy, "ifuri") ? CRL_POLICY_IF_URI
							    : CRL_POLICY_NO,
		.cache = s->cache_crls,
		.interval = s->crl_interval,
		/* Two servers may be tried one after the other. */
		.patience = 2 * s->fetch_seconds + 1,
	};

	trust_set_rules(d->trust, &rules);
	if (rules.policy != CRL_POLICY_NO)
		log_say(d->log, REPORT_INFO,
			"strictcrlpolicy=%s: a peer is refused when no news of its certificates "
			"can be had%s",
			s->crl_policy,
			rules.policy == CRL_POLICY_YES ? "" : " where they name who has them");
}

enum cyg_err news_start(struct news *n, struct daemon *d)
{
	n->daemon = d;
	if (uv_async_init(&d->loop, &n->wake, on_wake))
		return CYG_NOMEM;
	uv_timer_init(&d->loop, &n->timer);
	n->wake.data = n->timer.data = n;
	n->started = true;
	set_rules(d);
	n->fetcher = fetcher_new(on_fetched, n);
	return n->fetcher ? CYG_OK : CYG_NOMEM;
}

void news_stop(struct news *n)
{
	if (!n->started)
		return;
	n->started = false;
	fetcher_free(n->fetcher);
	uv_close((uv_handle_t *)&n->wake, NULL);
	uv_close((uv_handle_t *)&n->timer, NULL);
}
