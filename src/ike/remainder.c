/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/remainder.h"

#include "conn/internal.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/sa.h"
#include "ike/up.h"

#include <stdlib.h>

#define REFUSED_TIME (60 * NSEC_PER_SEC)
#define TELL_AGAIN_TIME (5 * NSEC_PER_SEC)
#define TELL_SOON_TIME (NSEC_PER_SEC / 5) /* where nothing was refused */
#define REFUSED_MAX 8 /* pairs; while so many are refused no other one is asked for */

struct remainder {
	struct {
		struct ts local, remote; /* of the connection, that hold a packet */
		nsec until;
	} refused[REFUSED_MAX];
};

static const struct ts *item_of(const struct ts_set *set, const struct ts *packet)
{
	for (size_t i = 0; i < set->len; i++)
		if (ts_contains(&set->items[i], packet))
			return &set->items[i];
	return NULL;
}

static bool is_carried(const struct loaded *l, const struct ts *local, const struct ts *remote)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state == CHILD_UP && item_of(&child->ts_local, local) &&
		    item_of(&child->ts_remote, remote))
			return true;
	return false;
}

/* Neither refused of late, nor are there too many that are. */
static bool may_ask(const struct ike *ike, const struct remainder *r, const struct ts *local,
		    const struct ts *remote)
{
	size_t waiting = 0;

	for (size_t i = 0; r && i < REFUSED_MAX; i++) {
		if (r->refused[i].until <= ike->now)
			continue;
		waiting++;
		if (ts_equal(&r->refused[i].local, local) &&
		    ts_equal(&r->refused[i].remote, remote))
			return false;
	}
	return waiting < REFUSED_MAX;
}

static struct ike_sa *first_sa(const struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state == CHILD_UP && !child->sa->redundant && sa_is_up(child->sa))
			return child->sa;
	return NULL;
}

static bool ask(struct ike *ike, struct loaded *l, const struct ts *local,
		const struct ts *remote)
{
	const struct ts *ours = item_of(&l->ts_local, local),
			*theirs = item_of(&l->ts_remote, remote);
	struct ike_sa *sa = first_sa(l);
	struct upward *up = up_of(l);

	if (!ours || !theirs || !sa || !up || !may_ask(ike, up->remainder, ours, theirs))
		return false;
	up->cause = 0;
	up->packet = up->partial = true;
	up->packet_local = *local;
	up->packet_remote = *remote;
	if (!up_ask_child(sa, l, 0))
		return true;
	up->packet = up->partial = false;
	return false;
}

void remainder_changed(struct ike *ike, struct loaded *l)
{
	policy_come_back(ike->policy, l, ike->now + TELL_SOON_TIME);
}

void remainder_acquire(struct ike *ike, struct loaded *l, const struct ts *local,
		       const struct ts *remote)
{
	const struct upward *up = l->core;

	if (l->by_hand || l->connection->clones || connection_is_open(l->connection) ||
	    ike->stopping)
		return;
	if ((up && (sa_by_serial(ike, up->asked_sa) || up->gateway)) ||
	    is_carried(l, local, remote))
		remainder_changed(ike, l);
	else if (!ask(ike, l, local, remote))
		policy_come_back(ike->policy, l, ike->now + TELL_AGAIN_TIME);
}

bool remainder_is_met(const struct exchange *x, struct diag *why)
{
	const struct child_sa *child = x->child;
	const struct upward *up = child->loaded ? child->loaded->core : NULL;
	char local[256], remote[256];

	if (x->kind != EX_NEW_CHILD || !up || !up->partial ||
	    (item_of(&child->ts_local, &up->packet_local) &&
	     item_of(&child->ts_remote, &up->packet_remote)))
		return true;
	diag_set(
		why, "ts-unacceptable", "RFC 7296 2.9",
		"the peer answers with selectors that leave out the packet that they are asked for");
	diag_wanted(why, "%s === %s among them",
		    ts_print(&up->packet_local, local, sizeof(local)),
		    ts_print(&up->packet_remote, remote, sizeof(remote)));
	diag_got(why, "%s === %s", ts_set_print(&child->ts_local, local, sizeof(local)),
		 ts_set_print(&child->ts_remote, remote, sizeof(remote)));
	diag_hint(why,
		  "make leftsubnet and rightsubnet of both ends describe the same networks");
	return false;
}

void remainder_refused(struct ike *ike, struct loaded *l)
{
	struct upward *up = l->core;
	const struct ts *local = item_of(&l->ts_local, &up->packet_local),
			*remote = item_of(&l->ts_remote, &up->packet_remote);
	struct remainder *r = up->remainder;

	policy_come_back(ike->policy, l, ike->now + TELL_AGAIN_TIME);
	if (!r)
		r = up->remainder = calloc(1, sizeof(*r));
	for (size_t i = 0; r && local && remote && i < REFUSED_MAX; i++) {
		if (r->refused[i].until > ike->now)
			continue;
		r->refused[i].local = *local;
		r->refused[i].remote = *remote;
		r->refused[i].until = ike->now + REFUSED_TIME;
		return;
	}
}

void remainder_come_back(struct ike *ike, struct loaded *l)
{
	if (l->spd == SPD_PROTECT && l->routed && (!l->core || !up_of(l)->asked_sa))
		policy_set_spd(ike->policy, l, SPD_PROTECT, 0, ike->out);
}
