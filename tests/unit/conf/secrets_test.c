/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/secrets.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct problems problems;

static struct secret_lines parse(const char *text)
{
	struct secret_lines s = {0};

	memset(&problems, 0, sizeof(problems));
	assert_int_equal(secrets_parse(view_str(text), "/nowhere/ipsec.secrets", &s, &problems),
			 CYG_OK);
	return s;
}

static void done(struct secret_lines *s)
{
	secret_lines_done(s);
	problems_done(&problems);
}

static void bad_records_are_skipped_and_told(void **state)
{
	static const struct {
		const char *record;
		const char *says;
	} rows[] = {
		{"@a @b PSK \"0123456789\"", "no colon"},
		{"@a : PSK", "can't be read"},
		{"@a : PSK plain", "can't be read"},
		{"@a : PSK \"open", "can't be read"},
		{"@a : PSK \"\"", "is empty"},
		{"@a : PSK 0x123", "can't be read"},
		{"@a : PSK 0sgarbage!", "can't be read"},
		{"@a : PSK \"0123456789\" more", "follows the secret"},
		{"@a : PKS \"0123456789\"", "no kind of secret"},
		{"\"@a : PSK x", "not closed"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[256];
		struct secret_lines s;

		test_row(i, "%s", rows[i].record);
		snprintf(text, sizeof(text), "# head\n%s\n@x @y : PSK \"0123456789\"\n",
			 rows[i].record);
		s = parse(text);
		assert_int_equal(problems.errors, 1);
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		assert_int_equal(problems.items[0].diag.line, 2);
		assert_null(strstr(problems.items[0].diag.sentence, "0123456789"));
		assert_int_equal(s.len, 1);
		assert_int_equal(s.items[0].line, 3);
		done(&s);
	}
}

static void secrets_are_decoded(void **state)
{
	static const struct {
		const char *data, *hex;
	} rows[] = {
		{"PSK \"sixteen letters!\"", "7369787465656e206c65747465727321"},
		{"PSK 'it is \"quoted\"'", "697420697320227175 6f74656422"},
		{"psk 0x00ff10", "00ff10"},
		{"PSK 0sAP8Q", "00ff10"},
		{"PSK 0tplain text here  ", "706c61696e20746578742068657265"},
		{"\"no kind means PSK\"", "6e6f206b696e64206d65616e732050534b"},
		{"PSK\n\t\"next line too\"", "6e657874206c696e6520746f6f"},
		{"PSK \"with # inside\" # comment", "77697468202320696e73696465"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[256];
		struct secret_lines s;

		test_row(i, "%s", rows[i].data);
		snprintf(text, sizeof(text), "192.0.2.1 : %s\n", rows[i].data);
		s = parse(text);
		assert_int_equal(problems.errors, 0);
		assert_int_equal(s.len, 1);
		assert_int_equal(s.items[0].kind, SECRET_LINE_PSK);
		assert_view_equal(view_bytes(&s.items[0].value), test_hex(rows[i].hex));
		done(&s);
	}
}

static void indices_are_identities(void **state)
{
	struct secret_lines s = parse(
		"10.0.0.1 2001:db8::1 @gw user@host %any 0.0.0.0 \"C=CH, O=x\": PSK \"0123456789\"\n"
		": PSK \"0123456789\"\n");
	static const uint8_t types[] = {ID_IPV4_ADDR,   ID_IPV6_ADDR, ID_FQDN,
					ID_RFC822_ADDR, ID_ANY,       ID_ANY,
					ID_DER_ASN1_DN};

	assert_int_equal(problems.len, 0);
	assert_int_equal(s.len, 2);
	assert_int_equal(s.items[0].indices_len, COUNT_OF(types));
	for (size_t i = 0; i < COUNT_OF(types); i++)
		assert_int_equal(s.items[0].indices[i]->type, types[i]);
	assert_int_equal(s.items[1].indices_len, 0);
	done(&s);
}

static void short_keys_get_a_warning(void **state)
{
	struct secret_lines s = parse("@a : PSK \"secret\"\n");

	assert_int_equal(s.len, 1);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.items[0].level, PROBLEM_WARNING);
	done(&s);
}

static void other_kinds_are_noted(void **state)
{
	struct secret_lines s = parse(
		"@a : RSA {\n\tModulus: 0x1234\n\t}\n: PIN %smartcard 1234\n@user : XAUTH \"pw\"\n");

	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.len, 2);
	assert_int_equal(s.len, 1);
	assert_int_equal(s.items[0].kind, SECRET_LINE_XAUTH);
	done(&s);
}

static void file_modes_count(void **state)
{
	char folder[] = "/tmp/conf-secrets-test-XXXXXX", path[64];
	static const struct {
		mode_t mode;
		enum cyg_err want;
		size_t warnings;
	} rows[] = {{0600, CYG_OK, 0}, {0400, CYG_OK, 0},   {0640, CYG_OK, 1},
		    {0644, CYG_OK, 1}, {0620, CYG_PERM, 0}, {0602, CYG_PERM, 0}};
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	f = fopen(path, "w");
	fputs("@a : PSK \"0123456789\"\ninclude s\n", f);
	fclose(f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secret_lines s = {0};

		test_row(i, "mode %o", rows[i].mode);
		memset(&problems, 0, sizeof(problems));
		chmod(path, rows[i].mode);
		assert_int_equal(secrets_read(path, &s, &problems), rows[i].want);
		assert_int_equal(s.len, rows[i].want ? 0 : 1);
		assert_int_equal(problems.errors, 1); /* refused, or it includes itself */
		if (rows[i].warnings)
			assert_non_null(strstr(problems.items[0].diag.hint, "chmod go="));
		done(&s);
	}
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_records_are_skipped_and_told),
		cmocka_unit_test(secrets_are_decoded),
		cmocka_unit_test(indices_are_identities),
		cmocka_unit_test(short_keys_get_a_warning),
		cmocka_unit_test(other_kinds_are_noted),
		cmocka_unit_test(file_modes_count),
	};

	return RUN_TESTS("conf/secrets", tests);
}
