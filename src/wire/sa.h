/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_SA_H
#define WIRE_SA_H

#include "base/reader.h"
#include "wire/payload.h"

/*
 * Security Association (RFC 7296 3.3): proposals, each with transforms, each
 * with attributes. sa_parse checks all of it once; the walks below then cannot
 * fail. Protocol ids, transform types and ids are the peer's numbers, known to
 * us or not: choosing is not this room's work.
 */

enum sa_kind {
	SA_OFFER, /* a request: proposals numbered 1, 2, 3 .. */
	/* A response: one proposal, numbered as the accepted one; one transform of each type. */
	SA_ANSWER,
};

struct sa_payload {
	struct view body;
	uint32_t offset;     /* of the body in the message, for diagnostics */
	uint8_t proposals;   /* 1 to 255 */
	uint16_t transforms; /* of all proposals together */
};

struct sa_proposal {
	uint8_t number;     /* from 1 */
	uint8_t protocol;   /* enum protocol_id or another number */
	uint8_t transforms; /* how many */
	struct view spi;    /* IKE: 0 or 8 octets, AH and ESP: 4, as sent */
	struct view body;   /* its transforms, for proposal_next_transform */
};

struct sa_transform {
	uint8_t type; /* enum alg_kind or another number */
	uint16_t id;
	uint16_t key_bits; /* Key Length attribute; 0 if there is none */
	/* Has an unknown attribute, or a Key Length of 0: not to be chosen (RFC 7296 3.3.6). */
	bool unusable;
};

/*
 * CYG_MALFORMED for: no proposal, a wrong last mark (0 or 2; 0 or 3), counts or
 * lengths that lie, numbers that do not run 1..n, SPIs of the wrong size for
 * IKE, AH and ESP, a child SPI below 256 or an IKE SPI of zero, a proposal
 * without transforms, a Key Length that is not of the short form or is there
 * twice, two transforms of one type in an answer.
 */
MUST_CHECK enum cyg_err sa_parse(const struct payload *p, enum sa_kind kind,
				 struct sa_payload *ret, struct diag *why);

/*
 * Walks. Begin with *walk = sa_walk(sa) or proposal_walk(proposal); false after the last one.
 */
struct reader sa_walk(const struct sa_payload *sa);
bool sa_next_proposal(struct reader *walk, struct sa_proposal *ret);
struct reader proposal_walk(const struct sa_proposal *proposal);
bool proposal_next_transform(struct reader *walk, struct sa_transform *ret);

/* The SPI of a proposal as a number (4 or 8 octets); 0 if there is none. */
uint64_t sa_proposal_spi(const struct sa_proposal *proposal);

/* What the proposals must be for, beyond their form. */
enum sa_use {
	SA_FOR_IKE,       /* IKE_SA_INIT: all IKE, no SPI */
	SA_FOR_IKE_REKEY, /* all IKE, SPI of 8 octets */
	SA_FOR_CHILD,     /* AH or ESP, SPI of 4 octets */
};
/*
 * CYG_MALFORMED when a proposal of a known protocol is not for `use`; unknown protocols are
 * left alone.
 */
MUST_CHECK enum cyg_err sa_check_use(const struct sa_payload *sa, enum sa_use use,
				     struct diag *why);

/* A bounded copy, where an array is handier than a walk. SPIs borrow from the message. */
#define SA_PROPOSALS_MAX 64
#define SA_TRANSFORMS_MAX 256 /* of all proposals together */
struct sa_list {
	uint8_t proposals_len;
	uint16_t transforms_len;
	struct sa_proposal proposals[SA_PROPOSALS_MAX]; /* body unset */
	uint16_t first[SA_PROPOSALS_MAX]; /* index of each proposal's first transform */
	struct sa_transform transforms[SA_TRANSFORMS_MAX];
};
/* CYG_LIMIT, *ret then undefined, when it does not fit. */
MUST_CHECK enum cyg_err sa_collect(const struct sa_payload *sa, struct sa_list *ret,
				   struct diag *why);
/* Write all of a list: numbers and transform counts as they stand in it. */
void sa_build(struct builder *b, const struct sa_list *list);

/*
 * Writing one proposal after another: begin, proposals each followed by their transforms, end.
 */
struct sa_builder {
	struct builder *b;
	size_t proposal_at, transform_at; /* offset of the last ones' first octet */
	struct hole proposal_len;
	uint8_t number;     /* of the last proposal */
	uint8_t transforms; /* of the last proposal */
	bool any;
};
struct sa_builder sa_begin(struct builder *b);
/* number: from 1 in an offer, the accepted one in an answer. spi: 0, 4 or 8 octets. */
void sa_add_proposal(struct sa_builder *s, uint8_t number, uint8_t protocol, struct view spi);
/* key_bits 0: no Key Length attribute. */
void sa_add_transform(struct sa_builder *s, uint8_t type, uint16_t id, uint16_t key_bits);
void sa_end(struct sa_builder *s);

#endif
