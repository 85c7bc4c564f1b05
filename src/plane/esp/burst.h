/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_BURST_H
#define PLANE_ESP_BURST_H

#include "base/view.h"

/*
 * ESP packets on their way to the sockets, gathered so that the kernel is
 * asked once for many. Those that follow each other on one path, of one length
 * (a last one may be shorter) and one outer DSCP and ECN, are one message,
 * which the kernel or the card cuts again (UDP_SEGMENT). Packets are built
 * where they are to lie.
 */
#define BURST_MESSAGES 64u
#define BURST_SEGMENTS 64u       /* the kernel's own limit in one message, before 6.9 */
#define BURST_MESSAGE_MAX 65487u /* octets of UDP payload that IPv4 and IPv6 both carry */
#define BURST_OCTETS (128u * 1024u)

struct esp_path;

struct burst_message {
	const struct esp_path *path; /* borrowed: good until the burst is sent */
	uint32_t at, len;
	uint32_t each; /* octets of a packet */
	uint16_t count;
	uint8_t tos;
	bool closed; /* its last packet was shorter */
};

struct burst {
	uint8_t *octets; /* BURST_OCTETS; owned */
	size_t used, len;
	struct burst_message messages[BURST_MESSAGES];
};

/* False when memory is short. */
bool burst_init(struct burst *b) __attribute__((warn_unused_result));
void burst_done(struct burst *b);

/* Where a packet of at most `len` octets is to be built; NULL: the burst must be sent first. */
uint8_t *burst_room(struct burst *b, size_t len);
/* It has been built there, of this length. */
void burst_add(struct burst *b, const struct esp_path *path, uint8_t tos, size_t len);
/* All of it was sent. */
void burst_clear(struct burst *b);

#endif
