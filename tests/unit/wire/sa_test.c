/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sa.h"

#include "crypto/alg.h"
#include "tests/unit/wire/wire_test.h"

/* Transforms, with the last mark first: M more, L last. */
#define M_GCM "0300000c 01000014 800e0100"
#define L_GCM "0000000c 01000014 800e0100"
#define M_PRF "03000008 02000005"
#define M_KE "03000008 0400001f"
#define L_KE "00000008 0400001f"
#define L_ESN "00000008 05000000"

/* An IKE proposal number 1 that is the last one: 8 + 12 + 8 + 8 = 36 octets. */
#define IKE_ONE "00000024 01010003" M_GCM M_PRF L_KE
/* ESP number 1: 8 + 4 + 12 + 8 = 32 octets. */
#define ESP_ONE "00000020 01030402 c1020304" M_GCM L_ESN

static const struct {
	const char *what;
	enum sa_kind kind;
	const char *hex;
	uint32_t offset; /* in the message: the body begins at 32 */
} refused[] = {
	{"nothing", SA_OFFER, "", 28},
	{"half a proposal header", SA_OFFER, "00000024 010100", 32},
	{"proposal length 0", SA_OFFER, "00000000 01010003" M_GCM M_PRF L_KE, 32},
	{"proposal length 7", SA_OFFER, "00000007 01010003" M_GCM M_PRF L_KE, 32},
	{"proposal length past the end", SA_OFFER, "00000025 01010003" M_GCM M_PRF L_KE, 32},
	{"proposal length 65535", SA_OFFER, "0000ffff 01010003" M_GCM M_PRF L_KE, 32},
	{"SPI longer than the proposal", SA_OFFER, "00000024 0101ff03" M_GCM M_PRF L_KE, 32},
	{"last mark on the first of two", SA_OFFER, IKE_ONE IKE_ONE, 32},
	{"more mark on the last", SA_OFFER, "02000024 01010003" M_GCM M_PRF L_KE, 32},
	{"last mark 1", SA_OFFER, "01000024 01010003" M_GCM M_PRF L_KE, 32},
	{"number 0", SA_OFFER, "00000024 00010003" M_GCM M_PRF L_KE, 32},
	{"first number 2", SA_OFFER, "00000024 02010003" M_GCM M_PRF L_KE, 32},
	{"numbers 1, 1", SA_OFFER, "02000014 01010001" L_GCM "00000014 01010001" L_GCM, 52},
	{"numbers 1, 3", SA_OFFER, "02000014 01010001" L_GCM "00000014 03010001" L_GCM, 52},
	{"no transforms", SA_OFFER, "00000008 01010000", 32},
	{"transforms but a count of 0", SA_OFFER, "00000024 01010000" M_GCM M_PRF L_KE, 32},
	{"one transform fewer than counted", SA_OFFER, "00000024 01010004" M_GCM M_PRF M_KE,
	 40},
	{"one transform more than counted", SA_OFFER, "00000024 01010002" M_GCM M_PRF L_KE, 52},
	{"a whole transform behind the last", SA_OFFER, "0000001c 01010001" L_GCM L_KE, 40},
	{"protocol 0", SA_OFFER, "00000024 01000003" M_GCM M_PRF L_KE, 32},
	{"IKE with an SPI of 4", SA_OFFER, "00000018 01010401 c1020304" L_GCM, 32},
	{"IKE with an SPI of 16", SA_OFFER,
	 "00000024 01011001 00000000000000000000000000000001" L_GCM, 32},
	{"IKE with an SPI of zero", SA_OFFER, "0000001c 01010801 0000000000000000" L_GCM, 32},
	{"ESP without SPI", SA_OFFER, "00000014 01030001" L_GCM, 32},
	{"ESP with an SPI of 8", SA_OFFER, "0000001c 01030801 0102030405060708" L_GCM, 32},
	{"ESP with an SPI of 2", SA_OFFER, "00000016 01030201 c102" L_GCM, 32},
	{"AH with an SPI of 1", SA_OFFER, "00000015 01020101 c1" L_GCM, 32},
	{"ESP with SPI 0", SA_OFFER, "00000018 01030401 00000000" L_GCM, 32},
	{"ESP with SPI 255", SA_OFFER, "00000018 01030401 000000ff" L_GCM, 32},
	{"transform length 0", SA_OFFER, "00000010 01010001 00000000 01000014", 40},
	{"transform length 7", SA_OFFER, "00000010 01010001 00000007 01000014", 40},
	{"transform length past its proposal", SA_OFFER, "00000010 01010001 00000009 01000014",
	 40},
	{"last mark on the first transform", SA_OFFER, "0000001c 01010002" L_GCM L_KE, 40},
	{"more mark on the last transform", SA_OFFER, "0000001c 01010002" M_GCM M_KE, 52},
	{"transform mark 2", SA_OFFER, "0000001c 01010002 02000008 02000005" L_GCM, 40},
	{"half an attribute", SA_OFFER, "00000012 01010001 0000000a 01000014 800e", 40},
	{"attribute past its transform", SA_OFFER,
	 "00000016 01010001 0000000e 01000014 00630003 aabb", 40},
	{"Key Length in the long form", SA_OFFER,
	 "00000016 01010001 0000000e 01000014 000e0002 0100", 40},
	{"Key Length in the long form, empty", SA_OFFER,
	 "00000014 01010001 0000000c 01000014 000e0000", 40},
	{"two Key Lengths", SA_OFFER, "00000018 01010001 00000010 01000014 800e0100 800e0080",
	 40},
	{"answer with two proposals", SA_ANSWER,
	 "02000014 01010001" L_GCM "00000014 02010001" L_GCM, 32},
	{"answer with number 0", SA_ANSWER, "00000014 00010001" L_GCM, 32},
	{"answer with two of one type", SA_ANSWER, "00000020 01010002" M_GCM L_GCM, 52},
};

static void bad_payloads_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct payload p = payload_hex(PAYLOAD_SA, refused[i].hex);
		struct sa_payload sa = {.proposals = 77};
		struct diag why;

		test_row(i, "%s", refused[i].what);
		assert_refusal(sa_parse(&p, refused[i].kind, &sa, &why), CYG_MALFORMED, &why);
		assert_int_equal(why.offset, refused[i].offset);
		assert_string_equal(why.code, "malformed-sa");
		assert_int_equal(sa.proposals, 77);
	}
}

static void every_cut_is_refused(void **state)
{
	static const char *const rows[] = {IKE_ONE, ESP_ONE};
	struct sa_payload sa;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct payload p = payload_hex(PAYLOAD_SA, rows[i]);

		assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
		while (p.body.len--) {
			test_row(i, "%zu octets", p.body.len);
			assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_MALFORMED);
		}
	}
}

/* A payload of `count` proposals, each with one transform, numbered from 1, wrapping. */
static struct view many_proposals(unsigned count, uint8_t *out, size_t cap)
{
	struct builder b = builder_of(out, cap);

	for (unsigned i = 1; i <= count; i++) {
		build_u16(&b, i < count ? 0x0200 : 0);
		build_u16(&b, 16);
		build_u32(&b, (i & 0xff) << 24 | PROTOCOL_IKE << 16 | 1);
		build_u64(&b, UINT64_C(0x0000000802000005));
	}
	assert_false(b.bad);
	return build_done(&b);
}

static void numbers_end_at_255(void **state)
{
	static uint8_t out[70000];
	struct payload p = payload_view(PAYLOAD_SA, many_proposals(255, out, sizeof(out)));
	struct sa_payload sa;
	static struct sa_list list;
	struct diag why;

	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa.proposals, 255);
	assert_int_equal(sa.transforms, 255);
	assert_refusal(sa_collect(&sa, &list, &why), CYG_LIMIT, &why);
	p.body = many_proposals(256, out, sizeof(out));
	assert_refusal(sa_parse(&p, SA_OFFER, &sa, &why), CYG_MALFORMED, &why);
	p.body = many_proposals(4000, out, sizeof(out));
	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_MALFORMED);
}

/* One proposal of `count` transforms, all alike. */
static struct view many_transforms(unsigned count, uint8_t *out, size_t cap)
{
	struct builder b = builder_of(out, cap);
	struct sa_builder s = sa_begin(&b);

	sa_add_proposal(&s, 1, PROTOCOL_IKE, view_of(NULL, 0));
	for (unsigned i = 0; i < count; i++)
		sa_add_transform(&s, ALG_KE, (uint16_t)i, 0);
	sa_end(&s);
	assert_false(b.bad);
	return build_done(&b);
}

static void collecting_stops_at_its_bounds(void **state)
{
	static uint8_t out[70000];
	struct builder b = builder_of(out, sizeof(out));
	struct sa_builder s = sa_begin(&b);
	static struct sa_list list;
	struct sa_payload sa;
	struct payload p;

	p = payload_view(PAYLOAD_SA, many_proposals(SA_PROPOSALS_MAX, out, sizeof(out)));
	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa_collect(&sa, &list, NULL), CYG_OK);
	assert_int_equal(list.proposals_len, SA_PROPOSALS_MAX);
	p.body = many_proposals(SA_PROPOSALS_MAX + 1, out, sizeof(out));
	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa_collect(&sa, &list, NULL), CYG_LIMIT);
	p.body = many_transforms(255, out, sizeof(out));
	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa_collect(&sa, &list, NULL), CYG_OK);
	assert_int_equal(list.transforms_len, 255);
	for (unsigned i = 1; i <= 2; i++) {
		sa_add_proposal(&s, (uint8_t)i, PROTOCOL_IKE, view_of(NULL, 0));
		for (unsigned j = 0; j < 129; j++)
			sa_add_transform(&s, ALG_KE, (uint16_t)j, 0);
	}
	sa_end(&s);
	p.body = build_done(&b);
	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa_collect(&sa, &list, NULL), CYG_LIMIT);
}

static void walks_give_what_was_sent(void **state)
{
	struct payload p = payload_hex(PAYLOAD_SA, IKE_ONE);
	struct sa_payload sa;
	struct sa_proposal proposal;
	struct sa_transform t;
	struct reader walk, inner;
	static const struct sa_transform want[] = {
		{ALG_ENCR, ALG_ENCR_AES_GCM_16, 256, false},
		{ALG_PRF, ALG_PRF_HMAC_SHA2_256, 0, false},
		{ALG_KE, ALG_KE_X25519, 0, false},
	};

	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa.proposals, 1);
	assert_int_equal(sa.transforms, 3);
	walk = sa_walk(&sa);
	assert_true(sa_next_proposal(&walk, &proposal));
	assert_int_equal(proposal.number, 1);
	assert_int_equal(proposal.protocol, PROTOCOL_IKE);
	assert_int_equal(proposal.transforms, 3);
	assert_int_equal(sa_proposal_spi(&proposal), 0);
	inner = proposal_walk(&proposal);
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		assert_true(proposal_next_transform(&inner, &t));
		assert_int_equal(t.type, want[i].type);
		assert_int_equal(t.id, want[i].id);
		assert_int_equal(t.key_bits, want[i].key_bits);
		assert_false(t.unusable);
	}
	assert_false(proposal_next_transform(&inner, &t));
	assert_false(sa_next_proposal(&walk, &proposal));
}

static void spis_are_numbers(void **state)
{
	struct payload p = payload_hex(PAYLOAD_SA, ESP_ONE);
	struct sa_payload sa;
	struct sa_proposal proposal;
	struct reader walk;

	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	walk = sa_walk(&sa);
	assert_true(sa_next_proposal(&walk, &proposal));
	assert_int_equal(sa_proposal_spi(&proposal), 0xc1020304);
	p = payload_hex(PAYLOAD_SA, "0000001c 01010801 0102030405060708" L_GCM);
	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	walk = sa_walk(&sa);
	assert_true(sa_next_proposal(&walk, &proposal));
	assert_true(sa_proposal_spi(&proposal) == 0x0102030405060708);
}

/* RFC 7296 3.3.6: what is not understood is not chosen, and spoils nothing else. */
static void transforms_not_understood_are_unusable(void **state)
{
	static const struct {
		const char *what, *hex;
		uint16_t key_bits;
		bool unusable;
	} rows[] = {
		{"Key Length 0", "00000014 01010001 0000000c 01000014 800e0000", 0, true},
		{"Key Length 255", "00000014 01010001 0000000c 01000014 800e00ff", 255, false},
		{"unknown short attribute", "00000014 01010001 0000000c 01000014 80630001", 0,
		 true},
		{"unknown long attribute", "00000016 01010001 0000000e 01000014 00630002 aabb",
		 0, true},
		{"unknown empty attribute", "00000014 01010001 0000000c 01000014 00630000", 0,
		 true},
		{"Key Length and an unknown one",
		 "00000018 01010001 00000010 01000014 800e0080 80630001", 128, true},
		{"unknown type and id", "00000010 01010001 00000008 ff00ffff", 0, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct payload p = payload_hex(PAYLOAD_SA, rows[i].hex);
		struct sa_payload sa;
		static struct sa_list list;

		test_row(i, "%s", rows[i].what);
		assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
		assert_int_equal(sa_collect(&sa, &list, NULL), CYG_OK);
		assert_int_equal(list.transforms[0].key_bits, rows[i].key_bits);
		assert_int_equal(list.transforms[0].unusable, rows[i].unusable);
	}
}

static void an_answer_keeps_the_accepted_number(void **state)
{
	struct payload p = payload_hex(PAYLOAD_SA, "00000024 07010003" M_GCM M_PRF L_KE);
	struct sa_payload sa;
	struct sa_proposal proposal;
	struct reader walk;

	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_MALFORMED);
	assert_int_equal(sa_parse(&p, SA_ANSWER, &sa, NULL), CYG_OK);
	walk = sa_walk(&sa);
	assert_true(sa_next_proposal(&walk, &proposal));
	assert_int_equal(proposal.number, 7);
}

static void proposals_are_for_one_use(void **state)
{
	static const struct {
		const char *what, *hex;
		bool use[3]; /* by enum sa_use */
	} rows[] = {
		{"IKE", IKE_ONE, {true, false, false}},
		{"IKE with SPI",
		 "0000001c 01010801 0102030405060708" L_GCM,
		 {false, true, false}},
		{"ESP", ESP_ONE, {false, false, true}},
		{"AH", "00000018 01020401 c1020304" L_GCM, {false, false, true}},
		{"unknown protocol", "00000014 01c80001" L_GCM, {true, true, true}},
		{"ESP, then IKE",
		 "02000018 01030401 c1020304" L_GCM "00000014 02010001" L_GCM,
		 {false, false, false}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct payload p = payload_hex(PAYLOAD_SA, rows[i].hex);
		struct sa_payload sa;
		struct diag why;

		test_row(i, "%s", rows[i].what);
		assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
		for (enum sa_use use = SA_FOR_IKE; use <= SA_FOR_CHILD; use++) {
			enum cyg_err err = sa_check_use(&sa, use, &why);

			assert_int_equal(err == CYG_OK, rows[i].use[use]);
			if (err)
				assert_refusal(err, CYG_MALFORMED, &why);
		}
	}
}

static void the_proposal_for_another_use_is_told(void **state)
{
	struct payload p = payload_hex(PAYLOAD_SA, "02000018 01030401 c1020304" L_GCM
						   "00000014 02010001" L_GCM);
	struct sa_payload sa;
	struct diag why;

	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_refusal(sa_check_use(&sa, SA_FOR_CHILD, &why), CYG_MALFORMED, &why);
	assert_int_equal(why.offset, 32 + 24);
	assert_string_equal(why.wanted, "AH or ESP");
	assert_refusal(sa_check_use(&sa, SA_FOR_IKE, &why), CYG_MALFORMED, &why);
	assert_int_equal(why.offset, 32);
}

/* The laws: what is canonical is rebuilt octet by octet, and the lists are the same. */
static void canonical_payloads_go_both_ways(void **state)
{
	static const struct {
		enum sa_kind kind;
		const char *hex;
	} rows[] = {
		{SA_OFFER, IKE_ONE},
		{SA_OFFER, ESP_ONE},
		{SA_ANSWER, "00000024 07010003" M_GCM M_PRF L_KE},
		{SA_OFFER, "0000001c 01010801 0102030405060708" L_GCM},
		{SA_OFFER, "02000014 01010001" L_GCM "02000014 02010001" L_GCM
			   "0000001c 03010002" M_GCM L_KE},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct payload p = payload_hex(PAYLOAD_SA, rows[i].hex);
		struct sa_payload sa;
		static struct sa_list list;
		uint8_t out[256];
		struct builder b = builder_of(out, sizeof(out));

		test_row(i, "%s", rows[i].hex);
		assert_int_equal(sa_parse(&p, rows[i].kind, &sa, NULL), CYG_OK);
		assert_int_equal(sa_collect(&sa, &list, NULL), CYG_OK);
		sa_build(&b, &list);
		assert_view_equal(build_done(&b), p.body);
	}
}

static void builders_stop_at_the_end_of_their_room(void **state)
{
	struct payload p = payload_hex(PAYLOAD_SA, IKE_ONE);
	struct sa_payload sa;
	static struct sa_list list;
	uint8_t out[64];

	assert_int_equal(sa_parse(&p, SA_OFFER, &sa, NULL), CYG_OK);
	assert_int_equal(sa_collect(&sa, &list, NULL), CYG_OK);
	for (size_t cap = 0; cap < p.body.len; cap++) {
		struct builder b = builder_of(out, cap);

		out[cap] = 0xee;
		sa_build(&b, &list);
		assert_true(b.bad);
		assert_int_equal(out[cap], 0xee);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_payloads_are_refused),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(numbers_end_at_255),
		cmocka_unit_test(collecting_stops_at_its_bounds),
		cmocka_unit_test(walks_give_what_was_sent),
		cmocka_unit_test(spis_are_numbers),
		cmocka_unit_test(transforms_not_understood_are_unusable),
		cmocka_unit_test(an_answer_keeps_the_accepted_number),
		cmocka_unit_test(proposals_are_for_one_use),
		cmocka_unit_test(the_proposal_for_another_use_is_told),
		cmocka_unit_test(canonical_payloads_go_both_ways),
		cmocka_unit_test(builders_stop_at_the_end_of_their_room),
	};

	return RUN_TESTS("wire/sa", tests);
}
