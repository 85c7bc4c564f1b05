/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/engine.h"

#include "base/hash.h"
#include "base/text.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/ke.h"
#include "pluto/nameservers.h"
#include "policy/policy.h"
#include "trust/ipseckey.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DNS_SWEEP_TIME (10 * NSEC_PER_SEC) /* between walks over all IKE SAs */
#define OP_OF_QUERY UINT32_MAX             /* the core counts up from 1 and never gets there */

/* An event that waits, with copies of what it borrowed. */
struct queued {
	struct list link;
	struct event ev;
	struct diag *why;
	struct trust_job *trust;
	struct ip_addr *addrs;
	struct group_lines lines;
};

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

/*
 * Put an event behind the present step; NULL when memory is short. What its
 * answer points at is the caller's to copy, but for `why`.
 */
static struct queued *enqueue(struct engine *e, const struct event *ev)
{
	struct queued *q = queued_new(ev);

	if (q)
		list_append(&e->queue, &q->link);
	else
		lose(e);
	return q;
}

/* ---- carrying out actions ---- */

static void answer_error(struct engine *e, uint32_t op, enum cyg_err err,
			 const struct diag *why)
{
	struct event ev = {.kind = EV_ANSWER, .answer = {.op = op, .err = err, .why = why}};

	enqueue(e, &ev);
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
	if (!enqueue(e, &ev)) {
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
		answer_error(e, a->op, CYG_UNSUPPORTED, NULL);
		return;
	}
	if (a->kind == ACT_KE_START && start_from_pool(e, a, method))
		return;
	j = job_new(kinds[a->kind], method, a->ke.peer_public);
	if (!j) {
		ke_free(a->kind == ACT_KE_FINISH ? a->ke.key : NULL);
		answer_error(e, a->op, CYG_NOMEM, NULL);
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

static bool submit_trust(struct engine *e, struct trust_job *t)
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
	if (submit_trust(e, t))
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
		if (submit_trust(e, t))
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

/* The names that have the key of a peer that was let in. */
static void watch_dns(struct engine *e, const struct trust_job *t)
{
	const struct ident *id;
	const char *name;

	for (int i = 0; (name = trust_job_dns_proven(t, i, &id)); i++)
		dnskeys_watch(e->dnskeys, name, id);
}

static void on_trust_job(struct engine *e, struct job *j)
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
		watch_dns(e, t);
		engine_answer(e, t);
	}
	e->host.news(e->host.ctx);
}

static void on_job(void *ctx, struct job *j)
{
	struct engine *e = ctx;
	struct event ev = {.kind = EV_ANSWER, .answer = {.op = j->op, .err = j->err}};

	if (j->kind == JOB_TRUST) {
		on_trust_job(e, j);
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

/* Put the answer behind the present step; the job lives as long. */
static void answer_auth(struct engine *e, struct trust_job *t)
{
	struct event ev = {.kind = EV_ANSWER, .answer = trust_job_reply(t)->answer};
	struct queued *q = enqueue(e, &ev);

	if (q)
		q->trust = t;
	else
		trust_job_free(t);
}

static bool wants_dns(const struct trust_job *t)
{
	const struct ident *id;

	return trust_job_dns_name(t, &id) != NULL;
}

/* Who waits for an answer of the DNS: a job, or the core. */
struct dns_question {
	struct trust_job *trust; /* NULL: the core */
	uint32_t op;
	struct ip_addr client; /* the core wants to know who speaks for it */
};

static bool ask_name(struct engine *e, const char *name, const struct ident *id,
		     const struct dns_question *q)
{
	struct dns_question *copy = malloc(sizeof(*copy));

	if (!copy)
		return false;
	*copy = *q;
	if (dnskeys_ask(e->dnskeys, name, id, copy))
		return true;
	free(copy);
	return false;
}

static bool ask_dns(struct engine *e, struct trust_job *t)
{
	struct dns_question q = {.trust = t};
	const struct ident *id;
	const char *name = trust_job_dns_name(t, &id);

	return ask_name(e, name, id, &q);
}

/* Who is asked for names, or is no single host, has no peer. False: *why. */
static bool may_have_gateway(const struct ip_addr *addr, struct diag *why)
{
	char text[IP_TEXT_MAX];

	if (ip_is_multicast(addr)) {
		diag_set(why, "multicast", NULL, "%s is no single host", ip_print(addr, text));
		return false;
	}
	if (!nameservers_has(NAMESERVERS_FILE, addr))
		return true;
	diag_set(why, "name-server", NULL,
		 "%s is a name server of this host, which can't be asked for itself",
		 ip_print(addr, text));
	diag_hint(why, "put it into the group clear (ipsec.d/policies/clear)");
	return false;
}

static void perform_gateway(struct engine *e, const struct action *a)
{
	struct dns_question q = {.op = a->op, .client = a->address};
	const struct ident *id = NULL;
	char name[DNS_NAME_MAX];
	struct diag why;

	if (!may_have_gateway(&a->address, &why)) {
		answer_error(e, a->op, CYG_NOTFOUND, &why);
		return;
	}
	if (ident_from_addr(&a->address, &id) || !ipseckey_name(id, name) ||
	    !ask_name(e, name, id, &q))
		answer_error(e, a->op, CYG_NOMEM, NULL);
	ident_unref(id);
}

static void answer_gateway(struct engine *e, const struct dns_question *q,
			   const struct dns_answer *a)
{
	struct event ev = {.kind = EV_ANSWER, .answer.op = q->op};
	char name[DNS_NAME_MAX];
	const struct ident *id;
	struct diag why;

	diag_clear(&why);
	if (a->verdict == DNS_PROVEN) {
		ev.answer.err = dns_gateway(a, &q->client, &ev.answer.gateway, &why);
	} else {
		ev.answer.err = CYG_NOTFOUND;
		if (!ident_from_addr(&q->client, &id)) {
			ipseckey_name(id, name);
			dns_verdict_explain(a->verdict, a->text, name, &why);
			ident_unref(id);
		}
	}
	ev.answer.why = diag_is_set(&why) ? &why : NULL;
	engine_event(e, &ev);
}

static void perform_auth(struct engine *e, const struct action *a)
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
	if (t && (wants_dns(t) ? ask_dns(e, t) : submit_trust(e, t)))
		return;
	trust_job_free(t);
	answer_error(e, a->op, CYG_NOMEM, NULL);
}

/* What the DNS says of a peer's key; the rest is for a worker. */
static void on_dns(void *ctx, void *what, const struct dns_answer *a)
{
	struct engine *e = ctx;
	struct dns_question *q = what;
	struct trust_job *t = q->trust;

	if (!t)
		answer_gateway(e, q, a);
	free(q);
	if (!t)
		return;
	trust_job_take_dns(t, a);
	if (trust_job_is_done(t)) {
		engine_answer(e, t);
	} else if (wants_dns(t)) {
		if (!ask_dns(e, t)) /* memory is short: it is answered as not looked up */
			engine_answer(e, t);
	} else if (!submit_trust(e, t)) {
		trust_job_work(t); /* without memory for a worker's job it is done here */
		engine_answer(e, t);
	}
}

static void drop_dns(void *ctx, void *what)
{
	struct dns_question *q = what;

	trust_job_free(q->trust);
	free(q);
}

/* ---- keys ahead of time ---- */

static void perform_key_ahead(struct engine *e, const struct action *a)
{
	char name[DNS_NAME_MAX], id[IDENT_TEXT_MAX];
	struct diag why;

	if (!ipseckey_name(a->key_ahead.id, name)) {
		diag_set(&why, "no-dns-name", "RFC 4025 1.2",
			 "the DNS can't have a key of the %s end, which is no host's name or "
			 "address",
			 connection_side(a->key_ahead.end));
		diag_got(&why, "%s", ident_print(a->key_ahead.id, id, sizeof(id)));
		answer_error(e, a->op, CYG_NOTFOUND, &why);
	} else if (!dnskeys_want(e->dnskeys, name, a->key_ahead.id, a->key_ahead.connection,
				 a->key_ahead.end, a->op)) {
		answer_error(e, a->op, CYG_NOMEM, NULL);
	}
}

static void on_key_fetched(void *ctx, uint32_t op, enum cyg_err err, const struct diag *why)
{
	struct event ev = {.kind = EV_ANSWER, .answer = {.op = op, .err = err, .why = why}};

	engine_event(ctx, &ev);
}

/* Those that no IKE SA stands by are forgotten: one walk over all serves for many names. */
static void sweep_dns_proofs(struct engine *e)
{
	struct ike_sa_info sa;

	if (uv_hrtime() - e->dns_swept < DNS_SWEEP_TIME)
		return;
	e->dns_swept = uv_hrtime();
	for (uint64_t at = 0; ike_sa_next(e->ike, at, &sa); at = sa.serial) {
		trust_mark_dns(e->trust, sa.proofs[0]);
		trust_mark_dns(e->trust, sa.proofs[1]);
	}
	trust_sweep_dns(e->trust);
}

static bool is_key_watched(void *ctx, const char *name)
{
	struct engine *e = ctx;

	sweep_dns_proofs(e);
	return trust_is_by_dns(e->trust, name);
}

static void on_key_news(void *ctx, const char *name, const struct dns_answer *a)
{
	struct engine *e = ctx;

	trust_dns_news(e->trust, name, a);
	e->host.news(e->host.ctx);
}

/* Whether a connection is still loaded whose end has the key of this name. */
static bool is_key_wanted(void *ctx, const char *connection, int end, const char *name)
{
	struct engine *e = ctx;
	const struct loaded *l = policy_find(ike_policy(e->ike), connection);
	const struct ident *id = l ? policy_end_identity(l, end) : NULL;
	char own[DNS_NAME_MAX];

	return id && connection_key_ahead(l->connection, end) && ipseckey_name(id, own) &&
	       !strcmp(own, name);
}

static void on_key_told(void *ctx, const char *connection, bool good, const struct diag *why)
{
	struct engine *e = ctx;
	struct report r = {.level = good ? REPORT_INFO : REPORT_WARNING,
			   .code = RC_LOG,
			   .event = "dns-key",
			   .connection = connection,
			   .diag = why,
			   .text = why->sentence};

	e->host.report(e->host.ctx, &r, NULL);
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
		answer_error(e, a->op, CYG_NOMEM, NULL);
}

/* The last counters of a child that goes: its SAs are removed by a later action. */
static void perform_updown(struct engine *e, const struct action *a)
{
	const struct updown *u = a->updown;
	struct plane_counters in, out;
	bool counted = u->verb == UPDOWN_DOWN && u->in.spi && engine_query(e, &u->in, &in) &&
		       engine_query(e, &u->out, &out);

	if (updown_run(e->updown, a, counted ? &in : NULL, counted ? &out : NULL) && a->op)
		answer_error(e, a->op, CYG_NOMEM, NULL);
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
	q = enqueue(e, &ev);
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
		perform_auth(e, a);
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
		perform_gateway(e, a);
		break;
	case ACT_KEY_AHEAD:
		perform_key_ahead(e, a);
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
			enqueue(e, ev);
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

static enum cyg_err start_dns(struct engine *e, struct crypto *crypto)
{
	struct entropy entropy = crypto_entropy(crypto);
	struct dnskeys_host host = {
		.ctx = e,
		.answer = on_dns,
		.drop = drop_dns,
		.fetched = on_key_fetched,
		.wanted = is_key_wanted,
		.watched = is_key_watched,
		.news = on_key_news,
		.told = on_key_told,
	};
	struct hash_key key;

	if (!hash_key_draw(&entropy, &key))
		return CYG_CRYPTO;
	e->dnskeys = dnskeys_new(e->loop, &e->dns, &key, &host);
	return e->dnskeys ? CYG_OK : CYG_NOMEM;
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
	e->radius.loop = e->loop;
	e->radius.trust = e->trust;
	e->radius.done = on_radius;
	e->radius.complain = on_radius_complaint;
	e->radius.ctx = e;
	radius_init(&e->radius);
	uv_timer_init(e->loop, &e->timer);
	uv_prepare_init(e->loop, &e->prepare);
	e->timer.data = e->prepare.data = e;
	e->workers = workers_new(e->loop, workers, crypto, on_job, e);
	if (!e->workers)
		return CYG_NOMEM;
	if (start_dns(e, crypto))
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
