/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/child.h"
#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/gather.h"
#include "ike/manual.h"
#include "ike/sa.h"
#include "wire/ikev2_numbers.h"

/* What there is, for status and tests. */

static uint8_t phase_of(const struct ike_sa *sa)
{
	switch (sa->state) {
	case SA_UP:
		return IKE_ESTABLISHED;
	case SA_REKEYED:
		return IKE_REKEYED;
	case SA_DELETING:
	case SA_GONE:
		return IKE_DELETING;
	case SA_I2:
	case SA_I2_EAP:
		return IKE_AUTHENTICATING;
	default:
		return IKE_HALF_OPEN;
	}
}

/* Something that the host computes or looks up for it has not come yet. */
static bool is_computing(const struct exchange *x)
{
	return x && !list_empty(&x->ops);
}

bool ike_sa_next(const struct ike *ike, uint64_t after, struct ike_sa_info *ret)
{
	const struct ike_sa *sa = roster_after(&ike->sas, after);

	if (!sa)
		return false;
	*ret = (struct ike_sa_info){
		.serial = sa->serial,
		.connection = sa->loaded,
		.phase = phase_of(sa),
		.initiator = sa->initiator,
		.nat_local = sa->nat.local,
		.nat_remote = sa->nat.remote,
		.ppk = sa->ppk,
		.spi_initiator = sa_spi_i(sa),
		.spi_responder = sa_spi_r(sa),
		.local = sa->local,
		.remote = sa->remote,
		.local_id = sa->local_id,
		.remote_id = sa->remote_id,
		.proofs = {sa->proofs[0], sa->proofs[1]},
		.our_proof = sa->our_proof,
		.peer_proof = sa->peer_proof,
		.suite = sa->chosen,
		.established_at = sa->established_at,
		.rekey_at = sa->at[T_REKEY],
		.expire_at = sa->at[T_EXPIRE],
		.heard_at = sa->heard_at,
		.liveness = sa->version && sa->version->dpd_delay,
		.computing = is_computing(sa->window.ours) || is_computing(sa->window.theirs),
		.requests_open = sa->window.ours != NULL,
		.retransmits = sa->window.ours ? sa->window.ours->resent : 0,
		.next_request = sa->window.next_out,
		.next_expected = sa->window.next_in,
		.out_of_order = sa->window.out_of_order,
		.internal = sa->internal,
		.assigned = sa->assigned ? sa->assigned->addr : NULL,
	};
	return true;
}

static bool negotiated_next(const struct ike *ike, uint64_t after, struct child_info *ret)
{
	const struct child_sa *child = roster_after(&ike->children, after);

	if (!child)
		return false;
	*ret = (struct child_info){
		.serial = child->serial,
		.parent = child->sa->serial,
		.connection = child->loaded,
		.state = child_state_name(child),
		.spi_in = child->spi_in,
		.spi_out = child->spi_out,
		.reqid = child->reqid,
		.processor = child->processor,
		.suite = child->chosen,
		.ts_local = &child->ts_local,
		.ts_remote = &child->ts_remote,
		.local = child->sa->local,
		.remote = child->sa->remote,
		.encap = child->encap,
		.assigned = child->sa->assigned ? child->sa->assigned->addr : NULL,
		.established_at = child->established_at,
		.rekey_at = child->at[CT_REKEY],
		.expire_at = child->at[CT_EXPIRE],
	};
	return true;
}

static const char *const sa_events[SA_TIMERS] = {
	[T_RETRANSMIT] = "EVENT_RETRANSMIT",     [T_END] = "EVENT_SO_DISCARD",
	[T_REKEY] = "EVENT_SA_REPLACE",          [T_EXPIRE] = "EVENT_SA_EXPIRE",
	[T_LIVENESS] = "EVENT_LIVENESS",         [T_ONE_SIDED] = "EVENT_ONE_SIDED",
	[T_KEEPALIVE] = "EVENT_NAT_T_KEEPALIVE", [T_GATHER] = "EVENT_FRAGMENTS",
};

static const char *const child_events[CHILD_TIMERS] = {
	[CT_REKEY] = "EVENT_SA_REPLACE",  [CT_EXPIRE] = "EVENT_SA_EXPIRE",
	[CT_OUTBOUND] = "EVENT_OUTBOUND", [CT_REDUNDANT] = "EVENT_REDUNDANT",
	[CT_ORPHANED] = "EVENT_ORPHANED", [CT_CLONES] = "EVENT_CLONES",
};

bool ike_event(const struct ike *ike, uint64_t serial, size_t nth, struct ike_event *ret)
{
	const struct ike_sa *sa = sa_by_serial(ike, serial);
	const struct child_sa *child = sa ? NULL : child_by_serial(ike, serial);

	if ((!sa && !child) || nth >= (sa ? SA_TIMERS : CHILD_TIMERS))
		return false;
	*ret = sa ? (struct ike_event){sa_events[nth], sa->at[nth]}
		  : (struct ike_event){child_events[nth], child->at[nth]};
	return true;
}

bool ike_child_next(const struct ike *ike, uint64_t after, struct child_info *ret)
{
	struct child_info by_hand;
	bool is_by_hand = manual_next(ike, after, &by_hand);

	if (negotiated_next(ike, after, ret) && (!is_by_hand || ret->serial < by_hand.serial))
		return true;
	if (is_by_hand)
		*ret = by_hand;
	return is_by_hand;
}

bool ike_pending(const struct loaded *l, struct pending_info *ret)
{
	const struct upward *up = l->core;

	if (!up || (!up->asked_sa && !up->gateway))
		return false;
	*ret = (struct pending_info){.serial = up->asked_sa, .looked_up = !up->asked_sa};
	LIST_EACH(w, &up->waiters, struct waiter, on_connection)
		ret->waiters++;
	return true;
}

static size_t octets_of_sa(const struct ike_sa *sa)
{
	size_t n = sizeof(*sa) + sa->window.reply.len + gather_octets(&sa->window);

	if (sa->internal)
		n += sizeof(*sa->internal);
	if (sa->assigned)
		n += sizeof(*sa->assigned);
	if (sa->init)
		n += sizeof(*sa->init) + sa->init->request.len + sa->init->response.len;
	return n;
}

static size_t octets_of_child(const struct child_sa *child)
{
	return sizeof(*child) + 2u * (child->encr_len + child->integ_len) +
	       (child->ts_local.len + child->ts_remote.len) * sizeof(struct ts);
}

struct ike_counts ike_counts(const struct ike *ike)
{
	struct ike_counts n = ike->counts;

	n.octets = 0;
	for (const struct ike_sa *sa = NULL;
	     (sa = roster_after(&ike->sas, sa ? sa->serial : 0));) {
		n.octets += octets_of_sa(sa);
		n.anonymous += sa->state == SA_UP && sa->remote_id &&
			       sa->remote_id->type == ID_TYPE_NULL;
	}
	for (const struct child_sa *c = NULL;
	     (c = roster_after(&ike->children, c ? c->serial : 0));) {
		n.octets += octets_of_child(c);
		n.tunnels += c->state == CHILD_UP && !c->processor;
	}
	for (struct child_info m = {0}; manual_next(ike, m.serial, &m);)
		n.tunnels += m.established_at && m.established_at != NSEC_NEVER;
	return n;
}
