/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_PROPOSAL_H
#define CONN_PROPOSAL_H

#include "base/diag.h"
#include "base/err.h"
#include "conn/dialect.h"

#include <stdint.h>

/* Security protocol ids (RFC 7296 3.3.1). */
enum protocol { PROTO_NONE = 0, PROTO_IKE = 1, PROTO_AH = 2, PROTO_ESP = 3 };

/* One algorithm of a proposal: numbers of crypto/alg.h's table. */
struct transform {
	uint8_t kind; /* enum alg_kind: the IKEv2 transform type */
	uint16_t id;
	uint16_t key_bits; /* 0 when the algorithm's key length is fixed */
};

#define PROPOSAL_TRANSFORMS_MAX 64
#define PROPOSALS_MAX 32

/* Alternatives of each kind; one of each kind present is chosen. */
struct proposal {
	uint8_t protocol; /* enum protocol */
	uint8_t len;
	struct transform transforms[PROPOSAL_TRANSFORMS_MAX];
};

/* An ordered list of proposals, immutable and shared. */
struct proposals {
	uint32_t refs;
	uint32_t len;
	struct proposal items[];
};

/*
 * What was agreed: one of each kind, plain numbers, so that it can be kept,
 * exported and compared. ke 0: none (no PFS). integ 0: AEAD.
 */
struct chosen {
	uint8_t protocol;
	uint8_t number; /* of the accepted proposal, from 1, as the peer numbered it */
	bool esn;
	uint16_t encr, key_bits, integ, prf, ke;
};

/*
 * From ike= / esp= / ah= / phase2alg= text, in Openswan's, Libreswan's and
 * strongSwan's dialects (proposal_parse.c). What is left out becomes the
 * defaults of its kind, but for the KE of ESP and AH. A weak algorithm that is named is
 * taken, and *why then tells of it beside CYG_OK; one that this build does not
 * have is refused by name. Owner has one reference.
 */
MUST_CHECK enum cyg_err proposals_parse(const char *text, enum protocol protocol,
					const struct proposals **ret, struct diag *why);

/*
 * As proposals_parse, in one dialect. `ret_defaulted` has room for PROPOSALS_MAX (or is NULL): of
 * each proposal the kinds that nobody named, as bits. A refusal's *why has the
 * column of the word (from 1).
 */
MUST_CHECK enum cyg_err proposals_read(const char *text, enum protocol protocol,
				       enum dialect dialect, const struct proposals **ret,
				       uint16_t *ret_defaulted, struct diag *why);

/*
 * True when the list has weak algorithms; *why then names each with its reason,
 * in words for a warning. Else *why stays as it was.
 */
bool proposals_weak(const struct proposals *p, struct diag *why);

/* What is offered and accepted when the configuration says nothing. Never weak. One reference. */
MUST_CHECK enum cyg_err proposals_default(enum protocol protocol, const struct proposals **ret);

/* One reference more (NULL stays NULL), one less; the same content in the same order. */
const struct proposals *proposals_ref(const struct proposals *p);
void proposals_unref(const struct proposals *p);
bool proposals_equal(const struct proposals *a, const struct proposals *b);

/*
 * Pick from `offered` (the peer's, in its order) by `ours`: the first of our
 * proposals, in our order, that some offered proposal meets, each transform by
 * our preference (RFC 7296 3.3.6). When KE is to be left out (the first child
 * of an IKE SA, RFC 7296 1.2) set `without_ke`. On no match, *why has per-kind
 * what each side would take and the smallest change that would join them.
 * Numbers of offered proposals are their index + 1.
 */
MUST_CHECK enum cyg_err proposals_select(const struct proposals *ours,
					 const struct proposal *offered, size_t offered_len,
					 bool without_ke, struct chosen *ret, struct diag *why);

/*
 * The initiator's check of an answer: exactly one transform of each kind we
 * offered in that proposal number, all of them ours (RFC 7296 3.3).
 */
MUST_CHECK enum cyg_err proposals_verify(const struct proposals *ours,
					 const struct proposal *answer, uint8_t number,
					 bool without_ke, struct chosen *ret, struct diag *why);

/* The KE transform to guess first: the first one listed; 0 when there is none. */
uint16_t proposals_first_ke(const struct proposals *p);
/* Whether any proposal lists this KE. */
bool proposals_have_ke(const struct proposals *p, uint16_t ke);

/* "AES_GCM_16_256-HMAC_SHA2_512-X25519", proposals comma separated; returns buf. */
const char *proposal_print(const struct proposal *p, char *buf, size_t cap);
const char *proposals_print(const struct proposals *p, char *buf, size_t cap);
const char *chosen_print(const struct chosen *c, char *buf, size_t cap);

#endif
