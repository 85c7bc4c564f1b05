/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/tally.h"

#include "crypto/alg.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/sa.h"
#include "wire/notify.h"

static void count(uint64_t *counts, uint16_t id)
{
	if (id && id < TALLY_IDS)
		counts[id]++;
}

void tally_ike(const struct ike_sa *sa)
{
	struct ike_tally *t = &sa->ike->tally;

	t->established++;
	count(t->ike[ALG_ENCR], sa->chosen.encr);
	count(t->ike[ALG_INTEG], sa->chosen.integ);
	count(t->ike[ALG_PRF], sa->chosen.prf);
	count(t->ike[ALG_KE], sa->chosen.ke);
}

void tally_ike_end(const struct ike_sa *sa)
{
	if (sa->state == SA_I1 || sa->state == SA_I2 || sa->state == SA_I2_EAP ||
	    sa_is_half_open(sa))
		sa->ike->tally.failed++;
}

void tally_child(const struct child_sa *child)
{
	struct ike_tally *t = &child->ike->tally;
	const struct chosen *c = &child->chosen;

	t->esp += c->protocol == PROTO_ESP;
	t->ah += c->protocol == PROTO_AH;
	t->esn += c->esn;
	t->encap += child->encap;
	t->tfc += child->version->tfc != 0;
	count(t->child[ALG_ENCR], c->encr);
	count(t->child[ALG_INTEG], c->integ);
}

void tally_sent(struct ike *ike, uint16_t notify)
{
	count(ike->tally.errors_sent, notify);
}

void tally_received(struct ike *ike, const struct message *m)
{
	struct notify_payload n;

	if (message_find_error(m, &n))
		count(ike->tally.errors_received, n.type);
}

const struct ike_tally *ike_tally(const struct ike *ike)
{
	return &ike->tally;
}
