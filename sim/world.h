/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "base/heap.h"
#include "base/list.h"
#include "base/text.h"
#include "sim/dice.h"
#include "sim/net.h"

struct crypto;
struct witness;

/*
 * One run: virtual time, what is going to happen, the hosts, and the verdict.
 * Everything in it follows from the seed and the scenario.
 */

/* What is shared by all runs of this process: libcrypto takes long to set up. */
struct lab {
	struct crypto *crypto;
	struct entropy_seeded source; /* what `crypto` draws from; each run seeds it anew */
};

/* False when libcrypto cannot be used. */
bool lab_init(struct lab *lab) __attribute__((warn_unused_result));
void lab_done(struct lab *lab);

/* Something that comes to pass at a moment. Embedded in what it is about. */
struct happening {
	struct heap_node node;
	void (*happen)(struct happening *h); /* it is out of the queue already */
	void (*drop)(struct happening *h);   /* the run ends without it: free what is owned */
};

enum trace_level {
	TRACE_OFF,
	TRACE_STORY, /* what a person wants to follow; golden traces are this */
	TRACE_ALL,   /* reports in full, every datagram's digest */
};

/* What is deliberately broken, to show that the invariants are not blind. */
enum sabotage {
	SABOTAGE_NONE,
	SABOTAGE_KEY,    /* a plane flips a bit of an inbound key */
	SABOTAGE_REMOVE, /* a plane forgets to remove SAs */
	SABOTAGE_ANSWER, /* a host loses an answer */
	SABOTAGE_CLEAR,  /* a plane lets packets that wait for a key go in clear */
	SABOTAGE_CACHE,  /* a host changes an octet of what it sends again */
	SABOTAGE_CHANCE, /* a host's randomness is not the seed's */
};

struct world {
	struct lab *lab;
	uint64_t seed;
	enum sabotage sabotage;
	nsec now; /* since the run began */
	struct heap queue;
	uint64_t happened;      /* so many happenings so far */
	uint64_t last_moment_n; /* of them at the present moment */
	struct dice dice;       /* the scenario's own */
	struct list machines;   /* struct machine, in the order they were made */
	struct list probes;     /* struct probe */
	uint64_t probes_n;
	struct net net;
	bool foul; /* the scenario loses datagrams, or machines: SAs may end without a word */
	struct witness *witness;
	enum trace_level level;
	struct text trace;
	bool failed;
	struct text failure;
	uint64_t ike_datagrams; /* sent by cores */
	uint64_t established;   /* IKE SAs, by cores that have gone */
};

/* A run about to begin. Never NULL: a simulator without memory ends. */
struct world *world_new(struct lab *lab, uint64_t seed, enum trace_level level,
			enum sabotage sabotage);
/* The machines, what was to happen, all. */
void world_free(struct world *w);

/* Let it happen at `at` (now, if that has passed); a happening that waits is moved. */
void world_at(struct world *w, struct happening *h, nsec at);
/* It does not happen. */
void world_cancel(struct world *w, struct happening *h);

/* Let time pass. Ends early when the run has failed. */
void world_run(struct world *w, nsec span);

/*
 * Let time pass until the condition holds; looked at every `step`. False when
 * the span was over first.
 */
bool world_run_until(struct world *w, nsec span, nsec step,
		     bool (*holds)(struct world *w, void *ctx), void *ctx);

/* The run has failed; the first sentence counts. */
void world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Fail unless it is so. Returns whether it is. */
bool world_expect(struct world *w, bool so, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A line of the trace, with the time in front: for the story, and for the
 * fullest trace only.
 */
void tell_story(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tell_detail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "110 ms", "12.345 s"; returns buf. */
const char *moment_print(nsec t, char buf[32]);

/* Zeroed memory; a simulator without memory ends. */
void *sim_alloc(size_t len) __attribute__((malloc, returns_nonnull));

#endif
