/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_REFUSE_H
#define WIRE_REFUSE_H

#include "base/diag.h"
#include "base/err.h"

/*
 * How the parsers of this room refuse: a rule names what was broken, refuse()
 * fills the diagnostic and gives back the rule's error, so that a check is one
 * statement. Of use to this room only.
 */
struct rule {
	enum cyg_err err;
	const char *code; /* of the diagnostic: "malformed-nonce" */
	const char *ref;  /* "RFC 7296 3.9" */
};

/*
 * The rule broken at `offset`; returns rule->err. `why` may be NULL: then nothing is
 * formatted.
 */
MUST_CHECK enum cyg_err refuse(struct diag *why, const struct rule *rule, size_t offset,
			       const char *sentence, const char *wanted, const char *got_fmt,
			       ...) __attribute__((format(printf, 6, 7)));

#endif
