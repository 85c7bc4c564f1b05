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
	{20, 128, 0},  {20, 192, 0},  {20, 256, 0},  {28, 0, 0},   {12, 128, 12}, {12, 192, 12},
	{12, 256, 12}, {12, 256, 13}, {12, 128, 14}, {2, 0, 1},    {3, 0, 2},     {3, 0, 6},
	{6, 128, 7},   {7, 128, 5},   {7, 256, 8},   {11, 0, 12},  {11, 0, 5},    {13, 128, 5},
	{13, 192, 8},  {13, 256, 2},  {14, 128, 0},  {14, 192, 0}, {15, 192, 0},  {16, 256, 0},
	{18, 128, 0},  {19, 256, 0},  {21, 128, 0},  {21, 256, 0}, {23, 128, 12}, {23, 192, 12},
	{23, 256, 14}, {24, 128, 12}, {24, 256, 12},
};

#define AEADS_WITHOUT_TEXT 4 /* the first of them may have no text */

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
		{13, 128, 0, CYG_CONFLICT},
		{3, 0, 0, CYG_CONFLICT},
		{11, 0, 0, CYG_CONFLICT}, /* nothing at all */
		{21, 128, 12, CYG_CONFLICT},
		{3, 192, 12, CYG_RANGE},
		{6, 64, 12, CYG_RANGE},
		{20, 64, 0, CYG_RANGE},
		{20, 257, 0, CYG_RANGE},
		{28, 256, 0, CYG_RANGE}, /* RFC 7634 4: no Key Length attribute */
		{1, 0, 12, CYG_UNSUPPORTED},
		{5, 0, 12, CYG_UNSUPPORTED},
		{12, 128, 3, CYG_UNSUPPORTED},
		{25, 128, 0, CYG_UNSUPPORTED},
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
	/* IKE encrypts always (RFC 7296 3.14). */
	assert_int_equal(suite_make(alg_by_id(ALG_ENCR, ALG_ENCR_NULL), 0,
				    alg_by_id(ALG_INTEG, 12), ALG_FOR_IKE, &s),
			 CYG_UNSUPPORTED);
	assert_int_equal(suite_make(alg_by_id(ALG_ENCR, 21), 128, NULL, ALG_FOR_IKE, &s),
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
		{3, 0, 1, 24, 16, 8, 12, 8},    /* RFC 2451, RFC 2403 */
		{11, 0, 2, 0, 20, 0, 12, 1},    /* RFC 2410, RFC 2404 */
		{13, 256, 5, 36, 16, 8, 12, 1}, /* RFC 3686, RFC 3566 */
		{14, 128, 0, 19, 0, 8, 8, 1},   /* RFC 4309 */
		{16, 256, 0, 35, 0, 8, 16, 1},     {21, 256, 0, 36, 0, 8, 16, 1}, /* RFC 4543 */
		{23, 256, 8, 32, 16, 16, 12, 16}, /* RFC 5529, RFC 4494 */
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
				 rows[i].bits || rows[i].encr != 20 ? rows[i].bits : 128);
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
		else if (s.suite.block_len == 1)
			s.packet.len = 0;
		assert_int_equal(suite_open(*state, &s.suite, &s.key, &s.packet), CYG_RANGE);
		assert_int_equal(s.text[32], 32);
		assert_int_equal(suite_seal(*state, &s.suite, &s.key, 1, &s.packet), CYG_RANGE);
		assert_true(is_zero(s.text, s.packet.len));
		if (s.suite.encr->aead && s.suite.encr->form != ALG_FORM_CCM)
			continue;
		s.packet.tail.len = 0;
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
			if (s.suite.encr->form == ALG_FORM_CBC) {
				/* Of keys that are used again no IV comes again. */
				assert_memory_not_equal(s.iv, bare.iv, s.suite.iv_len);
			} else {
				assert_memory_equal(s.text, bare.text, 32 * n);
				assert_memory_equal(s.iv, bare.iv, s.suite.iv_len);
				assert_memory_equal(s.icv, bare.icv, s.suite.icv_len);
			}
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
	for (size_t row = 0; row < AEADS_WITHOUT_TEXT; row++) {
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
	assert_int_equal(suite_make(t->encr, t->bits, NULL, ALG_FOR_ESP, &s->suite), CYG_OK);
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
	bool by_icv; /* rows of lower numbers have shorter check values */
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

	if (f->by_icv)
		t.encr = alg_by_id(ALG_ENCR, (uint16_t)(f->encr->id - (16 - t.icv.len) / 4));
	/* IKE and ESP know one length of nonce and few of check values, and send some text. */
	if (t.nonce.len != 8u + f->encr->salt_len ||
	    (f->by_icv ? t.icv.len < 8 || t.icv.len % 4 || !t.plain.len : t.icv.len != 16)) {
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
		size_t valid_min, invalid_min;
	} files[] = {{"aes_gcm", 20, 100, 50},
		     {"chacha20_poly1305", 28, 200, 50},
		     {"aes_ccm", 16, 10, 0}};

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct aead_file f = {.crypto = *state,
				      .encr = alg_by_id(ALG_ENCR, files[i].encr),
				      .by_icv = files[i].encr == 16};
		wycheproof_each(files[i].name, check_wycheproof_aead, &f);
		print_message("# %zu valid, %zu invalid, %zu of other lengths left out\n",
			      f.valid, f.invalid, f.left_out);
		assert_true(f.valid >= files[i].valid_min && f.invalid >= files[i].invalid_min);
	}
}

/* Open a published text under a MAC made here the way RFC 4303 and RFC 7296 say. */
static void check_cipher(struct crypto *c, const struct alg *encr, struct view key,
			 struct view iv, struct view plain, struct view cipher)
{
	struct view mac_key = test_hex("000102030405060708090a0b0c0d0e0f"
				       "101112131415161718191a1b1c1d1e1f");
	struct view aad = test_hex("0000cafe00000007"), tail = test_hex("00000001");
	struct view covered[] = {aad, iv, cipher, tail};
	uint8_t mac[HASH_SHA2_256_LEN];
	struct sample s = {{0}};

	assert_int_equal(hash_hmac(c, HASH_SHA2_256, mac_key, covered, 4, mac), CYG_OK);
	assert_int_equal(make(encr->id,
			      (uint16_t)(encr->bits[0] ? 8 * (key.len - encr->salt_len) : 0),
			      12, &s.suite),
			 CYG_OK);
	assert_int_equal(key.len, s.suite.encr_len);
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

static void check_cbc(struct crypto *c, struct view key, struct view iv, struct view plain,
		      struct view cipher)
{
	check_cipher(c, alg_by_id(ALG_ENCR, ALG_ENCR_AES_CBC), key, iv, plain, cipher);
}

static void check_older(const struct vector *v, void *ctx)
{
	const struct alg *encr = row_named(ALG_ENCR, vector_text(v, "encr"));
	struct view key = vector_hex(v, "key"), iv = vector_hex(v, "iv"),
		    plain = vector_hex(v, "plain"), cipher = vector_hex(v, "cipher");
	struct reader r = reader_of(iv);
	struct sample s = {{0}};

	test_row(v->row, "%s", encr->name);
	check_cipher(ctx, encr, key, iv, plain, cipher);
	if (encr->form != ALG_FORM_CTR)
		return;
	/* Sealing takes the number for IV, so that it can be compared too. */
	assert_int_equal(make(encr->id, (uint16_t)(8 * (key.len - 4)), 12, &s.suite), CYG_OK);
	memcpy(s.key.encr, key.ptr, key.len);
	memcpy(s.text, plain.ptr, plain.len);
	s.packet = (struct suite_packet){.iv = s.iv,
					 .text = s.text,
					 .len = plain.len,
					 .icv = s.icv};
	assert_int_equal(suite_seal(ctx, &s.suite, &s.key, read_u64(&r), &s.packet), CYG_OK);
	assert_view_equal(view_of(s.text, cipher.len), cipher);
	assert_view_equal(view_of(s.iv, 8), iv);
}

static void older_ciphers_match_published_cases(void **state)
{
	vectors_each("unit/crypto/data/cipher.txt", check_older, *state);
}

/* RFC 2410: the text stays; the check value is what keeps it. */
static void null_leaves_the_text_and_checks_it(void **state)
{
	struct suite s;
	struct sample p;
	uint8_t mac[HASH_LEN_MAX];

	assert_int_equal(make(ALG_ENCR_NULL, 0, 2, &s), CYG_OK);
	sample_init(&p, 15, 32);
	p.suite = s;
	assert_int_equal(suite_seal(*state, &s, &p.key, 7, &p.packet), CYG_OK);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(p.text[i], i);
	struct view covered[] = {p.packet.aad, view_of(p.text, 32), p.packet.tail};
	assert_int_equal(hash_hmac(*state, HASH_SHA1, view_of(p.key.integ, 20), covered, 3,
				   mac),
			 CYG_OK);
	assert_memory_equal(p.icv, mac, 12);
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

static bool ctr_xcbc_once(void *ctx)
{
	return packet_once(ctx, 17);
}

static bool ccm_once(void *ctx)
{
	return packet_once(ctx, 22);
}

static void failing_allocations_leave_nothing(void **state)
{
	test_each_allocation_failing(aead_once, *state, false);
	test_each_allocation_failing(cbc_once, *state, false);
	test_each_allocation_failing(ctr_xcbc_once, *state, false);
	test_each_allocation_failing(ccm_once, *state, false);
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
		cmocka_unit_test(older_ciphers_match_published_cases),
		cmocka_unit_test(null_leaves_the_text_and_checks_it),
		cmocka_unit_test(cbc_seals_under_an_unforeseeable_iv),
		cmocka_unit_test(failing_allocations_leave_nothing),
	};

	fail_inside_libcrypto();
	return cmocka_run_group_tests_name("crypto/suite", tests, open_crypto, close_crypto);
}
