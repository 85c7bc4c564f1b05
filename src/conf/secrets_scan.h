/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SECRETS_SCAN_H
#define CONF_SECRETS_SCAN_H

#include "conf/input.h"
#include "conf/secrets.h"

/* Private to secrets*.c: the words of a record, and what each kind of record holds. */

/* One file being read. */
struct secrets_parse {
	struct secret_lines *lines;
	struct problems *problems;
	const struct input *input;
	enum cyg_err err;      /* out of memory */
	const char *text;      /* all of it */
	unsigned include_line; /* of the include that is being followed */
};

/* A cursor over one record's text, newlines counted. */
struct secrets_scan {
	struct secrets_parse *p;
	const char *at, *end;
	unsigned line;
};

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_COLON, TOKEN_BAD };

struct token {
	enum token_kind kind;
	const char *ptr; /* without quotes */
	size_t len;
	unsigned line;
	const char *at; /* where it begins, quote and all; where the text ends for TOKEN_END */
};

/*
 * The next word, quoted text or colon. A colon that ends a word is a token of
 * its own; colons inside it (IPv6) are not. With `want_data`, "0t" takes the rest of
 * the line. TOKEN_BAD: a quote that is not closed on its line.
 */
struct token secrets_token(struct secrets_scan *s, bool want_data);
/* Whether an unquoted word is `word`, in any letter case. */
bool token_is(const struct token *t, const char *word);
/* A copy as a string, or NULL when memory is short or a NUL octet is in it. */
char *token_text(const struct token *t);
/*
 * The octets of a token: quoted text as it is, 0x hex, 0s base64, 0t text;
 * CYG_MALFORMED for anything else, CYG_NOMEM. No copy is left behind then.
 */
MUST_CHECK enum cyg_err token_decode(const struct token *t, struct bytes *ret);

/*
 * Add a problem of the file, code "secrets-syntax", at a token or in column 1 of a line;
 * `hint` may be NULL.
 */
void secrets_complain_at(struct secrets_parse *p, enum problem_level level,
			 const struct token *t, const char *hint, const char *sentence);
void secrets_complain(struct secrets_parse *p, enum problem_level level, unsigned line,
		      const char *hint, const char *sentence);

/*
 * What stands behind the colon: the kind and its data, up to the end of the
 * record. False when it can't be used, which has been said.
 */
bool secrets_read_data(struct secrets_scan *s, struct secret_record *r);

#endif
