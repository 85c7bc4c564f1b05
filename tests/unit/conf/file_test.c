/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/file.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct problems problems;

static struct conf_file parse(const char *text)
{
	struct conf_file f = {0};

	memset(&problems, 0, sizeof(problems));
	assert_int_equal(conf_file_parse(view_str(text), "/nowhere/ipsec.conf", &f, &problems),
			 CYG_OK);
	return f;
}

static void done(struct conf_file *f)
{
	conf_file_done(f);
	problems_done(&problems);
}

static void faults_name_their_place(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *says;
	} rows[] = {
		{"con a\n", 1, 1, "begins no section"},
		{"left=1.2.3.4\n", 1, 1, "first column"},
		{"conn a\nleft=1.2.3.4\n", 2, 1, "first column"},
		{"\tleft=1.2.3.4\n", 1, 2, "in no section"},
		{"conn a\n  left 1.2.3.4\n", 2, 3, "expected keyword=value"},
		{"conn a\n  =x\n", 2, 3, "expected keyword=value"},
		{"conn a\n  left=\"1.2\n", 2, 8, "not closed"},
		{"conn a\n  left={1.2\n", 2, 8, "not closed"},
		{"conn a\n  left=\"a\" b\n", 2, 11, "follows the closing"},
		{"conn\n", 1, 5, "lacks its argument"},
		{"conn a b\n", 1, 8, "takes one argument"},
		{"config other\n", 1, 8, "there is no section"},
		{"conn \"a\n", 1, 6, "not closed"},
		{"conn a\n  left=\x01\n", 2, 8, "control character"},
		{"include\n", 1, 8, "lacks its argument"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf_file f = parse(rows[i].text);

		test_row(i, "%s", rows[i].text);
		assert_int_equal(problems.errors, 1);
		assert_int_equal(problems.items[0].diag.line, rows[i].line);
		assert_int_equal(problems.items[0].diag.column, rows[i].column);
		assert_string_equal(problems.items[0].diag.file, "/nowhere/ipsec.conf");
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		done(&f);
	}
}

static void a_fault_breaks_its_own_section_alone(void **state)
{
	struct conf_file f = parse("conn a\n  left=1\n  junk\nconn b\n  left=2\n");

	assert_int_equal(f.len, 2);
	assert_true(f.sections[0].broken);
	assert_false(f.sections[1].broken);
	done(&f);
	f = parse("conn a\n  left=1\nkonn b\n  left=2\n");
	assert_false(f.sections[0].broken);
	assert_int_equal(f.sections[0].len, 1);
	assert_true(f.sections[1].broken);
	assert_string_equal(f.sections[1].name, "");
	done(&f);
}

static void values_are_read_as_the_grammar_says(void **state)
{
	static const struct {
		const char *line, *keyword, *value;
	} rows[] = {
		{"  left=1.2.3.4", "left", "1.2.3.4"},
		{"\tLeft = 1.2.3.4  ", "left", "1.2.3.4"},
		{"  left=1.2.3.4 # comment", "left", "1.2.3.4"},
		{"  leftid=@#6162", "leftid", "@#6162"},
		{"  leftid=a#b", "leftid", "a#b"},
		{"  leftid=\"C=CH, O=a b\" # c", "leftid", "C=CH, O=a b"},
		{"  leftid=C=CH,  O=a   b", "leftid", "C=CH, O=a b"},
		{"  leftid=\"a # b\"", "leftid", "a # b"},
		{"  leftid=\"say \\\"x\\\"\"", "leftid", "say \"x\""},
		{"  leftsubnets={ 10.0.0.0/8 192.168.0.0/16 }", "leftsubnets",
		 "10.0.0.0/8 192.168.0.0/16"},
		{"  leftid=", "leftid", ""},
		{"  leftid=   # nothing", "leftid", ""},
		{"  x-note=a \"b # c", "x-note", "a \"b # c"},
		{"  left=1.2.3.4\r", "left", "1.2.3.4"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct param *p;
		char text[256];
		struct conf_file f;

		test_row(i, "%s", rows[i].line);
		snprintf(text, sizeof(text), "# head\n\nconn a\n%s", rows[i].line);
		f = parse(text);
		assert_int_equal(problems.len, 0);
		assert_int_equal(f.sections[0].len, 1);
		p = section_param(&f, &f.sections[0], 0);
		assert_string_equal(param_keyword(p), rows[i].keyword);
		assert_string_equal(p->value, rows[i].value);
		assert_int_equal(p->line, 4);
		done(&f);
	}
}

/* What strongSwan's quotes can have in them: escapes where dialect= says so, lines joined anywhere. */
static void quoted_values_go_on(void **state)
{
	static const struct {
		const char *setup, *line, *value;
		unsigned next; /* the line below it */
	} rows[] = {
		{"dialect=strongswan", "leftid=\"a\\\\b\"", "a\\b", 5},
		{"dialect=strongswan", "leftid=\"a\\tb\\x\"", "a\tbx", 5},
		{"dialect=\"strongswan\"", "leftid=\"\\\"\"", "\"", 5},
		{"dialect=any", "leftid=\"a\\\\b\\tc\"", "a\\\\b\\tc", 5},
		{"dialect=openswan", "leftid=\"CORP\\name\"", "CORP\\name", 5},
		{"dialect=strongswan", "leftid=\"C=CH, \\\nO=x\"", "C=CH, O=x", 6},
		{"dialect=any", "leftid=\"C=CH, \\\n  O=x\" # c", "C=CH,   O=x", 6},
		{"dialect=any", "leftid=\"a\\\r\n\\\\\\\nb\"\r", "a\\b", 7},
		{"dialect=any", "leftid=\"\\\nconn b\"", "conn b", 6},
		{"dialect=any", "leftid=a\\", "a\\", 5},
		{"dialect=any", "x-note=\"a\\", "\"a\\", 5},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct section *s;
		struct conf_file f;
		char text[256];

		test_row(i, "%s: %s", rows[i].setup, rows[i].line);
		snprintf(text, sizeof(text), "config setup\n %s\nconn a\n %s\n right=x",
			 rows[i].setup, rows[i].line);
		f = parse(text);
		assert_int_equal(problems.len, 0);
		assert_int_equal(f.len, 2);
		s = &f.sections[1];
		assert_int_equal(s->len, 2);
		assert_string_equal(section_param(&f, s, 0)->value, rows[i].value);
		assert_int_equal(section_param(&f, s, 0)->line, 4);
		assert_int_equal(section_param(&f, s, 1)->line, rows[i].next);
		done(&f);
	}
}

static void faults_of_quotes_stay_in_their_line(void **state)
{
	static const struct {
		const char *lines;
		const char *says, *hint;
	} rows[] = {
		{"leftid=\"a\\", "not closed", "in a backslash"},
		{"leftid=\"a\\\"", "not closed", "in a backslash"},
		{"leftid=\"a\\n\\\nb\"", "has \\n in it", "joins it"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[256];
		struct conf_file f;

		test_row(i, "%s", rows[i].lines);
		snprintf(text, sizeof(text), "conn a\n %s\nconn b\n  right=\"x\"\n",
			 rows[i].lines);
		f = parse(text);
		assert_int_equal(problems.len, 1);
		assert_int_equal(problems.items[0].diag.line, 2);
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		assert_non_null(strstr(problems.items[0].diag.hint, rows[i].hint));
		assert_int_equal(f.len, 2);
		assert_true(f.sections[0].broken);
		assert_false(f.sections[1].broken);
		assert_int_equal(f.sections[1].len, 1);
		done(&f);
	}
}

/* A fault in a later line of a value is shown where it stands. */
static void joined_lines_keep_their_places(void **state)
{
	struct conf_file f = parse("conn a\n leftid=\"a\\\nb\x01\"\n right=x\n");

	assert_int_equal(problems.len, 1);
	assert_int_equal(problems.items[0].diag.line, 3);
	assert_int_equal(problems.items[0].diag.column, 2);
	done(&f);
}

static void headers_open_sections(void **state)
{
	struct conf_file f = parse(
		"version 2.0\nconfig  setup\n  a=1\nconn %default\n  b=2\n\n  c=3\nca x # y\n"
		"CONN \"a b\"\n");

	assert_int_equal(problems.len, 0);
	assert_int_equal(f.len, 4);
	assert_int_equal(f.sections[0].kind, SECTION_SETUP);
	assert_string_equal(f.sections[1].name, "%default");
	assert_int_equal(f.sections[1].len, 2);
	assert_int_equal(f.sections[2].kind, SECTION_CA);
	assert_string_equal(f.sections[3].name, "a b");
	done(&f);
}

/* A folder of files that a test writes. */
static char folder[64];

static void write_file(const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static struct conf_file read_file(const char *name, enum cyg_err want)
{
	char path[256];
	struct conf_file f = {0};

	memset(&problems, 0, sizeof(problems));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(conf_file_read(path, &f, &problems), want);
	return f;
}

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/conf-file-test-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void files_that_cannot_be_trusted_are_refused(void **state)
{
	struct conf_file f;

	f = read_file("absent", CYG_IO);
	assert_int_equal(problems.errors, 1);
	done(&f);
	write_file("open", "conn a\n", 0666);
	f = read_file("open", CYG_PERM);
	assert_non_null(strstr(problems.items[0].diag.hint, "chmod"));
	done(&f);
	f = read_file("", CYG_IO); /* a folder */
	done(&f);
}

static void includes_are_followed(void **state)
{
	struct conf_file f;

	write_file("main",
		   "conn first\n  left=1\ninclude d*.conf\ninclude nothing-*.conf\nconn last\n",
		   0644);
	write_file("d1.conf", "conn one\n  left=2\n", 0644);
	write_file("d2.conf", "\tleft=2\n", 0644);
	f = read_file("main", CYG_OK);
	assert_int_equal(f.len, 3);
	assert_string_equal(f.sections[1].name, "one");
	assert_string_equal(f.sections[2].name, "last");
	assert_int_equal(problems.errors, 1); /* d2's line stands in no section */
	assert_non_null(strstr(problems.items[0].diag.file, "d2.conf"));
	done(&f);
}

static void includes_end(void **state)
{
	struct conf_file f;

	write_file("self", "include self\n", 0644);
	f = read_file("self", CYG_OK);
	assert_int_equal(problems.errors, 1);
	assert_non_null(strstr(problems.items[0].diag.sentence, "includes itself"));
	done(&f);
	write_file("a", "include b\n", 0644);
	write_file("b", "include a\n", 0644);
	f = read_file("a", CYG_OK);
	assert_int_equal(problems.errors, 1);
	done(&f);
	for (int i = 0; i < 12; i++) {
		char name[16], text[32];

		snprintf(name, sizeof(name), "n%d", i);
		snprintf(text, sizeof(text), "include n%d\n", i + 1);
		write_file(name, text, 0644);
	}
	f = read_file("n0", CYG_OK);
	assert_int_equal(problems.errors, 1);
	assert_non_null(strstr(problems.items[0].diag.sentence, "too deeply"));
	done(&f);
	write_file("gone", "include no-such-file\nconn a\n", 0644);
	f = read_file("gone", CYG_OK);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.len, 1);
	assert_int_equal(f.len, 1);
	done(&f);
}

/* ---- what no one wrote as configuration ---- */

static void octets_that_are_no_text(void **state)
{
	static const struct {
		struct view text;
		unsigned line, column;
		const char *says;
	} rows[] = {
		{LITERAL("conn a\n  left=1\0002\n  right=2\n"), 2, 9, "NUL"},
		{LITERAL("conn \0a\n"), 1, 6, "NUL"},
		{LITERAL("conn a\n  leftid=caf\xe9\n"), 2, 10, "not UTF-8"},
		{LITERAL("conn a\n  leftid=\"O=caf\xe9\"\n"), 2, 10, "not UTF-8"},
		{LITERAL("conn a\n  leftid=\xc0\xaf\n"), 2, 10, "not UTF-8"},
		{LITERAL("conn a\n  leftid=a\xe2\x80\xae"
			 "b\n"),
		 2, 10, "not UTF-8"},
		{LITERAL("conn caf\xe9\n"), 1, 6, "not UTF-8"},
		{LITERAL("conn a\n  left=\x1b[2J\n"), 2, 8, "control character"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf_file f = {0};

		test_row(i, "line %u", rows[i].line);
		memset(&problems, 0, sizeof(problems));
		assert_int_equal(conf_file_parse(rows[i].text, "x", &f, &problems), CYG_OK);
		assert_int_equal(problems.errors, 1);
		assert_int_equal(problems.items[0].diag.line, rows[i].line);
		assert_int_equal(problems.items[0].diag.column, rows[i].column);
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		assert_non_null(problems.items[0].line);
		assert_true(f.len && f.sections[0].broken);
		done(&f);
	}
}

static void comments_may_be_in_any_script(void **state)
{
	struct conf_file f = parse(
		"# caf\xe9\nconn caf\xc3\xa9\n  leftid=caf\xc3\xa9 # \xe9\n");

	assert_int_equal(problems.len, 0);
	assert_string_equal(f.sections[0].name, "caf\xc3\xa9");
	done(&f);
	f = parse("\xef\xbb\xbf"
		  "conn a\n  left=1\n");
	assert_int_equal(problems.len, 0);
	assert_int_equal(f.len, 1);
	done(&f);
}

/* A line of ten million octets, of which one complaint is kept. */
static void long_lines(void **state)
{
	static const struct {
		const char *before, *says;
	} rows[] = {
		{"conn a\n  leftid=", "65536 at most"},
		{"conn a\n  leftid=\"", "not closed"},
		{"conn a\n  ", "expected keyword=value"},
		{"conn ", "255 at most"},
		{"", "begins no section"},
		{"include ", "so long a name"},
	};
	size_t len = 10000000;
	char *text = malloc(len + 1);

	assert_non_null(text);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf_file f;
		size_t n = strlen(rows[i].before);

		test_row(i, "%s", rows[i].before);
		memset(text, 'a', len);
		memcpy(text, rows[i].before, n);
		text[len] = '\0';
		f = parse(text);
		assert_int_equal(problems.errors, 1);
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		assert_true(strlen(problems.items[0].line) < 4 * PROBLEM_LINE_MAX);
		done(&f);
	}
	free(text);
}

/* Many faults are counted, and not all kept. */
static void many_faults_are_bounded(void **state)
{
	struct text t = {0};
	struct conf_file f;

	text_add_str(&t, "conn a\n");
	for (int i = 0; i < 100000; i++)
		text_add_str(&t, "  junk\n");
	f = parse(text_str(&t));
	assert_int_equal(problems.errors, 100000);
	assert_int_equal(problems.len, PROBLEMS_MAX);
	done(&f);
	text_done(&t);
}

/* More sections than memory should go to: nothing is taken, and one complaint says why. */
static void too_many_sections(void **state)
{
	static const char line[] = "conn a\n";
	size_t n = CONF_SECTIONS_MAX + 10, len = sizeof(line) - 1;
	char *text = malloc(n * len);
	struct conf_file f = {0};

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, line, len);
	memset(&problems, 0, sizeof(problems));
	assert_int_equal(conf_file_parse(view_of(text, n * len), "x", &f, &problems),
			 CYG_LIMIT);
	assert_int_equal(problems.errors, 1);
	assert_int_equal(problems.items[0].diag.line, CONF_SECTIONS_MAX + 1);
	assert_non_null(strstr(problems.items[0].diag.sentence, "2000000 sections"));
	done(&f);
	free(text);
}

static void files_that_are_too_large(void **state)
{
	struct conf_file f;
	char path[256];

	write_file("huge", "conn a\n", 0644);
	snprintf(path, sizeof(path), "%s/huge", folder);
	assert_int_equal(truncate(path, 100 << 20), 0);
	f = read_file("huge", CYG_LIMIT);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.items[0].diag.code, "file-size");
	done(&f);
	write_file("main", "include huge\nconn b\n  left=1\n", 0644);
	f = read_file("main", CYG_OK);
	assert_int_equal(problems.errors, 1);
	assert_int_equal(problems.items[0].diag.line, 1);
	assert_string_equal(f.sections[0].name, "b");
	done(&f);
	f = (struct conf_file){0};
	memset(&problems, 0, sizeof(problems));
	assert_int_equal(conf_file_read("/dev/zero", &f, &problems), CYG_IO);
	done(&f);
}

/* A file of the kernel's says it has no octets, and then has some: what was read is not it. */
static void files_that_change_while_they_are_read(void **state)
{
	struct conf_file f = {0};

	if (access("/proc/version", R_OK))
		test_skip("/proc is not there");
	memset(&problems, 0, sizeof(problems));
	assert_int_equal(conf_file_read("/proc/version", &f, &problems), CYG_IO);
	assert_string_equal(problems.items[0].diag.code, "file-changed");
	assert_non_null(strstr(problems.items[0].diag.hint, "rename"));
	done(&f);
}

/* Files that include each other without a circle: each of ten reads all below it, twice. */
static void includes_do_not_multiply(void **state)
{
	struct conf_file f;

	for (int i = 0; i < 12; i++) {
		char name[16], text[512];
		size_t used = 0;

		snprintf(name, sizeof(name), "n%d", i);
		for (int k = 0; k < 16; k++)
			buf_add(text, sizeof(text), &used, "include n%d\n", i + 1);
		write_file(name, i < 11 ? text : "conn a\n", 0644);
	}
	f = read_file("n0", CYG_OK);
	assert_true(problems.errors > 0);
	assert_true(f.sources_len <= CONF_FILES_MAX);
	done(&f);
}

static void pipes(void **state)
{
	char path[256], command[1024];
	struct conf_file f;

	write_file("main", "include fifo\nconn b\n  left=1\n", 0644);
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0644), 0);
	f = read_file("main", CYG_OK);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.items[0].diag.code, "file-kind");
	assert_int_equal(f.len, 1);
	done(&f);
	snprintf(command, sizeof(command), "printf 'conn a\n  left=1\n' >%s &", path);
	assert_int_equal(system(command), 0);
	f = read_file("fifo", CYG_OK);
	assert_int_equal(problems.len, 0);
	assert_int_equal(f.len, 1);
	done(&f);
	snprintf(command, sizeof(command), "sleep 30 >%s & echo $! >%s.pid", path, path);
	assert_int_equal(system(command), 0);
	f = read_file("fifo", CYG_IO);
	assert_string_equal(problems.items[0].diag.code, "pipe-silent");
	done(&f);
	snprintf(command, sizeof(command), "kill $(cat %s.pid)", path);
	assert_int_equal(system(command), 0);
}

static bool parse_once(void *ctx)
{
	struct conf_file f = {0};
	struct problems p = {0};
	enum cyg_err err = conf_file_parse(view_str(ctx), "x", &f, &p);
	bool well = !err && !p.len;

	if (!err)
		conf_file_done(&f);
	problems_done(&p);
	return well;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(
		parse_once,
		(void *)"conn a\n  left=1\n  right=\"2 3\"\n  x={1 2}\nconn \"b\"\n", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_name_their_place),
		cmocka_unit_test(a_fault_breaks_its_own_section_alone),
		cmocka_unit_test(values_are_read_as_the_grammar_says),
		cmocka_unit_test(quoted_values_go_on),
		cmocka_unit_test(faults_of_quotes_stay_in_their_line),
		cmocka_unit_test(joined_lines_keep_their_places),
		cmocka_unit_test(headers_open_sections),
		cmocka_unit_test_setup_teardown(files_that_cannot_be_trusted_are_refused,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(includes_are_followed, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(includes_end, make_folder, remove_folder),
		cmocka_unit_test(octets_that_are_no_text),
		cmocka_unit_test(comments_may_be_in_any_script),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(many_faults_are_bounded),
		cmocka_unit_test(too_many_sections),
		cmocka_unit_test_setup_teardown(files_that_are_too_large, make_folder,
						remove_folder),
		cmocka_unit_test(files_that_change_while_they_are_read),
		cmocka_unit_test_setup_teardown(includes_do_not_multiply, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(pipes, make_folder, remove_folder),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("conf/file", tests);
}
