/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/groups.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "/etc/ipsec.d/policies/private"

/* Each fault is told with its place, and refuses the file. */
static void faults_have_their_place(void **state)
{
	static const struct {
		const char *text, *says;
		unsigned line, column;
	} rows[] = {
		{"private", "begins with a network", 1, 1},
		{"10.0.0.0/8\n\n  clear 10.1.0.0/16", "begins with a network", 3, 3},
		{"10.1.0.0/8", "", 1, 1},
		{"\xef\xbb\xbf"
		 "10.1.0.0/8",
		 "", 1, 1},
		{"10.0.0.0/33", "", 1, 1},
		{"10.0.0.0/8 10.0.0.300", "", 1, 12},
		{"2001:db8::/129", "", 1, 1},
		{"host.example", "", 1, 1},
		{"10.0.0.0/8 tpc 0 25", "neither a network nor a protocol", 1, 12},
		{"10.0.0.0/8 tcp", "two ports", 1, 12},
		{"10.0.0.0/8 tcp 0", "two ports", 1, 12},
		{"10.0.0.0/8 tcp 0 65536", "two ports", 1, 18},
		{"10.0.0.0/8 tcp 10.1.0.0/16", "two ports", 1, 16},
		{"10.0.0.0/8 0 0 25", "two ports", 1, 16},
		{"10.0.0.0/8 tcp 0 25 26", "begins with a network", 1, 21},
		{"10.0.0.0/8 256 0 0", "neither", 1, 12},
		{"10.0.0.0/8\xff", "", 1, 1},
		{"1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1."
		 "1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
		 "no network", 1, 1},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct group_lines g = {0};
		struct problems p = {0};

		test_row(i, "%s", rows[i].text);
		assert_int_equal(groups_parse(view_str(rows[i].text), NAME, &g, &p),
				 CYG_MALFORMED);
		assert_null(g.items);
		assert_int_equal(p.len, 1);
		assert_string_equal(p.items[0].diag.file, NAME);
		assert_int_equal(p.items[0].diag.line, rows[i].line);
		assert_int_equal(p.items[0].diag.column, rows[i].column);
		assert_non_null(strstr(p.items[0].diag.sentence, rows[i].says));
		assert_true(p.items[0].diag.wanted[0] && p.items[0].diag.got[0]);
		problems_done(&p);
	}
}

/* A NUL is no end of the text. */
static void octets_of_zero_are_faults(void **state)
{
	static const char text[] = "10.0.0.0/8\0 10.2.0.0/16";
	struct group_lines g = {0};
	struct problems p = {0};

	assert_int_equal(groups_parse(view_of(text, sizeof(text) - 1), NAME, &g, &p),
			 CYG_MALFORMED);
	assert_int_equal(p.len, 1);
	problems_done(&p);
}

static void every_fault_is_told(void **state)
{
	struct group_lines g = {0};
	struct problems p = {0};

	assert_int_equal(groups_parse(view_str("one\n10.0.0.0/8\ntwo three\n# four\n"), NAME,
				      &g, &p),
			 CYG_MALFORMED);
	assert_int_equal(p.len, 2);
	assert_int_equal(p.items[1].diag.line, 3);
	problems_done(&p);
}

static void print(const struct group_lines *g, struct text *out)
{
	char net[IP_TEXT_MAX];

	for (size_t i = 0; i < g->len; i++) {
		const struct group_line *l = &g->items[i];

		text_add(out, "%u:%s", l->line, prefix_print(&l->net, net));
		if (l->proto)
			text_add(out, "[%u %u %u]", l->proto, l->local_port, l->remote_port);
		text_add(out, " ");
	}
}

static void networks_are_read(void **state)
{
	static const struct {
		const char *text, *want;
		bool cut;
	} rows[] = {
		{"", ""},
		{"# nobody\n\n\t# at all", ""},
		{"192.0.2.7", "1:192.0.2.7/32 ", true},
		{"\xef\xbb\xbf"
		 "192.0.2.7\n",
		 "1:192.0.2.7/32 "},
		{"10.0.0.0/8\n192.168.0.0/255.255.0.0\n", "1:10.0.0.0/8 2:192.168.0.0/16 "},
		{" 10.0.0.0/8\t2001:db8::/32 ::1 # three\r\n0.0.0.0/0",
		 "1:10.0.0.0/8 1:2001:db8::/32 1:::1/128 2:0.0.0.0/0 ", true},
		{"10.0.0.0/8\n192.0.2.7 ", "1:10.0.0.0/8 2:192.0.2.7/32 ", true},
		{"10.0.0.0/8\n192.0.2.7 # one", "1:10.0.0.0/8 2:192.0.2.7/32 "},
		{"10.0.0.0/8\n \t", "1:10.0.0.0/8 "},
		{"10.0.0.0/8#no blank before it", "1:10.0.0.0/8 "},
		{"10.0.0.0/8 tcp 0 25\n10.0.0.0/8 17 domain 0",
		 "1:10.0.0.0/8[6 0 25] 2:10.0.0.0/8[17 53 0] ", true},
		{"10.0.0.0/8 0 0 0", "1:10.0.0.0/8 ", true},
		{"10.0.0.0/8 UDP 53 53 10.1.0.0/16", "1:10.0.0.0/8[17 53 53] 1:10.1.0.0/16 ",
		 true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct group_lines g = {0};
		struct problems p = {0};
		struct text out = {0};

		test_row(i, "%s", rows[i].text);
		assert_int_equal(groups_parse(view_str(rows[i].text), NAME, &g, &p), CYG_OK);
		print(&g, &out);
		assert_string_equal(text_str(&out), rows[i].want);
		/* Without its newline the last one may be half of what it was to be, which is no fault. */
		assert_int_equal(p.errors, 0);
		assert_int_equal(p.len, rows[i].cut);
		assert_int_equal(g.unended, rows[i].cut);
		text_done(&out);
		problems_done(&p);
		group_lines_done(&g);
	}
}

static void files_are_read_with_care(void **state)
{
	char folder[] = "/tmp/cygnet-groups-XXXXXX", path[64];
	struct group_lines g = {0};
	struct problems p = {0};
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/clear", folder);
	assert_int_equal(groups_read(path, &g, &p), CYG_NOTFOUND);
	assert_int_equal(p.len, 0);
	assert_int_equal(groups_read(folder, &g, &p), CYG_IO);
	assert_int_equal(p.len, 1);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("192.0.2.0/24\n", f);
	fclose(f);
	assert_int_equal(groups_read(path, &g, &p), CYG_OK);
	assert_int_equal(g.len, 1);
	group_lines_done(&g);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(groups_read(path, &g, &p), CYG_PERM);
	unlink(path);
	rmdir(folder);
	problems_done(&p);
}

static bool parse_once(void *ctx)
{
	struct group_lines g = {0};
	struct problems p = {0};
	enum cyg_err err = groups_parse(view_str("10.0.0.0/8\n10.1.0.0/16 tcp 0 25\n"), NAME,
					&g, &p);

	assert_int_equal(g.len, err ? 0 : 2);
	group_lines_done(&g);
	problems_done(&p);
	return !err;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(parse_once, NULL, false);
}

/* Half a copy has nothing at all; who has removed the last network leaves a comment. */
static void a_blank_file_is_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool blank;
	} rows[] = {{"# none\n", false},
		    {"10.0.0.0/8\n", false},
		    {"\xef\xbb\xbf\n", true},
		    {"", true},
		    {" \n\t\r\n", true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct problems p = {0};
		struct group_lines g = {0};

		assert_int_equal(groups_parse(view_str(rows[i].text), NAME, &g, &p), CYG_OK);
		assert_int_equal(g.blank, rows[i].blank);
		group_lines_done(&g);
		problems_done(&p);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blank_file_is_told_apart),
		cmocka_unit_test(faults_have_their_place),
		cmocka_unit_test(octets_of_zero_are_faults),
		cmocka_unit_test(every_fault_is_told),
		cmocka_unit_test(networks_are_read),
		cmocka_unit_test(files_are_read_with_care),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("conf/groups", tests);
}
