/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/proposal_kind.h"

#include "tests/unit/support/test.h"

static void words(void **state)
{
	static const struct {
		struct transform t;
		const char *word;
	} rows[] = {
		{{ALG_ENCR, 999, 128}, "ENCR(999)_128"},
		{{ALG_ENCR, ALG_ENCR_AES_CBC, 256}, "aes256"},
		{{ALG_ENCR, ALG_ENCR_AES_CBC, 0}, "aes"},
		{{ALG_ENCR, ALG_ENCR_AES_GCM_16, 128}, "aes128gcm16"},
		{{ALG_ENCR, ALG_ENCR_CHACHA20_POLY1305, 0}, "chacha20poly1305"},
		{{ALG_PRF, ALG_PRF_HMAC_SHA2_384, 0}, "prfsha384"},
		{{ALG_INTEG, ALG_INTEG_HMAC_SHA2_256_128, 0}, "sha256"},
		{{ALG_KE, ALG_KE_MODP2048, 0}, "modp2048"},
		{{ALG_KE, ALG_KE_ECP256, 0}, "ecp256"},
		{{ALG_KE, ALG_KE_X25519, 0}, "x25519"},
	};
	char word[ALG_TEXT_MAX];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(transform_word(&rows[i].t, word), rows[i].word);
}

/* Whatever a hint tells a person to write is understood, and as what was meant. */
static void each_word_is_read_back(void **state)
{
	static const unsigned kinds[] = {ALG_ENCR, ALG_PRF, ALG_INTEG, ALG_KE};
	size_t seen = 0;

	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		for (const struct alg *a = alg_next(kinds[k], NULL); a;
		     a = alg_next(kinds[k], a)) {
			struct transform t = {a->kind, a->id, a->bits[0]};
			char word[ALG_TEXT_MAX];
			uint16_t bits = 0;
			const char *name;

			if (!a->names)
				continue;
			name = transform_word(&t, word) + (kinds[k] == ALG_PRF ? 3 : 0);
			test_row(seen, "%s: %s", a->name, word);
			assert_ptr_equal(alg_by_name(kinds[k], view_str(name), &bits), a);
			assert_int_equal(bits, t.key_bits);
			seen++;
		}
	assert_true(seen > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(each_word_is_read_back),
	};
	return RUN_TESTS("conn/proposal_word", tests);
}
