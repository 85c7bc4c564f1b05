/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/chain.h"

#include "base/reader.h"
#include "wire/refuse.h"

#include <assert.h>

/*
 * The layout of SK and SKF. An SK payload is a generic header, the IV, the
 * encrypted inner chain with padding and its length, and the ICV; an SKF
 * payload has fragment number and total in front of the IV. All that stands
 * before the IV is authenticated as associated data.
 */

#define FRAGMENT_HEADER_LEN 4

static const struct rule bad_sk = {CYG_MALFORMED, "malformed-sk", "RFC 7296 3.14"};
static const struct rule bad_skf = {CYG_MALFORMED, "malformed-skf", "RFC 7383 2.5"};

/* Octets of padding so that text, padding and pad length fill whole blocks. */
static size_t padding_for(size_t text_len, const struct sk_sizes *sizes)
{
	size_t over = sizes->pad_to > 1 ? (text_len + 1) % sizes->pad_to : 0;

	return over ? sizes->pad_to - over : 0;
}

/*
 * What stands behind the text: padding, its length, room for the ICV; then all lengths are
 * known.
 */
static bool finish(struct chain *outer, const struct sk_sizes *sizes, size_t text_at,
		   struct sk_frame *ret)
{
	struct builder *b = outer->b;
	size_t padding = padding_for(build_len(b) - text_at, sizes);
	size_t iv_at = text_at - sizes->iv_len, icv_at;
	struct view message;

	build_zero(b, padding);
	build_u8(b, (uint8_t)padding);
	icv_at = build_len(b);
	build_zero(b, sizes->icv_len);
	message = message_end(outer);
	if (message.len == 0)
		return false;
	ret->iv = b->base + iv_at;
	ret->plaintext = b->base + text_at;
	ret->plaintext_len = icv_at - text_at;
	ret->icv = b->base + icv_at;
	ret->aad = view_of(message.ptr, iv_at - outer->message_at);
	ret->covered = view_of(message.ptr, icv_at - outer->message_at);
	ret->message = message;
	return true;
}

struct chain sk_begin(struct chain *outer, const struct sk_sizes *sizes)
{
	struct chain inner = {.b = outer->b};

	chain_payload(outer, PAYLOAD_SK);
	build_zero(outer->b, sizes->iv_len);
	inner.next_at = outer->next_at; /* the SK header names the first payload inside */
	inner.message_at = build_len(outer->b);
	return inner;
}

bool sk_end(struct chain *outer, struct chain *inner, const struct sk_sizes *sizes,
	    struct sk_frame *ret)
{
	chain_end(inner);
	return finish(outer, sizes, inner->message_at, ret);
}

bool skf_frame_build(struct chain *outer, const struct sk_sizes *sizes, uint8_t first,
		     uint16_t number, uint16_t total, struct view part, struct sk_frame *ret)
{
	struct builder *b = outer->b;
	size_t text_at;

	assert(number >= 1 && number <= total);
	chain_payload(outer, PAYLOAD_SKF);
	if (number == 1 && !b->bad)
		b->base[outer->next_at] = first;
	build_u16(b, number);
	build_u16(b, total);
	build_zero(b, sizes->iv_len);
	text_at = build_len(b);
	build_view(b, part);
	return finish(outer, sizes, text_at, ret);
}

size_t skf_room(const struct sk_sizes *sizes, size_t message_max)
{
	size_t fixed = IKE_HEADER_LEN + PAYLOAD_HEADER_LEN + FRAGMENT_HEADER_LEN +
		       (size_t)sizes->iv_len + sizes->icv_len;
	size_t room = message_max > fixed ? message_max - fixed : 0;

	if (sizes->pad_to > 1)
		room -= room % sizes->pad_to;
	return room ? room - 1 : 0; /* the pad length takes one */
}

static const struct payload *encrypted_of(const struct message *m, uint8_t type)
{
	const struct payload *p = message_encrypted(m);

	return p && p->type == type ? p : NULL;
}

/* Cut what stands behind the fields before the IV; `r` is at the IV. */
static enum cyg_err cut(struct reader *r, const struct message *m, const struct payload *p,
			const struct sk_sizes *sizes, struct sk_payload *ret, struct diag *why)
{
	size_t fixed = (size_t)sizes->iv_len + sizes->icv_len, left = read_left(r), text_len;
	size_t iv_at = p->offset + PAYLOAD_HEADER_LEN + read_offset(r);

	if (left <= fixed)
		return refuse(why, &bad_sk, p->offset,
			      "the encrypted payload is too short for its cipher",
			      "IV, at least one octet, and ICV",
			      "%zu octets for IV and ICV of %zu", left, fixed);
	text_len = left - fixed;
	if (sizes->pad_to > 1 && text_len % sizes->pad_to)
		return refuse(why, &bad_sk, p->offset,
			      "the encrypted payload is not a whole number of blocks",
			      "a multiple of the cipher's block",
			      "%zu octets with blocks of %u", text_len, sizes->pad_to);
	ret->first = p->inner;
	ret->iv = read_view(r, sizes->iv_len);
	ret->ciphertext = read_view(r, text_len);
	ret->icv = read_view(r, sizes->icv_len);
	ret->aad = view_of(m->octets.ptr, iv_at);
	ret->covered = view_of(m->octets.ptr, iv_at + sizes->iv_len + text_len);
	return CYG_OK;
}

enum cyg_err sk_parse(const struct message *m, const struct sk_sizes *sizes,
		      struct sk_payload *ret, struct diag *why)
{
	const struct payload *p = encrypted_of(m, PAYLOAD_SK);
	struct reader r;

	if (!p)
		return refuse(why, &bad_sk, DIAG_NOWHERE, "the message is not encrypted", "SK",
			      "none");
	r = reader_of(p->body);
	if (p->body.len == 0)
		return refuse(why, &bad_sk, p->offset, "the encrypted payload is empty",
			      "IV, ciphertext and ICV", "0 octets");
	return cut(&r, m, p, sizes, ret, why);
}

/* Numbers and the type that follows; leaves `r` at the IV. */
static enum cyg_err read_fragment(struct reader *r, const struct payload *p, uint16_t *number,
				  uint16_t *total, struct diag *why)
{
	*number = read_u16(r);
	*total = read_u16(r);
	if (r->bad)
		return refuse(why, &bad_skf, p->offset, "the fragment has no fragment numbers",
			      "at least 4 octets", "%zu", p->body.len);
	if (*number == 0 || *number > *total)
		return refuse(why, &bad_skf, p->offset, "the fragment numbers are impossible",
			      "1 to the total", "fragment %u of %u", *number, *total);
	if (*number > 1 && p->inner != PAYLOAD_NONE)
		return refuse(why, &bad_skf, p->offset,
			      "a later fragment names the first payload inside", "0", "%u",
			      p->inner);
	return CYG_OK;
}

enum cyg_err skf_parse(const struct message *m, const struct sk_sizes *sizes,
		       struct skf_payload *ret, struct diag *why)
{
	const struct payload *p = encrypted_of(m, PAYLOAD_SKF);
	struct skf_payload skf;
	struct reader r;
	enum cyg_err err;

	if (!p)
		return refuse(why, &bad_skf, DIAG_NOWHERE, "the message is not a fragment",
			      "SKF", "none");
	r = reader_of(p->body);
	err = read_fragment(&r, p, &skf.number, &skf.total, why);
	if (!err)
		err = cut(&r, m, p, sizes, &skf.sk, why);
	if (!err)
		*ret = skf;
	return err;
}

enum cyg_err skf_peek(const struct message *m, uint16_t *ret_number, uint16_t *ret_total,
		      struct diag *why)
{
	const struct payload *p = encrypted_of(m, PAYLOAD_SKF);
	uint16_t number, total;
	struct reader r;
	enum cyg_err err;

	if (!p)
		return refuse(why, &bad_skf, DIAG_NOWHERE, "the message is not a fragment",
			      "SKF", "none");
	r = reader_of(p->body);
	err = read_fragment(&r, p, &number, &total, why);
	if (err)
		return err;
	*ret_number = number;
	*ret_total = total;
	return CYG_OK;
}

enum cyg_err sk_unpad(struct view plaintext, struct view *ret, struct diag *why)
{
	struct reader r = reader_of(plaintext);
	size_t padding;

	if (plaintext.len == 0)
		return refuse(why, &bad_sk, 0, "the encrypted content is empty",
			      "at least the pad length", "0 octets");
	read_skip(&r, plaintext.len - 1);
	padding = read_u8(&r);
	if (padding >= plaintext.len)
		return refuse(why, &bad_sk, plaintext.len - 1,
			      "the padding is longer than the content",
			      "less than the content's length", "%zu of %zu octets", padding,
			      plaintext.len);
	*ret = view_of(plaintext.ptr, plaintext.len - 1 - padding);
	return CYG_OK;
}
