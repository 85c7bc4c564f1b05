/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/proposal.h"

#include "crypto/alg.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static const struct proposals *defaults(enum protocol protocol)
{
	const struct proposals *p;

	assert_int_equal(proposals_default(protocol, &p), CYG_OK);
	return p;
}

static void no_defaults_for_others(void **state)
{
	const struct proposals *p = NULL;

	assert_int_equal(proposals_default(PROTO_NONE, &p), CYG_UNSUPPORTED);
	assert_int_equal(proposals_default((enum protocol)4, &p), CYG_UNSUPPORTED);
	assert_null(p);
}

/* What nobody chose is never weak, is built, has each kind, and never mixes AEAD with the rest. */
static void defaults_are_strong_and_whole(void **state)
{
	static const enum protocol protocols[] = {PROTO_IKE, PROTO_ESP};

	for (size_t n = 0; n < COUNT_OF(protocols); n++) {
		const struct proposals *p = defaults(protocols[n]);
		unsigned use = protocols[n] == PROTO_IKE ? ALG_FOR_IKE : ALG_FOR_ESP;

		for (size_t i = 0; i < p->len; i++) {
			unsigned kinds = 0, aead = 0, other = 0;

			for (size_t j = 0; j < p->items[i].len; j++) {
				const struct transform *t = &p->items[i].transforms[j];
				const struct alg *a = alg_by_id(t->kind, t->id);

				assert_non_null(a);
				assert_null(alg_refusal(a, use));
				assert_int_equal(a->strength, ALG_STRONG);
				assert_true(alg_bits_ok(a, t->key_bits));
				kinds |= 1u << t->kind;
				aead += t->kind == ALG_ENCR && a->aead;
				other += t->kind == ALG_ENCR && !a->aead;
			}
			assert_true(!aead != !other);
			assert_int_equal(!(kinds & 1u << ALG_INTEG), aead > 0);
			assert_int_equal(!!(kinds & 1u << ALG_PRF), protocols[n] == PROTO_IKE);
			assert_int_equal(!!(kinds & 1u << ALG_ESN), protocols[n] == PROTO_ESP);
			assert_true(kinds & 1u << ALG_KE);
		}
	}
}

/* An SA payload as RFC 7296 3.3 lays it out; IKE_SA_INIT must stay far below a small MTU. */
static void the_default_offer_is_small(void **state)
{
	const struct proposals *p = defaults(PROTO_IKE);
	size_t octets = 4;

	for (size_t i = 0; i < p->len; i++) {
		octets += 8;
		for (size_t j = 0; j < p->items[i].len; j++)
			octets += p->items[i].transforms[j].key_bits ? 12 : 8;
	}
	assert_in_range(octets, 100, 400);
}

/* What strongSwan, Libreswan and OpenIKED offer by default has something for us. */
static void defaults_meet_those_of_others(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *theirs, *chosen;
	} rows[] = {
		{PROTO_IKE, "aes128-sha256-modp3072",
		 "AES_CBC_128-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP3072"},
		{PROTO_IKE,
		 "aes128-aes192-aes256-sha256-sha384-sha512-ecp256-ecp384-ecp521-x25519-x448-modp3072-modp2048,"
		 "aes128gcm16-aes256gcm16-chacha20poly1305-prfsha256-prfsha384-prfsha512-ecp256-x25519-modp2048",
		 "AES_GCM_16_256-HMAC_SHA2_512-X25519"},
		{PROTO_IKE,
		 "aes_gcm_16_256+aes_gcm_16_128-sha2_512+sha2_256-dh19+dh20+dh21+dh31+modp4096+modp3072+modp2048",
		 "AES_GCM_16_256-HMAC_SHA2_512-X25519"},
		{PROTO_IKE, "aes256-aes128-sha512-sha256-modp2048-x25519",
		 "AES_CBC_256-HMAC_SHA2_512-HMAC_SHA2_512_256-X25519"},
		{PROTO_ESP, "aes128-sha256-modp2048-none",
		 "AES_CBC_128-HMAC_SHA2_256_128-ESN_YES"},
		{PROTO_ESP, "aes_gcm128-noesn", "AES_GCM_16_128"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct proposals *theirs;
		struct chosen c;
		char text[256];

		test_row(i, "%s", rows[i].theirs);
		assert_int_equal(proposals_parse(rows[i].theirs, rows[i].protocol, &theirs,
						 NULL),
				 CYG_OK);
		assert_int_equal(proposals_select(defaults(rows[i].protocol), theirs->items,
						  theirs->len, rows[i].protocol == PROTO_ESP,
						  &c, NULL),
				 CYG_OK);
		assert_string_equal(chosen_print(&c, text, sizeof(text)), rows[i].chosen);
		proposals_unref(theirs);
	}
}

static void sharing_and_comparing(void **state)
{
	const struct proposals *a, *b, *c;

	assert_int_equal(proposals_parse("aes256-sha256", PROTO_IKE, &a, NULL), CYG_OK);
	assert_int_equal(proposals_parse("aes256-sha2_256!", PROTO_IKE, &b, NULL), CYG_OK);
	assert_int_equal(proposals_parse("aes128-sha256", PROTO_IKE, &c, NULL), CYG_OK);
	assert_true(proposals_equal(a, b));
	assert_true(proposals_equal(NULL, NULL));
	assert_false(proposals_equal(a, c));
	assert_false(proposals_equal(a, NULL));
	assert_false(proposals_equal(NULL, a));
	assert_false(proposals_equal(a, defaults(PROTO_IKE)));
	assert_ptr_equal(proposals_ref(a), a);
	assert_int_equal(a->refs, 2);
	proposals_unref(a);
	proposals_unref(a);
	proposals_unref(b);
	proposals_unref(c);
	proposals_unref(NULL);
	assert_null(proposals_ref(NULL));
	/* Constant ones are counted by nobody. */
	a = defaults(PROTO_ESP);
	for (int i = 0; i < 10; i++)
		proposals_unref(proposals_ref(a));
	proposals_unref(a);
	assert_int_equal(defaults(PROTO_ESP)->len, 2);
}

static void key_exchanges(void **state)
{
	const struct proposals *p;

	assert_int_equal(proposals_parse("aes256-sha256,aes256gcm16-ecp384-modp2048", PROTO_ESP,
					 &p, NULL),
			 CYG_OK);
	assert_int_equal(proposals_first_ke(p), ALG_KE_ECP384);
	assert_true(proposals_have_ke(p, ALG_KE_MODP2048));
	assert_false(proposals_have_ke(p, ALG_KE_X25519));
	proposals_unref(p);
	assert_int_equal(proposals_parse("aes256-sha256", PROTO_ESP, &p, NULL), CYG_OK);
	assert_int_equal(proposals_first_ke(p), ALG_KE_NONE);
	proposals_unref(p);
	assert_int_equal(proposals_first_ke(defaults(PROTO_IKE)), ALG_KE_X25519);
}

static void printing(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *text, *printed;
	} rows[] = {
		{PROTO_IKE, "aes256gcm16-prfsha512-x25519",
		 "AES_GCM_16_256-HMAC_SHA2_512-X25519"},
		{PROTO_IKE, "aes128+aes256-sha256-ecp256,chacha20poly1305-sha384-dh31",
		 "AES_CBC_128+AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_256_128-ECP256,"
		 "CHACHA20_POLY1305-HMAC_SHA2_384-X25519"},
		{PROTO_ESP, "aes128-sha256-esn-modp2048",
		 "AES_CBC_128-HMAC_SHA2_256_128-MODP2048-ESN_YES"},
		{PROTO_ESP, "aes128-sha256-noesn", "AES_CBC_128-HMAC_SHA2_256_128-ESN_NO"},
		{PROTO_ESP, "aes128-sha256-noesn-esn",
		 "AES_CBC_128-HMAC_SHA2_256_128-ESN_NO+ESN_YES"},
		{PROTO_ESP, "aes128-sha256;none", "AES_CBC_128-HMAC_SHA2_256_128-NONE"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct proposals *p, *again;
		char text[512];

		test_row(i, "%s", rows[i].text);
		assert_int_equal(proposals_parse(rows[i].text, rows[i].protocol, &p, NULL),
				 CYG_OK);
		assert_string_equal(proposals_print(p, text, sizeof(text)), rows[i].printed);
		assert_int_equal(proposals_parse(text, rows[i].protocol, &again, NULL), CYG_OK);
		assert_true(proposals_equal(p, again));
		for (size_t cap = 1; cap < sizeof(text); cap++)
			assert_true(strlen(proposals_print(p, text, cap)) < cap);
		proposals_print(p, NULL, 0);
		proposals_unref(p);
		proposals_unref(again);
	}
}

static void strangers_numbers_print_too(void **state)
{
	struct proposal p = {.protocol = PROTO_IKE,
			     .len = 4,
			     .transforms = {{ALG_ENCR, 999, 77},
					    {ALG_KE, 36, 0},
					    {ALG_ADDKE1, 37, 0},
					    {200, 1, 0}}};
	char text[256];

	assert_string_equal(proposal_print(&p, text, sizeof(text)),
			    "ENCR(999)_77-ML_KEM_768-ADDKE1=ML_KEM_1024");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_defaults_for_others),
		cmocka_unit_test(defaults_are_strong_and_whole),
		cmocka_unit_test(the_default_offer_is_small),
		cmocka_unit_test(defaults_meet_those_of_others),
		cmocka_unit_test(sharing_and_comparing),
		cmocka_unit_test(key_exchanges),
		cmocka_unit_test(printing),
		cmocka_unit_test(strangers_numbers_print_too),
	};
	return RUN_TESTS("conn/proposal", tests);
}
