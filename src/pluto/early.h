/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_EARLY_H
#define PLUTO_EARLY_H

#include "base/list.h"
#include "conn/secret_record.h"

#include <uv.h>

struct daemon;

/*
 * Files that take long to be understood, encrypted keys and thousands of attribute certificates, are
 * looked at in a thread of libuv's pool (trust_early) before a command reads them: peers are served
 * meanwhile.
 */
struct early {
	struct daemon *daemon;
	struct list works; /* under way */
};

enum {
	EARLY_SECRETS = 1, /* ipsec.secrets and the keys that it names */
	EARLY_ACERTS = 2,  /* aacerts and acerts */
};

/* `daemon` is borrowed; its paths are known by the first early_begin. */
void early_init(struct early *e, struct daemon *d);

/*
 * Look at these (EARLY_...), and then have the command `cause` go on (calls_settled): what it reads
 * then is quick. False, and it need not wait: memory is short.
 */
MUST_CHECK bool early_begin(struct early *e, unsigned what, uint64_t cause);
/* The same of the file of one key, with the passphrase that was answered. */
MUST_CHECK bool early_open(struct early *e, const struct secret_record *r,
			   struct view passphrase, uint64_t cause);

/* No command goes on any more. Comes back when all threads have left off, each after the file it is at. */
void early_stop(struct early *e);

#endif
