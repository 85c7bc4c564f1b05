/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/protocol.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define M "org.cygnet.pluto."
#define T(text) ((char *)(text)) /* borrowed: these calls are never freed */

static void what_is_no_call_is_malformed(void **state)
{
	static const char *const rows[] = {
		"",
		"{",
		"[]",
		"17",
		"null",
		"\"org.cygnet.pluto.Up\"",
		"{}",
		"{\"method\": 7}",
		"{\"method\": \"" M "Listen\", \"parameters\": []}",
		"{\"method\": \"" M "Listen\", \"method\": \"" M "Shutdown\"}",
		"{\"method\": \"" M "Listen\"} trailing",
		"{\"method\": \"\xff\xfe\"}",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call_error e = {0};
		struct call c = {0};

		test_row(i, "%s", rows[i]);
		assert_int_equal(call_parse(view_str(rows[i]), &c, &e), CYG_MALFORMED);
		assert_null(c.name);
	}
}

static void a_call_that_breaks_a_rule_names_it(void **state)
{
	static const struct {
		const char *message, *error, *parameter;
	} rows[] = {
		{"{\"method\": \"" M "Fly\"}", ERROR_METHOD_NOT_FOUND, M "Fly"},
		{"{\"method\": \"org.example.Up\"}", ERROR_INTERFACE_NOT_FOUND,
		 "org.example.Up"},
		{"{\"method\": \"Up\"}", ERROR_INTERFACE_NOT_FOUND, "Up"},
		{"{\"method\": \"" M "Up\"}", ERROR_INVALID_PARAMETER, "name"},
		{"{\"method\": \"" M "Up\", \"parameters\": {\"name\": null}}",
		 ERROR_INVALID_PARAMETER, "name"},
		{"{\"method\": \"" M "Up\", \"parameters\": {\"name\": 5}}",
		 ERROR_INVALID_PARAMETER, "name"},
		{"{\"method\": \"" M "Up\", \"parameters\": {\"name\": \"a\\u0000b\"}}", NULL,
		 NULL},
		{"{\"method\": \"" M "Up\", \"parameters\": {\"nme\": \"a\"}}",
		 ERROR_INVALID_PARAMETER, "nme"},
		{"{\"method\": \"" M "Up\", \"parameters\": {\"name\": \"a\", \"serial\": 1}}",
		 ERROR_INVALID_PARAMETER, "serial"},
		{"{\"method\": \"" M
		 "Up\", \"parameters\": {\"name\": \"a\", \"asynchronous\": \"yes\"}}",
		 ERROR_INVALID_PARAMETER, "asynchronous"},
		{"{\"method\": \"" M "DeleteState\", \"parameters\": {\"serial\": -1}}",
		 ERROR_INVALID_PARAMETER, "serial"},
		{"{\"method\": \"" M "DeleteState\", \"parameters\": {\"serial\": 1.5}}",
		 ERROR_INVALID_PARAMETER, "serial"},
		{"{\"method\": \"" M "Status\"}", ERROR_EXPECTED_MORE, ""},
		{"{\"method\": \"" M
		 "AddConnection\", \"parameters\": {\"name\": \"a\", \"connection\": 1}}",
		 ERROR_INVALID_CONNECTION, ""},
		{"{\"method\": \"" M
		 "AddConnection\", \"parameters\": {\"name\": \"a b\", \"connection\": {}}}",
		 ERROR_INVALID_CONNECTION, "name"},
		{"{\"method\": \"" M
		 "AddConnection\", \"parameters\": {\"name\": \"a[1]\", \"connection\": {}}}",
		 ERROR_INVALID_CONNECTION, "name"},
		{"{\"method\": \"" M
		 "AddConnection\", \"parameters\": {\"name\": \"\\u001b[0m\","
		 "\"connection\": {}}}",
		 ERROR_INVALID_CONNECTION, "name"},
		{"{\"method\": \"" M "AddConnection\", \"parameters\": {\"name\": \"a\","
		 "\"connection\": {\"left\": 5}}}",
		 ERROR_INVALID_CONNECTION, "left"},
		{"{\"method\": \"" M "AddConnection\", \"parameters\": {\"name\": \"a\","
		 "\"connection\": {\"leftsubnot\": \"10.0.0.0/8\"}}}",
		 ERROR_INVALID_CONNECTION, "leftsubnot"},
		{"{\"method\": \"" M "AddConnection\", \"parameters\": {\"name\": \"a\","
		 "\"connection\": {\"left\": \"192.0.2.1\", \"leftsubnet\": \"10.0.0.0/99\"}}}",
		 ERROR_INVALID_CONNECTION, "leftsubnet"},
		/* Both ends unknown: no field is wrong by itself. */
		{"{\"method\": \"" M "AddConnection\", \"parameters\": {\"name\": \"a\","
		 "\"connection\": {\"left\": \"%any\", \"right\": \"%any\", \"authby\": \"secret\"}}}",
		 ERROR_INVALID_CONNECTION, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call_error e = {0};
		struct call c = {0};
		enum cyg_err err;

		test_row(i, "%s", rows[i].message);
		err = call_parse(view_str(rows[i].message), &c, &e);
		if (!rows[i].error) { /* JSON's own reader refuses it */
			assert_int_equal(err, CYG_MALFORMED);
			continue;
		}
		assert_true(err == CYG_RANGE || err == CYG_UNSUPPORTED);
		assert_string_equal(e.error, rows[i].error);
		assert_string_equal(e.parameter, rows[i].parameter);
		assert_null(c.name);
	}
}

static void deep_and_wide_json_does_no_harm(void **state)
{
	static const char *const fills[] = {"[", "{\"a\":", "[[],", "{},", "\"\\u0041"};

	for (size_t i = 0; i < COUNT_OF(fills); i++) {
		struct bytes text = {malloc(PROTOCOL_CALL_MAX), PROTOCOL_CALL_MAX};
		size_t unit = strlen(fills[i]);
		struct call_error e = {0};
		struct call c = {0};

		test_row(i, "%s", fills[i]);
		for (size_t at = 0; at < text.len; at++)
			text.ptr[at] = (uint8_t)fills[i][at % unit];
		assert_int_equal(call_parse(view_bytes(&text), &c, &e), CYG_MALFORMED);
		bytes_done(&text);
	}
}

static struct connection *some_connection(void)
{
	static const char text[] =
		"{\"left\": \"192.0.2.1\", \"leftid\": \"@west\", \"leftsubnet\": \"10.1.0.0/24\","
		"\"right\": \"%any\", \"rightsubnet\": \"10.2.0.0/24\", \"authby\": \"secret\","
		"\"ikelifetime\": \"2h\", \"pfs\": \"no\"}";
	json_t *json = json_loads(text, 0, NULL);
	struct connection *c = NULL;
	char parameter[64] = "";
	struct diag why;

	diag_clear(&why);
	assert_int_equal(connection_from_json("net", json, &c, parameter, &why), CYG_OK);
	json_decref(json);
	return c;
}

/* parse(encode(call)) == call, and encoding that again gives the same octets. */
static void a_call_comes_through_as_it_was(void **state)
{
	const struct call rows[] = {
		{.kind = CALL_UP, .name = T("net"), .more = true},
		{.kind = CALL_UP, .name = T("net"), .asynchronous = true},
		{.kind = CALL_DOWN, .name = T("net[3]"), .oneway = true},
		{.kind = CALL_LISTEN},
		{.kind = CALL_STATUS, .more = true, .brief = true},
		{.kind = CALL_STATUS, .more = true, .short_facts = true},
		{.kind = CALL_STATUS, .more = true, .name = T("net")},
		{.kind = CALL_REKEY, .name = T("net"), .ike = true},
		{.kind = CALL_DELETE_STATE, .serial = INT64_MAX},
		{.kind = CALL_DELETE_STATE, .serial = 0},
		{.kind = CALL_CRASH, .address = T("2001:db8::1")},
		{.kind = CALL_ACCOUNTING, .enable = true},
		{.kind = CALL_SHUTDOWN, .restart = true},
		{.kind = CALL_GET_INFO},
		{.kind = CALL_GET_INTERFACE, .interface = T("org.cygnet.pluto")},
		{.kind = CALL_ADD_CONNECTION,
		 .name = T("net"),
		 .replace = true,
		 .connection = some_connection()},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = call_encode(&rows[i]), *again;
		struct call_error e = {0};
		struct call c = {0};

		test_row(i, "%s", text);
		assert_int_equal(call_parse(view_str(text), &c, &e), CYG_OK);
		assert_int_equal(c.kind, rows[i].kind);
		assert_int_equal(c.more, rows[i].more);
		assert_int_equal(c.oneway, rows[i].oneway);
		assert_int_equal(c.asynchronous, rows[i].asynchronous);
		assert_int_equal(c.replace, rows[i].replace);
		assert_int_equal(c.serial, rows[i].serial);
		assert_int_equal(!c.name, !rows[i].name);
		if (c.name)
			assert_string_equal(c.name, rows[i].name);
		if (rows[i].connection)
			assert_true(connection_equal(c.connection, rows[i].connection));
		again = call_encode(&c);
		assert_string_equal(again, text);
		free(again);
		free(text);
		call_done(&c);
		connection_unref(rows[i].connection);
	}
}

static void every_kind_has_a_method_of_its_own(void **state)
{
	for (unsigned i = 0; i < CALL_KINDS; i++) {
		assert_non_null(call_method(i));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(call_method(i), call_method(k));
	}
	assert_null(call_method(CALL_KINDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_call_is_malformed),
		cmocka_unit_test(a_call_that_breaks_a_rule_names_it),
		cmocka_unit_test(deep_and_wide_json_does_no_harm),
		cmocka_unit_test(a_call_comes_through_as_it_was),
		cmocka_unit_test(every_kind_has_a_method_of_its_own),
	};

	return RUN_TESTS("whack/call", tests);
}
