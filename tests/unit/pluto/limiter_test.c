/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/limiter.h"

#include "tests/unit/support/test.h"

#include <stdio.h>

static struct limiter limiter;
static const struct hash_key key = {{1, 2}};

static struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), CYG_OK);
	return a;
}

static unsigned allowed(const char *text, unsigned tries, nsec now)
{
	struct ip_addr a = addr(text);
	unsigned n = 0;
	uint32_t suppressed;

	for (unsigned i = 0; i < tries; i++)
		n += limiter_allow(&limiter, &a, now, &suppressed);
	return n;
}

static void one_source_is_held_back_and_others_are_not(void **state)
{
	limiter_init(&limiter, &key, 0);
	assert_int_equal(allowed("192.0.2.1", 1000, 0), LIMITER_BURST);
	assert_int_equal(allowed("192.0.2.2", 3, 0), 3);
	/* One line more for each second. */
	assert_int_equal(allowed("192.0.2.1", 10, 3 * NSEC_PER_SEC), 3);
	/* Never more than a burst, however long it was quiet. */
	assert_int_equal(allowed("192.0.2.1", 1000, 3000 * NSEC_PER_SEC), LIMITER_BURST);
}

static void what_was_swallowed_is_told(void **state)
{
	struct ip_addr a = addr("192.0.2.1");
	uint32_t suppressed = 99;

	limiter_init(&limiter, &key, 0);
	allowed("192.0.2.1", LIMITER_BURST + 7, 0);
	assert_true(limiter_allow(&limiter, &a, 2 * NSEC_PER_SEC, &suppressed));
	assert_int_equal(suppressed, 7);
	assert_true(limiter_allow(&limiter, &a, 2 * NSEC_PER_SEC, &suppressed));
	assert_int_equal(suppressed, 0);
}

static void an_ipv6_subscriber_is_one_source(void **state)
{
	limiter_init(&limiter, &key, 0);
	assert_int_equal(allowed("2001:db8:0:1::1", LIMITER_BURST, 0), LIMITER_BURST);
	assert_int_equal(allowed("2001:db8:0:1:ffff::9", 5, 0), 0);
	assert_int_equal(allowed("2001:db8:0:2::1", 5, 0), 5);
}

static void many_sources_together_are_held_back(void **state)
{
	unsigned n = 0;

	limiter_init(&limiter, &key, 0);
	for (unsigned i = 0; i < 20000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.1.%u.%u", i >> 8 & 255, i & 255);
		n += allowed(text, 1, 0);
	}
	assert_int_equal(n, LIMITER_ALL_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_source_is_held_back_and_others_are_not),
		cmocka_unit_test(what_was_swallowed_is_told),
		cmocka_unit_test(an_ipv6_subscriber_is_one_source),
		cmocka_unit_test(many_sources_together_are_held_back),
	};

	return RUN_TESTS("pluto/limiter", tests);
}
