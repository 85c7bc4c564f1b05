/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/internal.h"
#include "ike/agree.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/tell.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/ppk.h"
#include "ike/v2/sa_init.h"
#include "wire/print.h"

/*
 * What a peer's error notify can mean, as a table: a sentence, what we sent
 * that it may be about, and what a person would change. A peer says little
 * with reason; the rest stands in its log.
 */

/* ---- what we sent ---- */

/* The defaults are many, and seldom what is wrong. */
static void sent_proposals(const struct proposals *p, bool defaults, struct diag *d)
{
	char text[400];

	if (p && defaults)
		diag_wanted(d, "we offered our defaults");
	else if (p)
		diag_wanted(d, "we offered %s", proposals_print(p, text, sizeof(text)));
	proposals_unref(p);
}

static void sent_ike(const struct exchange *x, struct diag *d)
{
	const struct connection *c = x->sa->version;

	sent_proposals(c ? ike_proposals(c) : NULL, c && !c->ike, d);
}

static void sent_esp(const struct exchange *x, struct diag *d)
{
	const struct connection *c = x->child ? x->child->version : NULL;

	sent_proposals(c ? child_proposals(x->sa, c) : NULL, c && !c->esp, d);
}

static void sent_ids(const struct exchange *x, struct diag *d)
{
	const struct ike_sa *sa = x->sa;
	char us[256], them[256] = "anyone";

	if (sa->remote_id)
		ident_print(sa->remote_id, them, sizeof(them));
	diag_wanted(d, "we are %s and asked for %s", ident_print(sa->local_id, us, sizeof(us)),
		    them);
}

/* The key or certificate that we signed with: whose, by whom, until when. */
static void sent_proof(const struct exchange *x, struct diag *d)
{
	const struct ike_sa *sa = x->sa;
	char us[120], them[120] = "anyone";

	if (sa->remote_id)
		ident_print(sa->remote_id, them, sizeof(them));
	diag_wanted(d, "we are %s by our %s, and asked for %s",
		    ident_print(sa->local_id, us, sizeof(us)),
		    sa->our_proof ? sa->our_proof : "key", them);
}

static void sent_selectors(const struct exchange *x, struct diag *d)
{
	const struct child_sa *child = x->child;
	char local[250], remote[250];

	if (child)
		diag_wanted(d, "we offered %s === %s",
			    ts_set_print(&child->ts_local, local, sizeof(local)),
			    ts_set_print(&child->ts_remote, remote, sizeof(remote)));
}

static void sent_families(const struct exchange *x, struct diag *d)
{
	const struct loaded *l = x->sa->loaded;
	uint8_t asks = l && l->local >= 0 ? connection_asks(l->connection, l->local) : 0;

	diag_wanted(d, "an %s address",
		    asks == ASK_V4   ? "IPv4"
		    : asks == ASK_V6 ? "IPv6"
				     : "IPv4 or IPv6");
}

/* ---- the table ---- */

struct refusal {
	uint16_t notify;
	bool of_child;
	const char *code, *ref, *sentence, *hint;
	void (*sent)(const struct exchange *x, struct diag *d); /* NULL: nothing to show */
};

static const struct refusal refusals[] = {
	{N_NO_PROPOSAL_CHOSEN, false, "no-proposal-chosen", "RFC 7296 2.7",
	 "the peer has no connection for our address, or accepts none of our IKE proposals",
	 "compare left= and right= at the peer, and ike= of both ends; its log has the difference",
	 sent_ike},
	{N_NO_PROPOSAL_CHOSEN, true, "no-proposal-chosen", "RFC 7296 2.7",
	 "the peer accepts none of our ESP proposals, or wants another mode (type=)",
	 "compare esp= (phase2alg=), pfs= and type= of both ends; the peer's log tells which",
	 sent_esp},
	{N_AUTHENTICATION_FAILED, false, "authentication-failed", "RFC 7296 2.21.2",
	 "the peer does not accept who we are: the shared secrets differ, or it knows no "
	 "connection for these identities",
	 "compare ipsec.secrets, leftid= and rightid= of both ends; the peer's log tells which",
	 sent_ids},
	{N_TS_UNACCEPTABLE, true, "ts-unacceptable", "RFC 7296 2.9",
	 "the peer has no connection for these networks",
	 "make leftsubnet and rightsubnet of both ends describe the same networks",
	 sent_selectors},
	{N_SINGLE_PAIR_REQUIRED, true, "single-pair-required", "RFC 7296 2.9",
	 "the peer wants one pair of addresses in each child SA",
	 "describe single hosts, one connection for each pair", sent_selectors},
	{N_NO_ADDITIONAL_SAS, true, "no-additional-sas", "RFC 7296 1.3",
	 "the peer takes no more child SAs, or could not install this one",
	 "look at the peer's log, and at how many connections share its IKE SA", NULL},
	{N_TEMPORARY_FAILURE, true, "temporary-failure", "RFC 7296 2.25",
	 "the peer is busy with another change of this IKE SA", "it is tried again by itself",
	 NULL},
	{N_FAILED_CP_REQUIRED, true, "failed-cp-required", "RFC 7296 3.15.4",
	 "the peer gives addresses to those who come by that connection, and we ask for none",
	 "write leftsourceip=%config (for the end that is us), or let the peer describe our "
	 "network instead of a pool",
	 NULL},
	{N_INTERNAL_ADDRESS_FAILURE, true, "internal-address-failure", "RFC 7296 3.15.4",
	 "the peer has no address for us: its pool is used up, or has none of the family that we "
	 "ask for",
	 "the peer's addresspool= (rightsourceip=) needs more addresses; its log tells more",
	 sent_families},
	{N_INVALID_SYNTAX, false, "invalid-syntax", "RFC 7296 2.21.3",
	 "the peer finds our message broken",
	 "one of the two programs has a bug: compare both logs", NULL},
	{N_UNSUPPORTED_CRITICAL_PAYLOAD, false, "unsupported-critical-payload", "RFC 7296 2.5",
	 "the peer does not know a payload that it must understand",
	 "something between may have changed the message: compare captures of both ends", NULL},
	{N_INVALID_MAJOR_VERSION, false, "invalid-major-version", "RFC 7296 2.5",
	 "the peer does not speak IKEv2", "let the peer take IKEv2 for this connection", NULL},
};

/* AUTHENTICATION_FAILED where we proved ourselves in other ways than by a secret. */
static const struct refusal signed_refusal = {
	.code = "authentication-failed",
	.ref = "RFC 7296 2.21.2",
	.sentence = "the peer does not accept who we are: it does not believe our key or "
		    "certificate, or it knows no connection for these identities; or it has "
		    "nothing to prove itself by",
	.hint = "see whether the peer has our key (its rightsigkey=) or the authority of our "
		"certificate, and compare leftid= and rightid= of both ends; the peer's log tells "
		"which",
	.sent = sent_proof,
};

static const struct refusal eap_refusal = {
	.code = "authentication-failed",
	.ref = "RFC 7296 2.16",
	.sentence = "the peer does not accept who we are by EAP: it takes nobody by it, or not "
		    "us, or it knows no connection for these identities",
	.hint = "compare leftauth= and leftid= with rightauth= and rightid= of the peer, and "
		"eap_identity= with the user that it knows; the peer's log tells which",
	.sent = sent_ids,
};

static const struct refusal nobody_refusal = {
	.code = "authentication-failed",
	.ref = "RFC 7619 2.2",
	.sentence = "the peer does not accept us without a proof (authby=null)",
	.hint = "let the peer take nobody in particular (authby=null there, too), or prove who we "
		"are; the peer's log tells which",
	.sent = sent_ids,
};

/* By a secret: the row of the table above. NULL. */
static const struct refusal *refusal_of_proof(const struct exchange *x)
{
	const struct init *init = x->sa->init;

	/* An IKE_AUTH request without AUTH payload wants EAP. */
	if (init && exchange_type_of(x->kind) == X_IKE_AUTH &&
	    (init->eap.session || !x->proof_method))
		return &eap_refusal;
	if (x->proof_method == AUTH_METHOD_NULL)
		return &nobody_refusal;
	if (x->proof_method && x->proof_method != AUTH_METHOD_SHARED_KEY)
		return &signed_refusal;
	return NULL;
}

static const struct refusal other = {
	.code = "refused",
	.ref = "RFC 7296 3.10.1",
	.sentence = "the peer refused",
	.hint = "the peer's log tells why",
};

/* The row for just this use, else one for the other, else the general one. */
static const struct refusal *find(uint16_t notify, bool of_child)
{
	const struct refusal *found = &other;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].notify != notify)
			continue;
		if (refusals[i].of_child == of_child)
			return &refusals[i];
		found = &refusals[i];
	}
	return found;
}

static void explain(struct exchange *x, uint16_t notify, bool of_child)
{
	struct ike_sa *sa = x->sa;
	struct about a = about_sa(sa);
	const struct refusal *r = find(notify, of_child);
	const struct refusal *of_proof = notify == N_AUTHENTICATION_FAILED ? refusal_of_proof(x)
									   : NULL;
	const char *exchange = exchange_name(exchange_type_of(x->kind));
	char name[NUMBER_TEXT_MAX], from[ENDPOINT_TEXT_MAX];
	uint16_t code = (uint16_t)(RC_NOTIFICATION + notify);
	struct diag d;

	if (of_proof)
		r = of_proof;
	number_print(notify_name(notify), "notify", notify, name);
	endpoint_print(&sa->remote, from);
	diag_set(&d, r->code, r->ref, "%s", r->sentence);
	if (r->sent)
		r->sent(x, &d);
	diag_got(&d, "%s from %s", name, from);
	diag_hint(&d, "%s", r->hint);
	if (notify == N_AUTHENTICATION_FAILED)
		ppk_blame(sa, &d);
	a.cause = x->cause;
	explain_note_code(x, code);
	tell(sa->ike, &a, REPORT_ERROR, code, "refused", &d, "%s refused by %s with %s",
	     exchange, from, name);
}

void explain_alone(struct exchange *x, uint16_t notify)
{
	struct ike_sa *sa = x->sa;
	struct about a = about_loaded(x->child->loaded, x->cause);
	char name[NUMBER_TEXT_MAX], from[ENDPOINT_TEXT_MAX];

	tell(sa->ike, &a, REPORT_NOTICE, RC_COMMENT, "alone", NULL,
	     "%s refuses it with %s by IKE SA #%llu, which conn %s made: negotiating an IKE SA of "
	     "its own",
	     endpoint_print(&sa->remote, from),
	     number_print(notify_name(notify), "notify", notify, name),
	     (unsigned long long)sa->serial, sa->version->name);
}

void explain_refusal(struct exchange *x, uint16_t notify)
{
	explain(x, notify, false);
}

void explain_child_refusal(struct exchange *x, uint16_t notify)
{
	explain(x, notify, true);
}
