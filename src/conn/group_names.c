/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/group_names.h"

#include "base/diag.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define BETWEEN ", \t"

bool group_names_next(const char **at, struct view *ret)
{
	const char *from = *at + strspn(*at, BETWEEN);
	size_t len = strcspn(from, BETWEEN);

	*at = from + len;
	*ret = view_of((const uint8_t *)from, len);
	return len;
}

bool group_names_have(const char *names, struct view name)
{
	struct view one;

	while (group_names_next(&names, &one))
		if (view_equal(one, name))
			return true;
	return false;
}

struct view group_names_common(const char *names, const char *others)
{
	struct view one;

	while (group_names_next(&names, &one))
		if (group_names_have(others, one))
			return one;
	return (struct view){0};
}

static enum cyg_err check_name(struct view name, struct diag *why)
{
	if (name.len > GROUP_NAME_MAX) {
		diag_set(why, "group-name", NULL, "the name of a group is too long: %.40s...",
			 (const char *)name.ptr);
		diag_wanted(why, "at most %u octets", GROUP_NAME_MAX);
		diag_got(why, "%zu octets", name.len);
		return CYG_LIMIT;
	}
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] < ' ' || name.ptr[i] == 0x7f) {
			diag_set(why, "group-name", NULL,
				 "the name of a group has an octet that can't be printed");
			diag_wanted(why, "names with commas or blanks between them");
			diag_got(why, "%.*s", (int)name.len, (const char *)name.ptr);
			return CYG_MALFORMED;
		}
	return CYG_OK;
}

enum cyg_err group_names_check(const char *names, struct diag *why)
{
	enum cyg_err err = CYG_OK;
	const char *at = names;
	struct view one;
	size_t n = 0;

	for (; !err && group_names_next(&at, &one); n++)
		err = check_name(one, why);
	if (!err && !n) {
		diag_set(why, "group-names", NULL, "no group is named");
		diag_wanted(why, "names with commas or blanks between them");
		diag_got(why, "%.60s", names);
		return CYG_MALFORMED;
	}
	if (!err && n > GROUP_NAMES_MAX) {
		diag_set(why, "group-names", NULL, "too many groups are named");
		diag_wanted(why, "at most %u", GROUP_NAMES_MAX);
		diag_got(why, "%zu", n);
		return CYG_LIMIT;
	}
	return err;
}

const char *const *group_names_split(const char *names)
{
	const char *at = names;
	struct view one;
	size_t n = 1, i = 0;
	const char **all;
	char *to;

	while (group_names_next(&at, &one))
		n++;
	all = malloc(n * sizeof(*all) + strlen(names) + 1);
	if (!all)
		return NULL;
	to = (char *)(all + n);
	for (at = names; group_names_next(&at, &one); i++) {
		all[i] = to;
		to = (char *)mempcpy(to, one.ptr, one.len);
		*to++ = '\0';
	}
	all[i] = NULL;
	return all;
}
