/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/splice.h"

#include "tests/unit/support/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void what_is_no_object_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		" ",
		"[",
		"[]",
		"7",
		"{",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":}",
		"{\"a\":1",
		"{\"a\":1,}x",
		"{a:1}",
		"{\"a\" 1}",
		"{\"a\":[1}",
		"{\"a\":\"",
		"{\"a\":\"\\",
		"{1:2}",
		"{\"a\":1 \"b\":2}",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct splice_reply r;
		size_t len = strlen(rows[i]);
		uint8_t *exact = malloc(len + !len); /* a reader past its end is seen */

		memcpy(exact, rows[i], len);
		test_row(i, "%s", rows[i]);
		assert_int_equal(splice_look(view_of(exact, len), &r), CYG_MALFORMED);
		free(exact);
	}
}

static void replies_are_looked_at(void **state)
{
	static const struct {
		const char *message, *parameters;
		bool continues, remark;
	} rows[] = {
		{"{}", "", false, false},
		{"{\"parameters\":{}}", "{}", false, false},
		{" { \"parameters\" : { \"a\" : [ ] } , \"continues\" : true } ",
		 "{ \"a\" : [ ] }", true, false},
		{"{\"parameters\":{\"a\":\"}]\\\"\"},\"continues\":false}",
		 "{\"a\":\"}]\\\"\"}", false, false},
		{"{\"parameters\":{\"x\":[],\"code\":4}}", "{\"x\":[],\"code\":4}", false,
		 true},
		{"{\"parameters\":{\"reports\":[]},\"continues\":true}", "{\"reports\":[]}",
		 true, true},
		{"{\"error\":\"e\",\"parameters\":{}}", "{}", false, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct splice_reply r;

		test_row(i, "%s", rows[i].message);
		assert_int_equal(splice_look(view_str(rows[i].message), &r), CYG_OK);
		assert_view_equal(r.parameters, view_str(rows[i].parameters));
		assert_int_equal(r.continues, rows[i].continues);
		assert_int_equal(r.remark, rows[i].remark);
	}
}

/* What becomes of these parameters, one after another; the caller frees it. */
static char *splice(const char *const *parameters, size_t len, enum cyg_err want)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct splice s = {.out = out};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; !err && i < len && parameters[i]; i++)
		err = splice_take(&s, view_str(parameters[i]));
	assert_int_equal(err, want);
	splice_end(&s);
	fclose(out);
	return text;
}

static void replies_become_one_document(void **state)
{
	static const struct {
		const char *parameters[4];
		const char *document;
	} rows[] = {
		{{NULL}, "{}\n"},
		{{""}, "{}\n"},
		{{"{}", "{}"}, "{}\n"},
		{{"{\"code\":0}"}, "{\n  \"code\": 0\n}\n"},
		{{"{\"a\":[]}", "{\"a\":[]}"}, "{\n  \"a\": []\n}\n"},
		{{"{\"d\":{\"x\":1}}", "{\"a\":[{\"y\":2}]}", "{\"a\":[3,\"4,]\"],\"code\":0}"},
		 "{\n  \"d\": {\"x\":1},\n  \"a\": [\n    {\"y\":2},\n    3,\n    \"4,]\"\n  ],\n"
		 "  \"code\": 0\n}\n"},
		{{"{\"a\":[1],\"b\":[]}", "{\"b\":[2]}"},
		 "{\n  \"a\": [\n    1\n  ],\n  \"b\": [\n    2\n  ]\n}\n"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = splice(rows[i].parameters, 4, CYG_OK);
		json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

		test_row(i, "%s", rows[i].document);
		assert_non_null(json);
		json_decref(json);
		assert_string_equal(text, rows[i].document);
		free(text);
	}
}

static void a_name_without_end_is_refused(void **state)
{
	char parameters[256];
	const char *list[] = {parameters};

	snprintf(parameters, sizeof(parameters), "{\"%0100d\":[]}", 0);
	free(splice(list, 1, CYG_LIMIT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(replies_are_looked_at),
		cmocka_unit_test(replies_become_one_document),
		cmocka_unit_test(a_name_without_end_is_refused),
	};

	return RUN_TESTS("whack/splice", tests);
}
