/* SPDX-License-Identifier: Apache-2.0 */
/* Marks and interfaces: which packets a connection is for beside its selectors. */
#include "conn/field_kind.h"

#include "conn/sa.h"

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

/* ---- interfaces ---- */

#define INTERFACE_LAST \
	99999 /* so that its name is one of an interface, whatever is put ahead */

static enum cyg_err set_interface(const struct field_kind *k, struct connection *c, void *at,
				  const char *text, struct diag *why)
{
	uint64_t number = text_same(text, "yes") ? 1 : 0;

	if (text_number(text, 0, INTERFACE_LAST, &number))
		number = number ? number : INTERFACE_ZERO;
	else if (!number && !text_same(text, "no"))
		return field_refuse(k, CYG_RANGE, text, why);
	*(uint32_t *)at = (uint32_t)number;
	return CYG_OK;
}

static bool get_interface(const struct field_kind *k, const void *at, const void *unset,
			  struct text *out)
{
	uint32_t number = *(const uint32_t *)at;

	if (number)
		text_add(out, "%u", number == INTERFACE_ZERO ? 0 : number);
	return number;
}

const struct field_kind field_interface = {set_interface, get_interface,
					   .wanted = "yes, no or a number from 0 to 99999"};

/* An address with the length of its network, whose host bits stay. */
static enum cyg_err set_host_bits(const struct field_kind *k, struct connection *c, void *at,
				  const char *text, struct diag *why)
{
	const char *slash = strchr(text, '/');
	char addr[IP_TEXT_MAX];
	struct ip_prefix p;
	uint64_t bits;

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return field_refuse(k, CYG_MALFORMED, text, why);
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (ip_parse(addr, &p.addr) != CYG_OK ||
	    !text_number(slash + 1, 1, ip_bits(&p.addr), &bits))
		return field_refuse(k, CYG_MALFORMED, text, why);
	p.bits = (uint8_t)bits;
	memcpy(at, &p, sizeof(p));
	return CYG_OK;
}

static bool get_host_bits(const struct field_kind *k, const void *at, const void *unset,
			  struct text *out)
{
	const struct ip_prefix *p = at;
	char buf[IP_TEXT_MAX];

	if (!ip_is_set(&p->addr))
		return false;
	text_add(out, "%s/%u", ip_print(&p->addr, buf), p->bits);
	return true;
}

const struct field_kind field_host_bits = {
	set_host_bits, get_host_bits,
	.wanted = "an address with the length of its network, such as 10.9.0.1/30"};

/* A name that the kernel takes for an interface. */
static enum cyg_err set_link_name(const struct field_kind *k, struct connection *c, void *at,
				  const char *text, struct diag *why)
{
	char **name = at, *copy;
	size_t len = strlen(text);

	if (!len || len >= LINK_NAME_MAX || !strcmp(text, ".") || !strcmp(text, ".."))
		return field_refuse(k, CYG_MALFORMED, text, why);
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]) || strchr("/:%", text[i]))
			return field_refuse(k, CYG_MALFORMED, text, why);
	copy = strdup(text);
	if (!copy)
		return CYG_NOMEM;
	free(*name);
	*name = copy;
	return CYG_OK;
}

static bool get_link_name(const struct field_kind *k, const void *at, const void *unset,
			  struct text *out)
{
	const char *name = *(char *const *)at;

	if (name)
		text_add_str(out, name);
	return name;
}

const struct field_kind field_link_name = {
	set_link_name, get_link_name,
	.wanted = "an interface's name, of 1 to 15 letters, digits and dashes"};

/* yes is the default, and kept as its contrary. */
static enum cyg_err set_no_bool(const struct field_kind *k, struct connection *c, void *at,
				const char *text, struct diag *why)
{
	bool yes;
	enum cyg_err err = field_bool.set(&field_bool, c, &yes, text, why);

	if (!err)
		*(bool *)at = !yes;
	return err;
}

static bool get_no_bool(const struct field_kind *k, const void *at, const void *unset,
			struct text *out)
{
	bool no = *(const bool *)at;

	if (no)
		text_add_str(out, "no");
	return no;
}

const struct field_kind field_no_bool = {set_no_bool, get_no_bool, .wanted = "yes or no"};
