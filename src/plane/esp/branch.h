/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_BRANCH_H
#define PLANE_ESP_BRANCH_H

#include "base/list.h"
#include "conn/sa.h"
#include "net/net.h"

#include <uthash.h>

/*
 * Routing tables for packets of some senders alone. What a policy protects is
 * what its local networks send: its destinations stand in a table of their own,
 * to which a rule leads only packets from there. What it drops or rejects may be
 * of some ports alone, and then so is the rule. There are as many rules as different
 * ones of these; destinations, which may be thousands, are routes. Where two such
 * rules fit a packet it does not matter which is first: what leads into the device
 * leads to the SPD, and what leads on leads to the other.
 *
 * A second rule leads packets with the branch's mark there. A packet of ours
 * that had no source address yet when its route was looked up is given that
 * mark by the firewall (firewall.h), and so looked up once more.
 */
struct branch {
	struct ip_prefix local;
	uint16_t local_first, local_last, remote_first,
		remote_last; /* ports; 0 to 65535: any */
	uint8_t proto;       /* 0: any */
	uint32_t table, mark;
	unsigned uses;
	bool spares_itself; /* what the local network sends to itself is led on */
	struct list lent;   /* claims of passes (places.h), which are no uses */
	UT_hash_handle hh;
};

#define BRANCH_TABLES 4096
/* Each is two rules that every packet is held against. */
#define BRANCHES_MAX 4095
#define BRANCHES_FOR_TUNNELS 512 /* with more there are none for others that protect */

struct branches {
	struct net *net;
	uint32_t first_table, first_mark, priority;
	struct branch *all; /* hash; owned */
	uint64_t version;   /* counts changes */
	bool *taken;        /* which of BRANCHES_MAX numbers; owned */
};

/*
 * The table for packets from a network to the ports of `remote`, whose
 * addresses do not matter; it is made with its rules when it is new. Each take
 * is left once. CYG_LIMIT where a new one would be more than `most`; CYG_NOMEM, and what
 * net_rule_add says.
 */
MUST_CHECK enum cyg_err branch_take(struct branches *b, unsigned most,
				    const struct ip_prefix *from, const struct ts *local,
				    const struct ts *remote, struct branch **ret,
				    struct diag *why);
/* The last to leave takes the rules down. Its routes must have gone. NULL is fine. */
void branch_leave(struct branches *b, struct branch *branch);
/* Put up again what is missing of their rules, and the routes that lead on. Adds to *added. */
MUST_CHECK enum cyg_err branches_restore(const struct branches *b, size_t *added,
					 struct diag *why);
/* Forget all, leaving rules and routes to branches_flush. */
void branches_done(struct branches *b);

/*
 * Link-local addresses, multicast and the broadcast to a link never lie behind a tunnel, however
 * wide it is: a table's routes that lead on. A kernel without the family needs none.
 */
MUST_CHECK enum cyg_err branch_except_links(struct net *net, uint32_t table,
					    enum ip_family family, struct diag *why);

/*
 * Leave word in the kernel, in the last table, that these are whole: of two runs that left
 * branches it tells which were in force. branches_flush takes it along.
 */
MUST_CHECK enum cyg_err branches_mark_whole(struct net *net, uint32_t first_table,
					    struct diag *why);
/* Whether that was said of them; false also when the kernel can't be asked. */
bool branches_were_whole(struct net *net, uint32_t first_table);

/*
 * Remove all rules of this priority and the routes of the tables that they led
 * to. Returns how many things there were, or -1.
 */
int branches_flush(struct net *net, uint32_t first_table, uint32_t priority);

#endif
