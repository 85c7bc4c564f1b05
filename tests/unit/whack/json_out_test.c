/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/json_out.h"

#include "conn/listing.h"
#include "tests/unit/support/test.h"
#include "whack/listing_json.h"

#include <jansson.h>
#include <string.h>

/* What was written is JSON, and this JSON. */
static void assert_written(struct json_out *o, const char *want)
{
	json_t *json = json_loads(text_str(&o->text), JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	json_decref(json);
	assert_string_equal(text_str(&o->text), want);
	json_out_clear(o);
}

static void any_text_is_escaped(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"", "[\"\"]"},
		{"plain", "[\"plain\"]"},
		{"a\"b", "[\"a\\\"b\"]"},
		{"a\\b", "[\"a\\\\b\"]"},
		{"a\nb", "[\"a\\nb\"]"},
		{"\x01", "[\"\\u0001\"]"},
		{"\x7f", "[\"\x7f\"]"},
		{"z\xc3\xbcrich", "[\"z\xc3\xbcrich\"]"},
		{"a\xff", "[\"a\\\\xff\"]"}, /* no UTF-8: as json_text has it */
	};
	struct json_out o = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].json);
		json_out_list(&o, NULL);
		json_out_text(&o, NULL, rows[i].text);
		json_out_list_end(&o);
		assert_written(&o, rows[i].json);
	}
	json_out_done(&o);
}

static void members_and_elements_get_their_commas(void **state)
{
	struct json_out o = {0};

	json_out_object(&o, NULL);
	json_out_object_end(&o);
	assert_written(&o, "{}");
	json_out_object(&o, NULL);
	json_out_number(&o, "none", 0);
	json_out_number(&o, "most", UINT64_MAX / 2);
	json_out_flag(&o, "yes", true);
	json_out_list(&o, "list");
	json_out_list_end(&o);
	json_out_list(&o, "lists");
	json_out_list(&o, NULL);
	json_out_number(&o, NULL, 1);
	json_out_number(&o, NULL, 23);
	json_out_list_end(&o);
	json_out_object(&o, NULL);
	json_out_flag(&o, "no", false);
	json_out_object_end(&o);
	json_out_list_end(&o);
	json_out_raw(&o, "raw", "{\"a\":null}");
	json_out_object_end(&o);
	assert_written(&o, "{\"none\":0,\"most\":9223372036854775807,\"yes\":true,\"list\":[],"
			   "\"lists\":[[1,23],{\"no\":false}],\"raw\":{\"a\":null}}");
	json_out_done(&o);
}

static void a_record_has_what_it_has(void **state)
{
	static const char *const groups[] = {"sales", "it's", NULL};
	static const char *const none[] = {NULL};
	struct listed_acert acert = {.installed = 5, .holder = "CN=h", .groups = groups};
	struct listed_acert other = {.groups = none, .holder = ""};
	struct listed_pubkey key = {.bits = 2048, .private_key = true};
	struct json_out o = {0};

	json_out_list(&o, NULL);
	listing_json(&o, LISTING_ACERTS, &acert);
	listing_json(&o, LISTING_ACERTS, &other);
	listing_json(&o, LISTING_PUBKEYS, &key);
	json_out_list_end(&o);
	assert_written(&o,
		       "[{\"installed\":5,\"holder\":\"CN=h\",\"groups\":[\"sales\",\"it's\"]},"
		       "{},{\"bits\":2048,\"private_key\":true}]");
	json_out_done(&o);
}

static bool write_once(void *ctx)
{
	struct json_out o = {0};
	bool good;

	json_out_object(&o, NULL);
	for (unsigned i = 0; i < 100; i++)
		json_out_text(&o, "key", "a value that has some length");
	json_out_object_end(&o);
	good = !o.text.bad;
	json_out_done(&o);
	return good;
}

static void short_memory_shows(void **state)
{
	test_each_allocation_failing(write_once, NULL, false);
}

/* Slots are counted from 0, which is one as well. */
static void the_first_slot_is_told(void **state)
{
	static const struct {
		int64_t slot;
		const char *json;
	} rows[] = {
		{-1, "{\"token\":\"office\"}"},
		{0, "{\"token\":\"office\",\"slot\":0}"},
		{1, "{\"token\":\"office\",\"slot\":1}"},
	};
	struct json_out o = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct listed_card card = {.slot = rows[i].slot, .token = "office"};

		listing_json(&o, LISTING_CARDS, &card);
		assert_written(&o, rows[i].json);
	}
	json_out_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_text_is_escaped),
		cmocka_unit_test(members_and_elements_get_their_commas),
		cmocka_unit_test(the_first_slot_is_told),
		cmocka_unit_test(a_record_has_what_it_has),
		cmocka_unit_test(short_memory_shows),
	};

	return RUN_TESTS("whack/json_out", tests);
}
