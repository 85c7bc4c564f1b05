/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PLANES_H
#define PLUTO_PLANES_H

#include "plane/plane.h"

#include <jansson.h>

struct crypto;
struct net;

/*
 * Open the plane called `name`; "auto" is the first one of the table that this
 * host can do. Never silently one that moves no packets. `instance` as esp_config.
 */
MUST_CHECK enum cyg_err planes_open(const char *name, unsigned instance,
				    const struct plane_host *host, struct crypto *crypto,
				    struct net *net, struct plane **ret, struct diag *why);

/*
 * What else a plane has to say for Status; an object, perhaps empty. NULL when memory is short.
 */
json_t *planes_facts(const struct plane *p);

#endif
