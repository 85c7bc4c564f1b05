/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/secrets.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RSA_NUMBERS_TEXT                                                           \
	"Modulus: 0x0c01 PublicExponent: 0x03 PrivateExponent 0x07 Prime1: 0x11\n" \
	"\tPrime2: 0x13 Exponent1: 0x05 # a comment\n\tExponent2: 0x06 Coefficient: 0s/w=="

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

static void assert_says_nothing_secret(const struct diag *d)
{
	char line[2048];

	assert_null(strstr(diag_print(d, line, sizeof(line)), "0123456789"));
	assert_null(strstr(d->hint, "0123456789"));
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
		{"@a \"0123456789 =\" : PSK 1", "word 2 before the colon"},
		{"@a 10.0.0.0/8 : PSK \"0123456789\"", "word 2 before the colon is a network"},
		{"2001:db8::/32 : PSK \"0123456789\"", "word 1 before the colon is a network"},
		{"@u : XAUTH \"\"", "password is empty"},
		{"@u : NTLM 0x0123456789", "16 octets"},
		{"@a : PPKS \"id\"", "can't be read"},
		{"@a : PPKS", "id of the post-quantum key"},
		{"@a : ECDSA", "file is missing"},
		{"@a : RSA key.pem 0123456789", "passphrase can't be read"},
		{"@a : PKCS8 key.pem \"0123456789\" \"x\"", "follows the secret"},
		{"@a : PIN 0123456789 1234", "%smartcard"},
		{"@a : PIN %smartcard:45", "PIN is missing"},
		{"@a : PIN %smartcard:45 0123456789a", "PIN can't be read"},
		{"@a : PIN pkcs11:token=a;pin-value=0815 4711", "pin-value"},
		{"@a : RSA { PublicExponent: 0x03", "lacks Modulus"},
		{"@a : RSA { Modulus: 0123456789", "number of the RSA key"},
		{"@a : RSA { Modulus: 0xff PublicExponent: 0x03 CKAIDNSS: 0x12 }",
		 "NSS database"},
		{"@a : RSA { " RSA_NUMBERS_TEXT, "} of the RSA key is missing"},
		{"@a : RSA { " RSA_NUMBERS_TEXT " Extra: 0x01 }",
		 "} of the RSA key is missing"},
		{"@a : RSA { " RSA_NUMBERS_TEXT " } 0123456789", "follows the secret"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[512];
		struct secret_lines s;

		test_row(i, "%s", rows[i].record);
		snprintf(text, sizeof(text), "# head\n%s\n@x @y : PSK \"0123456789\"\n",
			 rows[i].record);
		s = parse(text);
		assert_int_equal(problems.errors, 1);
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		assert_in_range(problems.items[0].diag.line, 2, 4);
		assert_says_nothing_secret(&problems.items[0].diag);
		assert_int_equal(s.len, 1);
		assert_int_equal(s.items[0].line, strstr(text, "\n\t") ? 5 : 3);
		done(&s);
	}
}

/* A fault is told where it stands, octets counted from 1. */
static void faults_have_their_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} rows[] = {
		{"@a @b : PSK plain\n", 1, 13},
		{"@a @b : PSK \"0123456789\" more\n", 1, 1}, /* no word of its length */
		{"@a : PSK\n\t0sgarbage!\n", 2, 2},
		{"# head\n@a  \"0123456789 =\" : PSK 1\n", 2, 5},
		{"@a \"0123456789\n", 1, 4},
		{"@a : PKS \"0123456789\"\n", 1, 6},
		{"@a @b PSK \"0123456789\"\n", 1, 1},
		{"@a : PSK\n", 1, 9},
		{"\xef\xbb\xbf@a : PSK\n", 1, 9}, /* a byte order mark has no column */
		{"\n\ninclude nothing.secrets\n", 3, 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct secret_lines s = parse(rows[i].text);

		test_row(i, "%s", rows[i].text);
		assert_int_equal(problems.errors, 1);
		assert_int_equal(problems.items[0].diag.line, rows[i].line);
		assert_int_equal(problems.items[0].diag.column, rows[i].column);
		assert_says_nothing_secret(&problems.items[0].diag);
		done(&s);
	}
}

static void no_octet_of_quotes_is_0(void **state)
{
	static const char *const kinds[] = {"PSK", "XAUTH", "EAP", "RSA k.pem",
					    "PIN %smartcard"};

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		char text[128];
		struct secret_lines s;
		int n = snprintf(text, sizeof(text), "\n@a : %s \"01234_56789\"\n", kinds[i]);

		test_row(i, "%s", kinds[i]);
		*strchr(text, '_') = '\0';
		problems_done(&problems);
		assert_int_equal(secrets_parse(view_of((uint8_t *)text, (size_t)n), "secrets",
					       &s, &problems),
				 CYG_OK);
		assert_int_equal(problems.errors, 1);
		assert_int_equal(problems.items[0].diag.line, 2);
		assert_int_equal(problems.items[0].diag.column, 7 + strlen(kinds[i]));
		assert_non_null(strstr(problems.items[0].diag.sentence, "value 0"));
		assert_says_nothing_secret(&problems.items[0].diag);
		assert_int_equal(s.len, 0);
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
		assert_int_equal(s.items[0].kind, SECRET_PSK);
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

/* As editors of Windows put it before UTF-8. */
static void a_byte_order_mark_is_no_part_of_a_record(void **state)
{
	struct secret_lines s = parse("\xef\xbb\xbf@west @east : PSK \"0123456789\"\n");

	assert_int_equal(problems.len, 0);
	assert_int_equal(s.len, 1);
	assert_int_equal(s.items[0].indices_len, 2);
	assert_int_equal(s.items[0].indices[0]->type, ID_FQDN);
	assert_int_equal(s.items[0].indices[0]->len, strlen("west"));
	done(&s);
	s = parse("\xef\xbb\xbf");
	assert_int_equal(s.len + problems.len, 0);
	done(&s);
}

static void kinds_without_a_use_are_left_out(void **state)
{
	struct secret_lines s = parse("@a : PPKF \"id\" \"file\"\n@a : BLISS key.der\n");

	assert_int_equal(s.len, 0);
	assert_int_equal(problems.len, 2);
	for (size_t i = 0; i < problems.len; i++) {
		assert_int_equal(problems.items[i].level, PROBLEM_WARNING);
		assert_int_equal(problems.items[i].diag.line, i + 1);
	}
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

static void each_kind_has_its_parts(void **state)
{
	static const struct {
		const char *data;
		uint8_t kind, key;
		const char *name, *value;
		bool prompt, used;
	} rows[] = {
		{"XAUTH \"pw\"", SECRET_XAUTH, 0, NULL, "pw", false},
		{"eap 0x7077", SECRET_EAP, 0, NULL, "pw", false, true},
		{"RADIUS \"pw\"", SECRET_RADIUS, 0, NULL, "pw", false, true},
		{"NTLM 0x30313233343536373839414243444546", SECRET_NTLM, 0, NULL,
		 "0123456789ABCDEF", false, true},
		{"PPKS \"the id\" \"a long secret\"", SECRET_PPK, 0, "the id", "a long secret",
		 false, true},
		{"RSA key.pem", SECRET_KEYFILE, SECRET_KEY_RSA, "key.pem", "", false, true},
		{"RSA \"my key.pem\" \"\"", SECRET_KEYFILE, SECRET_KEY_RSA, "my key.pem", "",
		 false, true},
		{"ECDSA key.der \"open it\"", SECRET_KEYFILE, SECRET_KEY_ECDSA, "key.der",
		 "open it", false, true},
		{"PKCS8 /etc/key %prompt", SECRET_KEYFILE, SECRET_KEY_PKCS8, "/etc/key", "",
		 true, true},
		{"P12 host.p12 '\"'", SECRET_KEYFILE, SECRET_KEY_PKCS12, "host.p12", "\"",
		 false, true},
		{"PIN %smartcard1@opensc:45 1234", SECRET_PIN, 0, "%smartcard1@opensc:45",
		 "1234", false, true},
		{"PIN %smartcard \"12 34\"", SECRET_PIN, 0, "%smartcard", "12 34", false, true},
		{"PIN pkcs11:token=a %prompt", SECRET_PIN, 0, "pkcs11:token=a", "", true, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct secret_record *r;
		char text[256];
		struct secret_lines s;

		test_row(i, "%s", rows[i].data);
		snprintf(text, sizeof(text), "@a @b : %s\n", rows[i].data);
		s = parse(text);
		assert_int_equal(problems.errors, 0);
		assert_int_equal(problems.len, !rows[i].used); /* that nothing uses it yet */
		assert_int_equal(s.len, 1);
		r = &s.items[0];
		assert_int_equal(r->kind, rows[i].kind);
		assert_int_equal(r->key, rows[i].key);
		assert_int_equal(r->prompt, rows[i].prompt);
		if (rows[i].name)
			assert_string_equal(r->name, rows[i].name);
		else
			assert_null(r->name);
		assert_view_equal(view_bytes(&r->value), view_str(rows[i].value));
		done(&s);
	}
}

static void an_rsa_key_has_eight_numbers(void **state)
{
	static const char *const ends[] = {"\n\t}\n", " CKAIDNSS: 0x1234 }\n"};
	static const char *const hex[RSA_NUMBERS] = {"0c01", "03", "07", "11",
						     "13",   "05", "06", "ff"};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		char text[512];
		struct secret_lines s;

		snprintf(text, sizeof(text), "@a : RSA\t{\n\t# 11 bits\n\t%s%s",
			 RSA_NUMBERS_TEXT, ends[i]);
		s = parse(text);
		assert_int_equal(problems.errors, 0);
		assert_int_equal(s.len, 1);
		assert_int_equal(s.items[0].kind, SECRET_RSA);
		for (size_t k = 0; k < RSA_NUMBERS; k++)
			assert_view_equal(view_bytes(&s.items[0].rsa->number[k]),
					  test_hex(hex[k]));
		assert_string_equal(secret_record_word(&s.items[0]), "RSA");
		done(&s);
	}
}

/* Anything may fail to be had; what was read is then given back whole. */
static bool parse_every_kind(void *ctx)
{
	struct problems p = {0};
	struct secret_lines s = {0};
	enum cyg_err err =
		secrets_parse(view_str("@a %any : PSK \"0123456789\"\n@u : EAP 0x7077\n"
				       ": RSA { " RSA_NUMBERS_TEXT " }\n: PIN %smartcard 12\n"),
			      "/nowhere/ipsec.secrets", &s, &p);

	if (!err) {
		assert_int_equal(s.len, 4);
		secret_lines_done(&s);
	}
	problems_done(&p);
	return !err;
}

static void nothing_is_lost_when_memory_is_short(void **state)
{
	test_each_allocation_failing(parse_every_kind, NULL, true);
}

static void file_modes_count(void **state)
{
	char folder[] = "/tmp/conf-secrets-test-XXXXXX", path[64];
	static const struct {
		mode_t mode;
		enum cyg_err want;
		size_t warnings;
	} rows[] = {{0600, CYG_OK, 0},   {0400, CYG_OK, 0},   {0640, CYG_OK, 1},
		    {0644, CYG_PERM, 0}, {0620, CYG_PERM, 0}, {0602, CYG_PERM, 0}};
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
		assert_int_equal(problems.items[problems.len - 1].diag.line,
				 rows[i].want ? 0 : 2);
		if (rows[i].warnings)
			assert_non_null(strstr(problems.items[0].diag.hint, "chmod go="));
		done(&s);
	}
	unlink(path);
	rmdir(folder);
}

/* Who owns a file can make it say anything. */
static void owners_count(void **state)
{
	char path[] = "/tmp/conf-secrets-test-XXXXXX";
	int fd = mkstemp(path);
	struct secret_lines s;

	assert_true(fd >= 0);
	close(fd);
	memset(&problems, 0, sizeof(problems));
	if (chown(path, 65534, (gid_t)-1)) {
		unlink(path);
		skip(); /* only root can give a file away */
	}
	assert_int_equal(secrets_read(path, &s, &problems), CYG_PERM);
	assert_non_null(strstr(problems.items[0].diag.sentence, "belongs to user 65534"));
	assert_non_null(strstr(problems.items[0].diag.hint, "chown root"));
	unlink(path);
	problems_done(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_records_are_skipped_and_told),
		cmocka_unit_test(faults_have_their_place),
		cmocka_unit_test(no_octet_of_quotes_is_0),
		cmocka_unit_test(secrets_are_decoded),
		cmocka_unit_test(indices_are_identities),
		cmocka_unit_test(a_byte_order_mark_is_no_part_of_a_record),
		cmocka_unit_test(kinds_without_a_use_are_left_out),
		cmocka_unit_test(short_keys_get_a_warning),
		cmocka_unit_test(each_kind_has_its_parts),
		cmocka_unit_test(an_rsa_key_has_eight_numbers),
		cmocka_unit_test(nothing_is_lost_when_memory_is_short),
		cmocka_unit_test(file_modes_count),
		cmocka_unit_test(owners_count),
	};

	return RUN_TESTS("conf/secrets", tests);
}
