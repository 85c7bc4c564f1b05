/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_RULES_H
#define PLANE_ESP_RULES_H

#include "plane/esp/firewall.h"
#include "plane/esp/nft.h"

/*
 * Why a packet is dropped: the name of a chain. What counts is in another one, which stays as it is
 * when all else is said anew: rules_count of its name, and that is 0 where it never was.
 */
#define RULES_CLEAR "clear_text"
#define RULES_FRAGMENT "other_way" /* a fragment of a datagram that came the other way */
#define RULES_OWN "own_source"

/* The sentences that firewall.c and egress.c build their rules of (over nft.h). */
struct rules {
	struct nft_batch batch;
	const struct firewall *f;
	char table[32];
};

/* Make the chains of causes; `anew`: they count from 0. */
void rules_causes(struct rules *r, const char *const *causes, size_t len, bool anew);
/* How many packets a table of ours has dropped for a cause. */
uint64_t rules_count(const char *table, const char *cause);

/* A rule at the end of a chain: begin, what it matches, end or jump. */
void rules_begin(struct rules *r, const char *chain);
/* NF_ACCEPT, NF_DROP or NFT_RETURN. */
void rules_end(struct rules *r, int verdict);
void rules_jump(struct rules *r, const char *chain);
/* As rules_jump, but what that chain does not decide goes on where this one was jumped to. */
void rules_goto(struct rules *r, const char *chain);
/* Counted by cause, one of RULES_* that rules_causes has made, and dropped. */
void rules_refuse(struct rules *r, const char *cause);

void rules_match_family(struct rules *r, enum ip_family family);
/* It came by this one. */
void rules_match_device(struct rules *r, const char *name);
/* A fragment, or one that is not the first of its datagram; one that is all of an IPv6 datagram is none. */
void rules_match_fragment(struct rules *r, enum ip_family family);
void rules_match_later(struct rules *r, enum ip_family family);
void rules_match_protocol(struct rules *r, uint8_t protocol);
/* The destination is an address of this host's. */
void rules_match_own_address(struct rules *r);
void rules_match_mark(struct rules *r, uint32_t mark);
/* The selector's addresses, of the source or the destination; `match` is nft_range or nft_outside. */
void rules_match_addresses(struct rules *r, const struct selector *s, bool source,
			   void (*match)(struct nft_batch *, struct view, struct view));
/* Within them. */
void rules_match_address(struct rules *r, const struct selector *s, bool source);
/* And its ports, or its types and codes of ICMP; the protocol is matched before. */
void rules_match_ports(struct rules *r, const struct selector *s, bool source);
/* The addresses of a row, on the way in, or from here or behind us on its way `out`; or all of it. */
void rules_match_between(struct rules *r, const struct firewall_pass *p, bool out);
void rules_match_pass(struct rules *r, const struct firewall_pass *p, bool out);

/*
 * ICMP of types first to last is accepted; errors about our own ESP must
 * reach us (RFC 4301 8.2.1), and IPv6's links need theirs.
 */
void rules_accept_icmp(struct rules *r, const char *chain, uint8_t protocol, uint8_t first,
		       uint8_t last, bool to_us);
/*
 * What belongs to a link is accepted: neighbours, multicast, broadcasts. No tunnel is for it, and
 * another look-up would lose what link that is.
 */
void rules_leave_links_alone(struct rules *r, const char *chain);

#endif
