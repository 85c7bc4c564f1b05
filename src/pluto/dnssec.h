/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_DNSSEC_H
#define PLUTO_DNSSEC_H

#include "trust/trust.h"

#include <uv.h>

/*
 * Records of the DNS, looked up and validated by libunbound in a thread of its own, which begins
 * with the first question. The answer comes on the loop's thread, never within the call, and
 * after 10 seconds at the latest.
 */
struct dnssec;

struct dnssec_settings {
	const char *root_key; /* file with the root's key; NULL: the system's */
	const char *anchors;  /* file with keys of further zones; NULL: none */
};

#define DNSSEC_RECORDS_MAX 64 /* of one answer; more are left out */

struct dnssec_answer {
	uint8_t verdict;  /* enum dns_verdict */
	const char *text; /* what was found, for people */
	const struct view *records;
	size_t len;
	bool more;    /* there are, which were left out */
	uint32_t ttl; /* seconds that it may be kept */
};

struct dnssec_host {
	void *ctx;
	void (*answer)(void *ctx, void *what, const struct dnssec_answer *a);
	void (*drop)(void *ctx, void *what); /* there will be no answer: we end */
};

/* The strings of *s must last. NULL when memory is short. */
struct dnssec *dnssec_new(uv_loop_t *loop, const struct dnssec_settings *s,
			  const struct dnssec_host *host);

/* Ask for the records of a name and a type on behalf of `what`. False when memory is short. */
bool dnssec_ask(struct dnssec *d, const char *name, int type, void *what);

/* Whether some question has no answer yet. */
bool dnssec_is_busy(const struct dnssec *d);

/* All questions are dropped; handles close as the loop runs once more. NULL is fine. */
void dnssec_free(struct dnssec *d);

#endif
