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
	rundir_close(&dir, false);
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
	struct predecessors p;

	predecessors_recall(&dir, &p);
	assert_int_equal(p.len, 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i]);
		assert_int_equal(rundir_write(&dir, RUNDIR_PLANE, rows[i], &why), CYG_OK);
		predecessors_recall(&dir, &p);
		assert_int_equal(p.len, 0);
	}
}

static void check_noted(const struct predecessors *wanted)
{
	struct predecessors p;

	assert_int_equal(predecessors_note(&dir, wanted, &why), CYG_OK);
	predecessors_recall(&dir, &p);
	assert_int_equal(p.len, wanted->len);
	for (size_t i = 0; i < p.len; i++) {
		assert_string_equal(p.all[i].plane, wanted->all[i].plane);
		assert_int_equal(p.all[i].instance, wanted->all[i].instance);
	}
}

static void what_is_noted_is_recalled(void **state)
{
	struct predecessors p = {0};

	check_noted(&p);
	predecessors_add(&p, "esp", 0);
	check_noted(&p);
	predecessors_add(&p, "xfrm", 0);
	predecessors_add(&p, "esp", 255);
	assert_int_equal(p.len, 3);
	assert_string_equal(p.all[1].plane, "xfrm");
	check_noted(&p);
	/* One that is there already comes to the front. */
	predecessors_add(&p, "esp", 0);
	assert_int_equal(p.len, 3);
	assert_string_equal(p.all[2].plane, "xfrm");
	for (unsigned i = 10; i < 10 + 2 * PREDECESSORS_MAX; i++)
		predecessors_add(&p, "esp", i);
	assert_int_equal(p.len, PREDECESSORS_MAX);
	assert_int_equal(p.all[0].instance, 9 + 2 * PREDECESSORS_MAX);
	check_noted(&p);
}

/* What moves no packets leaves nothing to remove; the first is our own, and stays. */
static void the_others_are_removed_once_all_is_settled(void **state)
{
	struct predecessors p = {0};

	assert_int_equal(predecessors_clean_others(&p, NULL, &why), CYG_OK);
	assert_int_equal(p.len, 0);
	predecessors_add(&p, "memory", 3);
	predecessors_add(&p, "memory", 4);
	predecessors_add(&p, "esp", 7);
	assert_int_equal(predecessors_clean_others(&p, NULL, &why), CYG_OK);
	assert_int_equal(p.len, 1);
	assert_string_equal(p.all[0].plane, "esp");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_that_is_not_as_we_write_it_says_nothing,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_noted_is_recalled, setup, teardown),
		cmocka_unit_test_setup_teardown(the_others_are_removed_once_all_is_settled,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
