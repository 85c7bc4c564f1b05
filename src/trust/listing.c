/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/listing.h"

#include "trust/trust_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A thing is known by a keyed hash of its name, of 64 bits: two that meet are not to be expected.
 * It all lives as long as one listing, and grows with what is loaded and up.
 */
enum thing { A_NAME = 1, A_GROUP, AN_AUTHORITY, A_KEY, A_KEY_OF, AN_OWN_IDENTITY };

struct count {
	struct map_node node;
	struct list link;
	uint64_t n;
};

struct trust_listing {
	struct trust *trust;
	struct hash_key key;
	struct map by_hash;
	struct list counts;
	struct received_cert *received;
	size_t received_len;
	struct named_group *groups;
	size_t groups_len;
};

#define RECEIVED_MAX 1000 /* authorities that peers showed; more are not listed */

struct trust_listing *trust_listing_new(struct trust *t)
{
	struct trust_listing *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->trust = t;
	l->key = t->revoke.key;
	list_init(&l->counts);
	return l;
}

void trust_listing_free(struct trust_listing *l)
{
	if (!l)
		return;
	LIST_EACH(c, &l->counts, struct count, link)
		free(c);
	map_done(&l->by_hash);
	for (size_t i = 0; i < l->received_len; i++) {
		cert_done(&l->received[i].cert);
		ident_unref(l->received[i].from);
	}
	free(l->received);
	free(l->groups);
	free(l);
}

/* ---- counting ---- */

static uint64_t hash_of(const struct trust_listing *l, enum thing thing, struct view name,
			uint64_t more)
{
	uint64_t parts[3] = {thing, hash_view(&l->key, name), more};

	return hash_view(&l->key, view_of(parts, sizeof(parts)));
}

static struct count *find(const struct trust_listing *l, uint64_t hash)
{
	struct map_node *n = map_first(&l->by_hash, hash);

	return n ? CONTAINER_OF(n, struct count, node) : NULL;
}

/* How many there are with this one; 0: memory is short. */
static uint64_t count(struct trust_listing *l, uint64_t hash)
{
	struct count *c = find(l, hash);

	if (c)
		return ++c->n;
	c = calloc(1, sizeof(*c));
	if (!c)
		return 0;
	c->n = 1;
	list_append(&l->counts, &c->link);
	map_add(&l->by_hash, &c->node, hash);
	return 1;
}

bool trust_listing_connection(struct trust_listing *l, const struct connection *c)
{
	char name[CONN_CERT_NAME_MAX];
	bool well = true;

	for (int i = 0; i < 2; i++) {
		const char *at = c->end[i].cert;

		while (connection_next_cert(&at, name, sizeof(name)))
			well &= count(l, hash_of(l, A_NAME, view_str(name), 0)) != 0;
	}
	return well;
}

uint64_t listing_names(const struct trust_listing *l, const char *file)
{
	struct count *c = l ? find(l, hash_of(l, A_NAME, view_str(file), 0)) : NULL;

	return c ? c->n : 0;
}

uint64_t listing_peers(const struct trust_listing *l, struct crypto *crypto,
		       const struct cert *authority)
{
	struct issuer_id id;
	struct count *c;

	if (!l || issuer_id_of(crypto, authority, &id))
		return 0;
	c = find(l, hash_of(l, AN_AUTHORITY, view_of(id.octets, sizeof(id.octets)), 0));
	return c ? c->n : 0;
}

/* ---- groups ---- */

/* False: memory is short. */
static bool add_group(struct trust_listing *l, struct view name, int64_t since)
{
	struct named_group *bigger, *g;

	if (l->groups_len == ACERT_GROUPS_LISTED_MAX)
		return true;
	bigger = reallocarray(l->groups, l->groups_len + 1, sizeof(*bigger));
	if (!bigger)
		return false;
	l->groups = bigger;
	g = &l->groups[l->groups_len++];
	memcpy(g->name, name.ptr, name.len);
	g->name[name.len] = '\0';
	g->since = since;
	return true;
}

static bool add_groups(struct trust_listing *l, const char *names, int64_t since)
{
	bool well = true;
	struct view name;

	while (names && group_names_next(&names, &name)) {
		uint64_t n;

		if (name.len > GROUP_NAME_MAX)
			continue;
		n = count(l, hash_of(l, A_GROUP, name, 0));
		well &= n && (n > 1 || add_group(l, name, since));
	}
	return well;
}

bool trust_listing_groups(struct trust_listing *l, const struct connection *c, int64_t since)
{
	bool first = add_groups(l, c->end[0].groups, since);

	return add_groups(l, c->end[1].groups, since) && first;
}

bool trust_listing_ca_groups(struct trust_listing *l)
{
	const struct authorities *all = trust_authorities(l->trust);
	bool well = true;

	for (size_t i = 0; i < all->len; i++)
		well &= add_groups(l, all->items[i]->says->groups, all->items[i]->installed);
	return well;
}

const struct named_group *listing_group(const struct trust_listing *l, size_t at)
{
	return l && at < l->groups_len ? &l->groups[at] : NULL;
}

uint64_t listing_group_count(const struct trust_listing *l, const char *name)
{
	struct count *c = l ? find(l, hash_of(l, A_GROUP, view_str(name), 0)) : NULL;

	return c ? c->n : 0;
}

/* ---- authorities that came with peers ---- */

/* False: memory is short. */
static bool receive(struct trust_listing *l, const struct cert *c, const struct ident *from,
		    int64_t since)
{
	struct received_cert *bigger;

	if (l->received_len == RECEIVED_MAX || stored_certs_has(&l->trust->cacerts, c))
		return true;
	bigger = reallocarray(l->received, l->received_len + 1, sizeof(*bigger));
	if (!bigger)
		return false;
	l->received = bigger;
	l->received[l->received_len++] = (struct received_cert){cert_copy(c), ident_ref(from),
								since};
	return true;
}

static bool receive_path(struct trust_listing *l, const struct trust_peer *peer, uint64_t proof)
{
	const struct chain *chain = revoke_proven(&l->trust->revoke, proof);
	bool well = true;

	for (size_t i = 0; chain && i < chain->len; i++) {
		const struct chain_link *link = &chain->links[i];
		/* Of a certificate that is named the issuers may be ours (check_named_begin). */
		bool here = chain->named && stored_certs_has(&l->trust->certs, &link->issuer);
		uint64_t n = count(l, hash_of(l, AN_AUTHORITY,
					      view_of(link->issuer_id.octets,
						      sizeof(link->issuer_id.octets)),
					      0));

		/* The last one was an anchor then, and came from nobody. */
		well &= n && (n > 1 || here || i + 1 == chain->len ||
			      receive(l, &link->issuer, peer->id, peer->since));
	}
	return well;
}

bool trust_listing_peer(struct trust_listing *l, const struct trust_peer *peer)
{
	bool first = receive_path(l, peer, peer->proofs[0]);

	return receive_path(l, peer, peer->proofs[1]) && first;
}

const struct received_cert *listing_received(const struct trust_listing *l, size_t at)
{
	return l && at < l->received_len ? &l->received[at] : NULL;
}

/* ---- keys ---- */

bool listing_told_key(const struct trust_listing *l, const uint8_t id[KEY_ID_LEN])
{
	return l && find(l, hash_of(l, A_KEY, view_of(id, KEY_ID_LEN), 0));
}

bool listing_tells_key(struct trust_listing *l, const uint8_t id[KEY_ID_LEN],
		       const struct ident *whose)
{
	struct view key = view_of(id, KEY_ID_LEN);

	if (!l)
		return true;
	count(l, hash_of(l, A_KEY, key, 0));
	return count(l, hash_of(l, A_KEY_OF, key, whose ? ident_hash(&l->key, whose) : 0)) <= 1;
}

bool listing_tells_own(struct trust_listing *l, const struct ident *id)
{
	return !l || count(l, hash_of(l, AN_OWN_IDENTITY, (struct view){0},
				      ident_hash(&l->key, id))) <= 1;
}
