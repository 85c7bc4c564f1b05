/* SPDX-License-Identifier: Apache-2.0 */
/* Single addresses, and one side of a datagram. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

size_t ip_len(const struct ip_addr *a)
{
	if (a->family == IP_V4)
		return 4;
	return a->family == IP_V6 ? 16 : 0;
}

unsigned ip_bits(const struct ip_addr *a)
{
	return 8 * (unsigned)ip_len(a);
}

bool ip_is_set(const struct ip_addr *a)
{
	return a->family != IP_NONE;
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return view_compare(ip_view(a), ip_view(b));
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_compare(a, b) == 0;
}

bool ip_is_any(const struct ip_addr *a)
{
	struct ip_addr zero = ip_lowest(a->family);

	return ip_is_set(a) && ip_equal(a, &zero);
}

/* RFC 1122 3.2.1.3 (127/8), RFC 4291 2.5.3 (::1). */
bool ip_is_multicast(const struct ip_addr *a)
{
	static const uint8_t everybody[4] = {255, 255, 255, 255};

	if (a->family == IP_V6)
		return a->octets[0] == 0xff;
	return a->family == IP_V4 && ((a->octets[0] & 0xf0) == 0xe0 ||
				      !memcmp(a->octets, everybody, sizeof(everybody)));
}

bool ip_is_loopback(const struct ip_addr *a)
{
	static const struct ip_addr v6_loopback = {IP_V6, {[15] = 1}};

	if (a->family == IP_V4)
		return a->octets[0] == 127;
	return ip_equal(a, &v6_loopback);
}

struct view ip_view(const struct ip_addr *a)
{
	return view_of(a->octets, ip_len(a));
}

struct ip_addr ip_from_view(struct view v)
{
	struct ip_addr a = {0};

	if (v.len != 4 && v.len != 16)
		return a;
	a.family = v.len == 4 ? IP_V4 : IP_V6;
	memcpy(a.octets, v.ptr, v.len);
	return a;
}

struct ip_addr ip_lowest(enum ip_family family)
{
	return (struct ip_addr){.family = (uint8_t)family};
}

struct ip_addr ip_highest(enum ip_family family)
{
	struct ip_addr a = ip_lowest(family);

	memset(a.octets, 0xff, ip_len(&a));
	return a;
}

bool ip_next(struct ip_addr *a)
{
	struct ip_addr last = ip_highest(a->family);

	if (ip_equal(a, &last))
		return false;
	for (size_t i = ip_len(a); i-- > 0;)
		if (++a->octets[i])
			break;
	return true;
}

enum cyg_err ip_parse(const char *text, struct ip_addr *ret)
{
	struct ip_addr a = {0};

	if (inet_pton(AF_INET, text, a.octets) == 1)
		a.family = IP_V4;
	else if (inet_pton(AF_INET6, text, a.octets) == 1)
		a.family = IP_V6;
	else
		return CYG_MALFORMED;
	*ret = a;
	return CYG_OK;
}

/* Listings of very many connections are mostly such text, and inet_ntop goes through sprintf. */
static void print_v4(const uint8_t octets[4], char *at)
{
	for (unsigned i = 0; i < 4; i++) {
		uint8_t n = octets[i];

		if (n >= 100)
			*at++ = (char)('0' + n / 100);
		if (n >= 10)
			*at++ = (char)('0' + n / 10 % 10);
		*at++ = (char)('0' + n % 10);
		*at++ = i < 3 ? '.' : '\0';
	}
}

const char *ip_print(const struct ip_addr *a, char buf[IP_TEXT_MAX])
{
	if (!ip_is_set(a))
		return strcpy(buf, "%none");
	if (a->family == IP_V4)
		print_v4(a->octets, buf);
	else
		inet_ntop(AF_INET6, a->octets, buf, IP_TEXT_MAX);
	return buf;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->addr, &b->addr);
}

const char *endpoint_print(const struct endpoint *e, char buf[ENDPOINT_TEXT_MAX])
{
	char addr[IP_TEXT_MAX];

	snprintf(buf, ENDPOINT_TEXT_MAX, e->addr.family == IP_V6 ? "[%s]:%u" : "%s:%u",
		 ip_print(&e->addr, addr), e->port);
	return buf;
}

struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&v4, sa, sizeof(v4));
		return (struct endpoint){
			.addr = ip_from_view(view_of(&v4.sin_addr, sizeof(v4.sin_addr))),
			.port = ntohs(v4.sin_port),
		};
	case AF_INET6:
		memcpy(&v6, sa, sizeof(v6));
		return (struct endpoint){
			.addr = ip_from_view(view_of(&v6.sin6_addr, sizeof(v6.sin6_addr))),
			.port = ntohs(v6.sin6_port),
		};
	default:
		return (struct endpoint){0};
	}
}

unsigned endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ss)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(e->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};

	memset(ss, 0, sizeof(*ss));
	switch (e->addr.family) {
	case IP_V4:
		memcpy(&v4.sin_addr, e->addr.octets, 4);
		memcpy(ss, &v4, sizeof(v4));
		return sizeof(v4);
	case IP_V6:
		memcpy(&v6.sin6_addr, e->addr.octets, 16);
		memcpy(ss, &v6, sizeof(v6));
		return sizeof(v6);
	default:
		return 0;
	}
}
