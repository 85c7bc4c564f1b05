/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/self.h"

#define MTU_LEAST 1280u /* RFC 8200 5 */
#define MTU_MOST 9000u
#define MTU_PPPOE 8u /* may be missing somewhere on the way (RFC 2516 7) */
/* Outer IPv4 and UDP headers, those of ESP with AES-GCM, its trailer and check value. */
#define MTU_USUAL (28u + 16u + 2u + 16u)

void esp_mtu_begin(struct esp_plane *e)
{
	e->mtu = e->config.mtu ? e->config.mtu : MTU_LEAST;
}

/* Outer octets that a packet may have on each of the links that our sockets are on. */
static uint32_t outer_most(const struct esp_plane *e)
{
	uint32_t most = 0;

	for (size_t i = 0; i < PORTS_MAX; i++) {
		struct net_link link;

		if (e->ports.slots[i] &&
		    net_link_of(e->net, &e->ports.slots[i]->local.addr, &link) &&
		    !link.loopback && link.mtu > most)
			most = link.mtu;
	}
	if (!most)
		most = net_mtu_max(e->net);
	return most > MTU_LEAST + MTU_PPPOE ? most - MTU_PPPOE : MTU_LEAST;
}

void esp_mtu_follows(struct esp_plane *e)
{
	uint32_t outer = outer_most(e), mtu, carried;

	e->outer = outer;
	if (e->config.mtu)
		return;
	mtu = outer - MTU_USUAL;
	carried = sad_packet_max(&e->sad, outer);
	if (mtu > carried)
		mtu = carried;
	if (mtu > MTU_MOST)
		mtu = MTU_MOST;
	if (mtu < MTU_LEAST)
		mtu = MTU_LEAST;
	if (mtu != e->mtu && !net_link_up(e->net, e->tun.ifindex, mtu, NULL))
		e->mtu = mtu;
}

void esp_mtu_fits(struct esp_plane *e, const struct esp_sa *sa)
{
	if (!e->config.mtu && e->mtu > MTU_LEAST && sa_packet_max(sa, e->outer) < e->mtu)
		esp_mtu_follows(e);
}
