/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/print.h"

#include "tests/unit/wire/wire_test.h"
#include "wire/chain.h"
#include "wire/sa.h"

#define DIGEST "090a7f120b13d32fde648bf1c33c798f00010203"
#define NONCE "00112233445566778899aabbccddeeff"

static struct message inner_of(uint8_t first, const char *hex)
{
	struct message m;

	assert_int_equal(message_parse_inner(test_hex(hex), first, &m, NULL, NULL), CYG_OK);
	return m;
}

static const char init_hex[] =
	"0102030405060708 0000000000000000 21202208 00000000 00000000"
	"22000028 00000024 01010003 0300000c 01000014 800e0100 03000008 02000005 00000008 0400001f"
	"2800000c 001f0000 aabbccdd"
	"29000014" NONCE "2900001c 00004004" DIGEST "00000008 0000fffe";

static struct message init_message(void)
{
	struct message m;

	assert_int_equal(message_parse(test_hex(init_hex), PAYLOAD_SA, &m, NULL, NULL), CYG_OK);
	return m;
}

static const struct ike_header init = {.exchange = X_IKE_SA_INIT, .initiator = true};

static void one_line_names_the_payloads(void **state)
{
	struct message m = init_message(), none;
	struct ike_header h = {.exchange = X_INFORMATIONAL, .response = true, .msgid = 7};
	char buf[MESSAGE_LINE_MAX];

	assert_string_equal(message_print(&init, &m, buf, sizeof(buf)),
			    "IKE_SA_INIT request 0 "
			    "[SA KE No N(NAT_DETECTION_SOURCE_IP) N(type 65534)]");
	assert_string_equal(message_print(&init, NULL, buf, sizeof(buf)),
			    "IKE_SA_INIT request 0");
	none = inner_of(0, "");
	assert_string_equal(message_print(&h, &none, buf, sizeof(buf)),
			    "INFORMATIONAL response 7 {}");
	assert_string_equal(payloads_print(&m, buf, sizeof(buf)),
			    "SA KE No N(NAT_DETECTION_SOURCE_IP) N(type 65534)");
	h.exchange = 200;
	m = inner_of(200, "29000004 c8000008 00004000 00000005 aa");
	assert_string_equal(message_print(&h, &m, buf, sizeof(buf)),
			    "exchange 200 response 7 {N(INITIAL_CONTACT) 2 unknown}");
	m = inner_of(41, "00000005 aa");
	assert_string_equal(payloads_print(&m, buf, sizeof(buf)), "N(malformed)");
}

static void many_lines_tell_the_contents(void **state)
{
	struct message m = init_message();
	char buf[4096];

	assert_string_equal(message_print_long(&init, &m, buf, sizeof(buf)),
			    "IKE_SA_INIT request 0 "
			    "[SA KE No N(NAT_DETECTION_SOURCE_IP) N(type 65534)]\n"
			    "  SA: #1 IKE AES_GCM_16_256/HMAC_SHA2_256/X25519\n"
			    "  KE: X25519, 4 octets\n"
			    "  No: 16 octets\n"
			    "  N: NAT_DETECTION_SOURCE_IP, 20 octets\n"
			    "  N: type 65534\n");
}

static const struct {
	uint8_t type;
	const char *body, *line;
} lines[] = {
	{PAYLOAD_SA, "00000018 01030401 c1020304 0000000c 01000014 800e0080",
	 "SA: #1 ESP spi c1020304 AES_GCM_16_128"},
	{PAYLOAD_SA, "00000016 01010001 0000000e 01000014 00630002 aabb",
	 "SA: #1 IKE AES_GCM_16 (unusable)"},
	{PAYLOAD_SA, "00",
	 "SA: malformed: a proposal has an impossible length (wanted 8 octets and its SPI, to the end "
	 "of the payload; got 0 of 1 with an SPI of 0)"},
	{PAYLOAD_IDI, "01000000 ac127d01", "IDi: ID_IPV4_ADDR 172.18.125.1"},
	{PAYLOAD_IDR, "05000000 20010db8000000000000000000000001",
	 "IDr: ID_IPV6_ADDR 2001:db8::1"},
	{PAYLOAD_IDI, "02000000 67772e6578616d706c65", "IDi: ID_FQDN \"gw.example\""},
	{PAYLOAD_IDI, "0b000000 0a1b5b22ff5c", "IDi: ID_KEY_ID \"\\x0a\\x1b[\\x22\\xff\\x5c\""},
	{PAYLOAD_IDI, "09000000 3000", "IDi: ID_DER_ASN1_DN, 2 octets"},
	{PAYLOAD_IDI, "0d000000", "IDi: ID_NULL"},
	{PAYLOAD_CERT, "04 aabb", "CERT: X.509 Certificate - Signature, 2 octets"},
	{PAYLOAD_CERT, "63 aabb", "CERT: encoding 99, 2 octets"},
	{PAYLOAD_CERTREQ, "04" DIGEST DIGEST,
	 "CERTREQ: X.509 Certificate - Signature, 2 authorities"},
	{PAYLOAD_AUTH, "02000000 aabbcc", "AUTH: Shared Key Message Integrity Code, 3 octets"},
	{PAYLOAD_AUTH, "c8000000 aabbcc", "AUTH: method 200, 3 octets"},
	{PAYLOAD_NOTIFY, "00000011 0013", "N: INVALID_KE_PAYLOAD, wants ECP256"},
	{PAYLOAD_NOTIFY, "00000001 c8", "N: UNSUPPORTED_CRITICAL_PAYLOAD, payload type 200"},
	{PAYLOAD_NOTIFY, "00004001 00000004", "N: SET_WINDOW_SIZE, 4"},
	{PAYLOAD_NOTIFY, "03044009 c1020304", "N: REKEY_SA, ESP spi c1020304"},
	{PAYLOAD_NOTIFY, "00004006 aabbcc", "N: COOKIE, 3 octets"},
	{PAYLOAD_DELETE, "01000000", "D: IKE"},
	{PAYLOAD_DELETE, "03040002 aabbccdd eeff0011", "D: ESP aabbccdd, eeff0011"},
	{PAYLOAD_VENDOR, "", "V: \"\""},
	{PAYLOAD_VENDOR, "61622263", "V: \"ab\\x22c\""},
	{PAYLOAD_VENDOR, "6162630a", "V: 6162630a"},
	{PAYLOAD_VENDOR, DIGEST DIGEST, "V: " DIGEST "090a7f120b13d32fde648bf1..."},
	{PAYLOAD_TSI,
	 "03000000 07000010 0000ffff ac287d00 ac287dff 07060010 00500051 0a000001 0a000003 0a0000067801",
	 "TSi: 172.40.125.0/24, 10.0.0.1-10.0.0.3[6/80-81], TS_SECLABEL (2 octets)"},
	{PAYLOAD_CP, "01000000 00010000 7fff0001 aa",
	 "CP: CFG_REQUEST INTERNAL_IP4_ADDRESS(0), attribute 32767(1)"},
	{PAYLOAD_EAP, "01070006 1a01", "EAP: Request 7, type 26, 1 octets"},
	{PAYLOAD_EAP, "03080004", "EAP: Success 8"},
	{PAYLOAD_KE, "12340000 aa", "KE: KE(4660), 1 octets"},
};

static void each_payload_has_its_line(void **state)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct view body = test_hex(lines[i].body);
		uint8_t octets[256];
		struct builder b = builder_of(octets, sizeof(octets));
		struct message m;
		char want[512], buf[1024], *got;

		test_row(i, "%s", lines[i].line);
		build_u16(&b, 0);
		build_u16(&b, (uint16_t)(4 + body.len));
		build_view(&b, body);
		assert_int_equal(message_parse_inner(build_done(&b), lines[i].type, &m, NULL,
						     NULL),
				 CYG_OK);
		message_print_long(&init, &m, buf, sizeof(buf));
		got = strchr(buf, '\n');
		assert_non_null(got);
		snprintf(want, sizeof(want), "\n  %s\n", lines[i].line);
		assert_string_equal(got, want);
	}
}

/* An answer has the number that was accepted; what would be malformed in an offer is not here. */
static void answers_are_read_as_answers(void **state)
{
	struct ike_header h = {.exchange = X_IKE_SA_INIT, .response = true};
	struct message m = inner_of(PAYLOAD_SA,
				    "00000018 00000014 07010001 0000000c 01000014 800e0080");
	char buf[1024];

	assert_non_null(strstr(message_print_long(&h, &m, buf, sizeof(buf)),
			       "SA: #7 IKE AES_GCM_16_128\n"));
}

/* A body of one zero octet is refused by every parser but those of SK, SKF and vendor IDs. */
static void what_is_refused_prints_as_malformed(void **state)
{
	for (uint8_t type = PAYLOAD_SA; type <= PAYLOAD_EAP; type++) {
		struct message m;
		char buf[1024], want[32];

		if (type == PAYLOAD_SK || type == PAYLOAD_VENDOR)
			continue;
		test_row(type, "%s", payload_name(type));
		m = inner_of(type, "00000005 00");
		message_print_long(&init, &m, buf, sizeof(buf));
		snprintf(want, sizeof(want), "\n  %s: malformed: ", payload_name(type));
		assert_non_null(strstr(buf, want));
		assert_non_null(strstr(buf, "; got "));
	}
}

static void sk_tells_its_length_and_first(void **state)
{
	struct message m;
	char buf[256];

	assert_int_equal(
		message_parse(test_hex("0102030405060708 1112131415161718 2e202308 00000001"
				       "00000000 23000008 aabbccdd"),
			      PAYLOAD_SK, &m, NULL, NULL),
		CYG_OK);
	message_print_long(&init, &m, buf, sizeof(buf));
	assert_non_null(strstr(buf, "[SK]\n  SK: 4 octets, first inside IDi\n"));
}

/* Nothing that keys are made from, nor what proves who we are, may be in a log. */
static void secrets_are_not_printed(void **state)
{
	struct message m = init_message(),
		       auth = inner_of(PAYLOAD_AUTH, "0000000c 02000000 aabbccdd");
	char buf[4096];

	message_print_long(&init, &m, buf, sizeof(buf));
	assert_null(strstr(buf, "0011"));
	assert_null(strstr(buf, "aabb"));
	message_print_long(&init, &auth, buf, sizeof(buf));
	assert_null(strstr(buf, "aabb"));
}

static void text_is_cut_at_its_room(void **state)
{
	struct message m = init_message();
	char whole[4096], buf[4096];
	size_t len = strlen(message_print_long(&init, &m, whole, sizeof(whole)));

	for (size_t cap = 1; cap <= len + 1; cap++) {
		test_row(cap, "octets of room");
		memset(buf, 'x', sizeof(buf));
		message_print_long(&init, &m, buf, cap);
		assert_true(strlen(buf) < cap);
		assert_memory_equal(buf, whole, strlen(buf));
		assert_int_equal(buf[cap], 'x');
	}
	buf[0] = 'x';
	message_print(&init, &m, buf, 0);
	assert_int_equal(buf[0], 'x');
}

static void long_proposals_are_cut(void **state)
{
	static uint8_t octets[2048];
	struct builder b = builder_of(octets, sizeof(octets));
	struct chain c = chain_begin(&b);
	struct sa_builder s;
	struct message m;
	char buf[4096];

	chain_payload(&c, PAYLOAD_SA);
	s = sa_begin(&b);
	sa_add_proposal(&s, 1, PROTOCOL_IKE, view_of(NULL, 0));
	for (uint16_t i = 0; i < 100; i++)
		sa_add_transform(&s, 4, (uint16_t)(5000 + i), 0);
	sa_end(&s);
	chain_end(&c);
	assert_int_equal(message_parse_inner(build_done(&b), c.first, &m, NULL, NULL), CYG_OK);
	message_print_long(&init, &m, buf, sizeof(buf));
	assert_non_null(strstr(buf, "/KE(5063)/...\n"));
	assert_null(strstr(buf, "5064"));
}

static void long_lists_are_cut(void **state)
{
	static uint8_t octets[2048];
	struct builder b = builder_of(octets, sizeof(octets));
	struct message m;
	char buf[4096];

	build_u32(&b, 4 + 4 + 4 * 100);
	build_u32(&b, 0x03040000 | 100);
	for (uint32_t i = 1; i <= 100; i++)
		build_u32(&b, i);
	assert_int_equal(message_parse_inner(build_done(&b), PAYLOAD_DELETE, &m, NULL, NULL),
			 CYG_OK);
	message_print_long(&init, &m, buf, sizeof(buf));
	assert_non_null(strstr(buf, ", 00000040, ...\n"));
	assert_null(strstr(buf, "00000041"));
}

static void numbers_without_a_name_are_spelt_out(void **state)
{
	char buf[NUMBER_TEXT_MAX];

	assert_string_equal(number_print("COOKIE", "notify", 16390, buf), "COOKIE");
	assert_string_equal(number_print(NULL, "notify", 40000, buf), "notify 40000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_names_the_payloads),
		cmocka_unit_test(many_lines_tell_the_contents),
		cmocka_unit_test(each_payload_has_its_line),
		cmocka_unit_test(answers_are_read_as_answers),
		cmocka_unit_test(what_is_refused_prints_as_malformed),
		cmocka_unit_test(sk_tells_its_length_and_first),
		cmocka_unit_test(secrets_are_not_printed),
		cmocka_unit_test(text_is_cut_at_its_room),
		cmocka_unit_test(long_proposals_are_cut),
		cmocka_unit_test(long_lists_are_cut),
		cmocka_unit_test(numbers_without_a_name_are_spelt_out),
	};

	return RUN_TESTS("wire/print", tests);
}
