/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core asks for: changes of SAs, policies and routes, each of which is
 * answered before the call returns.
 */
#include "plane/esp/self.h"

static void answer(const struct esp_plane *e, const struct action *a, const struct answer *n)
{
	struct answer whole = *n;

	whole.op = a->op;
	if (a->op && e->plane.host.answer)
		e->plane.host.answer(e->plane.host.ctx, &whole);
	else if (n->err && n->err != CYG_NOTFOUND)
		esp_report(e, "plane-refused", "a change of the data plane failed", n->why);
}

static void answer_err(const struct esp_plane *e, const struct action *a, enum cyg_err err,
		       const struct diag *why)
{
	answer(e, a, &(struct answer){.err = err, .why = diag_is_set(why) ? why : NULL});
}

static void install(struct esp_plane *e, const struct action *a)
{
	struct plane_sa sa = *a->sa;
	struct diag why = {0};
	struct answer n = {0};

	if (sa.replay_window > ESP_REPLAY_WINDOW_MAX)
		sa.replay_window = ESP_REPLAY_WINDOW_MAX;
	n.err = sad_install(&e->sad, &sa, &why);
	n.sa.spi_taken = n.err == CYG_EXISTS;
	n.why = diag_is_set(&why) ? &why : NULL;
	if (!n.err && sa.dir == SA_OUT)
		crew_wake(&e->crew);
	answer(e, a, &n);
}

static void update(struct esp_plane *e, const struct action *a)
{
	enum cyg_err err = a->sa_ref.encap ? sad_update(&e->sad, &a->sa_ref) : CYG_UNSUPPORTED;

	if (!err)
		crew_wake(&e->crew);
	answer_err(e, a, err, NULL);
}

static void query(const struct esp_plane *e, const struct action *a)
{
	const struct esp_sa *sa = sad_find(&e->sad, &a->sa_ref);
	struct answer n = {.err = sa ? CYG_OK : CYG_NOTFOUND};

	if (sa)
		n.counters = sa_counters(sa);
	answer(e, a, &n);
}

/* The lane is there before the SAs that will be in it, which carry what it protects. */
static enum cyg_err begin_in_spd(struct esp_plane *e, const struct plane_policy *p,
				 struct spd_change *ret)
{
	struct lane *lane = lane_take(&e->sad, p->reqid, p->realm);
	enum cyg_err err;

	if (!lane)
		return CYG_NOMEM;
	err = spd_begin(&e->spd, p, lane, ret);
	if (err)
		lane_release(&e->sad, lane);
	return err;
}

/* The firewall says what a branch is for; many that come together cost it one change. */
static void follow_branches(struct esp_plane *e)
{
	uint64_t version;

	steer_branches(e->steer, &version);
	if (version != e->branches_version)
		esp_firewall_is_due(e);
}

static enum cyg_err check_policy(const struct plane_policy *p, struct diag *why)
{
	if (p->mode != MODE_TUNNEL && p->kind == POLICY_PROTECT) {
		diag_set(why, "esp-unsupported", NULL,
			 "the userspace plane has tunnel mode alone");
		return CYG_UNSUPPORTED;
	}
	if (scope_narrows(&p->scope[SA_IN]) || scope_narrows(&p->scope[SA_OUT])) {
		diag_set(why, "esp-unsupported", NULL,
			 "the userspace plane knows neither marks nor interfaces");
		diag_hint(why, "leave " SCOPE_WORDS " out, or write plane=xfrm");
		return CYG_UNSUPPORTED;
	}
	return CYG_OK;
}

/* The firewall says what may come in clear. */
static void follow_passes(struct esp_plane *e, const struct spd_entry *changed)
{
	if (!passes_follow(&e->spd, changed))
		return;
	e->passes_due = true;
	esp_firewall_is_due(e);
}

/* What needs memory comes first, then the kernel, which may refuse; then nothing fails. */
static enum cyg_err set_policy(struct esp_plane *e, const struct plane_policy *p,
			       struct diag *why)
{
	struct spd_change spd = {0};
	enum cyg_err err = check_policy(p, why);

	if (!err)
		err = begin_in_spd(e, p, &spd);
	if (!err)
		err = steer_policy_set(e->steer, p, why);
	if (!err) {
		follow_passes(e, spd.old);
		follow_passes(e, spd.fresh);
	}
	lane_release(&e->sad, spd_end(&e->spd, &spd, !err));
	follow_branches(e);
	if (!err)
		crew_wake(&e->crew);
	return err;
}

static enum cyg_err remove_policy(struct esp_plane *e, uint32_t id)
{
	struct lane *lane;
	enum cyg_err err;

	follow_passes(e, spd_by_id(&e->spd, id));
	err = spd_remove(&e->spd, id, &lane);
	if (!err)
		lane_release(&e->sad, lane);
	steer_policy_remove(e->steer, id);
	follow_branches(e);
	return err;
}

static enum cyg_err set_route(struct esp_plane *e, const struct plane_route *r,
			      struct diag *why)
{
	/* Its exceptions must stand before the route makes the firewall bite. */
	if (e->passes_due)
		esp_firewall_refresh(e);
	return steer_route_set(e->steer, r, why);
}

void esp_request(struct plane *p, const struct action *a)
{
	struct esp_plane *e = esp_self(p);
	struct diag why = {0};
	enum cyg_err err = CYG_UNSUPPORTED;

	switch ((enum action_kind)a->kind) {
	case ACT_SA_INSTALL:
		install(e, a);
		return;
	case ACT_SA_QUERY:
		query(e, a);
		return;
	case ACT_SA_UPDATE:
		update(e, a);
		return;
	case ACT_SA_REMOVE:
		err = sad_remove(&e->sad, &a->sa_ref);
		break;
	case ACT_POLICY_SET:
		err = set_policy(e, a->policy, &why);
		break;
	case ACT_POLICY_REMOVE:
		err = e->handed_over ? CYG_OK : remove_policy(e, a->remove_id);
		break;
	case ACT_ROUTE_SET:
		err = set_route(e, a->route, &why);
		break;
	case ACT_ROUTE_REMOVE:
		err = e->handed_over ? CYG_OK : steer_route_remove(e->steer, a->remove_id);
		break;
	default:
		break;
	}
	answer_err(e, a, err, &why);
}
