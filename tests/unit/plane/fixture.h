/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PLANE_FIXTURE_H
#define TESTS_UNIT_PLANE_FIXTURE_H

#include "conn/sa.h"
#include "plane/esp/inner.h"
#include "tests/unit/support/test.h"

/* Packets and SAs in few words. All fail the test on nonsense. */

struct ip_addr make_ip(const char *text);
struct endpoint make_endpoint(const char *address, uint16_t port);

/*
 * "10.0.0.0/8", "10.0.0.1-10.0.0.9", with "[tcp/80]",
 * "[17/0]", "[tcp/opaque]"; several with commas.
 */
struct ts make_ts(const char *text);
struct ts_set make_ts_set(const char *text);

/*
 * A packet of `payload` octets behind its transport header;
 * UDP or TCP (6) with ports, ICMP echo request with 1, 58.
 */
struct packet_spec {
	const char *src, *dst;
	uint8_t proto;
	uint16_t src_port, dst_port;
	size_t payload;
	uint8_t tos;
	bool df, more;   /* IPv4 */
	uint16_t offset; /* of a fragment, octets */
	uint16_t mss;    /* a SYN with this option; 0 none */
	size_t options;  /* IPv4: octets of no-operation options */
};
/* Writes at most `cap`; returns the length. */
size_t make_packet(const struct packet_spec *s, uint8_t *out, size_t cap);
/* Whether the header checksum (IPv4) and that of TCP, UDP or ICMP are right. */
bool checksums_right(struct view packet);

/* An SA with keys made from its SPI; free its selectors with drop_sa. */
enum make_alg { MAKE_GCM128, MAKE_GCM256, MAKE_CHACHA, MAKE_CBC256, MAKE_CBC512, MAKE_ALGS };
struct plane_sa make_sa(enum sa_dir dir, uint32_t spi, enum make_alg alg, const char *ts_local,
			const char *ts_remote);
void drop_sa(struct plane_sa *sa);

struct plane_policy make_policy(uint32_t id, enum policy_kind kind, uint32_t priority,
				uint32_t reqid, const char *ts_local, const char *ts_remote);
void drop_policy(struct plane_policy *p);

#endif
