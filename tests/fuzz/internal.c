/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration payloads of any content, as a request to an end that gives addresses and as
 * the answer to one that asks. What is given is of the pool and belongs to the SA; what is
 * taken is printable and bounded; and our own reply is one that we can read.
 */
#include "conn/internal.h"
#include "ike/core.h"
#include "ike/v2/config.h"
#include "policy/pool.h"
#include "tests/unit/ike/world.h"
#include "wire/chain.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world *make_world(void)
{
	struct world *w = world_new(1, NULL);
	struct connection *c = world_connection("net");

	conn_set(c, "leftsubnet", "%dynamic");
	conn_set(c, "leftsourceip", "%config4,%config6");
	world_load(world_host(w, "west"), c);
	c = world_connection("net");
	conn_set(c, "leftsubnet", "%dynamic");
	conn_set(c, "leftaddresspool", "10.9.0.0/29,2001:db8:9::/64");
	conn_set(c, "modecfgdns", "10.0.2.53,2001:db8::53");
	conn_set(c, "modecfgdomains", "a.example,b.example");
	conn_set(c, "modecfgbanner", "Welcome");
	world_load(world_host(w, "east"), c);
	return w;
}

static struct ike_sa *make_sa(struct node *h, bool initiator)
{
	struct loaded *l = policy_find(ike_policy(h->ike), "net");
	struct ike_sa *sa;

	h->ike->out = &h->out;
	sa = sa_new(h->ike, initiator);
	assert_non_null(sa);
	sa->local_id = ident_ref(l->local_id);
	sa->remote_id = ident_ref(l->remote_id);
	sa_set_loaded(sa, l);
	return sa;
}

static void check_given(const struct ike_sa *sa)
{
	const struct policy *p = sa->ike->policy;

	for (int i = 0; sa->assigned && i < 2; i++) {
		struct ip_range one = {sa->assigned->addr[i], sa->assigned->addr[i]};

		if (ip_is_set(&one.first))
			assert_true(internal_slot(one.first.family) == i &&
				    policy_pool_meets(p, sa->version, 0, &one));
	}
}

static void check_printable(const char *text, size_t cap)
{
	assert_true(memchr(text, '\0', cap) != NULL);
	for (; *text; text++)
		assert_true(*text >= ' ' && *text <= '~');
}

static void take(struct node *west, const struct message *m)
{
	struct ike_sa *sa = make_sa(west, true);
	struct diag why;

	diag_clear(&why);
	if (config_take_reply(sa, m, &why) == PROBLEM_NONE) {
		assert_true(internal_has(sa->internal->addr));
		check_printable(sa->internal->domains, sizeof(sa->internal->domains));
		check_printable(sa->internal->banner, sizeof(sa->internal->banner));
	} else {
		assert_null(sa->internal);
	}
	sa_free(sa);
	actions_clear(&west->out);
}

/* The reply that goes out is one that the other end takes. */
static void take_ours(struct node *west, const struct ike_sa *sa)
{
	uint8_t octets[4096];
	struct builder b = builder_of(octets, sizeof(octets));
	struct chain c = chain_begin(&b);
	struct message m;

	config_build_reply(sa, &c);
	chain_end(&c);
	assert_false(b.bad);
	assert_int_equal(message_parse_inner(build_done(&b), c.first, &m, NULL, NULL), CYG_OK);
	take(west, &m);
}

static void give(struct world *w, const struct message *m)
{
	struct node *east = world_host(w, "east");
	struct ike_sa *sa = make_sa(east, false);
	struct diag why;

	diag_clear(&why);
	if (config_take_request(sa, m, &why) == PROBLEM_NONE && sa->assigned) {
		check_given(sa);
		take_ours(world_host(w, "west"), sa);
	}
	sa_free(sa);
	actions_clear(&east->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world *w;
	uint8_t octets[4096];
	struct builder b = builder_of(octets, sizeof(octets));
	struct chain c = chain_begin(&b);
	struct pool_info pool;
	struct message m;

	if (!w)
		w = make_world();
	if (size > sizeof(octets) - PAYLOAD_HEADER_LEN)
		return 0;
	chain_payload(&c, PAYLOAD_CP);
	build_view(&b, view_of(data, size));
	chain_end(&c);
	if (message_parse_inner(build_done(&b), c.first, &m, NULL, NULL))
		return 0;
	give(w, &m);
	take(world_host(w, "west"), &m);
	for (size_t i = 0; policy_pool_at(ike_policy(world_host(w, "east")->ike), i, &pool);
	     i++)
		assert_int_equal(pool.in_use, 0);
	return 0;
}
