/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/exchange.h"
#include "ike/sa.h"
#include "tests/unit/ike/tamper.h"
#include "wire/chain.h"

/*
 * How SAs end when the peer answers our DELETE with something that can't be read: it knows of it
 * all the same (RFC 7296 1.4.1), and nothing is asked again.
 */

/* What east's answer holds instead of its own content. */
struct odd {
	const char *what;
	uint8_t type;
	bool critical;
	const char *body;
};

static void answer_oddly(struct node *to, struct ike_sa *from, const struct odd *o,
			 uint32_t msgid)
{
	struct sealer s;
	struct view message;

	seal_begin(&s, from, X_INFORMATIONAL, true, msgid);
	chain_payload(&s.inner, o->type);
	s.b.base[build_len(&s.b) - 3] = o->critical ? 0x80 : 0;
	build_view(&s.b, test_hex(o->body));
	assert_int_equal(seal_end(&s, &message), CYG_OK);
	deliver_from(to, from, message);
}

static bool change_answers(struct world *w, struct flight *f)
{
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct ike_header h;

	assert_int_equal(header_parse(view_bytes(&f->data), &h, NULL), CYG_OK);
	if (f->from != east || h.exchange != X_INFORMATIONAL || !h.response)
		return true;
	answer_oddly(west, sa_by_spi(east->ike, h.initiator ? h.spi_i : h.spi_r), w->ctx,
		     h.msgid);
	return false;
}

static const struct odd odds[] = {
	{"a critical payload that nobody knows", 200, true, "00"},
	{"a broken notify", PAYLOAD_NOTIFY, false, "00"},
	{"a broken delete", PAYLOAD_DELETE, false, "03040002 00000000"},
	{"what has no place in it", PAYLOAD_AUTH, false, "02000000 00"},
};

static void an_ike_sa_is_deleted_once_the_peer_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(odds); i++) {
		struct world *w = world_pair_up(700);
		struct node *west = world_host(w, "west");
		unsigned sent = west->sent;

		test_row(i, "%s", odds[i].what);
		w->filter = change_answers;
		w->ctx = (void *)&odds[i];
		world_command(west, CMD_DOWN, "net");
		world_settle(w);
		assert_int_equal(west->sent, sent + 1);
		assert_int_equal(count_sas(west, -1), 0);
		world_free(w);
	}
}

static void a_child_is_deleted_once_the_peer_answers(void **state)
{
	struct world *w = world_pair_with(701, NULL, "", "");
	struct node *west = world_host(w, "west");
	struct ike_sa *sa;

	(void)state;
	world_load_more(w);
	world_up(west, "net");
	world_up(west, "more");
	sa = newest_sa(west);
	w->filter = change_answers;
	w->ctx = (void *)&odds[0];
	world_command(west, CMD_DOWN, "more");
	world_settle(w);
	assert_int_equal(sa->state, SA_UP);
	assert_int_equal(count_children(west), 1);
	assert_true(sa->children.next == sa->children.prev); /* one record, too */
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ike_sa_is_deleted_once_the_peer_answers),
		cmocka_unit_test(a_child_is_deleted_once_the_peer_answers),
	};

	return RUN_TESTS("ike/lost", tests);
}
