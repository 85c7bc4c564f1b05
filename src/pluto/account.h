/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_ACCOUNT_H
#define PLUTO_ACCOUNT_H

#include "base/duration.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Where the daemon's time goes, for `make bench`. Off unless asked for by the
 * method Accounting. Key exchange is counted in the processor time of the
 * worker threads, all else in time of the loop's thread. One thread: the loop's.
 */
enum account_step {
	ACCOUNT_RECEIVE, /* reading datagrams */
	ACCOUNT_STEP,    /* the protocol core: parsing, PRF, AEAD of IKE messages, building */
	ACCOUNT_KE,      /* key exchange, in workers */
	ACCOUNT_AUTH,    /* trust: making and checking AUTH payloads */
	ACCOUNT_PLANE,   /* requests to the plane */
	ACCOUNT_SEND,    /* writing datagrams */
	ACCOUNT_CONTROL, /* the control protocol */
	ACCOUNT_LOG,
	ACCOUNT_STEPS,
};

struct account {
	bool on;
	struct {
		uint64_t calls;
		nsec time;
	} steps[ACCOUNT_STEPS];
};

/* "receive", "step", ... Static. */
const char *account_name(enum account_step step);

/* The monotonic clock when counting, else 0. */
nsec account_start(const struct account *a);
/* Count one call that account_start began. */
void account_stop(struct account *a, enum account_step step, nsec start);
/* Count a call whose time was measured elsewhere. */
void account_add(struct account *a, enum account_step step, nsec time);
/* Forget what was counted, and count or not from now on. */
void account_reset(struct account *a, bool on);

#endif
