/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/table.h"
#include "tests/unit/ike/tamper.h"
#include "wire/chain.h"
#include "wire/notify.h"

#include <stdlib.h>
#include <string.h>

/*
 * The state machine against messages that have no place in it: every exchange
 * in every state, and every message with a payload missing or doubled, sealed
 * by the real peer.
 */

/* ---- the table itself ---- */

static void test_rows(void **state)
{
	struct text t = {0};

	(void)state;
	for (size_t i = 0; i < ike_table_len; i++) {
		const struct row *r = &ike_table[i];

		assert_non_null(r->rules);
		assert_non_null(r->doc);
		assert_true(r->handle || r->state == SA_NONE);
		assert_true(r->next < SA_STATES);
		assert_ptr_equal(table_find(r->state, r->exchange, r->response, r->shape), r);
		/* Nothing protected is expected before there are keys, but what makes them. */
		if (r->state == SA_NONE || r->state == SA_I1)
			assert_int_equal(r->exchange, X_IKE_SA_INIT);
		for (size_t k = 0; k < i; k++)
			assert_false(ike_table[k].state == r->state &&
				     ike_table[k].exchange == r->exchange &&
				     ike_table[k].response == r->response &&
				     ike_table[k].shape == r->shape);
	}
	for (unsigned x = 0; x < 256; x++) {
		assert_false(table_expects(SA_GONE, (uint8_t)x, false));
		assert_false(table_expects(SA_GONE, (uint8_t)x, true));
		assert_false(table_expects(SA_LARVAL, (uint8_t)x, false));
		assert_false(table_expects(SA_LARVAL, (uint8_t)x, true));
	}
	table_draw(&t);
	assert_non_null(strstr(text_str(&t), "\"R1\" -> \"established\""));
	text_done(&t);
}

/* ---- every exchange in every state ---- */

/* Sealed by `from`, with a Nonce and an error inside: right for no message there is. */
static void send_odd(struct node *to, struct ike_sa *from, uint8_t exchange, bool response,
		     uint32_t msgid)
{
	struct sealer s;
	struct view message;

	seal_begin(&s, from, exchange, response, msgid);
	chain_notify(&s.inner, 40001, LITERAL("nonsense"));
	if (!seal_end(&s, &message))
		deliver_from(to, from, message);
}

enum target { AT_R1, AT_I2, AT_UP, AT_REKEYED, AT_DELETING, AT_GONE, TARGETS };
static const char *const target_names[] = {"R1", "I2", "UP", "REKEYED", "DELETING", "GONE"};

static bool lose_auth(struct world *w, struct flight *f)
{
	(void)w;
	return f->data.ptr[18] != X_IKE_AUTH;
}

static bool lose_from_east(struct world *w, struct flight *f)
{
	return f->from != world_host(w, "east");
}

static bool lose_informational(struct world *w, struct flight *f)
{
	(void)w;
	return f->data.ptr[18] != X_INFORMATIONAL;
}

/* Bring east (west for I2) into a state; its peer's SA can seal for it. */
static struct world *world_at(enum target t, struct node **ret_node, struct ike_sa **ret_sa,
			      struct ike_sa **ret_peer)
{
	struct world *w = world_pair(120);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	if (t == AT_R1 || t == AT_I2)
		w->filter = lose_auth;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	*ret_node = t == AT_I2 ? west : east;
	*ret_sa = newest_sa(*ret_node);
	*ret_peer = newest_sa(t == AT_I2 ? east : west);
	if (t == AT_REKEYED) {
		w->filter = lose_informational; /* west's DELETE of the old one */
		world_command(west, CMD_REKEY_IKE, "net");
	} else if (t == AT_DELETING) {
		w->filter = lose_from_east;
		world_command(east, CMD_DOWN, "net");
	} else if (t == AT_GONE) {
		w->filter = lose_from_east; /* the answer to the DELETE: west keeps its SA */
		world_command(west, CMD_DOWN, "net");
	}
	world_settle(w);
	w->filter = NULL;
	return w;
}

static void test_each_exchange(void **state)
{
	(void)state;
	for (int t = 0; t < TARGETS; t++) {
		struct node *h;
		struct ike_sa *sa, *peer;
		struct world *w = world_at((enum target)t, &h, &sa, &peer);
		struct ike_counts before = ike_counts(h->ike);
		uint8_t was = sa->state;
		uint64_t serial = sa->serial;
		unsigned sent = h->sent;

		test_row((size_t)t, "%s", target_names[t]);
		for (unsigned x = 0; x < 256; x++)
			for (int response = 0; response < 2; response++) {
				uint32_t id = sa->window.next_in;

				if (response && sa->window.ours)
					id = sa->window.ours->msgid;
				if (table_expects(sa->state, (uint8_t)x, response))
					continue;
				send_odd(h, peer, (uint8_t)x, response, id);
			}
		/* And out of the window, in its own exchange. */
		if (t != AT_R1 && t != AT_I2) {
			send_odd(h, peer, X_INFORMATIONAL, false, sa->window.next_in + 1);
			send_odd(h, peer, X_INFORMATIONAL, false, sa->window.next_in - 1);
			send_odd(h, peer, X_INFORMATIONAL, false, 0xffffffff);
			send_odd(h, peer, X_INFORMATIONAL, true, sa->window.next_out + 1);
		}
		assert_ptr_equal(sa_by_serial(h->ike, serial), sa);
		assert_int_equal(sa->state, was);
		assert_int_equal(h->sent, sent);
		assert_int_equal(ike_counts(h->ike).half_open, before.half_open);
		assert_int_equal(ike_counts(h->ike).children, before.children);
		assert_int_equal(ike_counts(h->ike).established, before.established);
		world_free(w);
	}
}

/* ---- payloads missing, doubled, in another order ---- */

enum edit_kind { EDIT_DROP, EDIT_DOUBLE, EDIT_REVERSE, EDITS };

struct edit {
	uint8_t exchange;
	bool response;
	uint8_t kind;      /* enum edit_kind */
	unsigned index;    /* of the payload */
	unsigned skip;     /* leave so many such messages alone */
	unsigned payloads; /* out: how many the message had */
	uint8_t type;      /* out: of that payload */
	bool done;
};

static void copy_payload(struct sealer *s, const struct payload *p)
{
	chain_payload(&s->inner, p->type);
	build_view(&s->b, p->body);
}

static void rebuild(struct sealer *s, const struct message *m, const struct edit *e)
{
	for (unsigned i = 0; i < m->len; i++) {
		const struct payload *p =
			&m->payloads[e->kind == EDIT_REVERSE ? m->len - 1u - i : i];

		if (e->kind == EDIT_DROP && i == e->index)
			continue;
		copy_payload(s, p);
		if (e->kind == EDIT_DOUBLE && i == e->index)
			copy_payload(s, p);
	}
}

/* Open a sealed message with the receiver's keys, change it, seal it with the sender's. */
static void edit_message(struct edit *e, struct ike_sa *from, struct ike_sa *to,
			 struct flight *f)
{
	static uint8_t plain[4096];
	struct ike_header h;
	struct message outer, inner;
	struct sealer s;
	struct view out;
	uint8_t critical;
	bool genuine;

	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	assert_int_equal(message_parse(view_bytes(&f->data), h.next_payload, &outer, NULL,
				       NULL),
			 CYG_OK);
	assert_int_equal(unseal(to, &outer, plain, &inner, &critical, &genuine, NULL), CYG_OK);
	e->payloads = inner.len;
	if (e->index >= inner.len)
		return;
	e->type = inner.payloads[e->index].type;
	seal_begin(&s, from, h.exchange, h.response, h.msgid);
	rebuild(&s, &inner, e);
	assert_int_equal(seal_end(&s, &out), CYG_OK);
	bytes_done(&f->data);
	assert_true(bytes_copy(&f->data, out));
}

static bool edit_once(struct world *w, struct flight *f)
{
	struct edit *e = w->ctx;
	struct node *from = f->from,
		    *to = world_host(w, from == world_host(w, "west") ? "east" : "west");

	if (e->done || f->data.ptr[18] != e->exchange ||
	    ((f->data.ptr[19] & 0x20) != 0) != e->response)
		return true;
	if (e->skip) {
		e->skip--;
		return true;
	}
	e->done = true;
	edit_message(e, newest_sa(from), newest_sa(to), f);
	return true;
}

/* What the edited message was part of. */
static void act(struct world *w, const struct edit *e, enum command_kind rekey)
{
	struct node *west = world_host(w, "west");

	if (e->exchange == X_IKE_AUTH) {
		world_command(west, CMD_UP, "net");
		world_settle(w);
		return;
	}
	world_command(west, rekey, "net");
	world_settle(w);
}

static bool may_be_missing(const struct edit *e)
{
	switch (e->type) {
	case PAYLOAD_NOTIFY:
	case PAYLOAD_VENDOR:
		return true;
	case PAYLOAD_IDR: /* in a request only a wish */
		return !e->response;
	default:
		return false;
	}
}

static void run_edit(struct edit *e, enum command_kind rekey)
{
	struct world *w = world_pair(130);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	bool harmless;

	if (e->exchange != X_IKE_AUTH) {
		world_command(west, CMD_UP, "net");
		world_settle(w);
	}
	w->filter = edit_once;
	w->ctx = e;
	act(w, e, rekey);
	w->filter = NULL;
	assert_true(e->done);
	harmless = e->index >= e->payloads || e->kind == EDIT_REVERSE ||
		   (e->kind == EDIT_DROP && may_be_missing(e)) ||
		   (e->kind == EDIT_DOUBLE &&
		    (e->type == PAYLOAD_NOTIFY || e->type == PAYLOAD_VENDOR));
	if (harmless) {
		world_run(w, 9 * NSEC_PER_SEC);
	} else if (e->exchange == X_IKE_AUTH) {
		/* Nothing comes of this handshake. */
		assert_int_equal(count_children(west), 0);
		assert_int_equal(count_children(east), 0);
	}
	/* Whatever happened, in the end both ends agree; what was to be up is up. */
	world_run(w, 200 * NSEC_PER_SEC);
	assert_planes_match(west, east, 1);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	world_free(w);
}

static void run_edits(uint8_t exchange, bool response, enum command_kind rekey)
{
	for (int kind = 0; kind < EDITS; kind++)
		for (unsigned index = 0;; index++) {
			struct edit e = {.exchange = exchange,
					 .response = response,
					 .kind = (uint8_t)kind,
					 .index = index};

			test_row(index, "exchange %u response %d edit %d", exchange, response,
				 kind);
			run_edit(&e, rekey);
			if (index >= e.payloads || kind == EDIT_REVERSE)
				break;
		}
}

static void test_edited_auth(void **state)
{
	(void)state;
	run_edits(X_IKE_AUTH, false, 0);
	run_edits(X_IKE_AUTH, true, 0);
}

static void test_edited_child(void **state)
{
	(void)state;
	run_edits(X_CREATE_CHILD_SA, false, CMD_REKEY_CHILD);
	run_edits(X_CREATE_CHILD_SA, true, CMD_REKEY_CHILD);
}

static void test_edited_rekey(void **state)
{
	(void)state;
	run_edits(X_CREATE_CHILD_SA, false, CMD_REKEY_IKE);
	run_edits(X_CREATE_CHILD_SA, true, CMD_REKEY_IKE);
}

/* IKE_SA_INIT is in clear: what lacks a payload is refused without a trace. */
static bool cut_init(struct world *w, struct flight *f)
{
	unsigned *drop = w->ctx;
	struct ike_header h;
	struct message m;
	uint8_t storage[2048];
	struct builder b = builder_of(storage, sizeof(storage));
	struct chain c;
	struct view out;

	if (f->from != world_host(w, "west") || f->data.ptr[18] != X_IKE_SA_INIT)
		return true;
	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	assert_int_equal(message_parse(view_bytes(&f->data), h.next_payload, &m, NULL, NULL),
			 CYG_OK);
	c = message_begin(&b, &h);
	for (unsigned i = 0; i < m.len; i++) {
		if (m.payloads[i].type == *drop)
			continue;
		chain_payload(&c, m.payloads[i].type);
		build_view(&b, m.payloads[i].body);
	}
	out = message_end(&c);
	bytes_done(&f->data);
	assert_true(bytes_copy(&f->data, out));
	return true;
}

static void test_edited_init(void **state)
{
	static unsigned types[] = {PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		struct world *w = world_pair(140);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		test_row(i, "type %u", types[i]);
		w->filter = cut_init;
		w->ctx = &types[i];
		world_command(west, CMD_UP, "net");
		world_settle(w);
		assert_int_equal(count_sas(east, -1), 0);
		assert_logged(west, "INVALID_SYNTAX");
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),         cmocka_unit_test(test_each_exchange),
		cmocka_unit_test(test_edited_init),  cmocka_unit_test(test_edited_auth),
		cmocka_unit_test(test_edited_child), cmocka_unit_test(test_edited_rekey),
	};

	return RUN_TESTS("ike/table", tests);
}
