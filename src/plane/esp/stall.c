/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/stall.h"

#include "plane/esp/checksum.h"

#include <netinet/in.h>

#define TCP_HEADER 20u
#define TCP_SEQUENCE 4u

static uint64_t mix(uint64_t h, uint64_t with)
{
	return (h ^ with) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t flow_number(const struct flow *f)
{
	uint64_t h = mix(f->src.lo, f->dst.lo);

	h = mix(h, f->src.hi + f->dst.hi);
	return mix(h, (uint64_t)f->src_port << 16 | f->dst_port);
}

static void watch(struct stall *s, uint64_t flow, uint32_t segment, nsec now)
{
	*s = (struct stall){flow, segment, 1, now, now};
}

bool stall_seen(struct stall *s, const uint8_t *packet, const struct flow *f, nsec now)
{
	uint64_t flow;
	uint32_t segment;

	if (f->proto != IPPROTO_TCP || f->first_fragment || f->later_fragment ||
	    f->total_len < f->header_len + TCP_HEADER)
		return false;
	flow = flow_number(f);
	segment = get32(packet + f->header_len + TCP_SEQUENCE);
	if (!s->times || (flow == s->flow && segment != s->segment
				  ? now - s->since > STALL_GOES_ON
				  : flow != s->flow && now - s->since > STALL_OTHERS)) {
		watch(s, flow, segment, now);
		return false;
	}
	if (flow != s->flow || segment != s->segment || now - s->last < STALL_SPACE)
		return false;
	s->last = now;
	if (++s->times < STALL_TIMES)
		return false;
	s->times = 0;
	return true;
}
