/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/checksum.h"

#include "tests/unit/plane/fixture.h"

#include <string.h>

/* Word by word, as RFC 1071 4.1 has it. */
static uint16_t slowly(struct view v)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < v.len; i++)
		sum += i % 2 ? v.ptr[i] : (uint64_t)v.ptr[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void every_length_and_place_sums_alike(void **state)
{
	uint8_t octets[400];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 37 + (i >> 3));
	for (size_t at = 0; at < 9; at++)
		for (size_t len = 0; len + at <= sizeof(octets); len++) {
			struct view v = view_of(octets + at, len);

			assert_int_equal(checksum_fold(checksum_add(0, v)), slowly(v));
		}
}

static void the_largest_sums_do_not_overflow(void **state)
{
	static uint8_t octets[65536];
	struct view v = view_of(octets, sizeof(octets));
	uint32_t sum = 0;

	memset(octets, 0xff, sizeof(octets));
	assert_int_equal(checksum_fold(checksum_add(0, v)), 0);
	for (int i = 0; i < 1000; i++)
		sum = checksum_add(sum, v);
	assert_int_equal(checksum_fold(sum), 0);
	assert_int_equal(checksum_fold(checksum_add(UINT32_MAX, v)), 0);
	memset(octets, 0, sizeof(octets));
	assert_int_equal(checksum_fold(checksum_add(0, v)), 0xffff);
}

static void parts_sum_as_the_whole(void **state)
{
	uint8_t octets[300];

	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 91);
	for (size_t cut = 0; cut <= sizeof(octets); cut += 2)
		assert_int_equal(checksum_fold(checksum_add(
					 checksum_add(0, view_of(octets, cut)),
					 view_of(octets + cut, sizeof(octets) - cut))),
				 slowly(view_of(octets, sizeof(octets))));
}

static void a_changed_word_is_mended(void **state)
{
	uint8_t octets[20];

	for (unsigned word = 0; word < 65536; word += 251) {
		uint16_t old;

		memset(octets, 0x5a, sizeof(octets));
		put16(octets + 10, 0);
		put16(octets + 10, slowly(view_of(octets, sizeof(octets))));
		old = get16(octets + 4);
		put16(octets + 4, word);
		checksum_mend(octets + 10, old, (uint16_t)word);
		assert_int_equal(slowly(view_of(octets, sizeof(octets))), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_and_place_sums_alike),
		cmocka_unit_test(the_largest_sums_do_not_overflow),
		cmocka_unit_test(parts_sum_as_the_whole),
		cmocka_unit_test(a_changed_word_is_mended),
	};

	return RUN_TESTS("plane/checksum", tests);
}
