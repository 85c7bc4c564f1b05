/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/json_in.h"

#include "tests/unit/support/test.h"

#include <string.h>

/* What the library makes of the same octets is what json_in makes of them. */
static void assert_as_library(struct view message)
{
	json_t *got = json_in(message);
	json_t *want = json_loadb((const char *)message.ptr, message.len,
				  JSON_REJECT_DUPLICATES, NULL);

	assert_int_equal(got != NULL, want != NULL);
	assert_true(!want || json_equal(got, want));
	json_decref(got);
	json_decref(want);
}

static void wrong_json_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"\"text\"",
		"3",
		"true",
		"null",
		"{",
		"[",
		"}",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[1]]",
		"[1}",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":}",
		"{\"a\":1",
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{a:1}",
		"{1:1}",
		"{\"a\":1]",
		"{\"a\":1}x",
		"[01]",
		"[00]",
		"[-]",
		"[1.]",
		"[1e]",
		"[+1]",
		"[tru]",
		"[truex]",
		"[nulll]",
		"[False]",
		"[\"a]",
		"[\"a\\\"]",
		"[\"\\x41\"]",
		"[\"\t\"]",
		"[\"\xff\"]",
		"[\"\\u0000\"",
		"{\"\\u0000\":1}",
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"\\u0061\":1}",
		"{\"b\":{\"a\":1,\"c\":2,\"a\":null}}",
		"[99999999999999999999]",
		"[1]\n[2]",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i]);
		assert_null(json_in(view_str(rows[i])));
		assert_as_library(view_str(rows[i]));
	}
	assert_null(json_in(view_of((const uint8_t *)"[\"a\0b\"]", 7)));
	assert_null(json_in(view_of((const uint8_t *)"[1]", 2))); /* not behind its end */
	assert_null(json_in(view_of((const uint8_t *)"[12]", 3)));
	assert_null(json_in(view_of((const uint8_t *)"[true]", 4)));
}

static void right_json_is_read(void **state)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		"[[],{}]",
		"[0]",
		"[1,23,456]",
		"[999999999999999999]",
		"[9223372036854775807]",
		"[-1]",
		"[1.5]",
		"[1e3]",
		"[true,false,null]",
		"[\"\"]",
		"{\"\":\"\"}",
		"{\"a\":{\"b\":[{\"c\":\"d\"}]},\"e\":[1,\"2\",true]}",
		"{\"method\":\"org.cygnet.pluto.Up\",\"parameters\":{\"name\":\"net\"},\"more\":true}",
		" { \"a\" : 1 } ",
		"[ 1,\n2 ]",
		"[\"a\\\"b\\\\c\\u00e9\\n\"]",
		"[\"z\xc3\xbcrich\"]",
		"[\"\x7f\"]",
		"{\"z\xc3\xbcrich\":1}",
		"{\"a\":\"\\u0061\",\"\\u0062\":1}",
		("{\"a name that is longer than those of the protocol, so that it is not kept in "
		 "place\":1}"),
		"[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		json_t *json;

		test_row(i, "%s", rows[i]);
		json = json_in(view_str(rows[i]));
		assert_non_null(json);
		json_decref(json);
		assert_as_library(view_str(rows[i]));
	}
}

/* Each message with one octet put in another's place, and each of its beginnings. */
static void any_change_is_seen_as_the_library_sees_it(void **state)
{
	static const char good[] = "{\"a\":[1,20,\"x\"],\"b\":{\"c\":true,\"d\":null},\"e\":0}";
	static const char octets[] = "\"\\{}[],:019-.etn \n\x01\x7f\xc3";
	char text[sizeof(good)];

	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (size_t k = 0; k < sizeof(octets); k++) {
			memcpy(text, good, sizeof(text));
			text[i] = octets[k];
			test_row(i, "%s", text);
			assert_as_library(view_of((const uint8_t *)text, sizeof(text) - 1));
		}
		assert_as_library(view_of((const uint8_t *)good, i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_json_is_refused),
		cmocka_unit_test(right_json_is_read),
		cmocka_unit_test(any_change_is_seen_as_the_library_sees_it),
	};

	return RUN_TESTS("whack/json_in", tests);
}
