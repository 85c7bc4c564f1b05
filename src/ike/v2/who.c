/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/v2/who.h"

#include "base/text.h"
#include "ike/agree.h"
#include "ike/core.h"
#include "ike/receive.h"
#include "ike/suites.h"
#include "ike/tell.h"
#include "ike/v2/auth.h"
#include "ike/v2/config.h"
#include "ike/v2/sa_init.h"
#include "wire/payload.h"

#include <stdio.h>
#include <string.h>

/* ---- which of them can be meant ---- */

/* Candidates must also have allowed the suite that IKE_SA_INIT settled on. */
static size_t keep_allowed(struct loaded **list, size_t n, const struct chosen *chosen)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct proposals *p = ike_proposals(list[i]->connection);

		if (p && proposals_allow(p, chosen))
			list[kept++] = list[i];
		proposals_unref(p);
	}
	return kept;
}

/* Those whose peer may prove itself in the way that it has chosen: by EAP, or at once. */
static size_t keep_ways(struct loaded **list, size_t n, bool eap, struct diag *why)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		const struct connection *c = list[i]->connection;
		int peer = !list[i]->local;

		if (eap ? (connection_auth(c, peer) & AUTH_EAP) != 0
			: !connection_eap_client(c, peer))
			list[kept++] = list[i];
	}
	if (!n || kept)
		return kept;
	diag_set(
		why, "eap", "RFC 7296 2.16",
		eap ? "the peer asks to be authenticated by EAP, which no connection for it "
		      "uses"
		    : "the peer brings its AUTH payload at once, and the connections for it want "
		      "EAP");
	diag_hint(
		why,
		eap ? "allow it with rightauth=eap-tls, eap-mschapv2 or eap-radius"
		    : "set the peer to EAP (leftauth=eap-... there), or allow rightauth=pubkey");
	return 0;
}

/* What the first request says of whom the peer is looking for. */
struct asked {
	const struct ident *id; /* of us; NULL: it does not matter */
	struct both_ts ts;
	bool address;
};

static enum problem read_asked(const struct message *m, struct asked *ret, struct diag *why)
{
	const struct payload *p = message_find(m, PAYLOAD_IDR);
	struct id_payload id;
	enum cyg_err err = p ? id_parse(p, &id, why) : CYG_OK;
	struct diag unread;

	*ret = (struct asked){.address = config_is_asked(m)};
	if (p && !err)
		err = ident_from_wire(id.type, id.data, &ret->id, why);
	/* An IDr of a kind that we do not know names nobody here, but is only a wish. */
	if (err && err != CYG_UNSUPPORTED)
		return problem_of(err, PROBLEM_AUTH);
	/* What is wrong with selectors is told when the child is agreed on. */
	(void)agree_take_selectors(m, false, &ret->ts, &unread);
	return PROBLEM_NONE;
}

static void asked_done(struct asked *a)
{
	ident_unref(a->id);
	both_ts_done(&a->ts);
}

/* They do not all let in the same peers. */
static bool rules_differ(struct loaded *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i]->connection->end[!list[i]->local].groups ||
		    !connection_auth_equal(list[i]->connection, list[i]->local,
					   list[0]->connection, list[0]->local))
			return true;
	return false;
}

/* The one address that it asks to speak for: what it asks for first, the packet's own. */
static struct ip_addr client_of(const struct asked *a)
{
	const struct ip_range *r = a->ts.remote.len ? &a->ts.remote.items[0].range : NULL;

	return r && ip_equal(&r->first, &r->last) ? r->first : (struct ip_addr){0};
}

/* Where the peer comes from, and as whom. */
struct caller {
	struct endpoint local, remote;
	const struct ident *id;
	bool eap;
};

/*
 * Best first. Whoever fulfils the rules of several has the connection with the networks that it asks
 * for: an IKE SA for one of them need not be good for another.
 */
static size_t find(struct ike_sa *sa, const struct caller *c, const struct asked *asked,
		   struct loaded *list[POLICY_CANDIDATES_MAX], struct diag *why)
{
	struct policy_question q = {.local = c->local,
				    .remote = c->remote,
				    .remote_id = c->id,
				    .local_id = asked->id,
				    .address = asked->address ? ADDRESS_ASKED
							      : ADDRESS_NOT_ASKED,
				    .client = client_of(asked)};
	struct policy *policy = sa->ike->policy;
	size_t n = policy_identify(policy, &q, list, POLICY_CANDIDATES_MAX, why), kept;

	if (rules_differ(list, n)) {
		q.ts_local = asked->ts.local.len ? &asked->ts.local : NULL;
		q.ts_remote = asked->ts.remote.len ? &asked->ts.remote : NULL;
		n = policy_identify(policy, &q, list, POLICY_CANDIDATES_MAX, why);
	}
	n = keep_ways(list, n, c->eap, why);
	kept = keep_allowed(list, n, &sa->chosen);
	if (n && !kept) {
		diag_set(
			why, "no-proposal-chosen", "RFC 7296 2.15",
			"the connections for this peer do not allow what was negotiated before "
			"it told who it is");
		diag_hint(why, "give the connections of one address the same ike=");
	}
	return kept;
}

enum problem who_first(struct exchange *x, const struct message *m, const struct ident *remote,
		       bool eap, struct loaded **ret, struct diag *why)
{
	struct caller c = {x->local, x->remote, remote, eap};
	struct loaded *list[POLICY_CANDIDATES_MAX];
	struct asked asked;
	enum problem p = read_asked(m, &asked, why);
	size_t n = p == PROBLEM_NONE ? find(x->sa, &c, &asked, list, why) : 0;

	x->sa->init->auth.client = client_of(&asked);
	asked_done(&asked);
	if (p != PROBLEM_NONE)
		return p;
	if (!n)
		return PROBLEM_AUTH;
	*ret = list[0];
	return PROBLEM_NONE;
}

/* ---- and when it is not for this peer after all ---- */

/* What was said and computed until now must be the same under the other one. */
static bool may_follow(const struct ike_sa *sa, const struct loaded *l)
{
	const struct connection *now = sa->version, *c = l->connection;
	int end = sa->loaded->local;

	if (sa->init->eap.session) /* we have proven ourselves, and it has by its EAP */
		return connection_auth_alike(now, end, c, l->local) &&
		       ident_equal(sa->local_id, l->local_id);
	return connection_ppk_equal(now, c) && now->end[!end].auth2 == c->end[!l->local].auth2;
}

/* The place of the present one in the list; `n` when it is not there. */
static size_t place_of(const struct ike_sa *sa, struct loaded *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == sa->loaded)
			return i;
	return n;
}

/* The refusal tells the groups of all that were tried. */
static void name_groups(const struct ike_sa *sa, struct loaded *const *list, size_t n,
			struct diag *why)
{
	char text[300] = "";
	size_t used = 0;

	if (!sa->init->auth.moves || strcmp(why->code, "not-in-group") != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct connection *c = list[i]->connection;
		const char *groups = c->end[!list[i]->local].groups;

		if (groups && may_follow(sa, list[i]))
			buf_add(text, sizeof(text), &used, "%s%s (conn %s)",
				used ? ", or " : "", groups, c->name);
	}
	diag_wanted(why, "%s", text);
}

static bool move_to(struct exchange *x, struct loaded *l, const struct diag *why)
{
	struct ike_sa *sa = x->sa;
	struct about about = about_sa(sa);
	const struct ident *own;

	if (policy_identity_at(l, &sa->local.addr, &own))
		return false;
	about.cause = x->cause;
	tell(sa->ike, &about, REPORT_DEBUG, RC_LOG, "next-connection", why,
	     "conn %s is not for this peer, and conn %s is looked at", sa->version->name,
	     l->connection->name);
	sa->init->auth.moves++;
	ident_unref(sa->local_id);
	sa->local_id = own;
	sa_set_loaded(sa, l);
	return !auth_ask_check(x);
}

bool who_next(struct exchange *x, const struct diag *unfit)
{
	struct ike_sa *sa = x->sa;
	struct caller c = {sa->local, sa->remote, sa->remote_id, sa->init->eap.session != 0};
	struct loaded *list[POLICY_CANDIDATES_MAX];
	struct asked asked;
	struct message m;
	struct diag why = *unfit, none;
	size_t n = 0;

	if (!sa->loaded || sa->init->auth.moves == POLICY_CANDIDATES_MAX ||
	    message_parse_inner(view_bytes(&x->held), x->held_first, &m, NULL, &none) ||
	    read_asked(&m, &asked, &none) != PROBLEM_NONE)
		return false;
	n = find(sa, &c, &asked, list, &none);
	asked_done(&asked);
	for (size_t i = place_of(sa, list, n) + 1; i < n; i++)
		if (may_follow(sa, list[i]))
			return move_to(x, list[i], unfit);
	name_groups(sa, list, n, &why);
	auth_refuse(x, PROBLEM_AUTH, &why);
	return true;
}
