/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/bands.h"

#include "plane/esp/esp.h"
#include "tests/unit/support/test.h"

static void places_are_in_order(const struct bands *b, uint32_t before)
{
	assert_true(b->own < b->bypass);
	assert_true(b->bypass < b->front);
	for (int i = 0; i < 2; i++) {
		assert_true(b->front < b->branch[i]);
		assert_true(b->branch[i] < b->sourced);
	}
	assert_true(b->branch[0] != b->branch[1]);
	assert_true(b->sourced < b->unsourced);
	assert_true(b->unsourced < b->main);
	assert_true(b->main < before);
	assert_true(b->own > 0);
}

static void there_is_room_or_it_is_said(void **state)
{
	struct bands b;

	for (uint32_t priority = 0; priority < 9; priority++)
		assert_false(bands_before(priority, ESP_TABLE, &b));
	assert_true(bands_before(9, ESP_TABLE, &b));
	places_are_in_order(&b, 9);
	assert_false(bands_before(8 * ESP_INSTANCE_MAX + 8, ESP_TABLE + ESP_INSTANCE_MAX, &b));
	assert_true(bands_before(8 * ESP_INSTANCE_MAX + 9, ESP_TABLE + ESP_INSTANCE_MAX, &b));
	places_are_in_order(&b, 8 * ESP_INSTANCE_MAX + 9);
	b = bands_usual(ESP_TABLE);
	places_are_in_order(&b, ESP_TABLE + 1);
}

static void instances_stand_apart(void **state)
{
	struct bands a, b;

	assert_true(bands_before(15000, ESP_TABLE, &a));
	assert_true(bands_before(15000, ESP_TABLE + 1, &b));
	assert_true(b.main < a.own);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_room_or_it_is_said),
		cmocka_unit_test(instances_stand_apart),
	};

	return cmocka_run_group_tests_name("plane/bands", tests, NULL, NULL);
}
