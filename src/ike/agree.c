/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/agree.h"

#include "base/builder.h"
#include "conn/internal.h"
#include "ike/clone.h"
#include "ike/core.h"
#include "ike/ipcomp.h"
#include "ike/judge.h"
#include "ike/selectors.h"
#include "ike/suites.h"
#include "ike/up.h"
#include "wire/notify.h"
#include "wire/ts.h"

/* ---- proposals ---- */

const struct proposals *child_proposals(const struct ike_sa *sa, const struct connection *c)
{
	const struct proposals *p;

	return connection_proposals(c, c->protects, sa->chosen.ke, &p) ? NULL : p;
}

/* ---- selectors on the wire ---- */

static void build_ts(struct chain *c, uint8_t payload, const struct ts_set *set)
{
	struct ts_item items[TS_SET_MAX];

	for (size_t i = 0; i < set->len; i++) {
		const struct ts *t = &set->items[i];

		items[i] = ts_item_of(&t->range, t->proto, t->port_first, t->port_last);
	}
	chain_payload(c, payload);
	ts_build(c->b, items, set->len);
}

/* RFC 7296 1.3.1: our nonce, and with PFS our key exchange; a child of IKE_AUTH has neither. */
static void build_fresh_keying(struct chain *c, const struct exchange *x,
			       const struct bytes *our_nonce)
{
	struct nonce_payload nonce = {.data = view_bytes(our_nonce)};
	struct ke_payload ke = {x->ke.group, view_bytes(&x->ke.public)};

	chain_payload(c, PAYLOAD_NONCE);
	nonce_build(c->b, &nonce);
	if (!x->ke.group)
		return;
	chain_payload(c, PAYLOAD_KE);
	ke_build(c->b, &ke);
}

/* Selectors of types that we do not know are left out (RFC 7296 2.9), and what is beyond our bound. */
static enum problem take_ts(const struct message *m, uint8_t payload, struct ts_set *ret,
			    struct diag *why)
{
	struct ts_payload p;
	struct ts_item item;
	struct ts_set set = {0};
	struct reader walk;

	if (ts_parse(message_find(m, payload), &p, why))
		return PROBLEM_SYNTAX;
	walk = ts_walk(&p);
	while (set.len < TS_SET_MAX && ts_next(&walk, &item)) {
		struct ts t = {item.range, item.port_first, item.port_last, item.protocol};

		if (!ip_is_set(&item.range.first))
			continue;
		if (ts_set_add(&set, &t)) {
			ts_set_done(&set);
			return PROBLEM_LOCAL;
		}
	}
	*ret = set;
	return PROBLEM_NONE;
}

enum problem agree_take_selectors(const struct message *m, bool we_asked, struct both_ts *ret,
				  struct diag *why)
{
	struct both_ts b = {0};
	enum problem p = take_ts(m, we_asked ? PAYLOAD_TSI : PAYLOAD_TSR, &b.local, why);

	if (p == PROBLEM_NONE)
		p = take_ts(m, we_asked ? PAYLOAD_TSR : PAYLOAD_TSI, &b.remote, why);
	if (p != PROBLEM_NONE) {
		both_ts_done(&b);
		return p;
	}
	*ret = b;
	return PROBLEM_NONE;
}

static void explain_ts(struct diag *why, const struct ts_set *ours_l,
		       const struct ts_set *ours_r, const struct both_ts *theirs)
{
	char l[200], r[200];

	diag_set(why, "ts-unacceptable", "RFC 7296 2.9", "the traffic selectors do not meet");
	diag_wanted(why, "ours %s === %s", ts_set_print(ours_l, l, sizeof(l)),
		    ts_set_print(ours_r, r, sizeof(r)));
	diag_got(why, "theirs %s === %s", ts_set_print(&theirs->local, l, sizeof(l)),
		 ts_set_print(&theirs->remote, r, sizeof(r)));
	diag_hint(why,
		  "make leftsubnet and rightsubnet of both ends describe the same networks");
}

/* ---- initiator ---- */

/* A packet that is none of ours to protect widens nothing. */
static bool is_ours(const struct ts_set *ours, const struct ts *packet)
{
	for (size_t i = 0; i < ours->len; i++)
		if (ts_contains(&ours->items[i], packet))
			return true;
	return false;
}

/* The packet's own selectors first; with `alone`, behind them nothing but what holds it. */
static enum cyg_err offer_ts(struct ts_set *ret, const struct ts_set *ours,
			     const struct ts *packet, bool alone)
{
	struct ts_set set = {0};
	enum cyg_err err = packet && is_ours(ours, packet) ? ts_set_add(&set, packet) : CYG_OK;

	for (size_t i = 0; i < ours->len && !err; i++)
		if (set.len < TS_SET_MAX &&
		    (!alone || !packet || ts_contains(&ours->items[i], packet)))
			err = ts_set_add(&set, &ours->items[i]);
	if (err)
		ts_set_done(&set);
	else
		*ret = set;
	return err;
}

/* Before it has its address, what our end sends comes from another one, which it will not be. */
static bool waits_for_address(const struct ike_sa *sa, const struct loaded *l)
{
	return !sa->internal && l->local >= 0 &&
	       connection_is_internal(l->connection, l->local);
}

enum cyg_err agree_offer(struct exchange *x, struct loaded *l, const struct ts *packet_local,
			 const struct ts *packet_remote, bool alone)
{
	struct child_sa *child = child_new(x->sa, l);
	struct both_ts ours;
	enum cyg_err err;

	if (!child)
		return CYG_NOMEM;
	if (waits_for_address(x->sa, l))
		packet_local = NULL;
	child->initiator = true;
	child->cause = x->cause;
	child->chosen.protocol = child->version->protects;
	err = ipcomp_is_wanted(x->sa->ike, child->version) ? ipcomp_draw(child) : CYG_OK;
	if (!err)
		err = selectors_of(x->sa, l, &ours);
	if (!err && (!ours.local.len || !ours.remote.len)) {
		both_ts_done(&ours);
		err = CYG_STATE;
	}
	if (!err) {
		err = offer_ts(&child->ts_local, &ours.local, packet_local, alone);
		if (!err)
			err = offer_ts(&child->ts_remote, &ours.remote, packet_remote, alone);
		both_ts_done(&ours);
	}
	if (err) {
		child_free(child);
		return err;
	}
	x->child = child;
	return CYG_OK;
}

static struct view spi_view(uint8_t storage[4], uint32_t spi)
{
	struct builder b = builder_of(storage, 4);

	build_u32(&b, spi);
	return view_of(storage, 4);
}

void agree_announce(struct chain *c, const struct connection *version)
{
	static const uint8_t strongswan[] = {0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc,
					     0x22, 0x51, 0x61, 0x3b, 0x2e, 0xbe, 0x5b, 0xeb};
	struct vendor_payload v = {.id = view_of(strongswan, sizeof(strongswan))};

	if (version->type != CONN_BEET)
		return;
	chain_payload(c, PAYLOAD_VENDOR);
	vendor_build(c->b, &v);
}

/* RFC 7296 1.3.1; tunnel mode needs no word. */
static void mode_build(struct chain *c, uint8_t mode)
{
	if (mode == MODE_TRANSPORT)
		chain_notify(c, N_USE_TRANSPORT_MODE, (struct view){0});
	else if (mode == MODE_BEET)
		chain_notify(c, N_USE_BEET_MODE, (struct view){0});
}

enum cyg_err agree_build_offer(struct exchange *x, struct chain *c, bool in_auth)
{
	struct child_sa *child = x->child;
	const struct proposals *offer = child_proposals(x->sa, child->version);
	uint8_t spi[4];

	if (!offer)
		return CYG_NOMEM;
	mode_build(c, child->mode);
	ipcomp_build(c, child);
	offer_build(c, offer, spi_view(spi, child->spi_in), !x->ke.group);
	proposals_unref(offer);
	if (!in_auth)
		build_fresh_keying(c, x, &x->ni);
	build_ts(c, PAYLOAD_TSI, &child->ts_local);
	build_ts(c, PAYLOAD_TSR, &child->ts_remote);
	if (!child->ike->settings.handling.tfc)
		chain_notify(c, N_ESP_TFC_PADDING_NOT_SUPPORTED, (struct view){0});
	if (clone_is_wanted(child->ike, child->version))
		chain_notify(c, N_SA_RESOURCE_INFO, (struct view){0});
	return CYG_OK;
}

static enum problem take_choice(struct exchange *x, const struct message *m,
				struct chosen *chosen, uint32_t *spi, struct diag *why)
{
	const struct connection *c = x->child->version;
	const struct proposals *ours = child_proposals(x->sa, c);
	struct offer o;
	enum cyg_err err;

	if (!ours)
		return PROBLEM_LOCAL;
	err = offer_parse(message_find(m, PAYLOAD_SA), SA_ANSWER, SA_FOR_CHILD, &o, why);
	if (!err) {
		*spi = (uint32_t)o.spi[0];
		err = proposals_verify(ours, &o.items[0], o.number, !x->ke.group, chosen, why);
		offer_done(&o);
	}
	proposals_unref(ours);
	return err ? PROBLEM_ANSWER : PROBLEM_NONE;
}

/* RFC 7296 1.3.1: tunnel mode unless both ends said another one. */
static uint8_t mode_said(const struct message *m, uint16_t where)
{
	struct notify_payload n;

	return message_find_notify(m, where, N_USE_TRANSPORT_MODE, &n) ? MODE_TRANSPORT
	       : message_find_notify(m, where, N_USE_BEET_MODE, &n)    ? MODE_BEET
								       : MODE_TUNNEL;
}

static bool takes_no_padding(const struct message *m, uint16_t where)
{
	struct notify_payload n;

	return message_find_notify(m, where, N_ESP_TFC_PADDING_NOT_SUPPORTED, &n);
}

static enum problem check_mode(const struct exchange *x, const struct message *m,
			       struct diag *why)
{
	uint8_t chosen = mode_said(m, IN_AUTH_RESPONSE | IN_CHILD_RESPONSE);

	if (chosen == x->child->mode)
		return PROBLEM_NONE;
	diag_set(why, "mode", "RFC 7296 1.3.1",
		 "the peer chose another mode than we asked for");
	diag_wanted(why, "%s mode", sa_mode_text(x->child->mode));
	diag_got(why, "%s mode", sa_mode_text(chosen));
	diag_hint(why, "give both ends the same type=");
	return PROBLEM_ANSWER;
}

static void explain_not_given(struct diag *why, const struct ike_sa *sa)
{
	const struct ip_addr *a = &sa->internal->addr[!ip_is_set(&sa->internal->addr[0])];
	char text[IP_TEXT_MAX];

	diag_set(why, "address-outside", "RFC 7296 2.19",
		 "the peer gave us the address %s, and selectors that leave it out",
		 ip_print(a, text));
	diag_hint(why, "the peer's pool and its selectors for us do not meet: see its log");
}

/* RFC 4302 3.3.3.1: AH's check value covers the addresses, which a NAT changes. */
static bool is_passable(const struct ike_sa *sa, const struct connection *c, struct diag *why)
{
	if (c->protects != PROTO_AH || !sa->nat.encap)
		return true;
	diag_set(why, "ah-nat", "RFC 4302 3.3.3.1",
		 "AH does not survive the NAT between the ends, nor travels in UDP");
	diag_hint(why, "write phase2=esp at both ends, and no ah=");
	return false;
}

enum problem agree_take_answer(struct exchange *x, const struct message *m, struct diag *why)
{
	struct child_sa *child = x->child;
	struct chosen chosen;
	struct both_ts ts;
	uint32_t spi;
	enum problem p = take_choice(x, m, &chosen, &spi, why);

	if (p == PROBLEM_NONE && !is_passable(x->sa, child->version, why))
		p = PROBLEM_PLANE;
	if (p == PROBLEM_NONE)
		p = check_mode(x, m, why);
	if (p == PROBLEM_NONE)
		p = agree_take_selectors(m, true, &ts, why);
	if (p != PROBLEM_NONE)
		return p;
	/* RFC 7296 2.9: an answer may narrow what we offered, never widen it. */
	if (!ts.local.len || !ts.remote.len || !ts_set_contains(&child->ts_local, &ts.local) ||
	    !ts_set_contains(&child->ts_remote, &ts.remote)) {
		explain_ts(why, &child->ts_local, &child->ts_remote, &ts);
		both_ts_done(&ts);
		return PROBLEM_TS;
	}
	if (child->loaded && selectors_narrow_own(x->sa, child->loaded, &ts)) {
		both_ts_done(&ts);
		return PROBLEM_LOCAL;
	}
	if (!ts.local.len || !ts.remote.len) {
		if (x->sa->internal)
			explain_not_given(why, x->sa);
		both_ts_done(&ts);
		return PROBLEM_TS;
	}
	ts_set_done(&child->ts_local);
	ts_set_done(&child->ts_remote);
	child->ts_local = ts.local;
	child->ts_remote = ts.remote;
	child->chosen = chosen;
	child_set_spi_out(child, spi);
	child->encap = x->sa->nat.encap;
	child->unpadded = takes_no_padding(m, IN_AUTH_RESPONSE | IN_CHILD_RESPONSE);
	child->has_clones = clone_is_agreed(child, m, IN_AUTH_RESPONSE | IN_CHILD_RESPONSE);
	ipcomp_settle(child, ipcomp_find(m, IN_AUTH_RESPONSE | IN_CHILD_RESPONSE));
	return PROBLEM_NONE;
}

/* ---- responder ---- */

/* What one connection makes of an offer. */
struct match {
	struct loaded *loaded;
	struct chosen chosen;
	struct both_ts ts;
	uint32_t spi;
	uint8_t mode;
};

static void explain_must_ask(struct diag *why, const struct loaded *l)
{
	diag_set(why, "address-not-asked", "RFC 7296 3.15.4",
		 "connection %s gives its peer an address, and the peer asks for none",
		 l->connection->name);
	diag_wanted(why, "a configuration request in its IKE_AUTH");
	diag_got(why, "none");
	diag_hint(why,
		  "let the peer ask (leftsourceip=%%config there), or write its network as "
		  "rightsubnet= here instead of a pool");
}

static void explain_claim(struct diag *why, const struct loaded *l,
			  const struct both_ts *offered)
{
	struct text t = {0};
	char theirs[200];

	diag_set(why, "claim-refused", "RFC 7296 2.9",
		 "the peer claims a network that it may not have");
	virtual_print(l->connection->end[!l->local].virtual, &t);
	diag_wanted(why, "%s (%%priv is virtual-private= of config setup), and none of ours",
		    text_str(&t));
	diag_got(why, "%s", ts_set_print(&offered->remote, theirs, sizeof(theirs)));
	diag_hint(why,
		  "allow it there, or let the peer write one that is allowed as its subnet");
	text_done(&t);
}

static enum problem misfit(const struct ike_sa *sa, const struct loaded *l)
{
	return selectors_lack_address(sa, l) ? PROBLEM_CP_REQUIRED : PROBLEM_TS;
}

static enum problem match_ts(const struct ike_sa *sa, struct loaded *l,
			     const struct both_ts *offered, struct match *ret, struct diag *why)
{
	struct both_ts ours, got = {0};
	enum cyg_err err = selectors_for_offer(sa, l, offered, &ours);

	if (err)
		return PROBLEM_LOCAL;
	err = ts_set_narrow(&ours.local, &offered->local, &got.local);
	if (!err)
		err = ts_set_narrow(&ours.remote, &offered->remote, &got.remote);
	if (err || !got.local.len || !got.remote.len) {
		both_ts_done(&got);
		if (selectors_lack_address(sa, l))
			explain_must_ask(why, l);
		else if (!ours.remote.len && l->connection->end[!l->local].virtual)
			explain_claim(why, l, offered);
		else
			explain_ts(why, &ours.local, &ours.remote, offered);
		both_ts_done(&ours);
		return err ? PROBLEM_LOCAL : misfit(sa, l);
	}
	both_ts_done(&ours);
	ret->ts = got;
	return PROBLEM_NONE;
}

/*
 * A child's own key exchange: none in IKE_AUTH; where pfs=no, as the peer
 * likes; else it must be there.
 */
static bool leave_out_ke(const struct connection *c, const struct message *m)
{
	if (message_count(m, PAYLOAD_IDI)) /* AUTH comes later, with EAP */
		return true;
	return !c->pfs && !message_count(m, PAYLOAD_KE);
}

static enum problem match_suite(const struct ike_sa *sa, const struct connection *c,
				const struct message *m, struct match *ret, struct diag *why)
{
	const struct proposals *ours = child_proposals(sa, c);
	struct offer o;
	enum cyg_err err;

	if (!ours)
		return PROBLEM_LOCAL;
	err = offer_parse(message_find(m, PAYLOAD_SA), SA_OFFER, SA_FOR_CHILD, &o, why);
	if (err) {
		proposals_unref(ours);
		return problem_of(err, PROBLEM_SYNTAX);
	}
	err = proposals_select(ours, o.items, o.len, leave_out_ke(c, m), &ret->chosen, why);
	if (!err)
		ret->spi = (uint32_t)o.spi[ret->chosen.number - 1];
	offer_done(&o);
	proposals_unref(ours);
	return err ? PROBLEM_PROPOSAL : PROBLEM_NONE;
}

/* Both ends must want the same mode; nobody falls back to one that was not asked for. */
static enum problem match_mode(const struct connection *c, const struct message *m,
			       struct match *ret, struct diag *why)
{
	uint8_t asked = mode_said(m, IN_AUTH_REQUEST | IN_CHILD_REQUEST);
	uint8_t ours = connection_mode(c);

	ret->mode = asked == ours ? ours : MODE_TUNNEL;
	if (ret->mode == ours)
		return PROBLEM_NONE;
	diag_set(why, "mode", "RFC 7296 1.3.1", "the peer asks for %s mode, we want %s mode",
		 sa_mode_text(asked), sa_mode_text(ours));
	diag_hint(why, "give both ends the same type=");
	return PROBLEM_PROPOSAL;
}

/*
 * The more of the two is wrong with it, the less a candidate's problem tells. What can't
 * be read is no candidate's fault.
 */
static bool tells_more(enum problem a, enum problem b)
{
	return b == PROBLEM_NONE || (b != PROBLEM_SYNTAX && a == PROBLEM_SYNTAX) ||
	       ((b == PROBLEM_TS || b == PROBLEM_CP_REQUIRED) && a == PROBLEM_PROPOSAL) ||
	       (b == PROBLEM_TS && a == PROBLEM_CP_REQUIRED);
}

struct search {
	struct exchange *x;
	struct ike_sa *sa;
	const struct message *m;
	struct both_ts offered;
	struct match found;
	enum problem problem;
	struct diag *why;
};

static enum problem match_one(const struct search *s, struct loaded *l, struct match *ret,
			      struct diag *why)
{
	struct match got = {.loaded = l};
	enum problem p = match_ts(s->sa, l, &s->offered, &got, why);

	if (p == PROBLEM_NONE)
		p = match_mode(l->connection, s->m, &got, why);
	if (p == PROBLEM_NONE)
		p = match_suite(s->sa, l->connection, s->m, &got, why);
	if (p == PROBLEM_NONE && !is_passable(s->sa, l->connection, why))
		p = PROBLEM_PROPOSAL;
	if (p == PROBLEM_NONE)
		*ret = got;
	else
		both_ts_done(&got.ts);
	return p;
}

static bool try_candidate(struct search *s, struct loaded *l)
{
	struct diag why;
	enum problem p;

	diag_clear(&why);
	p = match_one(s, l, &s->found, &why);
	if (p != PROBLEM_NONE && tells_more(p, s->problem)) {
		s->problem = p;
		if (s->why)
			*s->why = why;
	}
	if (p == PROBLEM_NONE)
		s->problem = p;
	return p == PROBLEM_NONE;
}

/*
 * One that asks the peer for another proof: whether the one that it gave is enough, when all else fits.
 * PROBLEM_LATER: this is not known yet. The first one that is not for this peer is what is told.
 */
static bool try_other(struct search *s, struct loaded *l)
{
	struct match got;
	struct diag why, unfit;
	enum problem p;

	diag_clear(&unfit);
	if (match_one(s, l, &got, &unfit) != PROBLEM_NONE)
		return false;
	diag_clear(&why);
	p = judge_other(s->x, s->m, l, &why);
	if (p == PROBLEM_NONE) {
		s->found = got;
		s->problem = p;
		return true;
	}
	both_ts_done(&got.ts);
	if (p == PROBLEM_PROOF && s->problem == PROBLEM_PROOF)
		return false;
	s->problem = p;
	if (s->why)
		*s->why = why;
	return false;
}

/* It asks for the same proof, and its ike= allows what protects this IKE SA. */
static bool is_alike(const struct ike_sa *sa, const struct loaded *l)
{
	return connection_auth_equal(l->connection, l->local, sa->version,
				     sa->loaded ? sa->loaded->local : l->local) &&
	       judge_suite(sa, l->connection);
}

static bool try_some(struct search *s, struct loaded *const *list, size_t n, bool alike)
{
	struct ike_sa *sa = s->sa;
	struct ike *ike = sa->ike;

	for (size_t i = 0; i < n && s->problem != PROBLEM_LATER; i++) {
		struct loaded *l;

		if (list[i] == sa->loaded || (sa->loaded && list[i] == sa->loaded->template_of))
			continue;
		/* For whom it may speak there the DNS was not asked. */
		if (connection_asks_dns(list[i]->connection))
			continue;
		if (is_alike(sa, list[i]) != alike ||
		    policy_instantiate(ike->policy, list[i], &sa->local.addr, &sa->remote,
				       sa->remote_id, &l))
			continue;
		if (alike ? try_candidate(s, l) : try_other(s, l))
			return true;
		up_release(ike, l);
	}
	return false;
}

/* Whose networks follow from more than its words: addresses that are given, what a peer may claim. */
static bool is_open(const struct loaded *l)
{
	return connection_is_internal(l->connection, l->local) ||
	       connection_is_internal(l->connection, !l->local) ||
	       l->connection->end[!l->local].virtual;
}

/*
 * Those that do better for what is asked than the IKE SA's own connection, in their order: several for
 * the same two ends may have networks that lie in one another.
 */
static size_t better_ones(const struct loaded *own, const struct policy_question *q,
			  struct loaded *const *list, size_t n, struct loaded **ret)
{
	enum policy_fit fit = policy_fit(own, q);
	size_t len = 0;

	for (size_t i = 0; i < n && !is_open(own); i++)
		if (!is_open(list[i]) && policy_fit(list[i], q) > fit)
			ret[len++] = list[i];
	return len;
}

/*
 * The IKE SA's own connection before others that do no better, then what else this peer may use, best
 * first: what asks for the same proof, and what asks for another.
 */
static void search(struct search *s)
{
	struct ike_sa *sa = s->sa;
	struct ike *ike = sa->ike;
	struct policy_question q = {sa->local,    sa->remote,        sa->remote_id,
				    sa->local_id, &s->offered.local, &s->offered.remote};
	struct loaded *list[POLICY_CANDIDATES_MAX], *better[POLICY_CANDIDATES_MAX];
	size_t n = policy_identify(ike->policy, &q, list, POLICY_CANDIDATES_MAX, NULL);

	if (sa->loaded &&
	    (try_some(s, better, better_ones(sa->loaded, &q, list, n, better), true) ||
	     try_candidate(s, sa->loaded)))
		return;
	if (!try_some(s, list, n, true))
		try_some(s, list, n, false);
}

static enum problem adopt(struct exchange *x, const struct message *m, struct match *found)
{
	struct child_sa *child = child_new(x->sa, found->loaded);
	uint16_t cpi = ipcomp_find(m, IN_AUTH_REQUEST | IN_CHILD_REQUEST);

	if (!child)
		return PROBLEM_LOCAL;
	if (cpi && ipcomp_is_wanted(x->sa->ike, child->version) && ipcomp_draw(child)) {
		child_free(child);
		return PROBLEM_LOCAL;
	}
	ipcomp_settle(child, cpi);
	child->mode = found->mode;
	child->chosen = found->chosen;
	child_set_spi_out(child, found->spi);
	child->encap = x->sa->nat.encap;
	child->unpadded = takes_no_padding(m, IN_AUTH_REQUEST | IN_CHILD_REQUEST);
	child->has_clones = clone_is_agreed(child, m, IN_AUTH_REQUEST | IN_CHILD_REQUEST);
	child->ts_local = found->ts.local;
	child->ts_remote = found->ts.remote;
	found->ts = (struct both_ts){0};
	x->child = child;
	return PROBLEM_NONE;
}

enum problem agree_answer(struct exchange *x, const struct message *m, struct child_sa *old,
			  struct diag *why)
{
	struct search s = {.x = x, .sa = x->sa, .m = m, .problem = PROBLEM_NONE, .why = why};
	enum problem p = agree_take_selectors(m, false, &s.offered, why);

	if (p != PROBLEM_NONE)
		return p;
	if (old)
		try_candidate(&s, old->loaded);
	else
		search(&s);
	both_ts_done(&s.offered);
	if (!s.found.loaded)
		return s.problem == PROBLEM_NONE ? PROBLEM_TS : s.problem;
	p = adopt(x, m, &s.found);
	both_ts_done(&s.found.ts);
	if (p != PROBLEM_NONE)
		up_release(x->sa->ike, s.found.loaded);
	return p;
}

void agree_build_answer(struct exchange *x, struct chain *c, bool in_auth)
{
	struct child_sa *child = x->child;
	uint8_t spi[4];

	mode_build(c, child->mode);
	ipcomp_build(c, child);
	accept_build(c, &child->chosen, spi_view(spi, child->spi_in));
	if (!in_auth)
		build_fresh_keying(c, x, &x->nr);
	build_ts(c, PAYLOAD_TSI, &child->ts_remote);
	build_ts(c, PAYLOAD_TSR, &child->ts_local);
	if (!child->ike->settings.handling.tfc)
		chain_notify(c, N_ESP_TFC_PADDING_NOT_SUPPORTED, (struct view){0});
	if (child->has_clones)
		chain_notify(c, N_SA_RESOURCE_INFO, (struct view){0});
}
