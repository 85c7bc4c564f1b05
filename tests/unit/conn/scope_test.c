/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/connection.h"
#include "conn/field.h"

#include "tests/unit/support/test.h"

static struct connection *with(const char *keyword, const char *text)
{
	struct connection *c = connection_new("x");

	assert_int_equal(field_set(c, 0, field_by_keyword(keyword, false), text, NULL), CYG_OK);
	return c;
}

static void what_is_said_is_what_packets_are_held_against(void **state)
{
	static const struct {
		const char *keyword, *text;
		struct packet_scope in, out;
		bool narrows;
	} rows[] = {
		{"mark", "0/0", {{0}}, {{0}}, false},
		{"if_id_in", "0", {{0}}, {{0}}, false},
		{"mark", "0", {.mark = {0, UINT32_MAX}}, {.mark = {0, UINT32_MAX}}, true},
		{"mark", "5", {.mark = {5, UINT32_MAX}}, {.mark = {5, UINT32_MAX}}, true},
		{"mark", "0x10/0xf0", {.mark = {0x10, 0xf0}}, {.mark = {0x10, 0xf0}}, true},
		{"mark", "010/15", {.mark = {10, 15}}, {.mark = {10, 15}}, true},
		{"mark-in", "5", {.mark = {5, UINT32_MAX}}, {{0}}, true},
		{"mark_out", "5", {{0}}, {.mark = {5, UINT32_MAX}}, true},
		{"mark",
		 "%unique",
		 {.mark = {34, UINT32_MAX}},
		 {.mark = {34, UINT32_MAX}},
		 true},
		{"mark", "-1", {.mark = {34, UINT32_MAX}}, {.mark = {34, UINT32_MAX}}, true},
		{"mark",
		 "%unique-dir",
		 {.mark = {35, UINT32_MAX}},
		 {.mark = {34, UINT32_MAX}},
		 true},
		{"set_mark_in", "7/7", {.set = {7, 7}}, {{0}}, true},
		{"set-mark-out", "7", {{0}}, {.set = {7, UINT32_MAX}}, true},
		{"if_id_in", "9", {.if_id = 9}, {{0}}, true},
		{"if-id-out", "%unique", {{0}}, {.if_id = 34}, true},
		{"if_id_in", "%unique-dir", {.if_id = 35}, {{0}}, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = with(rows[i].keyword, rows[i].text);
		struct packet_scope in = scope_of(&c->scope, 34, SA_IN),
				    out = scope_of(&c->scope, 34, SA_OUT);

		test_row(i, "%s=%s", rows[i].keyword, rows[i].text);
		assert_true(scope_equal(&in, &rows[i].in) && scope_equal(&out, &rows[i].out));
		assert_true(mark_equal(&in.set, &rows[i].in.set));
		assert_true(mark_equal(&out.set, &rows[i].out.set));
		assert_int_equal(described_scope_narrows(&c->scope), rows[i].narrows);
		assert_int_equal(scope_narrows(&in) || scope_narrows(&out), rows[i].narrows);
		connection_unref(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_what_packets_are_held_against),
	};

	return RUN_TESTS("conn/scope", tests);
}
