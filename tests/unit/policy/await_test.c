/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <string.h>

/* Versions that have no place yet. */

static struct connection *by_name(const char *peer)
{
	return between("a", "192.0.2.1", "10.1.0.0/24", peer, "10.2.0.0/24");
}

static void why_it_waits(void **state)
{
	static const struct {
		const char *left, *right, *why, *ends;
	} rows[] = {
		{"192.0.2.1", "peer.example", "the peer's name has no address yet",
		 "right=peer.example (not resolved yet)"},
		{"west.example", "192.0.2.2", "neither end is an address of this host",
		 "left=west.example (not resolved yet)"},
		{"192.0.2.77", "192.0.2.2", "neither end is an address of this host",
		 "left=192.0.2.77"},
		{"192.0.2.1", "192.0.2.2", NULL, NULL},
	};
	struct policy *p = database();

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c =
			between("a", rows[i].left, NULL, rows[i].right, "10.2.0.0/24");
		struct diag why;

		test_row(i, "%s...%s", rows[i].left, rows[i].right);
		diag_clear(&why);
		assert_int_equal(policy_explain_wait(p, c, &why), rows[i].why != NULL);
		if (rows[i].why) {
			assert_string_equal(why.sentence, rows[i].why);
			assert_non_null(strstr(why.got, rows[i].ends));
		}
		connection_unref(c);
	}
	policy_free(p);
}

/* It is ready once its name has an address, and the last one that was described counts. */
static void the_last_one_waits(void **state)
{
	struct policy *p = database();
	struct loaded *l = load(p, by_name("192.0.2.2"));
	struct connection *first = by_name("one.example"), *second = by_name("two.example");
	struct ip_addr a = addr("192.0.2.3");

	assert_false(policy_is_awaiting(p));
	connection_ref(first);
	assert_int_equal(policy_await(p, l, first), CYG_OK);
	assert_ptr_equal(policy_awaited(l), first);
	assert_int_equal(policy_await(p, l, second), CYG_OK);
	assert_ptr_equal(policy_awaited(l), second);
	assert_int_equal(first->refs, 1);
	policy_resolved(p, "one.example", &a, 1);
	assert_null(policy_find_ready(p));
	policy_resolved(p, "two.example", &a, 1);
	assert_ptr_equal(policy_find_ready(p), l);
	policy_await_no_more(p, l);
	assert_false(policy_is_awaiting(p));
	connection_unref(first);
	policy_free(p);
}

struct waiting {
	struct policy *p;
	struct loaded *l;
	struct connection *before, *next;
};

static bool await_once(void *ctx)
{
	struct waiting *w = ctx;

	connection_ref(w->next);
	if (policy_await(w->p, w->l, w->next)) {
		connection_unref(w->next);
		/* What was awaited before still is. */
		assert_ptr_equal(policy_awaited(w->l), w->before);
		assert_int_equal(w->next->refs, 1);
		return false;
	}
	assert_ptr_equal(policy_awaited(w->l), w->next);
	return true;
}

static void without_memory_what_was_awaited_is(void **state)
{
	struct waiting w = {.p = database(),
			    .before = by_name("one.example"),
			    .next = by_name("two.example")};

	w.l = load(w.p, by_name("192.0.2.2"));
	assert_int_equal(policy_await(w.p, w.l, w.before), CYG_OK);
	test_each_allocation_failing(await_once, &w, true);
	policy_free(w.p);
	assert_int_equal(w.next->refs, 1);
	connection_unref(w.next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(why_it_waits),
		cmocka_unit_test(the_last_one_waits),
		cmocka_unit_test(without_memory_what_was_awaited_is),
	};

	return RUN_TESTS("policy/await", tests);
}
