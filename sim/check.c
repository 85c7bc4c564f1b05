/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/check.h"

#include "policy/policy.h"
#include "sim/programs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY (100 * NSEC_PER_MS)

/*
 * Everything below that says "not yet" does so by a sentence in `why`, so that
 * one loop can wait for rest and tell, when it does not come, what was missing.
 */
struct finding {
	char text[256];
};

static bool want(bool so, struct finding *why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool want(bool so, struct finding *why, const char *fmt, ...)
{
	va_list args;

	if (so)
		return true;
	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return false;
}

/* ---- quiet ---- */

static bool wishes_are_met(const struct machine *m, struct finding *why)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		if (!want(!r->wanted || machine_is_up(m, r->name), why,
			  "%s wants %s, which is not up", m->name, r->name))
			return false;
	return true;
}

static bool ikes_rest(const struct machine *m, struct finding *why)
{
	struct ike_sa_info sa;

	for (uint64_t at = 0; ike_sa_next(m->ike, at, &sa); at = sa.serial)
		if (!want(sa.phase == IKE_ESTABLISHED, why,
			  "%s's IKE SA #%llu is neither up nor gone", m->name,
			  (unsigned long long)sa.serial) ||
		    !want(!sa.requests_open, why,
			  "a request of %s's IKE SA #%llu has no answer", m->name,
			  (unsigned long long)sa.serial))
			return false;
	return true;
}

static bool is_quiet(const struct machine *m, struct finding *why)
{
	return m->down ||
	       (want(!machine_is_busy(m), why, "%s's core waits for an answer of its host",
		     m->name) &&
		want(!machine_orders_open(m), why, "a command at %s has no end", m->name) &&
		want(!ike_counts(m->ike).half_open, why, "%s has a half-open IKE SA",
		     m->name) &&
		ikes_rest(m, why) && wishes_are_met(m, why));
}

static bool all_quiet(struct world *w, void *ctx)
{
	LIST_EACH(m, &w->machines, struct machine, link)
		if (!is_quiet(m, ctx))
			return false;
	return true;
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
static const struct plane_sa *counterpart(const struct machine *m, const struct plane_sa *sa,
					  const struct machine **ret_peer)
{
	enum sa_dir other = sa->dir == SA_IN ? SA_OUT : SA_IN;

	LIST_EACH(peer, &m->w->machines, struct machine, link) {
		if (peer == m)
			continue;
		LIST_EACH(s, &peer->plane.sas, struct held_sa, link) {
			if (s->sa.dir != other || s->sa.spi != sa->spi)
				continue;
			*ret_peer = peer;
			return &s->sa;
		}
	}
	return NULL;
}

static bool mirrored(const struct plane_sa *a, const struct plane_sa *b)
{
	return ts_set_equal(&a->ts_local, &b->ts_remote) &&
	       ts_set_equal(&a->ts_remote, &b->ts_local);
}

static bool has_half(const struct machine *m, const struct plane_sa *sa, struct finding *why)
{
	const struct machine *peer = NULL;
	const struct plane_sa *o = counterpart(m, sa, &peer);
	const char *name = m->name, *dir = sa->dir == SA_IN ? "inbound" : "outbound";

	if (!want(o, why, "%s's %s SA %08x has no other half", name, dir, sa->spi))
		return false;
	return want(same_key(sa, o), why, "%s and %s have different keys for SA %08x", name,
		    peer->name, sa->spi) &&
	       want(same_suite(&sa->suite, &o->suite), why,
		    "%s and %s have different algorithms for SA %08x", name, peer->name,
		    sa->spi) &&
	       want(mirrored(sa, o), why, "%s and %s have different selectors for SA %08x",
		    name, peer->name, sa->spi) &&
	       want(sa->mode == o->mode && sa->encap == o->encap, why,
		    "%s and %s carry SA %08x in different ways", name, peer->name, sa->spi);
}

static bool sas_pair_up(const struct machine *m, struct finding *why)
{
	LIST_EACH(s, &m->plane.sas, struct held_sa, link)
		if (!has_half(m, &s->sa, why))
			return false;
	return true;
}

static bool has_ike(const struct machine *m, const struct ike_sa_info *other)
{
	struct ike_sa_info sa;

	if (m->down)
		return false;
	for (uint64_t at = 0; ike_sa_next(m->ike, at, &sa); at = sa.serial)
		if (sa.spi_initiator == other->spi_initiator &&
		    sa.spi_responder == other->spi_responder)
			return sa.initiator != other->initiator && sa.phase == other->phase;
	return false;
}

static bool ikes_pair_up(const struct machine *m, struct finding *why)
{
	struct ike_sa_info sa;

	for (uint64_t at = 0; ike_sa_next(m->ike, at, &sa); at = sa.serial) {
		bool found = false;

		LIST_EACH(peer, &m->w->machines, struct machine, link)
			found |= peer != m && has_ike(peer, &sa);
		if (!want(found, why, "%s's IKE SA #%llu has no other half", m->name,
			  (unsigned long long)sa.serial))
			return false;
	}
	return true;
}

/* ---- core and plane ---- */

static bool is_whole(const struct machine *m, const struct child_info *c, struct finding *why)
{
	const struct held_sa *in = simplane_sa(&m->plane, SA_IN, c->spi_in);
	const struct held_sa *out = simplane_sa(&m->plane, SA_OUT, c->spi_out);

	return want(in && out, why, "%s's child #%llu (%s) is not whole in the plane", m->name,
		    (unsigned long long)c->serial, c->state) &&
	       want(in->sa.reqid == c->reqid && out->sa.reqid == c->reqid, why,
		    "%s's child #%llu has another reqid in the plane", m->name,
		    (unsigned long long)c->serial);
}

static bool children_are_whole(const struct machine *m, struct finding *why)
{
	size_t n = 0, in = simplane_count(&m->plane, SA_IN),
	       out = simplane_count(&m->plane, SA_OUT);
	struct child_info c;

	for (uint64_t at = 0; ike_child_next(m->ike, at, &c); at = c.serial, n++)
		if (!is_whole(m, &c, why))
			return false;
	return want(in == n && out == n, why,
		    "%s's plane has %zu SAs in and %zu out for %zu children", m->name, in, out,
		    n);
}

static bool kind_fits(const struct loaded *l, uint8_t kind)
{
	switch (l->spd) {
	case SPD_TRAP:
		/* A trap that was met holds in the plane until the core says otherwise. */
		return kind == POLICY_TRAP || kind == POLICY_HOLD;
	case SPD_PROTECT:
		return kind == POLICY_PROTECT && !list_empty(&l->children);
	default:
		return true;
	}
}

static bool policy_fits(const struct machine *m, const struct loaded *l, struct finding *why)
{
	const struct held_policy *hp = simplane_policy(&m->plane, l->policy_id);
	const char *name = l->connection->name;

	return want(!hp == (l->spd == SPD_NONE), why,
		    "%s's core and plane differ on whether %s has an entry", m->name, name) &&
	       want(!hp || kind_fits(l, hp->policy.kind), why,
		    "%s has the wrong kind of entry for %s", m->name, name) &&
	       want(list_empty(&l->children) || l->spd == SPD_PROTECT, why,
		    "%s has a child of %s that no packet is led to", m->name, name);
}

/* As far as its life has gone, and no further. */
static bool programs_fit(const struct machine *m, const struct loaded *l, struct finding *why)
{
	enum called called = programs_called(m, l->policy_id), wanted = CALLED_NOTHING;

	if (l->local >= 0 && l->connection->end[l->local].updown && l->spd != SPD_NONE)
		wanted = list_empty(&l->children) ? CALLED_ROUTE : CALLED_UP;
	return want(called == wanted, why, "%s has made %u calls of %s's programs, not %u",
		    m->name, called, l->connection->name, wanted);
}

static bool policies_fit(const struct machine *m, struct finding *why)
{
	const struct policy *p = ike_policy(m->ike);
	size_t n = 0;

	for (struct loaded *l = NULL; (l = policy_next(p, l));) {
		if (!policy_fits(m, l, why) || !programs_fit(m, l, why))
			return false;
		n += l->spd != SPD_NONE;
	}
	/* The trap for the rest of an entry is its connection's, too. */
	LIST_EACH(hp, &m->plane.policies, struct held_policy, link)
		n -= !(hp->policy.id & 1) || !simplane_policy(&m->plane, hp->policy.id & ~1u);
	return want(n == 0, why, "%s's plane has policies that nobody owns", m->name);
}

/* ---- rest ---- */

static bool all_agree(struct world *w, void *ctx)
{
	LIST_EACH(m, &w->machines, struct machine, link)
		if (!m->down && (!sas_pair_up(m, ctx) || !ikes_pair_up(m, ctx) ||
				 !children_are_whole(m, ctx) || !policies_fit(m, ctx)))
			return false;
	return true;
}

static bool at_rest(struct world *w, void *ctx)
{
	return all_quiet(w, ctx) && all_agree(w, ctx);
}

bool check_rest(struct world *w, nsec limit)
{
	struct finding why;
	char span[32];

	if (world_run_until(w, limit, LOOK_EVERY, at_rest, &why))
		return true;
	if (!w->failed)
		world_fail(w, "no rest after %s: %s", duration_print(limit, span), why.text);
	return false;
}

/* ---- traffic ---- */

static bool has_arrived(struct world *w, void *ctx)
{
	const struct probe *p = ctx;

	return p->fate == PROBE_ARRIVED || p->fate == PROBE_REFUSED;
}

bool check_path(struct machine *from, const char *source, struct machine *to,
		const char *destination)
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

bool check_empty(struct machine *m)
{
	struct world *w = m->w;
	struct ike_counts n;

	if (w->failed || m->down)
		return !w->failed;
	n = ike_counts(m->ike);
	return world_expect(
		       w, !n.half_open && !n.established && !n.children,
		       "%s's core still has %u half-open and %u established IKE SAs, %u children",
		       m->name, n.half_open, n.established, n.children) &&
	       world_expect(w, !m->internal_len, "%s still has an internal address", m->name) &&
	       world_expect(w, list_empty(&m->plane.sas), "%s's plane still has SAs",
			    m->name) &&
	       world_expect(w, list_empty(&m->called), "%s has updown programs left to call",
			    m->name) &&
	       world_expect(w, !n.octets, "%s's core still holds %zu octets for SAs", m->name,
			    n.octets);
}
