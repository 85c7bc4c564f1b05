/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PLANES_H
#define PLUTO_PLANES_H

#include "plane/plane.h"

#include <jansson.h>

struct crypto;
struct net;

/*
 * Open the plane called `name`; "auto" is the first one of the table that this
 * host can do. Never silently one that moves no packets. `instance` as esp_config;
 * `only_free`: not one where a killed daemon left something that is not known to be ours.
 * On success *why says why the one before it in the table was passed over; it is clear
 * when none was.
 */
MUST_CHECK enum cyg_err planes_open(const char *name, unsigned instance, bool only_free,
				    const struct plane_host *host, struct crypto *crypto,
				    struct net *net, struct plane **ret, struct diag *why);

/*
 * Whether this host can do the plane called `name`, as planes_open has it; nothing is opened,
 * and a daemon that runs is not disturbed. Else the reason in *why.
 */
MUST_CHECK enum cyg_err planes_probe(const char *name, struct diag *why);

/*
 * Remove what a killed daemon of this plane and instance left in the kernel; *ret_found is how
 * many things that were. CYG_EXISTS, and nothing is touched, when one of this instance is
 * running; else as the plane's own. A plane that leaves nothing has nothing removed.
 */
MUST_CHECK enum cyg_err planes_cleanup(const char *name, unsigned instance, struct net *net,
				       unsigned *ret_found, struct diag *why);

/*
 * What else a plane has to say for Status; an object, perhaps empty. NULL when memory is short.
 */
json_t *planes_facts(const struct plane *p);

#endif
