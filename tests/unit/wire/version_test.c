/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/header.h"

#include "tests/unit/wire/wire_test.h"
#include "wire/notify.h"

#define SPIS               \
	"0102030405060708" \
	"1112131415161718"

static struct view reply_to(const char *hex, uint8_t *out, size_t cap)
{
	struct builder b = builder_of(out, cap);
	bool written = version_reply_build(&b, test_hex(hex));

	assert_int_equal(written, build_done(&b).len > 0);
	return build_done(&b);
}

static void no_answer_to(void **state)
{
	static const struct {
		const char *what, *hex;
	} rows[] = {
		{"nothing", ""},
		{"27 octets", SPIS "21302208 00000000 00001c"},
		{"our own version", SPIS "21202208 00000000 0000001c"},
		{"version 1", SPIS "21102208 00000000 0000001c"},
		{"version 0", SPIS "21002208 00000000 0000001c"},
		{"a response", SPIS "21302220 00000000 0000001c"},
	};
	uint8_t out[64];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		assert_int_equal(reply_to(rows[i].hex, out, sizeof(out)).len, 0);
	}
	assert_int_equal(reply_to(SPIS "21302208 00000000 0000001c", out, 35).len, 0);
}

/* RFC 7296 2.5: the reply's header carries our version. */
static void a_greater_version_is_told_ours(void **state)
{
	uint8_t out[36];
	struct view reply = reply_to(SPIS "21302208 00000005 0000001c", out, sizeof(out));
	struct ike_header h;
	struct message m;
	struct notify_payload n;

	assert_view_equal(reply, test_hex(SPIS "29202220 00000005 00000024 00000008 00000005"));
	assert_int_equal(ike_version_of(reply), IKE_VERSION_2);
	reply = reply_to(SPIS "21302308 00000005 0000001c", out, sizeof(out));
	assert_int_equal(header_parse(reply, &h, NULL), CYG_OK);
	assert_int_equal(message_parse(reply, h.next_payload, &m, NULL, NULL), CYG_OK);
	assert_true(message_find_error(&m, &n));
	assert_int_equal(n.type, N_INVALID_MAJOR_VERSION);
}

/* The reply must never be longer than what any stranger can make it answer, within 8 octets. */
static void the_reply_does_not_amplify(void **state)
{
	uint8_t out[64];

	assert_int_equal(reply_to(SPIS "21f02208 00000005 ffffffff", out, sizeof(out)).len, 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_answer_to),
		cmocka_unit_test(a_greater_version_is_told_ours),
		cmocka_unit_test(the_reply_does_not_amplify),
	};

	return RUN_TESTS("wire/version", tests);
}
