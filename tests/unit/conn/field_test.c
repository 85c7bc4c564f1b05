/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/field.h"

#include "tests/unit/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unknown_ones(void **state)
{
	assert_null(field_by_keyword("nonesuch", false));
	assert_null(field_by_keyword("nonesuch", true));
	assert_null(field_by_keyword("subnet", false)); /* an end's */
	assert_null(field_by_keyword("ike", true));     /* not an end's */
	assert_null(field_by_keyword("", false));
	assert_null(field_by_option("nonesuch"));
	assert_null(field_by_option(""));
	assert_null(field_by_option("left"));
}

/* No spelling leads to two rows, and each leads to its own. */
static void spellings_are_unique(void **state)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];

		test_row(i, "%s", f->keyword);
		assert_ptr_equal(field_by_keyword(f->keyword, f->per_end), f);
		for (size_t j = 0; j < COUNT_OF(f->aliases) && f->aliases[j]; j++)
			assert_ptr_equal(field_by_keyword(f->aliases[j], f->per_end), f);
		assert_non_null(f->option);
		assert_ptr_equal(field_by_option(f->option), f);
		for (size_t j = 0; j < COUNT_OF(f->option_aliases) && f->option_aliases[j]; j++)
			assert_ptr_equal(field_by_option(f->option_aliases[j]), f);
		assert_true(f->doc && strlen(f->doc) > 5 && f->value && f->kind);
	}
}

static void other_systems_spellings(void **state)
{
	static const struct {
		const char *spelling, *keyword;
	} rows[] = {
		{"keylife", "salifetime"},
		{"lifetime", "salifetime"},
		{"ipsec-lifetime", "salifetime"},
		{"margintime", "rekeymargin"},
		{"phase2alg", "esp"},
		{"replay_window", "replay-window"},
		{"ikev1-dpdtimeout", "dpdtimeout"},
		{"KeyLife", "salifetime"},
		{"lifebytes", "ipsec-max-bytes"},
		{"hostaddrfamily", "connaddrfamily"},
		{"auth", "phase2"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(field_by_keyword(rows[i].spelling, false)->keyword,
				    rows[i].keyword);
	assert_string_equal(field_by_keyword("subnets", true)->keyword, "subnets");
	assert_string_equal(field_by_option("client")->keyword, "subnet");
	assert_string_equal(field_by_option("host")->keyword, "");
	assert_string_equal(field_by_option("srcip")->keyword, "sourceip");
	assert_string_equal(field_by_option("ipseclifetime")->keyword, "salifetime");
	assert_string_equal(field_by_option("rekeywindow")->keyword, "rekeymargin");
	assert_string_equal(field_by_option("ikealg")->keyword, "ike");
}

/* Nothing is printed of a fresh connection; and what a list of words has is read. */
static void words_of_the_table_are_read(void **state)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];
		struct connection *c = connection_new("x");
		struct text out = {0};

		test_row(i, "%s", f->keyword);
		assert_false(field_get(c, 0, f, &out));
		assert_false(field_get(c, 1, f, &out));
		assert_int_equal(out.len, 0);
		for (size_t j = 0; f->words && f->words[j]; j++) {
			assert_int_equal(field_set(c, 1, f, f->words[j], NULL), CYG_OK);
			text_clear(&out);
			if (field_get(c, 1, f, &out))
				assert_string_equal(text_str(&out), f->words[j]);
		}
		text_done(&out);
		connection_unref(c);
	}
}

/* A refusal names the field and leaves all as it was. */
static void refusals_change_nothing(void **state)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];
		struct connection *c = connection_new("x"), *before = connection_new("x");
		struct diag why;
		char name[64];

		test_row(i, "%s", f->keyword);
		/* Whatever is text to these is taken. */
		if (strcmp(f->keyword, "updown") && strcmp(f->keyword, "connalias") &&
		    strcmp(f->keyword, "cert") && strcmp(f->keyword, "groups") &&
		    strcmp(f->keyword, "ppk-ids")) {
			snprintf(name, sizeof(name), "%s%s=", f->per_end ? "right" : "",
				 f->keyword);
			assert_true(field_set(c, 1, f, "no\x01such\nvalue", &why) != CYG_OK);
			assert_int_equal(strncmp(why.sentence, name, strlen(name)), 0);
			assert_true(why.code && (why.wanted[0] || why.hint[0]));
			assert_null(strchr(why.got, '\n'));
			assert_true(connection_equal(c, before));
			assert_true(field_set(c, 0, f, "no\x01such\nvalue", NULL) != CYG_OK);
		}
		connection_unref(c);
		connection_unref(before);
	}
}

/* What is printed is read again as the same, for every field and a good value of it. */
static void printed_is_read_again(void **state)
{
	static const struct {
		const char *option, *text, *printed;
	} rows[] = {
		{"host", "192.0.2.1", "192.0.2.1"},
		{"host", "gw.example", "gw.example"},
		{"host", "%any", "%any"},
		{"host", "%defaultroute", "%defaultroute"},
		{"host", "%eth0.1", "%eth0.1"},
		{"host", "%oppo", "%opportunistic"},
		{"id", "gw.example", "@gw.example"},
		{"id", "C=CH, O=Example", "C=CH, O=Example"},
		{"client", "{10.0.1.0/24 10.0.2.0/24}", "10.0.1.0/24,10.0.2.0/24"},
		{"client", "vhost:%priv, %no,%v4:!10.1.0.0/16",
		 "vhost:%no,%priv,%v4:!10.1.0.0/16"},
		{"client", "vnet:%all,%v6:fd00::/8", "vnet:%all,%v6:fd00::/8"},
		{"clientprotoport", "17/1701", "udp/1701"},
		{"clientprotoport", "200", "200"},
		{"nexthop", "%direct", "%direct"},
		{"nexthop", "192.0.2.254", "192.0.2.254"},
		{"srcip", "10.0.1.1", "10.0.1.1"},
		{"srcip", "10.0.1.1, 2001:db8::1", "10.0.1.1,2001:db8::1"},
		{"srcip", "%modecfg", "%config"},
		{"srcip", "%cfg4", "%config4"},
		{"srcip", "%config,%config6", "%config4,%config6"},
		{"modecfgclient", "yes", "yes"},
		{"modecfgserver", "yes", "yes"},
		{"addresspool", "10.9.0.0-10.9.0.255,2001:db8:9::/112",
		 "10.9.0.0/24,2001:db8:9::/112"},
		{"addresspool", "10.9.0.7 10.9.0.9-10.9.0.10",
		 "10.9.0.7/32,10.9.0.9-10.9.0.10"},
		{"addresspool", "10.9.0.0/24,%rw", "10.9.0.0/24,%rw"},
		{"addresspool", "%a, %b,10.9.0.0/24", "10.9.0.0/24,%a,%b"},
		{"addresspool", "10.9.0.10/24", "10.9.0.10-10.9.0.254"},
		{"addresspool", "2001:db8::5/126", "2001:db8::5-2001:db8::7"},
		{"client", "10.1.0.0/16,%dynamic,224.0.0.0/4",
		 "%dynamic,10.1.0.0/16,224.0.0.0/4"},
		{"dns", "10.0.1.53, 2001:db8::53,10.0.1.53", "10.0.1.53,2001:db8::53"},
		{"dns", "%config4", NULL},
		{"modecfgdns", "10.0.1.53 10.0.1.54", "10.0.1.53,10.0.1.54"},
		{"modecfgwins", "10.0.1.53", "10.0.1.53"},
		{"modecfgdomains", "example.org, corp.example", "example.org,corp.example"},
		{"modecfgbanner", "Welcome, friend", "Welcome, friend"},
		{"share-lease", "no", "no"},
		{"ikeport", "4510", "4510"},
		{"auth", "psk", "secret"},
		{"updown", "/bin/true x", "/bin/true x"},
		{"connalias", "a, b", "a b"},
		{"type", "pass", "passthrough"},
		{"auto", "ondemand", "route"},
		{"auto", "up", "start"},
		{"authby", "psk", "secret"},
		{"authby", "ecdsa,rsa-sha2", "rsasig,ecdsa"},
		{"authby", "pubkey", NULL},
		{"authby", "rsa-sha1|rsa-sha2_256|secret", "secret,rsa-sha2_256,rsa-sha1"},
		{"rsa-min-bits", "1024", "1024"},
		{"cert", "host.pem", "host.pem"},
		{"groups", "sales, admins", "sales, admins"},
		{"ca", "%same", "%same"},
		{"ca", "%any", NULL},
		{"ca", "C=CH, O=x", "C=CH, O=x"},
		{"sendcert", "sendifasked", "ifasked"},
		{"sendcert", "yes", NULL},
		{"pubkey", "0sAQAB", "0sAQAB"},
		{"pubkey", "dns:0sAQAB", "0sAQAB"},
		{"pubkey", "0x00", NULL},
		{"pubkey", "%none", NULL},
		{"pubkey", "%cert", "%cert"},
		{"pubkey", "peer key.pem", "peer key.pem"},
		{"connaddrfamily", "inet6", "ipv6"},
		{"ike", "aes256-sha256;modp2048",
		 "AES_CBC_256-HMAC_SHA2_256-HMAC_SHA2_256_128-MODP2048"},
		{"esp", "aes_gcm128-null", "AES_GCM_16_128"},
		{"pfs", "off", "no"},
		{"esn", "true", "yes"},
		{"replay-window", "0", "0"},
		{"replay-window", "-1", NULL},
		{"ikelifetime", "7200", "2h"},
		{"ipseclifetime", "1.5h", "90m"},
		{"rekey", "0", "no"},
		{"rekeymargin", "60", "1m"},
		{"rekeyfuzz", "50", "50%"},
		{"rekeyfuzz", "0%", "0%"},
		{"ipsec-max-bytes", "10MiB", "10485760"},
		{"ipsec-max-packets", "5", "5"},
		{"keyingtries", "%forever", NULL},
		{"keyingtries", "3", "3"},
		{"retransmit-interval", "500ms", "500ms"},
		{"retransmit-timeout", "90", "90s"},
		{"dpddelay", "30", "30s"},
		{"dpdtimeout", "2m", "2m"},
		{"dpdaction", "restart_by_peer", "restart"},
		{"initial-contact", "n", "no"},
		{"uniqueids", "false", "no"},
		{"encapsulation", "auto", NULL},
		{"encapsulation", "on", "yes"},
		{"encapsulation", "no", "no"},
		{"ppk", "never", NULL},
		{"ppk", "propose", "yes"},
		{"ppk", "always", "insist"},
		{"ppk-ids", "one, two", "one, two"},
		{"fragmentation", "on", NULL},
		{"fragmentation", "never", "no"},
		{"fragmentation", "insist", "force"},
		{"fragmentation", "accept", "accept"},
		{"fragment-size", "576", "576"},
		{"failureshunt", "hold", "drop"},
		{"negotiationshunt", "pass", "passthrough"},
		{"mtu", "1400", "1400"},
		{"metric", "1", "1"},
		{"reqid", "16383", "16383"},
		{"priority", "4294967295", "4294967295"},
		{"phase2", "esp", NULL},
		{"phase2", "ah", "ah"},
		{"ah", "sha2_256;modp2048", "HMAC_SHA2_256_128-MODP2048"},
		{"manual", "yes", "yes"},
		{"compress", "yes", "yes"},
		{"clones", "no", NULL},
		{"clones", "0", NULL},
		{"clones", "4", "4"},
		{"clones", "yes", "yes"},
		{"clones", "256", "yes"},
		{"nic-offload", "no", NULL},
		{"nic-offload", "auto", "auto"},
		{"nic-offload", "yes", "crypto"},
		{"nic-offload", "packet", "packet"},
		{"ipsec-interface", "no", NULL},
		{"ipsec-interface", "yes", "1"},
		{"ipsec-interface", "0", "0"},
		{"ipsec-interface", "16384", "0"},
		{"ipsec-interface", "99999", "99999"},
		{"interface-ip", "10.9.0.1/30", "10.9.0.1/30"},
		{"vti", "2001:db8::1/64", "2001:db8::1/64"},
		{"vti-interface", "vti-0", "vti-0"},
		{"vti-routing", "yes", NULL},
		{"vti-routing", "off", "no"},
		{"vti-shared", "yes", "yes"},
		{"mark", "5", NULL},
		{"mark-in", "0x05", "5"},
		{"mark-in", "16/0xF0", "0x10/0xf0"},
		{"conn-mark-out", "-1/0xffffffff", "%unique"},
		{"mark-out", "%Unique-Dir", "%unique-dir"},
		{"set-mark-in", "0/0", NULL},
		{"set-mark-out", "0", "0"},
		{"if-id-in", "0", NULL},
		{"if-id-out", "0xffffffff", "4294967295"},
		{"tfc", "0", NULL},
		{"tfc", "1400", "1400"},
		{"tfc", "%MTU", "%mtu"},
		{"nopmtudisc", "yes", "yes"},
		{"eap-identity", "alice@example.com", "alice@example.com"},
		{"eap-identity", "%identity", "%any"},
		{"aaa-identity", "@radius.example", "@radius.example"},
		{"auth", "eap-tls,eap-mschapv2", "eap-tls,eap-mschapv2"},
		{"auth", "eap-radius", "eap-radius"},
		{"auth", "eaponly", "eaponly"},
		{"auth2", "eap-mschapv2", "eap-mschapv2"},
		{"decap-dscp", "no", NULL},
		{"encap-dscp", "no", "no"},
		{"forceencaps", "yes", NULL},
		{"keyexchange", "ike", NULL},
		{"ikev2", "insist", NULL},
		{"ikev1", "no", NULL},
		{"clientaddrfamily", "ipv4", NULL},
		{"client", "%dynamic", NULL},
		{"id", "%none", NULL},
	};
	bool *seen = calloc(conn_fields_len, sizeof(*seen));

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct field *f = field_by_option(rows[i].option);
		struct connection *c = connection_new("x"), *again = connection_new("x");
		struct text out = {0};

		test_row(i, "--%s %s", rows[i].option, rows[i].text);
		seen[f - conn_fields] = true;
		assert_int_equal(field_set(c, 1, f, rows[i].text, NULL), CYG_OK);
		assert_int_equal(field_get(c, 1, f, &out), rows[i].printed != NULL);
		if (rows[i].printed) {
			assert_string_equal(text_str(&out), rows[i].printed);
			assert_int_equal(field_set(again, 1, f, text_str(&out), NULL), CYG_OK);
			assert_true(connection_equal(c, again));
			assert_int_equal(field_get(c, 0, f, &out), !f->per_end);
		}
		text_done(&out);
		connection_unref(c);
		connection_unref(again);
	}
	for (size_t i = 0; i < conn_fields_len; i++)
		assert_true(seen[i] || conn_fields[i].adds);
	free(seen);
}

struct setting {
	const char *option, *text;
};

static bool set_once(void *ctx)
{
	const struct setting *s = ctx;
	struct connection c = {.refs = 2};
	bool ok = field_set(&c, 0, field_by_option(s->option), s->text, NULL) == CYG_OK;

	free(c.end[0].host.name);
	free(c.end[0].subnets);
	free(c.end[0].updown);
	virtual_free(c.end[0].virtual);
	free(c.end[0].pools);
	free(c.end[0].pool_name);
	free(c.end[0].dns);
	free(c.domains);
	free(c.banner);
	ident_unref(c.end[0].id);
	proposals_unref(c.ike);
	for (size_t i = 0; i < c.aliases_len; i++)
		free(c.aliases[i]);
	free(c.aliases);
	return ok;
}

static void short_memory_is_told(void **state)
{
	static struct setting rows[] = {
		{"host", "gw.example"},
		{"id", "@gw"},
		{"client", "10.0.1.0/24,10.0.2.0/24"},
		{"updown", "/bin/true"},
		{"ike", "aes256"},
		{"connalias", "a b c"},
		{"client", "vhost:%priv,%v4:10.0.0.0/8"},
		{"addresspool", "10.9.0.0/24,%rw"},
		{"srcip", "10.9.0.0/24"},
		{"dns", "10.0.1.53"},
		{"modecfgdomains", "example.org"},
		{"modecfgbanner", "Welcome"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].option);
		test_each_allocation_failing(set_once, &rows[i], false);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_ones),
		cmocka_unit_test(spellings_are_unique),
		cmocka_unit_test(other_systems_spellings),
		cmocka_unit_test(words_of_the_table_are_read),
		cmocka_unit_test(refusals_change_nothing),
		cmocka_unit_test(printed_is_read_again),
		cmocka_unit_test(short_memory_is_told),
	};
	return RUN_TESTS("conn/field", tests);
}
