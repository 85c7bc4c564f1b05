/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/fragments.h"

#include "tests/unit/support/test.h"

#include <netinet/in.h>

static struct flow fragment(uint32_t id, bool first)
{
	return (struct flow){.family = IP_V4,
			     .proto = IPPROTO_UDP,
			     .has_ports = first,
			     .first_fragment = first,
			     .later_fragment = !first,
			     .src = {0, 0x0a010001},
			     .dst = {0, 0x0a020001},
			     .src_port = first ? 4000 : 0,
			     .dst_port = first ? 5000 : 0,
			     .fragment_id = id};
}

static void later_ones_get_the_ports_of_the_first(void **state)
{
	struct fragments t = {0};
	struct flow f = fragment(7, true);

	fragments_follow(&t, 0, &f, 100);
	for (int i = 0; i < 3; i++) {
		f = fragment(7, false);
		fragments_follow(&t, 0, &f, 100 + FRAGMENTS_TIME - 1);
		assert_true(f.has_ports && f.later_fragment);
		assert_int_equal(f.src_port, 4000);
		assert_int_equal(f.dst_port, 5000);
	}
}

static void what_is_not_the_same_datagram_has_none(void **state)
{
	static const struct {
		const char *what;
		struct flow change;
		uint32_t from;
		nsec now;
	} rows[] = {
		{"another number", {.fragment_id = 1}, 0, 100},
		{"another source", {.src = {0, 1}}, 0, 100},
		{"another source of IPv6's length", {.src = {1, 0}}, 0, 100},
		{"another destination", {.dst = {0, 1}}, 0, 100},
		{"another protocol", {.proto = 1}, 0, 100},
		{"another family", {.family = IP_V4 ^ IP_V6}, 0, 100},
		{"another sender", {0}, 9, 100},
		{"too late", {0}, 0, 100 + FRAGMENTS_TIME},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct flow *change = &rows[i].change;
		struct fragments t = {0};
		struct flow f = fragment(7, true);

		test_row(i, "%s", rows[i].what);
		fragments_follow(&t, 0, &f, 100);
		f = fragment(7, false);
		f.fragment_id ^= change->fragment_id;
		f.src.lo ^= change->src.lo;
		f.src.hi ^= change->src.hi;
		f.dst.lo ^= change->dst.lo;
		f.proto ^= change->proto;
		f.family ^= change->family;
		fragments_follow(&t, rows[i].from, &f, rows[i].now);
		assert_false(f.has_ports);
	}
}

/* A first fragment that shows no ports, as one cut short on purpose, leaves none behind. */
static void the_newest_first_one_counts(void **state)
{
	struct fragments t = {0};
	struct flow f = fragment(7, true);

	fragments_follow(&t, 0, &f, 100);
	f = fragment(7, true);
	f.dst_port = 6000;
	fragments_follow(&t, 0, &f, 101);
	f = fragment(7, false);
	fragments_follow(&t, 0, &f, 102);
	assert_int_equal(f.dst_port, 6000);
	f = fragment(7, true);
	f.has_ports = false;
	fragments_follow(&t, 0, &f, 103);
	f = fragment(7, false);
	fragments_follow(&t, 0, &f, 104);
	assert_false(f.has_ports);
}

/* Theirs is an extension's, or what a sender made up. */
static void later_ones_of_ipv6_get_the_protocol(void **state)
{
	static const uint8_t told[] = {IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_ICMPV6};

	for (size_t i = 0; i < COUNT_OF(told); i++) {
		struct fragments t = {0};
		struct flow f = fragment(7, true), known;

		test_row(i, "%u", told[i]);
		f.family = IP_V6;
		fragments_follow(&t, 0, &f, 100);
		known = fragment(7, false);
		known.family = IP_V6;
		known.proto = told[i];
		f = known;
		f.fragment_id = 8;
		fragments_follow(&t, 0, &f, 100);
		assert_int_equal(inner_hides_protocol(&f), told[i] != IPPROTO_ICMPV6);
		fragments_follow(&t, 0, &known, 100);
		assert_int_equal(known.proto, IPPROTO_UDP);
		assert_int_equal(known.dst_port, 5000);
		assert_false(inner_hides_protocol(&known));
	}
}

/* A tunnel's protocol needs no ports to be known. */
static void a_protocol_without_ports_is_told(void **state)
{
	struct fragments t = {0};
	struct flow f = fragment(7, true);

	f.family = IP_V6;
	f.proto = IPPROTO_GRE;
	f.has_ports = false;
	fragments_follow(&t, 0, &f, 100);
	f = fragment(7, false);
	f.family = IP_V6;
	f.proto = IPPROTO_DSTOPTS;
	fragments_follow(&t, 0, &f, 100);
	assert_int_equal(f.proto, IPPROTO_GRE);
	assert_false(f.has_ports);
}

static void whole_packets_are_left_alone(void **state)
{
	struct fragments t = {0}, nothing = {0};
	struct flow f = fragment(7, true);

	f.first_fragment = false;
	fragments_follow(&t, 0, &f, 100);
	assert_memory_equal(&t, &nothing, sizeof(t));
	assert_int_equal(f.dst_port, 5000);
}

/* Many at once: some are forgotten, none is taken for another. */
static void a_flood_confuses_nobody(void **state)
{
	struct fragments t = {0};
	unsigned known = 0;

	for (uint32_t id = 0; id < 10 * FRAGMENTS_MAX; id++) {
		struct flow f = fragment(id, true);

		f.dst_port = (uint16_t)id;
		fragments_follow(&t, 0, &f, 100);
	}
	for (uint32_t id = 0; id < 10 * FRAGMENTS_MAX; id++) {
		struct flow f = fragment(id, false);

		fragments_follow(&t, 0, &f, 100);
		assert_true(!f.has_ports || f.dst_port == (uint16_t)id);
		known += f.has_ports;
	}
	assert_in_range(known, FRAGMENTS_MAX / 2, FRAGMENTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_ones_get_the_ports_of_the_first),
		cmocka_unit_test(what_is_not_the_same_datagram_has_none),
		cmocka_unit_test(the_newest_first_one_counts),
		cmocka_unit_test(later_ones_of_ipv6_get_the_protocol),
		cmocka_unit_test(a_protocol_without_ports_is_told),
		cmocka_unit_test(whole_packets_are_left_alone),
		cmocka_unit_test(a_flood_confuses_nobody),
	};

	return cmocka_run_group_tests_name("plane/fragments", tests, NULL, NULL);
}
