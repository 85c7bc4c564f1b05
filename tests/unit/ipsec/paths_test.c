/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/paths.h"

#include "buildinfo.h"
#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void unset(void)
{
	unsetenv("IPSEC_CONFS");
	unsetenv("IPSEC_RUNDIR");
	unsetenv("IPSEC_EXECDIR");
}

static void too_long_is_refused(void **state)
{
	static const char *const names[] = {"IPSEC_CONFS", "IPSEC_RUNDIR", "IPSEC_EXECDIR"};
	struct paths p = {.confs = "as it was"};
	char folder[1100];

	memset(folder, 'x', sizeof(folder) - 1);
	folder[0] = '/';
	folder[sizeof(folder) - 1] = '\0';
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		unset();
		setenv(names[i], folder, 1);
		assert_false(paths_find(&p));
		assert_string_equal(p.confs, "as it was");
	}
	unset();
	assert_false(paths_join(folder, 8, "/12345", "7"));
	assert_true(paths_join(folder, 9, "/12345", "7"));
	assert_string_equal(folder, "/12345/7");
}

static void defaults(void **state)
{
	struct paths p;

	unset();
	assert_true(paths_find(&p));
	assert_string_equal(p.confs, CYGNET_CONFDIR);
	assert_string_equal(p.rundir, CYGNET_RUNDIR);
	assert_string_equal(p.execdir,
			    CYGNET_LIBEXECDIR); /* no pluto lies beside this program */
	assert_false(p.rundir_given);
	setenv("IPSEC_CONFS", "", 1);
	assert_true(paths_find(&p));
	assert_string_equal(p.confs, CYGNET_CONFDIR);
}

static void the_environment_counts(void **state)
{
	struct paths p, again;

	unset();
	setenv("IPSEC_CONFS", "/my conf//", 1);
	setenv("IPSEC_RUNDIR", "/", 1);
	setenv("IPSEC_EXECDIR", "/exec/", 1);
	assert_true(paths_find(&p));
	assert_string_equal(p.confs, "/my conf");
	assert_string_equal(p.rundir, "/");
	assert_string_equal(p.execdir, "/exec");
	assert_true(paths_export(&p));
	assert_string_equal(getenv("IPSEC_CONFS"), "/my conf");
	assert_true(paths_find(&again));
	assert_memory_equal(&p, &again, sizeof(p));
	unset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_long_is_refused),
		cmocka_unit_test(defaults),
		cmocka_unit_test(the_environment_counts),
	};

	return RUN_TESTS("ipsec/paths", tests);
}
