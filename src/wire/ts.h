/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_TS_H
#define WIRE_TS_H

#include "base/addr.h"
#include "base/reader.h"
#include "wire/payload.h"

/* Traffic Selector payloads (RFC 7296 3.13), TSi and TSr. */

struct ts_payload {
	uint8_t count;    /* 1 to 255 */
	struct view body; /* the selectors, for ts_next */
};

/* One selector. */
struct ts_item {
	uint8_t type;                   /* enum ts_type or another number */
	uint8_t protocol;               /* IP protocol, 0 any; IPv4 and IPv6 ranges only */
	uint16_t port_first, port_last; /* 0..65535 any; 65535..0 opaque; ICMP: type and code */
	struct ip_range range;          /* IPv4 and IPv6 ranges; else IP_NONE */
	struct view data;               /* of other types: all after the length field */
};

/*
 * CYG_MALFORMED for: count 0 or unlike what is there, a length that does not
 * fit the type, a range or ports that run backwards (but for opaque ports), an
 * empty security label (RFC 9478 2.1). Selectors of unknown types pass, with
 * their data, to be left out by the reader.
 */
MUST_CHECK enum cyg_err ts_parse(const struct payload *p, struct ts_payload *ret,
				 struct diag *why);

/* Walk the selectors; cannot fail after ts_parse. False after the last. */
struct reader ts_walk(const struct ts_payload *ts);
bool ts_next(struct reader *walk, struct ts_item *ret);

/* Write a body: len is 1 to 255. */
void ts_build(struct builder *b, const struct ts_item *items, size_t len);

/* Address ranges and ports that match all of one family. */
struct ts_item ts_item_of(const struct ip_range *range, uint8_t protocol, uint16_t port_first,
			  uint16_t port_last);

#endif
