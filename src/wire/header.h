/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_HEADER_H
#define WIRE_HEADER_H

#include "base/builder.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/view.h"

#define IKE_HEADER_LEN 28
#define IKE_HEADER_NEXT_AT 16   /* offset of the first payload's type */
#define IKE_HEADER_LENGTH_AT 24 /* offset of the length of the whole message */
#define NON_ESP_MARKER_LEN 4

/* The IKE header (RFC 7296 3.1). SPIs are numbers in host order; 0 means not yet known. */
struct ike_header {
	uint64_t spi_i, spi_r;
	uint8_t next_payload; /* type of the first payload, PAYLOAD_NONE if there is none */
	uint8_t minor;        /* ignored on receipt; 0 when sent */
	uint8_t exchange;     /* enum exchange_type; header_parse lets unknown ones through */
	bool initiator;       /* flag I: the sender is the original initiator of the IKE SA */
	bool higher;          /* flag V: the sender could speak a higher version; ignored */
	bool response;        /* flag R */
	uint32_t msgid;
	uint32_t length; /* of the whole message in octets, this header included */
};

/*
 * The first of several messages that stand one behind the other, as their length fields say;
 * *rest begins behind it then. What has no sound length is one message whole.
 */
struct view header_cut(struct view *rest);

/* What a UDP datagram is, before anything in it is believed. */
enum datagram_kind {
	DATAGRAM_IKE,       /* an IKE message, with its non-ESP marker removed */
	DATAGRAM_ESP,       /* ESP: SPI is not zero, at least SPI and sequence number */
	DATAGRAM_KEEPALIVE, /* the one octet 0xff (RFC 3948 2.3) */
	DATAGRAM_JUNK,      /* too short to be any of them: drop it */
};

/*
 * Tell apart what comes in on a port where IKE wears the non-ESP marker (port
 * 4500, RFC 3948 2.2). *ret is the rest to hand on: the IKE message without its
 * marker, or the ESP packet whole; it is the empty view for the other kinds.
 */
enum datagram_kind datagram_sort(struct view datagram, struct view *ret);

/* Write the non-ESP marker: four zero octets. */
void marker_build(struct builder *b);

/* Which protocol version speaks, from the header's version octet alone. */
enum ike_version {
	IKE_VERSION_SHORT, /* fewer than 28 octets: drop */
	IKE_VERSION_1,     /* major 1: for an IKEv1 engine; header_parse refuses it */
	IKE_VERSION_2,
	IKE_VERSION_NEWER, /* major above 2: answer with version_reply_build, then drop */
	IKE_VERSION_OLD,   /* major 0: drop */
};
enum ike_version ike_version_of(struct view message);

/*
 * Read and check the header of `message`, a whole datagram without marker.
 * Refused: CYG_SHORT under 28 octets; CYG_UNSUPPORTED for a major version that
 * is not 2; CYG_MALFORMED when the length field is not the datagram's length,
 * when the flags or the message ID contradict IKE_SA_INIT (RFC 7296 2.2, 3.1),
 * or when an SPI is zero where that may not be. Reserved flags and the minor
 * version are ignored. The exchange type is not checked: see exchange_row.
 */
MUST_CHECK enum cyg_err header_parse(struct view message, struct ike_header *ret,
				     struct diag *why);

/*
 * Write the 28 octets, version 2.0, `length` as it stands. message_begin does this for whole
 * messages.
 */
void header_build(struct builder *b, const struct ike_header *h);

/*
 * The unprotected answer to a message of a greater major version: its SPIs,
 * message ID and exchange, INVALID_MAJOR_VERSION naming 2 (RFC 7296 2.5). False,
 * nothing written, when `message` is not such a one or is itself a response.
 * Needs 36 octets of room.
 */
bool version_reply_build(struct builder *b, struct view message);

/*
 * The header of the answer to `h`: same SPIs, exchange and message ID, roles and direction
 * turned.
 */
struct ike_header header_reply(const struct ike_header *h);

#endif
