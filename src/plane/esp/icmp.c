/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/icmp.h"

#include "base/builder.h"
#include "plane/esp/checksum.h"

#include <netinet/in.h>
#include <string.h>

#define V4_HEADER 20u
#define V6_HEADER 40u
#define ICMP_HEADER 8u
#define V4_ERROR_MAX 576u /* RFC 1812 4.3.2.3 */
#define TTL 64u

/* ICMP that is not a question or an answer to one: an error, or a redirect. */
static bool is_icmp_error(const struct flow *f)
{
	unsigned type = f->src_port >> 8;

	if (f->family == IP_V6)
		return f->proto == IPPROTO_ICMPV6 &&
		       (!f->has_ports || type < 128 || type == 137);
	if (f->proto != IPPROTO_ICMP)
		return false;
	return !f->has_ports || type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static size_t error_v4(enum icmp_reason reason, struct view quote, const struct flow *f,
		       uint32_t mtu, const struct ip_addr *src, uint8_t *out)
{
	struct builder b = builder_of(out, V4_ERROR_MAX);
	struct ip_addr dst = inner_src(f);
	size_t len = V4_HEADER + ICMP_HEADER + quote.len;

	build_u8(&b, 0x45);
	build_u8(&b, 0xc0); /* internetwork control: RFC 1812 4.3.2.5 */
	build_u16(&b, (uint16_t)len);
	build_u32(&b, 0); /* identification, flags, offset */
	build_u8(&b, TTL);
	build_u8(&b, IPPROTO_ICMP);
	build_u16(&b, 0);
	build_view(&b, ip_view(src));
	build_view(&b, ip_view(&dst));
	put16(out + 10, checksum_fold(checksum_add(0, view_of(out, V4_HEADER))));
	build_u8(&b, 3);
	build_u8(&b, reason == ICMP_TOO_BIG ? 4 : 13);
	build_u16(&b, 0);
	build_u16(&b, 0);
	build_u16(&b, reason == ICMP_TOO_BIG ? (uint16_t)(mtu > 65535 ? 65535 : mtu) : 0);
	build_view(&b, quote);
	put16(out + V4_HEADER + 2,
	      checksum_fold(checksum_add(0, view_of(out + V4_HEADER, len - V4_HEADER))));
	return len;
}

static size_t error_v6(enum icmp_reason reason, struct view quote, const struct flow *f,
		       uint32_t mtu, const struct ip_addr *src, uint8_t *out)
{
	struct builder b = builder_of(out, ICMP_ERROR_MAX);
	struct ip_addr dst = inner_src(f);
	size_t len = ICMP_HEADER + quote.len;

	build_u32(&b, UINT32_C(0x6c000000));
	build_u16(&b, (uint16_t)len);
	build_u8(&b, IPPROTO_ICMPV6);
	build_u8(&b, TTL);
	build_view(&b, ip_view(src));
	build_view(&b, ip_view(&dst));
	build_u8(&b, reason == ICMP_TOO_BIG ? 2 : 1);
	build_u8(&b, reason == ICMP_TOO_BIG ? 0 : 1);
	build_u16(&b, 0);
	build_u32(&b, reason == ICMP_TOO_BIG ? mtu : 0);
	build_view(&b, quote);
	put16(out + V6_HEADER + 2,
	      checksum_fold(checksum_add(checksum_pseudo(out, IPPROTO_ICMPV6, len),
					 view_of(out + V6_HEADER, len))));
	return V6_HEADER + len;
}

bool icmp_may_answer(const struct flow *f)
{
	return !f->later_fragment && addr_is_single_host(f->family, f->src) &&
	       addr_is_single_host(f->family, f->dst) && !is_icmp_error(f);
}

size_t icmp_error(enum icmp_reason reason, struct view packet, const struct flow *f,
		  uint32_t mtu, const struct ip_addr *from, uint8_t out[ICMP_ERROR_MAX])
{
	bool v6 = f->family == IP_V6;
	size_t room = v6 ? ICMP_ERROR_MAX - V6_HEADER - ICMP_HEADER
			 : V4_ERROR_MAX - V4_HEADER - ICMP_HEADER;
	struct view quote = view_of(packet.ptr, packet.len < room ? packet.len : room);

	if (!icmp_may_answer(f) || from->family != f->family)
		return 0;
	return v6 ? error_v6(reason, quote, f, mtu, from, out)
		  : error_v4(reason, quote, f, mtu, from, out);
}

bool limiter_take(struct limiter *l, nsec now)
{
	nsec each = NSEC_PER_SEC / l->rate;
	nsec seen = atomic_load_explicit(&l->due, memory_order_relaxed), from;

	do {
		from = seen > now ? seen : now;
		if (from - now > (l->burst - 1) * each)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&l->due, &seen, from + each,
							memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

void icmp_limits_init(struct icmp_limits *l)
{
	*l = (struct icmp_limits){.prohibited = {.rate = 20, .burst = 20},
				  .too_big = {.rate = 500, .burst = 100}};
}
