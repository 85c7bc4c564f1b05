/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOKEN_NAME_H
#define TOKEN_NAME_H

#include "base/diag.h"
#include "base/err.h"

#include <p11-kit/uri.h>

/* What names a token and objects on it: "pkcs11:..." (RFC 7512) or "%smartcard[[#]N[@MODULE]][:ID]". */
#define TOKEN_ID_MAX 64      /* octets of a CKA_ID */
#define TOKEN_MODULE_MAX 128 /* of a module's name, with NUL */

struct token_name {
	P11KitUri *uri; /* NULL: of the other form */
	unsigned slot;  /* "#N", from 0, among all or those of `module`; TOKEN_SLOT_ANY */
	char module[TOKEN_MODULE_MAX]; /* as p11-kit calls it; "": any */
	uint8_t id[TOKEN_ID_MAX];
	size_t id_len; /* 0: any object */
};
#define TOKEN_SLOT_ANY UINT32_MAX

/* CYG_MALFORMED with *why, CYG_NOMEM. *ret wants token_name_done. */
MUST_CHECK enum cyg_err token_name_parse(const char *text, struct token_name *ret,
					 struct diag *why);
void token_name_done(struct token_name *n);

#endif
