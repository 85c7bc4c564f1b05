/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/receive.h"

#include "base/secret.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/fragment.h"
#include "ike/gather.h"
#include "ike/lost.h"
#include "ike/nat.h"
#include "ike/protect.h"
#include "ike/tally.h"
#include "ike/tell.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/sa_init.h"
#include "wire/notify.h"

#include <stdlib.h>

/*
 * The way of a datagram. Each step is cheaper than the next, and nothing
 * changes before the message is known to be the peer's:
 *
 *	header -> SA by our SPI -> message ID -> a row of the table expects it
 *	-> decrypt -> payload rules -> the row's handler -> verdict
 *
 * Retransmitted requests are answered from the cache when they are the same
 * octet for octet (RFC 7296 2.1); everything else out of the window is dropped.
 */

#define REPEATED_TIMES 3 /* see amplifies */

/* ---- what does not get as far as an SA ---- */

static void send_plain(struct ike *ike, const struct event *ev, struct view messages)
{
	struct action like = {
		.send = {.local = ev->datagram.local,
			 .remote = ev->datagram.remote,
			 .realm = ev->datagram.realm},
	};

	send_each(ike, &like, messages);
}

/* RFC 7296 2.5: a newer major version is told which one we speak. */
static void answer_newer_version(struct ike *ike, const struct event *ev)
{
	uint8_t storage[64];
	struct builder b = builder_of(storage, sizeof(storage));

	if (ike->listening && version_reply_build(&b, ev->datagram.data))
		send_plain(ike, ev, build_done(&b));
}

static void drop(struct ike *ike, const struct received *rx, const char *what)
{
	char from[ENDPOINT_TEXT_MAX];

	ike->counts.dropped++;
	tell_stranger(ike, REPORT_DEBUG, "dropped", &rx->why, "dropped a message from %s: %s",
		      endpoint_print(&rx->ev->datagram.remote, from), what);
}

/* ---- requests ---- */

/* The unencrypted form of errors is only for IKE_SA_INIT; this one is for peers with keys. */
static void reply_error(struct exchange *x, uint16_t notify, const struct received *rx)
{
	struct sealer s;
	struct view message;

	seal_begin(&s, x->sa, x->exchange, true, x->msgid);
	if (notify == N_CHILD_SA_NOT_FOUND)
		chain_notify_child(&s.inner, notify, x->refused_protocol, x->refused_spi,
				   (struct view){0});
	else if (notify)
		chain_notify(&s.inner, notify,
			     rx ? view_of(rx->told, rx->told_len) : (struct view){0});
	tally_sent(x->sa->ike, notify);
	if (seal_end(&s, &message))
		exchange_close(x);
	else
		exchange_reply(x, message);
}

void request_failed(struct exchange *x, enum problem p, enum scene s, const struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct verdict v = verdict_of(p, s);

	switch (v.kind) {
	case VERDICT_GO_ON:
		return;
	case VERDICT_DROP:
		sa->ike->counts.dropped++;
		exchange_close(x);
		return;
	case VERDICT_FAIL_SA:
		if (p == PROBLEM_AUTH)
			sa->ike->counts.auth_failures++;
		reply_error(x, v.notify, rx);
		sa_lost(sa, LOST_REFUSED);
		return;
	default:
		reply_error(x, v.notify, rx);
		return;
	}
}

/*
 * Whoever repeats a request of the peer's from another place may mean that place to be flooded: it
 * gets no more than thrice what it sent. Before the peer is proven its place is where it began.
 */
static bool amplifies(const struct ike_sa *sa, const struct received *rx)
{
	const struct ip_addr *known = sa->init && sa->init->counted ? &sa->init->source
								    : &sa->remote.addr;

	return !ip_equal(&rx->ev->datagram.remote.addr, known) &&
	       sa->window.reply.len > REPEATED_TIMES * rx->ev->datagram.data.len;
}

/*
 * Our last answer once more. Of a request that came in fragments only the first
 * one asks for it (RFC 7383 2.6.1). When the peer has cut its request anew, or
 * repeats it although it was answered, longer datagrams may not pass.
 */
static void answer_again(struct ike_sa *sa, struct received *rx)
{
	struct window *w = &sa->window;
	bool same = w->replied_to == sa_digest(sa, rx->ev->datagram.data);
	uint16_t number = 1, total = 0;

	if (!w->reply.ptr || amplifies(sa, rx))
		return;
	if (message_count(&rx->outer, PAYLOAD_SKF) &&
	    (skf_peek(&rx->outer, &number, &total, &rx->why) || number != 1))
		return;
	if (!same && (total <= w->replied_fragments || !sa->fragmenting.agreed ||
		      !gather_genuine(sa, rx)))
		return;
	if (!reply_again(w, sa->ike->now))
		return;
	if (!same) {
		w->replied_to = sa_digest(sa, rx->ev->datagram.data);
		w->replied_fragments = total;
	}
	if (!same || w->replied_again >= FRAGMENT_PATIENCE)
		fragment_smaller(sa, &w->reply);
	sa->ike->counts.retransmits++;
	send_plain(sa->ike, rx->ev, view_bytes(&w->reply));
}

/* Retransmissions and strays. True when the request is the next one and its window is free. */
static bool request_in_window(struct ike_sa *sa, struct received *rx)
{
	struct window *w = &sa->window;

	if (rx->header.msgid == w->next_in)
		return !w->theirs; /* what we are working on already comes again: wait */
	if (rx->header.msgid + 1 == w->next_in)
		answer_again(sa, rx);
	else
		w->out_of_order++;
	return false;
}

static struct exchange *open_theirs(struct ike_sa *sa, const struct received *rx)
{
	struct exchange *x = exchange_open(sa, EX_INFORM, false);

	if (!x)
		return NULL;
	x->local = rx->ev->datagram.local;
	x->remote = rx->ev->datagram.remote;
	x->digest = rx->digest;
	x->fragments = rx->fragments;
	x->exchange = rx->header.exchange;
	return x;
}

static enum problem check_payloads(const struct row *row, struct received *rx)
{
	if (!row) {
		diag_set(&rx->why, "unexpected-message", "RFC 7296 1",
			 "this message has no place in the present state");
		return PROBLEM_SYNTAX;
	}
	if (message_check(rx->m, row->rules, &rx->why))
		return PROBLEM_SYNTAX;
	if (message_check_notifies(rx->m, rx->where, &rx->why))
		return PROBLEM_SYNTAX;
	return PROBLEM_NONE;
}

static enum scene scene_of(uint8_t exchange, bool response)
{
	switch (exchange) {
	case X_IKE_AUTH:
		return response ? SCENE_AUTH_ANSWER : SCENE_AUTH_REQUEST;
	case X_CREATE_CHILD_SA:
		return response ? SCENE_CHILD_ANSWER : SCENE_CHILD_REQUEST;
	default:
		return response ? SCENE_INFO_ANSWER : SCENE_INFO_REQUEST;
	}
}

/* What agrees to a child answers no rekey of the IKE SA, nor the other way round. */
static bool is_about(const struct exchange *asked, uint8_t shape)
{
	if (shape == SHAPE_REKEY_IKE)
		return asked->kind == EX_REKEY_IKE;
	return shape != SHAPE_NEW_CHILD || asked->kind != EX_REKEY_IKE;
}

static const struct row *row_of(const struct ike_sa *sa, const struct received *rx)
{
	bool response = rx->header.response;
	const struct row *row = table_find(sa->state, rx->header.exchange, response,
					   table_shape(rx->header.exchange, response, rx->m));

	return row && response && !is_about(sa->window.ours, row->shape) ? NULL : row;
}

/* A decrypted request that is the peer's; `p` is what decoding it came to. */
static void take_request(struct ike_sa *sa, struct received *rx, enum problem p)
{
	struct exchange *x = open_theirs(sa, rx);
	uint64_t serial = sa->serial;
	struct ike *ike = sa->ike;

	if (!x)
		return;
	sa_moved(sa, &rx->ev->datagram.remote);
	timers_sa_heard(sa);
	if (p == PROBLEM_NONE) {
		const struct row *row = row_of(sa, rx);

		p = check_payloads(row, rx);
		if (p == PROBLEM_NONE)
			p = row->handle(x, rx);
	}
	if (p != PROBLEM_NONE && p != PROBLEM_LATER) {
		explain_request_problem(x, p, &rx->why);
		request_failed(x, p, scene_of(rx->header.exchange, false), rx);
	}
	sa = sa_by_serial(ike, serial);
	if (sa)
		window_next(sa);
}

/* ---- answers ---- */

void answer_failed(struct exchange *x, enum problem p, enum scene s, const struct diag *why)
{
	struct ike_sa *sa = x->sa;
	struct verdict v = verdict_of(p, s);

	switch (v.kind) {
	case VERDICT_GO_ON:
		return;
	case VERDICT_DROP:
		sa->ike->counts.dropped++;
		return;
	case VERDICT_FAIL_CHILD:
		child_try_failed(x, p, why);
		return;
	default:
		if (p == PROBLEM_AUTH)
			sa->ike->counts.auth_failures++;
		explain_answer_problem(x, p, why);
		sa_abandon(sa, v.notify);
		return;
	}
}

/* RFC 7296 2.3: an answer counts only for the one request that is open. */
static bool answer_expected(const struct ike_sa *sa, const struct received *rx)
{
	const struct exchange *x = sa->window.ours;

	return x && x->phase == PHASE_SENT && x->msgid == rx->header.msgid &&
	       exchange_type_of(x->kind) == rx->header.exchange;
}

/*
 * RFC 7296 1.4.1: an answer to our DELETE says that the peer knows, whatever else it holds; to
 * ask again because of that would have no end.
 */
static bool is_told(const struct exchange *x, enum problem p)
{
	if (p == PROBLEM_NONE || p == PROBLEM_LATER)
		return false;
	return x->kind == EX_DELETE_IKE ||
	       (x->kind == EX_DELETE_CHILD && p == PROBLEM_CRITICAL);
}

static void take_answer(struct ike_sa *sa, struct received *rx, enum problem p)
{
	struct exchange *x = sa->window.ours;
	uint64_t serial = sa->serial;
	struct ike *ike = sa->ike;

	sa_moved(sa, &rx->ev->datagram.remote);
	timers_sa_heard(sa);
	exchange_answered(x);
	if (p == PROBLEM_NONE) {
		const struct row *row = row_of(sa, rx);

		p = check_payloads(row, rx);
		if (p == PROBLEM_NONE)
			p = row->handle(x, rx);
	}
	if (is_told(x, p))
		(void)info_answer(x, rx);
	else if (p != PROBLEM_NONE && p != PROBLEM_LATER)
		answer_failed(x, p, scene_of(rx->header.exchange, true), &rx->why);
	sa = sa_by_serial(ike, serial);
	if (sa)
		window_next(sa);
}

/* ---- protected messages ---- */

/* What was in a message that is the peer's; `err` is what decoding it came to. */
static void take(struct ike_sa *sa, struct received *rx, enum cyg_err err, uint8_t critical)
{
	enum problem p = problem_of(err, PROBLEM_CRITICAL);

	rx->m = &rx->inner;
	if (!err)
		tally_received(sa->ike, rx->m);
	rx->told[0] = critical;
	rx->told_len = critical ? 1 : 0;
	if (rx->header.response)
		take_answer(sa, rx, p);
	else
		take_request(sa, rx, p);
}

static void receive_fragment(struct ike_sa *sa, struct received *rx)
{
	struct gathered g;
	uint8_t critical = 0;
	enum cyg_err err;

	if (!gather_take(sa, rx, &g))
		return;
	rx->digest = g.digest;
	rx->fragments = g.total;
	err = message_parse_inner(view_bytes(&g.text), g.first, &rx->inner, &critical,
				  &rx->why);
	take(sa, rx, err, critical);
	gathered_done(&g);
}

static void receive_whole(struct ike_sa *sa, struct received *rx)
{
	uint8_t *plain = malloc(rx->ev->datagram.data.len);
	bool genuine = false;
	uint8_t critical = 0;
	enum cyg_err err;

	if (!plain)
		return;
	err = unseal(sa, &rx->outer, plain, &rx->inner, &critical, &genuine, &rx->why);
	if (genuine) {
		gather_drop(&sa->window, rx->header.response);
		rx->digest = sa_digest(sa, rx->ev->datagram.data);
		rx->fragments = 0;
		take(sa, rx, err, critical);
	} else {
		drop(sa->ike, rx, "not sealed with this IKE SA's keys");
	}
	secret_wipe(plain, rx->ev->datagram.data.len);
	free(plain);
}

static void receive_protected(struct ike_sa *sa, struct received *rx)
{
	bool fragment = message_count(&rx->outer, PAYLOAD_SKF);

	if (message_check(&rx->outer, fragment ? &rules_skf : &rules_sk, &rx->why))
		drop(sa->ike, rx, "not encrypted as it must be");
	else if (fragment)
		receive_fragment(sa, rx);
	else
		receive_whole(sa, rx);
}

/* ---- the way in ---- */

static struct ike_sa *find_sa(struct ike *ike, const struct ike_header *h)
{
	struct ike_sa *sa = sa_by_spi(ike, h->initiator ? h->spi_r : h->spi_i);
	uint64_t peer = h->initiator ? h->spi_i : h->spi_r;

	if (!sa || sa->initiator == h->initiator)
		return NULL;
	/* RFC 7296 2.6: the peer's SPI is unknown until its first answer. */
	if (sa->spi_peer != peer && !(sa->state == SA_I1 && !sa->spi_peer))
		return NULL;
	return sa;
}

/* Nobody vouches for an answer to IKE_SA_INIT: what is wrong with it is its own fault alone. */
static void take_init_answer(struct ike_sa *sa, struct received *rx)
{
	const struct row *row = row_of(sa, rx);
	enum problem p = check_payloads(row, rx);

	if (p == PROBLEM_NONE)
		p = row->handle(sa->window.ours, rx);
	if (p != PROBLEM_NONE && p != PROBLEM_LATER)
		drop(sa->ike, rx, "not an answer that we can go on with");
}

/*
 * RFC 7296 2.11: an answer comes from where its request went. Nothing else
 * vouches for the addresses of the first one, which NAT detection goes by.
 */
static bool comes_back(const struct ike_sa *sa, const struct received *rx)
{
	return endpoint_equal(&rx->ev->datagram.remote, &sa->remote) &&
	       endpoint_equal(&rx->ev->datagram.local, &sa->local);
}

static void receive_init(struct ike *ike, struct received *rx, enum problem p)
{
	struct ike_sa *sa;

	if (!rx->header.response) {
		if (p == PROBLEM_NONE)
			p = check_payloads(table_find(SA_NONE, X_IKE_SA_INIT, false, SHAPE_ANY),
					   rx);
		init_request(ike, rx, p);
		return;
	}
	sa = find_sa(ike, &rx->header);
	if (p != PROBLEM_NONE || !sa || !answer_expected(sa, rx) || !comes_back(sa, rx))
		drop(ike, rx, "answers no IKE_SA_INIT of ours");
	else
		take_init_answer(sa, rx);
}

/* Before it is proven, only a peer behind a NAT may come from another address than it began with. */
static bool strays(const struct ike_sa *sa, const struct received *rx)
{
	return sa_is_half_open(sa) && !sa->nat.remote &&
	       !ip_equal(&rx->ev->datagram.remote.addr, &sa->remote.addr);
}

static void receive_for_sa(struct ike *ike, struct received *rx)
{
	struct ike_sa *sa = find_sa(ike, &rx->header);

	if (!sa) {
		drop(ike, rx, "its SPIs name no IKE SA of ours");
		return;
	}
	if (strays(sa, rx) || (!rx->header.response && !request_in_window(sa, rx)))
		return;
	if (rx->header.response && !answer_expected(sa, rx))
		return;
	if (!table_expects(sa->state, rx->header.exchange, rx->header.response)) {
		drop(ike, rx, "not expected in this state");
		return;
	}
	receive_protected(sa, rx);
}

void receive(struct ike *ike, const struct event *ev)
{
	struct received rx;
	struct view data = ev->datagram.data;
	enum cyg_err err;

	ike->counts.datagrams++;
	rx.ev = ev;
	rx.told_len = 0;
	diag_clear(&rx.why);
	if (ike_version_of(data) == IKE_VERSION_NEWER) {
		answer_newer_version(ike, ev);
		return;
	}
	if (header_parse(data, &rx.header, &rx.why)) {
		drop(ike, &rx, "its header is broken");
		return;
	}
	rx.where = where_of(rx.header.exchange, rx.header.response);
	rx.m = &rx.outer;
	err = message_parse(data, rx.header.next_payload, &rx.outer, &rx.told[0], &rx.why);
	if (err == CYG_UNSUPPORTED)
		rx.told_len = 1;
	if (rx.header.exchange == X_IKE_SA_INIT)
		receive_init(ike, &rx, problem_of(err, PROBLEM_CRITICAL));
	else if (err)
		drop(ike, &rx, "its payloads are broken");
	else
		receive_for_sa(ike, &rx);
}
