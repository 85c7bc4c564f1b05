/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Widest first: the first that divides a span gives its shortest whole number. */
static const struct unit {
	const char *name;
	nsec span;
} units[] = {
	{"w", 7 * 24 * 3600 * NSEC_PER_SEC},
	{"d", 24 * 3600 * NSEC_PER_SEC},
	{"h", 3600 * NSEC_PER_SEC},
	{"m", 60 * NSEC_PER_SEC},
	{"s", NSEC_PER_SEC},
	{"ms", NSEC_PER_MS},
	{"us", 1000},
	{"ns", 1},
};

#define UNITS (sizeof(units) / sizeof(units[0]))

static nsec unit_span(const char *name)
{
	if (*name == '\0')
		return NSEC_PER_SEC;
	for (size_t i = 0; i < UNITS; i++)
		if (strcmp(name, units[i].name) == 0)
			return units[i].span;
	return 0;
}

/* Digits from *at on, added to *value; counts them, or SIZE_MAX when 64 bits can't hold them. */
static size_t take_digits(const char **at, uint64_t *value)
{
	size_t count = 0;

	for (; **at >= '0' && **at <= '9'; ++*at, count++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(**at - '0'), value))
			return SIZE_MAX;
	}
	return count;
}

enum cyg_err duration_parse(const char *text, nsec *ret)
{
	uint64_t number = 0, scale = 1;
	size_t whole = take_digits(&text, &number), fraction = 0;
	unsigned __int128 span;
	nsec unit;

	if (whole == 0)
		return CYG_MALFORMED;
	if (whole != SIZE_MAX && *text == '.') {
		text++;
		fraction = take_digits(&text, &number);
		if (fraction == 0)
			return CYG_MALFORMED;
	}
	if (whole == SIZE_MAX || fraction == SIZE_MAX)
		return CYG_RANGE;
	unit = unit_span(text);
	if (!unit)
		return CYG_MALFORMED;
	if (fraction > 18)
		return CYG_RANGE;
	while (fraction--)
		scale *= 10;
	span = (unsigned __int128)number * unit;
	if (span % scale || span / scale >= NSEC_NEVER)
		return CYG_RANGE;
	*ret = (nsec)(span / scale);
	return CYG_OK;
}

const char *duration_print(nsec span, char buf[32])
{
	size_t i = 0;

	if (span == NSEC_NEVER) {
		strcpy(buf, "never");
	} else if (span == 0) {
		strcpy(buf, "0s");
	} else {
		while (span % units[i].span)
			i++;
		snprintf(buf, 32, "%" PRIu64 "%s", span / units[i].span, units[i].name);
	}
	return buf;
}
