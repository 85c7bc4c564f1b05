/* SPDX-License-Identifier: Apache-2.0 */
/* Destinations inside others that go another way: through an interface of a tunnel's own, or without. */
#include "conn/field.h"
#include "tests/unit/policy/compared.h"
#include "tests/unit/policy/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct actions out;

static int tear_down(void **state)
{
	actions_done(&out);
	return 0;
}

static void set_field(struct connection *c, const char *keyword, const char *value)
{
	assert_int_equal(field_set(c, 0, field_by_keyword(keyword, false), value, NULL),
			 CYG_OK);
}

static void set_ports(struct connection *c, const char *ports)
{
	const struct field *f = field_by_keyword("protoport", true);

	for (int end = 0; end < 2; end++)
		assert_int_equal(field_set(c, end, f, ports, NULL), CYG_OK);
}

enum way { PLAIN, LINKED, PASSING };

struct end_of_row {
	enum way way;
	const char *local, *remote;
	const char *ports; /* protoport= of both ends, or NULL */
};

static struct loaded *make(struct policy *p, const char *name, const struct end_of_row *e)
{
	struct connection *c = between(name, "192.0.2.1", e->local,
				       e->way == PASSING ? "%any" : "192.0.2.2", e->remote);

	if (e->way == LINKED)
		set_field(c, "ipsec-interface", "9");
	if (e->way == PASSING)
		set_field(c, "type", "passthrough");
	if (e->ports)
		set_ports(c, e->ports);
	return load(p, c);
}

static enum cyg_err claim(struct policy *p, struct loaded *l, struct diag *why)
{
	enum cyg_err err = policy_claim(p, l, &l->ts_local, &l->ts_remote, why);

	if (!err)
		policy_set_spd(p, l, l->connection->type == CONN_PASS ? SPD_SHUNT : SPD_TRAP, 0,
			       &out);
	return err;
}

#define LEAKS "would leave in clear"
#define TAKES "takes what is for both"

static const struct {
	struct end_of_row a, b;
	const char *told; /* of the second, whichever that is; NULL: both stand */
} rows[] = {
	/* Inside, without an interface: all that the wider one sends there is to meet its policy. */
	{{LINKED, "10.7.0.0/24", "10.0.0.0/8"}, {PLAIN, "10.1.0.0/24", "10.2.0.0/16"}, LEAKS},
	{{LINKED, "10.1.0.0/16", "10.0.0.0/8"}, {PLAIN, "10.1.0.0/24", "10.2.0.0/16"}, LEAKS},
	{{LINKED, "10.1.0.0/24", "10.0.0.0/8"}, {PLAIN, "10.1.0.0/24", "10.2.0.0/16"}, NULL},
	{{LINKED, "10.1.0.0/24", "0.0.0.0/0"}, {PLAIN, "10.1.0.0/16", "10.2.0.0/16"}, NULL},
	{{LINKED, "10.1.0.0/24", "10.0.0.0/8"},
	 {PLAIN, "10.1.0.0/24", "10.2.0.0/16", "tcp/80"},
	 LEAKS},
	{{LINKED, "10.1.0.0/24", "10.0.0.0/8", "tcp/80"},
	 {PLAIN, "10.1.0.0/24", "10.2.0.0/16"},
	 NULL},
	/* Inside, with one: what is for both is taken by the wider one's policy, ahead of the route. */
	{{PLAIN, "10.1.0.0/24", "10.0.0.0/8"}, {LINKED, "10.1.0.0/24", "10.2.0.0/16"}, TAKES},
	{{PLAIN, "10.1.0.0/16", "10.0.0.0/8"}, {LINKED, "10.1.0.0/24", "10.2.0.0/16"}, TAKES},
	{{PLAIN, "10.1.0.0/24", "10.0.0.0/8"}, {LINKED, "10.7.0.0/24", "10.2.0.0/16"}, NULL},
	/* What passes in clear does so for its own networks alone. */
	{{LINKED, "10.7.0.0/24", "10.0.0.0/8"}, {PASSING, "10.1.0.0/24", "10.2.0.0/16"}, LEAKS},
	{{LINKED, "10.1.0.0/24", "10.0.0.0/8"}, {PASSING, "10.1.0.0/24", "10.2.0.0/16"}, NULL},
	{{LINKED, "10.7.0.0/24", "10.2.0.0/24"}, {PASSING, "10.1.0.0/24", "10.2.0.0/16"}, NULL},
	/* One way, or no network in common. */
	{{LINKED, "10.7.0.0/24", "10.0.0.0/8"}, {LINKED, "10.1.0.0/24", "10.2.0.0/16"}, NULL},
	{{PLAIN, "10.7.0.0/24", "10.0.0.0/8"}, {PLAIN, "10.1.0.0/24", "10.2.0.0/16"}, NULL},
	{{LINKED, "10.7.0.0/24", "10.3.0.0/16"}, {PLAIN, "10.1.0.0/24", "10.2.0.0/16"}, NULL},
	{{LINKED, "2001:db8:7::/64", "2001:db8::/32"},
	 {PLAIN, "2001:db8:1::/64", "2001:db8:2::/64"},
	 LEAKS},
	{{LINKED, "10.7.0.0/24", "0.0.0.0/0"},
	 {PLAIN, "2001:db8:1::/64", "2001:db8:2::/64"},
	 NULL},
};

static void nothing_goes_the_wrong_way(void **state)
{
	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		const struct end_of_row *ends[2] = {&rows[i / 2].a, &rows[i / 2].b};
		const char *told = rows[i / 2].told;
		struct policy *p = database();
		struct loaded *first = make(p, "first", ends[i % 2]);
		struct loaded *second = make(p, "second", ends[1 - i % 2]);
		struct diag why = {0};
		enum cyg_err err;

		test_row(i, "%s in %s, %s first", rows[i / 2].b.remote, rows[i / 2].a.remote,
			 i % 2 ? "inner" : "outer");
		assert_int_equal(claim(p, first, NULL), CYG_OK);
		err = claim(p, second, &why);
		assert_int_equal(err, told ? CYG_CONFLICT : CYG_OK);
		if (told) {
			assert_non_null(strstr(why.wanted, told));
			assert_non_null(strstr(why.sentence, "of connection first"));
			assert_non_null(strstr(why.sentence, "of connection second"));
			assert_non_null(strstr(why.sentence, "through ipsec9"));
			assert_non_null(strstr(why.sentence, "through no interface"));
			assert_non_null(strstr(why.hint, "first"));
			/* Its own are in nobody's way, and what has gone is in no one's. */
			assert_int_equal(claim(p, first, NULL), CYG_OK);
			policy_set_spd(p, first, SPD_NONE, 0, &out);
			assert_int_equal(claim(p, second, NULL), CYG_OK);
		}
		policy_free(p);
	}
}

/* Of several that have the route of the one inside, each guards its own part. */
static void several_guard_one_destination(void **state)
{
	struct end_of_row wide = {LINKED, "10.1.0.0/24,10.7.0.0/24", "10.0.0.0/8"},
			  one = {PLAIN, "10.1.0.0/24", "10.2.0.0/16"},
			  other = {PLAIN, "10.7.0.0/24", "10.2.0.0/16"};
	struct policy *p = database();
	struct loaded *l = make(p, "wide", &wide), *a = make(p, "one", &one),
		      *b = make(p, "other", &other);
	struct diag why = {0};

	assert_int_equal(claim(p, a, NULL), CYG_OK);
	assert_int_equal(claim(p, l, &why), CYG_CONFLICT);
	assert_int_equal(claim(p, b, NULL), CYG_OK);
	assert_int_equal(claim(p, l, NULL), CYG_OK);
	policy_free(p);
}

/* A connection may become one of another type while it claims its selectors. */
static void what_passed_and_is_replaced_is_forgotten(void **state)
{
	struct end_of_row wide = {LINKED, "10.7.0.0/24", "10.0.0.0/8"},
			  inner = {PASSING, "10.1.0.0/24", "10.2.0.0/16"};
	struct policy *p = database();
	struct loaded *pass = make(p, "inner", &inner), *l;

	assert_int_equal(claim(p, pass, NULL), CYG_OK);
	policy_set_spd(p, pass, SPD_NONE, 0, &out);
	l = make(p, "wide", &wide);
	assert_int_equal(claim(p, l, NULL), CYG_OK);
	policy_free(p);
}

/* What comes from the peer of a VTI comes through it. */
static void a_vti_has_its_peer_for_itself(void **state)
{
	static const struct {
		const char *peer, *shared;
		bool refused;
	} ends[] = {
		{"192.0.2.2", "no", true},
		{"192.0.2.3", "no", false},
		{"192.0.2.3", "yes", true},
	};

	for (size_t i = 0; i < 2 * COUNT_OF(ends); i++) {
		struct policy *p = database();
		struct connection *c = between("tunnel", "192.0.2.1", "10.7.0.0/24",
					       "192.0.2.2", "10.7.1.0/24");
		struct loaded *vti, *plain, *two[2];
		struct diag why = {0};
		enum cyg_err err;

		test_row(i, "%s, shared %s", ends[i / 2].peer, ends[i / 2].shared);
		set_field(c, "mark", "5");
		set_field(c, "vti-interface", "vti0");
		set_field(c, "vti-shared", ends[i / 2].shared);
		vti = load(p, c);
		plain = load(p, between("plain", "192.0.2.1", "10.8.0.0/24", ends[i / 2].peer,
					"10.8.1.0/24"));
		two[i % 2] = vti;
		two[1 - i % 2] = plain;
		assert_int_equal(claim(p, two[0], NULL), CYG_OK);
		err = claim(p, two[1], &why);
		assert_int_equal(err, ends[i / 2].refused ? CYG_CONFLICT : CYG_OK);
		if (err) {
			assert_non_null(
				strstr(why.sentence, "vti0 of connection tunnel takes"));
			assert_non_null(strstr(why.sentence, "packets of plain would be lost"));
			assert_non_null(strstr(why.hint, two[0]->connection->name));
		}
		policy_free(p);
	}
}

/* Passing ones whose remote range is no network: what is inside of the claimed one counts. */
static void a_range_that_reaches_into_it_counts(void **state)
{
	static const struct {
		const char *first, *last;
		bool refused;
	} ranges[] = {
		{"10.1.255.0", "10.2.0.255", true},  /* begins before it */
		{"10.2.255.0", "10.3.0.255", true},  /* ends behind it */
		{"10.2.7.0", "10.2.8.255", true},    /* within */
		{"10.1.255.0", "10.3.0.255", false}, /* all of it */
		{"10.1.0.0", "10.1.255.255", false}, /* next to it */
		{"10.3.0.0", "10.3.0.255", false},
	};

	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		struct end_of_row wide = {LINKED, "10.7.0.0/24", "10.2.0.0/16"},
				  inner = {PASSING, "10.1.0.0/24", "10.9.0.0/16"};
		struct policy *p = database();
		struct loaded *pass = make(p, "inner", &inner), *l = make(p, "wide", &wide);
		struct ts remote = pass->ts_remote.items[0];
		struct ts_set set = {0};

		test_row(i, "%s to %s", ranges[i].first, ranges[i].last);
		remote.range = (struct ip_range){addr(ranges[i].first), addr(ranges[i].last)};
		assert_int_equal(ts_set_add(&set, &remote), CYG_OK);
		assert_int_equal(policy_claim(p, pass, &pass->ts_local, &set, NULL), CYG_OK);
		assert_int_equal(claim(p, l, NULL), ranges[i].refused ? CYG_CONFLICT : CYG_OK);
		ts_set_done(&set);
		policy_free(p);
	}
}

/* A VTI to a peer of its own. */
static void claim_vti(struct policy *p, int nth)
{
	char name[32], peer[32], net[32];
	struct connection *c;

	snprintf(name, sizeof(name), "vti%d", nth);
	snprintf(peer, sizeof(peer), "198.18.%d.%d", nth / 256, nth % 256);
	snprintf(net, sizeof(net), "10.1%d.%d.0/24", nth / 256, nth % 256);
	c = between(name, "192.0.2.1", "10.8.0.0/24", peer, net);
	set_field(c, "mark", "5");
	set_field(c, "vti-interface", "vti0");
	assert_int_equal(claim(p, load(p, c), NULL), CYG_OK);
}

/*
 * Comparisons of addresses in claims of `count` connections, each with a network inside one that
 * goes the other way, beside as many that go that way, that pass in clear and
 * that have a VTI, and in their end.
 */
static size_t steps_of(int count)
{
	const struct end_of_row wide = {PLAIN, "10.1.0.0/24", "10.0.0.0/8"};
	struct policy *p = database();
	size_t before;

	assert_int_equal(claim(p, make(p, "wide", &wide), NULL), CYG_OK);
	before = compared;
	for (int i = 0; i < count; i++) {
		char name[32], net[3][32];
		struct end_of_row linked = {LINKED, "10.7.0.0/24", net[0]},
				  plain = {PLAIN, "10.1.0.0/24", net[1]},
				  passing = {PASSING, "10.1.0.0/24", net[2]};

		for (int k = 0, n = 3 * i; k < 3; k++, n++)
			snprintf(net[k], sizeof(net[k]), "10.%d.%d.%d/30", 2 + n / 16384,
				 n / 64 % 256, n % 64 * 4);
		snprintf(name, sizeof(name), "linked%d", i);
		assert_int_equal(claim(p, make(p, name, &linked), NULL), CYG_OK);
		snprintf(name, sizeof(name), "plain%d", i);
		assert_int_equal(claim(p, make(p, name, &plain), NULL), CYG_OK);
		snprintf(name, sizeof(name), "pass%d", i);
		assert_int_equal(claim(p, make(p, name, &passing), NULL), CYG_OK);
		claim_vti(p, i);
		actions_done(&out);
	}
	policy_free(p);
	return compared - before;
}

static void ten_thousand_claims_stay_linear(void **state)
{
	const size_t few = steps_of(100), many = steps_of(2500);

	print_message("# %zu of 400, %zu of 10,000\n", few, many);
	assert_true(few > 100);
	assert_true(many < few * 25 * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_goes_the_wrong_way, tear_down),
		cmocka_unit_test_teardown(a_vti_has_its_peer_for_itself, tear_down),
		cmocka_unit_test_teardown(several_guard_one_destination, tear_down),
		cmocka_unit_test_teardown(a_range_that_reaches_into_it_counts, tear_down),
		cmocka_unit_test_teardown(ten_thousand_claims_stay_linear, tear_down),
		cmocka_unit_test_teardown(what_passed_and_is_replaced_is_forgotten, tear_down),
	};

	return RUN_TESTS("policy/way", tests);
}
