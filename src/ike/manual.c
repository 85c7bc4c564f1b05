/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/manual.h"

#include "base/secret.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/obstacle.h"
#include "ike/tell.h"
#include "ike/updown.h"

#include <stdlib.h>
#include <string.h>

#define PORT_ENCAP 4500
#define FIRST_BITS 30 /* of the random number that an SA begins beyond */

struct manual_pair {
	struct ike *ike;
	struct loaded *loaded;
	const struct connection *version;
	struct list ops;
	unsigned waiting; /* answers that the plane owes */
	uint64_t serial;
	uint64_t cause; /* of the command that waits for it; 0: none */
	struct chosen suite;
	struct endpoint local, remote;
	struct ts_set ts_local, ts_remote;
	uint32_t spi_in, spi_out, reqid;
	uint32_t number; /* scope_of */
	uint8_t mode;
	uint8_t installed; /* CHILD_IN, CHILD_OUT */
	bool encap, failed, up;
	nsec established_at;
};

/* ---- the record ---- */

static void pair_free(struct manual_pair *m)
{
	op_abandon(&m->ops);
	roster_remove(&m->ike->manuals, m->serial);
	if (m->loaded)
		m->loaded->by_hand = NULL;
	connection_unref(m->version);
	ts_set_done(&m->ts_local);
	ts_set_done(&m->ts_remote);
	free(m);
}

static struct endpoint end_at(const struct ip_addr *addr, bool encap)
{
	return (struct endpoint){.addr = *addr, .port = encap ? PORT_ENCAP : 0};
}

static struct manual_pair *pair_new(struct ike *ike, struct loaded *l,
				    const struct manual_keys *k, uint64_t cause)
{
	const struct connection *c = l->connection;
	struct manual_pair *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->ike = ike;
	list_init(&m->ops);
	m->version = connection_ref(c);
	m->serial = ++ike->last_serial;
	m->cause = cause;
	m->encap = c->protects == PROTO_ESP &&
		   (ike->settings.encap_always || c->encapsulation == TRI_FORCE);
	m->local = end_at(&l->local_addr, m->encap);
	m->remote = end_at(&l->remote_addr, m->encap);
	m->spi_in = k->toward[l->local].spi;
	m->spi_out = k->toward[!l->local].spi;
	m->reqid = l->reqid;
	m->number = l->policy_id;
	m->mode = connection_mode(c);
	m->established_at = NSEC_NEVER;
	if (ts_set_copy(&m->ts_local, &l->ts_local) ||
	    ts_set_copy(&m->ts_remote, &l->ts_remote) ||
	    !roster_add(&ike->manuals, m->serial, m)) {
		pair_free(m);
		return NULL;
	}
	m->loaded = l;
	l->by_hand = m;
	return m;
}

static struct sa_ref ref_of(const struct manual_pair *m, enum sa_dir dir)
{
	return (struct sa_ref){
		.dir = dir,
		.protocol = m->suite.protocol,
		.spi = dir == SA_IN ? m->spi_in : m->spi_out,
		.reqid = m->reqid,
		.local = m->local,
		.remote = m->remote,
		.encap = m->encap,
	};
}

/* ---- the plane ---- */

static void fill(const struct manual_pair *m, enum sa_dir dir, const struct manual_sa *key,
		 struct plane_sa *p)
{
	const struct connection *c = m->version;

	p->dir = dir;
	p->protocol = m->suite.protocol;
	p->mode = m->mode;
	p->encap = m->encap;
	p->suite = m->suite;
	p->spi = key->spi;
	p->reqid = m->reqid;
	p->scope = scope_of(&c->scope, m->number, dir);
	p->local = m->local;
	p->remote = m->remote;
	p->mtu = c->mtu;
	p->offload = c->offload;
	if (m->mode == MODE_TUNNEL) {
		p->no_pmtu_discovery = c->no_pmtu_discovery;
		p->decap_dscp = c->decap_dscp && dir == SA_IN;
		p->plain_dscp = !c->encap_dscp && dir == SA_OUT;
	}
	memcpy(p->encr_key, key->encr, key->encr_len);
	memcpy(p->integ_key, key->integ, key->integ_len);
	p->encr_key_len = key->encr_len;
	p->integ_key_len = key->integ_len;
}

/*
 * A plane may make IVs from packets' numbers. The same keys are used again and again, so the
 * numbers begin at random; where the peer checks them it is told by how far it may be behind.
 */
static enum cyg_err first_number(struct manual_pair *m, uint32_t window, uint64_t *ret)
{
	uint32_t number = 0;

	if (!window && core_random(m->ike, &number, sizeof(number)))
		return CYG_CRYPTO;
	*ret = number >> (32 - FIRST_BITS);
	return CYG_OK;
}

static enum cyg_err install(struct manual_pair *m, enum sa_dir dir, const struct manual_keys *k)
{
	struct actions *out = m->ike->out;
	const struct loaded *l = m->loaded;
	struct plane_sa *p = actions_alloc(out, sizeof(*p));
	struct action *a;
	uint32_t op;

	if (!p)
		return CYG_NOMEM;
	fill(m, dir, &k->toward[dir == SA_IN ? l->local : !l->local], p);
	/* The pair may come to nothing in this same step. */
	p->ts_local = actions_ts_set(out, &m->ts_local);
	p->ts_remote = actions_ts_set(out, &m->ts_remote);
	p->replay_window = dir == SA_IN ? k->replay_window : 0;
	if (dir == SA_OUT && first_number(m, k->replay_window, &p->first_sequence))
		return CYG_CRYPTO;
	op = op_new(m->ike, dir == SA_IN ? OP_MANUAL_IN : OP_MANUAL_OUT, m, &m->ops);
	a = op ? actions_add(out, ACT_SA_INSTALL) : NULL;
	if (!a)
		return CYG_NOMEM;
	a->op = op;
	a->cause = m->cause;
	a->sa = p;
	m->installed |= dir == SA_IN ? CHILD_IN : CHILD_OUT;
	m->waiting++;
	return CYG_OK;
}

static void withdraw(struct manual_pair *m, enum sa_dir dir)
{
	uint8_t bit = dir == SA_IN ? CHILD_IN : CHILD_OUT;
	struct action *a = m->installed & bit ? actions_add(m->ike->out, ACT_SA_REMOVE) : NULL;

	m->installed &= (uint8_t)~bit;
	if (a)
		a->sa_ref = ref_of(m, dir);
}

static enum cyg_err set_policy(struct manual_pair *m)
{
	uint32_t op = op_new(m->ike, OP_MANUAL_POLICY, m, &m->ops);
	size_t from = m->ike->out->len;

	if (!op)
		return CYG_NOMEM;
	m->waiting++;
	if (!updown_set_spd(m->ike, m->loaded, SPD_PROTECT, op, m->cause))
		return CYG_NOMEM;
	return op_await_host(m->ike, from, OP_MANUAL_ROUTE, m, &m->ops, &m->waiting);
}

/* ---- how it ends ---- */

static void tell_end(struct manual_pair *m, uint16_t code)
{
	uint64_t cause = m->cause;

	m->cause = 0;
	if (cause)
		tell_done(m->ike, cause, code);
}

void manual_end(struct loaded *l)
{
	struct manual_pair *m = l->by_hand;

	if (!m)
		return;
	updown_lost(l);
	withdraw(m, SA_OUT);
	withdraw(m, SA_IN);
	tell_end(m, RC_FATAL);
	pair_free(m);
}

/* It did not come up: its packets are dropped again, or nothing stands as before. */
static void give_up(struct manual_pair *m, uint16_t code)
{
	struct ike *ike = m->ike;
	struct loaded *l = m->loaded;

	tell_end(m, code);
	manual_end(l);
	if (l->spd == SPD_PROTECT)
		up_rest(ike, l, false);
}

void manual_refused(struct loaded *l, uint16_t code)
{
	if (!l->by_hand)
		return;
	tell_end(l->by_hand, code);
	manual_end(l);
}

/* ---- coming up ---- */

static void tell_up(const struct manual_pair *m)
{
	struct about a = about_loaded(m->loaded, m->cause);
	char suite[160], local[256], remote[256];

	a.serial = m->serial;
	tell(m->ike, &a, REPORT_NOTICE, RC_SUCCESS, "manual-up", NULL,
	     "IPsec SA established by hand, %s mode {%s=>0x%08x <0x%08x xfrm=%s %s === %s}",
	     sa_mode_text(m->mode),
	     m->suite.protocol == PROTO_AH ? "AH"
	     : m->encap                    ? "ESPinUDP"
					   : "ESP",
	     m->spi_out, m->spi_in, chosen_print(&m->suite, suite, sizeof(suite)),
	     ts_set_print(&m->ts_local, local, sizeof(local)),
	     ts_set_print(&m->ts_remote, remote, sizeof(remote)));
}

/* Nothing asks the peer: what both ends must have alike is told. */
static void tell_encap(const struct manual_pair *m)
{
	struct about a = about_loaded(m->loaded, m->cause);

	if (m->encap && m->version->encapsulation != TRI_FORCE)
		tell(m->ike, &a, REPORT_INFO, RC_COMMENT, "manual-encap", NULL,
		     "the data plane in use here carries ESP in UDP port %u alone: the other end "
		     "needs encapsulation=yes",
		     PORT_ENCAP);
}

static void go_on(struct manual_pair *m)
{
	if (m->waiting || m->up)
		return;
	if (m->failed) {
		give_up(m, RC_LOG_SERIOUS);
		return;
	}
	if (updown_is_pending(m->loaded))
		return; /* manual_routed or manual_refused follows */
	m->up = true;
	m->established_at = m->ike->now;
	tell_up(m);
	tell_encap(m);
	updown_manual_up(m->loaded, m->cause);
	tell_end(m, RC_SUCCESS);
}

void manual_routed(struct loaded *l)
{
	if (l->by_hand)
		go_on(l->by_hand);
}

static const char *part_name(enum op_for purpose)
{
	return purpose == OP_MANUAL_IN      ? "the inbound SA"
	       : purpose == OP_MANUAL_OUT   ? "the outbound SA"
	       : purpose == OP_MANUAL_ROUTE ? "the route"
					    : "the policy";
}

void manual_answered(struct manual_pair *m, enum op_for purpose, const struct answer *a)
{
	struct about about = about_loaded(m->loaded, m->cause);

	m->waiting--;
	if (a->err) {
		tell(m->ike, &about, REPORT_ERROR, RC_LOG_SERIOUS, "install-failed", a->why,
		     "the data plane refused %s: %s%s", part_name(purpose),
		     cyg_err_text(a->err),
		     a->err == CYG_EXISTS ? "; another SA has this SPI: choose another one"
					  : "");
		m->failed = true;
		if (purpose == OP_MANUAL_ROUTE)
			policy_route_refused(m->loaded);
		if (purpose == OP_MANUAL_IN)
			m->installed &= (uint8_t)~CHILD_IN;
		if (purpose == OP_MANUAL_OUT)
			m->installed &= (uint8_t)~CHILD_OUT;
	}
	go_on(m);
}

/* ---- the command ---- */

struct obstacle {
	uint16_t code;
	const char *event, *text;
};

/* What the connection lacks. */
static struct obstacle obstacle_of(const struct ike *ike, const struct loaded *l)
{
	const struct connection *c = l->connection;
	const struct ike_settings *s = &ike->settings;

	if (!c->manual)
		return (struct obstacle){
			RC_INITSHUNT, "not-manual",
			"it is not keyed by hand: write manual=yes, or bring it "
			"up with ipsec auto --up"};
	if (!ike->listening || ike->stopping)
		return (struct obstacle){
			RC_DEAF, "not-listening",
			"need \"ipsec auto --ready\" before tunnels are keyed"};
	if (l->local < 0)
		return (struct obstacle){RC_ORIENT, "not-oriented",
					 "neither end has an address of this host"};
	if (!ip_is_set(&l->remote_addr))
		return (struct obstacle){RC_NOPEERIP, "no-peer-address",
					 "the peer's address is not known"};
	if (!l->ts_local.len || !l->ts_remote.len)
		return (struct obstacle){RC_ROUTE, "no-selectors",
					 "which networks are to be joined is not known"};
	if (c->encapsulation == TRI_NO && s->encap_always && c->protects == PROTO_ESP)
		return (struct obstacle){
			RC_NOALGO, "no-encap",
			"encapsulation=no, and the data plane in use here carries "
			"ESP in UDP alone"};
	return (struct obstacle){0};
}

/* What is asked for is possible and fits together. A code, told, when it does not. */
static uint16_t check(struct ike *ike, struct loaded *l, const struct event *ev,
		      struct chosen *ret)
{
	const struct manual_keys *keys = ev->command.keys;
	struct obstacle o = obstacle_of(ike, l);
	struct about a = about_loaded(l, ev->cause);
	struct diag why;

	diag_clear(&why);
	if (!o.code && obstacle_in_plane(ike, l->connection, &why))
		o = (struct obstacle){RC_NOALGO, why.code, why.sentence};
	else if (!o.code && manual_suite(l->connection, ret, &why))
		o = (struct obstacle){RC_NOALGO, "manual-suite", "its algorithms do not do"};
	else if (!o.code && (!keys || manual_check(ret, keys, &why)))
		o = (struct obstacle){RC_NOKEY, "manual-keys", "its keys do not do"};
	else if (!o.code && child_by_spi_in(ike, keys->toward[l->local].spi))
		o = (struct obstacle){RC_CLASH, "spi-taken",
				      "another SA has this SPI: choose another one"};
	if (o.code)
		tell(ike, &a, REPORT_ERROR, o.code, o.event, diag_is_set(&why) ? &why : NULL,
		     "cannot be keyed: %s", o.text);
	return o.code;
}

/* From here on DONE comes from the pair. */
static void begin(struct manual_pair *m, const struct manual_keys *keys)
{
	struct loaded *l = m->loaded;
	struct about a = about_loaded(l, m->cause);
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = policy_claim(m->ike->policy, l, &l->ts_local, &l->ts_remote, &why);
	if (err) {
		tell(m->ike, &a, REPORT_ERROR, RC_ROUTE, "cannot-route", &why,
		     "cannot route: %s", why.sentence);
		give_up(m, RC_ROUTE);
		return;
	}
	err = install(m, SA_IN, keys);
	if (!err)
		err = install(m, SA_OUT, keys);
	l->routed = true;
	if (!err)
		err = set_policy(m);
	if (!err)
		return;
	tell(m->ike, &a, REPORT_ERROR, RC_INTERNALERR, "cannot-key", NULL,
	     "cannot be keyed: %s", cyg_err_text(err));
	give_up(m, RC_INTERNALERR);
}

void manual_key(struct ike *ike, const struct event *ev)
{
	const char *name = ev->command.name ? ev->command.name : "";
	struct loaded *l = policy_find(ike->policy, name);
	struct about nobody = {.cause = ev->cause};
	struct manual_pair *m;
	struct chosen suite;
	uint16_t code;

	if (!l) {
		tell(ike, &nobody, REPORT_ERROR, RC_UNKNOWN_NAME, "unknown-name", NULL,
		     "no connection named \"%s\" is loaded", name);
		tell_done(ike, ev->cause, RC_UNKNOWN_NAME);
		return;
	}
	code = check(ike, l, ev, &suite);
	if (code) {
		tell_done(ike, ev->cause, code);
		return;
	}
	manual_end(l); /* the entry stays: nothing leaves in clear meanwhile */
	m = pair_new(ike, l, ev->command.keys, ev->cause);
	if (!m) {
		tell_done(ike, ev->cause, RC_INTERNALERR);
		return;
	}
	m->suite = suite;
	begin(m, ev->command.keys);
}

/* ---- what happens to it ---- */

/* Take it down for a reason; its packets are dropped then. */
static void lose(struct manual_pair *m, const char *why)
{
	struct ike *ike = m->ike;
	struct loaded *l = m->loaded;
	struct about a = about_loaded(l, m->cause);

	tell(ike, &a, REPORT_ERROR, RC_LOG_SERIOUS, "manual-lost", NULL,
	     "the tunnel that was keyed by hand is down: %s; \"ipsec manual --up %s\" brings it "
	     "up again",
	     why, l->connection->name);
	manual_end(l);
	up_rest(ike, l, false);
}

static struct manual_pair *after(const struct ike *ike, uint64_t serial)
{
	return roster_after(&ike->manuals, serial);
}

void manual_follow_host(struct ike *ike)
{
	struct manual_pair *m;

	for (uint64_t at = 0; (m = after(ike, at));) {
		const struct loaded *l = m->loaded;

		at = m->serial;
		if (l->local < 0 || !ip_equal(&l->local_addr, &m->local.addr) ||
		    !ip_equal(&l->remote_addr, &m->remote.addr))
			lose(m, "an address of its ends has changed");
	}
}

static bool is_meant(const struct manual_pair *m, const struct event *ev)
{
	return ev->sa.dir == SA_IN ? m->spi_in == ev->sa.spi
				   : m->spi_out == ev->sa.spi &&
					     (!ip_is_set(&ev->sa.remote.addr) ||
					      ip_equal(&ev->sa.remote.addr, &m->remote.addr));
}

bool manual_expired(struct ike *ike, const struct event *ev)
{
	struct manual_pair *m;
	struct about a;

	for (uint64_t at = 0; (m = after(ike, at)); at = m->serial)
		if (is_meant(m, ev))
			break;
	if (!m)
		return false;
	if (ev->sa.hard) {
		lose(m, "its packets have used up their numbers, choose new keys");
		return true;
	}
	a = about_loaded(m->loaded, 0);
	tell(ike, &a, REPORT_WARNING, RC_LOG_SERIOUS, "manual-worn", NULL,
	     "the numbers of its packets are nearly used up: choose new keys at both ends, and "
	     "bring it up again");
	return true;
}

/* ---- what others see ---- */

bool manual_is_up(const struct loaded *l)
{
	return l->by_hand && l->by_hand->up;
}

void manual_facts(const struct manual_pair *m, struct updown *facts)
{
	facts->serial = m->serial;
	facts->established_at = m->established_at;
	facts->reqid = m->reqid;
	facts->in = ref_of(m, SA_IN);
	facts->out = ref_of(m, SA_OUT);
}

bool manual_next(const struct ike *ike, uint64_t serial, struct child_info *ret)
{
	const struct manual_pair *m = after(ike, serial);

	if (!m)
		return false;
	*ret = (struct child_info){
		.serial = m->serial,
		.connection = m->loaded,
		.state = m->up ? "MANUAL" : "MANUAL_LARVAL",
		.spi_in = m->spi_in,
		.spi_out = m->spi_out,
		.reqid = m->reqid,
		.suite = m->suite,
		.ts_local = &m->ts_local,
		.ts_remote = &m->ts_remote,
		.local = m->local,
		.remote = m->remote,
		.encap = m->encap,
		.established_at = m->established_at,
		.rekey_at = NSEC_NEVER,
		.expire_at = NSEC_NEVER,
	};
	return true;
}

void manual_free_all(struct ike *ike)
{
	struct manual_pair *m;

	while ((m = after(ike, 0)))
		pair_free(m);
}
