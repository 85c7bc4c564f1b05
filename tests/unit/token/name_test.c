/* SPDX-License-Identifier: Apache-2.0 */
#include "token/name.h"

#include "tests/unit/support/test.h"
#include "token/token.h"

#include <string.h>

static void names_are_read(void **state)
{
	static const struct {
		const char *text;
		enum cyg_err err;
		bool uri;
		unsigned slot;
		size_t id_len;
	} rows[] = {
		{"host.pem", CYG_MALFORMED},
		{"%smart", CYG_MALFORMED},
		{"%smartcardx", CYG_MALFORMED},
		{"%smartcard#", CYG_MALFORMED},
		{"%smartcard#x", CYG_MALFORMED},
		{"%smartcard#1001", CYG_MALFORMED},
		{"%smartcard#99999999999999", CYG_MALFORMED},
		{"%smartcard:", CYG_MALFORMED},
		{"%smartcard:4", CYG_MALFORMED},
		{"%smartcard:xy", CYG_MALFORMED},
		{"%smartcard#1:45:46", CYG_MALFORMED},
		{"%smartcard1@", CYG_MALFORMED},
		{"%smartcard1@:45", CYG_MALFORMED},
		{"%smartcard@opensc", CYG_MALFORMED},
		{"pkcs11:token", CYG_MALFORMED},
		{"pkcs11:id=%zz", CYG_MALFORMED},
		{"pkcs11:x-unknown=1", CYG_MALFORMED},
		{"pkcs11:token=a;pin-value=4937", CYG_MALFORMED},
		{"pkcs11:token=a?pin-value=4937", CYG_MALFORMED},
		{"pkcs11:token=a?pin-source=file:/4937", CYG_MALFORMED},
		{"%smartcard", CYG_OK, false, TOKEN_SLOT_ANY, 0},
		{"%smartcard#0", CYG_OK, false, 0, 0},
		{"%smartcard1@opensc:45", CYG_OK, false, 1, 1},
		{"%smartcard:45", CYG_OK, false, TOKEN_SLOT_ANY, 1},
		{"%smartcard#12:0abc", CYG_OK, false, 12, 2},
		{"pkcs11:", CYG_OK, true, TOKEN_SLOT_ANY, 0},
		{"pkcs11:token=one;object=host;type=cert", CYG_OK, true, TOKEN_SLOT_ANY, 0},
		{"pkcs11:id=%01%02", CYG_OK, true, TOKEN_SLOT_ANY, 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct token_name n = {0};
		struct diag why;
		char line[1024] = "";

		test_row(i, "%s", rows[i].text);
		diag_clear(&why);
		assert_int_equal(token_name_parse(rows[i].text, &n, &why), rows[i].err);
		assert_int_equal(diag_is_set(&why), rows[i].err != CYG_OK);
		assert_null(strstr(diag_print(&why, line, sizeof(line)), "4937"));
		if (!rows[i].err) {
			assert_int_equal(n.uri != NULL, rows[i].uri);
			assert_int_equal(n.slot, rows[i].slot);
			assert_int_equal(n.id_len, rows[i].id_len);
		}
		token_name_done(&n);
	}
	assert_false(token_is_name(NULL) || token_is_name("host.pem"));
	assert_true(token_is_name("%smartcard#1") && token_is_name("pkcs11:id=1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_read)};

	return RUN_TESTS("token/name", tests);
}
