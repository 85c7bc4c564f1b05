/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/listing.h"

#include "tests/unit/support/test.h"

#include <string.h>

#define DAY 86400
#define NOW 1000000000

static void no_other_word_is_a_kind(void **state)
{
	static const char *const rows[] = {"", "all", "cert", "Certs", "listcerts"};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i]);
		assert_int_equal(listing_find(rows[i]), LISTINGS);
	}
	for (unsigned i = 0; i < LISTINGS; i++)
		assert_int_equal(listing_find(listings[i].what), i);
}

/* A key names one member; a record's first line has something to show. */
static void every_kind_is_described(void **state)
{
	for (unsigned i = 0; i < LISTINGS; i++) {
		const struct listing *l = &listings[i];
		bool head = false;

		test_row(i, "%s", l->what);
		assert_true(l->title && l->doc && l->fields_len);
		for (size_t k = 0; k < l->fields_len; k++) {
			head |= !l->fields[k].label;
			assert_non_null(l->fields[k].doc);
			for (size_t other = 0; other < k; other++)
				assert_string_not_equal(l->fields[k].key, l->fields[other].key);
		}
		assert_true(head);
	}
}

static void an_end_is_judged(void **state)
{
	static const struct {
		enum listing_kind kind;
		enum listing_type type;
		int64_t at;
		const char *verdict;
	} rows[] = {
		{LISTING_CERTS, LISTING_UNTIL, 0, "ok (never expires)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW - 1, "fatal (expired)"},
		{LISTING_CRLS, LISTING_UNTIL, NOW - 1, "warning (expired)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW, "warning (expires in 0 seconds)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 120, "warning (expires in 120 seconds)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 121, "warning (expires in 2 minutes)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 7200, "warning (expires in 120 minutes)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 7201, "warning (expires in 2 hours)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 2 * DAY, "warning (expires in 48 hours)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 3 * DAY, "warning (expires in 3 days)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 30 * DAY - 1,
		 "warning (expires in 29 days)"},
		{LISTING_CERTS, LISTING_UNTIL, NOW + 30 * DAY, "ok"},
		{LISTING_PUBKEYS, LISTING_UNTIL, NOW + 7 * DAY, "ok"},
		{LISTING_ACERTS, LISTING_UNTIL, NOW + DAY, "ok"},
		{LISTING_OCSP, LISTING_UNTIL, NOW + DAY, "warning (expires in 24 hours)"},
		{LISTING_CERTS, LISTING_FROM, NOW + 1, "fatal (not valid yet)"},
		{LISTING_CERTS, LISTING_FROM, NOW, "ok"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char verdict[LISTING_VERDICT_MAX];

		test_row(i, "%s", rows[i].verdict);
		listing_verdict(&listings[rows[i].kind], rows[i].type, rows[i].at, NOW,
				verdict);
		assert_string_equal(verdict, rows[i].verdict);
	}
}

static void a_record_is_well_when_all_its_moments_are(void **state)
{
	struct listed_cert cert = {.not_before = NOW - DAY, .not_after = NOW + 300 * DAY};
	struct listed_psk psk = {.line = 1};

	assert_true(listing_is_ok(LISTING_CERTS, &cert, NOW));
	assert_false(listing_is_ok(LISTING_CERTS, &cert, NOW - 2 * DAY));
	assert_false(listing_is_ok(LISTING_CERTS, &cert, NOW + 290 * DAY));
	assert_false(listing_is_ok(LISTING_CERTS, &cert, NOW + 301 * DAY));
	assert_true(listing_is_ok(LISTING_PSKS, &psk, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_other_word_is_a_kind),
		cmocka_unit_test(every_kind_is_described),
		cmocka_unit_test(an_end_is_judged),
		cmocka_unit_test(a_record_is_well_when_all_its_moments_are),
	};

	return RUN_TESTS("conn/listing", tests);
}
