/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/proposal.h"

#include "crypto/alg.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

static const struct proposals *parse(const char *text, enum protocol protocol)
{
	const struct proposals *p;

	assert_int_equal(proposals_parse(text, protocol, &p, NULL), CYG_OK);
	return p;
}

static void explain(const char *ours, enum protocol protocol, const struct proposal *offered,
		    size_t len, bool without_ke, struct diag *why)
{
	const struct proposals *p;
	struct chosen c;
	char line[2048];

	if (ours)
		p = parse(ours, protocol);
	else
		assert_int_equal(proposals_default(protocol, &p), CYG_OK);
	assert_int_equal(proposals_select(p, offered, len, without_ke, &c, why), CYG_NOTFOUND);
	assert_string_equal(why->code, "no-proposal-chosen");
	test_row(0, "%s", diag_print(why, line, sizeof(line)));
	proposals_unref(p);
}

static void hints_between_two_configurations(void **state)
{
	static const struct {
		enum protocol protocol;
		const char *ours, *theirs;
		bool without_ke;
		const char *differs, *hint;
	} rows[] = {
		{PROTO_IKE, "aes256-sha256-modp2048", "aes256-sha256-x25519", false,
		 "differs in KE", "add x25519 to ike= here, or modp2048 to the peer's ike="},
		{PROTO_IKE, "aes256-sha256-x25519", "aes128-sha256-x25519", false,
		 "differs in ENCR", "add aes128 to ike= here, or aes256 to the peer's ike="},
		{PROTO_IKE, "aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha256-x25519",
		 false, "differs in PRF",
		 "add prfsha256 to ike= here, or prfsha384 to the peer's ike="},
		{PROTO_IKE, "aes256gcm16-prfsha512-x25519", "aes128-sha256-modp2048", false,
		 "differs in ENCR, PRF, INTEG, KE",
		 "add aes128-sha256-modp2048 to ike= here, or aes256gcm16-prfsha512-x25519 to the peer's ike="},
		{PROTO_ESP, "aes256gcm16", "aes128-sha256", true, "differs in ENCR, INTEG",
		 "add aes128-sha256 to esp= here, or aes256gcm16 to the peer's esp="},
		{PROTO_ESP, "aes256-sha256-x25519", "aes256-sha256", false, "differs in KE",
		 "the peer asks for no PFS: add x25519 to its esp=, or write pfs=no here"},
		{PROTO_ESP, "aes256-sha256-esn", "aes256-sha256-noesn", true, "differs in ESN",
		 "write esn=either at the end that insists"},
		/* what our own list names is weak, and nothing else would do */
		{PROTO_IKE, "3des-md5-modp1024", "aes256-sha256-x25519", false,
		 "differs in ENCR, PRF, INTEG, KE",
		 "add aes256-sha256-x25519 to ike= here, or 3des-md5-modp1024 to the peer's ike="},
		{PROTO_ESP, "3des-md5", "aes256gcm16", true, "differs in ENCR, INTEG",
		 "add aes256gcm16 to esp= here, or 3des-md5 to the peer's esp="},
		/* the nearest of several is told of */
		{PROTO_IKE, "aes256-sha256-modp2048",
		 "aes128-sha512-x25519,aes256-sha256-x25519,chacha20poly1305-x448", false,
		 "number 2, differs in KE",
		 "add x25519 to ike= here, or modp2048 to the peer's ike="},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct proposals *theirs = parse(rows[i].theirs, rows[i].protocol);
		struct diag why;

		test_row(i, "%s and %s", rows[i].ours, rows[i].theirs);
		explain(rows[i].ours, rows[i].protocol, theirs->items, theirs->len,
			rows[i].without_ke, &why);
		assert_non_null(strstr(why.sentence, rows[i].differs));
		assert_string_equal(why.hint, rows[i].hint);
		proposals_unref(theirs);
	}
}

/* What can't be settled by any list is not advised. */
static void encryption_offered_within_ah(void **state)
{
	struct proposal offered;
	const struct proposals *esp = parse("aes256-sha256-noesn", PROTO_ESP);
	struct diag why;

	offered = esp->items[0];
	offered.protocol = PROTO_AH;
	explain("sha256", PROTO_AH, &offered, 1, true, &why);
	assert_non_null(strstr(why.sentence, "AH proposal is not acceptable: it differs in ENCR"));
	assert_string_equal(why.hint,
			    "AH encrypts nothing, and the peer offers encryption within it, which no list here "
			    "can accept (RFC 7296 3.3.3): use ESP at both ends");
	proposals_unref(esp);
}

/* Following the hint at either end joins both. */
static void hints_help(void **state)
{
	static const char *const texts[] = {
		"aes256-sha256-x25519",           "aes128-sha512-ecp256",
		"aes256gcm16-prfsha512-modp2048", "chacha20poly1305-x448",
		"aes192-sha384-prfsha256-ecp521",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (size_t j = 0; j < COUNT_OF(texts); j++) {
			const struct proposals *ours = parse(texts[i], PROTO_IKE),
					       *theirs = parse(texts[j], PROTO_IKE);
			char here[256], there[256], text[512];
			const struct proposals *more;
			struct chosen c;
			struct diag why;

			test_row(i, "%s, %s", texts[i], texts[j]);
			if (proposals_select(ours, theirs->items, theirs->len, false, &c,
					     &why)) {
				assert_int_equal(
					sscanf(why.hint,
					       "add %255s to ike= here, or %255s to the peer's ike=",
					       here, there),
					2);
				snprintf(text, sizeof(text), "%s,%s", texts[i], here);
				more = parse(text, PROTO_IKE);
				assert_int_equal(proposals_select(more, theirs->items,
								  theirs->len, false, &c, NULL),
						 CYG_OK);
				proposals_unref(more);
				snprintf(text, sizeof(text), "%s,%s", texts[j], there);
				more = parse(text, PROTO_IKE);
				assert_int_equal(proposals_select(ours, more->items, more->len,
								  false, &c, NULL),
						 CYG_OK);
				proposals_unref(more);
			} else {
				assert_int_equal(i, j);
			}
			proposals_unref(ours);
			proposals_unref(theirs);
		}
}

/* The same where our own list is weak: of the peer's, only what is strong is advised. */
static void hints_of_weak_lists_help(void **state)
{
	static const char *const weak[] = {"aes128-sha1-modp1024", "3des-md5-modp1024",
					   "3des-sha1-modp1536", "aes128-md5-prfsha1-modp1024"};
	const struct proposals *peers;

	assert_int_equal(proposals_default(PROTO_IKE, &peers), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(weak); i++) {
		const struct proposals *ours = parse(weak[i], PROTO_IKE), *more;
		const char * or ;
		char there[256];
		struct chosen c;
		struct diag why;

		test_row(i, "%s", weak[i]);
		explain(weak[i], PROTO_IKE, peers->items, peers->len, false, &why);
		or = strstr(why.hint, " to ike= here, or ");
		assert_non_null(or);
		assert_int_equal(sscanf(or,
					" to ike= here, or %255s to the peer's ike=", there),
				 1);
		more = parse(there, PROTO_IKE);
		assert_int_equal(proposals_select(ours, more->items, more->len, false, &c,
						  NULL),
				 CYG_OK);
		proposals_unref(more);
		proposals_unref(ours);
	}
	proposals_unref(peers);
}

#define T(k, i, b)                \
	{                         \
		ALG_##k, (i), (b) \
	}

/* What this build only knows the name of, and what it does not even know. */
static void strangers_algorithms_are_named(void **state)
{
	static const struct proposal old = {
		PROTO_IKE, 4, {T(ENCR, 3, 0), T(PRF, 2, 0), T(INTEG, 1, 0), T(KE, 2, 0)}};
	static const struct proposal odd = {
		PROTO_IKE, 4, {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 1234, 0), T(KE, 36, 0)}};
	static const struct proposal hybrid = {
		PROTO_IKE, 4, {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 31, 0), T(ADDKE1, 36, 0)}};
	static const struct proposal unknown = {
		PROTO_IKE, 4, {T(ENCR, 20, 256), T(PRF, 7, 0), T(KE, 31, 0), {77, 1, 0}}};
	static const struct proposal sized = {PROTO_IKE,
					      3,
					      {T(ENCR, 20, 512), T(PRF, 7, 0), T(KE, 31, 0)}};
	struct diag why;

	explain(NULL, PROTO_IKE, &old, 1, false, &why);
	assert_non_null(strstr(why.got, "ENCR 3DES (weak)"));
	assert_non_null(strstr(why.got, "INTEG HMAC_MD5_96 (weak)"));
	assert_non_null(strstr(why.got, "KE MODP1024 (weak)"));
	assert_non_null(strstr(why.wanted, "AES_GCM_16_256"));
	assert_string_equal(why.hint, "add aes256gcm16-prfsha512-x25519 to the peer's ike=");

	explain(NULL, PROTO_IKE, &odd, 1, false, &why);
	assert_non_null(
		strstr(why.got, "KE KE(1234) (unknown here)+ML_KEM_768 (not built here)"));
	assert_string_equal(why.hint, "add x25519 to the peer's ike=");

	explain(NULL, PROTO_IKE, &hybrid, 1, false, &why);
	assert_non_null(strstr(why.sentence, "ADDKE1"));
	assert_non_null(strstr(why.got, "ADDKE1 ML_KEM_768"));
	assert_string_equal(why.hint, "add aes256gcm16-prfsha512-x25519 to the peer's ike=");

	explain(NULL, PROTO_IKE, &unknown, 1, false, &why);
	assert_non_null(strstr(why.sentence, "unknown"));
	assert_string_equal(why.hint, "add aes256gcm16-prfsha512-x25519 to the peer's ike=");

	explain(NULL, PROTO_IKE, &sized, 1, false, &why);
	assert_non_null(strstr(why.got, "AES_GCM_16_512 (no such key size)"));
}

static void offers_of_nothing(void **state)
{
	static const struct proposal esp = {PROTO_ESP, 1, {T(ENCR, 20, 256)}},
				     empty = {PROTO_IKE, 0, {{0}}};
	struct diag why;

	explain(NULL, PROTO_IKE, &esp, 1, false, &why);
	assert_non_null(strstr(why.sentence, "no proposal for IKE"));
	explain(NULL, PROTO_IKE, &empty, 1, false, &why);
	explain(NULL, PROTO_IKE, NULL, 0, false, &why);
	assert_non_null(strstr(why.sentence, "no proposal for IKE"));
}

/* The longest lists there can be stay within the record. */
static void full_lists_are_cut(void **state)
{
	static struct proposal many[PROPOSALS_MAX];
	struct diag why;

	for (size_t i = 0; i < PROPOSALS_MAX; i++) {
		many[i].protocol = PROTO_IKE;
		many[i].len = PROPOSAL_TRANSFORMS_MAX;
		for (size_t j = 0; j < PROPOSAL_TRANSFORMS_MAX; j++)
			many[i].transforms[j] =
				(struct transform){(uint8_t)(1 + j % 12),
						   (uint16_t)(5000 + 64 * i + j), 0};
	}
	explain(NULL, PROTO_IKE, many, PROPOSALS_MAX, false, &why);
	assert_true(strlen(why.got) < sizeof(why.got));
	assert_true(strlen(why.got) > 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints_between_two_configurations),
		cmocka_unit_test(encryption_offered_within_ah),
		cmocka_unit_test(hints_help),
		cmocka_unit_test(hints_of_weak_lists_help),
		cmocka_unit_test(strangers_algorithms_are_named),
		cmocka_unit_test(offers_of_nothing),
		cmocka_unit_test(full_lists_are_cut),
	};
	return RUN_TESTS("conn/proposal_explain", tests);
}
