/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_EXIT_H
#define WHACK_EXIT_H

#include <stdbool.h>

/*
 * Openswan 3's exit status of whack, from the numbers of the lines that came:
 * 000 and 002 leave it alone, 004 makes it 0, any other number becomes the
 * status, so that the last such line counts. With `asynchronous` lines don't
 * count, because nobody waited for the result; how the command itself ended does: what
 * was refused at once has failed. {0} is the start.
 */
struct whack_exit {
	bool asynchronous;
	unsigned status;
};

/* One more line came; the command ended. */
void whack_exit_line(struct whack_exit *e, unsigned code);
void whack_exit_end(struct whack_exit *e, unsigned code);

/*
 * What to hand to exit(2): as a shell would see it, but never 0 for a failure that wraps to 0.
 */
int whack_exit_status(const struct whack_exit *e);

#endif
