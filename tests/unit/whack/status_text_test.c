/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/status_text.h"

#include "tests/unit/support/test.h"

#include <stdlib.h>
#include <string.h>

static const char sas[] =
	"{\"ike_sas\": [{\"serial\": 1, \"connection\": \"net\", \"state\": \"PARENT_I3\","
	" \"story\": \"PARENT SA established\", \"initiator\": true, \"nat_local\": true,"
	" \"local\": \"192.0.2.1:4500\", \"remote\": \"[2001:db8::2]:4500\", \"local_id\": \"@west\","
	" \"remote_id\": \"@east\", \"spi_initiator\": \"aa\", \"spi_responder\": \"bb\","
	" \"suite\": \"AES\", \"rekey_in\": 2500, \"requests_open\": 0, \"heard\": 4,"
	" \"liveness\": true, \"computing\": true}],"
	" \"children\": [{\"serial\": 2, \"parent\": 1, \"connection\": \"net\", \"protocol\": \"AH\", \"state\": \"CHILD_C1\","
	" \"story\": \"CHILD SA established\", \"spi_in\": \"0a\", \"spi_out\": \"0b\", \"encap\": true, \"remote_id\": \"@east\","
	" \"suite\": \"GCM\", \"ts_local\": \"10.1.0.0/24\", \"ts_remote\": \"10.2.0.0/24\","
	" \"expire_in\": 9, \"used\": 3, \"in_octets\": 84, \"in_packets\": 1, \"out_octets\": 0,"
	" \"out_packets\": 0, \"in_dropped\": 0},"
	" {\"serial\": 3, \"parent\": 1, \"state\": \"CHILD_DEL\", \"story\": \"being deleted\"}]}";

static const char connection[] =
	"{\"connections\": [{\"name\": \"net\", \"kind\": \"permanent\", \"type\": \"tunnel\","
	" \"local\": \"right\", \"auto\": \"add\", \"encapsulation\": \"auto\", \"esn\": \"either\","
	" \"replay_window\": 128, \"negotiation_shunt\": \"hold\", \"failure_shunt\": \"none\", \"reqid\": 16388,"
	" \"left\": {\"host\": \"%any\", \"address\": \"192.0.2.9\", \"id\": \"@east\","
	" \"subnets\": [\"10.2.0.0/24\", \"10.3.0.0/24\"], \"protoport\": \"6/80\"},"
	" \"right\": {\"host\": \"192.0.2.1\", \"address\": \"192.0.2.1\", \"id\": \"@west\", \"id_type\": \"FQDN\","
	" \"subnets\": [], \"nexthop\": \"192.0.2.254\", \"source_ip\": \"10.1.0.1\","
	" \"auth\": \"secret\"},"
	" \"routing\": \"erouted\", \"policy\": [\"PSK\", \"TUNNEL\"], \"prio\": \"32,24\","
	" \"ike_life\": 3600, \"ipsec_life\": 28800, \"rekey_margin\": 540, \"rekey_fuzz\": 100,"
	" \"keying_tries\": 0, \"dpd_action\": \"hold\", \"dpd_delay\": 5, \"dpd_timeout\": 20,"
	" \"mtu\": 1400, \"metric\": 0, \"aliases\": [\"a\", \"b\"], \"tries\": 2, \"retry_in\": 7,"
	" \"pending_on\": 1, \"pending_commands\": 2}]}";

/* What is printed for these replies, one after another; the caller frees it. */
static char *print(const char *const *replies, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct status_text *s = status_text_new(out, STATUS_VIEW_WHOLE);

	for (size_t i = 0; i < len; i++) {
		json_t *json = json_loads(replies[i], 0, NULL);

		assert_non_null(json);
		assert_int_equal(status_text_take(s, json), CYG_OK);
		json_decref(json);
	}
	status_text_end(s);
	status_text_free(s);
	fclose(out);
	return text;
}

static void records_with_holes_do_no_harm(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"daemon\": {}}",
		"{\"daemon\": {\"plane_facts\": 3}}",
		"{\"daemon\": {\"plane_facts\": {\"aes_gcm\": 3, \"drops\": [1]}}}",
		"{\"daemon\": {\"plane_facts\": {\"aes_gcm\": {}, \"drops\": {\"x\": \"y\"}}}}",
		"{\"daemon\": 3, \"ike_sas\": 4, \"children\": {}, \"connections\": null}",
		"{\"connections\": [{}, 3, null, []]}",
		"{\"ike_sas\": [{}, 3, null], \"children\": [{}, \"x\"]}",
		"{\"connections\": [{\"name\": 7, \"left\": [], \"policy\": [1, null], \"aliases\": [{}]}]}",
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i]);
		free(print(&rows[i], 1));
	}
}

static void every_line_begins_with_its_number(void **state)
{
	const char *const replies[] = {
		"{\"daemon\": {\"plane\": \"esp\", \"default_address\": \"192.0.2.1\"}}", sas,
		connection};
	char *text = print(replies, COUNT_OF(replies)), *rest = text;

	for (char *line = strsep(&rest, "\n"); rest; line = strsep(&rest, "\n"))
		assert_memory_equal(line, "000 ", 4);
	free(text);
}

/* The lines that Openswan's listing has, in its order; our end comes first whichever it is. */
static void a_connection_and_its_sas(void **state)
{
	static const char want[] =
		"000 \"net\": 192.0.2.1[@west]---192.0.2.254...192.0.2.9<%any>[@east]:6/80==="
		"10.2.0.0/24,10.3.0.0/24; erouted; eroute owner: #2\n"
		"000 \"net\":     myip=10.1.0.1; hisip=unset; myup=none; hisup=none; "
		"mycert=unset; hiscert=unset\n"
		"000 \"net\":     our auth:secret; their auth:unset; our idtype:FQDN; "
		"their idtype:unset\n"
		"000 \"net\":   ike_life: 3600s; ipsec_life: 28800s; rekey_margin: 540s; rekey_fuzz: 100%; "
		"keyingtries: 0\n"
		"000 \"net\":   policy: PSK+TUNNEL; prio: 32,24; interface: none; kind: permanent\n"
		"000 \"net\":   auto: add; encapsulation: auto; esn: either; replay_window: 128; "
		"negotiationshunt: hold; failureshunt: none; reqid: 16388\n"
		"000 \"net\":   network params: metric:0; mtu:1400\n"
		"000 \"net\":   dpd: action:hold; delay:5; timeout:20\n"
		"000 \"net\":   failed tries: 2; next try in 7s\n"
		"000 \"net\":   newest ISAKMP SA: #1; newest IPsec SA: #2; eroute owner: #2\n"
		"000 \"net\":   aliases: a b\n"
		"000 \"net\":   IKE algorithms wanted: the defaults\n"
		"000 \"net\":   IKE algorithm newest: AES\n"
		"000 \"net\":   ESP algorithms wanted: the defaults\n"
		"000 \"net\":   ESP algorithm newest: GCM\n"
		"000 \n"
		"000 #1: \"net\":4500 IKEv2.0 STATE_PARENT_I3 (PARENT SA established); "
		"EVENT_SA_REPLACE in 2500s; newest ISAKMP; last heard 4s ago; crypto_calculating\n"
		"000 #1: \"net\" 192.0.2.1:4500[@west]...[2001:db8::2]:4500[@east]; SPIs aa bb; AES; "
		"NAT on our side; begun here\n"
		"000 #2: \"net\" IKEv2.0 STATE_CHILD_C1 (CHILD SA established); EVENT_SA_EXPIRE in 9s; "
		"newest IPSEC; eroute owner; isakmp#1; idle\n"
		"000 #2: \"net\" used 3s ago; ah.0a(in) ah.0b(out) in UDP; GCM; "
		"10.1.0.0/24===10.2.0.0/24; in 84 bytes 1 packets, out 0 bytes 0 packets, dropped 0\n"
		"000 #3: (no connection) IKEv2.0 STATE_CHILD_DEL (being deleted); isakmp#1; idle\n"
		"000 #3: (no connection) esp.(in) esp.(out); no suite yet; ===\n"
		"000 \"net\": pending, waits for IKE SA #1; commands that wait: 2\n";
	const char *const replies[] = {sas, connection};
	char *text = print(replies, COUNT_OF(replies));

	assert_string_equal(text, want);
	free(text);
}

static void an_algorithm_is_a_line(void **state)
{
	const char *const reply =
		"{\"algorithms\": [{\"protocol\": \"ESP\", \"use\": \"encrypt\", \"id\": 12,"
		" \"name\": \"AES_CBC\", \"iv_octets\": 16, \"key_bits_min\": 128,"
		" \"key_bits_max\": 256, \"weak\": false},"
		" {\"protocol\": \"IKE\", \"use\": \"hash\", \"id\": 2, \"name\": \"HMAC_SHA1\","
		" \"hash_octets\": 20, \"weak\": true},"
		" {\"protocol\": \"IKE\", \"use\": \"dh group\", \"id\": 21, \"name\": \"ECP521\","
		" \"public_octets\": 132, \"bits\": 521, \"weak\": false}]}";
	char *text = print(&reply, 1);

	assert_string_equal(text,
			    "000 algorithm ESP encrypt: id=12, name=AES_CBC, ivlen=16, "
			    "keysizemin=128, keysizemax=256\n"
			    "000 algorithm IKE hash: id=2, name=HMAC_SHA1, hashsize=20, weak\n"
			    "000 algorithm IKE dh group: id=21, name=ECP521, bits=521, "
			    "publicsize=132\n"
			    "000 \n");
	free(text);
}

static void traffic_is_a_line_a_child(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *json = json_loads(sas, 0, NULL);

	traffic_text(out, json);
	fclose(out);
	json_decref(json);
	assert_memory_equal(text, "000 #2: \"net\", type=AH, add_time=", 33);
	assert_non_null(
		strstr(text, "inBytes=84, outBytes=0, maxBytes=unlimited, id='@east'\n"));
	free(text);
}

static void traffic_tells_why_packets_were_dropped(void **state)
{
	static const char reply[] =
		"{\"children\": [{\"serial\": 2, \"in_octets\": 84, \"out_octets\": 5, \"in_drops\":"
		" {\"replayed\": 2, \"bad_auth\": 0, \"wrong_source\": 1, \"other\": 0}}]}";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *json = json_loads(reply, 0, NULL);

	traffic_text(out, json);
	fclose(out);
	json_decref(json);
	assert_non_null(strstr(text, "id='', dropped: 2 replayed, 1 wrong_source\n"));
	free(text);
}

static void traffic_ends_with_what_no_sa_counts(void **state)
{
	static const struct {
		const char *reply, *text;
	} rows[] = {
		{"{\"children\": [], \"plane_drops\": {\"unknown_spi\": 3, \"martian\": 0, \"truncated\": 1}}",
		 "000 plane: not carried: 3 unknown_spi, 1 truncated\n"},
		{"{\"children\": [], \"plane_drops\": {\"unknown_spi\": 0}, \"plane_waiting\": 0}", ""},
		{"{\"children\": [], \"plane_drops\": {\"held_expired\": 2}, \"plane_waiting\": 1}",
		 "000 plane: not carried: 2 held_expired\n"
		 "000 plane: 1 packet waits for an IPsec SA\n"},
		{"{\"children\": [], \"plane_drops\": {}, \"plane_waiting\": 2}",
		 "000 plane: 2 packets wait for an IPsec SA\n"},
		{"{\"children\": []}", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		json_t *json = json_loads(rows[i].reply, 0, NULL);

		test_row(i, "%s", rows[i].reply);
		traffic_text(out, json);
		fclose(out);
		json_decref(json);
		assert_string_equal(text, rows[i].text);
		free(text);
	}
}

static void the_plane_tells_its_cipher_and_what_it_dropped(void **state)
{
	static const struct {
		const char *reply, *line, *not_there;
	} rows[] = {
		{"{\"daemon\": {\"plane_facts\": {\"aes_gcm\": {\"by\": \"libcrypto\","
		 " \"why\": \"it is not installed\"}, \"drops\": {\"replayed\": 0}}}}",
		 "000 plane: AES-GCM by libcrypto: it is not installed\n", "not carried"},
		{"{\"daemon\": {\"plane_facts\": {\"aes_gcm\": {\"by\": \"intel-ipsec-mb\","
		 " \"ipsec_mb_ns\": 150, \"libcrypto_ns\": 460}}}}",
		 "000 plane: AES-GCM by intel-ipsec-mb (intel-ipsec-mb 150 ns a packet, libcrypto 460 ns)\n",
		 "not carried"},
		{"{\"daemon\": {\"plane_facts\": {\"drops\": {\"unknown_spi\": 3,"
		 " \"replayed\": 0, \"martian\": 1}}}}",
		 "000 plane: not carried: 3 unknown_spi, 1 martian\n", "replayed"},
		{"{\"daemon\": {\"plane_facts\": {\"firewall\": true, \"egress\": false,"
		 " \"egress_why\": \"Message too long; raise net.core.wmem_max\"}}}",
		 "000 plane: sockets that name a device may send protected traffic in CLEAR: "
		 "Message too long; raise net.core.wmem_max\n",
		 "NOT dropped"},
		{"{\"daemon\": {\"plane_facts\": {\"firewall\": false, \"egress\": true,"
		 " \"firewall_why\": \"Operation not permitted; run it as root\"}}}",
		 "000 plane: clear text for protected networks is NOT dropped: "
		 "Operation not permitted; run it as root\n",
		 "in CLEAR"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = print(&rows[i].reply, 1);

		test_row(i, "%s", rows[i].reply);
		assert_non_null(strstr(text, rows[i].line));
		assert_null(strstr(text, rows[i].not_there));
		free(text);
	}
}

/* Lines that are there only for what a connection or the daemon has. */
static void what_is_special_has_a_line(void **state)
{
	static const struct {
		const char *reply, *line;
	} rows[] = {
		{"{\"daemon\": {\"virtual_private\": \"%v4:10.0.0.0/8,%v4:!10.1.0.0/16,%v6:fc00::/7\"}}",
		 "000 virtual_private: allowed nets: 10.0.0.0/8, fc00::/7; excluded nets: 10.1.0.0/16\n"},
		{"{\"daemon\": {\"virtual_private\": \"%v4:!10.1.0.0/16\"}}",
		 "000 virtual_private: allowed nets: none; excluded nets: 10.1.0.0/16\n"},
		{"{\"connections\": [{\"name\": \"n\", \"shunt\": \"drop\", \"entry_priority\": 9,"
		 " \"routing_age\": 4, \"shunt_reason\": \"so configured\"}]}",
		 "000 \"n\":   shunt: drop; priority: 9; age: 4s; reason: so configured\n"},
		{"{\"connections\": [{\"name\": \"n\", \"awaits\": \"no end is here\","
		 " \"awaits_ends\": \"left=192.0.2.1\"}]}",
		 "000 \"n\":   its new version waits: no end is here (left=192.0.2.1)\n"},
		{"{\"connections\": [{\"name\": \"n\", \"policy_now\": \"road\"}]}",
		 "000 \"n\":   policy_now: road\n"},
		{"{\"connections\": [{\"name\": \"n\", \"policy_next\": \"road[2]\"}]}",
		 "000 \"n\":   policy_next: road[2]\n"},
		{"{\"connections\": [{\"name\": \"n\", \"priority\": 7, \"tfc\": \"%mtu\","
		 " \"nopmtudisc\": true, \"decap_dscp\": true, \"encap_dscp\": false}]}",
		 "000 \"n\":   sa_prio: 7; sa_tfc: %mtu; nopmtudisc: yes; decap_dscp: yes; encap_dscp: no\n"},
		{"{\"connections\": [{\"name\": \"n\", \"left\": {\"cert\": \"a.pem\","
		 " \"send_cert\": \"ifasked\"}, \"right\": {\"ca\": \"CN=x\"}}]}",
		 "000 \"n\":     CAs: '%any'...'CN=x'\n000 \"n\":     sendcert: us:ifasked, them:none\n"},
		{"{\"connections\": [{\"name\": \"n\", \"left\": {\"cert\": \"a.pem\"},"
		 " \"right\": {\"key_id\": \"00ff\"}}]}",
		 "000 \"n\":     keys: us:none, them:00ff\n"},
		{"{\"ike_sas\": [{\"serial\": 1, \"next_request\": 3, \"next_expected\": 2,"
		 " \"requests_open\": 1, \"retransmits\": 4, \"out_of_order\": 5}]}",
		 "msgids next=3 expected=2 unanswered=1; retransmits 4; out of order 5\n"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = print(&rows[i].reply, 1);

		test_row(i, "%s", rows[i].reply);
		if (!strstr(text, rows[i].line))
			fail_msg("not in:\n%s", text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_with_holes_do_no_harm),
		cmocka_unit_test(every_line_begins_with_its_number),
		cmocka_unit_test(a_connection_and_its_sas),
		cmocka_unit_test(what_is_special_has_a_line),
		cmocka_unit_test(an_algorithm_is_a_line),
		cmocka_unit_test(traffic_is_a_line_a_child),
		cmocka_unit_test(traffic_tells_why_packets_were_dropped),
		cmocka_unit_test(traffic_ends_with_what_no_sa_counts),
		cmocka_unit_test(the_plane_tells_its_cipher_and_what_it_dropped),
	};

	return RUN_TESTS("whack/status_text", tests);
}
