/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ones' complement sums do not mind the order of octets within words, as long
 * as it is the same in all (RFC 1071 2), nor how wide the words are that are
 * added. So words of the machine are summed, as halves that leave room for the
 * carries, in two sums that do not wait for each other; order comes once at the
 * end. Vectors of 16 octets are what every processor of our time has.
 */
#include "plane/esp/checksum.h"

#include <arpa/inet.h>
#include <string.h>

typedef uint64_t pair __attribute__((vector_size(16)));

#define PAIR sizeof(pair)

static pair halves(const uint8_t *at)
{
	static const pair low = {UINT32_MAX, UINT32_MAX};
	pair w;

	memcpy(&w, at, PAIR);
	return (w & low) + (w >> 32);
}

/* The same value modulo 65535, in 16 bits. */
static uint16_t narrow(uint64_t sum)
{
	uint32_t word;

	sum = (sum >> 32) + (sum & UINT32_MAX);
	sum = (sum >> 32) + (sum & UINT32_MAX);
	word = (uint32_t)(sum >> 16) + (uint32_t)(sum & 0xffff);
	word = (word >> 16) + (word & 0xffff);
	return (uint16_t)((word >> 16) + (word & 0xffff));
}

uint32_t checksum_add(uint32_t sum, struct view octets)
{
	const uint8_t *at = octets.ptr;
	size_t left = octets.len;
	uint8_t rest[PAIR] = {0};
	pair even = {0}, odd = {0};

	for (; left >= 2 * PAIR; left -= 2 * PAIR, at += 2 * PAIR) {
		even += halves(at);
		odd += halves(at + PAIR);
	}
	if (left >= PAIR) {
		even += halves(at);
		left -= PAIR;
		at += PAIR;
	}
	if (left) {
		memcpy(rest, at, left);
		odd += halves(rest);
	}
	even += odd;
	return (sum & 0xffff) + (sum >> 16) + ntohs(narrow(even[0] + even[1]));
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
