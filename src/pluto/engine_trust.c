/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of trust on their way: what is asked of it, workers, RADIUS servers, and its answers. */
#include "pluto/engine_private.h"

#include <time.h>

bool engine_submit_trust(struct engine *e, struct trust_job *t)
{
	struct job *j = job_new(JOB_TRUST, NULL, (struct view){0});

	if (!j)
		return false;
	j->op = trust_job_op(t);
	j->trust = t;
	workers_submit(e->workers, j);
	return true;
}

/* What a worker read is known, or can't be used. */
static void end_reading(struct engine *e, struct trust_job *t)
{
	const struct diag *why = NULL;
	const char *file = trust_job_unreadable(t, &why);
	struct report r = {.level = REPORT_ERROR,
			   .code = RC_LOG_SERIOUS,
			   .event = "crl-problem",
			   .diag = why,
			   .text = file};

	if (file)
		e->host.report(e->host.ctx, &r, NULL);
	trust_job_free(t);
}

void engine_read_news(struct engine *e, struct trust_job *t)
{
	if (engine_submit_trust(e, t))
		return;
	/* Without memory for a worker's job it is done here. */
	trust_job_work(t);
	trust_job_settle(e->trust, t, time(NULL));
	end_reading(e, t);
}

void engine_answer(struct engine *e, struct trust_job *t)
{
	struct event ev = {.kind = EV_ANSWER};

	if (!trust_job_is_done(t)) {
		if (engine_submit_trust(e, t))
			return;
		/* Without memory for a worker's job it is done here. */
		trust_job_work(t);
		if (!trust_job_settle(e->trust, t, time(NULL)))
			return;
	}
	ev.answer = trust_job_reply(t)->answer;

	engine_event(e, &ev);
	trust_job_free(t);
}

void engine_trust_done(struct engine *e, struct job *j)
{
	struct trust_job *t = j->trust;

	account_add(e->account, ACCOUNT_AUTH, j->cpu);
	j->trust = NULL;
	job_free(j);
	if (trust_job_asks(t)) {
		radius_ask(&e->radius, t);
	} else if (!trust_job_settle(e->trust, t, time(NULL))) {
		/* It waits for news, and comes back by engine_answer. */
	} else if (trust_job_is_reading(t)) {
		end_reading(e, t);
	} else {
		engine_watch_dns(e, t);
		engine_answer(e, t);
	}
	e->host.news(e->host.ctx);
}

/* Put the answer behind the present step; the job lives as long. */
static void answer_auth(struct engine *e, struct trust_job *t)
{
	struct event ev = {.kind = EV_ANSWER, .answer = trust_job_reply(t)->answer};
	struct queued *q = engine_enqueue(e, &ev);

	if (q)
		q->trust = t;
	else
		trust_job_free(t);
}

void engine_perform_auth(struct engine *e, const struct action *a)
{
	nsec start = account_start(e->account);
	struct trust_job *t = trust_begin(e->trust, a, time(NULL));

	account_stop(e->account, ACCOUNT_AUTH, start);
	if (t && trust_job_collects(e->trust, t, time(NULL))) {
		e->host.wanted(e->host.ctx);
		return;
	}
	if (t && trust_job_is_done(t)) {
		answer_auth(e, t);
		return;
	}
	if (t && (engine_wants_dns(t) ? engine_ask_dns(e, t) : engine_submit_trust(e, t)))
		return;
	trust_job_free(t);
	engine_answer_error(e, a->op, CYG_NOMEM, NULL);
}

/* ---- RADIUS ---- */

static void on_radius(void *ctx, struct trust_job *t)
{
	engine_answer(ctx, t);
}

static void on_radius_complaint(void *ctx, const struct diag *why)
{
	struct engine *e = ctx;
	struct report r = {.level = REPORT_WARNING,
			   .code = RC_LOG,
			   .event = "radius",
			   .diag = why,
			   .text = "RADIUS"};

	e->host.report(e->host.ctx, &r, NULL);
}

void engine_start_radius(struct engine *e)
{
	e->radius.loop = e->loop;
	e->radius.trust = e->trust;
	e->radius.done = on_radius;
	e->radius.complain = on_radius_complaint;
	e->radius.ctx = e;
	radius_init(&e->radius);
}
