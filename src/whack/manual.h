/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_MANUAL_H
#define WHACK_MANUAL_H

#include "base/diag.h"
#include "base/err.h"
#include "conn/manual.h"

#include <jansson.h>

struct json_out;

/*
 * Keys that people chose, on the control protocol:
 * {"left": {"spi": 768, "encr": "00ff...", "integ": "..."}, "right": {...}, "window": 0}.
 * What is written holds secrets: whoever has the text wipes it.
 */
void manual_keys_write(struct json_out *o, const char *key, const struct manual_keys *k);
/*
 * Back from it, and the text in `json` is wiped; manual_keys_wipe and free() *ret. CYG_RANGE for
 * a member that there is not, or that has the wrong form (`parameter`, room of 64, names it);
 * CYG_NOMEM.
 */
MUST_CHECK enum cyg_err manual_keys_from_json(json_t *json, struct manual_keys **ret,
					      char *parameter, struct diag *why);

#endif
