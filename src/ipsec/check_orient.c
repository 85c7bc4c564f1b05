/* SPDX-License-Identifier: Apache-2.0 */
/* Which end of a connection is this host, and what its ends are called. */
#include "ipsec/check_orient.h"

#include "conn/ident.h"
#include "ipsec/lookup.h"

#include <string.h>

enum here { HERE_NO, HERE_YES, HERE_MAYBE };

static enum here addr_here(const struct host_view *host, const struct ip_addr *a)
{
	for (size_t i = 0; i < host->addresses_len; i++) {
		if (ip_equal(&host->addresses[i].addr, a))
			return HERE_YES;
	}
	return HERE_NO;
}

static const struct ip_addr *interface_addr(const struct host_view *host, const char *name)
{
	for (size_t i = 0; i < host->addresses_len; i++) {
		if (!strcmp(host->addresses[i].interface, name))
			return &host->addresses[i].addr;
	}
	return NULL;
}

static bool has_default(const struct host_view *host)
{
	return ip_is_set(&host->default_v4.addr) || ip_is_set(&host->default_v6.addr);
}

static enum here name_here(const struct host_view *host, const struct lookup *names,
			   const char *name)
{
	const struct lookup_name *n = names ? lookup_find(names, name) : NULL;

	if (!n || !n->answered || !n->len)
		return HERE_MAYBE;
	for (size_t i = 0; i < n->len; i++)
		if (addr_here(host, &n->addrs[i]) == HERE_YES)
			return HERE_YES;
	return HERE_NO;
}

/* The address of this host that a range has; the default route's, else the first. NULL: none. */
static const struct ip_addr *own_in_range(const struct host_view *host,
					  const struct ip_range *r)
{
	const struct ip_addr *usual[] = {&host->default_v4.addr, &host->default_v6.addr};

	for (size_t i = 0; i < 2; i++)
		if (range_has(r, usual[i]))
			return usual[i];
	for (size_t i = 0; i < host->addresses_len; i++) {
		const struct ip_addr *a = &host->addresses[i].addr;

		if (range_has(r, a) && !ip_is_loopback(a))
			return a;
	}
	return NULL;
}

/*
 * How closely a list fits this host, as pluto has it: more for an address than for a network.
 * *ret: by which address; *ret_maybe: it also has names that are not known.
 */
static unsigned list_fit(const struct host *h, const struct host_view *host,
			 const struct lookup *names, const struct ip_addr **ret,
			 bool *ret_maybe)
{
	unsigned best = 0;
	const char *name;

	*ret = NULL;
	*ret_maybe = false;
	if (h->kind == HOST_ADDR && addr_here(host, &h->addr) == HERE_YES) {
		*ret = &h->addr;
		return HOST_CLOSENESS_MAX;
	}
	for (size_t i = 0; (name = host_name(h, i)); i++) {
		enum here here = name_here(host, names, name);

		if (here == HERE_YES)
			return HOST_CLOSENESS_MAX;
		*ret_maybe |= here == HERE_MAYBE;
	}
	for (size_t i = 0; h->others && i < h->others->len; i++) {
		const struct host_other *o = &h->others->items[i];
		const struct ip_addr *own = NULL;

		if (!o->name && !host_is_whole(&o->range))
			own = own_in_range(host, &o->range);
		if (!own || host_closeness(&o->range) <= best)
			continue;
		best = host_closeness(&o->range);
		*ret = own;
	}
	return best;
}

static enum here end_here(const struct end *e, const struct host_view *host,
			  const struct lookup *names)
{
	switch (e->host.kind) {
	case HOST_ADDR:
		return addr_here(host, &e->host.addr);
	case HOST_DEFAULTROUTE:
		return has_default(host) ? HERE_YES : HERE_NO;
	case HOST_INTERFACE:
		return interface_addr(host, e->host.name) ? HERE_YES : HERE_NO;
	case HOST_NAME:
		return name_here(host, names, e->host.name);
	default:
		return HERE_NO;
	}
}

int check_orient(const struct connection *c, const struct host_view *host,
		 const struct lookup *names)
{
	enum here here[2];
	unsigned fit[2];

	for (int i = 0; i < 2; i++) {
		const struct ip_addr *own;
		bool maybe = false;

		here[i] = c->end[i].host.others ? HERE_NO : end_here(&c->end[i], host, names);
		fit[i] = here[i] == HERE_YES ? HOST_CLOSENESS_MAX : 0;
		if (c->end[i].host.others)
			fit[i] = list_fit(&c->end[i].host, host, names, &own, &maybe);
		if (maybe)
			here[i] = HERE_MAYBE;
		if (fit[i])
			here[i] = HERE_YES;
	}
	if (fit[0] != fit[1])
		return fit[1] > fit[0];
	if (here[0] == HERE_YES || here[1] == HERE_YES)
		return here[0] == here[1] ? CHECK_BOTH : here[1] == HERE_YES;
	return here[0] == HERE_MAYBE || here[1] == HERE_MAYBE ? CHECK_UNKNOWN : CHECK_NEITHER;
}

const struct ip_addr *check_end_addr(const struct end *e, const struct end *other,
				     const struct host_view *host)
{
	bool v6 = host_family(&other->host) == IP_V6;

	const struct ip_addr *own;
	bool maybe;

	if (e->host.others)
		return list_fit(&e->host, host, NULL, &own, &maybe) ? own : NULL;
	switch (e->host.kind) {
	case HOST_ADDR:
		return &e->host.addr;
	case HOST_DEFAULTROUTE:
		if (v6 || !ip_is_set(&host->default_v4.addr))
			return &host->default_v6.addr;
		return &host->default_v4.addr;
	case HOST_INTERFACE:
		return interface_addr(host, e->host.name);
	default:
		return NULL;
	}
}

const struct ident *check_end_identity(const struct end *e, const struct ip_addr *addr)
{
	const struct ident *id = NULL;

	if (e->id)
		return ident_ref(e->id);
	if (addr && ip_is_set(addr) && !ident_from_addr(addr, &id))
		return id;
	if ((e->host.kind == HOST_ANY || e->host.others) && !ident_parse("%any", &id, NULL))
		return id;
	return NULL;
}

const struct ip_addr *check_peer_addr(const struct end *them)
{
	return them->host.kind == HOST_ADDR && !them->host.others ? &them->host.addr : NULL;
}
