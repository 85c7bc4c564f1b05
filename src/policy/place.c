/* SPDX-License-Identifier: Apache-2.0 */
/* A place: where a name's versions come and go. It keeps its ids and what it has in the plane. */
#include "policy/db.h"

#include <stdlib.h>

/*
 * A place's number gives all its ids, so that one table keeps them unique:
 * policy ids 2n for its entry and 2n + 1 for the trap beneath a narrowed one,
 * and reqids as Openswan numbers them.
 */
#define REQID_FIRST 16384
#define REQID_STEP 4
#define NUMBER_MAX ((UINT32_MAX - REQID_FIRST) / REQID_STEP)

static uint64_t policy_id_hash(const struct policy *p, uint32_t id)
{
	return hash_view(&p->key, view_of(&id, sizeof(id)));
}

static struct place *find_policy_id(const struct policy *p, uint32_t id)
{
	for (struct map_node *n = map_first(&p->policy_ids, policy_id_hash(p, id)); n;
	     n = map_next(n)) {
		struct place *pl = CONTAINER_OF(n, struct place, by_policy_id);

		if (pl->l.policy_id == id)
			return pl;
	}
	return NULL;
}

struct loaded *policy_by_policy_id(const struct policy *p, uint32_t policy_id)
{
	struct place *pl = find_policy_id(p, policy_id & ~UINT32_C(1));

	return pl ? &pl->l : NULL;
}

/* Numbers are used again only after all of them were. */
static uint32_t new_number(struct policy *p)
{
	do
		p->last_number = p->last_number < NUMBER_MAX ? p->last_number + 1 : 1;
	while (find_policy_id(p, 2 * p->last_number));
	return p->last_number;
}

void policy_begin_beyond(struct policy *p, uint32_t number)
{
	p->last_number = number;
}

uint32_t policy_number_of_reqid(uint32_t reqid)
{
	return reqid < REQID_FIRST ? 0 : (reqid - REQID_FIRST) / REQID_STEP + 1;
}

uint32_t place_reqid(const struct place *pl, const struct connection *c)
{
	return c->reqid ? c->reqid : REQID_FIRST + REQID_STEP * (pl->l.policy_id / 2 - 1);
}

/* Room for every retry, so that setting one cannot fail. */
static bool reserve_retry(struct policy *p)
{
	return p->count < p->retries.cap ||
	       heap_reserve(&p->retries, p->retries.cap ? 2 * p->retries.cap : 16);
}

struct place *place_new(struct policy *p, const struct connection *c)
{
	struct place *pl = reserve_retry(p) ? calloc(1, sizeof(*pl)) : NULL;
	struct loaded *l;

	if (!pl)
		return NULL;
	l = &pl->l;
	l->connection = connection_ref(c);
	l->local = -1;
	l->policy_id = 2 * new_number(p);
	l->reqid = place_reqid(pl, c);
	l->retry_at = NSEC_NEVER;
	l->loaded_at = p->now;
	list_init(&l->ike_sas);
	list_init(&l->children);
	list_init(&l->all);
	list_init(&l->instances);
	list_init(&l->sibling);
	list_init(&pl->nets);
	list_init(&pl->of_awaiting);
	map_add(&p->policy_ids, &pl->by_policy_id, policy_id_hash(p, l->policy_id));
	p->count++;
	return pl;
}

static void unindex(struct policy *p, struct place *pl)
{
	bool is_instance = pl->l.template_of;

	map_remove(is_instance ? &p->numbers : &p->names, &pl->by_name);
	map_remove(is_instance ? &p->guests : &p->peers, &pl->by_peer);
	map_remove(&p->identities, &pl->by_identity);
	map_remove(&p->policy_ids, &pl->by_policy_id);
	for (size_t i = 0; i < pl->aliases_len; i++)
		map_remove(&p->aliases, &pl->aliases[i].by_name);
	list_remove(&pl->l.all);
	list_remove(&pl->l.sibling);
}

void place_free(struct policy *p, struct place *pl)
{
	struct loaded *l = &pl->l;
	struct spots none = {0};

	unindex(p, pl);
	p->instances -= l->instance != 0;
	place_count_stray(p, pl, false);
	net_free(p, pl->net);
	spots_take(p, pl, &none);
	dns_unuse_all(p, pl->dns_uses);
	policy_await_no_more(p, l);
	pools_unuse(p, pl->pools);
	place_unclaim(p, pl);
	place_route(p, pl, NULL, NULL);
	heap_remove(&p->retries, &l->retry);
	ts_set_done(&l->ts_local);
	ts_set_done(&l->ts_remote);
	ts_set_done(&l->spd_local);
	ts_set_done(&l->spd_remote);
	free(l->internal);
	ident_unref(l->local_id);
	ident_unref(l->remote_id);
	connection_unref(l->connection);
	free(pl->aliases);
	free(pl);
	p->count--;
}
