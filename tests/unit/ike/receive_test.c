/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/exchange.h"
#include "ike/sa.h"
#include "tests/unit/ike/tamper.h"

#include <string.h>

/* The last request again: what its cached answer may be made to do (docs/attacks.md P5, P31). */

struct captured {
	struct bytes request; /* west's last one of this exchange */
	uint8_t exchange;
	bool lose_answers;
};

static bool keep_request(struct world *w, struct flight *f)
{
	struct captured *c = w->ctx;

	if (f->data.ptr[18] != c->exchange)
		return true;
	if (f->from != world_host(w, "west"))
		return !c->lose_answers;
	bytes_done(&c->request);
	assert_true(bytes_copy(&c->request, view_bytes(&f->data)));
	return true;
}

/* How many datagrams east sends when this one comes, some time later. */
static unsigned answers(struct world *w, const struct endpoint *from, struct view data)
{
	struct node *east = world_host(w, "east");
	struct event ev = {.kind = EV_DATAGRAM};
	unsigned sent = east->sent;

	w->now += 100 * NSEC_PER_MS;
	ev.datagram.local = (struct endpoint){east->addr, 4500};
	ev.datagram.remote = *from;
	ev.datagram.data = data;
	world_event(east, &ev);
	return east->sent - sent;
}

/* As certificates make it: of so many octets. */
static void lengthen(struct window *w, size_t len)
{
	uint8_t storage[8192] = {0};

	memcpy(storage, w->reply.ptr, w->reply.len);
	storage[26] = (uint8_t)(len >> 8);
	storage[27] = (uint8_t)len;
	bytes_done(&w->reply);
	assert_true(bytes_copy(&w->reply, view_of(storage, len)));
}

/*
 * Amid EAP the peer has proven nothing. Its first request again, as if from somebody else, brings
 * that one no certificates: not even if a NAT is said to stand before the peer.
 */
static void long_answers_go_to_nobody_else(void **state)
{
	struct captured c = {.exchange = X_IKE_AUTH, .lose_answers = true};
	struct world *w = world_pair_by_eap(720);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct endpoint peer = {west->addr, 4500}, port = {west->addr, 4501};
	struct endpoint victim = {world_host(w, "north")->addr, 4500};
	struct ike_sa *sa;

	(void)state;
	w->filter = keep_request;
	w->ctx = &c;
	world_command(west, CMD_UP, "net");
	world_settle(w);
	sa = newest_sa(east);
	assert_int_equal(sa->state, SA_R1_EAP);
	sa->nat.remote = true;
	assert_int_equal(answers(w, &peer, view_bytes(&c.request)), 1);
	assert_int_equal(answers(w, &victim, view_bytes(&c.request)), 1);
	lengthen(&sa->window, 4 * c.request.len);
	assert_int_equal(answers(w, &victim, view_bytes(&c.request)), 0);
	assert_int_equal(answers(w, &peer, view_bytes(&c.request)), 1);
	assert_int_equal(answers(w, &port, view_bytes(&c.request)), 1);
	/* What began elsewhere is not taken to be there because a request said so. */
	sa->remote = victim;
	assert_int_equal(answers(w, &victim, view_bytes(&c.request)), 0);
	bytes_done(&c.request);
	world_free(w);
}

/* A fragment that is nobody's, with the number of the last request: the true one is answered. */
static void strays_hold_up_no_answer(void **state)
{
	struct captured c = {.exchange = X_CREATE_CHILD_SA};
	struct world *w = world_pair_up(721);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	struct endpoint peer = {west->addr, 500};
	uint8_t stray[128] = {0};
	struct ike_sa *sa;

	(void)state;
	w->filter = keep_request;
	w->ctx = &c;
	world_load_more(w);
	world_up(west, "more");
	sa = newest_sa(east);
	assert_true(sa->fragmenting.agreed);
	memcpy(stray, c.request.ptr, 28);
	stray[16] = PAYLOAD_SKF;
	stray[27] = sizeof(stray);
	stray[26] = stray[25] = stray[24] = 0;
	stray[31] = sizeof(stray) - 28;
	stray[33] = 1; /* fragment 1 of 9 */
	stray[35] = 9;
	assert_int_equal(answers(w, &peer, view_of(stray, sizeof(stray))), 0);
	w->now -= 100 * NSEC_PER_MS; /* at the same moment */
	assert_int_equal(answers(w, &peer, view_bytes(&c.request)), 1);
	for (int i = 0; i < 9; i++)
		assert_int_equal(answers(w, &peer, view_of(stray, sizeof(stray))), 0);
	assert_true(sa->window.replied_again < 2);
	bytes_done(&c.request);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_answers_go_to_nobody_else),
		cmocka_unit_test(strays_hold_up_no_answer),
	};

	return RUN_TESTS("ike/receive", tests);
}
