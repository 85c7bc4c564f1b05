/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/gcm_choice.h"

#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/suite.h"
#include "tests/unit/support/test.h"

#include <string.h>

#define TEXT_MAX 1600u
#define GCM_8 18 /* of IANA's numbers */
#define GCM_12 19
#define GCM_16 20

/* A packet sealed by libcrypto, by way of bare keys, and its places. */
struct sealed {
	struct suite suite;
	struct suite_key key;
	uint8_t aad[12], iv[8], text[TEXT_MAX], icv[16];
	struct suite_packet packet;
};

static void place(struct sealed *s, size_t len, size_t aad_len)
{
	s->packet = (struct suite_packet){.aad = view_of(s->aad, aad_len),
					  .iv = s->iv,
					  .text = s->text,
					  .len = len,
					  .icv = s->icv};
}

static void make(struct sealed *s, uint16_t id, uint16_t bits, size_t len, size_t aad_len)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(suite_make(alg_by_id(ALG_ENCR, id), bits, NULL, ALG_FOR_ESP,
				    &s->suite),
			 CYG_OK);
	for (size_t i = 0; i < s->suite.encr_len; i++)
		s->key.encr[i] = (uint8_t)(i * 7 + bits);
	memset(s->aad, 0x5a, sizeof(s->aad));
	for (size_t i = 0; i < len; i++)
		s->text[i] = (uint8_t)(i * 13 + len);
	place(s, len, aad_len);
}

/* One context of each way, by whatever was chosen. */
struct contexts {
	struct suite_ctx *seal, *open;
};

static struct contexts open_contexts(struct crypto *c, const struct sealed *s)
{
	struct contexts x;

	assert_int_equal(suite_ctx_new(c, &s->suite, &s->key, SUITE_SEAL, &x.seal), CYG_OK);
	assert_int_equal(suite_ctx_new(c, &s->suite, &s->key, SUITE_OPEN, &x.open), CYG_OK);
	return x;
}

static void close_contexts(struct contexts *x)
{
	suite_ctx_free(x->seal);
	suite_ctx_free(x->open);
}

static void a_measurement_says_what_it_found(void **state)
{
	struct gcm_choice got;

	assert_int_equal(crypto_choose_gcm(*state, &got), CYG_OK);
	if (got.why) {
		assert_string_equal(got.name, "libcrypto");
		assert_int_equal(got.library_ns, 0);
		return;
	}
	assert_true(got.library_ns && got.libcrypto_ns);
	assert_string_equal(got.name,
			    got.library_ns < got.libcrypto_ns ? "intel-ipsec-mb" : "libcrypto");
}

static void damage_is_noticed(void **state)
{
	static struct sealed s, kept;
	uint8_t *regions[] = {kept.aad, kept.iv, kept.text, kept.icv};
	static const size_t lens[] = {8, 8, 40, 16};
	static const uint8_t zero[40];
	struct contexts x;

	make(&kept, GCM_16, 128, 40, 8);
	x = open_contexts(*state, &kept);
	assert_int_equal(suite_ctx_seal(x.seal, 9, &kept.packet), CYG_OK);
	for (size_t r = 0; r < COUNT_OF(regions); r++)
		for (size_t bit = 0; bit < 8 * lens[r]; bit++) {
			regions[r][bit / 8] ^= (uint8_t)(1u << bit % 8);
			s = kept;
			place(&s, 40, 8);
			assert_int_equal(suite_ctx_open(x.open, &s.packet), CYG_AUTH);
			assert_memory_equal(s.text, zero, 40);
			regions[r][bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	assert_int_equal(suite_ctx_open(x.open, &kept.packet), CYG_OK);
	close_contexts(&x);
}

/* Octet for octet: what one seals the other opens. */
static void compare(struct crypto *c, uint16_t id, uint16_t bits, size_t len, size_t aad_len)
{
	static struct sealed theirs, ours;
	static uint8_t from[TEXT_MAX];
	struct contexts x;

	make(&theirs, id, bits, len, aad_len);
	memcpy(from, theirs.text, len);
	assert_int_equal(suite_seal(c, &theirs.suite, &theirs.key, 77 + len, &theirs.packet),
			 CYG_OK);
	make(&ours, id, bits, len, aad_len);
	x = open_contexts(c, &ours);
	memset(ours.text, 0, len);
	ours.packet.from = from;
	assert_int_equal(suite_ctx_seal(x.seal, 77 + len, &ours.packet), CYG_OK);
	assert_memory_equal(ours.text, theirs.text, len);
	assert_memory_equal(ours.icv, theirs.icv, ours.suite.icv_len);
	assert_memory_equal(ours.iv, theirs.iv, 8);
	assert_int_equal(suite_ctx_open(x.open, &theirs.packet), CYG_OK);
	assert_memory_equal(theirs.text, from, len);
	close_contexts(&x);
}

static void both_give_the_same_octets(void **state)
{
	static const uint16_t ids[] = {GCM_8, GCM_12, GCM_16}, sizes[] = {128, 192, 256};

	for (size_t i = 0; i < 9; i++) {
		for (size_t len = 0; len < 300; len += 1 + len / 40)
			compare(*state, ids[i / 3], sizes[i % 3], len, len % 2 ? 8 : 12);
		compare(*state, ids[i / 3], sizes[i % 3], TEXT_MAX, 8);
	}
}

static void another_form_stays_with_libcrypto(void **state)
{
	static struct sealed s;
	struct contexts x;

	make(&s, ALG_ENCR_CHACHA20_POLY1305, 0, 50, 8);
	x = open_contexts(*state, &s);
	assert_int_equal(suite_ctx_seal(x.seal, 1, &s.packet), CYG_OK);
	assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_OK);
	close_contexts(&x);
}

static bool choose_only(void *ctx)
{
	struct gcm_choice got;

	return crypto_choose_gcm(ctx, &got) == CYG_OK && !got.why;
}

/* Without memory it is libcrypto, and works. */
static void memory_may_run_out(void **state)
{
	struct gcm_choice got;

	if (crypto_choose_gcm(*state, &got) == CYG_OK && got.why) {
		print_message("# nothing to choose from: %s\n", got.why);
		return;
	}
	test_each_allocation_failing(choose_only, *state, false);
}

static int open_crypto(void **state)
{
	*state = crypto_new(NULL);
	return !*state;
}

static int close_crypto(void **state)
{
	crypto_free(*state);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_measurement_says_what_it_found),
		cmocka_unit_test(damage_is_noticed),
		cmocka_unit_test(both_give_the_same_octets),
		cmocka_unit_test(another_form_stays_with_libcrypto),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("crypto/gcm_choice", tests, open_crypto,
					   close_crypto);
}
