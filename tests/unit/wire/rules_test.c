/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include "tests/unit/wire/wire_test.h"

/* A message of empty payloads: rules look at types alone. */
static struct message message_of(const uint8_t *types, size_t len)
{
	static uint8_t octets[4 * MESSAGE_PAYLOADS_MAX];
	struct builder b = builder_of(octets, sizeof(octets));
	struct message m;

	for (size_t i = 1; i <= len; i++)
		build_view(&b, view_of((uint8_t[]){i < len ? types[i] : 0, 0, 0, 4}, 4));
	assert_int_equal(message_parse_inner(build_done(&b), len ? types[0] : 0, &m, NULL,
					     NULL),
			 CYG_OK);
	return m;
}

#define T(...)                 \
	{                      \
		__VA_ARGS__, 0 \
	}

/* What each message holds when it is as RFC 7296 appendix C draws it. */
static const struct {
	const struct payload_rules *rules;
	uint8_t types[12]; /* ends with 0 */
} drawn[] = {
	{&rules_init_request, T(PAYLOAD_NOTIFY, PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE,
				PAYLOAD_NOTIFY, PAYLOAD_NOTIFY, PAYLOAD_VENDOR)},
	{&rules_init_response, T(PAYLOAD_SA, PAYLOAD_KE, PAYLOAD_NONCE, PAYLOAD_NOTIFY,
				 PAYLOAD_CERTREQ, PAYLOAD_CERTREQ)},
	{&rules_error_response, T(PAYLOAD_NOTIFY, PAYLOAD_VENDOR)},
	{&rules_auth_request,
	 T(PAYLOAD_IDI, PAYLOAD_CERT, PAYLOAD_CERT, PAYLOAD_NOTIFY, PAYLOAD_CERTREQ,
	   PAYLOAD_IDR, PAYLOAD_AUTH, PAYLOAD_CP, PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR)},
	{&rules_auth_request_eap, T(PAYLOAD_IDI, PAYLOAD_CERTREQ, PAYLOAD_IDR, PAYLOAD_CP,
				    PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR)},
	{&rules_auth_request_childless, T(PAYLOAD_IDI, PAYLOAD_AUTH)},
	{&rules_auth_response, T(PAYLOAD_IDR, PAYLOAD_CERT, PAYLOAD_AUTH, PAYLOAD_CP,
				 PAYLOAD_SA, PAYLOAD_TSI, PAYLOAD_TSR, PAYLOAD_NOTIFY)},
	{&rules_auth_response_no_child, T(PAYLOAD_IDR, PAYLOAD_AUTH, PAYLOAD_NOTIFY)},
	{&rules_auth_eap, T(PAYLOAD_EAP)},
	{&rules_auth_final, T(PAYLOAD_AUTH)},
	{&rules_child_request,
	 T(PAYLOAD_NOTIFY, PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_KE, PAYLOAD_TSI, PAYLOAD_TSR)},
	{&rules_child_response, T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_TSI, PAYLOAD_TSR)},
	{&rules_ike_rekey_request, T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_KE)},
	{&rules_ike_rekey_response, T(PAYLOAD_SA, PAYLOAD_NONCE, PAYLOAD_KE)},
	{&rules_informational, T(PAYLOAD_NOTIFY, PAYLOAD_DELETE, PAYLOAD_DELETE, PAYLOAD_CP)},
};

static const struct payload_rule *rule_for(const struct payload_rules *rules, uint8_t type)
{
	for (size_t i = 0; i < rules->len; i++)
		if (rules->rows[i].type == type)
			return &rules->rows[i];
	return NULL;
}

static enum cyg_err check(const struct payload_rules *rules, const uint8_t *types, size_t len,
			  struct diag *why)
{
	struct message m = message_of(types, len);

	return message_check(&m, rules, why);
}

/* The full matrix: each payload of each message missing in turn. */
static void without_any_mandatory_payload_it_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(drawn); i++) {
		const uint8_t *types = drawn[i].types;
		size_t len = strlen((const char *)types);

		for (size_t gone = 0; gone < len; gone++) {
			const struct payload_rule *rule = rule_for(drawn[i].rules, types[gone]);
			uint8_t left[16];
			struct diag why;

			if (!rule || rule->min == 0)
				continue;
			test_row(i, "%s without %s", drawn[i].rules->name,
				 payload_name(types[gone]));
			memcpy(left, types, gone);
			memcpy(left + gone, types + gone + 1, len - gone - 1);
			assert_refusal(check(drawn[i].rules, left, len - 1, &why),
				       CYG_MALFORMED, &why);
			assert_non_null(strstr(why.sentence, payload_name(types[gone])));
			assert_string_equal(why.got, "0");
		}
	}
}

/* And each one doubled: as good as its rule's maximum. */
static void with_a_payload_too_many_it_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(drawn); i++) {
		const uint8_t *types = drawn[i].types;
		size_t len = strlen((const char *)types);

		for (size_t twice = 0; twice < len; twice++) {
			const struct payload_rule *rule = rule_for(drawn[i].rules,
								   types[twice]);
			bool fine = !rule || rule->max == ANY_NUMBER;
			uint8_t more[16];

			test_row(i, "%s with another %s", drawn[i].rules->name,
				 payload_name(types[twice]));
			memcpy(more, types, len);
			more[len] = types[twice];
			assert_int_equal(check(drawn[i].rules, more, len + 1, NULL),
					 fine ? CYG_OK : CYG_MALFORMED);
		}
	}
}

static void what_changes_the_meaning_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(drawn); i++)
		for (size_t j = 0; j < drawn[i].rules->len; j++) {
			const struct payload_rule *rule = &drawn[i].rules->rows[j];
			size_t len = strlen((const char *)drawn[i].types);
			uint8_t more[16];

			if (rule->max != 0 || rule->type == PAYLOAD_SK ||
			    rule->type == PAYLOAD_SKF)
				continue;
			test_row(i, "%s with %s", drawn[i].rules->name,
				 payload_name(rule->type));
			memcpy(more, drawn[i].types, len);
			more[len] = rule->type;
			assert_int_equal(check(drawn[i].rules, more, len + 1, NULL),
					 CYG_MALFORMED);
		}
}

static void messages_as_drawn_pass_in_any_order(void **state)
{
	for (size_t i = 0; i < COUNT_OF(drawn); i++) {
		size_t len = strlen((const char *)drawn[i].types);
		uint8_t turned[16];

		test_row(i, "%s", drawn[i].rules->name);
		for (size_t j = 0; j < len; j++)
			turned[j] = drawn[i].types[len - 1 - j];
		assert_int_equal(check(drawn[i].rules, drawn[i].types, len, NULL), CYG_OK);
		assert_int_equal(check(drawn[i].rules, turned, len, NULL), CYG_OK);
	}
}

static void a_message_of_nothing(void **state)
{
	for (size_t i = 0; i < COUNT_OF(drawn); i++) {
		test_row(i, "%s", drawn[i].rules->name);
		assert_int_equal(check(drawn[i].rules, NULL, 0, NULL),
				 drawn[i].rules == &rules_informational ? CYG_OK
									: CYG_MALFORMED);
	}
}

static void parse_outer(uint8_t first, const char *hex, struct message *m)
{
	assert_int_equal(message_parse(test_hex(hex), first, m, NULL, NULL), CYG_OK);
}

static void outer_chains(void **state)
{
	static const char header[] =
		"0102030405060708 1112131415161718 2e202308 00000001 00000000";
	static const struct {
		const char *what, *hex;
		uint8_t first;
		bool sk, skf, init;
	} rows[] = {
		{"clear", "00000004", PAYLOAD_NONCE, false, false, false},
		{"SK", "00000005aa", PAYLOAD_SK, true, false, false},
		{"SKF", "00000008 00010001", PAYLOAD_SKF, false, true, false},
		{"IKE_SA_INIT in clear", "22000004 28000004 00000004", PAYLOAD_SA, false, false,
		 true},
		{"SK in IKE_SA_INIT", "22000004 28000004 2e000004 00000004", PAYLOAD_SA, true,
		 false, false},
		{"SKF in IKE_SA_INIT", "22000004 28000004 35000004 00000004", PAYLOAD_SA, false,
		 true, false},
	};
	struct message m;
	char hex[256];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		test_row(i, "%s", rows[i].what);
		snprintf(hex, sizeof(hex), "%s%s", header, rows[i].hex);
		parse_outer(rows[i].first, hex, &m);
		assert_int_equal(message_check(&m, &rules_sk, NULL) == CYG_OK, rows[i].sk);
		assert_int_equal(message_check(&m, &rules_skf, NULL) == CYG_OK, rows[i].skf);
		assert_int_equal(message_check(&m, &rules_init_request, NULL) == CYG_OK,
				 rows[i].init);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_any_mandatory_payload_it_is_refused),
		cmocka_unit_test(with_a_payload_too_many_it_is_refused),
		cmocka_unit_test(what_changes_the_meaning_is_refused),
		cmocka_unit_test(messages_as_drawn_pass_in_any_order),
		cmocka_unit_test(a_message_of_nothing),
		cmocka_unit_test(outer_chains),
	};

	return RUN_TESTS("wire/rules", tests);
}
