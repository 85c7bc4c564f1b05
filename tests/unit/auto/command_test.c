/* SPDX-License-Identifier: Apache-2.0 */
#include "auto/command.h"

#include "conf/conf.h"
#include "tests/unit/support/test.h"
#include "whack/options.h"

#include <stdlib.h>
#include <string.h>

/* ---- quoting ---- */

static char *printed(const struct command_line *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	command_print(c, "", out);
	fclose(out);
	return text;
}

static void words_are_quoted_where_they_must_be(void **state)
{
	static const struct {
		const char *word, *shown;
	} rows[] = {
		{"", "''"},
		{"plain", "plain"},
		{"%any", "%any"},
		{"@west.example", "@west.example"},
		{"10.1.0.0/24,2001:db8::/32", "10.1.0.0/24,2001:db8::/32"},
		{"--type=tunnel", "--type=tunnel"},
		{"two words", "'two words'"},
		{"it's", "'it'\\''s'"},
		{"'", "''\\'''"},
		{"\"", "'\"'"},
		{"$HOME", "'$HOME'"},
		{"`x`", "'`x`'"},
		{"a;b|c&d", "'a;b|c&d'"},
		{"*", "'*'"},
		{"a?b[c]", "'a?b[c]'"},
		{"~", "'~'"},
		{"#", "'#'"},
		{"!", "'!'"},
		{"back\\slash", "'back\\slash'"},
		{"new\nline", "'new\nline'"},
		{"tab\t", "'tab\t'"},
		{"{a}", "'{a}'"},
		{"\xc3\xa9", "'\xc3\xa9'"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct command_line c = {0};
		char want[64], *text;

		test_row(i, "%s", rows[i].word);
		command_add(&c, "x");
		command_add(&c, rows[i].word);
		snprintf(want, sizeof(want), "x %s\n", rows[i].shown);
		text = printed(&c);
		assert_string_equal(text, want);
		free(text);
		command_done(&c);
		assert_null(c.words);
	}
}

/* ---- a connection becomes options, and these the same connection ---- */

static void check_round_trip(const struct connection *conn)
{
	struct command_line c = {0};
	struct whack_options o;
	struct diag why;
	char line[2048];

	command_add(&c, "whack");
	command_describe(&c, conn);
	assert_false(c.bad);
	diag_clear(&why);
	if (options_parse((int)c.len, c.words, &o, &why)) {
		char *text = printed(&c);

		fail_msg("%s: %s\n%s", conn->name, diag_print(&why, line, sizeof(line)), text);
	}
	assert_string_equal(o.name, conn->name);
	if (!connection_equal(conn, o.connection))
		fail_msg("%s is another one after\n%s", conn->name, printed(&c));
	options_done(&o);
	command_done(&c);
}

/* Each connection of the text that can be read; returns how many. */
static size_t check_text(struct view text, const char *name)
{
	struct conf *conf;
	const char *conn_name;
	size_t n = 0;

	assert_int_equal(conf_parse(text, name, &conf, NULL), CYG_OK);
	for (size_t i = 0; (conn_name = conf_conn_name(conf, i)); i++) {
		struct connection *conn = NULL;
		struct diag why;

		if (conf_connection(conf, conn_name, &conn, NULL, &why))
			continue;
		check_round_trip(conn);
		connection_unref(conn);
		n++;
	}
	conf_free(conf);
	return n;
}

static void each_keyword_comes_back(void **state)
{
	/* On their own, beside what every connection needs. */
	/* clang-format off: as many as fit on a line */
	static const char *const lines[] = {
		"leftid=@west",
		"rightid=%any",
		"leftid=\"C=CH, O=It's \\\\\"us\\\\\", CN=a b\"",
		"leftid=@[key id]",
		"leftid=@#0a0b",
		"rightid=*@example.com",
		"leftid=user@example.com",
		"leftid=2001:db8::1",
		"leftid=\"@a b\"",
		"leftsubnet=10.0.0.0/8",
		"leftsubnets={10.0.0.0/8}",
		"leftprotoport=tcp/22",
		"leftprotoport=17/%any",
		"leftnexthop=192.0.2.9",
		"leftnexthop=%direct",
		"leftsourceip=10.0.0.1",
		"leftikeport=4500",
		"rightikeport=501",
		"leftauth=secret",
		"rightauth=secret",
		"leftupdown=\"/bin/echo it\\'s 'me & $you'\"",
		"connalias=other",
		"connalias=\"one two\"",
		"type=tunnel",
		"type=transport",
		"type=passthrough",
		"type=drop",
		"type=reject",
		"auto=add",
		"auto=route",
		"auto=start",
		"auto=keep",
		"auto=ignore",
		"authby=rsasig",
		"connaddrfamily=ipv4",
		"keyexchange=ikev2",
		"ikev2=insist",
		"ike=aes256-sha2_512-dh19",
		"ike=aes128gcm16-prfsha256-x25519,aes256-sha256;modp2048",
		"ike=aes-sha2",
		"esp=aes_gcm256",
		"esp=chacha20_poly1305,aes256-sha2_256",
		"esp=aes128-sha256-ecp256",
		"phase2alg=aes256-sha2",
		"pfs=no",
		"pfs=yes",
		"esn=yes",
		"esn=no",
		"esn=either",
		"replay-window=0",
		"replay-window=1024",
		"ikelifetime=2h",
		"salifetime=90m",
		"keylife=3601",
		"rekey=no",
		"rekeymargin=3m",
		"rekeyfuzz=0%",
		"rekeyfuzz=250%",
		"ipsec-max-bytes=10GiB",
		"ipsec-max-packets=1000000",
		"keyingtries=3",
		"keyingtries=%forever",
		"retransmit-interval=250ms",
		"retransmit-timeout=20s",
		"dpddelay=9",
		"dpdtimeout=2m",
		"dpdaction=restart",
		"dpdaction=clear",
		"dpdaction=none",
		"initial-contact=no",
		"uniqueids=no",
		"encapsulation=yes",
		"encapsulation=no",
		"forceencaps=yes",
		"failureshunt=passthrough",
		"failureshunt=drop",
		"failureshunt=reject",
		"negotiationshunt=passthrough",
		"negotiationshunt=drop",
		"mtu=1280",
		"metric=9",
		"reqid=77",
		"left=%defaultroute",
		"left=gateway.example",
		"left=%eth0",
		"right=%any",
	};
	/* clang-format on */

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		char text[512];

		test_row(i, "%s", lines[i]);
		snprintf(
			text, sizeof(text),
			"conn %%default\n left=192.0.2.1\n right=192.0.2.2\n authby=secret\nconn it's\n %s\n",
			lines[i]);
		assert_int_equal(check_text(view_str(text), "/nowhere/ipsec.conf"), 1);
	}
}

static void pairs_of_keywords_come_back(void **state)
{
	static const char text[] =
		"conn %default\n left=192.0.2.1\n right=192.0.2.2\n authby=secret\n"
		"conn a\n type=transport\n leftprotoport=udp/1701\n rightprotoport=udp/%any\n"
		"conn b\n type=passthrough\n authby=never\n leftsubnet=10.0.0.0/8\n"
		"conn c\n leftauth=secret\n rightauth=rsasig\n"
		"conn d\n authby=never\n type=drop\n"
		"conn e\n left=%defaultroute\n leftnexthop=192.0.2.254\n right=%any\n rightid=@*.example\n"
		"conn f\n left=2001:db8::1\n right=2001:db8::2\n leftsubnet=10.1.0.0/16,2001:db8:1::/48\n"
		"  rightsubnet=10.2.0.0/16,2001:db8:2::/48\n leftsourceip=10.1.0.1\n"
		"conn g\n dpddelay=10s\n dpdtimeout=40s\n dpdaction=hold\n esn=yes\n esp=aes_gcm128-esn\n"
		"conn -\n auto=start\n"
		"conn --up\n auto=start\n"
		"conn {x:1}\n auto=add\n"
		"conn \xc3\xa9t\xc3\xa9\n auto=add\n";

	assert_int_equal(check_text(view_str(text), "/nowhere/ipsec.conf"), 11);
}

/* Files of others' suites, their includes left out. */
static void connections_of_the_corpus_come_back(void **state)
{
	struct view meta = test_corpus("ipsec.conf/META.tsv");
	const char *at = memchr(meta.ptr, '\n', meta.len);
	const char *end = (const char *)meta.ptr + meta.len;
	size_t n = 0, row = 0;

	while (at && at + 1 < end) {
		size_t len = strcspn(at + 1, "\t");
		char relative[512];

		/* Every fifth: they are alike. */
		if (row++ % 5 == 0 && len < sizeof(relative)) {
			memcpy(relative, at + 1, len);
			relative[len] = '\0';
			n += check_text(test_corpus(relative), "/nowhere/ipsec.conf");
		}
		at = memchr(at + 1, '\n', (size_t)(end - at - 1));
	}
	print_message("# %zu connections\n", n);
	assert_true(n > 200);
}

/* ---- memory ---- */

static bool describe_once(void *ctx)
{
	struct command_line c = {0};
	bool well;

	command_add(&c, "whack");
	command_describe(&c, ctx);
	well = !c.bad;
	command_done(&c);
	return well;
}

static void memory_may_run_out(void **state)
{
	static const char text[] =
		"conn a\n left=%defaultroute\n leftid=@x\n right=192.0.2.2\n authby=secret\n"
		" rightsubnet=10.0.0.0/8\n ike=aes256-sha2_512-dh19\n dpddelay=5s\n";
	struct connection *conn;
	struct conf *conf;
	struct diag why;

	assert_int_equal(conf_parse(view_str(text), "x", &conf, NULL), CYG_OK);
	assert_int_equal(conf_connection(conf, "a", &conn, NULL, &why), CYG_OK);
	test_each_allocation_failing(describe_once, conn, false);
	connection_unref(conn);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_quoted_where_they_must_be),
		cmocka_unit_test(each_keyword_comes_back),
		cmocka_unit_test(pairs_of_keywords_come_back),
		cmocka_unit_test(connections_of_the_corpus_come_back),
		cmocka_unit_test(memory_may_run_out),
	};

	return RUN_TESTS("auto/command", tests);
}
