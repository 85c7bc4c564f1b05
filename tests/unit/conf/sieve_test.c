/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a file and what is left out, wherever the windows on it end. */
#include "conf/sieve.h"

#include "base/text.h"
#include "conf/file.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The lines that are kept, each with its number; then what is left out, up to the end or a line. */
static const struct {
	const char *text, *kept;
} rows[] = {
	{"", ""},
	{"conn b\n\tx=1\n", "1 b..;"},
	{"conn a\n\tx=1\nconn b\n\ty=1\n", "1:conn a|2:\tx=1|3 b..;"},
	{"\n#c\nconn b\n\n  y=1\n#conn c\n\nconn a\n\tz=1", "1:|2:#c|8:conn a|9:\tz=1|3 b..8;"},
	{"conn b\r\n\tx=1\r\n\r\nconn a\r\n\ty=1\r\n", "4:conn a\r|5:\ty=1\r|1 b..4;"},
	{"conn ab\n\tx\nconn  a \n\tx\nconn\ta\n\ty\n",
	 "3:conn  a |4:\tx|5:conn\ta|6:\ty|1 ab..3;"},
	{"conn b\n\tx\nconfig setup\n\ty\nca c\n\tx\nconn %default\n\tz\n",
	 "3:config setup|4:\ty|7:conn %default|8:\tz|1 b..3;5 ?..7;"},
	{"conn \"b\"\n\tx\nCONN b\n\tx\nconn\n\tx\n",
	 "1:conn \"b\"|2:\tx|3:CONN b|4:\tx|5:conn|6:\tx|"},
	/* a parameter in column 1 is a fault of the section, anything else ends it */
	{"conn b\nx=1\n\ty\nwhat\n\tz\n", "4:what|5:\tz|1 b..4;"},
	{"conn b\n\tx\ninclude f\n\ty\n", "3:include f|4:\ty|1 b..3;"},
	/* lines that are joined begin nothing, those that are not do */
	{"conn b\n\tx=\"1\\\nconn a\\\r\nconn a\"\nconn c\n\tx\n", "1 b..5;5 c..;"},
	{"conn b\n\tx=\"1\\\nconn a\n\ty\n", "3:conn a|4:\ty|1 b..3;"},
	{"conn b\n\tx=\\\nconn a\n\ty\n", "3:conn a|4:\ty|1 b..3;"},
	{"conn a\n\tx=\"1\\\nconn b\"\nconn c\n", "1:conn a|2:\tx=\"1\\|3:conn b\"|4 c..;"},
	{"conn b\n\tx=\"1\\\nconn a\"", "1 b..;"},
	{BYTE_ORDER_MARK "conn b\n\tx\nconn a\n", "1:" BYTE_ORDER_MARK "|3:conn a|1 b..3;"},
	{"conn a-name-of-more-than-sixteen-octets\n\tx=1\nconn a\n",
	 "3:conn a|1 a-name-of-more-than-sixteen-octets..3;"},
	{"conn c\n\tleftid=\"a line of more than sixteen octets\"\n\trightid=\"and one more\"\n"
	 "conn a\n\tx\n",
	 "4:conn a|5:\tx|1 c..4;"},
};

static const struct view name_a = {(const uint8_t *)"a", 1};
static const struct asked asked = {&name_a, 1};

/* The lines of a stretch, each with its number. */
static void tell_stretch(const struct sieved *s, const struct stretch *t, struct text *out)
{
	const char *at, *end, *nl;
	unsigned line = t->line;

	if (!t->len)
		return;
	at = (const char *)s->text.ptr + t->at;
	end = at + t->len;
	for (; at < end; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(end - at));
		nl = nl ? nl : end;
		text_add(out, "%u:%.*s|", line++, (int)(nl - at), at);
	}
}

static void tell_left(const char *text, const struct left_out *left, struct text *out)
{
	const char *name = text + left->at + strlen("conn ");
	size_t len = strcspn(name, " \t\r\n");
	struct view v = view_of(name, len);

	assert_true(left->hash == 0 || left->hash == sieve_hash(v));
	text_add(out, "%u %.*s..", left->line, left->hash ? (int)len : 1,
		 left->hash ? name : "?");
	if (text[left[1].at])
		text_add(out, "%u", left[1].line);
	text_add_char(out, ';');
}

static char *told(const char *text, const struct sieved *s)
{
	struct text out = {0};

	for (size_t i = 0; i < s->len; i++)
		tell_stretch(s, &s->stretches[i], &out);
	for (size_t i = 0; i + 1 < s->left_len; i++) {
		bool is_end = !s->left[i].hash && strncmp(text + s->left[i].at, "ca ", 3) != 0;

		if (!is_end)
			tell_left(text, &s->left[i], &out);
	}
	return text_take(&out);
}

/* Windows as a buffer of `size` octets gives them, growing where a line is longer. */
static void sieve_in_windows(const char *text, size_t size, struct sieved *ret)
{
	size_t len = strlen(text), at = 0, have = 0, used;
	struct sieve s;

	sieve_begin(&s, &asked, ret);
	while (have < len) {
		have = s.needs_all || len - have < size ? len : have + size;
		at += sieve_window(&s, view_of(text + at, have - at), false);
	}
	used = sieve_window(&s, view_of(text + at, len - at), true);
	assert_int_equal(used, len - at);
	assert_int_equal(sieve_end(&s), CYG_OK);
}

static void windows_of_any_size_keep_the_same(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t size = 1; size < 80; size++) {
			struct sieved s = {0};
			char *got;

			test_row(i, "windows of %zu octets", size);
			sieve_in_windows(rows[i].text, size, &s);
			got = told(rows[i].text, &s);
			assert_string_equal(got, rows[i].kept);
			free(got);
			sieved_done(&s);
		}
	}
}

static void a_text_in_memory_keeps_the_same(void **state)
{
	for (size_t i = 1; i < COUNT_OF(rows); i++) {
		struct bytes copy;
		struct sieved s;
		char *got;

		test_row(i, "in memory");
		assert_true(bytes_copy(&copy, view_str(rows[i].text)));
		assert_int_equal(sieve_text(&copy, &asked, &s), CYG_OK);
		assert_null(copy.ptr);
		got = told(rows[i].text, &s);
		assert_string_equal(got, rows[i].kept);
		free(got);
		sieved_done(&s);
	}
}

/* A file of `octets` and more: b, very many others, a. */
static void write_large(const char *path, size_t octets)
{
	FILE *f = fopen(path, "w");
	long at;

	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fputs("conn b\n\tmtu=1400\n", f);
	for (unsigned i = 0; (at = ftell(f)) >= 0 && (size_t)at < octets; i++)
		fprintf(f, "conn other%u\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\n", i);
	fputs("conn a\n\talso=b\n", f);
	fclose(f);
}

static void a_file_is_read_in_windows_and_again_where_it_is_asked_for(void **state)
{
	char path[] = "/tmp/sieve_test.XXXXXX";
	int fd = mkstemp(path);
	struct input in = {.path = path};
	struct problems problems = {0};
	struct sieved s;
	struct diag why;

	assert_true(fd >= 0);
	close(fd);
	write_large(path, 1 << 20);
	assert_int_equal(sieve_file(&in, &asked, 2 << 20, &s, &problems, &why), CYG_OK);
	assert_view_equal(view_bytes(&s.text), LITERAL("conn a\n\talso=b\n"));
	assert_int_equal(s.left[0].hash, sieve_hash(view_str("b")));
	assert_int_equal(sieve_take(&s, path, &s.left[0], &why), CYG_OK);
	assert_view_equal(view_bytes(&s.text),
			  LITERAL("conn a\n\talso=b\nconn b\n\tmtu=1400\n"));
	assert_int_equal(s.stretches[s.len - 1].line, 1);
	write_large(path, 1 << 19);
	diag_clear(&why);
	assert_int_equal(sieve_take(&s, path, &s.left[0], &why), CYG_IO);
	assert_non_null(strstr(why.sentence, "changed while it was read"));
	sieved_done(&s);
	assert_int_equal(sieve_file(&in, &asked, 1 << 18, &s, &problems, &why), CYG_LIMIT);
	unlink(path);
	assert_int_equal(sieve_file(&in, &asked, 1 << 18, &s, &problems, &why), CYG_IO);
	problems_done(&problems);
}

static bool sieve_once(void *ctx)
{
	struct input in = {.path = ctx};
	struct sieved s;
	struct diag why;

	if (sieve_file(&in, &asked, 2 << 20, &s, NULL, &why))
		return false;
	sieved_done(&s);
	return true;
}

static void memory_may_run_out(void **state)
{
	char path[] = "/tmp/sieve_test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_large(path, 1 << 16);
	test_each_allocation_failing(sieve_once, path, false);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_of_any_size_keep_the_same),
		cmocka_unit_test(a_text_in_memory_keeps_the_same),
		cmocka_unit_test(a_file_is_read_in_windows_and_again_where_it_is_asked_for),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
