/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/authority.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "tests/unit/support/certificate.h"
#include "tests/unit/support/test.h"
#include "trust/trust.h"

#include <string.h>

/* What a sink heard, a word for each record: "NAME|". */
struct heard {
	struct text names;
	struct listed_cainfo last; /* its texts are gone: only whether they were there */
	char authority[128], key_id[64], crl[2][64];
	unsigned records, stop_after;
};

static void keep(char *to, size_t cap, const char *text)
{
	size_t used = 0;

	to[0] = '\0';
	buf_add(to, cap, &used, "%s", text ? text : "");
}

static bool take(void *ctx, const void *record)
{
	const struct listed_cainfo *info = record;
	struct heard *h = ctx;

	text_add(&h->names, "%s|", info->name);
	h->last = *info;
	keep(h->authority, sizeof(h->authority), info->authority);
	keep(h->key_id, sizeof(h->key_id), info->key_id);
	keep(h->crl[0], sizeof(h->crl[0]), info->crl_uris[0]);
	keep(h->crl[1], sizeof(h->crl[1]), info->crl_uris[0] ? info->crl_uris[1] : NULL);
	return ++h->records < h->stop_after;
}

static bool list(const struct trust *t, uint64_t *at, struct heard *h)
{
	struct listing_sink sink = {take, h};

	text_clear(&h->names);
	h->records = 0;
	return trust_list(t, NULL, LISTING_CAINFOS, at, &sink);
}

static void add(struct trust *t, const char *name, const char *crluri2)
{
	struct authority a = {.name = name, .cacert = "x.pem", .crluri = {NULL, crluri2}};
	struct diag why;

	assert_int_equal(trust_add_authority(t, &a, view_of(NULL, 0), 0, &why), CYG_OK);
}

static void a_file_without_a_certificate_is_told(void **state)
{
	struct crypto *crypto = crypto_new(NULL);
	struct trust *t = trust_new(crypto);
	struct authority a = {.name = "root", .cacert = "root.pem"};
	struct heard h = {.stop_after = 9};
	struct diag why;
	uint64_t at = 0;

	assert_int_equal(trust_add_authority(t, &a, view_str("no certificate"), 0, &why),
			 CYG_MALFORMED);
	assert_string_equal(why.code, "bad-certificate");
	assert_true(list(t, &at, &h));
	assert_string_equal(text_str(&h.names), "root|");
	assert_non_null(h.last.error);
	assert_null(h.last.authority);
	text_done(&h.names);
	trust_free(t);
	crypto_free(crypto);
}

static void its_certificate_names_it(void **state)
{
	struct crypto *crypto = crypto_new(NULL);
	struct trust *t = trust_new(crypto);
	struct authority a = {.name = "root", .crluri = {"http://a/", "http://b/"}};
	struct heard h = {.stop_after = 9};
	struct diag why;
	uint64_t at = 0;

	assert_int_equal(trust_add_authority(t, &a, view_str(TEST_CERTIFICATE_PEM), 0, &why),
			 CYG_OK);
	assert_true(list(t, &at, &h));
	assert_string_equal(h.authority, "O=Example, CN=Root");
	assert_string_equal(h.key_id, TEST_CERTIFICATE_KEY_ID);
	assert_string_equal(h.crl[0], "http://a/");
	assert_string_equal(h.crl[1], "http://b/");
	assert_null(h.last.error);
	text_done(&h.names);
	trust_free(t);
	crypto_free(crypto);
}

static void they_are_told_by_name_and_go_by_pattern(void **state)
{
	static const char *const names[] = {"m", "a-2", "z", "a-1", "m", "a-3"};
	struct trust *t = trust_new(NULL);
	struct heard h = {.stop_after = 2};
	uint64_t at = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		add(t, names[i], i == 4 ? "http://new/" : NULL);
	assert_false(list(t, &at, &h));
	assert_string_equal(text_str(&h.names), "a-1|a-2|");
	h.stop_after = 9;
	assert_true(list(t, &at, &h));
	assert_string_equal(text_str(&h.names), "a-3|m|z|");
	assert_int_equal(trust_delete_authorities(t, "none", 0), 0);
	assert_int_equal(trust_delete_authorities(t, "[!m]*", 0), 4);
	at = 0;
	assert_true(list(t, &at, &h));
	assert_string_equal(text_str(&h.names), "m|");
	assert_string_equal(h.crl[0], "http://new/"); /* the later one took its place */
	text_done(&h.names);
	trust_free(t);
}

static bool add_once(void *ctx)
{
	struct authorities all = {0};
	struct authority a = {.name = "a", .cacert = "a.pem"};
	bool well = true;

	for (char name[2] = "a"; well && *name < 'l'; ++*name) {
		a.name = name;
		well = authorities_add(&all, &a, NULL, NULL, 1) == CYG_OK;
	}
	assert_true(!well || all.len == 11);
	authorities_done(&all);
	return well;
}

static void short_memory_keeps_what_was(void **state)
{
	test_each_allocation_failing(add_once, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_without_a_certificate_is_told),
		cmocka_unit_test(its_certificate_names_it),
		cmocka_unit_test(they_are_told_by_name_and_go_by_pattern),
		cmocka_unit_test(short_memory_keeps_what_was),
	};

	return RUN_TESTS("trust/authority", tests);
}
