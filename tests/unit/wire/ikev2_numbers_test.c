/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ikev2_numbers.h"

#include "tests/unit/wire/wire_test.h"

static void numbers_without_a_row_have_no_name(void **state)
{
	assert_null(exchange_name(0));
	assert_null(exchange_name(33));
	assert_null(exchange_name(45));
	assert_null(payload_name(0));
	assert_null(payload_name(32));
	assert_null(payload_name(55));
	assert_null(payload_name(255));
	assert_null(notify_name(0));
	assert_null(notify_name(2));
	assert_null(notify_name(50));
	assert_null(notify_name(16383));
	assert_null(notify_name(16448));
	assert_null(notify_name(65535));
	assert_null(protocol_name(0));
	assert_null(id_type_name(4));
	assert_null(auth_method_name(0));
	assert_null(cert_encoding_name(5));
	assert_null(ts_type_name(6));
	assert_null(attribute_name(13));
	assert_null(cp_type_name(5));
	assert_null(cp_attribute_name(5));
	assert_null(eap_code_name(5));
	assert_null(exchange_row(45));
	assert_string_equal(exchange_row(X_IKE_INTERMEDIATE)->ref, "RFC 9242");
	assert_int_equal(exchange_number("IKE_SA_INI"), -1);
	assert_int_equal(notify_number(""), -1);
}

static void names_are_those_of_the_registry(void **state)
{
	assert_string_equal(exchange_name(X_IKE_SA_INIT), "IKE_SA_INIT");
	assert_string_equal(exchange_name(X_IKE_FOLLOWUP_KE), "IKE_FOLLOWUP_KE");
	assert_string_equal(payload_name(PAYLOAD_NONCE), "No");
	assert_string_equal(payload_name(PAYLOAD_SKF), "SKF");
	assert_string_equal(notify_name(N_COOKIE), "COOKIE");
	assert_string_equal(notify_name(N_CHILD_SA_NOT_FOUND), "CHILD_SA_NOT_FOUND");
	assert_string_equal(protocol_name(PROTOCOL_ESP), "ESP");
	assert_string_equal(id_type_name(ID_TYPE_FQDN), "ID_FQDN");
	assert_string_equal(auth_method_name(AUTH_METHOD_SIGNATURE), "Digital Signature");
	assert_string_equal(ts_type_name(TS_TYPE_IPV6), "TS_IPV6_ADDR_RANGE");
	assert_string_equal(attribute_name(ATTRIBUTE_KEY_LENGTH), "Key Length");
	assert_string_equal(cp_type_name(CP_REQUEST), "CFG_REQUEST");
	assert_string_equal(cp_attribute_name(CP_INTERNAL_DNS_DOMAIN), "INTERNAL_DNS_DOMAIN");
	assert_string_equal(cert_encoding_name(CERT_OCSP_CONTENT), "OCSP Content");
	assert_string_equal(eap_code_name(EAP_FAILURE), "Failure");
}

static void names_lead_back_to_numbers(void **state)
{
	const struct notify_row *row;
	unsigned rows = 0;

	for (; (row = notify_row_at(rows)); rows++) {
		test_row(rows, "%s", row->name);
		assert_int_equal(notify_number(row->name), row->type);
		assert_ptr_equal(notify_row(row->type), row);
	}
	assert_true(rows > 80);
	for (unsigned type = 0; type <= 255; type++)
		if (exchange_name((uint8_t)type))
			assert_int_equal(exchange_number(exchange_name((uint8_t)type)), type);
	assert_int_equal(notify_number("cookie"), N_COOKIE);
}

static void each_notify_row_makes_sense(void **state)
{
	bool taken[NOTIFY_SLOTS] = {false};
	const struct notify_row *row;

	for (size_t i = 0; (row = notify_row_at(i)); i++) {
		unsigned slot = notify_slot(row->type);

		test_row(i, "%s", row->name);
		assert_non_null(row->ref);
		assert_true(row->len_min <= row->len_max);
		assert_true(row->in != 0);
		assert_true(slot < NOTIFY_SLOTS);
		assert_false(taken[slot]);
		taken[slot] = true;
	}
	assert_int_equal(notify_slot(40000), 0);
}

static void each_payload_row_is_at_its_number(void **state)
{
	const struct payload_row *row;
	size_t rows = 0;

	for (; (row = payload_row_at(rows)); rows++) {
		test_row(rows, "%s", row->name);
		assert_int_equal(row->type, PAYLOAD_FIRST + rows);
		assert_ptr_equal(payload_row(row->type), row);
		assert_non_null(row->abbrev);
		assert_non_null(row->ref);
	}
	assert_int_equal(rows, PAYLOAD_LAST - PAYLOAD_FIRST + 1);
}

static void errors_and_status_are_told_apart(void **state)
{
	assert_true(notify_is_error(0));
	assert_true(notify_is_error(N_NO_PROPOSAL_CHOSEN));
	assert_true(notify_is_error(16383));
	assert_false(notify_is_error(16384));
	assert_false(notify_is_error(65535));
}

static void each_message_has_a_bit_of_its_own(void **state)
{
	uint16_t seen = 0;

	for (unsigned exchange = 0; exchange <= 255; exchange++)
		for (int response = 0; response <= 1; response++) {
			uint16_t bit = where_of((uint8_t)exchange, response);

			test_row(exchange, "response %d", response);
			assert_int_equal(bit & (bit - 1), 0);
			assert_int_equal(seen & bit, 0);
			seen |= bit;
		}
	assert_int_equal(seen, IN_OUTSIDE - 1);
	assert_int_equal(where_of(X_IKE_SA_INIT, false), IN_INIT_REQUEST);
	assert_int_equal(where_of(X_CREATE_CHILD_SA, true), IN_CHILD_RESPONSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_without_a_row_have_no_name),
		cmocka_unit_test(names_are_those_of_the_registry),
		cmocka_unit_test(names_lead_back_to_numbers),
		cmocka_unit_test(each_notify_row_makes_sense),
		cmocka_unit_test(each_payload_row_is_at_its_number),
		cmocka_unit_test(errors_and_status_are_told_apart),
		cmocka_unit_test(each_message_has_a_bit_of_its_own),
	};

	return RUN_TESTS("wire/ikev2_numbers", tests);
}
