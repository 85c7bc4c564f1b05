/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is loaded: places by name, by alias and in their order. A name keeps
 * its place, and with it ids and plane entry, while versions of its connection
 * come and go.
 */
#include "policy/policy.h"

#include "base/text.h"
#include "policy/db.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PORT_IKE 500

struct policy *policy_new(const struct entropy *entropy)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	if (!hash_key_draw(entropy, &p->key)) {
		free(p);
		return NULL;
	}
	p->entropy = entropy;
	list_init(&p->all);
	list_init(&p->unasked);
	list_init(&p->asking);
	list_init(&p->awaiting);
	return p;
}

void policy_set_now(struct policy *p, nsec now)
{
	p->now = now;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	/* The newest first: a group is older than its networks. */
	while (!list_empty(&p->all)) {
		struct loaded *l = CONTAINER_OF(p->all.prev, struct loaded, all);

		LIST_EACH(instance, &l->instances, struct loaded, sibling)
			place_free(p, place_of(instance));
		place_free(p, place_of(l));
	}
	struct map *maps[] = {&p->names,  &p->numbers,    &p->aliases,         &p->policy_ids,
			      &p->peers,  &p->identities, &p->guests,          &p->claims,
			      &p->routes, &p->dns,        &p->own_addrs,       &p->nets,
			      &p->hosted, &p->spots,      &p->spot_identities, &p->ends};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		map_done(maps[i]);
	pools_done(p);
	heap_done(&p->retries);
	free(p->own);
	free(p->sorted);
	free(p);
}

/* ---- names ---- */

static uint64_t name_hash(const struct policy *p, const char *name, size_t len)
{
	return hash_view(&p->key, view_of(name, len));
}

static struct place *find_name(const struct policy *p, const char *name, size_t len)
{
	for (struct map_node *n = map_first(&p->names, name_hash(p, name, len)); n;
	     n = map_next(n)) {
		struct place *pl = CONTAINER_OF(n, struct place, by_name);

		if (view_equal(view_str(pl->l.connection->name), view_of(name, len)))
			return pl;
	}
	return NULL;
}

/* "NAME[7]": 7 and the length of NAME; 0 when it is not of this form. */
static uint32_t split_instance(const char *name, size_t *ret_len)
{
	const char *open = strrchr(name, '[');
	size_t digits = open ? strlen(open + 1) : 0;
	char number[12];
	uint64_t n;

	if (digits < 2 || digits > sizeof(number) || open[digits] != ']')
		return 0;
	memcpy(number, open + 1, digits - 1);
	number[digits - 1] = '\0';
	if (!text_number(number, 1, UINT32_MAX, &n))
		return 0;
	*ret_len = (size_t)(open - name);
	return (uint32_t)n;
}

static uint64_t number_hash(const struct policy *p, const struct loaded *t, uint32_t number)
{
	uint32_t key[2] = {t->policy_id, number};

	return hash_view(&p->key, view_of(key, sizeof(key)));
}

static struct place *find_number(const struct policy *p, const struct loaded *t,
				 uint32_t number)
{
	for (struct map_node *n = map_first(&p->numbers, number_hash(p, t, number)); n;
	     n = map_next(n)) {
		struct place *pl = CONTAINER_OF(n, struct place, by_name);

		if (pl->l.template_of == t && pl->l.instance == number)
			return pl;
	}
	return NULL;
}

struct loaded *policy_find(const struct policy *p, const char *name)
{
	struct place *pl = find_name(p, name, strlen(name));
	uint32_t number;
	size_t len;

	if (!pl && (number = split_instance(name, &len)) != 0) {
		pl = find_name(p, name, len);
		pl = pl ? find_number(p, &pl->l, number) : NULL;
	}
	return pl ? &pl->l : NULL;
}

size_t policy_resolve(const struct policy *p, const char *name, struct loaded **out, size_t cap)
{
	struct loaded *l = policy_find(p, name);
	size_t n = 0;

	if (l && cap)
		out[n++] = l;
	if (l)
		return n;
	for (struct map_node *at = map_first(&p->aliases, name_hash(p, name, strlen(name)));
	     at && n < cap; at = map_next(at)) {
		const struct alias *a = CONTAINER_OF(at, struct alias, by_name);

		if (!strcmp(a->name, name) && (!n || out[n - 1] != &a->place->l))
			out[n++] = &a->place->l;
	}
	return n;
}

/* Its connection has the name as an earlier alias, too. */
static bool is_repeated(const struct alias *a)
{
	for (const struct alias *b = a->place->aliases; b < a; b++)
		if (!strcmp(b->name, a->name))
			return true;
	return false;
}

struct loaded *policy_aliased(const struct policy *p, const char *name,
			      const struct loaded *after)
{
	struct map_node *at = map_first(&p->aliases, name_hash(p, name, strlen(name)));

	for (bool past = !after; at; at = map_next(at)) {
		const struct alias *a = CONTAINER_OF(at, struct alias, by_name);

		if (strcmp(a->name, name) != 0 || is_repeated(a))
			continue;
		if (past && &a->place->l != after)
			return &a->place->l;
		past |= &a->place->l == after;
	}
	return NULL;
}

static bool make_aliases(struct place *pl, const struct connection *c, struct alias **ret)
{
	struct alias *made = NULL;

	if (c->aliases_len) {
		made = calloc(c->aliases_len, sizeof(*made));
		if (!made)
			return false;
	}
	for (size_t i = 0; i < c->aliases_len; i++) {
		made[i].place = pl;
		made[i].name = c->aliases[i];
	}
	*ret = made;
	return true;
}

static void take_aliases(struct policy *p, struct place *pl, struct alias *made, size_t len)
{
	for (size_t i = 0; i < pl->aliases_len; i++)
		map_remove(&p->aliases, &pl->aliases[i].by_name);
	free(pl->aliases);
	pl->aliases = made;
	pl->aliases_len = len;
	for (size_t i = 0; i < len; i++)
		map_add(&p->aliases, &made[i].by_name,
			name_hash(p, made[i].name, strlen(made[i].name)));
}

/* ---- versions ---- */

/*
 * Make `c` (whose reference moves in) the place's version. Everything that can
 * fail comes first; then it cannot stop half-way.
 */
static enum cyg_err set_version(struct policy *p, struct place *pl, const struct connection *c)
{
	const struct connection *old = pl->l.connection;
	struct dns_use *uses = NULL;
	struct alias *aliases = NULL;
	struct pool **pools = NULL;

	if (!dns_use_all(p, pl, c, &uses))
		return CYG_NOMEM;
	pl->l.connection = c;
	if (!pools_use(p, c, &pools) || !make_aliases(pl, c, &aliases) ||
	    place_orient(p, pl, true)) {
		pl->l.connection = old;
		free(aliases);
		pools_unuse(p, pools);
		dns_unuse_all(p, uses);
		return CYG_NOMEM;
	}
	pl->l.loaded_at = p->now;
	take_aliases(p, pl, aliases, c->aliases_len);
	dns_unuse_all(p, pl->dns_uses);
	pl->dns_uses = uses;
	pools_unuse(p, pl->pools);
	pl->pools = pools;
	pl->l.reqid = place_reqid(pl, c);
	return CYG_OK;
}

static void share(const struct proposals **own, const struct proposals *other)
{
	if (*own == other || !proposals_equal(*own, other))
		return;
	proposals_unref(*own);
	*own = proposals_ref(other);
}

/* Connections loaded one after the other mostly ask for the same algorithms: these are kept once. */
static void share_proposals(const struct policy *p, struct connection *c)
{
	const struct connection *before;

	if (list_empty(&p->all))
		return;
	before = CONTAINER_OF(p->all.prev, struct loaded, all)->connection;
	share(&c->ike, before->ike);
	share(&c->esp, before->esp);
}

enum cyg_err place_add(struct policy *p, struct connection *c, struct group_net *net,
		       struct place **ret)
{
	struct place *pl = place_new(p, c);

	if (!pl)
		return CYG_NOMEM;
	pl->net = net;
	if (set_version(p, pl, c)) {
		pl->net = NULL;
		place_free(p, pl);
		return CYG_NOMEM;
	}
	share_proposals(p, c);
	connection_unref(c); /* the place has its own reference */
	list_append(&p->all, &pl->l.all);
	map_add(&p->names, &pl->by_name, name_hash(p, c->name, strlen(c->name)));
	*ret = pl;
	return CYG_OK;
}

/* *ret_old is the version that was swapped out, with its reference; NULL when both are alike. */
static enum cyg_err swap(struct policy *p, struct place *pl, struct connection *c,
			 const struct connection **ret_old)
{
	const struct connection *old = pl->l.connection;

	if (connection_equal(old, c)) {
		connection_unref(c);
		*ret_old = NULL;
		return CYG_OK;
	}
	if (set_version(p, pl, c))
		return CYG_NOMEM;
	*ret_old = old;
	return CYG_OK;
}

enum cyg_err policy_add(struct policy *p, struct connection *c, bool replace,
			struct loaded **ret, const struct connection **ret_old,
			struct diag *why)
{
	struct place *pl = find_name(p, c->name, strlen(c->name));
	const struct connection *old = NULL;
	enum cyg_err err;

	if (pl && !replace) {
		diag_set(why, "name-exists", NULL, "a connection %s is loaded already",
			 c->name);
		diag_hint(why, "ipsec auto --replace %s", c->name);
		return CYG_EXISTS;
	}
	err = pl ? swap(p, pl, c, &old) : place_add(p, c, NULL, &pl);
	if (err) {
		diag_set(why, "no-memory", NULL, "no memory to load connection %s", c->name);
		return err;
	}
	if (ret_old)
		*ret_old = old;
	else
		connection_unref(old);
	*ret = &pl->l;
	return CYG_OK;
}

void policy_remove(struct policy *p, struct loaded *l, struct actions *out)
{
	assert(list_empty(&l->instances) && list_empty(&place_of(l)->nets));
	policy_set_spd(p, l, SPD_NONE, 0, out);
	place_free(p, place_of(l));
}

/* ---- walking ---- */

struct loaded *policy_next(const struct policy *p, const struct loaded *after)
{
	const struct loaded *top = after && after->template_of ? after->template_of : after;
	const struct list *at = top ? top->all.next : p->all.next;

	if (after && !list_empty(&after->instances))
		return CONTAINER_OF(after->instances.next, struct loaded, sibling);
	if (after && after->template_of && after->sibling.next != &top->instances)
		return CONTAINER_OF(after->sibling.next, struct loaded, sibling);
	return at == &p->all ? NULL : CONTAINER_OF(at, struct loaded, all);
}

size_t policy_count(const struct policy *p)
{
	return p->count;
}

size_t policy_shunt_count(const struct policy *p)
{
	return p->shunts;
}

size_t policy_stray_count(const struct policy *p)
{
	return p->strays;
}

uint64_t policy_force_changes(const struct policy *p)
{
	return p->force_changes;
}

size_t policy_active_count(const struct policy *p)
{
	return p->active;
}

size_t policy_instance_count(const struct policy *p)
{
	return p->instances;
}

/* ---- instances ---- */

/* Whom an instance is for. */
struct guest {
	const struct ip_addr *local; /* our address that the peer came to */
	const struct endpoint *remote;
	const struct ident *id;
	struct ip_addr client, own; /* as in struct loaded */
	bool sought;
};

/* One that is sought is found by its clients alone. */
static uint64_t guest_hash(const struct policy *p, const struct loaded *t,
			   const struct guest *g)
{
	struct {
		uint64_t id;
		uint32_t template, port;
		uint8_t addr[24], client[24], own[24];
	} key = {.template = t->policy_id};

	memcpy(key.client, &g->client, sizeof(g->client));
	if (g->sought) {
		memcpy(key.own, &g->own, sizeof(g->own));
	} else {
		key.id = ident_hash(&p->key, g->id);
		key.port = g->remote->port;
		memcpy(key.addr, &g->remote->addr, sizeof(g->remote->addr));
	}
	return hash_view(&p->key, view_of(&key, sizeof(key)));
}

static bool is_guest(const struct loaded *l, const struct guest *g)
{
	if (l->sought != g->sought || !ip_equal(&l->client, &g->client) ||
	    !ip_equal(&l->local_addr, g->local))
		return false;
	if (g->sought)
		return ip_equal(&l->own_client, &g->own);
	return ip_equal(&l->remote_addr, &g->remote->addr) &&
	       l->remote_port == g->remote->port && ident_equal(l->remote_id, g->id);
}

/* Of the present version alone: an earlier one's instance stays with the SAs it was made for. */
static struct place *find_guest(const struct policy *p, const struct loaded *t,
				const struct guest *g)
{
	for (struct map_node *n = map_first(&p->guests, guest_hash(p, t, g)); n;
	     n = map_next(n)) {
		struct place *pl = CONTAINER_OF(n, struct place, by_peer);

		if (pl->l.template_of == t && pl->l.connection == t->connection &&
		    is_guest(&pl->l, g))
			return pl;
	}
	return NULL;
}

static enum cyg_err new_guest(struct policy *p, struct loaded *t, const struct guest *g,
			      struct place **ret)
{
	struct place *pl = place_new(p, t->connection);

	if (!pl)
		return CYG_NOMEM;
	pl->l.template_of = t;
	pl->l.client = g->client;
	pl->l.own_client = g->own;
	pl->l.sought = g->sought;
	if (place_orient_instance(pl, t, g->local, g->remote, g->id)) {
		place_free(p, pl);
		return CYG_NOMEM;
	}
	pl->l.instance = ++place_of(t)->instances_made;
	p->instances++;
	list_append(&t->instances, &pl->l.sibling);
	map_add(&p->numbers, &pl->by_name, number_hash(p, t, pl->l.instance));
	map_add(&p->guests, &pl->by_peer, guest_hash(p, t, g));
	*ret = pl;
	return CYG_OK;
}

/* Our address for a peer: that which it came to, where our end may be several. */
static const struct ip_addr *local_for(const struct loaded *t, const struct ip_addr *local)
{
	int end = t->local < 0 ? 0 : t->local;

	return t->connection->end[end].host.others ? local : &t->local_addr;
}

/* The two addresses are not those that the connection itself is between. */
static bool is_other_pair(const struct loaded *t, const struct ip_addr *local,
			  const struct ip_addr *remote)
{
	const struct connection *c = t->connection;

	return (c->end[0].host.others || c->end[1].host.others) &&
	       !(ip_equal(&t->local_addr, local) && ip_equal(&t->remote_addr, remote));
}

static enum cyg_err instantiate(struct policy *p, struct loaded *t, const struct guest *g,
				struct loaded **ret)
{
	struct place *pl = place_of(t);
	enum cyg_err err = CYG_OK;

	if (!t->template_of &&
	    (t->is_template || is_other_pair(t, g->local, &g->remote->addr))) {
		pl = find_guest(p, t, g);
		if (!pl)
			err = new_guest(p, t, g, &pl);
	}
	if (!err)
		*ret = &pl->l;
	return err;
}

enum cyg_err policy_instantiate(struct policy *p, struct loaded *t, const struct ip_addr *local,
				const struct endpoint *remote, const struct ident *remote_id,
				struct loaded **ret)
{
	struct guest g = {local_for(t, local), remote, remote_id};

	return instantiate(p, t, &g, ret);
}

enum cyg_err policy_identity_at(const struct loaded *l, const struct ip_addr *local,
				const struct ident **ret)
{
	const struct end *us = &l->connection->end[l->local < 0 ? 0 : l->local];

	if (us->host.others && !us->id)
		return ident_from_addr(local, ret);
	*ret = ident_ref(l->local_id);
	return CYG_OK;
}

enum cyg_err policy_instantiate_for(struct policy *p, struct loaded *t,
				    const struct ip_addr *local, const struct endpoint *remote,
				    const struct ident *remote_id, const struct ip_addr *client,
				    struct loaded **ret)
{
	struct guest g = {local_for(t, local), remote, remote_id, .client = *client};

	return instantiate(p, t, &g, ret);
}

enum cyg_err policy_seek(struct policy *p, struct loaded *t, const struct ip_addr *client,
			 const struct ip_addr *own, const struct ident *id, struct loaded **ret)
{
	struct endpoint remote = {*client, PORT_IKE};
	struct guest g = {&t->local_addr, &remote, id, *client, *own, true};
	struct place *pl = find_guest(p, t, &g);

	/* Without an address of ours it is the peer itself, which may have come already. */
	g.sought = ip_is_set(own);
	if (!pl)
		return instantiate(p, t, &g, ret);
	*ret = &pl->l;
	return CYG_OK;
}

void policy_set_gateway(struct policy *p, struct loaded *l, const struct ip_addr *gateway,
			const struct ident *id)
{
	struct place *pl = place_of(l);
	struct guest g = {.client = l->client, .own = l->own_client, .sought = true};

	map_remove(&p->guests, &pl->by_peer);
	l->remote_addr = *gateway;
	ident_unref(l->remote_id);
	l->remote_id = ident_ref(id);
	l->sought = true;
	map_add(&p->guests, &pl->by_peer, guest_hash(p, l->template_of, &g));
	place_index_ends(p, pl);
}

bool policy_is_spent(const struct loaded *l)
{
	return l->template_of && list_empty(&l->ike_sas) && list_empty(&l->children) &&
	       !l->want_up && l->retry_at == NSEC_NEVER;
}

void policy_release(struct policy *p, struct loaded *l, struct actions *out)
{
	if (policy_is_spent(l))
		policy_remove(p, l, out);
}
