/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sa.h"

#include "wire/refuse.h"

#include <string.h>

/*
 * Reading SA payloads. Each level, proposal, transform and attribute, has one
 * function that reads its fields; the checks and the walks both stand on it, so
 * that they cannot disagree. sa_parse goes through everything once.
 */

#define PROPOSAL_HEADER_LEN 8
#define TRANSFORM_HEADER_LEN 8
#define LAST 0
#define MORE_PROPOSALS 2
#define MORE_TRANSFORMS 3
#define SHORT_FORM 0x8000   /* AF: the value stands in the length field */
#define CHILD_SPI_FIRST 256 /* RFC 4303 2.1: 0 to 255 are reserved */

static const struct rule bad_proposal = {CYG_MALFORMED, "malformed-sa", "RFC 7296 3.3.1"};
static const struct rule bad_transform = {CYG_MALFORMED, "malformed-sa", "RFC 7296 3.3.2"};
static const struct rule bad_attribute = {CYG_MALFORMED, "malformed-sa", "RFC 7296 3.3.5"};
static const struct rule bad_answer = {CYG_MALFORMED, "malformed-sa", "RFC 7296 3.3"};
static const struct rule bad_use = {CYG_MALFORMED, "wrong-proposal", "RFC 7296 3.3.1"};
static const struct rule too_long = {CYG_LIMIT, "too-many-proposals", "RFC 7296 3.3"};

/* ---- fields ---- */

struct raw_proposal {
	size_t offset, len, left; /* in the body; as it says; octets there were */
	uint8_t last, spi_len;
	struct sa_proposal proposal;
};

static struct raw_proposal read_proposal(struct reader *r)
{
	struct raw_proposal raw = {.offset = read_offset(r), .left = read_left(r)};
	struct sa_proposal *p = &raw.proposal;
	size_t fixed;

	raw.last = read_u8(r);
	read_skip(r, 1);
	raw.len = read_u16(r);
	p->number = read_u8(r);
	p->protocol = read_u8(r);
	raw.spi_len = read_u8(r);
	p->transforms = read_u8(r);
	fixed = PROPOSAL_HEADER_LEN + (size_t)raw.spi_len;
	p->spi = read_view(r, raw.spi_len);
	p->body = read_view(r, raw.len >= fixed ? raw.len - fixed : 0);
	return raw;
}

struct raw_transform {
	size_t offset, len, left;
	uint8_t last;
	uint8_t type;
	uint16_t id;
	struct reader attributes;
};

static struct raw_transform read_transform(struct reader *r)
{
	struct raw_transform raw = {.offset = read_offset(r), .left = read_left(r)};

	raw.last = read_u8(r);
	read_skip(r, 1);
	raw.len = read_u16(r);
	raw.type = read_u8(r);
	read_skip(r, 1);
	raw.id = read_u16(r);
	raw.attributes = read_carve(r, raw.len >= TRANSFORM_HEADER_LEN
					       ? raw.len - TRANSFORM_HEADER_LEN
					       : 0);
	return raw;
}

/* What the attributes say together, and how they break the format if they do. */
struct raw_attributes {
	uint16_t key_bits;
	bool unusable, has_key_bits;
	const char *fault; /* NULL: none */
};

static void take_key_length(struct raw_attributes *a, bool is_short, uint16_t value)
{
	if (!is_short)
		a->fault = "a Key Length is not in the short form";
	else if (a->has_key_bits)
		a->fault = "a transform has two Key Lengths";
	a->has_key_bits = true;
	a->key_bits = value;
	if (value == 0)
		a->unusable = true;
}

static struct raw_attributes read_attributes(struct reader r)
{
	struct raw_attributes a = {0};

	while (read_left(&r) && !a.fault) {
		uint16_t type = read_u16(&r);
		bool is_short = type & SHORT_FORM;
		uint16_t value = read_u16(&r);

		if (!is_short)
			read_skip(&r, value);
		if (r.bad)
			a.fault = "an attribute passes the end of its transform";
		else if ((type & ~SHORT_FORM) == ATTRIBUTE_KEY_LENGTH)
			take_key_length(&a, is_short, value);
		else
			a.unusable = true;
	}
	return a;
}

/* ---- checks ---- */

/* What sa_parse keeps in mind. Offsets in diagnostics are those of the message. */
struct check {
	enum sa_kind kind;
	size_t offset; /* of the body in the message */
	struct diag *why;
	unsigned proposals, transforms;
};

static enum cyg_err check_attributes(const struct check *c, const struct raw_transform *t,
				     size_t at)
{
	struct raw_attributes a = read_attributes(t->attributes);

	if (!a.fault)
		return CYG_OK;
	return refuse(c->why, &bad_attribute, at, a.fault, "one Key Length of 4 octets at most",
		      "%zu octets of attributes", t->len - TRANSFORM_HEADER_LEN);
}

static enum cyg_err check_transform(const struct check *c, const struct raw_transform *t,
				    bool is_last, size_t at)
{
	if (t->len < TRANSFORM_HEADER_LEN || t->len > t->left)
		return refuse(c->why, &bad_transform, at,
			      "a transform has an impossible length",
			      "8 octets to the end of its proposal", "%zu of %zu", t->len,
			      t->left);
	if (t->last != (is_last ? LAST : MORE_TRANSFORMS))
		return refuse(c->why, &bad_transform, at, "a transform's last mark is wrong",
			      is_last ? "0" : "3", "%u", t->last);
	return check_attributes(c, t, at);
}

/* A set of octet values. */
struct octet_set {
	uint64_t words[4];
};

/* Put `value` in; false if it was there before. */
static bool octet_set_add(struct octet_set *s, uint8_t value)
{
	uint64_t bit = UINT64_C(1) << (value & 63);
	bool is_new = !(s->words[value >> 6] & bit);

	s->words[value >> 6] |= bit;
	return is_new;
}

static enum cyg_err check_transforms(struct check *c, const struct sa_proposal *p, size_t at)
{
	struct reader r = reader_of(p->body);
	struct octet_set types = {0};
	enum cyg_err err;

	for (unsigned i = 1; i <= p->transforms; i++) {
		struct raw_transform t = read_transform(&r);

		if (t.left == 0)
			return refuse(c->why, &bad_proposal, at,
				      "a proposal has fewer transforms than it says",
				      "as it says", "%u of %u", i - 1, p->transforms);
		err = check_transform(c, &t, i == p->transforms, at + t.offset);
		if (err)
			return err;
		if (!octet_set_add(&types, t.type) && c->kind == SA_ANSWER)
			return refuse(c->why, &bad_answer, at + t.offset,
				      "an answer has two transforms of one type",
				      "one of each type", "another of type %u", t.type);
	}
	if (!read_done(&r))
		return refuse(c->why, &bad_proposal, at,
			      "a proposal has more than the transforms it counts",
			      "nothing more", "%zu octets after %u transforms", read_left(&r),
			      p->transforms);
	c->transforms += p->transforms;
	return CYG_OK;
}

static bool spi_fits(uint8_t protocol, size_t spi_len)
{
	switch (protocol) {
	case PROTOCOL_IKE:
		return spi_len == 0 || spi_len == 8;
	case PROTOCOL_AH:
	case PROTOCOL_ESP:
		return spi_len == 4;
	default:
		return true;
	}
}

static bool is_child(uint8_t protocol)
{
	return protocol == PROTOCOL_AH || protocol == PROTOCOL_ESP;
}

static enum cyg_err check_spi(const struct check *c, const struct sa_proposal *p, size_t at)
{
	uint64_t spi = sa_proposal_spi(p);

	if (!spi_fits(p->protocol, p->spi.len))
		return refuse(c->why, &bad_proposal, at, "a proposal's SPI has the wrong size",
			      "0 or 8 octets for IKE, 4 for AH and ESP", "%zu for protocol %u",
			      p->spi.len, p->protocol);
	if (is_child(p->protocol) && spi < CHILD_SPI_FIRST)
		return refuse(c->why, &bad_proposal, at, "a proposal's SPI is a reserved one",
			      "256 or more", "%u", (unsigned)spi);
	if (p->protocol == PROTOCOL_IKE && p->spi.len && spi == 0)
		return refuse(c->why, &bad_proposal, at, "a proposal's SPI is zero", "an SPI",
			      "0");
	return CYG_OK;
}

static enum cyg_err check_number(const struct check *c, const struct raw_proposal *raw,
				 size_t at)
{
	uint8_t number = raw->proposal.number;

	if (c->kind == SA_OFFER && number != c->proposals + 1)
		return refuse(c->why, &bad_proposal, at,
			      "the proposals are not numbered in order", "1, 2, 3 and so on",
			      "%u after %u", number, c->proposals);
	if (c->kind == SA_ANSWER && (number == 0 || c->proposals || raw->last != LAST))
		return refuse(c->why, &bad_answer, at, "an answer is not one proposal",
			      "the proposal that was accepted", "%s",
			      number ? "more than one" : "number 0");
	return CYG_OK;
}

static enum cyg_err check_proposal(struct check *c, const struct raw_proposal *raw)
{
	const struct sa_proposal *p = &raw->proposal;
	size_t at = c->offset + raw->offset;
	size_t fixed = PROPOSAL_HEADER_LEN + (size_t)raw->spi_len;
	enum cyg_err err;

	if (raw->left < fixed || raw->len < fixed || raw->len > raw->left)
		return refuse(c->why, &bad_proposal, at, "a proposal has an impossible length",
			      "8 octets and its SPI, to the end of the payload",
			      "%zu of %zu with an SPI of %u", raw->len, raw->left,
			      raw->spi_len);
	if (raw->last != (raw->len == raw->left ? LAST : MORE_PROPOSALS))
		return refuse(c->why, &bad_proposal, at, "a proposal's last mark is wrong",
			      raw->len == raw->left ? "0" : "2", "%u", raw->last);
	if (p->transforms == 0 || p->protocol == PROTOCOL_NONE)
		return refuse(c->why, &bad_proposal, at, "a proposal offers nothing",
			      "a protocol and transforms", "protocol %u, %u transforms",
			      p->protocol, p->transforms);
	if ((err = check_number(c, raw, at)) || (err = check_spi(c, p, at)))
		return err;
	c->proposals++;
	return check_transforms(c, p, at + fixed);
}

enum cyg_err sa_parse(const struct payload *p, enum sa_kind kind, struct sa_payload *ret,
		      struct diag *why)
{
	struct check c = {.kind = kind, .offset = p->offset + PAYLOAD_HEADER_LEN, .why = why};
	struct reader r = reader_of(p->body);
	enum cyg_err err;

	if (p->body.len == 0)
		return refuse(why, &bad_proposal, p->offset, "the SA payload has no proposal",
			      "at least one", "none");
	while (read_left(&r)) {
		struct raw_proposal raw = read_proposal(&r);

		err = check_proposal(&c, &raw);
		if (err)
			return err;
	}
	ret->body = p->body;
	ret->offset = (uint32_t)c.offset;
	ret->proposals = (uint8_t)c.proposals;
	ret->transforms = (uint16_t)c.transforms;
	return CYG_OK;
}

/* ---- walks ---- */

struct reader sa_walk(const struct sa_payload *sa)
{
	return reader_of(sa->body);
}

bool sa_next_proposal(struct reader *walk, struct sa_proposal *ret)
{
	if (read_left(walk) == 0)
		return false;
	*ret = read_proposal(walk).proposal;
	return true;
}

struct reader proposal_walk(const struct sa_proposal *proposal)
{
	return reader_of(proposal->body);
}

bool proposal_next_transform(struct reader *walk, struct sa_transform *ret)
{
	struct raw_transform raw;
	struct raw_attributes a;

	if (read_left(walk) == 0)
		return false;
	raw = read_transform(walk);
	a = read_attributes(raw.attributes);
	*ret = (struct sa_transform){raw.type, raw.id, a.key_bits, a.unusable};
	return true;
}

uint64_t sa_proposal_spi(const struct sa_proposal *proposal)
{
	struct reader r = reader_of(proposal->spi);

	if (proposal->spi.len == 4)
		return read_u32(&r);
	return proposal->spi.len == 8 ? read_u64(&r) : 0;
}

/* Whether a proposal may stand where `use` is wanted; unknown protocols may anywhere. */
static bool is_for(const struct sa_proposal *p, enum sa_use use)
{
	switch (use) {
	case SA_FOR_IKE:
		return !is_child(p->protocol) &&
		       (p->protocol != PROTOCOL_IKE || p->spi.len == 0);
	case SA_FOR_IKE_REKEY:
		return !is_child(p->protocol) &&
		       (p->protocol != PROTOCOL_IKE || p->spi.len == 8);
	case SA_FOR_CHILD:
		return p->protocol != PROTOCOL_IKE;
	}
	return false;
}

enum cyg_err sa_check_use(const struct sa_payload *sa, enum sa_use use, struct diag *why)
{
	static const char *const wanted[] = {
		[SA_FOR_IKE] = "IKE without an SPI",
		[SA_FOR_IKE_REKEY] = "IKE with an SPI of 8 octets",
		[SA_FOR_CHILD] = "AH or ESP",
	};
	struct reader walk = sa_walk(sa);
	struct sa_proposal p;
	size_t at;

	for (at = read_offset(&walk); sa_next_proposal(&walk, &p); at = read_offset(&walk))
		if (!is_for(&p, use))
			return refuse(why, &bad_use, sa->offset + at,
				      "a proposal is not for what is negotiated", wanted[use],
				      "protocol %u with an SPI of %zu octets", p.protocol,
				      p.spi.len);
	return CYG_OK;
}

enum cyg_err sa_collect(const struct sa_payload *sa, struct sa_list *ret, struct diag *why)
{
	struct reader walk = sa_walk(sa), inner;
	struct sa_proposal *p;

	if (sa->proposals > SA_PROPOSALS_MAX || sa->transforms > SA_TRANSFORMS_MAX)
		return refuse(why, &too_long, sa->offset,
			      "the SA payload is too long to be read",
			      "64 proposals and 256 transforms at most", "%u and %u",
			      sa->proposals, sa->transforms);
	ret->proposals_len = 0;
	ret->transforms_len = 0;
	while (sa_next_proposal(&walk, p = &ret->proposals[ret->proposals_len])) {
		ret->first[ret->proposals_len++] = ret->transforms_len;
		inner = proposal_walk(p);
		while (proposal_next_transform(&inner, &ret->transforms[ret->transforms_len]))
			ret->transforms_len++;
		p->body = view_of(NULL, 0);
	}
	return CYG_OK;
}
