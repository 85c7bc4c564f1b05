/* SPDX-License-Identifier: Apache-2.0 */
#include "base/builder.h"

#include "base/reader.h"
#include "tests/unit/support/test.h"

#include <string.h>

#define CANARY 0xa5

static void nothing_is_written_past_the_end(void **state)
{
	for (size_t cap = 0; cap < 8; cap++) {
		uint8_t storage[16];
		struct builder b = builder_of(storage, cap);

		test_row(cap, "eight octets into %zu", cap);
		memset(storage, CANARY, sizeof(storage));
		build_u64(&b, UINT64_MAX);
		assert_true(b.bad);
		for (size_t i = 0; i < sizeof(storage); i++)
			assert_int_equal(storage[i], CANARY);
	}
}

static void once_bad_nothing_more_is_written(void **state)
{
	uint8_t storage[4] = {CANARY, CANARY, CANARY, CANARY};
	struct builder b = builder_of(storage, 4);
	struct hole h;

	build_u8(&b, 1);
	build_u32(&b, 2);
	assert_true(b.bad);
	build_u8(&b, 3);
	build_view(&b, LITERAL("x"));
	build_zero(&b, 1);
	h = build_hole16(&b);
	build_close(&b, h, 0);
	assert_null(build_room(&b, 1));
	assert_null(build_done(&b).ptr);
	assert_int_equal(build_done(&b).len, 0);
	assert_view_equal(view_of(storage + 1, 3), LITERAL("\xa5\xa5\xa5"));
}

static void huge_lengths_do_not_wrap(void **state)
{
	uint8_t storage[4];
	struct builder b = builder_of(storage, 4);

	build_u8(&b, 1);
	assert_null(build_room(&b, SIZE_MAX));
	assert_true(b.bad);
}

static void a_length_too_large_for_its_field_is_bad(void **state)
{
	static uint8_t storage[0x10001];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole h = build_hole16(&b);

	build_zero(&b, 0xffff - 2);
	build_close(&b, h, 0);
	assert_false(b.bad);
	assert_int_equal(storage[0], 0xff);
	assert_int_equal(storage[1], 0xff);
	build_u8(&b, 0);
	build_close(&b, h, 0);
	assert_true(b.bad);
}

static void a_length_cannot_start_before_the_storage(void **state)
{
	uint8_t storage[8];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole h;

	build_u8(&b, 0);
	h = build_hole16(&b);
	build_close(&b, h, 2);
	assert_true(b.bad);
}

static void the_empty_builder_holds_nothing(void **state)
{
	struct builder b = builder_of(NULL, 0);

	build_view(&b, view_of(NULL, 0));
	build_zero(&b, 0);
	assert_false(b.bad);
	assert_int_equal(build_done(&b).len, 0);
	build_u8(&b, 0);
	assert_true(b.bad);
}

static void integers_are_big_endian(void **state)
{
	uint8_t storage[15];
	struct builder b = builder_of(storage, sizeof(storage));

	build_u8(&b, 0x01);
	build_u16(&b, 0x0203);
	build_u32(&b, 0x04050607);
	build_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
	assert_view_equal(
		build_done(&b),
		LITERAL("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"));
}

static void a_payload_length_counts_its_own_header(void **state)
{
	uint8_t storage[16];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole h;

	build_u8(&b, 0x21); /* something in front of the payload */
	build_u8(&b, 0);
	build_u8(&b, 0);
	h = build_hole16(&b);
	build_view(&b, LITERAL("abc"));
	build_close(&b, h, 2);
	assert_view_equal(build_done(&b), LITERAL("\x21\0\0\0\x07"
						  "abc"));
}

static void holes_nest(void **state)
{
	uint8_t storage[16];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole outer = build_hole32(&b), inner = build_hole16(&b);

	build_u8(&b, 9);
	build_close(&b, inner, 0);
	build_u8(&b, 8);
	build_close(&b, outer, 0);
	assert_view_equal(build_done(&b), LITERAL("\0\0\0\x08\0\x03\x09\x08"));
}

static void what_is_built_is_read(void **state)
{
	uint8_t storage[32], *room;
	struct builder b = builder_of(storage, sizeof(storage));
	struct reader r;

	build_u16(&b, 0xbeef);
	room = build_room(&b, 3);
	memcpy(room, "xyz", 3);
	build_zero(&b, 2);
	build_u64(&b, UINT64_C(1) << 63);
	assert_int_equal(build_len(&b), 15);
	r = reader_of(build_done(&b));
	assert_int_equal(read_u16(&r), 0xbeef);
	assert_view_equal(read_view(&r, 3), LITERAL("xyz"));
	assert_int_equal(read_u16(&r), 0);
	assert_true(read_u64(&r) == UINT64_C(1) << 63);
	assert_true(read_done(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_written_past_the_end),
		cmocka_unit_test(once_bad_nothing_more_is_written),
		cmocka_unit_test(huge_lengths_do_not_wrap),
		cmocka_unit_test(a_length_too_large_for_its_field_is_bad),
		cmocka_unit_test(a_length_cannot_start_before_the_storage),
		cmocka_unit_test(the_empty_builder_holds_nothing),
		cmocka_unit_test(integers_are_big_endian),
		cmocka_unit_test(a_payload_length_counts_its_own_header),
		cmocka_unit_test(holes_nest),
		cmocka_unit_test(what_is_built_is_read),
	};

	return RUN_TESTS("base/builder", tests);
}
