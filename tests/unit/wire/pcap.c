/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/wire/pcap.h"

#include "base/reader.h"

#define LINK_NULL 0 /* four octets of address family */
#define LINK_ETHERNET 1
#define LINK_RAW 101
#define LINK_COOKED 113
#define UDP 17

/* A 16 or 32 bit field in the byte order of the file. */
static uint32_t field16(struct reader *r, bool swapped)
{
	uint16_t v = read_u16(r);

	return swapped ? __builtin_bswap16(v) : v;
}

static uint32_t field32(struct reader *r, bool swapped)
{
	uint32_t v = read_u32(r);

	return swapped ? __builtin_bswap32(v) : v;
}

static bool take_udp(struct view packet, pcap_take take, void *ctx)
{
	struct reader r = reader_of(packet);
	uint16_t from = read_u16(&r), to = read_u16(&r), len = read_u16(&r);
	struct view payload;

	read_skip(&r, 2);
	payload = read_view(&r, len >= 8 ? len - 8u : 0);
	if (!r.bad)
		take(ctx, from, to, payload);
	return !r.bad;
}

static bool take_ip(struct view packet, pcap_take take, void *ctx)
{
	struct reader r = reader_of(packet);
	uint8_t first = read_u8(&r), protocol;
	size_t len;

	if (first >> 4 == 4) {
		read_skip(&r, 1);
		len = read_u16(&r);
		read_skip(&r, 5);
		protocol = read_u8(&r);
		read_skip(&r, (first & 0x0fu) * 4 - 10);
		len -= (first & 0x0fu) * 4;
	} else {
		read_skip(&r, 3);
		len = read_u16(&r);
		protocol = read_u8(&r);
		read_skip(&r, 33);
	}
	return !r.bad && protocol == UDP && take_udp(read_view(&r, len), take, ctx);
}

bool pcap_udp_of(unsigned link, struct view frame, pcap_take take, void *ctx)
{
	struct reader r = reader_of(frame);
	uint16_t type = 0x0800;

	if (link == LINK_ETHERNET) {
		read_skip(&r, 12);
		type = read_u16(&r);
		if (type == 0x8100) {
			read_skip(&r, 2);
			type = read_u16(&r);
		}
	} else if (link == LINK_COOKED) {
		read_skip(&r, 14);
		type = read_u16(&r);
	} else if (link == LINK_NULL) {
		read_skip(&r, 4);
	} else if (link != LINK_RAW) {
		return false;
	}
	return (type == 0x0800 || type == 0x86dd) && take_ip(read_rest(&r), take, ctx);
}

static bool each_classic(struct reader *r, bool swapped, pcap_take take, void *ctx)
{
	unsigned link;

	read_skip(r, 16);
	link = field32(r, swapped);
	while (read_left(r)) {
		uint32_t len;

		read_skip(r, 8);
		len = field32(r, swapped);
		read_skip(r, 4);
		pcap_udp_of(link, read_view(r, len), take, ctx);
	}
	return read_done(r);
}

/* One block of pcapng: its type was read, `body` is what stands between its two lengths. */
static void take_block(uint32_t type, struct reader body, bool swapped, unsigned *link,
		       pcap_take take, void *ctx)
{
	if (type == 1) {
		*link = field16(&body, swapped);
	} else if (type == 6) {
		uint32_t len;

		read_skip(&body, 12);
		len = field32(&body, swapped);
		read_skip(&body, 4);
		pcap_udp_of(*link, read_view(&body, len), take, ctx);
	} else if (type == 3) {
		uint32_t len = field32(&body, swapped);

		pcap_udp_of(*link, read_view(&body, len), take, ctx);
	}
}

static bool each_next_generation(struct reader *r, pcap_take take, void *ctx)
{
	bool swapped = false;
	unsigned link = 0;

	while (read_left(r)) {
		uint32_t type = read_u32(r), len;
		struct reader peek = *r;

		if (type == 0x0a0d0d0a) {
			read_skip(&peek, 4);
			swapped = read_u32(&peek) == 0x4d3c2b1a;
		}
		type = swapped ? __builtin_bswap32(type) : type;
		len = field32(r, swapped);
		if (len < 12)
			return false;
		take_block(type, read_carve(r, len - 12), swapped, &link, take, ctx);
		read_skip(r, 4);
	}
	return read_done(r);
}

bool pcap_each_udp(struct view file, pcap_take take, void *ctx)
{
	struct reader r = reader_of(file), at_start = r;
	uint32_t magic = read_u32(&r);

	if (magic == 0x0a0d0d0a)
		return each_next_generation(&at_start, take, ctx);
	if (magic == 0xa1b2c3d4 || magic == 0xa1b23c4d)
		return each_classic(&r, false, take, ctx);
	if (magic == 0xd4c3b2a1 || magic == 0x4d3cb2a1)
		return each_classic(&r, true, take, ctx);
	return false;
}
