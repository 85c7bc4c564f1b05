/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_STATUS_TEXT_H
#define WHACK_STATUS_TEXT_H

#include "base/err.h"

#include <jansson.h>
#include <stdio.h>

/*
 * The facts of Status and TrafficStatus as text, close to Openswan 3's
 * `--status`: each line begins with 000. Replies are handed in as they come;
 * connections are printed at once, SAs at the end.
 */
struct status_text;

enum status_view {
	STATUS_VIEW_WHOLE,
	STATUS_VIEW_BRIEF,       /* a line for each connection and for each SA */
	STATUS_VIEW_CONNECTIONS, /* without the SAs */
	STATUS_VIEW_BRIEF_CONNECTIONS,
	STATUS_VIEW_GLOBAL, /* the daemon's members as name=value */
	STATUS_VIEW_FIPS,   /* one line */
};

/* NULL when memory is short. */
struct status_text *status_text_new(FILE *out, enum status_view view);
/* The parameters of one reply. CYG_NOMEM. */
MUST_CHECK enum cyg_err status_text_take(struct status_text *s, const json_t *parameters);
/* Print what is left. */
void status_text_end(struct status_text *s);
void status_text_free(struct status_text *s);

/* One line for each child: "#7: "NAME", type=ESP, add_time=..., inBytes=..., ...". */
void traffic_text(FILE *out, const json_t *parameters);

#endif
