/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_FIREWALL_H
#define PLANE_ESP_FIREWALL_H

#include "plane/esp/inner.h"

/*
 * Clear text from outside that only ESP should have brought (RFC 4301 5.2,
 * last step) is dropped before it is routed, by a small nf_tables table of
 * our own. It holds no selectors of tunnels: a packet from another link is
 * refused when the way back to its source would lead into the tunnel device,
 * which the routes say already. So its size does not grow with their number,
 * but for those that lie within what passes (passes.h).
 *
 * Packets that this host sends may be routed before they have a source address.
 * Those that a branch is for (branch.h) get its mark on their way out, are so
 * routed once more, and lose it again. A packet with another's mark is left
 * alone. What comes in is held against branches of one protocol likewise, as
 * the way back is looked up without ports.
 *
 * The rules also hold when the daemon was killed and the device has gone:
 * then a source that our table forbids, and others would route, is refused.
 */
struct firewall_pass {
	struct selector local, remote; /* clear text between these is as it should be, */
	bool stops;                    /* or else is not, whatever comes behind says */
	bool in_only;                  /* on its way in, and not from behind us */
};

/* Seconds that the kernel waits for the rest of a datagram, by family; 0: as it does unless told otherwise. */
struct firewall_patience {
	uint32_t v4, v6;
};

struct branch;
struct nft_socket;

struct firewall {
	uint32_t instance, mark;
	const char *device;
	const uint16_t *ports; /* local UDP ports that IKE and ESP arrive at */
	size_t ports_len;
	const struct firewall_pass *passes; /* the first that fits counts */
	size_t passes_len;
	const struct firewall_pass
		*parts; /* egress.h: what is protected of some protocol or ports */
	size_t parts_len;
	const struct branch *branches; /* a list by hh.next */
	bool anew; /* nobody knows what of it is there: its counters begin at 0 */
	struct firewall_patience patience;
	struct nft_socket *by; /* as of a struct nft_batch */
};

/* Packets that the table has dropped since it was set anew. */
struct firewall_counts {
	uint64_t clear;       /* from networks that only a tunnel is to bring anything from */
	uint64_t other_way;   /* fragments of datagrams that came the other way */
	uint64_t own_sources; /* out of the tunnel, from an address of this host's */
};
struct firewall_counts firewall_count(uint32_t instance);

/* The name of an instance's table. */
void firewall_name(uint32_t instance, char out[32]);
/*
 * Put the table in force in place of what was there, in one step.
 * CYG_UNSUPPORTED, CYG_PERM, CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err firewall_set(const struct firewall *f, struct diag *why);
/* The same as part of a batch, which is in force as a whole or not at all. */
struct nft_batch;
void firewall_say(const struct firewall *f, struct nft_batch *b);
/*
 * CYG_EXISTS when an earlier run's table is there; else an empty one is made, for firewall_set
 * to fill. CYG_UNSUPPORTED, CYG_PERM, CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err firewall_begin(uint32_t instance);
/* Remove the table of an instance. CYG_NOTFOUND. */
MUST_CHECK enum cyg_err firewall_remove(uint32_t instance);

#endif
