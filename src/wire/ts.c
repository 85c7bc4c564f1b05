/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ts.h"

#include "wire/refuse.h"

#include <assert.h>

#define TS_HEADER_LEN 4 /* type, protocol, length */

static const struct rule bad_ts = {CYG_MALFORMED, "malformed-ts", "RFC 7296 3.13"};
static const struct rule bad_selector = {CYG_MALFORMED, "malformed-ts", "RFC 7296 3.13.1"};
static const struct rule bad_label = {CYG_MALFORMED, "malformed-ts", "RFC 9478 2.1"};

struct raw_selector {
	size_t offset, len, left;
	struct reader rest;  /* behind the length field */
	struct ts_item item; /* type and protocol only */
};

static struct raw_selector read_selector(struct reader *r)
{
	struct raw_selector raw = {.offset = read_offset(r), .left = read_left(r)};

	raw.item.type = read_u8(r);
	raw.item.protocol = read_u8(r);
	raw.len = read_u16(r);
	raw.rest = read_carve(r, raw.len >= TS_HEADER_LEN ? raw.len - TS_HEADER_LEN : 0);
	return raw;
}

/* Octets of one address; 0 for types that are no address ranges. */
static size_t address_len(uint8_t type)
{
	return type == TS_TYPE_IPV4 ? 4 : type == TS_TYPE_IPV6 ? 16 : 0;
}

static size_t range_len(uint8_t type)
{
	return TS_HEADER_LEN + 2 * sizeof(uint16_t) + 2 * address_len(type);
}

static struct ts_item finish_selector(const struct raw_selector *raw)
{
	struct ts_item item = raw->item;
	struct reader r = raw->rest;
	size_t len = address_len(item.type);

	if (len == 0) {
		item.data = read_rest(&r);
		return item;
	}
	item.port_first = read_u16(&r);
	item.port_last = read_u16(&r);
	item.range.first = ip_from_view(read_view(&r, len));
	item.range.last = ip_from_view(read_view(&r, len));
	return item;
}

/* RFC 7296 3.13.1: the only ports that may run backwards mean "opaque". */
static bool ports_fit(const struct ts_item *item)
{
	return item->port_first <= item->port_last ||
	       (item->port_first == UINT16_MAX && item->port_last == 0);
}

static enum cyg_err check_range(const struct raw_selector *raw, size_t at, struct diag *why)
{
	struct ts_item item;

	if (raw->len != range_len(raw->item.type))
		return refuse(why, &bad_selector, at,
			      "a traffic selector does not fit its type",
			      raw->item.type == TS_TYPE_IPV4 ? "16 octets" : "40 octets", "%zu",
			      raw->len);
	item = finish_selector(raw);
	if (ip_compare(&item.range.first, &item.range.last) > 0)
		return refuse(why, &bad_selector, at,
			      "a traffic selector's range runs backwards",
			      "a first address not above the last", "the reverse");
	if (!ports_fit(&item))
		return refuse(why, &bad_selector, at,
			      "a traffic selector's ports run backwards",
			      "a first port not above the last", "%u to %u", item.port_first,
			      item.port_last);
	return CYG_OK;
}

static enum cyg_err check_selector(const struct raw_selector *raw, size_t at, struct diag *why)
{
	if (raw->left < TS_HEADER_LEN || raw->len < TS_HEADER_LEN || raw->len > raw->left)
		return refuse(why, &bad_selector, at,
			      "a traffic selector has an impossible length",
			      "4 octets to the end of the payload", "%zu of %zu", raw->len,
			      raw->left);
	if (address_len(raw->item.type))
		return check_range(raw, at, why);
	if (raw->item.type == TS_TYPE_SECLABEL && raw->len == TS_HEADER_LEN)
		return refuse(why, &bad_label, at, "a security label is empty", "a label",
			      "0 octets");
	return CYG_OK;
}

enum cyg_err ts_parse(const struct payload *p, struct ts_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body), list;
	unsigned announced = read_u8(&r), count = 0;
	enum cyg_err err;

	read_skip(&r, 3);
	list = reader_of(read_rest(&r));
	if (r.bad || announced == 0)
		return refuse(why, &bad_ts, p->offset, "there are no traffic selectors",
			      "a count of at least 1", "%u in %zu octets", announced,
			      p->body.len);
	for (; count < announced && read_left(&list); count++) {
		struct raw_selector raw = read_selector(&list);

		err = check_selector(&raw, p->offset + 2 * PAYLOAD_HEADER_LEN + raw.offset,
				     why);
		if (err)
			return err;
	}
	if (count != announced || !read_done(&list))
		return refuse(why, &bad_ts, p->offset,
			      "the traffic selectors are not as many as counted", "as counted",
			      "%u of %u, then %zu octets", count, announced, read_left(&list));
	ret->count = (uint8_t)announced;
	ret->body = view_of(p->body.ptr + TS_HEADER_LEN, p->body.len - TS_HEADER_LEN);
	return CYG_OK;
}

struct reader ts_walk(const struct ts_payload *ts)
{
	return reader_of(ts->body);
}

bool ts_next(struct reader *walk, struct ts_item *ret)
{
	struct raw_selector raw;

	if (read_left(walk) == 0)
		return false;
	raw = read_selector(walk);
	*ret = finish_selector(&raw);
	return true;
}

static void build_selector(struct builder *b, const struct ts_item *item)
{
	struct hole len;

	build_u8(b, item->type);
	build_u8(b, item->protocol);
	len = build_hole16(b);
	if (address_len(item->type)) {
		build_u16(b, item->port_first);
		build_u16(b, item->port_last);
		build_view(b, ip_view(&item->range.first));
		build_view(b, ip_view(&item->range.last));
	} else {
		build_view(b, item->data);
	}
	build_close(b, len, 2);
}

void ts_build(struct builder *b, const struct ts_item *items, size_t len)
{
	assert(len >= 1 && len <= UINT8_MAX);
	build_u8(b, (uint8_t)len);
	build_zero(b, 3);
	for (size_t i = 0; i < len; i++)
		build_selector(b, &items[i]);
}

struct ts_item ts_item_of(const struct ip_range *range, uint8_t protocol, uint16_t port_first,
			  uint16_t port_last)
{
	return (struct ts_item){
		.type = range->first.family == IP_V4 ? TS_TYPE_IPV4 : TS_TYPE_IPV6,
		.protocol = protocol,
		.port_first = port_first,
		.port_last = port_last,
		.range = *range,
	};
}
