/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_OFFLOAD_H
#define PLANE_ESP_OFFLOAD_H

#include "plane/esp/inner.h"

/*
 * What a TUN says of a packet before its first octet (the virtio network
 * header, VIRTIO 1.2 5.1.6): that it is many packets in one, to be cut, and
 * that its checksum is not complete. The same goes the other way for packets
 * that were merged.
 */
#define OFFLOAD_HEADER 10u

enum offload_kind { OFFLOAD_NONE, OFFLOAD_TCP4, OFFLOAD_TCP6, OFFLOAD_UDP };

struct offload {
	uint8_t kind;        /* enum offload_kind: as what it is cut */
	bool needs_checksum; /* the field holds only the pseudo header's sum */
	uint16_t each;       /* payload of each packet it is cut into but the last */
	uint16_t header_len; /* up to the payload */
	/* Where the checksum begins, and its field behind that. */
	uint16_t checksum_start, checksum_offset;
};

/* Read one; false for what was never asked for. */
bool offload_parse(const uint8_t header[OFFLOAD_HEADER], struct offload *ret)
	__attribute__((warn_unused_result));
void offload_build(const struct offload *o, uint8_t header[OFFLOAD_HEADER]);

/*
 * Put the checksum that is missing into a packet which is not to be cut, whose flow is
 * `f`. False when its place is not behind the IP header and within the packet.
 */
bool offload_complete(const struct offload *o, uint8_t *packet, const struct flow *f)
	__attribute__((warn_unused_result));

#endif
