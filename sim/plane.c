/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plane would hold. Requests that no core may ever make (an SA twice, a
 * removal of what is not there, a key of the wrong length) fail the run.
 */
#include "sim/plane.h"

#include "crypto/alg.h"
#include "crypto/suite.h"
#include "sim/machine.h"
#include "sim/witness.h"

#include <stdlib.h>
#include <string.h>

#define SPI_FIRST 256 /* those below are reserved (RFC 4303 2.1) */

void simplane_init(struct simplane *p, struct machine *m)
{
	p->m = m;
	list_init(&p->sas);
	list_init(&p->policies);
	list_init(&p->routes);
}

static void sa_free(struct held_sa *s)
{
	list_remove(&s->link);
	ts_set_done(&s->sa.ts_local);
	ts_set_done(&s->sa.ts_remote);
	free(s);
}

static void policy_entry_free(struct held_policy *hp)
{
	list_remove(&hp->link);
	ts_set_done(&hp->policy.ts_local);
	ts_set_done(&hp->policy.ts_remote);
	free(hp);
}

static void route_entry_free(struct held_route *r)
{
	list_remove(&r->link);
	free(r);
}

void simplane_flush(struct simplane *p, bool sas)
{
	if (sas) {
		LIST_EACH(s, &p->sas, struct held_sa, link)
			sa_free(s);
	}
	LIST_EACH(hp, &p->policies, struct held_policy, link)
		policy_entry_free(hp);
	LIST_EACH(r, &p->routes, struct held_route, link)
		route_entry_free(r);
}

static void copy_ts(struct ts_set *to, const struct ts_set *from)
{
	*to = (struct ts_set){0};
	if (ts_set_copy(to, from))
		exit(3);
}

/* ---- looking up ---- */

struct held_sa *simplane_sa(const struct simplane *p, enum sa_dir dir, uint32_t spi)
{
	LIST_EACH(s, &p->sas, struct held_sa, link)
		if (s->sa.dir == dir && s->sa.spi == spi)
			return s;
	return NULL;
}

/* Outbound SAs of two peers may share an SPI: address and reqid tell them apart. */
static struct held_sa *find_ref(const struct simplane *p, const struct sa_ref *r)
{
	LIST_EACH(s, &p->sas, struct held_sa, link)
		if (s->sa.dir == r->dir && s->sa.spi == r->spi &&
		    s->sa.protocol == r->protocol &&
		    (r->dir == SA_IN || !r->reqid || s->sa.reqid == r->reqid))
			return s;
	return NULL;
}

struct held_policy *simplane_policy(const struct simplane *p, uint32_t id)
{
	LIST_EACH(hp, &p->policies, struct held_policy, link)
		if (hp->policy.id == id)
			return hp;
	return NULL;
}

size_t simplane_count(const struct simplane *p, enum sa_dir dir)
{
	size_t n = 0;

	LIST_EACH(s, &p->sas, struct held_sa, link)
		n += s->sa.dir == dir;
	return n;
}

/* ---- SAs ---- */

static bool keys_fit(const struct plane_sa *sa)
{
	const struct alg *encr = alg_by_id(ALG_ENCR, sa->suite.encr);
	const struct alg *integ = sa->suite.integ ? alg_by_id(ALG_INTEG, sa->suite.integ)
						  : NULL;
	struct suite s;

	return encr && !suite_make(encr, sa->suite.key_bits, integ, ALG_FOR_ESP, &s) &&
	       s.encr_len == sa->encr_key_len && s.integ_len == sa->integ_key_len;
}

static bool all_zero(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i])
			return false;
	return len;
}

static bool same_keys(const struct plane_sa *a, const struct plane_sa *b)
{
	return a->encr_key_len == b->encr_key_len && a->integ_key_len == b->integ_key_len &&
	       !memcmp(a->encr_key, b->encr_key, a->encr_key_len) &&
	       !memcmp(a->integ_key, b->integ_key, a->integ_key_len);
}

static bool key_is_known(const struct simplane *p, const struct plane_sa *sa)
{
	LIST_EACH(s, &p->sas, struct held_sa, link)
		if (same_keys(&s->sa, sa))
			return true;
	return false;
}

static bool check_sa(struct simplane *p, const struct plane_sa *sa)
{
	struct world *w = p->m->w;
	const char *who = p->m->name;

	return world_expect(w, sa->spi >= SPI_FIRST, "%s installs the reserved SPI %u", who,
			    sa->spi) &&
	       world_expect(w, keys_fit(sa), "%s installs keys of the wrong length", who) &&
	       world_expect(w, !all_zero(sa->encr_key, sa->encr_key_len),
			    "%s installs a zero key", who) &&
	       world_expect(w, sa->ts_local.len && sa->ts_remote.len,
			    "%s installs an SA without selectors", who) &&
	       world_expect(w, ip_is_set(&sa->local.addr) && ip_is_set(&sa->remote.addr),
			    "%s installs an SA without addresses", who) &&
	       world_expect(w, sa->dir == SA_OUT || !simplane_sa(p, SA_IN, sa->spi),
			    "%s installs the inbound SPI %08x twice", who, sa->spi) &&
	       world_expect(w, !key_is_known(p, sa), "%s installs one key for two SAs", who) &&
	       world_expect(w,
			    sa->dir == SA_IN || sa->first_sequence >= witness_sequence(w, sa),
			    "%s restores an SA whose sequence numbers would begin again", who);
}

static const char *dir_name(uint8_t dir)
{
	return dir == SA_IN ? "inbound" : "outbound";
}

static void story_of_install(struct simplane *p, const struct plane_sa *sa)
{
	char name[8], suite[256];

	tell_story(p->m->w, "%s installs the %s SA %s%s: %s", p->m->name, dir_name(sa->dir),
		   witness_spi_name(p->m->w, sa->spi, name), sa->encap ? " in UDP" : "",
		   chosen_print(&sa->suite, suite, sizeof(suite)));
}

static void flush_waiting(struct simplane *p, uint32_t reqid);
static void look_again(struct simplane *p);

static void install(struct simplane *p, const struct plane_sa *sa, struct answer *ret)
{
	struct machine *m = p->m;
	struct held_sa *s;

	if (sa->dir == SA_IN && dice_percent(&m->pace, m->spi_taken)) {
		ret->err = CYG_EXISTS;
		ret->sa.spi_taken = true;
		tell_story(m->w, "%s's plane says the SPI is taken", m->name);
		return;
	}
	if (dice_percent(&m->pace, m->plane_fails)) {
		ret->err = CYG_IO;
		tell_story(m->w, "%s's plane refuses an SA", m->name);
		return;
	}
	if (!check_sa(p, sa))
		return;
	s = sim_alloc(sizeof(*s));
	s->sa = *sa;
	s->sequence = sa->first_sequence;
	copy_ts(&s->sa.ts_local, &sa->ts_local);
	copy_ts(&s->sa.ts_remote, &sa->ts_remote);
	list_append(&p->sas, &s->link);
	if (m->w->sabotage == SABOTAGE_KEY && sa->dir == SA_IN)
		s->sa.encr_key[0] ^= 1;
	story_of_install(p, sa);
	if (sa->dir == SA_OUT)
		flush_waiting(p, sa->reqid);
}

/* It was refused, and the core cannot know yet. */
static bool refusal_is_on_its_way(const struct simplane *p, const struct sa_ref *r)
{
	LIST_EACH(e, &p->m->errands, struct errand, link)
		if (e->kind == ACT_SA_INSTALL && e->answer.err && e->spi == r->spi &&
		    e->dir == r->dir)
			return true;
	return false;
}

/* The SA that a request names; to name one that is not there is a fault. */
static struct held_sa *named(const struct simplane *p, const struct sa_ref *r, const char *verb)
{
	struct held_sa *s = find_ref(p, r);

	world_expect(p->m->w, s || refusal_is_on_its_way(p, r),
		     "%s %s an %s SA %08x that is not there", p->m->name, verb,
		     dir_name(r->dir), r->spi);
	return s;
}

static void remove_sa(struct simplane *p, const struct sa_ref *r)
{
	struct held_sa *s = named(p, r, "removes");
	char name[8];

	if (!s)
		return;
	tell_story(p->m->w, "%s removes the %s SA %s", p->m->name, dir_name(r->dir),
		   witness_spi_name(p->m->w, r->spi, name));
	if (p->m->w->sabotage != SABOTAGE_REMOVE)
		sa_free(s);
}

static void update_sa(struct simplane *p, const struct sa_ref *r)
{
	struct held_sa *s = named(p, r, "updates");
	char name[8], text[ENDPOINT_TEXT_MAX];

	if (!s)
		return;
	s->sa.local = r->local;
	s->sa.remote = r->remote;
	s->sa.encap = r->encap;
	tell_story(p->m->w, "%s moves the %s SA %s to %s", p->m->name, dir_name(r->dir),
		   witness_spi_name(p->m->w, r->spi, name), endpoint_print(&r->remote, text));
}

static void query_sa(struct simplane *p, const struct sa_ref *r, struct answer *ret)
{
	struct held_sa *s = named(p, r, "asks about");

	if (s)
		ret->counters = s->counters;
	else
		ret->err = CYG_NOTFOUND;
}

/* ---- policies and routes ---- */

static const char *kind_verb(uint8_t kind)
{
	static const char *const verbs[] = {
		[POLICY_PROTECT] = "protects", [POLICY_TRAP] = "sets a trap for",
		[POLICY_HOLD] = "holds",       [POLICY_PASS] = "lets pass",
		[POLICY_DROP] = "drops",       [POLICY_REJECT] = "rejects",
	};

	return kind < sizeof(verbs) / sizeof(*verbs) ? verbs[kind] : "?";
}

/* The two ids of one connection, its entry's and that of the rest's trap, are one owner. */
static bool has_owner(const struct simplane *p, const struct plane_policy *entry)
{
	LIST_EACH(hp, &p->policies, struct held_policy, link)
		if ((hp->policy.id | 1) != (entry->id | 1) && hp->policy.priority == entry->priority &&
		    ts_set_equal(&hp->policy.ts_local, &entry->ts_local) &&
		    ts_set_equal(&hp->policy.ts_remote, &entry->ts_remote))
			return true;
	return false;
}

/* A core need not know whether a refused entry was new: it may remove what never came to be. */
static void remember_refused(struct simplane *p, uint32_t id)
{
	struct held_policy *hp;

	if (simplane_policy(p, id))
		return;
	hp = sim_alloc(sizeof(*hp));
	hp->policy.id = id;
	list_append(&p->policies, &hp->link);
}

static void set_policy(struct simplane *p, const struct plane_policy *entry, struct answer *ret)
{
	struct held_policy *hp = simplane_policy(p, entry->id);
	struct machine *m = p->m;
	char local[128], remote[128];

	if (ret->op && dice_percent(&m->pace, m->plane_fails)) {
		ret->err = CYG_IO;
		tell_story(m->w, "%s's plane refuses a policy", m->name);
		remember_refused(p, entry->id);
		return;
	}
	if (!world_expect(m->w, entry->ts_local.len && entry->ts_remote.len,
			  "%s sets a policy without selectors", m->name) ||
	    !world_expect(m->w, !has_owner(p, entry), "%s gives one selector two owners",
			  m->name))
		return;
	if (!hp) {
		hp = sim_alloc(sizeof(*hp));
		list_append(&p->policies, &hp->link);
	}
	ts_set_done(&hp->policy.ts_local);
	ts_set_done(&hp->policy.ts_remote);
	hp->policy = *entry;
	hp->asked = false;
	copy_ts(&hp->policy.ts_local, &entry->ts_local);
	copy_ts(&hp->policy.ts_remote, &entry->ts_remote);
	tell_story(m->w, "%s %s %s === %s", m->name, kind_verb(entry->kind),
		   ts_set_print(&entry->ts_local, local, sizeof(local)),
		   ts_set_print(&entry->ts_remote, remote, sizeof(remote)));
	if (entry->kind == POLICY_PROTECT)
		flush_waiting(p, entry->reqid);
	look_again(p);
}

static void remove_policy(struct simplane *p, uint32_t id)
{
	struct held_policy *hp = simplane_policy(p, id);
	char local[128], remote[128];

	if (!world_expect(p->m->w, hp, "%s removes a policy that is not there", p->m->name))
		return;
	tell_story(p->m->w, "%s forgets %s === %s", p->m->name,
		   ts_set_print(&hp->policy.ts_local, local, sizeof(local)),
		   ts_set_print(&hp->policy.ts_remote, remote, sizeof(remote)));
	policy_entry_free(hp);
}

static struct held_route *find_route(const struct simplane *p, uint32_t id)
{
	LIST_EACH(r, &p->routes, struct held_route, link)
		if (r->route.id == id)
			return r;
	return NULL;
}

static void set_route(struct simplane *p, const struct plane_route *entry)
{
	struct held_route *r = find_route(p, entry->id);

	if (!r) {
		r = sim_alloc(sizeof(*r));
		list_append(&p->routes, &r->link);
	}
	r->route = *entry;
}

static void remove_route(struct simplane *p, uint32_t id)
{
	struct held_route *r = find_route(p, id);

	if (world_expect(p->m->w, r, "%s removes a route that is not there", p->m->name))
		route_entry_free(r);
}

void simplane_request(struct simplane *p, const struct action *a, struct answer *ret)
{
	switch (a->kind) {
	case ACT_SA_INSTALL:
		install(p, a->sa, ret);
		break;
	case ACT_SA_REMOVE:
		remove_sa(p, &a->sa_ref);
		break;
	case ACT_SA_UPDATE:
		update_sa(p, &a->sa_ref);
		break;
	case ACT_SA_QUERY:
		query_sa(p, &a->sa_ref, ret);
		break;
	case ACT_POLICY_SET:
		set_policy(p, a->policy, ret);
		break;
	case ACT_POLICY_REMOVE:
		remove_policy(p, a->remove_id);
		break;
	case ACT_ROUTE_SET:
		set_route(p, a->route);
		break;
	default:
		remove_route(p, a->remove_id);
	}
}

/* ---- packets out ---- */

const char *probe_fate_name(enum probe_fate fate)
{
	static const char *const names[] = {
		[PROBE_HELD] = "waits",          [PROBE_DROPPED] = "is dropped",
		[PROBE_CLEAR] = "goes in clear", [PROBE_SENT] = "is on its way or lost",
		[PROBE_REFUSED] = "is refused",  [PROBE_ARRIVED] = "arrives",
	};

	return names[fate];
}

static struct ts ts_of(const struct ip_addr *a, uint8_t proto, uint16_t port)
{
	struct ts t = ts_of_addr(a);

	t.proto = proto;
	t.port_first = t.port_last = port;
	return t;
}

static bool set_covers(const struct ts_set *s, const struct ts *t)
{
	for (size_t i = 0; i < s->len; i++)
		if (ts_contains(&s->items[i], t))
			return true;
	return false;
}

static struct held_policy *match(const struct simplane *p, const struct probe *probe)
{
	struct ts local = ts_of(&probe->source, probe->proto, probe->source_port);
	struct ts remote = ts_of(&probe->destination, probe->proto, probe->destination_port);
	struct held_policy *best = NULL;

	LIST_EACH(hp, &p->policies, struct held_policy, link)
		if (set_covers(&hp->policy.ts_local, &local) &&
		    set_covers(&hp->policy.ts_remote, &remote) &&
		    (!best || hp->policy.priority < best->policy.priority))
			best = hp;
	return best;
}

/* The newest outbound SA of the lineage that takes the packet. */
static struct held_sa *choose_sa(const struct simplane *p, uint32_t reqid,
				 const struct probe *probe)
{
	struct ts local = ts_of(&probe->source, probe->proto, probe->source_port);
	struct ts remote = ts_of(&probe->destination, probe->proto, probe->destination_port);
	struct held_sa *newest = NULL;

	LIST_EACH(s, &p->sas, struct held_sa, link)
		if (s->sa.dir == SA_OUT && s->sa.reqid == reqid &&
		    set_covers(&s->sa.ts_local, &local) &&
		    set_covers(&s->sa.ts_remote, &remote))
			newest = s;
	return newest;
}

/* RFC 7296 does not count what an SA carried; a limit in packets is the plane's to watch. */
static void watch_limits(struct simplane *p, struct held_sa *s)
{
	bool hard = s->sa.hard_packets && s->counters.packets >= s->sa.hard_packets;
	bool soft = s->sa.soft_packets && s->counters.packets >= s->sa.soft_packets;
	struct event ev = {.kind = EV_EXPIRE};

	if (!(hard && !s->hard_told) && !(soft && !s->soft_told))
		return;
	s->soft_told = true;
	s->hard_told |= hard;
	ev.sa.dir = s->sa.dir;
	ev.sa.protocol = s->sa.protocol;
	ev.sa.spi = s->sa.spi;
	ev.sa.hard = hard;
	machine_event(p->m, &ev);
}

static void transmit(struct simplane *p, struct held_sa *s, struct probe *probe)
{
	struct machine *m = p->m;
	struct esp e = {.spi = s->sa.spi,
			.sequence = ++s->sequence,
			.encap = s->sa.encap,
			.suite = s->sa.suite,
			.probe = probe};
	struct fate f;
	char name[8], text[96];

	e.encr_key_len = s->sa.encr_key_len;
	e.integ_key_len = s->sa.integ_key_len;
	memcpy(e.encr_key, s->sa.encr_key, sizeof(e.encr_key));
	memcpy(e.integ_key, s->sa.integ_key, sizeof(e.integ_key));
	witness_use(m->w, &s->sa, s->sequence);
	s->counters.packets++;
	s->counters.last_used = machine_now(m);
	probe->fate = PROBE_SENT;
	probe->why = "sent";
	f = net_send_esp(m->w, m, &s->sa.local, &s->sa.remote, &e);
	tell_story(m->w, "%s sends packet %llu through SA %s%s", m->name,
		   (unsigned long long)probe->number, witness_spi_name(m->w, s->sa.spi, name),
		   fate_print(&f, text));
	watch_limits(p, s);
}

static bool try_protect(struct simplane *p, uint32_t reqid, struct probe *probe)
{
	struct held_sa *s = choose_sa(p, reqid, probe);

	if (s)
		transmit(p, s, probe);
	return s;
}

static void flush_waiting(struct simplane *p, uint32_t reqid)
{
	LIST_EACH(hp, &p->policies, struct held_policy, link) {
		struct probe *probe = hp->waiting;

		if (!probe || hp->policy.kind != POLICY_PROTECT || hp->policy.reqid != reqid)
			continue;
		hp->waiting = NULL;
		if (!try_protect(p, reqid, probe))
			hp->waiting = probe;
	}
}

static void hold(struct simplane *p, struct held_policy *hp, struct probe *probe)
{
	if (p->m->w->sabotage == SABOTAGE_CLEAR) {
		probe->fate = PROBE_CLEAR;
		return;
	}
	if (hp->waiting) {
		hp->waiting->fate = PROBE_DROPPED;
		hp->waiting->why = "a newer one waits in its place";
	}
	hp->waiting = probe;
	probe->fate = PROBE_HELD;
	probe->why = "waits for an SA";
}

static void acquire(struct simplane *p, struct held_policy *hp, const struct probe *probe)
{
	struct event ev = {.kind = EV_ACQUIRE};

	tell_story(p->m->w, "%s's packet %llu meets %s", p->m->name,
		   (unsigned long long)probe->number,
		   hp->policy.kind == POLICY_TRAP ? "the trap" : "no SA that is for it");
	/* It asks once; until the core answers by another policy the packets wait. */
	if (hp->policy.kind == POLICY_TRAP)
		hp->policy.kind = POLICY_HOLD;
	hp->asked = true;
	ev.acquire.policy_id = hp->policy.id;
	ev.acquire.local = ts_of(&probe->source, probe->proto, probe->source_port);
	ev.acquire.remote = ts_of(&probe->destination, probe->proto, probe->destination_port);
	machine_event(p->m, &ev);
}

static bool guarded(const struct machine *m)
{
	LIST_EACH(r, &m->recipes, struct recipe, link)
		if (r->routed)
			return true;
	return false;
}

static void go_clear(struct simplane *p, struct probe *probe)
{
	probe->fate = PROBE_CLEAR;
	probe->why = "no policy is concerned";
	tell_story(p->m->w, "%s's packet %llu goes in clear", p->m->name,
		   (unsigned long long)probe->number);
	world_expect(p->m->w, !guarded(p->m),
		     "%s lets packet %llu go in clear though it is routed", p->m->name,
		     (unsigned long long)probe->number);
}

static void apply(struct simplane *p, struct held_policy *hp, struct probe *probe)
{
	switch (hp ? hp->policy.kind : POLICY_PASS) {
	case POLICY_PROTECT:
		if (try_protect(p, hp->policy.reqid, probe))
			break;
		hold(p, hp, probe);
		if (!hp->asked)
			acquire(p, hp, probe);
		break;
	case POLICY_TRAP:
		hold(p, hp, probe);
		acquire(p, hp, probe);
		break;
	case POLICY_HOLD:
		hold(p, hp, probe);
		break;
	case POLICY_PASS:
		if (!hp) {
			go_clear(p, probe);
			return;
		}
		probe->fate = PROBE_CLEAR;
		probe->why = "a policy lets it pass";
		return;
	default:
		probe->fate = PROBE_DROPPED;
		probe->why = "a policy drops it";
	}
	if (probe->fate == PROBE_CLEAR)
		go_clear(p, probe);
}

/* What waits is looked up anew when policies change: another one may be for it now. */
static void look_again(struct simplane *p)
{
	LIST_EACH(hp, &p->policies, struct held_policy, link) {
		struct probe *probe = hp->waiting;
		struct held_policy *best = probe ? match(p, probe) : NULL;

		if (!best || best == hp)
			continue;
		hp->waiting = NULL;
		apply(p, best, probe);
	}
}

struct probe *simplane_send(struct simplane *p, const char *source, const char *destination)
{
	struct world *w = p->m->w;
	struct probe *probe = sim_alloc(sizeof(*probe));

	probe->number = ++w->probes_n;
	probe->from = p->m;
	probe->sent_at = w->now;
	probe->proto = 17;
	probe->source_port = 40000;
	probe->destination_port = 7;
	list_append(&w->probes, &probe->link);
	if (ip_parse(source, &probe->source) || ip_parse(destination, &probe->destination))
		world_fail(w, "%s or %s is no address", source, destination);
	else
		apply(p, match(p, probe), probe);
	return probe;
}

/* ---- packets in ---- */

static bool opens(const struct held_sa *s, const struct esp *e)
{
	return s->sa.encr_key_len == e->encr_key_len &&
	       s->sa.integ_key_len == e->integ_key_len &&
	       !memcmp(s->sa.encr_key, e->encr_key, e->encr_key_len) &&
	       !memcmp(s->sa.integ_key, e->integ_key, e->integ_key_len) &&
	       s->sa.suite.encr == e->suite.encr && s->sa.suite.integ == e->suite.integ &&
	       s->sa.suite.esn == e->suite.esn;
}

static bool admits(const struct held_sa *s, const struct probe *probe)
{
	struct ts local = ts_of(&probe->destination, probe->proto, probe->destination_port);
	struct ts remote = ts_of(&probe->source, probe->proto, probe->source_port);

	return set_covers(&s->sa.ts_local, &local) && set_covers(&s->sa.ts_remote, &remote);
}

static void refuse(struct simplane *p, const struct esp *e, const char *why)
{
	char name[8];

	p->refused++;
	/* A second copy of a packet that was taken changes nothing. */
	if (e->probe->fate != PROBE_ARRIVED) {
		e->probe->fate = PROBE_REFUSED;
		e->probe->why = why;
	}
	tell_story(p->m->w, "%s refuses packet %llu of SA %s: %s", p->m->name,
		   (unsigned long long)e->probe->number,
		   witness_spi_name(p->m->w, e->spi, name), why);
}

/* Behind a NAT the peer may have moved: good ESP shows where it is now. */
static void watch_address(struct simplane *p, struct held_sa *s, const struct endpoint *from)
{
	struct event ev = {.kind = EV_MOVED};

	if (!s->sa.encap || endpoint_equal(from, &s->sa.remote))
		return;
	ev.sa.dir = SA_IN;
	ev.sa.protocol = s->sa.protocol;
	ev.sa.spi = s->sa.spi;
	ev.sa.remote = *from;
	machine_event(p->m, &ev);
}

void simplane_receive(struct simplane *p, const struct endpoint *to,
		      const struct endpoint *from, const struct esp *e)
{
	struct held_sa *s = simplane_sa(p, SA_IN, e->spi);
	struct probe *probe = e->probe;

	if (!s) {
		p->unknown_spi++;
		refuse(p, e, "no such SPI");
	} else if (!opens(s, e)) {
		p->bad_key++;
		refuse(p, e, "the keys differ");
	} else if (s->sa.encap != e->encap) {
		refuse(p, e, "one end puts ESP in UDP, the other does not");
	} else if (!admits(s, probe)) {
		p->bad_selector++;
		refuse(p, e, "outside the SA's selectors");
	} else {
		s->counters.packets++;
		s->counters.last_used = machine_now(p->m);
		probe->fate = PROBE_ARRIVED;
		probe->to = p->m;
		tell_story(p->m->w, "%s takes packet %llu", p->m->name,
			   (unsigned long long)probe->number);
		watch_address(p, s, from);
	}
}
