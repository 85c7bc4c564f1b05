/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/engine.h"

#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/ke.h"
#include "pluto/engine_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OP_OF_QUERY UINT32_MAX /* the core counts up from 1 and never gets there */

/* A command that has ended for the core. */
struct ended {
	struct list link;
	uint64_t cause, changed; /* the plane's count, then */
	unsigned code;
};

nsec engine_now(void)
{
	return uv_hrtime();
}

/* ---- the queue ---- */

static void queued_free(struct queued *q)
{
	free(q->why);
	free(q->addrs);
	group_lines_done(&q->lines);
	trust_job_free(q->trust);
	free(q);
}

static struct queued *queued_new(const struct event *ev)
{
	struct queued *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->ev = *ev;
	if (ev->kind != EV_ANSWER || !diag_is_set(ev->answer.why)) {
		if (ev->kind == EV_ANSWER)
			q->ev.answer.why = NULL;
		return q;
	}
	q->why = malloc(sizeof(*q->why));
	if (!q->why) {
		free(q);
		return NULL;
	}
	*q->why = *ev->answer.why;
	q->ev.answer.why = q->why;
	return q;
}

static void lose(struct engine *e)
{
	static const struct report r = {
		.level = REPORT_ERROR,
		.code = RC_INTERNALERR,
		.event = "no-memory",
		.text = "memory is short: an answer to the protocol core was lost",
	};

	e->lost++;
	e->host.report(e->host.ctx, &r, NULL);
}

struct queued *engine_enqueue(struct engine *e, const struct event *ev)
{
	struct queued *q = queued_new(ev);

	if (q)
		list_append(&e->queue, &q->link);
	else
		lose(e);
	return q;
}

/* ---- carrying out actions ---- */

void engine_answer_error(struct engine *e, uint32_t op, enum cyg_err err,
			 const struct diag *why)
{
	struct event ev = {.kind = EV_ANSWER, .answer = {.op = op, .err = err, .why = why}};

	engine_enqueue(e, &ev);
}

static void perform_send(struct engine *e, const struct action *a)
{
	if (!ports_send(e->ports, &a->send.local, &a->send.remote, a->send.data))
		e->host.unsent(e->host.ctx, &a->send.local, &a->send.remote);
}

/* Answer with a pair made ahead of time, when there is one. */
static bool start_from_pool(struct engine *e, const struct action *a, const struct alg *method)
{
	struct event ev = {.kind = EV_ANSWER, .answer.op = a->op};

	if (!keypool_take(&e->keys, method, &ev.answer.ke.key, &ev.answer.ke.public))
		return false;
	if (!engine_enqueue(e, &ev)) {
		ke_free(ev.answer.ke.key);
		bytes_done(&ev.answer.ke.public);
	}
	return true;
}

static void perform_ke(struct engine *e, const struct action *a)
{
	static const uint8_t kinds[] = {
		[ACT_KE_START] = JOB_START,
		[ACT_KE_RESPOND] = JOB_RESPOND,
		[ACT_KE_FINISH] = JOB_FINISH,
	};
	const struct alg *method = alg_by_id(ALG_KE, a->ke.group);
	struct job *j;

	if (!method) {
		ke_free(a->kind == ACT_KE_FINISH ? a->ke.key : NULL);
		engine_answer_error(e, a->op, CYG_UNSUPPORTED, NULL);
		return;
	}
	if (a->kind == ACT_KE_START && start_from_pool(e, a, method))
		return;
	j = job_new(kinds[a->kind], method, a->ke.peer_public);
	if (!j) {
		ke_free(a->kind == ACT_KE_FINISH ? a->ke.key : NULL);
		engine_answer_error(e, a->op, CYG_NOMEM, NULL);
		return;
	}
	j->op = a->op;
	if (a->kind == ACT_KE_FINISH)
		j->key = a->ke.key;
	else if (a->kind == ACT_KE_RESPOND && method->form != ALG_FORM_KEM &&
		 keypool_take(&e->keys, method, &j->key, &j->public))
		j->kind = JOB_RESPOND_WITH;
	workers_submit(e->workers, j);
}

static void on_job(void *ctx, struct job *j)
{
	struct engine *e = ctx;
	struct event ev = {.kind = EV_ANSWER, .answer = {.op = j->op, .err = j->err}};

	if (j->kind == JOB_TRUST) {
		engine_trust_done(e, j);
		return;
	}
	account_add(e->account, ACCOUNT_KE, j->cpu);
	if (j->kind == JOB_PAIR) {
		keypool_put(&e->keys, j);
		return;
	}
	if (!j->err) {
		ev.answer.ke.key = j->key;
		ev.answer.ke.public = j->public;
		ev.answer.ke.secret = j->secret;
		j->key = NULL;
		j->public = j->secret = (struct bytes){0};
	}
	job_free(j);
	engine_event(e, &ev);
}

static void perform_plane(struct engine *e, const struct action *a)
{
	nsec start = account_start(e->account);

	e->plane->ops->request(e->plane, a);
	account_stop(e->account, ACCOUNT_PLANE, start);
}

/* What an SA that ends has carried counts on. */
static void perform_remove(struct engine *e, const struct action *a)
{
	struct plane_counters last;

	if (engine_query(e, &a->sa_ref, &last))
		e->carried[a->sa_ref.dir] += last.bytes;
	perform_plane(e, a);
}

static void perform_resolve(struct engine *e, const struct action *a)
{
	if (!names_resolve(&e->names, a->op, a->name))
		engine_answer_error(e, a->op, CYG_NOMEM, NULL);
}

/* The last counters of a child that goes: its SAs are removed by a later action. */
static void perform_updown(struct engine *e, const struct action *a)
{
	const struct updown *u = a->updown;
	struct plane_counters in, out;
	bool counted = u->verb == UPDOWN_DOWN && u->in.spi && engine_query(e, &u->in, &in) &&
		       engine_query(e, &u->out, &out);

	if (updown_run(e->updown, a, counted ? &in : NULL, counted ? &out : NULL) && a->op)
		engine_answer_error(e, a->op, CYG_NOMEM, NULL);
}

static void perform_group(struct engine *e, const struct action *a)
{
	struct event ev = {.kind = EV_ANSWER, .answer.op = a->op};
	struct group_lines lines = {0};
	struct queued *q;
	struct diag why;

	diag_clear(&why);
	ev.answer.err = e->host.read_group(e->host.ctx, a->name, a->cause, &lines, &why);
	ev.answer.why = &why;
	ev.answer.group.lines = lines.items;
	ev.answer.group.len = lines.len;
	q = engine_enqueue(e, &ev);
	if (q)
		q->lines = lines;
	else
		group_lines_done(&lines);
}

/* Actions are carried out in order: whoever is told of an end finds in force what led to it. */
static void perform_done(struct engine *e, const struct action *a)
{
	bool waits = e->plane->changed > e->plane->in_force &&
		     e->host.waits(e->host.ctx, a->cause);
	struct ended *end = waits ? calloc(1, sizeof(*end)) : NULL;

	if (!end) {
		e->host.done(e->host.ctx, a->cause, a->done.code);
		return;
	}
	*end = (struct ended){.cause = a->cause,
			      .changed = e->plane->changed,
			      .code = a->done.code};
	list_append(&e->ends, &end->link);
}

void engine_plane_dispatched(struct engine *e)
{
	while (!list_empty(&e->ends)) {
		struct ended *end = CONTAINER_OF(e->ends.next, struct ended, link), was = *end;

		if (end->changed > e->plane->in_force)
			return;
		list_remove(&end->link);
		free(end);
		e->host.done(e->host.ctx, was.cause, was.code);
	}
}

static void perform(struct engine *e, const struct action *a)
{
	switch (a->kind) {
	case ACT_SEND:
		perform_send(e, a);
		break;
	case ACT_KE_START:
	case ACT_KE_RESPOND:
	case ACT_KE_FINISH:
		perform_ke(e, a);
		break;
	case ACT_AUTH_MAKE:
	case ACT_AUTH_CHECK:
	case ACT_PPK:
	case ACT_EAP:
		engine_perform_auth(e, a);
		break;
	case ACT_EAP_END:
		trust_forget_eap(e->trust, a->eap_session);
		break;
	case ACT_RESOLVE:
		perform_resolve(e, a);
		break;
	case ACT_SA_REMOVE:
		perform_remove(e, a);
		break;
	case ACT_UPDOWN:
		perform_updown(e, a);
		break;
	case ACT_GROUP:
		perform_group(e, a);
		break;
	case ACT_GATEWAY:
		engine_perform_gateway(e, a);
		break;
	case ACT_KEY_AHEAD:
		engine_perform_key_ahead(e, a);
		break;
	case ACT_ADDRESS_SET:
	case ACT_ADDRESS_REMOVE:
		e->host.address(e->host.ctx, &a->address, a->kind == ACT_ADDRESS_SET);
		break;
	case ACT_REPORT:
		e->host.report(e->host.ctx, &a->report, e->source);
		break;
	case ACT_DONE:
		perform_done(e, a);
		break;
	default:
		perform_plane(e, a);
	}
}

static void step(struct engine *e, struct event *ev)
{
	nsec start = account_start(e->account);

	ev->now = engine_now();
	ike_step(e->ike, ev, &e->actions);
	account_stop(e->account, ACCOUNT_STEP, start);
	for (size_t i = 0; i < e->actions.len; i++)
		perform(e, &e->actions.items[i]);
	actions_clear(&e->actions);
}

void engine_event(struct engine *e, struct event *ev)
{
	if (e->busy) {
		/*
		 * Only answers and the plane's notices may come now; neither borrows anything.
		 */
		if (ev->kind != EV_DATAGRAM && ev->kind != EV_COMMAND && ev->kind != EV_HOST)
			engine_enqueue(e, ev);
		return;
	}
	e->busy = true;
	step(e, ev);
	while (!list_empty(&e->queue)) {
		struct queued *q = CONTAINER_OF(e->queue.next, struct queued, link);

		list_remove(&q->link);
		step(e, &q->ev);
		queued_free(q);
	}
	e->busy = false;
}

uint64_t engine_next_cause(struct engine *e)
{
	return ++e->cause;
}

void engine_command(struct engine *e, uint64_t cause, const struct command *c)
{
	struct event ev = {.kind = EV_COMMAND, .cause = cause, .command = *c};

	engine_event(e, &ev);
}

/* ---- what comes in ---- */

void engine_on_answer(void *ctx, const struct answer *a)
{
	struct engine *e = ctx;
	struct event ev = {.kind = EV_ANSWER, .answer = *a};

	if (a->op != OP_OF_QUERY) {
		engine_event(e, &ev);
	} else if (e->query) {
		e->answered = !a->err;
		*e->query = a->counters;
	}
}

void engine_on_plane_event(void *ctx, struct event *ev)
{
	engine_event(ctx, ev);
}

void engine_on_datagram(void *ctx, const struct endpoint *local, const struct endpoint *remote,
			struct view data)
{
	struct engine *e = ctx;
	struct event ev = {
		.kind = EV_DATAGRAM,
		.datagram = {.local = *local, .remote = *remote, .data = data},
	};

	e->source = &remote->addr;
	engine_event(e, &ev);
	e->source = NULL;
}

void engine_on_report(void *ctx, const struct report *r)
{
	struct engine *e = ctx;

	e->host.report(e->host.ctx, r, NULL);
}

static void on_resolved(void *ctx, uint32_t op, enum cyg_err err, const struct ip_addr *addrs,
			size_t len, const struct diag *why)
{
	struct event ev = {.kind = EV_ANSWER, .answer = {.op = op, .err = err, .why = why}};

	ev.answer.resolved.addrs = addrs;
	ev.answer.resolved.len = len;
	engine_event(ctx, &ev);
}

bool engine_query(struct engine *e, const struct sa_ref *sa, struct plane_counters *ret)
{
	struct action a = {.kind = ACT_SA_QUERY, .op = OP_OF_QUERY, .sa_ref = *sa};
	struct plane_counters counters = {0};

	e->query = &counters;
	e->answered = false;
	e->plane->ops->request(e->plane, &a);
	e->query = NULL;
	if (e->answered)
		*ret = counters;
	return e->answered;
}

/* ---- the loop ---- */

static void on_timer(uv_timer_t *timer)
{
	struct engine *e = timer->data;
	struct event ev = {.kind = EV_TIMER};

	e->armed = NSEC_NEVER;
	engine_event(e, &ev);
}

/*
 * The timer counts whole milliseconds of the loop's time, so it is set to go off just after the
 * deadline.
 */
static void arm(struct engine *e)
{
	nsec deadline = ike_deadline(e->ike), now;
	uint64_t ms;

	if (deadline == e->armed)
		return;
	e->armed = deadline;
	if (deadline == NSEC_NEVER) {
		uv_timer_stop(&e->timer);
		return;
	}
	uv_update_time(e->loop);
	now = engine_now();
	ms = deadline > now ? (deadline - now) / NSEC_PER_MS + 1 : 0;
	uv_timer_start(&e->timer, on_timer, ms, 0);
}

static void before_sleep(uv_prepare_t *prepare)
{
	struct engine *e = prepare->data;

	ports_flush(e->ports);
	arm(e);
}

enum cyg_err engine_start(struct engine *e, struct crypto *crypto, unsigned workers)
{
	const struct alg *usual = alg_by_id(ALG_KE, ALG_KE_X25519);
	struct bytes public = {0};
	struct ke *key = NULL;

	list_init(&e->queue);
	list_init(&e->ends);
	e->armed = NSEC_NEVER;
	e->names = (struct names){.loop = e->loop, .answer = on_resolved, .ctx = e};
	engine_start_radius(e);
	uv_timer_init(e->loop, &e->timer);
	uv_prepare_init(e->loop, &e->prepare);
	e->timer.data = e->prepare.data = e;
	e->workers = workers_new(e->loop, workers, crypto, on_job, e);
	if (!e->workers)
		return CYG_NOMEM;
	if (engine_start_dns(e, crypto))
		return CYG_NOMEM;
	keypool_init(&e->keys, e->workers);
	/* Asking in vain orders the first pairs: the first handshake finds one. */
	if (usual && keypool_take(&e->keys, usual, &key, &public)) {
		ke_free(key);
		bytes_done(&public);
	}
	uv_prepare_start(&e->prepare, before_sleep);
	return CYG_OK;
}

void engine_stop(struct engine *e)
{
	e->names.closed = true;
	radius_stop(&e->radius);
	ports_flush(e->ports);
	uv_close((uv_handle_t *)&e->timer, NULL);
	uv_close((uv_handle_t *)&e->prepare, NULL);
	if (!e->workers)
		return;
	dnskeys_free(e->dnskeys);
	e->dnskeys = NULL;
	workers_stop(e->workers);
	keypool_done(&e->keys);
}

void engine_done(struct engine *e)
{
	while (!list_empty(&e->queue)) {
		struct queued *q = CONTAINER_OF(e->queue.next, struct queued, link);

		list_remove(&q->link);
		queued_free(q);
	}
	while (!list_empty(&e->ends)) {
		struct ended *end = CONTAINER_OF(e->ends.next, struct ended, link);

		list_remove(&end->link);
		free(end);
	}
	actions_done(&e->actions);
	workers_free(e->workers);
}
