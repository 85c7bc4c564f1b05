/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "tests/unit/support/certificate.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
	*state = crypto_new(NULL);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	crypto_free(*state);
	return 0;
}

static void what_is_no_certificate_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
		"\x30\x82\xff\xff\x30",
		"\x30\x03\x02\x01\x01",
	};
	struct cert_names n = {.subject_len = 7};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i]);
		assert_int_equal(cert_names(*state, view_str(rows[i]), &n), CYG_MALFORMED);
		assert_int_equal(n.subject_len, 7);
	}
}

/* Octets of the one certificate's PEM, as DER. */
static size_t der_of(uint8_t *out, size_t cap)
{
	const char *begin = strchr(TEST_CERTIFICATE_PEM, '\n'), *end;
	struct text base64 = {0};
	size_t len;

	end = strstr(begin, "-----END");
	text_add_view(&base64, view_of(begin, (size_t)(end - begin)));
	assert_true(base64_decode(text_str(&base64), out, cap, &len));
	text_done(&base64);
	return len;
}

static void check_names(const struct cert_names *n)
{
	uint8_t id[CERT_ID_LEN];
	size_t len;

	assert_true(hex_decode(TEST_CERTIFICATE_KEY_ID, id, sizeof(id), &len));
	assert_memory_equal(n->key_id, id, sizeof(id));
	assert_int_equal(n->subject_key_len, sizeof(id));
	assert_memory_equal(n->subject_key, id, sizeof(id));
	assert_int_equal(n->subject_len, 35);
	assert_memory_equal(n->subject + n->subject_len - 4, "Root", 4);
}

static void pem_and_der_tell_the_same(void **state)
{
	struct cert_names n;
	uint8_t der[512];

	assert_int_equal(cert_names(*state, view_str(TEST_CERTIFICATE_PEM), &n), CYG_OK);
	check_names(&n);
	assert_int_equal(cert_names(*state, view_of(der, der_of(der, sizeof(der))), &n),
			 CYG_OK);
	check_names(&n);
}

static void a_cut_certificate_is_refused_wherever_it_is_cut(void **state)
{
	uint8_t der[512];
	size_t len = der_of(der, sizeof(der));
	struct cert_names n;

	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *part = malloc(cut + 1); /* of its own size, for the sanitizer */

		assert_non_null(part);
		memcpy(part, der, cut);
		assert_int_equal(cert_names(*state, view_of(part, cut), &n), CYG_MALFORMED);
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_certificate_is_refused),
		cmocka_unit_test(pem_and_der_tell_the_same),
		cmocka_unit_test(a_cut_certificate_is_refused_wherever_it_is_cut),
	};

	return cmocka_run_group_tests_name("crypto/cert", tests, setup, teardown);
}
