/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/field.h"

#include "tests/unit/support/test.h"

#include <string.h>

static void values_refused(void **state)
{
	static const struct {
		const char *keyword, *text;
		enum cyg_err err;
		const char *says; /* somewhere in the complaint */
	} rows[] = {
		{"type", "tunel", CYG_MALFORMED, "did you mean tunnel?"},
		{"type", "", CYG_MALFORMED, "nothing"},
		{"type", "transport_proxy", CYG_UNSUPPORTED, "proxied"},
		{"auto", "strat", CYG_MALFORMED, "did you mean start?"},
		{"auto", "manual", CYG_UNSUPPORTED, "ipsec manual --up"},
		{"pfs", "yess", CYG_MALFORMED, "did you mean yes?"},
		{"pfs", "2", CYG_MALFORMED, "yes or no"},
		{"authby", "secert", CYG_MALFORMED, "did you mean secret?"},
		{"authby", "secret|never", CYG_CONFLICT, "never alone"},
		{"authby", "|", CYG_MALFORMED, "secret"},
		{"authby", "null,rsasig", CYG_CONFLICT, "null alone"},
		{"authby", "secret null", CYG_CONFLICT, "null alone"},
		{"authby", "xauthpsk", CYG_UNSUPPORTED, "IKEv1"},
		{"keyexchange", "ikev1", CYG_UNSUPPORTED, "IKEv2 alone"},
		{"ikev2", "never", CYG_UNSUPPORTED, "IKEv2 alone"},
		{"ikev2", "no", CYG_UNSUPPORTED, "IKEv2 alone"},
		{"ikev1", "insist", CYG_UNSUPPORTED, "IKEv2 alone"},
		{"phase2", "ah+esp", CYG_UNSUPPORTED, "around the other"},
		{"ah", "aes256-sha256", CYG_CONFLICT, ""},
		{"ah", "sha256-nonsense", CYG_MALFORMED, ""},
		{"dpdaction", "reboot", CYG_MALFORMED, "restart"},
		{"failureshunt", "pas", CYG_MALFORMED, "did you mean pass?"},
		{"encapsulation", "maybe", CYG_MALFORMED, "auto"},
		{"esn", "both", CYG_MALFORMED, "either"},
		{"connaddrfamily", "ipv5", CYG_MALFORMED, "ipv4 or ipv6"},
		{"ikelifetime", "0", CYG_RANGE, "24h"},
		{"ikelifetime", "25h", CYG_RANGE, "24h"},
		{"ikelifetime", "8 h", CYG_MALFORMED, "8h"},
		{"salifetime", "8x", CYG_MALFORMED, "8h"},
		{"salifetime", "-8h", CYG_MALFORMED, "8h"},
		{"rekeymargin", "", CYG_MALFORMED, "9m"},
		{"rekeyfuzz", "%", CYG_RANGE, "100%"},
		{"rekeyfuzz", "100%%", CYG_RANGE, "100%"},
		{"rekeyfuzz", "10001%", CYG_RANGE, "100%"},
		{"rekeyfuzz", "11111111111111111111111%", CYG_RANGE, "100%"},
		{"keyingtries", "-1", CYG_RANGE, "%forever"},
		{"keyingtries", "4294967296", CYG_RANGE, "%forever"},
		{"replay-window", "-2", CYG_RANGE, "65536"},
		{"replay-window", "65537", CYG_RANGE, "65536"},
		{"mtu", "575", CYG_RANGE, "576"},
		{"mtu", "65536", CYG_RANGE, "576"},
		{"reqid", "0", CYG_RANGE, "16383"},
		{"tfc", "65536", CYG_RANGE, "%mtu"},
		{"tfc", "4294967295", CYG_RANGE, "%mtu"},
		{"tfc", "mtu", CYG_RANGE, "%mtu"},
		{"clones", "", CYG_RANGE, "up to 256"},
		{"clones", "-1", CYG_RANGE, "up to 256"},
		{"clones", "257", CYG_RANGE, "up to 256"},
		{"clones", "all", CYG_RANGE, "up to 256"},
		{"priority", "4294967296", CYG_RANGE, "a number"},
		{"mark", "", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", "five", CYG_MALFORMED, "%unique"},
		{"mark", "5/", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", "/5", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", "5/6/7", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", "0x/7", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", "4294967296", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", "-2", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", " 5", CYG_MALFORMED, "0x10/0xf0"},
		{"mark", "%unique/5", CYG_MALFORMED, "0x10/0xf0"},
		{"mark-in", "0x15/0xf", CYG_MALFORMED, "0x10 outside of 0xf"},
		{"set-mark-out", "8/7", CYG_MALFORMED, "0x8 outside of 0x7"},
		{"if_id_in", "ipsec1", CYG_MALFORMED, "a number"},
		{"if_id_out", "5/7", CYG_MALFORMED, "a number"},
		{"nic-offload", "maybe", CYG_MALFORMED, "no, auto, crypto"},
		{"ipsec-interface", "100000", CYG_RANGE, "from 0 to 99999"},
		{"ipsec-interface", "ipsec1", CYG_RANGE, "from 0 to 99999"},
		{"vti-interface", "", CYG_MALFORMED, "1 to 15 letters"},
		{"vti-interface", "..", CYG_MALFORMED, "1 to 15 letters"},
		{"vti-interface", "a/b", CYG_MALFORMED, "1 to 15 letters"},
		{"vti-interface", "vti%d", CYG_MALFORMED, "1 to 15 letters"},
		{"vti-interface", "1234567890123456", CYG_MALFORMED, "1 to 15 letters"},
		{"vti-routing", "maybe", CYG_MALFORMED, "yes or no"},
		{"reqid", "16384", CYG_RANGE, "16383"},
		{"metric", "ten", CYG_RANGE, "number"},
		{"ipsec-max-bytes", "10X", CYG_MALFORMED, "GiB"},
		{"ipsec-max-bytes", "10KiBs", CYG_MALFORMED, "GiB"},
		{"ipsec-max-bytes", "K", CYG_RANGE, "GiB"},
		{"ipsec-max-bytes", "8EiB", CYG_RANGE, "GiB"},
		{"ipsec-max-packets", "10X", CYG_MALFORMED, "500000 or 10M"},
		{"ipsec-max-bytes", "999999999999999999999999", CYG_RANGE, "GiB"},
		{"retransmit-interval", "600001", CYG_RANGE, "500ms"},
		{"retransmit-interval", "11111111111111111111111111111111111", CYG_RANGE,
		 "500ms"},
		{"retransmit-interval", "", CYG_MALFORMED, "500ms"},
		{"retransmit-timeout", "601", CYG_RANGE, "500ms"},
		{"authby", "ecdsa-sha1", CYG_UNSUPPORTED, "SHA-1"},
		{"authby", "pubkey-sha384", CYG_UNSUPPORTED, "rsa-sha2_256"},
		{"authby", "eap-peap", CYG_UNSUPPORTED, "eap-tls"},
		{"authby", "any", CYG_UNSUPPORTED, "name the methods"},
		{"retransmit-interval", "601s", CYG_RANGE, "500ms"},
		{"retransmit-interval", "0", CYG_RANGE, "500ms"},
		{"dpddelay", "25h", CYG_RANGE, "24h"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct connection *c = connection_new("x");
		struct diag why;
		char line[2048];

		test_row(i, "%s=%s", rows[i].keyword, rows[i].text);
		assert_int_equal(field_set(c, 0, field_by_keyword(rows[i].keyword, false),
					   rows[i].text, &why),
				 rows[i].err);
		assert_non_null(strstr(diag_print(&why, line, sizeof(line)), rows[i].says));
		connection_unref(c);
	}
}

static struct connection *with(const char *keyword, const char *text)
{
	struct connection *c = connection_new("x");

	assert_int_equal(field_set(c, 0, field_by_keyword(keyword, false), text, NULL), CYG_OK);
	return c;
}

#define CHECK(keyword, text, member, want)                  \
	do {                                                \
		struct connection *c = with(keyword, text); \
		test_row(0, "%s=%s", keyword, text);        \
		assert_int_equal(c->member, want);          \
		connection_unref(c);                        \
	} while (0)

static void values_taken(void **state)
{
	CHECK("type", "PassThrough", type, CONN_PASS);
	CHECK("auto", "keep", start, START_KEEP);
	CHECK("auto", "ondemand", start, START_ROUTE);
	CHECK("authby", "pubkey", auth, AUTH_PUBKEY);
	CHECK("authby", "rsasig", auth, AUTH_RSA);
	CHECK("authby", "rsasig, ecdsa", auth, AUTH_RSA | AUTH_ECDSA);
	CHECK("authby", "secret|psk", auth, AUTH_SECRET);
	CHECK("authby", "rsasig|secret", auth, AUTH_RSA | AUTH_SECRET);
	CHECK("authby", "rsa-sha1", auth, AUTH_RSA_SHA1);
	CHECK("authby", "ecdsa-sha2_384,rsa-sha2_512", auth,
	      AUTH_ECDSA_SHA2_384 | AUTH_RSA_SHA2_512);
	CHECK("pfs", "0", pfs, false);
	CHECK("esn", "no", esn, false);
	CHECK("esn", "no", esn_off, true);
	CHECK("esn", "yes", esn, true);
	CHECK("esn", "yes", esn_off, false);
	CHECK("esn", "either", esn_off, true);
	CHECK("encapsulation", "yes", encapsulation, TRI_FORCE);
	CHECK("encapsulation", "auto", encapsulation, TRI_YES);
	CHECK("encapsulation", "no", encapsulation, TRI_NO);
	CHECK("forceencaps", "yes", encapsulation, TRI_FORCE);
	CHECK("forceencaps", "no", encapsulation, TRI_YES);
	CHECK("dpdaction", "none", dpd_action, DEAD_NONE);
	CHECK("failureshunt", "hold", failure_shunt, SHUNT_DROP);
	CHECK("negotiationshunt", "hold", negotiation_shunt, SHUNT_HOLD);
	CHECK("keyingtries", "%forever", keying_tries, 0);
	CHECK("replay-window", "-1", replay_window, 128);
	CHECK("ikelifetime", "1d", ike_lifetime, 86400 * NSEC_PER_SEC);
	CHECK("salifetime", "600", child_lifetime, 600 * NSEC_PER_SEC);
	CHECK("ipsec-max-bytes", "10k", child_bytes_max, 10240);
	CHECK("ipsec-max-bytes", "3GB", child_bytes_max, UINT64_C(3) << 30);
	CHECK("lifebytes", "1000", child_bytes_max, 1000);
	CHECK("rekeyfuzz", "0%", rekey_fuzz_percent, 0);
	CHECK("retransmit-interval", "15000", retransmit_interval, 15 * NSEC_PER_SEC);
	CHECK("retransmit-interval", "2s", retransmit_interval, 2 * NSEC_PER_SEC);
	CHECK("retransmit-timeout", "30", retransmit_timeout, 30 * NSEC_PER_SEC);
	CHECK("connaddrfamily", "v6", family, IP_V6);
	CHECK("metric", "4294967295", metric, UINT32_MAX);
}

/* Openswan 3's numbers for what is not said, and Libreswan's window. */
static void defaults(void **state)
{
	struct connection *c = connection_new("x");

	assert_int_equal(c->ike_lifetime, 8 * 3600 * NSEC_PER_SEC);
	assert_int_equal(c->child_lifetime, 8 * 3600 * NSEC_PER_SEC);
	assert_int_equal(c->rekey_margin, 540 * NSEC_PER_SEC);
	assert_int_equal(c->rekey_fuzz_percent, 100);
	assert_int_equal(c->keying_tries, 0);
	assert_int_equal(c->type, CONN_TUNNEL);
	assert_int_equal(c->start, START_IGNORE);
	assert_int_equal(c->replay_window, 128);
	assert_true(c->pfs && c->rekey && c->esn && c->esn_off && c->unique_ids);
	assert_int_equal(c->dpd_delay, 0);
	connection_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_refused),
		cmocka_unit_test(values_taken),
		cmocka_unit_test(defaults),
	};
	return RUN_TESTS("conn/field_value", tests);
}
