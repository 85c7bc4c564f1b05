/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/field.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static void set(struct connection *c, const char *keyword, const char *text)
{
	bool left = strncmp(keyword, "left", 4) == 0, right = strncmp(keyword, "right", 5) == 0;
	const struct field *f = field_by_keyword(keyword + (left    ? 4
							    : right ? 5
								    : 0),
						 left || right);

	assert_non_null(f);
	assert_int_equal(field_set(c, right, f, text, NULL), CYG_OK);
}

static struct connection *whole(void)
{
	struct connection *c = connection_new("west-east");

	assert_non_null(c);
	set(c, "left", "192.0.2.1");
	set(c, "right", "198.51.100.1");
	set(c, "leftid", "@west");
	set(c, "leftsubnet", "10.0.1.0/24,10.0.2.0/24");
	set(c, "connalias", "one two");
	set(c, "ike", "aes256-sha256-x25519");
	set(c, "esp", "aes256gcm16");
	set(c, "leftupdown", "/bin/true");
	return c;
}

/* One value for each row of the table, other than the one `whole` has. */
static const struct {
	const char *keyword, *text;
} changes[] = {
	{"left", "192.0.2.9"},
	{"left", "gw.example"},
	{"left", "%any"},
	{"left", "%defaultroute"},
	{"left", "%eth0"},
	{"right", "192.0.2.9"},
	{"leftid", "@east"},
	{"leftid", "%any"},
	{"rightid", "@east"},
	{"leftsubnet", "10.0.1.0/24"},
	{"leftsubnet", "10.0.2.0/24,10.0.1.0/24"},
	{"rightsubnet", "10.0.3.0/24"},
	{"rightsubnet", "vhost:%priv"},
	{"rightsubnet", "vnet:%priv,%v4:10.0.0.0/8"},
	{"leftprotoport", "tcp"},
	{"leftprotoport", "tcp/80"},
	{"leftnexthop", "192.0.2.254"},
	{"leftnexthop", "%direct"},
	{"leftsourceip", "10.0.1.1"},
	{"leftsourceip", "10.0.1.1,2001:db8::1"},
	{"leftsourceip", "%config"},
	{"leftsourceip", "%config4,%config6"},
	{"leftsourceip", "10.9.0.0/24"},
	{"leftmodecfgclient", "yes"},
	{"leftmodecfgserver", "yes"},
	{"rightaddresspool", "10.9.0.10-10.9.0.20"},
	{"rightaddresspool", "10.9.0.0/24,2001:db8:9::/64"},
	{"rightaddresspool", "%other"},
	{"rightaddresspool", "%other,%another"},
	{"rightsubnet", "%dynamic,10.2.0.0/24"},
	{"rightdns", "10.0.1.53"},
	{"rightdns", "10.0.1.53,10.0.1.54"},
	{"modecfgdns", "10.0.1.53"},
	{"modecfgwins", "10.0.1.53"},
	{"modecfgdomains", "example.org"},
	{"modecfgbanner", "Welcome"},
	{"share-lease", "no"},
	{"manual", "yes"},
	{"compress", "yes"},
	{"clones", "4"},
	{"nic-offload", "auto"},
	{"ipsec-interface", "yes"},
	{"leftinterface-ip", "10.9.0.1/30"},
	{"rightvti", "10.9.0.1/30"},
	{"vti-interface", "vti0"},
	{"vti-routing", "no"},
	{"vti-shared", "yes"},
	{"mark", "5"},
	{"mark-in", "0x10/0xf0"},
	{"mark-out", "%unique"},
	{"set-mark-in", "5"},
	{"set-mark-out", "5"},
	{"if_id_in", "5"},
	{"if_id_out", "%unique-dir"},
	{"leftikeport", "4510"},
	{"leftauth", "secret"},
	{"leftupdown", "%disabled"},
	{"leftupdown", "/bin/false"},
	{"connalias", "one"},
	{"connalias", "one three"},
	{"type", "transport"},
	{"auto", "add"},
	{"authby", "secret"},
	{"connaddrfamily", "ipv6"},
	{"ike", "aes128-sha256-x25519"},
	{"esp", "aes128gcm16"},
	{"pfs", "no"},
	{"esn", "no"},
	{"esn", "yes"},
	{"replay-window", "64"},
	{"ikelifetime", "2h"},
	{"salifetime", "2h"},
	{"rekey", "no"},
	{"rekeymargin", "1m"},
	{"rekeyfuzz", "0%"},
	{"ipsec-max-bytes", "1G"},
	{"ipsec-max-packets", "1000"},
	{"keyingtries", "3"},
	{"retransmit-interval", "1s"},
	{"retransmit-timeout", "30s"},
	{"dpddelay", "30"},
	{"dpdtimeout", "120"},
	{"dpdaction", "clear"},
	{"initial-contact", "no"},
	{"uniqueids", "no"},
	{"encapsulation", "yes"},
	{"fragmentation", "accept"},
	{"ppk", "insist"},
	{"ppk-ids", "one,two"},
	{"fragment-size", "600"},
	{"failureshunt", "drop"},
	{"negotiationshunt", "drop"},
	{"mtu", "1400"},
	{"metric", "10"},
	{"reqid", "7"},
	{"priority", "7"},
	{"phase2", "ah"},
	{"ah", "sha256"},
	{"tfc", "%mtu"},
	{"nopmtudisc", "yes"},
	{"decap-dscp", "yes"},
	{"encap-dscp", "no"},
	{"rsa-min-bits", "1024"},
	{"eap_identity", "%any"},
	{"aaa_identity", "@radius.example"},
	{"leftauth2", "eap-tls"},
	{"leftrsasigkey", "0sAQAB"},
	{"rightrsasigkey", "0x0103"},
	{"leftcert", "host.pem"},
	{"leftgroups", "sales"},
	{"rightca", "C=CH, O=x"},
	{"leftsendcert", "never"},
};

static void every_change_is_seen(void **state)
{
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		struct connection *a = whole(), *b = whole();

		test_row(i, "%s=%s", changes[i].keyword, changes[i].text);
		assert_true(connection_equal(a, b));
		set(b, changes[i].keyword, changes[i].text);
		assert_false(connection_equal(a, b));
		assert_false(connection_equal(b, a));
		connection_unref(a);
		connection_unref(b);
	}
}

/* The list above must not fall behind the table. */
static void every_field_is_in_the_list(void **state)
{
	for (size_t i = 0; i < conn_fields_len; i++) {
		const struct field *f = &conn_fields[i];
		struct text probe = {0};
		bool seen = false;

		for (size_t j = 0; j < COUNT_OF(changes); j++) {
			const char *keyword = changes[j].keyword;
			size_t skip = strncmp(keyword, "left", 4) == 0    ? 4
				      : strncmp(keyword, "right", 5) == 0 ? 5
									  : 0;

			seen |= f->per_end == (skip != 0) &&
				strcmp(keyword + skip, f->keyword) == 0;
		}
		test_row(i, "%s", f->keyword);
		assert_true(seen || f->adds || strcmp(f->keyword, "forceencaps") == 0 ||
			    strcmp(f->keyword, "clientaddrfamily") == 0 ||
			    strcmp(f->keyword, "phase2") == 0 ||
			    strncmp(f->keyword, "ikev", 4) == 0 ||
			    strcmp(f->keyword, "keyexchange") == 0);
		text_done(&probe);
	}
}

static void names_count(void **state)
{
	struct connection *a = connection_new("a"), *b = connection_new("b");

	assert_false(connection_equal(a, b));
	assert_true(connection_equal(a, a));
	connection_unref(a);
	connection_unref(b);
}

static void sharing(void **state)
{
	struct connection *c = whole();

	assert_int_equal(c->refs, 1);
	assert_ptr_equal(connection_ref(c), c);
	connection_unref(c);
	assert_int_equal(c->refs, 1);
	connection_unref(c);
	connection_unref(NULL);
	assert_null(connection_ref(NULL));
}

static bool make(void *ctx)
{
	struct connection *c = connection_new("x");

	connection_unref(c);
	return c != NULL;
}

static void short_memory_is_told(void **state)
{
	test_each_allocation_failing(make, NULL, false);
}

static void templates(void **state)
{
	static const struct {
		const char *host, *id;
		bool is_template;
	} rows[] = {
		{"192.0.2.9", NULL, false},        {"peer.example", NULL, false},
		{"192.0.2.9", "@peer", false},     {"%any", NULL, true},
		{"%any", "@peer", true},           {"192.0.2.9", "%any", true},
		{"192.0.2.9", "C=CH, CN=*", true}, {"192.0.2.9", "@*.example", true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (int local = 0; local < 2; local++) {
			struct connection *c = connection_new("x");

			test_row(i, "%s %s", rows[i].host, rows[i].id ? rows[i].id : "");
			set(c, local ? "right" : "left", "%any");
			set(c, local ? "rightid" : "leftid", "%any");
			set(c, local ? "left" : "right", rows[i].host);
			if (rows[i].id)
				set(c, local ? "leftid" : "rightid", rows[i].id);
			assert_int_equal(connection_is_template(c, local), rows[i].is_template);
			connection_unref(c);
		}
}

/* Whoever has a certificate of the authority that is named may answer where we begin. */
static void an_authority_says_whom_to_expect(void **state)
{
	static const struct {
		const char *ca, *word, *value;
		bool is_template;
	} rows[] = {
		{NULL, NULL, NULL, true},
		{"CN=Root", NULL, NULL, false},
		{"%same", NULL, NULL, false},
		{"%any", NULL, NULL, true},
		{"CN=Root", "rightid", "C=CH, CN=*", false},
		{NULL, "rightid", "C=CH, CN=*", true},
		{"CN=Root", "rightauth", "secret", true},
		{"CN=Root", "rightauth", "eap-tls", true},
		{"CN=Root", "authby", "secret|pubkey", true},
		{"CN=Root", "rightpubkey", "host.pem", true},
		{"CN=Root", "rightrsasigkey", "%dnsonload", true},
		{"CN=Root", "rightaddresspool", "10.9.0.0/24", true},
		{"CN=Root", "rightsubnet", "vhost:%priv", true},
		{"CN=Root", "right", "%any", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = connection_new("x");

		test_row(i, "%s %s", rows[i].ca ? rows[i].ca : "",
			 rows[i].value ? rows[i].value : "");
		set(c, "left", "192.0.2.1");
		set(c, "authby", "pubkey");
		set(c, "right", "192.0.2.9");
		set(c, "rightid", "%any");
		if (rows[i].ca)
			set(c, "rightca", rows[i].ca);
		if (rows[i].word)
			set(c, rows[i].word, rows[i].value);
		assert_int_equal(connection_is_template(c, 0), rows[i].is_template);
		connection_unref(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_change_is_seen),
		cmocka_unit_test(every_field_is_in_the_list),
		cmocka_unit_test(names_count),
		cmocka_unit_test(sharing),
		cmocka_unit_test(short_memory_is_told),
		cmocka_unit_test(templates),
		cmocka_unit_test(an_authority_says_whom_to_expect),
	};
	return RUN_TESTS("conn/connection", tests);
}
