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

struct passes_change {
	struct pass_owner *old, *fresh;
};

/*
 * {0} is empty. Take note of a policy, of which passes_end says whether it is kept: one that
 * does not pass takes the place of one of its id that did. passes_list and passes_remove are
 * not called in between. CYG_NOMEM, and nothing has changed.
 */
MUST_CHECK enum cyg_err passes_begin(struct passes *p, const struct plane_policy *policy,
				     struct passes_change *ret);
/* True when the list differs. */
bool passes_end(struct passes *p, const struct passes_change *c, bool keep);
/* True when the list differs. */
bool passes_remove(struct passes *p, uint32_t id);
/* Fill p->all and p->len. CYG_NOMEM. */
MUST_CHECK enum cyg_err passes_list(struct passes *p);
void passes_done(struct passes *p);

#endif
