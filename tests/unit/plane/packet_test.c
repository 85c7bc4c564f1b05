/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/packet.h"

#include "crypto/alg.h"
#include "tests/unit/plane/fixture.h"
#include "tests/unit/support/crypto.h"

#include <string.h>

static struct esp_codec codec_of(const struct plane_sa *sa)
{
	struct esp_codec x;
	struct diag why = {0};

	if (esp_codec_init(&x, crypto, sa, &why))
		fail_msg("codec: %s, got %s", why.sentence, why.got);
	return x;
}

/* Both ends of one SA. */
struct ends {
	struct plane_sa sa;
	struct esp_codec out, in;
};

static struct ends make_ends(enum make_alg alg, bool esn)
{
	struct ends e = {.sa = make_sa(SA_OUT, 0x1234, alg, "0.0.0.0/0", "0.0.0.0/0")};

	e.sa.suite.esn = esn;
	e.out = codec_of(&e.sa);
	e.sa.dir = SA_IN;
	e.in = codec_of(&e.sa);
	return e;
}

static void drop_ends(struct ends *e)
{
	esp_codec_done(&e->out);
	esp_codec_done(&e->in);
	drop_sa(&e->sa);
}

/* Seal `len` octets of a pattern into `room`; the ESP packet, whose memory may be changed. */
static uint8_t *seal(struct ends *e, uint64_t sequence, uint8_t next, size_t len,
		     uint8_t room[4096], size_t *ret_len)
{
	uint8_t packet[4096 + ESP_BEHIND], before[sizeof(packet)];

	for (size_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)(i * 11 + 3);
	memcpy(before, packet, sizeof(packet));
	*ret_len = esp_headroom(&e->out) + len + esp_tailroom(&e->out, len);
	room[*ret_len] = 0xa5;
	assert_int_equal(esp_seal(&e->out, sequence, next, packet, len, room), CYG_OK);
	assert_int_equal(esp_sealed_len(&e->out, len), *ret_len);
	assert_int_equal(room[*ret_len], 0xa5);
	assert_memory_equal(packet, before, sizeof(packet));
	return room;
}

/*
 * AES-GCM packets of draft-mcgrew-gcm-test-01, and
 * RFC 7634 A. The text includes padding and trailer.
 */
static const struct vector {
	const char *key, *salt, *packet, *payload;
	uint16_t encr, bits;
	uint64_t sequence;
	uint32_t spi;
	bool esn;
	uint8_t next;
} vectors[] = {
	{"feffe9928665731c6d6a8f9467308308", "cafebabe",
	 "0000a5f80000000afacedbaddecaf888deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
	 "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a",
	 "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373697009637962"
	 "65726369747902646b0000010001",
	 ALG_ENCR_AES_GCM_16, 128, 10, 0xa5f8, false, 1},
	{"abbccddef00112233445566778899aababbccddef00112233445566778899aab", "11223344",
	 "4a2cbfe3000000020102030405060708ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
	 "748a637985771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96",
	 "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401010402",
	 ALG_ENCR_AES_GCM_16, 256, 2, 0x4a2cbfe3, false, 1},
	{"3de09874b388e6491988d0c3607eae1f", "57690e43",
	 "42f67e3f101010104e280000a2fca1a3fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c357917"
	 "65acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d0d1f5e22739530320ae0d731cc978ecafaeae88f00e80d6e48",
	 "4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f7071727374"
	 "757677616263646566676869",
	 ALG_ENCR_AES_GCM_16, 128, 0x1010101010101010, 0x42f67e3f, true, 1},
	{"7d773d00c144c525ac619d18c84a3f47", "d9664267",
	 "335467aeffffffff43457e9182443bc6437f866bcb3f699fe9b0822bac961c4504bef270", "",
	 ALG_ENCR_AES_GCM_16, 128, 0xffffffff, 0x335467ae, false, 1},
	{"6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961", "7475726e",
	 "796b6963ffffffff333021696765746df97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a86"
	 "4cd3d78ca4ae68a32b42458fb57dbe821dcc63b9d0937ba2945f669368661a329fb4c053",
	 "45000030da3a00008001df3bc0a80005c0a800010800c6cd02000700616263646566676869 6a6b6c6d6e6f7071727374",
	 ALG_ENCR_AES_GCM_16, 256, UINT64_MAX, 0x796b6963, true, 1},
	{"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "a0a1a2a3",
	 "010203040000000510111213141516172403942 8b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
	 "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da"
	 "9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43",
	 "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f10111213"
	 "1415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
	 ALG_ENCR_CHACHA20_POLY1305, 0, 5, 0x01020304, false, 4},
};

/* As published: an SA of one vector. */
static struct plane_sa sa_of_vector(const struct vector *v)
{
	struct view key = test_hex(v->key), salt = test_hex(v->salt);
	struct plane_sa sa = {.dir = SA_IN,
			      .spi = v->spi,
			      .suite = {.encr = v->encr, .key_bits = v->bits, .esn = v->esn}};

	memcpy(sa.encr_key, key.ptr, key.len);
	memcpy(sa.encr_key + key.len, salt.ptr, salt.len);
	sa.encr_key_len = (uint8_t)(key.len + salt.len);
	return sa;
}

static void published_packets_open(void **state)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct plane_sa sa = sa_of_vector(v);
		struct esp_codec x = codec_of(&sa);
		struct view packet = test_hex(v->packet), payload;
		uint32_t spi, low;
		uint8_t next, copy[4096];

		test_row(i, "SPI %#x", v->spi);
		memcpy(copy, packet.ptr, packet.len);
		assert_true(esp_peek(packet, &spi, &low));
		assert_int_equal(spi, v->spi);
		assert_int_equal(low, (uint32_t)v->sequence);
		assert_int_equal(esp_open(&x, v->sequence, copy, packet.len, &payload, &next),
				 ESP_OK);
		assert_view_equal(payload, test_hex(v->payload));
		assert_int_equal(next, v->next);
		esp_codec_done(&x);
	}
}

static void published_packets_under_another_number_do_not(void **state)
{
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct plane_sa sa = sa_of_vector(v);
		struct esp_codec x = codec_of(&sa);
		struct view packet = test_hex(v->packet), payload;
		uint8_t next, copy[4096];

		test_row(i, "SPI %#x", v->spi);
		memcpy(copy, packet.ptr, packet.len);
		assert_int_equal(esp_open(&x, v->sequence ^ UINT64_C(1) << (v->esn ? 40 : 20),
					  copy, packet.len, &payload, &next),
				 ESP_BAD_AUTH);
		esp_codec_done(&x);
	}
}

static void whatever_is_sealed_opens(void **state)
{
	static const uint64_t sequences[] = {1, 2, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};

	for (int alg = 0; alg < MAKE_ALGS; alg++) {
		for (int esn = 0; esn < 2; esn++) {
			struct ends e = make_ends((enum make_alg)alg, esn);

			for (size_t i = 0; i < COUNT_OF(sequences); i++) {
				for (size_t len = 0; len < 70; len++) {
					uint64_t n = esn ? sequences[i]
							 : (uint32_t)sequences[i];
					uint8_t room[4096], next, *esp;
					struct view payload;
					size_t esp_len;

					esp = seal(&e, n, ESP_NEXT_IPV6, len, room, &esp_len);
					assert_int_equal((esp_len - esp_headroom(&e.out) -
							  e.out.suite.icv_len) %
								 e.out.align,
							 0);
					assert_int_equal(esp_open(&e.in, n, esp, esp_len,
								  &payload, &next),
							 ESP_OK);
					assert_int_equal(payload.len, len);
					assert_int_equal(next, ESP_NEXT_IPV6);
					for (size_t k = 0; k < len; k++)
						assert_int_equal(payload.ptr[k],
								 (uint8_t)(k * 11 + 3));
				}
			}
			drop_ends(&e);
		}
	}
}

/* Every bit of a packet counts. */
static void no_flipped_bit_passes(void **state)
{
	for (int alg = 0; alg < MAKE_ALGS; alg++) {
		struct ends e = make_ends((enum make_alg)alg, true);
		uint8_t room[4096], work[4096], next, *esp;
		struct view payload;
		size_t len;

		esp = seal(&e, 77, ESP_NEXT_IPV4, 40, room, &len);
		for (size_t bit = 64; bit < len * 8;
		     bit++) { /* header bits are in the next test */
			memcpy(work, esp, len);
			work[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (esp_open(&e.in, 77, work, len, &payload, &next) != ESP_BAD_AUTH)
				fail_msg("algorithm %d, bit %zu", alg, bit);
		}
		/* The header is authentic by SPI and number, which the caller takes from it. */
		memcpy(work, esp, len);
		assert_int_equal(esp_open(&e.in, 78, work, len, &payload, &next), ESP_BAD_AUTH);
		memcpy(work, esp, len);
		assert_int_equal(esp_open(&e.in, 77 + (UINT64_C(1) << 32), work, len, &payload,
					  &next),
				 ESP_BAD_AUTH);
		memcpy(work, esp, len);
		e.in.spi ^= 1;
		assert_int_equal(esp_open(&e.in, 77, work, len, &payload, &next), ESP_BAD_AUTH);
		drop_ends(&e);
	}
}

static void short_packets_are_refused(void **state)
{
	for (int alg = 0; alg < MAKE_ALGS; alg++) {
		struct ends e = make_ends((enum make_alg)alg, false);
		uint8_t room[4096], work[4096], next, *esp;
		struct view payload;
		size_t len;

		esp = seal(&e, 1, ESP_NEXT_IPV4, 100, room, &len);
		for (size_t cut = 0; cut < len; cut++) {
			enum esp_verdict v;

			memcpy(work, esp, cut);
			v = esp_open(&e.in, 1, work, cut, &payload, &next);
			if (v != ESP_SHORT && v != ESP_BAD_AUTH)
				fail_msg("algorithm %d, %zu of %zu octets: %d", alg, cut, len,
					 v);
			if (cut <= esp_headroom(&e.in) + e.in.suite.icv_len && v != ESP_SHORT)
				fail_msg("algorithm %d, %zu octets should be short", alg, cut);
		}
		drop_ends(&e);
	}
}

static void peeking_needs_eight_octets(void **state)
{
	uint8_t octets[8] = {0, 0, 1, 2, 0, 0, 0, 9};
	uint32_t spi = 0, low = 0;

	for (size_t len = 0; len < 8; len++)
		assert_false(esp_peek(view_of(octets, len), &spi, &low));
	assert_true(esp_peek(view_of(octets, 8), &spi, &low));
	assert_int_equal(spi, 0x102);
	assert_int_equal(low, 9);
}

/* Seal text of our own making, trailer and all, by the suite itself. */
static size_t seal_raw(const struct plane_sa *sa, const uint8_t *text, size_t text_len,
		       uint8_t *esp)
{
	struct suite suite;
	struct suite_key key = {0};
	uint8_t aad[8] = {0, 0, 0x12, 0x34, 0, 0, 0, 1};
	struct suite_packet p = {.aad = view_of(aad, 8)};
	size_t head;

	assert_int_equal(suite_make(alg_by_id(ALG_ENCR, sa->suite.encr), sa->suite.key_bits,
				    sa->suite.integ ? alg_by_id(ALG_INTEG, sa->suite.integ)
						    : NULL,
				    ALG_FOR_ESP, &suite),
			 CYG_OK);
	memcpy(key.encr, sa->encr_key, sa->encr_key_len);
	memcpy(key.integ, sa->integ_key, sa->integ_key_len);
	head = ESP_HEADER + suite.iv_len;
	memcpy(esp, aad, 8);
	memcpy(esp + head, text, text_len);
	p.iv = esp + ESP_HEADER;
	p.text = esp + head;
	p.len = text_len;
	p.icv = esp + head + text_len;
	assert_int_equal(suite_seal(crypto, &suite, &key, 1, &p), CYG_OK);
	return head + text_len + suite.icv_len;
}

/* RFC 4303 2.4: what is authentic may still be wrongly padded. */
static void bad_padding_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum esp_verdict verdict;
		size_t payload;
	} rows[] = {
		{"aabbccdd0102030405060708090a0b0c 0102030405060708090a0b0c0d0e0e04", ESP_OK,
		 16},
		{"aabbccdd0102030405060708090a0b0c aaaaaaaaaaaaaaaaaaaaaaaaaaaa0004", ESP_OK,
		 30},
		{"0102030405060708090a0b0c0d0e0f10 1112131415161718191a1b1c1d1e1e3b", ESP_OK,
		 0},
		{"0102030405060708090a0b0c0d0e0f10 1112131415161718191a1b1c1d1e1f04",
		 ESP_BAD_PAD, 0},
		{"0102030405060708090a0b0c0d0e0f10 1112131415161718191a1b1c1d1eff04",
		 ESP_BAD_PAD, 0},
		{"aabbccdd0102030405060708090a0b0c 000000000000000000000000000e0e04",
		 ESP_BAD_PAD, 0},
		{"aabbccdd0102030405060708090a0b0c 0102030405060708090a0b0c0d0f0e04",
		 ESP_BAD_PAD, 0},
		{"aabbccdd0102030405060708090a0b0c 0202030405060708090a0b0c0d0e0e04",
		 ESP_BAD_PAD, 0},
	};

	for (int alg = 0; alg < MAKE_ALGS; alg++) {
		struct ends e = make_ends((enum make_alg)alg, false);

		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			struct view text = test_hex(rows[i].text), payload = {0};
			uint8_t esp[256], next;
			size_t len = seal_raw(&e.sa, text.ptr, text.len, esp);

			test_row(i, "algorithm %d: %s", alg, rows[i].text);
			assert_int_equal(esp_open(&e.in, 1, esp, len, &payload, &next),
					 rows[i].verdict);
			assert_int_equal(payload.len, rows[i].payload);
		}
		drop_ends(&e);
	}
}

static void room_is_what_it_says(void **state)
{
	for (int alg = 0; alg < MAKE_ALGS; alg++) {
		struct ends e = make_ends((enum make_alg)alg, false);

		for (size_t room = 0; room < 1600; room++) {
			size_t most = esp_payload_max(&e.out, room);

			if (most &&
			    esp_headroom(&e.out) + most + esp_tailroom(&e.out, most) > room)
				fail_msg("algorithm %d: %zu octets do not fit %zu", alg, most,
					 room);
			if (esp_headroom(&e.out) + most + 1 + esp_tailroom(&e.out, most + 1) <=
			    room)
				fail_msg("algorithm %d: more than %zu octets fit %zu", alg,
					 most, room);
		}
		assert_true(esp_headroom(&e.out) <= ESP_HEADROOM_MAX);
		for (size_t len = 0; len < 64; len++)
			assert_true(esp_tailroom(&e.out, len) <= ESP_TAILROOM_MAX);
		drop_ends(&e);
	}
}

static void bad_sas_are_refused(void **state)
{
	static const struct {
		uint32_t spi;
		uint16_t encr, bits, integ;
		uint8_t encr_len, integ_len;
		enum cyg_err err;
	} rows[] = {
		{0, ALG_ENCR_AES_GCM_16, 128, 0, 20, 0, CYG_RANGE},
		{1, ALG_ENCR_AES_GCM_16, 128, 0, 20, 0, CYG_RANGE},
		{255, ALG_ENCR_AES_GCM_16, 128, 0, 20, 0, CYG_RANGE},
		{256, ALG_ENCR_AES_GCM_16, 128, 0, 20, 0, CYG_OK},
		{256, ALG_ENCR_AES_GCM_16, 128, 0, 16, 0, CYG_RANGE},
		{256, ALG_ENCR_AES_GCM_16, 128, 0, 20, 1, CYG_RANGE},
		{256, ALG_ENCR_AES_GCM_16, 100, 0, 20, 0, CYG_RANGE},
		{256, ALG_ENCR_AES_GCM_16, 128, ALG_INTEG_HMAC_SHA2_256_128, 20, 32,
		 CYG_CONFLICT},
		{256, ALG_ENCR_AES_CBC, 128, 0, 16, 0, CYG_CONFLICT},
		{256, ALG_ENCR_NULL, 0, 0, 0, 0, CYG_CONFLICT},
		{256, 4711, 128, 0, 20, 0, CYG_UNSUPPORTED},
		{256, ALG_ENCR_AES_CBC, 128, 4711, 16, 32, CYG_UNSUPPORTED},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = {.dir = SA_IN,
				      .spi = rows[i].spi,
				      .suite = {.encr = rows[i].encr,
						.key_bits = rows[i].bits,
						.integ = rows[i].integ},
				      .encr_key_len = rows[i].encr_len,
				      .integ_key_len = rows[i].integ_len};
		struct esp_codec x = {0};
		struct diag why = {0};

		test_row(i, "%s", cyg_err_name(rows[i].err));
		assert_int_equal(esp_codec_init(&x, crypto, &sa, &why), rows[i].err);
		assert_int_equal(diag_is_set(&why), rows[i].err != CYG_OK);
		esp_codec_done(&x);
	}
	esp_codec_done(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_packets_open),
		cmocka_unit_test(published_packets_under_another_number_do_not),
		cmocka_unit_test(whatever_is_sealed_opens),
		cmocka_unit_test(no_flipped_bit_passes),
		cmocka_unit_test(short_packets_are_refused),
		cmocka_unit_test(peeking_needs_eight_octets),
		cmocka_unit_test(bad_padding_is_refused),
		cmocka_unit_test(room_is_what_it_says),
		cmocka_unit_test(bad_sas_are_refused),
	};

	return cmocka_run_group_tests_name("plane/packet", tests, crypto_set_up,
					   crypto_tear_down);
}
