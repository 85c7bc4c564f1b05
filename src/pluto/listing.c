/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/listing.h"

#include "pluto/daemon.h"
#include "pluto/facts.h"
#include "pluto/groups.h"
#include "pluto/match.h"
#include "policy/policy.h"
#include "policy/pool.h"
#include "trust/trust.h"
#include "whack/listing_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PER_REPLY 64           /* records of one reply */
#define SKIPPED_PER_REPLY 4096 /* of what has nothing to list, in one piece of work */

struct listing_walk {
	struct daemon *daemon;
	enum listing_kind kind; /* being told */
	bool all;               /* the others of --listall follow */
	bool problems;
	uint64_t at;                   /* how far the kind has been told */
	unsigned part;                 /* of a kind that has several */
	struct match_list *list;       /* of kinds that are about connections */
	struct trust_listing *counted; /* of keys and certificates */
	bool short_of_memory;          /* something was left out */
	struct json_out *out;
	unsigned told; /* records of this reply */
	int64_t now;
};

/* A sink's side: write the record. */
static bool take(void *ctx, const void *record)
{
	struct listing_walk *w = ctx;

	if (w->problems && listing_is_ok(w->kind, record, w->now))
		return true;
	listing_json(w->out, w->kind, record);
	return ++w->told < PER_REPLY;
}

/* ---- what each kind tells; true when all is told ---- */

static bool list_trust(struct listing_walk *w)
{
	struct listing_sink sink = {take, w};

	return trust_list(w->daemon->trust, w->counted, w->kind, &w->at, &sink);
}

/* Of connections: one after another, each by `tell`. */
static bool list_loaded(struct listing_walk *w,
			bool (*tell)(struct listing_walk *w, const struct loaded *l))
{
	struct loaded *l;

	for (unsigned n = 0; n < SKIPPED_PER_REPLY && (l = match_next(w->list)); n++)
		if (!tell(w, l))
			return false;
	return !l;
}

static bool tell_keys(struct listing_walk *w, const struct loaded *l)
{
	struct listing_sink sink = {take, w};

	if (l->instance)
		return true;
	for (int i = 0; i < 2; i++) {
		struct trust_end e = {
			.connection = l->connection,
			.end = i,
			.is_us = i == l->local,
			.id = policy_end_identity(l, i),
			.since = facts_moment(l->loaded_at),
			.now = w->now,
		};

		/* Two more than a reply is to have do no harm. */
		trust_list_end(w->daemon->trust, w->counted, &e, &sink);
	}
	return w->told < PER_REPLY;
}

/* Peers whose IKE SAs are up, one after another, each by `tell`. */
static bool list_peers(struct listing_walk *w,
		       bool (*tell)(struct listing_walk *w, const struct trust_peer *peer))
{
	struct ike_sa_info sa;
	unsigned n = 0;

	while (n++ < SKIPPED_PER_REPLY && ike_sa_next(w->daemon->ike, w->at, &sa)) {
		struct trust_peer peer = {{sa.proofs[0], sa.proofs[1]},
					  sa.remote_id,
					  facts_moment(sa.established_at)};

		w->at = sa.serial;
		if (sa.phase == IKE_ESTABLISHED && !tell(w, &peer))
			return false;
	}
	return n <= SKIPPED_PER_REPLY;
}

static bool tell_peer_key(struct listing_walk *w, const struct trust_peer *peer)
{
	struct listing_sink sink = {take, w};

	return trust_list_peer(w->daemon->trust, w->counted, peer, &sink);
}

static bool list_peer_keys(struct listing_walk *w)
{
	return list_peers(w, tell_peer_key);
}

static bool list_loaded_keys(struct listing_walk *w)
{
	return list_loaded(w, tell_keys);
}

/* Those of the DNS that have not expired. */
static bool list_dns_keys(struct listing_walk *w)
{
	struct listing_sink sink = {take, w};
	struct dnskeys_known known;

	while (dnskeys_at(w->daemon->engine.dnskeys, w->at, &known)) {
		struct trust_dns_keys keys = {known.id, known.records, known.len, known.since,
					      known.until};

		w->at++;
		if (!trust_list_dns(w->daemon->trust, w->counted, &keys, &sink))
			return false;
	}
	return true;
}

typedef bool part(struct listing_walk *w);

/* Kinds that have several: true when the last one is told. */
static bool list_parts(struct listing_walk *w, part *const parts[], size_t len)
{
	while (w->part < len) {
		if (!parts[w->part](w))
			return false;
		w->part++;
		w->at = 0;
	}
	return true;
}

/* Those that connections name, those of the DNS, our other ones, and those that peers have shown. */
static bool list_keys(struct listing_walk *w)
{
	static part *const parts[] = {list_loaded_keys, list_dns_keys, list_trust,
				      list_peer_keys};

	return list_parts(w, parts, 4);
}

static bool count_names(struct listing_walk *w, const struct loaded *l)
{
	if (!l->instance)
		w->short_of_memory |= !trust_listing_connection(w->counted, l->connection);
	return true;
}

static bool count_loaded(struct listing_walk *w)
{
	return list_loaded(w, count_names);
}

static bool list_certs(struct listing_walk *w)
{
	static part *const parts[] = {count_loaded, list_trust};

	return list_parts(w, parts, 2);
}

static bool list_policy_groups(struct listing_walk *w)
{
	struct listing_sink sink = {take, w};

	return groups_list(w->daemon, &w->at, &sink);
}

static bool count_groups_of(struct listing_walk *w, const struct loaded *l)
{
	if (!l->instance)
		w->short_of_memory |= !trust_listing_groups(w->counted, l->connection,
							    facts_moment(l->loaded_at));
	return true;
}

static bool count_groups(struct listing_walk *w)
{
	return list_loaded(w, count_groups_of);
}

static bool count_ca_groups(struct listing_walk *w)
{
	w->short_of_memory |= !trust_listing_ca_groups(w->counted);
	return true;
}

/* Policy groups, then those of attribute certificates, of ca sections and of connections. */
static bool list_groups(struct listing_walk *w)
{
	static part *const parts[] = {list_policy_groups, count_ca_groups, count_groups,
				      list_trust};

	return list_parts(w, parts, 4);
}

static bool count_peer(struct listing_walk *w, const struct trust_peer *peer)
{
	w->short_of_memory |= !trust_listing_peer(w->counted, peer);
	return true;
}

static bool count_peers(struct listing_walk *w)
{
	return list_peers(w, count_peer);
}

static bool list_cacerts(struct listing_walk *w)
{
	static part *const parts[] = {count_peers, list_trust};

	return list_parts(w, parts, 2);
}

/* "NAME" or "NAME[3]". */
static const char *name_of(const struct loaded *l, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	buf_add(buf, cap, &used, l->instance ? "%s[%u]" : "%s", l->connection->name,
		l->instance);
	return buf;
}

static const char *address_of(const struct ip_addr *a, uint16_t port, char *buf)
{
	struct endpoint e = {.addr = *a, .port = port ? port : 500};

	return ip_is_set(a) ? endpoint_print(&e, buf) : "%any";
}

static bool tell_pair(struct listing_walk *w, const struct loaded *l)
{
	char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX], name[300];
	char local_id[IDENT_TEXT_MAX], remote_id[IDENT_TEXT_MAX];
	struct listed_pair pair = {.connection = name_of(l, name, sizeof(name))};
	const struct connection *c = l->connection;

	if (l->local < 0)
		return true;
	pair.local = address_of(&l->local_addr, c->end[l->local].ike_port, local);
	pair.remote = address_of(&l->remote_addr,
				 l->remote_port ? l->remote_port : c->end[!l->local].ike_port,
				 remote);
	if (l->local_id)
		pair.local_id = ident_print(l->local_id, local_id, sizeof(local_id));
	if (l->remote_id)
		pair.remote_id = ident_print(l->remote_id, remote_id, sizeof(remote_id));
	return take(w, &pair);
}

static bool list_pairs(struct listing_walk *w)
{
	return list_loaded(w, tell_pair);
}

static bool tell_shunt(struct listing_walk *w, const struct loaded *l)
{
	char local[2048], remote[2048], name[300];
	struct facts_shunt facts;
	struct listed_shunt shunt;

	if (!facts_shunt(l, &facts))
		return true;
	shunt = (struct listed_shunt){
		.local = ts_set_print(&l->ts_local, local, sizeof(local)),
		.remote = ts_set_print(&l->ts_remote, remote, sizeof(remote)),
		.kind = facts.kind,
		.since = facts_moment(l->spd_since),
		.priority = policy_entry_priority(l),
		.reason = facts.reason,
		.connection = name_of(l, name, sizeof(name)),
	};
	return take(w, &shunt);
}

static bool list_shunts(struct listing_walk *w)
{
	return list_loaded(w, tell_shunt);
}

/* ---- events: of IKE SAs, of their children, of connections that try again, of guards ---- */

static bool tell_event(struct listing_walk *w, const char *type, nsec at, uint64_t serial,
		       const struct loaded *l)
{
	nsec now = engine_now();
	char name[300];
	uint64_t in = at > now ? (at - now) / NSEC_PER_SEC : 0;
	struct listed_event event = {
		.type = type,
		.at = w->now + (int64_t)in,
		.in_seconds = in,
		.serial = serial,
		.connection = l ? name_of(l, name, sizeof(name)) : NULL,
	};

	return !at || at == NSEC_NEVER || take(w, &event);
}

/* All events of one SA are told, though the reply is full: the next one begins with the next SA. */
static bool tell_sa(struct listing_walk *w, uint64_t serial, const struct loaded *l)
{
	struct ike_event event;
	bool more = true;

	for (size_t i = 0; ike_event(w->daemon->ike, serial, i, &event); i++)
		more &= tell_event(w, event.type, event.at, serial, l);
	w->at = serial;
	return more;
}

static bool list_ike_events(struct listing_walk *w)
{
	struct ike_sa_info sa;

	while (ike_sa_next(w->daemon->ike, w->at, &sa))
		if (!tell_sa(w, sa.serial, sa.connection))
			return false;
	return true;
}

static bool list_child_events(struct listing_walk *w)
{
	struct child_info child;

	while (ike_child_next(w->daemon->ike, w->at, &child))
		if (!tell_sa(w, child.serial, child.connection))
			return false;
	return true;
}

static bool tell_retry(struct listing_walk *w, const struct loaded *l)
{
	return tell_event(w, "EVENT_PENDING_RETRY", l->retry_at, 0, l);
}

static bool list_retries(struct listing_walk *w)
{
	return list_loaded(w, tell_retry);
}

/* What an earlier run left to stop clear text goes. */
static bool list_guards(struct listing_walk *w)
{
	nsec left;

	if (w->at || !daemon_guards(w->daemon, &left))
		return true;
	w->at = 1; /* it is one, and told */
	return tell_event(w, "EVENT_GUARDS_END", engine_now() + left, 0, NULL);
}

static bool list_events(struct listing_walk *w)
{
	static part *const parts[] = {list_ike_events, list_child_events, list_retries,
				      list_guards};

	return list_parts(w, parts, sizeof(parts) / sizeof(parts[0]));
}

/* ---- pools ---- */

static bool list_pools(struct listing_walk *w)
{
	const struct policy *p = ike_policy(w->daemon->ike);
	char range[2 * IP_TEXT_MAX];
	struct pool_info info;
	struct listed_pool pool;

	while (policy_pool_at(p, w->at, &info)) {
		w->at++;
		pool = (struct listed_pool){
			.range = range_print(&info.range, range),
			.addresses = info.addresses,
			.leases = info.leases,
			.in_use = info.in_use,
			.free = info.addresses - info.in_use,
		};
		if (!take(w, &pool))
			return false;
	}
	return true;
}

/* w->part is the pool, w->at the lease of it. */
static bool list_leases(struct listing_walk *w)
{
	const struct policy *p = ike_policy(w->daemon->ike);
	char range[2 * IP_TEXT_MAX], address[IP_TEXT_MAX], id[IDENT_TEXT_MAX];
	struct pool_info pool;
	struct lease_info info;

	for (; policy_pool_at(p, w->part, &pool); w->part++, w->at = 0) {
		while (policy_lease_at(p, w->part, w->at, &info)) {
			struct listed_lease lease = {
				.address = ip_print(&info.addr, address),
				.id = ident_print(info.id, id, sizeof(id)),
				.pool = range_print(&info.range, range),
				.holders = info.holders,
			};

			w->at++;
			if (!take(w, &lease))
				return false;
		}
	}
	return true;
}

static bool list_cards(struct listing_walk *w)
{
	struct listing_sink sink = {take, w};

	return cards_list(&w->daemon->cards, w->now, &w->at, &sink);
}

static bool list_processes(struct listing_walk *w)
{
	struct listed_process self = {(uint64_t)getpid(), "pluto"};

	take(w, &self);
	return true;
}

/* The rows keep their shape. */
/* clang-format off */
static const struct {
	part *tell;
	bool of_connections; /* tells those of w->list */
	bool counts;         /* has w->counted */
} sources[LISTINGS] = {
	[LISTING_PUBKEYS] = {list_keys, true, true},
	[LISTING_PSKS] = {list_trust},
	[LISTING_CERTS] = {list_certs, true, true},
	[LISTING_AACERTS] = {list_trust},
	[LISTING_OCSPCERTS] = {list_trust},
	[LISTING_ACERTS] = {list_trust},
	[LISTING_GROUPS] = {list_groups, true, true},
	[LISTING_CACERTS] = {list_cacerts, false, true},
	[LISTING_CAINFOS] = {list_trust},
	[LISTING_CRLS] = {list_trust},
	[LISTING_OCSP] = {list_trust},
	[LISTING_CARDS] = {list_cards},
	[LISTING_EVENTS] = {list_events, true},
	[LISTING_PAIRS] = {list_pairs, true},
	[LISTING_SHUNTS] = {list_shunts, true},
	[LISTING_POOLS] = {list_pools},
	[LISTING_LEASES] = {list_leases},
	[LISTING_PROCESSES] = {list_processes},
};
/* clang-format on */

/* ---- the walk ---- */

static enum cyg_err begin_kind(struct listing_walk *w, enum listing_kind kind)
{
	w->kind = kind;
	w->at = 0;
	w->part = 0;
	match_free(w->list);
	w->list = NULL;
	trust_listing_free(w->counted);
	w->counted = NULL;
	if (sources[kind].counts) {
		w->counted = trust_listing_new(w->daemon->trust);
		if (!w->counted)
			return CYG_NOMEM;
	}
	if (!sources[kind].of_connections)
		return CYG_OK;
	w->list = match_begin(ike_policy(w->daemon->ike), NULL);
	return w->list ? CYG_OK : CYG_NOMEM;
}

bool listing_has_cards(const char *what)
{
	return !strcmp(what, "all") || listing_find(what) == LISTING_CARDS;
}

enum cyg_err listing_begin(struct daemon *d, const char *what, bool problems,
			   struct listing_walk **ret)
{
	bool all = !strcmp(what, "all");
	enum listing_kind kind = all ? 0 : listing_find(what);
	struct listing_walk *w;

	if (kind == LISTINGS)
		return CYG_NOTFOUND;
	w = calloc(1, sizeof(*w));
	if (!w)
		return CYG_NOMEM;
	w->daemon = d;
	w->all = all;
	w->problems = problems;
	if (begin_kind(w, kind)) {
		listing_end(w);
		return CYG_NOMEM;
	}
	*ret = w;
	return CYG_OK;
}

/* The kind is told whole: go on to the next. True when there is none. */
static bool advance(struct listing_walk *w, unsigned *code)
{
	bool more = w->kind == LISTING_POOLS || (w->all && w->kind != LISTING_CARDS);

	if (!more)
		return true;
	if (!begin_kind(w, w->kind + 1))
		return false;
	*code = RC_INTERNALERR;
	return true;
}

bool listing_next(struct listing_walk *w, struct json_out *o)
{
	unsigned code = RC_COMMENT;
	bool whole, last;

	w->out = o;
	w->told = 0;
	w->now = time(NULL);
	json_out_object(o, NULL);
	if (w->kind == LISTING_EVENTS)
		json_out_number(o, "now", (uint64_t)w->now);
	json_out_list(o, listings[w->kind].what);
	whole = sources[w->kind].tell(w);
	json_out_list_end(o);
	last = whole && advance(w, &code);
	if (w->short_of_memory)
		code = RC_INTERNALERR;
	if (last)
		json_out_number(o, "code", code);
	json_out_object_end(o);
	return last;
}

void listing_end(struct listing_walk *w)
{
	if (!w)
		return;
	match_free(w->list);
	trust_listing_free(w->counted);
	free(w);
}
