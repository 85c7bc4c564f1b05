/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/suites.h"

#include "crypto/alg.h"

#include <stdlib.h>
#include <string.h>

enum cyg_err suite_of_chosen(const struct chosen *c, unsigned use, struct suite *ret)
{
	const struct alg *encr = alg_by_id(ALG_ENCR, c->encr);
	const struct alg *integ = c->integ ? alg_by_id(ALG_INTEG, c->integ) : NULL;

	if (c->protocol == PROTO_AH && integ) {
		/* AH hides nothing: its keys are those of the check value (RFC 7296 2.17). */
		*ret = (struct suite){.integ = integ, .integ_len = (uint8_t)integ->key_len};
		return CYG_OK;
	}
	if (!encr || (c->integ && !integ))
		return CYG_UNSUPPORTED;
	return suite_make(encr, c->key_bits, integ, use, ret);
}

/* ---- writing ---- */

void offer_build(struct chain *chain, const struct proposals *ours, struct view spi,
		 bool without_ke)
{
	struct sa_builder s;

	chain_payload(chain, PAYLOAD_SA);
	s = sa_begin(chain->b);
	for (uint32_t i = 0; i < ours->len; i++) {
		const struct proposal *p = &ours->items[i];

		sa_add_proposal(&s, (uint8_t)(i + 1), p->protocol, spi);
		for (size_t j = 0; j < p->len; j++) {
			const struct transform *t = &p->transforms[j];

			if (without_ke && t->kind == ALG_KE)
				continue;
			sa_add_transform(&s, t->kind, t->id, t->key_bits);
		}
	}
	sa_end(&s);
}

void accept_build(struct chain *chain, const struct chosen *c, struct view spi)
{
	struct sa_builder s;

	chain_payload(chain, PAYLOAD_SA);
	s = sa_begin(chain->b);
	sa_add_proposal(&s, c->number, c->protocol, spi);
	if (c->encr)
		sa_add_transform(&s, ALG_ENCR, c->encr, c->key_bits);
	if (c->prf)
		sa_add_transform(&s, ALG_PRF, c->prf, 0);
	if (c->integ)
		sa_add_transform(&s, ALG_INTEG, c->integ, 0);
	if (c->ke)
		sa_add_transform(&s, ALG_KE, c->ke, 0);
	if (c->protocol != PROTO_IKE)
		sa_add_transform(&s, ALG_ESN, c->esn ? ALG_ESN_YES : ALG_ESN_NO, 0);
	sa_end(&s);
}

/* ---- reading ---- */

static bool known_kind(uint8_t type)
{
	return type >= ALG_ENCR && type < ALG_KINDS;
}

/* RFC 7296 3.3.6: a proposal with a transform type that is not understood cannot be chosen. */
static void take_proposal(const struct sa_proposal *in, struct proposal *out)
{
	struct reader walk = proposal_walk(in);
	struct sa_transform t;

	out->protocol = in->protocol;
	while (proposal_next_transform(&walk, &t)) {
		if (!known_kind(t.type)) {
			out->len = 0;
			return;
		}
		if (t.unusable || out->len == PROPOSAL_TRANSFORMS_MAX)
			continue;
		out->transforms[out->len++] = (struct transform){t.type, t.id, t.key_bits};
	}
}

enum cyg_err offer_parse(const struct payload *p, enum sa_kind kind, enum sa_use use,
			 struct offer *ret, struct diag *why)
{
	struct offer o = {0};
	struct sa_payload sa;
	struct sa_proposal proposal;
	struct reader walk;
	enum cyg_err err = sa_parse(p, kind, &sa, why);

	if (!err)
		err = sa_check_use(&sa, use, why);
	if (err)
		return err;
	o.items = calloc(sa.proposals, sizeof(*o.items));
	if (!o.items)
		return CYG_NOMEM;
	walk = sa_walk(&sa);
	while (o.len < SA_PROPOSALS_MAX && sa_next_proposal(&walk, &proposal)) {
		take_proposal(&proposal, &o.items[o.len]);
		o.spi[o.len++] = sa_proposal_spi(&proposal);
		o.number = proposal.number;
	}
	*ret = o;
	return CYG_OK;
}

void offer_done(struct offer *o)
{
	free(o->items);
	*o = (struct offer){0};
}

/* ---- comparing ---- */

static bool lists(const struct proposal *p, uint8_t kind, uint16_t id, uint16_t bits)
{
	bool any = false;

	for (size_t i = 0; i < p->len; i++) {
		const struct transform *t = &p->transforms[i];

		any |= t->kind == kind;
		if (t->kind == kind && t->id == id && t->key_bits == bits)
			return true;
	}
	return !any && !id;
}

bool proposals_allow(const struct proposals *p, const struct chosen *c)
{
	for (uint32_t i = 0; i < p->len; i++) {
		const struct proposal *q = &p->items[i];

		if (q->protocol == c->protocol && lists(q, ALG_ENCR, c->encr, c->key_bits) &&
		    lists(q, ALG_PRF, c->prf, 0) && lists(q, ALG_INTEG, c->integ, 0) &&
		    lists(q, ALG_KE, c->ke, 0))
			return true;
	}
	return false;
}
