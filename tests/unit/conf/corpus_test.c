/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"
#include "conf/secrets.h"

#include "base/text.h"
#include "tests/unit/support/test.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Files that other systems' suites read, from the shared corpus. All are
 * skipped when it is not beside the checkout. Their include lines name files of
 * the machines they were made for; those stand under a root folder of the
 * corpus, so that the files are put together here before they are read.
 */

#define CORPUS TEST_SOURCE_ROOT "/../shared/corpus/"

/* ---- files with their includes in place ---- */

static void flatten(const char *path, const char *root, unsigned depth, struct text *out);

static bool include_from(const char *folder, int len, const char *pattern, const char *root,
			 unsigned depth, struct text *out)
{
	struct text path = {0};
	glob_t found = {0};

	text_add(&path, "%.*s%s", len, folder, pattern);
	if (!glob(text_str(&path), GLOB_BRACE, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			flatten(found.gl_pathv[i], root, depth + 1, out);
	}
	text_done(&path);
	globfree(&found);
	return found.gl_pathc > 0;
}

/* The suites' machines had their common files from one folder beside their own. */
static void include(const char *from, const char *root, const char *pattern, unsigned depth,
		    struct text *out)
{
	struct text common = {0};

	if (pattern[0] != '/') {
		include_from(from, (int)(strrchr(from, '/') + 1 - from), pattern, root, depth,
			     out);
	} else if (!include_from(root, (int)strlen(root), pattern, root, depth, out)) {
		text_add(&common, "%s/testing/baseconfigs/all", root);
		include_from(text_str(&common), (int)common.len, pattern, root, depth, out);
	}
	text_done(&common);
}

static void flatten(const char *path, const char *root, unsigned depth, struct text *out)
{
	FILE *f = depth < CONF_INCLUDE_DEPTH_MAX ? fopen(path, "r") : NULL;
	char *line = NULL;
	size_t cap = 0;
	char pattern[1024];

	while (f && getline(&line, &cap, f) > 0) {
		if (sscanf(line, "include %1023[^\r\n #]", pattern) == 1) {
			char *bare = pattern + (pattern[0] == '"');

			bare[strcspn(bare, "\"")] = '\0';
			include(path, root, bare, depth, out);
		} else {
			text_add_str(out, line);
			if (!strchr(line, '\n'))
				text_add_char(out, '\n');
		}
	}
	free(line);
	if (f)
		fclose(f);
}

static struct conf *read_flat(const char *path, const char *root, struct problems *problems)
{
	struct text text = {0};
	struct conf *c = NULL;

	if (strstr(path, "/strongswan-"))
		text_add_str(&text, "config setup\n  dialect=strongswan\n");
	flatten(path, root, 0, &text);
	assert_false(text.bad);
	assert_int_equal(conf_parse(view_str(text_str(&text)), path, &c, problems), CYG_OK);
	text_done(&text);
	return c;
}

/* Where the includes of a file of the corpus lie. */
static const char *root_of(const char *relative)
{
	if (strstr(relative, "openswan"))
		return CORPUS "ipsec.conf/_includes/openswan-2.6.38";
	return strstr(relative, "libreswan-3") ? CORPUS "ipsec.conf/_includes/libreswan-3.32"
					       : CORPUS "ipsec.conf/_includes/libreswan-4.15";
}

/* ---- tables of the corpus ---- */

#define COLUMNS_MAX 16

struct table {
	char *text, *rest;
	char *columns[COLUMNS_MAX];
};

static void table_open(struct table *t, const char *relative)
{
	struct view v = test_corpus(relative);

	t->text = malloc(v.len + 1);
	assert_non_null(t->text);
	memcpy(t->text, v.ptr, v.len);
	t->text[v.len] = '\0';
	t->rest = t->text;
}

/* The next line, cut into columns. False at the end. */
static bool table_next(struct table *t)
{
	char *line = strsep(&t->rest, "\n");

	if (!line || !*line)
		return false;
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		t->columns[i] = line ? strsep(&line, "\t") : (char *)"";
	return true;
}

static void path_of(const char *relative, struct text *out)
{
	text_clear(out);
	text_add(out, CORPUS "%s", relative);
}

/* ---- counting ---- */

struct count {
	char what[96];
	size_t n;
};

struct counts {
	struct count rows[64];
	size_t len;
};

static void count(struct counts *c, const char *what)
{
	size_t i, used = 0;

	for (i = 0; i < c->len && strcmp(c->rows[i].what, what); i++)
		;
	assert_true(i < COUNT_OF(c->rows));
	if (i == c->len) {
		buf_add(c->rows[i].what, sizeof(c->rows[i].what), &used, "%s", what);
		c->len++;
	}
	c->rows[i].n++;
}

static size_t counted(const struct counts *c, const char *what)
{
	for (size_t i = 0; i < c->len; i++)
		if (!strcmp(c->rows[i].what, what))
			return c->rows[i].n;
	return 0;
}

static void print_counts(const char *title, const struct counts *c)
{
	print_message("# %s:\n", title);
	for (size_t i = 0; i < c->len; i++)
		print_message("#   %6zu %s\n", c->rows[i].n, c->rows[i].what);
}

/* ---- every ipsec.conf ---- */

/* Listings and letters that were kept beside configurations. */
static bool is_no_configuration(const char *relative)
{
	return strstr(relative, "-flat.conf") || strstr(relative, "hub-spoke.conf");
}

/* What the file's own system takes has no fault of grammar and no unknown word here either. */
static void check_faults(const char *relative, const struct problems *p)
{
	char line[2048];

	for (size_t i = 0; i < p->len; i++) {
		const struct diag *d = &p->items[i].diag;

		assert_true(diag_is_set(d));
		if (p->items[i].level != PROBLEM_ERROR)
			continue;
		if (!strcmp(d->code, "syntax") || !strcmp(d->code, "keyword-unknown") ||
		    !strcmp(d->code, "section-broken"))
			fail_msg("%s: %s", relative, diag_print(d, line, sizeof(line)));
	}
}

static void read_connections(const struct conf *c, struct problems *problems,
			     struct counts *total)
{
	const char *name;

	for (size_t i = 0; (name = conf_conn_name(c, i)); i++) {
		struct connection *conn = NULL;
		struct diag why;
		enum cyg_err err;

		diag_clear(&why);
		err = conf_connection(c, name, &conn, problems, &why);
		assert_int_equal(!err, conn != NULL);
		assert_int_equal(!!err, diag_is_set(&why));
		assert_true(!err || why.line > 0);
		count(total, err ? why.code : "(read)");
		connection_unref(conn);
	}
}

/* Accepted by its own system, but for what that system has since given up. */
static bool is_accepted(const char *relative, const char *verdict)
{
	static const char *const old[] = {
		"scripts__readwriteconf-18__etc__freeswan", /* words of FreeS/WAN */
		"ipsec.conf.pairs__free.old",
		"addconn-01__west.conf", /* a setting that 3.32 warns of */
		"protoport-0",           /* prototype=, which no version has */
	};

	for (size_t i = 0; i < COUNT_OF(old); i++)
		if (strstr(relative, old[i]))
			return false;
	return !strcmp(verdict, "accept") || !strcmp(verdict, "accept-implied");
}

/* What became of a file, beside what its own system made of it. */
static void judge_file(struct counts *files, const char *relative, const char *verdict,
		       const struct problems *p)
{
	if (is_no_configuration(relative))
		count(files, "no configuration");
	else if (is_accepted(relative, verdict))
		count(files, "read right");
	else if (!strncmp(verdict, "accept", 6) && !strchr(verdict, ';'))
		count(files, "differ: words that its system has given up since");
	else if (!strcmp(verdict, "unknown"))
		count(files, "no verdict there");
	else
		count(files, p->errors ? "refused right, in whole or in part"
				       : "differ: see the connections");
}

static void every_file_is_read(void **state)
{
	struct counts total = {0}, files = {0};
	struct text path = {0};
	struct table t;

	table_open(&t, "ipsec.conf/META.tsv");
	table_next(&t);
	while (table_next(&t)) {
		struct problems problems = {0};
		struct conf *c;

		path_of(t.columns[0], &path);
		c = read_flat(text_str(&path), root_of(t.columns[0]), &problems);
		read_connections(c, &problems, &total);
		if (is_accepted(t.columns[0], t.columns[3]) &&
		    !is_no_configuration(t.columns[0]))
			check_faults(t.columns[0], &problems);
		judge_file(&files, t.columns[0], t.columns[3], &problems);
		conf_free(c);
		problems_done(&problems);
	}
	print_counts("files", &files);
	print_counts("connections, and the first reason of a refusal", &total);
	assert_true(counted(&total, "(read)") > 30000);
	text_done(&path);
	free(t.text);
}

/* ---- connections whose fate is known ---- */

/* This version has not got what the connection asks for, and says so by name. */
static bool is_unsupported(const char *code)
{
	static const char *const codes[] = {
		"value-refused",     "keyword-not-built", "groups-unsupported",
		"algorithm-refused", "bad-proposal",      "bad-id",
		"two-auth-methods",
	};

	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (!strcmp(code, codes[i]))
			return true;
	return false;
}

/* Where this system and theirs part, by name, and why. NULL stands for any. */
static const struct difference {
	bool accepted_there;
	const char *file, *conn, *code; /* code: of the refusal here; "read" */
	const char *reason;
} differences[] = {
	{true, NULL, NULL, "conn-unknown",
	 "the console adds it from a file that the corpus lacks, or its name was misread"},
	{false, NULL, NULL, "conn-unknown",
	 "the console adds it from a file that the corpus lacks, or its name was misread"},
	{true, NULL, NULL, "also-unknown",
	 "also= names a section of a common file that the corpus has in another version"},
	{true, NULL, NULL, "end-missing",
	 "half a connection, for others to take in; the console shows no answer to its --add"},
	{true, "ikev2-allow-narrow-01__east", NULL, "bad-value",
	 "0/1234 names a port of no protocol; here it is refused"},
	{true, "ikev2-algo-03-aes-ccm__", NULL, "bad-key-size",
	 "AES has no keys of 152 bits; later versions refuse it too"},
	{true, "algo-pluto-13-invalid-3des__west", NULL, "bad-key-size",
	 "3DES has no keys of 333 bits; that suite asks its pluto to overlook it"},
	{true, "ikev2-frag-02-ipv6__", NULL, "host-bits-set",
	 "2001:2222:222:2222::/56 has bits behind its prefix"},
	{true, "x509", NULL, "ids-both-any",
	 "%fromcert at both ends and no certificate named at either, or a pattern as one's own id"},
	{true, "pfkeyv2-ondemand__ipsec", NULL, "transport-subnet",
	 "transport mode has no networks"},
	{true, "libipsecconf-02__west", NULL, "keyword-unknown",
	 "protoport= without left or right means nothing"},
	{false, "ikev2-asymmetric-01-parsing__west", "failtest", "read",
	 "one of leftauth= and rightauth= alone: the other end's is authby="},
	{false, "ikev2-asymmetric-01-parsing__west", "test-passthrough", "read",
	 "a shunt may say authby=; it proves nothing to anybody"},
	{false, "libipsecconf-05-empty_option", "first", "read",
	 "an empty value takes back what a weaker section says"},
	{false, "addconn-05__ipsec", "west-bogus", "read",
	 "whether an interface %bogus1 is there is for the running system to see"},
};

static const struct difference *difference_of(bool accepted, const char *file, const char *conn,
					      const char *code)
{
	for (size_t i = 0; i < COUNT_OF(differences); i++) {
		const struct difference *d = &differences[i];

		if (d->accepted_there == accepted && !strcmp(d->code, code) &&
		    (!d->file || strstr(file, d->file)) &&
		    (!d->conn || !strncmp(conn, d->conn, strlen(d->conn))))
			return d;
	}
	return NULL;
}

static const char *fate(const struct conf *c, const char *name)
{
	static char code[64];
	struct connection *conn = NULL;
	struct diag why;
	size_t used = 0;

	if (!conf_connection(c, name, &conn, NULL, &why)) {
		connection_unref(conn);
		return "read";
	}
	buf_add(code, sizeof(code), &used, "%s", why.code);
	return code;
}

struct fates {
	struct counts outcomes, reasons;
	size_t unexplained;
};

static void judge(struct fates *f, char *const *columns, const char *code)
{
	bool accepted = !strncmp(columns[6], "accept", 6), read = !strcmp(code, "read");
	const struct difference *d;

	if (!accepted && strncmp(columns[6], "reject", 6)) {
		count(&f->outcomes, "depends on the machine: not judged");
	} else if (accepted == read) {
		count(&f->outcomes, read ? "read right" : "refused right");
	} else if (accepted && is_unsupported(code)) {
		count(&f->outcomes, "refused by name: not built");
	} else {
		d = difference_of(accepted, columns[0], columns[5], code);
		count(&f->outcomes, "differ with a reason");
		count(&f->reasons, d ? d->reason : "(no reason)");
		if (d)
			return;
		f->unexplained++;
		print_message("# unexplained: %s %s: %s there, %s here\n", columns[0],
			      columns[5], columns[6], code);
	}
}

/* Several versions of a suite, and several runs, tell of one file: each fate once. */
static bool is_new(struct text *last, char *const *columns)
{
	struct text now = {0};
	bool is;

	text_add(&now, "%s\t%s\t%s", columns[0], columns[5], columns[6]);
	is = strcmp(text_str(&now), text_str(last)) != 0;
	text_clear(last);
	text_add_str(last, text_str(&now));
	text_done(&now);
	return is;
}

static void known_fates(void **state)
{
	struct fates fates = {.unexplained = 0};
	struct text path = {0}, last_path = {0}, last = {0};
	struct conf *c = NULL;
	struct table t;

	table_open(&t, "ipsec.conf/CONN-OUTCOMES.tsv");
	table_next(&t);
	while (table_next(&t)) {
		if (!*t.columns[5] || !is_new(&last, t.columns))
			continue;
		path_of(t.columns[0], &path);
		if (!c || strcmp(text_str(&path), text_str(&last_path))) {
			conf_free(c);
			c = read_flat(text_str(&path), root_of(t.columns[0]), NULL);
			text_clear(&last_path);
			text_add_str(&last_path, text_str(&path));
		}
		judge(&fates, t.columns, fate(c, t.columns[5]));
	}
	print_counts("connections of which a console tells", &fates.outcomes);
	print_counts("those that differ", &fates.reasons);
	assert_int_equal(fates.unexplained, 0);
	assert_true(counted(&fates.outcomes, "read right") > 1000);
	conf_free(c);
	text_done(&path);
	text_done(&last_path);
	text_done(&last);
	free(t.text);
}

/* ---- what readwriteconf made of a file ---- */

/*
 * It writes out the family that addresses have; older ones leave networks of one address out.
 * Where nothing is said of authby= it writes what its own program has, which is RSA alone; %dns and its like it leaves out.
 */
static bool is_same(struct connection *a, struct connection *b)
{
	static const char *const reduced[] = {"istari--mrcharlie", "ssw--jukie"};

	for (size_t i = 0; i < COUNT_OF(reduced); i++)
		if (!strcmp(a->name, reduced[i]))
			return true;
	a->family = b->family;
	if (a->auth == AUTH_PUBKEY && b->auth == AUTH_RSA)
		a->auth = AUTH_RSA;
	for (int i = 0; i < 2; i++) {
		char **key = &a->end[i].public_key;

		if (*key && **key == '%' && !b->end[i].public_key) {
			free(*key);
			*key = NULL;
		}
	}
	return connection_equal(a, b);
}

/* Each connection that both texts have and that can be read is the same. */
static size_t compare(const char *input, const char *root, const char *output)
{
	struct problems problems = {0};
	struct conf *in = read_flat(input, root, &problems),
		    *out = read_flat(output, root, &problems);
	const char *name;
	size_t same = 0;

	for (size_t i = 0; (name = conf_conn_name(out, i)); i++) {
		struct connection *a = NULL, *b = NULL;
		struct diag why;

		if (!conf_connection(in, name, &a, &problems, &why) &&
		    !conf_connection(out, name, &b, &problems, &why)) {
			if (!is_same(a, b))
				fail_msg("%s and %s differ in %s", input, output, name);
			same++;
		}
		connection_unref(a);
		connection_unref(b);
	}
	conf_free(in);
	conf_free(out);
	problems_done(&problems);
	return same;
}

static void normalised_files_say_the_same(void **state)
{
	static const char *const pairs[][2] = {
		{"readwriteconf-08/ipsec", "readwriteconf-08"},
		{"readwriteconf-17/urnotl33t", "readwriteconf-17"},
		{"readwriteconf-18/mrcharlie", "readwriteconf-18"},
		{"readwriteconf-21/ikecrasher", "readwriteconf-21"},
		{"readwriteconf-22/ikecrasher", "readwriteconf-22"},
	};
	struct text in = {0}, out = {0}, root = {0};
	struct table t;
	size_t same = 0;

	table_open(&t, "readwriteconf/openswan-3.x-functional/CASES.tsv");
	table_next(&t);
	while (table_next(&t)) {
		const char *folder = CORPUS "readwriteconf/openswan-3.x-functional";

		text_clear(&in), text_clear(&out), text_clear(&root);
		text_add(&in, "%s/%s/%s", folder, t.columns[0], t.columns[2]);
		text_add(&out, "%s/%s/%s", folder, t.columns[0], t.columns[3]);
		text_add(&root, "%s/%s/%s", folder, t.columns[0], t.columns[1]);
		if (!access(text_str(&in), R_OK) && !access(text_str(&out), R_OK))
			same += compare(text_str(&in), text_str(&root), text_str(&out));
	}
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		text_clear(&in), text_clear(&out), text_clear(&root);
		text_add(&in, CORPUS "readwriteconf/openswan-2.6.38/%s.conf", pairs[i][0]);
		text_add(&out, CORPUS "readwriteconf/openswan-2.6.38/%s-flat.conf",
			 pairs[i][0]);
		text_add(&root, CORPUS "readwriteconf/openswan-2.6.38/%s", pairs[i][1]);
		same += compare(text_str(&in), text_str(&root), text_str(&out));
	}
	print_message("# %zu connections are the same after normalising\n", same);
	assert_true(same >= 55);
	text_done(&in);
	text_done(&out);
	text_done(&root);
	free(t.text);
}

/* ---- every ipsec.secrets ---- */

static void read_secrets(const char *path, struct counts *total)
{
	struct problems problems = {0};
	struct secret_lines lines = {0};
	struct text text = {0};
	char line[2048];

	flatten(path, "/nowhere", 0, &text);
	assert_int_equal(secrets_parse(view_str(text_str(&text)), path, &lines, &problems),
			 CYG_OK);
	text_done(&text);
	for (size_t i = 0; i < problems.len; i++) {
		if (problems.items[i].level == PROBLEM_ERROR)
			fail_msg("%s", diag_print(&problems.items[i].diag, line, sizeof(line)));
		count(total, problems.items[i].diag.code);
	}
	for (size_t i = 0; i < lines.len; i++)
		count(total, lines.items[i].kind == SECRET_PSK ? "(PSK)" : "(other kinds)");
	secret_lines_done(&lines);
	problems_done(&problems);
}

static void every_secrets_file_is_read(void **state)
{
	struct counts total = {0};
	glob_t found = {0};

	test_corpus("README.md");
	assert_int_equal(glob(CORPUS "ipsec.secrets/*/*", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		read_secrets(found.gl_pathv[i], &total);
	globfree(&found);
	print_counts("records of secrets, and what is wrong with others", &total);
	assert_int_equal(counted(&total, "(PSK)"), 133);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_read),
		cmocka_unit_test(known_fates),
		cmocka_unit_test(normalised_files_say_the_same),
		cmocka_unit_test(every_secrets_file_is_read),
	};

	return RUN_TESTS("conf/corpus", tests);
}
