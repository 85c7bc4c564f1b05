/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_SEVERAL_H
#define PLUTO_SEVERAL_H

#include <stdbool.h>
#include <stdint.h>

struct match_list;

/*
 * A command over several connections, which are begun in turns of the loop: when its call is
 * over, and with which reply code. Commands end while others of them have not begun yet: who
 * waits hears of all that, who does not (--asynchronous) of what is refused at once alone.
 */
struct several {
	struct match_list *list;
	uint8_t kind;   /* enum command_kind */
	bool wait;      /* the call ends with the last of them */
	bool beginning; /* of some the command has not begun yet */
	bool at_once;   /* what ends now does so while it is begun */
	unsigned open;  /* begun and not ended */
	unsigned code;  /* of the first failure */
};

/* A reply code that is no failure. */
bool reply_is_good(unsigned code);

/* The next one is begun: what ends until several_begun was refused, or done, at once. */
void several_begin(struct several *s);
void several_begun(struct several *s);

/* One of them has ended. */
void several_end(struct several *s, unsigned code);

/* Whether the call is over; then *ret_code is how. */
bool several_is_over(const struct several *s, unsigned *ret_code);

#endif
