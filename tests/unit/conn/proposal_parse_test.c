/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/proposal_dialect.h"
#include "conn/proposal_kind.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static void what_is_refused(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *text;
		enum cyg_err err;
		const char *says; /* somewhere in the complaint */
	} rows[] = {
		{PROTO_IKE, "", CYG_MALFORMED, "missing"},
		{PROTO_IKE, "!", CYG_MALFORMED, "missing"},
		{PROTO_IKE, ",aes", CYG_MALFORMED, "missing"},
		{PROTO_IKE, "aes,,aes", CYG_MALFORMED, "missing"},
		{PROTO_IKE, "aes,", CYG_MALFORMED, "missing"},
		{PROTO_IKE, "aes-", CYG_MALFORMED, "missing"},
		{PROTO_IKE, "aes+", CYG_MALFORMED, "missing"},
		{PROTO_IKE, "aes;", CYG_MALFORMED, "missing"},
		{PROTO_IKE, "ase256-sha256", CYG_MALFORMED, "did you mean aes256?"},
		{PROTO_IKE, "twofish256-sha256", CYG_MALFORMED,
		 "twofish is not built, as OpenSSL has none: take aes or camellia"},
		{PROTO_ESP, "serpent", CYG_MALFORMED,
		 "serpent is not built, as OpenSSL has none: take aes or camellia"},
		{PROTO_IKE, "aes256-sah256", CYG_MALFORMED, "did you mean sha256?"},
		{PROTO_IKE, "aes256-sha256-modp2084", CYG_MALFORMED, "did you mean modp2048?"},
		{PROTO_IKE, "aes-224-sha2", CYG_RANGE, "128, 192, 256 bits"},
		{PROTO_IKE, "aes224-sha2", CYG_RANGE, "128, 192, 256 bits"},
		{PROTO_ESP, "aes256-sha256-2048", CYG_MALFORMED, "known"},
		{PROTO_IKE, "aes-0", CYG_RANGE, "128, 192, 256"},
		{PROTO_IKE, "aes_gcm-123456789012345", CYG_RANGE, "AES_GCM_16"},
		{PROTO_IKE, "sha256-modp2048", CYG_MALFORMED, "no cipher"},
		{PROTO_IKE, "ke=modp2048", CYG_MALFORMED, "no cipher"},
		{PROTO_IKE, "cipher=aes", CYG_MALFORMED, "encrypt="},
		{PROTO_IKE, "aes+aes_gcm", CYG_CONFLICT, "comma"},
		{PROTO_IKE, "aes_gcm-aes-sha2", CYG_CONFLICT, "comma"},
		{PROTO_IKE, "aes+sha2", CYG_CONFLICT, "different kinds"},
		{PROTO_IKE, "aes-sha2+modp2048", CYG_CONFLICT, "different kinds"},
		{PROTO_IKE, "aes_gcm-sha2_256_128", CYG_CONFLICT, "leave the hash out"},
		{PROTO_IKE, "aes-null", CYG_CONFLICT, "without integrity"},
		{PROTO_IKE, "aes-sha2-esn", CYG_CONFLICT, "sequence"},
		{PROTO_IKE, "aes-sha2-none", CYG_CONFLICT, "key exchange"},
		{PROTO_IKE, "aes-sha2;none", CYG_CONFLICT, "key exchange"},
		{PROTO_IKE, "aes;modp2048-modp2048", CYG_MALFORMED, "known"},
		{PROTO_IKE, "rc5-sha2", CYG_UNSUPPORTED, "RC5"},
		{PROTO_IKE, "idea-sha2", CYG_UNSUPPORTED, "RFC 9395"},
		{PROTO_IKE, "camellia_ccm-sha2", CYG_UNSUPPORTED, "CAMELLIA_CCM_16"},
		{PROTO_IKE, "aes-sha2-mlkem768", CYG_UNSUPPORTED, "ML_KEM_768"},
		{PROTO_IKE, "null-sha2", CYG_UNSUPPORTED, "ESP alone"},
		{PROTO_IKE, "aes128gmac-sha2", CYG_UNSUPPORTED, "ESP alone"},
		{PROTO_IKE, "3des-128-sha1", CYG_RANGE, "fixed"},
		{PROTO_IKE, "aes256-sha256-x25519-ke1_mlkem768", CYG_UNSUPPORTED, "additional"},
		{PROTO_IKE, "aes-sha2;addke1=modp2048", CYG_UNSUPPORTED, "additional"},
		{PROTO_ESP, "null-null", CYG_CONFLICT, "without integrity"},
		{PROTO_ESP, "none-aes128", CYG_CONFLICT, "without integrity"},
		{PROTO_ESP, "aes128-null", CYG_CONFLICT, "without integrity"},
		{PROTO_ESP, "aes_gcm-sha2", CYG_CONFLICT, "leave the hash out"},
		{PROTO_ESP, "aes_gcm;integ=sha2", CYG_CONFLICT, "leave the hash out"},
		{PROTO_ESP, "yes", CYG_MALFORMED, "known"},
		{PROTO_AH, "aes256-sha256", CYG_CONFLICT, "AH"},
		{PROTO_NONE, "aes", CYG_UNSUPPORTED, "AH"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct proposals *p = NULL;
		struct diag why;
		char line[2048];

		test_row(i, "'%s'", rows[i].text);
		assert_int_equal(proposals_parse(rows[i].text, rows[i].protocol, &p, &why),
				 rows[i].err);
		assert_null(p);
		diag_print(&why, line, sizeof(line));
		test_row(i, "%s", line);
		assert_non_null(strstr(line, rows[i].says));
		assert_int_equal(proposals_parse(rows[i].text, rows[i].protocol, &p, NULL),
				 rows[i].err);
	}
}

static void lists_are_bounded(void **state)
{
	/* 2 x 3 x 3 x 2 = 36 different proposals. */
	static const char *const ciphers[] = {"aes128", "aes256"}, *const hashes[] = {"sha256",
										      "sha384",
										      "sha512"};
	static const char *const groups[] = {"x25519", "ecp256", "modp2048"},
				 *const prfs[] = {"prfsha256", "prfsha512"};
	const struct proposals *p;
	char text[4096] = "";
	struct diag why;

	for (size_t i = 0; i < 36; i++)
		sprintf(text + strlen(text), "%s%s-%s-%s-%s", i ? "," : "", ciphers[i % 2],
			hashes[i / 2 % 3], groups[i / 6 % 3], prfs[i / 18]);
	assert_int_equal(proposals_parse(text, PROTO_IKE, &p, &why), CYG_LIMIT);
	strcpy(text, "aes256-sha256-x25519");
	for (size_t i = 0; i < 100; i++)
		strcat(text, ",aes256-sha256-x25519");
	assert_int_equal(proposals_parse(text, PROTO_IKE, &p, &why), CYG_OK);
	assert_int_equal(p->len, 1); /* what is said twice counts once */
	proposals_unref(p);
	strcpy(text, "aes256");
	for (size_t i = 0; i < 17; i++)
		strcat(text, "-sha256");
	assert_int_equal(proposals_parse(text, PROTO_IKE, &p, &why), CYG_LIMIT);
}

#define KES "X25519+ECP256+ECP384+ECP521+X448+MODP3072+MODP4096+MODP6144+MODP8192+MODP2048"
#define MACS "HMAC_SHA2_512_256+HMAC_SHA2_384_192+HMAC_SHA2_256_128"
#define PRFS "HMAC_SHA2_512+HMAC_SHA2_384+HMAC_SHA2_256"

static void dialects(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *text, *printed;
	} rows[] = {
		/* what is left out */
		{PROTO_IKE, "aes256", "AES_CBC_256-" PRFS "-" MACS "-" KES},
		{PROTO_IKE, "aes", "AES_CBC_256+AES_CBC_128-" PRFS "-" MACS "-" KES},
		{PROTO_IKE, "aes_gcm256", "AES_GCM_16_256-" PRFS "-" KES},
		{PROTO_IKE, "aes256-prfsha256-x25519",
		 "AES_CBC_256-HMAC_SHA2_256-" MACS "-X25519"},
		{PROTO_ESP, "aes256", "AES_CBC_256-" MACS},
		{PROTO_ESP, "aes_gcm256", "AES_GCM_16_256"},
		/* Openswan */
		{PROTO_IKE, "aes256-sha2_256;modp2048",
		 "AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP2048"},
		{PROTO_IKE, "aes128-sha256-prfsha512-modp3072!",
		 "AES_CBC_128-HMAC_SHA2_512-HMAC_SHA2_256_128-MODP3072"},
		{PROTO_IKE, "AES_CBC-256-SHA2_512-MODP8192, aes-128-sha256-secp256r1",
		 "AES_CBC_256-HMAC_SHA2_512-HMAC_SHA2_512_256-MODP8192,"
		 "AES_CBC_128-HMAC_SHA2_256-HMAC_SHA2_256_128-ECP256"},
		{PROTO_ESP, "aes_gcm_c-256-null", "AES_GCM_16_256"},
		{PROTO_ESP, "aes256-hmac_sha2_256;modp2048",
		 "AES_CBC_256-HMAC_SHA2_256_128-MODP2048"},
		/* Libreswan */
		{PROTO_IKE, "aes_gcm256+aes_gcm128-sha2_512+sha2_256-dh19+dh31",
		 "AES_GCM_16_256+AES_GCM_16_128-HMAC_SHA2_512+HMAC_SHA2_256-ECP256+X25519"},
		{PROTO_IKE, "aes256-sha2_512-sha2_256_128-dh20",
		 "AES_CBC_256-HMAC_SHA2_512-HMAC_SHA2_256_128-ECP384"},
		{PROTO_IKE, "aes256-sha2_256_128-sha2_512-dh20",
		 "AES_CBC_256-HMAC_SHA2_512-HMAC_SHA2_256_128-ECP384"},
		{PROTO_IKE, "aes_gcm-none-sha2;modp2048",
		 "AES_GCM_16_256+AES_GCM_16_128-HMAC_SHA2_256-MODP2048"},
		{PROTO_IKE, "encrypt=aes256;prf=sha384;integ=sha2_256;ke=dh14",
		 "AES_CBC_256-HMAC_SHA2_384-HMAC_SHA2_256_128-MODP2048"},
		{PROTO_IKE, "aes256-sha2_256;ke=dh14+dh15",
		 "AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP2048+MODP3072"},
		{PROTO_ESP, "aes256-sha2;sn=yes", "AES_CBC_256-HMAC_SHA2_256_128-ESN_YES"},
		{PROTO_ESP, "aes256-sha2;none", "AES_CBC_256-HMAC_SHA2_256_128-NONE"},
		{PROTO_ESP, "aes256-sha2-none", "AES_CBC_256-HMAC_SHA2_256_128-NONE"},
		{PROTO_ESP, "aes256gcm16-none-none", "AES_GCM_16_256-NONE-NONE"},
		{PROTO_ESP, "aes256gcm16-modp2048-none-none", "AES_GCM_16_256-MODP2048+NONE"},
		{PROTO_ESP, "aes256-sha2-modp2048-none",
		 "AES_CBC_256-HMAC_SHA2_256_128-MODP2048+NONE"},
		{PROTO_ESP, "aes256-sha2-none+modp2048",
		 "AES_CBC_256-HMAC_SHA2_256_128-NONE+MODP2048"},
		{PROTO_ESP, "aes256gcm16;none+modp2048", "AES_GCM_16_256-NONE-NONE+MODP2048"},
		{PROTO_ESP, "chacha20_poly1305", "CHACHA20_POLY1305"},
		/* strongSwan */
		{PROTO_IKE, "aes256-aes128-sha384-sha256-ecp256-modp2048!",
		 "AES_CBC_256+AES_CBC_128-HMAC_SHA2_384+HMAC_SHA2_256-HMAC_SHA2_384_192+HMAC_SHA2_256_128-ECP256+MODP2048"},
		{PROTO_IKE, "aes128gcm16-sha256-curve25519",
		 "AES_GCM_16_128-HMAC_SHA2_256-X25519"},
		{PROTO_IKE, "sha256-modp2048-aes128",
		 "AES_CBC_128-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP2048"},
		{PROTO_IKE, "aes256gcm128-prfsha256-prfsha512-x448",
		 "AES_GCM_16_256-HMAC_SHA2_256+HMAC_SHA2_512-X448"},
		{PROTO_ESP, "aes128-sha256-esn-noesn", "AES_CBC_128-HMAC_SHA2_256_128"},
		{PROTO_ESP, "aes128-sha256-prfsha256-modp2048-esn",
		 "AES_CBC_128-HMAC_SHA2_256_128-MODP2048-ESN_YES"},
		{PROTO_ESP, "chacha20poly1305-ecp256", "CHACHA20_POLY1305-ECP256"},
		/* two hashes that could each be both: alternatives */
		{PROTO_IKE, "aes256-sha256-sha512-x25519",
		 "AES_CBC_256-HMAC_SHA2_256+HMAC_SHA2_512-HMAC_SHA2_256_128+HMAC_SHA2_512_256-X25519"},
		/* said twice */
		{PROTO_IKE, "aes256-aes256-sha2-sha256-x25519-dh31",
		 "AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_256_128-X25519"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct proposals *p, *again;
		char text[1024];
		struct diag why;

		test_row(i, "%s", rows[i].text);
		assert_int_equal(proposals_parse(rows[i].text, rows[i].protocol, &p, &why),
				 CYG_OK);
		assert_false(diag_is_set(&why));
		assert_string_equal(proposals_print(p, text, sizeof(text)), rows[i].printed);
		assert_int_equal(proposals_parse(text, rows[i].protocol, &again, NULL), CYG_OK);
		assert_true(proposals_equal(p, again));
		proposals_unref(p);
		proposals_unref(again);
	}
}

/* Weak algorithms are taken where they are named, and each is named again in the warning. */
static void weak_algorithms_are_told(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *text, *printed, *sentence, *got;
	} rows[] = {
		{PROTO_IKE, "aes128-sha1-modp1536",
		 "AES_CBC_128-HMAC_SHA1-HMAC_SHA1_96-MODP1536",
		 "HMAC_SHA1, HMAC_SHA1_96, MODP1536 are weak",
		 "MODP1536 (its group is too small)"},
		{PROTO_IKE, "3des-sha256-modp2048",
		 "3DES-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP2048", "3DES is weak", "blocks"},
		{PROTO_IKE, "3des-md5-modp1024", "3DES-HMAC_MD5-HMAC_MD5_96-MODP1024",
		 "3DES, HMAC_MD5, HMAC_MD5_96, MODP1024 are weak", "MD5 is broken"},
		{PROTO_IKE, "aes256-sha256-dh22,aes256-sha256-dh24",
		 "AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP1024_160,"
		 "AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP2048_256",
		 "MODP1024_160, MODP2048_256 are weak", "subgroup"},
		{PROTO_ESP, "null-sha2", "NULL-HMAC_SHA2_256_128", "NULL is weak",
		 "does not encrypt"},
		{PROTO_ESP, "aes128gmac", "NULL_AUTH_AES_GMAC_128",
		 "NULL_AUTH_AES_GMAC is weak", "does not encrypt"},
		{PROTO_ESP, "des-sha256", "DES-HMAC_SHA2_256_128", "DES is weak", "searched"},
		{PROTO_ESP, "cast-sha256", "CAST_128-HMAC_SHA2_256_128", "CAST is weak",
		 "blocks"},
		{PROTO_ESP, "aes256ccm8", "AES_CCM_8_256", "AES_CCM_8 is weak", "short"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct proposals *p;
		char text[1024];
		struct diag why;

		test_row(i, "%s", rows[i].text);
		assert_int_equal(proposals_parse(rows[i].text, rows[i].protocol, &p, &why),
				 CYG_OK);
		assert_string_equal(proposals_print(p, text, sizeof(text)), rows[i].printed);
		assert_string_equal(why.code, "weak-algorithm");
		assert_string_equal(why.sentence, rows[i].sentence);
		assert_non_null(strstr(why.got, rows[i].got));
		proposals_unref(p);
	}
}

/* Each rule's example is taken where its row says so, and refused with its remedy elsewhere. */
static void dialects_take_their_own_forms(void **state)
{
	for (unsigned rule = 0; rule < PROPOSAL_RULES; rule++)
		for (enum dialect d = DIALECT_ANY; d < DIALECTS; d++) {
			const struct proposal_rule *r = &proposal_rules[rule];
			enum protocol protocol = rule == RULE_ESN ? PROTO_ESP : PROTO_IKE;
			const struct proposals *p = NULL;
			struct diag why;
			enum cyg_err err;

			test_row(rule, "%s: %s", dialect_name(d), r->example);
			if (rule == RULE_TWO_HASHES && d == DIALECT_LIBRESWAN)
				continue; /* taken with the full name alone: see below */
			err = proposals_read(r->example, protocol, d, &p, NULL, &why);
			assert_int_equal(err == CYG_OK, r->means[d] != NULL);
			proposals_unref(p);
			if (!err)
				continue;
			assert_string_equal(why.code, "not-in-dialect");
			assert_string_equal(why.hint, r->instead);
			assert_true(why.column >= 1 && why.column <= strlen(r->example));
		}
}

static void dialects_mean_different_things(void **state)
{
	static const struct {
		enum dialect dialect;
		enum protocol protocol;
		const char *text, *printed; /* NULL: refused */
	} rows[] = {
		{DIALECT_LIBRESWAN, PROTO_IKE, "aes256-sha2_512-sha2_256-dh19", NULL},
		{DIALECT_LIBRESWAN, PROTO_IKE, "aes256-sha2_512-sha2_256_128-sha1-dh19", NULL},
		{DIALECT_LIBRESWAN, PROTO_IKE, "aes128-aes256-sha2", NULL},
		{DIALECT_OPENSWAN, PROTO_IKE, "aes256-sha1-sha256-modp2048-modp1536", NULL},
		{DIALECT_OPENSWAN, PROTO_IKE, "aes256-sha2_256-sha1-md5-modp2048", NULL},
		{DIALECT_STRONGSWAN, PROTO_ESP, "aes256;modp2048", NULL},
		{DIALECT_STRONGSWAN, PROTO_AH, "aes256-sha256", NULL},
		{DIALECT_ANY, PROTO_AH, "none", NULL},
		{DIALECT_ANY, PROTO_AH, "sha2;none-none", NULL},
		{DIALECT_LIBRESWAN, PROTO_IKE, "aes256-sha2_512-sha2_256_128-dh19",
		 "AES_CBC_256-HMAC_SHA2_512-HMAC_SHA2_256_128-ECP256"},
		{DIALECT_LIBRESWAN, PROTO_IKE, "aes256-sha2_256_128-dh19",
		 "AES_CBC_256-" PRFS "-HMAC_SHA2_256_128-ECP256"},
		{DIALECT_LIBRESWAN, PROTO_IKE, "aes256-sha2_512;prf=sha2_256;ke=dh19",
		 "AES_CBC_256-HMAC_SHA2_256+HMAC_SHA2_512-HMAC_SHA2_256_128+HMAC_SHA2_512_256-ECP256"},
		{DIALECT_OPENSWAN, PROTO_IKE, "aes256-sha2_512-sha2_256-modp2048",
		 "AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_512_256-MODP2048"},
		{DIALECT_OPENSWAN, PROTO_ESP, "aes-sha2_256", "AES_CBC_128-HMAC_SHA2_256_128"},
		{DIALECT_STRONGSWAN, PROTO_IKE, "aes256-sha512-sha256-modp2048",
		 "AES_CBC_256-HMAC_SHA2_512+HMAC_SHA2_256-HMAC_SHA2_512_256+HMAC_SHA2_256_128-MODP2048"},
		{DIALECT_STRONGSWAN, PROTO_ESP, "noesn-modp2048-sha256-aes",
		 "AES_CBC_128-HMAC_SHA2_256_128-MODP2048-ESN_NO"},
		{DIALECT_ANY, PROTO_AH, "sha256-modp2048", "HMAC_SHA2_256_128-MODP2048"},
		{DIALECT_ANY, PROTO_AH, "ke=modp2048", MACS "-MODP2048"},
		{DIALECT_LIBRESWAN, PROTO_AH, "sha2_512+sha2_256;none",
		 "HMAC_SHA2_512_256+HMAC_SHA2_256_128-NONE"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct proposals *p = NULL;
		char text[1024];
		struct diag why;
		enum cyg_err err = proposals_read(rows[i].text, rows[i].protocol,
						  rows[i].dialect, &p, NULL, &why);

		test_row(i, "%s: %s", dialect_name(rows[i].dialect), rows[i].text);
		assert_int_equal(err == CYG_OK, rows[i].printed != NULL);
		if (err) {
			assert_true(diag_is_set(&why) && why.column > 0);
			continue;
		}
		assert_string_equal(proposals_print(p, text, sizeof(text)), rows[i].printed);
		proposals_unref(p);
	}
}

/* Kinds that nobody named are told of each proposal. */
static void defaults_are_told(void **state)
{
	uint16_t defaulted[PROPOSALS_MAX];
	const struct proposals *p;

	assert_int_equal(proposals_read("aes256,aes256gcm16-prfsha256-x25519,aes128-sha256",
					PROTO_IKE, DIALECT_ANY, &p, defaulted, NULL),
			 CYG_OK);
	assert_int_equal(defaulted[0], 1 << ALG_PRF | 1 << ALG_INTEG | 1 << ALG_KE);
	assert_int_equal(defaulted[1], 0);
	assert_int_equal(defaulted[2], 1 << ALG_KE);
	proposals_unref(p);
}

static bool parse_once(void *ctx)
{
	const struct proposals *p;

	if (proposals_parse(ctx, PROTO_IKE, &p, NULL))
		return false;
	proposals_unref(p);
	return true;
}

static void short_memory_is_told(void **state)
{
	test_each_allocation_failing(parse_once, (char[]){"aes256-sha256,aes128"}, false);
}

/* ---- strongSwan's own cases: "IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_3072" ---- */

static bool strongswan_lists(const char *expected, const struct proposals *p)
{
	char copy[256], *save = NULL, ours[512];

	assert_int_equal(p->len, 1);
	proposal_print(&p->items[0], ours, sizeof(ours));
	snprintf(copy, sizeof(copy), "%s", strchr(expected, ':') + 1);
	for (char *w = strtok_r(copy, "/", &save); w; w = strtok_r(NULL, "/", &save)) {
		char name[64];

		if (strcmp(w, "NO_EXT_SEQ") == 0 || strcmp(w, "EXT_SEQ") == 0)
			continue;
		snprintf(name, sizeof(name), "%s", strncmp(w, "PRF_", 4) ? w : w + 4);
		if (strncmp(name, "NULL_AES", 8) == 0)
			snprintf(name, sizeof(name), "NULL_AUTH_%s", w + 5);
		if (strncmp(name, "MODP_", 5) == 0)
			memmove(name + 4, name + 5, strlen(name + 5) + 1);
		if (!strstr(ours, name))
			return false;
	}
	return true;
}

static void strongswans_proposals(void **state)
{
	struct view text = test_corpus("parse/strongswan-head-tests.json");
	json_t *tables = json_loadb((const char *)text.ptr, text.len, 0, NULL), *table, *row;
	size_t i, j, taken = 0;

	assert_non_null(tables);
	json_array_foreach(tables, i, table) {
		if (strcmp(json_string_value(json_object_get(table, "table")), "create_data"))
			continue;
		json_array_foreach(json_object_get(table, "rows"), j, row) {
			const char *proto = json_string_value(
				json_object_get(json_array_get(row, 0), "expr"));
			const char *input = json_string_value(json_array_get(row, 1));
			const char *expected = json_string_value(json_array_get(row, 2));
			const struct proposals *p;
			enum cyg_err err;

			test_row(j, "%s %s", proto, input);
			if (strcmp(proto, "PROTO_AH") == 0)
				continue;
			err = proposals_parse(input,
					      strcmp(proto, "PROTO_IKE") ? PROTO_ESP
									 : PROTO_IKE,
					      &p, NULL);
			if (err == CYG_UNSUPPORTED)
				continue;
			if (err) {
				assert_null(expected);
				continue;
			}
			/* What they call incomplete, our defaults complete. */
			if (expected)
				assert_true(strongswan_lists(expected, p));
			taken += expected != NULL;
			proposals_unref(p);
		}
	}
	assert_true(taken >= 8);
	json_decref(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(dialects),
		cmocka_unit_test(dialects_take_their_own_forms),
		cmocka_unit_test(dialects_mean_different_things),
		cmocka_unit_test(defaults_are_told),
		cmocka_unit_test(weak_algorithms_are_told),
		cmocka_unit_test(short_memory_is_told),
		cmocka_unit_test(strongswans_proposals),
	};
	return RUN_TESTS("conn/proposal_parse", tests);
}
