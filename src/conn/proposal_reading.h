/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_PROPOSAL_READING_H
#define CONN_PROPOSAL_READING_H

#include "base/view.h"
#include "conn/proposal_dialect.h"
#include "conn/proposal_kind.h"

/*
 * Shared by the files that read proposals from text: proposal_parse.c reads
 * words, proposal_settle.c makes of them what they come to, and
 * proposal_complain.c says what is wrong with one.
 */

#define HASHES_MAX 16

/* A word that names a hash: as integrity algorithm, as PRF, or as both. */
struct hash_word {
	const struct alg *integ, *prf; /* NULL: not by this name */
	unsigned group;                /* words joined by "+" share one, from 1 */
	struct view word;
};

/* One proposal being read. */
struct reading {
	enum protocol protocol;
	enum dialect dialect;
	unsigned use;     /* ALG_FOR_* */
	struct view text; /* all of it, for columns */
	struct diag *why;
	struct proposal p; /* in the order of reading */
	struct hash_word hashes[HASHES_MAX];
	size_t hashes_len;
	unsigned groups;    /* of hashes */
	unsigned seen;      /* kinds that "-" set off, bits; hashes and none as ALG_INTEG */
	unsigned last;      /* kind of the last such word */
	bool seen_twice;    /* two words for PRF and integrity */
	unsigned defaulted; /* kinds that nobody named, bits */
	bool aead, cipher, integ_none;
};

/* Add an algorithm of `kind` once; refuse what this build cannot do. `word` is for complaints. */
MUST_CHECK enum cyg_err reading_add(struct reading *r, const struct alg *a, unsigned kind,
				    uint16_t bits, struct view word);

/* Whether the proposal has anything of a kind yet. */
bool reading_lists(const struct reading *r, unsigned kind);

/* What the words come to: hashes, defaults, no cipher without integrity. `whole` for complaints. */
MUST_CHECK enum cyg_err reading_settle(struct reading *r, struct view whole);

/* ---- complaints: each fills *r->why and returns its error ---- */

/* A sentence about a word, with its column. */
enum cyg_err reading_refuse(struct reading *r, enum cyg_err err, struct view word,
			    const char *sentence);
/* A form that the dialect does not have. */
enum cyg_err reading_not_here(struct reading *r, enum proposal_rule_id rule, struct view word);
/* A known algorithm that cannot serve here. */
enum cyg_err reading_unusable(struct reading *r, const struct alg *a, struct view word);
/* A word that names nothing: a wrong key size, or the nearest name. */
enum cyg_err reading_not_understood(struct reading *r, struct view word);

#endif
