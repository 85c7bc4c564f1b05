/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include "conn/field.h"
#include "tests/unit/conf/parsed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of a field of one connection, or "" when it has its default. */
static const char *get(const struct connection *c, const char *keyword)
{
	static char out[512];
	int which = !strncmp(keyword, "left", 4) ? 0 : !strncmp(keyword, "right", 5) ? 1 : 2;
	const struct field *f = field_by_keyword(keyword + (which == 0   ? 4
							    : which == 1 ? 5
									 : 0),
						 which < 2);
	struct text t = {0};

	assert_non_null(f);
	field_get(c, which & 1, f, &t);
	snprintf(out, sizeof(out), "%s", text_str(&t));
	text_done(&t);
	return out;
}

#define ENDS "  left=192.0.2.1\n  right=192.0.2.2\n  authby=secret\n"

/* What stands outside all known sections may have been any of them. */
static void a_gap_is_where_no_section_is_known(void **state)
{
	static const struct {
		const char *text;
		unsigned line; /* 0: no gap */
	} rows[] = {
		{"con a\n  left=192.0.2.1\n", 1},
		{"conn a\n" ENDS "conn\n", 5},
		{"conn a\n" ENDS "conn a b\n", 5},
		{"conn a\n" ENDS "version 2\n  left=192.0.2.1\n", 6},
		{"conn a\n" ENDS "include nothing.conf\ncon b\n", 5},
		{"conn a\n" ENDS "co\x01n b\n", 5},
		{"conn a\n" ENDS "include nothing.d/*.conf\n", 0},
		{"conn a\n" ENDS "  junk\n", 0},
		{"conn a\n" ENDS "left=192.0.2.1\n", 0},
		{"config setup\n  junk\nconn a\n" ENDS, 0},
		{"", 0},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf *c = parse(rows[i].text);
		unsigned line = 0;
		const char *file = conf_gap(c, &line);

		assert_int_equal(line, rows[i].line);
		if (rows[i].line)
			assert_string_equal(file, "/nowhere/ipsec.conf");
		else
			assert_null(file);
		done(c);
	}
}

static void a_file_that_ends_amid_a_line_is_known(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column; /* 0: its last line ends */
	} rows[] = {
		{"conn a", 1, 1},
		{"conn a\n" ENDS "conn b", 5, 1},
		{"conn a\n" ENDS "  rightid=@b", 5, 1},
		{"conn a\n" ENDS "# more", 5, 1},
		{"conn a\n" ENDS "\t", 5, 1},
		{"conn a\n" ENDS "  rightid=\"b", 5, 1},
		{"conn a\n" ENDS, 0, 0},
		{"conn a\r\n", 0, 0},
		{"conn a\n" ENDS "\n", 0, 0},
		{"", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct conf *c = parse(rows[i].text);
		struct conf_origin at = {.line = 0};

		assert_int_equal(conf_unended(c, &at), rows[i].line != 0);
		assert_int_equal(at.line, rows[i].line);
		assert_int_equal(at.column, rows[i].column);
		if (rows[i].line)
			assert_string_equal(at.file, "/nowhere/ipsec.conf");
		done(c);
	}
}

static void faulty_connections_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *lines;
		unsigned line, column;
		const char *says, *hint;
	} rows[] = {
		{"  leftsubnot=10.0.0.0/8\n", 5, 3, "no keyword leftsubnot=", "leftsubnet="},
		{"  lefsubnet=10.0.0.0/8\n", 5, 3, "no keyword lefsubnet=", "mean leftsubnet="},
		{"  rigthid=@x\n", 5, 3, "no keyword rigthid=", "mean rightid="},
		{"  keylive=1h\n", 5, 3, "no keyword keylive=", "keylife="},
		{"  plutodebug=all\n", 5, 3,
		 "no keyword plutodebug=", "belongs in config setup"},
		{"  subnet=10.0.0.0/8\n", 5, 3, "no keyword subnet=", "leftsubnet="},
		{"  leftsubnet=10.0.0.300/8\n", 5, 14, "", ""},
		{"  type=tunel\n", 5, 8, "", "tunnel"},
		{"  ikelifetime=soon\n", 5, 15, "", ""},
		{"  also=nobody\n", 5, 8, "names no section", ""},
		{"  also=a\n", 5, 8, "comes back to itself", ""},
		{"  mark=0x15/0xf\n", 5, 8, "its mask has not", ""},
		{"  aggressive=yes\n", 5, 3, "can't be followed", ""},
		{"  rightid2=dave\n", 5, 3, "can't be followed", "eap_identity="},
		{"  rightgroups2=sales\n", 5, 3, "can't be followed",
		 "of two proofs the first"},
		{"  rightca2=\"CN=a\"\n", 5, 3, "can't be followed", "rightca="},
		{"  rightcert2=b.pem\n", 5, 3, "can't be followed", "rightcert="},
		{"  rightcertpolicy=1.2.3\n", 5, 3, "can't be followed", "rightca="},
		{"  ppk=inist\n", 5, 7, "", "insist"},
		{"  junk\n", 5, 3, "expected keyword=value", ""},
		{"  connalias=b[c]\n", 5, 13, "", "brackets"},
		{"  left=192.0.2.9\n", 5, 3, "two values for left=", ""},
		{"  ike=rc5-md5-modp768\n", 5, 7, "", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *conn = NULL;
		struct diag why, *d;
		char text[512];
		struct conf *c;

		test_row(i, "%s", rows[i].lines);
		snprintf(text, sizeof(text), "conn a\n" ENDS "%s", rows[i].lines);
		c = parse(text);
		assert_int_equal(conf_connection(c, "a", &conn, &problems, &why),
				 CYG_MALFORMED);
		assert_null(conn);
		assert_true(problems.errors >= 1);
		d = &problems.items[0].diag;
		assert_int_equal(d->line, rows[i].line);
		assert_int_equal(d->column, rows[i].column);
		assert_non_null(strstr(d->sentence, rows[i].says));
		assert_true(strstr(d->hint, rows[i].hint) ||
			    strstr(d->sentence, rows[i].hint) ||
			    strstr(d->wanted, rows[i].hint));
		done(c);
	}
}

/* What is wrong in a shared section is said of the connection that is lost, in the file's words. */
static void refusals_name_the_connection(void **state)
{
	static const struct {
		const char *shared;
		unsigned line;
		const char *says;
	} rows[] = {
		{"  keyexchange=ikev1\n", 4, "conn lost: keyexchange=: "},
		{"  ikev2=no\n", 4, "conn lost: ikev2=: "},
		{"  keylife=1y\n", 4, "conn lost: keylife=: "},
		{"  lifetime=1y\n", 4, "conn lost: lifetime=: "},
		{"  leftprotoport=tcp/nosuch\n", 4,
		 "conn lost: leftprotoport=: there is no service nosuch here"},
		{"  leftupdown=\"/bin/a | /bin/b\"\n", 4, "conn lost: leftupdown=: "},
		{"  dpddelay=60\n  dpdtimeout=30\n", 1, "conn lost: dpdtimeout is shorter"},
		{"  mobike=perhaps\n", 4, "conn lost: "},
		{"  left=%any\n  right=%any\n", 1, "conn lost: both ends are %any"},
		{"  left=%any\n", 1, "conn lost: right= is missing"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool ends = strstr(rows[i].shared, "left=") != NULL;
		struct connection *conn;
		char text[512];
		struct conf *c;
		struct diag why;

		snprintf(text, sizeof(text), "conn lost\n  also=shared\nconn shared\n%s%s",
			 rows[i].shared, ends ? "  authby=secret\n" : ENDS);
		test_row(i, "%s", text);
		c = parse(text);
		assert_int_equal(conf_connection(c, "lost", &conn, &problems, &why),
				 CYG_MALFORMED);
		test_row(i, "%s", why.sentence);
		assert_ptr_equal(strstr(why.sentence, rows[i].says), why.sentence);
		assert_int_equal(why.line, rows[i].line);
		done(c);
	}
}

static void one_bad_connection_leaves_the_others(void **state)
{
	struct conf *c = parse("conn bad\n" ENDS "  nonsense=1\nconn good\n" ENDS);
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "bad", &conn, &problems, &why), CYG_MALFORMED);
	assert_int_equal(conf_connection(c, "good", &conn, &problems, &why), CYG_OK);
	assert_string_equal(conn->name, "good");
	connection_unref(conn);
	done(c);
}

static void unknown_names_have_a_suggestion(void **state)
{
	struct conf *c = parse("conn office\n" ENDS);
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "ofice", &conn, &problems, &why), CYG_NOTFOUND);
	assert_non_null(strstr(why.hint, "office"));
	assert_int_equal(conf_connection(c, "%default", &conn, &problems, &why), CYG_NOTFOUND);
	done(c);
}

static void stronger_layers_win(void **state)
{
	struct conf *c = parse(
		"conn a\n" ENDS "  also=\"b c\"\n  ikelifetime=2h\n"
		"conn b\n  ikelifetime=3h\n  keylife=4h\n"
		"conn c\n  keylife=5h\n  rekeymargin=7m\n  also=d\n"
		"conn d\n  rekeymargin=8m\n  leftsubnet=10.1.0.0/24\n"
		"conn %default\n  leftsubnet=10.9.0.0/24\n  rightsubnet=10.8.0.0/24\n  dpddelay=9s\n"
		"conn %default\n  dpddelay=10s\n  dpdtimeout=30s\n");
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_OK);
	assert_string_equal(get(conn, "ikelifetime"), "2h");
	assert_string_equal(get(conn, "keylife"), "4h");
	assert_string_equal(get(conn, "rekeymargin"), "7m");
	assert_string_equal(get(conn, "leftsubnet"), "10.1.0.0/24");
	assert_string_equal(get(conn, "rightsubnet"), "10.8.0.0/24");
	assert_string_equal(get(conn, "dpddelay"), "10s");
	connection_unref(conn);
	done(c);
}

static void alsoflip_exchanges_the_ends(void **state)
{
	struct conf *c = parse(
		"conn a\n  authby=secret\n  alsoflip=b\nconn b\n  left=192.0.2.1\n  right=192.0.2.2\n"
		"  leftid=@x\n");
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_OK);
	assert_string_equal(get(conn, "left"), "192.0.2.2");
	assert_string_equal(get(conn, "rightid"), "@x");
	assert_string_equal(get(conn, "leftid"), "");
	connection_unref(conn);
	done(c);
}

/* What phase2alg= means depends on phase2=, wherever that stands. */
static void a_name_that_cannot_be_is_refused_where_it_stands(void **state)
{
	struct conf *c = parse("conn a[b]c\n" ENDS);
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a[b]c", &conn, &problems, &why), CYG_MALFORMED);
	assert_int_equal(problems.items[0].diag.line, 1);
	assert_non_null(strstr(problems.items[0].diag.sentence, "can't be the name"));
	done(c);
}

/* Who negotiates nothing speaks no version of IKE, wherever its type stands. */
static void shunts_of_old_versions_are_read(void **state)
{
	static const struct {
		const char *lines;
		enum cyg_err err;
	} rows[] = {
		{"  keyexchange=ikev1\n  type=passthrough\n  authby=never\n", CYG_OK},
		{"  type=drop\n  authby=never\n  ikev2=no\n", CYG_OK},
		{"  ikev1=insist\n  type=reject\n  authby=never\n", CYG_OK},
		{"  keyexchange=ikev1\n", CYG_MALFORMED},
		{"  keyexchange=ikev5\n  type=drop\n  authby=never\n", CYG_MALFORMED},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *conn = NULL;
		struct diag why;
		char text[512];
		struct conf *c;

		test_row(i, "%s", rows[i].lines);
		snprintf(text, sizeof(text),
			 "conn a\n  left=192.0.2.1\n  right=192.0.2.2\n%s", rows[i].lines);
		c = parse(text);
		assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), rows[i].err);
		connection_unref(conn);
		done(c);
	}
}

static void the_order_of_words_does_not_matter(void **state)
{
	static const char *const texts[] = {
		"conn a\n" ENDS "  phase2=ah\n  phase2alg=sha2_256\n",
		"conn a\n" ENDS "  phase2alg=sha2_256\n  phase2=ah\n",
		"conn a\n" ENDS "  phase2alg=sha2_256\nconn %default\n  phase2=ah\n",
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct conf *c = parse(texts[i]);
		struct connection *conn = NULL;
		struct diag why;

		test_row(i, "%s", texts[i]);
		assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_OK);
		assert_int_equal(conn->protects, PROTO_AH);
		assert_int_equal(conn->esp->items[0].protocol, PROTO_AH);
		connection_unref(conn);
		done(c);
	}
}

static void an_empty_value_takes_back(void **state)
{
	struct conf *c = parse("conn a\n" ENDS
			       "  leftsubnet=\nconn %default\n  leftsubnet=10.1.0.0/24\n");
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_OK);
	assert_string_equal(get(conn, "leftsubnet"), "");
	connection_unref(conn);
	done(c);
}

static void preferences_without_effect_are_noted(void **state)
{
	struct conf *c = parse(
		"conn a\n" ENDS
		"  mobike=yes\n  pfsgroup=modp2048\n  aggressive=no\n  x-note=hello\n");
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "a", &conn, &problems, &why), CYG_OK);
	assert_int_equal(problems.len, 2);
	assert_int_equal(problems.items[0].level, PROBLEM_NOTE);
	assert_int_equal(problems.items[1].level, PROBLEM_WARNING);
	connection_unref(conn);
	done(c);
}

static void aliases_find_their_connection(void **state)
{
	struct conf *c = parse("conn a\n" ENDS "  connalias=\"x y\"\nconn x2\n" ENDS
			       "  connalias=y\n");
	struct connection *conn = NULL;
	struct diag why;

	assert_int_equal(conf_connection(c, "y", &conn, &problems, &why), CYG_OK);
	assert_string_equal(conn->name, "a");
	connection_unref(conn);
	done(c);
}

static void an_alias_means_all_that_have_it(void **state)
{
	static const char *const wanted[] = {"c", "a", "c", "x y", "none", "b"};
	char *names[] = {(char *)"c",    (char *)"shared", (char *)"x y",
			 (char *)"none", (char *)"b",      NULL};
	struct conf *c = parse("conn a\n" ENDS "  connalias=\"b shared\"\nconn b\n" ENDS
			       "conn c\n" ENDS "  connalias=shared,shared\n");
	const char **all = conf_resolve(c, names);

	assert_non_null(all);
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		assert_string_equal(all[i], wanted[i]);
	assert_null(all[COUNT_OF(wanted)]);
	free(all);
	done(c);
}

static void auto_is_known_without_the_rest(void **state)
{
	struct conf *c = parse(
		"conn a\n  auto=start\nconn b\n  also=c\nconn c\n  auto=route\nconn d\n  nonsense=1\n"
		"conn %default\n  auto=add\n");

	assert_int_equal(conf_conn_start(c, "a"), START_UP);
	assert_int_equal(conf_conn_start(c, "b"), START_ROUTE);
	assert_int_equal(conf_conn_start(c, "d"), START_ADD);
	assert_int_equal(conf_conn_start(c, "none"), START_IGNORE);
	assert_string_equal(conf_conn_name(c, 0), "a");
	assert_string_equal(conf_conn_name(c, 3), "d");
	assert_null(conf_conn_name(c, 4));
	done(c);
}

static void settings_are_read(void **state)
{
	struct conf *c = parse(
		"config setup\n  plane=esp\n  uniqueids=no\n  nhelpers=3\n  plutostderrlog=/tmp/x\n"
		"  keep-alive=30s\n  protostack=netkey\n  nat_traversal=yes\n  interfaces=%defaultroute\n"
		"config setup\n  nhelpers=4\n  leftid=@x\n  plutodebugg=all\n  plutowait=perhaps\n");
	const struct conf_setup *s = conf_setup(c);

	assert_string_equal(s->plane, "auto");
	assert_false(s->unique_ids);
	assert_int_equal(s->helpers, 4);
	assert_string_equal(s->log_file, "/tmp/x");
	assert_int_equal(s->keep_alive_seconds, 30);
	assert_int_equal(problems.errors, 3);
	assert_int_equal(problems.len, 7);
	/* What counts is told, whichever spelling it has. */
	assert_string_equal(problems.items[0].diag.code, "keyword-twice");
	assert_non_null(strstr(problems.items[0].diag.sentence, "protostack=; the last one counts"));
	assert_string_equal(problems.items[0].diag.wanted, "one value; line 2 says plane=esp");
	assert_string_equal(problems.items[3].diag.code, "keyword-twice");
	assert_string_equal(problems.items[3].diag.wanted, "one value; line 4 says 3");
	assert_non_null(strstr(problems.items[4].diag.hint, "conn section"));
	assert_non_null(strstr(problems.items[5].diag.hint, "plutodebug="));
	assert_string_equal(problems.items[6].diag.got, "perhaps");
	assert_int_equal(problems.items[6].diag.line, 14);
	done(c);
}

static void identities_may_be_unique_in_three_ways(void **state)
{
	static const struct {
		const char *word;
		bool unique, ignored;
	} rows[] = {{"yes", true, false},    {"replace", true, false}, {"no", false, false},
		    {"keep", false, false}, {"never", false, true},   {"perhaps", true, false}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];
		struct conf *c;

		test_row(i, "%s", rows[i].word);
		snprintf(text, sizeof(text), "config setup\n  uniqueids=%s\n", rows[i].word);
		c = parse(text);
		assert_int_equal(problems.len, !strcmp(rows[i].word, "perhaps"));
		assert_int_equal(conf_setup(c)->unique_ids, rows[i].unique);
		assert_int_equal(conf_setup(c)->contact_ignored, rows[i].ignored);
		done(c);
	}
}

/* Any word logs all: a misspelt "none" is told. */
static void topics_of_the_log_are_known(void **state)
{
	static const struct {
		const char *text;
		unsigned warnings;
		const char *hint;
	} rows[] = {
		{"nnoe", 1, "did you mean none?"},
		{"priavte", 1, "did you mean private?"},
		{"control,nothing-like-it crypt", 1, ""},
		{"none", 0, NULL},
		{"All", 0, NULL},
		{"\"control parsing, dpd\"", 0, NULL},
		{"impair-retransmits", 0, NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[128];
		struct conf *c;

		test_row(i, "%s", rows[i].text);
		snprintf(text, sizeof(text), "config setup\n  plutodebug=%s\n", rows[i].text);
		c = parse(text);
		assert_int_equal(problems.errors, 0);
		assert_int_equal(problems.len, rows[i].warnings);
		if (rows[i].hint) {
			assert_string_equal(problems.items[0].diag.hint, rows[i].hint);
			assert_int_equal(problems.items[0].diag.line, 2);
		}
		done(c);
	}
}

/* A word that protects, and can't be read, protects most. */
static void a_mistyped_strictness_is_the_strictest(void **state)
{
	struct conf *c = parse("config setup\n  strictcrlpolicy=no\n  strictcrlpolicy=strict\n");

	assert_string_equal(conf_setup(c)->crl_policy, "yes");
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.items[0].diag.got, "strict");
	assert_non_null(strstr(problems.items[0].diag.hint, "counts as yes"));
	done(c);
	c = parse("config setup\n  crl_strict=maybe\n");
	assert_string_equal(conf_setup(c)->crl_policy, "yes");
	done(c);
}

static void settings_not_said_are_told_from_nought(void **state)
{
	struct conf *c = parse("config setup\n  x-note=anything\n  plane=quick\n  xyz=1\n");

	assert_null(conf_setup(c)->plane);
	assert_int_equal(problems.errors, 2);
	assert_string_equal(problems.items[0].diag.got, "quick");
	assert_int_equal(conf_setup(c)->half_open_cookie, SETUP_UNSET);
	assert_int_equal(conf_setup(c)->keep_alive_seconds, SETUP_UNSET);
	done(c);
	c = parse("config setup\n  protostack=xfrm\n  ddos-ike-threshold=0\n  keep-alive=0\n");
	assert_string_equal(conf_setup(c)->plane, "auto");
	assert_int_equal(problems.len, 0);
	assert_int_equal(conf_setup(c)->half_open_cookie, 0);
	assert_int_equal(conf_setup(c)->keep_alive_seconds, 0);
	done(c);
}

static bool read_once(void *ctx)
{
	struct conf *c;
	struct connection *conn = NULL;
	enum cyg_err err = conf_parse(view_str(ctx), "x", &c, NULL);

	if (err)
		return false;
	err = conf_connection(c, "a", &conn, NULL, NULL);
	connection_unref(conn);
	conf_free(c);
	return !err;
}

static void memory_may_run_out(void **state)
{
	test_each_allocation_failing(read_once,
				     (void *)"conn a\n" ENDS
					     "  also=b\n  connalias=z\nconn b\n  leftid=@x\n"
					     "  leftsubnet=10.0.0.0/8\n",
				     true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faulty_connections_are_refused_with_their_place),
		cmocka_unit_test(refusals_name_the_connection),
		cmocka_unit_test(a_gap_is_where_no_section_is_known),
		cmocka_unit_test(a_file_that_ends_amid_a_line_is_known),
		cmocka_unit_test(one_bad_connection_leaves_the_others),
		cmocka_unit_test(unknown_names_have_a_suggestion),
		cmocka_unit_test(stronger_layers_win),
		cmocka_unit_test(alsoflip_exchanges_the_ends),
		cmocka_unit_test(a_name_that_cannot_be_is_refused_where_it_stands),
		cmocka_unit_test(shunts_of_old_versions_are_read),
		cmocka_unit_test(the_order_of_words_does_not_matter),
		cmocka_unit_test(an_empty_value_takes_back),
		cmocka_unit_test(preferences_without_effect_are_noted),
		cmocka_unit_test(aliases_find_their_connection),
		cmocka_unit_test(an_alias_means_all_that_have_it),
		cmocka_unit_test(auto_is_known_without_the_rest),
		cmocka_unit_test(settings_are_read),
		cmocka_unit_test(identities_may_be_unique_in_three_ways),
		cmocka_unit_test(topics_of_the_log_are_known),
		cmocka_unit_test(a_mistyped_strictness_is_the_strictest),
		cmocka_unit_test(settings_not_said_are_told_from_nought),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("conf/conf", tests);
}
