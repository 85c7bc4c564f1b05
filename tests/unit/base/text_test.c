/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static bool grow_in_many_ways(void *ctx)
{
	struct text t = {0};
	char *taken;

	text_add(&t, "%s %d", "a string of some length that needs room", 42);
	text_add_str(&t, "another string, which outgrows what the first one took up");
	text_add_hex(&t, LITERAL("octets in hex, two characters for each of them"));
	text_add_escaped(&t,
			 LITERAL("\1\2\3 and more \4 and so on, until it has to grow again"));
	taken = text_take(&t);
	assert_null(t.ptr);
	assert_false(t.bad);
	if (!taken)
		return false;
	free(taken);
	return true;
}

static void without_memory_nothing_is_taken(void **state)
{
	test_each_allocation_failing(grow_in_many_ways, NULL, false);
}

static void once_bad_nothing_is_added(void **state)
{
	struct text t = {0};

	text_add_str(&t, "kept");
	t.bad = true;
	text_add(&t, "%d", 1);
	text_add_char(&t, 'x');
	text_add_hex(&t, LITERAL("x"));
	text_add_escaped(&t, LITERAL("x"));
	assert_string_equal(text_str(&t), "kept");
	assert_null(text_take(&t));
	assert_string_equal(text_str(&t), "");
}

/* Storage grows in steps: every length meets its end once. */
static void formatted_text_is_whole_at_every_length(void **state)
{
	for (int len = 0; len < 300; len++) {
		struct text t = {0};
		char want[301] = "";

		for (int i = 0; i < len; i++) {
			text_add(&t, "%c", 'a' + i % 26);
			want[i] = (char)('a' + i % 26);
			assert_int_equal(t.len, i + 1);
		}
		text_add(&t, "%s", want);
		text_add_view(&t, view_str(want));
		assert_int_equal(t.len, 3 * len);
		assert_int_equal(strlen(text_str(&t)), 3 * len);
		assert_memory_equal(text_str(&t) + len, want, (size_t)len);
		assert_string_equal(text_str(&t) + 2 * len, want);
		text_done(&t);
	}
}

static void an_impossible_length_is_bad(void **state)
{
	struct text t = {0};

	text_add_hex(&t, view_of("", SIZE_MAX / 2));
	assert_true(t.bad);
	text_done(&t);
}

static void empty_texts(void **state)
{
	struct text t = {0};
	char *taken;

	assert_string_equal(text_str(&t), "");
	text_clear(&t);
	text_add_escaped(&t, view_of(NULL, 0));
	text_add_hex(&t, view_of(NULL, 0));
	text_add_str(&t, "");
	assert_int_equal(t.len, 0);
	taken = text_take(&t);
	assert_string_equal(taken, "");
	free(taken);
	text_done(&t);
	text_done(NULL);
}

static void what_is_escaped(void **state)
{
	static const struct {
		struct view in;
		const char *out;
	} rows[] = {
		{LITERAL("\0"), "\\x00"},
		{LITERAL("a\nb"), "a\\x0ab"},
		{LITERAL("\x1b[2J"), "\\x1b[2J"},
		{LITERAL("\x7f"), "\\x7f"},
		{LITERAL("back\\slash"), "back\\x5cslash"},
		{LITERAL("\xff\xfe"), "\\xff\\xfe"},
		{LITERAL("\xc3"), "\\xc3"},
		{LITERAL("\xc3("), "\\xc3("},
		/* A control of Latin-1, and a mark that turns the writing direction. */
		{LITERAL("\xc2\x9b"), "\\xc2\\x9b"},
		{LITERAL("\xe2\x80\xae"), "\\xe2\\x80\\xae"},
		{LITERAL("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\xa6\xa2"),
		 "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\xa6\xa2"},
		{LITERAL(" !~"), " !~"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text t = {0};

		test_row(i, "%s", rows[i].out);
		text_add_escaped(&t, rows[i].in);
		assert_string_equal(text_str(&t), rows[i].out);
		text_done(&t);
	}
}

static void pieces_join(void **state)
{
	struct text t = {0};

	text_add(&t, "%s-%04x", "one", 0x2a);
	text_add_char(&t, ' ');
	text_add_hex(&t, LITERAL("\x00\xff\x1a"));
	text_add_str(&t, ".");
	assert_string_equal(text_str(&t), "one-002a 00ff1a.");
	assert_int_equal(t.len, strlen("one-002a 00ff1a."));
	text_clear(&t);
	assert_string_equal(text_str(&t), "");
	text_add_str(&t, "again");
	assert_string_equal(text_str(&t), "again");
	text_done(&t);
}

static void a_long_text_is_whole(void **state)
{
	struct text t = {0};

	for (int i = 0; i < 10000; i++)
		text_add(&t, "%d,", i % 10);
	assert_false(t.bad);
	assert_int_equal(t.len, 20000);
	assert_memory_equal(t.ptr + 19996, "8,9,", 5);
	text_done(&t);
}

static void a_full_buffer_takes_no_more(void **state)
{
	char buf[8] = "zzzzzzz";
	size_t used = 0;

	buf_add(buf, 0, &used, "x");
	assert_int_equal(used, 0);
	assert_int_equal(buf[0], 'z');
	buf_add(buf, 6, &used, "%s", "abcdefgh");
	assert_int_equal(used, 5);
	assert_string_equal(buf, "abcde");
	buf_add(buf, 6, &used, "more");
	assert_int_equal(used, 5);
	assert_string_equal(buf, "abcde");
	buf_add_str(buf, 6, &used, "more");
	buf_add_str(buf, 0, &used, "more");
	assert_int_equal(used, 5);
	assert_string_equal(buf, "abcde");
	used = 2;
	buf_add_str(buf, 6, &used, "wxyz");
	assert_int_equal(used, 5);
	assert_string_equal(buf, "abwxy");
	assert_int_equal(buf[6], 'z');
	used = 0;
	buf_add_hex(buf, 6, &used, LITERAL("\x0f\xa0\x33"));
	assert_int_equal(used, 4);
	assert_string_equal(buf, "0fa0");
	buf_add_hex(buf, 0, &used, LITERAL("\x01"));
	assert_string_equal(buf, "0fa0");
	assert_int_equal(buf[6], 'z');
}

static void a_buffer_fills_piece_by_piece(void **state)
{
	char buf[8];
	size_t used = 0;

	buf_add(buf, sizeof(buf), &used, "%d", 12);
	buf_add(buf, sizeof(buf), &used, "-%d", 34);
	assert_string_equal(buf, "12-34");
	buf_add_str(buf, sizeof(buf), &used, "ab");
	buf_add_str(buf, sizeof(buf), &used, "");
	assert_string_equal(buf, "12-34ab");
	assert_int_equal(used, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_is_taken),
		cmocka_unit_test(once_bad_nothing_is_added),
		cmocka_unit_test(formatted_text_is_whole_at_every_length),
		cmocka_unit_test(an_impossible_length_is_bad),
		cmocka_unit_test(empty_texts),
		cmocka_unit_test(what_is_escaped),
		cmocka_unit_test(pieces_join),
		cmocka_unit_test(a_long_text_is_whole),
		cmocka_unit_test(a_full_buffer_takes_no_more),
		cmocka_unit_test(a_buffer_fills_piece_by_piece),
	};

	return RUN_TESTS("base/text", tests);
}
