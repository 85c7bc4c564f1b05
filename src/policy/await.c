/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions that have no place yet: neither end is this host now, or the peer's name has no
 * address. The version in force stays until they have one. Their names are looked up as
 * those of the version in force are.
 */
#include "policy/db.h"

bool policy_has_place(const struct policy *p, const struct connection *c)
{
	struct bearing b = bearing_take(p, c);

	return b.local >= 0 &&
	       (c->end[!b.local].host.kind != HOST_NAME || ip_is_set(&b.addr[!b.local]));
}

bool policy_explain_wait(const struct policy *p, const struct connection *c, struct diag *why)
{
	struct diag ends;

	if (policy_has_place(p, c))
		return false;
	diag_clear(&ends);
	if (policy_explain_orientation(p, c, &ends)) {
		diag_set(why, "name-asked", NULL, "the peer's name has no address yet");
		diag_got(why, "%s", ends.got);
	} else {
		*why = ends;
	}
	diag_hint(why, "wait, if that comes by itself; else correct left= or right=, and "
		       "--replace it again");
	return true;
}

enum cyg_err policy_await(struct policy *p, struct loaded *l, struct connection *c)
{
	struct place *pl = place_of(l);
	struct dns_use *uses = NULL;

	if (!dns_use_all(p, pl, c, &uses))
		return CYG_NOMEM;
	policy_await_no_more(p, l);
	pl->awaited = c;
	pl->awaited_uses = uses;
	list_append(&p->awaiting, &pl->of_awaiting);
	return CYG_OK;
}

void policy_await_no_more(struct policy *p, struct loaded *l)
{
	struct place *pl = place_of(l);

	list_remove(&pl->of_awaiting);
	dns_unuse_all(p, pl->awaited_uses);
	connection_unref(pl->awaited);
	pl->awaited_uses = NULL;
	pl->awaited = NULL;
}

struct loaded *policy_find_ready(struct policy *p)
{
	LIST_EACH(pl, &p->awaiting, struct place, of_awaiting)
		if (policy_has_place(p, pl->awaited))
			return &pl->l;
	return NULL;
}

struct connection *policy_awaited(const struct loaded *l)
{
	return place_of(l)->awaited;
}

void policy_doubt_awaited(struct policy *p)
{
	LIST_EACH(pl, &p->awaiting, struct place, of_awaiting)
		dns_doubt(p, pl);
}

bool policy_is_awaiting(const struct policy *p)
{
	return !list_empty(&p->awaiting);
}
