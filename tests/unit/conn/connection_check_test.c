/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/field.h"
#include "conn/internal.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "left=192.0.2.1 authby=secret ..." into a connection that is whole but for what they change. */
static struct connection *described(const char *name, const char *settings)
{
	struct connection *c = connection_new(name);
	char copy[512], *save = NULL;

	snprintf(copy, sizeof(copy), "left=192.0.2.1 right=198.51.100.1 authby=secret %s",
		 settings);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *value = strchr(w, '=');
		bool left = strncmp(w, "left", 4) == 0, right = strncmp(w, "right", 5) == 0;
		const struct field *f;

		*value++ = '\0';
		f = field_by_keyword(w + (left ? 4 : right ? 5 : 0), left || right);
		assert_non_null(f);
		assert_int_equal(field_set(c, right, f, value, NULL), CYG_OK);
	}
	return c;
}

static void broken_rules(void **state)
{
	static const struct {
		const char *settings, *code;
	} rows[] = {
		{"leftid=%fromcert", "id-of-cert"},
		{"leftauth=pubkey rightid=%fromcert", "id-of-cert"},
		{"leftauth=pubkey rightauth=pubkey leftid=%fromcert rightid=%fromcert",
		 "ids-both-any"},
		{"salifetime=5m rekeymargin=9m", "margin-too-wide"},
		{"leftauth=eap-mschapv2 rightauth=eap-mschapv2", "eap-only"},
		{"leftauth=eap-mschapv2 rightauth=eaponly", "eap-only"},
		{"leftauth=eap-tls rightauth=eap-radius", "eap-only"},
		{"leftauth=eaponly rightauth=eaponly", "eap-only"},
		{"leftauth=eaponly rightauth=pubkey", "eap-only"},
		{"leftauth=eap-radius,eap-tls rightauth=pubkey", "eap-radius-alone"},
		{"leftauth=pubkey leftauth2=eap-tls rightauth=pubkey ppk=yes", "auth2-ppk"},
		{"leftauth2=pubkey", "auth2"},
		{"manual=yes compress=yes", "manual-compress"},
		{"ipsec-interface=yes vti-interface=vti0 mark=5", "two-interfaces"},
		{"ipsec-interface=yes if_id_in=5", "two-interfaces"},
		{"ipsec-interface=yes if_id_out=%unique", "two-interfaces"},
		{"ipsec-interface=7 type=transport", "interface-type"},
		{"vti-interface=vti0 mark=5 type=passthrough", "interface-type"},
		{"vti-interface=vti0", "vti-mark"},
		{"vti-interface=vti0 mark-in=5", "vti-mark"},
		{"vti-interface=vti0 mark=0", "vti-mark"},
		{"rightvti=10.9.0.1/30", "vti-address"},
		{"leftinterface-ip=10.9.0.1/30", "interface-address"},
		{"vti-interface=vti0 mark=5 right=%any", "vti-shared"},
		{"leftauth2=eap-tls rightauth2=eap-tls", "auth2"},
		{"leftauth=eap-tls leftauth2=eap-mschapv2 rightauth=pubkey", "auth2"},
		{"left=%any right=%any", "ends-both-any"},
		{"left=%defaultroute right=%defaultroute", "ends-both-here"},
		{"left=%eth0 right=%defaultroute", "ends-both-here"},
		{"left=%group right=%opportunisticgroup", "ends-both-group"},
		{"left=%any right=%group", "ends-both-any"},
		{"right=%group rightsubnet=10.0.0.0/8", "group-subnet"},
		{"type=passthrough authby=never left=%opportunistic leftsubnet=10.0.0.0/8",
		 "group-subnet"},
		{"right=192.0.2.1", "ends-equal"},
		{"right=2001:db8::1", "families-mixed"},
		{"connaddrfamily=ipv6", "families-mixed"},
		{"leftnexthop=2001:db8::1", "families-mixed"},
		{"leftsubnet=10.0.1.0/24 rightsubnet=2001:db8::/64", "families-mixed"},
		{"leftsubnet=2001:db8::/64", "families-mixed"},
		{"leftsubnet=10.0.1.0/24,2001:db8::/64 rightsubnet=10.0.2.0/24",
		 "families-mixed"},
		{"leftnexthop=192.0.2.1", "nexthop-itself"},
		{"leftsubnet=10.0.1.0/24 leftsourceip=10.0.2.1", "source-outside"},
		{"leftsourceip=%config rightsourceip=%config", "both-ask"},
		{"leftsubnet=vhost:%priv rightsubnet=vnet:%priv", "both-virtual"},
		{"rightsubnet=vhost:%priv rightaddresspool=10.9.0.0/24", "virtual-internal"},
		{"type=passthrough rightsubnet=vhost:%priv", "virtual-internal"},
		{"type=transport leftsourceip=%config", "transport-internal"},
		{"type=transport rightaddresspool=10.9.0.0/24", "transport-internal"},
		{"leftsubnet=%dynamic,10.3.0.0/16 leftsourceip=%config", "dynamic-beside-nets"},
		{"right=%hostname", "host-of-id"},
		{"right=%dns rightid=me@example.com", "host-of-id"},
		{"right=%hostname rightid=@*.example.com", "host-of-id"},
		{"leftsubnet=10.0.1.0/24 leftsourceip=10.0.1.1,2001:db8::1", "source-outside"},
		{"type=transport leftsubnet=10.0.1.0/24", "transport-subnet"},
		{"type=transport leftsubnet=192.0.2.0/24", "transport-subnet"},
		{"type=transport rightsubnet=192.0.2.9/32", "transport-subnet"},
		{"type=beet leftsubnet=10.0.1.0/24", "beet-subnet"},
		{"type=beet leftsubnet=10.0.1.1/32 rightsubnet=10.0.2.0/31", "beet-subnet"},
		{"type=beet leftsourceip=%config", "beet-internal"},
		{"type=beet rightaddresspool=10.0.1.1-10.0.1.9", "beet-internal"},
		{"type=beet leftsubnet=10.0.1.1/32 rightsubnet=10.0.2.1/32 compress=yes",
		 "beet-compress"},
		{"leftprotoport=tcp rightprotoport=udp", "protocols-differ"},
		{"leftprotoport=gre/47", "port-without-protocol"},
		{"leftid=%any rightid=%any", "ids-both-any"},
		{"leftid=@*.example rightid=%any", "ids-both-any"},
		{"authby=null leftid=@somebody", "null-identity"},
		{"authby=null rightid=%any", "null-identity"},
		{"authby=secret rightid=%null", "null-identity"},
		{"leftauth=null leftid=%null rightid=%null", "null-identity"},
		{"authby=never", "no-auth"},
		{"leftauth=never", "no-auth"},
		{"type=transport rightauth=never", "no-auth"},
		{"ikelifetime=1h rekeymargin=30m",
		 "margin-too-wide"}, /* 60 minutes with its fuzz */
		{"rekeymargin=10m rekeyfuzz=500% salifetime=50m", "margin-too-wide"},
		{"dpddelay=60 dpdtimeout=30", "dpd-timeout-short"},
		{"esn=no esp=aes256-sha256-esn", "esn-conflict"},
		{"esn=yes esp=aes256-sha256,aes128-sha256-noesn", "esn-conflict"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described("x", rows[i].settings);
		struct diag why;

		test_row(i, "%s: %s", rows[i].settings, rows[i].code);
		assert_true(connection_check(c, &why) != CYG_OK);
		assert_string_equal(why.code, rows[i].code);
		assert_true(why.sentence[0] && (why.hint[0] || why.wanted[0]));
		assert_true(connection_check(c, NULL) != CYG_OK);
		connection_unref(c);
	}
}

static void ends_that_are_missing(void **state)
{
	struct connection *c = connection_new("x");
	struct diag why;

	c->auth = AUTH_UNSET;
	assert_int_equal(connection_check(c, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.sentence, "left="));
	c->end[0].host.kind = HOST_ANY;
	assert_int_equal(connection_check(c, &why), CYG_CONFLICT);
	assert_non_null(strstr(why.sentence, "right="));
	c->end[1].host.kind = HOST_DEFAULTROUTE;
	assert_int_equal(connection_check(c, &why), CYG_CONFLICT);
	assert_string_equal(why.code, "no-auth");
	connection_unref(c);
}

static void bad_names(void **state)
{
	static const char *const rows[] = {"",     "a b",  "a\tb", "a\nb",
					   "\x7f", "a[1]", "a[]",  "%default",
					   /* those of a policy group's networks */
					   "clear#10.0.0.0/8", "a#b#2001:db8::/32",
					   "clear#10.0.0.0/8-(0--6--25)", "x#192.0.2.1"};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described(rows[i], "");
		struct diag why;

		test_row(i, "a bad name");
		assert_int_equal(connection_check(c, &why), CYG_CONFLICT);
		assert_string_equal(why.code, "bad-name");
		connection_unref(c);
	}
}

static void names_with_a_number_sign(void **state)
{
	static const char *const rows[] = {"office#5", "#5", "a#b", "a#", "10.0.0.0/8", "a#10.0.0.0/8b"};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described(rows[i], "");

		test_row(i, "%s", rows[i]);
		assert_int_equal(connection_check(c, NULL), CYG_OK);
		connection_unref(c);
	}
}

/* What others are called is no name either. */
static void an_alias_like_a_groups_network(void **state)
{
	struct connection *c = described("a", "connalias=clear#10.0.0.0/8");
	struct diag why;

	assert_int_equal(connection_check(c, &why), CYG_CONFLICT);
	assert_string_equal(why.code, "bad-name");
	assert_non_null(strstr(why.sentence, "clear#10.0.0.0/8"));
	connection_unref(c);
}

static void good_ones(void **state)
{
	static const char *const rows[] = {
		"",
		"left=%defaultroute right=%any",
		"left=%eth0 right=peer.example",
		"left=a.example right=b.example connaddrfamily=ipv6",
		"left=2001:db8::1 right=2001:db8::2 leftsubnet=10.0.1.0/24 rightsubnet=10.0.2.0/24",
		"leftsubnet=10.0.1.0/24,2001:db8:1::/64 rightsubnet=2001:db8:2::/64,10.0.2.0/24",
		"leftsubnet=0.0.0.0/0",
		"type=transport leftsubnet=192.0.2.1/32",
		"type=passthrough authby=never",
		"type=drop leftauth=never ikelifetime=1m rekeymargin=30m",
		"leftprotoport=udp/1701 rightprotoport=udp",
		"leftprotoport=icmp/8",
		"rekeymargin=2h rekey=no",
		"leftikeport=4510 right=192.0.2.1", /* the same host, another port */
		"leftid=%any rightid=@east",
		"esn=no esp=aes256-sha256",
		"leftnexthop=192.0.2.254",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described("net-to.net_2", rows[i]);
		struct diag why;

		test_row(i, "%s", rows[i]);
		assert_int_equal(connection_check(c, &why), CYG_OK);
		assert_false(diag_is_set(&why));
		connection_unref(c);
	}
}

static void what_follows_is_filled_in(void **state)
{
	struct connection *c =
		described("x",
			  "left=%defaultroute rightsourceip=10.0.2.1 rightprotoport=tcp/80");
	char text[IP_TEXT_MAX];

	assert_int_equal(connection_check(c, NULL), CYG_OK);
	assert_int_equal(c->end[0].nexthop_kind, NEXTHOP_DEFAULTROUTE);
	assert_int_equal(c->end[1].nexthop_kind, NEXTHOP_UNSET);
	assert_int_equal(c->end[1].subnets_len, 1);
	assert_string_equal(prefix_print(&c->end[1].subnets[0], text), "10.0.2.1/32");
	assert_int_equal(c->end[0].proto, 6);
	assert_int_equal(c->end[0].port, 0);
	connection_unref(c);
}

static void dead_peer_detection_is_whole_or_off(void **state)
{
	static const struct {
		const char *settings;
		unsigned delay, timeout;
		uint8_t action;
	} rows[] = {
		{"", 0, 0, DEAD_HOLD},
		{"dpddelay=10", 10, 120, DEAD_HOLD},
		{"dpddelay=120", 120, 480, DEAD_HOLD},
		{"dpdtimeout=60", 30, 60, DEAD_HOLD},
		{"dpdtimeout=20", 5, 20, DEAD_HOLD},
		{"dpddelay=10 dpdtimeout=20 dpdaction=restart", 10, 20, DEAD_RESTART},
		{"dpddelay=10 dpdaction=none", 0, 0, DEAD_HOLD},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described("x", rows[i].settings);

		test_row(i, "%s", rows[i].settings);
		assert_int_equal(connection_check(c, NULL), CYG_OK);
		assert_int_equal(c->dpd_delay, rows[i].delay * NSEC_PER_SEC);
		assert_int_equal(c->dpd_timeout, rows[i].timeout * NSEC_PER_SEC);
		assert_int_equal(c->dpd_action, rows[i].action);
		connection_unref(c);
	}
}

static void a_default_margin_gives_way(void **state)
{
	static const struct {
		const char *settings;
		unsigned milliseconds;
	} rows[] = {
		{"", 540000},
		{"ikelifetime=19m", 540000},
		{"ikelifetime=18m", 270000},
		{"ikelifetime=60s", 16875},
		{"ikelifetime=60s rekeymargin=10s", 10000},
		{"salifetime=5m rekeyfuzz=0%", 270000},
		{"rekeymargin=9m", 540000},
		{"ikelifetime=60s rekey=no", 540000},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described("x", rows[i].settings);

		test_row(i, "%s", rows[i].settings);
		assert_int_equal(connection_check(c, NULL), CYG_OK);
		assert_int_equal(c->rekey_margin / NSEC_PER_MS, rows[i].milliseconds);
		connection_unref(c);
	}
}

static void identities_of_certificates(void **state)
{
	static const struct {
		const char *settings;
		bool any; /* at the right */
	} rows[] = {
		{"leftcert=a.pem leftid=%fromcert rightid=%fromcert", true},
		{"leftcert=a.pem leftid=%fromcert rightcert=b.pem rightid=%fromcert", false},
		{"leftid=@a rightid=%fromcert", true},
		{"leftid=@a rightid=%fromcert rightid=%none", false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char settings[256];
		struct connection *c;
		const struct ident *id;

		test_row(i, "%s", rows[i].settings);
		snprintf(settings, sizeof(settings), "authby=pubkey %s", rows[i].settings);
		c = described("x", settings);
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(connection_check(c, NULL), CYG_OK);
		id = c->end[1].id;
		assert_int_equal(id && id->type == ID_ANY, rows[i].any);
		connection_unref(c);
	}
}

static void names_can_be_typed_and_told_apart(void **state)
{
	static const char *const bad[] = {"", "a b", "a[1]", "a]", "\"a", "a\nb", "\xff"};
	static const char *const good[] = {"office", "-", "a#b/c", "it's", "\xc3\xa9t\xc3\xa9"};
	char name[CONN_NAME_MAX + 2];
	struct diag why;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		test_row(i, "%s", bad[i]);
		assert_int_equal(connection_name_check(bad[i], &why), CYG_MALFORMED);
		assert_non_null(strstr(why.wanted, "brackets"));
	}
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_int_equal(connection_name_check(good[i], NULL), CYG_OK);
	memset(name, 'a', sizeof(name));
	name[CONN_NAME_MAX + 1] = '\0';
	assert_int_equal(connection_name_check(name, NULL), CYG_MALFORMED);
	name[CONN_NAME_MAX] = '\0';
	assert_int_equal(connection_name_check(name, NULL), CYG_OK);
}

/* Addresses are given by the other host: at its own end a pool is of no use. */
static void pools_at_our_own_end_are_told(void **state)
{
	static const struct {
		const char *text;
		bool told;
		const char *got;
	} rows[] = {
		{"left=%defaultroute leftsourceip=10.1.0.1,10.1.0.2", true,
		 "10.1.0.1/32,10.1.0.2/32"},
		{"left=%eth0 leftsourceip=10.1.0.0/24", true, "10.1.0.0/24"},
		{"left=%defaultroute leftsubnet=10.1.0.0/24 leftsourceip=10.1.0.1,10.1.0.2",
		 true, "10.1.0.1/32,10.1.0.2/32"},
		{"right=%any leftaddresspool=10.1.0.1-10.1.0.9", true, "10.1.0.1-10.1.0.9"},
		{"left=%defaultroute leftsourceip=10.1.0.1,2001:db8::1", false, ""},
		{"left=%defaultroute leftsourceip=10.1.0.1", false, ""},
		{"left=%defaultroute leftsourceip=%config", false, ""},
		{"left=%defaultroute leftaddresspool=10.1.0.0/24 leftmodecfgclient=yes", false,
		 ""},
		{"left=%defaultroute rightsourceip=10.1.0.1,10.1.0.2", false, ""},
		{"right=%any rightsourceip=10.1.0.1,10.1.0.2", false, ""},
		/* Which end is here is known later. */
		{"leftsourceip=10.1.0.1,10.1.0.2", false, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described("x", rows[i].text);
		struct diag why;

		test_row(i, "%s", rows[i].text);
		diag_clear(&why);
		assert_int_equal(connection_own_pool(c, connection_sure_end(c), &why),
				 rows[i].told);
		assert_string_equal(why.got, rows[i].got);
		connection_unref(c);
	}
}

static void checking_again_changes_nothing(void **state)
{
	static const char settings[] =
		"left=%defaultroute rightsourceip=10.0.2.1 rightprotoport=tcp/80 "
		"ikelifetime=60s dpddelay=10 dpdaction=clear";
	struct connection *once = described("x", settings), *twice = described("x", settings);

	assert_int_equal(connection_check(once, NULL), CYG_OK);
	assert_int_equal(connection_check(twice, NULL), CYG_OK);
	assert_int_equal(connection_check(twice, NULL), CYG_OK);
	assert_true(connection_equal(once, twice));
	connection_unref(once);
	connection_unref(twice);
}

static void what_can_not_prove_itself_yet_is_named(void **state)
{
	static const struct {
		const char *settings, *end; /* NULL: it can */
	} rows[] = {
		{"authby=rsasig", "left"},
		{"leftauth=rsasig", "left"},
		{"rightauth=ecdsa", "right"},
		{"authby=rsasig leftrsasigkey=%cert rightrsasigkey=%none", "left"},
		{"authby=rsasig leftrsasigkey=%cert rightrsasigkey=%dnsondemand", NULL},
		{"authby=rsasig rightrsasigkey=0sAQAB", NULL},
		{"authby=rsasig leftid=@a", "left"},
		{"authby=rsasig leftid=@a rightid=@b", NULL},
		{"authby=rsasig|secret", NULL},
		{"", NULL},
		{"authby=rsasig leftauth=secret rightauth=secret", NULL},
		{"type=passthrough authby=never", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = described("x", rows[i].settings);
		struct diag why = {0};

		test_row(i, "%s", rows[i].settings);
		assert_int_equal(connection_auth_unbuilt(c, &why), rows[i].end != NULL);
		if (rows[i].end)
			assert_non_null(strstr(why.sentence, rows[i].end));
		connection_unref(c);
	}
}

static bool check(void *ctx)
{
	return connection_check(ctx, NULL) == CYG_OK;
}

static void short_memory_is_told(void **state)
{
	struct connection *c = described("x", "leftsourceip=10.0.1.1 rightsourceip=10.0.2.1");

	test_each_allocation_failing(check, c, false);
	connection_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_rules),
		cmocka_unit_test(ends_that_are_missing),
		cmocka_unit_test(bad_names),
		cmocka_unit_test(names_with_a_number_sign),
		cmocka_unit_test(an_alias_like_a_groups_network),
		cmocka_unit_test(good_ones),
		cmocka_unit_test(what_follows_is_filled_in),
		cmocka_unit_test(dead_peer_detection_is_whole_or_off),
		cmocka_unit_test(a_default_margin_gives_way),
		cmocka_unit_test(identities_of_certificates),
		cmocka_unit_test(names_can_be_typed_and_told_apart),
		cmocka_unit_test(pools_at_our_own_end_are_told),
		cmocka_unit_test(checking_again_changes_nothing),
		cmocka_unit_test(what_can_not_prove_itself_yet_is_named),
		cmocka_unit_test(short_memory_is_told),
	};
	return RUN_TESTS("conn/connection_check", tests);
}
