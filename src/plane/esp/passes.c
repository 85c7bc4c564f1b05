/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/passes.h"

#include <stdlib.h>
#include <uthash.h>

struct pass_owner {
	uint32_t id;
	size_t len;
	UT_hash_handle hh;
	struct firewall_pass pairs[];
};

static struct pass_owner *owner_new(const struct plane_policy *policy)
{
	size_t most = policy->ts_local.len * policy->ts_remote.len;
	struct pass_owner *o = calloc(1, sizeof(*o) + most * sizeof(o->pairs[0]));

	if (!o)
		return NULL;
	o->id = policy->id;
	for (size_t i = 0; i < policy->ts_local.len; i++) {
		for (size_t j = 0; j < policy->ts_remote.len; j++) {
			struct firewall_pass pair = {selector_of(&policy->ts_local.items[i]),
						     selector_of(&policy->ts_remote.items[j])};

			if (pair.local.family == pair.remote.family)
				o->pairs[o->len++] = pair;
		}
	}
	return o;
}

static struct pass_owner *find_owner(const struct passes *p, uint32_t id)
{
	struct pass_owner *o;

	HASH_FIND_INT(p->owners, &id, o);
	return o;
}

static bool remove_owner(struct passes *p, struct pass_owner *o)
{
	if (!o)
		return false;
	HASH_DEL(p->owners, o);
	free(o);
	return true;
}

bool passes_remove(struct passes *p, uint32_t id)
{
	return remove_owner(p, find_owner(p, id));
}

enum cyg_err passes_begin(struct passes *p, const struct plane_policy *policy,
			  struct passes_change *ret)
{
	struct passes_change c = {.old = find_owner(p, policy->id)};

	if (policy->kind == POLICY_PASS) {
		c.fresh = owner_new(policy);
		if (!c.fresh)
			return CYG_NOMEM;
		HASH_ADD_INT(p->owners, id, c.fresh);
		if (!c.fresh->hh.tbl) {
			free(c.fresh);
			return CYG_NOMEM;
		}
	}
	*ret = c;
	return CYG_OK;
}

bool passes_end(struct passes *p, const struct passes_change *c, bool keep)
{
	bool removed = remove_owner(p, keep ? c->old : c->fresh);

	return keep && (removed || c->fresh);
}

enum cyg_err passes_list(struct passes *p)
{
	size_t len = 0, n = 0;
	struct firewall_pass *all;

	for (const struct pass_owner *o = p->owners; o; o = o->hh.next)
		len += o->len;
	all = reallocarray(p->all, len + 1, sizeof(*all));
	if (!all)
		return CYG_NOMEM;
	for (const struct pass_owner *o = p->owners; o; o = o->hh.next)
		for (size_t i = 0; i < o->len; i++)
			all[n++] = o->pairs[i];
	p->all = all;
	p->len = n;
	return CYG_OK;
}

void passes_done(struct passes *p)
{
	struct pass_owner *o, *next;

	HASH_ITER(hh, p->owners, o, next) {
		HASH_DEL(p->owners, o);
		free(o);
	}
	free(p->all);
	*p = (struct passes){0};
}
