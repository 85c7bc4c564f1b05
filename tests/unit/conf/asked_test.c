/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a few connections of many: what is said of them is what the whole file says. */
#include "conf/asked.h"

#include "base/text.h"
#include "conf/conf.h"
#include "conn/field.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDS "\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n"
#define WHERE "/nowhere/ipsec.conf"

/* What conf_connection says of a name: its outcome, its problems, all that is set. */
static char *said(const struct conf *c, const char *name)
{
	struct problems problems = {0};
	struct connection *conn = NULL;
	struct text out = {0};
	struct diag why;
	char line[2048];

	diag_clear(&why);
	text_add(&out, "%d\n", conf_connection(c, name, &conn, &problems, &why));
	text_add(&out, "%s\n", diag_print(&why, line, sizeof(line)));
	for (size_t i = 0; i < problems.len; i++) {
		text_add(&out, "%d %s\n", problems.items[i].level,
			 diag_print(&problems.items[i].diag, line, sizeof(line)));
		problem_show(&problems.items[i], &out);
	}
	for (size_t i = 0; conn && i < conn_fields_len; i++) {
		for (int which = 0; which < (conn_fields[i].per_end ? 2 : 1); which++) {
			field_get(conn, which, &conn_fields[i], &out);
			text_add_char(&out, '\n');
		}
	}
	problems_done(&problems);
	connection_unref(conn);
	return text_take(&out);
}

static void compare(const char *text, const char *name)
{
	char *names[] = {(char *)name}, *whole_says, *part_says;
	struct problems all = {0}, few = {0};
	struct conf *whole, *part;

	assert_int_equal(conf_parse(view_str(text), WHERE, &whole, &all), CYG_OK);
	assert_int_equal(conf_parse_for(view_str(text), WHERE, names, 1, &part, &few), CYG_OK);
	whole_says = said(whole, name);
	part_says = said(part, name);
	assert_string_equal(part_says, whole_says);
	assert_true(few.len <= all.len);
	free(whole_says);
	free(part_says);
	conf_free(whole);
	conf_free(part);
	problems_done(&all);
	problems_done(&few);
}

static void one_connection_is_what_the_whole_file_says(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		/* Faulty, or not there at all. */
		{"", "a"},
		{"conn ab\n" ENDS, "a"},
		{"conn a\n\tleftsubnot=1\n" ENDS "conn b\n" ENDS, "a"},
		{"conn a\n" ENDS "\tnonsense\nconn b\n" ENDS, "a"},
		{"conn a\n" ENDS "right=192.0.2.9\nconn b\n" ENDS, "a"},
		{"conn b\n" ENDS "conn a x\n" ENDS, "a"},
		{"conn b\n" ENDS "conn \"a\n" ENDS, "a"},
		{"conn a\n" ENDS "\talso=missing\nconn b\n", "a"},
		{"conn a\n" ENDS "\talso=b\nconn b\n\talso=c\nconn c\n\talso=a\n", "a"},
		{"conn b\n\tnonsense\nconn a\n" ENDS "\talso=b\n", "a"},
		{"conn b\n\tike=aes\nike=des\n\tesp=aes\nconn a\n" ENDS "\talso=b\n", "a"},
		{"conn b\x01\n\tike=aes\nconn a\n" ENDS "\talso=b\n", "a"},
		{"conn b\n\tike=aes\nx\x01=y\n\tesp=aes\nconn a\n" ENDS "\talso=b\n", "a"},
		{"conn b\n\tmtu=1400\nversion 2\n\tmetric=4\nconn a\n" ENDS "\talso=b\n", "a"},
		{"conn b\n\tmtu=1400\nwhat is this\n\tmetric=4\nconn a\n" ENDS "\talso=b\n",
		 "a"},
		{"conn b\n\tmtu=1400\ninclude /nowhere/x\n\tmetric=4\nconn a\n" ENDS
		 "\talso=b\n",
		 "a"},
		{"conn %default\n\tike=nonsense\nconn b\n" ENDS "conn a\n" ENDS, "a"},
		{"conn %default\n\talso=b\nconn b\n\tmtu=nonsense\nconn a\n" ENDS, "a"},
		{"conn b\n\tleftid=\"x\\\nconn c\ninclude d\n\tmtu=1400\nconn a\n" ENDS
		 "\talso=b\n",
		 "a"},
		/* Whole ones. */
		{"conn b\n\tleftid=\"@x\\\nconn a\\\n\"\n\tmtu=1400\nconn a\n" ENDS
		 "\talso=b\n",
		 "a"},
		{"conn b\n\tleftid=\"@x\\y\"\nconfig setup\n\tdialect=strongswan\nconn a\n" ENDS
		 "\talso=b\n",
		 "a"},
		{"config setup\n\tdialect=strongswan\nconn b\n\tleftid=\"@x\\y\"\nconfig setup\n"
		 "\tdialect=any\nconn a\n" ENDS "\talso=b\n",
		 "a"},
		{"conn b\n" ENDS "conn a\n" ENDS "\tmtu=1400\nconn c\n" ENDS, "a"},
		{"CONN b\n" ENDS "Conn  a # it\n" ENDS "\tmtu=1400\nca c\n\tcacert=x\n", "a"},
		{"conn b\r\n\tmtu=1400\r\n\r\nconn a\r\n\talso=b\r\n" ENDS, "a"},
		{"conn \"a\"\n" ENDS "conn b\n\tmtu=1400\n", "a"},
		{"conn b\n\tmtu=1400\n# more\n\n\tmetric=4\nconn a\n\talso=\"b\"\n" ENDS, "a"},
		{"conn c\n\tmtu=1400\nconn b\n\talso=c\nconn a\n\talso=b\n" ENDS, "a"},
		{"conn a\n\talsoflip=b\n" ENDS "conn b\n\tleftsubnet=10.0.0.0/8", "a"},
		{"conn a\n" ENDS "\tmtu=1400\nconn b\nconn a\n" ENDS "\tmtu=1500\n", "a"},
		{"config setup\n\tdialect=strongswan\nconn a\n" ENDS
		 "\tmtu=1400\nconn b\n\tmetric=4\nconn a\n\tmtu=1500\n\talso=b\nconn b\n\tmtu=9",
		 "a"},
		{"conn b\n" ENDS "\tconnalias=a\n\tmtu=1400\nconn c\n" ENDS, "a"},
		{"conn b\n\tconnalias=a\nconn a\n" ENDS, "a"},
		{"conn b\n\talso=c\nconn c\n" ENDS "\tconnalias=a\n", "a"},
		{"conn a\n" ENDS "\tleftsubnets=10.1.0.0/16,10.2.0.0/16\nconn b\n" ENDS,
		 "a/1x0"},
		{"conn a\n" ENDS "\tleftsubnets=10.1.0.0/16,10.2.0.0/16\nconn b\n" ENDS,
		 "a/9x0"},
		{"\xef\xbb\xbf"
		 "conn b\n\tmtu=1400\nconn a\n" ENDS "\talso=b\n",
		 "a"},
		{"conn b\n\tmtu=1400\n\xef\xbb\xbf"
		 "conn a\n" ENDS "conn a\n" ENDS,
		 "a"},
		{"conn a\n" ENDS "conn a#b\n\tmtu=1\nconn #a\nconn\nconn \n\tx=y\n", "a"},
		{"conn a\n" ENDS "\talso=%b,c/d\nconn %b\n\tmtu=1400\nconn c/d\n\tmetric=4\n",
		 "a"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		compare(rows[i].text, rows[i].name);
}

/* A file whose chain of also= is so long that naming its links is given up. */
static void a_long_chain_is_what_the_whole_file_says(void **state)
{
	struct text t = {0};

	for (int i = 0; i < 2 * ASKED_MAX; i++)
		text_add(&t, "conn c%d\n\talso=c%d\n" ENDS, i, i + 1);
	compare(text_str(&t), "c0");
	text_done(&t);
}

static struct conf *parse_for(const char *text, char *name, struct problems *ret)
{
	struct conf *c = NULL;

	*ret = (struct problems){0};
	assert_int_equal(conf_parse_for(view_str(text), WHERE, &name, 1, &c, ret), CYG_OK);
	return c;
}

static void faults_elsewhere_are_not_told(void **state)
{
	static const char *const elsewhere[] = {
		"conn b\n\tnonsense\n",
		"conn b x\n",
		"conn b\nright=9\n",
		"conn b\n\t\x01=\n",
		"conn b\nconn b\n",
		"ca b\nca b\n",
		"ca x y\n",
	};

	for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
		struct problems problems;
		struct text t = {0};
		struct conf *c;

		text_add(&t, "%sconn a\n" ENDS "%s", elsewhere[i], elsewhere[i]);
		c = parse_for(text_str(&t), (char *)"a", &problems);
		assert_int_equal(problems.len, 0);
		conf_free(c);
		/* Who asks for everything is told. */
		assert_int_equal(conf_parse(view_str(text_str(&t)), WHERE, &c, &problems),
				 CYG_OK);
		assert_true(problems.len > 0);
		conf_free(c);
		problems_done(&problems);
		text_done(&t);
	}
}

/* How the file is read, by windows or whole, makes no difference to what is told. */
static void faults_are_the_same_where_the_whole_file_is_read(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		/* an alias */
		{"conn b\n\tx\nconn c\n\tconnalias=a\n\tnonsense\n" ENDS, "conn c: expected"},
		/* two sections of a name */
		{"conn b\n\tx\nconn a\n" ENDS "\tnonsense\nconn a\n", "conn a: expected"},
		{"conn b\n\tx\nconn a\n" ENDS "\talso=c\nconn c\n\tnonsense\nconn c\n",
		 "conn c: expected"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problems problems;
		struct conf *c = parse_for(rows[i].text, (char *)"a", &problems);
		size_t syntax = 0;

		test_row(i, "%s", rows[i].says);
		for (size_t k = 0; k < problems.len; k++)
			syntax += strcmp(problems.items[k].diag.code, "syntax") == 0;
		assert_int_equal(syntax, 1);
		assert_int_equal(problems.errors, 1);
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		conf_free(c);
		problems_done(&problems);
	}
}

static void faults_of_the_connection_and_of_config_setup_are_told(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} rows[] = {
		{"conn b\n" ENDS "conn a\n\tnonsense\n", 6, "expected keyword=value"},
		{"conn b\n" ENDS "config setup\n\tnonsense\nconn a\n" ENDS, 6,
		 "expected keyword"},
		{"conn b\n" ENDS "conn %default\n\tx\nconn a\n" ENDS, 6, "expected keyword"},
		{"conn b\n\tx\nconn c\n\ny=1\n\nconn a\n\talso=b\n" ENDS, 2,
		 "expected keyword"},
		{"conn b\n" ENDS "what is this\nconn a\n" ENDS, 5, "begins no section"},
		{"conn a\n" ENDS "conn b\n" ENDS "conn a\n" ENDS, 9, "is there twice"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct problems problems;
		struct conf *c = parse_for(rows[i].text, (char *)"a", &problems);

		assert_true(problems.len > 0);
		assert_int_equal(problems.items[0].diag.line, rows[i].line);
		assert_non_null(strstr(problems.items[0].diag.sentence, rows[i].says));
		conf_free(c);
		problems_done(&problems);
	}
}

static void what_is_noted_of_config_setup_is_for_who_starts(void **state)
{
	static const char text[] = "config setup\n\tklipsdebug=none\n\tuniqueids=perhaps\n"
				   "\tinterfaces=%defaultroute\nconn a\n" ENDS;
	struct problems problems;
	struct conf *c = parse_for(text, (char *)"a", &problems);

	assert_int_equal(problems.len, 1);
	assert_int_equal(problems.errors, 1);
	assert_int_equal(problems.items[0].diag.line, 3);
	conf_free(c);
	problems_done(&problems);
	problems = (struct problems){0};
	assert_int_equal(conf_parse(view_str(text), WHERE, &c, &problems), CYG_OK);
	assert_int_equal(problems.len, 3);
	conf_free(c);
	problems_done(&problems);
}

static void other_sections_are_left_out(void **state)
{
	static const char text[] = "conn b\n\tx=1\n\ty=2\nconn a\n\tmtu=1400\nca c\n\tz=1\n"
				   "conn ab\n\tx=1\nconn d\n\tx=1\nconn d\n\tx=2\n";
	const struct view a = view_str("a"), b = view_str("b"), d = view_str("d");
	struct problems problems = {0};
	struct conf_file f;

	assert_int_equal(conf_file_parse_asked(view_str(text), WHERE, &(struct asked){&a, 1},
					       &f, &problems),
			 CYG_OK);
	assert_true(conf_file_is_part(&f));
	assert_int_equal(f.len, 1);
	assert_string_equal(f.sections[0].name, "a");
	assert_int_equal(f.params_len, 1);
	assert_int_equal(conf_file_read_more(&f, &(struct asked){&b, 1}, &problems), CYG_OK);
	assert_int_equal(f.len, 2);
	assert_string_equal(f.sections[1].name, "b");
	assert_int_equal(f.sections[1].len, 2);
	assert_int_equal(section_param(&f, &f.sections[1], 1)->line, 3);
	assert_int_equal(conf_file_read_more(&f, &(struct asked){&d, 1}, &problems),
			 CYG_CONFLICT);
	assert_int_equal(problems.len, 0);
	conf_file_done(&f);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fputs(text, f);
	fclose(f);
}

static void included_files_are_read_as_far_as_they_are_asked_for(void **state)
{
	static const char *const files[] = {"ipsec.conf", "p1.conf", "p2.conf"};
	char folder[] = "/tmp/asked_test.XXXXXX", path[128], *name = (char *)"a";
	struct problems problems = {0};
	struct connection *conn;
	struct diag why;
	struct conf *c;

	assert_non_null(mkdtemp(folder));
	write_file(folder, files[0],
		   "conn x\n\tnonsense\ninclude p*.conf\n\tlost=1\nconn b\n\tmtu=1400\n");
	write_file(folder, files[1], "conn y\n\tnonsense\nconn a\n\talso=b,c\n" ENDS);
	write_file(folder, files[2], "conn z\n\tnonsense\nconn c\n\tmetric=4");
	snprintf(path, sizeof(path), "%s/%s", folder, files[0]);
	assert_int_equal(conf_read_for(path, &name, 1, &c, &problems), CYG_OK);
	/* What stands in no section is charged to none, so it is told. */
	assert_int_equal(problems.len, 1);
	assert_int_equal(problems.items[0].diag.line, 4);
	assert_int_equal(conf_connection(c, name, &conn, &problems, &why), CYG_OK);
	assert_int_equal(conn->mtu, 1400);
	assert_int_equal(conn->metric, 4);
	connection_unref(conn);
	conf_free(c);
	problems_done(&problems);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
}

static bool read_two(void *ctx)
{
	static const char text[] = "conn b\n\tmtu=1400\nca c\n\tx=1\nconn a\n\talso=b\n" ENDS;
	char *names[] = {(char *)"a", ctx};
	struct conf *c;

	if (conf_parse_for(view_str(text), WHERE, names, 2, &c, NULL))
		return false;
	conf_free(c);
	return true;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(read_two, (void *)"b", true);
	test_each_allocation_failing(read_two, (void *)"missing", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_connection_is_what_the_whole_file_says),
		cmocka_unit_test(a_long_chain_is_what_the_whole_file_says),
		cmocka_unit_test(faults_elsewhere_are_not_told),
		cmocka_unit_test(faults_are_the_same_where_the_whole_file_is_read),
		cmocka_unit_test(faults_of_the_connection_and_of_config_setup_are_told),
		cmocka_unit_test(what_is_noted_of_config_setup_is_for_who_starts),
		cmocka_unit_test(other_sections_are_left_out),
		cmocka_unit_test(included_files_are_read_as_far_as_they_are_asked_for),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
