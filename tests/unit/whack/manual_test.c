/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/manual.h"

#include "tests/unit/support/test.h"
#include "whack/protocol.h"

#include <stdlib.h>
#include <string.h>

#define CALL(keys)                                                                           \
	"{\"method\":\"org.cygnet.pluto.Key\",\"parameters\":{\"name\":\"a\",\"keys\":" keys \
	"}}"

static void what_is_no_key_is_refused(void **state)
{
	static const struct {
		const char *message, *parameter;
	} rows[] = {
		{CALL("7"), "keys"},
		{CALL("[]"), "keys"},
		{CALL("{\"middle\":{}}"), "middle"},
		{CALL("{\"left\":7}"), "keys"},
		{CALL("{\"left\":{\"spi\":-1}}"), "spi"},
		{CALL("{\"left\":{\"spi\":4294967296}}"), "spi"},
		{CALL("{\"left\":{\"encr\":\"0\"}}"), "encr"},
		{CALL("{\"left\":{\"encr\":\"zz\"}}"), "encr"},
		{CALL("{\"right\":{\"integ\":7}}"), "integ"},
		{CALL("{\"right\":{\"key\":\"00\"}}"), "key"},
		{CALL("{\"window\":65537}"), "window"},
		{CALL("{\"window\":\"1\"}"), "window"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call_error e = {0};
		struct call c = {0};

		test_row(i, "%s", rows[i].message);
		assert_int_equal(call_parse(view_str(rows[i].message), &c, &e), CYG_RANGE);
		assert_string_equal(e.error, ERROR_INVALID_PARAMETER);
		assert_string_equal(e.parameter, rows[i].parameter);
		assert_null(c.keys);
	}
}

static void keys_come_through_as_they_were(void **state)
{
	struct manual_keys keys = {
		.toward = {{0x301, 32, 64, {1, 2, 3}, {4, 5}}, {UINT32_MAX, 0, 20}},
		.replay_window = 32,
	};
	struct call call = {.kind = CALL_KEY, .name = (char *)"a", .keys = &keys};
	char *text = call_encode(&call);
	struct call_error e = {0};
	struct call c = {0};

	(void)state;
	assert_non_null(text);
	assert_int_equal(call_parse(view_str(text), &c, &e), CYG_OK);
	assert_memory_equal(c.keys, &keys, sizeof(keys));
	call_done(&c);
	free(text);
}

static void what_was_read_is_wiped(void **state)
{
	json_t *json = json_loads("{\"left\":{\"encr\":\"0011\",\"integ\":\"xx\"},"
				  "\"right\":{\"encr\":\"2233\"}}",
				  0, NULL);
	struct manual_keys *keys = NULL;
	char parameter[64];
	struct diag why;
	const char *left = json_string_value(
		json_object_get(json_object_get(json, "left"), "encr"));
	const char *right = json_string_value(
		json_object_get(json_object_get(json, "right"), "encr"));

	(void)state;
	assert_int_equal(manual_keys_from_json(json, &keys, parameter, &why), CYG_RANGE);
	assert_memory_equal(left, "\0\0\0\0", 4);
	assert_memory_equal(right, "\0\0\0\0", 4);
	assert_null(strstr(why.got, "xx"));
	json_decref(json);
}

static bool read_and_forget(void *ctx)
{
	struct call_error e = {0};
	struct call c = {0};
	enum cyg_err err =
		call_parse(view_str(CALL("{\"left\":{\"spi\":768,\"encr\":\"00\"}}")), &c, &e);

	(void)ctx;
	if (!err)
		call_done(&c);
	return !err;
}

static void short_memory_is_told(void **state)
{
	(void)state;
	test_each_allocation_failing(read_and_forget, NULL, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(keys_come_through_as_they_were),
		cmocka_unit_test(what_was_read_is_wiped),
		cmocka_unit_test(short_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
