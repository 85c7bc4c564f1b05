/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/notify.h"

#include "tests/unit/wire/wire_test.h"

#define SPI4 "c7a06868"
#define DIGEST "090a7f120b13d32fde648bf1c33c798f00010203"

static const struct bad_body bad_notify[] = {
	{"nothing", "", CYG_MALFORMED},
	{"3 octets", "000040", CYG_MALFORMED},
	{"SPI past the end", "03044009 c7a068", CYG_MALFORMED},
	{"SPI size 255", "03ff4009", CYG_MALFORMED},
	{"SPI size 1", "0301400b 01", CYG_MALFORMED},
	{"SPI size 2 (a CPI)", "0402400b 0102", CYG_MALFORMED},
	{"SPI size 16", "0010400b 00000000000000000000000000000000", CYG_MALFORMED},
	{"REKEY_SA without SPI", "03004009", CYG_MALFORMED},
	{"REKEY_SA of protocol 0", "00044009" SPI4, CYG_MALFORMED},
	{"REKEY_SA of protocol 1", "01044009" SPI4, CYG_MALFORMED},
	{"REKEY_SA of protocol 4", "04044009" SPI4, CYG_MALFORMED},
	{"REKEY_SA with 8 octets of SPI", "03084009" SPI4 SPI4, CYG_MALFORMED},
	{"CHILD_SA_NOT_FOUND of protocol 1", "0104002c" SPI4, CYG_MALFORMED},
	{"COOKIE of nothing", "00004006", CYG_MALFORMED},
	{"INVALID_KE_PAYLOAD of nothing", "00000011", CYG_MALFORMED},
	{"INVALID_KE_PAYLOAD of 1 octet", "00000011 00", CYG_MALFORMED},
	{"INVALID_KE_PAYLOAD of 3 octets", "00000011 000000", CYG_MALFORMED},
	{"UNSUPPORTED_CRITICAL_PAYLOAD of nothing", "00000001", CYG_MALFORMED},
	{"NAT_DETECTION_SOURCE_IP of 19 octets",
	 "00004004 090a7f120b13d32fde648bf1c33c798f000102", CYG_MALFORMED},
	{"NAT_DETECTION_DESTINATION_IP of 21 octets", "00004005" DIGEST "00", CYG_MALFORMED},
	{"SET_WINDOW_SIZE of 3 octets", "00004001 000000", CYG_MALFORMED},
	{"INVALID_MESSAGE_ID of 5 octets", "00000009 0000000000", CYG_MALFORMED},
	{"SIGNATURE_HASH_ALGORITHMS of 1 octet", "0000402f 00", CYG_MALFORMED},
	{"COOKIE2 of 7 octets", "00004011 00010203040506", CYG_MALFORMED},
	{"IPCOMP_SUPPORTED of 2 octets", "00004003 0000", CYG_MALFORMED},
};

static void bad_notifies_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(bad_notify); i++) {
		struct payload p = payload_hex(PAYLOAD_NOTIFY, bad_notify[i].hex);
		struct notify_payload n = {.type = 77};
		struct diag why;

		test_row(i, "%s", bad_notify[i].what);
		assert_refusal(notify_parse(&p, &n, &why), bad_notify[i].err, &why);
		assert_int_equal(n.type, 77);
	}
}

/* RFC 7296 2.6: 1 to 64 octets. */
static void cookies_at_their_edges(void **state)
{
	static const struct {
		size_t len;
		enum cyg_err err;
	} rows[] = {{0, CYG_MALFORMED},
		    {1, CYG_OK},
		    {64, CYG_OK},
		    {65, CYG_MALFORMED},
		    {60000, CYG_MALFORMED}};
	static uint8_t out[65000];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct builder b = builder_of(out, sizeof(out));
		struct notify_payload n = {.type = N_COOKIE, .data = zeroes(rows[i].len)}, got;
		struct payload p;

		test_row(i, "%zu octets", rows[i].len);
		notify_build(&b, &n);
		p = payload_view(PAYLOAD_NOTIFY, build_done(&b));
		assert_int_equal(notify_parse(&p, &got, NULL), rows[i].err);
	}
}

static const struct {
	const char *what, *hex;
	uint16_t type;
	uint8_t protocol;
	uint32_t spi;
	size_t data_len;
} taken[] = {
	{"NAT_DETECTION_SOURCE_IP", "00004004" DIGEST, N_NAT_DETECTION_SOURCE_IP, 0, 0, 20},
	{"REKEY_SA", "03044009" SPI4, N_REKEY_SA, PROTOCOL_ESP, 0xc7a06868, 0},
	{"REKEY_SA of AH", "02044009" SPI4, N_REKEY_SA, PROTOCOL_AH, 0xc7a06868, 0},
	{"CHILD_SA_NOT_FOUND", "0304002c" SPI4, N_CHILD_SA_NOT_FOUND, PROTOCOL_ESP, 0xc7a06868,
	 0},
	{"CHILD_SA_NOT_FOUND without SPI", "0000002c", N_CHILD_SA_NOT_FOUND, 0, 0, 0},
	{"INVALID_KE_PAYLOAD", "00000011 0013", N_INVALID_KE_PAYLOAD, 0, 0, 2},
	{"a flag with data", "00004000 aabb", N_INITIAL_CONTACT, 0, 0, 2},
	{"an unknown error", "00001fff 00", 8191, 0, 0, 1},
	{"an unknown status", "0000ffff", 65535, 0, 0, 0},
	{"an unknown status with an SPI of 8 octets", "0108ffff 0102030405060708", 65535, 1, 0,
	 0},
};

static void good_notifies_go_both_ways(void **state)
{
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct payload p = payload_hex(PAYLOAD_NOTIFY, taken[i].hex);
		struct notify_payload n;
		uint8_t out[64];
		struct builder b = builder_of(out, sizeof(out));

		test_row(i, "%s", taken[i].what);
		assert_int_equal(notify_parse(&p, &n, NULL), CYG_OK);
		assert_int_equal(n.type, taken[i].type);
		assert_int_equal(n.protocol, taken[i].protocol);
		assert_int_equal(notify_spi32(&n), taken[i].spi);
		assert_int_equal(n.data.len, taken[i].data_len);
		notify_build(&b, &n);
		assert_view_equal(build_done(&b), p.body);
	}
}

/* RFC 7296 3.10: without an SPI the protocol is ignored, so it may not reach the core. */
static void the_protocol_without_spi_is_ignored(void **state)
{
	struct payload p = payload_hex(PAYLOAD_NOTIFY, "ff00000e");
	struct notify_payload n;

	assert_int_equal(notify_parse(&p, &n, NULL), CYG_OK);
	assert_int_equal(n.protocol, PROTOCOL_NONE);
}

/* Each row of the registry: data at its bounds passes, one octet beyond does not. */
static void every_row_keeps_its_bounds(void **state)
{
	const struct notify_row *row;
	static uint8_t out[70000];

	for (size_t i = 0; (row = notify_row_at(i)); i++) {
		bool child = row->spi == NOTIFY_SPI_CHILD;
		const struct {
			size_t len;
			enum cyg_err err;
		} tries[] = {
			{row->len_min, CYG_OK},
			{row->len_max, CYG_OK},
			{row->len_min ? row->len_min - 1u : 0u,
			 row->len_min ? CYG_MALFORMED : CYG_OK},
			{row->len_max + 1u, CYG_MALFORMED},
		};

		for (size_t j = 0; j < COUNT_OF(tries); j++) {
			struct builder b = builder_of(out, sizeof(out));
			struct notify_payload n = {
				.type = row->type,
				.protocol = child ? PROTOCOL_ESP : PROTOCOL_NONE,
				.spi = child ? LITERAL("\xc0\x01\x02\x03") : view_of(NULL, 0),
				.data = zeroes(tries[j].len),
			};
			struct payload p;

			test_row(i, "%s with %zu octets", row->name, tries[j].len);
			notify_build(&b, &n);
			p = payload_view(PAYLOAD_NOTIFY, build_done(&b));
			assert_int_equal(notify_parse(&p, &n, NULL), tries[j].err);
		}
	}
}

static void parse_inner(const char *hex, struct message *m)
{
	assert_int_equal(message_parse_inner(test_hex(hex), PAYLOAD_NOTIFY, m, NULL, NULL),
			 CYG_OK);
}

#define COOKIE_THEN(next) #next "000009 00004006 aa"
#define FLAG_THEN(next, type) #next "000008 0000" type

static void repeated_notifies_are_refused(void **state)
{
	struct message m;
	struct diag why;

	parse_inner(COOKIE_THEN(29) COOKIE_THEN(00), &m);
	assert_refusal(message_check_notifies(&m, IN_INIT_REQUEST, &why), CYG_MALFORMED, &why);
	assert_int_equal(why.offset, 9);
	/* Where it means nothing it may be there as often as it likes. */
	assert_int_equal(message_check_notifies(&m, IN_AUTH_REQUEST, NULL), CYG_OK);
	/* So may what is not limited, and what is unknown. */
	parse_inner("2900001c 00004004" DIGEST "2900001c 00004004" DIGEST FLAG_THEN(29, "fffe")
			    FLAG_THEN(00, "fffe"),
		    &m);
	assert_int_equal(message_check_notifies(&m, IN_INIT_REQUEST, NULL), CYG_OK);
}

static void one_bad_notify_spoils_the_message(void **state)
{
	struct message m;
	struct diag why;

	parse_inner(FLAG_THEN(29, "4000") "00000008 03004009", &m);
	assert_refusal(message_check_notifies(&m, IN_AUTH_REQUEST, &why), CYG_MALFORMED, &why);
	assert_int_equal(why.offset, 8);
	assert_string_equal(why.ref, "RFC 7296 1.3.3");
}

static void notifies_are_found_where_they_may_stand(void **state)
{
	struct message m;
	struct notify_payload n = {0};

	parse_inner(FLAG_THEN(29, "4000") "0000000c 03044009" SPI4, &m);
	assert_true(message_find_notify(&m, IN_CHILD_REQUEST, N_REKEY_SA, &n));
	assert_int_equal(notify_spi32(&n), 0xc7a06868);
	n.type = 77;
	assert_false(message_find_notify(&m, IN_CHILD_RESPONSE, N_REKEY_SA, &n));
	assert_false(message_find_notify(&m, IN_CHILD_REQUEST, N_INITIAL_CONTACT, &n));
	assert_false(message_find_notify(&m, IN_CHILD_REQUEST, N_USE_TRANSPORT_MODE, &n));
	assert_int_equal(n.type, 77);
	assert_true(message_find_notify(&m, IN_AUTH_REQUEST, N_INITIAL_CONTACT, &n));
}

static void errors_are_found_known_or_not(void **state)
{
	struct message m;
	struct notify_payload n;

	parse_inner(FLAG_THEN(29, "4000") FLAG_THEN(29, "1fff") FLAG_THEN(00, "000e"), &m);
	assert_true(message_find_error(&m, &n));
	assert_int_equal(n.type, 0x1fff);
	parse_inner(FLAG_THEN(29, "4000") FLAG_THEN(00, "ffff"), &m);
	assert_false(message_find_error(&m, &n));
}

static void chains_take_notifies(void **state)
{
	uint8_t out[64];
	struct builder b = builder_of(out, sizeof(out));
	struct chain c = chain_begin(&b);

	chain_notify(&c, N_INVALID_KE_PAYLOAD, LITERAL("\0\x13"));
	chain_notify_child(&c, N_REKEY_SA, PROTOCOL_ESP, 0xc7a06868, view_of(NULL, 0));
	chain_end(&c);
	assert_int_equal(c.first, PAYLOAD_NOTIFY);
	assert_view_equal(build_done(&b),
			  test_hex("2900000a 00000011 0013 0000000c 03044009" SPI4));
}

static const struct bad_body bad_delete[] = {
	{"nothing", "", CYG_MALFORMED},
	{"3 octets", "030400", CYG_MALFORMED},
	{"protocol 0", "00000000", CYG_UNSUPPORTED},
	{"protocol 4", "04040001" SPI4, CYG_UNSUPPORTED},
	{"IKE with an SPI", "01080001 deadbeefcafeaffe", CYG_MALFORMED},
	{"IKE with a count", "01000001", CYG_MALFORMED},
	{"IKE with SPI size 8 and none", "01080000", CYG_MALFORMED},
	{"IKE with octets behind", "01000000 00", CYG_MALFORMED},
	{"ESP with SPI size 0", "03000000", CYG_MALFORMED},
	{"ESP with SPI size 8", "03080001 deadbeefcafeaffe", CYG_MALFORMED},
	{"ESP with fewer SPIs than counted", "03040002" SPI4, CYG_MALFORMED},
	{"ESP with count 65535", "0304ffff" SPI4, CYG_MALFORMED},
	{"ESP with more SPIs than counted", "03040001" SPI4 SPI4, CYG_MALFORMED},
	{"ESP with count 0 and an SPI", "03040000" SPI4, CYG_MALFORMED},
	{"ESP with half an SPI", "03040001 c7a0", CYG_MALFORMED},
};

static void bad_deletes_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(bad_delete); i++) {
		struct payload p = payload_hex(PAYLOAD_DELETE, bad_delete[i].hex);
		struct delete_payload d = {.protocol = 77};
		struct diag why;

		test_row(i, "%s", bad_delete[i].what);
		assert_refusal(delete_parse(&p, &d, &why), bad_delete[i].err, &why);
		assert_int_equal(d.protocol, 77);
	}
}

static void good_deletes_go_both_ways(void **state)
{
	static const struct {
		const char *hex;
		uint8_t protocol;
		unsigned count;
	} rows[] = {
		{"01000000", PROTOCOL_IKE, 0},
		{"03040000", PROTOCOL_ESP, 0},
		{"03040002 aabbccdd eeff0011", PROTOCOL_ESP, 2},
		{"02040001 aabbccdd", PROTOCOL_AH, 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct payload p = payload_hex(PAYLOAD_DELETE, rows[i].hex);
		struct delete_payload d;
		uint8_t out[64];
		struct builder b = builder_of(out, sizeof(out));

		test_row(i, "%s", rows[i].hex);
		assert_int_equal(delete_parse(&p, &d, NULL), CYG_OK);
		assert_int_equal(d.protocol, rows[i].protocol);
		assert_int_equal(d.count, rows[i].count);
		delete_build(&b, &d);
		assert_view_equal(build_done(&b), p.body);
		if (d.count)
			assert_int_equal(delete_spi(&d, 0), 0xaabbccdd);
		if (d.count > 1)
			assert_int_equal(delete_spi(&d, 1), 0xeeff0011);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_notifies_are_refused),
		cmocka_unit_test(cookies_at_their_edges),
		cmocka_unit_test(good_notifies_go_both_ways),
		cmocka_unit_test(the_protocol_without_spi_is_ignored),
		cmocka_unit_test(every_row_keeps_its_bounds),
		cmocka_unit_test(repeated_notifies_are_refused),
		cmocka_unit_test(one_bad_notify_spoils_the_message),
		cmocka_unit_test(notifies_are_found_where_they_may_stand),
		cmocka_unit_test(errors_are_found_known_or_not),
		cmocka_unit_test(chains_take_notifies),
		cmocka_unit_test(bad_deletes_are_refused),
		cmocka_unit_test(good_deletes_go_both_ways),
	};

	return RUN_TESTS("wire/notify", tests);
}
