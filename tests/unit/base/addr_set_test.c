/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include "base/entropy.h"
#include "tests/unit/support/test.h"

#include <string.h>

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static struct ip_prefix net(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(prefix_parse(text, &p, NULL), CYG_OK);
	return p;
}

static struct ip_range range(const char *first, const char *last)
{
	return (struct ip_range){ip(first), ip(last)};
}

static void texts_that_are_no_prefix(void **state)
{
	static const struct {
		const char *text;
		enum cyg_err err;
		const char *code;
	} rows[] = {
		{"", CYG_MALFORMED, "bad-address"},
		{"/24", CYG_MALFORMED, "bad-address"},
		{"10.0.0/8", CYG_MALFORMED, "bad-address"},
		{"name/8", CYG_MALFORMED, "bad-address"},
		{"%default/8", CYG_MALFORMED, "bad-address"},
		{"111111111111111111111111111111111111111111111111111111111111111111111111/8",
		 CYG_MALFORMED, "bad-address"},
		{"10.0.0.0/", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.0/33", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.0/-1", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.0/8/8", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.0/ 8", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.0/255.0.255.0", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.0/0.0.0.255", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.0/::", CYG_RANGE, "bad-prefix-length"},
		{"2001:db8::/129", CYG_RANGE, "bad-prefix-length"},
		{"2001:db8::/255.0.0.0", CYG_RANGE, "bad-prefix-length"},
		{"2001:db8::/ffff::", CYG_RANGE, "bad-prefix-length"},
		{"10.0.0.1/24", CYG_RANGE, "host-bits-set"},
		{"10.0.0.0/4", CYG_RANGE, "host-bits-set"},
		{"0.0.0.1/0", CYG_RANGE, "host-bits-set"},
		{"2001:db8::1/64", CYG_RANGE, "host-bits-set"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_prefix p = net("192.0.2.0/24"), before = p;
		struct diag why;

		test_row(i, "'%s'", rows[i].text);
		assert_int_equal(prefix_parse(rows[i].text, &p, &why), rows[i].err);
		assert_true(prefix_equal(&p, &before));
		assert_string_equal(why.code, rows[i].code);
		assert_int_not_equal(why.wanted[0], 0);
		assert_int_equal(prefix_parse(rows[i].text, &p, NULL), rows[i].err);
	}
}

static void a_refused_prefix_tells_the_right_one(void **state)
{
	struct ip_prefix p;
	struct diag why;

	assert_int_equal(prefix_parse("10.1.2.3/255.255.0.0", &p, &why), CYG_RANGE);
	assert_string_equal(why.wanted, "10.1.0.0/16");
	assert_string_equal(why.got, "10.1.2.3/255.255.0.0");
	assert_non_null(strstr(why.hint, "10.1.0.0/16"));
}

static void texts_and_their_ranges(void **state)
{
	static const struct {
		const char *text, *printed, *first, *last;
	} rows[] = {
		{"0.0.0.0/0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
		{"::/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"10.0.0.0/8", "10.0.0.0/8", "10.0.0.0", "10.255.255.255"},
		{"10.0.0.0/255.0.0.0", "10.0.0.0/8", "10.0.0.0", "10.255.255.255"},
		{"10.0.0.0/0255", NULL, NULL, NULL},
		{"0.0.0.0/0.0.0.0", "0.0.0.0/0", "0.0.0.0", "255.255.255.255"},
		{"192.0.2.64/26", "192.0.2.64/26", "192.0.2.64", "192.0.2.127"},
		{"192.0.2.1", "192.0.2.1/32", "192.0.2.1", "192.0.2.1"},
		{"192.0.2.1/255.255.255.255", "192.0.2.1/32", "192.0.2.1", "192.0.2.1"},
		{"2001:db8::/33", "2001:db8::/33",
		 "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"},
		{"2001:db8::1", "2001:db8::1/128", "2001:db8::1", "2001:db8::1"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_prefix p, same;
		struct ip_range r, want;
		char buf[2 * IP_TEXT_MAX];

		test_row(i, "%s", rows[i].text);
		if (!rows[i].printed) {
			assert_int_equal(prefix_parse(rows[i].text, &p, NULL), CYG_RANGE);
			continue;
		}
		p = net(rows[i].text);
		r = prefix_range(&p);
		want = range(rows[i].first, rows[i].last);
		assert_string_equal(prefix_print(&p, buf), rows[i].printed);
		assert_true(range_equal(&r, &want));
		assert_true(range_is_prefix(&r, &same));
		assert_true(prefix_equal(&p, &same));
		assert_string_equal(range_print(&r, buf), rows[i].printed);
	}
}

static void what_a_prefix_holds(void **state)
{
	static const struct {
		const char *net, *addr;
		bool holds;
	} rows[] = {
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "9.255.255.255", false},
		{"0.0.0.0/0", "::", false},
		{"::/0", "0.0.0.0", false},
		{"::/8", "0.0.0.0", false},
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "10.0.0.0", true},
		{"192.0.2.1/32", "192.0.2.1", true},
		{"192.0.2.1/32", "192.0.2.0", false},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/32", "2001:db9::", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_prefix p = net(rows[i].net);
		struct ip_addr a = ip(rows[i].addr);

		test_row(i, "%s in %s", rows[i].addr, rows[i].net);
		assert_int_equal(prefix_contains(&p, &a), rows[i].holds);
	}
}

static void the_network_of_an_address(void **state)
{
	struct ip_addr a = ip("10.255.1.2");
	struct ip_prefix p = prefix_of(&a, 9), want = net("10.128.0.0/9");

	assert_true(prefix_equal(&p, &want));
	p = prefix_of(&a, 99);
	assert_int_equal(p.bits, 32);
	p = prefix_of(&(struct ip_addr){0}, 8);
	assert_int_equal(p.bits, 0);
	assert_false(ip_is_set(&p.addr));
}

static void ranges_that_do_not_meet(void **state)
{
	struct ip_range a = range("10.0.0.5", "10.0.0.9"), b = range("10.0.0.10", "10.0.0.20");
	struct ip_range v6 = range("::", "::ffff"), ret = range("1.1.1.1", "1.1.1.1"),
			before = ret;

	assert_false(range_intersect(&a, &b, &ret));
	assert_false(range_intersect(&b, &a, &ret));
	assert_false(range_intersect(&a, &v6, &ret));
	assert_true(range_equal(&ret, &before));
	assert_false(range_contains(&a, &b));
	assert_false(range_contains(&v6, &a));
}

static void ranges_that_meet(void **state)
{
	static const struct {
		const char *a[2], *b[2], *both[2];
	} rows[] = {
		{{"10.0.0.5", "10.0.0.9"}, {"10.0.0.9", "10.0.0.20"}, {"10.0.0.9", "10.0.0.9"}},
		{{"10.0.0.5", "10.0.0.9"}, {"10.0.0.0", "10.0.0.20"}, {"10.0.0.5", "10.0.0.9"}},
		{{"0.0.0.0", "255.255.255.255"},
		 {"1.2.3.4", "1.2.3.5"},
		 {"1.2.3.4", "1.2.3.5"}},
		{{"::1", "::9"}, {"::5", "::ff"}, {"::5", "::9"}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_range a = range(rows[i].a[0], rows[i].a[1]);
		struct ip_range b = range(rows[i].b[0], rows[i].b[1]);
		struct ip_range want = range(rows[i].both[0], rows[i].both[1]), ret;

		test_row(i, "%s", rows[i].a[0]);
		assert_true(range_intersect(&a, &b, &ret));
		assert_true(range_equal(&ret, &want));
		assert_true(range_intersect(&b, &a, &ret));
		assert_true(range_equal(&ret, &want));
		assert_true(range_contains(&a, &ret) && range_contains(&b, &ret));
		assert_int_equal(range_contains(&a, &b), range_equal(&b, &want));
	}
}

static void ranges_that_are_no_prefix(void **state)
{
	static const struct {
		const char *first, *last, *printed;
	} rows[] = {
		{"10.0.0.1", "10.0.0.2", "10.0.0.1-10.0.0.2"},
		{"10.0.0.0", "10.0.0.2", "10.0.0.0-10.0.0.2"},
		{"10.0.0.9", "10.0.0.8", "10.0.0.9-10.0.0.8"},
		{"10.0.0.0", "::", "10.0.0.0-::"},
		{"::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_range r = range(rows[i].first, rows[i].last);
		struct ip_prefix p = net("192.0.2.0/24"), before = p;
		char buf[2 * IP_TEXT_MAX];

		test_row(i, "%s", rows[i].printed);
		assert_false(range_is_prefix(&r, &p));
		assert_true(prefix_equal(&p, &before));
		assert_string_equal(range_print(&r, buf), rows[i].printed);
	}
}

static void ranges_without_prefixes(void **state)
{
	struct ip_prefix out[4];
	struct ip_range backwards = range("10.0.0.9", "10.0.0.8"),
			mixed = range("1.2.3.4", "::");
	struct ip_range none = {0}, whole = range("0.0.0.0", "255.255.255.255");

	assert_int_equal(range_prefixes(&backwards, out, 4), 0);
	assert_int_equal(range_prefixes(&mixed, out, 4), 0);
	assert_int_equal(range_prefixes(&none, out, 4), 0);
	assert_int_equal(range_prefixes(&whole, out, 0), 0);
}

static void ranges_cut_into_prefixes(void **state)
{
	static const struct {
		const char *first, *last;
		const char *nets[4];
	} rows[] = {
		{"0.0.0.0", "255.255.255.255", {"0.0.0.0/0"}},
		{"10.0.0.1", "10.0.0.1", {"10.0.0.1/32"}},
		{"10.0.0.0", "10.0.0.2", {"10.0.0.0/31", "10.0.0.2/32"}},
		{"10.0.0.1",
		 "10.0.0.6",
		 {"10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"}},
		{"192.0.2.128", "192.0.3.255", {"192.0.2.128/25", "192.0.3.0/24"}},
		{"255.255.255.254", "255.255.255.255", {"255.255.255.254/31"}},
		{"2001:db8::", "2001:db8::2", {"2001:db8::/127", "2001:db8::2/128"}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_range r = range(rows[i].first, rows[i].last);
		struct ip_prefix out[4];
		size_t count = range_prefixes(&r, out, 4);
		char buf[IP_TEXT_MAX];

		test_row(i, "%s", rows[i].first);
		for (size_t j = 0; j < count; j++)
			assert_string_equal(prefix_print(&out[j], buf), rows[i].nets[j]);
		assert_true(count == 4 || !rows[i].nets[count]);
	}
}

static void the_worst_range_takes_254_prefixes(void **state)
{
	struct ip_range r = {ip("::1"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")};
	struct ip_prefix out[256];

	assert_int_equal(range_prefixes(&r, out, 256), 254);
	assert_int_equal(range_prefixes(&r, out, 7), 7);
}

/* The prefixes of a range stand side by side, from its first address to its last. */
static void prefixes_cover_random_ranges_exactly(void **state)
{
	struct entropy_seeded g;
	struct entropy e = entropy_seed(&g, 3);

	for (int turn = 0; turn < 200; turn++) {
		struct ip_range r = {ip_lowest(IP_V4), ip_lowest(IP_V4)};
		struct ip_prefix out[64];
		struct ip_addr next;
		size_t count;

		assert_true(entropy_fill(&e, r.first.octets, 4) &&
			    entropy_fill(&e, r.last.octets, 4));
		if (ip_compare(&r.first, &r.last) > 0)
			r = (struct ip_range){r.last, r.first};
		count = range_prefixes(&r, out, 64);
		assert_in_range(count, 1, 62);
		next = r.first;
		for (size_t i = 0; i < count; i++) {
			struct ip_range part = prefix_range(&out[i]);

			assert_true(ip_equal(&part.first, &next));
			next = part.last;
			if (i + 1 < count)
				assert_true(ip_next(&next));
		}
		assert_true(ip_equal(&next, &r.last));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_prefix),
		cmocka_unit_test(a_refused_prefix_tells_the_right_one),
		cmocka_unit_test(texts_and_their_ranges),
		cmocka_unit_test(what_a_prefix_holds),
		cmocka_unit_test(the_network_of_an_address),
		cmocka_unit_test(ranges_that_do_not_meet),
		cmocka_unit_test(ranges_that_meet),
		cmocka_unit_test(ranges_that_are_no_prefix),
		cmocka_unit_test(ranges_without_prefixes),
		cmocka_unit_test(ranges_cut_into_prefixes),
		cmocka_unit_test(the_worst_range_takes_254_prefixes),
		cmocka_unit_test(prefixes_cover_random_ranges_exactly),
	};

	return RUN_TESTS("base/addr_set", tests);
}
