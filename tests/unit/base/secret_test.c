/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "tests/unit/support/test.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void unequal_secrets(void **state)
{
	static const struct {
		struct view a, b;
	} rows[] = {
		{LITERAL("a"), LITERAL("b")},
		{LITERAL("a"), LITERAL("")},
		{LITERAL("secret"), LITERAL("secreT")},
		{LITERAL("Secret"), LITERAL("secret")},
		{LITERAL("secret"), LITERAL("secret\0")},
		/* Differences that an exclusive or over the whole would cancel out. */
		{LITERAL("\x01\x01"), LITERAL("\0\0")},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "unequal");
		assert_false(secret_equal(rows[i].a, rows[i].b));
		assert_false(secret_equal(rows[i].b, rows[i].a));
	}
}

static void equal_secrets(void **state)
{
	char copy[] = "a longer secret";

	assert_true(secret_equal(LITERAL("a longer secret"), view_of(copy, strlen(copy))));
	assert_true(secret_equal(view_of(NULL, 0), LITERAL("")));
}

static void wiping_leaves_zeroes_and_keeps_to_its_length(void **state)
{
	char text[] = "secret!";

	secret_wipe(text, 6);
	assert_memory_equal(text, "\0\0\0\0\0\0!", 8);
	secret_wipe(NULL, 0);
}

/* In a child, since it cannot be undone. */
static void dumps_are_forbidden(void **state)
{
	struct rlimit core;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		secret_forbid_dumps();
		getrlimit(RLIMIT_CORE, &core);
		_exit(prctl(PR_GET_DUMPABLE) == 0 && core.rlim_max == 0 ? 42 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unequal_secrets),
		cmocka_unit_test(equal_secrets),
		cmocka_unit_test(wiping_leaves_zeroes_and_keeps_to_its_length),
		cmocka_unit_test(dumps_are_forbidden),
	};

	return RUN_TESTS("base/secret", tests);
}
