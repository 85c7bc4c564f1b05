/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"

#include "tests/unit/support/test.h"

static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

static void short_integers_give_zero_and_stay_bad(void **state)
{
	for (size_t len = 0; len < 8; len++) {
		struct reader r = reader_of(view_of(octets, len));

		test_row(len, "eight octets of %zu", len);
		assert_int_equal(read_u64(&r), 0);
		assert_true(r.bad);
		assert_int_equal(read_left(&r), 0);
		assert_int_equal(read_offset(&r), len);
		assert_int_equal(read_u8(&r), 0);
		assert_false(read_done(&r));
	}
}

static void short_views_are_empty(void **state)
{
	struct reader r = reader_of(view_of(octets, 3));
	struct view v = read_view(&r, 4);

	assert_null(v.ptr);
	assert_int_equal(v.len, 0);
	assert_true(r.bad);
}

static void huge_lengths_do_not_wrap(void **state)
{
	struct reader r = reader_of(view_of(octets, 3));

	assert_int_equal(read_u8(&r), 1);
	read_skip(&r, SIZE_MAX);
	assert_true(r.bad);
	assert_int_equal(read_left(&r), 0);
}

static void short_copies_are_zeroed(void **state)
{
	struct reader r = reader_of(view_of(octets, 3));
	uint8_t out[4] = {9, 9, 9, 9};

	read_copy(&r, out, 4);
	assert_true(r.bad);
	assert_view_equal(view_of(out, 4), LITERAL("\0\0\0\0"));
}

static void a_short_carve_is_bad_on_both_sides(void **state)
{
	struct reader r = reader_of(view_of(octets, 4));
	struct reader inner = read_carve(&r, 5);

	assert_true(r.bad);
	assert_true(inner.bad);
	assert_int_equal(read_left(&inner), 0);
	assert_int_equal(read_u8(&inner), 0);
	assert_false(read_done(&inner));
}

static void a_bad_reader_gives_nothing_more(void **state)
{
	struct reader r = reader_of(view_of(octets, 4));

	read_fail(&r);
	assert_int_equal(read_rest(&r).len, 0);
	assert_true(read_carve(&r, 0).bad);
	assert_null(read_view(&r, 0).ptr);
	assert_false(read_done(&r));
}

static void an_inner_failure_leaves_the_outer_reader_good(void **state)
{
	struct reader r = reader_of(view_of(octets, 4));
	struct reader inner = read_carve(&r, 2);

	assert_int_equal(read_u32(&inner), 0);
	assert_true(inner.bad);
	assert_int_equal(read_u16(&r), 0x0304);
	assert_true(read_done(&r));
}

static void not_done_while_octets_are_left(void **state)
{
	struct reader r = reader_of(view_of(octets, 2));

	assert_false(read_done(&r));
	assert_int_equal(read_u8(&r), 1);
	assert_false(read_done(&r));
	assert_int_equal(read_u8(&r), 2);
	assert_true(read_done(&r));
}

static void the_empty_view_reads_as_done(void **state)
{
	struct reader r = reader_of(view_of(NULL, 0));
	uint8_t out = 7;

	read_copy(&r, &out, 0);
	assert_int_equal(out, 7);
	assert_int_equal(read_rest(&r).len, 0);
	assert_true(read_done(&r));
	assert_int_equal(read_u8(&r), 0);
	assert_true(r.bad);
}

static void integers_are_big_endian(void **state)
{
	struct reader r = reader_of(view_of(octets, 10));

	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u32(&r), 0x04050607);
	assert_int_equal(read_left(&r), 3);
	r = reader_of(view_of(octets, 8));
	assert_true(read_u64(&r) == UINT64_C(0x0102030405060708));
	assert_true(read_done(&r));
}

static void high_bits_are_no_signs(void **state)
{
	static const uint8_t ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct reader r = reader_of(view_of(ones, 4));

	assert_true(read_u32(&r) == UINT32_MAX);
	r = reader_of(view_of(ones, 8));
	assert_true(read_u64(&r) == UINT64_MAX);
}

static void carving_keeps_the_base(void **state)
{
	struct reader r = reader_of(view_of(octets, 10)), inner, innermost;

	read_skip(&r, 2);
	inner = read_carve(&r, 5);
	assert_int_equal(read_offset(&inner), 2);
	read_skip(&inner, 1);
	innermost = read_carve(&inner, 2);
	assert_int_equal(read_offset(&innermost), 3);
	assert_int_equal(read_u16(&innermost), 0x0405);
	assert_true(read_done(&innermost));
	assert_view_equal(read_rest(&inner), LITERAL("\x06\x07"));
	assert_int_equal(read_offset(&r), 7);
	assert_view_equal(read_rest(&r), LITERAL("\x08\x09\x0a"));
	assert_true(read_done(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_integers_give_zero_and_stay_bad),
		cmocka_unit_test(short_views_are_empty),
		cmocka_unit_test(huge_lengths_do_not_wrap),
		cmocka_unit_test(short_copies_are_zeroed),
		cmocka_unit_test(a_short_carve_is_bad_on_both_sides),
		cmocka_unit_test(a_bad_reader_gives_nothing_more),
		cmocka_unit_test(an_inner_failure_leaves_the_outer_reader_good),
		cmocka_unit_test(not_done_while_octets_are_left),
		cmocka_unit_test(the_empty_view_reads_as_done),
		cmocka_unit_test(integers_are_big_endian),
		cmocka_unit_test(high_bits_are_no_signs),
		cmocka_unit_test(carving_keeps_the_base),
	};

	return RUN_TESTS("base/reader", tests);
}
