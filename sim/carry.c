/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core asks for is done at once, in its order; the answers come back
 * when chance wants, so that they overtake each other as answers of workers,
 * kernels and name servers do.
 */
#include "base/reader.h"
#include "crypto/alg.h"
#include "crypto/ke.h"
#include "sim/machine.h"
#include "sim/programs.h"
#include "sim/witness.h"
#include "trust/trust.h"
#include "wire/header.h"
#include "wire/ikev2_numbers.h"
#include "wire/message.h"
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
	trust_reply_done(&e->trust);
	free(e->lines);
	free(e);
}

static void deliver(struct happening *happening)
{
	struct errand *e = CONTAINER_OF(happening, struct errand, delivery);
	struct event ev = {.kind = EV_ANSWER, .answer = e->answer};
	struct machine *m = e->m;

	list_remove(&e->link);
	if (e->kind == ACT_AUTH_CHECK && ev.answer.auth.valid) {
		ev.answer.auth.proof = m->proof;
		ev.answer.auth.valid = !m->distrusts;
	}
	/* Keys, public values and secrets are the core's from now on. */
	if (e->kind != ACT_AUTH_MAKE && e->kind != ACT_AUTH_CHECK && e->kind != ACT_PPK &&
	    e->kind != ACT_EAP)
		memset(&e->answer.ke, 0, sizeof(e->answer.ke));
	machine_step(m, &ev);
	errand_free(e);
}

static struct errand *new_errand(struct machine *m, const struct action *a)
{
	struct errand *e = sim_alloc(sizeof(*e));

	e->m = m;
	e->kind = a->kind;
	e->answer.op = a->op;
	e->delivery = (struct happening){.happen = deliver};
	list_init(&e->link);
	return e;
}

void machine_send_errand(struct machine *m, struct errand *e)
{
	nsec longest = e->kind == ACT_UPDOWN ? m->program_max : m->answer_max;
	nsec after = dice_below(&m->pace, longest / NSEC_PER_MS + 1) * NSEC_PER_MS;

	if (m->w->sabotage == SABOTAGE_ANSWER && dice_percent(&m->pace, 10)) {
		errand_free(e);
		return;
	}
	list_append(&m->errands, &e->link);
	world_at(m->w, &e->delivery, m->w->now + after);
}

/* ---- key exchange ---- */

static void do_ke(struct machine *m, const struct action *a)
{
	struct errand *e = new_errand(m, a);
	const struct alg *method = alg_by_id(ALG_KE, a->ke.group);
	struct answer *r = &e->answer;

	if (!method)
		r->err = CYG_UNSUPPORTED;
	else if (a->kind == ACT_KE_START)
		r->err = ke_start(m->w->lab->crypto, method, &r->ke.key, &r->ke.public);
	else if (a->kind == ACT_KE_RESPOND)
		r->err = ke_respond(m->w->lab->crypto, method, a->ke.peer_public, &r->ke.public,
				    &r->ke.secret);
	else
		r->err = ke_finish(a->ke.key, a->ke.peer_public, &r->ke.secret);
	if (a->kind == ACT_KE_FINISH)
		ke_free(a->ke.key);
	machine_send_errand(m, e);
}

/* ---- trust, plane, names ---- */

static void do_auth(struct machine *m, const struct action *a)
{
	struct errand *e = new_errand(m, a);

	trust_ask(m->trust, a, (int64_t)(m->w->now / NSEC_PER_SEC), &e->trust);
	e->answer = e->trust.answer;
	machine_send_errand(m, e);
}

static void do_plane(struct machine *m, const struct action *a)
{
	struct errand *e = new_errand(m, a);

	if (a->kind == ACT_SA_INSTALL) {
		e->dir = a->sa->dir;
		e->spi = a->sa->spi;
	}
	simplane_request(&m->plane, a, &e->answer);
	if (a->op)
		machine_send_errand(m, e);
	else
		errand_free(e);
}

static void do_resolve(struct machine *m, const struct action *a)
{
	struct errand *e = new_errand(m, a);

	if (machine_lookup(m, a->name, &e->addr)) {
		e->answer.resolved.addrs = &e->addr;
		e->answer.resolved.len = 1;
	} else {
		e->answer.err = CYG_NOTFOUND;
	}
	machine_send_errand(m, e);
}

static void do_updown(struct machine *m, const struct action *a)
{
	struct errand *e = new_errand(m, a);

	programs_call(m, a->updown, &e->answer);
	if (a->op)
		machine_send_errand(m, e);
	else
		errand_free(e);
}

static void do_group(struct machine *m, const struct action *a)
{
	struct errand *e = new_errand(m, a);
	size_t len = 0;

	if (machine_group_lines(m, a->name, &e->lines, &len)) {
		e->answer.group.lines = e->lines;
		e->answer.group.len = len;
	} else {
		e->answer.err = CYG_NOTFOUND;
	}
	machine_send_errand(m, e);
}

/* ---- datagrams ---- */

/* ", fragment 2 of 3"; "" for a whole message. Returns buf. */
static const char *fragment_print(const struct ike_header *h, struct view data, char buf[32])
{
	struct reader r = reader_of(data);
	unsigned number, total;

	buf[0] = 0;
	if (h->next_payload != PAYLOAD_SKF)
		return buf;
	read_skip(&r, IKE_HEADER_LEN + PAYLOAD_HEADER_LEN);
	number = read_u16(&r);
	total = read_u16(&r);
	snprintf(buf, 32, ", fragment %u of %u", number, total);
	return buf;
}

static void story_of_send(struct machine *m, const struct action *a, unsigned before,
			  const struct fate *f)
{
	struct ike_header head;
	char name[NUMBER_TEXT_MAX], to[IP_TEXT_MAX], fate[96], part[32];
	const char *verb, *again = "";

	if (m->w->level < TRACE_STORY)
		return;
	net_name(m->w, &a->send.remote.addr, to);
	fate_print(f, fate);
	if (header_parse(a->send.data, &head, NULL)) {
		tell_story(m->w, "%s sends a keep-alive to %s%s", m->name, to, fate);
		return;
	}
	verb = head.response ? "answers" : "asks";
	if (before)
		again = head.response ? " from its cache" : " again";
	tell_story(m->w, "%s %s %s%s: %s %u of ike %u%s%s", m->name, verb, to, again,
		   number_print(exchange_name(head.exchange), "exchange", head.exchange, name),
		   head.msgid, witness_ike_number(m->w, head.spi_i),
		   fragment_print(&head, a->send.data, part), fate);
}

static void do_send(struct machine *m, const struct action *a)
{
	unsigned before;
	struct fate f;

	if (!world_expect(m->w, machine_has(m, &a->send.local.addr),
			  "%s sends from an address that is not its own", m->name))
		return;
	if (m->w->sabotage == SABOTAGE_CACHE && a->send.data.len > IKE_HEADER_LEN &&
	    dice_percent(&m->pace, 20))
		((uint8_t *)a->send.data.ptr)[a->send.data.len - 1] ^= 1;
	m->w->ike_datagrams++;
	before = witness_datagram(m->w, m, a->send.data);
	f = net_send_ike(m->w, m, &a->send.local, &a->send.remote, a->send.data);
	story_of_send(m, a, before, &f);
}

/* ---- reports and ends ---- */

static void do_report(struct machine *m, const struct report *r)
{
	char why[1024];

	m->reports_bad += r->level >= REPORT_ERROR;
	if (r->level >= REPORT_INFO)
		tell_detail(m->w, "%s reports %s: %s%s%s (%u)%s%s", m->name, r->event,
			    r->connection ? r->connection : "", r->connection ? ": " : "",
			    r->text, r->code, r->diag ? "; " : "",
			    r->diag ? diag_print(r->diag, why, sizeof(why)) : "");
}

/* What is told to have failed is not relied upon. */
static void note_refusal(struct machine *m, const struct order *o)
{
	struct recipe *r = o->kind == CMD_ROUTE && o->code == RC_ROUTE ? machine_recipe(m, o->name)
								       : NULL;

	if (r)
		r->routed = false;
}

static void do_done(struct machine *m, const struct action *a)
{
	LIST_EACH(o, &m->orders, struct order, link) {
		if (o->cause != a->cause)
			continue;
		world_expect(m->w, !o->done, "%s ends the command %s twice", m->name,
			     command_name((enum command_kind)o->kind));
		o->done = true;
		o->done_at = m->w->now;
		o->code = a->done.code;
		note_refusal(m, o);
		if (o->kind != CMD_LISTEN)
			tell_story(m->w, "%s has done it: %s%s%s (%u)", m->name,
				   command_name((enum command_kind)o->kind),
				   *o->name ? " " : "", o->name, o->code);
		return;
	}
	world_fail(m->w, "%s ends a command that was not given", m->name);
}

/* ---- internal addresses ---- */

static void do_address(struct machine *m, const struct action *a)
{
	char text[IP_TEXT_MAX];
	size_t i = 0;

	ip_print(&a->address, text);
	while (i < m->internal_len && !ip_equal(&m->internal[i], &a->address))
		i++;
	if (a->kind == ACT_ADDRESS_SET) {
		world_expect(m->w, i == m->internal_len, "%s is given %s twice", m->name, text);
		if (i == m->internal_len && i < MACHINE_ADDRS_MAX)
			m->internal[m->internal_len++] = a->address;
		tell_story(m->w, "%s has the address %s", m->name, text);
		return;
	}
	world_expect(m->w, i < m->internal_len, "%s gives up %s, which it has not", m->name,
		     text);
	if (i < m->internal_len)
		m->internal[i] = m->internal[--m->internal_len];
	tell_story(m->w, "%s gives up the address %s", m->name, text);
}

/* ---- all ---- */

static void carry_out(struct machine *m, const struct action *a)
{
	switch (a->kind) {
	case ACT_SEND:
		do_send(m, a);
		return;
	case ACT_KE_START:
	case ACT_KE_RESPOND:
	case ACT_KE_FINISH:
		do_ke(m, a);
		return;
	case ACT_AUTH_MAKE:
	case ACT_AUTH_CHECK:
	case ACT_PPK:
	case ACT_EAP:
		do_auth(m, a);
		return;
	case ACT_EAP_END:
		trust_forget_eap(m->trust, a->eap_session);
		return;
	case ACT_ADDRESS_SET:
	case ACT_ADDRESS_REMOVE:
		do_address(m, a);
		return;
	case ACT_RESOLVE:
		do_resolve(m, a);
		return;
	case ACT_UPDOWN:
		do_updown(m, a);
		return;
	case ACT_GROUP:
		do_group(m, a);
		return;
	case ACT_REPORT:
		do_report(m, &a->report);
		return;
	case ACT_DONE:
		do_done(m, a);
		return;
	default:
		do_plane(m, a);
	}
}

void machine_carry_out(struct machine *m)
{
	for (size_t i = 0; i < m->actions.len; i++)
		carry_out(m, &m->actions.items[i]);
}
