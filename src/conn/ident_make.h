/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_IDENT_MAKE_H
#define CONN_IDENT_MAKE_H

#include "conn/ident.h"

/* Shared by ident.c and ident_text.c alone. */

/* What every identity must fulfil, pattern or not. CYG_MALFORMED, CYG_UNSUPPORTED, CYG_LIMIT. */
MUST_CHECK enum cyg_err ident_check(uint8_t type, struct view data, struct diag *why);

/* A new identity of checked data, one reference. CYG_NOMEM. */
MUST_CHECK enum cyg_err ident_make(uint8_t type, uint8_t wildcards, struct view data,
				   const struct ident **ret);

#endif
