/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/agree.h"
#include "ike/core.h"
#include "ike/explain.h"
#include "ike/fragment.h"
#include "ike/kex.h"
#include "ike/keys.h"
#include "ike/nat.h"
#include "ike/receive.h"
#include "ike/suites.h"
#include "ike/tally.h"
#include "ike/tell.h"
#include "ike/v2/certs.h"
#include "ike/v2/ppk.h"
#include "ike/v2/sa_init.h"
#include "ike/v2/signatures.h"
#include "wire/notify.h"
#include "wire/payload.h"

#include <stdlib.h>

/*
 * IKE_SA_INIT as responder. Strangers cost as little as can be: retransmissions
 * are answered from a cache found by a hash; refusals and cookies keep no
 * state; a record is made only for a request that could become an SA, and the
 * key exchange is computed last. Where many half-open SAs stand, a cookie is
 * asked for first (RFC 7296 2.6), and no source may hold more than its share.
 * Every answer is about as long as its request, but for the authorities that it
 * names, which are bounded (wants_cookie).
 */

#define INIT_REQUEST_MAX \
	4096u /* octets; a request with every algorithm we know has half of it */
#define AUTHORITIES_TIMES 2u /* so many times the octets of an unproven request */

/* What a request holds, in views of the datagram. */
struct asked {
	struct ke_payload ke;
	struct nonce_payload nonce;
	struct nat nat;
	struct chosen chosen;
	struct loaded *loaded; /* the best candidate */
};

/* ---- answers without state ---- */

static void send_notify(struct ike *ike, const struct received *rx, uint16_t notify,
			struct view data)
{
	uint8_t storage[256];
	struct builder b = builder_of(storage, sizeof(storage));
	struct ike_header h = header_reply(&rx->header);
	struct chain c = message_begin(&b, &h);
	struct view message;
	struct action *a;

	chain_notify(&c, notify, data);
	tally_sent(ike, notify);
	message = message_end(&c);
	a = message.len ? actions_add(ike->out, ACT_SEND) : NULL;
	if (!a)
		return;
	a->send.local = rx->ev->datagram.local;
	a->send.remote = rx->ev->datagram.remote;
	a->send.realm = rx->ev->datagram.realm;
	a->send.data = actions_copy(ike->out, message);
}

static void refuse(struct ike *ike, const struct received *rx, enum problem p)
{
	struct verdict v = verdict_of(p, SCENE_INIT_REQUEST);

	ike->counts.dropped++;
	explain_stranger(ike, rx, p);
	if (v.kind == VERDICT_REFUSE)
		send_notify(ike, rx, v.notify, view_of(rx->told, rx->told_len));
}

/* ---- limits ---- */

/*
 * Whether the sender's address is to be proven by a cookie (RFC 7296 2.6): many are half-open, or
 * the authorities that we name would make the answer several times as long as the request.
 */
static bool wants_cookie(const struct ike *ike, const struct received *rx)
{
	return ike->counts.half_open >= ike->settings.half_open_cookie ||
	       ike->authorities.len > AUTHORITIES_TIMES * rx->ev->datagram.data.len;
}

/* True when the request may go on; else it has been answered with a cookie, or dropped. */
static bool past_limits(struct ike *ike, const struct received *rx, const struct asked *asked)
{
	const struct ip_addr *from = &rx->ev->datagram.remote.addr;
	struct cookie_claim claim = {rx->header.spi_i, asked->nonce.data, *from};
	struct notify_payload n;
	uint8_t cookie[COOKIE_LEN];

	if (wants_cookie(ike, rx)) {
		if (!message_find_notify(rx->m, rx->where, N_COOKIE, &n) ||
		    !cookie_check(ike, &claim, n.data)) {
			if (!cookie_make(ike, &claim, cookie)) {
				send_notify(ike, rx, N_COOKIE, view_of(cookie, sizeof(cookie)));
				ike->counts.cookies_sent++;
			}
			return false;
		}
	}
	if (ike->counts.half_open < ike->settings.half_open_max &&
	    sources_count(&ike->sources, from) < ike->settings.half_open_per_source)
		return true;
	ike->counts.dropped++;
	tell_stranger(ike, REPORT_WARNING, "half-open-limit", NULL,
		      "too many half-open IKE SAs (%u in all): a request was dropped",
		      ike->counts.half_open);
	return false;
}

/* ---- choosing ---- */

/* The first candidate whose proposals meet the offer; else the last. CYG_NOTFOUND: none does. */
static enum cyg_err find_one(struct loaded *const *candidates, size_t n,
			     const struct offer *offer, struct asked *asked)
{
	const struct proposals *tried = NULL; /* many have the defaults: one look at those will do */
	enum cyg_err err = CYG_NOTFOUND;

	for (size_t i = 0; i < n && err; i++) {
		const struct proposals *ours = ike_proposals(candidates[i]->connection);

		if (ours && ours != tried)
			err = proposals_select(ours, offer->items, offer->len, false,
					       &asked->chosen, NULL);
		proposals_unref(ours);
		tried = ours;
		asked->loaded = candidates[i];
	}
	return err;
}

/* Words cost more than all the rest: one candidate has to do, whatever strangers send. */
static void explain_misfit(const struct loaded *l, const struct offer *offer, struct diag *why)
{
	const struct proposals *ours = ike_proposals(l->connection);
	struct chosen none;

	if (ours && !proposals_select(ours, offer->items, offer->len, false, &none, why))
		diag_clear(why);
	proposals_unref(ours);
}

static enum problem choose(struct ike *ike, struct received *rx, struct asked *asked)
{
	struct loaded *candidates[POLICY_CANDIDATES_MAX];
	size_t n = policy_candidates(ike->policy, &rx->ev->datagram.local,
				     &rx->ev->datagram.remote, candidates,
				     POLICY_CANDIDATES_MAX);
	struct offer offer;
	enum cyg_err err = offer_parse(message_find(rx->m, PAYLOAD_SA), SA_OFFER, SA_FOR_IKE,
				       &offer, &rx->why);

	if (err)
		return problem_of(err, PROBLEM_SYNTAX);
	if (!n) {
		explain_no_candidate(rx);
		offer_done(&offer);
		return PROBLEM_STRANGER;
	}
	err = find_one(candidates, n, &offer, asked);
	if (err)
		explain_misfit(asked->loaded, &offer, &rx->why);
	offer_done(&offer);
	return err ? PROBLEM_PROPOSAL : PROBLEM_NONE;
}

static enum problem read_request(struct ike *ike, struct received *rx, struct asked *asked)
{
	if (ke_parse(message_find(rx->m, PAYLOAD_KE), &asked->ke, &rx->why) ||
	    nonce_parse(message_find(rx->m, PAYLOAD_NONCE), &asked->nonce, &rx->why))
		return PROBLEM_SYNTAX;
	/* Our own request come back (docs/attacks.md P12). */
	if (sa_by_spi(ike, rx->header.spi_i)) {
		diag_set(&rx->why, "reflection", "RFC 7296 2.6",
			 "the request carries an SPI of ours");
		return PROBLEM_FORGED;
	}
	return PROBLEM_NONE;
}

static enum problem agree(struct ike *ike, struct received *rx, struct asked *asked)
{
	enum problem p = choose(ike, rx, asked);

	if (p != PROBLEM_NONE)
		return p;
	if (!keys_nonce_fits(asked->chosen.prf, asked->nonce.data, &rx->why))
		return PROBLEM_SYNTAX;
	if (asked->chosen.ke != asked->ke.group) {
		/* RFC 7296 1.2: the notify names the group that we chose. */
		rx->told[0] = (uint8_t)(asked->chosen.ke >> 8);
		rx->told[1] = (uint8_t)asked->chosen.ke;
		rx->told_len = 2;
		return PROBLEM_KE_GROUP;
	}
	if (nat_wanted(ike, asked->loaded->connection) &&
	    nat_detect(ike, rx, nat_forced(ike, asked->loaded->connection), &asked->nat))
		return PROBLEM_LOCAL;
	return PROBLEM_NONE;
}

/* ---- state at last ---- */

static enum cyg_err fill(struct ike_sa *sa, const struct received *rx,
			 const struct asked *asked)
{
	struct init *init = sa->init;
	enum cyg_err err = keys_nonce(sa->ike, &init->nr);

	if (err)
		return err;
	if (!bytes_copy(&init->request, rx->ev->datagram.data) ||
	    !bytes_copy(&init->ni, asked->nonce.data))
		return CYG_NOMEM;
	sa->spi_peer = rx->header.spi_i;
	sa->local = rx->ev->datagram.local;
	sa->remote = rx->ev->datagram.remote;
	sa->realm = rx->ev->datagram.realm;
	sa->chosen = asked->chosen;
	sa->nat = asked->nat;
	sa->fragmenting = fragment_agree(rx, asked->loaded->connection);
	init->ppk.agreed = ppk_agree(rx, asked->loaded->connection);
	init->auth.hashes = signatures_take(rx);
	if (!sa_count_half_open(sa, &sa->remote.addr) ||
	    !sa_register_first(sa, sa_first_hash(sa->ike, rx->ev)))
		return CYG_NOMEM;
	sa->version = connection_ref(asked->loaded->connection);
	init->wants_raw_key = connection_names_key(sa->version, !asked->loaded->local);
	return CYG_OK;
}

static void begin(struct ike *ike, const struct received *rx, const struct asked *asked)
{
	struct ike_sa *sa = sa_new(ike, false);
	struct exchange *x;

	if (!sa)
		return;
	sa_enter(sa, SA_R1);
	x = sa_add_init(sa) && !fill(sa, rx, asked) ? exchange_open(sa, EX_INIT, false) : NULL;
	if (!x || kex_respond(x, OP_INIT_KE_RESPOND, asked->ke.group, asked->ke.data)) {
		sa_free(sa);
		return;
	}
	x->local = sa->local;
	x->remote = sa->remote;
	x->exchange = X_IKE_SA_INIT;
	timers_sa_half_open(sa);
}

/*
 * A first message that we have seen before: answered from the cache, or still being worked
 * on.
 */
static bool is_retransmission(struct ike *ike, const struct received *rx)
{
	struct ike_sa *sa = sa_by_first(ike, sa_first_hash(ike, rx->ev));

	if (!sa)
		return false;
	if (sa->window.next_in == 1 && reply_again(&sa->window, ike->now)) {
		ike->counts.retransmits++;
		sa_transmit(sa, view_bytes(&sa->window.reply));
	}
	return true;
}

void init_request(struct ike *ike, struct received *rx, enum problem p)
{
	struct asked asked = {0};

	if (!ike->listening || ike->stopping || is_retransmission(ike, rx))
		return;
	/*
	 * The whole message is kept until IKE_AUTH: it must not be larger than any honest
	 * one.
	 */
	if (rx->ev->datagram.data.len > INIT_REQUEST_MAX) {
		diag_set(&rx->why, "too-long", NULL,
			 "an IKE_SA_INIT request of more than %u octets", INIT_REQUEST_MAX);
		p = PROBLEM_FORGED;
	}
	if (p == PROBLEM_NONE)
		p = read_request(ike, rx, &asked);
	if (p == PROBLEM_NONE && !past_limits(ike, rx, &asked))
		return;
	if (p == PROBLEM_NONE)
		p = agree(ike, rx, &asked);
	if (p == PROBLEM_NONE)
		begin(ike, rx, &asked);
	else
		refuse(ike, rx, p);
}

/* ---- the answer ---- */

/* Whom the peer may turn out to be decides whether it is to prove itself twice (RFC 4739 3.1). */
static bool some_want_two(const struct ike_sa *sa)
{
	struct loaded *list[POLICY_CANDIDATES_MAX];
	size_t n = policy_candidates(sa->ike->policy, &sa->local, &sa->remote, list,
				     POLICY_CANDIDATES_MAX);

	for (size_t i = 0; i < n; i++)
		if (list[i]->connection->end[!list[i]->local].auth2)
			return true;
	return false;
}

static enum cyg_err build_answer(struct exchange *x, struct chain *c)
{
	struct ike_sa *sa = x->sa;
	struct ike *ike = sa->ike;
	struct ke_payload ke = {.group = x->ke.group, .data = view_bytes(&x->ke.public)};
	struct nonce_payload nonce = {.data = view_bytes(&sa->init->nr)};

	accept_build(c, &sa->chosen, (struct view){0});
	chain_payload(c, PAYLOAD_KE);
	ke_build(c->b, &ke);
	chain_payload(c, PAYLOAD_NONCE);
	nonce_build(c->b, &nonce);
	if (sa->init->auth.hashes)
		signatures_build(c);
	if (sa->fragmenting.agreed)
		fragment_announce(c, sa->version);
	if (sa->init->ppk.agreed)
		ppk_announce(c, sa->version);
	agree_announce(c, sa->version);
	if (some_want_two(sa))
		chain_notify(c, N_MULTIPLE_AUTH_SUPPORTED, (struct view){0});
	certs_ask(c, view_bytes(&ike->authorities), ike->certs_by_url);
	if (sa->init->wants_raw_key)
		certs_ask_raw_key(c);
	if (!sa->nat.supported)
		return CYG_OK;
	return nat_build(ike, c, sa->spi_peer, sa->spi_own, &sa->local, &sa->remote,
			 nat_forced(ike, sa->version));
}

static enum cyg_err send_answer(struct exchange *x)
{
	struct ike_sa *sa = x->sa;
	uint8_t storage[4096];
	struct builder b = builder_of(storage, sizeof(storage));
	struct ike_header h = {
		.spi_i = sa->spi_peer,
		.spi_r = sa->spi_own,
		.exchange = X_IKE_SA_INIT,
		.response = true,
	};
	struct chain c = message_begin(&b, &h);
	enum cyg_err err = build_answer(x, &c);
	struct view message = message_end(&c);

	if (err)
		return err;
	if (!message.len)
		return CYG_LIMIT;
	if (!bytes_copy(&sa->init->response, message))
		return CYG_NOMEM;
	exchange_reply(x, message);
	return CYG_OK;
}

void init_responded(struct exchange *x, const struct answer *a)
{
	struct ike_sa *sa = x->sa;
	enum cyg_err err = kex_responded(x, a);

	if (!err)
		err = keys_from_init(sa, view_bytes(&sa->init->ni), view_bytes(&sa->init->nr),
				     view_bytes(&x->ke.secret));
	if (!err)
		err = send_answer(x);
	if (!err)
		return;
	tell_stranger(sa->ike, REPORT_NOTICE, "key-exchange-failed", a->why,
		      "key exchange for a new IKE SA failed: %s", cyg_err_text(err));
	if (a->err != CYG_RANGE && a->err != CYG_MALFORMED) {
		sa_free(sa); /* something here: as if it had never come */
		return;
	}
	/* A public value that fails its checks has cost as much as a good one: it counts on. */
	exchange_close(x);
	sa_retire(sa, GONE_QUIETLY);
}
