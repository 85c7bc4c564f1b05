/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/ts.h"

#include "base/entropy.h"
#include "tests/unit/conn/corpus.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "10.0.0.0/8", "10.0.0.1-10.0.0.9"; protocol and ports apart. */
static struct ts ts(const char *range, uint8_t proto, unsigned first, unsigned last)
{
	struct ts t = {.proto = proto,
		       .port_first = (uint16_t)first,
		       .port_last = (uint16_t)last};
	struct ip_prefix p;
	char a[64], b[64];

	if (sscanf(range, "%63[^-]-%63s", a, b) == 2) {
		assert_int_equal(ip_parse(a, &t.range.first), CYG_OK);
		assert_int_equal(ip_parse(b, &t.range.last), CYG_OK);
	} else {
		assert_int_equal(prefix_parse(range, &p, NULL), CYG_OK);
		t.range = prefix_range(&p);
	}
	return t;
}

#define ANY(range) ts(range, 0, 0, 65535)
#define OPAQUE(range, proto) ts(range, proto, 65535, 0)

static void add(struct ts_set *s, struct ts t)
{
	assert_int_equal(ts_set_add(s, &t), CYG_OK);
}

/* RFC 7296 3.13.1, docs/attacks.md P26: reversed, mixed and empty selectors meet nothing. */
static void void_selectors_meet_nothing(void **state)
{
	const struct ts all4 = ANY("0.0.0.0/0"), all6 = ANY("::/0");
	struct ts mixed = {.range = {ip_lowest(IP_V4), ip_highest(IP_V6)}, .port_last = 65535};
	const struct ts rows[] = {
		ANY("10.0.0.9-10.0.0.1"),
		ANY("2001:db8::9-2001:db8::1"),
		mixed,
		{.port_last = 65535},
		ts("10.0.0.0/8", 6, 90, 80),
		ts("10.0.0.0/8", 6, 65535, 1),
	};
	struct ts out;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "void");
		assert_false(ts_contains(&all4, &rows[i]));
		assert_false(ts_contains(&all6, &rows[i]));
		assert_false(ts_contains(&rows[i], &rows[i]));
		assert_false(ts_intersect(&all4, &rows[i], &out));
		assert_false(ts_intersect(&rows[i], &all6, &out));
		assert_false(ts_intersect(&rows[i], &rows[i], &out));
	}
}

static void what_meets_and_what_not(void **state)
{
	const struct {
		struct ts a, b;
		const char *both; /* NULL: nothing */
	} rows[] = {
		{ANY("10.0.0.0/24"), ANY("10.0.1.0/24"), NULL},
		{ANY("10.0.0.0/24"), ANY("::/0"), NULL},
		{ts("10.0.0.0/8", 6, 0, 65535), ts("10.0.0.0/8", 17, 0, 65535), NULL},
		{ts("10.0.0.0/8", 6, 80, 80), ts("10.0.0.0/8", 6, 81, 90), NULL},
		{OPAQUE("10.0.0.0/8", 6), ts("10.0.0.0/8", 6, 80, 80), NULL},
		{OPAQUE("10.0.0.0/8", 6), ts("10.0.0.0/8", 6, 0, 65534), NULL},
		{ANY("10.0.0.0/8"), ANY("10.1.0.0/16"), "10.1.0.0/16"},
		{ANY("10.0.0.5-10.0.0.20"), ANY("10.0.0.10-10.0.0.30"), "10.0.0.10-10.0.0.20"},
		{ANY("10.0.0.0/8"), ts("10.1.0.0/16", 6, 80, 80), "10.1.0.0/16[tcp/80]"},
		{ts("10.0.0.0/8", 0, 80, 80), ts("10.1.0.0/16", 6, 0, 65535),
		 "10.1.0.0/16[tcp/80]"},
		{ts("10.0.0.0/8", 6, 80, 90), ts("10.0.0.0/8", 6, 85, 100),
		 "10.0.0.0/8[tcp/85-90]"},
		{ANY("10.0.0.0/8"), OPAQUE("10.0.0.0/8", 6), "10.0.0.0/8[tcp/opaque]"},
		{OPAQUE("10.0.0.0/8", 6), OPAQUE("10.0.0.0/8", 6), "10.0.0.0/8[tcp/opaque]"},
		{ANY("2001:db8::/32"), ts("2001:db8:1::/48", 58, 0, 65535),
		 "2001:db8:1::/48[icmpv6]"},
	};
	char text[200];
	struct ts out;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].both ? rows[i].both : "nothing");
		for (int swap = 0; swap < 2; swap++) {
			const struct ts *a = swap ? &rows[i].b : &rows[i].a;
			const struct ts *b = swap ? &rows[i].a : &rows[i].b;

			assert_int_equal(ts_intersect(a, b, &out), rows[i].both != NULL);
			if (!rows[i].both)
				continue;
			assert_string_equal(ts_print(&out, text, sizeof(text)), rows[i].both);
			assert_true(ts_contains(a, &out));
			assert_true(ts_contains(b, &out));
		}
	}
}

static void sets_are_bounded(void **state)
{
	struct ts_set s = {0};
	struct ts t = ANY("10.0.0.0/8");

	for (size_t i = 0; i < TS_SET_MAX; i++)
		add(&s, t);
	assert_int_equal(ts_set_add(&s, &t), CYG_LIMIT);
	assert_int_equal(s.len, TS_SET_MAX);
	ts_set_done(&s);
	assert_null(s.items);
	ts_set_done(&s);
	ts_set_done(NULL);
}

static bool copy_and_narrow(void *ctx)
{
	const struct ts_set *s = ctx;
	struct ts_set copy, narrow;
	bool ok;

	if (ts_set_copy(&copy, s))
		return false;
	ok = ts_set_equal(&copy, s) && ts_set_narrow(&copy, s, &narrow) == CYG_OK;
	ts_set_done(&copy);
	if (ok) {
		ok = ts_set_equal(&narrow, s);
		ts_set_done(&narrow);
	}
	return ok;
}

static void short_memory_leaves_no_trace(void **state)
{
	struct ts_set s = {0};

	add(&s, ANY("10.0.1.0/24"));
	add(&s, ANY("10.0.2.0/24"));
	test_each_allocation_failing(copy_and_narrow, &s, false);
	ts_set_done(&s);
}

static void sets_contain_by_item(void **state)
{
	struct ts_set outer = {0}, inner = {0};

	assert_true(ts_set_contains(&outer, &inner));
	add(&inner, ANY("10.0.1.0/24"));
	assert_false(ts_set_contains(&outer, &inner));
	add(&outer, ANY("10.0.0.0/16"));
	assert_true(ts_set_contains(&outer, &inner));
	add(&inner, ANY("10.1.0.0/24"));
	assert_false(ts_set_contains(&outer, &inner));
	assert_false(ts_set_equal(&outer, &inner));
	ts_set_done(&outer);
	ts_set_done(&inner);
}

#define SET_TEXT 2048

static void check_narrow(const struct ts *policy, size_t policy_len, const struct ts *offer,
			 size_t offer_len, const char *want)
{
	const struct ts_set p = {(struct ts *)policy, policy_len};
	const struct ts_set o = {(struct ts *)offer, offer_len};
	struct ts_set got;
	char text[SET_TEXT];

	assert_int_equal(ts_set_narrow(&p, &o, &got), CYG_OK);
	assert_string_equal(ts_set_print(&got, text, sizeof(text)), want);
	ts_set_done(&got);
}

#define NARROW(policy, offer, want)                                                            \
	check_narrow((struct ts[]){policy}, sizeof((struct ts[]){policy}) / sizeof(struct ts), \
		     (struct ts[]){offer}, sizeof((struct ts[]){offer}) / sizeof(struct ts),   \
		     want)
#define TWO(a, b) a, b

/* RFC 7296 2.9 */
static void narrowing(void **state)
{
	NARROW(ANY("10.0.1.0/24"), ANY("10.0.2.0/24"), "");
	NARROW(ANY("10.0.1.0/24"), ANY("0.0.0.0/0"), "10.0.1.0/24");
	NARROW(ANY("0.0.0.0/0"), ANY("10.0.1.0/24"), "10.0.1.0/24");
	NARROW(ANY("0.0.0.0/0"), TWO(ANY("::/0"), ANY("10.0.1.0/24")), "10.0.1.0/24");
	/* In the policy's order, not the offer's. */
	NARROW(TWO(ANY("10.0.1.0/24"), ANY("10.0.2.0/24")),
	       TWO(ANY("10.0.2.0/24"), ANY("10.0.1.0/24")), "10.0.1.0/24, 10.0.2.0/24");
	/* Nothing inside another, nothing twice. */
	NARROW(ANY("10.0.0.0/16"), TWO(ANY("10.0.1.7/32"), ANY("10.0.1.0/24")), "10.0.1.0/24");
	NARROW(TWO(ANY("10.0.0.0/16"), ANY("10.0.1.0/24")), ANY("0.0.0.0/0"), "10.0.0.0/16");
	NARROW(TWO(ANY("10.0.1.0/24"), ANY("10.0.0.0/16")), ANY("0.0.0.0/0"), "10.0.0.0/16");
	/* The packet that set it off brings its policy item to the front. */
	NARROW(TWO(ANY("10.0.1.0/24"), ANY("10.0.2.0/24")),
	       TWO(ts("10.0.2.9/32", 6, 1025, 1025), ANY("0.0.0.0/0")),
	       "10.0.2.0/24, 10.0.1.0/24");
	NARROW(TWO(ANY("10.0.1.0/24"), ANY("10.0.2.0/24")),
	       TWO(ts("10.0.2.9/32", 6, 1025, 1025), ANY("10.0.1.0/24")),
	       "10.0.2.9/32[tcp/1025], 10.0.1.0/24");
	NARROW(ts("10.0.1.0/24", 17, 1701, 1701), ANY("0.0.0.0/0"), "10.0.1.0/24[udp/1701]");
}

static void more_than_fits_is_narrowed_further(void **state)
{
	struct ts_set policy = {0}, offer = {0}, got;

	for (unsigned i = 0; i < 16; i++) {
		char range[64];

		snprintf(range, sizeof(range), "10.%u.0.0/16", i);
		add(&policy, ANY(range));
		add(&offer, ts("10.0.0.0/8", 6, 10 * i, 10 * i + 5));
	}
	assert_int_equal(ts_set_narrow(&policy, &offer, &got), CYG_OK);
	assert_int_equal(got.len, TS_SET_MAX); /* of 256 */
	assert_true(ts_set_contains(&policy, &got));
	assert_true(ts_set_contains(&offer, &got));
	ts_set_done(&got);
	ts_set_done(&policy);
	ts_set_done(&offer);
}

/* ---- properties, over a world of 16 addresses, 4 ports and 3 protocols ---- */

static struct ts random_ts(const struct entropy *e)
{
	struct ts t = {.proto = (uint8_t)entropy_below(e, 3)};
	bool v6 = entropy_below(e, 4) == 0;
	uint8_t base[16] = {[0] = v6 ? 0x20 : 10};
	struct ip_addr a = ip_from_view(view_of(base, v6 ? 16 : 4));
	size_t last = v6 ? 15 : 3;

	t.range = (struct ip_range){a, a};
	t.range.first.octets[last] = (uint8_t)entropy_below(e, 16);
	t.range.last.octets[last] = (uint8_t)entropy_below(e, 16);
	switch (entropy_below(e, 4)) {
	case 0:
		t.port_first = 65535;
		break;
	case 1:
		t.port_last = 65535;
		break;
	default:
		t.port_first = (uint16_t)entropy_below(e, 4);
		t.port_last = (uint16_t)entropy_below(e, 4);
	}
	return t;
}

static void random_set(const struct entropy *e, struct ts_set *ret)
{
	size_t len = 1 + entropy_below(e, 5);

	*ret = (struct ts_set){0};
	while (len--)
		add(ret, random_ts(e));
}

/* A single packet: one address, protocol 0 standing for one that nobody names, one port or none. */
static bool has_packet(const struct ts_set *s, const struct ts *packet)
{
	for (size_t i = 0; i < s->len; i++)
		if (ts_contains(&s->items[i], packet))
			return true;
	return false;
}

static struct ts packet_of(bool v6, unsigned host)
{
	uint8_t octets[16] = {[0] = v6 ? 0x20 : 10};
	struct ip_addr a;

	octets[v6 ? 15 : 3] = (uint8_t)host;
	a = ip_from_view(view_of(octets, v6 ? 16 : 4));
	return ts_of_addr(&a);
}

static void each_packet_of_both_is_in_the_result(const struct ts_set *policy,
						 const struct ts_set *offer,
						 const struct ts_set *got)
{
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned host = 0; host < 16; host++)
			for (unsigned what = 0; what < 3 * 6; what++) {
				struct ts packet = packet_of(v6, host);

				packet.proto = (uint8_t)(1 + what / 6); /* 3 is named by none */
				packet.port_first = packet.port_last = (uint16_t)(what % 6);
				if (what % 6 == 5) {
					packet.port_first = 65535;
					packet.port_last = 0;
				}
				assert_int_equal(has_packet(got, &packet),
						 has_packet(policy, &packet) &&
							 has_packet(offer, &packet));
			}
}

static void narrowing_keeps_all_of_both_and_nothing_else(void **state)
{
	struct entropy_seeded seed;
	struct entropy e = entropy_seed(&seed, 26);

	for (size_t round = 0; round < 400; round++) {
		struct ts_set policy, offer, got;

		test_row(round, "seed 26");
		random_set(&e, &policy);
		random_set(&e, &offer);
		assert_int_equal(ts_set_narrow(&policy, &offer, &got), CYG_OK);
		assert_true(ts_set_contains(&policy, &got));
		assert_true(ts_set_contains(&offer, &got));
		for (size_t i = 0; i < got.len; i++)
			for (size_t j = 0; j < got.len; j++)
				assert_true(i == j ||
					    !ts_contains(&got.items[i], &got.items[j]));
		each_packet_of_both_is_in_the_result(&policy, &offer, &got);
		ts_set_done(&policy);
		ts_set_done(&offer);
		ts_set_done(&got);
	}
}

static void printing(void **state)
{
	const struct {
		struct ts t;
		const char *text;
	} rows[] = {
		{ANY("10.0.1.0/24"), "10.0.1.0/24"},
		{ANY("10.0.0.1-10.0.0.9"), "10.0.0.1-10.0.0.9"},
		{ts("10.0.1.0/24", 6, 80, 80), "10.0.1.0/24[tcp/80]"},
		{ts("10.0.1.0/24", 0, 80, 90), "10.0.1.0/24[any/80-90]"},
		{ts("2001:db8::1/128", 200, 0, 65535), "2001:db8::1/128[200]"},
		{OPAQUE("10.0.1.0/24", 17), "10.0.1.0/24[udp/opaque]"},
	};
	char text[200];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].text);
		assert_string_equal(ts_print(&rows[i].t, text, sizeof(text)), rows[i].text);
		for (size_t cap = 1; cap < sizeof(text); cap++)
			assert_true(strlen(ts_print(&rows[i].t, text, cap)) < cap);
	}
	ts_print(&rows[0].t, NULL, 0);
}

/* ---- strongSwan's own cases ---- */

static void set_of_words(const char *words, struct ts_set *ret)
{
	char copy[256], *save = NULL;

	*ret = (struct ts_set){0};
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		add(ret, ANY(w));
}

static void check_selection(size_t row, const char *policy, const char *offer, const char *want)
{
	struct ts_set p, o, w, got;

	test_row(row, "'%s' and '%s': '%s'", policy, offer, want);
	set_of_words(policy, &p);
	set_of_words(offer, &o);
	set_of_words(want, &w);
	assert_int_equal(ts_set_narrow(&p, &o, &got), CYG_OK);
	/* They keep the policy's order always; we may put the packet's item first. */
	assert_true(ts_set_contains(&got, &w) && ts_set_contains(&w, &got));
	ts_set_done(&p);
	ts_set_done(&o);
	ts_set_done(&w);
	ts_set_done(&got);
}

static void strongswans_selections(void **state)
{
	json_t *tables = corpus_tables("parse/strongswan-head-tests.json"), *row;
	size_t i, taken = 0;

	json_array_foreach(corpus_rows(tables, "table", "list_select_tests"), i, row) {
		const char *policy = json_string_value(json_array_get(row, 0));
		const char *hosts = json_string_value(json_array_get(row, 1));
		const char *offer = json_string_value(json_array_get(row, 2));

		if (!policy || hosts || !offer || strstr(policy, "dynamic"))
			continue;
		check_selection(i, policy, offer, json_string_value(json_array_get(row, 3)));
		taken++;
	}
	assert_true(taken >= 10);
	json_decref(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(void_selectors_meet_nothing),
		cmocka_unit_test(what_meets_and_what_not),
		cmocka_unit_test(sets_are_bounded),
		cmocka_unit_test(short_memory_leaves_no_trace),
		cmocka_unit_test(sets_contain_by_item),
		cmocka_unit_test(narrowing),
		cmocka_unit_test(more_than_fits_is_narrowed_further),
		cmocka_unit_test(narrowing_keeps_all_of_both_and_nothing_else),
		cmocka_unit_test(printing),
		cmocka_unit_test(strongswans_selections),
	};
	return RUN_TESTS("conn/ts", tests);
}
