/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters by the dotted names of Libreswan's --globalstatus, which monitoring
 * scripts read. Names whose thing is not built are left out.
 */
#include "pluto/facts.h"

#include "crypto/alg.h"
#include "pluto/daemon.h"
#include "policy/policy.h"
#include "wire/ikev2_numbers.h"

#include <stdio.h>
#include <string.h>

static void put_named(struct json_out *o, const char *group, const char *name, uint64_t value)
{
	char key[128];

	snprintf(key, sizeof(key), "%s.%s", group, name);
	json_out_number(o, key, value);
}

/* ---- what is ---- */

/* The states that there are, by the name that listings give them. */
struct states {
	const char *names[16];
	uint64_t counts[16];
	size_t len;
};

static void add_state(struct states *s, const char *name, unsigned n)
{
	size_t i = 0;

	while (i < s->len && strcmp(s->names[i], name) != 0)
		i++;
	if (i == sizeof(s->names) / sizeof(s->names[0]))
		return;
	if (i == s->len)
		s->names[s->len++] = name;
	s->counts[i] += n;
}

/* Every state of an IKE SA is told, though none is in it. */
static void name_states(struct states *s)
{
	for (unsigned phase = IKE_HALF_OPEN; phase <= IKE_DELETING; phase++)
		for (int initiator = 0; initiator < 2; initiator++)
			add_state(s, facts_ike_state(phase, initiator), 0);
	add_state(s, "CHILD_C0", 0);
	add_state(s, "CHILD_C1", 0);
	add_state(s, "CHILD_C1_REKEYED", 0);
	add_state(s, "CHILD_DEL", 0);
}

static void put_current(struct json_out *o, const struct daemon *d)
{
	struct ike_counts c = ike_counts(d->ike);
	size_t shunts = policy_shunt_count(ike_policy(d->ike));
	uint64_t all = 0, open = 0;
	struct child_info child = {0};
	struct ike_sa_info sa = {0};
	struct states s = {0};

	name_states(&s);
	while (ike_sa_next(d->ike, sa.serial, &sa)) {
		add_state(&s, facts_ike_state(sa.phase, sa.initiator), 1);
		all++;
		open += sa.initiator &&
			(sa.phase == IKE_HALF_OPEN || sa.phase == IKE_AUTHENTICATING);
	}
	while (ike_child_next(d->ike, child.serial, &child))
		add_state(&s, child.state, 1);
	json_out_number(o, "current.states.all", all + c.children + shunts);
	json_out_number(o, "current.states.ipsec", c.children);
	json_out_number(o, "current.states.ike", all);
	json_out_number(o, "current.states.shunts", shunts);
	json_out_number(o, "current.states.iketype.anonymous", c.anonymous);
	json_out_number(o, "current.states.iketype.authenticated", c.established - c.anonymous);
	json_out_number(o, "current.states.iketype.halfopen", c.half_open);
	json_out_number(o, "current.states.iketype.open", open);
	for (size_t i = 0; i < s.len; i++) {
		char state[64];

		snprintf(state, sizeof(state), "STATE_%s", s.names[i]);
		put_named(o, "current.states.enumerate", state, s.counts[i]);
	}
}

/* ---- what has been ---- */

static void put_algorithms(struct json_out *o, const char *group, unsigned kind, unsigned use,
			   const uint64_t counts[TALLY_IDS])
{
	for (const struct alg *a = alg_next(kind, NULL); a; a = alg_next(kind, a))
		if ((a->built & use) && a->strength != ALG_REFUSED && a->id < TALLY_IDS)
			put_named(o, group, a->name, counts[a->id]);
}

static void put_errors(struct json_out *o, const char *group, const uint64_t counts[TALLY_IDS])
{
	for (uint16_t type = 1; type < TALLY_IDS; type++)
		if (notify_name(type))
			put_named(o, group, notify_name(type), counts[type]);
}

static void put_children(struct json_out *o, const struct daemon *d, const struct ike_tally *t)
{
	json_out_number(o, "total.ipsec.type.all", t->esp + t->ah);
	json_out_number(o, "total.ipsec.type.esp", t->esp);
	json_out_number(o, "total.ipsec.type.ah", t->ah);
	json_out_number(o, "total.ipsec.type.esn", t->esn);
	json_out_number(o, "total.ipsec.type.tfc", t->tfc);
	json_out_number(o, "total.ipsec.type.encap", t->encap);
	json_out_number(o, "total.ipsec.type.non_encap", t->esp + t->ah - t->encap);
	json_out_number(o, "total.ipsec.traffic.in", d->engine.carried[SA_IN]);
	json_out_number(o, "total.ipsec.traffic.out", d->engine.carried[SA_OUT]);
	put_algorithms(o, "total.ipsec.encr", ALG_ENCR, ALG_FOR_ESP, t->child[ALG_ENCR]);
	put_algorithms(o, "total.ipsec.integ", ALG_INTEG, ALG_FOR_ESP, t->child[ALG_INTEG]);
}

static void put_ike(struct json_out *o, const struct daemon *d, const struct ike_tally *t)
{
	struct ports_counts p = ports_counts(d->ports);

	json_out_number(o, "total.ike.ikev2.established", t->established);
	json_out_number(o, "total.ike.ikev2.failed", t->failed);
	json_out_number(o, "total.ike.dpd.sent", t->liveness_sent);
	json_out_number(o, "total.ike.dpd.recv", t->liveness_received);
	json_out_number(o, "total.ike.traffic.in", p.octets_in);
	json_out_number(o, "total.ike.traffic.out", p.octets_out);
	put_algorithms(o, "total.ikev2.encr", ALG_ENCR, ALG_FOR_IKE, t->ike[ALG_ENCR]);
	put_algorithms(o, "total.ikev2.integ", ALG_INTEG, ALG_FOR_IKE, t->ike[ALG_INTEG]);
	put_algorithms(o, "total.ikev2.prf", ALG_PRF, ALG_FOR_IKE, t->ike[ALG_PRF]);
	put_algorithms(o, "total.ikev2.group", ALG_KE, ALG_FOR_IKE, t->ike[ALG_KE]);
	put_errors(o, "total.ikev2.sent.notifies.error", t->errors_sent);
	put_errors(o, "total.ikev2.recv.notifies.error", t->errors_received);
}

void facts_global(struct json_out *o, const struct daemon *d)
{
	const struct ike_settings *s = ike_settings_of(d->ike);
	const struct ike_tally *t = ike_tally(d->ike);

	json_out_object(o, "global");
	json_out_number(o, "config.setup.ike.ddos_threshold", s->half_open_cookie);
	json_out_number(o, "config.setup.ike.max_halfopen", s->half_open_max);
	put_current(o, d);
	put_children(o, d, t);
	put_ike(o, d, t);
	json_out_object_end(o);
}
