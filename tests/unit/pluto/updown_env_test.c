/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/updown_env.h"

#include "conn/field.h"
#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What real tunnels give is tests/interop/test_updown.py's; this is what those cannot show. */

struct scene {
	struct connection *connection;
	struct updown facts;
	struct updown_call call;
	struct ts local, remote;
};

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static struct ts net(const char *text)
{
	struct ip_prefix p;

	assert_int_equal(prefix_parse(text, &p, NULL), CYG_OK);
	return ts_of_prefix(&p);
}

static struct scene *scene(void)
{
	static struct scene s;

	s = (struct scene){.connection = connection_new("office")};
	assert_non_null(s.connection);
	s.facts.connection = s.connection;
	s.facts.local = ip("192.0.2.1");
	s.facts.remote = ip("192.0.2.2");
	s.local = net("10.1.0.0/16");
	s.remote = net("10.2.0.0/16");
	s.call = (struct updown_call){.facts = &s.facts,
				      .local = &s.local,
				      .remote = &s.remote,
				      .stack = "memory"};
	return &s;
}

/* The value of a variable in the environment that the scene gives; NULL if it is absent. */
static const char *value(const struct scene *s, const char *name)
{
	static char kept[1024];
	char **env = updown_env(&s->call);
	bool found = false;

	assert_non_null(env);
	for (char **at = env; *at; at++) {
		size_t len = strcspn(*at, "=");

		if (strlen(name) != len || strncmp(*at, name, len) != 0)
			continue;
		snprintf(kept, sizeof(kept), "%s", *at + len + 1);
		found = true;
	}
	free(env);
	return found ? kept : NULL;
}

/* P42, CVE-2010-3308: what a peer chose means nothing to a shell. */
static void a_peers_words_are_harmless(void **state)
{
	static const struct {
		const char *id, *value;
	} rows[] = {
		{"@west.example", "@west.example"},
		{"@$(reboot)", "@%24%28reboot%29"},
		{"@`id`;a|b&c", "@%60id%60%3Ba%7Cb%26c"},
		{"@a'b\"c\\d", "@a%27b%22c%5Cx5cd"},
		{"@a%41*?~<>", "@a%2541%2A%3F%7E%3C%3E"},
		{"C=FI, O=Two Words, CN=west", "C=FI, O=Two Words, CN=west"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene *s = scene();
		struct diag why;

		test_row(i, "%s", rows[i].id);
		assert_int_equal(ident_parse(rows[i].id, &s->facts.remote_id, &why), CYG_OK);
		assert_string_equal(value(s, "PLUTO_PEER_ID"), rows[i].value);
		ident_unref(s->facts.remote_id);
		connection_unref(s->connection);
	}
}

static void names_are_harmless_too(void **state)
{
	struct scene *s = scene();

	(void)state;
	free(s->connection->name);
	s->connection->name = strdup("-rf $HOME\n-x");
	assert_string_equal(value(s, "PLUTO_CONNECTION"), "%2Drf %24HOME%0A-x");
	connection_unref(s->connection);
}

static void verbs(void **state)
{
	static const struct {
		const char *local, *verb;
	} rows[] = {
		{"192.0.2.1", "up-host"},        {"192.0.2.9", "up-client"},
		{"10.0.0.0/8", "up-client"},     {"2001:db8::/32", "up-client-v6"},
		{"2001:db8::1", "up-client-v6"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene *s = scene();

		s->facts.verb = UPDOWN_UP;
		s->local = net(rows[i].local);
		assert_string_equal(updown_verb_name(&s->call), rows[i].verb);
		assert_string_equal(value(s, "PLUTO_VERB"), rows[i].verb);
		connection_unref(s->connection);
	}
}

static void selectors(void **state)
{
	struct scene *s = scene();

	(void)state;
	s->remote.range = (struct ip_range){ip("10.2.0.5"), ip("10.2.0.9")};
	s->remote.proto = 6;
	s->remote.port_first = s->remote.port_last = 443;
	s->local.port_first = 1024;
	assert_string_equal(value(s, "PLUTO_MY_CLIENT_MASK"), "255.255.0.0");
	assert_string_equal(value(s, "PLUTO_MY_PORT"), "1024-65535");
	assert_string_equal(value(s, "PLUTO_PEER_CLIENT"), "10.2.0.5-10.2.0.9");
	assert_string_equal(value(s, "PLUTO_PEER_CLIENT_NET"), "10.2.0.5");
	assert_null(value(s, "PLUTO_PEER_CLIENT_MASK"));
	assert_string_equal(value(s, "PLUTO_PEER_PORT"), "443");
	assert_string_equal(value(s, "PLUTO_PEER_PROTOCOL"), "6");
	connection_unref(s->connection);
}

/* Nothing of ours gets in but what is listed; there is always a PATH. */
static void it_is_made_from_nothing(void **state)
{
	struct scene *s = scene();

	(void)state;
	setenv("LD_PRELOAD", "x", 1);
	setenv("CYGNET_SECRET", "x", 1);
	assert_null(value(s, "LD_PRELOAD"));
	assert_null(value(s, "CYGNET_SECRET"));
	unsetenv("LD_PRELOAD");
	setenv("PATH", "/somewhere", 1);
	assert_string_equal(value(s, "PATH"), "/somewhere");
	unsetenv("PATH");
	assert_non_null(strstr(value(s, "PATH"), "/usr/sbin"));
	connection_unref(s->connection);
}

static void what_is_not_known_is_absent(void **state)
{
	static const char *const names[] = {
		"PLUTO_INTERFACE", "PLUTO_VIRT_INTERFACE", "PLUTO_NEXT_HOP",
		"PLUTO_PEER_ID",   "PLUTO_MY_SOURCEIP",    "PLUTO_METRIC",
		"PLUTO_MTU",       "PLUTO_SA_TYPE",        "SPI_IN",
		"PLUTO_ADDTIME",   "PLUTO_INBYTES",        "PLUTO_UDP_ENC",
		"PLUTO_PEER",
	};
	struct scene *s = scene();

	(void)state;
	s->facts.remote = (struct ip_addr){0};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_null(value(s, names[i]));
	connection_unref(s->connection);
}

/* What a peer gave us goes before what is described; what it says means nothing to a shell. */
static void internal_addresses(void **state)
{
	static struct internal got = {.dns_len = 3,
				      .domains = "a.example b.example",
				      .banner = "`reboot`; hello"};
	struct scene *s = scene();

	(void)state;
	s->connection->end[0].source_ip = ip("10.1.0.1");
	s->connection->end[0].asks = ASK_AUTO;
	assert_string_equal(value(s, "PLUTO_MY_SOURCEIP"), "10.1.0.1");
	assert_null(value(s, "PLUTO_PEER_DNS_INFO"));
	assert_null(value(s, "PLUTO_PEER_BANNER"));
	got.addr[0] = ip("10.9.0.1");
	got.addr[1] = ip("2001:db8:9::1");
	got.dns[0] = ip("10.2.0.53");
	got.dns[1] = ip("2001:db8::53");
	got.dns[2] = ip("10.2.0.54");
	s->facts.internal = &got;
	s->facts.assigned[0] = ip("10.9.0.7");
	assert_string_equal(value(s, "PLUTO_MY_SOURCEIP"), "10.9.0.1");
	assert_string_equal(value(s, "PLUTO_MY_SOURCEIP4_1"), "10.9.0.1");
	assert_string_equal(value(s, "PLUTO_MY_SOURCEIP6_1"), "2001:db8:9::1");
	assert_string_equal(value(s, "PLUTO_PEER_SOURCEIP"), "10.9.0.7");
	assert_null(value(s, "PLUTO_PEER_SOURCEIP6_1"));
	assert_string_equal(value(s, "PLUTO_PEER_DNS_INFO"),
			    "10.2.0.53 2001:db8::53 10.2.0.54");
	assert_string_equal(value(s, "PLUTO_CISCO_DNS_INFO"),
			    "10.2.0.53 2001:db8::53 10.2.0.54");
	assert_string_equal(value(s, "PLUTO_CISCO_DOMAIN_INFO"), "a.example b.example");
	assert_string_equal(value(s, "PLUTO_PEER_DOMAIN_INFO"), "a.example b.example");
	assert_string_equal(value(s, "PLUTO_PEER_BANNER"), "%60reboot%60%3B hello");
	assert_string_equal(value(s, "PLUTO_DNS4_2"), "10.2.0.54");
	assert_string_equal(value(s, "PLUTO_DNS6_1"), "2001:db8::53");
	assert_null(value(s, "PLUTO_DNS6_2"));
	assert_string_equal(value(s, "PLUTO_CFG_CLIENT"), "1");
	assert_string_equal(value(s, "PLUTO_CFG_SERVER"), "0");
	connection_unref(s->connection);
}

static void say(struct connection *c, int which, const char *keyword, const char *text)
{
	const struct field *f = field_by_keyword(keyword, which >= 0);

	assert_non_null(f);
	assert_int_equal(field_set(c, which == 1, f, text, NULL), CYG_OK);
}

/* What other systems' programs are told and the connection says: -1 is its own field. */
static void what_the_connection_says(void **state)
{
	static const struct {
		const char *keyword, *text;
		int which;
		const char *name, *value;
	} rows[] = {
		{"mark", "5/0xff", -1, "PLUTO_MARK_IN", "5/0x000000ff"},
		{"mark-out", "6", -1, "PLUTO_MARK_OUT", "6/0xffffffff"},
		{"mark", "%unique", -1, "PLUTO_MARK_OUT", "8/0xffffffff"},
		{"if_id_in", "7", -1, "PLUTO_IF_ID_IN", "7"},
		{"if_id_out", "%unique", -1, "PLUTO_IF_ID_OUT", "8"},
		{"ipsec-interface", "3", -1, "PLUTO_IF_ID_OUT", "3"},
		{"ipsec-interface", "3", -1, "PLUTO_VIRT_INTERFACE", "ipsec3"},
		{"ipsec-interface", "0", -1, "PLUTO_VIRT_INTERFACE", "ipsec0"},
		{"ipsec-interface", "3", -1, "PLUTO_XFRMI_ROUTE", "yes"},
		{"vti-interface", "vti7", -1, "PLUTO_VIRT_INTERFACE", "vti7"},
		{"vti-interface", "vti7", -1, "VTI_IFACE", "vti7"},
		{"vti-interface", "vti7", -1, "VTI_ROUTING", "yes"},
		{"vti-interface", "vti7", -1, "VTI_SHARED", "no"},
		{"vti", "10.9.0.1/30", 0, "VTI_IP", "10.9.0.1/30"},
		{"ca", "C=FI, CN=Root", 1, "PLUTO_PEER_CA", "C=FI, CN=Root"},
		{"ca", "%any", 1, "PLUTO_PEER_CA", NULL},
		{"ca", "%same", 1, "PLUTO_PEER_CA", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene *s = scene();

		test_row(i, "%s=%s: %s", rows[i].keyword, rows[i].text, rows[i].name);
		s->facts.place = 8;
		assert_null(value(s, rows[i].name));
		say(s->connection, rows[i].which, rows[i].keyword, rows[i].text);
		if (rows[i].value)
			assert_string_equal(value(s, rows[i].name), rows[i].value);
		else
			assert_null(value(s, rows[i].name));
		connection_unref(s->connection);
	}
}

/* %same is what our own end says. */
static void both_ends_have_one_authority(void **state)
{
	struct scene *s = scene();

	(void)state;
	say(s->connection, 0, "ca", "C=FI, CN=Root");
	say(s->connection, 1, "ca", "%same");
	assert_string_equal(value(s, "PLUTO_PEER_CA"), "C=FI, CN=Root");
	connection_unref(s->connection);
}

static void compressed_packets(void **state)
{
	struct scene *s = scene();

	(void)state;
	assert_null(value(s, "PLUTO_IPCOMP"));
	s->facts.compressed = true;
	assert_string_equal(value(s, "PLUTO_IPCOMP"), "1");
	connection_unref(s->connection);
}

static bool make(void *ctx)
{
	char **env = updown_env(&((struct scene *)ctx)->call);

	free(env);
	return env;
}

static void memory_may_be_short(void **state)
{
	struct scene *s = scene();

	(void)state;
	test_each_allocation_failing(make, s, false);
	connection_unref(s->connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peers_words_are_harmless),
		cmocka_unit_test(names_are_harmless_too),
		cmocka_unit_test(verbs),
		cmocka_unit_test(selectors),
		cmocka_unit_test(it_is_made_from_nothing),
		cmocka_unit_test(what_is_not_known_is_absent),
		cmocka_unit_test(internal_addresses),
		cmocka_unit_test(what_the_connection_says),
		cmocka_unit_test(both_ends_have_one_authority),
		cmocka_unit_test(compressed_packets),
		cmocka_unit_test(memory_may_be_short),
	};

	return RUN_TESTS("pluto/updown_env", tests);
}
