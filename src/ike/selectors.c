/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/selectors.h"

#include "conn/internal.h"
#include "ike/core.h"

void both_ts_done(struct both_ts *b)
{
	ts_set_done(&b->local);
	ts_set_done(&b->remote);
}

/* Of each selector only the address of its family, if it has that. */
static enum cyg_err only(const struct ts_set *set, const struct ip_addr addr[2],
			 struct ts_set *ret)
{
	struct ts_set s = {0};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < set->len && !err; i++) {
		struct ts t = set->items[i];
		const struct ip_addr *a = &addr[internal_slot(t.range.first.family)];

		if (!ip_is_set(a) || !range_has(&t.range, a))
			continue;
		t.range = (struct ip_range){*a, *a};
		err = ts_set_add(&s, &t);
	}
	if (err)
		ts_set_done(&s);
	else
		*ret = s;
	return err;
}

static bool is_given(const struct ike_sa *sa, const struct loaded *l)
{
	return sa->internal && l->local >= 0 && connection_is_internal(l->connection, l->local);
}

static enum cyg_err own(const struct ike_sa *sa, const struct loaded *l,
			const struct ts_set *set, struct ts_set *ret)
{
	return is_given(sa, l) ? only(set, sa->internal->addr, ret) : ts_set_copy(ret, set);
}

enum cyg_err selectors_of(const struct ike_sa *sa, const struct loaded *l, struct both_ts *ret)
{
	struct both_ts b = {0};
	enum cyg_err err = own(sa, l, &l->ts_local, &b.local);

	if (!err)
		err = ts_set_copy(&b.remote, &l->ts_remote);
	if (err)
		both_ts_done(&b);
	else
		*ret = b;
	return err;
}

enum cyg_err selectors_narrow_own(const struct ike_sa *sa, const struct loaded *l,
				  struct ts_set *local)
{
	struct ts_set narrow;
	enum cyg_err err = own(sa, l, local, &narrow);

	if (err)
		return err;
	ts_set_done(local);
	*local = narrow;
	return CYG_OK;
}
