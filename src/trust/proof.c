/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that peers were believed by: whether they still hold, and what is to be refreshed. */
#include "trust/path.h"
#include "trust/revoke.h"

#include <stdlib.h>

static void proof_free(struct revoke *r, struct kept_proof *p)
{
	map_remove(&r->proofs_by_key, &p->node);
	map_remove(&r->proofs_by_id, &p->by_id);
	list_remove(&p->link);
	list_remove(&p->waiting);
	r->proofs_len--;
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

static struct kept_proof *find(const struct revoke *r, uint64_t key, const struct chain_link *l)
{
	for (struct map_node *n = map_first(&r->proofs_by_key, key); n; n = map_next(n)) {
		struct kept_proof *p = CONTAINER_OF(n, struct kept_proof, node);

		if (issuer_id_equal(&p->chain->links[0].issuer_id, &l->issuer_id) &&
		    serial_equal(&p->chain->links[0].serial, &l->serial))
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

uint64_t revoke_prove(struct revoke *r, struct chain *c)
{
	const struct chain_link *l = &c->links[0];
	struct kept_proof *p;
	uint64_t key;

	if (!c->len)
		return 0;
	key = revoke_hash(r, &l->issuer_id, &l->serial);
	p = find(r, key, l);
	if (p) {
		chain_unref(p->chain);
		p->chain = chain_ref(c);
		return p->id;
	}
	p = r->proofs_len < PROOFS_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return 0;
	for (size_t i = 0; i < c->len; i++)
		share(r, &c->links[i]);
	p->chain = chain_ref(c);
	p->id = ++r->last_id;
	list_init(&p->waiting);
	list_append(&r->proofs, &p->link);
	r->proofs_len++;
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

	if (c->until >= now - OCSP_SKEW)
		return false;
	diag_set(why, "certificate-refused", "RFC 5280 4.1.2.5",
		 "the certificate of %.120s, or one above it, has expired",
		 c->links[0].subject);
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

void revoke_look_again(struct revoke *r, int64_t now)
{
	enum judging how = r->rules.interval || r->rules.policy != CRL_POLICY_NO
				   ? JUDGE_PROOF
				   : JUDGE_SILENTLY;

	LIST_EACH(p, &r->proofs, struct kept_proof, link) {
		bool expired = p->chain->until < now - OCSP_SKEW;
		struct source *source;
		struct diag why;

		if (expired && r->rules.policy == CRL_POLICY_NO) {
			proof_free(r, p); /* it stands until it is proved anew */
			continue;
		}
		if (!has_expired(r, p->chain, now, &why) &&
		    revoke_judge(r, p->chain, now, how, &source, &why) != STANDING_REFUSED)
			continue;
		break_proof(r, p, &why);
	}
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
		 c->links[0].subject);
	diag_wanted(why, "one of its authorities in ipsec.d/cacerts");
	diag_got(why, "%s, which has gone from there",
		 cert_print(&c->links[c->len - 1].issuer, top, sizeof(top)));
	diag_hint(why,
		  "put it back, then ipsec auto --rereadcacerts, if the peer is to be let in");
}

void revoke_look_at_anchors(struct revoke *r, struct x509_store_st *anchors)
{
	LIST_EACH(p, &r->proofs, struct kept_proof, link) {
		struct diag why;

		if (p->chain->named || leads_to(p->chain, r->crypto, anchors))
			continue;
		tell_distrusted(p->chain, &why);
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
	r->checked_at = now;
	if (r->rules.interval)
		refresh_lists(r, now);
	revoke_fetch_ahead(r, now);
	revoke_look_again(r, now);
}

int64_t revoke_deadline(const struct revoke *r)
{
	bool by_time = r->rules.policy != CRL_POLICY_NO && r->proofs_len;

	if (r->rules.interval && (r->proofs_len || !list_empty(&r->lists) || names_lists(r)))
		return r->checked_at + r->rules.interval;
	return by_time ? r->checked_at + LOOK_SECONDS : INT64_MAX;
}
