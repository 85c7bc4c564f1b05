/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/sad.h"

#include "tests/unit/plane/fixture.h"
#include "tests/unit/support/crypto.h"

#include <netinet/in.h>
#include <string.h>

static void finish(struct sad *s)
{
	sad_done(s);
	rcu_barrier();
}

static enum cyg_err install(struct sad *s, enum sa_dir dir, uint32_t spi, uint32_t reqid,
			    const char *remote)
{
	struct plane_sa sa = make_sa(dir, spi, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");
	enum cyg_err err;

	sa.reqid = reqid;
	sa.remote = make_endpoint(remote, 4500);
	err = sad_install(s, &sa, NULL);
	drop_sa(&sa);
	return err;
}

static struct sa_ref ref_to(enum sa_dir dir, uint32_t spi, uint32_t reqid, const char *remote)
{
	return (struct sa_ref){.dir = (uint8_t)dir,
			       .spi = spi,
			       .reqid = reqid,
			       .remote = make_endpoint(remote, 4500)};
}

static void what_cannot_be_carried_is_refused(void **state)
{
	struct plane_sa sa = make_sa(SA_OUT, 0x1000, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");
	struct diag why = {0};
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	sa.mode = MODE_TRANSPORT;
	assert_int_equal(sad_install(&s, &sa, &why), CYG_UNSUPPORTED);
	assert_true(diag_is_set(&why));
	sa.mode = MODE_TUNNEL;
	sa.encap = false;
	assert_int_equal(sad_install(&s, &sa, NULL), CYG_UNSUPPORTED);
	sa.encap = true;
	sa.protocol = PROTO_AH;
	assert_int_equal(sad_install(&s, &sa, NULL), CYG_UNSUPPORTED);
	sa.protocol = PROTO_ESP;
	sa.local = make_endpoint("2001:db8::1", 4500);
	assert_int_equal(sad_install(&s, &sa, NULL), CYG_UNSUPPORTED);
	assert_true(list_empty(&s.all));
	drop_sa(&sa);
	finish(&s);
}

static struct esp_port *no_port(void *ctx, const struct endpoint *local)
{
	return NULL;
}

static void what_has_no_socket_is_refused(void **state)
{
	struct plane_sa sa = make_sa(SA_OUT, 0x1000, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");
	struct diag why = {0};
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	s.port_of = no_port;
	assert_int_equal(sad_install(&s, &sa, &why), CYG_NOTFOUND);
	assert_non_null(strstr(why.sentence, "has no socket at 192.0.2.1:4500"));
	assert_true(list_empty(&s.all));
	drop_sa(&sa);
	finish(&s);
}

static void an_inbound_spi_is_single(void **state)
{
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	assert_int_equal(install(&s, SA_IN, 0x1000, 1, "192.0.2.2"), CYG_OK);
	assert_int_equal(install(&s, SA_IN, 0x1000, 2, "192.0.2.3"), CYG_EXISTS);
	assert_int_equal(install(&s, SA_OUT, 0x1000, 1, "192.0.2.2"), CYG_OK);
	assert_non_null(sad_inbound(&s, 0x1000));
	assert_null(sad_inbound(&s, 0x1001));
	finish(&s);
}

/* Two peers may have chosen one SPI for us to send to. */
static void outbound_spis_may_collide(void **state)
{
	struct sa_ref first = ref_to(SA_OUT, 0x1000, 0, "192.0.2.2"),
		      second = ref_to(SA_OUT, 0x1000, 0, "192.0.2.3");
	struct sa_ref by_reqid = ref_to(SA_OUT, 0x1000, 2, "192.0.2.99"),
		      nobody = ref_to(SA_OUT, 0x1000, 0, "192.0.2.99");
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	assert_int_equal(install(&s, SA_OUT, 0x1000, 1, "192.0.2.2"), CYG_OK);
	/* Alone, it is meant by its SPI, whatever the address: that may be the new one. */
	assert_non_null(sad_find(&s, &nobody));
	assert_null(sad_find(&s, &by_reqid));
	assert_int_equal(install(&s, SA_OUT, 0x1000, 2, "192.0.2.3"), CYG_OK);
	assert_null(sad_find(&s, &nobody));
	assert_int_equal(sad_find(&s, &first)->reqid, 1);
	assert_int_equal(sad_find(&s, &second)->reqid, 2);
	assert_int_equal(sad_find(&s, &by_reqid)->reqid, 2);
	assert_int_equal(sad_update(&s, &by_reqid), CYG_OK);
	assert_int_equal(sad_find(&s, &nobody)->reqid, 2);
	assert_int_equal(sad_remove(&s, &by_reqid), CYG_OK);
	assert_int_equal(sad_remove(&s, &by_reqid), CYG_NOTFOUND);
	assert_int_equal(sad_update(&s, &by_reqid), CYG_NOTFOUND);
	assert_int_equal(sad_find(&s, &first)->reqid, 1);
	finish(&s);
}

static struct flow flow_of(const char *src, const char *dst)
{
	struct packet_spec spec = {.src = src, .dst = dst, .proto = IPPROTO_UDP};
	uint8_t packet[128];
	struct flow f;

	assert_int_equal(
		inner_parse(view_of(packet, make_packet(&spec, packet, sizeof(packet))), &f),
		INNER_OK);
	return f;
}

static void the_newest_outbound_sa_that_fits_is_used(void **state)
{
	struct plane_sa narrow = make_sa(SA_OUT, 0x3000, MAKE_GCM128, "10.1.0.0/24",
					 "10.2.0.7/32");
	struct flow f = flow_of("10.1.0.1", "10.2.0.1"),
		    seven = flow_of("10.1.0.1", "10.2.0.7");
	struct flow strange = flow_of("10.9.0.1", "10.2.0.1");
	struct sa_ref old = ref_to(SA_OUT, 0x1000, 5, "192.0.2.2"),
		      new = ref_to(SA_OUT, 0x2000, 5, "192.0.2.2");
	struct lane *lane;
	struct sad s;

	narrow.reqid = 5;
	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	lane = lane_take(&s, 5, 0);
	assert_non_null(lane);
	assert_null(lane_outbound(lane, &f));
	assert_null(lane_newest(lane));
	assert_int_equal(install(&s, SA_IN, 0x9000, 5, "192.0.2.2"), CYG_OK);
	assert_null(lane_outbound(lane, &f));
	assert_int_equal(install(&s, SA_OUT, 0x1000, 5, "192.0.2.2"), CYG_OK);
	assert_int_equal(lane_outbound(lane, &f)->spi, 0x1000);
	assert_int_equal(install(&s, SA_OUT, 0x2000, 5, "192.0.2.2"), CYG_OK);
	assert_int_equal(lane_outbound(lane, &f)->spi, 0x2000);
	assert_int_equal(sad_install(&s, &narrow, NULL), CYG_OK);
	assert_int_equal(lane_outbound(lane, &f)->spi, 0x2000);
	assert_int_equal(lane_outbound(lane, &seven)->spi, 0x3000);
	assert_int_equal(lane_newest(lane)->spi, 0x3000);
	assert_null(lane_outbound(lane, &strange));
	assert_int_equal(sad_remove(&s, &new), CYG_OK);
	assert_int_equal(lane_outbound(lane, &f)->spi, 0x1000);
	assert_int_equal(sad_remove(&s, &old), CYG_OK);
	assert_null(lane_outbound(lane, &f));
	/* The lane lives as long as somebody holds it. */
	assert_ptr_equal(lane_take(&s, 5, 0), lane);
	lane_release(&s, lane);
	lane_release(&s, lane);
	lane_release(&s, NULL);
	drop_sa(&narrow);
	finish(&s);
}

static void inner_sizes_follow_the_path(void **state)
{
	static const struct {
		enum make_alg alg;
		const char *remote;
		uint32_t path, inner;
	} rows[] = {
		/* path - outer IP - 8 UDP - 8 ESP - IV - ICV, down to whole blocks, - 2 */
		{MAKE_GCM128, "192.0.2.2", 1500, 1438},
		{MAKE_CHACHA, "192.0.2.2", 1500, 1438},
		{MAKE_CBC256, "192.0.2.2", 1500, 1422},
		{MAKE_CBC512, "192.0.2.2", 1500, 1406},
		{MAKE_GCM128, "2001:db8::2", 1500, 1418},
		{MAKE_GCM128, "192.0.2.2", 60, 0},
		{MAKE_GCM128, "192.0.2.2", 10, 0},
	};
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = make_sa(SA_OUT, 0x1000 + (uint32_t)i, rows[i].alg,
					     "10.1.0.0/24", "10.2.0.0/24");
		struct sa_ref ref = ref_to(SA_OUT, 0x1000 + (uint32_t)i, 0, rows[i].remote);
		const struct esp_sa *got;

		test_row(i, "algorithm %d over %u", rows[i].alg, rows[i].path);
		sa.remote = make_endpoint(rows[i].remote, 4500);
		if (sa.remote.addr.family == IP_V6)
			sa.local = make_endpoint("2001:db8::1", 4500);
		sa.mtu = rows[i].path;
		assert_int_equal(sad_install(&s, &sa, NULL), CYG_OK);
		got = sad_find(&s, &ref);
		assert_int_equal(sa_inner_mtu(got, got->path), rows[i].inner);
		drop_sa(&sa);
	}
	finish(&s);
}

/* Both directions of a tunnel. */
static void install_pair(struct sad *s, uint32_t spi)
{
	struct plane_sa out = make_sa(SA_OUT, spi, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");
	struct plane_sa in = make_sa(SA_IN, spi, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");

	assert_int_equal(sad_install(s, &in, NULL), CYG_OK);
	assert_int_equal(sad_install(s, &out, NULL), CYG_OK);
	drop_sa(&in);
	drop_sa(&out);
}

static struct esp_sa *find_sa(const struct sad *s, enum sa_dir dir, uint32_t spi)
{
	struct sa_ref ref = ref_to(dir, spi, 0, "192.0.2.2");

	return sad_find(s, &ref);
}

static void a_stall_has_its_reasons(void **state)
{
	nsec now = 100 * NSEC_PER_SEC;
	struct esp_sa *out, *in;
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	install_pair(&s, 0x1000);
	out = find_sa(&s, SA_OUT, 0x1000);
	in = find_sa(&s, SA_IN, 0x1000);
	/* The peer is not there: never, or no more. */
	assert_false(sad_stalled(&s, out, now));
	sa_account(in, 100, now - 11 * NSEC_PER_SEC);
	assert_false(sad_stalled(&s, out, now));
	/* It is. On a path that is known to be narrow long packets are not sent. */
	sa_account(in, 100, now - NSEC_PER_SEC);
	out->path_mtu = ESP_NARROW;
	assert_false(sad_stalled(&s, out, now));
	out->path_mtu = ESP_NARROW + 1;
	assert_true(sad_stalled(&s, out, now));
	finish(&s);
}

static void a_narrow_path_is_tried_again(void **state)
{
	static const unsigned seconds[] = {60, 120, 240, 480, 600, 600};
	struct plane_sa next = make_sa(SA_OUT, 0x1001, MAKE_GCM128, "10.1.0.0/24",
				       "10.2.0.0/24");
	struct sa_ref moved = ref_to(SA_OUT, 0x1001, 0, "192.0.2.2");
	nsec now = 100 * NSEC_PER_SEC;
	struct esp_sa *out, *in;
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	install_pair(&s, 0x1000);
	out = find_sa(&s, SA_OUT, 0x1000);
	in = find_sa(&s, SA_IN, 0x1000);
	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		test_row(i, "%u s", seconds[i]);
		sa_account(in, 100, now);
		assert_true(sad_stalled(&s, out, now));
		assert_int_equal((out->narrow_until - now) / NSEC_PER_SEC, seconds[i]);
		assert_false(sad_stalled(&s, out, out->narrow_until - 1));
		now = out->narrow_until;
	}
	/* Its successor knows, and does not when it has another path. */
	assert_int_equal(sad_install(&s, &next, NULL), CYG_OK);
	out = find_sa(&s, SA_OUT, 0x1001);
	assert_int_equal(out->narrow_until, now);
	assert_int_equal(out->narrow_for, 600 * NSEC_PER_SEC);
	moved.local = make_endpoint("192.0.2.1", 4500);
	assert_int_equal(sad_update(&s, &moved), CYG_OK);
	assert_int_equal(out->narrow_until, 0);
	assert_int_equal(out->narrow_for, 0);
	drop_sa(&next);
	finish(&s);
}

static void lifetimes_are_counted(void **state)
{
	static const struct {
		uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets;
		const char *expected; /* of packets of 100 octets: L lives, S soft, H hard */
	} rows[] = {
		{0, 0, 0, 0, "LLLLLL"},     {0, 0, 2, 4, "LSSHHH"},
		{200, 400, 0, 0, "LSSHHH"}, {201, 401, 0, 0, "LLSSHH"},
		{300, 0, 0, 3, "LLHHHH"},   {1, 1, 0, 0, "HHHHHH"},
	};
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct plane_sa sa = make_sa(SA_OUT, 0x1000 + (uint32_t)i, MAKE_GCM128,
					     "10.1.0.0/24", "10.2.0.0/24");
		struct sa_ref ref = ref_to(SA_OUT, 0x1000 + (uint32_t)i, 0, "192.0.2.2");
		struct plane_counters c;
		struct esp_sa *got;

		test_row(i, "%s", rows[i].expected);
		sa.soft_bytes = rows[i].soft_bytes;
		sa.hard_bytes = rows[i].hard_bytes;
		sa.soft_packets = rows[i].soft_packets;
		sa.hard_packets = rows[i].hard_packets;
		assert_int_equal(sad_install(&s, &sa, NULL), CYG_OK);
		got = sad_find(&s, &ref);
		for (size_t k = 0; rows[i].expected[k]; k++)
			assert_int_equal("LSH"[sa_account(got, 100, 5000 + k)],
					 rows[i].expected[k]);
		c = sa_counters(got);
		assert_int_equal(c.bytes, 600);
		assert_int_equal(c.packets, 6);
		assert_int_equal(c.last_used, 5005);
		drop_sa(&sa);
	}
	finish(&s);
}

static void numbers_that_run_out_expire_softly(void **state)
{
	struct plane_sa sa = make_sa(SA_OUT, 0x1000, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24");
	struct sa_ref ref = ref_to(SA_OUT, 0x1000, 0, "192.0.2.2");
	struct sad s;

	assert_int_equal(sad_init(&s, crypto), CYG_OK);
	sa.first_sequence = 0xdfffffff;
	assert_int_equal(sad_install(&s, &sa, NULL), CYG_OK);
	assert_int_equal(sa_account(sad_find(&s, &ref), 1, 1), SA_LIVES);
	sad_find(&s, &ref)->sequence++;
	assert_int_equal(sa_account(sad_find(&s, &ref), 1, 1), SA_SOFT);
	assert_int_equal(sad_remove(&s, &ref), CYG_OK);
	sa.suite.esn = true;
	assert_int_equal(sad_install(&s, &sa, NULL), CYG_OK);
	sad_find(&s, &ref)->sequence++;
	assert_int_equal(sa_account(sad_find(&s, &ref), 1, 1), SA_LIVES);
	drop_sa(&sa);
	finish(&s);
}

struct both {
	struct plane_sa in, out;
};

static bool install_both(void *ctx)
{
	const struct both *b = ctx;
	struct sa_ref ref = {.dir = SA_OUT, .spi = 0x2000, .remote = b->out.remote};
	struct sad s;
	bool good;

	if (sad_init(&s, crypto) != CYG_OK)
		return false;
	good = sad_install(&s, &b->in, NULL) == CYG_OK;
	if (good)
		good = sad_install(&s, &b->out, NULL) == CYG_OK;
	if (good)
		good = sad_update(&s, &ref) == CYG_OK;
	assert_true(sad_memory(&s) > 0);
	finish(&s);
	return good;
}

static void memory_may_run_out(void **state)
{
	struct both b = {make_sa(SA_IN, 0x1000, MAKE_GCM128, "10.1.0.0/24", "10.2.0.0/24"),
			 make_sa(SA_OUT, 0x2000, MAKE_CBC256, "10.1.0.0/24", "10.2.0.0/24")};

	test_each_allocation_failing(install_both, &b, true);
	drop_sa(&b.in);
	drop_sa(&b.out);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_carried_is_refused),
		cmocka_unit_test(what_has_no_socket_is_refused),
		cmocka_unit_test(an_inbound_spi_is_single),
		cmocka_unit_test(outbound_spis_may_collide),
		cmocka_unit_test(the_newest_outbound_sa_that_fits_is_used),
		cmocka_unit_test(inner_sizes_follow_the_path),
		cmocka_unit_test(a_stall_has_its_reasons),
		cmocka_unit_test(a_narrow_path_is_tried_again),
		cmocka_unit_test(lifetimes_are_counted),
		cmocka_unit_test(numbers_that_run_out_expire_softly),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("plane/sad", tests, crypto_set_up, crypto_tear_down);
}
