/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_LOOKUP_H
#define IPSEC_LOOKUP_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

/*
 * Names looked up as this host would, several at a time and all within a time that is
 * given: a child process does it, which is killed when that is over.
 */
#define LOOKUP_ADDRS_MAX 8

struct lookup_name {
	UT_hash_handle hh;
	bool answered; /* else the time was over before */
	int error;     /* of getaddrinfo, 0 none */
	size_t len;
	struct ip_addr addrs[LOOKUP_ADDRS_MAX];
	char name[];
};

/* {0} is empty. */
struct lookup {
	struct lookup_name *names;
	size_t len;
};

/* Want a name looked up. False when memory is short. */
bool lookup_add(struct lookup *l, const char *name) __attribute__((warn_unused_result));
/* Look all of them up. What can't be told stays unanswered. */
void lookup_run(struct lookup *l, unsigned milliseconds);
/* NULL: it was not added. */
const struct lookup_name *lookup_find(const struct lookup *l, const char *name);
void lookup_done(struct lookup *l);

#endif
