/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SECRETS_H
#define CONF_SECRETS_H

#include "conf/problem.h"
#include "conn/secret_record.h"

/* ipsec.secrets(5): records "[index ...] : KIND data", in the order of the files. */
struct secret_lines {
	struct secret_record *items;
	size_t len, cap;
	char **files; /* the names that the records' `file` point at */
	size_t files_len;
	/*
	 * Some file ends amid a word, without the newline: it may be half written. A closed quote or
	 * brace is no such end. Told as a warning; what the word says is among the items.
	 */
	bool unended;
	uint64_t sum; /* of all that was read: another one says that it was something else */
};

/*
 * Read `path` and its includes. CYG_IO, CYG_PERM as conf_file_read. A bad
 * record is a problem and skipped; all others are read. A file that everyone
 * can read, or that its group can write, is refused (CYG_PERM); one that the
 * group can read is a warning. No problem's text ever holds a part of a secret.
 */
MUST_CHECK enum cyg_err secrets_read(const char *path, struct secret_lines *ret,
				     struct problems *problems);
/* The same of a text; `name` is what problems call it, and includes are looked up beside it. */
MUST_CHECK enum cyg_err secrets_parse(struct view text, const char *name,
				      struct secret_lines *ret, struct problems *problems);
void secret_lines_done(struct secret_lines *s); /* wipes */

#endif
