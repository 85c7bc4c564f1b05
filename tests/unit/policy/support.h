/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_POLICY_SUPPORT_H
#define TESTS_UNIT_POLICY_SUPPORT_H

#include "policy/policy.h"
#include "tests/unit/support/test.h"

/* A host 192.0.2.1 and 2001:db8::1 on eth0 (with the default route), 10.1.0.1 on eth1. */
extern const struct host_view test_host;

struct ip_addr addr(const char *text);
struct endpoint at(const char *text, uint16_t port);
const struct ident *id(
	const char *text); /* a reference that lasts until the test program ends */

/*
 * A connection between two hosts ("%any", "%defaultroute", "%eth1", "%group", a name, an
 * address, or what ipsec.conf takes for several of them) with subnets, comma separated, or NULL.
 */
struct connection *between(const char *name, const char *left, const char *leftnet,
			   const char *right, const char *rightnet);

/* Load it into `p`, which must work. */
struct loaded *load(struct policy *p, struct connection *c);

/* A policy database that knows test_host. */
struct policy *database(void);

/* How many actions of a kind are in the list. */
size_t count_kind(const struct actions *a, enum action_kind kind);
const struct action *find_kind(const struct actions *a, enum action_kind kind);

/*
 * A plane that only remembers: actions are put into it in order, and it can be
 * asked what a packet would meet.
 */
struct table {
	struct plane_policy entries[256];
	size_t entries_len;
	struct plane_route routes[256];
	size_t routes_len;
	size_t gaps; /* removals of what was not there, sets without selectors */
};

/* Carry the actions out and clear the list. */
void table_apply(struct table *t, struct actions *a);
/* The entry for a packet between two addresses, NULL when it goes out in clear. */
const struct plane_policy *table_meets(const struct table *t, const char *local,
				       const char *remote);
/* The route whose destination is exactly this prefix, or NULL. */
const struct plane_route *table_route(const struct table *t, const char *destination);

#endif
