/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

/* What measurements share: clocks, an operation measured, a count given as an argument. */

/* CPU time of this process, in seconds. */
double cpu_now(void);

/* Time that passes, whoever has the processor, in seconds; from a point of no meaning. */
double wall_now(void);

/*
 * Print what one call of `work` takes, in microseconds of CPU: it is called again and again for
 * a fifth of a second, in batches that make the clock's own cost vanish.
 */
void measure(const char *what, void (*work)(void *ctx), void *ctx);

/*
 * The argument at `at` as a number from 1 to `most`, or `usual` where there is none. Ends the
 * program with a message for anything else.
 */
unsigned count_argument(int argc, char **argv, int at, unsigned usual, unsigned most);

#endif
