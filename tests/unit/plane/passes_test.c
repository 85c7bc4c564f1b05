/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/passes.h"

#include "tests/unit/plane/fixture.h"

#include <stdio.h>
#include <string.h>

static void set(struct spd *s, uint32_t id, enum policy_kind kind, uint32_t priority,
		const char *local, const char *remote, bool clear_in)
{
	struct plane_policy p = make_policy(id, kind, priority, id, local, remote);
	struct lane *old;

	p.clear_in = clear_in;
	assert_int_equal(spd_set(s, &p, NULL, &old), CYG_OK);
	drop_policy(&p);
}

static void finish(struct spd *s)
{
	spd_done(s);
	rcu_barrier();
}

/* What a packet from one address to another, in clear, meets first: "in", "stopped", or "" for nothing. */
static const char *meets(const struct passes *p, const char *src, const char *dst)
{
	struct packet_spec spec = {
		.src = src, .dst = dst, .proto = 17, .src_port = 1, .dst_port = 2};
	uint8_t packet[128];
	struct flow f;

	assert_int_equal(
		inner_parse(view_of(packet, make_packet(&spec, packet, sizeof(packet))), &f),
		INNER_OK);
	for (size_t i = 0; i < p->len; i++)
		if (selector_has_src(&p->rows[i].remote, &f) &&
		    selector_has_dst(&p->rows[i].local, &f))
			return p->rows[i].stops ? "stopped" : "in";
	return "";
}

static void the_first_that_fits_counts(void **state)
{
	static const struct {
		uint32_t wide, tunnel; /* priorities */
		enum policy_kind kind, tunnel_kind;
		bool clear_in;
		const char *of_tunnel, *beside;
	} rows[] = {
		{2000, 1000, POLICY_PASS, POLICY_PROTECT, false, "stopped", "in"},
		{1000, 2000, POLICY_PASS, POLICY_PROTECT, false, "in", "in"},
		{1000, 1000, POLICY_PASS, POLICY_PROTECT, false, "stopped", "in"},
		{2000, 1000, POLICY_TRAP, POLICY_PROTECT, true, "stopped", "in"},
		{2000, 1000, POLICY_TRAP, POLICY_PROTECT, false, "", ""},
		{2000, 1000, POLICY_HOLD, POLICY_TRAP, true, "stopped", "in"},
		{2000, 1000, POLICY_PASS, POLICY_DROP, false, "stopped", "in"},
		{2000, 1000, POLICY_PASS, POLICY_PASS, false, "in", "in"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct passes p;
		struct spd s;

		test_row(i, "%u before %u", rows[i].tunnel, rows[i].wide);
		assert_int_equal(spd_init(&s), CYG_OK);
		set(&s, 1, rows[i].tunnel_kind, rows[i].tunnel, "10.1.0.0/24", "10.2.0.0/24",
		    false);
		set(&s, 2, rows[i].kind, rows[i].wide, "10.0.0.0/8", "10.0.0.0/8",
		    rows[i].clear_in);
		set(&s, 3, POLICY_PROTECT, 10, "192.0.2.0/24", "10.2.0.0/24",
		    false); /* elsewhere */
		assert_int_equal(passes_of(&s, &p), CYG_OK);
		assert_string_equal(meets(&p, "10.2.0.1", "10.1.0.1"), rows[i].of_tunnel);
		assert_string_equal(meets(&p, "10.3.0.1", "10.1.0.1"), rows[i].beside);
		assert_string_equal(meets(&p, "10.2.0.1", "192.0.2.1"), "");
		assert_true(!p.len || p.rows[p.len - 1].in_only == rows[i].clear_in ||
			    p.rows[p.len - 1].stops);
		passes_done(&p);
		finish(&s);
	}
}

static void only_what_has_a_part_in_it_changes_it(void **state)
{
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	assert_false(passes_follow(&s, NULL));
	set(&s, 1, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.2.0.0/24", false);
	assert_false(passes_follow(&s, spd_by_id(&s, 1)));
	set(&s, 2, POLICY_PASS, 2000, "10.0.0.0/8", "10.0.0.0/8", false);
	assert_true(passes_follow(&s, spd_by_id(&s, 2)));
	assert_true(passes_follow(&s, spd_by_id(&s, 1)));
	set(&s, 3, POLICY_PROTECT, 3000, "10.1.0.0/24", "10.3.0.0/24", false);
	set(&s, 4, POLICY_PROTECT, 1000, "10.1.0.0/24", "192.0.2.0/24", false);
	assert_false(passes_follow(&s, spd_by_id(&s, 3)));
	assert_false(passes_follow(&s, spd_by_id(&s, 4)));
	set(&s, 2, POLICY_DROP, 2000, "10.0.0.0/8", "10.0.0.0/8", false);
	assert_false(passes_follow(&s, spd_by_id(&s, 1)));
	finish(&s);
}

/* Too much to list: what is cut short lets nothing in, rather than too much. */
static void too_many_that_cut_close_it(void **state)
{
	struct passes p;
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	set(&s, 1, POLICY_PASS, 2000, "10.0.0.0/8", "10.0.0.0/8", false);
	set(&s, 2, POLICY_PASS, 2000, "192.0.2.0/24", "198.51.100.0/24", false);
	for (uint32_t i = 0; i <= PASSES_STOPS_MAX; i++) {
		char remote[32];

		snprintf(remote, sizeof(remote), "10.%u.%u.0/24", 2 + i / 256, i % 256);
		set(&s, 10 + i, POLICY_PROTECT, 1000, "10.1.0.0/24", remote, false);
	}
	assert_int_equal(passes_of(&s, &p), CYG_OK);
	assert_string_equal(meets(&p, "10.200.0.1", "10.1.0.1"), "");
	assert_string_equal(meets(&p, "198.51.100.1", "192.0.2.1"), "in");
	passes_done(&p);
	finish(&s);
}

/* For what goes past the routes. Too much to list is all of it, rather than none. */
static void parts_are_what_is_protected_of_some_ports(void **state)
{
	struct passes p;
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	assert_false(passes_is_part(NULL));
	set(&s, 1, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.2.0.0/24", false);
	set(&s, 2, POLICY_TRAP, 1000, "10.1.0.0/24", "10.3.0.0/24[tcp/80]", false);
	set(&s, 3, POLICY_PASS, 1000, "10.1.0.0/24", "10.4.0.0/24[tcp/80]", false);
	assert_false(passes_is_part(spd_by_id(&s, 1)));
	assert_true(passes_is_part(spd_by_id(&s, 2)));
	assert_false(passes_is_part(spd_by_id(&s, 3)));
	assert_int_equal(passes_parts(&s, &p), CYG_OK);
	assert_int_equal(p.len, 1);
	assert_int_equal(p.rows[0].remote.proto, 6);
	assert_int_equal(p.rows[0].remote.port_first, 80);
	passes_done(&p);
	for (uint32_t i = 0; i < PASSES_STOPS_MAX; i++) {
		char remote[32];

		snprintf(remote, sizeof(remote), "10.%u.%u.0/24[udp]", 2 + i / 256, i % 256);
		set(&s, 10 + i, POLICY_PROTECT, 1000, "10.1.0.0/24", remote, false);
	}
	assert_int_equal(passes_parts(&s, &p), CYG_OK);
	assert_int_equal(p.len, 2);
	assert_string_equal(meets(&p, "192.0.2.1", "198.51.100.1"), "in");
	passes_done(&p);
	finish(&s);
}

static bool list(void *ctx)
{
	struct passes p;
	bool well = !passes_of(ctx, &p);

	passes_done(&p);
	return well;
}

static void without_memory_there_is_no_list(void **state)
{
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	set(&s, 1, POLICY_PASS, 2000, "10.0.0.0/8", "10.0.0.0/8", false);
	set(&s, 2, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.2.0.0/24", false);
	test_each_allocation_failing(list, &s, false);
	finish(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_fits_counts),
		cmocka_unit_test(only_what_has_a_part_in_it_changes_it),
		cmocka_unit_test(parts_are_what_is_protected_of_some_ports),
		cmocka_unit_test(too_many_that_cut_close_it),
		cmocka_unit_test(without_memory_there_is_no_list),
	};

	return RUN_TESTS("plane/esp/passes", tests);
}
