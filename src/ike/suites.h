/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_SUITES_H
#define IKE_SUITES_H

#include "conn/proposal.h"
#include "crypto/suite.h"
#include "wire/chain.h"
#include "wire/sa.h"

/*
 * Between the vocabulary of proposals (conn) and SA payloads (wire): offers
 * written, offers and answers read.
 */

/* Which suite of the crypto room was agreed. `use`: ALG_FOR_IKE or ALG_FOR_ESP. */
MUST_CHECK enum cyg_err suite_of_chosen(const struct chosen *c, unsigned use,
					struct suite *ret);

/*
 * An SA payload with our proposals, all with one SPI (empty: none). `without_ke` leaves KE
 * out.
 */
void offer_build(struct chain *chain, const struct proposals *ours, struct view spi,
		 bool without_ke);

/* An SA payload with the one proposal that was agreed. */
void accept_build(struct chain *chain, const struct chosen *c, struct view spi);

/*
 * Read an SA payload into proposals for conn's choice. Item i is the peer's
 * proposal i + 1 of an offer, or its only one of an answer; a proposal that
 * cannot be chosen (other protocol, unknown transform type) is left empty, and
 * unusable transforms are left out. The caller frees *ret.
 */
struct offer {
	struct proposal *items;
	size_t len;
	uint64_t spi[SA_PROPOSALS_MAX]; /* of each */
	uint8_t number;                 /* of the answer's proposal */
};
MUST_CHECK enum cyg_err offer_parse(const struct payload *p, enum sa_kind kind, enum sa_use use,
				    struct offer *ret, struct diag *why);
void offer_done(struct offer *o);

/* Whether these proposals would have agreed to this suite. */
bool proposals_allow(const struct proposals *p, const struct chosen *c);

#endif
