/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pgp.h"

#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "trust/pgp_store.h"

#include <stdio.h>
#include <string.h>

#define CREATED 1704067200 /* 2024-01-01, of all of them */

static struct view file(const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), "unit/trust/openpgp/%s.asc", name);
	return test_file(path);
}

/* A build without librnp says so, and has nothing more to show. */
static bool is_built(void)
{
	struct pgp_cert c;

	if (pgp_read(crypto, file("ed25519"), &c, NULL) == CYG_UNSUPPORTED)
		return false;
	key_done(&c.key);
	return true;
}

static void each_kind_is_read(void **state)
{
	static const struct {
		const char *name, *fingerprint, *user_id;
		uint8_t kind;
		uint16_t bits;
		int64_t until;
	} rows[] = {
		{"rsa2048", "29459D8AFCE9E2BF6D48B9AB6FCE5B2E41CD8EDB",
		 "West rsa2048 <west@example>", KEY_RSA, 2048, INT64_MAX},
		{"ed25519", "6E099DBE4C31B0610452F188C605943733AD83C4",
		 "West ed25519 <west@example>", KEY_ED25519, 256, INT64_MAX},
		{"nistp256", "3734BC5FA0649CD8D250E62E2ABB57E960F8B765",
		 "West nistp256 <west@example>", KEY_ECDSA_256, 256, INT64_MAX},
		{"nistp384", "09622D8E0F698FBC23AD4E3631311579E8604017",
		 "West nistp384 <west@example>", KEY_ECDSA_384, 384, INT64_MAX},
		{"expired", "1C0E573E7205DBE220411D800481077EBE77306A", "Old <old@example>",
		 KEY_ED25519, 256, CREATED + 10 * 86400},
	};

	if (!is_built())
		skip();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pgp_cert c;
		struct diag why;

		test_row(i, "%s", rows[i].name);
		assert_true(pgp_is_one(file(rows[i].name)));
		assert_int_equal(pgp_read(crypto, file(rows[i].name), &c, &why), CYG_OK);
		assert_string_equal(c.fingerprint, rows[i].fingerprint);
		assert_int_equal(c.user_ids_len, 1);
		assert_string_equal(c.user_ids[0], rows[i].user_id);
		assert_int_equal(c.key.kind, rows[i].kind);
		assert_int_equal(c.key.bits, rows[i].bits);
		assert_int_equal(c.not_before, CREATED);
		assert_int_equal(c.not_after, rows[i].until);
		key_done(&c.key);
	}
}

static void what_is_none_is_refused(void **state)
{
	struct view good = file("ed25519");
	struct bytes changed;
	struct pgp_cert c;
	struct diag why;

	assert_false(pgp_is_one(LITERAL("-----BEGIN CERTIFICATE-----")));
	assert_false(pgp_is_one((struct view){0}));
	assert_false(pgp_is_one(LITERAL("\x30\x82")));
	if (!is_built())
		skip();
	assert_int_equal(pgp_read(crypto, LITERAL("nothing"), &c, &why), CYG_MALFORMED);
	assert_int_equal(pgp_read(crypto, (struct view){0}, &c, &why), CYG_MALFORMED);
	assert_int_equal(pgp_read(crypto, file("dsa"), &c, &why), CYG_UNSUPPORTED);
	assert_non_null(strstr(why.sentence, "not used in IKE"));
	for (size_t len = 0; len < good.len - 50; len += 7)
		assert_true(pgp_read(crypto, view_of(good.ptr, len), &c, &why) != CYG_OK);
	/* Another character of the armour: its checksum or the signature is wrong. */
	assert_true(bytes_copy(&changed, good));
	for (size_t i = 40; i < good.len - 45; i += 5) {
		uint8_t was = changed.ptr[i];

		if (was == '\n' || was == '=' || changed.ptr[i - 1] == '\n')
			continue;
		changed.ptr[i] = was == 'A' ? 'B' : 'A';
		if (!pgp_read(crypto, view_bytes(&changed), &c, &why)) {
			/* What the checksum does not cover says nothing of the key. */
			assert_string_equal(c.fingerprint,
					    "6E099DBE4C31B0610452F188C605943733AD83C4");
			key_done(&c.key);
		}
		changed.ptr[i] = was;
	}
	bytes_done(&changed);
}

static void packets_that_lie_are_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *says;
	} rows[] = {
		{"", 0, "no public key"},
		{"\x98", 1, "no public key"},
		{"\x98\x05\x04\x00\x00\x00\x00", 7, "no public key"},
		{"\x88\x06\x04\x00\x00\x00\x00\x01", 8, "no public key"},
		{"\x98\x06\x03\x00\x00\x00\x00\x01", 8, "another version"},
		{"\x98\x06\x04\x00\x00\x00\x00\x01", 8, "cut short"},
		{"\x98\x06\x04\x00\x00\x00\x00\x10", 8, "not used in IKE"},
		{"\x98\x06\x04\x00\x00\x00\x00\x13", 8, "cut short"},
		{"\x98\x0a\x04\x00\x00\x00\x00\x13\x01\x2b\x00\x00", 12, "curve"},
		{"\xc6\xff\xff\xff\xff\xff\x04", 7, "no public key"},
		{"\x98\x0c\x04\x00\x00\x00\x00\x01\xff\xff\x00\x00\x00\x00", 14, "cut short"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t created;
		struct key key;
		struct diag why;

		test_row(i, "%s", rows[i].says);
		assert_true(pgp_read_packet(crypto, view_of(rows[i].octets, rows[i].len), &key,
					    &created, &why) != CYG_OK);
		assert_non_null(strstr(why.sentence, rows[i].says));
	}
}

static void kept_by_file(void **state)
{
	struct stored_pgps s = {0};
	struct pgp_cert c = {.fingerprint = "one"}, d = {.fingerprint = "two"};

	assert_null(stored_pgps_find(&s, "a.asc"));
	assert_int_equal(stored_pgps_put(&s, "a.asc", &c, 1), CYG_OK);
	assert_int_equal(stored_pgps_put(&s, "b.asc", &c, 1), CYG_OK);
	assert_int_equal(stored_pgps_put(&s, "a.asc", &d, 2), CYG_OK);
	assert_int_equal(s.len, 2);
	assert_string_equal(stored_pgps_find(&s, "a.asc")->cert.fingerprint, "two");
	assert_null(stored_pgps_find(&s, "a"));
	stored_pgps_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_read),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(packets_that_lie_are_refused),
		cmocka_unit_test(kept_by_file),
	};

	return cmocka_run_group_tests_name("trust/pgp", tests, crypto_set_up, crypto_tear_down);
}
