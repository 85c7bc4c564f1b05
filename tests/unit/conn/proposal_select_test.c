/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/proposal.h"

#include "crypto/alg.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const struct proposals *parse(const char *text, enum protocol protocol)
{
	const struct proposals *p;

	assert_int_equal(proposals_parse(text, protocol, &p, NULL), CYG_OK);
	return p;
}

struct row {
	enum protocol protocol;
	const char *ours, *theirs;
	bool without_ke;
	unsigned number;
	const char *chosen; /* NULL: no match */
};

static void check_row(size_t i, const struct row *r)
{
	const struct proposals *ours = parse(r->ours, r->protocol),
			       *theirs = parse(r->theirs, r->protocol);
	struct chosen c = {.number = 77};
	struct diag why;
	char text[256];

	test_row(i, "ours %s, theirs %s", r->ours, r->theirs);
	if (r->chosen) {
		assert_int_equal(proposals_select(ours, theirs->items, theirs->len,
						  r->without_ke, &c, &why),
				 CYG_OK);
		assert_string_equal(chosen_print(&c, text, sizeof(text)), r->chosen);
		assert_int_equal(c.number, r->number);
		assert_int_equal(c.protocol, r->protocol);
	} else {
		assert_int_equal(proposals_select(ours, theirs->items, theirs->len,
						  r->without_ke, &c, &why),
				 CYG_NOTFOUND);
		assert_int_equal(c.number, 77);
		assert_true(diag_is_set(&why));
	}
	proposals_unref(ours);
	proposals_unref(theirs);
}

static void selection(void **state)
{
	static const struct row rows[] = {
		/* nothing in common */
		{PROTO_IKE, "aes256-sha256-x25519", "aes128-sha256-x25519", false, 0, NULL},
		{PROTO_IKE, "aes256-sha256-x25519", "aes256-sha384-x25519", false, 0, NULL},
		{PROTO_IKE, "aes256-sha256-prfsha256-x25519", "aes256-sha256-prfsha512-x25519",
		 false, 0, NULL},
		{PROTO_IKE, "aes256-sha256-x25519", "aes256-sha256-ecp256", false, 0, NULL},
		{PROTO_IKE, "aes256gcm16-x25519", "aes256-sha256-x25519", false, 0, NULL},
		{PROTO_ESP, "aes256-sha256-x25519", "aes256-sha256", false, 0, NULL},
		{PROTO_ESP, "aes256-sha256", "aes256-sha256-x25519", false, 0, NULL},
		{PROTO_ESP, "aes256-sha256-esn", "aes256-sha256-noesn", false, 0, NULL},
		/* each kind has something in common, but no one proposal has all */
		{PROTO_ESP, "aes256-sha256,aes128-sha512", "aes256-sha512,aes128-sha256", false,
		 0, NULL},
		/* our order of proposals and of algorithms decides */
		{PROTO_ESP, "aes256-sha256,aes128-sha256", "aes128-sha256,aes256-sha256", false,
		 2, "AES_CBC_256-HMAC_SHA2_256_128-ESN_YES"},
		{PROTO_IKE, "aes128-aes256-sha512-sha256-x25519-ecp256",
		 "aes256-aes128-sha256-sha512-ecp256-x25519", false, 1,
		 "AES_CBC_128-HMAC_SHA2_512-HMAC_SHA2_512_256-X25519"},
		{PROTO_IKE, "aes256gcm16-prfsha256-x25519",
		 "aes256-sha256-x25519,aes256gcm16-prfsha256-x25519", false, 2,
		 "AES_GCM_16_256-HMAC_SHA2_256-X25519"},
		/* key exchange in or out (RFC 7296 1.2) */
		{PROTO_ESP, "aes256-sha256-x25519", "aes256-sha256", true, 1,
		 "AES_CBC_256-HMAC_SHA2_256_128-ESN_YES"},
		{PROTO_ESP, "aes256-sha256", "aes256-sha256-x25519", true, 1,
		 "AES_CBC_256-HMAC_SHA2_256_128-ESN_YES"},
		{PROTO_ESP, "aes256-sha256-x25519", "aes256-sha256-ecp256-x25519", false, 1,
		 "AES_CBC_256-HMAC_SHA2_256_128-X25519-ESN_YES"},
		/* NONE is an algorithm that one may list */
		{PROTO_ESP, "aes256-sha256-x25519-none", "aes256-sha256", false, 1,
		 "AES_CBC_256-HMAC_SHA2_256_128-ESN_YES"},
		{PROTO_ESP, "aes256-sha256", "aes256-sha256-x25519-none", false, 1,
		 "AES_CBC_256-HMAC_SHA2_256_128-ESN_YES"},
		/* sequence numbers */
		{PROTO_ESP, "aes256-sha256-noesn", "aes256-sha256", false, 1,
		 "AES_CBC_256-HMAC_SHA2_256_128"},
		{PROTO_ESP, "aes256-sha256", "aes256-sha256-noesn", false, 1,
		 "AES_CBC_256-HMAC_SHA2_256_128"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(i, &rows[i]);
}

#define T(k, i, b)                \
	{                         \
		ALG_##k, (i), (b) \
	}

/* Offers as strangers send them, against aes256gcm16 or aes256-sha256, each with x25519. */
static void strangers_offers(void **state)
{
	static const struct {
		const char *what;
		struct proposal offer;
		bool met;
	} rows[] = {
		{"nothing", {PROTO_IKE, 0, {{0}}}, false},
		{"another protocol",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 31, 0)}},
		 false},
		{"no key length",
		 {PROTO_IKE, 3, {T(ENCR, 20, 0), T(PRF, 7, 0), T(KE, 31, 0)}},
		 false},
		{"a key length that we don't list",
		 {PROTO_IKE, 3, {T(ENCR, 20, 128), T(PRF, 7, 0), T(KE, 31, 0)}},
		 false},
		{"no PRF", {PROTO_IKE, 2, {T(ENCR, 20, 256), T(KE, 31, 0)}}, false},
		{"PRF 0",
		 {PROTO_IKE, 3, {T(ENCR, 20, 256), T(PRF, 0, 0), T(KE, 31, 0)}},
		 false},
		{"no key exchange", {PROTO_IKE, 2, {T(ENCR, 20, 256), T(PRF, 7, 0)}}, false},
		{"key exchange NONE",
		 {PROTO_IKE, 3, {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 0, 0)}},
		 false},
		{"AEAD with integrity",
		 {PROTO_IKE,
		  4,
		  {T(ENCR, 20, 256), T(INTEG, 12, 0), T(PRF, 7, 0), T(KE, 31, 0)}},
		 false},
		{"CBC without integrity",
		 {PROTO_IKE, 3, {T(ENCR, 12, 256), T(PRF, 7, 0), T(KE, 31, 0)}},
		 false},
		{"CBC with integrity NONE",
		 {PROTO_IKE, 4, {T(ENCR, 12, 256), T(INTEG, 0, 0), T(PRF, 7, 0), T(KE, 31, 0)}},
		 false},
		/* RFC 7296 3.3.6 */
		{"an unknown kind",
		 {PROTO_IKE, 4, {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 31, 0), {99, 1, 0}}},
		 false},
		{"kind 0",
		 {PROTO_IKE, 4, {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 31, 0), {0, 1, 0}}},
		 false},
		/* RFC 9370 2.2.2 */
		{"an additional key exchange",
		 {PROTO_IKE,
		  4,
		  {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 31, 0), T(ADDKE1, 36, 0)}},
		 false},
		{"one that may be NONE",
		 {PROTO_IKE,
		  5,
		  {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 31, 0), T(ADDKE1, 36, 0),
		   T(ADDKE1, 0, 0)}},
		 true},
		{"AEAD with integrity NONE",
		 {PROTO_IKE, 4, {T(ENCR, 20, 256), T(INTEG, 0, 0), T(PRF, 7, 0), T(KE, 31, 0)}},
		 true},
		{"unknown ones beside known ones",
		 {PROTO_IKE,
		  6,
		  {T(ENCR, 999, 256), T(ENCR, 20, 256), T(PRF, 99, 0), T(PRF, 7, 0),
		   T(KE, 999, 0), T(KE, 31, 0)}},
		 true},
		/* RFC 5282 8 forbids it, but some send it: the part that fits is taken */
		{"AEAD and CBC in one",
		 {PROTO_IKE,
		  5,
		  {T(ENCR, 20, 256), T(ENCR, 12, 256), T(INTEG, 12, 0), T(PRF, 5, 0),
		   T(KE, 31, 0)}},
		 true},
	};
	const struct proposals *ours = parse("aes256gcm16-x25519,aes256-sha256-x25519",
					     PROTO_IKE);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct chosen c;
		struct diag why;

		test_row(i, "%s", rows[i].what);
		assert_int_equal(proposals_select(ours, &rows[i].offer, 1, false, &c, &why),
				 rows[i].met ? CYG_OK : CYG_NOTFOUND);
		if (!rows[i].met)
			assert_true(diag_is_set(&why) && why.sentence[0] && why.wanted[0]);
		assert_int_equal(proposals_select(ours, &rows[i].offer, 1, false, &c, NULL),
				 rows[i].met ? CYG_OK : CYG_NOTFOUND);
		if (rows[i].met)
			assert_true(c.encr && c.prf == (c.encr == 12 ? 5 : 7) && c.ke == 31);
	}
	assert_int_equal(proposals_select(ours, NULL, 0, false, &(struct chosen){0}, NULL),
			 CYG_NOTFOUND);
	proposals_unref(ours);
}

/* ESP without a transform for sequence numbers, as old peers send it, is ESP without ESN. */
static void esn_left_out_is_no_esn(void **state)
{
	static const struct proposal offer = {PROTO_ESP, 1, {T(ENCR, 20, 256)}};
	const struct proposals *ours = parse("aes256gcm16", PROTO_ESP),
			       *only = parse("aes256gcm16-esn", PROTO_ESP);
	struct chosen c;

	assert_int_equal(proposals_select(ours, &offer, 1, false, &c, NULL), CYG_OK);
	assert_false(c.esn);
	assert_int_equal(proposals_select(only, &offer, 1, false, &c, NULL), CYG_NOTFOUND);
	proposals_unref(ours);
	proposals_unref(only);
}

/* RFC 7296 3.3: the answer is one of each kind that was offered, under its number. */
static void answers(void **state)
{
	static const struct {
		const char *what;
		struct proposal answer;
		uint8_t number;
		bool without_ke, good;
	} rows[] = {
		{"number 0",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0)}},
		 0,
		 false,
		 false},
		{"number 3 of 2",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0)}},
		 3,
		 false,
		 false},
		{"the other one's number",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0)}},
		 2,
		 false,
		 false},
		{"another protocol",
		 {PROTO_IKE, 3, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0)}},
		 1,
		 false,
		 false},
		{"nothing", {PROTO_ESP, 0, {{0}}}, 1, false, false},
		{"two ciphers",
		 {PROTO_ESP,
		  4,
		  {T(ENCR, 20, 256), T(ENCR, 20, 128), T(KE, 31, 0), T(ESN, 1, 0)}},
		 1,
		 false,
		 false},
		{"the same twice",
		 {PROTO_ESP,
		  4,
		  {T(ENCR, 20, 256), T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0)}},
		 1,
		 false,
		 false},
		{"another key size",
		 {PROTO_ESP, 3, {T(ENCR, 20, 192), T(KE, 31, 0), T(ESN, 1, 0)}},
		 1,
		 false,
		 false},
		{"no key exchange",
		 {PROTO_ESP, 2, {T(ENCR, 20, 256), T(ESN, 1, 0)}},
		 1,
		 false,
		 false},
		{"another key exchange",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(KE, 19, 0), T(ESN, 1, 0)}},
		 1,
		 false,
		 false},
		{"an added kind",
		 {PROTO_ESP,
		  4,
		  {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0), T(INTEG, 12, 0)}},
		 1,
		 false,
		 false},
		{"an unknown kind",
		 {PROTO_ESP, 4, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0), {99, 1, 0}}},
		 1,
		 false,
		 false},
		{"ESN of a third kind",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 2, 0)}},
		 1,
		 false,
		 false},
		{"a key exchange that was not offered",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0)}},
		 1,
		 true,
		 false},
		{"good",
		 {PROTO_ESP, 3, {T(ENCR, 20, 256), T(KE, 31, 0), T(ESN, 1, 0)}},
		 1,
		 false,
		 true},
		{"good, in any order",
		 {PROTO_ESP, 3, {T(ESN, 1, 0), T(KE, 31, 0), T(ENCR, 20, 256)}},
		 1,
		 false,
		 true},
		{"good, first child",
		 {PROTO_ESP, 2, {T(ENCR, 20, 256), T(ESN, 0, 0)}},
		 1,
		 true,
		 true},
		{"good, the second",
		 {PROTO_ESP,
		  4,
		  {T(ENCR, 12, 128), T(INTEG, 12, 0), T(KE, 31, 0), T(ESN, 0, 0)}},
		 2,
		 false,
		 true},
	};
	const struct proposals *ours =
		parse("aes256gcm16-aes128gcm16-x25519,aes128-sha256-x25519", PROTO_ESP);

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct chosen c = {.number = 77};
		struct diag why;

		test_row(i, "%s", rows[i].what);
		assert_int_equal(proposals_verify(ours, &rows[i].answer, rows[i].number,
						  rows[i].without_ke, &c, &why),
				 rows[i].good ? CYG_OK : CYG_MALFORMED);
		if (rows[i].good) {
			assert_int_equal(c.number, rows[i].number);
			assert_int_equal(c.ke, rows[i].without_ke ? 0 : 31);
		} else {
			assert_int_equal(c.number, 77);
			assert_true(diag_is_set(&why));
		}
	}
	proposals_unref(ours);
}

/* What one side chooses, the other takes: over many pairs of configurations. */
static void each_choice_verifies(void **state)
{
	static const char *const texts[] = {
		"aes256-sha256-x25519",
		"aes128-aes256-sha256-sha512-x25519-ecp256",
		"aes256gcm16-modp2048-ecp256",
		"aes_gcm,aes",
		"chacha20poly1305-x448,aes192-sha384-ecp521",
		"aes256gcm16-aes128gcm16-prfsha256,aes256-sha512",
	};
	unsigned met = 0;

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (size_t j = 0; j < COUNT_OF(texts); j++)
			for (int k = 0; k < 2; k++) {
				enum protocol protocol = k ? PROTO_ESP : PROTO_IKE;
				const struct proposals *a = parse(texts[i], protocol);
				const struct proposals *b = parse(texts[j], protocol);
				struct proposal answer = {.protocol = (uint8_t)protocol};
				struct chosen c, again;
				char text[256], other[256];

				if (proposals_select(b, a->items, a->len, k, &c, NULL) ==
				    CYG_OK) {
					const struct transform all[] = {
						T(ENCR, c.encr, c.key_bits),
						T(PRF, c.prf, 0),
						T(INTEG, c.integ, 0),
						T(KE, c.ke, 0),
					};
					for (size_t n = 0; n < COUNT_OF(all); n++)
						if (all[n].id)
							answer.transforms[answer.len++] =
								all[n];
					if (k)
						answer.transforms[answer.len++] =
							(struct transform)T(ESN, c.esn, 0);
					assert_int_equal(proposals_verify(a, &answer, c.number,
									  k, &again, NULL),
							 CYG_OK);
					assert_int_equal(c.number, again.number);
					assert_string_equal(chosen_print(&c, text,
									 sizeof(text)),
							    chosen_print(&again, other,
									 sizeof(other)));
					met++;
				}
				proposals_unref(a);
				proposals_unref(b);
			}
	assert_true(met > 20);
}

/* ---- strongSwan's own cases ---- */

static bool takes(const char *text, enum protocol protocol, const struct proposals **ret)
{
	return text && proposals_parse(text, protocol, ret, NULL) == CYG_OK;
}

static bool first_is(const struct proposal *p, unsigned kind, uint16_t id, uint16_t bits)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->transforms[i].kind == kind)
			return p->transforms[i].id == id && p->transforms[i].key_bits == bits;
	return id == 0;
}

static void check_theirs(size_t i, enum protocol protocol, json_t *row)
{
	const char *self = json_string_value(json_array_get(row, 1));
	const char *other = json_string_value(json_array_get(row, 2));
	const char *expected = json_string_value(json_array_get(row, 3));
	bool skip_ke = json_array_size(row) > 4;
	const struct proposals *ours, *theirs, *want;
	struct chosen c;

	test_row(i, "%s, %s: %s", self, other, expected ? expected : "no match");
	if (!takes(self, protocol, &ours))
		return;
	if (!takes(other, protocol, &theirs)) {
		proposals_unref(ours);
		return;
	}
	assert_int_equal(proposals_select(ours, theirs->items, theirs->len, skip_ke, &c,
					  NULL) == CYG_OK,
			 expected != NULL);
	if (takes(expected, protocol, &want)) {
		assert_true(first_is(want->items, ALG_ENCR, c.encr, c.key_bits));
		assert_true(first_is(want->items, ALG_INTEG, c.integ, 0));
		assert_true(first_is(want->items, ALG_PRF, c.prf, 0));
		assert_true(first_is(want->items, ALG_KE, c.ke, 0));
		proposals_unref(want);
	}
	proposals_unref(ours);
	proposals_unref(theirs);
}

static void strongswans_choices(void **state)
{
	struct view text = test_corpus("parse/strongswan-head-tests.json");
	json_t *tables = json_loadb((const char *)text.ptr, text.len, 0, NULL), *table, *row;
	size_t i, j, seen = 0;

	assert_non_null(tables);
	json_array_foreach(tables, i, table) {
		if (strcmp(json_string_value(json_object_get(table, "table")), "select_data"))
			continue;
		json_array_foreach(json_object_get(table, "rows"), j, row) {
			const char *proto = json_string_value(
				json_object_get(json_array_get(row, 0), "expr"));

			check_theirs(j, strcmp(proto, "PROTO_IKE") ? PROTO_ESP : PROTO_IKE,
				     row);
			seen++;
		}
	}
	assert_true(seen > 30);
	json_decref(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selection),
		cmocka_unit_test(strangers_offers),
		cmocka_unit_test(esn_left_out_is_no_esn),
		cmocka_unit_test(answers),
		cmocka_unit_test(each_choice_verifies),
		cmocka_unit_test(strongswans_choices),
	};
	return RUN_TESTS("conn/proposal_select", tests);
}
