/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key_look.h"

#include "tests/unit/support/test.h"

#include <string.h>

#define PEM(label, body) "-----BEGIN " label "-----\n" body "-----END " label "-----\n"
#define OPEN_KEY "MAMCAQA=\n"   /* SEQUENCE { INTEGER 0 } */
#define LOCKED_KEY "MAQwAAQA\n" /* SEQUENCE { SEQUENCE {}, OCTET STRING } */

static void what_is_no_key_is_told(void **state)
{
	static const struct {
		struct view octets;
		const char *says;
	} rows[] = {
		{LITERAL(""), "it is empty"},
		{LITERAL("some words"), "it is no private key"},
		{LITERAL("\x30\x05\x02\x01"), "the private key breaks off"},
		{LITERAL("\x30\x80\x02\x01\x00\x00\x00"), "the private key breaks off"},
		{LITERAL("\x30\x03\x04\x01\x00"), "DER of something else"},
		{LITERAL("\x30\x00"), "DER of something else"},
		/* a public key */
		{LITERAL("\x30\x05\x30\x00\x03\x01\x00"), "DER of something else"},
		{LITERAL("-----BEGIN "), "PEM without a label"},
		{LITERAL("-----BEGIN PRIVATE KEY"), "PEM without a label"},
		{LITERAL(PEM("CERTIFICATE", "AAAA\n")), "no private key in it, but CERTIFICATE"},
		{LITERAL(PEM("PUBLIC KEY", "AAAA\n") PEM("CERTIFICATE", "AAAA\n")),
		 "no private key in it, but PUBLIC KEY"},
		{LITERAL(PEM("OPENSSH PRIVATE KEY", "AAAA\n")), "form of OpenSSH's own"},
		{LITERAL("-----BEGIN PRIVATE KEY-----\n" OPEN_KEY), "no line -----END PRIVATE KEY-----"},
		{LITERAL("-----BEGIN RSA PRIVATE KEY-----\n" OPEN_KEY "-----END PRIVATE KEY-----\n"),
		 "no line -----END RSA PRIVATE KEY-----"},
		{LITERAL(PEM("PRIVATE KEY", "MAMC?QA=\n")), "base64 is damaged"},
		{LITERAL(PEM("EC PRIVATE KEY", "MAMCAQ==\n")), "the private key breaks off"},
		{LITERAL(PEM("PRIVATE KEY", "")), "the private key breaks off"},
		{LITERAL(PEM("ENCRYPTED PRIVATE KEY", "A: b\n\n" LOCKED_KEY)), "headers"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct key_look look = {.locked = true};
		struct diag why;

		test_row(i, "%s", rows[i].says);
		assert_int_equal(key_look(rows[i].octets, &look, &why), CYG_MALFORMED);
		assert_non_null(strstr(why.sentence, rows[i].says));
		assert_true(look.locked && !look.key.ptr); /* untouched */
		assert_int_equal(key_look(rows[i].octets, &look, NULL), CYG_MALFORMED);
	}
}

static void what_looks_like_one(void **state)
{
	static const struct {
		struct view octets;
		size_t from;
		bool locked;
	} rows[] = {
		{LITERAL("\x30\x03\x02\x01\x00"), 0, false},
		{LITERAL("\x30\x04\x30\x00\x04\x00\n"), 0, true},
		{LITERAL(PEM("PRIVATE KEY", OPEN_KEY)), 0, false},
		{LITERAL(PEM("RSA PRIVATE KEY", OPEN_KEY)), 0, false},
		{LITERAL(PEM("ENCRYPTED PRIVATE KEY", LOCKED_KEY)), 0, true},
		{LITERAL(PEM("RSA PRIVATE KEY",
			     "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n")),
		 0, true},
		{LITERAL("note\n" PEM("EC PRIVATE KEY", "MAMC\r\nAQA=\r\n")), 5, false},
		{LITERAL(PEM("EC PARAMETERS", "AAAA\n") PEM("EC PRIVATE KEY", OPEN_KEY)),
		 sizeof(PEM("EC PARAMETERS", "AAAA\n")) - 1, false},
		{LITERAL(PEM("PRIVATE KEY", OPEN_KEY) PEM("PRIVATE KEY", "?\n")), 0, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct key_look look;
		struct diag why;

		test_row(i, "%zu", rows[i].from);
		assert_int_equal(key_look(rows[i].octets, &look, &why), CYG_OK);
		assert_ptr_equal(look.key.ptr, rows[i].octets.ptr + rows[i].from);
		assert_int_equal(look.key.len, rows[i].octets.len - rows[i].from);
		assert_int_equal(look.locked, rows[i].locked);
	}
}

#define OID_PBES2 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
#define OID_PBKDF2 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
#define OID_SCRYPT "\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b"
#define OID_OLD "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0a"
#define SALT "\x04\x01s"

/* A locked key: its algorithm, and nothing that is encrypted. Returns the length. */
static size_t locked(uint8_t *der, bool pbes2, struct view kdf, struct view params)
{
	uint8_t kp[128], *at = der;
	size_t n = 0;

	memcpy(kp, kdf.ptr, kdf.len);
	n = kdf.len;
	kp[n++] = 0x30;
	kp[n++] = (uint8_t)params.len;
	memcpy(kp + n, params.ptr, params.len);
	n += params.len;
	*at++ = 0x30;
	*at++ = (uint8_t)(n + 4 + (pbes2 ? sizeof(OID_PBES2) - 1 + 4 : 0));
	*at++ = 0x30;
	*at++ = (uint8_t)(n + (pbes2 ? sizeof(OID_PBES2) - 1 + 4 : 0));
	if (pbes2) {
		memcpy(at, OID_PBES2, sizeof(OID_PBES2) - 1);
		at += sizeof(OID_PBES2) - 1;
		*at++ = 0x30;
		*at++ = (uint8_t)(n + 2);
		*at++ = 0x30;
		*at++ = (uint8_t)n;
	}
	memcpy(at, kp, n);
	at += n;
	*at++ = 0x04;
	*at++ = 0x00;
	return (size_t)(at - der);
}

static void nobody_may_make_us_hash_for_hours(void **state)
{
	static const struct {
		bool pbes2;
		struct view kdf, params;
		enum cyg_err err;
	} rows[] = {
		/* 2,048 rounds; 10,000,000; one more; 2^31; 2^64; -1 */
		{true, LITERAL(OID_PBKDF2), LITERAL(SALT "\x02\x02\x08\x00"), CYG_OK},
		{true, LITERAL(OID_PBKDF2), LITERAL(SALT "\x02\x04\x00\x98\x96\x80"), CYG_OK},
		{true, LITERAL(OID_PBKDF2), LITERAL(SALT "\x02\x04\x00\x98\x96\x81"), CYG_LIMIT},
		{true, LITERAL(OID_PBKDF2), LITERAL(SALT "\x02\x05\x00\x80\x00\x00\x00"), CYG_LIMIT},
		{true, LITERAL(OID_PBKDF2),
		 LITERAL(SALT "\x02\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00"), CYG_LIMIT},
		{true, LITERAL(OID_PBKDF2), LITERAL(SALT "\x02\x01\xff"), CYG_LIMIT},
		{false, LITERAL(OID_OLD), LITERAL(SALT "\x02\x02\x08\x00"), CYG_OK},
		{false, LITERAL(OID_OLD), LITERAL(SALT "\x02\x04\x7f\xff\xff\xff"), CYG_LIMIT},
		/* N r p: 16384 8 1, as openssl has it; 65536 8 1; 2 8 30000; 1024 1 16384; huge */
		{true, LITERAL(OID_SCRYPT),
		 LITERAL(SALT "\x02\x02\x40\x00\x02\x01\x08\x02\x01\x01"), CYG_OK},
		{true, LITERAL(OID_SCRYPT),
		 LITERAL(SALT "\x02\x03\x01\x00\x00\x02\x01\x08\x02\x01\x01"), CYG_LIMIT},
		{true, LITERAL(OID_SCRYPT),
		 LITERAL(SALT "\x02\x01\x02\x02\x01\x08\x02\x02\x75\x30"), CYG_OK},
		{true, LITERAL(OID_SCRYPT),
		 LITERAL(SALT "\x02\x02\x04\x00\x02\x01\x01\x02\x02\x40\x00"), CYG_LIMIT},
		{true, LITERAL(OID_SCRYPT),
		 LITERAL(SALT "\x02\x01\x02\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"
			 "\x02\x01\x01"),
		 CYG_LIMIT},
		/* not to be read */
		{true, LITERAL(OID_PBKDF2), LITERAL(SALT), CYG_MALFORMED},
		{true, LITERAL(OID_SCRYPT), LITERAL(SALT "\x02\x01\x02"), CYG_MALFORMED},
		{false, LITERAL(OID_OLD), LITERAL(""), CYG_MALFORMED},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t der[160];
		size_t len = locked(der, rows[i].pbes2, rows[i].kdf, rows[i].params);
		struct key_look look;
		struct diag why;

		test_row(i, "%d", rows[i].err);
		assert_int_equal(key_look(view_of(der, len), &look, &why), rows[i].err);
		assert_int_equal(key_look(view_of(der, len), &look, NULL), rows[i].err);
		if (rows[i].err == CYG_LIMIT)
			assert_non_null(strstr(why.wanted, " at most"));
	}
}

static bool look_at_one(void *ctx)
{
	struct key_look look;
	struct diag why;
	enum cyg_err err = key_look(LITERAL(PEM("PRIVATE KEY", OPEN_KEY)), &look, &why);

	assert_true(!err || err == CYG_NOMEM);
	return !err;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(look_at_one, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_key_is_told),
		cmocka_unit_test(what_looks_like_one),
		cmocka_unit_test(nobody_may_make_us_hash_for_hours),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("trust/key_look", tests, NULL, NULL);
}
