/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/lookup.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <string.h>

static void without_time_nothing_is_answered(void **state)
{
	struct lookup l = {0};

	assert_true(lookup_add(&l, "localhost"));
	lookup_run(&l, 0);
	assert_false(lookup_find(&l, "localhost")->answered);
	assert_null(lookup_find(&l, "elsewhere"));
	lookup_done(&l);
	lookup_run(&l, 0); /* of none */
	lookup_done(&l);
}

static void names_that_there_are_not_have_an_error(void **state)
{
	const struct lookup_name *n;
	struct lookup l = {0};

	assert_true(lookup_add(&l, "no blanks in names.invalid"));
	lookup_run(&l, 20000);
	n = lookup_find(&l, "no blanks in names.invalid");
	assert_true(n->answered);
	assert_int_not_equal(n->error, 0);
	assert_int_equal(n->len, 0);
	lookup_done(&l);
}

/* More than there are threads, each once; addresses need no server. */
static void many_are_looked_up_at_once(void **state)
{
	struct lookup l = {0};
	char name[32], text[IP_TEXT_MAX];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "192.0.2.%u", i % 50);
		assert_true(lookup_add(&l, name));
	}
	assert_int_equal(l.len, 50);
	lookup_run(&l, 20000);
	for (unsigned i = 0; i < 50; i++) {
		const struct lookup_name *n;

		snprintf(name, sizeof(name), "192.0.2.%u", i);
		n = lookup_find(&l, name);
		assert_true(n->answered);
		assert_int_equal(n->error, 0);
		assert_int_equal(n->len, 1);
		assert_string_equal(ip_print(&n->addrs[0], text), name);
	}
	lookup_done(&l);
}

static bool add_some(void *ctx)
{
	struct lookup l = {0};
	bool well = lookup_add(&l, "a") && lookup_add(&l, "b") && lookup_add(&l, "a");

	assert_true(!well || l.len == 2);
	lookup_done(&l);
	return well;
}

static void short_memory_is_told(void **state)
{
	test_each_allocation_failing(add_some, NULL, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_time_nothing_is_answered),
		cmocka_unit_test(names_that_there_are_not_have_an_error),
		cmocka_unit_test(many_are_looked_up_at_once),
		cmocka_unit_test(short_memory_is_told),
	};

	return RUN_TESTS("ipsec/lookup", tests);
}
