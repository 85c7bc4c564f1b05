/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/updown_journal.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char path[64];
	int folder;
	struct text left; /* "NAME " or "NAME^ " when it was up */
};

static void on_left(void *ctx, const char *connection, bool up)
{
	text_add(ctx, "%s%s ", connection, up ? "^" : "");
}

static struct fixture *start(void)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	strcpy(f.path, "/tmp/cygnet-journal-XXXXXX");
	assert_non_null(mkdtemp(f.path));
	f.folder = open(f.path, O_RDONLY | O_DIRECTORY);
	assert_true(f.folder >= 0);
	return &f;
}

static void stop(struct fixture *f)
{
	unlinkat(f->folder, JOURNAL_FILE, 0);
	close(f->folder);
	assert_int_equal(rmdir(f->path), 0);
	text_done(&f->left);
}

static struct journal *opened(struct fixture *f)
{
	struct journal *j;

	text_clear(&f->left);
	assert_int_equal(journal_open(f->folder, &j, on_left, &f->left), CYG_OK);
	return j;
}

static void note(struct journal *j, uint32_t place, const char *name, uint32_t instance,
		 enum updown_verb verb)
{
	struct connection *c = connection_new(name);
	struct updown u = {.verb = (uint8_t)verb,
			   .place = place,
			   .instance = instance,
			   .connection = c};

	assert_true(journal_note(j, &u));
	connection_unref(c);
}

static void put(struct fixture *f, const char *text)
{
	int fd = openat(f->folder, JOURNAL_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static off_t size(struct fixture *f)
{
	struct stat st;

	return fstatat(f->folder, JOURNAL_FILE, &st, 0) ? -1 : st.st_size;
}

static void rubbish_is_skipped(void **state)
{
	static const struct {
		const char *text, *left;
	} rows[] = {
		{"", ""},
		{"\n\n", ""},
		{"+", ""},
		{"+ x office\n", ""},
		{"+ 99999999999 office\n", ""},
		{"^ 2 \n- 2 \n", ""},
		{"! 2 office\n", ""},
		{"+ 2 office\n+ 4 cut", "office "},
		{"+ 2 office\nnonsense\n^ 2 \n", "office^ "},
		{"+ 2 office\n+ 2 again\n^ 2 \nv 2 \n", "office "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct fixture *f = start();

		test_row(i, "%s", rows[i].text);
		put(f, rows[i].text);
		journal_close(opened(f));
		assert_string_equal(text_str(&f->left), rows[i].left);
		stop(f);
	}
}

static void what_was_not_undone_is_told_once(void **state)
{
	struct fixture *f = start();
	struct journal *j = opened(f), *next, *after;

	(void)state;
	note(j, 2, "office", 0, UPDOWN_PREPARE);
	note(j, 2, "office", 0, UPDOWN_ROUTE);
	note(j, 4, "road", 3, UPDOWN_ROUTE);
	note(j, 4, "road", 3, UPDOWN_UP);
	note(j, 6, "gone", 0, UPDOWN_ROUTE);
	note(j, 6, "gone", 0, UPDOWN_UP);
	note(j, 6, "gone", 0, UPDOWN_DOWN);
	note(j, 6, "gone", 0, UPDOWN_UNROUTE);
	/* Killed: its file is found as it was. */
	next = opened(f);
	assert_string_equal(text_str(&f->left), "office road[3]^ ");
	after = opened(f);
	assert_string_equal(text_str(&f->left), "");
	journal_close(j);
	journal_close(next);
	journal_close(after);
	assert_int_equal(size(f), -1);
	stop(f);
}

static void it_does_not_grow(void **state)
{
	struct fixture *f = start();
	struct journal *j = opened(f), *next;

	(void)state;
	note(j, 2, "office", 0, UPDOWN_ROUTE);
	note(j, 2, "office", 0, UPDOWN_UP);
	for (int i = 0; i < 5000; i++) {
		note(j, 4, "flapping", 0, UPDOWN_ROUTE);
		note(j, 4, "flapping", 0, UPDOWN_UNROUTE);
	}
	assert_in_range(size(f), 1, 30000);
	next = opened(f);
	assert_string_equal(text_str(&f->left), "office^ ");
	journal_close(j);
	journal_close(next);
	stop(f);
}

static void a_link_is_not_followed(void **state)
{
	struct fixture *f = start();
	struct journal *j;

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", f->folder, JOURNAL_FILE), 0);
	j = opened(f); /* it takes the link's place */
	assert_string_equal(text_str(&f->left), "");
	assert_int_equal(size(f), 0);
	journal_close(j);
	stop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rubbish_is_skipped),
		cmocka_unit_test(what_was_not_undone_is_told_once),
		cmocka_unit_test(it_does_not_grow),
		cmocka_unit_test(a_link_is_not_followed),
	};

	return RUN_TESTS("pluto/updown_journal", tests);
}
