/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that share an SA. What the tests count without atomics is right only
 * if claims keep the threads apart; `-Db_sanitize=thread` sees it directly.
 */
#include "plane/esp/claim.h"

#include "plane/esp/in.h"
#include "plane/esp/out.h"
#include "tests/unit/plane/fixture.h"
#include "tests/unit/support/crypto.h"

#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS 2000
#define SPI 0x1234u

static void a_taken_claim_is_not_given(void **state)
{
	struct claim c = {0};

	assert_true(claim_try(&c, 1));
	assert_true(claim_is(&c, 1));
	assert_false(claim_is(&c, 2));
	assert_false(claim_try(&c, 2));
	assert_false(claim_try(&c, 1));
	claim_give(&c);
	assert_false(claim_is(&c, 1));
	claim_take(&c, 2);
	assert_true(claim_is(&c, 2));
	claim_give(&c);
}

/* ---- many threads, one claim ---- */

struct counted {
	struct claim claim;
	unsigned long number; /* under the claim */
	_Atomic uint32_t next_who;
};

static void *count_up(void *ctx)
{
	struct counted *c = ctx;
	uint32_t who = atomic_fetch_add(&c->next_who, 1) + 1;

	for (int i = 0; i < ROUNDS * 10; i++) {
		claim_take(&c->claim, who);
		c->number++;
		claim_give(&c->claim);
	}
	return NULL;
}

static void run(void *(*body)(void *), void *ctx)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, ctx), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void one_has_it_at_a_time(void **state)
{
	struct counted c = {0};

	run(count_up, &c);
	assert_int_equal(c.number, THREADS * ROUNDS * 10);
	assert_true(claim_try(&c.claim, 9));
}

static void *wait_for_it(void *ctx)
{
	struct counted *c = ctx;

	claim_take(&c->claim, 7);
	c->number++;
	claim_give(&c->claim);
	return NULL;
}

/* Those who sleep are all woken, one after the other. */
static void who_waits_is_woken(void **state)
{
	struct counted c = {0};
	pthread_t threads[THREADS];

	claim_take(&c.claim, 1);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for_it, &c), 0);
	usleep(20000);
	assert_int_equal(c.number, 0);
	claim_give(&c.claim);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c.number, THREADS);
}

/* ---- many threads, two outbound SAs, and their ends ---- */

struct scene {
	struct sad sad;
	struct spd spd;
	struct icmp_limits limits;
	uint64_t last[2]; /* the number of each SA's last packet: under its claim */
	_Atomic uint32_t sent, next_who;
	struct esp_codec peer; /* seals for the inbound SA */
	_Atomic uint32_t taken, replayed;
};

static struct esp_port *some_port(void *ctx, const struct endpoint *local)
{
	return ctx;
}

static void open_scene(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(sad_init(&s->sad, crypto), CYG_OK);
	assert_int_equal(spd_init(&s->spd), CYG_OK);
	icmp_limits_init(&s->limits);
	s->sad.port_of = some_port;
	s->sad.ctx = s;
}

static void close_scene(struct scene *s)
{
	esp_codec_done(&s->peer);
	spd_done(&s->spd);
	sad_done(&s->sad);
	rcu_barrier();
}

static void add_tunnel(struct scene *s, uint32_t i)
{
	const char *far = i ? "10.3.0.0/16" : "10.2.0.0/16";
	struct plane_sa sa = make_sa(SA_OUT, SPI + i, i ? MAKE_CHACHA : MAKE_GCM128,
				     "10.1.0.0/16", far);
	struct plane_policy p = make_policy(i + 1, POLICY_PROTECT, 10, i + 1, "10.1.0.0/16",
					    far);
	struct lane *old, *lane = lane_take(&s->sad, i + 1, 0);

	sa.reqid = i + 1;
	assert_int_equal(sad_install(&s->sad, &sa, NULL), CYG_OK);
	assert_int_equal(spd_set(&s->spd, &p, lane, &old), CYG_OK);
	drop_sa(&sa);
	drop_policy(&p);
}

/* Each SA's packets leave in the order of their numbers, none missing. */
static void on_send(void *ctx, const struct burst *b)
{
	struct scene *s = ctx;

	for (size_t i = 0; i < b->len; i++) {
		const struct burst_message *m = &b->messages[i];

		for (uint32_t at = 0; at < m->len; at += m->each) {
			uint32_t spi, low;

			if (!esp_peek(view_of(b->octets + m->at + at, m->len - at), &spi,
				      &low) ||
			    low != ++s->last[spi - SPI])
				abort();
			atomic_fetch_add(&s->sent, 1);
		}
	}
}

static uint32_t on_path_mtu(void *ctx, const struct esp_path *path)
{
	return 0;
}

/* Packets before a flush: a few, and now and then more than a burst holds. */
static size_t packets_of(int round)
{
	return round % 8 ? 3 : 5 * BURST_MESSAGES;
}

static void *send_many(void *ctx)
{
	static const struct offload nothing = {.kind = OFFLOAD_NONE};
	struct packet_spec specs[] = {
		{.src = "10.1.0.5", .dst = "10.2.0.5", .proto = IPPROTO_UDP, .payload = 50},
		{.src = "10.1.0.5", .dst = "10.3.0.5", .proto = IPPROTO_UDP, .payload = 50}};
	struct scene *s = ctx;
	struct notices notices;
	struct out o;

	if (out_init(&o) || !notices_init(&notices, -1))
		abort();
	o.who = atomic_fetch_add(&s->next_who, 1) + 1;
	o.spd = &s->spd;
	o.notices = &notices;
	o.limits = &s->limits;
	o.now = NSEC_PER_SEC;
	o.world = (struct out_world){.ctx = s, .send = on_send, .path_mtu = on_path_mtu};
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t packet[256];

		rcu_read_lock();
		for (size_t k = 0; k < packets_of(i); k++) {
			size_t len = make_packet(&specs[(k + o.who) % 2], packet,
						 sizeof(packet) - ESP_BEHIND);

			out_packet(&o, &nothing, packet, len);
		}
		out_flush(&o);
		rcu_read_unlock();
	}
	out_done(&o);
	notices_done(&notices);
	return NULL;
}

static void numbers_leave_in_order_from_any_thread(void **state)
{
	size_t all = 0;
	struct scene s;

	for (int i = 0; i < ROUNDS; i++)
		all += THREADS * packets_of(i);
	open_scene(&s);
	add_tunnel(&s, 0);
	add_tunnel(&s, 1);
	run(send_many, &s);
	assert_int_equal(s.sent, all);
	assert_int_equal(s.last[0] + s.last[1], all);
	close_scene(&s);
}

static pthread_mutex_t sealing = PTHREAD_MUTEX_INITIALIZER;

/* All threads get the same packets: each is taken once. */
static void *receive_all(void *ctx)
{
	struct packet_spec spec = {.src = "10.2.0.9",
				   .dst = "10.1.0.9",
				   .proto = IPPROTO_UDP,
				   .payload = 20};
	struct scene *s = ctx;
	struct notices notices;
	struct in in = {.sad = &s->sad, .spd = &s->spd, .notices = &notices, .now = 1};

	if (!notices_init(&notices, -1))
		abort();
	in.who = atomic_fetch_add(&s->next_who, 1) + 1;
	for (uint64_t n = 1; n <= ROUNDS; n++) {
		uint8_t packet[256], esp[256];
		struct in_datagram d = {.octets = esp};
		size_t len = make_packet(&spec, packet, sizeof(packet) - ESP_BEHIND);
		struct view got;
		struct flow f;

		pthread_mutex_lock(&sealing);
		if (esp_seal(&s->peer, n, ESP_NEXT_IPV4, packet, len, esp))
			abort();
		pthread_mutex_unlock(&sealing);
		d.len = esp_sealed_len(&s->peer, len);
		rcu_read_lock();
		if (in_datagram(&in, &d, &got, &f))
			atomic_fetch_add(&s->taken, 1);
		if (n % 3 == 0)
			in_release(&in);
		rcu_read_unlock();
	}
	in_release(&in);
	atomic_fetch_add(&s->replayed, (uint32_t)count_get(&in.counts.replayed));
	notices_done(&notices);
	return NULL;
}

static void no_packet_is_taken_twice(void **state)
{
	static const enum make_alg algs[] = {MAKE_GCM128, MAKE_CHACHA, MAKE_CBC256};

	for (size_t i = 0; i < COUNT_OF(algs); i++) {
		struct plane_sa sa = make_sa(SA_IN, SPI, algs[i], "10.1.0.0/16", "10.2.0.0/16");
		struct scene s;

		open_scene(&s);
		sa.replay_window = 65536;
		assert_int_equal(sad_install(&s.sad, &sa, NULL), CYG_OK);
		sa.dir = SA_OUT;
		assert_int_equal(esp_codec_init(&s.peer, crypto, &sa, NULL), CYG_OK);
		run(receive_all, &s);
		assert_int_equal(s.taken, ROUNDS);
		assert_int_equal(s.replayed, (THREADS - 1) * ROUNDS);
		drop_sa(&sa);
		close_scene(&s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_taken_claim_is_not_given),
		cmocka_unit_test(one_has_it_at_a_time),
		cmocka_unit_test(who_waits_is_woken),
		cmocka_unit_test(numbers_leave_in_order_from_any_thread),
		cmocka_unit_test(no_packet_is_taken_twice),
	};

	return cmocka_run_group_tests_name("plane/claim", tests, crypto_set_up,
					   crypto_tear_down);
}
