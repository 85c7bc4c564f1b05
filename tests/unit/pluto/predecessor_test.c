/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/predecessor.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static struct rundir dir;
static struct diag why;

static int setup(void **state)
{
	strcpy(folder, "/tmp/cygnet-before-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	return rundir_open(folder, &dir, &why) || rundir_lock(&dir, &why) ? -1 : 0;
}

static int teardown(void **state)
{
	rundir_close(&dir);
	return rmdir(folder);
}

static void a_file_that_is_not_as_we_write_it_says_nothing(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		"esp",
		"esp -1\n",
		"esp 256\n",
		"esp 99999999999\n",
		"esp x\n",
		"0 esp\n",
		"../../x 1\n",
		"averylongnamethatisnoplane 1\n",
	};
	struct predecessor p;

	predecessor_recall(&dir, &p);
	assert_string_equal(p.plane, "");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i]);
		assert_int_equal(rundir_write(&dir, RUNDIR_PLANE, rows[i], &why), CYG_OK);
		predecessor_recall(&dir, &p);
		assert_string_equal(p.plane, "");
		assert_int_equal(p.instance, 0);
	}
}

static void what_is_noted_is_recalled(void **state)
{
	static const struct predecessor rows[] = {{"esp", 0}, {"xfrm", 1}, {"memory", 255}};
	struct predecessor p;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(predecessor_note(&dir, &rows[i], &why), CYG_OK);
		predecessor_recall(&dir, &p);
		assert_string_equal(p.plane, rows[i].plane);
		assert_int_equal(p.instance, rows[i].instance);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_that_is_not_as_we_write_it_says_nothing,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_noted_is_recalled, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
