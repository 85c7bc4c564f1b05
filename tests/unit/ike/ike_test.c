/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ike/world.h"

/* The whole way: IKE_SA_INIT, IKE_AUTH, one child, and down again. */

static void test_up(void **state)
{
	struct world *w = world_pair(1);
	struct node *west = world_host(w, "west"), *east = world_host(w, "east");
	uint64_t up = world_command(west, CMD_UP, "net");

	(void)state;
	assert_int_equal(world_result(west, up), -1);
	world_settle(w);
	assert_logged(west, "134 PARENT_I1");
	assert_logged(west, "135 PARENT_I2");
	assert_logged(west, "004 CHILD_C1 IPsec SA established tunnel mode");
	assert_int_equal(world_result(west, up), RC_SUCCESS);
	assert_int_equal(count_sas(west, IKE_ESTABLISHED), 1);
	assert_int_equal(count_sas(east, IKE_ESTABLISHED), 1);
	assert_int_equal(count_children(west), 1);
	assert_int_equal(count_children(east), 1);
	assert_planes_match(west, east, 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up),
	};

	return RUN_TESTS("ike/ike", tests);
}
