/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection offers and accepts, once all that bears on it is put together. */
#include "conn/connection.h"
#include "conn/proposal_kind.h"

static const struct proposals *described(const struct connection *c, enum protocol protocol)
{
	const struct proposals *own = protocol == PROTO_IKE ? c->ike : c->esp;

	if (!own && proposals_default(protocol, &own))
		return NULL;
	return own;
}

static void add_once(struct proposal *p, const struct transform *t)
{
	if (!proposal_has(p, t))
		proposal_add(p, t);
}

/* The key exchanges of a child where esp= names none: the IKE SA's, then all of ike=. */
static void add_groups(struct proposal *p, const struct proposals *ike, uint16_t agreed)
{
	const struct transform first = {ALG_KE, agreed, 0}, *t = NULL;

	if (agreed)
		add_once(p, &first);
	for (size_t i = 0; i < ike->len; i++, t = NULL)
		while ((t = proposal_next(&ike->items[i], ALG_KE, t)))
			add_once(p, t);
}

static bool allowed(const struct connection *c, const struct transform *t)
{
	return t->kind != ALG_ESN || (t->id == ALG_ESN_YES ? c->esn : c->esn_off);
}

static void child_proposal(const struct connection *c, const struct proposal *from,
			   uint16_t agreed, struct proposal *ret)
{
	bool named = c->esp && proposal_next(from, ALG_KE, NULL);

	ret->protocol = from->protocol;
	for (size_t i = 0; i < from->len; i++) {
		const struct transform *t = &from->transforms[i];

		if (allowed(c, t) && (named || t->kind != ALG_KE))
			add_once(ret, t);
	}
	if (!named)
		add_groups(ret, described(c, PROTO_IKE), agreed);
}

bool connection_pfs_idle(const struct connection *c, struct diag *why)
{
	uint16_t ke = c->esp ? proposals_first_ke(c->esp) : ALG_KE_NONE;

	if (c->pfs || !ke)
		return false;
	diag_set(why, "group-idle", NULL,
		 "esp= names %s, but with pfs=no it is used only when the peer asks for it",
		 alg_by_id(ALG_KE, ke)->name);
	diag_hint(why, "write pfs=yes, or leave the group out");
	return true;
}

enum cyg_err connection_proposals(const struct connection *c, enum protocol protocol,
				  uint16_t agreed_ke, const struct proposals **ret)
{
	const struct proposals *own = described(c, protocol);
	struct proposals *made;

	if (!own)
		return CYG_UNSUPPORTED;
	if (protocol == PROTO_IKE) {
		*ret = proposals_ref(own);
		return CYG_OK;
	}
	made = proposals_alloc(own->len);
	if (!made)
		return CYG_NOMEM;
	for (size_t i = 0; i < own->len; i++)
		child_proposal(c, &own->items[i], agreed_ke, &made->items[i]);
	*ret = made;
	return CYG_OK;
}
