/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_BANDS_H
#define PLANE_ESP_BANDS_H

#include "net/net.h"

/*
 * Where our rules stand among those of others. The kernel puts a rule that is
 * added without a priority before all but the first one, so what an operator
 * adds for a second uplink would go ahead of ours, and what it matches would
 * leave in clear. Then ours go to the front again.
 *
 * The rules of VRFs (l3mdev) keep their place: each VRF is a network of its own.
 */
struct bands {
	/* Priorities, in this order but for branch's. */
	uint32_t own, bypass, front, branch[2], sourced, unsourced, main;
};

/* The usual place: `rule_priority` and ESP_*_BEFORE. */
struct bands bands_usual(uint32_t rule_priority);
/* Next before the rule of `priority`; apart from those of other instances. False: there is no room. */
bool bands_before(uint32_t priority, uint32_t rule_priority, struct bands *ret);

#define BANDS_FOUND_MAX 4
/*
 * Where rules to `table` stand that we made, the foremost first. Returns how many such places
 * there are (BANDS_FOUND_MAX at most), or -1.
 */
int bands_find(struct net *net, uint32_t table, uint32_t rule_priority,
	       struct bands found[BANDS_FOUND_MAX]);
/* Put the priority of the first rule of others in *ret; UINT32_MAX: there is none. CYG_IO, CYG_NOMEM. */
MUST_CHECK enum cyg_err bands_others(struct net *net, uint32_t *ret, struct diag *why);

#endif
