/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_PASSES_H
#define PLANE_ESP_PASSES_H

#include "plane/esp/firewall.h"
#include "plane/esp/spd.h"

/*
 * Selectors between which clear text may arrive although its source lies behind the tunnel: those of
 * entries that pass, or that let clear text in; cut short by what stands before them and does not.
 * The firewall lists them in the order in which they count.
 */
#define PASSES_STOPS_MAX \
	4096 /* where more cut others short, only what is whole lets anything in */

struct passes {
	struct firewall_pass *rows;
	size_t len;
};

/* What the entries come to; *ret is the caller's, for passes_done. CYG_NOMEM. */
MUST_CHECK enum cyg_err passes_of(const struct spd *s, struct passes *ret);
void passes_done(struct passes *p);

/*
 * What the entries protect of some protocol or ports alone. Where it is too much of it, all of its
 * networks are listed instead. *ret is the caller's, for passes_done. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err passes_parts(const struct spd *s, struct passes *ret);
/* Whether an entry of these, or one that is to go, is one of them. NULL: it is not. */
bool passes_is_part(const struct spd_entry *e);

/* Whether an entry of these, or one that is to go, has a part in them. NULL: none does. */
bool passes_follow(const struct spd *s, const struct spd_entry *e);
/* Whether clear text of any of these sources is let in. */
bool passes_have(const struct spd *s, const struct ip_prefix *sources);

#endif
