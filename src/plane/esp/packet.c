/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/packet.h"

#include "base/secret.h"
#include "crypto/alg.h"
#include "plane/esp/checksum.h"

#include <string.h>

#define AAD_MAX 12u /* SPI and 64 bits of sequence number */

static enum cyg_err check_sa(const struct suite *s, const struct plane_sa *sa, struct diag *why)
{
	if (sa->spi < ESP_SPI_MIN) {
		diag_set(why, "esp-spi-reserved", "RFC 4303 2.1",
			 "the SPI is one of the reserved ones");
		diag_wanted(why, "at least %u", ESP_SPI_MIN);
		diag_got(why, "%u", sa->spi);
		return CYG_RANGE;
	}
	if (sa->encr_key_len != s->encr_len || sa->integ_key_len != s->integ_len) {
		diag_set(why, "esp-key-length", NULL, "the keys of the SA have a wrong length");
		diag_wanted(why, "%u and %u octets", s->encr_len, s->integ_len);
		diag_got(why, "%u and %u octets", sa->encr_key_len, sa->integ_key_len);
		return CYG_RANGE;
	}
	return CYG_OK;
}

static enum cyg_err choose_suite(const struct chosen *c, struct suite *ret, struct diag *why)
{
	const struct alg *encr = alg_by_id(ALG_ENCR, c->encr);
	const struct alg *integ = c->integ ? alg_by_id(ALG_INTEG, c->integ) : NULL;
	enum cyg_err err = CYG_UNSUPPORTED;

	if (encr && (integ || !c->integ))
		err = suite_make(encr, c->key_bits, integ, ALG_FOR_ESP, ret);
	if (err) {
		char e[ALG_TEXT_MAX], i[ALG_TEXT_MAX];

		diag_set(why, "esp-algorithms", NULL, "ESP cannot use these algorithms: %s",
			 cyg_err_text(err));
		diag_got(why, "%s with %s", alg_print_id(ALG_ENCR, c->encr, c->key_bits, e),
			 alg_print_id(ALG_INTEG, c->integ, 0, i));
	}
	return err;
}

enum cyg_err esp_codec_init(struct esp_codec *ret, struct crypto *c, const struct plane_sa *sa,
			    struct diag *why)
{
	struct esp_codec x = {.spi = sa->spi, .esn = sa->suite.esn};
	struct suite_key key = {0};
	enum cyg_err err = choose_suite(&sa->suite, &x.suite, why);

	if (!err)
		err = check_sa(&x.suite, sa, why);
	if (err)
		return err;
	memcpy(key.encr, sa->encr_key, sa->encr_key_len);
	memcpy(key.integ, sa->integ_key, sa->integ_key_len);
	err = suite_ctx_new(c, &x.suite, &key, sa->dir == SA_OUT ? SUITE_SEAL : SUITE_OPEN,
			    &x.ctx);
	secret_wipe(&key, sizeof(key));
	if (err)
		return err;
	/* RFC 4303 2.4: the ciphertext ends on a boundary of four octets at least. */
	x.align = x.suite.block_len > 4 ? x.suite.block_len : 4;
	*ret = x;
	return CYG_OK;
}

void esp_codec_done(struct esp_codec *x)
{
	if (!x)
		return;
	suite_ctx_free(x->ctx);
	*x = (struct esp_codec){0};
}

size_t esp_headroom(const struct esp_codec *x)
{
	return ESP_HEADER + x->suite.iv_len;
}

static size_t pad_of(const struct esp_codec *x, size_t len)
{
	size_t over = (len + ESP_TRAILER) % x->align;

	return over ? x->align - over : 0;
}

size_t esp_tailroom(const struct esp_codec *x, size_t len)
{
	return pad_of(x, len) + ESP_TRAILER + x->suite.icv_len;
}

size_t esp_payload_max(const struct esp_codec *x, size_t room)
{
	size_t fixed = esp_headroom(x) + x->suite.icv_len;
	size_t text;

	if (room < fixed)
		return 0;
	text = (room - fixed) / x->align * x->align;
	return text > ESP_TRAILER ? text - ESP_TRAILER : 0;
}

/* Associated data of an AEAD (RFC 4106 5): with ESN, the whole 64 bits stand in it. */
static struct view build_aad(const struct esp_codec *x, uint64_t sequence,
			     uint8_t storage[AAD_MAX])
{
	uint8_t *at = storage;

	put32(at, x->spi);
	at += 4;
	if (x->esn && !x->suite.integ) {
		put32(at, (uint32_t)(sequence >> 32));
		at += 4;
	}
	put32(at, (uint32_t)sequence);
	return view_of(storage, (size_t)(at + 4 - storage));
}

/* RFC 4303 2.2.1: a separate MAC covers the high half behind the text, unsent. */
static struct view build_tail(const struct esp_codec *x, uint64_t sequence, uint8_t storage[4])
{
	if (!x->esn || !x->suite.integ)
		return view_of(NULL, 0);
	put32(storage, (uint32_t)(sequence >> 32));
	return view_of(storage, 4);
}

static const uint8_t padding[ESP_PAD_MAX] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void build_trailer(uint8_t *at, size_t pad, uint8_t next_header)
{
	memcpy(at, padding, pad);
	at[pad] = (uint8_t)pad;
	at[pad + 1] = next_header;
}

size_t esp_sealed_len(const struct esp_codec *x, size_t len)
{
	return esp_headroom(x) + len + esp_tailroom(x, len);
}

enum cyg_err esp_seal(struct esp_codec *x, uint64_t sequence, uint8_t next_header,
		      uint8_t *packet, size_t len, uint8_t *out)
{
	size_t head = esp_headroom(x), pad = pad_of(x, len);
	uint8_t aad[AAD_MAX], tail[4], behind[ESP_BEHIND];
	struct suite_packet p = {
		.aad = build_aad(x, sequence, aad),
		.tail = build_tail(x, sequence, tail),
		.iv = out + ESP_HEADER,
		.from = packet,
		.text = out + head,
		.len = len + pad + ESP_TRAILER,
	};
	enum cyg_err err;

	put32(out, x->spi);
	put32(out + 4, (uint32_t)sequence);
	p.icv = p.text + p.len;
	memcpy(behind, packet + len, pad + ESP_TRAILER);
	build_trailer(packet + len, pad, next_header);
	err = suite_ctx_seal(x->ctx, sequence, &p);
	memcpy(packet + len, behind, pad + ESP_TRAILER);
	return err;
}

bool esp_peek(struct view esp, uint32_t *ret_spi, uint32_t *ret_low)
{
	if (esp.len < ESP_HEADER)
		return false;
	*ret_spi = get32(esp.ptr);
	*ret_low = get32(esp.ptr + 4);
	return true;
}

/* The padding is authentic by now, so that looking at it tells a stranger nothing. */
static bool pad_is_right(const uint8_t *pad, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (pad[i] != i + 1)
			return false;
	return true;
}

enum esp_verdict esp_open(struct esp_codec *x, uint64_t sequence, uint8_t *esp, size_t len,
			  struct view *ret_payload, uint8_t *ret_next_header)
{
	size_t head = esp_headroom(x), fixed = head + x->suite.icv_len;
	uint8_t aad[AAD_MAX], tail[4];
	struct suite_packet p = {
		.aad = build_aad(x, sequence, aad),
		.tail = build_tail(x, sequence, tail),
		.iv = esp + ESP_HEADER,
		.text = esp + head,
	};
	size_t pad;

	if (len < fixed + x->align || (len - fixed) % x->align)
		return ESP_SHORT;
	p.len = len - fixed;
	p.icv = p.text + p.len;
	if (suite_ctx_open(x->ctx, &p))
		return ESP_BAD_AUTH;
	pad = p.text[p.len - ESP_TRAILER];
	if (pad > p.len - ESP_TRAILER || !pad_is_right(p.text + p.len - ESP_TRAILER - pad, pad))
		return ESP_BAD_PAD;
	*ret_payload = view_of(p.text, p.len - ESP_TRAILER - pad);
	*ret_next_header = p.text[p.len - 1];
	return ESP_OK;
}
