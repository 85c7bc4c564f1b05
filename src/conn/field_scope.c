/* SPDX-License-Identifier: Apache-2.0 */
/* Marks and interfaces: which packets a connection is for beside its selectors. */
#include "conn/field_kind.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define UNIQUE "%unique"
#define UNIQUE_DIR "%unique-dir"

/* Libreswan writes -1 for a number that the tunnel has for itself. */
static uint8_t own_of(const char *text)
{
	return text_same(text, UNIQUE) || !strcmp(text, "-1") ||
			       text_same(text, "-1/0xffffffff")
		       ? OWN_TUNNEL
	       : text_same(text, UNIQUE_DIR) ? OWN_DIRECTION
					     : OWN_NOT;
}

/* Decimal, or hexadecimal behind 0x; `end` is what must follow. */
static bool read_u32(const char *text, char end, uint32_t *ret)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	unsigned long long value;
	char *behind;

	if (!isxdigit((unsigned char)*digits))
		return false;
	value = strtoull(digits, &behind, hex ? 16 : 10);
	if (behind == digits || *behind != end || value > UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static enum cyg_err read_mark(const struct field_kind *k, const char *text,
			      struct described_mark *ret, struct diag *why)
{
	const char *slash = strchr(text, '/');
	struct described_mark d = {.mark = {.mask = UINT32_MAX}, .own = own_of(text)};

	if (d.own) {
		*ret = (struct described_mark){.own = d.own};
		return CYG_OK;
	}
	if (!read_u32(text, slash ? '/' : '\0', &d.mark.value) ||
	    (slash && !read_u32(slash + 1, '\0', &d.mark.mask)))
		return field_refuse(k, CYG_MALFORMED, text, why);
	if (d.mark.value & ~d.mark.mask) {
		diag_set(
			why, "bad-value", NULL,
			"the mark has bits that its mask has not, so no packet would be of it");
		diag_wanted(why, "%s", k->wanted);
		diag_got(why, "0x%x outside of 0x%x", d.mark.value & ~d.mark.mask, d.mark.mask);
		return CYG_MALFORMED;
	}
	*ret = d;
	return CYG_OK;
}

static enum cyg_err set_mark(const struct field_kind *k, struct connection *c, void *at,
			     const char *text, struct diag *why)
{
	return read_mark(k, text, at, why);
}

/* mark= is both directions; `at` is the first of them. */
static enum cyg_err set_marks(const struct field_kind *k, struct connection *c, void *at,
			      const char *text, struct diag *why)
{
	struct described_mark *both = at;
	enum cyg_err err = read_mark(k, text, &both[SA_IN], why);

	if (!err)
		both[SA_OUT] = both[SA_IN];
	return err;
}

static bool get_mark(const struct field_kind *k, const void *at, const void *unset,
		     struct text *out)
{
	const struct described_mark *d = at;

	if (!d->own && !d->mark.mask)
		return false;
	if (d->own)
		text_add_str(out, d->own == OWN_DIRECTION ? UNIQUE_DIR : UNIQUE);
	else if (d->mark.mask == UINT32_MAX)
		text_add(out, "%u", d->mark.value);
	else
		text_add(out, "0x%x/0x%x", d->mark.value, d->mark.mask);
	return true;
}

static enum cyg_err set_if_id(const struct field_kind *k, struct connection *c, void *at,
			      const char *text, struct diag *why)
{
	struct described_id d = {.own = own_of(text)};

	if (!d.own && !read_u32(text, '\0', &d.id))
		return field_refuse(k, CYG_MALFORMED, text, why);
	memcpy(at, &d, sizeof(d));
	return CYG_OK;
}

static bool get_if_id(const struct field_kind *k, const void *at, const void *unset,
		      struct text *out)
{
	const struct described_id *d = at;

	if (!d->own && !d->id)
		return false;
	if (d->own)
		text_add_str(out, d->own == OWN_DIRECTION ? UNIQUE_DIR : UNIQUE);
	else
		text_add(out, "%u", d->id);
	return true;
}

#define MARK_WANTED "a mark, such as 5 or 0x10/0xf0, or %unique or %unique-dir"

const struct field_kind field_marks = {.set = set_marks, .wanted = MARK_WANTED};
const struct field_kind field_mark = {set_mark, get_mark, .wanted = MARK_WANTED};
const struct field_kind field_if_id = {
	set_if_id, get_if_id, .wanted = "a number (0: none), or %unique or %unique-dir"};
