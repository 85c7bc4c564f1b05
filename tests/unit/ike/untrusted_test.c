/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer was believed by holds no more (EV_UNTRUSTED). */
#include "ike/sa.h"
#include "ike/v2/auth.h"
#include "tests/unit/ike/world.h"

#include <string.h>

/* What trust would have answered: these peers share a secret, and have no proof of their own. */
static void prove(struct node *h, uint64_t proof)
{
	struct ike_sa *sa, *next;

	HASH_ITER(hh, h->ike->by_spi, sa, next)
		sa->proofs[0] = proof;
}

static void distrust(struct node *h, uint64_t proof)
{
	struct event ev = {.kind = EV_UNTRUSTED};
	struct diag why;

	diag_set(&why, "certificate-revoked", NULL, "the certificate was revoked");
	ev.untrusted.proof = proof;
	ev.untrusted.why = &why;
	world_event(h, &ev);
}

static void its_sas_go_at_both_ends(void **state)
{
	struct world *w = world_pair_up(401);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	prove(east, 7);
	distrust(east, 7);
	world_settle(w);
	assert_int_equal(east->plane.sas_len, 0);
	assert_int_equal(west->plane.sas_len, 0);
	assert_non_null(strstr(text_str(&east->log), "the peer is trusted no more"));
	assert_non_null(strstr(text_str(&east->log), "the certificate was revoked"));
	world_free(w);
}

/* RFC 4739: a machine and its user, of whom each may be revoked. */
static void of_two_proofs_either_may_go(void **state)
{
	for (uint64_t gone = 7; gone <= 8; gone++) {
		struct world *w = world_pair_up(405);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");
		struct ike_sa *sa, *next;

		HASH_ITER(hh, east->ike->by_spi, sa, next)
			for (uint64_t proof = 7; proof <= 8; proof++)
				auth_watch(sa, &(struct answer){.auth = {.proof = proof}});
		distrust(east, 9);
		world_settle(w);
		assert_int_equal(east->plane.sas_len, 2);
		distrust(east, gone);
		world_settle(w);
		assert_int_equal(east->plane.sas_len, 0);
		assert_int_equal(west->plane.sas_len, 0);
		world_free(w);
	}
}

static void others_stay(void **state)
{
	struct world *w = world_pair_up(402);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	prove(east, 7);
	distrust(east, 8);
	distrust(east, 0);
	world_settle(w);
	assert_int_equal(east->plane.sas_len, 2);
	assert_int_equal(west->plane.sas_len, 2);
	world_free(w);
}

/* A rekeyed SA rests on the same proof. */
static void a_rekey_changes_nothing(void **state)
{
	struct world *w = world_pair_up(403);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");

	prove(east, 7);
	world_command(east, CMD_REKEY_IKE, "net");
	world_settle(w);
	assert_int_equal(east->plane.sas_len, 2);
	distrust(east, 7);
	world_settle(w);
	assert_int_equal(east->plane.sas_len, 0);
	assert_int_equal(west->plane.sas_len, 0);
	world_free(w);
}

static bool rests_on(struct node *h, uint64_t proof)
{
	struct ike_sa *sa, *next;

	HASH_ITER(hh, h->ike->by_spi, sa, next)
		if (sa->proofs[0] == proof)
			return true;
	return false;
}

static bool unanswered(struct world *w, struct flight *f)
{
	return f->from != world_host(w, "west");
}

/* The SA that is to take its place is of the same proof, and goes with the exchange alone. */
static void a_rekey_under_way_goes_with_it(void **state)
{
	for (int by_east = 0; by_east < 2; by_east++) {
		struct world *w = world_pair_up(404);
		struct node *west = world_host(w, "west"), *east = world_host(w, "east");

		prove(east, 7);
		if (by_east)
			w->filter = unanswered;
		else
			w->hold = 1u << ACT_KE_RESPOND;
		world_command(by_east ? east : west, CMD_REKEY_IKE, "net");
		world_settle(w);
		distrust(east, 7);
		w->filter = NULL;
		world_release(w);
		world_run(w, 60 * NSEC_PER_SEC);
		/* What has come up since is of a proof of its own. */
		assert_false(rests_on(east, 7));
		world_free(w);
	}
	(void)state;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_sas_go_at_both_ends),
		cmocka_unit_test(of_two_proofs_either_may_go),
		cmocka_unit_test(others_stay),
		cmocka_unit_test(a_rekey_changes_nothing),
		cmocka_unit_test(a_rekey_under_way_goes_with_it),
	};

	return RUN_TESTS("ike/untrusted", tests);
}
