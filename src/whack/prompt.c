/* SPDX-License-Identifier: Apache-2.0 */
#include "whack/prompt.h"

#include "conn/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool prompts_note(struct prompts *p, const struct report *report)
{
	struct prompt *more;

	if (!report->event || strcmp(report->event, "secret-wanted") != 0 || !report->diag)
		return true;
	more = reallocarray(p->items, p->len + 1, sizeof(*more));
	if (!more)
		return false;
	p->items = more;
	more += p->len++;
	more->line = report->diag->line;
	snprintf(more->file, sizeof(more->file), "%s", report->diag->file);
	snprintf(more->text, sizeof(more->text), "%s: ", report->text);
	return true;
}

void prompts_done(struct prompts *p)
{
	free(p->items);
	*p = (struct prompts){0};
}
