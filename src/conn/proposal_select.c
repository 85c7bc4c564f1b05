/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agreement on proposals (RFC 7296 2.7, 3.3). A proposal is met when each kind
 * of transform that either side lists can be settled; a kind that one side
 * leaves out is settled by NONE where the other side allows it.
 */
#include "conn/proposal_kind.h"

/* Kinds that may be absent, which then means what the number 0 means (RFC 7296 3.3.2, 3.3.3). */
static bool may_be_none(unsigned kind)
{
	return kind != ALG_ENCR && kind != ALG_PRF;
}

bool proposal_meet_kind(const struct proposal *ours, const struct proposal *offered,
			unsigned kind, struct transform *ret)
{
	const struct transform none = {.kind = (uint8_t)kind};
	const struct transform *t = NULL;
	bool we_list = proposal_next(ours, kind, NULL) != NULL;
	bool they_list = proposal_next(offered, kind, NULL) != NULL;

	*ret = none;
	if (!we_list && !they_list)
		return true;
	if (!we_list || !they_list)
		return may_be_none(kind) && proposal_has(we_list ? ours : offered, &none);
	while ((t = proposal_next(ours, kind, t)))
		if (proposal_has(offered, t)) {
			*ret = *t;
			return true;
		}
	return false;
}

/* RFC 7296 3.3.6: a proposal with a kind of transform we don't know is not for us. */
static bool kinds_known(const struct proposal *offered)
{
	for (size_t i = 0; i < offered->len; i++)
		if (!offered->transforms[i].kind || offered->transforms[i].kind >= ALG_KINDS)
			return false;
	return true;
}

static void choose(struct chosen *c, const struct transform *t)
{
	switch (t->kind) {
	case ALG_ENCR:
		c->encr = t->id;
		c->key_bits = t->key_bits;
		break;
	case ALG_PRF:
		c->prf = t->id;
		break;
	case ALG_INTEG:
		c->integ = t->id;
		break;
	case ALG_KE:
		c->ke = t->id;
		break;
	case ALG_ESN:
		c->esn = t->id == ALG_ESN_YES;
		break;
	}
}

static bool meet(const struct proposal *ours, const struct proposal *offered, bool without_ke,
		 struct chosen *ret)
{
	struct chosen c = {.protocol = ours->protocol};
	struct transform t;

	if (ours->protocol != offered->protocol || !kinds_known(offered))
		return false;
	for (unsigned kind = 1; kind < ALG_KINDS; kind++) {
		if (kind == ALG_KE && without_ke)
			continue;
		if (!proposal_meet_kind(ours, offered, kind, &t))
			return false;
		choose(&c, &t);
	}
	*ret = c;
	return true;
}

enum cyg_err proposals_select(const struct proposals *ours, const struct proposal *offered,
			      size_t offered_len, bool without_ke, struct chosen *ret,
			      struct diag *why)
{
	for (size_t i = 0; i < ours->len; i++)
		for (size_t j = 0; j < offered_len; j++)
			if (meet(&ours->items[i], &offered[j], without_ke, ret)) {
				ret->number = (uint8_t)(j + 1);
				return CYG_OK;
			}
	proposals_explain(ours, offered, offered_len, without_ke, why);
	return CYG_NOTFOUND;
}

static enum cyg_err bad_answer(struct diag *why, const struct proposal *ours,
			       const struct proposal *answer, const char *sentence)
{
	char wanted[512], got[512];

	diag_set(why, "bad-sa-answer", "RFC 7296 3.3", "%s", sentence);
	if (ours)
		diag_wanted(why, "one of each kind of %s",
			    proposal_print(ours, wanted, sizeof(wanted)));
	diag_got(why, "%s", proposal_print(answer, got, sizeof(got)));
	return CYG_MALFORMED;
}

static bool one_of_each_kind(const struct proposal *answer)
{
	for (size_t i = 0; i < answer->len; i++)
		for (size_t j = 0; j < i; j++)
			if (answer->transforms[i].kind == answer->transforms[j].kind)
				return false;
	return true;
}

enum cyg_err proposals_verify(const struct proposals *ours, const struct proposal *answer,
			      uint8_t number, bool without_ke, struct chosen *ret,
			      struct diag *why)
{
	const struct proposal *asked;
	struct chosen c;

	if (number < 1 || number > ours->len)
		return bad_answer(why, NULL, answer,
				  "the answer takes a proposal number that was not offered");
	asked = &ours->items[number - 1];
	if (answer->protocol != asked->protocol)
		return bad_answer(why, asked, answer, "the answer is for another protocol");
	if (!one_of_each_kind(answer))
		return bad_answer(why, asked, answer,
				  "the answer takes two transforms of one kind");
	if (without_ke && proposal_next(answer, ALG_KE, NULL))
		return bad_answer(why, asked, answer,
				  "the answer has a key exchange where none was offered");
	if (!meet(asked, answer, without_ke, &c))
		return bad_answer(why, asked, answer, "the answer takes what was not offered");
	c.number = number;
	*ret = c;
	return CYG_OK;
}
