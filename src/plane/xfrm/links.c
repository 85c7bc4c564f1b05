/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/links.h"

#include "net/netlink.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* An address that an entry wishes its link to have. */
struct wished {
	struct ip_prefix prefix;
	bool added; /* by us */
};

struct link {
	struct plane_link link; /* key: its name, with zeroes behind it */
	uint32_t index;
	size_t users;
	bool ours;
	bool fresh;      /* just made: the kernel has not told yet that it is up */
	bool down, gone; /* another hand did it */
	bool changed;    /* one of these, since xfrm_links_restore */
	struct wished *addresses;
	size_t addresses_len;
	UT_hash_handle hh;
};

struct user {
	uint32_t id; /* of the entry */
	struct link *link;
	UT_hash_handle hh;
};

struct xfrm_links {
	struct net *net;
	struct link *all;
	struct user *users;
	uint32_t *left; /* indices */
	size_t left_len;
	bool kept, short_of_memory;
};

struct xfrm_links *xfrm_links_new(struct net *net)
{
	struct xfrm_links *l = calloc(1, sizeof(*l));

	if (l)
		l->net = net;
	return l;
}

void xfrm_links_keep(struct xfrm_links *l)
{
	l->kept = true;
}

static struct link *find(const struct xfrm_links *l, const char *name)
{
	char key[LINK_NAME_MAX] = {0};
	struct link *found;

	strncpy(key, name, sizeof(key) - 1);
	HASH_FIND(hh, l->all, key, sizeof(key), found);
	return found;
}

/* The same to the kernel; an address is no part of that. */
static bool is_same(const struct plane_link *a, const struct plane_link *b)
{
	return a->kind == b->kind && a->if_id == b->if_id && a->in_key == b->in_key &&
	       a->out_key == b->out_key && ip_equal(&a->local, &b->local) &&
	       ip_equal(&a->remote, &b->remote);
}

static enum cyg_err refuse(const struct plane_link *link, bool in_use, struct diag *why)
{
	diag_set(why, "link-taken", NULL, "%s is %s", link->name,
		 in_use ? "another connection's interface, and not such a one"
			: "an interface already, and not such a one");
	if (link->kind == LINK_XFRM)
		diag_wanted(why, "an xfrm interface with if_id %u", link->if_id);
	else
		diag_wanted(why,
			    "a VTI with the marks %u inward and %u outward, between the "
			    "tunnel's ends",
			    link->in_key, link->out_key);
	diag_hint(why, link->kind == LINK_XFRM
			       ? "remove it, or write another number as ipsec-interface="
			       : "remove it, write another vti-interface=, or vti-shared=yes "
				 "where several peers use it");
	return CYG_CONFLICT;
}

/* ---- addresses ---- */

static enum cyg_err have_address(struct xfrm_links *l, struct link *k,
				 const struct ip_prefix *prefix, struct diag *why)
{
	struct wished *more;
	enum cyg_err err;

	if (!ip_is_set(&prefix->addr))
		return CYG_OK;
	for (size_t i = 0; i < k->addresses_len; i++)
		if (prefix_equal(&k->addresses[i].prefix, prefix))
			return CYG_OK;
	more = reallocarray(k->addresses, k->addresses_len + 1, sizeof(*more));
	if (!more)
		return CYG_NOMEM;
	k->addresses = more;
	err = net_address_set(l->net, k->index, prefix, true, why);
	if (err && err != CYG_EXISTS)
		return err;
	more[k->addresses_len++] = (struct wished){*prefix, !err};
	return CYG_OK;
}

static void take_addresses(struct xfrm_links *l, const struct link *k)
{
	for (size_t i = 0; i < k->addresses_len; i++) {
		enum cyg_err unused = CYG_OK;

		if (k->addresses[i].added)
			unused = net_address_set(l->net, k->index, &k->addresses[i].prefix,
						 false, NULL);
		(void)unused;
	}
}

/* ---- links ---- */

static void drop(struct xfrm_links *l, struct link *k)
{
	enum cyg_err unused = CYG_OK;

	if (k->users)
		return;
	if (k->ours && !l->kept)
		unused = net_link_remove(l->net, k->index, NULL);
	else if (!l->kept)
		take_addresses(l, k);
	(void)unused;
	HASH_DEL(l->all, k);
	free(k->addresses);
	free(k);
}

/* One that is there already, made by somebody else or by an earlier run of ours. */
static enum cyg_err take_over(struct xfrm_links *l, struct link *k, struct diag *why)
{
	struct net_virtual v;
	enum cyg_err err = net_link_find(l->net, k->link.name, &v, why);

	if (err == CYG_NOTFOUND && k->link.kind == LINK_XFRM) {
		diag_set(why, "link-taken", NULL,
			 "the kernel has another interface with the if_id %u, and no %s",
			 k->link.if_id, k->link.name);
		diag_hint(why, "ip -d link shows it; write another number as ipsec-interface=");
		return CYG_CONFLICT;
	}
	if (err == CYG_NOTFOUND) {
		diag_set(why, "link-taken", NULL,
			 "the kernel has another VTI between the same two ends");
		diag_hint(why, "have the connections share one vti-interface=");
		return CYG_CONFLICT;
	}
	if (err)
		return err;
	k->ours = !strcmp(v.alias, XFRM_LINK_ALIAS);
	k->index = v.index;
	if (!is_same(&v.link, &k->link)) {
		/* Of a run before, whose tunnel had another number; routes go on leading there. */
		if (!k->ours || v.link.kind != k->link.kind)
			return refuse(&k->link, false, why);
		err = net_link_change(l->net, &k->link, v.index, why);
	}
	return err ? err : net_link_up(l->net, v.index, 0, why);
}

static enum cyg_err make(struct xfrm_links *l, struct link *k, struct diag *why)
{
	enum cyg_err err = net_link_make(l->net, &k->link, XFRM_LINK_ALIAS, &k->index, why);

	k->ours = k->fresh = !err;
	if (err == CYG_EXISTS)
		err = take_over(l, k, why);
	if (err == CYG_UNSUPPORTED)
		diag_hint(why,
			  k->link.kind == LINK_XFRM
				  ? "load the module xfrm_interface, or leave ipsec-interface= "
				    "out"
				  : "load the modules ip_vti and ip6_vti, or leave "
				    "vti-interface= out");
	return err;
}

static enum cyg_err add(struct xfrm_links *l, const struct plane_link *link, struct link **ret,
			struct diag *why)
{
	struct link *k = calloc(1, sizeof(*k));
	enum cyg_err err;

	if (!k)
		return CYG_NOMEM;
	k->link = *link;
	HASH_ADD(hh, l->all, link.name, sizeof(k->link.name), k);
	if (!k->hh.tbl) {
		free(k);
		return CYG_NOMEM;
	}
	err = make(l, k, why);
	if (err) {
		k->ours = false;
		drop(l, k);
		return err;
	}
	*ret = k;
	return CYG_OK;
}

/* ---- who uses them ---- */

static struct user *find_user(const struct xfrm_links *l, uint32_t id)
{
	struct user *u;

	HASH_FIND_INT(l->users, &id, u);
	return u;
}

static struct user *make_user(struct xfrm_links *l, uint32_t id)
{
	struct user *u = find_user(l, id);

	if (u)
		return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->id = id;
	HASH_ADD_INT(l->users, id, u);
	if (u->hh.tbl)
		return u;
	free(u);
	return NULL;
}

static void forget(struct xfrm_links *l, struct user *u)
{
	struct link *k = u->link;

	HASH_DEL(l->users, u);
	free(u);
	if (!k)
		return;
	k->users--;
	drop(l, k);
}

enum cyg_err xfrm_links_use(struct xfrm_links *l, uint32_t id, const struct plane_link *link,
			    struct diag *why)
{
	struct link *k, *old;
	struct user *u;
	enum cyg_err err = CYG_OK;

	if (link->kind == LINK_NONE) {
		xfrm_links_leave(l, id);
		return CYG_OK;
	}
	k = find(l, link->name);
	if (k && !is_same(&k->link, link))
		return refuse(link, true, why);
	if (!k)
		err = add(l, link, &k, why);
	if (err)
		return err;
	err = have_address(l, k, &link->address, why);
	u = err ? NULL : make_user(l, id);
	if (!u) {
		drop(l, k);
		return err ? err : CYG_NOMEM;
	}
	old = u->link;
	u->link = k;
	k->users++;
	if (old) {
		old->users--;
		drop(l, old);
	}
	return CYG_OK;
}

void xfrm_links_leave(struct xfrm_links *l, uint32_t id)
{
	struct user *u = find_user(l, id);

	if (u)
		forget(l, u);
}

uint32_t xfrm_links_index(const struct xfrm_links *l, const char *name)
{
	const struct link *k = find(l, name);

	return k ? k->index : 0;
}

bool xfrm_links_is_up(const struct xfrm_links *l, const char *name)
{
	const struct link *k = find(l, name);

	return k && !k->gone && !k->down;
}

static struct link *find_used(const struct xfrm_links *l, uint32_t index)
{
	struct link *k = l->all;

	while (k && k->index != index)
		k = k->hh.next;
	return k;
}

/* ---- what others do to them ---- */

bool xfrm_links_hear(struct xfrm_links *l, const struct nlmsghdr *m)
{
	struct ifinfomsg i;
	struct link *k;
	bool down;

	if ((m->nlmsg_type != RTM_NEWLINK && m->nlmsg_type != RTM_DELLINK) ||
	    !netlink_record(m, &i, sizeof(i)) || i.ifi_family != AF_UNSPEC)
		return false;
	k = find_used(l, (uint32_t)i.ifi_index);
	down = !(i.ifi_flags & IFF_UP);
	if (!k || k->gone)
		return false;
	if (m->nlmsg_type == RTM_NEWLINK && (k->fresh || k->down == down)) {
		k->fresh &= down;
		return false;
	}
	k->gone = m->nlmsg_type == RTM_DELLINK;
	k->down = down;
	k->changed = true;
	return true;
}

void xfrm_links_doubt(struct xfrm_links *l)
{
	struct net_virtual v;

	for (struct link *k = l->all; k; k = k->hh.next) {
		enum cyg_err err = net_link_find(l->net, k->link.name, &v, NULL);

		k->gone = err == CYG_NOTFOUND || (!err && v.index != k->index);
		k->changed |= k->gone;
	}
}

/* That one is there already is fine. */
static enum cyg_err give_addresses(struct xfrm_links *l, const struct link *k, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < k->addresses_len && !err; i++) {
		err = net_address_set(l->net, k->index, &k->addresses[i].prefix, true, why);
		if (err == CYG_EXISTS)
			err = CYG_OK;
	}
	return err;
}

static enum cyg_err restore(struct xfrm_links *l, struct link *k, struct diag *why)
{
	enum cyg_err err = k->gone ? make(l, k, why) : CYG_OK;

	if (!err && k->gone)
		k->down = false;
	return err || k->down ? err : give_addresses(l, k, why);
}

enum cyg_err xfrm_links_restore(struct xfrm_links *l,
				void (*tell)(void *ctx, const char *name,
					     enum xfrm_link_news news),
				void *ctx, struct diag *why)
{
	enum cyg_err err, first = CYG_OK;

	for (struct link *k = l->all; k; k = k->hh.next) {
		if (!k->changed)
			continue;
		err = restore(l, k, first ? NULL : why);
		first = first ? first : err;
		if (err)
			continue;
		tell(ctx, k->link.name,
		     k->gone   ? LINK_NEWS_GONE
		     : k->down ? LINK_NEWS_DOWN
			       : LINK_NEWS_UP);
		k->gone = k->changed = false;
	}
	return first;
}

/* How many, or -1. That one has gone meanwhile is fine. */
static int remove_left(struct xfrm_links *l)
{
	int removed = 0;

	for (size_t i = 0; i < l->left_len; i++) {
		enum cyg_err err;

		if (find_used(l, l->left[i]))
			continue;
		err = net_link_remove(l->net, l->left[i], NULL);
		removed = removed < 0 || (err && err != CYG_NOTFOUND) ? -1 : removed + !err;
	}
	free(l->left);
	l->left = NULL;
	l->left_len = 0;
	return removed;
}

void xfrm_links_free(struct xfrm_links *l)
{
	struct user *u, *next;

	if (!l)
		return;
	HASH_ITER(hh, l->users, u, next)
		forget(l, u);
	if (!l->kept)
		(void)remove_left(l);
	free(l->left);
	free(l);
}

/* ---- what an earlier run left ---- */

static void note_left(void *ctx, const struct net_virtual *v)
{
	struct xfrm_links *l = ctx;
	uint32_t *more;

	if (v->link.kind == LINK_NONE || strcmp(v->alias, XFRM_LINK_ALIAS) != 0)
		return;
	more = reallocarray(l->left, l->left_len + 1, sizeof(*more));
	if (!more) {
		l->short_of_memory = true;
		return;
	}
	l->left = more;
	more[l->left_len++] = v->index;
}

enum cyg_err xfrm_links_inherit(struct xfrm_links *l, struct diag *why)
{
	enum cyg_err err = net_links_each(l->net, note_left, l, why);

	return err ? err : l->short_of_memory ? CYG_NOMEM : CYG_OK;
}

bool xfrm_links_was_left(const struct xfrm_links *l, uint32_t index)
{
	for (size_t i = 0; i < l->left_len; i++)
		if (l->left[i] == index)
			return true;
	return false;
}

void xfrm_links_settle(struct xfrm_links *l)
{
	(void)remove_left(l);
}

int xfrm_links_flush(struct net *net)
{
	struct xfrm_links l = {.net = net};
	enum cyg_err err = xfrm_links_inherit(&l, NULL);

	if (!err)
		return remove_left(&l);
	free(l.left);
	return -1;
}

size_t xfrm_links_count(const struct xfrm_links *l)
{
	return HASH_COUNT(l->all);
}

size_t xfrm_links_memory(const struct xfrm_links *l)
{
	return HASH_COUNT(l->all) * sizeof(struct link) +
	       HASH_COUNT(l->users) * sizeof(struct user) + HASH_OVERHEAD(hh, l->all) +
	       HASH_OVERHEAD(hh, l->users);
}
