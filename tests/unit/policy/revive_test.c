/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

static struct loaded *wanted(struct policy *p, const char *name, uint32_t tries)
{
	struct connection *c = between(name, "192.0.2.1", NULL, "192.0.2.2", NULL);
	struct loaded *l;

	c->keying_tries = tries;
	l = load(p, c);
	l->want_up = true;
	return l;
}

static void nobody_wants_it_up(void **state)
{
	struct policy *p = database();
	struct loaded *l = wanted(p, "a", 0);

	assert_true(policy_failed(p, l, 1, false));
	l->want_up = false;
	assert_false(policy_failed(p, l, 1, false)); /* and what was planned is off */
	assert_int_equal(policy_deadline(p), NSEC_NEVER);
	assert_int_equal(l->retry_at, NSEC_NEVER);
	assert_null(policy_due(p, NSEC_NEVER - 1));
	policy_free(p);
}

static void tries_come_to_an_end(void **state)
{
	struct policy *p = database();
	struct loaded *l = wanted(p, "a", 3);

	for (int series = 0; series < 2; series++) {
		assert_true(policy_failed(p, l, 1, false));
		assert_true(policy_failed(p, l, 1, false));
		assert_int_equal(l->tries, 2);
		assert_false(policy_failed(p, l, 1, false));
		assert_int_equal(policy_deadline(p), NSEC_NEVER);
	}
	policy_free(p);
}

static void failures_are_retried_ever_later(void **state)
{
	static const unsigned seconds[] = {5, 10, 20, 40, 80, 160, 300, 300, 300};
	struct policy *p = database();
	struct loaded *l = wanted(p, "a", 0);
	nsec now = 1000;

	for (size_t i = 0; i < COUNT_OF(seconds); i++) {
		nsec pause = seconds[i] * NSEC_PER_SEC;

		test_row(i, "%u s", seconds[i]);
		assert_true(policy_failed(p, l, now, false));
		assert_int_equal(l->retry_at, policy_deadline(p));
		assert_in_range(l->retry_at - now, pause, pause + pause / 10);
		assert_null(policy_due(p, l->retry_at - 1));
		now = l->retry_at;
		assert_ptr_equal(policy_due(p, now), l);
		assert_int_equal(policy_deadline(p), NSEC_NEVER);
		assert_int_equal(l->retry_at, NSEC_NEVER);
	}
	policy_came_up(p, l);
	assert_int_equal(l->tries, 0);
	assert_true(policy_failed(p, l, now, false));
	assert_true(l->retry_at - now < 6 * NSEC_PER_SEC);
	policy_free(p);
}

static void what_was_lost_is_tried_at_once(void **state)
{
	struct policy *p = database();
	struct loaded *l = wanted(p, "a", 1);

	assert_true(policy_failed(p, l, 77, true));
	assert_int_equal(policy_deadline(p), 77);
	assert_ptr_equal(policy_due(p, 77), l);
	assert_false(policy_failed(p, l, 78, false));
	policy_free(p);
}

static void coming_up_calls_the_retry_off(void **state)
{
	struct policy *p = database();
	struct loaded *l = wanted(p, "a", 0);
	struct actions out = {0};

	assert_true(policy_failed(p, l, 1, false));
	policy_came_up(p, l);
	assert_int_equal(policy_deadline(p), NSEC_NEVER);
	assert_true(policy_failed(p, l, 1, false));
	policy_remove(p, l, &out);
	assert_int_equal(policy_deadline(p), NSEC_NEVER);
	actions_done(&out);
	policy_free(p);
}

/* Those that fail together do not call together again, and each comes due once. */
static void many_are_spread(void **state)
{
	struct policy *p = database();
	nsec first, last = 0;
	size_t due = 0;

	for (unsigned i = 0; i < 1000; i++) {
		char name[8];

		snprintf(name, sizeof(name), "c%u", i);
		assert_true(policy_failed(p, wanted(p, name, 0), 0, false));
	}
	first = policy_deadline(p);
	for (nsec at; (at = policy_deadline(p)) != NSEC_NEVER; due++) {
		assert_true(at >= last);
		last = at;
		assert_non_null(policy_due(p, at));
	}
	assert_int_equal(due, 1000);
	assert_true(last - first > 400 * NSEC_PER_MS);
	policy_free(p);
}

struct failing {
	struct policy *p;
	struct loaded *all[100];
};

static bool fail_all(void *ctx)
{
	struct failing *f = ctx;
	void *volatile last;

	for (size_t i = 0; i < COUNT_OF(f->all); i++) {
		assert_true(policy_failed(f->p, f->all[i], 5, true));
		assert_int_equal(f->all[i]->retry_at, 5);
	}
	last = malloc(1); /* the first one there is: all before it went well */
	free(last);
	return true;
}

/* What was loaded can always be planned anew. */
static void a_retry_takes_no_memory(void **state)
{
	struct failing f = {.p = database()};
	char name[8];

	for (unsigned i = 0; i < COUNT_OF(f.all); i++) {
		snprintf(name, sizeof(name), "c%u", i);
		f.all[i] = wanted(f.p, name, 0);
	}
	test_each_allocation_failing(fail_all, &f, true);
	policy_free(f.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_wants_it_up),
		cmocka_unit_test(tries_come_to_an_end),
		cmocka_unit_test(failures_are_retried_ever_later),
		cmocka_unit_test(what_was_lost_is_tried_at_once),
		cmocka_unit_test(coming_up_calls_the_retry_off),
		cmocka_unit_test(many_are_spread),
		cmocka_unit_test(a_retry_takes_no_memory),
	};

	return RUN_TESTS("policy/revive", tests);
}
