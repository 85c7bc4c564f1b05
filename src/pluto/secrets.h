/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_SECRETS_H
#define PLUTO_SECRETS_H

#include "conf/problem.h"
#include "trust/secret.h"

/* What secrets_load has read. */
struct secrets_text {
	uint64_t sum; /* another one says that it was something else */
	bool unended; /* it may be half of a file (conf/secrets.h) */
};

/*
 * ipsec.secrets as trust wants it: a whole new set. What is wrong with single
 * records goes to `problems` (caller: problems_done); a file that can't be
 * read at all is an error with *why, and *ret is untouched, so that the
 * secrets in force stay.
 */
MUST_CHECK enum cyg_err secrets_load(const char *path, struct secret_set **ret,
				     struct secrets_text *ret_text, struct problems *problems,
				     struct diag *why);

#endif
