/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/plane/scene.h"

#include "crypto/crypto.h"

#include <netinet/in.h>
#include <string.h>

static struct crypto *crypto;

static void keep(struct sent *to, struct view v)
{
	assert_true(v.len <= sizeof(to->octets));
	memcpy(to->octets, v.ptr, v.len);
	to->len = v.len;
}

/* Take a message apart as the kernel does. */
static void keep_message(struct scene *s, const struct burst *b, const struct burst_message *m)
{
	size_t count = 0;

	for (uint32_t at = 0; at < m->len; at += m->each, count++) {
		assert_true(s->sent_len < SCENE_SENT_MAX);
		s->sent[s->sent_len].tos = m->tos;
		keep(&s->sent[s->sent_len++],
		     view_of(b->octets + m->at + at,
			     m->len - at < m->each ? m->len - at : m->each));
	}
	assert_int_equal(count, m->count);
}

static void on_send(void *ctx, const struct burst *b)
{
	struct scene *s = ctx;

	s->bursts++;
	s->messages += b->len;
	for (size_t i = 0; i < b->len; i++)
		keep_message(s, b, &b->messages[i]);
}

static void on_reply(void *ctx, struct view packet)
{
	struct scene *s = ctx;

	s->replies++;
	keep(&s->reply, packet);
}

static bool own_address(void *ctx, const struct ip_addr *toward, struct ip_addr *ret)
{
	struct scene *s = ctx;

	return !s->homeless &&
	       !ip_parse(toward->family == IP_V6 ? "2001:db8::77" : "192.0.2.77", ret);
}

static void on_pass(void *ctx, const struct flow *f, struct view packet)
{
	struct scene *s = ctx;

	s->passes++;
	keep(&s->passed, packet);
}

static uint32_t on_path_mtu(void *ctx, const struct esp_path *path)
{
	struct scene *s = ctx;

	s->asked++;
	return s->path_mtu;
}

/* Any port will do: it is not touched but handed on. */
static struct esp_port *some_port(void *ctx, const struct endpoint *local)
{
	return local->port == 4500 ? ctx : NULL;
}

void scene_start(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(sad_init(&s->sad, crypto), CYG_OK);
	s->sad.port_of = some_port;
	s->sad.ctx = s;
	assert_int_equal(spd_init(&s->spd), CYG_OK);
	assert_true(notices_init(&s->notices, -1));
	assert_int_equal(out_init(&s->out), CYG_OK);
	s->out.spd = &s->spd;
	s->out.notices = &s->notices;
	icmp_limits_init(&s->limits);
	s->out.limits = &s->limits;
	s->out.clamp_mss = true;
	s->out.now = NSEC_PER_SEC;
	s->out.world = (struct out_world){s,           on_send, on_reply,
					  own_address, on_pass, on_path_mtu};
}

void scene_stop(struct scene *s)
{
	out_done(&s->out);
	esp_codec_done(&s->in);
	notices_done(&s->notices);
	spd_done(&s->spd);
	sad_done(&s->sad);
	rcu_barrier();
}

void scene_set_policy(struct scene *s, uint32_t id, enum policy_kind kind, uint32_t priority,
		      const char *local, const char *remote)
{
	struct plane_policy p = make_policy(id, kind, priority, 1, local, remote);
	struct lane *old, *lane = lane_take(&s->sad, 1, 0);

	assert_int_equal(spd_set(&s->spd, &p, lane, &old), CYG_OK);
	lane_release(&s->sad, old);
	drop_policy(&p);
}

void scene_add_sa(struct scene *s, void (*change)(struct plane_sa *))
{
	struct plane_sa sa = make_sa(SA_OUT, SCENE_SPI, MAKE_GCM128,
				     "10.1.0.0/16,2001:db8:1::/48",
				     "10.2.0.0/16,2001:db8:2::/48");
	struct diag why;

	if (change)
		change(&sa);
	assert_int_equal(sad_install(&s->sad, &sa, &why), CYG_OK);
	sa.dir = SA_IN;
	assert_int_equal(esp_codec_init(&s->in, crypto, &sa, &why), CYG_OK);
	s->received = sa.first_sequence;
	drop_sa(&sa);
}

void scene_protect(struct scene *s)
{
	scene_set_policy(s, 1, POLICY_PROTECT, 1000, "10.1.0.0/16,2001:db8:1::/48",
			 "10.2.0.0/16,2001:db8:2::/48");
}

const struct offload scene_nothing = {.kind = OFFLOAD_NONE};

void scene_send_octets(struct scene *s, const struct offload *said, size_t len)
{
	rcu_read_lock();
	out_packet(&s->out, said, s->buffer, len);
	out_flush(&s->out);
	rcu_read_unlock();
}

void scene_retry(struct scene *s)
{
	out_retry(&s->out);
	out_flush(&s->out);
}

size_t scene_send(struct scene *s, const struct packet_spec *spec)
{
	size_t len = make_packet(spec, s->buffer, sizeof(s->buffer) - ESP_BEHIND);

	scene_send_octets(s, &scene_nothing, len);
	return len;
}

struct view scene_opened(struct scene *s, size_t n, uint8_t expected_next)
{
	struct sent *sent = &s->sent[n];
	struct view payload;
	uint8_t next;

	assert_true(n < s->sent_len);
	assert_int_equal(esp_open(&s->in, ++s->received, sent->octets, sent->len, &payload,
				  &next),
			 ESP_OK);
	assert_int_equal(next, expected_next);
	return payload;
}

bool scene_heard(struct scene *s, struct notice *ret)
{
	struct view body;
	bool any = notice_get(&s->notices, ret, &body);

	if (any)
		notice_next(&s->notices);
	return any;
}

const struct packet_spec scene_udp = {.src = "10.1.0.5",
				      .dst = "10.2.0.5",
				      .proto = IPPROTO_UDP,
				      .src_port = 1,
				      .dst_port = 2,
				      .payload = 50};
const struct packet_spec scene_udp6 = {.src = "2001:db8:1::5",
				       .dst = "2001:db8:2::5",
				       .proto = IPPROTO_UDP,
				       .payload = 50};

int scene_open_crypto(void **state)
{
	crypto = crypto_new(NULL);
	return !crypto;
}

int scene_close_crypto(void **state)
{
	crypto_free(crypto);
	return 0;
}
