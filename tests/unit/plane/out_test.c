/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/out.h"

#include "tests/unit/plane/scene.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void without_a_policy_nothing_goes(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_send(&s, &scene_udp);
	assert_int_equal(s.sent_len + s.passes, 0);
	assert_int_equal(s.out.counts.no_policy, 1);
	assert_int_equal(s.replies, 1);
	assert_int_equal(s.reply.octets[20], 3);
	assert_int_equal(s.reply.octets[21], 13);
	/* RFC 1122 3.2.2: from an address of this host, not from the one that was asked for. */
	assert_memory_equal(s.reply.octets + 12, "\xc0\x00\x02\x4d", 4);
	s.homeless = true;
	scene_send(&s, &scene_udp);
	assert_int_equal(s.out.counts.no_policy, 2);
	assert_int_equal(s.replies, 1);
	scene_stop(&s);
}

static void junk_is_counted(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	memset(s.buffer, 0, 200);
	scene_send_octets(&s, &scene_nothing, 50);
	scene_send_octets(&s, &scene_nothing, 0);
	assert_int_equal(s.out.counts.malformed, 2);
	assert_int_equal(s.replies, 0);
	scene_stop(&s);
}

static void protected_packets_are_sealed(void **state)
{
	static const struct packet_spec *specs[] = {&scene_udp, &scene_udp6};
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	for (size_t i = 0; i < COUNT_OF(specs); i++) {
		struct packet_spec spec = *specs[i];
		uint8_t plain[256];
		size_t len;

		spec.tos = 0xb8 | ECN_ECT0;
		len = make_packet(&spec, plain, sizeof(plain));
		scene_send(&s, &spec);
		assert_int_equal(s.sent_len, i + 1);
		assert_int_equal(s.sent[i].tos, 0xb8 | ECN_ECT0);
		assert_view_equal(scene_opened(&s, i, i ? ESP_NEXT_IPV6 : ESP_NEXT_IPV4),
				  view_of(plain, len));
	}
	assert_int_equal(s.replies + s.passes, 0);
	scene_stop(&s);
}

static void each_policy_does_as_it_is_called(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	scene_set_policy(&s, 2, POLICY_DROP, 10, "10.1.0.0/16", "10.2.0.5/32");
	scene_send(&s, &scene_udp);
	assert_int_equal(s.out.counts.dropped_by_policy, 1);
	scene_set_policy(&s, 2, POLICY_REJECT, 10, "10.1.0.0/16", "10.2.0.5/32");
	scene_send(&s, &scene_udp);
	assert_int_equal(s.out.counts.rejected, 1);
	assert_int_equal(s.replies, 1);
	scene_set_policy(&s, 2, POLICY_PASS, 10, "10.1.0.0/16", "10.2.0.5/32");
	scene_send(&s, &scene_udp);
	assert_int_equal(s.passes, 1);
	assert_int_equal(s.passed.len, 78);
	assert_int_equal(s.sent_len, 0);
	assert_int_equal(s.replies, 1);
	scene_stop(&s);
}

/* What passes does so both ways, unless something better stops it. */
static void what_passes_comes_back(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_set_policy(&s, 1, POLICY_DROP, 100, "0.0.0.0/0", "0.0.0.0/0");
	scene_set_policy(&s, 2, POLICY_PASS, 10, "10.2.0.5/32[udp]", "10.1.0.0/16");
	scene_send(&s, &scene_udp);
	assert_int_equal(s.passes, 1);
	scene_set_policy(&s, 3, POLICY_REJECT, 5, "10.1.0.0/16", "10.2.0.5/32");
	scene_send(&s, &scene_udp);
	assert_int_equal(s.passes, 1);
	assert_int_equal(s.out.counts.rejected, 1);
	scene_stop(&s);
}

static void errors_to_senders_are_limited(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_set_policy(&s, 2, POLICY_REJECT, 10, "10.1.0.0/16", "10.2.0.0/16");
	for (int i = 0; i < 1000; i++)
		scene_send(&s, &scene_udp);
	assert_int_equal(s.out.counts.rejected, 1000);
	assert_int_equal(s.replies, 20);
	scene_stop(&s);
}

/* What waits, and what has waited in vain. */
static void assert_waits(const struct scene *s, uint64_t waiting, uint64_t displaced,
			 uint64_t expired)
{
	struct held_counts c = held_count(&s->out.held, s->out.now);

	assert_int_equal(c.waiting, waiting);
	assert_int_equal(c.displaced, displaced);
	assert_int_equal(c.expired, expired);
}

static void a_trap_tells_once_and_holds_the_newest(void **state)
{
	struct packet_spec other = scene_udp;
	struct scene s;
	struct notice n;

	scene_start(&s);
	scene_set_policy(&s, 1, POLICY_TRAP, 1000, "10.1.0.0/16", "10.2.0.0/16");
	scene_send(&s, &scene_udp);
	other.dst = "10.2.0.77";
	other.payload = 60;
	scene_send(&s, &other);
	assert_true(scene_heard(&s, &n));
	assert_int_equal(n.kind, NOTICE_ACQUIRE);
	assert_int_equal(n.acquire.policy_id, 1);
	assert_true(n.acquire.local.proto == IPPROTO_UDP && n.acquire.local.port_first == 1 &&
		    n.acquire.remote.port_last == 2);
	assert_false(scene_heard(&s, &n));
	assert_waits(&s, 1, 1, 0);
	assert_int_equal(s.sent_len, 0);

	/* Nothing yet; then the SA; then it goes, once. */
	scene_retry(&s);
	assert_int_equal(s.sent_len, 0);
	scene_add_sa(&s, NULL);
	scene_retry(&s);
	assert_int_equal(s.sent_len, 0);
	scene_protect(&s);
	scene_retry(&s);
	assert_int_equal(s.sent_len, 1);
	assert_waits(&s, 0, 1, 0);
	assert_int_equal(scene_opened(&s, 0, ESP_NEXT_IPV4).len, 88);
	scene_retry(&s);
	assert_int_equal(s.sent_len, 1);
	/* A trap that is set anew tells anew. */
	scene_set_policy(&s, 1, POLICY_TRAP, 1000, "10.1.0.0/16", "10.2.0.0/16");
	scene_send(&s, &scene_udp);
	assert_true(scene_heard(&s, &n));
	scene_stop(&s);
}

static void what_is_held_too_long_is_dropped(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s); /* without an SA: as hold */
	scene_send(&s, &scene_udp);
	assert_waits(&s, 1, 0, 0);
	scene_add_sa(&s, NULL);
	s.out.now += 31 * NSEC_PER_SEC;
	assert_waits(&s, 0, 0, 1);
	scene_retry(&s);
	assert_int_equal(s.sent_len, 0);
	assert_waits(&s, 0, 0, 1);
	scene_stop(&s);
}

static void held_packets_meet_the_policy_of_their_end(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_set_policy(&s, 1, POLICY_HOLD, 1000, "10.1.0.0/16", "10.2.0.0/16");
	scene_send(&s, &scene_udp);
	scene_set_policy(&s, 1, POLICY_REJECT, 1000, "10.1.0.0/16", "10.2.0.0/16");
	scene_retry(&s);
	assert_int_equal(s.replies, 1);
	scene_retry(&s);
	assert_int_equal(s.replies, 1);
	assert_waits(&s, 0, 0, 0);
	assert_int_equal(s.out.counts.rejected, 1);
	scene_stop(&s);
}

/* Held or not: without a policy a packet is discarded (RFC 4301 5.1), and counted as such. */
static void held_packets_whose_policy_has_gone_are_counted(void **state)
{
	struct scene s;
	struct lane *lane;

	scene_start(&s);
	scene_set_policy(&s, 1, POLICY_HOLD, 1000, "10.1.0.0/16", "10.2.0.0/16");
	scene_send(&s, &scene_udp);
	assert_int_equal(spd_remove(&s.spd, 1, &lane), CYG_OK);
	lane_release(&s.sad, lane);
	scene_retry(&s);
	assert_int_equal(s.out.counts.no_policy, 1);
	assert_waits(&s, 0, 0, 0);
	scene_stop(&s);
}

/*
 * One port is protected, the rest passes: no part of a datagram to that port goes in clear, and
 * none of another is sealed.
 */
static void fragments_go_where_the_first_one_went(void **state)
{
	static const struct {
		const char *what;
		uint16_t port;
		bool first;
		size_t sealed, passed;
	} rows[] = {
		{"to the port", 5000, true, 3, 0},
		{"to another", 5001, true, 0, 3},
		{"the first one went another way", 5000, false, 0, 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet_spec spec = {.src = "10.1.0.9",
					   .dst = "10.2.0.9",
					   .proto = IPPROTO_UDP,
					   .src_port = 4000,
					   .dst_port = rows[i].port,
					   .payload = 40,
					   .more = true};
		struct scene s;

		test_row(i, "%s", rows[i].what);
		scene_start(&s);
		scene_add_sa(&s, NULL);
		scene_set_policy(&s, 1, POLICY_PROTECT, 500, "10.1.0.0/16",
				 "10.2.0.0/16[udp/5000]");
		scene_set_policy(&s, 2, POLICY_PASS, 1000, "10.1.0.0/16", "10.2.0.0/16");
		if (rows[i].first)
			scene_send(&s, &spec);
		for (spec.offset = 48; spec.offset <= 96; spec.offset += 48) {
			spec.more = spec.offset == 48;
			scene_send(&s, &spec);
		}
		assert_int_equal(s.sent_len, rows[i].sealed);
		assert_int_equal(s.passes, rows[i].passed);
		assert_int_equal(s.out.counts.no_policy, rows[i].first ? 0 : 2);
		scene_stop(&s);
	}
}

static void what_is_too_long_does_not_wait(void **state)
{
	struct packet_spec spec = scene_udp;
	struct scene s;

	scene_start(&s);
	scene_set_policy(&s, 1, POLICY_HOLD, 1000, "10.1.0.0/16", "10.2.0.0/16");
	spec.payload = HELD_PACKET_MAX;
	scene_send(&s, &spec);
	assert_waits(&s, 0, 0, 0);
	assert_int_equal(s.out.counts.too_big, 1);
	scene_stop(&s);
}

static void more_policies_than_places_hold_the_latest(void **state)
{
	struct scene s;
	char remote[32];

	scene_start(&s);
	for (uint32_t i = 0; i < HELD_MAX + 10; i++) {
		struct packet_spec spec = scene_udp;

		snprintf(remote, sizeof(remote), "10.2.0.%u/32", i);
		scene_set_policy(&s, i + 1, POLICY_HOLD, 100, "10.1.0.0/16", remote);
		snprintf(remote, sizeof(remote), "10.2.0.%u", i);
		spec.dst = remote;
		s.out.now++;
		scene_send(&s, &spec);
	}
	assert_waits(&s, HELD_MAX, 10, 0);
	scene_set_policy(&s, 999, POLICY_PASS, 1, "10.1.0.0/16", "10.2.0.0/16");
	scene_retry(&s);
	assert_int_equal(s.passes, HELD_MAX);
	scene_stop(&s);
}

static void near_the_end(struct plane_sa *sa)
{
	sa->first_sequence = UINT32_MAX - 2;
}

static void near_the_end_with_esn(struct plane_sa *sa)
{
	sa->first_sequence = UINT64_MAX - 2;
	sa->suite.esn = true;
}

static void across_with_esn(struct plane_sa *sa)
{
	sa->first_sequence = UINT32_MAX - 2;
	sa->suite.esn = true;
}

static void pad_to_300(struct plane_sa *sa)
{
	sa->tfc = 300;
}

static void pad_to_path(struct plane_sa *sa)
{
	sa->tfc = TFC_MTU;
}

static void lengths_are_hidden_as_asked(void **state)
{
	static const struct {
		void (*change)(struct plane_sa *);
		uint32_t path_mtu;
		size_t payload, len; /* of what is sealed */
	} rows[] = {
		{NULL, 1500, 50, 78},          {pad_to_300, 1500, 50, 300},
		{pad_to_300, 1500, 272, 300},  {pad_to_300, 1500, 273, 301},
		{pad_to_300, 250, 50, 186}, /* as much as the path takes */
		{pad_to_path, 1500, 50, 1438},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct packet_spec p = scene_udp;
		struct scene s;
		struct view got;
		size_t len;

		scene_start(&s);
		scene_protect(&s);
		scene_add_sa(&s, rows[i].change);
		s.path_mtu = rows[i].path_mtu;
		p.payload = rows[i].payload;
		len = scene_send(&s, &p);
		got = scene_opened(&s, 0, ESP_NEXT_IPV4);
		assert_int_equal(got.len, rows[i].len);
		assert_memory_equal(got.ptr, s.buffer, len);
		for (size_t k = len; k < got.len; k++)
			assert_int_equal(got.ptr[k], 0);
		scene_stop(&s);
	}
}

static void hide_dscp(struct plane_sa *sa)
{
	sa->plain_dscp = true;
}

static void the_outer_header_is_marked_as_asked(void **state)
{
	struct packet_spec p = scene_udp;
	struct scene s;

	p.tos = 0xb8 | ECN_ECT0;
	for (int hidden = 0; hidden < 2; hidden++) {
		scene_start(&s);
		scene_protect(&s);
		scene_add_sa(&s, hidden ? hide_dscp : NULL);
		scene_send(&s, &p);
		assert_int_equal(s.sent[0].tos, hidden ? ECN_ECT0 : 0xb8 | ECN_ECT0);
		scene_stop(&s);
	}
}

static void sequence_numbers_end(void **state)
{
	static const struct {
		void (*change)(struct plane_sa *);
		size_t expected;
	} rows[] = {{near_the_end, 2}, {near_the_end_with_esn, 2}, {across_with_esn, 6}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene s;
		struct notice n;
		bool hard = false;

		test_row(i, "%zu packets go", rows[i].expected);
		scene_start(&s);
		scene_protect(&s);
		scene_add_sa(&s, rows[i].change);
		for (int k = 0; k < 6; k++)
			scene_send(&s, &scene_udp);
		assert_int_equal(s.sent_len, rows[i].expected);
		for (size_t k = 0; k < s.sent_len; k++)
			scene_opened(&s, k, ESP_NEXT_IPV4);
		while (scene_heard(&s, &n)) {
			assert_int_equal(n.kind, NOTICE_EXPIRE);
			assert_false(hard);
			hard = n.sa.hard;
		}
		assert_int_equal(hard, rows[i].expected == 2);
		assert_int_equal(s.out.counts.no_sa, rows[i].expected == 2 ? 3 : 0);
		scene_stop(&s);
	}
}

static void two_then_four(struct plane_sa *sa)
{
	sa->soft_packets = 2;
	sa->hard_packets = 4;
}

static void lifetimes_are_told_and_kept(void **state)
{
	struct scene s;
	struct notice n;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, two_then_four);
	for (int k = 0; k < 7; k++)
		scene_send(&s, &scene_udp);
	assert_int_equal(s.sent_len, 4);
	assert_true(scene_heard(&s, &n) && n.kind == NOTICE_EXPIRE && !n.sa.hard &&
		    n.sa.spi == SCENE_SPI && n.sa.dir == SA_OUT);
	assert_true(scene_heard(&s, &n) && n.kind == NOTICE_EXPIRE && n.sa.hard);
	assert_false(scene_heard(&s, &n));
	scene_stop(&s);
}

static void a_full_queue_tells_later(void **state)
{
	struct notice junk = {.kind = NOTICE_MOVED}, n;
	struct scene s;
	bool soft = false;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, two_then_four);
	while (notice_put(&s.notices, &junk, view_of(s.buffer, 1024)))
		;
	while (notice_put(&s.notices, &junk, view_of(NULL, 0)))
		;
	scene_send(&s, &scene_udp);
	scene_send(&s, &scene_udp);
	assert_int_equal(s.out.counts.queue_full, 1);
	while (scene_heard(&s, &n))
		assert_int_equal(n.kind, NOTICE_MOVED);
	scene_send(&s, &scene_udp);
	while (scene_heard(&s, &n))
		soft = n.kind == NOTICE_EXPIRE && !n.sa.hard;
	assert_true(soft);
	scene_stop(&s);
}

static struct esp_port *no_port(void *ctx, const struct endpoint *local)
{
	return NULL;
}

static void without_a_socket_nothing_goes(void **state)
{
	struct scene s;

	scene_start(&s);
	scene_protect(&s);
	scene_add_sa(&s, NULL);
	s.sad.port_of = no_port;
	sad_rebind(&s.sad);
	scene_send(&s, &scene_udp);
	assert_int_equal(s.sent_len, 0);
	assert_int_equal(s.out.counts.no_sa, 1);
	scene_stop(&s);
}

static bool init_only(void *ctx)
{
	struct out o;
	bool good = out_init(&o) == CYG_OK;

	if (good)
		out_done(&o);
	return good;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(init_only, NULL, false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_policy_nothing_goes),
		cmocka_unit_test(junk_is_counted),
		cmocka_unit_test(protected_packets_are_sealed),
		cmocka_unit_test(each_policy_does_as_it_is_called),
		cmocka_unit_test(what_passes_comes_back),
		cmocka_unit_test(errors_to_senders_are_limited),
		cmocka_unit_test(a_trap_tells_once_and_holds_the_newest),
		cmocka_unit_test(what_is_held_too_long_is_dropped),
		cmocka_unit_test(held_packets_meet_the_policy_of_their_end),
		cmocka_unit_test(held_packets_whose_policy_has_gone_are_counted),
		cmocka_unit_test(fragments_go_where_the_first_one_went),
		cmocka_unit_test(what_is_too_long_does_not_wait),
		cmocka_unit_test(more_policies_than_places_hold_the_latest),
		cmocka_unit_test(lengths_are_hidden_as_asked),
		cmocka_unit_test(the_outer_header_is_marked_as_asked),
		cmocka_unit_test(sequence_numbers_end),
		cmocka_unit_test(lifetimes_are_told_and_kept),
		cmocka_unit_test(a_full_queue_tells_later),
		cmocka_unit_test(without_a_socket_nothing_goes),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("plane/out", tests, scene_open_crypto,
					   scene_close_crypto);
}
