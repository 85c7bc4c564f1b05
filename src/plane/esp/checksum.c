/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ones' complement sums do not mind the order of octets within words, as long
 * as it is the same in all (RFC 1071 2), nor how wide the words are that are
 * added: so words of the machine are summed into 128 bits, in two sums that do
 * not wait for each other, and brought into order once at the end.
 */
#include "plane/esp/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#define WORD 8u

typedef unsigned __int128 wide;

static uint64_t load(const uint8_t *at)
{
	uint64_t w;

	memcpy(&w, at, WORD);
	return w;
}

/* The same value modulo 65535, in 16 bits. */
static uint16_t narrow(wide sum)
{
	uint64_t half = (uint64_t)sum, carry = (uint64_t)(sum >> 64);
	uint32_t word;

	half = (half >> 32) + (half & UINT32_MAX) + carry;
	half = (half >> 32) + (half & UINT32_MAX);
	word = (uint32_t)(half >> 16) + (uint32_t)(half & 0xffff);
	word = (word >> 16) + (word & 0xffff);
	return (uint16_t)((word >> 16) + (word & 0xffff));
}

uint32_t checksum_add(uint32_t sum, struct view octets)
{
	const uint8_t *at = octets.ptr;
	size_t left = octets.len;
	uint8_t rest[WORD] = {0};
	wide even = 0, odd = 0;

	for (; left >= 4 * WORD; left -= 4 * WORD, at += 4 * WORD) {
		even += load(at);
		odd += load(at + WORD);
		even += load(at + 2 * WORD);
		odd += load(at + 3 * WORD);
	}
	for (; left >= WORD; left -= WORD, at += WORD)
		even += load(at);
	if (left) {
		memcpy(rest, at, left);
		odd += load(rest);
	}
	return (sum & 0xffff) + (sum >> 16) + ntohs(narrow(even + odd));
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
