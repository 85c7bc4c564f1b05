/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include "base/reader.h"
#include "wire/header.h"
#include "wire/refuse.h"

#include <string.h>

/*
 * Cutting the payload chain. The loop takes at least the four octets of a
 * generic header each time and stops at MESSAGE_PAYLOADS_MAX, so its work is
 * bounded by the message. Of the generic header only the type that follows,
 * the critical bit of unknown types and the length are believed.
 */

#define CRITICAL 0x80

static const struct rule bad_chain = {CYG_MALFORMED, "malformed-chain", "RFC 7296 3.2"};
static const struct rule sk_not_last = {CYG_MALFORMED, "malformed-chain", "RFC 7296 3.14"};
static const struct rule too_many = {CYG_MALFORMED, "too-many-payloads", "RFC 7296 3.2"};
static const struct rule unknown_critical = {CYG_UNSUPPORTED, "unsupported-critical-payload",
					     "RFC 7296 2.5"};

/* A generic header, with the body cut out. */
struct link {
	struct view body;
	size_t offset;
	uint8_t next;
	bool critical;
};

static enum cyg_err read_link(struct reader *r, struct link *ret, struct diag *why)
{
	size_t offset = read_offset(r), left = read_left(r), len;
	uint8_t next = read_u8(r);
	uint8_t flags = read_u8(r);

	len = read_u16(r);
	if (left < PAYLOAD_HEADER_LEN)
		return refuse(why, &bad_chain, offset, "a payload is announced but not there",
			      "4 octets of payload header", "%zu", left);
	if (len < PAYLOAD_HEADER_LEN)
		return refuse(why, &bad_chain, offset, "a payload is shorter than its header",
			      "at least 4 octets", "%zu", len);
	if (len > left)
		return refuse(why, &bad_chain, offset,
			      "a payload passes the end of the message",
			      "no more octets than are left", "%zu of %zu", len, left);
	ret->body = read_view(r, len - PAYLOAD_HEADER_LEN);
	ret->offset = offset;
	ret->next = next;
	ret->critical = flags & CRITICAL;
	return CYG_OK;
}

static bool is_encrypted(uint8_t type)
{
	return type == PAYLOAD_SK || type == PAYLOAD_SKF;
}

static bool is_known(uint8_t type)
{
	const struct payload_row *row = payload_row(type);

	return row && row->known;
}

/* Add an entry and hang it behind the last one of its type. */
static void add_payload(struct message *m, uint8_t *last, uint8_t type, const struct link *link)
{
	unsigned kind = type - PAYLOAD_FIRST;
	struct payload *p = &m->payloads[m->len];

	p->body = link->body;
	p->offset = (uint32_t)link->offset;
	p->type = type;
	p->inner = is_encrypted(type) ? link->next : PAYLOAD_NONE;
	p->next_same = 0;
	m->len++;
	if (m->count[kind]++ == 0)
		m->first[kind] = m->len;
	else
		m->payloads[last[kind] - 1].next_same = m->len;
	last[kind] = m->len;
}

static enum cyg_err skip_unknown(struct message *m, uint8_t type, const struct link *link,
				 uint8_t *ret_critical, struct diag *why)
{
	if (!link->critical) {
		m->skipped++;
		return CYG_OK;
	}
	if (ret_critical)
		*ret_critical = type;
	return refuse(why, &unknown_critical, link->offset,
		      "a payload of unknown type has its critical bit set",
		      "a known payload type", "type %u", type);
}

static enum cyg_err check_end(const struct reader *r, bool encrypted, struct diag *why)
{
	if (read_done(r))
		return CYG_OK;
	return refuse(why, encrypted ? &sk_not_last : &bad_chain, read_offset(r),
		      encrypted ? "something stands behind the encrypted payload"
				: "something stands behind the last payload",
		      "nothing", "%zu octets", read_left(r));
}

static enum cyg_err cut_chain(struct reader *r, uint8_t first, struct message *m,
			      uint8_t *ret_critical, struct diag *why)
{
	uint8_t last[PAYLOAD_LAST - PAYLOAD_FIRST + 1] = {0};
	bool encrypted = false;
	struct link link = {0};
	enum cyg_err err;

	for (uint8_t type = first; type != PAYLOAD_NONE;
	     type = encrypted ? PAYLOAD_NONE : link.next) {
		err = read_link(r, &link, why);
		if (err)
			return err;
		if (m->len + m->skipped == MESSAGE_PAYLOADS_MAX)
			return refuse(why, &too_many, link.offset,
				      "the message has too many payloads", "at most 64",
				      "more");
		encrypted = is_encrypted(type);
		if (encrypted && m->is_inner)
			return refuse(why, &sk_not_last, link.offset,
				      "an encrypted payload stands inside another one",
				      "payloads in clear", "%s", payload_name(type));
		if (is_known(type))
			add_payload(m, last, type, &link);
		else if ((err = skip_unknown(m, type, &link, ret_critical, why)))
			return err;
	}
	return check_end(r, encrypted, why);
}

static void begin(struct message *m, struct view octets, bool is_inner)
{
	m->octets = octets;
	m->is_inner = is_inner;
	m->len = 0;
	m->skipped = 0;
	memset(m->first, 0, sizeof(m->first));
	memset(m->count, 0, sizeof(m->count));
}

enum cyg_err message_parse(struct view octets, uint8_t first, struct message *m,
			   uint8_t *ret_critical, struct diag *why)
{
	struct reader r = reader_of(octets);

	begin(m, octets, false);
	read_skip(&r, IKE_HEADER_LEN);
	return cut_chain(&r, first, m, ret_critical, why);
}

enum cyg_err message_parse_inner(struct view plaintext, uint8_t first, struct message *m,
				 uint8_t *ret_critical, struct diag *why)
{
	struct reader r = reader_of(plaintext);

	begin(m, plaintext, true);
	return cut_chain(&r, first, m, ret_critical, why);
}

/* The slot of a type in first[] and count[]; -1 for a type that is never kept. */
static int kind_of(uint8_t type)
{
	return type >= PAYLOAD_FIRST && type <= PAYLOAD_LAST ? type - PAYLOAD_FIRST : -1;
}

const struct payload *message_find(const struct message *m, uint8_t type)
{
	int kind = kind_of(type);

	return kind >= 0 && m->first[kind] ? &m->payloads[m->first[kind] - 1] : NULL;
}

const struct payload *message_next(const struct message *m, const struct payload *p)
{
	return p->next_same ? &m->payloads[p->next_same - 1] : NULL;
}

unsigned message_count(const struct message *m, uint8_t type)
{
	int kind = kind_of(type);

	return kind >= 0 ? m->count[kind] : 0;
}

const struct payload *message_encrypted(const struct message *m)
{
	const struct payload *p = m->len ? &m->payloads[m->len - 1] : NULL;

	return p && is_encrypted(p->type) ? p : NULL;
}
