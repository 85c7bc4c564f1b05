/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PLANE_SCENE_H
#define TESTS_UNIT_PLANE_SCENE_H

#include "plane/esp/out.h"
#include "tests/unit/plane/fixture.h"

#define SCENE_SPI 0x1234u
#define SCENE_SENT_MAX 64

/* A sender with its tables, what it did to the world, and the receiver's end of its SA. */
struct scene {
	struct sad sad;
	struct spd spd;
	struct notices notices;
	struct icmp_limits limits;
	struct out out;
	struct esp_codec in;
	uint64_t received; /* sequence number of the last packet opened */
	uint32_t path_mtu, asked;
	bool homeless; /* there is no address to answer from */
	struct sent {
		uint8_t octets[2048];
		size_t len;
		uint8_t tos;
	} sent[SCENE_SENT_MAX], reply, passed;
	size_t sent_len, replies, passes, bursts, messages;
	uint8_t buffer[16384];
};

void scene_start(struct scene *s);
void scene_stop(struct scene *s);

void scene_set_policy(struct scene *s, uint32_t id, enum policy_kind kind, uint32_t priority,
		      const char *local, const char *remote);
/* An outbound SA between 10.1/16 and 10.2/16 (and IPv6), as `change` makes it. */
void scene_add_sa(struct scene *s, void (*change)(struct plane_sa *));
/* The policy for it. */
void scene_protect(struct scene *s);

extern const struct offload scene_nothing;
extern const struct packet_spec scene_udp, scene_udp6; /* of 50 octets; they fit that SA */

/* The first `len` octets of the buffer are a packet, of which the device said that. */
void scene_send_octets(struct scene *s, const struct offload *said, size_t len);
/* Returns its length. */
size_t scene_send(struct scene *s, const struct packet_spec *spec);
/* Try again what is held. */
void scene_retry(struct scene *s);
/* Open the n-th packet sent; it must have the next number. */
struct view scene_opened(struct scene *s, size_t n, uint8_t expected_next);
/* The next notice, if there is one. */
bool scene_heard(struct scene *s, struct notice *ret);

/* For cmocka's group: what is sealed needs it. */
int scene_open_crypto(void **state);
int scene_close_crypto(void **state);

#endif
