/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts that are described by a DNS name. Each name is kept once, with the
 * addresses last heard of and the places that use it; looking it up is the
 * host's work, asked for by action.
 */
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

static uint64_t name_hash(const struct policy *p, const char *name)
{
	return hash_view(&p->key, view_str(name));
}

static struct dns_name *find_name(const struct policy *p, const char *name)
{
	for (struct map_node *n = map_first(&p->dns, name_hash(p, name)); n; n = map_next(n)) {
		struct dns_name *d = CONTAINER_OF(n, struct dns_name, by_name);

		if (!strcmp(d->text, name))
			return d;
	}
	return NULL;
}

static struct dns_name *new_name(struct policy *p, const char *name)
{
	size_t len = strlen(name) + 1;
	struct dns_name *d = calloc(1, sizeof(*d) + len);

	if (!d)
		return NULL;
	memcpy(d->text, name, len);
	list_init(&d->uses);
	list_init(&d->unasked);
	list_append(&p->unasked, &d->unasked);
	map_add(&p->dns, &d->by_name, name_hash(p, name));
	return d;
}

static void forget_unused(struct policy *p, struct dns_name *d)
{
	if (!list_empty(&d->uses))
		return;
	map_remove(&p->dns, &d->by_name);
	list_remove(&d->unasked);
	free(d);
}

static struct dns_use *use_name(struct policy *p, struct place *pl, const char *name)
{
	struct dns_use *u = calloc(1, sizeof(*u));
	struct dns_name *d = u ? find_name(p, name) : NULL;

	if (u && !d)
		d = new_name(p, name);
	if (!d) {
		free(u);
		return NULL;
	}
	u->name = d;
	u->place = pl;
	list_append(&d->uses, &u->of_name);
	return u;
}

bool dns_use_all(struct policy *p, struct place *pl, const struct connection *c,
		 struct dns_use **ret)
{
	struct dns_use *uses = NULL;

	for (int i = 0; i < 2; i++) {
		const char *name;

		for (size_t k = 0; (name = host_name(&c->end[i].host, k)); k++) {
			struct dns_use *u = use_name(p, pl, name);

			if (!u) {
				dns_unuse_all(p, uses);
				return false;
			}
			u->next = uses;
			uses = u;
		}
	}
	*ret = uses;
	return true;
}

void dns_unuse_all(struct policy *p, struct dns_use *uses)
{
	while (uses) {
		struct dns_use *next = uses->next;

		list_remove(&uses->of_name);
		forget_unused(p, uses->name);
		free(uses);
		uses = next;
	}
}

static void doubt(struct policy *p, const struct dns_use *uses)
{
	for (const struct dns_use *u = uses; u; u = u->next)
		if (list_empty(&u->name->unasked))
			list_append(&p->unasked, &u->name->unasked);
}

void dns_doubt(struct policy *p, const struct place *pl)
{
	doubt(p, pl->dns_uses);
	doubt(p, pl->awaited_uses);
}

struct ip_addr dns_addr(const struct policy *p, const struct host *h, uint8_t family)
{
	const struct dns_name *d = find_name(p, h->name);

	for (size_t i = 0; d && i < d->addrs_len; i++)
		if (!family || d->addrs[i].family == family)
			return d->addrs[i];
	if (!d || !d->addrs_len)
		return h->addr; /* known when it was described */
	return (struct ip_addr){0};
}

size_t dns_addrs(const struct policy *p, const char *name, const struct ip_addr **ret)
{
	const struct dns_name *d = find_name(p, name);

	*ret = d ? d->addrs : NULL;
	return d ? d->addrs_len : 0;
}

void policy_ask_names(struct policy *p, struct actions *out)
{
	LIST_EACH(d, &p->unasked, struct dns_name, unasked) {
		struct action *a = actions_add(out, ACT_RESOLVE);

		if (!a)
			return;
		a->name = actions_str(out, d->text);
		list_remove(&d->unasked);
	}
}

/* Ends may have this name more than once: then a place is oriented so often, to the same end. */
static void orient_users(struct policy *p, const struct dns_name *d)
{
	LIST_EACH(u, &d->uses, struct dns_use, of_name) {
		if (place_orient(p, u->place, false))
			dns_doubt(p, u->place); /* no memory: the next answer tries again */
	}
}

static bool is_in(const struct ip_addr *a, const struct ip_addr *list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (ip_equal(a, &list[i]))
			return true;
	return false;
}

/* Servers turn the order from answer to answer: what stays keeps its place, so that no peer moves for that. */
static bool take_addrs(struct dns_name *d, const struct ip_addr *addrs, size_t len)
{
	struct ip_addr now[DNS_ADDRS_MAX];
	size_t n = 0, stayed;

	for (size_t i = 0; i < d->addrs_len; i++)
		if (is_in(&d->addrs[i], addrs, len))
			now[n++] = d->addrs[i];
	stayed = n;
	for (size_t i = 0; i < len && n < DNS_ADDRS_MAX; i++)
		if (!is_in(&addrs[i], now, n))
			now[n++] = addrs[i];
	if (stayed == d->addrs_len && n == stayed)
		return false;
	memcpy(d->addrs, now, n * sizeof(now[0]));
	d->addrs_len = n;
	return true;
}

void policy_resolved(struct policy *p, const char *name, const struct ip_addr *addrs,
		     size_t len)
{
	struct dns_name *d = find_name(p, name);

	if (!d)
		return; /* nobody uses it any more */
	/* Addresses that were good before stay; it is asked for again the next time. */
	if (!len && list_empty(&d->unasked))
		list_append(&p->unasked, &d->unasked);
	if (len && take_addrs(d, addrs, len))
		orient_users(p, d);
}
