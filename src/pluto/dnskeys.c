/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/dnskeys.h"

#include "base/hash.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "trust/cert.h"
#include "trust/ipseckey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TYPE_A 1
#define TYPE_AAAA 28
#define TYPE_IPSECKEY 45

#define NAMES_MAX 100000 /* that nobody wants ahead of time are not kept beyond so many */
#define GATES_MAX 4      /* different names of gateways that are looked up for one answer */
#define TTL_MAX 86400    /* seconds */
#define CHECK_PATIENCE (3 * NSEC_PER_SEC) /* that a command waits for a key */
#define DEAF_TIME (60 * NSEC_PER_SEC)     /* that none waits, after one did in vain */
#define REFRESH_MIN NSEC_PER_SEC
#define WATCH_MIN (2 * NSEC_PER_SEC) /* between look-ups for peers that are up, at least */
#define AGAIN_MIN (2 * NSEC_PER_SEC)
#define AGAIN_MAX (300 * NSEC_PER_SEC)

/*
 * libunbound keeps what it was told, and tells it again until it expires. To hear something new
 * before, a context of its own is begun; the old one goes when its questions are answered.
 */
struct resolver {
	struct list link; /* the newest is the last */
	struct dnssec *dnssec;
	nsec since;
};

#define RESOLVER_AGE_MIN (2 * NSEC_PER_SEC)

/* Records that were proven. */
struct kept {
	struct dns_record *records; /* into `octets` */
	struct bytes octets;
	size_t len;
	bool more;
	int64_t since, until;
};

struct asker {
	struct list link;
	void *what;
};

/* An end of a connection that wants the name's keys ahead of time. */
struct want {
	struct list link;
	int end;
	uint32_t op; /* who waits for the first answer; 0: nobody */
	nsec op_until;
	char connection[];
};

struct dns_name {
	struct dnskeys *dnskeys;
	struct list all;
	struct map_node by_name;
	struct heap_node due;
	const struct ident *id;
	struct kept kept, fresh; /* in force; being put together */
	unsigned under_way;      /* questions */
	unsigned failures;       /* in a row */
	bool told_bad;
	bool watched;    /* since a peer came by it; asked of the host when it is due */
	uint8_t verdict; /* of the last look-up */
	char trouble[160];
	nsec next_at;
	struct list askers, wants;
	char text[];
};

/* A question under way: for the records, or for the address of a gateway that one names. */
struct asked {
	struct dns_name *name;
	char gateway[DNS_NAME_MAX]; /* "": the records */
	uint8_t family;
};

struct dnskeys {
	uv_loop_t *loop;
	struct dnssec_settings settings;
	struct dnskeys_host host;
	struct hash_key key;
	struct list resolvers, names;
	size_t names_len;
	struct map by_name;
	struct heap due;
	uv_timer_t *timer;
	nsec deaf_until;
	struct { /* where the last dnskeys_at came to; NULL: nowhere */
		struct dns_name *name;
		uint64_t at;
	} walk;
};

static nsec now_of(void)
{
	return uv_hrtime();
}

/* ---- names ---- */

static void kept_done(struct kept *k)
{
	free(k->records);
	bytes_done(&k->octets);
	*k = (struct kept){0};
}

static struct dns_name *find(const struct dnskeys *d, const char *text)
{
	for (struct map_node *n = map_first(&d->by_name, hash_view(&d->key, view_str(text))); n;
	     n = map_next(n)) {
		struct dns_name *name = CONTAINER_OF(n, struct dns_name, by_name);

		if (!strcmp(name->text, text))
			return name;
	}
	return NULL;
}

static struct dns_name *name_of(struct dnskeys *d, const char *text, const struct ident *id)
{
	struct dns_name *n = find(d, text);
	size_t len = strlen(text) + 1;

	if (n || !heap_reserve(&d->due, d->names_len + 1))
		return n;
	n = calloc(1, sizeof(*n) + len);
	if (!n)
		return NULL;
	memcpy(n->text, text, len);
	n->dnskeys = d;
	n->id = ident_ref(id);
	n->next_at = NSEC_NEVER;
	list_init(&n->askers);
	list_init(&n->wants);
	list_append(&d->names, &n->all);
	map_add(&d->by_name, &n->by_name, hash_view(&d->key, view_str(text)));
	d->names_len++;
	return n;
}

static void name_free(struct dns_name *n)
{
	struct dnskeys *d = n->dnskeys;

	LIST_EACH(a, &n->askers, struct asker, link) {
		d->host.drop(d->host.ctx, a->what);
		free(a);
	}
	LIST_EACH(w, &n->wants, struct want, link)
		free(w);
	if (d->walk.name == n)
		d->walk.name = NULL;
	heap_remove(&d->due, &n->due);
	map_remove(&d->by_name, &n->by_name);
	list_remove(&n->all);
	d->names_len--;
	ident_unref(n->id);
	kept_done(&n->kept);
	kept_done(&n->fresh);
	free(n);
}

static bool is_good(const struct dns_name *n, int64_t now)
{
	return n->kept.len && n->kept.until > now;
}

/* ---- the timer ---- */

static void on_timer(uv_timer_t *t);

static void arm(struct dnskeys *d)
{
	struct heap_node *first = heap_first(&d->due);
	nsec now = now_of();

	if (!first) {
		uv_timer_stop(d->timer);
		return;
	}
	uv_update_time(d->loop);
	uv_timer_start(d->timer, on_timer,
		       first->at > now ? (first->at - now) / NSEC_PER_MS + 1 : 0, 0);
}

/* When there is something to do for it: an answer is there, a command waits too long, it expires. */
static void set_due(struct dns_name *n)
{
	nsec at = n->under_way ? NSEC_NEVER : list_empty(&n->askers) ? n->next_at : 0;

	LIST_EACH(w, &n->wants, struct want, link)
		if (w->op && w->op_until < at)
			at = w->op_until;
	/* There is room: see name_of. */
	if (!heap_set(&n->dnskeys->due, &n->due, at))
		return;
	arm(n->dnskeys);
}

/* ---- telling ---- */

static void explain(const struct dns_name *n, const struct want *w, struct diag *why)
{
	char until[40];

	if (is_good(n, time(NULL))) {
		diag_set(
			why, "dns-key", "RFC 4025",
			"the DNS has %zu IPSECKEY record%s of %.100s, the %s end, proven until %s",
			n->kept.len, n->kept.len == 1 ? "" : "s", n->text,
			connection_side(w->end),
			cert_print_time(n->kept.until, until, sizeof(until)));
	} else if (n->under_way) {
		diag_set(why, "dns-key-pending", "RFC 4025",
			 "the key of %.100s, the %s end, is still being looked up in the DNS",
			 n->text, connection_side(w->end));
		diag_hint(why, "ipsec auto --status tells what comes of it");
	} else {
		diag_set(why, "dns-key", "RFC 4025", "the key of %.100s has expired", n->text);
		dns_verdict_explain(n->verdict, n->trouble, n->text, why);
		diag_prefix(why, "%s end: ", connection_side(w->end));
	}
}

/* A look-up is over; or it is not, and commands may have waited long enough. */
static void tell_wants(struct dns_name *n, bool over)
{
	struct dnskeys *d = n->dnskeys;
	bool good = is_good(n, time(NULL));
	bool news = over && (good ? n->told_bad : !n->told_bad);
	nsec now = now_of();

	LIST_EACH(w, &n->wants, struct want, link) {
		uint32_t op = w->op;
		struct diag why;

		if (op ? !over && w->op_until > now : !news)
			continue;
		explain(n, w, &why);
		w->op = 0;
		if (op)
			d->host.fetched(d->host.ctx, op,
					good           ? CYG_OK
					: n->under_way ? CYG_AGAIN
						       : CYG_NOTFOUND,
					&why);
		else
			d->host.told(d->host.ctx, w->connection, good, &why);
		if (n->under_way)
			d->deaf_until = now + DEAF_TIME;
	}
	if (over)
		n->told_bad = !good;
}

static void answer_askers(struct dns_name *n)
{
	struct dnskeys *d = n->dnskeys;
	struct dns_answer a = {.verdict = n->verdict, .text = n->trouble};

	if (is_good(n, time(NULL)))
		a = (struct dns_answer){DNS_PROVEN, "proven records", n->kept.records,
					n->kept.len, n->kept.more};
	while (!list_empty(&n->askers)) {
		struct asker *asker = CONTAINER_OF(n->askers.next, struct asker, link);
		void *what = asker->what;

		list_remove(&asker->link);
		free(asker);
		d->host.answer(d->host.ctx, what, &a);
	}
}

/* ---- looking up ---- */

static void on_answer(void *ctx, void *what, const struct dnssec_answer *a);

static void on_drop(void *ctx, void *what)
{
	free(what);
}

static void resolver_free(struct resolver *r)
{
	list_remove(&r->link);
	dnssec_free(r->dnssec);
	free(r);
}

static struct resolver *newest(struct dnskeys *d)
{
	return list_empty(&d->resolvers)
		       ? NULL
		       : CONTAINER_OF(d->resolvers.prev, struct resolver, link);
}

/* The one to be asked; a new one when what the newest has heard is not to count. */
static struct resolver *resolver_of(struct dnskeys *d, bool anew)
{
	struct resolver *r = newest(d), *fresh;

	if (r && (!anew || now_of() - r->since < RESOLVER_AGE_MIN))
		return r;
	fresh = calloc(1, sizeof(*fresh));
	if (fresh)
		fresh->dnssec = dnssec_new(d->loop, &d->settings,
					   &(struct dnssec_host){d, on_answer, on_drop});
	if (!fresh || !fresh->dnssec) {
		free(fresh);
		return r;
	}
	fresh->since = now_of();
	list_append(&d->resolvers, &fresh->link);
	return fresh;
}

/* Those that nobody asks any more, once they have answered. Not from within their answers. */
static void drop_old_resolvers(struct dnskeys *d)
{
	LIST_EACH(r, &d->resolvers, struct resolver, link)
		if (r != newest(d) && !dnssec_is_busy(r->dnssec))
			resolver_free(r);
}

static bool ask(struct dns_name *n, const char *gateway, int type, bool anew)
{
	struct resolver *r = resolver_of(n->dnskeys, anew);
	struct asked *a = r ? calloc(1, sizeof(*a)) : NULL;

	if (!a)
		return false;
	a->name = n;
	a->family = type == TYPE_AAAA ? IP_V6 : IP_V4;
	snprintf(a->gateway, sizeof(a->gateway), "%s", gateway ? gateway : "");
	if (!dnssec_ask(r->dnssec, gateway ? gateway : n->text, type, a)) {
		free(a);
		return false;
	}
	n->under_way++;
	return true;
}

/* The names of gateways that the fresh records have, each once. */
static void ask_for_gateways(struct dns_name *n)
{
	char names[GATES_MAX][DNS_NAME_MAX];
	size_t len = 0;

	for (size_t i = 0; i < n->fresh.len && len < GATES_MAX; i++) {
		struct ipseckey_gateway g;
		bool known = false;

		if (ipseckey_gateway(n->fresh.records[i].rdata, &g, NULL) || !g.name[0])
			continue;
		for (size_t k = 0; k < len; k++)
			known |= !strcmp(names[k], g.name);
		if (known)
			continue;
		memcpy(names[len++], g.name, sizeof(g.name));
		/* One that can't be asked for stays without an address. */
		ask(n, g.name, TYPE_A, false);
		ask(n, g.name, TYPE_AAAA, false);
	}
}

static void give_address(struct dns_record *r, const char *gateway, const struct ip_addr *at)
{
	struct ipseckey_gateway g;

	if (!ipseckey_gateway(r->rdata, &g, NULL) && !strcmp(g.name, gateway) &&
	    r->gateways_len < DNS_GATEWAYS_MAX)
		r->gateways[r->gateways_len++] = *at;
}

/* Addresses count only where they are proven, as keys do. */
static void take_addresses(struct dns_name *n, const struct asked *asked,
			   const struct dnssec_answer *a)
{
	for (size_t i = 0; a->verdict == DNS_PROVEN && i < a->len; i++) {
		struct ip_addr at = {.family = asked->family};

		if (a->records[i].len != ip_bits(&at) / 8)
			continue;
		memcpy(at.octets, a->records[i].ptr, a->records[i].len);
		for (size_t k = 0; k < n->fresh.len; k++)
			give_address(&n->fresh.records[k], asked->gateway, &at);
	}
	if (a->verdict == DNS_PROVEN && n->fresh.until > time(NULL) + a->ttl)
		n->fresh.until = time(NULL) + a->ttl;
}

/* An empty record is the last. */
static int by_precedence(const void *a, const void *b)
{
	const struct dns_record *x = a, *y = b;

	return (x->rdata.len ? x->rdata.ptr[0] : 256) - (y->rdata.len ? y->rdata.ptr[0] : 256);
}

/* Copies of what came; the lowest precedence first (RFC 4025 2.2). False: memory is short. */
static bool take_records(struct dns_name *n, const struct dnssec_answer *a)
{
	struct kept k = {.since = time(NULL), .more = a->more};
	size_t octets = 0, at = 0;

	for (size_t i = 0; i < a->len; i++)
		octets += a->records[i].len;
	k.records = calloc(a->len + 1, sizeof(*k.records));
	k.octets = (struct bytes){malloc(octets + 1), octets};
	if (!k.records || !k.octets.ptr) {
		kept_done(&k);
		return false;
	}
	for (; k.len < a->len; k.len++) {
		struct view v = a->records[k.len];

		if (v.len)
			memcpy(k.octets.ptr + at, v.ptr, v.len);
		k.records[k.len].rdata = view_of(k.octets.ptr + at, v.len);
		at += v.len;
	}
	qsort(k.records, k.len, sizeof(*k.records), by_precedence);
	k.until = k.since + (a->ttl < TTL_MAX ? a->ttl : TTL_MAX) + !a->ttl;
	kept_done(&n->fresh);
	n->fresh = k;
	return true;
}

/* When what is known now is looked at again: wanted before it expires, else then to be forgotten. */
static nsec next_look(const struct dns_name *n)
{
	int64_t left = n->kept.until - time(NULL);
	nsec span = left > 0 ? (nsec)left * NSEC_PER_SEC : 0;

	if (!is_good(n, time(NULL)) || n->failures) {
		span = AGAIN_MIN << (n->failures < 9 ? n->failures - !!n->failures : 8);
		return now_of() + (span < AGAIN_MAX ? span : AGAIN_MAX);
	}
	if (list_empty(&n->wants))
		return now_of() + (n->watched && span < WATCH_MIN ? WATCH_MIN : span);
	span = span / 10 * 9;
	return now_of() + (span > REFRESH_MIN ? span : REFRESH_MIN);
}

static void tell_news(const struct dns_name *n)
{
	struct dnskeys *d = n->dnskeys;
	struct dns_answer a = {n->verdict, n->trouble, n->kept.records, n->kept.len,
			       n->kept.more};

	if (n->verdict == DNS_PROVEN || n->verdict == DNS_NOTHING)
		d->host.news(d->host.ctx, n->text, &a);
}

/* All questions of a look-up are answered. */
static void conclude(struct dns_name *n)
{
	struct dnskeys *d = n->dnskeys;

	if (n->verdict == DNS_PROVEN || n->verdict == DNS_NOTHING) {
		/* What is proven counts, also that there is nothing; else what was proven before. */
		kept_done(&n->kept);
		n->kept = n->fresh;
		n->fresh = (struct kept){0};
	}
	n->failures = n->verdict == DNS_PROVEN ? 0 : n->failures + 1;
	n->next_at = next_look(n);
	tell_wants(n, true);
	answer_askers(n);
	tell_news(n);
	if (n->under_way)
		return; /* who was answered asked again */
	if (list_empty(&n->wants) && !n->watched &&
	    (!is_good(n, time(NULL)) || d->names_len > NAMES_MAX))
		name_free(n);
	else
		set_due(n);
}

static void on_answer(void *ctx, void *what, const struct dnssec_answer *a)
{
	struct asked *asked = what;
	struct dns_name *n = asked->name;

	n->under_way--;
	if (asked->gateway[0]) {
		take_addresses(n, asked, a);
	} else {
		n->verdict = a->verdict;
		snprintf(n->trouble, sizeof(n->trouble), "%s", a->text ? a->text : "");
		if (a->verdict == DNS_PROVEN && !take_records(n, a)) {
			n->verdict = DNS_FAILED;
			snprintf(n->trouble, sizeof(n->trouble), "memory is short");
		}
		if (n->verdict == DNS_PROVEN)
			ask_for_gateways(n);
	}
	free(asked);
	if (!n->under_way)
		conclude(n);
}

/* What can't be asked has failed; that is told later, never within a call. */
static void look(struct dns_name *n, bool anew)
{
	if (n->under_way || ask(n, NULL, TYPE_IPSECKEY, anew))
		return;
	n->verdict = DNS_FAILED;
	n->failures++;
	n->next_at = next_look(n);
	snprintf(n->trouble, sizeof(n->trouble), "memory is short");
}

/* ---- what is due ---- */

static void drop_wants(struct dns_name *n)
{
	struct dnskeys *d = n->dnskeys;

	LIST_EACH(w, &n->wants, struct want, link) {
		if (w->op || d->host.wanted(d->host.ctx, w->connection, w->end, n->text))
			continue;
		list_remove(&w->link);
		free(w);
	}
}

static void work_on(struct dns_name *n)
{
	struct dnskeys *d = n->dnskeys;

	tell_wants(n, false);
	if (!n->under_way) {
		answer_askers(n);
		drop_wants(n);
	}
	if (!n->under_way && n->next_at <= now_of()) {
		n->watched = n->watched && d->host.watched(d->host.ctx, n->text);
		if (list_empty(&n->wants) && !n->watched && !is_good(n, time(NULL))) {
			name_free(n);
			return;
		}
		look(n, true);
	}
	set_due(n);
}

static void on_timer(uv_timer_t *t)
{
	struct dnskeys *d = t->data;
	nsec now = now_of();
	struct heap_node *first;

	for (unsigned i = 0; i < 1000 && (first = heap_first(&d->due)) && first->at <= now; i++)
		work_on(CONTAINER_OF(first, struct dns_name, due));
	drop_old_resolvers(d);
	arm(d);
}

/* ---- calls ---- */

bool dnskeys_ask(struct dnskeys *d, const char *name, const struct ident *id, void *what)
{
	struct asker *a = calloc(1, sizeof(*a));
	struct dns_name *n = a ? name_of(d, name, id) : NULL;

	if (!n) {
		free(a);
		return false;
	}
	a->what = what;
	list_append(&n->askers, &a->link);
	if (!is_good(n, time(NULL)))
		look(n, false);
	set_due(n);
	return true;
}

void dnskeys_watch(struct dnskeys *d, const char *name, const struct ident *id)
{
	struct dns_name *n = name_of(d, name, id);

	if (!n)
		return;
	n->watched = true;
	n->next_at = next_look(n);
	set_due(n);
}

static struct want *find_want(const struct dns_name *n, const char *connection, int end)
{
	LIST_EACH(w, &n->wants, struct want, link)
		if (w->end == end && !strcmp(w->connection, connection))
			return w;
	return NULL;
}

bool dnskeys_want(struct dnskeys *d, const char *name, const struct ident *id,
		  const char *connection, int end, uint32_t op)
{
	struct dns_name *n = name_of(d, name, id);
	struct want *w = n ? find_want(n, connection, end) : NULL;
	size_t len = strlen(connection) + 1;
	nsec now = now_of();

	if (n && !w) {
		w = calloc(1, sizeof(*w) + len);
		if (!w)
			return false;
		w->end = end;
		memcpy(w->connection, connection, len);
		list_append(&n->wants, &w->link);
	}
	if (!w)
		return false;
	if (w->op) /* of a command before, which hears no more of it */
		d->host.fetched(d->host.ctx, w->op, CYG_AGAIN, NULL);
	w->op = op;
	w->op_until = now < d->deaf_until ? now : now + CHECK_PATIENCE;
	if (is_good(n, time(NULL)))
		w->op_until = now;
	else
		look(n, true);
	n->next_at = next_look(n);
	set_due(n);
	return true;
}

static void tell_known(const struct dns_name *n, struct dnskeys_known *ret)
{
	int64_t now = time(NULL);
	nsec at = now_of();

	*ret = (struct dnskeys_known){.id = n->id, .pending = n->under_way > 0};
	if (is_good(n, now)) {
		ret->records = n->kept.records;
		ret->len = n->kept.len;
		ret->since = n->kept.since;
		ret->until = n->kept.until;
	}
	if (!n->under_way && !list_empty(&n->wants) && n->next_at != NSEC_NEVER)
		ret->again = now + (n->next_at > at
					    ? (int64_t)((n->next_at - at) / NSEC_PER_SEC)
					    : 0);
	if (n->failures)
		ret->trouble = n->trouble;
}

bool dnskeys_find(const struct dnskeys *d, const char *name, struct dnskeys_known *ret)
{
	const struct dns_name *n = find(d, name);

	if (n)
		tell_known(n, ret);
	return n != NULL;
}

bool dnskeys_at(struct dnskeys *d, uint64_t at, struct dnskeys_known *ret)
{
	bool further = d->walk.name && d->walk.at <= at;
	struct list *l = further ? &d->walk.name->all : d->names.next;

	for (uint64_t i = further ? d->walk.at : 0; i < at && l != &d->names; i++)
		l = l->next;
	d->walk.name = l == &d->names ? NULL : CONTAINER_OF(l, struct dns_name, all);
	d->walk.at = at;
	if (d->walk.name)
		tell_known(d->walk.name, ret);
	return d->walk.name != NULL;
}

/* ---- the whole ---- */

struct dnskeys *dnskeys_new(uv_loop_t *loop, const struct dnssec_settings *s,
			    const struct hash_key *key, const struct dnskeys_host *host)
{
	struct dnskeys *d = calloc(1, sizeof(*d));
	uv_timer_t *timer = d ? malloc(sizeof(*timer)) : NULL;

	if (!timer) {
		free(d);
		return NULL;
	}
	d->loop = loop;
	d->settings = *s;
	d->key = *key;
	d->host = *host;
	list_init(&d->resolvers);
	list_init(&d->names);
	uv_timer_init(loop, timer);
	timer->data = d;
	d->timer = timer;
	return d;
}

static void free_timer(uv_handle_t *h)
{
	free(h);
}

void dnskeys_free(struct dnskeys *d)
{
	if (!d)
		return;
	LIST_EACH(r, &d->resolvers, struct resolver, link)
		resolver_free(r);
	LIST_EACH(n, &d->names, struct dns_name, all)
		name_free(n);
	map_done(&d->by_name);
	heap_done(&d->due);
	uv_close((uv_handle_t *)d->timer, free_timer);
	free(d);
}
