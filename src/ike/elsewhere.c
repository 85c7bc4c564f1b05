/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/elsewhere.h"

#include "ike/child.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/tell.h"

/* The instance that is up for the one peer that is described; NULL: none, or anybody is meant. */
static const struct loaded *standing_for(const struct loaded *l)
{
	const struct ident *who = l->remote_id;

	if (!who || who->type == ID_ANY || who->wildcards)
		return NULL;
	LIST_EACH(i, &l->instances, struct loaded, sibling)
		if (i->remote_id && ident_equal(i->remote_id, who) && children_stand(i))
			return i;
	return NULL;
}

bool elsewhere_puts_off(struct ike *ike, const struct loaded *l)
{
	const struct loaded *i = standing_for(l);
	const struct upward *up = l->core;
	struct about a = about_loaded(l, up ? up->cause : 0);
	char addr[IP_TEXT_MAX];

	if (i)
		tell(ike, &a, REPORT_INFO, RC_LOG, "up-elsewhere", NULL,
		     "its peer is up from %s (%s[%u]): not tried meanwhile",
		     ip_print(&i->remote_addr, addr), i->connection->name, i->instance);
	return i;
}

void elsewhere_lost(struct ike *ike, const struct loaded *instance, enum gone_why why)
{
	struct loaded *l = policy_find(ike->policy, instance->connection->name);
	const struct upward *up = l ? l->core : NULL;

	if (!l || instance->template_of != l || !l->want_up || why == GONE_QUIETLY ||
	    ike->stopping || children_stand(l) || l->retry_at != NSEC_NEVER ||
	    (up && up->asked_sa) || standing_for(l))
		return;
	if (policy_failed(ike->policy, l, ike->now, why != GONE_PEER))
		explain_retry(ike, l);
}
