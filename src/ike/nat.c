/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/nat.h"

#include "crypto/hash.h"
#include "ike/child.h"
#include "ike/core.h"
#include "ike/table.h"
#include "ike/tell.h"
#include "wire/notify.h"

#include <string.h>

bool nat_wanted(const struct ike *ike, const struct connection *c)
{
	return ike->settings.encap_always || c->encapsulation != TRI_NO;
}

bool nat_forced(const struct ike *ike, const struct connection *c)
{
	return ike->settings.encap_always || c->encapsulation == TRI_FORCE;
}

/* SHA-1(SPIi | SPIr | address | port) (RFC 7296 2.23). */
static enum cyg_err detection_hash(struct ike *ike, uint64_t spi_i, uint64_t spi_r,
				   const struct endpoint *e, uint8_t out[HASH_SHA1_LEN])
{
	uint8_t storage[64];
	struct builder b = builder_of(storage, sizeof(storage));
	struct view part;

	build_u64(&b, spi_i);
	build_u64(&b, spi_r);
	build_view(&b, ip_view(&e->addr));
	build_u16(&b, e->port);
	part = build_done(&b);
	return hash_compute(ike->crypto, HASH_SHA1, &part, 1, out);
}

enum cyg_err nat_build(struct ike *ike, struct chain *chain, uint64_t spi_i, uint64_t spi_r,
		       const struct endpoint *local, const struct endpoint *remote, bool lie)
{
	uint8_t source[HASH_SHA1_LEN], destination[HASH_SHA1_LEN];
	enum cyg_err err = lie ? core_random(ike, source, sizeof(source))
			       : detection_hash(ike, spi_i, spi_r, local, source);

	if (!err)
		err = detection_hash(ike, spi_i, spi_r, remote, destination);
	if (err)
		return err;
	chain_notify(chain, N_NAT_DETECTION_SOURCE_IP, view_of(source, sizeof(source)));
	chain_notify(chain, N_NAT_DETECTION_DESTINATION_IP,
		     view_of(destination, sizeof(destination)));
	return CYG_OK;
}

struct hashes {
	uint8_t source[HASH_SHA1_LEN], destination[HASH_SHA1_LEN];
};

/*
 * There may be several source hashes, from a peer with several addresses: one that fits is
 * enough.
 */
static void compare(const struct received *rx, const struct hashes *want, struct nat *n)
{
	bool source = false, destination = false, source_fits = false, destination_fits = false;

	for (const struct payload *p = message_find(rx->m, PAYLOAD_NOTIFY); p;
	     p = message_next(rx->m, p)) {
		struct notify_payload got;

		if (notify_parse(p, &got, NULL))
			continue;
		if (got.type == N_NAT_DETECTION_SOURCE_IP) {
			source = true;
			source_fits |= view_equal(got.data,
						  view_of(want->source, HASH_SHA1_LEN));
		} else if (got.type == N_NAT_DETECTION_DESTINATION_IP) {
			destination = true;
			destination_fits |= view_equal(got.data, view_of(want->destination,
									 HASH_SHA1_LEN));
		}
	}
	n->supported = source && destination;
	n->remote = n->supported && !source_fits;
	n->local = n->supported && !destination_fits;
}

enum cyg_err nat_detect(struct ike *ike, const struct received *rx, bool forced,
			struct nat *ret)
{
	const struct ike_header *h = &rx->header;
	struct hashes want;
	struct nat n = {0};
	enum cyg_err err = detection_hash(ike, h->spi_i, h->spi_r, &rx->ev->datagram.remote,
					  want.source);

	if (!err)
		err = detection_hash(ike, h->spi_i, h->spi_r, &rx->ev->datagram.local,
				     want.destination);
	if (err)
		return err;
	compare(rx, &want, &n);
	n.encap = n.supported && (n.local || n.remote || forced);
	*ret = n;
	return CYG_OK;
}

void nat_float(struct ike_sa *sa)
{
	if (!sa->nat.encap)
		return;
	if (sa->local.port == NAT_PORT_BEFORE)
		sa->local.port = NAT_PORT;
	if (sa->remote.port == NAT_PORT_BEFORE)
		sa->remote.port = NAT_PORT;
}

void nat_pair_ports(struct ike_sa *sa)
{
	if (sa->local.port == NAT_PORT_BEFORE && sa->remote.port != NAT_PORT_BEFORE)
		sa->local.port = NAT_PORT;
	else if (sa->remote.port == NAT_PORT_BEFORE && sa->local.port != NAT_PORT_BEFORE)
		sa->remote.port = NAT_PORT;
}

static void move_child(struct child_sa *child, enum sa_dir dir)
{
	struct action *a = actions_add(child->ike->out, ACT_SA_UPDATE);

	if (!a)
		return;
	a->sa_ref = child_ref(child, dir);
}

/* RFC 7296 2.23: with NAT about, the exchange goes on on the other port. That is no news. */
static bool floats(const struct endpoint *from, const struct endpoint *to)
{
	return from->port == NAT_PORT_BEFORE && to->port == NAT_PORT &&
	       ip_equal(&from->addr, &to->addr);
}

void sa_moved(struct ike_sa *sa, const struct endpoint *remote)
{
	char from[ENDPOINT_TEXT_MAX], to[ENDPOINT_TEXT_MAX];
	struct about about = about_sa(sa);

	if (!sa->nat.remote || endpoint_equal(&sa->remote, remote))
		return;
	if (!floats(&sa->remote, remote))
		tell(sa->ike, &about, REPORT_NOTICE, RC_LOG, "peer-moved", NULL,
		     "the peer behind a NAT moved from %s to %s",
		     endpoint_print(&sa->remote, from), endpoint_print(remote, to));
	sa->remote = *remote;
	LIST_EACH(child, &sa->children, struct child_sa, of_sa) {
		if (child->installed & CHILD_IN)
			move_child(child, SA_IN);
		if (child->installed & CHILD_OUT)
			move_child(child, SA_OUT);
	}
}
