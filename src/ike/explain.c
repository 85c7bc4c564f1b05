/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/explain.h"

#include "base/text.h"
#include "conn/ident.h"
#include "conn/internal.h"
#include "crypto/alg.h"
#include "ike/core.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/v2/exchanges.h"
#include "wire/print.h"

#include <stdio.h>

void explain_note_code(const struct exchange *x, uint16_t code)
{
	struct loaded *l = x->child && x->child->loaded ? x->child->loaded : x->sa->loaded;
	struct upward *up = l ? l->core : NULL;

	if (up && up->asked_sa == x->sa->serial)
		up->code = code;
}

/* ---- progress ---- */

void explain_state(struct ike_sa *sa, enum state_number st, const char *text)
{
	struct about a = about_sa(sa);
	char to[ENDPOINT_TEXT_MAX];

	tell(sa->ike, &a, REPORT_INFO, (uint16_t)(RC_NEW_STATE + st), "state", NULL,
	     "%s (to %s)", text, endpoint_print(&sa->remote, to));
}

void explain_cookie(struct ike_sa *sa)
{
	struct about a = about_sa(sa);

	tell(sa->ike, &a, REPORT_INFO, RC_LOG, "cookie", NULL,
	     "the peer has much to do and asks for a cookie first: sending it along");
}

void explain_group_turn(struct ike_sa *sa, uint16_t group)
{
	struct about a = about_sa(sa);
	char name[ALG_TEXT_MAX];

	tell(sa->ike, &a, REPORT_INFO, RC_LOG, "ke-turn", NULL,
	     "the peer asks for key exchange with %s: beginning again with it",
	     alg_print_id(ALG_KE, group, 0, name));
}

static const char *nat_text(const struct nat *n)
{
	if (n->local && n->remote)
		return ", NAT before both ends";
	if (n->local)
		return ", NAT before this end";
	return n->remote ? ", the peer is behind NAT or wants UDP" : "";
}

void explain_established(struct ike_sa *sa)
{
	struct about a = about_sa(sa);
	char suite[160], id[256], at[ENDPOINT_TEXT_MAX];

	tell(sa->ike, &a, REPORT_NOTICE, RC_LOG, "ike-up", NULL,
	     "IKE SA established with %s at %s%s {%s%s%s}",
	     ident_print(sa->remote_id, id, sizeof(id)), endpoint_print(&sa->remote, at),
	     sa->remote_id->type == ID_NULL ? ", which did not prove who it is" : "",
	     chosen_print(&sa->chosen, suite, sizeof(suite)), sa->ppk ? "-PPK" : "",
	     nat_text(&sa->nat));
}

static void add_pair(struct text *t, const struct ip_addr addr[2])
{
	char text[IP_TEXT_MAX];

	for (int i = 0; i < 2; i++)
		if (ip_is_set(&addr[i]))
			text_add(t, "%s%s", i && ip_is_set(&addr[0]) ? " and " : "",
				 ip_print(&addr[i], text));
}

static void add_servers(struct text *t, const char *what, const struct ip_addr *list,
			uint8_t len)
{
	char text[IP_TEXT_MAX];

	for (uint8_t i = 0; i < len; i++)
		text_add(t, "%s%s", i ? ", " : what, ip_print(&list[i], text));
}

void explain_internal(struct ike_sa *sa)
{
	const struct internal *own = sa->internal;
	struct about a = about_sa(sa);
	struct text t = {0};

	if (own) {
		text_add_str(&t, "our internal address is ");
		add_pair(&t, own->addr);
		add_servers(&t, "; DNS: ", own->dns, own->dns_len);
		add_servers(&t, "; WINS: ", own->wins, own->wins_len);
		if (own->domains[0])
			text_add(&t, "; domains: %s", own->domains);
		if (own->banner[0])
			text_add(&t, "; the peer says: %s", own->banner);
	} else {
		text_add_str(&t, "the peer's internal address is ");
		add_pair(&t, sa->assigned->addr);
	}
	tell(sa->ike, &a, REPORT_NOTICE, RC_LOG, "internal-address", NULL, "%s", text_str(&t));
	text_done(&t);
}

/* What the connection is for and our request had, and the peer's answer has not. */
/* Other children are for what the first one of several leaves. */
static bool is_alone(const struct child_sa *child)
{
	LIST_EACH(other, &child->loaded->children, struct child_sa, on_connection)
		if (other != child && other->state == CHILD_UP && !other->outdated)
			return false;
	return true;
}

static void tell_narrowed(struct child_sa *child, const struct about *a)
{
	const struct loaded *l = child->loaded;
	char local[256], remote[256];

	if (!l || !child->initiator || !is_alone(child) ||
	    connection_is_internal(l->connection, 0) ||
	    connection_is_internal(l->connection, 1) ||
	    (ts_set_contains(&child->ts_local, &l->ts_local) &&
	     ts_set_contains(&child->ts_remote, &l->ts_remote)))
		return;
	tell(child->ike, a, REPORT_WARNING, RC_COMMENT, "narrowed", NULL,
	     "the peer takes but a part of %s === %s; packets of what is left ask for it. If it has a "
	     "connection for each pair of networks, write them as leftsubnets= and rightsubnets=",
	     ts_set_print(&l->ts_local, local, sizeof(local)),
	     ts_set_print(&l->ts_remote, remote, sizeof(remote)));
}

void explain_child_up(struct child_sa *child, const struct child_sa *replaces)
{
	struct about a = about_child(child);
	char suite[160], local[256], remote[256], processor[32] = "";

	if (child->processor)
		snprintf(processor, sizeof(processor), " for processor %u",
			 child->processor - 1);
	tell(child->ike, &a, REPORT_NOTICE, RC_SUCCESS, replaces ? "child-rekeyed" : "child-up",
	     NULL,
	     "IPsec SA established %s mode {%s=>0x%08x <0x%08x xfrm=%s%s%s %s === %s}%s%s",
	     sa_mode_text(child->mode),
	     child->chosen.protocol == PROTO_AH ? "AH"
	     : child->encap                     ? "ESPinUDP"
						: "ESP",
	     child->spi_out, child->spi_in, chosen_print(&child->chosen, suite, sizeof(suite)),
	     child->chosen.esn ? " ESN" : "", child->cpi_in ? " IPCOMP" : "",
	     ts_set_print(&child->ts_local, local, sizeof(local)),
	     ts_set_print(&child->ts_remote, remote, sizeof(remote)), processor,
	     replaces ? ", rekeyed" : "");
	if (!replaces && !child->processor)
		tell_narrowed(child, &a);
}

void explain_no_clone(struct exchange *x, uint16_t notify)
{
	struct about a = about_child(x->child);
	char name[NUMBER_TEXT_MAX];

	tell(x->sa->ike, &a, REPORT_INFO, RC_LOG, "no-clone", NULL,
	     "the peer takes no IPsec SA for processor %u (%s): the one that all share carries "
	     "its packets",
	     x->child->processor - 1,
	     number_print(notify_name(notify), "notify", notify, name));
}

void explain_child_down(struct child_sa *child, const char *why)
{
	struct about a = about_child(child);

	tell(child->ike, &a, REPORT_NOTICE, RC_LOG, "child-down", NULL,
	     "IPsec SA {=>0x%08x <0x%08x} ended: %s", child->spi_out, child->spi_in, why);
}

void explain_retry(struct ike *ike, const struct loaded *l)
{
	const struct upward *up = l->core;
	struct about a = about_loaded(l, up ? up->cause : 0);
	char span[32];

	if (l->retry_at == NSEC_NEVER || l->retry_at <= ike->now)
		tell(ike, &a, REPORT_INFO, RC_COMMENT, "retry", NULL, "starting again at once");
	else
		tell(ike, &a, REPORT_INFO, RC_COMMENT, "retry", NULL,
		     "attempt %u failed; the next one begins in %s", l->tries,
		     duration_print((l->retry_at - ike->now + NSEC_PER_SEC - 1) / NSEC_PER_SEC *
					    NSEC_PER_SEC,
				    span));
}

void explain_no_retry(struct ike *ike, const struct loaded *l)
{
	const struct upward *up = l->core;
	struct about a = about_loaded(l, up ? up->cause : 0);

	tell(ike, &a, REPORT_NOTICE, RC_COMMENT, "no-retry", NULL,
	     "not tried again by itself: the same name and password would be refused again, and the "
	     "account might be locked. Put it right, then \"ipsec auto --rereadsecrets\" and "
	     "\"ipsec auto --up %s\"",
	     l->connection->name);
}

/* ---- silence ---- */

void explain_smaller(struct ike_sa *sa, size_t octets)
{
	struct about a = about_sa(sa);
	char to[ENDPOINT_TEXT_MAX];

	tell(sa->ike, &a, REPORT_INFO, RC_LOG, "smaller-fragments", NULL,
	     "maybe the path to %s loses long datagrams: from now on messages have at most %zu "
	     "octets",
	     endpoint_print(&sa->remote, to), octets);
}

void explain_retransmission(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct about a = about_sa(sa);
	char to[ENDPOINT_TEXT_MAX];

	a.cause = x->cause;
	/* RFC 7296 2.21.1: it carries no proof, so that another answer may still come. */
	if (x->kind == EX_INIT && sa->init && sa->init->refused) {
		tell(sa->ike, &a, REPORT_INFO, RC_RETRANSMISSION, "ask-again", NULL,
		     "asking %s again: that refusal carries no proof, anyone could have sent it",
		     endpoint_print(&sa->remote, to));
		return;
	}
	tell(sa->ike, &a, REPORT_INFO, RC_RETRANSMISSION, "retransmit", NULL,
	     "no answer from %s to %s; retransmission %u", endpoint_print(&sa->remote, to),
	     exchange_name(exchange_type_of(x->kind)), x->resent);
}

static void silence_hints(const struct exchange *x, struct diag *d, const char *to)
{
	const struct ike_sa *sa = x->sa;
	char from[ENDPOINT_TEXT_MAX];

	endpoint_print(&sa->local, from);
	diag_wanted(d, "an answer from %s", to);
	diag_got(d, "no IKE message (a refusal by the network, if any came, is told above)");
	if (x->kind == EX_INIT)
		diag_hint(d,
			  "check that %s has a route to %s, that no firewall between drops "
			  "UDP 500 and 4500, and that the peer's pluto runs, listens there "
			  "and has this connection",
			  from, to);
	else if (x->kind == EX_AUTH)
		diag_hint(d,
			  "IKE_SA_INIT was answered: look at the peer's log; if it saw "
			  "nothing, UDP %u is dropped between %s and %s",
			  sa->remote.port, from, to);
	else
		diag_hint(d, "the peer may have restarted or lost its way to us: see its log");
}

void explain_no_answer(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	struct about a = about_sa(sa);
	struct diag d;
	char to[ENDPOINT_TEXT_MAX];

	/* What goes anyway is not missed. */
	if (x->kind == EX_DELETE_IKE || sa->redundant)
		return;
	a.cause = x->cause;
	endpoint_print(&sa->remote, to);
	diag_set(&d, "no-answer", "RFC 7296 2.4", "%s is not reached, or does not answer us",
		 to);
	silence_hints(x, &d, to);
	explain_note_code(x, RC_NORETRANSMISSION);
	tell(sa->ike, &a, REPORT_ERROR, RC_NORETRANSMISSION, "no-answer", &d,
	     "%s: sent %u times to %s, no answer at all%s",
	     exchange_name(exchange_type_of(x->kind)), x->resent + 1, to,
	     x->kind == EX_INIT || x->kind == EX_AUTH ? "" : "; the IKE SA is given up");
}

/* ---- failures here ---- */

void explain_local(struct exchange *x, enum cyg_err err, const char *what)
{
	struct about a = about_sa(x->sa);
	uint16_t code = err == CYG_CRYPTO ? RC_CRYPTOFAILED : RC_INTERNALERR;

	a.cause = x->cause;
	explain_note_code(x, code);
	tell(x->sa->ike, &a, REPORT_ERROR, code, "failed-here", NULL, "%s: %s", what,
	     cyg_err_text(err));
}

void explain_no_key(struct exchange *x, enum cyg_err err, const struct diag *why)
{
	struct ike_sa *sa = x->sa;
	struct about a = about_sa(sa);
	char local[256], remote[256];

	a.cause = x->cause;
	explain_note_code(x, RC_NOKEY);
	tell(sa->ike, &a, REPORT_ERROR, RC_NOKEY, "no-key", why,
	     "cannot prove that we are %s to %s%s%s",
	     ident_print(sa->local_id, local, sizeof(local)),
	     sa->remote_id ? ident_print(sa->remote_id, remote, sizeof(remote)) : "%any",
	     diag_is_set(why) ? "" : ": ", diag_is_set(why) ? "" : cyg_err_text(err));
}

/* ---- what was wrong with a message ---- */

static const char *problem_text(enum problem p)
{
	switch (p) {
	case PROBLEM_SYNTAX:
		return "it breaks the protocol's format";
	case PROBLEM_CRITICAL:
		return "it holds a critical payload that is not known here";
	case PROBLEM_PROPOSAL:
		return "no proposal in common";
	case PROBLEM_STRANGER:
		return "nobody is expected at that address";
	case PROBLEM_KE_GROUP:
		return "key exchange with another method is wanted";
	case PROBLEM_KE_VALUE:
		return "its key exchange value is no good";
	case PROBLEM_AUTH:
		return "the peer could not prove who it is";
	case PROBLEM_TS:
		return "the traffic selectors do not meet";
	case PROBLEM_ADDRESS:
		return "there is no internal address for it";
	case PROBLEM_PROOF:
		return "what the peer has proven is not what the connection for it asks for";
	case PROBLEM_CP_REQUIRED:
		return "it must ask for an internal address";
	case PROBLEM_LIMIT:
		return "too many child SAs";
	case PROBLEM_BUSY:
		return "it collides with what is under way";
	case PROBLEM_NO_CHILD:
		return "it names a child SA that does not exist";
	case PROBLEM_ANSWER:
		return "it agrees to what was not offered";
	case PROBLEM_PLANE:
		return "the data plane did not take the SAs";
	case PROBLEM_PROGRAM:
		return "an updown program refused it, or was called off";
	default:
		return "something failed here";
	}
}

static uint16_t code_of(enum problem p)
{
	switch (p) {
	case PROBLEM_AUTH:
		return RC_AUTHFAILED;
	case PROBLEM_LOCAL:
	case PROBLEM_PLANE:
		return RC_INTERNALERR;
	case PROBLEM_PROGRAM:
		return RC_ROUTE;
	default:
		return RC_FATAL;
	}
}

void explain_answer_problem(struct exchange *x, enum problem p, const struct diag *why)
{
	struct ike_sa *sa = x->sa;
	struct about a = about_sa(sa);
	char from[ENDPOINT_TEXT_MAX];
	uint16_t code = code_of(p);

	a.cause = x->cause;
	explain_note_code(x, code);
	tell(sa->ike, &a, REPORT_ERROR, code, problem_name(p), why,
	     "the answer of %s to %s is not accepted: %s", endpoint_print(&sa->remote, from),
	     exchange_name(exchange_type_of(x->kind)), problem_text(p));
}

void explain_request_problem(struct exchange *x, enum problem p, const struct diag *why)
{
	struct ike_sa *sa = x->sa;
	struct about a = about_sa(sa);
	char from[ENDPOINT_TEXT_MAX];
	bool quiet = p == PROBLEM_BUSY || p == PROBLEM_NO_CHILD || p == PROBLEM_KE_GROUP;

	/* Until it has proven itself the peer is a stranger. */
	if (sa_is_half_open(sa) && !tell_stranger_allowed(sa->ike))
		return;
	tell(sa->ike, &a, quiet ? REPORT_DEBUG : REPORT_ERROR, RC_LOG, problem_name(p), why,
	     "%s of %s is refused: %s", exchange_name(x->exchange),
	     endpoint_print(&x->remote, from), problem_text(p));
}

/* ---- strangers ---- */

void explain_half_open(const struct ike_sa *sa)
{
	char from[ENDPOINT_TEXT_MAX];

	tell_stranger(sa->ike, REPORT_INFO, "half-open-over", NULL,
		      "%s began an IKE SA and did not go on with IKE_AUTH",
		      endpoint_print(&sa->remote, from));
}

void explain_stranger(struct ike *ike, const struct received *rx, enum problem p)
{
	char from[ENDPOINT_TEXT_MAX];

	tell_stranger(ike, p == PROBLEM_KE_GROUP ? REPORT_DEBUG : REPORT_WARNING,
		      problem_name(p), &rx->why, "IKE_SA_INIT of %s is refused: %s",
		      endpoint_print(&rx->ev->datagram.remote, from), problem_text(p));
}

void explain_no_candidate(struct received *rx)
{
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];
	struct diag *d = &rx->why;

	ip_print(&rx->ev->datagram.remote.addr, from);
	ip_print(&rx->ev->datagram.local.addr, to);
	diag_set(d, "no-connection", "RFC 7296 2.7",
		 "no connection is loaded for a peer at %s that comes to our %s", from, to);
	diag_hint(d, "load one with right=%s (or %%any) and left=%s", from, to);
}
