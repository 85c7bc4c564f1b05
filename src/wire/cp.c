/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/cp.h"

#include "wire/refuse.h"

#include <assert.h>
#include <stdio.h>

#define RESERVED_BIT 0x8000 /* of the attribute type; ignored on receipt */

static const struct rule bad_cp = {CYG_MALFORMED, "malformed-cp", "RFC 7296 3.15"};
static const struct rule unknown_cp = {CYG_UNSUPPORTED, "unknown-cp-type", "RFC 7296 3.15"};

static struct cp_attribute read_attribute(struct reader *r)
{
	struct cp_attribute a = {.type = read_u16(r) & (uint16_t)~RESERVED_BIT};

	a.value = read_view(r, read_u16(r));
	return a;
}

static enum cyg_err check_attribute(const struct cp_attribute *a, size_t at, struct diag *why)
{
	const struct cp_attribute_row *row = cp_attribute_row(a->type);
	struct rule broken = {CYG_MALFORMED, "malformed-cp", row ? row->ref : NULL};
	char wanted[40];

	if (!row || a->value.len == 0 ||
	    (a->value.len >= row->len_min && a->value.len <= row->len_max))
		return CYG_OK;
	snprintf(wanted, sizeof(wanted), "0, or %u to %u octets", row->len_min, row->len_max);
	return refuse(why, &broken, at, "a configuration attribute has the wrong length",
		      wanted, "%s with %zu", row->name, a->value.len);
}

enum cyg_err cp_parse(const struct payload *p, struct cp_payload *ret, struct diag *why)
{
	struct reader r = reader_of(p->body), list;
	struct cp_payload cp = {.type = read_u8(&r)};
	enum cyg_err err;

	read_skip(&r, 3);
	cp.body = read_rest(&r);
	if (r.bad)
		return refuse(why, &bad_cp, p->offset, "the configuration payload has no type",
			      "type and 3 reserved octets", "%zu octets", p->body.len);
	if (cp.type < CP_REQUEST || cp.type > CP_ACK)
		return refuse(why, &unknown_cp, p->offset,
			      "the configuration payload is of an unknown type", "1 to 4", "%u",
			      cp.type);
	list = reader_of(cp.body);
	while (read_left(&list)) {
		size_t at = p->offset + 2 * PAYLOAD_HEADER_LEN + read_offset(&list);
		struct cp_attribute a = read_attribute(&list);

		if (list.bad)
			return refuse(why, &bad_cp, at,
				      "a configuration attribute passes the end",
				      "no more than is left", "attribute %u", a.type);
		err = check_attribute(&a, at, why);
		if (err)
			return err;
		cp.attributes++;
	}
	*ret = cp;
	return CYG_OK;
}

struct reader cp_walk(const struct cp_payload *cp)
{
	return reader_of(cp->body);
}

bool cp_next(struct reader *walk, struct cp_attribute *ret)
{
	if (read_left(walk) == 0)
		return false;
	*ret = read_attribute(walk);
	return true;
}

void cp_build(struct builder *b, uint8_t type, const struct cp_attribute *attributes,
	      size_t len)
{
	assert(type >= CP_REQUEST && type <= CP_ACK);
	build_u8(b, type);
	build_zero(b, 3);
	for (size_t i = 0; i < len; i++) {
		assert(attributes[i].type < RESERVED_BIT);
		assert(attributes[i].value.len <= UINT16_MAX);
		build_u16(b, attributes[i].type);
		build_u16(b, (uint16_t)attributes[i].value.len);
		build_view(b, attributes[i].value);
	}
}
