/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_SEGMENT_H
#define PLANE_ESP_SEGMENT_H

#include "plane/esp/offload.h"

/*
 * Cutting a packet that is many in one (TCP or UDP segmentation offload) into
 * those it stands for. Each is laid where its payload already is: its header
 * is written over the end of the payload before it, which has been used by
 * then. So nothing is copied but headers.
 */
#define SEGMENT_HEADER_MAX 512u /* IP with what extends it, and TCP or UDP */

struct segments {
	uint8_t header[SEGMENT_HEADER_MAX]; /* the first one's; changes from one to the next */
	size_t header_len, transport;       /* the transport header lies from there on */
	uint8_t *payload;                   /* what is left, in the caller's memory */
	size_t left, each;
	uint16_t last_flags; /* TCP's flags that only the last segment has */
	uint8_t proto;
	bool v4;
};

/*
 * Begin with `packet`, which was parsed as `f`. False when it is not what `o`
 * says: another protocol, a fragment, headers too long or cut off.
 */
bool segments_begin(struct segments *s, const struct offload *o, uint8_t *packet,
		    const struct flow *f) __attribute__((warn_unused_result));

/* How many there will be. */
size_t segments_count(const struct segments *s);
/* The length of all but the last one, which is not longer. */
size_t segments_longest(const struct segments *s);

/*
 * The next one: a whole packet with right lengths and checksums, good until
 * the next call, which may write over it. False after the last.
 */
bool segments_next(struct segments *s, uint8_t **ret_packet, size_t *ret_len)
	__attribute__((warn_unused_result));

#endif
