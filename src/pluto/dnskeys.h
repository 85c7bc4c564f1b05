/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_DNSKEYS_H
#define PLUTO_DNSKEYS_H

#include "trust/trust.h"

#include <uv.h>

/*
 * IPSECKEY records, looked up and validated by libunbound in a thread of its own, which begins
 * with the first question. The answer comes on the loop's thread, never within the call.
 */
struct dnskeys;

struct dnskeys_settings {
	const char *root_key; /* file with the root's key; NULL: the system's */
	const char *anchors;  /* file with keys of further zones; NULL: none */
};

struct dnskeys_host {
	void *ctx;
	void (*answer)(void *ctx, void *what, const struct dns_answer *a);
	void (*drop)(void *ctx, void *what); /* there will be no answer: we end */
};

/* The strings of *s must last. NULL when memory is short. */
struct dnskeys *dnskeys_new(uv_loop_t *loop, const struct dnskeys_settings *s,
			    const struct dnskeys_host *host);

/* Ask for the records of a name on behalf of `what`. False when memory is short. */
bool dnskeys_ask(struct dnskeys *d, const char *name, void *what);

/* All questions are dropped; handles close as the loop runs once more. NULL is fine. */
void dnskeys_free(struct dnskeys *d);

#endif
