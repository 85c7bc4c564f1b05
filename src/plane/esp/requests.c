/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core asks for: changes of SAs, policies and routes. Most are answered before the call
 * returns. What the firewall has a part in, or what holds back at the way out, waits for a dispatch,
 * which changes both once for all that came (refresh.c): a policy is answered when clear text comes
 * in and goes out as it says, and the route to sources that may send some is set after that, as it
 * makes the firewall bite. What wants no answer is counted (struct plane).
 */
#include "plane/esp/self.h"

#include <stdlib.h>

/* A route to set or to remove; or, as ACT_POLICY_SET, only the answer to what is done. */
struct wait {
	struct list of_plane;
	uint64_t turn; /* of the plane, when it came */
	enum action_kind kind;
	uint32_t op, remove_id;
	struct plane_route route;
};

static bool is_of_route(enum action_kind kind)
{
	return kind == ACT_ROUTE_SET || kind == ACT_ROUTE_REMOVE;
}

/* False when there is no memory for it: it then can't wait. */
static bool wait_for_firewall(struct esp_plane *e, const struct action *a)
{
	struct wait *w = calloc(1, sizeof(*w));

	if (!w)
		return false;
	w->kind = a->kind;
	w->op = a->op;
	w->turn = e->turn;
	if (a->kind == ACT_ROUTE_SET)
		w->route = *a->route;
	else if (a->kind == ACT_ROUTE_REMOVE)
		w->remove_id = a->remove_id;
	list_append(&e->waiting, &w->of_plane);
	e->routes_waiting += is_of_route(w->kind);
	return true;
}

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

/* It is new, or goes another way. */
static void take_outbound(struct esp_plane *e, const struct sa_ref *ref)
{
	const struct esp_sa *sa = sad_find(&e->sad, ref);

	if (sa && sa->dir == SA_OUT)
		esp_mtu_fits(e, sa);
	crew_wake(&e->crew);
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
		take_outbound(e, &(struct sa_ref){.dir = SA_OUT,
						  .spi = sa.spi,
						  .reqid = sa.reqid,
						  .remote = sa.remote});
	answer(e, a, &n);
}

static void update(struct esp_plane *e, const struct action *a)
{
	enum cyg_err err = a->sa_ref.encap ? sad_update(&e->sad, &a->sa_ref) : CYG_UNSUPPORTED;

	if (!err)
		take_outbound(e, &a->sa_ref);
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
	if (passes_is_part(changed)) {
		e->egress.due = true;
		e->parts_known = false;
	}
	if (!passes_follow(&e->spd, changed))
		return;
	e->egress.due = true;
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

/* It stands for a follower as it is: what its connection would rest with may be wider than what was protected. */
static bool stands(const struct esp_plane *e, uint32_t id)
{
	const struct spd_entry *old = e->handed_over ? spd_by_id(&e->spd, id) : NULL;

	return old && old->kind != POLICY_PASS;
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

/* Where it can't wait, all that it waits for is done now. */
static bool waits(struct esp_plane *e, const struct action *a)
{
	if (wait_for_firewall(e, a))
		return true;
	esp_requests_go_on(e);
	return false;
}

static uint32_t route_id(const struct wait *w)
{
	return w->kind == ACT_ROUTE_SET      ? w->route.id
	       : w->kind == ACT_ROUTE_REMOVE ? w->remove_id
					     : 0;
}

/* Changes of one route go in order. */
static bool route_waits(const struct esp_plane *e, uint32_t id)
{
	if (!e->routes_waiting)
		return false;
	LIST_EACH(w, &e->waiting, struct wait, of_plane)
		if (route_id(w) == id)
			return true;
	return false;
}

/* Its exceptions must stand before the route makes the firewall bite. */
static bool lacks_exceptions(const struct esp_plane *e, const struct plane_route *r)
{
	return e->passes_due && esp_firewall_lags(e) && passes_have(&e->spd, &r->destination);
}

static void set_route(struct esp_plane *e, const struct action *a)
{
	struct diag why = {0};
	enum cyg_err err;

	if ((route_waits(e, a->route->id) || lacks_exceptions(e, a->route)) && waits(e, a))
		return;
	err = steer_route_set(e->steer, a->route, &why);
	answer_err(e, a, err, &why);
}

static enum cyg_err drop_route(struct esp_plane *e, uint32_t id)
{
	return e->handed_over ? CYG_OK : steer_route_remove(e->steer, id);
}

static void remove_route(struct esp_plane *e, const struct action *a)
{
	if (!route_waits(e, a->remove_id) || !waits(e, a))
		answer_err(e, a, drop_route(e, a->remove_id), NULL);
}

/* Nobody is told that something is forbidden, or allowed, before it is. */
static void answer_policy(struct esp_plane *e, const struct action *a, enum cyg_err err,
			  const struct diag *why)
{
	if (err || !a->op || !esp_lags(e) || !waits(e, a))
		answer_err(e, a, err, why);
}

static void go_on_with(struct esp_plane *e, const struct wait *w)
{
	struct action a = {.kind = w->kind, .op = w->op};
	struct diag why = {0};
	enum cyg_err err = CYG_OK;

	if (w->kind == ACT_ROUTE_SET)
		err = steer_route_set(e->steer, &w->route, &why);
	else if (w->kind == ACT_ROUTE_REMOVE)
		err = drop_route(e, w->remove_id);
	answer_err(e, &a, err, &why);
}

/* What the kernel did not take away is tried again (mend.c), each second. */
static void heed_kernel(struct esp_plane *e)
{
	if (!steer_lags(e->steer) || e->handed_over)
		return;
	watch_again(&e->watch, WATCH_ROUTES);
	esp_wake_loop(e);
}

void esp_requests_go_on(struct esp_plane *e)
{
	uint64_t changed = e->plane.changed, turn = e->turn++;

	esp_refresh(e);
	/* An answer may bring requests: those wait for the next time. */
	while (!list_empty(&e->waiting)) {
		struct wait *w = CONTAINER_OF(e->waiting.next, struct wait, of_plane);

		if (w->turn > turn)
			break;
		list_remove(&w->of_plane);
		e->routes_waiting -= is_of_route(w->kind);
		go_on_with(e, w);
		free(w);
	}
	if (changed > e->plane.in_force)
		e->plane.in_force = changed;
	heed_kernel(e);
	if (esp_lags(e))
		esp_wake_loop(e);
}

void esp_requests_done(struct esp_plane *e)
{
	LIST_EACH(w, &e->waiting, struct wait, of_plane) {
		list_remove(&w->of_plane);
		free(w);
	}
}

/* What has changed so that a dispatch has something to do; also a route alone. */
static void follow(struct esp_plane *e)
{
	heed_kernel(e);
	if (!esp_lags(e) && list_empty(&e->waiting))
		return;
	esp_wake_loop(e);
	e->plane.changed += !e->rests_until;
}

static void carry_out(struct esp_plane *e, const struct action *a)
{
	struct diag why = {0};

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
		answer_err(e, a, sad_remove(&e->sad, &a->sa_ref), NULL);
		return;
	case ACT_POLICY_SET:
		answer_policy(
			e, a,
			stands(e, a->policy->id) ? CYG_OK : set_policy(e, a->policy, &why),
			&why);
		return;
	case ACT_POLICY_REMOVE:
		answer_policy(e, a, e->handed_over ? CYG_OK : remove_policy(e, a->remove_id),
			      NULL);
		return;
	case ACT_ROUTE_SET:
		set_route(e, a);
		return;
	case ACT_ROUTE_REMOVE:
		remove_route(e, a);
		return;
	default:
		answer_err(e, a, CYG_UNSUPPORTED, NULL);
	}
}

void esp_request(struct plane *p, const struct action *a)
{
	struct esp_plane *e = esp_self(p);

	carry_out(e, a);
	if (a->kind == ACT_POLICY_SET || a->kind == ACT_POLICY_REMOVE || is_of_route(a->kind))
		follow(e);
}
