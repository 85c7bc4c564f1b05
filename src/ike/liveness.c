/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/liveness.h"

#include "ike/child.h"
#include "ike/core.h"
#include "ike/op.h"
#include "ike/sa.h"

static bool ask_plane(struct child_sa *child, enum sa_dir dir, enum op_for purpose)
{
	struct ike *ike = child->ike;
	uint32_t op = op_new(ike, purpose, child, &child->ops);
	struct action *a = op ? actions_add(ike->out, ACT_SA_QUERY) : NULL;

	if (!a)
		return false;
	a->op = op;
	a->sa_ref = child_ref(child, dir);
	return true;
}

static bool ask_planes(struct ike_sa *sa)
{
	bool asked = false;

	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		if (child->installed & CHILD_IN)
			asked |= ask_plane(child, SA_IN, OP_LIVENESS_QUERY);
	return asked;
}

void liveness_check(struct ike_sa *sa)
{
	struct task t = {.kind = EX_LIVENESS, .cause = sa->cause};

	if (sa->state != SA_UP)
		return;
	/* A request that is open asks the same question already. */
	if (sa->window.ours && sa->window.ours->phase == PHASE_SENT) {
		timers_sa_asked(sa);
		return;
	}
	if (!sa->plane_asked && ask_planes(sa)) {
		sa->plane_asked = true;
		timers_sa_plane_asked(sa);
		return;
	}
	sa->plane_asked = false;
	timers_sa_asked(sa);
	if (task_add(sa, &t))
		sa->ike->out->bad = true;
	else
		sa->ike->tally.liveness_sent++;
}

/* Without dpddelay: any packet since the last look; some planes do not tell when it came. */
static bool has_moved(uint64_t *seen, const struct answer *a)
{
	bool moved = !a->err && a->counters.packets != *seen;

	if (moved)
		*seen = a->counters.packets;
	return moved;
}

void liveness_counted(struct child_sa *child, const struct answer *a)
{
	struct ike_sa *sa = child->sa;
	nsec last = a->err ? 0 : a->counters.last_used, every = sa->version->dpd_delay;
	bool moved = has_moved(&child->packets_in, a);

	if (!sa->plane_asked || (every ? !last || last + every <= sa->ike->now : !moved))
		return;
	sa->plane_asked = false;
	timers_sa_heard_esp(sa, last);
}

/* ---- packets leave, and does anything come? ---- */

void liveness_look(struct ike_sa *sa)
{
	if (sa->state != SA_UP)
		return;
	timers_sa_looked(sa, false);
	LIST_EACH(child, &sa->children, struct child_sa, of_sa)
		if (child->installed & CHILD_OUT)
			(void)ask_plane(child, SA_OUT, OP_SENT_QUERY);
}

void liveness_sent(struct child_sa *child, const struct answer *a)
{
	struct ike_sa *sa = child->sa;

	if (!has_moved(&child->packets_out, a) || sa->state != SA_UP)
		return;
	timers_sa_looked(sa, true);
	if (!sa->plane_asked)
		liveness_check(sa);
}

/* ---- rekey=no ---- */

void liveness_ask_use(struct child_sa *child)
{
	if (child->installed & CHILD_IN && !ask_plane(child, SA_IN, OP_USE_QUERY))
		timers_child_rekey_later(child);
	if (child->installed & CHILD_OUT && !ask_plane(child, SA_OUT, OP_USE_QUERY))
		timers_child_rekey_later(child);
}

/* Used within the margin, as Openswan asks of a connection that is not to be rekeyed. */
void liveness_used(struct child_sa *child, const struct answer *a)
{
	struct task t = {.kind = EX_REKEY_CHILD, .child = child->serial, .cause = child->cause};
	nsec last = a->err ? 0 : a->counters.last_used;

	if (!last || last + child->version->rekey_margin <= child->ike->now)
		return;
	if (child->state == CHILD_UP && task_add(child->sa, &t) == CYG_NOMEM)
		timers_child_rekey_later(child);
}
