/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/xfrm/pairs.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PREFIXES_MAX 256   /* of one range */
#define PORT_BLOCKS_MAX 32 /* of one range of ports */

/* A range of ports as numbers with masks; returns how many, 1 with mask 0 for any port. */
static size_t port_blocks(const struct ts *t, uint16_t port[PORT_BLOCKS_MAX],
			  uint16_t mask[PORT_BLOCKS_MAX])
{
	uint32_t at = t->port_first, end = (uint32_t)t->port_last + 1;
	size_t n = 0;

	while (at < end && n < PORT_BLOCKS_MAX) {
		uint32_t size = at ? at & -at : 0x10000;

		while (at + size > end)
			size >>= 1;
		port[n] = (uint16_t)at;
		mask[n++] = (uint16_t)(0x10000 - size);
		at += size;
	}
	return n;
}

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static enum cyg_err cut_one(const struct ts *t, struct pair_side *side, struct diag *why)
{
	struct ip_prefix prefixes[PREFIXES_MAX];
	size_t prefixes_len = range_prefixes(&t->range, prefixes, PREFIXES_MAX);
	uint16_t port[PORT_BLOCKS_MAX], mask[PORT_BLOCKS_MAX];
	size_t ports_len = port_blocks(t, port, mask);
	struct pair_side_item *bigger;

	if (t->port_first > t->port_last || (is_icmp(t->proto) && mask[0])) {
		diag_set(why, "selector-kernel", NULL,
			 "the kernel has no selector for one ICMP type or for no port alone");
		diag_hint(why, "leave the port out of leftprotoport= and rightprotoport=");
		return CYG_UNSUPPORTED;
	}
	if (side->len + prefixes_len * ports_len > PAIRS_MAX)
		return CYG_LIMIT;
	bigger = reallocarray(side->items, side->len + prefixes_len * ports_len,
			      sizeof(*bigger));
	if (!bigger)
		return CYG_NOMEM;
	side->items = bigger;
	for (size_t i = 0; i < prefixes_len; i++)
		for (size_t k = 0; k < ports_len; k++)
			side->items[side->len++] = (struct pair_side_item){prefixes[i], port[k],
									   mask[k], t->proto};
	return CYG_OK;
}

enum cyg_err pair_side_cut(const struct ts_set *set, struct pair_side *side, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	for (size_t i = 0; !err && i < set->len; i++)
		err = cut_one(&set->items[i], side, why);
	return err;
}

bool pair_join(const struct pair_side_item *l, const struct pair_side_item *r,
	       struct xfrm_pair *ret)
{
	if (l->prefix.addr.family != r->prefix.addr.family ||
	    (l->proto && r->proto && l->proto != r->proto))
		return false;
	memset(ret, 0, sizeof(*ret)); /* it is a key: its gaps count */
	ret->local = l->prefix;
	ret->remote = r->prefix;
	ret->local_port = l->port;
	ret->local_mask = l->mask;
	ret->remote_port = r->port;
	ret->remote_mask = r->mask;
	ret->proto = l->proto ? l->proto : r->proto;
	return true;
}

void pair_side_done(struct pair_side *side)
{
	free(side->items);
}
