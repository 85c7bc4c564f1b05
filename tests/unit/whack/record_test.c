/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/protocol.h"

#include "conn/listing.h"
#include "tests/unit/support/test.h"
#include "whack/interface.h"
#include "whack/json_out.h"
#include "whack/report_line.h"

#include <stdlib.h>
#include <string.h>

static void bad_replies_are_refused(void **state)
{
	static const char *const rows[] = {
		"", "[]", "{\"error\": 3}", "{\"parameters\": []}", "{\"continues\": true", "3",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct reply r;

		test_row(i, "%s", rows[i]);
		assert_int_equal(reply_parse(view_str(rows[i]), &r), CYG_MALFORMED);
	}
}

static void bad_reports_are_refused(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"level\": \"info\"}",
		"{\"code\": 3}",
		"{\"code\": -1, \"level\": \"info\"}",
		"{\"code\": 70000, \"level\": \"info\"}",
		"{\"code\": \"3\", \"level\": \"info\"}",
		"{\"code\": 3, \"level\": \"loud\"}",
		"{\"code\": 3, \"level\": \"info\", \"text\": 5}",
		"{\"code\": 3, \"level\": \"info\", \"serial\": \"5\"}",
		"{\"code\": 3, \"level\": \"info\", \"diag\": {}}",
		"{\"code\": 3, \"level\": \"info\", \"diag\": {\"code\": \"x\", \"line\": -2}}",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		json_t *json = json_loads(rows[i], 0, NULL);
		struct diag storage;
		struct report r;

		test_row(i, "%s", rows[i]);
		assert_non_null(json);
		assert_int_equal(report_from_json(json, &r, &storage), CYG_MALFORMED);
		json_decref(json);
	}
}

static void same_report(const struct report *a, const struct report *b)
{
	struct text one = {0}, other = {0};

	assert_int_equal(a->code, b->code);
	assert_int_equal(a->level, b->level);
	report_line(a, &one);
	report_line(b, &other);
	assert_string_equal(text_str(&one), text_str(&other));
	text_done(&one);
	text_done(&other);
}

static void a_report_comes_through_as_it_was(void **state)
{
	struct diag why, storage;
	struct report rows[] = {
		{.level = REPORT_INFO,
		 .code = 4,
		 .connection = "net",
		 .serial = 7,
		 .state = "CHILD_C1",
		 .text = "CHILD SA established"},
		{.level = REPORT_ERROR,
		 .code = 214,
		 .connection = "net",
		 .instance = 3,
		 .text = "refused",
		 .diag = &why},
		{.level = REPORT_DEBUG, .code = 0, .text = ""},
		{.level = REPORT_WARNING, .code = 3, .text = "an id of \\x07\\x1b[2J octets"},
	};

	diag_set(&why, "no-proposal-chosen", "RFC 7296 2.7", "no proposal fits");
	diag_wanted(&why, "AES_GCM_16_256");
	diag_got(&why, "3DES with \"quotes\" and \x01");
	diag_hint(&why, "add it to esp=");
	diag_place(&why, "/etc/ipsec.conf", 3, 9);
	diag_offset(&why, 44);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct json_out written = {0};
		struct report got;
		json_t *json;

		test_row(i, "%s", rows[i].text);
		report_write(&written, &rows[i]);
		json = json_loads(text_str(&written.text), 0, NULL);
		json_out_done(&written);
		assert_int_equal(report_from_json(json, &got, &storage), CYG_OK);
		same_report(&got, &rows[i]);
		if (rows[i].diag)
			assert_int_equal(got.diag->offset, 44);
		json_decref(json);
	}
}

static void lines_look_as_documented(void **state)
{
	static const struct {
		struct report r;
		const char *line;
	} rows[] = {
		{{.connection = "net", .serial = 1, .state = "PARENT_I1", .text = "initiate"},
		 "\"net\" #1: STATE_PARENT_I1: initiate"},
		{{.connection = "net", .instance = 2, .text = "deleted"},
		 "\"net\"[2]: deleted"},
		{{.serial = 9, .text = "half-open"}, "#9: half-open"},
		{{.text = "listening"}, "listening"},
		{{.connection = "e\nvil", .text = "a\x1b[31mred\r\nline\x7f"},
		 "\"e\\x0avil\": a\\x1b[31mred\\x0d\\x0aline\\x7f"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text t = {0};

		test_row(i, "%s", rows[i].line);
		report_line(&rows[i].r, &t);
		assert_string_equal(text_str(&t), rows[i].line);
		text_done(&t);
	}
}

static void a_reply_comes_through_as_it_was(void **state)
{
	struct reply r = {.continues = true, .parameters = json_pack("{s:i}", "code", 31)}, got;
	char *text = reply_encode(&r);
	unsigned code = 0;

	assert_int_equal(reply_parse(view_str(text), &got), CYG_OK);
	assert_true(got.continues);
	assert_null(got.error);
	assert_true(reply_code(&got, &code));
	assert_int_equal(code, 31);
	assert_int_equal(reply_reports(&got), 0);
	reply_done(&got);
	reply_done(&r);
	free(text);
}

static void text_that_is_none_is_escaped(void **state)
{
	json_t *t = json_text("a\xff\n");

	assert_string_equal(json_string_value(t), "a\\xff\\x0a");
	json_decref(t);
}

/* Every method of the protocol stands in the description that pluto hands out, and no other. */
static void the_description_names_every_method(void **state)
{
	const char *text = whack_interface(PROTOCOL_INTERFACE);
	unsigned described = 0, ours = 0;

	assert_non_null(text);
	assert_null(whack_interface("org.example"));
	assert_non_null(whack_interface("org.varlink.service"));
	for (const char *at = text; (at = strstr(at, "\nmethod ")); at++)
		described++;
	for (unsigned i = 0; i < CALL_KINDS; i++) {
		char line[128];

		if (strncmp(call_method(i), PROTOCOL_INTERFACE ".",
			    strlen(PROTOCOL_INTERFACE) + 1) != 0)
			continue;
		snprintf(line, sizeof(line), "\nmethod %s(", strrchr(call_method(i), '.') + 1);
		test_row(i, "%s", line);
		assert_non_null(strstr(text, line));
		ours++;
	}
	assert_int_equal(described, ours);
}

/* Every listing is described there: a member of List's answer, and each key of its records. */
static void the_description_has_every_record(void **state)
{
	const char *text = whack_interface(PROTOCOL_INTERFACE);

	for (unsigned i = 0; i < LISTINGS; i++) {
		char line[128];

		snprintf(line, sizeof(line), "\n  %s: ?[]", listings[i].what);
		test_row(i, "%s", line);
		assert_non_null(strstr(text, line));
		for (size_t k = 0; k < listings[i].fields_len; k++) {
			snprintf(line, sizeof(line), "\n  %s: ?", listings[i].fields[k].key);
			test_row(k, "%s", line);
			assert_non_null(strstr(text, line));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_replies_are_refused),
		cmocka_unit_test(bad_reports_are_refused),
		cmocka_unit_test(a_report_comes_through_as_it_was),
		cmocka_unit_test(lines_look_as_documented),
		cmocka_unit_test(a_reply_comes_through_as_it_was),
		cmocka_unit_test(text_that_is_none_is_escaped),
		cmocka_unit_test(the_description_names_every_method),
		cmocka_unit_test(the_description_has_every_record),
	};

	return RUN_TESTS("whack/record", tests);
}
