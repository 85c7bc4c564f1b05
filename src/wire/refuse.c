/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/refuse.h"

#include <stdarg.h>
#include <stdio.h>

enum cyg_err refuse(struct diag *why, const struct rule *rule, size_t offset,
		    const char *sentence, const char *wanted, const char *got_fmt, ...)
{
	char got[160];
	va_list args;

	if (!why)
		return rule->err;
	va_start(args, got_fmt);
	vsnprintf(got, sizeof(got), got_fmt, args);
	va_end(args);
	diag_set(why, rule->code, rule->ref, "%s", sentence);
	diag_offset(why, offset);
	diag_wanted(why, "%s", wanted);
	diag_got(why, "%s", got);
	return rule->err;
}
