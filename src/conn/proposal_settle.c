/* SPDX-License-Identifier: Apache-2.0 */
/* What the words of a proposal come to: which hash is what, and what was left out. */
#include "conn/proposal_reading.h"

/* In group `group` (0: any): some word names no PRF, so that it can be nothing but integrity. */
static bool only_integ(const struct reading *r, unsigned group)
{
	for (size_t i = 0; i < r->hashes_len; i++)
		if ((!group || r->hashes[i].group == group) && !r->hashes[i].prf)
			return true;
	return false;
}

static enum cyg_err add_integs(struct reading *r, unsigned group)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < r->hashes_len && !err; i++) {
		const struct hash_word *h = &r->hashes[i];

		if (group && h->group != group)
			continue;
		err = h->integ
			      ? reading_add(r, h->integ, ALG_INTEG, 0, h->word)
			      : reading_refuse(
					r, CYG_CONFLICT, h->word,
					"the cipher needs an integrity algorithm, and this is a PRF");
	}
	return err;
}

static enum cyg_err add_prfs(struct reading *r, unsigned group)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < r->hashes_len && !err; i++) {
		const struct hash_word *h = &r->hashes[i];
		const struct alg *prf = h->prf ? h->prf : alg_prf_of(h->integ);

		if ((!group || h->group == group) && prf)
			err = reading_add(r, prf, ALG_PRF, 0, h->word);
	}
	return err;
}

bool reading_lists(const struct reading *r, unsigned kind)
{
	return proposal_next(&r->p, kind, NULL) != NULL;
}

/* The full check value of MD5 and SHA-1 is no IKE peer's habit; the truncated one is meant. */
static const struct alg *integ_of(const struct alg *prf)
{
	for (const struct alg *a = NULL; (a = alg_next(ALG_INTEG, a));)
		if (a->hash_prf == prf->id)
			return a;
	return NULL;
}

/* Libreswan: an integrity algorithm that is left out is the one over the hash of the PRF. */
static enum cyg_err follow_prf(struct reading *r)
{
	const struct transform *t = NULL;
	enum cyg_err err = CYG_OK;

	while (!err && (t = proposal_next(&r->p, ALG_PRF, t))) {
		const struct alg *integ = integ_of(alg_by_id(ALG_PRF, t->id));

		if (integ && !alg_refusal(integ, r->use))
			err = reading_add(r, integ, ALG_INTEG, 0, view_str(integ->name));
	}
	return err;
}

/* A PRF that is left out is the one over the hash of the integrity algorithm. */
static enum cyg_err follow_integ(struct reading *r)
{
	const struct transform *t = NULL;
	enum cyg_err err = CYG_OK;

	while (!err && (t = proposal_next(&r->p, ALG_INTEG, t))) {
		const struct alg *prf = alg_prf_of(alg_by_id(ALG_INTEG, t->id));

		if (prf && !alg_refusal(prf, r->use))
			err = reading_add(r, prf, ALG_PRF, 0, view_str(prf->name));
	}
	return err;
}

static enum cyg_err integ_and_prf(struct reading *r, unsigned integ)
{
	enum cyg_err err = add_integs(r, integ);

	return err ? err : add_prfs(r, 3 - integ);
}

/* Openswan: integrity, then PRF. */
static enum cyg_err settle_openswan(struct reading *r)
{
	enum cyg_err err;

	if (r->groups == 2)
		return integ_and_prf(r, 1);
	err = add_integs(r, 0);
	return err || reading_lists(r, ALG_PRF) ? err : add_prfs(r, 0);
}

/* Libreswan: PRF, then integrity; a name that can only be integrity may come first. */
static enum cyg_err settle_libreswan(struct reading *r)
{
	enum cyg_err err;

	if (r->groups == 2 && only_integ(r, 1) != only_integ(r, 2))
		return integ_and_prf(r, only_integ(r, 1) ? 1 : 2);
	if (r->groups == 2) {
		reading_refuse(r, CYG_CONFLICT, r->hashes[r->hashes_len - 1].word,
			       "of two hashes it cannot be told which is the PRF");
		diag_hint(r->why, "write the PRF, then the integrity algorithm by its full "
				  "name such as sha2_256_128");
		return CYG_CONFLICT;
	}
	if (only_integ(r, 0))
		return add_integs(r, 0);
	err = add_prfs(r, 0);
	return err || reading_lists(r, ALG_INTEG) ? err : follow_prf(r);
}

/*
 * A hash of its own is integrity algorithm and PRF in one. Of two, one that can
 * only be integrity leaves the other as PRF, in either order (Libreswan). Two
 * that could be both are alternatives (strongSwan), which includes what
 * Openswan makes of them.
 */
static enum cyg_err settle_hashes(struct reading *r)
{
	enum cyg_err err;

	if (r->protocol != PROTO_IKE)
		return add_integs(r, 0);
	if (r->dialect == DIALECT_OPENSWAN)
		return settle_openswan(r);
	if (r->dialect == DIALECT_LIBRESWAN)
		return settle_libreswan(r);
	if (r->dialect == DIALECT_ANY && r->groups == 2 && !reading_lists(r, ALG_PRF) &&
	    only_integ(r, 1) != only_integ(r, 2))
		return integ_and_prf(r, only_integ(r, 1) ? 1 : 2);
	err = add_integs(r, 0);
	return err || reading_lists(r, ALG_PRF) ? err : add_prfs(r, 0);
}

/* With a cipher that authenticates, a hash can only be the PRF (RFC 5282 8). */
static enum cyg_err settle_aead(struct reading *r)
{
	if (r->protocol == PROTO_IKE && !only_integ(r, 0) && !reading_lists(r, ALG_INTEG))
		return reading_lists(r, ALG_PRF) ? CYG_OK : add_prfs(r, 0);
	if (!r->hashes_len && !reading_lists(r, ALG_INTEG))
		return CYG_OK;
	reading_refuse(r, CYG_CONFLICT, r->hashes_len ? r->hashes[0].word : view_str("integ="),
		       "a cipher that authenticates by itself takes no integrity algorithm");
	diag_hint(r->why, "leave the hash out");
	return CYG_CONFLICT;
}

static void add_defaults(struct reading *r, unsigned kind)
{
	enum protocol like = r->protocol == PROTO_AH ? PROTO_ESP : r->protocol;
	const struct proposals *defaults;
	const struct transform *t = NULL;

	if (reading_lists(r, kind) || proposals_default(like, &defaults))
		return;
	r->defaulted |= 1u << kind;
	/* The last default has a cipher without AEAD, and so every kind. */
	while ((t = proposal_next(&defaults->items[defaults->len - 1], kind, t)))
		proposal_add(&r->p, t);
}

static enum cyg_err settle_ike(struct reading *r)
{
	bool follows = r->dialect != DIALECT_LIBRESWAN;
	enum cyg_err err = CYG_OK;

	if (!reading_lists(r, ALG_PRF) && follows)
		err = follow_integ(r);
	add_defaults(r, ALG_PRF);
	add_defaults(r, ALG_KE);
	return err;
}

static enum cyg_err without_integ(struct reading *r, struct view whole)
{
	reading_refuse(r, CYG_CONFLICT, whole,
		       r->protocol == PROTO_AH ? "AH is left without integrity"
					       : "a cipher is left without integrity");
	diag_hint(r->why, r->protocol == PROTO_AH
				  ? "name a hash such as sha256"
				  : "add a hash such as sha256, or take a cipher such as "
				    "aes256gcm16");
	return CYG_CONFLICT;
}

enum cyg_err reading_settle(struct reading *r, struct view whole)
{
	bool needs_integ = r->cipher || r->protocol == PROTO_AH;
	enum cyg_err err;

	if (!reading_lists(r, ALG_ENCR) && r->protocol != PROTO_AH)
		return reading_refuse(r, CYG_MALFORMED, whole, "a proposal has no cipher");
	if (r->integ_none && needs_integ)
		return without_integ(r, whole);
	err = r->aead ? settle_aead(r) : settle_hashes(r);
	if (err)
		return err;
	if (r->protocol == PROTO_IKE)
		err = settle_ike(r);
	else
		add_defaults(r, ALG_ESN);
	if (needs_integ)
		add_defaults(r, ALG_INTEG);
	return err;
}
