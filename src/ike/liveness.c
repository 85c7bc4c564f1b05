/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/liveness.h"

#include "ike/child.h"
#include "ike/core.h"
#include "ike/op.h"
#include "ike/sa.h"

static bool ask_plane(struct child_sa *child)
{
	struct ike *ike = child->ike;
	uint32_t op = op_new(ike, OP_LIVENESS_QUERY, child, &child->ops);
	struct action *a = op ? actions_add(ike->out, ACT_SA_QUERY) : NULL;

	if (!a)
		return false;
	a->op = op;
	a->sa_ref = (struct sa_ref){
		.dir = SA_IN,
		.protocol = child->chosen.protocol,
		.spi = child->spi_in,
		.realm = child->sa->realm,
		.local = child->sa->local,
		.remote = child->sa->remote,
		.encap = child->encap,
	};
	return true;
}

static bool ask_planes(struct ike_sa *sa)
{
	bool asked = false;

	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		if (child->installed & CHILD_IN)
			asked |= ask_plane(child);
	return asked;
}

void liveness_check(struct ike_sa *sa)
{
	struct task t = {.kind = EX_LIVENESS, .cause = sa->cause};

	if (sa->state != SA_UP)
		return;
	/* A request that is open asks the same question already. */
	if (sa->window.ours && sa->window.ours->phase == PHASE_SENT) {
		timers_sa_heard(sa);
		return;
	}
	if (!sa->plane_asked && ask_planes(sa)) {
		sa->plane_asked = true;
		timers_sa_plane_asked(sa);
		return;
	}
	sa->plane_asked = false;
	timers_sa_heard(sa);
	if (task_add(sa, &t))
		sa->ike->out->bad = true;
}

void liveness_counted(struct ike_sa *sa, const struct answer *a)
{
	nsec last = a->err ? 0 : a->counters.last_used;

	if (!sa->plane_asked || !last || last + sa->version->dpd_delay <= sa->ike->now)
		return;
	sa->plane_asked = false;
	timers_sa_heard_esp(sa, last);
}
