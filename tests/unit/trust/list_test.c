/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/trust.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

/* A sink that keeps the last record's texts and stops after so many. */
struct heard {
	unsigned records, stop_after;
	char text[512];
};

static bool take(void *ctx, const void *record)
{
	const struct listed_psk *psk = record;
	struct heard *h = ctx;
	size_t used = 0;

	buf_add(h->text, sizeof(h->text), &used, "%s:%u %s", psk->file, (unsigned)psk->line,
		psk->kind);
	for (listing_texts id = psk->ids; *id; id++)
		buf_add(h->text, sizeof(h->text), &used, " %s", *id);
	buf_add(h->text, sizeof(h->text), &used, " +%u", (unsigned)psk->more);
	return ++h->records < h->stop_after;
}

static void add(struct secret_set *set, unsigned line, unsigned identities)
{
	struct secret_record r = {.kind = SECRET_PSK, .line = line};

	r.indices = calloc(identities + 1, sizeof(*r.indices));
	assert_true(bytes_copy(&r.value, view_str("never to be shown")));
	for (; r.indices_len < identities; r.indices_len++)
		assert_int_equal(ident_parse("@someone", &r.indices[r.indices_len], NULL),
				 CYG_OK);
	assert_int_equal(secret_set_add(set, &r, "ipsec.secrets"), CYG_OK);
}

static void of_what_is_not_kept_there_is_nothing(void **state)
{
	struct trust *t = trust_new(NULL);
	struct heard h = {.stop_after = 9};
	struct listing_sink sink = {take, &h};

	for (unsigned kind = 0; kind < LISTINGS; kind++) {
		uint64_t at = 0;

		assert_true(trust_list(t, kind, &at, &sink));
	}
	assert_int_equal(h.records, 0);
	trust_free(t);
}

static void secrets_are_named_and_never_told(void **state)
{
	struct secret_set *set = secret_set_new();
	struct trust *t = trust_new(NULL);
	struct heard h = {.stop_after = 2};
	struct listing_sink sink = {take, &h};
	uint64_t at = 0;

	add(set, 1, 0);
	add(set, 2, 2);
	add(set, 3, 11);
	trust_set_secrets(t, set, 0);
	assert_false(trust_list(t, LISTING_PSKS, &at, &sink));
	assert_string_equal(h.text, "ipsec.secrets:2 PSK @someone @someone +0");
	h.stop_after = 9;
	assert_true(trust_list(t, LISTING_PSKS, &at, &sink));
	assert_int_equal(h.records, 3);
	assert_non_null(strstr(h.text, "ipsec.secrets:3 PSK @someone"));
	assert_non_null(strstr(h.text, " +3"));
	assert_null(strstr(h.text, "shown"));
	trust_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_what_is_not_kept_there_is_nothing),
		cmocka_unit_test(secrets_are_named_and_never_told),
	};

	return RUN_TESTS("trust/list", tests);
}
