/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_GROUPS_H
#define CONF_GROUPS_H

#include "base/view.h"
#include "conf/problem.h"
#include "conn/group.h"

/*
 * Files of policy groups, ipsec.d/policies/NAME: networks and addresses, one or
 * several on a line, "#" begins a comment. Behind a network may stand what
 * narrows it: "PROTOCOL SOURCEPORT DESTINATIONPORT", as Libreswan has it; 0 is any.
 */
struct group_lines {
	struct group_line *items; /* owned */
	size_t len, cap;
	bool blank; /* the file has nothing at all, not even a comment */
	bool unended; /* its last line names something and does not end: told as a warning */
};

#define GROUP_LINES_MAX 1000000 /* of one file */
#define GROUP_OCTETS_MAX (64u << 20)

/*
 * Read a file. All of it is right or it is refused whole (CYG_MALFORMED): what
 * is left out of a policy would be met by another one. Each fault is a problem
 * with its place. CYG_NOTFOUND when there is no such file; CYG_IO, CYG_PERM,
 * CYG_LIMIT, CYG_NOMEM, with the reason among the problems. *ret is written
 * only on success.
 */
MUST_CHECK enum cyg_err groups_read(const char *path, struct group_lines *ret,
				    struct problems *problems);
/* The same for text that is at hand; `name` is the file's in what is said of it. */
MUST_CHECK enum cyg_err groups_parse(struct view text, const char *name,
				     struct group_lines *ret, struct problems *problems);
/* Free; {0} is fine. */
void group_lines_done(struct group_lines *g);

#endif
