/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/clock.h"

#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SPAN_S 0.2

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double cpu_now(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double wall_now(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

void measure(const char *what, void (*work)(void *ctx), void *ctx)
{
	double begin = cpu_now(), spent;
	unsigned long n = 0, batch = 1;

	do {
		for (unsigned long i = 0; i < batch; i++)
			work(ctx);
		n += batch;
		spent = cpu_now() - begin;
		if (spent < SPAN_S / 16)
			batch *= 2;
	} while (spent < SPAN_S);
	printf("%-52s %10.3f us\n", what, spent / (double)n * 1e6);
}

unsigned count_argument(int argc, char **argv, int at, unsigned usual, unsigned most)
{
	uint64_t n;

	if (at >= argc)
		return usual;
	if (text_number(argv[at], 1, most, &n))
		return (unsigned)n;
	fprintf(stderr, "%s: wanted a number from 1 to %u, got \"%s\"\n", argv[0], most,
		argv[at]);
	exit(2);
}
