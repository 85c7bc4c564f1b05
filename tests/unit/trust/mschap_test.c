/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/mschap.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
	*state = mschap_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	mschap_free(*state);
	return 0;
}

/* RFC 2759 9.2. */
static const uint8_t server[] = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
				 0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28};
static const uint8_t client[] = {0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a,
				 0x28, 0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e};
static const uint8_t hash[] = {0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6,
			       0x11, 0x47, 0x44, 0x11, 0xf5, 0x69, 0x89, 0xae};
static const uint8_t response[] = {0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e,
				   0xa0, 0x8f, 0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54,
				   0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};
static const uint8_t proof[] = {0x40, 0x7a, 0x55, 0x89, 0x11, 0x5f, 0xd0, 0xd6, 0x20, 0x9f,
				0x51, 0x0f, 0xe9, 0xc0, 0x45, 0x66, 0x93, 0x2c, 0xda, 0x56};
/* RFC 3079 3.5.3: the server's key to send by. */
static const uint8_t send_key[] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b,
				   0xa1, 0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};

static struct mschap_round a_round(const struct mschap *m)
{
	struct mschap_round r = {.user = LITERAL("User")};

	memcpy(r.server, server, sizeof(server));
	memcpy(r.client, client, sizeof(client));
	assert_int_equal(mschap_nt_hash(m, LITERAL("clientPass"), r.nt_hash), CYG_OK);
	return r;
}

static void the_examples_of_the_rfcs_come_out(void **state)
{
	const struct mschap *m = *state;
	struct mschap_round r = a_round(m);
	uint8_t got[MSCHAP_RESPONSE_LEN], key[MSCHAP_MSK_LEN], zeroes[32] = {0};

	assert_memory_equal(r.nt_hash, hash, sizeof(hash));
	assert_int_equal(mschap_response(m, &r, got), CYG_OK);
	assert_memory_equal(got, response, sizeof(response));
	assert_int_equal(mschap_proof(m, &r, response, got), CYG_OK);
	assert_memory_equal(got, proof, sizeof(proof));
	assert_int_equal(mschap_key(m, &r, response, key), CYG_OK);
	assert_memory_equal(key + 16, send_key, sizeof(send_key));
	assert_memory_not_equal(key, send_key, sizeof(send_key));
	assert_memory_equal(key + 32, zeroes, sizeof(zeroes));
}

static void passwords_are_utf8(void **state)
{
	static const struct {
		const char *password;
		bool good;
	} rows[] = {
		{"\xc3\xa9t\xc3\xa9", true},
		{"\xe2\x82\xac", true},
		{"\xf0\x9f\x94\x91", true},
		{"", true},
		{"\xc3", false},
		{"\xc3(", false},
		{"\xff\xfe", false},
		{"\xc0\x80", false},         /* too long a form */
		{"\xed\xa0\x80", false},     /* half of a pair */
		{"\xf4\x90\x80\x80", false}, /* beyond the last character */
		{"\x80", false},
	};
	uint8_t got[MSCHAP_HASH_LEN];
	char longest[MSCHAP_PASSWORD_MAX + 2];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mschap_nt_hash(*state, view_str(rows[i].password), got),
				 rows[i].good ? CYG_OK : CYG_MALFORMED);
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(mschap_nt_hash(*state, view_of(longest, MSCHAP_PASSWORD_MAX), got),
			 CYG_OK);
	assert_int_equal(mschap_nt_hash(*state, view_of(longest, MSCHAP_PASSWORD_MAX + 1), got),
			 CYG_MALFORMED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_examples_of_the_rfcs_come_out, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(passwords_are_utf8, set_up, tear_down),
	};

	return RUN_TESTS("trust/mschap", tests);
}
