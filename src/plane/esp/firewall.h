/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_FIREWALL_H
#define PLANE_ESP_FIREWALL_H

#include "plane/esp/inner.h"

/*
 * Clear text from outside that only ESP should have brought (RFC 4301 5.2,
 * last step) is dropped before it is routed, by a small nf_tables table of
 * our own. It holds no selectors: a packet from another link is refused when
 * the way back to its source would lead into the tunnel device, which the
 * routes say already. So its size does not grow with the number of tunnels.
 *
 * The rules also hold when the daemon was killed and the device has gone:
 * then a source that our table forbids, and others would route, is refused.
 */
struct firewall_pass {
	struct selector local, remote; /* clear text between these is as it should be */
};

struct firewall {
	uint32_t instance, mark;
	const char *device;
	const uint16_t *ports; /* local UDP ports that IKE and ESP arrive at */
	size_t ports_len;
	const struct firewall_pass *passes;
	size_t passes_len;
};

/*
 * Put the table in force in place of what was there, in
 * one step. CYG_UNSUPPORTED, CYG_PERM, CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err firewall_set(const struct firewall *f, struct diag *why);
/* Remove the table of an instance. CYG_NOTFOUND. */
MUST_CHECK enum cyg_err firewall_remove(uint32_t instance);

#endif
