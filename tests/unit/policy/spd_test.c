/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "conn/field.h"

#include <stdlib.h>
#include <string.h>

/* What a claim is tried in: a database, its actions, and the plane they were carried out in. */
struct bench {
	struct policy *p;
	struct actions out;
	struct table table;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->p = database();
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	for (struct loaded *l; (l = policy_next(b->p, NULL)) != NULL;) {
		for (struct loaded *i; (i = policy_next(b->p, l)) && i->template_of == l;)
			policy_remove(b->p, i, &b->out);
		policy_remove(b->p, l, &b->out);
	}
	table_apply(&b->table, &b->out);
	/* Whatever a test did: once all is removed nothing is left, and nothing was removed twice. */
	assert_int_equal(b->table.entries_len, 0);
	assert_int_equal(b->table.routes_len, 0);
	assert_int_equal(b->table.gaps, 0);
	policy_free(b->p);
	actions_done(&b->out);
	free(b);
	return 0;
}

static enum cyg_err claim(struct bench *b, struct loaded *l, struct diag *why)
{
	return policy_claim(b->p, l, &l->ts_local, &l->ts_remote, why);
}

static void set(struct bench *b, struct loaded *l, enum spd_state s)
{
	policy_set_spd(b->p, l, s, 0, &b->out);
	table_apply(&b->table, &b->out);
}

static void put(struct bench *b, struct loaded *l, enum spd_state s)
{
	assert_int_equal(claim(b, l, NULL), CYG_OK);
	set(b, l, s);
}

/* Claim narrower selectors than the connection's own, and protect them. */
static void protect(struct bench *b, struct loaded *l, const char *local, const char *remote)
{
	struct ip_prefix prefix[2];
	struct ts ts[2];
	struct ts_set sets[2];

	assert_int_equal(prefix_parse(local, &prefix[0], NULL), CYG_OK);
	assert_int_equal(prefix_parse(remote, &prefix[1], NULL), CYG_OK);
	for (int i = 0; i < 2; i++) {
		ts[i] = ts_of_prefix(&prefix[i]);
		sets[i] = (struct ts_set){&ts[i], 1};
	}
	assert_int_equal(policy_claim(b->p, l, &sets[0], &sets[1], NULL), CYG_OK);
	set(b, l, SPD_PROTECT);
}

static int met(struct bench *b, const char *local, const char *remote)
{
	const struct plane_policy *p = table_meets(&b->table, local, remote);

	return p ? p->kind : -1;
}

static struct loaded *met_owner(struct bench *b, const char *local, const char *remote)
{
	const struct plane_policy *p = table_meets(&b->table, local, remote);

	return p ? policy_by_policy_id(b->p, p->id) : NULL;
}

static struct loaded *tunnel(struct bench *b, const char *name, const char *right)
{
	return load(b->p, between(name, "192.0.2.1", "10.1.0.0/24", right, "10.2.0.0/24"));
}

static struct loaded *instance(struct bench *b, struct loaded *t, const char *from,
			       const char *who)
{
	struct endpoint remote = at(from, 4500);
	struct loaded *l;

	assert_int_equal(policy_instantiate(b->p, t, &t->local_addr, &remote, id(who), &l),
			 CYG_OK);
	return l;
}

/* ---- refusals ---- */

static void a_pair_belongs_to_one_peer(void **state)
{
	struct bench *b = *state;
	struct loaded *first = tunnel(b, "first", "192.0.2.2"),
		      *second = tunnel(b, "second", "192.0.2.3");
	struct diag why;

	put(b, first, SPD_TRAP);
	assert_int_equal(claim(b, second, &why), CYG_CONFLICT);
	assert_string_equal(why.code, "selector-owned");
	assert_non_null(strstr(why.sentence, "connection first"));
	assert_non_null(strstr(why.got, "192.0.2.2"));
	assert_non_null(strstr(why.hint, "first"));
	assert_int_equal(second->spd_local.len, 0);
	assert_int_equal(first->spd, SPD_TRAP);
	set(b, first, SPD_NONE);
	assert_int_equal(claim(b, second, &why), CYG_OK);
}

/* What each is for beside its selectors keeps them apart, if it does so in both directions. */
static void marks_and_interfaces_make_pairs_differ(void **state)
{
	static const struct {
		const char *keyword[2], *text[2];
		bool apart;
	} rows[] = {
		{{"mark", "mark"}, {"5", "5"}, false},
		{{"mark", "mark"}, {"5", "6"}, true},
		{{"mark", "mark"}, {"5", "5/0xff"}, true},
		{{"mark-in", "mark-in"}, {"5", "6"}, false},
		{{"mark-out", "mark-out"}, {"5", "6"}, false},
		{{"mark", "mark"}, {"%unique", "%unique"}, true},
		{{"mark", "reqid"}, {"5", "7"}, true},
		{{"set-mark-in", "set-mark-in"}, {"5", "6"}, false},
		{{"if_id_in", "if_id_in"}, {"5", "6"}, false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *b = *state;
		struct loaded *l[2];
		struct diag why;

		test_row(i, "%s=%s, %s=%s", rows[i].keyword[0], rows[i].text[0],
			 rows[i].keyword[1], rows[i].text[1]);
		for (int k = 0; k < 2; k++) {
			struct connection *c = between(k ? "second" : "first", "192.0.2.1",
						       "10.1.0.0/24",
						       k ? "192.0.2.3" : "192.0.2.2",
						       "10.2.0.0/24");

			assert_int_equal(field_set(c, 0,
						   field_by_keyword(rows[i].keyword[k], false),
						   rows[i].text[k], NULL),
					 CYG_OK);
			l[k] = load(b->p, c);
		}
		put(b, l[0], SPD_TRAP);
		assert_int_equal(claim(b, l[1], &why), rows[i].apart ? CYG_OK : CYG_CONFLICT);
		for (int k = 0; k < 2; k++) {
			set(b, l[k], SPD_NONE);
			policy_remove(b->p, l[k], &b->out);
			table_apply(&b->table, &b->out);
		}
	}
}

static void one_pair_of_many_is_enough_to_clash(void **state)
{
	struct bench *b = *state;
	struct loaded *first = load(b->p,
				    between("first", "192.0.2.1", "10.1.0.0/24,10.7.0.0/24",
					    "192.0.2.2", "10.8.0.0/24,10.2.0.0/24"));
	struct loaded *second = tunnel(b, "second", "192.0.2.3");
	struct loaded *beside = load(b->p, between("beside", "192.0.2.1", "10.1.0.0/24",
						   "192.0.2.3", "10.3.0.0/24"));
	struct diag why;

	put(b, first, SPD_TRAP);
	assert_int_equal(claim(b, second, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.sentence, "10.1.0.0/24 === 10.2.0.0/24"));
	assert_int_equal(claim(b, beside, &why), CYG_OK);
}

/* A shunt shares its selectors with nobody, be it a tunnel to the address that it names. */
static void a_shunt_shares_nothing(void **state)
{
	struct bench *b = *state;
	struct connection *c = between("stop", "192.0.2.1", "10.1.0.0/24", "192.0.2.8",
				       "10.2.0.0/24");
	struct loaded *a = tunnel(b, "a", "192.0.2.8"), *stop;
	struct diag why;

	c->type = CONN_DROP;
	stop = load(b->p, c);
	put(b, stop, SPD_SHUNT);
	assert_int_equal(claim(b, a, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.sentence, "stop"));
	assert_non_null(strstr(why.got, "drops"));
	set(b, stop, SPD_NONE);
	put(b, a, SPD_TRAP);
	assert_int_equal(claim(b, stop, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.sentence, "connection a"));
}

static void ports_and_protocols_make_pairs_differ(void **state)
{
	struct bench *b = *state;
	struct connection *tcp = between("tcp", "192.0.2.1", "10.1.0.0/24", "192.0.2.3",
					 "10.2.0.0/24");
	struct connection *web = between("web", "192.0.2.1", "10.1.0.0/24", "192.0.2.4",
					 "10.2.0.0/24");

	tcp->end[0].proto = tcp->end[1].proto = 6;
	web->end[0].proto = web->end[1].proto = 6;
	web->end[1].port = 443;
	assert_int_equal(claim(b, tunnel(b, "all", "192.0.2.2"), NULL), CYG_OK);
	assert_int_equal(claim(b, load(b->p, tcp), NULL), CYG_OK);
	assert_int_equal(claim(b, load(b->p, web), NULL), CYG_OK);
}

static void unknown_selectors_are_not_claimed(void **state)
{
	struct bench *b = *state;
	struct loaded *road = load(b->p,
				   between("road", "192.0.2.1", "10.1.0.0/24", "%any", NULL));
	struct diag why;

	assert_int_equal(claim(b, road, &why), CYG_STATE);
	assert_string_equal(why.code, "selectors-unknown");
}

static void strangers_of_one_template_clash(void **state)
{
	struct bench *b = *state;
	struct loaded *t = load(b->p, between("t", "192.0.2.1", "10.1.0.0/24", "%any",
					      "10.2.0.0/24"));
	struct loaded *carol = instance(b, t, "198.51.100.1", "@carol");
	struct loaded *dave = instance(b, t, "198.51.100.2", "@dave");
	struct diag why;

	put(b, carol, SPD_PROTECT);
	assert_int_equal(claim(b, dave, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.got, "@carol"));
}

/* Two hosts behind one address are not one peer because of that. */
static void strangers_behind_one_nat_clash(void **state)
{
	struct bench *b = *state;
	struct loaded *t = load(b->p, between("t", "192.0.2.1", NULL, "%any", NULL));
	struct loaded *carol = instance(b, t, "198.51.100.1", "@carol"), *dave;
	struct endpoint other_port = at("198.51.100.1", 1025);

	assert_int_equal(policy_instantiate(b->p, t, &t->local_addr, &other_port, id("@dave"),
					    &dave),
			 CYG_OK);
	put(b, carol, SPD_PROTECT);
	assert_int_equal(claim(b, dave, NULL), CYG_CONFLICT);
}

/* ---- giving way ---- */

static void the_newer_of_one_peers_connections_is_in_force(void **state)
{
	struct bench *b = *state;
	struct loaded *one = tunnel(b, "one", "192.0.2.2"),
		      *two = tunnel(b, "two", "192.0.2.2");

	put(b, one, SPD_PROTECT);
	put(b, two, SPD_PROTECT);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), two);
	/* Claiming again what one has, as a rekey does, changes nothing. */
	put(b, one, SPD_PROTECT);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), two);
	set(b, two, SPD_NONE);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), one);
	put(b, two, SPD_PROTECT);
	set(b, one, SPD_NONE);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), two);
}

/* An entry that only waits for a packet never takes what a tunnel carries, whichever came first. */
static void a_trap_stands_behind_a_tunnel(void **state)
{
	static const enum spd_state waiting[] = {SPD_TRAP, SPD_HOLD, SPD_FAILED};
	struct bench *b = *state;
	struct loaded *one = tunnel(b, "one", "192.0.2.2"),
		      *two = tunnel(b, "two", "192.0.2.2");

	one->routed = two->routed = true;
	for (size_t i = 0; i < COUNT_OF(waiting); i++) {
		test_row(i, "state %d", waiting[i]);
		put(b, one, SPD_PROTECT);
		put(b, two, waiting[i]);
		assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), one);
		assert_ptr_equal(policy_behind(b->p, one), two);
		assert_null(policy_behind(b->p, two));
		assert_ptr_equal(policy_ahead(b->p, two), one);
		assert_null(policy_ahead(b->p, one));
		assert_true(policy_entry_priority(one) < policy_entry_priority(two));
		/* The newer tunnel carries them, as ever; and when it is one no more, the other. */
		put(b, two, SPD_PROTECT);
		assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), two);
		put(b, two, waiting[i]);
		assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), one);
		/* One that is down for good leaves them to the trap. */
		set(b, one, SPD_NONE);
		assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), two);
		set(b, two, SPD_NONE);
	}
}

/* Nor does the trap beneath a tunnel that was narrowed. */
static void the_rest_of_a_tunnel_stands_behind_another_one(void **state)
{
	struct bench *b = *state;
	struct loaded *one = tunnel(b, "one", "192.0.2.2"),
		      *two = tunnel(b, "two", "192.0.2.2");

	one->routed = two->routed = true;
	put(b, one, SPD_PROTECT);
	put(b, two, SPD_TRAP);
	protect(b, two, "10.1.0.0/24", "10.2.0.128/25");
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.200"), two);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), one);
	assert_int_equal(met(b, "10.1.0.5", "10.2.0.5"), POLICY_PROTECT);
}

/* What a listing tells: who is in force next, in which order, since when. */
static void an_entry_tells_its_age_and_who_is_behind_it(void **state)
{
	struct bench *b = *state;
	struct loaded *one, *two, *t;

	policy_set_now(b->p, 5);
	one = tunnel(b, "one", "192.0.2.2");
	two = tunnel(b, "two", "192.0.2.2");
	t = load(b->p, between("t", "192.0.2.1", "10.1.0.0/24", "%any", "10.2.0.0/24"));
	assert_int_equal(one->loaded_at, 5);
	assert_int_equal(policy_entry_priority(one), 0);
	assert_null(policy_behind(b->p, one));
	policy_set_now(b->p, 7);
	put(b, one, SPD_PROTECT);
	assert_int_equal(one->spd_since, 7);
	assert_null(policy_behind(b->p, one));
	policy_set_now(b->p, 9);
	put(b, one, SPD_PROTECT);
	assert_int_equal(one->spd_since, 7);
	put(b, t, SPD_TRAP);
	put(b, two, SPD_PROTECT);
	assert_int_equal(two->spd_since, 9);
	assert_ptr_equal(policy_behind(b->p, two), one);
	assert_ptr_equal(policy_behind(b->p, one), t);
	assert_null(policy_behind(b->p, t));
	assert_true(policy_entry_priority(two) < policy_entry_priority(one));
	assert_true(policy_entry_priority(one) < policy_entry_priority(t));
	set(b, one, SPD_NONE);
	assert_ptr_equal(policy_behind(b->p, two), t);
	assert_int_equal(policy_entry_priority(one), 0);
}

static void a_road_warrior_comes_back_from_elsewhere(void **state)
{
	struct bench *b = *state;
	struct loaded *t = load(b->p, between("t", "192.0.2.1", "10.1.0.0/24", "%any",
					      "10.2.0.0/24"));
	struct loaded *before = instance(b, t, "198.51.100.1", "@carol");
	struct loaded *now = instance(b, t, "198.51.100.2", "@CAROL");

	assert_ptr_not_equal(before, now);
	put(b, before, SPD_PROTECT);
	put(b, now, SPD_PROTECT);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), now);
	policy_release(b->p, before, &b->out);
	table_apply(&b->table, &b->out);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), now);
}

static void a_template_waits_behind_its_instances(void **state)
{
	struct bench *b = *state;
	struct loaded *t = load(b->p, between("t", "192.0.2.1", "10.1.0.0/24", "%any",
					      "10.2.0.0/24"));
	struct loaded *carol = instance(b, t, "198.51.100.1", "@carol");
	struct loaded *fixed = tunnel(b, "fixed", "192.0.2.2");

	put(b, carol, SPD_PROTECT);
	t->routed = true;
	put(b, t, SPD_TRAP); /* after it, and beneath it all the same */
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), carol);
	set(b, carol, SPD_NONE);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), t);
	put(b, fixed, SPD_PROTECT);
	assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), fixed);
	policy_release(b->p, carol, &b->out);
}

static void many_returns_never_turn_the_order(void **state)
{
	struct bench *b = *state;
	struct loaded *t = load(b->p, between("t", "192.0.2.1", "10.1.0.0/24", "%any",
					      "10.2.0.0/24"));
	struct loaded *before = NULL;

	for (unsigned i = 0; i < 2000; i++) {
		struct loaded *now = instance(b, t, i % 2 ? "198.51.100.1" : "198.51.100.2",
					      "@carol");

		put(b, now, SPD_PROTECT);
		assert_ptr_equal(met_owner(b, "10.1.0.5", "10.2.0.5"), now);
		if (before)
			policy_release(b->p, before, &b->out);
		before = now;
	}
}

/* ---- narrowed ---- */

static void the_rest_of_a_routed_connection_stays_trapped(void **state)
{
	struct bench *b = *state;
	struct loaded *l = load(b->p, between("l", "192.0.2.1", "10.1.0.0/16", "192.0.2.2",
					      "10.2.0.0/16"));

	l->routed = true;
	put(b, l, SPD_TRAP);
	protect(b, l, "10.1.7.0/24", "10.2.7.0/24");
	assert_int_equal(met(b, "10.1.7.1", "10.2.7.1"), POLICY_PROTECT);
	assert_int_equal(met(b, "10.1.8.1", "10.2.8.1"), POLICY_TRAP);
	assert_ptr_equal(met_owner(b, "10.1.8.1", "10.2.8.1"), l);
	assert_non_null(table_route(&b->table, "10.2.0.0/16"));
	set(b, l, policy_resting(l, false));
	assert_int_equal(met(b, "10.1.7.1", "10.2.7.1"), POLICY_TRAP);
	assert_int_equal(b->table.entries_len, 1);
	assert_int_equal(l->spd_local.len, 0);
}

static void a_narrowed_part_of_a_list_comes_before_the_trap_beneath(void **state)
{
	struct bench *b = *state;
	struct loaded *l = load(b->p, between("l", "192.0.2.1", "10.1.0.0/24,10.3.0.0/24",
					      "192.0.2.2", "10.2.0.0/24"));

	l->routed = true;
	put(b, l, SPD_TRAP);
	protect(b, l, "10.3.0.0/24", "10.2.0.0/24");
	assert_int_equal(met(b, "10.3.0.1", "10.2.0.1"), POLICY_PROTECT);
	assert_int_equal(met(b, "10.1.0.1", "10.2.0.1"), POLICY_TRAP);
}

static void what_is_not_routed_leaves_no_trap(void **state)
{
	struct bench *b = *state;
	struct loaded *l = load(b->p, between("l", "192.0.2.1", "10.1.0.0/16", "192.0.2.2",
					      "10.2.0.0/16"));

	protect(b, l, "10.1.7.0/24", "10.2.7.0/24");
	assert_int_equal(b->table.entries_len, 1);
	assert_int_equal(met(b, "10.1.8.1", "10.2.8.1"), -1);
	assert_null(table_route(&b->table, "10.2.0.0/16"));
	assert_non_null(table_route(&b->table, "10.2.7.0/24"));
	set(b, l, policy_resting(l, false));
	assert_int_equal(b->table.entries_len, 0);
	assert_int_equal(b->table.routes_len, 0);
}

static void a_second_child_adds_its_selectors(void **state)
{
	struct bench *b = *state;
	struct loaded *l = load(b->p, between("l", "192.0.2.1", "10.1.0.0/16", "192.0.2.2",
					      "10.2.0.0/16"));

	protect(b, l, "10.1.7.0/24", "10.2.7.0/24");
	protect(b, l, "10.1.7.0/24", "10.2.8.0/24");
	assert_int_equal(met(b, "10.1.7.1", "10.2.7.1"), POLICY_PROTECT);
	assert_int_equal(met(b, "10.1.7.1", "10.2.8.1"), POLICY_PROTECT);
	/* What lies inside is there already. */
	protect(b, l, "10.1.7.0/25", "10.2.8.0/25");
	assert_int_equal(l->spd_local.len, 1);
	assert_int_equal(l->spd_remote.len, 2);
	/* No product of two sets: what lies between is protected as well. */
	protect(b, l, "10.1.9.0/24", "10.2.9.0/24");
	assert_int_equal(met(b, "10.1.9.1", "10.2.9.1"), POLICY_PROTECT);
	assert_int_equal(met(b, "10.1.7.1", "10.2.7.1"), POLICY_PROTECT);
	assert_int_equal(met(b, "10.1.7.1", "10.2.9.1"), POLICY_PROTECT);
}

/* What another connection has is not taken for that: then the newest alone is in force. */
static void a_second_child_takes_nothing_of_others(void **state)
{
	struct bench *b = *state;
	struct loaded *l = load(b->p, between("l", "192.0.2.1", "10.1.0.0/16", "192.0.2.2",
					      "10.2.0.0/16"));
	struct loaded *other = load(b->p, between("other", "192.0.2.1", "10.1.7.0/24",
						  "192.0.2.3", "10.2.9.0/24"));

	protect(b, l, "10.1.7.0/24", "10.2.7.0/24");
	protect(b, other, "10.1.7.0/24", "10.2.9.0/24");
	protect(b, l, "10.1.9.0/24", "10.2.9.0/24");
	assert_int_equal(met(b, "10.1.9.1", "10.2.9.1"), POLICY_PROTECT);
	assert_int_equal(met(b, "10.1.7.1", "10.2.7.1"), -1);
}

/* While it is narrowed, a routed connection keeps what it had as its own from others. */
static void narrowing_does_not_give_up_what_is_routed(void **state)
{
	struct bench *b = *state;
	struct loaded *l = tunnel(b, "l", "192.0.2.2"),
		      *other = tunnel(b, "other", "192.0.2.3");

	l->routed = true;
	put(b, l, SPD_TRAP);
	protect(b, l, "10.1.0.7/32", "10.2.0.7/32");
	assert_int_equal(claim(b, other, NULL), CYG_CONFLICT);
	l->routed = false;
	protect(b, l, "10.1.0.7/32", "10.2.0.7/32");
	assert_int_equal(claim(b, other, NULL), CYG_OK);
}

/* It was up, and is routed now: the trap comes, and what it is for is claimed. */
static void routing_what_is_up_traps_the_rest(void **state)
{
	struct bench *b = *state;
	struct loaded *l = tunnel(b, "l", "192.0.2.2"),
		      *other = tunnel(b, "other", "192.0.2.3");

	protect(b, l, "10.1.0.7/32", "10.2.0.7/32");
	l->routed = true;
	set(b, l, SPD_PROTECT);
	assert_int_equal(met(b, "10.1.0.7", "10.2.0.7"), POLICY_PROTECT);
	assert_int_equal(met(b, "10.1.0.8", "10.2.0.8"), POLICY_TRAP);
	assert_int_equal(claim(b, other, NULL), CYG_CONFLICT);
	l->routed = false;
	set(b, l, SPD_PROTECT);
	assert_int_equal(met(b, "10.1.0.8", "10.2.0.8"), -1);
}

static void coming_to_rest_leaves_others_what_they_took(void **state)
{
	struct bench *b = *state;
	struct loaded *l = tunnel(b, "l", "192.0.2.2"),
		      *other = tunnel(b, "other", "192.0.2.3");

	protect(b, l, "10.1.0.7/32", "10.2.0.7/32");
	put(b, other, SPD_PROTECT);
	set(b, l, SPD_HOLD);
	assert_int_equal(claim(b, other, NULL), CYG_OK);
}

/* ---- memory ---- */

struct trying {
	struct bench *b;
	struct loaded *l;
};

static bool claim_once(void *ctx)
{
	struct trying *t = ctx;
	struct ts_set before = t->l->spd_local;
	enum cyg_err err = policy_claim(t->b->p, t->l, &t->l->ts_local, &t->l->ts_remote, NULL);

	if (err)
		assert_ptr_equal(t->l->spd_local.items, before.items);
	return !err;
}

static void a_claim_without_memory_changes_nothing(void **state)
{
	struct bench *b = *state;
	struct trying t = {b, tunnel(b, "l", "192.0.2.2")};
	struct loaded *other = tunnel(b, "other", "192.0.2.3");

	protect(b, t.l, "10.1.0.7/32", "10.2.0.7/32");
	test_each_allocation_failing(claim_once, &t, true);
	assert_int_equal(claim(b, other, NULL), CYG_CONFLICT);
}

static bool set_once(void *ctx)
{
	struct trying *t = ctx;
	bool well;

	t->l->routed = true;
	well = policy_claim(t->b->p, t->l, &t->l->ts_local, &t->l->ts_remote, NULL) == CYG_OK;
	policy_set_spd(t->b->p, t->l, SPD_TRAP, 0, &t->b->out);
	policy_set_spd(t->b->p, t->l, SPD_PROTECT, 0, &t->b->out);
	policy_set_spd(t->b->p, t->l, SPD_NONE, 0, &t->b->out);
	well = well && !t->b->out.bad;
	actions_done(&t->b->out);
	return well;
}

static void states_without_memory_say_so(void **state)
{
	struct bench *b = *state;
	struct trying t = {b, load(b->p, between("l", "192.0.2.1", "10.1.0.0/24,10.3.0.0/24",
						 "192.0.2.2", "10.2.0.0/24"))};

	test_each_allocation_failing(set_once, &t, true);
}

/* ---- at random ---- */

/* Whatever happens to eight connections, what stands in the plane is what their states say. */
static void what_stands_follows_the_states(void **state)
{
	static const char *const peers[] = {"192.0.2.2", "192.0.2.3"};
	struct bench *b = *state;
	struct entropy_seeded seeded;
	struct entropy e = entropy_seed(&seeded, 7);
	struct loaded *all[8];

	for (int i = 0; i < 8; i++) {
		char name[8] = {'c', (char)('0' + i), 0};

		all[i] = load(b->p, between(name, "192.0.2.1",
					    i & 2 ? "10.1.0.0/16" : "10.1.0.0/24", peers[i & 1],
					    i & 4 ? "10.2.0.0/16,10.4.0.0/24" : "10.2.0.0/24"));
	}
	for (int round = 0; round < 3000; round++) {
		struct loaded *l = all[entropy_below(&e, 8)];
		bool standing[8], well;
		size_t count = 0;

		l->routed = entropy_below(&e, 2);
		switch (entropy_below(&e, 4)) {
		case 0:
			set(b, l, SPD_NONE);
			break;
		case 1:
			if (claim(b, l, NULL) == CYG_OK)
				set(b, l, SPD_TRAP);
			break;
		case 2:
			if (claim(b, l, NULL) == CYG_OK)
				set(b, l, SPD_PROTECT);
			break;
		default:
			if (l->spd == SPD_PROTECT)
				set(b, l, policy_resting(l, false));
		}
		for (int i = 0; i < 8; i++) {
			standing[i] = all[i]->spd != SPD_NONE;
			count += standing[i];
		}
		assert_int_equal(b->table.entries_len, count);
		assert_int_equal(b->table.gaps, 0);
		well = table_route(&b->table, "10.4.0.0/24");
		assert_true(well == (standing[4] || standing[5] || standing[6] || standing[7]));
		well = table_route(&b->table, "10.2.0.0/24");
		assert_true(well == (standing[0] || standing[1] || standing[2] || standing[3]));
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(a_pair_belongs_to_one_peer),
		T(marks_and_interfaces_make_pairs_differ),
		T(one_pair_of_many_is_enough_to_clash),
		T(unknown_selectors_are_not_claimed),
		T(strangers_of_one_template_clash),
		T(strangers_behind_one_nat_clash),
		T(a_claim_without_memory_changes_nothing),
		T(states_without_memory_say_so),
		T(a_shunt_shares_nothing),
		T(ports_and_protocols_make_pairs_differ),
		T(the_newer_of_one_peers_connections_is_in_force),
		T(a_trap_stands_behind_a_tunnel),
		T(the_rest_of_a_tunnel_stands_behind_another_one),
		T(an_entry_tells_its_age_and_who_is_behind_it),
		T(a_road_warrior_comes_back_from_elsewhere),
		T(a_template_waits_behind_its_instances),
		T(many_returns_never_turn_the_order),
		T(the_rest_of_a_routed_connection_stays_trapped),
		T(a_narrowed_part_of_a_list_comes_before_the_trap_beneath),
		T(what_is_not_routed_leaves_no_trap),
		T(a_second_child_adds_its_selectors),
		T(a_second_child_takes_nothing_of_others),
		T(narrowing_does_not_give_up_what_is_routed),
		T(routing_what_is_up_traps_the_rest),
		T(coming_to_rest_leaves_others_what_they_took),
		T(what_stands_follows_the_states),
	};
#undef T

	return RUN_TESTS("policy/spd", tests);
}
