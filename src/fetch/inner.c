/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/inner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Networks as IPv6 addresses; those of IPv4 are mapped into ::ffff:0:0/96. */
static const struct {
	uint8_t prefix[16];
	unsigned bits;
} networks[] = {
#define V4(a, b)                                                 \
	{                                                        \
		[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b) \
	}
	{V4(0, 0), 96 + 8},      /* RFC 1122 3.2.1.3: this host */
	{V4(10, 0), 96 + 8},     /* RFC 1918 */
	{V4(100, 64), 96 + 10},  /* RFC 6598 */
	{V4(127, 0), 96 + 8},    /* RFC 1122 3.2.1.3: loopback */
	{V4(169, 254), 96 + 16}, /* RFC 3927 */
	{V4(172, 16), 96 + 12},  /* RFC 1918 */
	{V4(192, 168), 96 + 16}, /* RFC 1918 */
	{{0}, 96},               /* RFC 4291 2.5: ::, ::1, and IPv4-compatible ones */
	{{0xfc}, 7},             /* RFC 4193 */
	{{0xfe, 0x80}, 10},      /* RFC 4291 2.5.6 */
};

static bool is_within(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return !memcmp(address, prefix, bits / 8) &&
	       (!rest || !((address[bits / 8] ^ prefix[bits / 8]) & mask));
}

bool address_is_inner(const struct sockaddr *address, socklen_t len)
{
	uint8_t a[16] = V4(0, 0);

	if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in))
		memcpy(a + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6))
		memcpy(a, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	else
		return true;
	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (is_within(a, networks[i].prefix, networks[i].bits))
			return true;
	return false;
}
