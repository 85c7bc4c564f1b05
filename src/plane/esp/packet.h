/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_PACKET_H
#define PLANE_ESP_PACKET_H

#include "conn/sa.h"
#include "crypto/suite.h"

struct crypto;

/*
 * ESP packets (RFC 4303 2):
 *
 *	SPI | sequence number | IV | text, padding, pad length, next header | ICV
 *	`--- associated data -'    `------------- encrypted --------------'
 *
 * They are opened in place, and sealed from where the packet lies to where the
 * ESP packet is to lie, in one pass. No function here knows of windows,
 * policies or sockets.
 */

#define ESP_HEADER 8u    /* SPI and sequence number */
#define ESP_TRAILER 2u   /* pad length and next header */
#define ESP_SPI_MIN 256u /* smaller ones are reserved (RFC 4303 2.1) */
#define ESP_HEADROOM_MAX (ESP_HEADER + SUITE_IV_MAX)
#define ESP_PAD_MAX (SUITE_IV_MAX - 1u) /* of ours: up to the end of a cipher's block */
#define ESP_BEHIND (ESP_PAD_MAX + ESP_TRAILER)
#define ESP_TAILROOM_MAX (ESP_BEHIND + SUITE_ICV_MAX)

/* Next headers of tunnel mode, and of a dummy packet (RFC 4303 2.6). */
#define ESP_NEXT_IPV4 4u
#define ESP_NEXT_IPV6 41u
#define ESP_NEXT_DUMMY 59u

/* How one SA's packets are made. For one thread at a time. */
struct esp_codec {
	struct suite suite;
	struct suite_ctx *ctx; /* owned */
	uint32_t spi;
	bool esn;
	uint8_t align; /* the text's length is a multiple: the cipher's block, at least 4 */
};

/*
 * Schedule the keys of `sa` for its direction. CYG_UNSUPPORTED for algorithms
 * this build lacks, CYG_RANGE for an SPI below ESP_SPI_MIN or keys of wrong
 * lengths, CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err esp_codec_init(struct esp_codec *ret, struct crypto *c,
				       const struct plane_sa *sa, struct diag *why);
/* NULL and zero are fine. */
void esp_codec_done(struct esp_codec *x);

/* Octets that ESP puts before a packet. */
size_t esp_headroom(const struct esp_codec *x);
/* Octets it puts behind a packet of `len`: padding, trailer, ICV. */
size_t esp_tailroom(const struct esp_codec *x, size_t len);
/* The longest packet that makes an ESP packet of at most `room` octets; 0 when none does. */
size_t esp_payload_max(const struct esp_codec *x, size_t room);

/* Octets of the ESP packet made of a packet of `len`. */
size_t esp_sealed_len(const struct esp_codec *x, size_t len);

/*
 * Seal the `len` octets at `packet` into `out`, which has room for
 * esp_sealed_len and does not overlap it. `sequence` is not 0 and was never
 * used under this key. Padding is laid behind the packet for as long as it
 * takes: up to ESP_BEHIND octets there must be writable, and are as before
 * afterwards. After CYG_CRYPTO nothing in clear is in `out`.
 */
MUST_CHECK enum cyg_err esp_seal(struct esp_codec *x, uint64_t sequence, uint8_t next_header,
				 uint8_t *packet, size_t len, uint8_t *out);

/* SPI and the low half of the sequence number; false when `esp` is shorter than those. */
bool esp_peek(struct view esp, uint32_t *ret_spi, uint32_t *ret_low);

enum esp_verdict {
	ESP_OK,
	ESP_SHORT, /* no room for header, IV, trailer and ICV, or no whole number of blocks */
	ESP_BAD_AUTH, /* forged, damaged, or of another sequence number than inferred */
	ESP_BAD_PAD,  /* authentic, and the padding is not 1, 2, 3 ... */
};

/*
 * Check and decrypt an ESP packet in place, with the sequence number that was
 * inferred for it. *ret_payload (without padding) and *ret_next_header are
 * written only with ESP_OK.
 */
enum esp_verdict esp_open(struct esp_codec *x, uint64_t sequence, uint8_t *esp, size_t len,
			  struct view *ret_payload, uint8_t *ret_next_header);

#endif
