/* SPDX-License-Identifier: Apache-2.0 */
/* Destinations inside others that go another way: through an interface of a tunnel's own, or without. */
#include "conn/field.h"
#include "tests/unit/policy/support.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_goes_the_wrong_way, tear_down),
		cmocka_unit_test_teardown(a_vti_has_its_peer_for_itself, tear_down),
		cmocka_unit_test_teardown(several_guard_one_destination, tear_down),
		cmocka_unit_test_teardown(what_passed_and_is_replaced_is_forgotten, tear_down),
	};

	return RUN_TESTS("policy/way", tests);
}
