/* SPDX-License-Identifier: Apache-2.0 */
/* The word by which a configuration names an algorithm, from the registry's patterns. */
#include "conn/proposal_kind.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether all that a pattern leaves open can be left out without running numbers together. */
static bool reads_well(const char *pattern, bool sized)
{
	if (sized)
		return strchr(pattern, '#') && !strchr(pattern, '_');
	for (const char *p = strchr(pattern, '_'); p; p = strchr(p + 1, '_'))
		if (p > pattern && is_digit(p[-1]) && is_digit(p[1]))
			return false;
	return !strchr(pattern, '#');
}

static const char *best_pattern(const struct alg *a, bool sized)
{
	for (size_t i = 0; a->names[i]; i++)
		if (reads_well(a->names[i], sized))
			return a->names[i];
	return a->names[0];
}

const char *transform_word(const struct transform *t, char buf[ALG_TEXT_MAX])
{
	const struct alg *a = alg_by_id(t->kind, t->id);
	size_t used = 0;

	if (!a || !a->names || !a->names[0])
		return alg_print_id(t->kind, t->id, t->key_bits, buf);
	buf[0] = '\0';
	if (t->kind == ALG_PRF)
		buf_add(buf, ALG_TEXT_MAX, &used, "prf");
	for (const char *p = best_pattern(a, t->key_bits != 0); *p; p++) {
		if (*p == '#' && t->key_bits)
			buf_add(buf, ALG_TEXT_MAX, &used, "%u", t->key_bits);
		else if (*p != '#' && *p != '_')
			buf_add(buf, ALG_TEXT_MAX, &used, "%c", *p);
	}
	return buf;
}
