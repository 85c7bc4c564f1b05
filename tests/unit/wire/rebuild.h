/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WIRE_REBUILD_H
#define TESTS_UNIT_WIRE_REBUILD_H

#include "base/builder.h"
#include "base/err.h"
#include "wire/header.h"
#include "wire/message.h"

/*
 * The law build(parse(x)) = x, as code that tests and the fuzz target share.
 * "Canonical" means: what RFC 7296 has the sender set to zero is zero.
 */

/*
 * Parse a payload and build it again. What its parser refuses is passed on.
 * SK and SKF, which are layout alone, are copied. *ret_exact (may be NULL) is false when the
 * payload holds something that is read past and so cannot come back: an attribute that this
 * room does not know.
 */
MUST_CHECK enum cyg_err rebuild_payload(const struct payload *p, bool answer,
					struct builder *out, bool *ret_exact);

/* The body of a payload that parses, with all that must be zero set to zero. */
void rebuild_canonical(const struct payload *p, uint8_t *out);

/* The whole message again from its header and the bodies of its payloads; skipped ones are lost. */
struct view rebuild_message(const struct ike_header *h, const struct message *m,
			    struct builder *b);

#endif
