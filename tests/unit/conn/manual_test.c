/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/manual.h"

#include "conn/field.h"
#include "crypto/alg.h"
#include "tests/unit/support/test.h"

#include <string.h>

static struct connection *by_hand(const char *keyword, const char *proposal)
{
	struct connection *c = connection_new("hand");
	struct diag why;

	assert_non_null(c);
	c->manual = true;
	if (keyword)
		assert_int_equal(field_set(c, 0, field_by_keyword(keyword, false), proposal,
					   &why),
				 CYG_OK);
	return c;
}

static void what_is_no_one_suite_is_refused(void **state)
{
	static const struct {
		const char *keyword, *proposal, *says;
	} rows[] = {
		{NULL, NULL, "no esp= or ah="},
		{"esp", "aes_gcm256", "RFC 8221"},
		{"esp", "aes_ctr128-sha2_256", "RFC 8221"},
		{"esp", "chacha20_poly1305", "RFC 8221"},
		{"esp", "null_auth_aes_gmac_128", "RFC 8221"},
		{"esp", "aes-sha2_256", "choice of ciphers"},
		{"esp", "aes256", "choice of MACs"},
		{"esp", "aes256-sha2_256,aes128-sha2_256", "choice of proposals"},
		{"ah", "sha2_256,sha1", "choice of"},
	};
	char line[2048];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = by_hand(rows[i].keyword, rows[i].proposal);
		struct chosen suite;
		struct diag why;

		test_row(i, "%s", rows[i].proposal ? rows[i].proposal : "nothing");
		diag_clear(&why);
		assert_int_not_equal(manual_suite(c, &suite, &why), CYG_OK);
		assert_non_null(strstr(diag_print(&why, line, sizeof(line)), rows[i].says));
		connection_unref(c);
	}
}

static void suites(void **state)
{
	static const struct {
		const char *keyword, *proposal;
		uint16_t encr, bits, integ;
		size_t encr_len, integ_len;
	} rows[] = {
		{"esp", "aes256-sha2_256", ALG_ENCR_AES_CBC, 256, ALG_INTEG_HMAC_SHA2_256_128,
		 32, 32},
		{"esp", "aes128-sha2_512", ALG_ENCR_AES_CBC, 128, ALG_INTEG_HMAC_SHA2_512_256,
		 16, 64},
		{"esp", "3des-sha2_256", ALG_ENCR_3DES, 0, ALG_INTEG_HMAC_SHA2_256_128, 24, 32},
		{"esp", "null-sha2_256", ALG_ENCR_NULL, 0, ALG_INTEG_HMAC_SHA2_256_128, 0, 32},
		{"ah", "sha2_384", 0, 0, ALG_INTEG_HMAC_SHA2_384_192, 0, 48},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = by_hand(rows[i].keyword, rows[i].proposal);
		size_t encr, integ;
		struct chosen suite;
		struct diag why;

		test_row(i, "%s", rows[i].proposal);
		assert_int_equal(manual_suite(c, &suite, &why), CYG_OK);
		assert_int_equal(suite.protocol, c->protects);
		assert_int_equal(suite.encr, rows[i].encr);
		assert_int_equal(suite.key_bits, rows[i].bits);
		assert_int_equal(suite.integ, rows[i].integ);
		assert_false(suite.esn);
		manual_lengths(&suite, &encr, &integ);
		assert_int_equal(encr, rows[i].encr_len);
		assert_int_equal(integ, rows[i].integ_len);
		connection_unref(c);
	}
}

static void numbers_and_keys(void **state)
{
	static const struct chosen suite = {
		.protocol = PROTO_ESP,
		.encr = ALG_ENCR_AES_CBC,
		.key_bits = 256,
		.integ = ALG_INTEG_HMAC_SHA2_256_128,
	};
	static const struct {
		struct manual_keys keys;
		const char *says; /* NULL: well */
	} rows[] = {
		{{.toward = {{0x300, 32, 32}, {0x300, 32, 32}}}, NULL},
		{{.toward = {{0, 32, 32}, {0x300, 32, 32}}}, "towards the left end"},
		{{.toward = {{0x300, 32, 32}, {255, 32, 32}}},
		 "0xff of packets towards the right"},
		{{.toward = {{0x300, 16, 32}, {0x300, 32, 32}}}, "64 hexadecimal digits"},
		{{.toward = {{0x300, 32, 32}, {0x300, 32, 0}}}, "espauthkey="},
		{{.toward = {{0x300, 0, 32}, {0x300, 32, 32}}}, "no key"},
	};
	char line[2048];
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum cyg_err err;

		test_row(i, "%s", rows[i].says ? rows[i].says : "well");
		diag_clear(&why);
		err = manual_check(&suite, &rows[i].keys, &why);
		assert_int_equal(err, rows[i].says ? CYG_RANGE : CYG_OK);
		if (rows[i].says)
			assert_non_null(
				strstr(diag_print(&why, line, sizeof(line)), rows[i].says));
	}
}

static void wiping(void **state)
{
	static const struct manual_keys none;
	struct manual_keys k;

	memset(&k, 7, sizeof(k));
	manual_keys_wipe(&k);
	assert_memory_equal(&k, &none, sizeof(k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_one_suite_is_refused),
		cmocka_unit_test(suites),
		cmocka_unit_test(numbers_and_keys),
		cmocka_unit_test(wiping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
