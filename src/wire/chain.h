/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_CHAIN_H
#define WIRE_CHAIN_H

#include "base/builder.h"
#include "base/diag.h"
#include "base/err.h"
#include "wire/header.h"
#include "wire/message.h"

/*
 * Writing messages. A chain links payloads: each chain_payload closes the one
 * before, writes its own type into the field that names it, and opens the next
 * generic header. A whole message in clear:
 *
 *	struct chain c = message_begin(&b, &header);
 *	chain_payload(&c, PAYLOAD_NONCE);
 *	nonce_build(&b, &nonce);
 *	struct view out = message_end(&c);
 *
 * and an encrypted one, with all of it in one buffer, encrypted in place:
 *
 *	struct chain outer = message_begin(&b, &header);
 *	struct chain inner = sk_begin(&outer, &sizes);
 *	chain_payload(&inner, PAYLOAD_AUTH);
 *	auth_build(&b, &auth);
 *	if (!sk_end(&outer, &inner, &sizes, &frame)) ...
 *	encrypt frame.plaintext, write frame.iv and frame.icv; frame.message is what to send.
 *
 * Nothing fails half way: room that runs out shows in the builder and at the end.
 */
struct chain {
	struct builder *b;
	size_t message_at; /* offset of the message's first octet; inner chain: the text's */
	size_t next_at;    /* offset of the octet that takes the next payload's type */
	struct hole open;  /* length of the payload being written */
	bool is_open;
	bool detached; /* there is no octet for the first type: it stays in `first` alone */
	uint8_t first; /* type of the first payload; PAYLOAD_NONE so far */
};

/* Write the header and begin its chain. h->next_payload and h->length are filled in later. */
struct chain message_begin(struct builder *b, const struct ike_header *h);

/*
 * Begin a chain that stands alone, such as the plaintext that is later cut into
 * fragments; its first type is found in c->first. End it with chain_end.
 */
struct chain chain_begin(struct builder *b);

/*
 * Begin the next payload: its body is whatever is written to the builder until the next call.
 */
void chain_payload(struct chain *c, uint8_t type);

/* Close the last payload. A chain without payloads is fine. */
void chain_end(struct chain *c);

/*
 * Close the last payload, fill in the header's length; the message, or the empty view if it
 * did not fit.
 */
struct view message_end(struct chain *c);

/* ---- SK and SKF (RFC 7296 3.14, RFC 7383 2.5): the layout; the cipher is the caller's ---- */

/*
 * What a suite needs, octets. pad_to: plaintext with padding is a multiple of this; 1 for
 * stream modes.
 */
struct sk_sizes {
	uint8_t iv_len, icv_len, pad_to;
};

/* Where to encrypt: views into the builder's storage, writable through the pointers. */
struct sk_frame {
	uint8_t *iv;        /* iv_len octets, zero so far */
	uint8_t *plaintext; /* inner payloads, padding and pad length */
	size_t plaintext_len;
	uint8_t *icv;    /* icv_len octets, zero so far */
	struct view aad; /* header to the last octet before the IV, for AEAD (RFC 5282 5.1) */
	struct view covered; /* header to the last octet before the ICV, for a MAC */
	struct view message; /* all of it */
};

/*
 * Open an SK payload in `outer`, leave room for the IV, begin the inner chain. SK must be the
 * last payload.
 */
struct chain sk_begin(struct chain *outer, const struct sk_sizes *sizes);

/* Close both chains, pad, leave room for the ICV, fill all lengths. False when room ran out. */
bool sk_end(struct chain *outer, struct chain *inner, const struct sk_sizes *sizes,
	    struct sk_frame *ret) __attribute__((warn_unused_result));

/*
 * One fragment of a plaintext chain (RFC 7383 2.5): an SKF payload that is all
 * of the message. `first` is the type of the first inner payload, sent with
 * fragment 1 only. number runs from 1 to total. False when room ran out.
 */
bool skf_frame_build(struct chain *outer, const struct sk_sizes *sizes, uint8_t first,
		     uint16_t number, uint16_t total, struct view part, struct sk_frame *ret)
	__attribute__((warn_unused_result));

/*
 * The most plaintext octets one fragment can carry in a message of at most `message_max`
 * octets; 0 if none.
 */
size_t skf_room(const struct sk_sizes *sizes, size_t message_max);

/* The SK payload as received, in views. */
struct sk_payload {
	uint8_t first; /* type of the first payload inside */
	struct view iv, ciphertext, icv;
	struct view aad; /* as in sk_frame */
	struct view covered;
};

struct skf_payload {
	struct sk_payload sk; /* sk.first is 0 but in fragment 1 */
	uint16_t number, total;
};

/*
 * Cut the SK payload of an outer chain. CYG_MALFORMED when it is too short for
 * IV, one octet and ICV, or when the ciphertext is not a multiple of pad_to.
 */
MUST_CHECK enum cyg_err sk_parse(const struct message *m, const struct sk_sizes *sizes,
				 struct sk_payload *ret, struct diag *why);

/* As sk_parse for SKF: also 1 <= number <= total, and a first type with fragment 1 only. */
MUST_CHECK enum cyg_err skf_parse(const struct message *m, const struct sk_sizes *sizes,
				  struct skf_payload *ret, struct diag *why);

/*
 * Number and total of an SKF payload without knowing the suite, for a cheap look before
 * decrypting.
 */
MUST_CHECK enum cyg_err skf_peek(const struct message *m, uint16_t *ret_number,
				 uint16_t *ret_total, struct diag *why);

/*
 * Take padding and pad length off a decrypted SK or SKF content. The padding's content is not
 * looked at.
 */
MUST_CHECK enum cyg_err sk_unpad(struct view plaintext, struct view *ret, struct diag *why);

#endif
