/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/header.h"

#include "base/reader.h"
#include "wire/ikev2_numbers.h"
#include "wire/refuse.h"

#include <inttypes.h>
#include <stdio.h>

#define FLAG_INITIATOR 0x08
#define FLAG_HIGHER 0x10
#define FLAG_RESPONSE 0x20

#define VERSION_AT 17
#define EXCHANGE_AT 18
#define FLAGS_AT 19
#define ESP_HEADER_LEN 8 /* SPI and sequence number */

static const struct rule too_short = {CYG_SHORT, "short-message", "RFC 7296 3.1"};
static const struct rule not_version_2 = {CYG_UNSUPPORTED, "invalid-major-version",
					  "RFC 7296 2.5"};
static const struct rule bad_length = {CYG_MALFORMED, "malformed-header", "RFC 7296 3.1"};
static const struct rule bad_spi = {CYG_MALFORMED, "malformed-header", "RFC 7296 3.1"};
static const struct rule bad_flags = {CYG_MALFORMED, "malformed-header", "RFC 7296 3.1"};
static const struct rule bad_msgid = {CYG_MALFORMED, "malformed-header", "RFC 7296 2.2"};

enum datagram_kind datagram_sort(struct view datagram, struct view *ret)
{
	struct reader r = reader_of(datagram);

	*ret = view_of(NULL, 0);
	if (datagram.len == 1)
		return read_u8(&r) == 0xff ? DATAGRAM_KEEPALIVE : DATAGRAM_JUNK;
	if (datagram.len < ESP_HEADER_LEN)
		return DATAGRAM_JUNK;
	if (read_u32(&r) != 0) {
		*ret = datagram;
		return DATAGRAM_ESP;
	}
	*ret = read_rest(&r);
	return DATAGRAM_IKE;
}

void marker_build(struct builder *b)
{
	build_zero(b, NON_ESP_MARKER_LEN);
}

static unsigned major_of(struct view message)
{
	struct reader r = reader_of(message);

	read_skip(&r, VERSION_AT);
	return read_u8(&r) >> 4;
}

enum ike_version ike_version_of(struct view message)
{
	if (message.len < IKE_HEADER_LEN)
		return IKE_VERSION_SHORT;
	switch (major_of(message)) {
	case 0:
		return IKE_VERSION_OLD;
	case 1:
		return IKE_VERSION_1;
	case 2:
		return IKE_VERSION_2;
	default:
		return IKE_VERSION_NEWER;
	}
}

/* The exchanges that begin an IKE SA: message 0, and no responder's SPI in the request. */
static bool begins_sa(const struct ike_header *h)
{
	return h->exchange == X_IKE_SA_INIT || h->exchange == X_IKE_SESSION_RESUME;
}

/* RFC 7296 1.5: INVALID_SPI may come outside any IKE SA, with SPIs that mean nothing. */
static bool may_lack_spis(const struct ike_header *h)
{
	return h->exchange == X_INFORMATIONAL && h->initiator && !h->response && h->msgid == 0;
}

static enum cyg_err check_first_exchange(const struct ike_header *h, struct diag *why)
{
	if (h->initiator == h->response)
		return refuse(why, &bad_flags, FLAGS_AT,
			      "the flags contradict an exchange that begins an IKE SA",
			      "I in the request, R in the response", "flags I %d R %d",
			      h->initiator, h->response);
	if (h->msgid != 0)
		return refuse(why, &bad_msgid, 20, "the first exchange has a message ID", "0",
			      "%" PRIu32, h->msgid);
	if (!h->response && h->spi_r != 0)
		return refuse(why, &bad_spi, 8, "the first request names a responder's SPI",
			      "0", "%016" PRIx64, h->spi_r);
	return CYG_OK;
}

static enum cyg_err check_spis(const struct ike_header *h, struct diag *why)
{
	if (may_lack_spis(h))
		return CYG_OK;
	if (h->spi_i == 0)
		return refuse(why, &bad_spi, 0, "the initiator's SPI is zero", "an SPI", "0");
	if (begins_sa(h))
		return check_first_exchange(h, why);
	if (h->spi_r == 0)
		return refuse(why, &bad_spi, 8, "the responder's SPI is zero", "an SPI", "0");
	return CYG_OK;
}

static void read_header(struct reader *r, struct ike_header *h)
{
	uint8_t flags;

	h->spi_i = read_u64(r);
	h->spi_r = read_u64(r);
	h->next_payload = read_u8(r);
	h->minor = read_u8(r) & 0x0f;
	h->exchange = read_u8(r);
	flags = read_u8(r);
	h->initiator = flags & FLAG_INITIATOR;
	h->higher = flags & FLAG_HIGHER;
	h->response = flags & FLAG_RESPONSE;
	h->msgid = read_u32(r);
	h->length = read_u32(r);
}

enum cyg_err header_parse(struct view message, struct ike_header *ret, struct diag *why)
{
	struct reader r = reader_of(message);
	struct ike_header h;
	enum cyg_err err;

	if (message.len < IKE_HEADER_LEN)
		return refuse(why, &too_short, message.len,
			      "the message is shorter than its header", "at least 28 octets",
			      "%zu", message.len);
	if (ike_version_of(message) != IKE_VERSION_2)
		return refuse(why, &not_version_2, VERSION_AT, "not a message of IKE version 2",
			      "2", "%u", major_of(message));
	read_header(&r, &h);
	if (h.length != message.len)
		return refuse(why, &bad_length, IKE_HEADER_LENGTH_AT,
			      "the length field is not the length of the datagram",
			      "the datagram's length", "%" PRIu32 " in a datagram of %zu",
			      h.length, message.len);
	err = check_spis(&h, why);
	if (err)
		return err;
	*ret = h;
	return CYG_OK;
}

void header_build(struct builder *b, const struct ike_header *h)
{
	build_u64(b, h->spi_i);
	build_u64(b, h->spi_r);
	build_u8(b, h->next_payload);
	build_u8(b, 0x20 | (h->minor & 0x0f));
	build_u8(b, h->exchange);
	build_u8(b,
		 (uint8_t)((h->initiator ? FLAG_INITIATOR : 0) | (h->higher ? FLAG_HIGHER : 0) |
			   (h->response ? FLAG_RESPONSE : 0)));
	build_u32(b, h->msgid);
	build_u32(b, h->length);
}

struct view header_cut(struct view *rest)
{
	struct reader r = reader_of(*rest);
	struct view first = *rest;
	uint32_t length;

	read_skip(&r, IKE_HEADER_LENGTH_AT);
	length = read_u32(&r);
	if (!r.bad && length >= IKE_HEADER_LEN && length < rest->len)
		first.len = length;
	*rest = view_of(rest->ptr + first.len, rest->len - first.len);
	return first;
}

struct ike_header header_reply(const struct ike_header *h)
{
	return (struct ike_header){
		.spi_i = h->spi_i,
		.spi_r = h->spi_r,
		.exchange = h->exchange,
		.initiator = !h->initiator,
		.response = true,
		.msgid = h->msgid,
	};
}
