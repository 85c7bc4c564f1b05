/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include "base/text.h"
#include "tests/unit/wire/pcap.h"
#include "tests/unit/wire/rebuild.h"
#include "tests/unit/wire/wire_test.h"
#include "wire/chain.h"
#include "wire/notify.h"
#include "wire/print.h"

#include <dirent.h>
#include <stdlib.h>

/*
 * Messages that other implementations sent, from the shared corpus. All are
 * skipped when it is not beside the checkout.
 */

#define CORPUS TEST_SOURCE_ROOT "/../shared/corpus/"

/* ---- captures ---- */

struct tally {
	const char *file; /* name without folder */
	unsigned v1, v2, esp, keepalives, junk, payloads, refused;
};

/* The messages in the captures that break the format; everything else must parse. */
static const struct {
	const char *file, *code;
} known_bad[] = {
	/* Has two octets behind its last payload, in one message, and an empty INVALID_KE_PAYLOAD. */
	{"libpluto__lp08-parentR1__parentR1notify.pcap", "malformed-chain"},
	{"libpluto__lp08-parentR1__parentR1notify.pcap", "malformed-notify"},
};

static void note_refusal(struct tally *t, const struct diag *why)
{
	char buf[1024];

	for (size_t i = 0; i < COUNT_OF(known_bad); i++)
		if (strcmp(t->file, known_bad[i].file) == 0 &&
		    strcmp(why->code, known_bad[i].code) == 0) {
			t->refused++;
			return;
		}
	fail_msg("%s: %s", t->file, diag_print(why, buf, sizeof(buf)));
}

/* Every payload parses, and is built again as it was. */
static void check_payload(struct tally *t, const struct ike_header *h, const struct payload *p)
{
	static uint8_t storage[70000], canonical[70000];
	struct builder b = builder_of(storage, sizeof(storage));
	bool exact;

	assert_int_equal(rebuild_payload(p, h->response, &b, &exact), CYG_OK);
	rebuild_canonical(p, canonical);
	if (exact)
		assert_view_equal(build_done(&b), view_of(canonical, p->body.len));
	t->payloads++;
}

static void check_rules(const struct ike_header *h, const struct message *m)
{
	const struct payload_rules *full = h->response ? &rules_init_response
						       : &rules_init_request;

	if (h->exchange != X_IKE_SA_INIT)
		assert_int_equal(message_check(m, &rules_sk, NULL), CYG_OK);
	else if (h->response && message_count(m, PAYLOAD_SA) == 0)
		assert_int_equal(message_check(m, &rules_error_response, NULL), CYG_OK);
	else
		assert_int_equal(message_check(m, full, NULL), CYG_OK);
}

/* A copy without what is ignored on receipt: minor version, reserved flags (one peer sets one). */
static struct view canonical_header(struct view octets)
{
	static uint8_t copy[70000];

	memcpy(copy, octets.ptr, octets.len);
	copy[17] &= 0xf0;
	copy[19] &= 0x38;
	return view_of(copy, octets.len);
}

static void check_message(struct tally *t, struct view octets)
{
	static uint8_t storage[70000];
	struct builder b = builder_of(storage, sizeof(storage));
	struct ike_header h;
	struct message m;
	struct diag why;
	char buf[8192];

	if (header_parse(octets, &h, &why) ||
	    message_parse(octets, h.next_payload, &m, NULL, &why) ||
	    message_check_notifies(&m, where_of(h.exchange, h.response), &why)) {
		note_refusal(t, &why);
		return;
	}
	t->v2++;
	check_rules(&h, &m);
	for (size_t i = 0; i < m.len; i++)
		check_payload(t, &h, &m.payloads[i]);
	assert_view_equal(rebuild_message(&h, &m, &b), canonical_header(octets));
	assert_null(strstr(message_print_long(&h, &m, buf, sizeof(buf)), "malformed"));
}

static void take_ike(struct tally *t, struct view octets)
{
	switch (ike_version_of(octets)) {
	case IKE_VERSION_1:
		t->v1++;
		break;
	case IKE_VERSION_2:
		check_message(t, octets);
		break;
	default:
		t->junk++;
	}
}

static void take_datagram(void *ctx, uint16_t from, uint16_t to, struct view payload)
{
	struct tally *t = ctx;
	struct view rest;

	if (from != 4500 && to != 4500) {
		take_ike(t, payload);
		return;
	}
	switch (datagram_sort(payload, &rest)) {
	case DATAGRAM_IKE:
		take_ike(t, rest);
		break;
	case DATAGRAM_ESP:
		t->esp++;
		break;
	case DATAGRAM_KEEPALIVE:
		t->keepalives++;
		break;
	case DATAGRAM_JUNK:
		t->junk++;
	}
}

static int is_capture(const struct dirent *d)
{
	const char *dot = strrchr(d->d_name, '.');

	return dot && (strcmp(dot, ".pcap") == 0 || strcmp(dot, ".pcapng") == 0);
}

/* All captures of a folder of corpus/pcap; their names are shown as rows. */
static struct tally tally_folder(const char *folder)
{
	struct tally t = {0};
	struct dirent **names;
	char path[4096];
	int n;

	snprintf(path, sizeof(path), CORPUS "pcap/%s", folder);
	n = scandir(path, &names, is_capture, alphasort);
	if (n < 0)
		test_skip("../shared/corpus is not beside this checkout");
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "pcap/%s/%s", folder, names[i]->d_name);
		test_row((size_t)i, "%s", path);
		t.file = names[i]->d_name;
		assert_true(pcap_each_udp(test_corpus(path), take_datagram, &t));
		free(names[i]);
	}
	free(names);
	return t;
}

static void captures_of_a_nat_and_a_redirect(void **state)
{
	struct tally t = tally_folder("scapy");

	assert_int_equal(t.v2, 34);
	assert_int_equal(t.esp, 24);
	assert_int_equal(t.v1 + t.junk + t.refused, 0);
}

static void captures_that_decrypt(void **state)
{
	struct tally t = tally_folder("wireshark");

	assert_int_equal(t.v2, 44);
	assert_int_equal(t.v1, 10);
	assert_int_equal(t.junk + t.refused, 0);
}

static void captures_of_unit_tests(void **state)
{
	struct tally t = tally_folder("openswan-unit");

	assert_int_equal(t.v2, 61);
	assert_int_equal(t.v1, 28);
	assert_int_equal(t.esp, 1);
	assert_int_equal(t.refused, COUNT_OF(known_bad));
	assert_int_equal(t.junk, 0);
}

/* ---- tables of single messages and payloads ---- */

/* The column of hex in a row "NAME\tHEX" or "NAME\tKIND\tHEX" whose first column is `name`. */
static struct view row_of(const char *file, const char *name)
{
	struct view all = test_corpus(file);
	char *text = strndup((const char *)all.ptr, all.len), *save = NULL;
	struct view found = {0};

	for (char *line = strtok_r(text, "\n", &save); line && !found.ptr;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t len = strcspn(line, "\t");

		if (len == strlen(name) && strncmp(line, name, len) == 0)
			found = test_hex(strrchr(line, '\t') + 1);
	}
	free(text);
	if (!found.ptr)
		fail_msg("%s has no row %s", file, name);
	return found;
}

/* Payloads with their generic headers, in chains: the type of the first, and what comes out. */
static const struct {
	const char *name, *why;
	uint8_t first;
	enum cyg_err chain;
	unsigned payloads;
	enum cyg_err content; /* of the first payload that is refused */
} seeds[] = {
	{"sa_pld", "a proposal without transforms", PAYLOAD_SA, CYG_OK, 1, CYG_MALFORMED},
	{"saxform_pld", "6 transforms", PAYLOAD_SA, CYG_OK, 1, CYG_OK},
	{"ke_pld", "MODP2048", PAYLOAD_KE, CYG_OK, 1, CYG_OK},
	{"nonce_pld", "32 octets", PAYLOAD_NONCE, CYG_OK, 1, CYG_OK},
	{"notify_pld", "two, not linked", PAYLOAD_NOTIFY, CYG_MALFORMED, 0, CYG_OK},
	{"id_pld", "IPv4", PAYLOAD_IDI, CYG_OK, 1, CYG_OK},
	{"cert_pld", "8 octets too many", PAYLOAD_CERT, CYG_MALFORMED, 0, CYG_OK},
	{"certreq_pld", "raw RSA key", PAYLOAD_CERTREQ, CYG_OK, 1, CYG_OK},
	{"auth_pld", "RSA", PAYLOAD_AUTH, CYG_OK, 1, CYG_OK},
	{"delete_pld", "IKE with an SPI", PAYLOAD_DELETE, CYG_OK, 2, CYG_MALFORMED},
	{"vendor_pld", "4 octets", PAYLOAD_VENDOR, CYG_OK, 1, CYG_OK},
	{"ts_pld", "one range", PAYLOAD_TSI, CYG_OK, 1, CYG_OK},
	{"cp_pld", "all four types", PAYLOAD_CP, CYG_OK, 5, CYG_OK},
	{"eap_pld", "EAP length unlike the payload's", PAYLOAD_EAP, CYG_OK, 4, CYG_MALFORMED},
};

static void single_payloads(void **state)
{
	static uint8_t storage[70000];

	for (size_t i = 0; i < COUNT_OF(seeds); i++) {
		struct view octets = row_of("ikemsg/openiked-payload-seeds.tsv", seeds[i].name);
		enum cyg_err content = CYG_OK;
		struct message m;

		test_row(i, "%s: %s", seeds[i].name, seeds[i].why);
		assert_int_equal(message_parse_inner(octets, seeds[i].first, &m, NULL, NULL),
				 seeds[i].chain);
		if (seeds[i].chain)
			continue;
		assert_int_equal(m.len, seeds[i].payloads);
		for (size_t j = 0; j < m.len && !content; j++) {
			struct builder b = builder_of(storage, sizeof(storage));

			content = rebuild_payload(&m.payloads[j], false, &b, NULL);
			if (!content)
				assert_view_equal(build_done(&b), m.payloads[j].body);
		}
		assert_int_equal(content, seeds[i].content);
	}
}

/* SK and SKF need the message around them, which gives them their place. */
static void encrypted_payloads(void **state)
{
	static const struct sk_sizes cbc = {16, 16, 16};
	struct view sk_octets = row_of("ikemsg/openiked-payload-seeds.tsv", "sk_pld");
	struct view skf_octets = row_of("ikemsg/openiked-payload-seeds.tsv", "skf_1of1_pld");
	uint8_t whole[1024] = {0}, fragment[1024] = {0};
	struct sk_payload sk;
	struct skf_payload skf;
	struct message m;

	memcpy(whole + IKE_HEADER_LEN, sk_octets.ptr, sk_octets.len);
	assert_int_equal(message_parse(view_of(whole, IKE_HEADER_LEN + sk_octets.len),
				       PAYLOAD_SK, &m, NULL, NULL),
			 CYG_OK);
	assert_int_equal(sk_parse(&m, &cbc, &sk, NULL), CYG_OK);
	assert_int_equal(sk.first, PAYLOAD_SA);
	assert_int_equal(sk.ciphertext.len, 368);
	memcpy(fragment + IKE_HEADER_LEN, skf_octets.ptr, skf_octets.len);
	assert_int_equal(message_parse(view_of(fragment, IKE_HEADER_LEN + skf_octets.len),
				       PAYLOAD_SKF, &m, NULL, NULL),
			 CYG_OK);
	assert_int_equal(skf_parse(&m, &cbc, &skf, NULL), CYG_OK);
	assert_true(skf.number == 1 && skf.total == 1);
	assert_view_equal(skf.sk.ciphertext, sk.ciphertext);
}

static void a_whole_message(void **state)
{
	struct tally t = {.file = "valid_packet"};

	check_message(&t, row_of("ikemsg/openiked-payload-seeds.tsv", "valid_packet"));
	assert_int_equal(t.v2, 1);
	assert_int_equal(t.payloads, 5);
}

/* Byte strings of one test suite, named by line: messages, and frames that hold one. */
static const struct {
	const char *line;
	int link; /* of a frame; -1: the message itself */
	enum cyg_err header;
	const char *print;
} strings[] = {
	{"14", -1, CYG_MALFORMED, NULL}, /* no SPI */
	{"18", -1, CYG_MALFORMED, NULL}, /* no SPI */
	{"32", -1, CYG_MALFORMED, NULL}, /* flag I is not set */
	{"55", 101, CYG_OK,
	 "IKE_SA_INIT request 0 [SA KE No N(NAT_DETECTION_SOURCE_IP) "
	 "N(NAT_DETECTION_DESTINATION_IP)]"},
	{"62", 1, CYG_OK,
	 "IKE_SA_INIT request 0 [SA KE No N(NAT_DETECTION_SOURCE_IP) "
	 "N(NAT_DETECTION_DESTINATION_IP) N(SIGNATURE_HASH_ALGORITHMS)]"},
	{"70", 1, CYG_OK,
	 "IKE_SA_INIT response 0 [SA KE No N(NAT_DETECTION_SOURCE_IP) "
	 "N(NAT_DETECTION_DESTINATION_IP) N(MULTIPLE_AUTH_SUPPORTED)]"},
	{"78", 1, CYG_OK, "INFORMATIONAL request 2 [SK]"},
	{"84", 1, CYG_OK, "INFORMATIONAL response 2 [SK]"},
};

static void keep_payload(void *ctx, uint16_t from, uint16_t to, struct view payload)
{
	*(struct view *)ctx = payload;
}

static void strings_of_a_test_suite(void **state)
{
	for (size_t i = 0; i < COUNT_OF(strings); i++) {
		struct view octets = row_of("ikemsg/scapy-ikev2-uts.tsv", strings[i].line);
		struct ike_header h;
		struct message m;
		char buf[MESSAGE_LINE_MAX];

		test_row(i, "line %s", strings[i].line);
		if (strings[i].link >= 0)
			assert_true(pcap_udp_of((unsigned)strings[i].link, octets, keep_payload,
						&octets));
		assert_int_equal(header_parse(octets, &h, NULL), strings[i].header);
		if (strings[i].header)
			continue;
		assert_int_equal(message_parse(octets, h.next_payload, &m, NULL, NULL), CYG_OK);
		assert_string_equal(message_print(&h, &m, buf, sizeof(buf)), strings[i].print);
	}
}

static void a_keepalive(void **state)
{
	struct view octets = row_of("ikemsg/scapy-ikev2-uts.tsv", "239"), rest;

	assert_true(pcap_udp_of(1, octets, keep_payload, &octets));
	assert_int_equal(datagram_sort(octets, &rest), DATAGRAM_KEEPALIVE);
}

/* IKEv1 messages are told apart, and not taken for IKEv2. */
static void messages_of_version_1(void **state)
{
	static const char *const lines[] = {"78", "88"};

	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct view octets = row_of("ikemsg/scapy-isakmp-uts.tsv", lines[i]);
		struct ike_header h;

		test_row(i, "line %s", lines[i]);
		assert_int_equal(ike_version_of(octets), IKE_VERSION_1);
		assert_int_equal(header_parse(octets, &h, NULL), CYG_UNSUPPORTED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captures_of_a_nat_and_a_redirect),
		cmocka_unit_test(captures_that_decrypt),
		cmocka_unit_test(captures_of_unit_tests),
		cmocka_unit_test(single_payloads),
		cmocka_unit_test(encrypted_payloads),
		cmocka_unit_test(a_whole_message),
		cmocka_unit_test(strings_of_a_test_suite),
		cmocka_unit_test(a_keepalive),
		cmocka_unit_test(messages_of_version_1),
	};

	return RUN_TESTS("wire/corpus", tests);
}
