/* SPDX-License-Identifier: Apache-2.0 */
/* What loading and finding cost with few and with many connections; bench/policy_bench [COUNT]. */
#include "bench/clock.h"

#include "policy/policy.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static struct ip_addr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return (struct ip_addr){IP_V4, {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}};
}

static const struct host_address own = {{IP_V4, {192, 0, 2, 1}}, "eth0", 0};

static void die(const char *what)
{
	fprintf(stderr, "policy_bench: %s failed\n", what);
	exit(1);
}

static struct connection *describe(unsigned i, bool road)
{
	struct connection *c;
	char name[24];

	snprintf(name, sizeof(name), "%s%u", road ? "road" : "net", i);
	c = connection_new(name);
	if (!c)
		die("connection_new");
	c->end[0].host = (struct host){.kind = HOST_ADDR, .addr = own.addr};
	c->end[1].host = (struct host){.kind = HOST_ADDR, .addr = v4(10, i >> 16, i >> 8, i)};
	c->end[1].subnets = calloc(1, sizeof(struct ip_prefix));
	*c->end[1].subnets = (struct ip_prefix){v4(11, i >> 16, i >> 8, i), 32};
	c->end[1].subnets_len = 1;
	snprintf(name, sizeof(name), "u%u@x.example", i);
	if (road) {
		c->end[1].host.kind = HOST_ANY;
		if (ident_parse(name, &c->end[1].id, NULL))
			die("ident_parse");
	}
	return c;
}

static void load(struct policy *p, unsigned count)
{
	struct connection **all = calloc(count, sizeof(struct connection *));
	size_t before;
	double start;

	for (unsigned i = 0; i < count; i++)
		all[i] = describe(i, i % 2);
	before = mallinfo2().uordblks;
	start = wall_now();
	for (unsigned i = 0; i < count; i++) {
		struct loaded *l;

		if (policy_add(p, all[i], false, &l, NULL, NULL))
			die("policy_add");
	}
	printf("policy  add              %7u connections  %8.2f ms  %5zu octets each\n", count,
	       1e3 * (wall_now() - start), (mallinfo2().uordblks - before) / count);
	free(all);
}

static void find(struct policy *p, unsigned count)
{
	enum { ROUNDS = 100000 };
	struct endpoint us = {own.addr, 500};
	struct loaded *out[POLICY_CANDIDATES_MAX];
	const struct ident *who;
	double start = wall_now(), middle;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct endpoint peer = {v4(10, 0, (i * 2 % count) >> 8, i * 2 % count), 500};

		if (!policy_candidates(p, &us, &peer, out, 1))
			die("policy_candidates");
	}
	middle = wall_now();
	if (ident_parse("u1@x.example", &who, NULL))
		die("ident_parse");
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct policy_question q = {us,  {v4(172, 16, i >> 8, i), 500}, who, NULL, NULL,
					    NULL};

		if (policy_identify(p, &q, out, 1, NULL) != 1)
			die("policy_identify");
	}
	printf("policy  candidates       %7u connections  %8.0f ns\n", count,
	       1e9 * (middle - start) / ROUNDS);
	printf("policy  identify         %7u connections  %8.0f ns\n", count,
	       1e9 * (wall_now() - middle) / ROUNDS);
	ident_unref(who);
}

static void move(struct policy *p, unsigned count)
{
	struct host_address moved[2] = {own, own};
	struct host_view h = {.addresses = moved, .addresses_len = 2};
	double start;

	moved[1].addr = v4(192, 0, 2, 99);
	start = wall_now();
	if (policy_host_changed(p, &h))
		die("policy_host_changed");
	printf("policy  address comes    %7u connections  %8.2f ms\n", count,
	       1e3 * (wall_now() - start));
}

static void protect(struct policy *p, unsigned count)
{
	struct actions out = {0};
	double start = wall_now();
	size_t before = mallinfo2().uordblks, n = 0;

	for (struct loaded *l = policy_next(p, NULL); l; l = policy_next(p, l), n++) {
		if (policy_claim(p, l, &l->ts_local, &l->ts_remote, NULL))
			die("policy_claim");
		policy_set_spd(p, l, SPD_PROTECT, 0, &out);
		actions_clear(&out);
	}
	printf("policy  claim, protect   %7u connections  %8.2f ms  %5zu octets each\n", count,
	       1e3 * (wall_now() - start), (mallinfo2().uordblks - before) / n);
	actions_done(&out);
}

static void instances(struct policy *p, unsigned count)
{
	struct endpoint peer = {.port = 4500};
	struct loaded *t = policy_find(p, "road1"), *l;
	size_t before = mallinfo2().uordblks;
	double start = wall_now();
	const struct ident *who;

	if (!t || ident_parse("u1@x.example", &who, NULL))
		die("policy_find");
	for (unsigned i = 0; i < count; i++) {
		peer.addr = v4(172, 16 + (i >> 16), i >> 8, i);
		if (policy_instantiate(p, t, &t->local_addr, &peer, who, &l))
			die("policy_instantiate");
	}
	printf("policy  instances        %7u of one       %8.2f ms  %5zu octets each\n", count,
	       1e3 * (wall_now() - start), (mallinfo2().uordblks - before) / count);
	ident_unref(who);
}

/*
 * Peers in networks: a quarter each a network of its own, a range of its own, one network that
 * all have (told apart by identity), and a list with a network of its own and another for all.
 */
static struct connection *describe_several(unsigned i)
{
	struct ip_range all = {v4(12, 0, 0, 0), v4(12, 255, 255, 255)};
	struct ip_range own_net = {v4(10, i >> 12, i >> 4, i << 4),
				   v4(10, i >> 12, i >> 4, (i << 4) + 15)};
	struct ip_range own_range = {v4(10, i >> 12, i >> 4, (i << 4) + 1),
				     v4(10, i >> 12, i >> 4, (i << 4) + 14)};
	struct host_other kinds[4][2] = {
		{{.range = own_net}},
		{{.range = own_range}},
		{{.range = all}},
		{{.range = all}, {.range = own_net}},
	};
	struct connection *c = describe(i, true);

	c->end[1].host.kind = HOST_UNSET;
	if (host_of_list(kinds[i % 4], i % 4 == 3 ? 2 : 1, false, &c->end[1].host))
		die("host_of_list");
	return c;
}

static void several(struct policy *p, unsigned count)
{
	enum { ROUNDS = 100000 };
	struct endpoint us = {own.addr, 500};
	struct loaded *out[POLICY_CANDIDATES_MAX];
	const struct ident *who;
	size_t before = mallinfo2().uordblks;
	double start = wall_now(), middle;

	for (unsigned i = 0; i < count; i++) {
		struct loaded *l;

		if (policy_add(p, describe_several(i), false, &l, NULL, NULL))
			die("policy_add");
	}
	printf("policy  add networks     %7u connections  %8.2f ms  %5zu octets each\n", count,
	       1e3 * (wall_now() - start), (mallinfo2().uordblks - before) / count);
	start = wall_now();
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned k = i % count & ~3U;
		struct endpoint peer = {v4(10, k >> 12, k >> 4, (k << 4) + 7), 500};

		if (policy_candidates(p, &us, &peer, out, POLICY_CANDIDATES_MAX) != 1)
			die("policy_candidates");
	}
	middle = wall_now();
	if (ident_parse("u2@x.example", &who, NULL))
		die("ident_parse");
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct policy_question q = {us,  {v4(12, 16, i >> 8, i), 500}, who, NULL, NULL,
					    NULL};

		if (policy_identify(p, &q, out, 1, NULL) != 1)
			die("policy_identify");
	}
	printf("policy  by network       %7u connections  %8.0f ns\n", count,
	       1e9 * (middle - start) / ROUNDS);
	printf("policy  one network, id  %7u connections  %8.0f ns\n", count,
	       1e9 * (wall_now() - middle) / ROUNDS);
	start = wall_now();
	for (unsigned i = 0; i < ROUNDS / 100; i++) {
		struct endpoint peer = {v4(12, 16, i >> 8, i), 500};

		if (!policy_candidates(p, &us, &peer, out, POLICY_CANDIDATES_MAX))
			die("policy_candidates");
	}
	printf("policy  all in a network %7u connections  %8.0f ns\n", count,
	       1e9 * (wall_now() - start) / (ROUNDS / 100));
	ident_unref(who);
}

static void run_several(unsigned count)
{
	static struct entropy_seeded state;
	struct entropy e = entropy_seed(&state, 1);
	struct policy *p = policy_new(&e);
	struct host_view h = {.addresses = &own, .addresses_len = 1};

	if (!p || policy_host_changed(p, &h))
		die("policy_new");
	several(p, count);
	policy_free(p);
}

static void run(unsigned count)
{
	struct entropy_seeded seeded;
	struct entropy e = entropy_seed(&seeded, 1);
	struct policy *p = policy_new(&e);
	struct host_view h = {.addresses = &own, .addresses_len = 1};
	double start;

	if (!p || policy_host_changed(p, &h))
		die("policy_new");
	load(p, count);
	find(p, count);
	move(p, count);
	protect(p, count);
	instances(p, count);
	start = wall_now();
	policy_free(p);
	printf("policy  forget all       %7u connections  %8.2f ms\n\n", count,
	       1e3 * (wall_now() - start));
}

int main(int argc, char **argv)
{
	unsigned count = count_argument(argc, argv, 1, 0, 1000000);

	if (count) {
		run(count);
		run_several(count);
		return 0;
	}
	run(100);
	run_several(100);
	run(10000);
	run_several(10000);
	run(100000);
	run_several(100000);
	return 0;
}
