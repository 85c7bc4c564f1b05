/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

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

static void set_host(struct end *e, const char *text)
{
	if (!strcmp(text, "%any")) {
		e->host.kind = HOST_ANY;
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

static void set_net(struct end *e, const char *text)
{
	if (!text)
		return;
	e->subnets = calloc(1, sizeof(*e->subnets));
	assert_non_null(e->subnets);
	assert_int_equal(prefix_parse(text, e->subnets, NULL), CYG_OK);
	e->subnets_len = 1;
}

struct connection *between(const char *name, const char *left, const char *leftnet, const char *right,
			   const char *rightnet)
{
	struct connection *c = connection_new(name);

	assert_non_null(c);
	c->auth = AUTH_SECRET;
	set_host(&c->end[0], left);
	set_host(&c->end[1], right);
	set_net(&c->end[0], leftnet);
	set_net(&c->end[1], rightnet);
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
