/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/fragments.h"

/* What the later fragments of a datagram say, too. */
static uint8_t told_proto(const struct flow *f)
{
	return f->family == IP_V6 ? 0 : f->proto;
}

static struct fragments_row *place_of(struct fragments *t, uint32_t from, const struct flow *f)
{
	uint64_t mixed = f->src.lo ^ f->src.hi ^ (f->dst.lo ^ f->dst.hi) << 1 ^ f->fragment_id ^
			 (uint64_t)from << 32 ^ told_proto(f);

	return &t->rows[mixed * UINT64_C(0x9e3779b97f4a7c15) >> 58 & (FRAGMENTS_MAX - 1)];
}

static bool is_same(const struct fragments_row *r, uint32_t from, const struct flow *f)
{
	return r->id == f->fragment_id && r->from == from && r->family == f->family &&
	       (f->family == IP_V6 || r->proto == f->proto) && r->src.lo == f->src.lo &&
	       r->src.hi == f->src.hi && r->dst.lo == f->dst.lo && r->dst.hi == f->dst.hi;
}

static void remember(struct fragments_row *r, uint32_t from, const struct flow *f, nsec now)
{
	*r = (struct fragments_row){.until = now + FRAGMENTS_TIME,
				    .src = f->src,
				    .dst = f->dst,
				    .id = f->fragment_id,
				    .from = from,
				    .src_port = f->src_port,
				    .dst_port = f->dst_port,
				    .family = f->family,
				    .has_ports = f->has_ports,
				    .proto = f->proto};
}

void fragments_follow(struct fragments *t, uint32_t from, struct flow *f, nsec now)
{
	struct fragments_row *r;

	if (!f->first_fragment && !f->later_fragment)
		return;
	r = place_of(t, from, f);
	if (f->first_fragment && (f->has_ports || f->family == IP_V6))
		remember(r, from, f, now);
	/* One without ports takes away what another datagram of its number left. */
	else if (f->first_fragment && is_same(r, from, f))
		r->until = 0;
	else if (f->later_fragment && r->until > now && is_same(r, from, f)) {
		f->has_ports = r->has_ports;
		f->proto = r->proto;
		f->src_port = r->src_port;
		f->dst_port = r->dst_port;
	}
}
