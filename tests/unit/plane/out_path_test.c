/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/out.h"

#include "tests/unit/plane/scene.h"

#include <netinet/in.h>
#include <string.h>

static void no_fragmenting(struct plane_sa *sa)
{
	sa->mtu = 600;
}

/* Inner MTU of a path of 600: 538. */
static void what_is_too_big_is_told_or_cut(void **state)
{
	struct packet_spec big = scene_udp;
	struct scene s;
	size_t len;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, no_fragmenting);
	big.payload = 538 - 28;
	big.df = true;
	scene_send(&s, &big);
	assert_int_equal(s.sent_len, 1);
	assert_int_equal(scene_opened(&s, 0, ESP_NEXT_IPV4).len, 538);

	big.payload++;
	scene_send(&s, &big);
	assert_int_equal(s.sent_len, 1);
	assert_int_equal(s.replies, 1);
	assert_int_equal(s.reply.octets[21], 4);
	assert_int_equal(s.reply.octets[26] << 8 | s.reply.octets[27], 538);

	big.df = false;
	big.options = 12;
	big.payload = 1500;
	len = scene_send(&s, &big);
	assert_int_equal(s.sent_len, 1 + 3); /* 1,508 octets by 504 */
	assert_int_equal(s.replies, 1);
	assert_int_equal(len, 32 + 8 + 1500);
	scene_stop(&s);
}

/* What the fragments carry is what the packet did. */
static void fragments_come_together_again(void **state)
{
	static const uint16_t lens[] = {511, 512, 1015, 1016, 1017, 1500};

	for (size_t i = 0; i < COUNT_OF(lens); i++) {
		struct packet_spec big = scene_udp;
		uint8_t plain[2048], together[2048];
		size_t len, at = 0;
		struct scene s;

		test_row(i, "payload %u", lens[i]);
		scene_start(&s);
		scene_protect(&s);
		scene_add_sa(&s, no_fragmenting);
		big.payload = lens[i];
		len = make_packet(&big, plain, sizeof(plain));
		scene_send(&s, &big);
		for (size_t n = 0; n < s.sent_len; n++) {
			struct view v = scene_opened(&s, n, ESP_NEXT_IPV4);
			struct flow f;

			assert_true(v.len <= 538);
			assert_int_equal(inner_parse(v, &f), INNER_OK);
			assert_true(checksums_right(v));
			assert_int_equal(((v.ptr[6] << 8 | v.ptr[7]) & 0x1fff) * 8, at);
			assert_int_equal(!(v.ptr[6] & 0x20), n == s.sent_len - 1);
			memcpy(together + at, v.ptr + f.header_len, v.len - f.header_len);
			at += v.len - f.header_len;
		}
		assert_view_equal(view_of(together, at), view_of(plain + 20, len - 20));
		scene_stop(&s);
	}
}

/*
 * A fragment is cut further: offsets go on from its
 * own, and only a last one's last piece is last.
 */
static void a_fragment_of_a_fragment(void **state)
{
	for (int more = 0; more < 2; more++) {
		struct packet_spec part = {.src = "10.1.0.5",
					   .dst = "10.2.0.5",
					   .proto = IPPROTO_UDP,
					   .offset = 800,
					   .more = more,
					   .payload = 1000};
		struct scene s;

		scene_start(&s);
		scene_protect(&s);
		scene_add_sa(&s, no_fragmenting);
		scene_send(&s, &part);
		assert_int_equal(s.sent_len, 2);
		for (size_t n = 0; n < 2; n++) {
			struct view v = scene_opened(&s, n, ESP_NEXT_IPV4);

			assert_int_equal(((v.ptr[6] << 8 | v.ptr[7]) & 0x1fff) * 8,
					 800 + n * 512);
			assert_int_equal((v.ptr[6] & 0x20) != 0, n == 0 || more);
			assert_true(checksums_right(v));
		}
		scene_stop(&s);
	}
}

/* RFC 8200 5: no IPv6 path is said to carry less than 1,280 octets. */
static void ipv6_is_never_told_less_than_its_least(void **state)
{
	struct packet_spec big = scene_udp6;
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, no_fragmenting);
	big.payload = 1280 - 48;
	scene_send(&s, &big);
	assert_int_equal(s.sent_len, 1);
	big.payload++;
	scene_send(&s, &big);
	assert_int_equal(s.sent_len, 1);
	assert_int_equal(s.replies, 1);
	assert_int_equal(s.reply.octets[40], 2);
	assert_int_equal(s.reply.octets[46] << 8 | s.reply.octets[47], 1280);
	scene_stop(&s);
}

static void the_path_is_asked_once_a_second(void **state)
{
	struct packet_spec big = scene_udp;
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	big.df = true;
	big.payload = 1410; /* 1,438 in all */
	s.path_mtu = 1500;
	scene_send(&s, &big);
	scene_send(&s, &big);
	assert_int_equal(s.asked, 1);
	assert_int_equal(s.sent_len, 2);
	s.path_mtu = 1400;
	s.out.now += NSEC_PER_SEC;
	scene_send(&s, &big);
	assert_int_equal(s.asked, 2);
	assert_int_equal(s.sent_len, 2);
	assert_int_equal(s.reply.octets[26] << 8 | s.reply.octets[27], 1338);
	/* When the kernel cannot say, what was known stays. */
	s.path_mtu = 0;
	s.out.now += NSEC_PER_SEC;
	scene_send(&s, &big);
	assert_int_equal(s.sent_len, 2);
	scene_stop(&s);
}

static void segments_are_clamped(void **state)
{
	static const struct packet_spec syn = {.src = "10.1.0.5",
					       .dst = "10.2.0.5",
					       .proto = IPPROTO_TCP,
					       .mss = 1460};
	struct scene s;
	struct view v;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, no_fragmenting);
	scene_send(&s, &syn);
	v = scene_opened(&s, 0, ESP_NEXT_IPV4);
	assert_int_equal(v.ptr[42] << 8 | v.ptr[43], 538 - 40);
	assert_true(checksums_right(v));
	s.out.clamp_mss = false;
	scene_send(&s, &syn);
	v = scene_opened(&s, 1, ESP_NEXT_IPV4);
	assert_int_equal(v.ptr[42] << 8 | v.ptr[43], 1460);
	scene_stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_too_big_is_told_or_cut),
		cmocka_unit_test(fragments_come_together_again),
		cmocka_unit_test(a_fragment_of_a_fragment),
		cmocka_unit_test(ipv6_is_never_told_less_than_its_least),
		cmocka_unit_test(the_path_is_asked_once_a_second),
		cmocka_unit_test(segments_are_clamped),
	};

	return cmocka_run_group_tests_name("plane/out_path", tests, scene_open_crypto,
					   scene_close_crypto);
}
