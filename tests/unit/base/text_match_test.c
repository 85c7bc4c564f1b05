/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "tests/unit/support/test.h"

#include <string.h>

static const char *const words[] = {
	"left", "leftsubnet", "leftid", "right", "rightsubnet", "authby", "auto", "ikelifetime",
};

static void words_near_to_none(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"ab",
		"zzzzzz",
		"subnet",
		"leeeeeft",
		"a-word-longer-than-any-keyword-could-ever-be-and-so-no-typing-error-at-all",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "'%s'", rows[i]);
		assert_null(text_nearest(rows[i], words, COUNT_OF(words)));
	}
	assert_null(text_nearest("left", words, 0));
}

static void words_near_to_one(void **state)
{
	static const struct {
		const char *word, *nearest;
	} rows[] = {
		{"left", "left"},
		{"LEFT", "left"},
		{"lef", "left"},
		{"lfet", "left"}, /* two letters swapped are one mistake */
		{"leftt", "left"},
		{"leftsubnets", "leftsubnet"},
		{"rigthsubnet", "rightsubnet"},
		{"autby", "authby"},
		{"aut", "auto"},
		{"ike_lifetime", "ikelifetime"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "'%s'", rows[i].word);
		assert_string_equal(text_nearest(rows[i].word, words, COUNT_OF(words)),
				    rows[i].nearest);
	}
}

static void a_known_word_too_long_is_passed_over(void **state)
{
	static const char *const mixed[] = {
		"a-word-longer-than-any-keyword-could-ever-be-and-so-no-typing-error-at-all",
		"auto",
	};

	assert_string_equal(text_nearest("autp", mixed, 2), "auto");
}

static void case_matters_not_but_all_else_does(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"a", "", false},  {"abc", "abcd", false}, {"abc", "abd", false},
		{"[", "{", false}, {"@", "`", false},      {"\xc3\x84", "\xc3\xa4", false},
		{"", "", true},    {"abc", "ABC", true},   {"zZ9", "Zz9", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "'%s' '%s'", rows[i].a, rows[i].b);
		assert_int_equal(text_same(rows[i].a, rows[i].b), rows[i].same);
		assert_int_equal(text_same(rows[i].b, rows[i].a), rows[i].same);
	}
}

/* RFC 3629 3 and 10: what looks like UTF-8 and is none, and what a terminal would act upon. */
static void octets_that_are_not_printable(void **state)
{
	static const struct {
		struct view v;
		const char *what;
	} rows[] = {
		{{NULL, 0}, "nothing"},
		{LITERAL("\0"), "NUL"},
		{LITERAL("\x1f"), "the last control"},
		{LITERAL("\x7f"), "delete"},
		{LITERAL("\x80"), "a continuation alone"},
		{LITERAL("\xc0\x80"), "NUL in two octets"},
		{LITERAL("\xc1\xbf"), "delete in two octets"},
		{LITERAL("\xe0\x9f\xbf"), "three octets where two do"},
		{LITERAL("\xf0\x8f\xbf\xbf"), "four octets where three do"},
		{LITERAL("\xed\xa0\x80"), "a surrogate"},
		{LITERAL("\xed\xbf\xbf"), "the last surrogate"},
		{LITERAL("\xf4\x90\x80\x80"), "past the last code point"},
		{LITERAL("\xf5\x80\x80\x80"), "far past the last code point"},
		{LITERAL("\xff"), "no first octet"},
		{LITERAL("\xc3"), "cut after one of two"},
		{LITERAL("\xe2\x82"), "cut after two of three"},
		{LITERAL("\xf0\x9f\xa6"), "cut after three of four"},
		{LITERAL("\xe2\x28\xa1"), "broken in the middle"},
		{LITERAL("\xc2\x85"), "next line"},
		{LITERAL("\xe2\x80\xa8"), "line separator"},
		{LITERAL("\xe2\x80\x8f"), "right-to-left mark"},
		{LITERAL("\xe2\x81\xa9"), "pop directional isolate"},
		{LITERAL("\xef\xbb\xbf"), "byte order mark"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		assert_int_equal(text_printable(rows[i].v), 0);
	}
}

static void octets_that_are_printable(void **state)
{
	static const struct {
		struct view v;
		size_t len;
	} rows[] = {
		{LITERAL(" "), 1},
		{LITERAL("~\n"), 1},
		{LITERAL("\xc2\xa0\xff"), 2},
		{LITERAL("\xdf\xbf"), 2},
		{LITERAL("\xe0\xa0\x80"), 3},
		{LITERAL("\xed\x9f\xbf"), 3},
		{LITERAL("\xef\xbf\xbd"), 3},
		{LITERAL("\xf0\x90\x80\x80"), 4},
		{LITERAL("\xf4\x8f\xbf\xbd"), 4},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%zu octets", rows[i].len);
		assert_int_equal(text_printable(rows[i].v), rows[i].len);
	}
}

static void words_are_found_whole(void **state)
{
	static const struct {
		const char *words, *word;
		bool found;
	} rows[] = {
		{"", "", false},         {"a b", "", false},   {"abc", "ab", false},
		{"abc", "bc", false},    {"ab", "abc", false}, {"a  b", "b", true},
		{"a b c", "b", true},    {"a b c", "a", true}, {"a b c", "c", true},
		{"a b c", "a b", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s in %s", rows[i].word, rows[i].words);
		assert_int_equal(text_among(rows[i].words, rows[i].word), rows[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_found_whole),
		cmocka_unit_test(words_near_to_none),
		cmocka_unit_test(words_near_to_one),
		cmocka_unit_test(a_known_word_too_long_is_passed_over),
		cmocka_unit_test(case_matters_not_but_all_else_does),
		cmocka_unit_test(octets_that_are_not_printable),
		cmocka_unit_test(octets_that_are_printable),
	};

	return RUN_TESTS("base/text_match", tests);
}
