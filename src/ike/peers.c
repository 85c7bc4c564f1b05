/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/peers.h"

#include "ike/core.h"
#include "ike/sa.h"

#include <stdlib.h>

struct peer {
	UT_hash_handle hh;
	/* Keyed hash of both identities; the reader compares them anew. */
	uint64_t key;
	struct list sas;
};

static uint64_t key_of(const struct ike_sa *sa)
{
	const struct hash_key *k = &sa->ike->hash_key;
	uint64_t both[] = {ident_hash(k, sa->local_id), ident_hash(k, sa->remote_id)};

	return hash_view(k, view_of(both, sizeof(both)));
}

bool peer_join(struct ike_sa *sa)
{
	struct ike *ike = sa->ike;
	uint64_t key = key_of(sa);
	struct peer *p;

	/* RFC 7619 2.2: those that name nobody are not one another. */
	if (sa->remote_id->type == ID_NULL)
		return true;
	HASH_FIND(hh, ike->peers, &key, sizeof(key), p);
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return false;
		p->key = key;
		list_init(&p->sas);
		HASH_ADD(hh, ike->peers, key, sizeof(p->key), p);
		if (!p->hh.tbl) {
			free(p);
			return false;
		}
	}
	list_append(&p->sas, &sa->of_peer);
	sa->peer = p;
	return true;
}

void peer_leave(struct ike_sa *sa)
{
	struct peer *p = sa->peer;

	if (!p)
		return;
	sa->peer = NULL;
	list_remove(&sa->of_peer);
	if (!list_empty(&p->sas))
		return;
	HASH_DEL(sa->ike->peers, p);
	free(p);
}

struct list *peer_sas(const struct ike_sa *sa)
{
	return sa->peer ? &sa->peer->sas : NULL;
}

struct list *peer_sas_known(const struct ike_sa *sa)
{
	uint64_t key = key_of(sa);
	struct peer *p;

	HASH_FIND(hh, sa->ike->peers, &key, sizeof(key), p);
	return p ? &p->sas : NULL;
}
