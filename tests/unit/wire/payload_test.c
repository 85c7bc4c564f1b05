/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/payload.h"

#include "tests/unit/wire/wire_test.h"

#define HASH "000102030405060708090a0b0c0d0e0f10111213"

/* ---- what must be refused ---- */

static const struct bad_body bad_ke[] = {
	{"nothing", "", CYG_MALFORMED},
	{"group alone", "001f", CYG_MALFORMED},
	{"no value", "001f0000", CYG_MALFORMED},
	{"group NONE", "00000000 0102", CYG_MALFORMED},
};

static const struct bad_body bad_cert[] = {
	{"nothing", "", CYG_MALFORMED},
	{"encoding 0", "00 3082", CYG_MALFORMED},
	{"no certificate", "04", CYG_MALFORMED},
	{"hash without URL", "0c" HASH, CYG_MALFORMED},
	{"bundle hash without URL", "0d" HASH, CYG_MALFORMED},
};

static const struct bad_body bad_certreq[] = {
	{"nothing", "", CYG_MALFORMED},
	{"encoding 0", "00" HASH, CYG_MALFORMED},
	{"19 octets of hash", "04 000102030405060708090a0b0c0d0e0f101112", CYG_MALFORMED},
	{"21 octets of hash", "04" HASH "00", CYG_MALFORMED},
	{"one octet of OCSP responder hash", "0e 00", CYG_MALFORMED},
};

static const struct bad_body bad_auth[] = {
	{"nothing", "", CYG_MALFORMED},
	{"method alone", "02", CYG_MALFORMED},
	{"no data", "02000000", CYG_MALFORMED},
	{"method 0", "00000000 aa", CYG_MALFORMED},
};

static const struct bad_body bad_eap[] = {
	{"nothing", "", CYG_MALFORMED},
	{"3 octets", "010100", CYG_MALFORMED},
	{"length below the payload's", "01010005 01 aa", CYG_MALFORMED},
	{"length above the payload's", "01010007 01 aa", CYG_MALFORMED},
	{"length 0", "01010000 01", CYG_MALFORMED},
	{"code 0", "00010005 01", CYG_MALFORMED},
	{"code 0 of 4 octets", "00010004", CYG_MALFORMED},
	{"code 5", "05010005 01", CYG_MALFORMED},
	{"code 5 of 4 octets", "05010004", CYG_MALFORMED},
	{"request without a type", "01010004", CYG_MALFORMED},
	{"response without a type", "02010004", CYG_MALFORMED},
	{"success with a type", "03010005 01", CYG_MALFORMED},
	{"failure with data", "04010006 0102", CYG_MALFORMED},
};

/* Check that a parser refuses each row and leaves its result as it was. */
#define REFUSE_ALL(rows, type, parse, result_type)                        \
	for (size_t i = 0; i < COUNT_OF(rows); i++) {                     \
		struct payload p = payload_hex(type, rows[i].hex);        \
		struct result_type got, before;                           \
		struct diag why;                                          \
		test_row(i, #parse ": %s", rows[i].what);                 \
		memset(&got, 0x5a, sizeof(got));                          \
		memset(&before, 0x5a, sizeof(before));                    \
		assert_refusal(parse(&p, &got, &why), rows[i].err, &why); \
		assert_int_equal(why.offset, 28);                         \
		assert_memory_equal(&got, &before, sizeof(got));          \
	}

static void bad_bodies_are_refused(void **state)
{
	REFUSE_ALL(bad_ke, PAYLOAD_KE, ke_parse, ke_payload);
	REFUSE_ALL(bad_cert, PAYLOAD_CERT, cert_parse, cert_payload);
	REFUSE_ALL(bad_certreq, PAYLOAD_CERTREQ, certreq_parse, certreq_payload);
	REFUSE_ALL(bad_auth, PAYLOAD_AUTH, auth_parse, auth_payload);
	REFUSE_ALL(bad_eap, PAYLOAD_EAP, eap_parse, eap_payload);
}

static void nonces_of_wrong_length_are_refused(void **state)
{
	static const size_t lengths[] = {0, 1, 15, 257, 65000};
	struct nonce_payload nonce;
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct payload p = payload_view(PAYLOAD_NONCE, zeroes(lengths[i]));

		test_row(i, "%zu octets", lengths[i]);
		assert_refusal(nonce_parse(&p, &nonce, &why), CYG_MALFORMED, &why);
		assert_string_equal(why.wanted, "16 to 256 octets");
	}
}

/* ---- what is taken, and the two laws ---- */

/* parse, build, compare octets, parse what was built: the results must be one. */
#define BOTH_WAYS(hex, type, parse, build, result_type)                  \
	do {                                                             \
		struct payload p = payload_hex(type, hex);               \
		uint8_t storage[70000];                                  \
		struct builder b = builder_of(storage, sizeof(storage)); \
		struct result_type got;                                  \
		test_row(0, #parse ": %s", hex);                         \
		assert_int_equal(parse(&p, &got, NULL), CYG_OK);         \
		build(&b, &got);                                         \
		assert_view_equal(build_done(&b), p.body);               \
	} while (0)

static void canonical_bodies_go_both_ways(void **state)
{
	BOTH_WAYS("001f0000 0102030405", PAYLOAD_KE, ke_parse, ke_build, ke_payload);
	BOTH_WAYS("04010000 01", PAYLOAD_KE, ke_parse, ke_build, ke_payload);
	BOTH_WAYS("04 3082", PAYLOAD_CERT, cert_parse, cert_build, cert_payload);
	BOTH_WAYS("07 3082", PAYLOAD_CERT, cert_parse, cert_build, cert_payload);
	BOTH_WAYS("c8 00", PAYLOAD_CERT, cert_parse, cert_build, cert_payload);
	BOTH_WAYS("0c" HASH "68", PAYLOAD_CERT, cert_parse, cert_build, cert_payload);
	BOTH_WAYS("04", PAYLOAD_CERTREQ, certreq_parse, certreq_build, certreq_payload);
	BOTH_WAYS("04" HASH HASH, PAYLOAD_CERTREQ, certreq_parse, certreq_build,
		  certreq_payload);
	BOTH_WAYS("05 0b", PAYLOAD_CERTREQ, certreq_parse, certreq_build, certreq_payload);
	BOTH_WAYS("02000000 aabb", PAYLOAD_AUTH, auth_parse, auth_build, auth_payload);
	BOTH_WAYS("ff000000 aabb", PAYLOAD_AUTH, auth_parse, auth_build, auth_payload);
	BOTH_WAYS("000102030405060708090a0b0c0d0e0f", PAYLOAD_NONCE, nonce_parse, nonce_build,
		  nonce_payload);
	BOTH_WAYS("", PAYLOAD_VENDOR, vendor_parse, vendor_build, vendor_payload);
	BOTH_WAYS("11223344", PAYLOAD_VENDOR, vendor_parse, vendor_build, vendor_payload);
	BOTH_WAYS("01010006 1a01", PAYLOAD_EAP, eap_parse, eap_build, eap_payload);
	BOTH_WAYS("02ff0005 03", PAYLOAD_EAP, eap_parse, eap_build, eap_payload);
	BOTH_WAYS("03020004", PAYLOAD_EAP, eap_parse, eap_build, eap_payload);
	BOTH_WAYS("04030004", PAYLOAD_EAP, eap_parse, eap_build, eap_payload);
}

static void fields_are_where_they_belong(void **state)
{
	struct payload p = payload_hex(PAYLOAD_KE, "0013ffff 0102");
	struct ke_payload ke;
	struct auth_payload auth;
	struct eap_payload eap;

	assert_int_equal(ke_parse(&p, &ke, NULL), CYG_OK);
	assert_int_equal(ke.group, 19);
	assert_view_equal(ke.data, LITERAL("\x01\x02"));
	p = payload_hex(PAYLOAD_AUTH, "0effffff 03");
	assert_int_equal(auth_parse(&p, &auth, NULL), CYG_OK);
	assert_int_equal(auth.method, AUTH_METHOD_SIGNATURE);
	assert_view_equal(auth.data, LITERAL("\x03"));
	p = payload_hex(PAYLOAD_EAP, "01070007 1a0102");
	assert_int_equal(eap_parse(&p, &eap, NULL), CYG_OK);
	assert_int_equal(eap.code, EAP_REQUEST);
	assert_int_equal(eap.identifier, 7);
	assert_int_equal(eap.type, 26);
	assert_view_equal(eap.data, LITERAL("\x01\x02"));
}

static void nonces_of_all_right_lengths(void **state)
{
	struct nonce_payload nonce;

	for (size_t len = NONCE_LEN_MIN; len <= NONCE_LEN_MAX; len++) {
		struct payload p = payload_view(PAYLOAD_NONCE, zeroes(len));

		assert_int_equal(nonce_parse(&p, &nonce, NULL), CYG_OK);
		assert_int_equal(nonce.data.len, len);
	}
}

static void a_huge_vendor_id_is_only_long(void **state)
{
	struct payload p = payload_view(PAYLOAD_VENDOR, zeroes(65000));
	struct vendor_payload vendor;

	assert_int_equal(vendor_parse(&p, &vendor, NULL), CYG_OK);
	assert_int_equal(vendor.id.len, 65000);
}

static void every_cert_encoding_is_told_apart(void **state)
{
	for (unsigned encoding = 1; encoding <= 15; encoding++) {
		uint8_t body[22] = {(uint8_t)encoding};
		struct payload p = payload_view(PAYLOAD_CERT, view_of(body, sizeof(body)));
		struct cert_payload cert;
		struct certreq_payload certreq;

		test_row(encoding, "encoding");
		assert_int_equal(cert_parse(&p, &cert, NULL), CYG_OK);
		assert_int_equal(cert.encoding, encoding);
		assert_int_equal(cert.data.len, 21);
		assert_int_equal(certreq_parse(&p, &certreq, NULL),
				 encoding == 4 || (encoding >= 12 && encoding <= 14)
					 ? CYG_MALFORMED
					 : CYG_OK);
	}
}

static void some_encodings_list_hashes(void **state)
{
	struct payload p = payload_hex(PAYLOAD_CERTREQ,
				       "04" HASH "ff" HASH "0102030405060708090a"
				       "0b0c0d0e0f10111213");
	struct certreq_payload certreq;

	assert_int_equal(certreq_parse(&p, &certreq, NULL), CYG_OK);
	assert_true(certreq_has_hashes(&certreq));
	certreq.encoding = 5;
	assert_false(certreq_has_hashes(&certreq));
}

static void builders_stop_at_the_end_of_their_room(void **state)
{
	uint8_t out[8] = {0};
	struct builder b = builder_of(out, 7);
	struct ke_payload ke = {31, LITERAL("\x01\x02\x03\x04")};

	ke_build(&b, &ke);
	assert_true(b.bad);
	assert_int_equal(build_done(&b).len, 0);
	assert_int_equal(out[7], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_bodies_are_refused),
		cmocka_unit_test(nonces_of_wrong_length_are_refused),
		cmocka_unit_test(canonical_bodies_go_both_ways),
		cmocka_unit_test(fields_are_where_they_belong),
		cmocka_unit_test(nonces_of_all_right_lengths),
		cmocka_unit_test(a_huge_vendor_id_is_only_long),
		cmocka_unit_test(every_cert_encoding_is_told_apart),
		cmocka_unit_test(some_encodings_list_hashes),
		cmocka_unit_test(builders_stop_at_the_end_of_their_room),
	};

	return RUN_TESTS("wire/payload", tests);
}
