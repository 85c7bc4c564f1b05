/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/dns_proof.h"

#include "trust/trust_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name that has the key. */
struct named {
	struct map_node node;
	struct dns_proof *proof;
	struct ip_addr
		client; /* an address that the peer speaks for; IP_NONE: the peer's own name */
	char text[DNS_NAME_MAX];
};

struct dns_proof {
	struct list link;
	struct map_node by_id;
	uint64_t id;
	struct key key;
	struct ip_addr peer; /* where it was */
	struct named names[DNS_PROOF_NAMES];
	bool marked;
};

void dns_proofs_init(struct dns_proofs *p)
{
	*p = (struct dns_proofs){0};
	list_init(&p->all);
}

static void proof_free(struct dns_proofs *p, struct dns_proof *one)
{
	for (int i = 0; i < DNS_PROOF_NAMES; i++)
		map_remove(&p->by_name, &one->names[i].node);
	map_remove(&p->by_id, &one->by_id);
	list_remove(&one->link);
	key_done(&one->key);
	p->len--;
	free(one);
}

void dns_proofs_done(struct dns_proofs *p)
{
	LIST_EACH(one, &p->all, struct dns_proof, link)
		proof_free(p, one);
	map_done(&p->by_name);
	map_done(&p->by_id);
}

static uint64_t hash_of(const struct hash_key *key, const char *name)
{
	return hash_view(key, view_str(name));
}

/* The next one of a name behind `n` (NULL: the first); NULL. */
static struct named *next_of(const struct dns_proofs *p, const struct hash_key *key,
			     const char *name, struct named *n)
{
	struct map_node *m = n ? map_next(&n->node)
			       : map_first(&p->by_name, hash_of(key, name));

	while (m && strcmp(CONTAINER_OF(m, struct named, node)->text, name) != 0)
		m = map_next(m);
	return m ? CONTAINER_OF(m, struct named, node) : NULL;
}

static bool is_for(const struct dns_proof *one, const struct trust_job *j)
{
	for (int i = 0; i < DNS_PROOF_NAMES; i++)
		if (strcmp(one->names[i].text, j->dns[i].name) != 0)
			return false;
	return key_equal(&one->key, &j->key) &&
	       (!j->dns[1].name[0] || ip_equal(&one->peer, &j->dns_peer));
}

static struct dns_proof *find(const struct dns_proofs *p, const struct hash_key *key,
			      const struct trust_job *j)
{
	struct named *n = NULL;

	while ((n = next_of(p, key, j->dns[0].name, n)))
		if (is_for(n->proof, j))
			return n->proof;
	return NULL;
}

static void add_names(struct dns_proofs *p, const struct hash_key *key,
		      const struct trust_job *j, struct dns_proof *one)
{
	for (int i = 0; i < DNS_PROOF_NAMES; i++) {
		struct named *n = &one->names[i];

		n->proof = one;
		snprintf(n->text, sizeof(n->text), "%s", j->dns[i].name);
		if (i && n->text[0])
			n->client = ip_from_view(ident_view(j->dns[i].id));
		/* A peer that speaks for its own address has one name for both. */
		if (n->text[0] && (i || strcmp(n->text, j->dns[1].name) != 0))
			map_add(&p->by_name, &n->node, hash_of(key, n->text));
	}
}

uint64_t dns_proofs_add(struct dns_proofs *p, const struct hash_key *key,
			const struct trust_job *j, uint64_t id)
{
	struct dns_proof *one;

	if (!j->by_dns || !j->key.pkey)
		return 0;
	one = find(p, key, j);
	if (!one) {
		one = calloc(1, sizeof(*one));
		if (!one)
			return 0;
		one->id = id;
		one->key = key_copy(&j->key);
		one->peer = j->dns_peer;
		list_append(&p->all, &one->link);
		map_add(&p->by_id, &one->by_id, id);
		p->len++;
		add_names(p, key, j, one);
	}
	one->marked = true;
	return one->id;
}

/* ---- what a name has now ---- */

/* A gateway's name that has no address of the peer's family proven may just not have been answered. */
static bool may_lead(const struct named *n, const struct dns_record *r)
{
	struct ipseckey_gateway g;

	if (!ip_is_set(&n->client) || dns_leads_to(r, &n->client, &n->proof->peer))
		return true;
	if (ipseckey_gateway(r->rdata, &g, NULL) || !g.name[0])
		return false;
	for (size_t i = 0; i < r->gateways_len; i++)
		if (r->gateways[i].family == n->proof->peer.family)
			return false;
	return true;
}

static bool has_key(struct crypto *crypto, const struct named *n, const struct dns_answer *a)
{
	for (size_t i = 0; i < a->len; i++) {
		struct key k;
		bool same;

		if (!may_lead(n, &a->records[i]))
			continue;
		if (ipseckey_read(crypto, a->records[i].rdata, &k, NULL))
			continue;
		same = key_equal(&k, &n->proof->key);
		key_done(&k);
		if (same)
			return true;
	}
	return a->more; /* it may be among those that were left out */
}

static void explain(const struct named *n, const struct dns_answer *a, struct diag *why)
{
	char key[100];

	diag_set(why, "dns-key-gone", "RFC 4025",
		 "the DNS has the key of %.200s no more, and DNSSEC proves that", n->text);
	diag_wanted(why, "an IPSECKEY record there with %s",
		    key_print(&n->proof->key, key, sizeof(key)));
	diag_got(why, "%zu record%s%s", a->len, a->len == 1 ? "" : "s",
		 a->len ? ", of other keys or gateways" : "");
	diag_hint(why,
		  "a peer with a new key is let in when it comes again; if this one is still "
		  "right, put its record back: there,  ipsec showhostkey --ipseckey");
}

void dns_proofs_look(struct dns_proofs *p, const struct hash_key *key, struct crypto *crypto,
		     const char *name, const struct dns_answer *a,
		     void (*broken)(void *ctx, uint64_t id, const struct diag *why), void *ctx)
{
	struct named *n, *next;

	if (a->verdict != DNS_PROVEN && a->verdict != DNS_NOTHING)
		return; /* silence, and what nobody vouches for, ends nothing */
	for (n = next_of(p, key, name, NULL); n; n = next) {
		struct diag why;

		next = next_of(p, key, name, n); /* of another proof: see add_names */
		if (has_key(crypto, n, a))
			continue;
		explain(n, a, &why);
		broken(ctx, n->proof->id, &why);
		proof_free(p, n->proof);
	}
}

/* ---- which are in use ---- */

bool dns_proofs_have(const struct dns_proofs *p, const struct hash_key *key, const char *name)
{
	return next_of(p, key, name, NULL) != NULL;
}

void dns_proofs_mark(struct dns_proofs *p, uint64_t id)
{
	struct map_node *n = map_first(&p->by_id, id);

	if (n)
		CONTAINER_OF(n, struct dns_proof, by_id)->marked = true;
}

void dns_proofs_sweep(struct dns_proofs *p)
{
	LIST_EACH(one, &p->all, struct dns_proof, link) {
		if (!one->marked)
			proof_free(p, one);
		else
			one->marked = false;
	}
}
