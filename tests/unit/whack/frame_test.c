/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/frame.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Put `v` in, `step` octets a read; stops early on an error, which it returns. */
static enum cyg_err feed(struct frame_reader *f, struct view v, size_t step,
			 struct view *messages, size_t *len)
{
	while (v.len) {
		size_t n = step < v.len ? step : v.len, room_len;
		struct view message;
		uint8_t *room;
		enum cyg_err err = frame_room(f, &room, &room_len);

		if (err)
			return err;
		n = n < room_len ? n : room_len;
		memcpy(room, v.ptr, n);
		frame_commit(f, n);
		v = view_of(v.ptr + n, v.len - n);
		while (frame_next(f, &message)) {
			struct bytes copy;

			assert_true(bytes_copy(&copy, message));
			messages[(*len)++] = view_bytes(&copy);
		}
	}
	return CYG_OK;
}

static void free_all(struct view *messages, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free((void *)messages[i].ptr);
}

static void a_message_without_end_is_given_up(void **state)
{
	static const size_t steps[] = {1, 7, 4096, 1u << 20};
	struct bytes endless = {calloc(1, 300000), 300000};

	memset(endless.ptr, 'x', endless.len);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		struct frame_reader f = {.max = 65536};
		struct view none[4];
		size_t len = 0;

		test_row(i, "%zu octets a read", steps[i]);
		assert_int_equal(feed(&f, view_bytes(&endless), steps[i], none, &len),
				 CYG_LIMIT);
		assert_int_equal(len, 0);
		assert_true(f.cap <= f.max + 8192);
		frame_done(&f);
	}
	bytes_done(&endless);
}

static void one_message_too_long_is_refused_even_with_its_end(void **state)
{
	struct frame_reader f = {.max = 100};
	struct view none[4];
	uint8_t text[302];
	size_t len = 0;

	memset(text, 'y', sizeof(text));
	text[200] = '\0';
	assert_int_equal(feed(&f, view_of(text, 201), 201, none, &len), CYG_OK);
	assert_int_equal(len, 0);
	assert_int_equal(feed(&f, view_of(text, 1), 1, none, &len), CYG_LIMIT);
	frame_done(&f);
}

static void messages_come_out_whatever_the_reads(void **state)
{
	static const char stream[] =
		"{\"a\":1}\0\0{\"bb\":22}\0rest"; /* an empty one in the middle */
	for (size_t step = 1; step < sizeof(stream); step++) {
		struct frame_reader f = {.max = 100};
		struct view got[8];
		size_t len = 0;

		test_row(step, "octets a read");
		assert_int_equal(feed(&f, view_of(stream, sizeof(stream) - 1), step, got, &len),
				 CYG_OK);
		assert_int_equal(len, 3);
		assert_view_equal(got[0], LITERAL("{\"a\":1}"));
		assert_int_equal(got[1].len, 0);
		assert_view_equal(got[2], LITERAL("{\"bb\":22}"));
		assert_true(frame_partial(&f));
		free_all(got, len);
		frame_done(&f);
	}
}

static void a_message_of_exactly_the_limit_passes(void **state)
{
	struct frame_reader f = {.max = 5000};
	uint8_t text[5001];
	struct view got[2];
	size_t len = 0;

	memset(text, 'z', sizeof(text));
	text[5000] = '\0';
	assert_int_equal(feed(&f, view_of(text, sizeof(text)), 777, got, &len), CYG_OK);
	assert_int_equal(len, 1);
	assert_int_equal(got[0].len, 5000);
	assert_false(frame_partial(&f));
	free_all(got, len);
	frame_done(&f);
}

static bool one_message(void *ctx)
{
	struct frame_reader f = {.max = 20000};
	size_t room_len, filled = 0;
	uint8_t *room;

	while (filled < 15000) {
		if (frame_room(&f, &room, &room_len)) {
			frame_done(&f);
			return false;
		}
		memset(room, 'q', room_len);
		frame_commit(&f, room_len);
		filled += room_len;
	}
	frame_done(&f);
	return true;
}

static void short_memory_is_an_error(void **state)
{
	test_each_allocation_failing(one_message, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_without_end_is_given_up),
		cmocka_unit_test(one_message_too_long_is_refused_even_with_its_end),
		cmocka_unit_test(messages_come_out_whatever_the_reads),
		cmocka_unit_test(a_message_of_exactly_the_limit_passes),
		cmocka_unit_test(short_memory_is_an_error),
	};

	return RUN_TESTS("whack/frame", tests);
}
