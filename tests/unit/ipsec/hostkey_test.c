/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/hostkey.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bytes filled(size_t len, uint8_t first, uint8_t rest)
{
	struct bytes b = {malloc(len + 1), len};

	assert_non_null(b.ptr);
	memset(b.ptr, rest, len);
	if (len)
		b.ptr[0] = first;
	return b;
}

static struct rsa_numbers key(struct bytes exponent, struct bytes modulus)
{
	struct rsa_numbers n = {0};

	n.number[RSA_PUBLIC_EXPONENT] = exponent;
	n.number[RSA_MODULUS] = modulus;
	return n;
}

static void public_part(void **state)
{
	static const struct {
		size_t exponent, modulus;
		uint8_t first; /* of both */
		const char *head;
		size_t len;
	} cases[] = {
		{1, 256, 3, "01 03 03", 258},
		{3, 256, 1, "03 01 55 55 01", 260},
		{4, 257, 0, "03 55 55 55 55", 260}, /* leading noughts go */
		{255, 256, 1, "ff 01 55", 512},
		{256, 512, 1, "00 01 00 01 55", 771}, /* a length of two octets */
		{257, 512, 0, "00 01 00 55 55", 770},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rsa_numbers n = key(filled(cases[i].exponent, cases[i].first, 0x55),
					   filled(cases[i].modulus, cases[i].first, 0x55));
		struct view head = test_hex(cases[i].head);
		struct bytes b;

		test_row(i, "%zu, %zu", cases[i].exponent, cases[i].modulus);
		assert_true(hostkey_public(&n, &b));
		assert_int_equal(b.len, cases[i].len);
		assert_view_equal(view_of(b.ptr, head.len), head);
		bytes_done(&b);
		rsa_numbers_wipe(&n);
	}
}

static void a_length_that_does_not_fit(void **state)
{
	struct rsa_numbers n = key(filled(65536, 1, 1), filled(256, 1, 1));
	struct bytes b;

	assert_false(hostkey_public(&n, &b));
	rsa_numbers_wipe(&n);
}

static void bits(void **state)
{
	static const struct {
		size_t len;
		uint8_t first;
		unsigned want;
	} cases[] = {
		{256, 0x80, 2048}, {256, 0x7f, 2047}, {257, 0x00, 2048}, {1, 1, 1}, {0, 0, 0}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rsa_numbers n = key(filled(1, 3, 3),
					   filled(cases[i].len, cases[i].first, 0xff));

		test_row(i, "%zu octets", cases[i].len);
		assert_int_equal(hostkey_bits(&n), cases[i].want);
		rsa_numbers_wipe(&n);
	}
}

static void base64(void **state)
{
	struct rsa_numbers n = key(filled(1, 3, 3), filled(4, 0xff, 0xee));
	char *text = hostkey_base64(&n);

	assert_string_equal(text, "AQP/7u7u");
	free(text);
	rsa_numbers_wipe(&n);
}

static bool short_of_memory(void *ctx)
{
	char *text = hostkey_base64(ctx);

	free(text);
	return text != NULL;
}

static void memory_may_run_out(void **state)
{
	struct rsa_numbers n = key(filled(1, 3, 3), filled(256, 0xff, 0xee));

	test_each_allocation_failing(short_of_memory, &n, false);
	rsa_numbers_wipe(&n);
}

static void keys_that_can_be_made(void **state)
{
	EVP_PKEY *rsa = hostkey_make_rsa(2048), *ec = hostkey_make_ec(384);
	struct rsa_numbers n;

	assert_non_null(rsa);
	assert_int_equal(hostkey_numbers(rsa, &n), CYG_OK);
	assert_int_equal(hostkey_bits(&n), 2048);
	for (size_t i = 0; i < RSA_NUMBERS; i++)
		assert_true(n.number[i].len > 0);
	rsa_numbers_wipe(&n);
	assert_non_null(ec);
	assert_int_equal(hostkey_numbers(ec, &n), CYG_UNSUPPORTED);
	assert_null(hostkey_make_ec(257));
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_part),
		cmocka_unit_test(a_length_that_does_not_fit),
		cmocka_unit_test(bits),
		cmocka_unit_test(base64),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(keys_that_can_be_made),
	};

	return RUN_TESTS("ipsec/hostkey", tests);
}
