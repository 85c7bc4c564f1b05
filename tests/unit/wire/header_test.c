/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/header.h"

#include "tests/unit/wire/wire_test.h"
#include "wire/ikev2_numbers.h"

#define SPI_I "0102030405060708"
#define SPI_R "1112131415161718"
#define NO_SPI "0000000000000000"

/* Each row is a datagram of exactly 28 octets unless it says otherwise. */
static const struct {
	const char *what, *hex;
	enum cyg_err err;
	const char *code;
	uint32_t offset;
} refused[] = {
	{"nothing", "", CYG_SHORT, "short-message", 0},
	{"one octet", "21", CYG_SHORT, "short-message", 1},
	{"27 octets", SPI_I NO_SPI "21202208 00000000 00001c", CYG_SHORT, "short-message", 27},
	{"length 0", SPI_I NO_SPI "21202208 00000000 00000000", CYG_MALFORMED,
	 "malformed-header", 24},
	{"length 27", SPI_I NO_SPI "21202208 00000000 0000001b", CYG_MALFORMED,
	 "malformed-header", 24},
	{"length above the datagram's", SPI_I NO_SPI "21202208 00000000 0000001d",
	 CYG_MALFORMED, "malformed-header", 24},
	{"length below the datagram's", SPI_I NO_SPI "21202208 00000000 0000001c 00",
	 CYG_MALFORMED, "malformed-header", 24},
	{"length 2^31", SPI_I NO_SPI "21202208 00000000 80000000", CYG_MALFORMED,
	 "malformed-header", 24},
	{"length 2^32-1", SPI_I NO_SPI "21202208 00000000 ffffffff", CYG_MALFORMED,
	 "malformed-header", 24},
	{"major 0", SPI_I NO_SPI "21002208 00000000 0000001c", CYG_UNSUPPORTED,
	 "invalid-major-version", 17},
	{"major 1", SPI_I NO_SPI "21102208 00000000 0000001c", CYG_UNSUPPORTED,
	 "invalid-major-version", 17},
	{"major 3", SPI_I NO_SPI "21302208 00000000 0000001c", CYG_UNSUPPORTED,
	 "invalid-major-version", 17},
	{"major 15", SPI_I NO_SPI "21f02208 00000000 0000001c", CYG_UNSUPPORTED,
	 "invalid-major-version", 17},
	{"both SPIs 0 in IKE_SA_INIT", NO_SPI NO_SPI "21202208 00000000 0000001c",
	 CYG_MALFORMED, "malformed-header", 0},
	{"initiator's SPI 0 in IKE_AUTH", NO_SPI SPI_R "2e202308 00000001 0000001c",
	 CYG_MALFORMED, "malformed-header", 0},
	{"responder's SPI set on the first message", SPI_I SPI_R "21202208 00000000 0000001c",
	 CYG_MALFORMED, "malformed-header", 8},
	{"responder's SPI 0 in IKE_AUTH", SPI_I NO_SPI "2e202308 00000001 0000001c",
	 CYG_MALFORMED, "malformed-header", 8},
	{"responder's SPI 0 in an unknown exchange", SPI_I NO_SPI "2e20f008 00000001 0000001c",
	 CYG_MALFORMED, "malformed-header", 8},
	{"IKE_SA_INIT request without I", SPI_I NO_SPI "21202200 00000000 0000001c",
	 CYG_MALFORMED, "malformed-header", 19},
	{"IKE_SA_INIT response with I", SPI_I SPI_R "21202228 00000000 0000001c", CYG_MALFORMED,
	 "malformed-header", 19},
	{"IKE_SA_INIT with message ID 1", SPI_I NO_SPI "21202208 00000001 0000001c",
	 CYG_MALFORMED, "malformed-header", 20},
	{"IKE_SA_INIT with message ID 0xffffffff", SPI_I NO_SPI "21202208 ffffffff 0000001c",
	 CYG_MALFORMED, "malformed-header", 20},
	{"IKE_SESSION_RESUME request without I", SPI_I NO_SPI "21202600 00000000 0000001c",
	 CYG_MALFORMED, "malformed-header", 19},
	{"INFORMATIONAL without SPIs but a message ID",
	 NO_SPI NO_SPI "29202508 00000001 0000001c", CYG_MALFORMED, "malformed-header", 0},
	{"INFORMATIONAL response without SPIs", NO_SPI NO_SPI "29202520 00000000 0000001c",
	 CYG_MALFORMED, "malformed-header", 0},
	{"non-ESP marker in front", "00000000" SPI_I NO_SPI "21202208 00000000 0000001c",
	 CYG_UNSUPPORTED, "invalid-major-version", 17},
};

static void bad_headers_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct ike_header h = {.exchange = 77}, before = h;
		struct diag why;

		test_row(i, "%s", refused[i].what);
		assert_refusal(header_parse(test_hex(refused[i].hex), &h, &why), refused[i].err,
			       &why);
		assert_string_equal(why.code, refused[i].code);
		assert_int_equal(why.offset, refused[i].offset);
		assert_memory_equal(&h, &before, sizeof(h));
		assert_int_not_equal(header_parse(test_hex(refused[i].hex), &h, NULL), CYG_OK);
	}
}

static const struct {
	const char *what, *hex;
	struct ike_header header;
} taken[] = {
	{"IKE_SA_INIT request",
	 SPI_I NO_SPI "21202208 00000000 0000001c",
	 {.spi_i = 0x0102030405060708,
	  .next_payload = 33,
	  .exchange = X_IKE_SA_INIT,
	  .initiator = true,
	  .length = 28}},
	{"IKE_SA_INIT response",
	 SPI_I SPI_R "21202220 00000000 0000001c",
	 {.spi_i = 0x0102030405060708,
	  .spi_r = 0x1112131415161718,
	  .next_payload = 33,
	  .exchange = X_IKE_SA_INIT,
	  .response = true,
	  .length = 28}},
	{"cookie response: no responder's SPI yet",
	 SPI_I NO_SPI "29202220 00000000 0000001c",
	 {.spi_i = 0x0102030405060708,
	  .next_payload = 41,
	  .exchange = X_IKE_SA_INIT,
	  .response = true,
	  .length = 28}},
	{"empty INFORMATIONAL, message ID 0xffffffff",
	 SPI_I SPI_R "00202500 ffffffff 0000001c",
	 {.spi_i = 0x0102030405060708,
	  .spi_r = 0x1112131415161718,
	  .exchange = X_INFORMATIONAL,
	  .msgid = 0xffffffff,
	  .length = 28}},
	{"INVALID_SPI outside an IKE SA (RFC 7296 1.5)",
	 NO_SPI NO_SPI "29202508 00000000 0000001c",
	 {.next_payload = 41, .exchange = X_INFORMATIONAL, .initiator = true, .length = 28}},
	{"minor 15",
	 SPI_I SPI_R "2e2f2408 00000007 0000001c",
	 {.spi_i = 0x0102030405060708,
	  .spi_r = 0x1112131415161718,
	  .next_payload = 46,
	  .minor = 15,
	  .exchange = X_CREATE_CHILD_SA,
	  .initiator = true,
	  .msgid = 7,
	  .length = 28}},
	{"exchange 255, flag V",
	 SPI_I SPI_R "0020ff10 00000007 0000001c",
	 {.spi_i = 0x0102030405060708,
	  .spi_r = 0x1112131415161718,
	  .exchange = 255,
	  .higher = true,
	  .msgid = 7,
	  .length = 28}},
};

static void assert_header_equal(const struct ike_header *a, const struct ike_header *b)
{
	assert_true(a->spi_i == b->spi_i && a->spi_r == b->spi_r);
	assert_int_equal(a->next_payload, b->next_payload);
	assert_int_equal(a->minor, b->minor);
	assert_int_equal(a->exchange, b->exchange);
	assert_int_equal(a->initiator, b->initiator);
	assert_int_equal(a->higher, b->higher);
	assert_int_equal(a->response, b->response);
	assert_int_equal(a->msgid, b->msgid);
	assert_int_equal(a->length, b->length);
}

static void good_headers_go_both_ways(void **state)
{
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct ike_header h;
		uint8_t out[IKE_HEADER_LEN];
		struct builder b = builder_of(out, sizeof(out));

		test_row(i, "%s", taken[i].what);
		assert_int_equal(header_parse(test_hex(taken[i].hex), &h, NULL), CYG_OK);
		assert_header_equal(&h, &taken[i].header);
		header_build(&b, &h);
		assert_view_equal(build_done(&b), test_hex(taken[i].hex));
	}
}

static void every_exchange_type_is_let_through(void **state)
{
	uint8_t octets[IKE_HEADER_LEN];
	struct view v = test_hex(SPI_I SPI_R "00202200 00000001 0000001c");
	struct ike_header h;

	memcpy(octets, v.ptr, v.len);
	for (unsigned type = 0; type <= 255; type++) {
		enum cyg_err want = type == X_IKE_SA_INIT || type == X_IKE_SESSION_RESUME
					    ? CYG_MALFORMED
					    : CYG_OK;

		test_row(type, "exchange type");
		octets[18] = (uint8_t)type;
		assert_int_equal(header_parse(view_of(octets, sizeof(octets)), &h, NULL), want);
	}
}

static void reserved_flags_are_ignored(void **state)
{
	struct ike_header h;

	assert_int_equal(header_parse(test_hex(SPI_I NO_SPI "212022cf 00000000 0000001c"), &h,
				      NULL),
			 CYG_OK);
	assert_true(h.initiator);
	assert_false(h.response || h.higher);
}

static const struct {
	const char *what, *hex;
	enum datagram_kind kind;
	const char *rest;
} datagrams[] = {
	{"nothing", "", DATAGRAM_JUNK, ""},
	{"keep-alive", "ff", DATAGRAM_KEEPALIVE, ""},
	{"one octet that is no keep-alive", "fe", DATAGRAM_JUNK, ""},
	{"two octets of 0xff", "ffff", DATAGRAM_JUNK, ""},
	{"marker alone", "00000000", DATAGRAM_JUNK, ""},
	{"marker and 3 octets", "00000000 010203", DATAGRAM_JUNK, ""},
	{"marker and 4 octets", "00000000 01020304", DATAGRAM_IKE, "01020304"},
	{"IKE", "00000000" SPI_I NO_SPI "21202208 00000000 0000001c", DATAGRAM_IKE,
	 SPI_I NO_SPI "21202208 00000000 0000001c"},
	{"IKE without its marker looks like ESP", SPI_I NO_SPI "21202208 00000000 0000001c",
	 DATAGRAM_ESP, SPI_I NO_SPI "21202208 00000000 0000001c"},
	{"ESP of 7 octets", "00000100 000000", DATAGRAM_JUNK, ""},
	{"ESP header alone", "00000100 00000001", DATAGRAM_ESP, "00000100 00000001"},
};

static void datagrams_are_told_apart(void **state)
{
	for (size_t i = 0; i < COUNT_OF(datagrams); i++) {
		struct view rest;

		test_row(i, "%s", datagrams[i].what);
		assert_int_equal(datagram_sort(test_hex(datagrams[i].hex), &rest),
				 datagrams[i].kind);
		assert_view_equal(rest, test_hex(datagrams[i].rest));
	}
}

static void the_marker_is_four_zero_octets(void **state)
{
	uint8_t out[NON_ESP_MARKER_LEN] = {1, 1, 1, 1};
	struct builder b = builder_of(out, sizeof(out));

	marker_build(&b);
	assert_view_equal(build_done(&b), LITERAL("\0\0\0\0"));
}

static void versions_are_told_apart(void **state)
{
	static const struct {
		const char *hex;
		enum ike_version version;
	} rows[] = {
		{SPI_I SPI_R "21202208 00000000 00001c", IKE_VERSION_SHORT},
		{SPI_I SPI_R "21002208 00000000 0000001c", IKE_VERSION_OLD},
		{SPI_I SPI_R "21102208 00000000 0000001c", IKE_VERSION_1},
		{SPI_I SPI_R "21202208 00000000 0000001c", IKE_VERSION_2},
		{SPI_I SPI_R "21302208 00000000 0000001c", IKE_VERSION_NEWER},
		{SPI_I SPI_R "21ff2208 00000000 0000001c", IKE_VERSION_NEWER},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].hex);
		assert_int_equal(ike_version_of(test_hex(rows[i].hex)), rows[i].version);
	}
}

static void a_reply_turns_direction_and_role(void **state)
{
	struct ike_header h = {.spi_i = 1,
			       .spi_r = 2,
			       .next_payload = 33,
			       .minor = 3,
			       .exchange = X_IKE_AUTH,
			       .initiator = true,
			       .msgid = 9,
			       .length = 99};
	struct ike_header reply = header_reply(&h);

	assert_true(reply.spi_i == 1 && reply.spi_r == 2 && reply.msgid == 9);
	assert_int_equal(reply.exchange, X_IKE_AUTH);
	assert_true(reply.response);
	assert_false(reply.initiator);
	assert_int_equal(reply.minor, 0);
	assert_int_equal(reply.next_payload, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_headers_are_refused),
		cmocka_unit_test(good_headers_go_both_ways),
		cmocka_unit_test(every_exchange_type_is_let_through),
		cmocka_unit_test(reserved_flags_are_ignored),
		cmocka_unit_test(datagrams_are_told_apart),
		cmocka_unit_test(the_marker_is_four_zero_octets),
		cmocka_unit_test(versions_are_told_apart),
		cmocka_unit_test(a_reply_turns_direction_and_role),
	};

	return RUN_TESTS("wire/header", tests);
}
