/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/internal.h"

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
