/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_AUTHORITY_H
#define WHACK_AUTHORITY_H

#include "base/diag.h"
#include "base/err.h"
#include "conn/authority.h"

#include <jansson.h>

struct json_out;

/* Certification authorities on the control protocol. */

#define AUTHORITY_FILE_MAX (64u << 10) /* octets of a certificate's file */

/* Add {"cacert": "...", "crluri": "..."}, what is said, as the member `key`. */
void authority_write(struct json_out *o, const char *key, const struct authority *a);
/*
 * Back from it: free() *ret. CYG_RANGE for a word that there is not, or that is no text
 * (`parameter`, room of 64, names it), CYG_NOMEM.
 */
MUST_CHECK enum cyg_err authority_from_json(const char *name, const json_t *json,
					    struct authority **ret, char *parameter,
					    struct diag *why);

/*
 * The octets of a certificate's file as hex, as the call carries them: whoever calls opens
 * the file, not pluto. free() *ret. CYG_IO, CYG_LIMIT, CYG_NOMEM with *why.
 */
MUST_CHECK enum cyg_err authority_read(const char *path, char **ret, struct diag *why);

#endif
