/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_NAT_H
#define IKE_NAT_H

#include "ike/sa.h"
#include "wire/chain.h"

struct received;

#define NAT_PORT_BEFORE 500 /* IKE's port, until UDP is to carry ESP */
#define NAT_PORT 4500       /* and then (RFC 7296 2.23) */

/*
 * NAT detection (RFC 7296 2.23). Each end sends hashes of the addresses it
 * sees; one that does not fit at the other end betrays a NAT between. Where
 * our plane wants ESP in UDP, our source hash is made not to fit, so that the
 * peer encapsulates.
 */

/* Whether the connection allows it at all, and whether we want UDP though there is no NAT. */
bool nat_wanted(const struct ike *ike, const struct connection *c);
bool nat_forced(const struct ike *ike, const struct connection *c);

/* Append both notifies for a message of ours with these SPIs. CYG_CRYPTO. */
MUST_CHECK enum cyg_err nat_build(struct ike *ike, struct chain *chain, uint64_t spi_i,
				  uint64_t spi_r, const struct endpoint *local,
				  const struct endpoint *remote, bool lie);

/*
 * What the peer's notifies say, compared with where its message came from and
 * arrived. `forced`: as nat_forced. CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err nat_detect(struct ike *ike, const struct received *rx, bool forced,
				   struct nat *ret);

/*
 * From IKE_AUTH on both ends use port 4500 once UDP is to carry ESP: move ours there. Ports of
 * a connection's own (ikeport=) can carry ESP as they are.
 */
void nat_float(struct ike_sa *sa);

/*
 * Before the first message: on every port but 500 IKE goes behind the non-ESP marker (RFC 3948
 * 2.2), so both ends must be on such a port, or neither. What is left out goes to 4500.
 */
void nat_pair_ports(struct ike_sa *sa);

/*
 * A good, fresh message came from there. A peer behind a NAT is followed,
 * children included; any other one stays where it is (RFC 7296 2.23).
 */
void sa_moved(struct ike_sa *sa, const struct endpoint *remote);

#endif
