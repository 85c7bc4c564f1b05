/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_ASKED_H
#define CONF_ASKED_H

#include "conf/file.h"

/*
 * Of a file with many connections, the few that somebody asks for: they, and
 * what they take in by also=, directly or not. Private to this room.
 */
#define ASKED_MAX 64 /* sections that are asked for by name; more: the whole file is read */

struct wanted {
	struct view names[ASKED_MAX]; /* borrowed */
	size_t len;
};

/* Want these. False: there are more than ASKED_MAX. */
bool wanted_take(struct wanted *w, char *const *names, size_t len)
	__attribute__((warn_unused_result));

/*
 * Of a file of which what is wanted was read, read what else these connections
 * need. Their also= go into *w. CYG_CONFLICT: the whole file is to be read, since
 * one of them has no section (it may be an alias), or there is too much of
 * something. Else errors are conf_file_read_more's.
 */
MUST_CHECK enum cyg_err wanted_complete(struct wanted *w, struct conf_file *f,
					struct problems *problems);

#endif
