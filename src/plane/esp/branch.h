/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_BRANCH_H
#define PLANE_ESP_BRANCH_H

#include "conn/sa.h"
#include "net/net.h"

#include <uthash.h>

/*
 * Routing tables for packets of some senders alone. What a policy drops or
 * rejects may be less than all that goes to its destinations: then these stand
 * in a table of their own, to which a rule leads only packets from its local
 * networks, of its protocol and ports. There are as many rules as different
 * ones of these; destinations, which may be thousands, are routes.
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
	UT_hash_handle hh;
};

#define BRANCH_TABLES 4096
#define BRANCHES_MAX \
	4095 /* more are refused: each is a rule that every packet is held against */

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
 * is left once. CYG_LIMIT, CYG_NOMEM, and what net_rule_add says.
 */
MUST_CHECK enum cyg_err branch_take(struct branches *b, const struct ip_prefix *from,
				    const struct ts *local, const struct ts *remote,
				    struct branch **ret, struct diag *why);
/* The last to leave takes the rules down. Its routes must have gone. NULL is fine. */
void branch_leave(struct branches *b, struct branch *branch);
/* Put up again what is missing of their rules, and the routes that lead on. Adds to *added. */
MUST_CHECK enum cyg_err branches_restore(const struct branches *b, size_t *added,
					 struct diag *why);
/* Forget all, leaving rules and routes to branches_flush. */
void branches_done(struct branches *b);

/*
 * Link-local addresses and multicast never lie behind a tunnel, however wide it
 * is: a table's routes that lead on. A kernel without the family needs none.
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
