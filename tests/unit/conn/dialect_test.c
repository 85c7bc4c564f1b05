/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/dialect.h"

#include "tests/unit/support/test.h"

static void names_lead_back(void **state)
{
	static const uint8_t all[] = {DIALECT_ANY, DIALECT_OPENSWAN, DIALECT_LIBRESWAN,
				      DIALECT_STRONGSWAN};
	uint8_t found;

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		assert_true(dialect_by_name(dialect_name(all[i]), &found));
		assert_int_equal(found, all[i]);
	}
	assert_true(dialect_by_name("strongSwan", &found));
	assert_int_equal(found, DIALECT_STRONGSWAN);
}

static void others_are_none(void **state)
{
	uint8_t found = 77;

	assert_false(dialect_by_name("", &found));
	assert_false(dialect_by_name("freeswan", &found));
	assert_int_equal(found, 77);
	assert_string_equal(dialect_name(200), "any");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lead_back),
		cmocka_unit_test(others_are_none),
	};

	return RUN_TESTS("conn/dialect", tests);
}
