/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/leftover.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

/* Each is named to the kernel by its scope, too. */
struct left_state {
	struct xfrm_usersa_id id;
	struct packet_scope scope;
};

struct left_policy {
	struct xfrm_userpolicy_id id;
	struct xfrm_pair pair;
	struct packet_scope scope;
	bool passes;
};

/* ---- finding ---- */

static void note_reqid(struct xfrm_left *l, uint32_t reqid)
{
	if (reqid > l->reqid_last)
		l->reqid_last = reqid;
}

/*
 * A packet that met a policy has made a state without a number, which ends by itself. Whose it
 * is nobody can tell; where it is ours its reqid is one of ours, too.
 */
static bool is_larval(const struct xfrm_usersa_info *info)
{
	return !info->id.spi;
}

int xfrm_left_hear_state(const struct nlmsghdr *m, void *left)
{
	struct xfrm_left *l = left;
	struct left_state *more;
	struct xfrm_usersa_info info;

	if (m->nlmsg_type != XFRM_MSG_NEWSA || !netlink_record(m, &info, sizeof(info)))
		return MNL_CB_OK;
	if (is_larval(&info) || xfrm_is_ours(info.seq))
		note_reqid(l, info.reqid);
	if (!xfrm_is_ours(info.seq) || is_larval(&info))
		return MNL_CB_OK;
	more = array_grow(l->states, l->states_len, &l->states_cap, sizeof(*more));
	if (!more)
		return MNL_CB_ERROR;
	l->states = more;
	l->states[l->states_len++] = (struct left_state){
		.id = {.daddr = info.id.daddr,
		       .spi = info.id.spi,
		       .family = info.family,
		       .proto = info.id.proto},
		.scope = message_scope_of(m, sizeof(info)),
	};
	return MNL_CB_OK;
}

/* Whether it says how packets are to be transformed; *ret is the first way, or zeroes. */
static bool find_template(const struct nlmsghdr *m, struct xfrm_user_tmpl *ret)
{
	const struct nlattr *at[XFRMA_TMPL + 1];

	*ret = (struct xfrm_user_tmpl){0};
	netlink_attrs(m, sizeof(struct xfrm_userpolicy_info), at, XFRMA_TMPL);
	if (!at[XFRMA_TMPL])
		return false;
	if (mnl_attr_get_payload_len(at[XFRMA_TMPL]) >= sizeof(*ret))
		memcpy(ret, mnl_attr_get_payload(at[XFRMA_TMPL]), sizeof(*ret));
	return true;
}

int xfrm_left_hear_policy(const struct nlmsghdr *m, void *left)
{
	struct xfrm_left *l = left;
	struct xfrm_user_tmpl way;
	bool has_way;
	struct xfrm_userpolicy_info info;
	struct left_policy p = {0}, *more;

	if (m->nlmsg_type != XFRM_MSG_NEWPOLICY || !netlink_record(m, &info, sizeof(info)) ||
	    !xfrm_is_ours(info.index) || !message_pair_of(&info.sel, info.dir, &p.pair))
		return MNL_CB_OK;
	more = array_grow(l->all, l->len, &l->cap, sizeof(*more));
	if (!more)
		return MNL_CB_ERROR;
	l->all = more;
	has_way = find_template(m, &way);
	note_reqid(l, way.reqid);
	if (message_number_of(info.index) >= l->number_next)
		l->number_next = message_number_of(info.index) + 1;
	p.id = (struct xfrm_userpolicy_id){.index = info.index, .dir = info.dir};
	p.scope = message_scope_of(m, sizeof(info));
	p.passes = info.action == XFRM_POLICY_ALLOW && !has_way;
	l->all[l->len++] = p;
	return MNL_CB_OK;
}

static void restart_states(void *ctx)
{
	((struct xfrm_left *)ctx)->states_len = 0;
}

static void restart_policies(void *ctx)
{
	((struct xfrm_left *)ctx)->len = 0;
}

static enum cyg_err list(struct netlink *nl, uint16_t type, const struct netlink_dump *dump,
			 struct diag *why)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, type, 0);

	return netlink_ask_all(nl, m, dump, why);
}

/* ---- removing ---- */

struct removing {
	struct netlink_batch batch;
	enum cyg_err err; /* the first */
	struct diag *why;
};

/* What has gone meanwhile need not be removed. */
static void take_answer(void *ctx, size_t at, enum cyg_err err, const struct diag *why)
{
	struct removing *r = ctx;

	if (!err || err == CYG_NOTFOUND || r->err)
		return;
	r->err = err;
	if (r->why)
		*r->why = *why;
}

static enum cyg_err begin(struct removing *r, struct netlink *nl, struct diag *why)
{
	enum cyg_err err = netlink_batch_begin(&r->batch, nl,
					       "remove what an earlier run left");

	r->batch.answer = take_answer;
	r->batch.ctx = r;
	r->err = CYG_OK;
	r->why = why;
	return err;
}

static void remove_one(struct removing *r, uint16_t type, const void *id, size_t len,
		       const struct packet_scope *scope)
{
	struct netlink_request storage;
	struct nlmsghdr *m = netlink_begin(&storage, type, 0);

	memcpy(mnl_nlmsg_put_extra_header(m, len), id, len);
	message_put_scope(m, scope);
	netlink_batch_add(&r->batch, m);
}

static enum cyg_err remove_states(struct xfrm_left *l, struct netlink *nl, unsigned *ret_found,
				  struct diag *why)
{
	struct removing r;
	enum cyg_err err = list(nl, XFRM_MSG_GETSA,
				&(struct netlink_dump){xfrm_left_hear_state, restart_states, l},
				why);

	if (!err)
		err = begin(&r, nl, why);
	if (!err) {
		for (size_t i = 0; i < l->states_len; i++)
			remove_one(&r, XFRM_MSG_DELSA, &l->states[i].id,
				   sizeof(l->states[i].id), &l->states[i].scope);
		netlink_batch_end(&r.batch);
		err = r.err;
	}
	*ret_found = (unsigned)l->states_len;
	free(l->states);
	l->states = NULL;
	l->states_len = l->states_cap = 0;
	return err;
}

/* Remove those that go; the others stay in the list. The first failure ends nothing. */
static enum cyg_err remove_policies(struct xfrm_left *l, struct netlink *nl,
				    bool (*goes)(const struct xfrm_spd *spd,
						 const struct left_policy *p),
				    const struct xfrm_spd *spd, struct diag *why)
{
	struct removing r;
	size_t kept = 0;
	enum cyg_err err = begin(&r, nl, why);

	if (err)
		return err;
	for (size_t i = 0; i < l->len; i++) {
		struct left_policy *p = &l->all[i];

		if (goes(spd, p))
			remove_one(&r, XFRM_MSG_DELPOLICY, &p->id, sizeof(p->id), &p->scope);
		else
			l->all[kept++] = *p;
	}
	l->len = kept;
	netlink_batch_end(&r.batch);
	return r.err;
}

static bool lets_pass(const struct xfrm_spd *spd, const struct left_policy *p)
{
	return p->passes;
}

/* An entry that took the place of one that was left took its index, too. */
static bool is_nobodys(const struct xfrm_spd *spd, const struct left_policy *p)
{
	return !xfrm_spd_owner(spd, &p->pair, p->id.dir, &p->scope);
}

static bool is_left(const struct xfrm_spd *spd, const struct left_policy *p)
{
	return true;
}

/* ---- what others call ---- */

enum cyg_err xfrm_left_inherit(struct netlink *nl, struct xfrm_left *ret, struct diag *why)
{
	struct xfrm_left l = {0};
	unsigned states;
	enum cyg_err err =
		list(nl, XFRM_MSG_GETPOLICY,
		     &(struct netlink_dump){xfrm_left_hear_policy, restart_policies, &l}, why);

	if (!err)
		err = remove_states(&l, nl, &states, why);
	if (!err)
		err = remove_policies(&l, nl, lets_pass, NULL, why);
	if (err)
		xfrm_left_done(&l);
	*ret = l;
	return err;
}

enum cyg_err xfrm_left_settle(struct xfrm_left *l, struct netlink *nl,
			      const struct xfrm_spd *spd, struct diag *why)
{
	enum cyg_err err = remove_policies(l, nl, is_nobodys, spd, why);

	xfrm_left_done(l);
	return err;
}

void xfrm_left_clear(struct xfrm_left *l, struct netlink *nl)
{
	enum cyg_err unused = remove_policies(l, nl, is_left, NULL, NULL);

	(void)unused;
	xfrm_left_done(l);
}

void xfrm_left_done(struct xfrm_left *l)
{
	free(l->all);
	free(l->states);
	*l = (struct xfrm_left){0};
}

enum cyg_err xfrm_left_remove(struct netlink *nl, unsigned *ret_found, struct diag *why)
{
	struct xfrm_left l = {0};
	unsigned states = 0;
	size_t policies;
	enum cyg_err err =
		list(nl, XFRM_MSG_GETPOLICY,
		     &(struct netlink_dump){xfrm_left_hear_policy, restart_policies, &l}, why);

	policies = l.len;
	if (!err)
		err = remove_states(&l, nl, &states, why);
	if (!err)
		err = remove_policies(&l, nl, is_left, NULL, why);
	xfrm_left_done(&l);
	if (!err)
		*ret_found = states + (unsigned)policies;
	return err;
}
