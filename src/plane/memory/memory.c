/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAs hang in a hash by direction and SPI. An inbound SPI is ours and single;
 * an outbound one was chosen by a peer, and two peers may choose the same, so
 * those of one SPI form a list.
 */
#include "plane/memory/memory.h"

#include "base/list.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define KINDS_MAX 32 /* action kinds that can be told to fail */

struct spi_key {
	uint32_t dir, spi;
};

struct kept_sa {
	struct plane_sa sa; /* first: memory_plane_sa_next casts back */
	struct plane_counters counters;
	struct spi_key key;
	struct kept_sa *same; /* next one of the same key */
	struct list all;
	UT_hash_handle hh;
};

struct kept_policy {
	struct plane_policy policy;
	UT_hash_handle hh;
};

struct kept_route {
	struct plane_route route;
	UT_hash_handle hh;
};

struct memory_plane {
	struct plane plane; /* first */
	struct kept_sa *sas;
	struct list in_order;
	struct kept_policy *policies;
	struct kept_route *routes;
	struct memory_counts counts;
	enum cyg_err fail[KINDS_MAX];
};

static struct memory_plane *self(struct plane *p)
{
	return (struct memory_plane *)p;
}

static const struct memory_plane *const_self(const struct plane *p)
{
	return (const struct memory_plane *)p;
}

static void answer(struct memory_plane *m, const struct action *a, struct answer *n)
{
	n->op = a->op;
	if (a->op && m->plane.host.answer)
		m->plane.host.answer(m->plane.host.ctx, n);
}

static void answer_err(struct memory_plane *m, const struct action *a, enum cyg_err err)
{
	answer(m, a, &(struct answer){.err = err});
}

static struct kept_sa *first_of(const struct memory_plane *m, uint8_t dir, uint32_t spi)
{
	struct spi_key key = {dir, spi};
	struct kept_sa *head;

	HASH_FIND(hh, m->sas, &key, sizeof(key), head);
	return head;
}

static struct kept_sa *find_ref(const struct memory_plane *m, const struct sa_ref *ref)
{
	struct kept_sa *first = first_of(m, ref->dir, ref->spi);

	if (!first || !first->same)
		return first;
	for (struct kept_sa *k = first; k; k = k->same)
		if (ref->reqid ? k->sa.reqid == ref->reqid
			       : ip_equal(&k->sa.remote.addr, &ref->remote.addr))
			return k;
	return NULL;
}

static void free_sa(struct kept_sa *k)
{
	ts_set_done(&k->sa.ts_local);
	ts_set_done(&k->sa.ts_remote);
	secret_wipe(k, sizeof(*k));
	free(k);
}

static struct kept_sa *copy_sa(const struct plane_sa *sa)
{
	struct kept_sa *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->sa = *sa;
	k->sa.ts_local = k->sa.ts_remote = (struct ts_set){0};
	k->key = (struct spi_key){sa->dir, sa->spi};
	if (ts_set_copy(&k->sa.ts_local, &sa->ts_local) ||
	    ts_set_copy(&k->sa.ts_remote, &sa->ts_remote)) {
		free_sa(k);
		return NULL;
	}
	return k;
}

static size_t *count_of(struct memory_plane *m, uint8_t dir)
{
	return dir == SA_IN ? &m->counts.sas_in : &m->counts.sas_out;
}

static enum cyg_err keep_sa(struct memory_plane *m, const struct plane_sa *sa)
{
	struct kept_sa *head = first_of(m, sa->dir, sa->spi);
	struct kept_sa *k = copy_sa(sa);

	if (!k)
		return CYG_NOMEM;
	if (head) {
		k->same = head->same;
		head->same = k;
	} else {
		HASH_ADD(hh, m->sas, key, sizeof(k->key), k);
		if (!k->hh.tbl) {
			free_sa(k);
			return CYG_NOMEM;
		}
	}
	list_append(&m->in_order, &k->all);
	++*count_of(m, sa->dir);
	return CYG_OK;
}

static void install(struct memory_plane *m, const struct action *a)
{
	struct answer n = {0};

	if (a->sa->dir == SA_IN && first_of(m, SA_IN, a->sa->spi)) {
		n.err = CYG_EXISTS;
		n.sa.spi_taken = true;
	} else {
		n.err = keep_sa(m, a->sa);
	}
	answer(m, a, &n);
}

/*
 * The hash entry of several SAs is the first
 * one's: when that goes, the next takes its place.
 */
static void unlink_sa(struct memory_plane *m, struct kept_sa *k)
{
	struct kept_sa *head = first_of(m, (uint8_t)k->key.dir, k->key.spi);

	list_remove(&k->all);
	--*count_of(m, k->sa.dir);
	if (head != k) {
		while (head->same != k)
			head = head->same;
		head->same = k->same;
		return;
	}
	HASH_DEL(m->sas, k);
	if (k->same)
		HASH_ADD(hh, m->sas, key, sizeof(k->key), k->same);
}

static void forget_sa(struct memory_plane *m, const struct action *a)
{
	struct kept_sa *k = find_ref(m, &a->sa_ref);

	if (k) {
		unlink_sa(m, k);
		free_sa(k);
	} else {
		m->counts.unknown++;
	}
	answer_err(m, a, k ? CYG_OK : CYG_NOTFOUND);
}

static void update_sa(struct memory_plane *m, const struct action *a)
{
	struct kept_sa *k = find_ref(m, &a->sa_ref);

	if (k) {
		k->sa.local = a->sa_ref.local;
		k->sa.remote = a->sa_ref.remote;
		k->sa.encap = a->sa_ref.encap;
	} else {
		m->counts.unknown++;
	}
	answer_err(m, a, k ? CYG_OK : CYG_NOTFOUND);
}

static void query_sa(struct memory_plane *m, const struct action *a)
{
	const struct kept_sa *k = find_ref(m, &a->sa_ref);
	struct answer n = {.err = k ? CYG_OK : CYG_NOTFOUND};

	if (k)
		n.counters = k->counters;
	else
		m->counts.unknown++;
	answer(m, a, &n);
}

static void free_policy(struct kept_policy *k)
{
	if (!k)
		return;
	ts_set_done(&k->policy.ts_local);
	ts_set_done(&k->policy.ts_remote);
	free(k);
}

static void drop_policy(struct memory_plane *m, struct kept_policy *k)
{
	HASH_DEL(m->policies, k);
	free_policy(k);
	m->counts.policies--;
}

static enum cyg_err keep_policy(struct memory_plane *m, const struct plane_policy *p)
{
	struct kept_policy *old, *k = calloc(1, sizeof(*k));

	if (!k)
		return CYG_NOMEM;
	k->policy = *p;
	k->policy.ts_local = k->policy.ts_remote = (struct ts_set){0};
	if (ts_set_copy(&k->policy.ts_local, &p->ts_local) ||
	    ts_set_copy(&k->policy.ts_remote, &p->ts_remote)) {
		free_policy(k);
		return CYG_NOMEM;
	}
	HASH_FIND_INT(m->policies, &p->id, old);
	HASH_ADD_INT(m->policies, policy.id, k);
	if (!k->hh.tbl) {
		free_policy(k);
		return CYG_NOMEM;
	}
	m->counts.policies++;
	if (old)
		drop_policy(m, old);
	return CYG_OK;
}

static void forget_policy(struct memory_plane *m, const struct action *a)
{
	struct kept_policy *k;

	HASH_FIND_INT(m->policies, &a->remove_id, k);
	if (k)
		drop_policy(m, k);
	else
		m->counts.unknown++;
	answer_err(m, a, k ? CYG_OK : CYG_NOTFOUND);
}

static enum cyg_err keep_route(struct memory_plane *m, const struct plane_route *r)
{
	struct kept_route *k;

	HASH_FIND_INT(m->routes, &r->id, k);
	if (k) {
		k->route = *r;
		return CYG_OK;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return CYG_NOMEM;
	k->route = *r;
	HASH_ADD_INT(m->routes, route.id, k);
	if (!k->hh.tbl) {
		free(k);
		return CYG_NOMEM;
	}
	m->counts.routes++;
	return CYG_OK;
}

static void forget_route(struct memory_plane *m, const struct action *a)
{
	struct kept_route *k;

	HASH_FIND_INT(m->routes, &a->remove_id, k);
	if (k) {
		HASH_DEL(m->routes, k);
		free(k);
		m->counts.routes--;
	} else {
		m->counts.unknown++;
	}
	answer_err(m, a, k ? CYG_OK : CYG_NOTFOUND);
}

/* Whether the next request of this kind was told to fail; then it has been answered. */
static bool fail_as_told(struct memory_plane *m, const struct action *a)
{
	enum cyg_err err = a->kind < KINDS_MAX ? m->fail[a->kind] : CYG_OK;

	if (!err || !a->op)
		return false;
	m->fail[a->kind] = CYG_OK;
	answer_err(m, a, err);
	return true;
}

static void memory_request(struct plane *p, const struct action *a)
{
	struct memory_plane *m = self(p);

	m->counts.requests++;
	if (fail_as_told(m, a))
		return;
	switch ((enum action_kind)a->kind) {
	case ACT_SA_INSTALL:
		install(m, a);
		break;
	case ACT_SA_REMOVE:
		forget_sa(m, a);
		break;
	case ACT_SA_UPDATE:
		update_sa(m, a);
		break;
	case ACT_SA_QUERY:
		query_sa(m, a);
		break;
	case ACT_POLICY_SET:
		answer_err(m, a, keep_policy(m, a->policy));
		break;
	case ACT_POLICY_REMOVE:
		forget_policy(m, a);
		break;
	case ACT_ROUTE_SET:
		answer_err(m, a, keep_route(m, a->route));
		break;
	case ACT_ROUTE_REMOVE:
		forget_route(m, a);
		break;
	default:
		answer_err(m, a, CYG_UNSUPPORTED);
	}
}

static bool memory_port_add(struct plane *p, const struct plane_port *port)
{
	return false;
}

static void memory_port_remove(struct plane *p, const struct endpoint *local)
{
}

static int memory_fd(const struct plane *p)
{
	return -1;
}

static void memory_dispatch(struct plane *p)
{
}

static void memory_close(struct plane *p)
{
	struct memory_plane *m = self(p);
	struct kept_policy *policy, *next_policy;
	struct kept_route *route, *next_route;

	HASH_CLEAR(hh, m->sas);
	LIST_EACH(k, &m->in_order, struct kept_sa, all)
		free_sa(k);
	HASH_ITER(hh, m->policies, policy, next_policy)
		drop_policy(m, policy);
	HASH_ITER(hh, m->routes, route, next_route) {
		HASH_DEL(m->routes, route);
		free(route);
	}
	free(m);
}

static size_t selectors_size(const struct ts_set *a, const struct ts_set *b)
{
	return (a->len + b->len) * sizeof(struct ts);
}

static size_t memory_memory(const struct plane *p)
{
	const struct memory_plane *m = const_self(p);
	size_t octets = HASH_OVERHEAD(hh, m->sas) + HASH_OVERHEAD(hh, m->policies) +
			HASH_OVERHEAD(hh, m->routes);

	LIST_EACH(k, &m->in_order, struct kept_sa, all)
		octets += sizeof(*k) + selectors_size(&k->sa.ts_local, &k->sa.ts_remote);
	for (const struct kept_policy *k = m->policies; k; k = k->hh.next)
		octets += sizeof(*k) +
			  selectors_size(&k->policy.ts_local, &k->policy.ts_remote);
	return octets + m->counts.routes * sizeof(struct kept_route);
}

enum cyg_err memory_plane_open(const struct plane_host *host, struct plane **ret)
{
	static const struct plane_ops ops = {
		.request = memory_request,
		.port_add = memory_port_add,
		.port_remove = memory_port_remove,
		.fd = memory_fd,
		.dispatch = memory_dispatch,
		.close = memory_close,
		.memory = memory_memory,
	};
	struct memory_plane *m = calloc(1, sizeof(*m));

	if (!m)
		return CYG_NOMEM;
	m->plane.ops = &ops;
	m->plane.host = *host;
	m->plane.caps = (struct plane_caps){
		.name = "memory",
		.needs_encap = false,
		.transport = true,
		.beet = true,
		.ah = true,
		.scopes = true,
		.esn = true,
		.handling = {.tfc = true,
			     .dscp = true,
			     .no_pmtu = true,
			     .ipcomp = true,
			     .offload = true},
		.replay_window_max = UINT32_MAX,
	};
	list_init(&m->in_order);
	*ret = &m->plane;
	return CYG_OK;
}

const struct plane_sa *memory_plane_sa(const struct plane *p, enum sa_dir dir, uint32_t spi,
				       const struct endpoint *remote)
{
	const struct kept_sa *k = first_of(const_self(p), (uint8_t)dir, spi);

	while (k && remote && !endpoint_equal(&k->sa.remote, remote))
		k = k->same;
	return k ? &k->sa : NULL;
}

const struct plane_sa *memory_plane_sa_next(const struct plane *p, const struct plane_sa *after)
{
	const struct memory_plane *m = const_self(p);
	const struct list *at = after ? ((const struct kept_sa *)after)->all.next
				      : m->in_order.next;

	return at == &m->in_order ? NULL : &CONTAINER_OF(at, const struct kept_sa, all)->sa;
}

const struct plane_policy *memory_plane_policy(const struct plane *p, uint32_t id)
{
	const struct kept_policy *k;

	HASH_FIND_INT(const_self(p)->policies, &id, k);
	return k ? &k->policy : NULL;
}

const struct plane_route *memory_plane_route(const struct plane *p, uint32_t id)
{
	const struct kept_route *k;

	HASH_FIND_INT(const_self(p)->routes, &id, k);
	return k ? &k->route : NULL;
}

struct memory_counts memory_plane_counts(const struct plane *p)
{
	return const_self(p)->counts;
}

enum cyg_err memory_plane_count(struct plane *p, enum sa_dir dir, uint32_t spi,
				const struct plane_counters *c)
{
	struct kept_sa *k = first_of(self(p), (uint8_t)dir, spi);

	if (!k)
		return CYG_NOTFOUND;
	k->counters = *c;
	return CYG_OK;
}

void memory_plane_fail_next(struct plane *p, unsigned action_kind, enum cyg_err err)
{
	if (action_kind < KINDS_MAX)
		self(p)->fail[action_kind] = err;
}
