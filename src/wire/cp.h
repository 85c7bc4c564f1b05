/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_CP_H
#define WIRE_CP_H

#include "base/reader.h"
#include "wire/payload.h"

/* Configuration (RFC 7296 3.15). */

struct cp_payload {
	uint8_t type;        /* enum cp_type */
	struct view body;    /* the attributes, for cp_next */
	uint16_t attributes; /* how many */
};

struct cp_attribute {
	uint16_t type; /* enum cp_attribute_type or another number */
	struct view value;
};

/*
 * CYG_UNSUPPORTED for a type other than 1 to 4; CYG_MALFORMED when an attribute
 * passes the end or its length is not one that its row allows. Unknown
 * attributes pass, to be left out by the reader.
 */
MUST_CHECK enum cyg_err cp_parse(const struct payload *p, struct cp_payload *ret,
				 struct diag *why);

/* Walk the attributes; cannot fail after cp_parse. False after the last. */
struct reader cp_walk(const struct cp_payload *cp);
bool cp_next(struct reader *walk, struct cp_attribute *ret);

/* Write a body: type of enum cp_type; attributes in order, len of them, may be 0. */
void cp_build(struct builder *b, uint8_t type, const struct cp_attribute *attributes,
	      size_t len);

#endif
