/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/cookie.h"
#include "ike/core.h"
#include "tests/unit/ike/world.h"

#include <string.h>

/* RFC 7296 2.6: a cookie is good for its SPI, nonce and address, for one or two minutes. */

static struct cookie_claim claim_of(uint64_t spi, const char *nonce, const char *from)
{
	struct cookie_claim c = {.spi_i = spi, .ni = view_str(nonce)};

	assert_int_equal(ip_parse(from, &c.from), CYG_OK);
	return c;
}

static void test_bound(void **state)
{
	struct world *w = world_new(1, NULL);
	struct ike *ike = w->hosts[0].ike;
	struct cookie_claim good = claim_of(5, "a nonce of sixteen", "192.0.2.7");
	struct cookie_claim others[] = {
		claim_of(6, "a nonce of sixteen", "192.0.2.7"),
		claim_of(5, "A nonce of sixteen", "192.0.2.7"),
		claim_of(5, "a nonce of sixtee", "192.0.2.7"),
		claim_of(5, "a nonce of sixteen", "192.0.2.8"),
		claim_of(5, "a nonce of sixteen", "2001:db8::7"),
	};
	uint8_t cookie[COOKIE_LEN];

	(void)state;
	ike->now = w->now;
	assert_false(cookie_check(ike, &good, (struct view){0}));
	assert_int_equal(cookie_make(ike, &good, cookie), CYG_OK);
	assert_true(cookie_check(ike, &good, view_of(cookie, COOKIE_LEN)));
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(cookie_check(ike, &others[i], view_of(cookie, COOKIE_LEN)));
	assert_false(cookie_check(ike, &good, view_of(cookie, COOKIE_LEN - 1)));
	for (size_t i = 0; i < COOKIE_LEN; i++) {
		cookie[i] ^= 1;
		assert_false(cookie_check(ike, &good, view_of(cookie, COOKIE_LEN)));
		cookie[i] ^= 1;
	}
	world_free(w);
}

static void test_age(void **state)
{
	struct world *w = world_new(2, NULL);
	struct ike *ike = w->hosts[0].ike;
	struct cookie_claim claim = claim_of(5, "a nonce of sixteen", "192.0.2.7");
	uint8_t cookie[COOKIE_LEN], other[COOKIE_LEN];

	(void)state;
	ike->now = w->now;
	assert_int_equal(cookie_make(ike, &claim, cookie), CYG_OK);
	ike->now += COOKIE_SECRET_TIME + NSEC_PER_SEC;
	assert_int_equal(cookie_make(ike, &claim, other), CYG_OK);
	assert_memory_not_equal(cookie, other, COOKIE_LEN);
	assert_true(cookie_check(ike, &claim, view_of(cookie, COOKIE_LEN)));
	ike->now += COOKIE_SECRET_TIME + NSEC_PER_SEC;
	assert_false(cookie_check(ike, &claim, view_of(cookie, COOKIE_LEN)));
	assert_true(cookie_check(ike, &claim, view_of(other, COOKIE_LEN)));
	/* After a long silence even the last secret is too old. */
	ike->now += 10 * COOKIE_SECRET_TIME;
	assert_false(cookie_check(ike, &claim, view_of(other, COOKIE_LEN)));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_age),
	};

	return RUN_TESTS("ike/cookie", tests);
}
