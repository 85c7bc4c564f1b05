/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_PROPOSAL_KIND_H
#define CONN_PROPOSAL_KIND_H

#include "conn/proposal.h"
#include "crypto/alg.h"

/* Shared by the files that handle proposals; others see proposal.h alone. */

/* A list of `len` empty proposals, one reference; NULL when memory is short. */
struct proposals *proposals_alloc(size_t len);

/* The same protocol, and the same transforms (kind, number and key size) in the same order. */
bool proposal_equal(const struct proposal *a, const struct proposal *b);

/* Walk the transforms of one kind in order of preference: NULL starts, NULL ends. */
const struct transform *proposal_next(const struct proposal *p, unsigned kind,
				      const struct transform *prev);

/* Append; false when it is full. */
bool proposal_add(struct proposal *p, const struct transform *t);

/* Whether it lists exactly this transform. */
bool proposal_has(const struct proposal *p, const struct transform *want);

/* The word by which configuration names a transform: "aes256", "prfsha256", "modp2048". Returns buf. */
const char *transform_word(const struct transform *t, char buf[ALG_TEXT_MAX]);

/* Tell in *why how near `offered` comes to `ours` and what would join them. Never matches. */
void proposals_explain(const struct proposals *ours, const struct proposal *offered,
		       size_t offered_len, bool without_ke, struct diag *why);

/*
 * Whether one kind of an offered proposal meets ours, and by what: the first of
 * ours that it lists, or NONE ({kind, 0}) where nothing is needed (RFC 7296 3.3.6).
 */
bool proposal_meet_kind(const struct proposal *ours, const struct proposal *offered,
			unsigned kind, struct transform *ret);

#endif
