/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_EGRESS_H
#define PLANE_ESP_EGRESS_H

#include "plane/esp/firewall.h"

/*
 * What leaves this host past our routes: a socket that names a device (SO_BINDTODEVICE,
 * IP_UNICAST_IF, IP_PKTINFO) goes where it says, whatever the routes say. So what the branches
 * (branch.h) lead into the tunnel device is dropped when it leaves by another one, by an nf_tables
 * table of its own, which is fed as routes come and go (places.h).
 *
 * The table has sets of pairs, source network and destination network, one set for each pair of
 * prefix lengths in use ("shape") and each thing that is said of them. A packet is held against
 * them as routes would: for each length of the source, the longest destination first. There
 * are few shapes, and a set is a hash: 10,000 tunnels cost a packet one look-up.
 *
 * What is to be dropped is first held against the policies that pass and those before them
 * (passes.h). Our own sockets, known by their mark, and what belongs to a link are let through.
 *
 * Like the routes' guards it holds when the daemon was killed. The next one's table stands beside
 * it until that has settled; and so does that of the one after, if the next one is killed before:
 * nobody knows whose is whole.
 */
#define EGRESS_TABLES 8 /* of more killed before they settled the last one's gives way */
enum egress_word {
	EGRESS_NOTHING,  /* no route of ours: wider ones are asked */
	EGRESS_LEADS_ON, /* its own branch lets it out */
	EGRESS_STOPS,
	EGRESS_STOPS_PART, /* what firewall.parts lists, of some protocol or ports */
};

struct egress_change {
	struct ip_prefix from, to;
	uint8_t was, now; /* enum egress_word */
};

struct egress {
	uint32_t instance;
	unsigned run; /* which of its EGRESS_TABLES is ours, */
	unsigned old; /* and the one that it takes the place of: its run + 1; 0: none */
	bool beside;  /* ours grows step by step beside that */
	bool open;                     /* else changes are not kept */
	bool anew;                     /* the table is to begin empty */
	bool due;                      /* the rules have changed */
	bool lost;                     /* a change, for lack of memory */
	struct egress_change *changes; /* owned */
	size_t len, cap;
	uint8_t shapes[2][129][129]; /* [v6][source bits][destination bits]: bits 1 << word */
};

/*
 * Choose a table: beside those of earlier runs. {0} is a fine storage.
 * CYG_UNSUPPORTED, CYG_PERM, CYG_IO, CYG_NOMEM: egress_free alone may follow.
 */
MUST_CHECK enum cyg_err egress_open(struct egress *e, uint32_t instance, struct diag *why);
/* Leaving the kernel's table. */
void egress_free(struct egress *e);

/* What is said of a pair of networks has changed; egress_commit tells the kernel. */
void egress_change(struct egress *e, const struct ip_prefix *from, const struct ip_prefix *to,
		   enum egress_word was, enum egress_word now);
/* Begin with an empty table: all is to be told again, as a change from EGRESS_NOTHING. */
void egress_forget(struct egress *e);
/* Whether egress_commit has something to do. */
bool egress_is_due(const struct egress *e);
/*
 * Put in force what has changed: after egress_forget all in one step, else some of it, so that
 * those who listen to nf_tables follow; again while egress_is_due. The last step puts `f` itself in
 * force as well, `with_firewall`: nobody sees one without the other. On failure egress_forget.
 * What is too long for one step, where this process may send no message so long, grows in a new
 * table; the one before holds until the last step, so that nothing is let out that either stops.
 * Errors as of firewall_set; CYG_LIMIT: also what can't be in steps, which is rules, is too long.
 */
MUST_CHECK enum cyg_err egress_commit(struct egress *e, const struct firewall *f, bool with_firewall,
				      struct diag *why);
/* Remove the tables of earlier runs; `by` as of struct firewall. Returns how many there were. */
unsigned egress_settled(struct egress *e, struct nft_socket *by);
/* How many packets it has dropped since it last began anew. */
uint64_t egress_count(const struct egress *e);
/* Remove all tables of an instance. Returns how many there were. */
unsigned egress_remove(uint32_t instance);

#endif
