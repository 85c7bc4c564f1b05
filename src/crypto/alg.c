/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/alg.h"

#include "crypto/alg_table.h"

#include <stdio.h>
#include <string.h>

const struct alg *alg_by_id(enum alg_kind kind, uint16_t id)
{
	if ((unsigned)kind >= ALG_KINDS || id >= alg_rows[kind].count)
		return NULL;
	const struct alg *a = &alg_rows[kind].rows[id];
	return a->name ? a : NULL;
}

const struct alg *alg_next(enum alg_kind kind, const struct alg *prev)
{
	if ((unsigned)kind >= ALG_KINDS)
		return NULL;
	for (size_t id = prev ? prev->id + 1u : 0; id < alg_rows[kind].count; id++)
		if (alg_rows[kind].rows[id].name)
			return &alg_rows[kind].rows[id];
	return NULL;
}

bool alg_bits_ok(const struct alg *a, uint16_t bits)
{
	if (!bits)
		return !a->bits[0];
	for (size_t i = 0; i < ALG_BITS_MAX; i++)
		if (a->bits[i] == bits)
			return true;
	return false;
}

static bool is_separator(uint8_t c)
{
	return c == '_' || c == '-';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

#define BITS_TEXT_MAX 6 /* octets that a key size with its separator takes */

/* An allowed key size at the start of `v`, with its separator: the octets taken, or 0. */
static size_t match_bits(const struct alg *a, struct view v, uint16_t *bits)
{
	size_t at = v.len && is_separator(v.ptr[0]) ? 1 : 0;
	unsigned value = 0;
	size_t first = at;

	while (at < v.len && is_digit(v.ptr[at]) && at - first < 5)
		value = value * 10 + (v.ptr[at++] - '0');
	if (at == first || !value || value > UINT16_MAX || !alg_bits_ok(a, (uint16_t)value))
		return 0;
	*bits = (uint16_t)value;
	return at;
}

/* Does `pattern` (see struct alg, names) match all of `v`? */
static bool match_pattern(const char *pattern, const struct alg *a, struct view v,
			  uint16_t *bits)
{
	size_t at = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '_')
			at += at < v.len && is_separator(v.ptr[at]);
		else if (*pattern == '#')
			at += match_bits(a, view_of(v.ptr + at, v.len - at), bits);
		else if (at < v.len && lower(v.ptr[at]) == (uint8_t)*pattern)
			at++;
		else
			return false;
	}
	return at == v.len;
}

static bool match_row(const struct alg *a, struct view v, uint16_t *ret_bits)
{
	uint8_t first = lower(v.ptr[0]);

	/* Nearly all patterns are passed over: they begin otherwise or are too short. */
	for (const char *const *name = a->names; name && *name; name++) {
		uint16_t bits = 0;
		if ((uint8_t) * *name == first && v.len < strlen(*name) + BITS_TEXT_MAX &&
		    match_pattern(*name, a, v, &bits)) {
			*ret_bits = bits;
			return true;
		}
	}
	return false;
}

const struct alg *alg_by_name(enum alg_kind kind, struct view name, uint16_t *ret_bits)
{
	if (!name.len || (unsigned)kind >= ALG_KINDS)
		return NULL;
	for (size_t id = 0; id < alg_rows[kind].count; id++)
		if (match_row(&alg_rows[kind].rows[id], name, ret_bits))
			return &alg_rows[kind].rows[id];
	return NULL;
}

const char *alg_kind_name(unsigned kind)
{
	static const char *const names[ALG_KINDS] = {
		"?",      "ENCR",   "PRF",    "INTEG",  "KE",     "ESN",    "ADDKE1",
		"ADDKE2", "ADDKE3", "ADDKE4", "ADDKE5", "ADDKE6", "ADDKE7",
	};
	return kind < ALG_KINDS ? names[kind] : "?";
}

const char *alg_print(const struct alg *a, uint16_t bits, char buf[ALG_TEXT_MAX])
{
	if (bits)
		snprintf(buf, ALG_TEXT_MAX, "%s_%u", a->name, bits);
	else
		snprintf(buf, ALG_TEXT_MAX, "%s", a->name);
	return buf;
}

const char *alg_print_id(unsigned kind, uint16_t id, uint16_t bits, char buf[ALG_TEXT_MAX])
{
	const struct alg *a = alg_by_id(kind, id);
	if (a)
		return alg_print(a, bits, buf);
	if (bits)
		snprintf(buf, ALG_TEXT_MAX, "%s(%u)_%u", alg_kind_name(kind), id, bits);
	else
		snprintf(buf, ALG_TEXT_MAX, "%s(%u)", alg_kind_name(kind), id);
	return buf;
}

static uint16_t bits_or_default(const struct alg *a, uint16_t bits)
{
	return bits ? bits : a->bits_default;
}

size_t alg_key_len(const struct alg *a, uint16_t bits)
{
	bits = bits_or_default(a, bits);
	if (!alg_bits_ok(a, bits))
		return 0;
	return bits ? bits / 8u : a->key_len;
}

const char *alg_refusal(const struct alg *a, unsigned use)
{
	if (a->strength == ALG_REFUSED)
		return a->why;
	if (!a->built)
		return "it is known by name only: this build cannot do it";
	return a->built & use ? NULL : "it serves ESP alone, not IKE";
}

const struct alg *alg_prf_of(const struct alg *integ)
{
	return integ->hash_prf ? alg_by_id(ALG_PRF, integ->hash_prf) : NULL;
}
