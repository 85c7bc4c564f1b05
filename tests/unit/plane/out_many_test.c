/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/out.h"

#include "tests/unit/plane/scene.h"

#include <netinet/in.h>

/* A packet that is many in one, as the device gives it: its checksum is not complete. */
static void send_many(struct scene *s, size_t payload, uint16_t each)
{
	struct packet_spec spec = scene_udp;
	struct offload said = {.kind = OFFLOAD_TCP4,
			       .needs_checksum = true,
			       .each = each,
			       .checksum_start = 20,
			       .checksum_offset = 16};

	spec.proto = IPPROTO_TCP;
	spec.payload = payload;
	spec.df = true;
	scene_send_octets(s, &said,
			  make_packet(&spec, s->buffer, sizeof(s->buffer) - ESP_BEHIND));
}

static void many_in_one_are_cut_and_sealed_together(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	send_many(&s, 12345, 1000);
	assert_int_equal(s.sent_len, 13);
	assert_int_equal(s.bursts, 1);
	assert_int_equal(s.messages, 1);
	for (size_t i = 0; i < s.sent_len; i++) {
		struct view v = scene_opened(&s, i, ESP_NEXT_IPV4);

		assert_true(checksums_right(v));
		assert_int_equal(v.len, i < 12 ? 1040 : 385);
	}
	assert_int_equal(s.replies, 0);
	scene_stop(&s);
}

static void many_in_one_meet_their_policy(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	scene_set_policy(&s, 2, POLICY_DROP, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_many(&s, 3000, 1000);
	assert_int_equal(s.out.counts.dropped_by_policy, 3);
	scene_set_policy(&s, 2, POLICY_PASS, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_many(&s, 3000, 1000);
	assert_int_equal(s.passes, 3);
	assert_int_equal(s.passed.len, 1040);
	assert_true(checksums_right(view_of(s.passed.octets, s.passed.len)));
	scene_set_policy(&s, 2, POLICY_TRAP, 10, "10.1.0.0/16", "10.2.0.5/32");
	send_many(&s, 3000, 1000);
	assert_int_equal(held_count(&s.out.held, s.out.now).displaced, 2);
	assert_int_equal(held_count(&s.out.held, s.out.now).waiting, 1);
	assert_int_equal(s.sent_len, 0);
	scene_stop(&s);
}

static void lies_about_many_in_one_are_counted(void **state)
{
	static const struct offload lies[] = {
		{.kind = OFFLOAD_TCP4, .each = 10},
		{.kind = OFFLOAD_TCP6, .each = 10},
		{.kind = OFFLOAD_UDP},
		{.needs_checksum = true, .checksum_start = 70, .checksum_offset = 7},
		{.needs_checksum = true, .checksum_start = 65535, .checksum_offset = 65535},
	};
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		scene_send_octets(&s, &lies[i],
				  make_packet(&scene_udp, s.buffer,
					      sizeof(s.buffer) - ESP_BEHIND));
		assert_int_equal(s.out.counts.malformed, i + 1);
	}
	assert_int_equal(s.sent_len, 0);
	scene_stop(&s);
}

static void many_in_one_longer_than_the_path_are_told_to_their_sender(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	s.path_mtu = 1000;
	send_many(&s, 2400, 1200);
	assert_int_equal(s.sent_len, 0);
	assert_int_equal(s.out.counts.too_big, 2);
	assert_int_equal(s.reply.octets[20], 3);
	assert_int_equal(s.reply.octets[21], 4);
	/* The packet that is quoted is one that was cut, not the whole. */
	assert_int_equal(s.reply.octets[28 + 2] << 8 | s.reply.octets[28 + 3], 1240);
	scene_stop(&s);
}

/* RFC 4303 3.3.3, in the middle of a packet. */
static void numbers_end_within_many_in_one(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	s.out.now += NSEC_PER_SEC;
	atomic_store(&sad_find(&s.sad,
			       &(struct sa_ref){.dir = SA_OUT, .spi = SCENE_SPI, .reqid = 1})
			      ->sequence,
		     UINT32_MAX - 2);
	s.received = UINT32_MAX - 2;
	send_many(&s, 5000, 1000);
	assert_int_equal(s.sent_len, 2);
	scene_opened(&s, 0, ESP_NEXT_IPV4);
	scene_opened(&s, 1, ESP_NEXT_IPV4);
	assert_true(s.out.counts.no_sa > 0);
	scene_stop(&s);
}

static void many_small_packets_are_one_message(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	rcu_read_lock();
	for (size_t i = 0; i < 20; i++) {
		size_t len = make_packet(&scene_udp, s.buffer, sizeof(s.buffer) - ESP_BEHIND);

		out_packet(&s.out, &scene_nothing, s.buffer, len);
	}
	assert_int_equal(s.sent_len, 0);
	out_flush(&s.out);
	rcu_read_unlock();
	assert_int_equal(s.sent_len, 20);
	assert_int_equal(s.messages, 1);
	for (size_t i = 0; i < 20; i++)
		scene_opened(&s, i, ESP_NEXT_IPV4);
	scene_stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_in_one_are_cut_and_sealed_together),
		cmocka_unit_test(many_in_one_meet_their_policy),
		cmocka_unit_test(lies_about_many_in_one_are_counted),
		cmocka_unit_test(many_in_one_longer_than_the_path_are_told_to_their_sender),
		cmocka_unit_test(numbers_end_within_many_in_one),
		cmocka_unit_test(many_small_packets_are_one_message),
	};

	return cmocka_run_group_tests_name("plane/out_many", tests, scene_open_crypto,
					   scene_close_crypto);
}
