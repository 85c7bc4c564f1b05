/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_REPORT_LINE_H
#define WHACK_REPORT_LINE_H

#include "base/text.h"
#include "conn/report.h"

/*
 * A report as one line for people, without number and newline:
 * "NAME"[2] #7: STATE_PARENT_I1: text (wanted ...; got ...); hint [RFC ...]
 * Parts that are not known are left out. Whatever the report holds, the line
 * is printable: control characters come out as \xNN.
 */
void report_line(const struct report *r, struct text *out);

/*
 * The same for a terminal, on several lines: the report and the diag's
 * sentence, then what was wanted, what came, and what to try, each on a line
 * of its own. Every line begins with the number and ends with a newline.
 */
void report_lines(const struct report *r, struct text *out);

/* Append text with everything that is not printable as \xNN; a backslash stays as it is. */
void text_add_clean(struct text *out, const char *text);

#endif
