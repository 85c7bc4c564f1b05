/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_MERGE_H
#define PLANE_ESP_MERGE_H

#include "plane/esp/offload.h"

#include <sys/uio.h>

/*
 * Merging packets that came out of ESP into fewer, larger ones, which the
 * kernel takes as segmentation offload: those of one TCP connection that
 * follow each other without a gap, and UDP datagrams of one length between two
 * ports. What is merged is what cutting it again would give: headers that
 * differ in more than that, or a wrong checksum, are left alone. No payload is
 * copied, and packets of one flow stay in order.
 *
 * Packets are borrowed until merge_flush, and their headers may change. For
 * one thread.
 */
#define MERGE_FLOWS 8u
#define MERGE_PACKETS 64u

struct merge_flow {
	struct flow flow;  /* the first packet's */
	uint8_t *first;    /* the first packet; the header of all */
	size_t header_len; /* IP's and TCP's or UDP's */
	size_t each, len;  /* payload of a packet but the last; the whole length */
	uint32_t next;     /* TCP: the sequence number that must come */
	bool closed;       /* nothing more goes in */
	bool pushed;       /* TCP: the last one had PSH */
	uint8_t checked;   /* whether the first one's checksum was looked at */
	size_t parts_len;
	struct iovec parts[MERGE_PACKETS + 1]; /* [0]: the offload header */
	uint8_t header[OFFLOAD_HEADER];
};

struct merge {
	bool udp; /* the device takes merged UDP */
	size_t len;
	/* Give one packet, with an offload header before it, to the inside. */
	void (*deliver)(void *ctx, const struct iovec *parts, size_t len);
	void *ctx;
	struct merge_flow flows[MERGE_FLOWS]; /* in the order in which they began */
};

/* Take one packet with its flow. */
void merge_add(struct merge *m, struct view packet, const struct flow *f);
/* Deliver all that is held. */
void merge_flush(struct merge *m);

#endif
