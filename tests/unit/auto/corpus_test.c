/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ways of loading a connection are one: what ipsec.conf says, and the words that
 * --showonly prints of it, read back as a shell and whack's options would.
 */
#include "auto/command.h"
#include "conf/conf.h"
#include "tests/unit/support/test.h"
#include "whack/options.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CORPUS TEST_SOURCE_ROOT "/../shared/corpus/ipsec.conf"

struct tally {
	unsigned files, connections, different;
};

static struct tally tally; /* nftw has no place for a context */

/* ---- a line as a POSIX shell cuts it: 'quoted' parts and backslashes ---- */

static char *next_word(char **at)
{
	char *from = *at + strspn(*at, " "), *to = from, *word = from;
	bool quoted = false;

	if (!*from || *from == '\n')
		return NULL;
	for (; *from && (quoted || (*from != ' ' && *from != '\n')); from++) {
		if (*from == '\'')
			quoted = !quoted;
		else if (*from == '\\' && !quoted)
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*at = from + (*from != '\0');
	*to = '\0';
	return word;
}

static size_t cut(char *line, char **words, size_t cap)
{
	size_t n = 0;
	char *word;

	while (n < cap && (word = next_word(&line)))
		words[n++] = word;
	return n;
}

/* ---- one connection ---- */

static char *showonly(const struct connection *c)
{
	struct command_line line = {0};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	command_add(&line, "whack");
	command_describe(&line, c);
	assert_false(line.bad);
	command_print(&line, "", out);
	fclose(out);
	command_done(&line);
	return text;
}

static void compare(const struct connection *c, const char *path)
{
	char *text = showonly(c), *copy = strdup(text), *words[256], said[2048];
	size_t n = cut(copy, words, COUNT_OF(words));
	struct whack_options o;
	struct diag why;
	bool same;

	diag_clear(&why);
	same = !options_parse((int)n, words, &o, &why) && o.connection &&
	       connection_equal(c, o.connection);
	tally.connections++;
	if (!same) {
		tally.different++;
		print_message("# %s: %s#   %s\n", path, text,
			      diag_print(&why, said, sizeof(said)));
	}
	options_done(&o);
	free(copy);
	free(text);
}

static void compare_all(const struct conf *conf, const char *path)
{
	const char *name;

	for (size_t i = 0; (name = conf_conn_name(conf, i)); i++) {
		struct problems problems = {0};
		struct connection *c;
		struct diag why;

		diag_clear(&why);
		if (!conf_connection(conf, name, &c, &problems, &why)) {
			compare(c, path);
			connection_unref(c);
		}
		problems_done(&problems);
	}
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	struct problems problems = {0};
	struct conf *conf;

	if (type == FTW_F && !conf_read(path, &conf, &problems)) {
		tally.files++;
		compare_all(conf, path + sizeof(CORPUS));
		conf_free(conf);
	}
	problems_done(&problems);
	return 0;
}

static void both_ways_load_the_same(void **state)
{
	if (access(CORPUS, R_OK) != 0)
		test_skip("../shared/corpus is not beside this checkout");
	assert_int_equal(nftw(CORPUS, visit, 32, FTW_PHYS), 0);
	print_message("# %u connections of %u files\n", tally.connections, tally.files);
	assert_true(tally.connections > 1000);
	assert_int_equal(tally.different, 0);
}

/* Without the corpus: each field alone, with a value that is not its default. */
static void each_field_goes_both_ways(void **state)
{
	static const char text[] =
		"conn %default\n\tleft=192.0.2.1\n\tright=192.0.2.2\n\tauthby=secret\n"
		"conn a\n\tleftid=\"C=CH, O=It's \\\"us\\\", CN=a b\"\n"
		"conn b\n\tleft=%defaultroute\n\trightsubnets={10.1.0.0/24 10.2.0.0/24}\n"
		"conn c\n\ttype=transport\n\tleftprotoport=udp/1701\n\trightprotoport=udp/%any\n"
		"conn d\n\ttype=passthrough\n\tauthby=never\n"
		"conn e\n\ttype=drop\n\tauthby=never\n"
		"conn f\n\tright=%any\n\tconnalias=\"x y\"\n\tauto=route\n"
		"conn g\n\tike=aes256-sha2_512-dh19,aes_gcm128-sha2_256-x25519\n\tesp=chacha20_poly1305\n"
		"conn h\n\trekey=no\n\tpfs=no\n\tesn=no\n\tikelifetime=30m\n\tsalifetime=90s\n"
		"conn i\n\tfailureshunt=reject\n\tnegotiationshunt=drop\n\tencapsulation=yes\n"
		"conn j\n\tright=vpn.example.net\n\trightid=@*.example.net\n\tdpddelay=5\n\tdpdtimeout=20\n"
		"conn k\n\tmtu=1400\n\tmetric=7\n\treqid=12\n\treplay-window=0\n\tkeyingtries=3\n"
		"conn l\n\tleftupdown=\"/bin/echo 'it is' me\"\n\tleftsourceip=10.9.0.1\n"
		"conn m\n\tleft=2001:db8::1\n\tright=2001:db8::2\n\tleftikeport=4501\n\tleftnexthop=%direct\n";
	struct problems problems = {0};
	struct conf *conf;

	tally = (struct tally){0};
	assert_int_equal(conf_parse(view_str(text), "test", &conf, &problems), CYG_OK);
	compare_all(conf, "test");
	conf_free(conf);
	problems_done(&problems);
	assert_int_equal(tally.connections, 14); /* conn b is two */
	assert_int_equal(tally.different, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_goes_both_ways),
		cmocka_unit_test(both_ways_load_the_same),
	};

	return RUN_TESTS("auto/corpus", tests);
}
