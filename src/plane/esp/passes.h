/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_PASSES_H
#define PLANE_ESP_PASSES_H

#include "conn/sa.h"
#include "plane/esp/firewall.h"

/*
 * Selectors between which clear text may arrive although its source lies
 * behind the tunnel: those of pass policies. The firewall lists them.
 */
struct passes {
	struct pass_owner *owners; /* hash by policy id */
	struct firewall_pass *all; /* owned; what passes_list gave */
	size_t len;
};

/*
 * {0} is empty. Take note of a policy: one that does not
 * pass is forgotten. *ret_changed: the list differs.
 */
MUST_CHECK enum cyg_err passes_set(struct passes *p, const struct plane_policy *policy,
				   bool *ret_changed);
/* True when the list differs. */
bool passes_remove(struct passes *p, uint32_t id);
/* Fill p->all and p->len. CYG_NOMEM. */
MUST_CHECK enum cyg_err passes_list(struct passes *p);
void passes_done(struct passes *p);

#endif
