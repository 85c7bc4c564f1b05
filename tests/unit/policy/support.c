/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "conn/field.h"

#include <stdlib.h>
#include <string.h>

static const struct host_address addresses[] = {
	{{IP_V4, {192, 0, 2, 1}}, "eth0", 0},
	{{IP_V4, {10, 1, 0, 1}}, "eth1", 0},
	{{IP_V6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, "eth0", 0},
};

const struct host_view test_host = {
	.addresses = addresses,
	.addresses_len = COUNT_OF(addresses),
	.default_v4 = {{IP_V4, {192, 0, 2, 1}}, {IP_V4, {192, 0, 2, 254}}, "eth0"},
};

struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

struct endpoint at(const char *text, uint16_t port)
{
	return (struct endpoint){addr(text), port};
}

const struct ident *id(const char *text)
{
	static const struct ident *kept[256];
	static size_t len;
	const struct ident *i;

	assert_int_equal(ident_parse(text, &i, NULL), CYG_OK);
	for (size_t k = 0; k < len; k++) {
		if (ident_equal(kept[k], i)) {
			ident_unref(i);
			return kept[k];
		}
	}
	assert_true(len < COUNT_OF(kept));
	return kept[len++] = i;
}

/* More than one host, as ipsec.conf has it. */
static bool is_list(const char *text)
{
	return strpbrk(text, ",/-") || (*text == '%' && strchr(text, '.'));
}

static void set_host(struct connection *c, int which, const char *text)
{
	struct end *e = &c->end[which];

	if (is_list(text)) {
		assert_int_equal(field_set(c, which, field_by_option("host"), text, NULL),
				 CYG_OK);
	} else if (!strcmp(text, "%any")) {
		e->host.kind = HOST_ANY;
	} else if (strstr(text, "group") || strstr(text, "%opportunistic")) {
		e->host.kind = HOST_GROUP;
		e->host.name = strdup(text);
	} else if (!strcmp(text, "%defaultroute")) {
		e->host.kind = HOST_DEFAULTROUTE;
	} else if (*text == '%') {
		e->host.kind = HOST_INTERFACE;
		e->host.name = strdup(text + 1);
	} else if (strspn(text, "0123456789abcdef.:") == strlen(text)) {
		e->host.kind = HOST_ADDR;
		e->host.addr = addr(text);
	} else {
		e->host.kind = HOST_NAME;
		e->host.name = strdup(text);
	}
}

static void set_nets(struct end *e, const char *text)
{
	char copy[512], *save = NULL;

	if (!text)
		return;
	e->subnets = calloc(64, sizeof(*e->subnets));
	assert_non_null(e->subnets);
	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	for (char *w = strtok_r(copy, ",", &save); w; w = strtok_r(NULL, ",", &save))
		assert_int_equal(prefix_parse(w, &e->subnets[e->subnets_len++], NULL), CYG_OK);
}

struct connection *between(const char *name, const char *left, const char *leftnet,
			   const char *right, const char *rightnet)
{
	struct connection *c = connection_new(name);

	assert_non_null(c);
	c->auth = AUTH_SECRET;
	set_host(c, 0, left);
	set_host(c, 1, right);
	set_nets(&c->end[0], leftnet);
	set_nets(&c->end[1], rightnet);
	return c;
}

struct loaded *load(struct policy *p, struct connection *c)
{
	struct loaded *l = NULL;
	struct diag why;

	assert_int_equal(policy_add(p, c, false, &l, NULL, &why), CYG_OK);
	return l;
}

struct policy *database(void)
{
	static struct entropy_seeded state;
	static struct entropy entropy;
	struct policy *p;

	entropy = entropy_seed(&state, 1);
	p = policy_new(&entropy);
	assert_non_null(p);
	assert_int_equal(policy_host_changed(p, &test_host), CYG_OK);
	return p;
}

size_t count_kind(const struct actions *a, enum action_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < a->len; i++)
		n += a->items[i].kind == kind;
	return n;
}

const struct action *find_kind(const struct actions *a, enum action_kind kind)
{
	for (size_t i = 0; i < a->len; i++) {
		if (a->items[i].kind == kind)
			return &a->items[i];
	}
	return NULL;
}

/* ---- the table ---- */

static void set_entry(struct table *t, const struct plane_policy *p)
{
	struct plane_policy copy = *p;
	size_t i = 0;

	t->gaps += !p->ts_local.len || !p->ts_remote.len;
	assert_int_equal(ts_set_copy(&copy.ts_local, &p->ts_local), CYG_OK);
	assert_int_equal(ts_set_copy(&copy.ts_remote, &p->ts_remote), CYG_OK);
	while (i < t->entries_len && t->entries[i].id != p->id)
		i++;
	if (i < t->entries_len) {
		ts_set_done(&t->entries[i].ts_local);
		ts_set_done(&t->entries[i].ts_remote);
	} else {
		assert_true(++t->entries_len <= COUNT_OF(t->entries));
	}
	t->entries[i] = copy;
}

static void remove_entry(struct table *t, uint32_t id)
{
	for (size_t i = 0; i < t->entries_len; i++) {
		if (t->entries[i].id != id)
			continue;
		ts_set_done(&t->entries[i].ts_local);
		ts_set_done(&t->entries[i].ts_remote);
		t->entries_len--;
		memmove(&t->entries[i], &t->entries[i + 1],
			(t->entries_len - i) * sizeof(t->entries[0]));
		return;
	}
	t->gaps++;
}

static void set_route(struct table *t, const struct plane_route *r)
{
	size_t i = 0;

	while (i < t->routes_len && t->routes[i].id != r->id)
		i++;
	if (i == t->routes_len)
		assert_true(++t->routes_len <= COUNT_OF(t->routes));
	t->routes[i] = *r;
}

static void remove_route(struct table *t, uint32_t id)
{
	for (size_t i = 0; i < t->routes_len; i++) {
		if (t->routes[i].id != id)
			continue;
		t->routes[i] = t->routes[--t->routes_len];
		return;
	}
	t->gaps++;
}

void table_apply(struct table *t, struct actions *a)
{
	for (size_t i = 0; i < a->len; i++) {
		const struct action *x = &a->items[i];

		if (x->kind == ACT_POLICY_SET)
			set_entry(t, x->policy);
		else if (x->kind == ACT_POLICY_REMOVE)
			remove_entry(t, x->remove_id);
		else if (x->kind == ACT_ROUTE_SET)
			set_route(t, x->route);
		else if (x->kind == ACT_ROUTE_REMOVE)
			remove_route(t, x->remove_id);
	}
	actions_clear(a);
}

static bool holds(const struct ts_set *s, const struct ip_addr *a)
{
	for (size_t i = 0; i < s->len; i++)
		if (range_has(&s->items[i].range, a))
			return true;
	return false;
}

const struct plane_policy *table_meets(const struct table *t, const char *local,
				       const char *remote)
{
	struct ip_addr a = addr(local), b = addr(remote);
	const struct plane_policy *best = NULL;

	for (size_t i = 0; i < t->entries_len; i++) {
		const struct plane_policy *p = &t->entries[i];

		if (holds(&p->ts_local, &a) && holds(&p->ts_remote, &b) &&
		    (!best || p->priority < best->priority))
			best = p;
	}
	return best;
}

const struct plane_route *table_route(const struct table *t, const char *destination)
{
	struct ip_prefix d;

	assert_int_equal(prefix_parse(destination, &d, NULL), CYG_OK);
	for (size_t i = 0; i < t->routes_len; i++)
		if (prefix_equal(&t->routes[i].destination, &d))
			return &t->routes[i];
	return NULL;
}
