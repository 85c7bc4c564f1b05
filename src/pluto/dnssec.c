/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/dnssec.h"

#include "base/list.h"

#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#define CLASS_IN 1
#define ROOT_KEY "/usr/share/dns/root.key"
#define PATIENCE_MS 10000

struct question {
	struct list link;
	struct dnssec *d;
	void *what;
	int id; /* libunbound's */
	uv_timer_t timer;
};

struct dnssec {
	uv_loop_t *loop;
	struct dnssec_settings settings;
	struct dnssec_host host;
	struct ub_ctx *ctx; /* NULL: nothing was asked yet */
	uv_poll_t *poll;
	struct list questions;
	bool closed;
};

struct dnssec *dnssec_new(uv_loop_t *loop, const struct dnssec_settings *s,
			  const struct dnssec_host *host)
{
	struct dnssec *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->loop = loop;
	d->settings = *s;
	d->host = *host;
	list_init(&d->questions);
	return d;
}

static void free_handle(uv_handle_t *h)
{
	free(h->data);
}

/* ---- answers ---- */

/* The question is over; its memory goes once its timer is closed. */
static void end(struct question *q)
{
	list_remove(&q->link);
	uv_close((uv_handle_t *)&q->timer, free_handle);
}

static void tell(struct question *q, const struct dnssec_answer *a)
{
	struct dnssec *d = q->d;
	void *what = q->what;

	end(q);
	d->host.answer(d->host.ctx, what, a);
}

static void fail(struct question *q, const char *text)
{
	struct dnssec_answer a = {.verdict = DNS_FAILED, .text = text};

	tell(q, &a);
}

static uint8_t verdict_of(const struct ub_result *r)
{
	if (r->bogus)
		return DNS_BOGUS;
	if (r->rcode != 0 && r->rcode != 3)
		return DNS_FAILED;
	if (!r->secure)
		return DNS_UNPROVEN;
	return r->havedata ? DNS_PROVEN : DNS_NOTHING;
}

static const char *text_of(const struct ub_result *r)
{
	if (r->bogus)
		return r->why_bogus ? r->why_bogus : "no reason was given";
	if (r->rcode == 3)
		return "there is no such name";
	if (r->rcode)
		return "the name server reports a failure";
	return r->havedata ? "records without DNSSEC" : "a name without such records";
}

static void on_result(void *ctx, int err, struct ub_result *r)
{
	struct question *q = ctx;
	struct view records[DNSSEC_RECORDS_MAX];
	struct dnssec_answer a = {.records = records};

	if (err) {
		fail(q, ub_strerror(err));
		ub_resolve_free(r);
		return;
	}
	a.verdict = verdict_of(r);
	a.text = text_of(r);
	a.ttl = r->ttl > 0 ? (uint32_t)r->ttl : 0;
	while (a.verdict == DNS_PROVEN && a.len < DNSSEC_RECORDS_MAX && r->data[a.len]) {
		records[a.len] = view_of(r->data[a.len], (size_t)r->len[a.len]);
		a.len++;
	}
	a.more = a.len == DNSSEC_RECORDS_MAX && r->data[a.len];
	tell(q, &a);
	ub_resolve_free(r);
}

static void on_timeout(uv_timer_t *t)
{
	struct question *q = t->data;

	ub_cancel(q->d->ctx, q->id);
	fail(q, "no answer within 10 seconds");
}

static void on_readable(uv_poll_t *p, int status, int events)
{
	struct dnssec *d = p->data;

	ub_process(d->ctx);
}

/* ---- questions ---- */

static const char *configure(struct dnssec *d)
{
	const char *root = d->settings.root_key ? d->settings.root_key : ROOT_KEY;
	int err = ub_ctx_async(d->ctx, 1);

	/*
	 * The system's name server may be one of this host, and have the names of private
	 * addresses: nothing that it says is believed without proof.
	 */
	if (!err)
		err = ub_ctx_set_option(d->ctx, "do-not-query-localhost:", "no");
	if (!err)
		err = ub_ctx_set_option(d->ctx, "unblock-lan-zones:", "yes");
	if (!err)
		err = ub_ctx_resolvconf(d->ctx, NULL);
	if (!err)
		err = ub_ctx_add_ta_file(d->ctx, root);
	if (!err && d->settings.anchors)
		err = ub_ctx_add_ta_file(d->ctx, d->settings.anchors);
	return err ? ub_strerror(err) : NULL;
}

static bool watch(struct dnssec *d)
{
	uv_poll_t *p = malloc(sizeof(*p));

	if (!p)
		return false;
	if (uv_poll_init(d->loop, p, ub_fd(d->ctx))) {
		free(p);
		return false;
	}
	p->data = d;
	d->poll = p;
	return uv_poll_start(p, UV_READABLE, on_readable) == 0;
}

/* NULL, or what is wrong. */
static const char *begin(struct dnssec *d)
{
	const char *wrong;

	if (d->ctx)
		return NULL;
	d->ctx = ub_ctx_create();
	if (!d->ctx)
		return "libunbound could not begin";
	wrong = configure(d);
	if (!wrong && !watch(d))
		wrong = "its answers can't be waited for";
	if (wrong && !d->poll) {
		ub_ctx_delete(d->ctx);
		d->ctx = NULL;
	}
	return wrong;
}

/* What can't be asked is answered by the timer, never within the call. */
static void on_unasked(uv_timer_t *t)
{
	fail(t->data, "libunbound does not take the question: see dnssec-rootkey-file= and "
		      "dnssec-anchors=");
}

bool dnssec_ask(struct dnssec *d, const char *name, int type, void *what)
{
	struct question *q = calloc(1, sizeof(*q));
	bool asked;

	if (!q)
		return false;
	q->d = d;
	q->what = what;
	list_append(&d->questions, &q->link);
	uv_timer_init(d->loop, &q->timer);
	q->timer.data = q;
	asked = !begin(d) &&
		!ub_resolve_async(d->ctx, name, type, CLASS_IN, q, on_result, &q->id);
	uv_timer_start(&q->timer, asked ? on_timeout : on_unasked, asked ? PATIENCE_MS : 0, 0);
	return true;
}

bool dnssec_is_busy(const struct dnssec *d)
{
	return !list_empty(&d->questions);
}

static void free_poll(uv_handle_t *h)
{
	free(h);
}

void dnssec_free(struct dnssec *d)
{
	if (!d)
		return;
	LIST_EACH(q, &d->questions, struct question, link) {
		if (d->ctx)
			ub_cancel(d->ctx, q->id);
		d->host.drop(d->host.ctx, q->what);
		end(q);
	}
	if (d->poll)
		uv_close((uv_handle_t *)d->poll, free_poll);
	if (d->ctx)
		ub_ctx_delete(d->ctx);
	free(d);
}
