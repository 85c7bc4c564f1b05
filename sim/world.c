/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual time. The queue gives happenings in the order of their moments, and
 * those of one moment in the order they were put in, so a seed always tells
 * the same story.
 */
#include "sim/world.h"

#include "crypto/crypto.h"
#include "sim/machine.h"
#include "sim/witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HAPPENINGS_MAX 5000000 /* of one run: more is a fault that feeds itself */
#define MOMENT_MAX 200000      /* at one moment: time stands still */

enum stream { STREAM_SCENARIO = 1, STREAM_NET, STREAM_CRYPTO };

void *sim_alloc(size_t len)
{
	void *p = calloc(1, len);

	if (!p) {
		fputs("sim: out of memory\n", stderr);
		exit(3);
	}
	return p;
}

bool lab_init(struct lab *lab)
{
	struct entropy e = entropy_seed(&lab->source, 0);

	lab->crypto = crypto_new(&e);
	return lab->crypto;
}

void lab_done(struct lab *lab)
{
	crypto_free(lab->crypto);
}

struct world *world_new(struct lab *lab, uint64_t seed, enum trace_level level,
			enum sabotage sabotage)
{
	struct world *w = sim_alloc(sizeof(*w));
	struct dice crypto_dice;

	w->lab = lab;
	w->seed = seed;
	w->level = level;
	w->sabotage = sabotage;
	dice_make(&crypto_dice, seed, STREAM_CRYPTO);
	lab->source = crypto_dice.state;
	dice_make(&w->dice, seed, STREAM_SCENARIO);
	dice_make(&w->net.dice, seed, STREAM_NET);
	list_init(&w->machines);
	list_init(&w->probes);
	net_init(w);
	w->witness = witness_new();
	return w;
}

static void free_probes(struct world *w)
{
	LIST_EACH(p, &w->probes, struct probe, link)
		free(p);
}

void world_free(struct world *w)
{
	struct heap_node *n;

	LIST_EACH(m, &w->machines, struct machine, link)
		machine_free(m);
	while ((n = heap_first(&w->queue))) {
		struct happening *h = CONTAINER_OF(n, struct happening, node);

		heap_remove(&w->queue, n);
		if (h->drop)
			h->drop(h);
	}
	heap_done(&w->queue);
	net_done(w);
	witness_free(w->witness);
	free_probes(w);
	text_done(&w->trace);
	text_done(&w->failure);
	free(w);
}

void world_at(struct world *w, struct happening *h, nsec at)
{
	if (!heap_set(&w->queue, &h->node, at > w->now ? at : w->now)) {
		fputs("sim: out of memory\n", stderr);
		exit(3);
	}
}

void world_cancel(struct world *w, struct happening *h)
{
	heap_remove(&w->queue, &h->node);
}

static void count(struct world *w, nsec at)
{
	w->happened++;
	w->last_moment_n = at > w->now ? 0 : w->last_moment_n + 1;
	if (w->happened > HAPPENINGS_MAX)
		world_fail(w, "more than %d happenings: something feeds itself",
			   HAPPENINGS_MAX);
	if (w->last_moment_n > MOMENT_MAX)
		world_fail(w, "time stands still: %d happenings at one moment", MOMENT_MAX);
}

void world_run(struct world *w, nsec span)
{
	nsec end = w->now + span;
	struct heap_node *n;

	while (!w->failed && (n = heap_first(&w->queue)) && n->at <= end) {
		struct happening *h = CONTAINER_OF(n, struct happening, node);
		nsec at = n->at;

		heap_remove(&w->queue, n);
		count(w, at);
		w->now = at;
		h->happen(h);
	}
	if (!w->failed)
		w->now = end;
}

bool world_run_until(struct world *w, nsec span, nsec step,
		     bool (*holds)(struct world *w, void *ctx), void *ctx)
{
	nsec end = w->now + span;

	while (!w->failed) {
		if (holds(w, ctx))
			return true;
		if (w->now >= end)
			return false;
		world_run(w, end - w->now < step ? end - w->now : step);
	}
	return false;
}

/* ---- verdict ---- */

__attribute__((format(printf, 2, 0))) static void fail(struct world *w, const char *fmt,
						       va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, args);
	tell_story(w, "FAULT: %s", line);
	if (w->failed)
		return;
	w->failed = true;
	text_add_str(&w->failure, line);
}

void world_fail(struct world *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail(w, fmt, args);
	va_end(args);
}

bool world_expect(struct world *w, bool so, const char *fmt, ...)
{
	va_list args;

	if (so)
		return true;
	va_start(args, fmt);
	fail(w, fmt, args);
	va_end(args);
	return false;
}

/* ---- trace ---- */

const char *moment_print(nsec t, char buf[32])
{
	unsigned long long us = t / 1000;

	if (t >= 10 * NSEC_PER_SEC)
		snprintf(buf, 32, "%llu.%03llu s", us / 1000000, us / 1000 % 1000);
	else if (us % 1000)
		snprintf(buf, 32, "%llu.%03llu ms", us / 1000, us % 1000);
	else
		snprintf(buf, 32, "%llu ms", us / 1000);
	return buf;
}

__attribute__((format(printf, 2, 0))) static void tell(struct world *w, const char *fmt,
						       va_list args)
{
	char line[2048], at[32];

	vsnprintf(line, sizeof(line), fmt, args);
	text_add(&w->trace, "at %s %s\n", moment_print(w->now, at), line);
}

void tell_story(struct world *w, const char *fmt, ...)
{
	va_list args;

	if (w->level < TRACE_STORY)
		return;
	va_start(args, fmt);
	tell(w, fmt, args);
	va_end(args);
}

void tell_detail(struct world *w, const char *fmt, ...)
{
	va_list args;

	if (w->level < TRACE_ALL)
		return;
	va_start(args, fmt);
	tell(w, fmt, args);
	va_end(args);
}
