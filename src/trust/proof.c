/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that peers were believed by: whether they still hold, and what is to be refreshed. */
#include "trust/path.h"
#include "trust/revoke.h"

#include <stdlib.h>
#include <string.h>

static void proof_free(struct revoke *r, struct kept_proof *p)
{
	map_remove(&r->proofs_by_key, &p->node);
	map_remove(&r->proofs_by_id, &p->by_id);
	list_remove(&p->link);
	list_remove(&p->waiting);
	r->proofs_len--;
	r->members_len -= p->chain->member != NULL;
	chain_unref(p->chain);
	free(p);
}

void proofs_done(struct revoke *r)
{
	LIST_EACH(p, &r->proofs, struct kept_proof, link)
		proof_free(r, p);
	LIST_EACH(b, &r->broken, struct broken, link)
		free(b);
	for (size_t i = 0; i < PROOF_ISSUERS; i++)
		cert_done(&r->shared[i]);
	map_done(&r->proofs_by_key);
	map_done(&r->proofs_by_id);
}

/* The same authorities, up to the anchor: a ca section of each may say groups. */
static bool has_same_path(const struct chain *a, const struct chain *b)
{
	bool same = a->len == b->len && a->pathless == b->pathless;

	for (size_t i = 0; same && i < a->len; i++)
		same = issuer_id_equal(&a->links[i].issuer_id, &b->links[i].issuer_id);
	return same;
}

/*
 * One for each certificate, and for each thing that it was let in by: an authority, being named, groups.
 * What ends one leaves the others alone.
 */
static bool is_same(const struct chain *a, const struct chain *b)
{
	const struct chain_link *l = &a->links[0], *m = &b->links[0];

	return !a->len == !b->len && a->named == b->named &&
	       !memcmp(a->key_id, b->key_id, KEY_ID_LEN) && a->not_after == b->not_after &&
	       (!a->len || (issuer_id_equal(&l->issuer_id, &m->issuer_id) &&
			    serial_equal(&l->serial, &m->serial))) &&
	       membership_same(a->member, b->member) && (!a->member || has_same_path(a, b));
}

static struct kept_proof *find(const struct revoke *r, uint64_t key, const struct chain *c)
{
	for (struct map_node *n = map_first(&r->proofs_by_key, key); n; n = map_next(n)) {
		struct kept_proof *p = CONTAINER_OF(n, struct kept_proof, node);

		if (is_same(p->chain, c))
			return p;
	}
	return NULL;
}

/* Peers send their intermediates each for himself: one copy of each is enough. */
static void share(struct revoke *r, struct chain_link *l)
{
	for (size_t i = 0; i < PROOF_ISSUERS; i++) {
		if (!r->shared[i].x || !cert_equal(&r->shared[i], &l->issuer))
			continue;
		cert_done(&l->issuer);
		l->issuer = cert_copy(&r->shared[i]);
		return;
	}
	cert_done(&r->shared[r->shared_at]);
	r->shared[r->shared_at] = cert_copy(&l->issuer);
	r->shared_at = (r->shared_at + 1) % PROOF_ISSUERS;
}

static bool is_over(const struct chain *c, int64_t now)
{
	return c->until < now - OCSP_SKEW;
}

/* Of those that time has ended the newest are watched on: their tunnels may stand. */
static void let_go(struct revoke *r, int64_t now)
{
	size_t over = 0;

	LIST_EACH(p, &r->proofs, struct kept_proof, link)
		over += is_over(p->chain, now);
	LIST_EACH(p, &r->proofs, struct kept_proof, link) {
		if (over <= PROOFS_OVER_MAX)
			break;
		if (!is_over(p->chain, now))
			continue;
		proof_free(r, p);
		over--;
	}
}

static bool make_room(struct revoke *r, int64_t now)
{
	if (r->proofs_len >= PROOFS_MAX)
		let_go(r, now);
	return r->proofs_len < PROOFS_MAX;
}

uint64_t revoke_prove(struct revoke *r, struct chain *c, int64_t now)
{
	uint64_t key = hash_view(&r->key, view_of(c->key_id, KEY_ID_LEN));
	struct kept_proof *p = find(r, key, c);

	if (p) {
		if (p->chain != c)
			membership_follow(c->member, p->chain->member);
		chain_unref(p->chain);
		p->chain = chain_ref(c);
		return p->id;
	}
	p = make_room(r, now) ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return 0;
	for (size_t i = 0; i < c->len; i++)
		share(r, &c->links[i]);
	p->chain = chain_ref(c);
	p->id = ++r->last_id;
	list_init(&p->waiting);
	list_append(&r->proofs, &p->link);
	r->proofs_len++;
	r->members_len += c->member != NULL;
	map_add(&r->proofs_by_key, &p->node, key);
	map_add(&r->proofs_by_id, &p->by_id, p->id);
	return p->id;
}

const struct chain *revoke_proven(const struct revoke *r, uint64_t proof)
{
	struct map_node *n = map_first(&r->proofs_by_id, proof);

	return n ? CONTAINER_OF(n, struct kept_proof, by_id)->chain : NULL;
}

static bool has_expired(const struct revoke *r, const struct chain *c, int64_t now,
			struct diag *why)
{
	char until[40], here[40];

	if (r->rules.policy == CRL_POLICY_NO || !is_over(c, now))
		return false; /* what has been proven stands until it is to be proven anew */
	diag_set(why, "certificate-refused", "RFC 5280 4.1.2.5",
		 "the certificate of %.120s, or one above it, has expired", c->subject);
	diag_wanted(why, "a time until %s", cert_print_time(c->until, until, sizeof(until)));
	diag_got(why, "it is %s here", cert_print_time(now, here, sizeof(here)));
	diag_hint(why,
		  "have a new certificate issued; strictcrlpolicy=%s does not wait for the "
		  "next authentication",
		  r->rules.policy == CRL_POLICY_YES ? "yes" : "ifuri");
	return true;
}

static void break_proof(struct revoke *r, struct kept_proof *p, const struct diag *why)
{
	struct broken *b = calloc(1, sizeof(*b));

	if (!b)
		return; /* and is told the next time */
	b->proof = p->id;
	b->why = *why;
	list_append(&r->broken, &b->link);
	proof_free(r, p);
}

static void look(struct revoke *r, bool for_news, int64_t now)
{
	enum judging how = for_news || r->rules.policy != CRL_POLICY_NO ? JUDGE_PROOF
									: JUDGE_SILENTLY;

	let_go(r, now);
	LIST_EACH(p, &r->proofs, struct kept_proof, link) {
		struct source *source;
		struct diag why;

		if (has_expired(r, p->chain, now, &why) ||
		    revoke_judge(r, p->chain, now,
				 is_over(p->chain, now) ? JUDGE_SILENTLY : how, &source,
				 &why) == STANDING_REFUSED)
			break_proof(r, p, &why);
	}
}

void revoke_look_again(struct revoke *r, int64_t now)
{
	look(r, r->rules.interval != 0, now);
}

void revoke_pursue(struct revoke *r, uint64_t proof, struct source *s)
{
	struct map_node *n = map_first(&r->proofs_by_id, proof);
	struct kept_proof *p = n ? CONTAINER_OF(n, struct kept_proof, by_id) : NULL;

	if (!p)
		return;
	list_remove(&p->waiting);
	list_append(&s->proofs, &p->waiting);
}

void revoke_go_on(struct revoke *r, struct kept_proof *p, int64_t now)
{
	struct source *source;
	struct diag why;

	list_remove(&p->waiting);
	switch (revoke_judge(r, p->chain, now, JUDGE_PROOF, &source, &why)) {
	case STANDING_REFUSED:
		break_proof(r, p, &why);
		return;
	case STANDING_WAITS:
		list_append(&source->proofs, &p->waiting);
		return;
	default:
		return;
	}
}

/* Any of its authorities may be an anchor: an intermediate is one, too. */
static bool leads_to(const struct chain *c, struct crypto *crypto,
		     struct x509_store_st *anchors)
{
	for (size_t i = c->len; anchors && i--;)
		if (path_anchors_have(crypto, anchors, &c->links[i].issuer))
			return true;
	return false;
}

static void tell_distrusted(const struct chain *c, struct diag *why)
{
	char top[120];

	diag_set(why, "certificate-refused", "RFC 5280 6.1",
		 "no authority that is trusted here issued the certificate of %.120s any more",
		 c->subject);
	diag_wanted(why, "one of its authorities in ipsec.d/cacerts");
	diag_got(why, "%s, which has gone from there",
		 cert_print(&c->links[c->len - 1].issuer, top, sizeof(top)));
	diag_hint(why,
		  "put it back, then ipsec auto --rereadcacerts, if the peer is to be let in");
}

bool revoke_is_anchored(const struct revoke *r, const struct chain *c,
			struct x509_store_st *anchors, struct diag *why)
{
	if (c->named || leads_to(c, r->crypto, anchors))
		return true;
	tell_distrusted(c, why);
	return false;
}

void revoke_look_at_anchors(struct revoke *r, struct x509_store_st *anchors)
{
	LIST_EACH(p, &r->proofs, struct kept_proof, link) {
		struct diag why;

		if (!revoke_is_anchored(r, p->chain, anchors, &why))
			break_proof(r, p, &why);
	}
}

void revoke_look_at_members(struct revoke *r, const struct group_sources *from, bool all,
			    int64_t now)
{
	struct cert room[CHAIN_LEN_MAX];

	LIST_EACH(p, &r->proofs, struct kept_proof, link) {
		struct membership *m = p->chain->member;
		struct cert_list above = chain_authorities(p->chain, room);
		struct diag why;

		if (m && (all || m->until < now) &&
		    !membership_holds(m, from, &above, now, &why))
			break_proof(r, p, &why);
	}
}

/* ---- what is due ---- */

#define LOOK_SECONDS 60 /* between looks at proofs, where time alone may break them */

static bool is_due(const struct crl *c, uint32_t interval, int64_t now)
{
	return crl_until(c) - now < 2 * (int64_t)interval;
}

/* Lists that were fetched are fetched again in time. */
static void refresh_lists(struct revoke *r, int64_t now)
{
	LIST_EACH(k, &r->lists, struct known_list, link) {
		struct chain_link l = {.issuer = k->crl->issuer,
				       .issuer_id = k->crl->issuer_id};
		struct source *s;

		if (!k->url || !is_due(k->crl, r->rules.interval, now))
			continue;
		s = source_get(r, WANT_CRL, k->url, &l);
		if (s)
			source_ask(r, s, now);
	}
}

/* The list of an authority is fetched from the first place that may be asked. */
static void fetch_ahead(struct revoke *r, const struct known_authority *k,
			const struct cert *issuer, int64_t now)
{
	struct chain_link l = {.issuer = *issuer};

	if (issuer_id_of(r->crypto, issuer, &l.issuer_id) || revoke_has_list(r, &l.issuer_id))
		return;
	for (size_t i = 0; i < 2; i++) {
		const char *url = k->says->crluri[i];
		struct source *s = url ? source_get(r, WANT_CRL, url, &l) : NULL;

		if (s && source_ask(r, s, now))
			return;
	}
}

void revoke_fetch_ahead(struct revoke *r, int64_t now)
{
	if (!r->rules.interval)
		return;
	for (size_t i = 0; i < r->authorities->len; i++) {
		const struct known_authority *k = r->authorities->items[i];

		for (size_t c = 0; c < k->certs.len; c++)
			fetch_ahead(r, k, &k->certs.items[c], now);
	}
}

static bool names_lists(const struct revoke *r)
{
	for (size_t i = 0; i < r->authorities->len; i++) {
		const struct authority *says = r->authorities->items[i]->says;

		if (says->crluri[0] || says->crluri[1])
			return true;
	}
	return false;
}

void revoke_tick(struct revoke *r, int64_t now)
{
	bool for_news = r->rules.interval && now >= r->checked_at + r->rules.interval;

	r->looked_at = now;
	if (for_news) {
		r->checked_at = now;
		refresh_lists(r, now);
	}
	revoke_fetch_ahead(r, now);
	look(r, for_news, now);
}

/* Whoever has expired, or is a member no longer, goes in time, however seldom news is asked for. */
int64_t revoke_deadline(const struct revoke *r)
{
	bool by_time = r->members_len || (r->rules.policy != CRL_POLICY_NO && r->proofs_len);
	bool for_news = r->rules.interval &&
			(r->proofs_len || !list_empty(&r->lists) || names_lists(r));
	int64_t at = by_time ? r->looked_at + LOOK_SECONDS : INT64_MAX;

	return for_news && r->checked_at + r->rules.interval < at
		       ? r->checked_at + r->rules.interval
		       : at;
}
