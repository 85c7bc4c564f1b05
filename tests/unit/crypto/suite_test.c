/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/suite.h"

#include "base/reader.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "crypto/impl.h"
#include "tests/unit/crypto/vectors.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

/* One packet and the storage of its parts. */
struct sample {
	struct suite suite;
	struct suite_key key;
	uint8_t aad[512], tail[4], iv[SUITE_IV_MAX], text[TEXT_MAX], icv[SUITE_ICV_MAX];
	struct suite_packet packet;
};

static int open_crypto(void **state)
{
	*state = crypto_new(NULL);
	return *state ? 0 : -1;
}

static int close_crypto(void **state)
{
	crypto_free(*state);
	return 0;
}

static const struct {
	uint16_t encr, bits, integ;
} all_suites[] = {
	{20, 128, 0},  {20, 192, 0},  {20, 256, 0},  {28, 0, 0},    {12, 128, 12},
	{12, 192, 12}, {12, 256, 12}, {12, 256, 13}, {12, 128, 14},
};

static enum cyg_err make(uint16_t encr, uint16_t bits, uint16_t integ, struct suite *ret)
{
	return suite_make(alg_by_id(ALG_ENCR, encr), bits, alg_by_id(ALG_INTEG, integ),
			  ALG_FOR_ESP, ret);
}

/* A packet of `len` octets of text under fixed keys. */
static void sample_init(struct sample *s, size_t row, size_t len)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(make(all_suites[row].encr, all_suites[row].bits, all_suites[row].integ,
			      &s->suite),
			 CYG_OK);
	memset(s->key.encr, 0x11, s->suite.encr_len);
	memset(s->key.integ, 0x22, s->suite.integ_len);
	memset(s->aad, 0x33, sizeof(s->aad));
	memset(s->tail, 0x44, sizeof(s->tail));
	for (size_t i = 0; i < len; i++)
		s->text[i] = (uint8_t)i;
	s->packet = (struct suite_packet){
		.aad = view_of(s->aad, 8),
		.tail = view_of(s->tail, s->suite.integ ? 4 : 0),
		.iv = s->iv,
		.text = s->text,
		.len = len,
		.icv = s->icv,
	};
}

static bool is_zero(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (octets[i])
			return false;
	return true;
}

static void pairs_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		uint16_t encr, bits, integ;
		enum cyg_err want;
	} rows[] = {
		{20, 256, 12, CYG_CONFLICT}, /* an AEAD with a MAC */
		{28, 0, 14, CYG_CONFLICT},
		{12, 128, 0, CYG_CONFLICT}, /* a cipher without */
		{20, 64, 0, CYG_RANGE},
		{20, 257, 0, CYG_RANGE},
		{28, 256, 0, CYG_RANGE}, /* RFC 7634 4: no Key Length attribute */
		{11, 0, 12, CYG_UNSUPPORTED},
		{3, 0, 12, CYG_UNSUPPORTED},
		{12, 128, 2, CYG_UNSUPPORTED},
		{18, 128, 0, CYG_UNSUPPORTED},
		{10, 128, 0, CYG_UNSUPPORTED}, /* no such number */
	};
	struct suite untouched = {.bits = 77}, s = untouched;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%u %u %u", rows[i].encr, rows[i].bits, rows[i].integ);
		assert_int_equal(make(rows[i].encr, rows[i].bits, rows[i].integ, &s),
				 rows[i].want);
		assert_memory_equal(&s, &untouched, sizeof(s));
	}
	assert_int_equal(suite_make(alg_by_id(ALG_INTEG, 12), 0, alg_by_id(ALG_ENCR, 12),
				    ALG_FOR_IKE, &s),
			 CYG_UNSUPPORTED);
}

static void lengths_are_those_of_the_rfcs(void **state)
{
	static const struct {
		uint16_t encr, bits, integ;
		uint8_t encr_len, integ_len, iv_len, icv_len, block_len;
	} rows[] = {
		{20, 128, 0, 20, 0, 8, 16, 1}, /* RFC 4106 */
		{20, 0, 0, 20, 0, 8, 16, 1},       {20, 256, 0, 36, 0, 8, 16, 1},
		{28, 0, 0, 36, 0, 8, 16, 1},       /* RFC 7634 */
		{12, 128, 12, 16, 32, 16, 16, 16}, /* RFC 3602, RFC 4868 */
		{12, 192, 13, 24, 48, 16, 24, 16}, {12, 256, 14, 32, 64, 16, 32, 16},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct suite s;
		test_row(i, "%u", rows[i].encr);
		assert_int_equal(make(rows[i].encr, rows[i].bits, rows[i].integ, &s), CYG_OK);
		assert_int_equal(s.encr_len, rows[i].encr_len);
		assert_int_equal(s.integ_len, rows[i].integ_len);
		assert_int_equal(s.iv_len, rows[i].iv_len);
		assert_int_equal(s.icv_len, rows[i].icv_len);
		assert_int_equal(s.block_len, rows[i].block_len);
		assert_int_equal(s.bits,
				 rows[i].bits || rows[i].encr == 28 ? rows[i].bits : 128);
	}
}

static void bad_lengths_are_refused(void **state)
{
	for (size_t row = 0; row < COUNT_OF(all_suites); row++) {
		struct sample s;
		sample_init(&s, row, 33);
		test_row(row, "%s", s.suite.encr->name);
		if (s.suite.encr->aead)
			s.packet.tail = view_of(s.tail, 4);
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_RANGE);
		assert_int_equal(s.text[32], 32);
		assert_int_equal(suite_seal(*state, &s.suite, &s.key, 1, &s.packet), CYG_RANGE);
		assert_true(is_zero(s.text, 33));
		if (s.suite.encr->aead)
			continue;
		s.packet.len = 0;
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_RANGE);
	}
}

static void a_context_goes_one_way(void **state)
{
	struct sample s;
	struct suite_ctx *seal, *open;

	sample_init(&s, 0, 16);
	assert_int_equal(suite_ctx_new(*state, &s.suite, &s.key, SUITE_SEAL, &seal), CYG_OK);
	assert_int_equal(suite_ctx_new(*state, &s.suite, &s.key, SUITE_OPEN, &open), CYG_OK);
	assert_int_equal(suite_ctx_open(seal, &s.packet), CYG_STATE);
	assert_int_equal(suite_ctx_seal(open, 1, &s.packet), CYG_STATE);
	assert_int_equal(s.text[15], 15);
	suite_ctx_free(seal);
	suite_ctx_free(open);
	suite_ctx_free(NULL);
}

/* Flip every bit of a region in turn: each must be noticed, and give nothing out. */
static void flip_region(struct crypto *c, struct sample *sealed, uint8_t *region, size_t len)
{
	for (size_t bit = 0; bit < 8 * len; bit++) {
		uint8_t kept[TEXT_MAX];
		memcpy(kept, sealed->text, sealed->packet.len);
		region[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(suite_open(c, &sealed->suite, &sealed->key, &sealed->packet),
				 CYG_AUTH);
		assert_true(is_zero(sealed->text, sealed->packet.len));
		if (region != sealed->text)
			region[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memcpy(sealed->text, kept, sealed->packet.len);
	}
}

static void every_flipped_bit_is_noticed(void **state)
{
	for (size_t row = 0; row < COUNT_OF(all_suites); row++) {
		struct sample s;
		sample_init(&s, row, 32);
		test_row(row, "%s", s.suite.encr->name);
		assert_int_equal(suite_seal(*state, &s.suite, &s.key, 7, &s.packet), CYG_OK);
		flip_region(*state, &s, s.aad, s.packet.aad.len);
		flip_region(*state, &s, s.tail, s.packet.tail.len);
		flip_region(*state, &s, s.iv, s.suite.iv_len);
		flip_region(*state, &s, s.text, s.packet.len);
		flip_region(*state, &s, s.icv, s.suite.icv_len);
		flip_region(*state, &s, s.key.encr + s.suite.encr_len - 4,
			    4 * s.suite.encr->aead);
		flip_region(*state, &s, s.key.integ, s.suite.integ_len);
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_OK);
		assert_int_equal(s.text[31], 31);
	}
}

static void shifted_boundaries_are_noticed(void **state)
{
	for (size_t row = 0; row < COUNT_OF(all_suites); row++) {
		struct sample s;
		sample_init(&s, row, 32);
		test_row(row, "%s", s.suite.encr->name);
		assert_int_equal(suite_seal(*state, &s.suite, &s.key, 7, &s.packet), CYG_OK);
		s.packet.aad.len = 12;
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_AUTH);
		s.packet.aad.len = 8;
		s.packet.len = 16;
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_AUTH);
	}
}

/* A context serves many packets; a forged one in between does not disturb it. */
static void contexts_serve_many_packets(void **state)
{
	for (size_t row = 0; row < COUNT_OF(all_suites); row++) {
		struct suite_ctx *seal, *open;
		struct sample s, bare;
		sample_init(&s, row, 32);
		test_row(row, "%s", s.suite.encr->name);
		assert_int_equal(suite_ctx_new(*state, &s.suite, &s.key, SUITE_SEAL, &seal),
				 CYG_OK);
		assert_int_equal(suite_ctx_new(*state, &s.suite, &s.key, SUITE_OPEN, &open),
				 CYG_OK);
		for (size_t n = 1; n <= 40; n++) {
			sample_init(&s, row, 32 * n);
			sample_init(&bare, row, 32 * n);
			assert_int_equal(suite_ctx_seal(seal, n, &s.packet), CYG_OK);
			assert_int_equal(suite_seal(*state, &s.suite, &s.key, n, &bare.packet),
					 CYG_OK);
			assert_memory_equal(s.text, bare.text, 32 * n);
			assert_memory_equal(s.iv, bare.iv, s.suite.iv_len);
			assert_memory_equal(s.icv, bare.icv, s.suite.icv_len);
			bare.icv[0] ^= 1;
			assert_int_equal(suite_ctx_open(open, &bare.packet), CYG_AUTH);
			assert_int_equal(suite_ctx_open(open, &s.packet), CYG_OK);
			assert_int_equal(s.text[32 * n - 1], (uint8_t)(32 * n - 1));
		}
		suite_ctx_free(seal);
		suite_ctx_free(open);
	}
}

static void an_aead_may_carry_no_text(void **state)
{
	for (size_t row = 0; row < 4; row++) {
		struct sample s;
		sample_init(&s, row, 0);
		s.packet.text = NULL;
		assert_int_equal(suite_seal(*state, &s.suite, &s.key, 7, &s.packet), CYG_OK);
		assert_false(is_zero(s.icv, s.suite.icv_len));
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_OK);
		s.icv[3] ^= 1;
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_AUTH);
	}
}

/* A published AEAD case: key and salt side by side, the rest of the nonce as number. */
struct aead_case {
	const struct alg *encr;
	uint16_t bits;
	struct view key, nonce, aad, plain, cipher, icv;
};

static uint64_t load_aead(const struct aead_case *t, struct sample *s)
{
	size_t salt = t->encr->salt_len;
	struct reader r = reader_of(view_of(t->nonce.ptr + salt, 8));

	memset(s, 0, sizeof(*s));
	assert_int_equal(suite_make(t->encr, t->bits, NULL, ALG_FOR_IKE, &s->suite), CYG_OK);
	assert_int_equal(t->key.len + salt, s->suite.encr_len);
	assert_true(t->plain.len <= TEXT_MAX);
	memcpy(s->key.encr, t->key.ptr, t->key.len);
	memcpy(s->key.encr + t->key.len, t->nonce.ptr, salt);
	memcpy(s->iv, t->nonce.ptr + salt, 8);
	memcpy(s->icv, t->icv.ptr, t->icv.len);
	memcpy(s->text, t->cipher.ptr, t->cipher.len);
	s->packet = (struct suite_packet){.aad = t->aad,
					  .iv = s->iv,
					  .text = s->text,
					  .len = t->cipher.len,
					  .icv = s->icv};
	return read_u64(&r);
}

static void check_aead_valid(struct crypto *c, const struct aead_case *t)
{
	struct sample s;
	uint64_t number = load_aead(t, &s);

	assert_int_equal(suite_open(c, &s.suite, &s.key, &s.packet), CYG_OK);
	assert_view_equal(view_of(s.text, s.packet.len), t->plain);
	memset(s.iv, 0, sizeof(s.iv));
	memset(s.icv, 0, sizeof(s.icv));
	assert_int_equal(suite_seal(c, &s.suite, &s.key, number, &s.packet), CYG_OK);
	assert_view_equal(view_of(s.text, s.packet.len), t->cipher);
	assert_view_equal(view_of(s.icv, s.suite.icv_len), t->icv);
	assert_view_equal(view_of(s.iv, 8), view_of(t->nonce.ptr + t->encr->salt_len, 8));
}

static void check_own_aead(const struct vector *v, void *ctx)
{
	struct aead_case t = {
		.encr = row_named(ALG_ENCR, vector_text(v, "encr")),
		.bits = (uint16_t)atoi(vector_text(v, "bits")),
		.key = vector_hex(v, "key"),
		.nonce = vector_hex(v, "nonce"),
		.aad = vector_hex(v, "aad"),
		.plain = vector_hex(v, "plain"),
		.cipher = vector_hex(v, "cipher"),
		.icv = vector_hex(v, "icv"),
	};

	test_row(v->row, "%s %u", t.encr->name, t.bits);
	check_aead_valid(ctx, &t);
}

static void aead_matches_published_cases(void **state)
{
	vectors_each("unit/crypto/data/aead.txt", check_own_aead, *state);
}

struct aead_file {
	struct crypto *crypto;
	const struct alg *encr;
	size_t valid, invalid, left_out;
};

static void check_wycheproof_aead(json_t *group, json_t *test, void *ctx)
{
	struct aead_file *f = ctx;
	struct aead_case t = {
		.encr = f->encr,
		.key = wycheproof_hex(test, "key"),
		.nonce = wycheproof_hex(test, "iv"),
		.aad = wycheproof_hex(test, "aad"),
		.plain = wycheproof_hex(test, "msg"),
		.cipher = wycheproof_hex(test, "ct"),
		.icv = wycheproof_hex(test, "tag"),
	};
	struct sample s;

	/* IKE and ESP know one length of nonce and of check value. */
	if (t.nonce.len != 12 || t.icv.len != 16) {
		f->left_out++;
		return;
	}
	t.bits = (uint16_t)(f->encr->bits[0] ? t.key.len * 8 : 0);
	if (strcmp(wycheproof_text(test, "result"), "valid") == 0) {
		check_aead_valid(f->crypto, &t);
		f->valid++;
		return;
	}
	load_aead(&t, &s);
	assert_int_equal(suite_open(f->crypto, &s.suite, &s.key, &s.packet), CYG_AUTH);
	assert_true(is_zero(s.text, s.packet.len));
	f->invalid++;
}

static void aead_matches_wycheproof(void **state)
{
	static const struct {
		const char *name;
		uint16_t encr;
	} files[] = {{"aes_gcm", 20}, {"chacha20_poly1305", 28}};

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct aead_file f = {.crypto = *state,
				      .encr = alg_by_id(ALG_ENCR, files[i].encr)};
		wycheproof_each(files[i].name, check_wycheproof_aead, &f);
		print_message("# %zu valid, %zu invalid, %zu of other lengths left out\n",
			      f.valid, f.invalid, f.left_out);
		assert_true(f.valid > 50 && f.invalid > 30);
	}
}

/* Open a published CBC text under a MAC made here the way RFC 4303 and RFC 7296 say. */
static void check_cbc(struct crypto *c, struct view key, struct view iv, struct view plain,
		      struct view cipher)
{
	struct view mac_key = test_hex("000102030405060708090a0b0c0d0e0f"
				       "101112131415161718191a1b1c1d1e1f");
	struct view aad = test_hex("0000cafe00000007"), tail = test_hex("00000001");
	struct view covered[] = {aad, iv, cipher, tail};
	uint8_t mac[HASH_SHA2_256_LEN];
	struct sample s = {{0}};

	assert_int_equal(hash_hmac(c, HASH_SHA2_256, mac_key, covered, 4, mac), CYG_OK);
	assert_int_equal(make(12, (uint16_t)(key.len * 8), 12, &s.suite), CYG_OK);
	memcpy(s.key.encr, key.ptr, key.len);
	memcpy(s.key.integ, mac_key.ptr, mac_key.len);
	memcpy(s.iv, iv.ptr, iv.len);
	memcpy(s.icv, mac, 16);
	memcpy(s.text, cipher.ptr, cipher.len);
	s.packet = (struct suite_packet){aad, tail, s.iv, s.text, cipher.len, s.icv};
	assert_int_equal(suite_open(c, &s.suite, &s.key, &s.packet), CYG_OK);
	assert_view_equal(view_of(s.text, plain.len), plain);
	for (size_t i = plain.len; i < cipher.len;
	     i++) /* PKCS #7 padding, where there is any */
		assert_int_equal(s.text[i], cipher.len - plain.len);
}

static void check_rfc_3602(const struct vector *v, void *ctx)
{
	test_row(v->row, "AES-CBC");
	check_cbc(ctx, vector_hex(v, "key"), vector_hex(v, "iv"), vector_hex(v, "plain"),
		  vector_hex(v, "cipher"));
}

static void cbc_matches_rfc_3602(void **state)
{
	vectors_each("unit/crypto/data/rfc3602.txt", check_rfc_3602, *state);
}

static void check_wycheproof_cbc(json_t *group, json_t *test, void *ctx)
{
	/* The invalid ones are about padding, which IKE and ESP do not have. */
	if (strcmp(wycheproof_text(test, "result"), "valid") == 0)
		check_cbc(ctx, wycheproof_hex(test, "key"), wycheproof_hex(test, "iv"),
			  wycheproof_hex(test, "msg"), wycheproof_hex(test, "ct"));
}

static void cbc_matches_wycheproof(void **state)
{
	wycheproof_each("aes_cbc_pkcs5", check_wycheproof_cbc, *state);
}

/* AES of one block, by another road than the one under test. */
static void aes_block(struct crypto *c, const uint8_t *key, const uint8_t in[16],
		      uint8_t out[16])
{
	EVP_CIPHER *ecb = EVP_CIPHER_fetch(crypto_lib(c), "AES-256-ECB", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	assert_int_equal(EVP_EncryptInit_ex2(ctx, ecb, key, NULL, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out, &len, in, 16), 1);
	assert_int_equal(len, 16);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(ecb);
}

/* NIST SP 800-38A C: the IV is the cipher of the number; each block chains to the last. */
static void cbc_seals_under_an_unforeseeable_iv(void **state)
{
	static const uint8_t number[16] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
	uint8_t want[16], mixed[16];
	struct sample s, plain;

	sample_init(&s, 6, 48);
	plain = s;
	assert_int_equal(suite_seal(*state, &s.suite, &s.key, 0x0102030405060708, &s.packet),
			 CYG_OK);
	aes_block(*state, s.key.encr, number, want);
	assert_memory_equal(s.iv, want, 16);
	for (size_t block = 0; block < 3; block++) {
		const uint8_t *before = block ? s.text + 16 * (block - 1) : s.iv;
		for (size_t i = 0; i < 16; i++)
			mixed[i] = before[i] ^ plain.text[16 * block + i];
		aes_block(*state, s.key.encr, mixed, want);
		assert_memory_equal(s.text + 16 * block, want, 16);
	}
}

static bool packet_once(struct crypto *c, size_t row)
{
	struct suite_ctx *ctx = NULL;
	struct sample s;
	bool ok;

	sample_init(&s, row, 32);
	ok = suite_seal(c, &s.suite, &s.key, 1, &s.packet) == CYG_OK;
	if (!ok)
		assert_true(is_zero(s.text, 32));
	if (ok && suite_ctx_new(c, &s.suite, &s.key, SUITE_OPEN, &ctx) == CYG_OK) {
		ok = suite_ctx_open(ctx, &s.packet) == CYG_OK;
		suite_ctx_free(ctx);
		return ok;
	}
	return false;
}

static bool aead_once(void *ctx)
{
	return packet_once(ctx, 0);
}

static bool cbc_once(void *ctx)
{
	return packet_once(ctx, 4);
}

static void failing_allocations_leave_nothing(void **state)
{
	test_each_allocation_failing(aead_once, *state, false);
	test_each_allocation_failing(cbc_once, *state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_that_do_not_fit_are_refused),
		cmocka_unit_test(lengths_are_those_of_the_rfcs),
		cmocka_unit_test(bad_lengths_are_refused),
		cmocka_unit_test(a_context_goes_one_way),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(shifted_boundaries_are_noticed),
		cmocka_unit_test(contexts_serve_many_packets),
		cmocka_unit_test(an_aead_may_carry_no_text),
		cmocka_unit_test(aead_matches_published_cases),
		cmocka_unit_test(aead_matches_wycheproof),
		cmocka_unit_test(cbc_matches_rfc_3602),
		cmocka_unit_test(cbc_matches_wycheproof),
		cmocka_unit_test(cbc_seals_under_an_unforeseeable_iv),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	fail_inside_libcrypto();
	return cmocka_run_group_tests_name("crypto/suite", tests, open_crypto, close_crypto);
}
