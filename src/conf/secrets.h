/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SECRETS_H
#define CONF_SECRETS_H

#include "base/view.h"
#include "conf/problem.h"
#include "conn/ident.h"

/* ipsec.secrets(5): records "[index ...] : KIND data". */

enum secret_line_kind {
	SECRET_LINE_PSK,
	SECRET_LINE_XAUTH,
	SECRET_LINE_PPK,
	SECRET_LINE_KEYFILE, /* RSA, ECDSA, PKCS8, P12: value is the file's name */
	SECRET_LINE_PIN,
};

struct secret_line {
	uint8_t kind;                 /* enum secret_line_kind */
	const struct ident **indices; /* none: anyone */
	size_t indices_len;
	struct bytes value; /* the secret itself; wiped by secret_lines_done */
	char *file;
	unsigned line;
};

struct secret_lines {
	struct secret_line *items;
	size_t len, cap;
};

/*
 * Read `path` and its includes. CYG_IO, CYG_PERM as conf_file_read. A bad
 * record is a problem and skipped; all others are read. A file that group or
 * others can read is a warning, one they can write is refused.
 */
MUST_CHECK enum cyg_err secrets_read(const char *path, struct secret_lines *ret,
				     struct problems *problems);
MUST_CHECK enum cyg_err secrets_parse(struct view text, const char *name,
				      struct secret_lines *ret, struct problems *problems);
void secret_lines_done(struct secret_lines *s); /* wipes */

#endif
