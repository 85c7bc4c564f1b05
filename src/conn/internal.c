/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/internal.h"

#include "base/text.h"
#include "conn/field.h"

bool internal_has(const struct ip_addr addr[2])
{
	return ip_is_set(&addr[0]) || ip_is_set(&addr[1]);
}

static uint8_t families_of(const struct end *e)
{
	uint8_t found = 0;

	for (size_t i = 0; i < e->subnets_len; i++)
		found |= e->subnets[i].addr.family == IP_V6 ? ASK_V6 : ASK_V4;
	if (!found && e->host.kind == HOST_ADDR)
		found = e->host.addr.family == IP_V6 ? ASK_V6 : ASK_V4;
	return found ? found : ASK_V4;
}

struct ip_addr end_source(const struct end *e, uint8_t family)
{
	if (e->source_ip.family == family)
		return e->source_ip;
	return e->more_source_ip.family == family ? e->more_source_ip : (struct ip_addr){0};
}

static uint8_t bit_of(const struct ip_addr *a)
{
	return a->family == IP_V6 ? ASK_V6 : a->family == IP_V4 ? ASK_V4 : 0;
}

uint8_t connection_asks(const struct connection *c, int which)
{
	const struct end *e = &c->end[which];
	uint8_t asks = e->asks;

	if (!asks && e->config_client)
		asks = ip_is_set(&e->source_ip)
			       ? bit_of(&e->source_ip) | bit_of(&e->more_source_ip)
			       : ASK_AUTO;
	return asks & ASK_AUTO ? families_of(&c->end[!which]) : asks;
}

bool end_has_pool(const struct end *e)
{
	return e->pools || e->pool_name;
}

int connection_sure_end(const struct connection *c)
{
	for (int i = 0; i < 2; i++) {
		uint8_t here = c->end[i].host.kind, there = c->end[!i].host.kind;

		if (here == HOST_DEFAULTROUTE || here == HOST_INTERFACE || there == HOST_ANY ||
		    there == HOST_GROUP)
			return i;
	}
	return -1;
}

bool connection_own_pool(const struct connection *c, int own, struct diag *why)
{
	const struct field *pool = field_by_keyword("addresspool", true);
	struct text list = {0};

	if (own < 0 || !end_has_pool(&c->end[own]) || connection_asks(c, own))
		return false;
	field_get(c, own, pool, &list);
	diag_set(
		why, "own-pool", NULL,
		"%ssourceip= or %saddresspool= lists addresses for the other host to give, and the "
		"%s end is this host, which asks for none: it has none of them in the tunnel",
		connection_side(own), connection_side(own), connection_side(own));
	diag_wanted(why, "an address that this host has, or one of each family; or %%config");
	diag_got(why, "%s", text_str(&list));
	diag_hint(why,
		  "write one address as %ssourceip=, or %ssourceip=%%config to be given one",
		  connection_side(own), connection_side(own));
	text_done(&list);
	return true;
}

bool connection_is_internal(const struct connection *c, int which)
{
	const struct end *e = &c->end[which];

	return !e->subnets_len && (connection_asks(c, which) || end_has_pool(e));
}

bool connection_is_open(const struct connection *c)
{
	for (int i = 0; i < 2; i++)
		if (connection_is_internal(c, i) || c->end[i].virtual)
			return true;
	return false;
}
