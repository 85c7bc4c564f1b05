/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/spd.h"

#include "tests/unit/plane/fixture.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void set(struct spd *s, uint32_t id, enum policy_kind kind, uint32_t priority,
		const char *local, const char *remote)
{
	struct plane_policy p = make_policy(id, kind, priority, id, local, remote);
	struct lane *old;

	assert_int_equal(spd_set(s, &p, NULL, &old), CYG_OK);
	drop_policy(&p);
}

/* The id of the entry that takes a packet; 0 none. */
static uint32_t look(const struct spd *s, const char *src, const char *dst, uint8_t proto,
		     uint16_t dst_port)
{
	struct packet_spec spec = {
		.src = src, .dst = dst, .proto = proto, .src_port = 999, .dst_port = dst_port};
	uint8_t packet[128];
	const struct spd_entry *e;
	struct flow f;
	uint32_t id;

	assert_int_equal(
		inner_parse(view_of(packet, make_packet(&spec, packet, sizeof(packet))), &f),
		INNER_OK);
	rcu_read_lock();
	e = spd_lookup(s, &f);
	id = e ? e->id : 0;
	rcu_read_unlock();
	return id;
}

static void finish(struct spd *s)
{
	spd_done(s);
	rcu_barrier();
}

static void an_empty_database_holds_nothing(void **state)
{
	struct lane *old;
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	assert_int_equal(look(&s, "10.0.0.1", "10.0.0.2", 17, 5), 0);
	assert_int_equal(look(&s, "2001:db8::1", "2001:db8::2", 17, 5), 0);
	assert_int_equal(spd_remove(&s, 1, &old), CYG_NOTFOUND);
	assert_null(spd_by_id(&s, 1));
	assert_int_equal(spd_count(&s), 0);
	finish(&s);
}

static void the_best_priority_wins(void **state)
{
	static const struct {
		const char *src, *dst;
		uint8_t proto;
		uint16_t port;
		uint32_t id;
	} rows[] = {
		{"10.1.0.5", "10.2.0.5", 6, 22, 1},
		{"10.1.0.5", "10.2.0.9", 6, 22, 2},
		{"10.1.0.5", "10.2.0.9", 6, 80, 3},
		{"10.1.0.5", "10.2.0.9", 17, 80, 2},
		{"10.1.0.5", "10.3.0.9", 6, 22, 4},
		{"10.1.0.5", "8.8.8.8", 17, 53, 5},
		{"10.9.0.5", "8.8.8.8", 17, 53, 0},
		{"10.1.0.5", "10.4.0.3", 17, 53, 5},
		{"10.1.0.5", "10.4.0.4", 17, 53, 6},
		{"10.1.0.5", "10.4.0.77", 17, 53, 6},
		{"10.1.0.5", "10.4.0.78", 17, 53, 5},
		{"10.1.255.5", "172.16.0.1", 17, 53, 5},
		{"2001:db8::1", "2001:db8:1::9", 17, 53, 7},
		{"2001:db8::1", "2001:db8:2::9", 17, 53, 0},
		{"2001:db8::1", "2001:db9::9", 17, 53, 8},
	};
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	set(&s, 5, POLICY_PROTECT, 5000, "10.1.0.0/16", "0.0.0.0/0");
	set(&s, 1, POLICY_DROP, 100, "10.1.0.0/16", "10.2.0.5/32");
	set(&s, 2, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.2.0.0/24");
	set(&s, 3, POLICY_PASS, 900, "10.1.0.0/24[tcp]", "10.2.0.0/24[tcp/80]");
	set(&s, 4, POLICY_PROTECT, 1000, "10.1.0.0/24", "10.3.0.0/24");
	set(&s, 6, POLICY_REJECT, 1500, "10.1.0.1-10.1.0.99", "10.4.0.4-10.4.0.77");
	set(&s, 7, POLICY_PROTECT, 1000, "2001:db8::/64", "2001:db8:1::/64");
	set(&s, 8, POLICY_PROTECT, 1000, "2001:db8::/64", "2001:db9::-2001:db9::ffff");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s to %s, %u/%u", rows[i].src, rows[i].dst, rows[i].proto,
			 rows[i].port);
		assert_int_equal(look(&s, rows[i].src, rows[i].dst, rows[i].proto,
				      rows[i].port),
				 rows[i].id);
	}
	finish(&s);
}

static void equal_priorities_go_by_age(void **state)
{
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	set(&s, 9, POLICY_PROTECT, 1000, "10.0.0.0/8", "10.0.0.0/8");
	set(&s, 3, POLICY_DROP, 1000, "10.1.0.0/16", "10.2.0.0/16");
	assert_int_equal(look(&s, "10.1.0.1", "10.2.0.1", 17, 5), 9);
	/* To be set again is not to be younger. */
	set(&s, 9, POLICY_TRAP, 1000, "10.0.0.0/8", "10.0.0.0/8");
	assert_int_equal(look(&s, "10.1.0.1", "10.2.0.1", 17, 5), 9);
	finish(&s);
}

static void a_known_id_is_replaced(void **state)
{
	struct lane *old;
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	set(&s, 1, POLICY_TRAP, 1000, "10.1.0.0/24", "10.2.0.0/24");
	spd_by_id(&s, 1)->acquired = true;
	set(&s, 1, POLICY_PROTECT, 500, "10.1.0.0/25", "10.3.0.0/24,10.4.0.0/24");
	assert_int_equal(spd_count(&s), 1);
	assert_false(spd_by_id(&s, 1)->acquired);
	assert_int_equal(look(&s, "10.1.0.1", "10.2.0.1", 17, 5), 0);
	assert_int_equal(look(&s, "10.1.0.1", "10.3.0.1", 17, 5), 1);
	assert_int_equal(look(&s, "10.1.0.1", "10.4.0.1", 17, 5), 1);
	assert_int_equal(look(&s, "10.1.0.200", "10.4.0.1", 17, 5), 0);
	assert_int_equal(spd_remove(&s, 1, &old), CYG_OK);
	assert_int_equal(look(&s, "10.1.0.1", "10.3.0.1", 17, 5), 0);
	assert_int_equal(spd_memory(&s) > 0, true);
	finish(&s);
}

static void the_lane_comes_back(void **state)
{
	struct plane_policy p = make_policy(1, POLICY_PROTECT, 1, 7, "10.0.0.0/8",
					    "10.0.0.0/8");
	struct lane *lane = (struct lane *)(uintptr_t)0x1000,
		    *other = (struct lane *)(uintptr_t)0x2000, *old = NULL;
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	assert_int_equal(spd_set(&s, &p, lane, &old), CYG_OK);
	assert_null(old);
	assert_int_equal(spd_set(&s, &p, other, &old), CYG_OK);
	assert_ptr_equal(old, lane);
	assert_int_equal(spd_remove(&s, 1, &old), CYG_OK);
	assert_ptr_equal(old, other);
	drop_policy(&p);
	finish(&s);
}

static void pairs_that_cannot_meet_cost_nothing(void **state)
{
	struct spd s;

	assert_int_equal(spd_init(&s), CYG_OK);
	set(&s, 1, POLICY_PROTECT, 1, "10.0.0.0/8,2001:db8::/32",
	    "10.0.0.0/8,2001:db8::/32,172.16.0.0/12");
	assert_int_equal(spd_by_id(&s, 1)->leaves_len, 3);
	set(&s, 2, POLICY_PROTECT, 1, "10.0.0.0/8[tcp]", "10.0.0.0/8[udp],172.16.0.0/12[tcp]");
	assert_int_equal(spd_by_id(&s, 2)->leaves_len, 1);
	finish(&s);
}

/* Ten thousand tunnels of one shape, and a look-up stays a look-up. */
static void many_are_no_burden(void **state)
{
	struct spd s;
	char remote[32];

	assert_int_equal(spd_init(&s), CYG_OK);
	for (uint32_t i = 0; i < 10000; i++) {
		snprintf(remote, sizeof(remote), "10.%u.%u.0/24", 1 + i / 250, i % 250);
		set(&s, i + 1, POLICY_PROTECT, 1000, "172.16.0.0/24", remote);
	}
	assert_int_equal(spd_count(&s), 10000);
	for (uint32_t i = 0; i < 10000; i += 7) {
		snprintf(remote, sizeof(remote), "10.%u.%u.77", 1 + i / 250, i % 250);
		assert_int_equal(look(&s, "172.16.0.9", remote, 17, 5), i + 1);
	}
	assert_int_equal(look(&s, "172.16.0.9", "10.77.1.1", 17, 5), 0);
	finish(&s);
}

/* Against the plainest database: try all, take the best. */
static void random_policies_agree_with_a_plain_list(void **state)
{
	enum { N = 120 };
	struct plane_policy all[N];
	struct lane *old;
	struct spd s;
	uint64_t seed = 42;

	assert_int_equal(spd_init(&s), CYG_OK);
	for (uint32_t i = 0; i < N; i++) {
		char local[64], remote[64];
		uint32_t r, bits;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		r = (uint32_t)(seed >> 32);
		bits = r % 5;
		snprintf(local, sizeof(local), bits ? "10.0.%u.%u/%u" : "0.0.0.0/0",
			 bits > 2 ? r >> 8 & 3 : 0, bits > 3 ? (r >> 10 & 7) << 4 : 0,
			 8 + 8 * (bits > 1) + 8 * (bits > 2) + 4 * (bits > 3));
		if (bits == 1)
			snprintf(local, sizeof(local), "10.0.0.0/8");
		snprintf(remote, sizeof(remote), "10.1.%u.%u-10.1.%u.%u", r >> 13 & 3,
			 r >> 15 & 63, 3u, 64 + (r >> 21 & 127));
		all[i] = make_policy(i + 1, POLICY_PROTECT, r >> 28, i, local, remote);
		assert_int_equal(spd_set(&s, &all[i], NULL, &old), CYG_OK);
	}
	for (int n = 0; n < 3000; n++) {
		uint32_t best = 0, best_priority = UINT32_MAX;
		char src[32], dst[32];
		struct ts a, b;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		snprintf(src, sizeof(src), "10.0.%u.%u", (unsigned)(seed >> 33 & 3),
			 (unsigned)(seed >> 40 & 127));
		snprintf(dst, sizeof(dst), "10.1.%u.%u", (unsigned)(seed >> 47 & 3),
			 (unsigned)(seed >> 50 & 255));
		a = ts_of_addr(&(struct ip_addr){0});
		a.range.first = a.range.last = make_ip(src);
		b = a;
		b.range.first = b.range.last = make_ip(dst);
		for (uint32_t i = 0; i < N; i++)
			if (all[i].priority < best_priority &&
			    ts_contains(&all[i].ts_local.items[0], &a) &&
			    ts_contains(&all[i].ts_remote.items[0], &b)) {
				best = all[i].id;
				best_priority = all[i].priority;
			}
		if (look(&s, src, dst, 17, 5) != best)
			fail_msg("%s to %s: %u, not %u", src, dst, look(&s, src, dst, 17, 5),
				 best);
	}
	for (uint32_t i = 0; i < N; i++)
		drop_policy(&all[i]);
	finish(&s);
}

/* Made before: the fixture's own allocations are not to fail. */
static bool set_two(void *ctx)
{
	struct plane_policy p = *(const struct plane_policy *)ctx;
	bool good = false, known;
	struct lane *old;
	struct spd s;

	if (spd_init(&s) != CYG_OK)
		return false;
	known = spd_set(&s, &p, NULL, &old) == CYG_OK;
	assert_int_equal(spd_by_id(&s, 1) != NULL, known);
	p.priority = 3;
	if (known)
		good = spd_set(&s, &p, NULL, &old) == CYG_OK;
	/* Failed or not, the entry is there, whole. */
	if (known) {
		assert_int_equal(spd_by_id(&s, 1)->filed, 4);
		assert_int_equal(spd_by_id(&s, 1)->priority, good ? 3 : 9);
		assert_int_equal(look(&s, "10.9.0.1", "172.16.0.1", 17, 5), 1);
	}
	finish(&s);
	return good;
}

static void memory_may_run_out(void **state)
{
	struct plane_policy p = make_policy(1, POLICY_PROTECT, 9, 7, "10.0.0.0/8,10.9.0.0/16",
					    "10.0.0.0/8,172.16.0.0/12");

	test_each_allocation_failing(set_two, &p, true);
	drop_policy(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_database_holds_nothing),
		cmocka_unit_test(the_best_priority_wins),
		cmocka_unit_test(equal_priorities_go_by_age),
		cmocka_unit_test(a_known_id_is_replaced),
		cmocka_unit_test(the_lane_comes_back),
		cmocka_unit_test(pairs_that_cannot_meet_cost_nothing),
		cmocka_unit_test(many_are_no_burden),
		cmocka_unit_test(random_policies_agree_with_a_plain_list),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("plane/spd", tests);
}
