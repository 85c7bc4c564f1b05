/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/due.h"

#include "ike/clone.h"
#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/crossing.h"
#include "ike/elsewhere.h"
#include "ike/explain.h"
#include "ike/gather.h"
#include "ike/install.h"
#include "ike/liveness.h"
#include "ike/lost.h"
#include "ike/remainder.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/v2/informational.h"

/* ---- IKE SAs ---- */

/* The time of a state is over: half-open, refused, superseded or gone. */
static void end(struct ike_sa *sa)
{
	switch (sa->state) {
	case SA_I1:
		sa_lost(sa, LOST_TOLD); /* the refusal was explained when it came */
		return;
	case SA_R1:
	case SA_R1_EAP:
		explain_half_open(sa);
		sa_drop(sa, GONE_QUIETLY);
		return;
	case SA_REKEYED:
		/*
		 * RFC 7296 2.25.2: a peer may forget what it began, and then not know what
		 * to delete.
		 */
		if (sa->in_vain)
			sa_drop(sa, GONE_QUIETLY);
		else
			sa_close(sa);
		return;
	default:
		sa_drop(sa, GONE_QUIETLY);
		return;
	}
}

static void expire(struct ike_sa *sa)
{
	struct about a = about_sa(sa);

	tell(sa->ike, &a, REPORT_NOTICE, RC_LOG, "ike-expired", NULL,
	     "the IKE SA has reached its lifetime");
	sa_expire(sa);
}

static void rekey(struct ike_sa *sa)
{
	struct task t = {.kind = EX_REKEY_IKE, .cause = sa->cause};

	if (task_add(sa, &t) == CYG_NOMEM)
		timers_sa_rekey_later(sa);
}

/* RFC 3948 4: one octet that keeps the NAT's mapping; the host sends it without marker. */
static void keep_alive(struct ike_sa *sa)
{
	static const uint8_t keepalive = 0xff;

	sa_transmit(sa, view_of(&keepalive, 1));
}

void due_sa(struct ike_sa *sa, enum sa_timer which)
{
	switch (which) {
	case T_RETRANSMIT:
		exchange_retransmit(sa);
		return;
	case T_END:
		end(sa);
		return;
	case T_REKEY:
		rekey(sa);
		return;
	case T_EXPIRE:
		expire(sa);
		return;
	case T_LIVENESS:
		liveness_check(sa);
		return;
	case T_ONE_SIDED:
		liveness_look(sa);
		return;
	case T_GATHER:
		gather_drop(&sa->window, false);
		gather_drop(&sa->window, true);
		return;
	default:
		keep_alive(sa);
		return;
	}
}

/* ---- children ---- */

void due_child(struct child_sa *child, enum child_timer which)
{
	struct task t = {.kind = EX_REKEY_CHILD, .child = child->serial, .cause = child->cause};
	struct ike_sa *sa = child->sa;

	switch (which) {
	case CT_REKEY:
		if (!child->version->rekey && child->initiator)
			liveness_ask_use(child);
		else if (child->version->rekey && child->state == CHILD_UP &&
			 task_add(child->sa, &t) == CYG_NOMEM)
			timers_child_rekey_later(child);
		return;
	case CT_OUTBOUND:
		install_outbound(child);
		return;
	case CT_REDUNDANT:
		crossing_due(child);
		return;
	case CT_ORPHANED:
		clone_due(child);
		return;
	case CT_CLONES:
		if (child->loaded)
			clone_changed(child->ike, child->loaded);
		return;
	default:
		if (child->state == CHILD_DRAINING) {
			child_gone(child, GONE_QUIETLY);
			sa_child_gone(sa);
			return;
		}
		explain_child_down(child, child->state == CHILD_REKEYED
						  ? "the peer did not delete what it replaced"
						  : "its lifetime is over");
		child_close(child, GONE_EXPIRED);
		return;
	}
}

/* ---- the rest ---- */

void due_command(struct command_wait *w)
{
	command_timeout(w);
}

void due_retry(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;
	uint16_t code;

	if (children_stand(l)) {
		remainder_come_back(ike, l);
		return;
	}
	if (!l->want_up) {
		up_come_back(ike, l);
		return;
	}
	if (elsewhere_puts_off(ike, l))
		return;
	code = up_begin(ike, l, up ? up->cause : 0);
	if (code)
		up_failed(ike, l, code);
}
