/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/leftover.h"

#include "base/array.h"
#include "plane/esp/esp.h"

#include <stdlib.h>

struct finding {
	struct leftovers *found;
	const uint32_t *tables; /* two */
};

static void take(void *ctx, const struct net_route *r)
{
	const struct finding *f = ctx;
	struct leftovers *l = f->found;
	struct net_route *bigger;

	if ((r->table != f->tables[0] && r->table != f->tables[1]) ||
	    r->protocol != ESP_ROUTE_PROTOCOL)
		return;
	bigger = array_grow(l->all, l->len, &l->cap, sizeof(*bigger));
	if (!bigger) {
		l->incomplete = true;
		return;
	}
	l->all = bigger;
	l->all[l->len] = *r;
	/* A forbidden IPv6 destination is shown with the loopback device, by which it is not known. */
	l->all[l->len++].ifindex = 0;
}

enum cyg_err leftovers_find(struct net *net, const uint32_t tables[2], struct leftovers *ret)
{
	struct leftovers l = {0};
	struct finding f = {&l, tables};
	enum cyg_err err = net_routes_each(net, IP_V4, ESP_ROUTE_PROTOCOL, take, &f, NULL);

	/* A kernel without IPv6 has none of it. */
	if (!err &&
	    net_routes_each(net, IP_V6, ESP_ROUTE_PROTOCOL, take, &f, NULL) == CYG_NOMEM)
		err = CYG_NOMEM;
	if (!err && l.incomplete)
		err = CYG_NOMEM;
	if (err)
		leftovers_done(&l);
	*ret = l;
	return err;
}

size_t leftovers_remove(struct leftovers *l, struct net *net,
			bool (*goes)(const void *ctx, const struct net_route *r),
			const void *ctx)
{
	size_t kept = 0, before = l->len;

	for (size_t i = 0; i < before; i++) {
		struct net_route *r = &l->all[i];

		if (!goes(ctx, r))
			l->all[kept++] = *r;
		/* What somebody else removed meanwhile is as good. */
		else if (net_route_remove(net, r, NULL))
			continue;
	}
	l->len = kept;
	return before - kept;
}

void leftovers_done(struct leftovers *l)
{
	free(l->all);
	*l = (struct leftovers){0};
}
