/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_POLICY_SUPPORT_H
#define TESTS_UNIT_POLICY_SUPPORT_H

#include "policy/policy.h"
#include "tests/unit/support/test.h"

/* A host 192.0.2.1 and 2001:db8::1 on eth0 (with the default route), 10.1.0.1 on eth1. */
extern const struct host_view test_host;

struct ip_addr addr(const char *text);
struct endpoint at(const char *text, uint16_t port);
const struct ident *id(const char *text); /* a reference that lasts until the test program ends */

/* A connection between two hosts ("%any", "%defaultroute", "%eth1" or an address) with subnets or NULL. */
struct connection *between(const char *name, const char *left, const char *leftnet, const char *right,
			   const char *rightnet);

/* Load it into `p`, which must work. */
struct loaded *load(struct policy *p, struct connection *c);

/* A policy database that knows test_host. */
struct policy *database(void);

/* How many actions of a kind are in the list. */
size_t count_kind(const struct actions *a, enum action_kind kind);
const struct action *find_kind(const struct actions *a, enum action_kind kind);

#endif
