/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/again.h"

#include "tests/unit/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], file[96];

static int setup(void **state)
{
	strcpy(folder, "/tmp/cygnet-again-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/pluto.routed", folder);
	return 0;
}

static int teardown(void **state)
{
	unlink(file);
	return rmdir(folder);
}

static void write_file(const char *text)
{
	FILE *f = fopen(file, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct again *read_all(void)
{
	int fd = open(folder, O_PATH | O_DIRECTORY);
	struct again *all = again_read(fd);

	close(fd);
	return all;
}

static void without_a_file_there_is_none(void **state)
{
	unlink(file);
	assert_null(read_all());
	assert_null(again_read(-1));
	assert_null(again_find(NULL, "office"));
	again_free(NULL);
}

/* Of a file that was cut short, what is no whole line is no name. */
static void whole_lines_are_names(void **state)
{
	static const struct {
		const char *text;
		unsigned count;
		const char *has, *lacks;
	} rows[] = {
		{"", 0, NULL, "office"},
		{"office", 0, NULL, "office"},
		{"\n", 0, NULL, ""},
		{"office\n", 1, "office", "offic"},
		{"office\nbranch\n", 2, "branch", "Branch"},
		{"office\nbran", 1, "office", "bran"},
		{"office\noffice\n", 1, "office", "office\n"},
		{"with blank\t# and more\n", 1, "with blank\t# and more", "with"},
		{"office\n\nbranch\n", 1, "office", "branch"}, /* not as pluto writes it */
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct again *all;

		test_row(i, "%s", rows[i].text);
		write_file(rows[i].text);
		all = read_all();
		assert_int_equal(HASH_COUNT(all), rows[i].count);
		if (rows[i].has) {
			assert_string_equal(again_find(all, rows[i].has)->name, rows[i].has);
			assert_false(again_find(all, rows[i].has)->found);
		}
		assert_null(again_find(all, rows[i].lacks));
		again_free(all);
	}
}

static void a_link_is_not_followed(void **state)
{
	char elsewhere[96];

	write_file("stranger\n");
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", folder);
	assert_int_equal(rename(file, elsewhere), 0);
	assert_int_equal(symlink("elsewhere", file), 0);
	assert_null(read_all());
	unlink(file);
	unlink(elsewhere);
}

static void one_is_taken_out(void **state)
{
	struct again *all;

	write_file("office\nbranch\n");
	all = read_all();
	again_drop(&all, again_find(all, "office"));
	assert_null(again_find(all, "office"));
	assert_non_null(again_find(all, "branch"));
	again_free(all);
}

static void very_many_are_read(void **state)
{
	FILE *f = fopen(file, "we");
	struct again *all;

	assert_non_null(f);
	for (unsigned i = 0; i < 20000; i++)
		fprintf(f, "peer%u\n", i);
	fclose(f);
	all = read_all();
	assert_int_equal(HASH_COUNT(all), 20000);
	assert_non_null(again_find(all, "peer19999"));
	again_free(all);
}

/* Each name more that memory is short for is left out, and nothing leaks. */
static bool read_each(void *ctx)
{
	struct again *all = read_all();
	bool whole = HASH_COUNT(all) == 3;

	again_free(all);
	return whole;
}

static void memory_may_run_out(void **state)
{
	write_file("a\nb\nc\n");
	test_each_allocation_failing(read_each, NULL, true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_there_is_none),
		cmocka_unit_test(whole_lines_are_names),
		cmocka_unit_test(a_link_is_not_followed),
		cmocka_unit_test(one_is_taken_out),
		cmocka_unit_test(very_many_are_read),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests_name("whack/again", tests, setup, teardown);
}
