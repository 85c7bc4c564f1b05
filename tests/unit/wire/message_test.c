/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include "tests/unit/wire/wire_test.h"
#include "wire/header.h"

/* Only the chain is looked at here, so the header may be any 28 octets. */
#define HEADER "0102030405060708 0000000000000000 21202208 00000000 00000000"

static enum cyg_err parse(uint8_t first, const char *hex, struct message *m, uint8_t *critical,
			  struct diag *why)
{
	char whole[4096];

	snprintf(whole, sizeof(whole), HEADER "%s", hex);
	return message_parse(test_hex(whole), first, m, critical, why);
}

static const struct {
	const char *what;
	uint8_t first;
	const char *hex;
	enum cyg_err err;
	uint32_t offset;
	const char *ref;
} refused[] = {
	{"a payload is announced, nothing is there", 33, "", CYG_MALFORMED, 28, "RFC 7296 3.2"},
	{"half a payload header", 33, "000000", CYG_MALFORMED, 28, "RFC 7296 3.2"},
	{"length 0", 40, "00000000", CYG_MALFORMED, 28, "RFC 7296 3.2"},
	{"length 1", 40, "00000001", CYG_MALFORMED, 28, "RFC 7296 3.2"},
	{"length 3", 40, "00000003", CYG_MALFORMED, 28, "RFC 7296 3.2"},
	{"length past the end", 40, "00000005", CYG_MALFORMED, 28, "RFC 7296 3.2"},
	{"length 65535", 40, "0000ffff 00", CYG_MALFORMED, 28, "RFC 7296 3.2"},
	{"second length past the end", 40, "28000005aa 00000009", CYG_MALFORMED, 33,
	 "RFC 7296 3.2"},
	{"nothing announced, but something there", 0, "00000004", CYG_MALFORMED, 28,
	 "RFC 7296 3.2"},
	{"octets behind the last payload", 40, "00000004 00", CYG_MALFORMED, 32,
	 "RFC 7296 3.2"},
	{"the chain names itself and ends", 43, "2b000004", CYG_MALFORMED, 32, "RFC 7296 3.2"},
	{"unknown critical payload", 200, "00800004", CYG_UNSUPPORTED, 28, "RFC 7296 2.5"},
	{"unknown critical IKEv1 payload", 1, "00800004", CYG_UNSUPPORTED, 28, "RFC 7296 2.5"},
	{"unknown critical payload of a known but unused type", 49, "00800004", CYG_UNSUPPORTED,
	 28, "RFC 7296 2.5"},
	{"unknown payload that passes the end", 200, "000000ff", CYG_MALFORMED, 28,
	 "RFC 7296 3.2"},
	{"SK is not last", 46, "28000008 00000000 00000004", CYG_MALFORMED, 36,
	 "RFC 7296 3.14"},
	{"two SK", 46, "2e000008 00000000 00000008 00000000", CYG_MALFORMED, 36,
	 "RFC 7296 3.14"},
	{"SKF behind SK", 46, "35000008 00000000 00000008 00010001", CYG_MALFORMED, 36,
	 "RFC 7296 3.14"},
};

static void bad_chains_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct message m;
		struct diag why;

		test_row(i, "%s", refused[i].what);
		assert_refusal(parse(refused[i].first, refused[i].hex, &m, NULL, &why),
			       refused[i].err, &why);
		assert_int_equal(why.offset, refused[i].offset);
		assert_string_equal(why.ref, refused[i].ref);
	}
}

static void every_cut_of_a_good_chain_is_refused(void **state)
{
	struct view whole = test_hex(HEADER "28000008aabbccdd 29000006eeff 0000000800004004");
	struct message m;

	assert_int_equal(message_parse(whole, 34, &m, NULL, NULL), CYG_OK);
	for (size_t len = 0; len < whole.len; len++) {
		test_row(len, "octets of %zu", whole.len);
		assert_int_equal(message_parse(view_of(whole.ptr, len), 34, &m, NULL, NULL),
				 CYG_MALFORMED);
	}
}

/* RFC 7296 2.5: the sender is told which type it was. */
static void the_unknown_critical_type_is_reported(void **state)
{
	struct message m;
	struct diag why;
	uint8_t critical = 0;

	assert_int_equal(parse(40, "c8000004 00800004", &m, &critical, &why), CYG_UNSUPPORTED);
	assert_int_equal(critical, 200);
	assert_string_equal(why.code, "unsupported-critical-payload");
	assert_int_equal(why.offset, 32);
}

/* RFC 7296 2.5: known types are known, whatever their critical bit says. */
static void the_critical_bit_of_known_types_is_moot(void **state)
{
	struct message m;

	assert_int_equal(parse(40, "00800004", &m, NULL, NULL), CYG_OK);
	assert_int_equal(message_count(&m, PAYLOAD_NONCE), 1);
}

static void unknown_payloads_are_skipped_and_counted(void **state)
{
	struct message m;

	/* An IKEv1 SA (1), a private type (200), a nonce, one we do not implement (54). */
	assert_int_equal(parse(1, "c8000004 28000006aabb 36000004 00000005cc", &m, NULL, NULL),
			 CYG_OK);
	assert_int_equal(m.len, 1);
	assert_int_equal(m.skipped, 3);
	assert_non_null(message_find(&m, PAYLOAD_NONCE));
	assert_null(message_find(&m, 1));
	assert_null(message_find(&m, 200));
	assert_null(message_find(&m, PAYLOAD_PS));
	assert_int_equal(message_count(&m, 255), 0);
}

static void payloads_are_found_by_type_in_order(void **state)
{
	struct message m;
	const struct payload *p;

	assert_int_equal(parse(41, "28000005a1 29000005a2 29000005a3 00000005a4", &m, NULL,
			       NULL),
			 CYG_OK);
	assert_int_equal(m.len, 4);
	assert_false(m.is_inner);
	assert_int_equal(message_count(&m, PAYLOAD_NOTIFY), 3);
	p = message_find(&m, PAYLOAD_NOTIFY);
	assert_view_equal(p->body, LITERAL("\xa1"));
	assert_int_equal(p->offset, 28);
	p = message_next(&m, p);
	assert_view_equal(p->body, LITERAL("\xa3"));
	p = message_next(&m, p);
	assert_view_equal(p->body, LITERAL("\xa4"));
	assert_null(message_next(&m, p));
	p = message_find(&m, PAYLOAD_NONCE);
	assert_view_equal(p->body, LITERAL("\xa2"));
	assert_null(message_next(&m, p));
	assert_null(message_find(&m, PAYLOAD_SA));
}

static void an_empty_message_is_well_formed(void **state)
{
	struct message m;

	assert_int_equal(parse(0, "", &m, NULL, NULL), CYG_OK);
	assert_int_equal(m.len, 0);
	assert_null(message_encrypted(&m));
}

static void an_encrypted_payload_ends_the_chain(void **state)
{
	struct message m;
	const struct payload *p;

	assert_int_equal(parse(41, "2e000008 00004004 27000006 aabb", &m, NULL, NULL), CYG_OK);
	p = message_encrypted(&m);
	assert_non_null(p);
	assert_int_equal(p->type, PAYLOAD_SK);
	assert_int_equal(p->inner, PAYLOAD_AUTH);
	assert_view_equal(p->body, LITERAL("\xaa\xbb"));
	assert_int_equal(parse(53, "23000009 0001000100", &m, NULL, NULL), CYG_OK);
	assert_int_equal(message_encrypted(&m)->inner, PAYLOAD_IDI);
}

static void inner_chains_hold_no_encryption(void **state)
{
	static const struct {
		uint8_t first;
		const char *hex;
	} rows[] = {
		{46, "00000008 00000000"},
		{53, "00000008 00010001"},
		{40, "2e000004 00000004"},
		{0, "00"},
		{40, ""},
	};
	struct message m;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "first %u: %s", rows[i].first, rows[i].hex);
		assert_int_equal(message_parse_inner(test_hex(rows[i].hex), rows[i].first, &m,
						     NULL, NULL),
				 CYG_MALFORMED);
	}
	assert_int_equal(message_parse_inner(test_hex("00800004"), 99, &m, NULL, NULL),
			 CYG_UNSUPPORTED);
}

static void inner_chains_count_from_their_own_start(void **state)
{
	struct message m;

	assert_int_equal(message_parse_inner(test_hex("2a000004 00000005ee"), 41, &m, NULL,
					     NULL),
			 CYG_OK);
	assert_true(m.is_inner);
	assert_int_equal(message_find(&m, PAYLOAD_DELETE)->offset, 4);
	assert_int_equal(message_parse_inner(view_of(NULL, 0), 0, &m, NULL, NULL), CYG_OK);
	assert_int_equal(m.len, 0);
}

/* `count` empty payloads: each `type`, the last ending the chain. */
static struct view chain_of(uint8_t type, size_t count, uint8_t *out, size_t cap)
{
	struct builder b = builder_of(out, cap);

	for (size_t i = 1; i <= count; i++)
		build_view(&b, view_of((uint8_t[]){i < count ? type : 0, 0, 0, 4}, 4));
	assert_false(b.bad);
	return build_done(&b);
}

static void more_payloads_than_fit_are_refused(void **state)
{
	static const uint8_t types[] = {PAYLOAD_VENDOR, 200};
	static const size_t counts[] = {MESSAGE_PAYLOADS_MAX + 1, 1000, 16000};
	uint8_t octets[64000];
	struct message m;
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		assert_int_equal(message_parse_inner(chain_of(types[i], MESSAGE_PAYLOADS_MAX,
							      octets, sizeof(octets)),
						     types[i], &m, NULL, NULL),
				 CYG_OK);
		assert_int_equal(m.len + m.skipped, MESSAGE_PAYLOADS_MAX);
		for (size_t j = 0; j < COUNT_OF(counts); j++) {
			test_row(j, "%zu payloads of type %u", counts[j], types[i]);
			assert_refusal(message_parse_inner(chain_of(types[i], counts[j], octets,
								    sizeof(octets)),
							   types[i], &m, NULL, &why),
				       CYG_MALFORMED, &why);
			assert_string_equal(why.code, "too-many-payloads");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_chains_are_refused),
		cmocka_unit_test(every_cut_of_a_good_chain_is_refused),
		cmocka_unit_test(the_unknown_critical_type_is_reported),
		cmocka_unit_test(the_critical_bit_of_known_types_is_moot),
		cmocka_unit_test(unknown_payloads_are_skipped_and_counted),
		cmocka_unit_test(payloads_are_found_by_type_in_order),
		cmocka_unit_test(an_empty_message_is_well_formed),
		cmocka_unit_test(an_encrypted_payload_ends_the_chain),
		cmocka_unit_test(inner_chains_hold_no_encryption),
		cmocka_unit_test(inner_chains_count_from_their_own_start),
		cmocka_unit_test(more_payloads_than_fit_are_refused),
	};

	return RUN_TESTS("wire/message", tests);
}
