/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ts.h"

#include "tests/unit/wire/wire_test.h"

#define ANY4 "07000010 0000ffff 00000000 ffffffff"
#define NET4 "07000010 0000ffff ac287d00 ac287dff"
#define V6 "20010db8000000000000000000000000"
#define V6_LAST "20010db8ffffffffffffffffffffffff"
#define NET6 "08000028 0000ffff" V6 V6_LAST

static const struct {
	const char *what, *hex;
	uint32_t offset; /* in the message: the first selector is at 36 */
} refused[] = {
	{"nothing", "", 28},
	{"count alone", "01", 28},
	{"no selectors, count 0", "00000000", 28},
	{"selectors, count 0", "00000000" NET4, 28},
	{"count 1, nothing there", "01000000", 28},
	{"count above what is there", "02000000" NET4, 28},
	{"count 255 of one", "ff000000" NET4, 28},
	{"count below what is there", "01000000" NET4 NET4, 28},
	{"half a selector", "01000000 0700", 36},
	{"length 0", "01000000 07000000 0000ffff ac287d00 ac287dff", 36},
	{"length 3", "01000000 07000003 0000ffff ac287d00 ac287dff", 36},
	{"unknown type, length 0", "01000000 ff000000", 36},
	{"unknown type, length 3", "01000000 ff000003", 36},
	{"security label, length 2", "01000000 0a000002", 36},
	{"length past the end", "01000000 07000011 0000ffff ac287d00 ac287dff", 36},
	{"IPv4 of 15 octets", "01000000 0700000f 0000ffff ac287d00 ac287d", 36},
	{"IPv4 with the length of IPv6", "01000000 07000028 0000ffff" V6 V6_LAST, 36},
	{"IPv6 with the length of IPv4", "01000000 08000010 0000ffff ac287d00 ac287dff", 36},
	{"IPv4 backwards", "01000000 07000010 0000ffff ac287d01 ac287d00", 36},
	{"IPv6 backwards", "01000000 08000028 0000ffff" V6_LAST V6, 36},
	{"ports backwards", "01000000 07000010 00510050 ac287d00 ac287dff", 36},
	{"ports 65535 to 1", "01000000 07000010 ffff0001 ac287d00 ac287dff", 36},
	{"second one backwards", "02000000" NET4 "07000010 0000ffff ac287d01 ac287d00", 52},
	{"empty security label", "01000000 0a000004", 36},
	{"octet behind the last", "01000000" NET4 "00", 28},
};

static void bad_payloads_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct payload p = payload_hex(PAYLOAD_TSI, refused[i].hex);
		struct ts_payload ts = {.count = 77};
		struct diag why;

		test_row(i, "%s", refused[i].what);
		assert_refusal(ts_parse(&p, &ts, &why), CYG_MALFORMED, &why);
		assert_int_equal(why.offset, refused[i].offset);
		assert_int_equal(ts.count, 77);
	}
}

static const struct {
	const char *what, *hex;
	unsigned count;
} taken[] = {
	{"IPv4", "01000000" NET4, 1},
	{"IPv6", "01000000" NET6, 1},
	{"mixed families", "03000000" NET4 NET6 ANY4, 3},
	{"the same twice", "02000000" NET4 NET4, 2},
	{"one port of TCP", "01000000 07060010 00500050 ac287d00 ac287dff", 1},
	{"opaque ports", "01000000 07060010 ffff0000 ac287d00 ac287dff", 1},
	{"one address", "01000000 07000010 0000ffff ac287d01 ac287d01", 1},
	{"Fibre Channel", "01000000 0900000c 00000001 00000002", 1},
	{"security label", "01000000 0a000006 7801", 1},
	{"unknown type, empty", "01000000 ff000004", 1},
	{"unknown type between known", "03000000" NET4 "0b000005aa" NET6, 3},
};

static void good_payloads_go_both_ways(void **state)
{
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct payload p = payload_hex(PAYLOAD_TSR, taken[i].hex);
		struct ts_item items[4];
		struct ts_payload ts;
		struct reader walk;
		size_t len = 0;
		uint8_t out[256];
		struct builder b = builder_of(out, sizeof(out));

		test_row(i, "%s", taken[i].what);
		assert_int_equal(ts_parse(&p, &ts, NULL), CYG_OK);
		assert_int_equal(ts.count, taken[i].count);
		for (walk = ts_walk(&ts); ts_next(&walk, &items[len]); len++)
			assert_true(len < COUNT_OF(items) - 1);
		assert_int_equal(len, taken[i].count);
		ts_build(&b, items, len);
		assert_view_equal(build_done(&b), p.body);
	}
}

static void fields_are_where_they_belong(void **state)
{
	struct payload p = payload_hex(PAYLOAD_TSI,
				       "02000000 07110010 00350036 0a000000 0a0000ff"
				       "0a000006 7801");
	struct ts_payload ts;
	struct ts_item item;
	struct reader walk;
	struct ip_addr addr;

	assert_int_equal(ts_parse(&p, &ts, NULL), CYG_OK);
	walk = ts_walk(&ts);
	assert_true(ts_next(&walk, &item));
	assert_int_equal(item.type, TS_TYPE_IPV4);
	assert_int_equal(item.protocol, 17);
	assert_int_equal(item.port_first, 53);
	assert_int_equal(item.port_last, 54);
	assert_int_equal(ip_parse("10.0.0.0", &addr), CYG_OK);
	assert_true(ip_equal(&item.range.first, &addr));
	assert_int_equal(ip_parse("10.0.0.255", &addr), CYG_OK);
	assert_true(ip_equal(&item.range.last, &addr));
	assert_true(ts_next(&walk, &item));
	assert_int_equal(item.type, TS_TYPE_SECLABEL);
	assert_int_equal(item.range.first.family, IP_NONE);
	assert_view_equal(item.data, LITERAL("\x78\x01"));
	assert_false(ts_next(&walk, &item));
}

static void as_many_as_a_count_can_say(void **state)
{
	static uint8_t out[8192], again[8192];
	static struct ts_item items[UINT8_MAX];
	struct builder b = builder_of(out, sizeof(out)), c = builder_of(again, sizeof(again));
	struct ts_payload ts;
	struct payload p;
	struct reader walk;
	size_t len = 0;

	for (size_t i = 0; i < COUNT_OF(items); i++) {
		struct ip_range r = {{IP_V4, {10, 0, (uint8_t)i, 0}},
				     {IP_V4, {10, 0, (uint8_t)i, 9}}};

		items[i] = ts_item_of(&r, 6, (uint16_t)i, UINT16_MAX);
	}
	ts_build(&b, items, COUNT_OF(items));
	p = payload_view(PAYLOAD_TSI, build_done(&b));
	assert_int_equal(ts_parse(&p, &ts, NULL), CYG_OK);
	assert_int_equal(ts.count, 255);
	memset(items, 0, sizeof(items));
	for (walk = ts_walk(&ts); len < COUNT_OF(items) && ts_next(&walk, &items[len]);)
		len++;
	assert_int_equal(len, 255);
	ts_build(&c, items, len);
	assert_view_equal(build_done(&c), p.body);
	out[0] = 254;
	assert_int_equal(ts_parse(&p, &ts, NULL), CYG_MALFORMED);
}

static void ranges_become_selectors(void **state)
{
	struct ip_range r = {ip_lowest(IP_V6), ip_highest(IP_V6)};
	struct ts_item item = ts_item_of(&r, 0, 0, UINT16_MAX);

	assert_int_equal(item.type, TS_TYPE_IPV6);
	assert_true(range_equal(&item.range, &r));
	r = (struct ip_range){ip_lowest(IP_V4), ip_highest(IP_V4)};
	item = ts_item_of(&r, 58, 1, 2);
	assert_int_equal(item.type, TS_TYPE_IPV4);
	assert_int_equal(item.protocol, 58);
	assert_int_equal(item.port_first, 1);
	assert_int_equal(item.port_last, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_payloads_are_refused),
		cmocka_unit_test(good_payloads_go_both_ways),
		cmocka_unit_test(fields_are_where_they_belong),
		cmocka_unit_test(as_many_as_a_count_can_say),
		cmocka_unit_test(ranges_become_selectors),
	};

	return RUN_TESTS("wire/ts", tests);
}
