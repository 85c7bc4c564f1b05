/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core asks for is done at once, in its order; the answers come back
 * when chance wants, so that they overtake each other as answers of workers,
 * kernels and name servers do.
 */
#include "crypto/alg.h"
#include "crypto/ke.h"
#include "sim/machine.h"
#include "sim/witness.h"
#include "trust/trust.h"
#include "wire/header.h"
#include "wire/ikev2_numbers.h"
#include "wire/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

void errand_free(struct errand *e)
{
	list_remove(&e->link);
	if (e->kind == ACT_KE_START || e->kind == ACT_KE_RESPOND || e->kind == ACT_KE_FINISH) {
		ke_free(e->answer.ke.key);
		bytes_done(&e->answer.ke.public);
		bytes_wipe(&e->answer.ke.secret);
	}
	bytes_wipe(&e->data);
	free(e);
}

static void deliver(struct happening *happening)
{
	struct errand *e = CONTAINER_OF(happening, struct errand, delivery);
	struct event ev = {.kind = EV_ANSWER, .answer = e->answer};
	struct machine *h = e->h;

	list_remove(&e->link);
	/* Keys, public values and secrets are the core's from now on. */
	if (e->kind != ACT_AUTH_MAKE && e->kind != ACT_AUTH_CHECK)
		memset(&e->answer.ke, 0, sizeof(e->answer.ke));
	machine_step(h, &ev);
	errand_free(e);
}

static struct errand *new_errand(struct machine *h, const struct action *a)
{
	struct errand *e = sim_alloc(sizeof(*e));

	e->h = h;
	e->kind = a->kind;
	e->answer.op = a->op;
	e->delivery = (struct happening){.happen = deliver};
	list_init(&e->link);
	return e;
}

void machine_send_errand(struct machine *h, struct errand *e)
{
	nsec after = dice_below(&h->pace, h->answer_max / NSEC_PER_MS + 1) * NSEC_PER_MS;

	if (h->w->sabotage == SABOTAGE_ANSWER && dice_percent(&h->pace, 10)) {
		errand_free(e);
		return;
	}
	list_append(&h->errands, &e->link);
	world_at(h->w, &e->delivery, h->w->now + after);
}

/* ---- key exchange ---- */

static void do_ke(struct machine *h, const struct action *a)
{
	struct errand *e = new_errand(h, a);
	const struct alg *method = alg_by_id(ALG_KE, a->ke.group);
	struct answer *r = &e->answer;

	if (!method)
		r->err = CYG_UNSUPPORTED;
	else if (a->kind == ACT_KE_START)
		r->err = ke_start(h->w->lab->crypto, method, &r->ke.key, &r->ke.public);
	else if (a->kind == ACT_KE_RESPOND)
		r->err = ke_respond(h->w->lab->crypto, method, a->ke.peer_public, &r->ke.public,
				    &r->ke.secret);
	else
		r->err = ke_finish(a->ke.key, a->ke.peer_public, &r->ke.secret);
	if (a->kind == ACT_KE_FINISH)
		ke_free(a->ke.key);
	machine_send_errand(h, e);
}

/* ---- trust, plane, names ---- */

static void do_auth(struct machine *h, const struct action *a)
{
	struct errand *e = new_errand(h, a);

	trust_ask(h->trust, a, &e->answer, &e->data, &e->why);
	machine_send_errand(h, e);
}

static void do_plane(struct machine *h, const struct action *a)
{
	struct errand *e = new_errand(h, a);

	simplane_request(&h->plane, a, &e->answer);
	if (a->op)
		machine_send_errand(h, e);
	else
		errand_free(e);
}

static void do_resolve(struct machine *h, const struct action *a)
{
	struct errand *e = new_errand(h, a);

	if (machine_lookup(h, a->name, &e->addr)) {
		e->answer.resolved.addrs = &e->addr;
		e->answer.resolved.len = 1;
	} else {
		e->answer.err = CYG_NOTFOUND;
	}
	machine_send_errand(h, e);
}

/* ---- datagrams ---- */

static void story_of_send(struct machine *h, const struct action *a, unsigned before,
			  const struct fate *f)
{
	struct ike_header head;
	char name[NUMBER_TEXT_MAX], to[IP_TEXT_MAX], fate[96];
	const char *verb;

	if (h->w->level < TRACE_STORY)
		return;
	net_name(h->w, &a->send.remote.addr, to);
	fate_print(f, fate);
	if (header_parse(a->send.data, &head, NULL)) {
		tell_story(h->w, "%s sends a keep-alive to %s%s", h->name, to, fate);
		return;
	}
	if (head.response)
		verb = before ? "answers, from its cache," : "answers";
	else
		verb = before ? "asks again" : "asks";
	tell_story(h->w, "%s %s %s: %s %u of ike %u%s", h->name, verb, to,
		   number_print(exchange_name(head.exchange), "exchange", head.exchange, name),
		   head.msgid, witness_ike_number(h->w, head.spi_i), fate);
}

static void do_send(struct machine *h, const struct action *a)
{
	unsigned before;
	struct fate f;

	if (!world_expect(h->w, machine_has(h, &a->send.local.addr),
			  "%s sends from an address that is not its own", h->name))
		return;
	if (h->w->sabotage == SABOTAGE_CACHE && a->send.data.len > IKE_HEADER_LEN &&
	    dice_percent(&h->pace, 20))
		((uint8_t *)a->send.data.ptr)[a->send.data.len - 1] ^= 1;
	before = witness_datagram(h->w, h, a->send.data);
	f = net_send_ike(h->w, h, &a->send.local, &a->send.remote, a->send.data);
	story_of_send(h, a, before, &f);
}

/* ---- reports and ends ---- */

static void do_report(struct machine *h, const struct report *r)
{
	char why[1024];

	h->reports_bad += r->level >= REPORT_ERROR;
	if (r->level >= REPORT_INFO)
		tell_detail(h->w, "%s reports %s: %s%s%s (%u)%s%s", h->name, r->event,
			    r->connection ? r->connection : "", r->connection ? ": " : "", r->text,
			    r->code, r->diag ? "; " : "",
			    r->diag ? diag_print(r->diag, why, sizeof(why)) : "");
}

static void do_done(struct machine *h, const struct action *a)
{
	LIST_EACH(o, &h->orders, struct order, link) {
		if (o->cause != a->cause)
			continue;
		world_expect(h->w, !o->done, "%s ends the command %s twice", h->name,
			     command_name((enum command_kind)o->kind));
		o->done = true;
		o->done_at = h->w->now;
		o->code = a->done.code;
		if (o->kind != CMD_LISTEN)
			tell_story(h->w, "%s is done: %s%s%s (%u)", h->name,
				   command_name((enum command_kind)o->kind), *o->name ? " " : "",
				   o->name, o->code);
		return;
	}
	world_fail(h->w, "%s ends a command that was not given", h->name);
}

/* ---- all ---- */

static void carry_out(struct machine *h, const struct action *a)
{
	switch (a->kind) {
	case ACT_SEND:
		do_send(h, a);
		return;
	case ACT_KE_START:
	case ACT_KE_RESPOND:
	case ACT_KE_FINISH:
		do_ke(h, a);
		return;
	case ACT_AUTH_MAKE:
	case ACT_AUTH_CHECK:
		do_auth(h, a);
		return;
	case ACT_RESOLVE:
		do_resolve(h, a);
		return;
	case ACT_REPORT:
		do_report(h, &a->report);
		return;
	case ACT_DONE:
		do_done(h, a);
		return;
	default:
		do_plane(h, a);
	}
}

void machine_carry_out(struct machine *h)
{
	for (size_t i = 0; i < h->actions.len; i++)
		carry_out(h, &h->actions.items[i]);
}
