/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/check.h"

#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#define LOOK_EVERY (100 * NSEC_PER_MS)

/* ---- quiet ---- */

/* Why a host is not quiet yet; NULL when it is. */
static const char *unrest(const struct machine *h)
{
	struct ike_sa_info sa;

	if (h->down)
		return NULL;
	if (machine_is_busy(h))
		return "an answer of the host is under way";
	if (machine_orders_open(h))
		return "a command has not ended";
	if (ike_counts(h->ike).half_open)
		return "an IKE SA is half open";
	for (uint64_t at = 0; ike_sa_next(h->ike, at, &sa); at = sa.serial) {
		if (sa.phase != IKE_ESTABLISHED)
			return "an IKE SA is neither up nor gone";
		if (sa.requests_open)
			return "a request has no answer";
	}
	LIST_EACH(r, &h->recipes, struct recipe, link)
		if (r->wanted && !machine_is_up(h, r->name))
			return "a connection that is wanted is not up";
	return NULL;
}

static bool all_quiet(struct world *w, void *ctx)
{
	const char **why = ctx;

	LIST_EACH(h, &w->machines, struct machine, link) {
		*why = unrest(h);
		if (*why)
			return false;
	}
	return true;
}

static const struct machine *restless(const struct world *w)
{
	LIST_EACH(h, &w->machines, struct machine, link)
		if (unrest(h))
			return h;
	return NULL;
}

bool settle(struct world *w, nsec limit)
{
	const char *why = NULL;
	char text[32];

	if (world_run_until(w, limit, LOOK_EVERY, all_quiet, &why))
		return true;
	if (!w->failed)
		world_fail(w, "after %s there is still no rest at %s: %s", duration_print(limit, text),
			   restless(w)->name, why);
	return false;
}

/* ---- pairs ---- */

static bool same_key(const struct plane_sa *a, const struct plane_sa *b)
{
	return a->encr_key_len == b->encr_key_len && a->integ_key_len == b->integ_key_len &&
	       !memcmp(a->encr_key, b->encr_key, a->encr_key_len) &&
	       !memcmp(a->integ_key, b->integ_key, a->integ_key_len);
}

static bool same_suite(const struct chosen *a, const struct chosen *b)
{
	return a->encr == b->encr && a->key_bits == b->key_bits && a->integ == b->integ &&
	       a->esn == b->esn;
}

/* The other half of an SA, at any other host. */
static const struct plane_sa *counterpart(struct world *w, const struct machine *h,
					  const struct plane_sa *sa, const struct machine **ret_host)
{
	enum sa_dir other = sa->dir == SA_IN ? SA_OUT : SA_IN;

	LIST_EACH(peer, &w->machines, struct machine, link) {
		if (peer == h)
			continue;
		LIST_EACH(s, &peer->plane.sas, struct held_sa, link) {
			if (s->sa.dir != other || s->sa.spi != sa->spi)
				continue;
			*ret_host = peer;
			return &s->sa;
		}
	}
	return NULL;
}

static bool check_sa(struct world *w, const struct machine *h, const struct plane_sa *sa)
{
	const struct machine *peer = NULL;
	const struct plane_sa *o = counterpart(w, h, sa, &peer);
	const char *dir = sa->dir == SA_IN ? "inbound" : "outbound";

	if (!world_expect(w, o, "%s's %s SA %08x has no other half", h->name, dir, sa->spi))
		return false;
	return world_expect(w, same_key(sa, o), "%s and %s have different keys for SA %08x", h->name,
			    peer->name, sa->spi) &&
	       world_expect(w, same_suite(&sa->suite, &o->suite),
			    "%s and %s have different algorithms for SA %08x", h->name, peer->name,
			    sa->spi) &&
	       world_expect(w, ts_set_equal(&sa->ts_local, &o->ts_remote) &&
				       ts_set_equal(&sa->ts_remote, &o->ts_local),
			    "%s and %s have different selectors for SA %08x", h->name, peer->name,
			    sa->spi) &&
	       world_expect(w, sa->mode == o->mode && sa->encap == o->encap,
			    "%s and %s carry SA %08x in different ways", h->name, peer->name, sa->spi);
}

static bool check_sas(struct world *w, const struct machine *h)
{
	LIST_EACH(s, &h->plane.sas, struct held_sa, link)
		if (!check_sa(w, h, &s->sa))
			return false;
	return true;
}

static bool has_ike(const struct machine *h, const struct ike_sa_info *want)
{
	struct ike_sa_info sa;

	if (h->down)
		return false;
	for (uint64_t at = 0; ike_sa_next(h->ike, at, &sa); at = sa.serial)
		if (sa.spi_initiator == want->spi_initiator && sa.spi_responder == want->spi_responder)
			return sa.initiator != want->initiator && sa.phase == want->phase;
	return false;
}

static bool check_ikes(struct world *w, const struct machine *h)
{
	struct ike_sa_info sa;

	for (uint64_t at = 0; ike_sa_next(h->ike, at, &sa); at = sa.serial) {
		bool found = false;

		LIST_EACH(peer, &w->machines, struct machine, link)
			found |= peer != h && has_ike(peer, &sa);
		if (!world_expect(w, found, "%s's IKE SA #%llu (%s) has no other half", h->name,
				  (unsigned long long)sa.serial,
				  sa.connection ? sa.connection->connection->name : "no connection"))
			return false;
	}
	return true;
}

/* ---- core and plane ---- */

static bool check_children(struct world *w, const struct machine *h)
{
	struct child_info c;
	size_t n = 0;

	for (uint64_t at = 0; ike_child_next(h->ike, at, &c); at = c.serial, n++) {
		const struct held_sa *in = simplane_sa(&h->plane, SA_IN, c.spi_in);
		const struct held_sa *out = simplane_sa(&h->plane, SA_OUT, c.spi_out);

		if (!world_expect(w, in && out, "%s's child #%llu (%s, %s) is not whole in the plane",
				  h->name, (unsigned long long)c.serial,
				  c.connection ? c.connection->connection->name : "no connection",
				  c.state) ||
		    !world_expect(w, in->sa.reqid == c.reqid && out->sa.reqid == c.reqid,
				  "%s's child #%llu has another reqid in the plane", h->name,
				  (unsigned long long)c.serial))
			return false;
	}
	return world_expect(w, simplane_count(&h->plane, SA_IN) == n,
			    "%s's plane has %zu inbound SAs for %zu children", h->name,
			    simplane_count(&h->plane, SA_IN), n) &&
	       world_expect(w, simplane_count(&h->plane, SA_OUT) == n,
			    "%s's plane has %zu outbound SAs for %zu children", h->name,
			    simplane_count(&h->plane, SA_OUT), n);
}

static bool kind_fits(const struct loaded *l, uint8_t kind)
{
	switch (l->spd) {
	case SPD_TRAP:
		/* An asked-for trap holds in the plane until the core says otherwise. */
		return kind == POLICY_TRAP || kind == POLICY_HOLD;
	case SPD_PROTECT:
		return kind == POLICY_PROTECT;
	default:
		return true;
	}
}

static bool check_policies(struct world *w, const struct machine *h)
{
	const struct policy *p = ike_policy(h->ike);
	size_t n = 0;

	for (struct loaded *l = NULL; (l = policy_next(p, l));) {
		const struct held_policy *hp = simplane_policy(&h->plane, l->policy_id);

		n += l->spd != SPD_NONE;
		if (!world_expect(w, !hp == (l->spd == SPD_NONE),
				  "%s's plane and policy differ on whether %s has an entry", h->name,
				  l->connection->name) ||
		    (hp && !world_expect(w, kind_fits(l, hp->policy.kind),
					 "%s's plane has another kind of entry for %s", h->name,
					 l->connection->name)))
			return false;
		if (!world_expect(w, l->spd != SPD_PROTECT || !list_empty(&l->children),
				  "%s protects %s without a child", h->name, l->connection->name))
			return false;
	}
	LIST_EACH(hp, &h->plane.policies, struct held_policy, link)
		n--;
	return world_expect(w, n == 0, "%s's plane has policies that nobody owns", h->name);
}

bool check_agreement(struct world *w)
{
	if (w->failed)
		return false;
	LIST_EACH(h, &w->machines, struct machine, link)
		if (!h->down && (!check_sas(w, h) || !check_ikes(w, h) || !check_children(w, h) ||
				 !check_policies(w, h)))
			return false;
	return true;
}

bool check_rest(struct world *w, nsec limit)
{
	return settle(w, limit) && check_agreement(w);
}

/* ---- traffic ---- */

static bool has_arrived(struct world *w, void *ctx)
{
	const struct probe *p = ctx;

	return p->fate == PROBE_ARRIVED || p->fate == PROBE_REFUSED;
}

bool check_path(struct machine *from, const char *source, struct machine *to, const char *destination)
{
	struct world *w = from->w;
	struct probe *p;

	if (w->failed)
		return false;
	p = simplane_send(&from->plane, source, destination);
	world_run_until(w, 2 * NSEC_PER_SEC, 10 * NSEC_PER_MS, has_arrived, p);
	return world_expect(w, p->fate == PROBE_ARRIVED && p->to == to,
			    "packet %llu from %s to %s %s%s%s", (unsigned long long)p->number,
			    from->name, to->name, probe_fate_name(p->fate), p->why ? ": " : "",
			    p->why ? p->why : "");
}

/* ---- nothing left ---- */

bool check_empty(struct machine *h)
{
	struct world *w = h->w;
	struct ike_counts n;

	if (w->failed || h->down)
		return !w->failed;
	n = ike_counts(h->ike);
	return world_expect(w, !n.half_open && !n.established && !n.children,
			    "%s's core still has %u half-open and %u established IKE SAs, %u children",
			    h->name, n.half_open, n.established, n.children) &&
	       world_expect(w, list_empty(&h->plane.sas), "%s's plane still has SAs", h->name) &&
	       world_expect(w, !n.octets, "%s's core still holds %zu octets for SAs", h->name,
			    n.octets);
}
