/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which end is us. The end whose address this host has, or that is
 * %defaultroute or an interface; both or neither: not oriented. What follows
 * (addresses, default identities, selectors, place among the pairs) is worked
 * out anew whenever the host or a name's address changes.
 */
#include "base/text.h"
#include "policy/db.h"

#include <stdlib.h>
#include <string.h>

static bool host_has(const struct policy *p, const struct ip_addr *a)
{
	for (size_t i = 0; i < p->host.addresses_len; i++) {
		if (ip_equal(&p->host.addresses[i].addr, a))
			return true;
	}
	return false;
}

static struct ip_addr interface_addr(const struct policy *p, const char *name, uint8_t family)
{
	for (size_t i = 0; i < p->host.addresses_len; i++) {
		const struct host_address *a = &p->host.addresses[i];

		if (!strcmp(a->interface, name) && (!family || a->addr.family == family))
			return a->addr;
	}
	return (struct ip_addr){0};
}

static struct ip_addr name_addr(const struct policy *p, const struct host *h)
{
	struct named_addr *n;

	HASH_FIND_STR(p->resolved, h->name, n);
	return n && n->addr.family ? n->addr : h->addr;
}

/* The family the peer's address decides; IPv4 when neither says. */
static uint8_t family_of(const struct policy *p, const struct connection *c, const struct end *other)
{
	struct ip_addr a = {0};

	if (c->family)
		return c->family;
	if (other->host.kind == HOST_ADDR)
		a = other->host.addr;
	else if (other->host.kind == HOST_NAME)
		a = name_addr(p, &other->host);
	return a.family ? a.family : IP_V4;
}

static struct ip_addr end_addr(const struct policy *p, const struct connection *c, int which)
{
	const struct end *e = &c->end[which];
	uint8_t family = family_of(p, c, &c->end[!which]);

	switch (e->host.kind) {
	case HOST_ADDR:
		return e->host.addr;
	case HOST_NAME:
		return name_addr(p, &e->host);
	case HOST_DEFAULTROUTE:
		return family == IP_V6 ? p->host.default_v6.addr : p->host.default_v4.addr;
	case HOST_INTERFACE:
		return interface_addr(p, e->host.name, family);
	default:
		return (struct ip_addr){0};
	}
}

/* An end that can only be us, whether or not it has an address now. */
static bool is_ours_by_kind(const struct end *e)
{
	return e->host.kind == HOST_DEFAULTROUTE || e->host.kind == HOST_INTERFACE;
}

static int find_local(const struct policy *p, const struct connection *c, const struct ip_addr addr[2])
{
	bool ours[2];

	for (int i = 0; i < 2; i++)
		ours[i] = ip_is_set(&addr[i]) && (is_ours_by_kind(&c->end[i]) || host_has(p, &addr[i]));
	if (ours[0] == ours[1])
		return -1;
	return ours[1];
}

enum cyg_err end_selectors(const struct end *e, const struct ip_addr *addr, struct ts_set *ret)
{
	struct ts_set s = {0};
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; i < (e->subnets_len ? e->subnets_len : ip_is_set(addr) ? 1 : 0) && !err; i++) {
		struct ts t = e->subnets_len ? ts_of_prefix(&e->subnets[i]) : ts_of_addr(addr);

		t.proto = e->proto;
		if (e->port)
			t.port_first = t.port_last = e->port;
		err = ts_set_add(&s, &t);
	}
	if (err) {
		ts_set_done(&s);
		return err;
	}
	*ret = s;
	return CYG_OK;
}

static enum cyg_err end_identity(const struct end *e, const struct ip_addr *addr, const struct ident **ret)
{
	if (e->id) {
		*ret = ident_ref(e->id);
		return CYG_OK;
	}
	if (ip_is_set(addr))
		return ident_from_addr(addr, ret);
	*ret = NULL;
	return CYG_OK;
}

void place_unindex(struct policy *p, struct place *pl)
{
	struct pair_bucket *b = pl->bucket;

	list_remove(&pl->in_pair);
	pl->bucket = NULL;
	if (b && list_empty(&b->members)) {
		HASH_DEL(p->pairs, b);
		free(b);
	}
}

enum cyg_err place_index(struct policy *p, struct place *pl)
{
	struct pair key = {.local = pl->l.local_addr};
	struct pair_bucket *b;

	place_unindex(p, pl);
	if (pl->l.local < 0 || pl->l.template_of || pl->l.connection->type > CONN_TRANSPORT)
		return CYG_OK;
	key.remote = pl->l.remote_addr;
	HASH_FIND(hh, p->pairs, &key, sizeof(key), b);
	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return CYG_NOMEM;
		b->key = key;
		list_init(&b->members);
		HASH_ADD(hh, p->pairs, key, sizeof(b->key), b);
		if (!b->hh.tbl) {
			free(b);
			return CYG_NOMEM;
		}
	}
	list_append(&b->members, &pl->in_pair);
	pl->bucket = b;
	return CYG_OK;
}

enum cyg_err place_orient(struct policy *p, struct place *pl)
{
	struct loaded *l = &pl->l;
	const struct connection *c = l->connection;
	struct ip_addr addr[2] = {end_addr(p, c, 0), end_addr(p, c, 1)};
	int local = find_local(p, c, addr);
	struct ts_set ts[2] = {{0}, {0}};
	const struct ident *id[2] = {NULL, NULL};
	enum cyg_err err = CYG_OK;

	for (int i = 0; i < 2 && !err; i++) {
		err = end_selectors(&c->end[i], &addr[i], &ts[i]);
		if (!err)
			err = end_identity(&c->end[i], &addr[i], &id[i]);
	}
	if (err) {
		for (int i = 0; i < 2; i++) {
			ts_set_done(&ts[i]);
			ident_unref(id[i]);
		}
		return err;
	}
	ts_set_done(&l->ts_local);
	ts_set_done(&l->ts_remote);
	ident_unref(l->local_id);
	ident_unref(l->remote_id);
	l->local = (int8_t)local;
	l->is_template = connection_is_template(c, local < 0 ? 0 : local);
	l->local_addr = local < 0 ? (struct ip_addr){0} : addr[local];
	l->remote_addr = local < 0 ? (struct ip_addr){0} : addr[!local];
	l->remote_port = local < 0 || !c->end[!local].ike_port ? 500 : c->end[!local].ike_port;
	l->ts_local = ts[local == 1];
	l->ts_remote = ts[local != 1];
	l->local_id = id[local == 1];
	l->remote_id = id[local != 1];
	return place_index(p, pl);
}

/* An instance keeps its peer; only our own end moves. */
static enum cyg_err reorient_instance(struct policy *p, struct place *pl)
{
	struct loaded *l = &pl->l;
	struct ts_set ts;
	enum cyg_err err = end_selectors(&l->connection->end[l->local], &l->template_of->local_addr, &ts);

	if (err)
		return err;
	ts_set_done(&l->ts_local);
	l->ts_local = ts;
	l->local_addr = l->template_of->local_addr;
	return CYG_OK;
}

static enum cyg_err reorient_all(struct policy *p)
{
	enum cyg_err err = CYG_OK;

	LIST_EACH(l, &p->all, struct loaded, all) {
		if (!err && !l->template_of)
			err = place_orient(p, place_of(l));
	}
	LIST_EACH(l, &p->all, struct loaded, all) {
		if (!err && l->template_of && l->local >= 0)
			err = reorient_instance(p, place_of(l));
	}
	p->generation++;
	return err;
}

enum cyg_err policy_host_changed(struct policy *p, const struct host_view *h)
{
	struct host_address *copy = calloc(h->addresses_len + 1, sizeof(*copy));

	if (!copy)
		return CYG_NOMEM;
	if (h->addresses_len)
		memcpy(copy, h->addresses, h->addresses_len * sizeof(*copy));
	free(p->addresses);
	p->addresses = copy;
	p->host = *h;
	p->host.addresses = copy;
	p->host_known = true;
	return reorient_all(p);
}

static struct named_addr *know_name(struct policy *p, const char *name)
{
	struct named_addr *n;

	HASH_FIND_STR(p->resolved, name, n);
	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n || !(n->name = strdup(name))) {
		free(n);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, p->resolved, n->name, strlen(n->name), n);
	if (!n->hh.tbl) {
		free(n->name);
		free(n);
		return NULL;
	}
	return n;
}

void policy_resolved(struct policy *p, const char *name, const struct ip_addr *addrs, size_t len)
{
	struct named_addr *n = know_name(p, name);

	if (!n)
		return;
	n->asked = false;
	if (!len)
		return; /* an address that was good before stays */
	n->addr = addrs[0];
	LIST_EACH(l, &p->all, struct loaded, all) {
		for (int i = 0; i < 2; i++) {
			const struct host *h = &l->connection->end[i].host;
			uint8_t family = l->connection->family;

			if (l->template_of || h->kind != HOST_NAME || strcmp(h->name, name))
				continue;
			for (size_t k = 0; family && k < len; k++) {
				if (addrs[k].family == family) {
					n->addr = addrs[k];
					break;
				}
			}
			if (place_orient(p, place_of(l)) == CYG_OK)
				p->generation++;
		}
	}
}

void policy_ask_names(struct policy *p, struct actions *out)
{
	LIST_EACH(l, &p->all, struct loaded, all) {
		for (int i = 0; i < 2; i++) {
			const struct host *h = &l->connection->end[i].host;
			struct named_addr *n = h->kind == HOST_NAME ? know_name(p, h->name) : NULL;
			struct action *a;

			if (!n || n->asked || n->addr.family)
				continue;
			a = actions_add(out, ACT_RESOLVE);
			if (!a)
				return;
			a->name = actions_str(out, h->name);
			n->asked = true;
		}
	}
}

static void describe_end(const struct policy *p, const struct connection *c, int which, char *buf, size_t cap)
{
	const struct end *e = &c->end[which];
	struct ip_addr addr = end_addr(p, c, which);
	char text[IP_TEXT_MAX];
	size_t used = 0;

	buf_add(buf, cap, &used, "%s=", which ? "right" : "left");
	switch (e->host.kind) {
	case HOST_NAME:
		buf_add(buf, cap, &used, "%s (%s)", e->host.name,
			ip_is_set(&addr) ? ip_print(&addr, text) : "not resolved");
		return;
	case HOST_DEFAULTROUTE:
		buf_add(buf, cap, &used, "%%defaultroute (%s)",
			ip_is_set(&addr) ? ip_print(&addr, text) : "there is no default route");
		return;
	case HOST_INTERFACE:
		buf_add(buf, cap, &used, "%%%s (%s)", e->host.name,
			ip_is_set(&addr) ? ip_print(&addr, text) : "it has no address");
		return;
	case HOST_ADDR:
		buf_add(buf, cap, &used, "%s", ip_print(&addr, text));
		return;
	default:
		buf_add(buf, cap, &used, "%%any");
	}
}

void policy_explain_orientation(const struct policy *p, const struct loaded *l, struct diag *why)
{
	char left[192], right[192], text[IP_TEXT_MAX], ours[400] = "";
	size_t used = 0;
	struct ip_addr a[2] = {end_addr(p, l->connection, 0), end_addr(p, l->connection, 1)};
	bool both = ip_is_set(&a[0]) && ip_is_set(&a[1]) && host_has(p, &a[0]) && host_has(p, &a[1]);

	describe_end(p, l->connection, 0, left, sizeof(left));
	describe_end(p, l->connection, 1, right, sizeof(right));
	for (size_t i = 0; i < p->host.addresses_len; i++)
		buf_add(ours, sizeof(ours), &used, "%s%s", i ? ", " : "", ip_print(&p->host.addresses[i].addr, text));
	diag_set(why, "not-oriented", NULL, both ? "both ends of %s are addresses of this host"
						 : "neither end of %s is an address of this host",
		 l->connection->name);
	diag_wanted(why, "one end out of: %s", ours);
	diag_got(why, "%s, %s", left, right);
	diag_hint(why, both ? "one end must be the peer's address"
			    : "write this host's address, or %%defaultroute, as left= or right=");
}
