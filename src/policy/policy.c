/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is loaded: places by name, alias and policy id. A place keeps its name,
 * ids and SPD entry while versions of its connection come and go.
 */
#include "policy/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQID_FIRST 16384 /* as Openswan numbers them, in steps of 4 */
#define REQID_STEP 4

struct policy *policy_new(const struct entropy *entropy)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->entropy = entropy;
	p->next_reqid = REQID_FIRST;
	p->next_policy_id = 1;
	p->next_route_id = 1;
	list_init(&p->all);
	return p;
}

void policy_free(struct policy *p)
{
	struct named_addr *n, *next_name;
	struct route *r, *next_route;

	if (!p)
		return;
	while (!list_empty(&p->all))
		place_free(p, place_of(CONTAINER_OF(p->all.prev, struct loaded, all)));
	HASH_ITER(hh, p->resolved, n, next_name) {
		HASH_DEL(p->resolved, n);
		free(n->name);
		free(n);
	}
	HASH_ITER(hh, p->routes, r, next_route) {
		HASH_DEL(p->routes, r);
		free(r);
	}
	heap_done(&p->retries);
	free(p->addresses);
	free(p);
}

struct place *place_new(struct policy *p, const struct connection *c)
{
	struct place *pl = calloc(1, sizeof(*pl));
	struct loaded *l = (struct loaded *)pl;

	if (!pl)
		return NULL;
	/* Later moves of the retry deadline can then not fail. */
	if (!heap_reserve(&p->retries, p->count + 1)) {
		free(pl);
		return NULL;
	}
	l->connection = connection_ref(c);
	l->local = -1;
	l->reqid = c->reqid ? c->reqid : p->next_reqid;
	p->next_reqid += c->reqid ? 0 : REQID_STEP;
	l->policy_id = p->next_policy_id++;
	l->retry_at = NSEC_NEVER;
	list_init(&l->ike_sas);
	list_init(&l->children);
	list_init(&l->instances);
	list_init(&l->sibling);
	list_init(&pl->in_pair);
	list_append(&p->all, &l->all);
	HASH_ADD(by_policy_id, p->policy_ids, l.policy_id, sizeof(l->policy_id), pl);
	if (!pl->by_policy_id.tbl) {
		list_remove(&l->all);
		connection_unref(l->connection);
		free(pl);
		return NULL;
	}
	p->count++;
	return pl;
}

static void forget_aliases(struct policy *p, const struct place *pl)
{
	struct alias *head, *next;

	if (!pl->l.connection->aliases_len)
		return;
	HASH_ITER(hh, p->aliases, head, next) {
		struct alias **at = &head->next;

		while (*at) {
			struct alias *a = *at;

			if (a->place != pl) {
				at = &a->next;
				continue;
			}
			*at = a->next;
			free(a);
		}
		if (head->place != pl)
			continue;
		HASH_DEL(p->aliases, head);
		if (head->next) {
			struct alias *heir = head->next;

			HASH_ADD_KEYPTR(hh, p->aliases, heir->name, strlen(heir->name), heir);
		}
		free(head);
	}
}

static bool add_alias(struct policy *p, struct place *pl, const char *name)
{
	struct alias *a = calloc(1, sizeof(*a)), *head;

	if (!a)
		return false;
	a->name = name;
	a->place = pl;
	HASH_FIND_STR(p->aliases, name, head);
	if (head) {
		a->next = head->next;
		head->next = a;
		return true;
	}
	HASH_ADD_KEYPTR(hh, p->aliases, a->name, strlen(a->name), a);
	if (!a->hh.tbl) {
		free(a);
		return false;
	}
	return true;
}

static bool index_aliases(struct policy *p, struct place *pl, const struct connection *c)
{
	for (size_t i = 0; i < c->aliases_len; i++) {
		if (!add_alias(p, pl, c->aliases[i])) {
			forget_aliases(p, pl);
			return false;
		}
	}
	return true;
}

void place_free(struct policy *p, struct place *pl)
{
	struct loaded *l = &pl->l;

	place_unindex(p, pl);
	place_unclaim(p, pl);
	place_unroute(p, pl, NULL);
	if (!l->instance && pl->by_name.tbl) {
		forget_aliases(p, pl);
		HASH_DELETE(by_name, p->names, pl);
	}
	HASH_DELETE(by_policy_id, p->policy_ids, pl);
	heap_remove(&p->retries, &l->retry);
	list_remove(&l->sibling);
	list_remove(&l->all);
	ts_set_done(&l->ts_local);
	ts_set_done(&l->ts_remote);
	ts_set_done(&l->spd_local);
	ts_set_done(&l->spd_remote);
	ident_unref(l->local_id);
	ident_unref(l->remote_id);
	connection_unref(l->connection);
	free(pl->routes);
	free(pl);
	p->count--;
	p->generation++;
}

static struct place *find_name(const struct policy *p, const char *name, size_t len)
{
	struct place *pl;

	HASH_FIND(by_name, p->names, name, len, pl);
	return pl;
}

/* The name's hash key is borrowed from the version: a swap must key it anew. */
static bool key_name(struct policy *p, struct place *pl)
{
	const char *name = pl->l.connection->name;

	HASH_ADD_KEYPTR(by_name, p->names, name, strlen(name), pl);
	return pl->by_name.tbl != NULL;
}

static enum cyg_err swap_version(struct policy *p, struct place *pl, struct connection *c,
				 const struct connection **ret_old)
{
	const struct connection *old = pl->l.connection;

	if (connection_equal(old, c)) {
		if (ret_old)
			*ret_old = NULL;
		connection_unref(c);
		return CYG_OK;
	}
	forget_aliases(p, pl);
	HASH_DELETE(by_name, p->names, pl);
	pl->l.connection = c;
	if (!key_name(p, pl) || !index_aliases(p, pl, c) || place_orient(p, pl)) {
		if (pl->by_name.tbl)
			HASH_DELETE(by_name, p->names, pl);
		pl->l.connection = old;
		if (!key_name(p, pl) || !index_aliases(p, pl, old) || place_orient(p, pl))
			return CYG_NOMEM; /* the old version stands, perhaps without a name */
		return CYG_NOMEM;
	}
	if (c->reqid)
		pl->l.reqid = c->reqid;
	p->generation++;
	pl->l.generation = p->generation;
	if (ret_old)
		*ret_old = old;
	else
		connection_unref(old);
	return CYG_OK;
}

enum cyg_err policy_add(struct policy *p, struct connection *c, bool replace, struct loaded **ret,
			const struct connection **ret_old, struct diag *why)
{
	struct place *pl = find_name(p, c->name, strlen(c->name));
	enum cyg_err err = CYG_NOMEM;

	if (pl && !replace) {
		diag_set(why, "name-exists", NULL, "a connection %s is loaded already", c->name);
		diag_hint(why, "ipsec auto --replace %s", c->name);
		return CYG_EXISTS;
	}
	if (pl) {
		err = swap_version(p, pl, c, ret_old);
		if (!err)
			*ret = &pl->l;
		return err;
	}
	pl = place_new(p, c);
	if (pl && key_name(p, pl) && index_aliases(p, pl, c))
		err = place_orient(p, pl);
	if (err) {
		if (pl)
			place_free(p, pl);
		diag_set(why, "no-memory", NULL, "no memory to load connection %s", c->name);
		return err;
	}
	connection_unref(c); /* the place has its own reference */
	p->generation++;
	pl->l.generation = p->generation;
	if (ret_old)
		*ret_old = NULL;
	*ret = &pl->l;
	return CYG_OK;
}

void policy_remove(struct policy *p, struct loaded *l, struct actions *out)
{
	policy_set_spd(p, l, SPD_NONE, 0, out);
	place_free(p, place_of(l));
}

/* "NAME[7]": the instance's number, and the length of NAME; 0 when there is none. */
static uint32_t split_instance(const char *name, size_t *ret_len)
{
	const char *open = strrchr(name, '[');
	unsigned number = 0;
	int used = 0;

	*ret_len = strlen(name);
	if (!open || sscanf(open, "[%u]%n", &number, &used) != 1 || open[used])
		return 0;
	*ret_len = (size_t)(open - name);
	return number;
}

struct loaded *policy_find(const struct policy *p, const char *name)
{
	struct place *pl = find_name(p, name, strlen(name));
	uint32_t number;
	size_t len;

	if (pl)
		return &pl->l;
	number = split_instance(name, &len);
	pl = number ? find_name(p, name, len) : NULL;
	if (!pl)
		return NULL;
	LIST_EACH(l, &pl->l.instances, struct loaded, sibling) {
		if (l->instance == number)
			return l;
	}
	return NULL;
}

size_t policy_resolve(const struct policy *p, const char *name, struct loaded **out, size_t cap)
{
	struct loaded *l = policy_find(p, name);
	struct alias *a;
	size_t n = 0;

	if (l) {
		if (cap)
			out[0] = l;
		return cap ? 1 : 0;
	}
	HASH_FIND_STR(p->aliases, name, a);
	for (; a && n < cap; a = a->next)
		out[n++] = &a->place->l;
	return n;
}

struct loaded *policy_next(const struct policy *p, const struct loaded *after)
{
	const struct list *at = after ? after->all.next : p->all.next;

	return at == &p->all ? NULL : CONTAINER_OF(at, struct loaded, all);
}

size_t policy_count(const struct policy *p)
{
	return p->count;
}

uint64_t policy_generation(const struct policy *p)
{
	return p->generation;
}

struct loaded *policy_by_policy_id(const struct policy *p, uint32_t policy_id)
{
	struct place *pl;

	HASH_FIND(by_policy_id, p->policy_ids, &policy_id, sizeof(policy_id), pl);
	return pl ? &pl->l : NULL;
}

/* ---- desired state ---- */

#define RETRY_FIRST (5 * NSEC_PER_SEC)
#define RETRY_LAST (300 * NSEC_PER_SEC)

void policy_came_up(struct policy *p, struct loaded *l)
{
	l->tries = 0;
	l->retry_at = NSEC_NEVER;
	heap_remove(&p->retries, &l->retry);
}

/* 5 s, 10, 20 ... 300, and up to a tenth more. */
static nsec pause_after(const struct policy *p, uint32_t tries)
{
	nsec pause = RETRY_FIRST;

	while (--tries && pause < RETRY_LAST)
		pause *= 2;
	if (pause > RETRY_LAST)
		pause = RETRY_LAST;
	return pause + entropy_below(p->entropy, pause / 10 + 1);
}

bool policy_failed(struct policy *p, struct loaded *l, nsec now, bool was_up)
{
	nsec at = now;

	if (!l->want_up)
		return false;
	if (!was_up) {
		l->tries++;
		if (l->connection->keying_tries && l->tries >= l->connection->keying_tries)
			return false;
		at = now + pause_after(p, l->tries);
	}
	if (!heap_set(&p->retries, &l->retry, at))
		return false;
	l->retry_at = at;
	return true;
}

nsec policy_deadline(const struct policy *p)
{
	struct heap_node *n = heap_first(&p->retries);

	return n ? n->at : NSEC_NEVER;
}

struct loaded *policy_due(struct policy *p, nsec now)
{
	struct heap_node *n = heap_first(&p->retries);
	struct loaded *l;

	if (!n || n->at > now)
		return NULL;
	l = CONTAINER_OF(n, struct loaded, retry);
	heap_remove(&p->retries, n);
	l->retry_at = NSEC_NEVER;
	return l;
}
