/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_LDIF_H
#define FETCH_LDIF_H

#include "base/err.h"
#include "base/view.h"

/*
 * The first binary value in a directory's answer, as libcurl hands it over: lines "DN: ...", and
 * "NAME:: BASE64" for a value that is not plain text. CYG_NOTFOUND: it has none; CYG_MALFORMED:
 * that is no base64; CYG_NOMEM. *ret is the caller's.
 */
MUST_CHECK enum cyg_err ldif_first_binary(struct view answer, struct bytes *ret);

#endif
