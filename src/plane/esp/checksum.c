/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ones' complement sums do not mind the order of octets within words, as long
 * as it is the same in all (RFC 1071 2), nor how wide the words are that are
 * added. So words of the machine are summed, as halves that leave room for the
 * carries, in two sums that do not wait for each other; order comes once at the
 * end. The compiler makes vectors of 32 octets of what the processor has: one
 * instruction each where it has AVX2, two elsewhere. What fills none, as headers do, goes by
 * words: to write it into a vector first would take longer than all of a packet's vectors.
 */
#include "plane/esp/checksum.h"

#include <arpa/inet.h>
#include <string.h>

typedef uint64_t quad __attribute__((vector_size(32)));

#define QUAD sizeof(quad)

/* Less than a vector; what fills no word is summed as if zeros followed. */
static inline __attribute__((always_inline)) uint64_t sum_rest(const uint8_t *at, size_t left)
{
	uint64_t all = 0;
	uint32_t word;
	uint16_t half;

	for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		all += word;
	}
	if (left & 2) {
		memcpy(&half, at, 2);
		all += half;
		at += 2;
	}
	if (left & 1) {
		half = 0;
		memcpy(&half, at, 1);
		all += half;
	}
	return all;
}

/* The sum of all octets. */
static inline __attribute__((always_inline)) uint64_t sum(const uint8_t *at, size_t left)
{
	static const quad low = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	quad even = {0}, odd = {0}, a, b;

	for (; left >= 2 * QUAD; left -= 2 * QUAD, at += 2 * QUAD) {
		memcpy(&a, at, QUAD);
		memcpy(&b, at + QUAD, QUAD);
		even += (a & low) + (a >> 32);
		odd += (b & low) + (b >> 32);
	}
	if (left >= QUAD) {
		memcpy(&a, at, QUAD);
		even += (a & low) + (a >> 32);
		left -= QUAD;
		at += QUAD;
	}
	even += odd;
	return even[0] + even[1] + even[2] + even[3] + sum_rest(at, left);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static uint64_t sum_wide(const uint8_t *at, size_t len)
{
	return sum(at, len);
}

static bool has_wide(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
static uint64_t sum_wide(const uint8_t *at, size_t len)
{
	return sum(at, len);
}

static bool has_wide(void)
{
	return false;
}
#endif

/* The same value modulo 65535, in 16 bits. */
static uint16_t narrow(uint64_t all)
{
	uint32_t word;

	all = (all >> 32) + (all & UINT32_MAX);
	all = (all >> 32) + (all & UINT32_MAX);
	word = (uint32_t)(all >> 16) + (uint32_t)(all & 0xffff);
	word = (word >> 16) + (word & 0xffff);
	return (uint16_t)((word >> 16) + (word & 0xffff));
}

uint32_t checksum_add(uint32_t sum_before, struct view octets)
{
	uint64_t all = octets.len < QUAD ? sum_rest(octets.ptr, octets.len)
		       : has_wide()      ? sum_wide(octets.ptr, octets.len)
					 : sum(octets.ptr, octets.len);

	return (sum_before & 0xffff) + (sum_before >> 16) + ntohs(narrow(all));
}

uint16_t checksum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t checksum_pseudo(const uint8_t *packet, uint8_t proto, size_t len)
{
	struct view addresses = packet[0] >> 4 == 4 ? view_of(packet + 12, 8)
						    : view_of(packet + 8, 32);

	return checksum_add(0, addresses) + (uint32_t)(len >> 16) + (uint32_t)(len & 0xffff) +
	       proto;
}

void checksum_mend(uint8_t *field, uint16_t old, uint16_t new)
{
	uint32_t sum = (uint16_t)~get16(field);

	put16(field, checksum_fold(sum + (uint16_t)~old + new));
}
