/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/close.h"

#include "ike/child.h"
#include "ike/core.h"
#include "ike/lost.h"
#include "ike/tell.h"
#include "ike/up.h"

/* Nothing wants it up any more. */
static void stop_wanting(struct ike *ike, struct loaded *l)
{
	l->want_up = false;
	policy_came_up(ike->policy, l); /* no try is due any more */
	up_give_up(ike, l, "it was taken down");
}

static struct child_sa *first_up(struct loaded *l)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state == CHILD_UP)
			return child;
	return NULL;
}

/* The SA that is its own, else one that carries a child of it. */
static struct ike_sa *first_sa(struct loaded *l)
{
	struct child_sa *child = first_up(l);

	LIST_EACH(sa, &l->ike_sas, struct ike_sa, on_connection)
		if (sa_is_up(sa))
			return sa;
	return child && sa_is_up(child->sa) ? child->sa : NULL;
}

/* Each one that is closed is up no longer, so that the next is another. */
static unsigned close_its_sas(struct loaded *l)
{
	struct ike_sa *sa;
	unsigned n = 0;

	for (; (sa = first_sa(l)); n++)
		sa_remove(sa);
	return n;
}

static unsigned close_its_children(struct loaded *l, bool down)
{
	struct child_sa *child;
	unsigned n = 0;

	for (; (child = first_up(l)); n++)
		child_close(child, down ? GONE_QUIETLY : GONE_PEER);
	return n;
}

/* One connection, pinned so that it outlives its last SA. */
static unsigned close_one(struct ike *ike, struct loaded *l, bool sas, bool down)
{
	struct upward *up = up_of(l);
	unsigned n;

	if (!up)
		return 0;
	up->pinned = true;
	if (down)
		stop_wanting(ike, l);
	n = sas ? close_its_sas(l) : close_its_children(l, down);
	up->pinned = false;
	up_release(ike, l);
	return n;
}

static uint16_t close_all(struct ike *ike, struct loaded *l, bool sas, bool down,
			  uint64_t cause)
{
	struct about a = about_loaded(l, cause);
	unsigned n = 0;

	LIST_EACH(instance, &l->instances, struct loaded, sibling)
		n += close_one(ike, instance, sas, down);
	n += close_one(ike, l, sas, down);
	if (n) {
		tell(ike, &a, REPORT_INFO, RC_LOG, "closing", NULL, "deleting %u %s SA%s", n,
		     sas ? "IKE" : "IPsec", n == 1 ? "" : "s");
		return RC_COMMENT;
	}
	tell(ike, &a, REPORT_ERROR, RC_LOG_SERIOUS, "not-up", NULL,
	     "there is no %s SA to delete", sas ? "IKE" : "IPsec");
	return RC_LOG_SERIOUS;
}

uint16_t close_ike(struct ike *ike, struct loaded *l, bool down, uint64_t cause)
{
	return close_all(ike, l, true, down, cause);
}

uint16_t close_children(struct ike *ike, struct loaded *l, bool down, uint64_t cause)
{
	return close_all(ike, l, false, down, cause);
}
