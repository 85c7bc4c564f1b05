/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/selectors.h"

#include "conn/internal.h"
#include "ike/child.h"
#include "ike/core.h"
#include "policy/pool.h"

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

static const struct ip_addr none[2];

/* An initiator that was given nothing yet offers anything; a responder has to ask by itself. */
static enum cyg_err own(const struct ike_sa *sa, const struct loaded *l,
			const struct ts_set *set, struct ts_set *ret)
{
	if (l->local < 0 || !connection_is_internal(l->connection, l->local) ||
	    (!sa->internal && sa->initiator))
		return ts_set_copy(ret, set);
	return only(set, sa->internal ? sa->internal->addr : none, ret);
}

/* Networks of the peer's end that have addresses of its pool stand for the one that it has. */
static enum cyg_err but_pools(const struct ike_sa *sa, const struct loaded *l,
			      const struct ip_addr addr[2], struct ts_set *ret)
{
	const struct policy *p = sa->ike->policy;
	struct ts_set s = {0}, mine = {0};
	enum cyg_err err = only(&l->ts_remote, addr, &mine);

	for (size_t i = 0; i < l->ts_remote.len && !err; i++)
		if (!policy_pool_meets(p, l->connection, !l->local,
				       &l->ts_remote.items[i].range))
			err = ts_set_add(&s, &l->ts_remote.items[i]);
	for (size_t i = 0; i < mine.len && !err; i++)
		err = ts_set_add(&s, &mine.items[i]);
	ts_set_done(&mine);
	if (err)
		ts_set_done(&s);
	else
		*ret = s;
	return err;
}

static bool is_virtual(const struct loaded *l)
{
	return l->local >= 0 && l->connection->end[!l->local].virtual;
}

/* What the peer has claimed before: that of a child which stands. */
static enum cyg_err claimed(const struct loaded *l, struct ts_set *ret)
{
	LIST_EACH(child, &l->children, struct child_sa, on_connection)
		if (child->state != CHILD_LARVAL)
			return ts_set_copy(ret, &child->ts_remote);
	*ret = (struct ts_set){0};
	return CYG_OK;
}

static enum cyg_err claim(const struct ike_sa *sa, const struct loaded *l,
			  const struct ts_set *offered, struct ts_set *ret)
{
	struct ts_set s = {0};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < offered->len && !err; i++)
		if (policy_virtual_allows(sa->ike->policy, l, &sa->remote.addr,
					  &offered->items[i].range))
			err = ts_set_add(&s, &offered->items[i]);
	if (err)
		ts_set_done(&s);
	else
		*ret = s;
	return err;
}

static enum cyg_err peers(const struct ike_sa *sa, const struct loaded *l, struct ts_set *ret)
{
	const struct ip_addr *addr = sa->assigned ? sa->assigned->addr : none;
	const struct connection *c = l->connection;

	if (l->local < 0)
		return ts_set_copy(ret, &l->ts_remote);
	if (is_virtual(l))
		return claimed(l, ret);
	if (connection_is_internal(c, !l->local))
		return only(&l->ts_remote, addr, ret);
	if (end_has_pool(&c->end[!l->local]))
		return but_pools(sa, l, addr, ret);
	return ts_set_copy(ret, &l->ts_remote);
}

bool selectors_lack_address(const struct ike_sa *sa, const struct loaded *l)
{
	return l->local >= 0 && !sa->assigned &&
	       connection_is_internal(l->connection, !l->local);
}

static bool has_family(const struct ts_set *s, uint8_t family)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->items[i].range.first.family == family)
			return true;
	return false;
}

static void keep_families(struct ts_set *s, const struct ts_set *of)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->len; i++)
		if (has_family(of, s->items[i].range.first.family))
			s->items[kept++] = s->items[i];
	s->len = kept;
}

static void pair_families(struct both_ts *b)
{
	keep_families(&b->local, &b->remote);
	keep_families(&b->remote, &b->local);
}

static bool some_end_is_internal(const struct loaded *l)
{
	return connection_is_internal(l->connection, 0) ||
	       connection_is_internal(l->connection, 1);
}

enum cyg_err selectors_of(const struct ike_sa *sa, const struct loaded *l, struct both_ts *ret)
{
	struct both_ts b = {0};
	enum cyg_err err = own(sa, l, &l->ts_local, &b.local);

	if (!err)
		err = peers(sa, l, &b.remote);
	if (err) {
		both_ts_done(&b);
		return err;
	}
	if (some_end_is_internal(l))
		pair_families(&b);
	*ret = b;
	return CYG_OK;
}

enum cyg_err selectors_for_offer(const struct ike_sa *sa, const struct loaded *l,
				 const struct both_ts *offered, struct both_ts *ret)
{
	struct ts_set theirs;
	enum cyg_err err = selectors_of(sa, l, ret);

	if (err || !is_virtual(l))
		return err;
	err = claim(sa, l, &offered->remote, &theirs);
	ts_set_done(&ret->remote);
	if (err)
		both_ts_done(ret);
	else
		ret->remote = theirs;
	return err;
}

enum cyg_err selectors_narrow_own(const struct ike_sa *sa, const struct loaded *l,
				  struct both_ts *answer)
{
	struct ts_set narrow;
	enum cyg_err err = own(sa, l, &answer->local, &narrow);

	if (err)
		return err;
	ts_set_done(&answer->local);
	answer->local = narrow;
	if (some_end_is_internal(l))
		pair_families(answer);
	return CYG_OK;
}
