/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/offload.h"

#include "plane/esp/checksum.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>

/* Kernel headers before 6.2 lack it. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

_Static_assert(sizeof(struct virtio_net_hdr) == OFFLOAD_HEADER, "the header a TUN has");

static const uint8_t gso_types[] = {
	[OFFLOAD_NONE] = VIRTIO_NET_HDR_GSO_NONE,
	[OFFLOAD_TCP4] = VIRTIO_NET_HDR_GSO_TCPV4,
	[OFFLOAD_TCP6] = VIRTIO_NET_HDR_GSO_TCPV6,
	[OFFLOAD_UDP] = VIRTIO_NET_HDR_GSO_UDP_L4,
};

bool offload_parse(const uint8_t header[OFFLOAD_HEADER], struct offload *ret)
{
	struct virtio_net_hdr h;
	uint8_t kind = OFFLOAD_NONE;

	memcpy(&h, header, sizeof(h));
	/* Congestion is seen in TCP's own flags, so its bit says nothing new. */
	h.gso_type &= (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	while (kind < sizeof(gso_types) && gso_types[kind] != h.gso_type)
		kind++;
	if (kind == sizeof(gso_types) || (kind != OFFLOAD_NONE && !h.gso_size))
		return false;
	*ret = (struct offload){.kind = kind,
				.needs_checksum = h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM,
				.each = h.gso_size,
				.header_len = h.hdr_len,
				.checksum_start = h.csum_start,
				.checksum_offset = h.csum_offset};
	return true;
}

void offload_build(const struct offload *o, uint8_t header[OFFLOAD_HEADER])
{
	struct virtio_net_hdr h = {
		.flags = o->needs_checksum ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0,
		.gso_type = gso_types[o->kind],
		.gso_size = o->each,
		.hdr_len = o->header_len,
		.csum_start = o->checksum_start,
		.csum_offset = o->checksum_offset,
	};

	memcpy(header, &h, sizeof(h));
}

bool offload_complete(const struct offload *o, uint8_t *packet, const struct flow *f)
{
	size_t start = o->checksum_start, field = start + o->checksum_offset;
	uint16_t value;

	if (!o->needs_checksum)
		return true;
	if (start < f->header_len || field + 2 > f->total_len)
		return false;
	/* The field's own value is the sum of the pseudo header: it is part of the sum. */
	value = checksum_fold(checksum_add(0, view_of(packet + start, f->total_len - start)));
	/* UDP keeps zero for "no checksum" (RFC 768), and its other form for the value. */
	put16(packet + field, value || f->proto != IPPROTO_UDP ? value : 0xffff);
	return true;
}
