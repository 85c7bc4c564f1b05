/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/agree.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/fragment.h"
#include "ike/kex.h"
#include "ike/keys.h"
#include "ike/lost.h"
#include "ike/nat.h"
#include "ike/protect.h"
#include "ike/suites.h"
#include "ike/tally.h"
#include "ike/tell.h"
#include "ike/up.h"
#include "ike/v2/auth.h"
#include "ike/v2/certs.h"
#include "ike/v2/exchanges.h"
#include "ike/v2/ppk.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/signatures.h"
#include "wire/notify.h"
#include "wire/payload.h"

#include <stdlib.h>

/*
 * IKE_SA_INIT as initiator. Nothing in an answer is authenticated, so a
 * refusal only asks for patience: it is told to the person at once and
 * remembered, but a better answer that comes within a second still wins
 * (RFC 7296 2.21.1). COOKIE and INVALID_KE_PAYLOAD make us begin again with the
 * same SPI, a bounded number of times (2.6, 2.7).
 */
#define BEGIN_AGAIN_MAX 4 /* of each kind */

const struct proposals *ike_proposals(const struct connection *c)
{
	const struct proposals *p;

	return connection_proposals(c, PROTO_IKE, 0, &p) ? NULL : p;
}

static uint16_t first_group(const struct connection *c)
{
	const struct proposals *p = ike_proposals(c);
	uint16_t group = p ? proposals_first_ke(p) : 0;

	proposals_unref(p);
	return group;
}

enum cyg_err init_begin(struct ike_sa *sa)
{
	uint16_t group = first_group(sa->version);
	struct exchange *x;
	enum cyg_err err;

	if (!group)
		return CYG_UNSUPPORTED;
	if (!sa_add_init(sa))
		return CYG_NOMEM;
	err = keys_nonce(sa->ike, &sa->init->ni);
	if (err)
		return err;
	x = exchange_open(sa, EX_INIT, true);
	if (!x)
		return CYG_NOMEM;
	sa_enter(sa, SA_I1);
	return kex_start(x, OP_INIT_KE_START, group);
}

/* ---- the request ---- */

static enum cyg_err add_payloads(struct exchange *x, struct chain *c)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	struct ke_payload ke = {.group = x->ke.group, .data = view_bytes(&x->ke.public)};
	struct nonce_payload nonce = {.data = view_bytes(&sa->init->ni)};
	const struct proposals *offer = ike_proposals(sa->version);

	if (!offer)
		return CYG_NOMEM;
	/* RFC 7296 2.6: the cookie comes first, the rest is as before. */
	if (sa->init->cookie.len)
		chain_notify(c, N_COOKIE, view_bytes(&sa->init->cookie));
	offer_build(c, offer, (struct view){0}, false);
	proposals_unref(offer);
	chain_payload(c, PAYLOAD_KE);
	ke_build(c->b, &ke);
	chain_payload(c, PAYLOAD_NONCE);
	nonce_build(c->b, &nonce);
	signatures_build(c);
	fragment_announce(c, sa->version);
	ppk_announce(c, sa->version);
	agree_announce(c, sa->version);
	if (!nat_wanted(ike, sa->version))
		return CYG_OK;
	return nat_build(ike, c, sa->spi_own, 0, &sa->local, &sa->remote,
			 nat_forced(ike, sa->version));
}

static enum cyg_err send_request(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	uint8_t storage[IKE_MESSAGE_MAX];
	struct builder b = builder_of(storage, sizeof(storage));
	struct ike_header h = {.spi_i = sa->spi_own,
			       .exchange = X_IKE_SA_INIT,
			       .initiator = true};
	struct chain c = message_begin(&b, &h);
	enum cyg_err err = add_payloads(x, &c);
	struct view message = message_end(&c);

	if (err)
		return err;
	if (!message.len)
		return CYG_LIMIT;
	bytes_done(&sa->init->request);
	if (!bytes_copy(&sa->init->request, message))
		return CYG_NOMEM;
	return exchange_send(x, message);
}

void init_key_ready(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	enum cyg_err err = kex_started(x, a);

	if (!err)
		err = send_request(x);
	if (err) {
		explain_local(x, err, "IKE_SA_INIT could not be sent");
		sa_lost(sa, LOST_LOCAL);
		return;
	}
	explain_state(sa, ST_PARENT_I1,
		      sa->init->cookies + sa->init->ke_turns ? "initiate again" : "initiate");
}

/* ---- the answer that agrees ---- */

struct agreed {
	struct chosen chosen;
	struct ke_payload ke;
	struct nonce_payload nonce;
	struct nat nat;
};

static enum problem read_choice(const struct ike_sa *sa, struct received *rx,
				struct agreed *got)
{
	const struct proposals *ours = ike_proposals(sa->version);
	struct offer o;
	enum cyg_err err;

	if (!ours)
		return PROBLEM_LOCAL;
	err = offer_parse(message_find(rx->m, PAYLOAD_SA), SA_ANSWER, SA_FOR_IKE, &o, &rx->why);
	if (!err) {
		err = proposals_verify(ours, &o.items[0], o.number, false, &got->chosen,
				       &rx->why);
		offer_done(&o);
	}
	proposals_unref(ours);
	return err ? PROBLEM_ANSWER : PROBLEM_NONE;
}

/* Our own message come back, or one made of its parts (docs/attacks.md P12). */
static bool is_reflection(const struct exchange *x, const struct received *rx,
			  const struct agreed *got)
{
	const struct ike_sa *sa = x->sa;

	return rx->header.spi_r == sa->spi_own ||
	       view_equal(got->nonce.data, view_bytes(&sa->init->ni)) ||
	       view_equal(got->ke.data, view_bytes(&x->ke.public));
}

static enum problem read_answer(struct exchange *x, struct received *rx, struct agreed *got)
{
	struct ike_sa *sa = x->sa;
	enum problem p = read_choice(sa, rx, got);

	if (p != PROBLEM_NONE)
		return p;
	if (ke_parse(message_find(rx->m, PAYLOAD_KE), &got->ke, &rx->why) ||
	    nonce_parse(message_find(rx->m, PAYLOAD_NONCE), &got->nonce, &rx->why) ||
	    !keys_nonce_fits(got->chosen.prf, got->nonce.data, &rx->why))
		return PROBLEM_SYNTAX;
	if (got->ke.group != x->ke.group || got->chosen.ke != x->ke.group) {
		diag_set(&rx->why, "ke-group", "RFC 7296 1.2",
			 "the answer uses another key exchange method than we sent");
		return PROBLEM_ANSWER;
	}
	if (is_reflection(x, rx, got)) {
		diag_set(&rx->why, "reflection", "RFC 7296 2.6",
			 "the answer repeats our own values");
		return PROBLEM_FORGED;
	}
	if (nat_wanted(sa->ike, sa->version) &&
	    nat_detect(sa->ike, rx, nat_forced(sa->ike, sa->version), &got->nat))
		return PROBLEM_LOCAL;
	return PROBLEM_NONE;
}

enum problem init_answer(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct init *init = sa->init;
	struct agreed got = {0};
	struct bytes response = {0}, nr = {0}, peer = {0};
	struct cert_wish wish = {0};
	enum problem p = read_answer(x, rx, &got);

	if (p == PROBLEM_NONE)
		p = certreq_take(rx->m, rx->where, &wish, &rx->why);
	if (p != PROBLEM_NONE)
		return p;
	if (!bytes_copy(&response, rx->ev->datagram.data) || !bytes_copy(&nr, got.nonce.data) ||
	    !bytes_copy(&peer, got.ke.data) ||
	    kex_finish(x, OP_INIT_KE_FINISH, view_bytes(&peer))) {
		bytes_done(&response);
		bytes_done(&nr);
		bytes_done(&peer);
		bytes_done(&wish.authorities);
		return PROBLEM_LOCAL;
	}
	init->auth.hashes = signatures_take(rx);
	init->multiple = message_find_notify(rx->m, IN_INIT_RESPONSE, N_MULTIPLE_AUTH_SUPPORTED,
					     &(struct notify_payload){0});
	bytes_done(&init->auth.wish.authorities);
	init->auth.wish = wish;
	init->response = response;
	init->nr = nr;
	bytes_done(&x->ke.peer);
	x->ke.peer = peer;
	sa->spi_peer = rx->header.spi_r;
	sa->chosen = got.chosen;
	sa->nat = got.nat;
	sa->fragmenting = fragment_agree(rx, sa->version);
	init->ppk.agreed = ppk_agree(rx, sa->version);
	x->phase = PHASE_WORKING; /* the request is kept: a bad public value makes us wait on */
	timers_request_done(sa);
	timers_sa_answered(sa); /* an earlier refusal was not the last word */
	return PROBLEM_LATER;
}

/* The answer's public value was no good: forged, maybe. Go on waiting for a better one. */
static void wait_on(struct exchange *x)
{
	struct ike_sa *sa = x->sa;

	bytes_done(&sa->init->response);
	bytes_done(&sa->init->nr);
	bytes_done(&x->ke.peer);
	sa->spi_peer = 0;
	x->phase = PHASE_SENT;
	if (!timers_request_sent(sa, x->resent)) {
		explain_no_answer(x);
		sa_lost(sa, LOST_NO_ANSWER);
		return;
	}
	if (sa->init->refused)
		timers_sa_refused(sa);
}

void init_finished(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	enum cyg_err err = kex_finished(x, a);

	if (err && x->ke.key) {
		wait_on(x);
		return;
	}
	if (!err)
		err = keys_from_init(sa, view_bytes(&sa->init->ni), view_bytes(&sa->init->nr),
				     view_bytes(&x->ke.secret));
	if (err) {
		explain_local(x, err, "no keys came of the key exchange");
		sa_lost(sa, LOST_LOCAL);
		return;
	}
	exchange_close(x);
	nat_float(sa);
	auth_begin(sa);
}

/* ---- answers that do not agree ---- */

/* The peer asks for another request: what somebody refused before was not the last word. */
static void begin_again(struct ike_sa *sa)
{
	sa->init->refused = 0;
	timers_sa_answered(sa);
}

/* The peer wants a round trip first (RFC 7296 2.6). */
static enum problem take_cookie(struct exchange *x, struct view cookie)
{
	struct init *init = x->sa->init;

	/*
	 * One that we sent already, or one more than a sane peer asks for, only means to
	 * keep us busy.
	 */
	if (view_equal(cookie, view_bytes(&init->cookie)) || init->cookies == BEGIN_AGAIN_MAX)
		return PROBLEM_FORGED;
	bytes_done(&init->cookie);
	if (!bytes_copy(&init->cookie, cookie))
		return PROBLEM_LOCAL;
	init->cookies++;
	begin_again(x->sa);
	explain_cookie(x->sa);
	return send_request(x) ? PROBLEM_LOCAL : PROBLEM_LATER;
}

static bool group_offered(const struct ike_sa *sa, uint16_t group)
{
	const struct proposals *p = ike_proposals(sa->version);
	bool yes = p && proposals_have_ke(p, group);

	proposals_unref(p);
	return yes;
}

/* The peer wants another group (RFC 7296 1.2): one that we offered, and that is new. */
static enum problem take_group(struct exchange *x, struct received *rx, struct view data)
{
	struct ike_sa *sa = x->sa;
	struct init *init = sa->init;
	uint16_t group = (uint16_t)(data.ptr[0] << 8 | data.ptr[1]);

	if (group == x->ke.group || init->ke_turns == BEGIN_AGAIN_MAX ||
	    !group_offered(sa, group)) {
		diag_set(&rx->why, "ke-group", "RFC 7296 1.2",
			 "the peer asks for a key exchange method that we did not offer");
		diag_got(&rx->why, "method %u", group);
		return PROBLEM_FORGED;
	}
	init->ke_turns++;
	begin_again(sa);
	ke_part_done(&x->ke);
	timers_request_done(sa);
	x->phase = PHASE_PREPARING;
	explain_group_turn(sa, group);
	return kex_start(x, OP_INIT_KE_START, group) ? PROBLEM_LOCAL : PROBLEM_LATER;
}

enum problem init_refused(struct exchange *x, struct received *rx)
{
	struct ike_sa *sa = x->sa;
	struct notify_payload n;

	tally_received(sa->ike, rx->m);
	if (message_find_notify(rx->m, rx->where, N_COOKIE, &n))
		return take_cookie(x, n.data);
	if (message_find_notify(rx->m, rx->where, N_INVALID_KE_PAYLOAD, &n))
		return take_group(x, rx, n.data);
	if (!message_find_error(rx->m, &n))
		return PROBLEM_SYNTAX;
	if (!sa->init->refused) {
		sa->init->refused = n.type;
		explain_refusal(x, n.type);
		timers_sa_refused(sa);
	}
	return PROBLEM_LATER;
}
