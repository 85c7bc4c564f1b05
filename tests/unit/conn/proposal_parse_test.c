/* SPDX-License-Identifier: Apache-2.0 */
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
		{PROTO_ESP, "aes128-null", CYG_CONFLICT, "without integrity"},
		{PROTO_ESP, "aes_gcm-sha2", CYG_CONFLICT, "leave the hash out"},
		{PROTO_ESP, "aes_gcm;integ=sha2", CYG_CONFLICT, "leave the hash out"},
		{PROTO_ESP, "yes", CYG_MALFORMED, "known"},
		{PROTO_AH, "sha256", CYG_UNSUPPORTED, "AH"},
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

/* ---- Libreswan's own cases ---- */

/* Where we take what they refuse; each has its reason. */
static const char *const lenient[] = {
	"esp=aes128-sha2_128",       /* an old name of sha2_256 */
	"ike=aes-sha1-sha2-ecp_521", /* two hashes that could be both: alternatives */
	"ike=aes-sha2-sha1-ecp_521",
	"ike=aes-sha2;prf=sha1;ke=dh20",        /* prf= says all PRFs */
	"ike=aes-sha2_256+sha1_96",             /* the PRF follows the integrity algorithm */
	"ike=aes-sha1_96-sha2_256_128-ecp_521", /* two integrity algorithms, a PRF left out */
	"ike=aes-sha2-sha2;ecp_521",            /* said twice */
	"ike=aes_gcm-none-modp2048",            /* a PRF left out */
};

static bool is_lenient(const char *input)
{
	for (size_t i = 0; i < COUNT_OF(lenient); i++)
		if (strcmp(lenient[i], input) == 0)
			return true;
	return false;
}

/* Their list without warnings: "warning | A | B" becomes "A,B". */
static void without_remarks(const char *output, char *ret, size_t cap)
{
	char copy[16384], *save = NULL;
	size_t used = 0;

	snprintf(copy, sizeof(copy), "%s", output);
	ret[0] = '\0';
	for (char *part = strtok_r(copy, "|", &save); part; part = strtok_r(NULL, "|", &save)) {
		part += strspn(part, " ");
		part[strcspn(part, " ;")] = '\0';
		if (strncmp(part, "ipsec", 5))
			used += (size_t)snprintf(ret + used, cap - used, "%s%s",
						 used ? "," : "", part);
	}
}

static void list_kind(const struct proposal *p, unsigned kind, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	proposal_print_kind(p, kind, buf, cap, &used);
}

/* What both print for one kind, their defaults standing for ours. */
static bool same_kind(const struct proposal *ours, const struct proposal *theirs, unsigned kind)
{
	static const struct {
		const char *theirs, *ours;
	} defaults[] = {
		{"HMAC_SHA2_512+HMAC_SHA2_256", PRFS},
		{"HMAC_SHA2_512_256+HMAC_SHA2_256_128", MACS},
		{"ECP256+ECP384+ECP521+X25519+MODP4096+MODP3072+MODP2048+MODP8192", KES},
	};
	char a[512], b[512];

	list_kind(ours, kind, a, sizeof(a));
	list_kind(theirs, kind, b, sizeof(b));
	for (size_t i = 0; i < COUNT_OF(defaults); i++)
		if (strcmp(b, defaults[i].theirs) == 0 && strcmp(a, defaults[i].ours) == 0)
			return true;
	return strcmp(a, b) == 0;
}

static void same_meaning(const struct proposals *ours, enum protocol protocol,
			 const char *output)
{
	char text[16384];
	const struct proposals *theirs;

	without_remarks(output, text, sizeof(text));
	assert_int_equal(proposals_parse(text, protocol, &theirs, NULL), CYG_OK);
	assert_int_equal(ours->len, theirs->len);
	for (size_t i = 0; i < ours->len; i++)
		for (unsigned kind = ALG_ENCR; kind <= ALG_KE; kind++)
			assert_true(same_kind(&ours->items[i], &theirs->items[i], kind));
	proposals_unref(theirs);
}

struct tally {
	unsigned same, not_built, theirs_lacks, lenient;
};

static void check_line(char *line, struct tally *tally)
{
	char *input = strchr(line, '\t') + 1, *verdict = strchr(input, '\t') + 1;
	char *output = strchr(verdict, '\t') + 1;
	enum protocol protocol;
	const struct proposals *p;
	struct diag why;
	enum cyg_err err;

	input[strcspn(input, "\t")] = '\0';
	output[strcspn(output, "\t")] = '\0';
	if (strncmp(input, "ike=", 4) && strncmp(input, "esp=", 4))
		return;
	test_row(0, "%s", input);
	protocol = input[0] == 'i' ? PROTO_IKE : PROTO_ESP;
	err = proposals_parse(input + 4, protocol, &p, &why);
	if (err == CYG_UNSUPPORTED) {
		tally->not_built++;
		return;
	}
	/* What their library lacks; PFS for some proposals: here each stands for itself. */
	if (!err &&
	    (strstr(output, "is not supported") || strstr(output, "either all or no"))) {
		tally->theirs_lacks++;
	} else if (is_lenient(input)) {
		assert_int_equal(err, CYG_OK);
		tally->lenient++;
	} else {
		assert_int_equal(err == CYG_OK, strncmp(verdict, "SUCCESS", 7) == 0);
		if (!err)
			same_meaning(p, protocol, output);
		tally->same++;
	}
	if (!err)
		proposals_unref(p);
}

static void libreswans_proposals(void **state)
{
	struct view all = test_corpus("algparse/libreswan-head.tsv");
	struct tally tally = {0};
	char *line = (char *)all.ptr, *end;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (strncmp(line, "--ikev2 --pfs\t", 14) == 0)
			check_line(line, &tally);
	}
	print_message("# %u agree, %u name what is not built, %u what they lack, "
		      "%u are taken here alone\n",
		      tally.same, tally.not_built, tally.theirs_lacks, tally.lenient);
	assert_int_equal(tally.lenient, COUNT_OF(lenient));
	assert_true(tally.same >= 120);
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
		cmocka_unit_test(weak_algorithms_are_told),
		cmocka_unit_test(short_memory_is_told),
		cmocka_unit_test(libreswans_proposals),
		cmocka_unit_test(strongswans_proposals),
	};
	return RUN_TESTS("conn/proposal_parse", tests);
}
