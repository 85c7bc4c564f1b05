/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <string.h>

static size_t ask(struct policy *p, const char *name)
{
	struct actions out = {0};
	size_t n;

	policy_ask_names(p, &out);
	n = count_kind(&out, ACT_RESOLVE);
	assert_int_equal(n, out.len);
	for (size_t i = 0; name && i < out.len; i++)
		assert_string_equal(out.items[i].name, name);
	actions_done(&out);
	return n;
}

static void names_are_asked_for_once(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "peer.example", NULL));
	struct ip_addr found = addr("192.0.2.77");
	struct endpoint us = at("192.0.2.1", 500), peer = at("192.0.2.77", 500);
	struct loaded *out[2];

	load(p, between("b", "192.0.2.1", "10.1.0.0/24", "peer.example", NULL));
	assert_false(ip_is_set(&l->remote_addr));
	assert_int_equal(ask(p, "peer.example"), 1);
	assert_int_equal(ask(p, NULL), 0);
	policy_resolved(p, "peer.example", NULL, 0);
	assert_false(ip_is_set(&l->remote_addr));
	assert_int_equal(ask(p, "peer.example"), 1); /* there was no answer in it */
	assert_int_equal(policy_candidates(p, &us, &peer, out, 2), 0);
	policy_resolved(p, "peer.example", &found, 1);
	assert_true(ip_equal(&l->remote_addr, &found));
	assert_true(ident_equal(l->remote_id, id("192.0.2.77")));
	assert_int_equal(policy_candidates(p, &us, &peer, out, 2), 2);
	policy_resolved(p, "peer.example", NULL, 0);
	assert_true(ip_equal(&l->remote_addr, &found));
	policy_resolved(p, "nobodys.example", &found, 1);
	policy_free(p);
}

static void the_family_decides_which_address(void **state)
{
	const struct ip_addr both[] = {addr("2001:db8::77"), addr("192.0.2.77"),
				       addr("192.0.2.78")};
	struct policy *p = database();
	struct loaded *four = load(p, between("four", "192.0.2.1", NULL, "peer.example", NULL));
	struct loaded *six = load(p, between("six", "2001:db8::1", NULL, "peer.example", NULL));

	policy_resolved(p, "peer.example", both, COUNT_OF(both));
	assert_true(ip_equal(&four->remote_addr, &both[1]));
	assert_true(ip_equal(&six->remote_addr, &both[0]));
	policy_resolved(p, "peer.example", both, 1);
	assert_false(ip_is_set(&four->remote_addr));
	policy_free(p);
}

/* Servers turn the order of answers; a peer does not move for that. */
static void an_address_is_kept_while_answers_have_it(void **state)
{
	const struct ip_addr first[] = {addr("192.0.2.77"), addr("192.0.2.78")};
	const struct ip_addr turned[] = {addr("192.0.2.78"), addr("192.0.2.77")};
	const struct ip_addr gone[] = {addr("192.0.2.79"), addr("192.0.2.78")};
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "peer.example", NULL));

	policy_resolved(p, "peer.example", first, 2);
	policy_resolved(p, "peer.example", turned, 2);
	assert_true(ip_equal(&l->remote_addr, &first[0]));
	policy_resolved(p, "peer.example", gone, 2);
	assert_true(ip_equal(&l->remote_addr, &first[1]));
	policy_free(p);
}

static void many_addresses_are_cut_short(void **state)
{
	struct ip_addr many[100];
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "peer.example", NULL));

	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = (struct ip_addr){IP_V4, {10, 77, 0, (uint8_t)i}};
	policy_resolved(p, "peer.example", many, COUNT_OF(many));
	assert_true(ip_equal(&l->remote_addr, &many[0]));
	policy_resolved(p, "peer.example", many + 50, 50);
	assert_true(ip_equal(&l->remote_addr, &many[50]));
	policy_free(p);
}

static void our_own_name_orients_us(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "west.example", NULL, "192.0.2.8", NULL));
	struct ip_addr ours = addr("10.1.0.1");

	assert_int_equal(l->local, -1);
	policy_resolved(p, "west.example", &ours, 1);
	assert_int_equal(l->local, 0);
	assert_true(ip_equal(&l->local_addr, &ours));
	policy_free(p);
}

static void a_failed_try_doubts_the_name(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "peer.example", NULL));
	struct ip_addr found = addr("192.0.2.77");

	assert_int_equal(ask(p, NULL), 1);
	policy_resolved(p, "peer.example", &found, 1);
	assert_int_equal(ask(p, NULL), 0);
	l->want_up = true;
	assert_true(policy_failed(p, l, 1, false));
	assert_int_equal(ask(p, "peer.example"), 1);
	assert_true(ip_equal(&l->remote_addr, &found)); /* until an answer says otherwise */
	policy_free(p);
}

static void a_name_is_forgotten_with_its_last_user(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "peer.example", NULL));
	struct connection *now = between("a", "192.0.2.1", NULL, "other.example", NULL);
	struct ip_addr found = addr("192.0.2.77");
	struct actions out = {0};

	policy_resolved(p, "peer.example", &found, 1);
	assert_int_equal(policy_add(p, now, true, &l, NULL, NULL), CYG_OK);
	assert_false(ip_is_set(&l->remote_addr));
	assert_int_equal(ask(p, "other.example"), 1);
	policy_remove(p, l, &out);
	l = load(p, between("b", "192.0.2.1", NULL, "peer.example", NULL));
	assert_false(ip_is_set(&l->remote_addr));
	assert_int_equal(ask(p, "peer.example"), 1);
	actions_done(&out);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_addresses_are_cut_short),
		cmocka_unit_test(names_are_asked_for_once),
		cmocka_unit_test(the_family_decides_which_address),
		cmocka_unit_test(an_address_is_kept_while_answers_have_it),
		cmocka_unit_test(our_own_name_orients_us),
		cmocka_unit_test(a_failed_try_doubts_the_name),
		cmocka_unit_test(a_name_is_forgotten_with_its_last_user),
	};

	return RUN_TESTS("policy/dns", tests);
}
