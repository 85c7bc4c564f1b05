/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <string.h>

static void what_is_not_oriented_is_explained(void **state)
{
	static const struct {
		const char *left, *right, *sentence, *got, *hint;
	} rows[] = {
		{"192.0.2.7", "192.0.2.8", "neither end", "left=192.0.2.7, right=192.0.2.8",
		 "%defaultroute"},
		{"192.0.2.7", "%any", "neither end", "right=%any", "left=%defaultroute"},
		{"192.0.2.7", "%group", "neither end", "right=%group", ""},
		{"192.0.2.1", "10.1.0.1", "both ends", "left=192.0.2.1, right=10.1.0.1",
		 "must be the peer"},
		{"%defaultroute", "10.1.0.1", "both ends", "left=%defaultroute (192.0.2.1)",
		 "the peer"},
		{"%defaultroute", "%eth0", "both ends", "right=%eth0 (192.0.2.1)", "the peer"},
		{"%eth9", "192.0.2.8", "has no address now", "left=%eth9 (no such interface",
		 "as soon as"},
		{"%defaultroute", "2001:db8::9", "has no address now",
		 "left=%defaultroute (there is none)", "as soon as"},
		{"west.example", "192.0.2.8", "neither end", "west.example (not resolved yet)",
		 "this host's address"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct loaded *l = load(p, between("conn", rows[i].left, NULL, rows[i].right,
						   NULL));
		struct diag why;

		test_row(i, "%s %s", rows[i].left, rows[i].right);
		assert_int_equal(l->local, -1);
		assert_false(ip_is_set(&l->local_addr));
		policy_explain_orientation(p, l->connection, &why);
		assert_string_equal(why.code, "not-oriented");
		assert_non_null(strstr(why.sentence, rows[i].sentence));
		assert_non_null(strstr(why.got, rows[i].got));
		assert_non_null(strstr(why.hint, rows[i].hint));
		assert_non_null(strstr(why.wanted, "10.1.0.1 (eth1)"));
		policy_free(p);
	}
}

static void an_unknown_host_orients_nothing(void **state)
{
	struct entropy_seeded seeded;
	struct entropy e = entropy_seed(&seeded, 1);
	struct policy *p = policy_new(&e);
	struct loaded *l = load(p, between("a", "192.0.2.1", NULL, "192.0.2.8", NULL));
	struct diag why;

	assert_int_equal(l->local, -1);
	policy_explain_orientation(p, l->connection, &why);
	assert_non_null(strstr(why.sentence, "not known yet"));
	assert_int_equal(policy_host_changed(p, &test_host), CYG_OK);
	assert_int_equal(l->local, 0);
	policy_explain_orientation(p, l->connection, &why);
	assert_string_equal(why.code, "oriented");
	policy_free(p);
}

static void our_end_is_found(void **state)
{
	static const struct {
		const char *left, *right;
		int local;
		const char *ours;
	} rows[] = {
		{"192.0.2.1", "192.0.2.8", 0, "192.0.2.1"},
		{"192.0.2.8", "192.0.2.1", 1, "192.0.2.1"},
		{"%defaultroute", "192.0.2.8", 0, "192.0.2.1"},
		{"192.0.2.8", "%defaultroute", 1, "192.0.2.1"},
		{"%defaultroute", "%any", 0, "192.0.2.1"},
		{"%defaultroute", "peer.example", 0, "192.0.2.1"},
		{"%eth1", "192.0.2.8", 0, "10.1.0.1"},
		{"%eth0", "2001:db8::9", 0, "2001:db8::1"},
		{"%any", "192.0.2.1", 1, "192.0.2.1"},
		{"2001:db8::1", "2001:db8::2", 0, "2001:db8::1"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct loaded *l = load(p,
					between("a", rows[i].left, NULL, rows[i].right, NULL));
		struct ip_addr ours = addr(rows[i].ours);

		test_row(i, "%s %s", rows[i].left, rows[i].right);
		assert_int_equal(l->local, rows[i].local);
		assert_true(ip_equal(&l->local_addr, &ours));
		assert_true(ident_equal(l->local_id, id(rows[i].ours)));
		policy_free(p);
	}
}

/* Without a word on the family, the only default route there is decides. */
static void a_family_is_chosen(void **state)
{
	struct host_view six = test_host;
	struct policy *p = database();
	struct connection *c = between("six", "%eth0", NULL, "%any", NULL);
	struct loaded *l = load(p, between("a", "%defaultroute", NULL, "%any", NULL)), *by_word;

	c->family = IP_V6;
	by_word = load(p, c);
	assert_int_equal(by_word->local_addr.family, IP_V6);
	assert_int_equal(l->local_addr.family, IP_V4);
	six.default_v6.addr = addr("2001:db8::1");
	six.default_v4.addr = (struct ip_addr){0};
	assert_int_equal(policy_host_changed(p, &six), CYG_OK);
	assert_int_equal(l->local_addr.family, IP_V6);
	policy_free(p);
}

/* A shunt negotiates with nobody, so neither end need be somebody else. */
static void an_end_of_a_shunt_is_found(void **state)
{
	static const struct {
		const char *left, *right;
		int local;
	} rows[] = {
		{"192.0.2.7", "192.0.2.8", -1}, {"192.0.2.7", "%any", -1},
		{"%eth9", "%any", -1},          {"%any", "%any", 0},
		{"127.0.0.1", "%any", 0},       {"%any", "::1", 1},
		{"192.0.2.1", "10.1.0.1", 0},   {"192.0.2.8", "192.0.2.1", 1},
		{"%defaultroute", "%any", 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct policy *p = database();
		struct connection *c = between("a", rows[i].left, NULL, rows[i].right, NULL);

		test_row(i, "%s %s", rows[i].left, rows[i].right);
		c->type = CONN_DROP;
		assert_int_equal(load(p, c)->local, rows[i].local);
		policy_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_oriented_is_explained),
		cmocka_unit_test(an_unknown_host_orients_nothing),
		cmocka_unit_test(our_end_is_found),
		cmocka_unit_test(a_family_is_chosen),
		cmocka_unit_test(an_end_of_a_shunt_is_found),
	};

	return RUN_TESTS("policy/bearing", tests);
}
