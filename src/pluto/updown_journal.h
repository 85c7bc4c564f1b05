/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_UPDOWN_JOURNAL_H
#define PLUTO_UPDOWN_JOURNAL_H

#include "conn/action.h"

/*
 * Which updown programs have been called without their counterpart, kept in a
 * file of the run folder: a daemon that was killed cannot call down and unroute
 * any more, but the next one can say what still stands.
 */
struct journal;

#define JOURNAL_FILE "updown.journal"

/*
 * Open the folder's file, tell `left` of each connection in it (NAME or
 * NAME[instance]; `up`: down was not called either), and begin an empty one.
 * CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err journal_open(int folder, struct journal **ret,
				     void (*left)(void *ctx, const char *connection, bool up),
				     void *ctx);

/*
 * A call that sets up (route, up) is about to be made, or one that undoes (down, unroute)
 * has ended. What can't be written is lost; false then.
 */
bool journal_note(struct journal *j, const struct updown *u);

/* The daemon ends in order: the file goes. NULL is fine. */
void journal_close(struct journal *j);

#endif
