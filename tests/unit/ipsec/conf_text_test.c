/* SPDX-License-Identifier: Apache-2.0 */
#include "ipsec/conf_text.h"

#include "tests/unit/support/test.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CORPUS TEST_SOURCE_ROOT "/../shared/corpus/ipsec.conf"

static struct conf *read_text(const char *text)
{
	struct conf *conf;

	assert_int_equal(conf_parse(view_str(text), "/nowhere/ipsec.conf", &conf, NULL),
			 CYG_OK);
	return conf;
}

/* The connection printed, read and compared; the text for the caller to look at. */
static char *assert_reads_back(const struct connection *c)
{
	struct problems problems = {0};
	struct text out = {0};
	struct connection *again;
	struct conf *conf;
	struct diag why;

	conf_text_connection(c, &out);
	assert_false(out.bad);
	conf = read_text(text_str(&out));
	if (conf_connection(conf, c->name, &again, &problems, &why))
		fail_msg("%s\nis refused: %s (%s)", text_str(&out), why.sentence, why.got);
	if (!connection_equal(c, again))
		fail_msg("%s\nreads back as another connection", text_str(&out));
	problems_done(&problems);
	connection_unref(again);
	conf_free(conf);
	return text_take(&out);
}

static void values(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{"", "\"\""},
		{"plain", "plain"},
		{"@#0xff", "@#0xff"},
		{"#x", "\"#x\""},
		{"two words", "\"two words\""},
		{"a \"b\" c", "\"a \\\"b\\\" c\""},
		{"back\\slash", "back\\slash"},
		{"C=CH, CN=x\\", "{C=CH, CN=x\\}"},
		{"a \\\"b", "{a \\\"b}"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text out = {0};

		test_row(i, "%s", cases[i].value);
		conf_text_value(cases[i].value, &out);
		assert_string_equal(text_str(&out), cases[i].want);
		text_done(&out);
	}
}

/* Whatever a value holds, it comes back as it was. */
static void values_read_back(void **state)
{
	static const char *const updowns[] = {
		"/bin/x",
		"/bin/x --yes",
		"/bin/x \"a b\" c",
		"/bin/x back\\slash",
		"/bin/x 'a\\'",
		"/bin/x '# no comment'",
		"'#x'",
		"/bin/x '{a b}' 'c'",
		"/bin/x \\\"q",
	};

	for (size_t i = 0; i < COUNT_OF(updowns); i++) {
		struct connection *c = connection_new("a");
		struct diag why;

		test_row(i, "%s", updowns[i]);
		assert_int_equal(ip_parse("192.0.2.1", &c->end[0].host.addr), CYG_OK);
		assert_int_equal(ip_parse("192.0.2.2", &c->end[1].host.addr), CYG_OK);
		c->end[0].host.kind = c->end[1].host.kind = HOST_ADDR;
		c->auth = AUTH_SECRET;
		free(c->end[0].updown);
		c->end[0].updown = strdup(updowns[i]);
		assert_int_equal(connection_check(c, &why), CYG_OK);
		free(assert_reads_back(c));
		connection_unref(c);
	}
}

static void a_connection(void **state)
{
	struct conf *conf = read_text(
		"conn %default\n authby=secret\n ikelifetime=2h\n"
		"conn a\n left=192.0.2.1\n leftid=\"C=CH, O=x y\"\n"
		" right=%any\n rightsubnet=10.1.0.0/16,10.2.0.0/16\n auto=add\n");
	struct connection *c;
	struct diag why;
	char *text;

	assert_int_equal(conf_connection(conf, "a", &c, NULL, &why), CYG_OK);
	text = assert_reads_back(c);
	assert_string_equal(text, "conn a\n\tleft=192.0.2.1\n\tleftid=\"C=CH, O=x y\"\n"
				  "\tright=%any\n\trightsubnet=10.1.0.0/16,10.2.0.0/16\n"
				  "\tauto=add\n\tauthby=secret\n\tikelifetime=2h\n\n");
	free(text);
	connection_unref(c);
	conf_free(conf);
}

static void settings(void **state)
{
	static const char text[] =
		"config setup\n\tplane=memory\n\tlisten=192.0.2.1,192.0.2.2\n"
		"\tlogfile=\"/tmp/a b\"\n\tuniqueids=no\n\tplutowait=yes\n"
		"\tnhelpers=3\n\tkeep-alive=20\n\n";
	struct conf *conf = read_text(text);
	struct text out = {0};

	conf_text_setup(conf_setup(conf), &out);
	assert_string_equal(text_str(&out), text);
	text_done(&out);
	conf_free(conf);
}

/* Number of connections of a file that were compared. */
static size_t compare_file(const char *path)
{
	struct problems problems = {0};
	struct conf *conf;
	const char *name;
	size_t n = 0;

	if (conf_read(path, &conf, &problems)) {
		problems_done(&problems);
		return 0;
	}
	for (size_t i = 0; (name = conf_conn_name(conf, i)); i++) {
		struct connection *c;
		struct diag why;

		if (conf_connection(conf, name, &c, NULL, &why))
			continue;
		free(assert_reads_back(c));
		connection_unref(c);
		n++;
	}
	problems_done(&problems);
	conf_free(conf);
	return n;
}

static void what_others_wrote(void **state)
{
	char *roots[] = {(char *)CORPUS, NULL};
	size_t compared = 0;
	FTSENT *e;
	FTS *tree;

	if (access(CORPUS, R_OK) != 0)
		test_skip("../shared/corpus is not beside this checkout");
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	assert_non_null(tree);
	while ((e = fts_read(tree))) {
		if (e->fts_info == FTS_F)
			compared += compare_file(e->fts_path);
	}
	fts_close(tree);
	print_message("# %zu connections read back equal\n", compared);
	assert_true(compared > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(values_read_back),
		cmocka_unit_test(a_connection),
		cmocka_unit_test(settings),
		cmocka_unit_test(what_others_wrote),
	};

	return RUN_TESTS("ipsec/conf_text", tests);
}
