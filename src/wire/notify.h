/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_NOTIFY_H
#define WIRE_NOTIFY_H

#include "wire/chain.h"
#include "wire/payload.h"

/* Notify (RFC 7296 3.10) and Delete (3.11). The laws of wire/payload.h hold. */

struct notify_payload {
	uint16_t type;    /* enum notify_type or any other number */
	uint8_t protocol; /* enum protocol_id; 0 when there is no SPI (then ignored on receipt) */
	struct view spi; /* 0, or 4 octets (AH, ESP) */
	struct view data;
};

/*
 * Structure, and for types of the table also SPI and data length (REKEY_SA
 * names AH or ESP with 4 octets; COOKIE has 1 to 64). An SPI that is not 0, 4
 * or 8 octets is malformed with any type. Whether the type may stand in this
 * message is not asked: a reader asks for what it expects.
 */
MUST_CHECK enum cyg_err notify_parse(const struct payload *p, struct notify_payload *ret,
				     struct diag *why);
void notify_build(struct builder *b, const struct notify_payload *n);

/* The SPI of an AH or ESP notify as a number; 0 if it has none. */
uint32_t notify_spi32(const struct notify_payload *n);

/* Append a whole Notify payload without protocol and SPI. */
void chain_notify(struct chain *c, uint16_t type, struct view data);
/* The same naming a child SA: protocol AH or ESP and its SPI. */
void chain_notify_child(struct chain *c, uint16_t type, uint8_t protocol, uint32_t spi,
			struct view data);

/*
 * Every Notify of a message: well-formed (notify_parse), and none more often
 * than its row allows. One that may not stand here (`where`, bits of enum
 * where) is no error and will be ignored. Call it once after the chain was
 * parsed; the two functions below may then be trusted.
 */
MUST_CHECK enum cyg_err message_check_notifies(const struct message *m, uint16_t where,
					       struct diag *why);

/*
 * The first well-formed Notify of a type in a message where it is allowed;
 * false, *ret untouched, if there is none.
 */
bool message_find_notify(const struct message *m, uint16_t where, uint16_t type,
			 struct notify_payload *ret);

/*
 * The first error notification (type below 16384), known or not; false if there is none (RFC
 * 7296 3.10.1).
 */
bool message_find_error(const struct message *m, struct notify_payload *ret);

/* Delete: the IKE SA itself (no SPIs), or SPIs of the sender's inbound child SAs. */
struct delete_payload {
	uint8_t protocol; /* PROTOCOL_IKE, PROTOCOL_AH or PROTOCOL_ESP */
	uint16_t count;   /* 0 for IKE */
	struct view spis; /* count * 4 octets */
};

/* CYG_UNSUPPORTED for another protocol; CYG_MALFORMED when sizes and count do not fit. */
MUST_CHECK enum cyg_err delete_parse(const struct payload *p, struct delete_payload *ret,
				     struct diag *why);
void delete_build(struct builder *b, const struct delete_payload *d);
/* The index-th SPI, index < count. */
uint32_t delete_spi(const struct delete_payload *d, size_t index);

#endif
