/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_COMMAND_WAIT_H
#define IKE_COMMAND_WAIT_H

#include "base/list.h"
#include "ike/timers.h"

struct ike;
struct ike_sa;

/*
 * A command that waits: UP for its tries, DOWN and SHUTDOWN for the peers' answers,
 * others for files of policy groups, for keys, for the host and for updown programs. When everything it
 * waits for has told its result, it is done, with the first result that was not a
 * success.
 */
struct command_wait {
	struct ike *ike;
	struct list all;     /* ike->commands */
	struct list waiters; /* struct waiter */
	struct timed timed;
	uint64_t cause;
	uint16_t code;   /* the first that was not a success; else RC_SUCCESS or RC_COMMENT */
	size_t files;    /* of policy groups, keys, and entries of routed connections, that it waits for */
	bool open;       /* still being set up: not to be done yet */
	struct list sas; /* struct ike_sa, of_closer: those whose end it waits for */
};

/* A command that waits for a connection. */
struct waiter {
	struct list on_connection, of_command;
	struct command_wait *command;
};

/* One that is still being set up, for the command of this cause. NULL when memory is short. */
struct command_wait *command_wait_new(struct ike *ike, uint64_t cause);

/* Have it wait for the end of an SA that is being closed. */
void command_wait_for_sa(struct command_wait *w, uint64_t serial);

/* All is set up: done at once, when there is nothing to wait for. *w may be gone. */
void command_wait_ready(struct command_wait *w);

/* Whether whack's exit status is 0 by it. */
bool command_is_success(uint16_t code);

/* Keep a result for the end, while it is set up. */
void command_note(struct command_wait *w, uint16_t code);

/* One of the things it waits for is over (its waiter was taken off). *w may be gone. */
void command_result(struct command_wait *w, uint16_t code);

/* A file of a policy group was read for it, or a key looked up. *w may be gone. */
void command_file_read(struct command_wait *w, uint16_t code);

/* An IKE SA has ended. */
void command_sa_ended(struct ike_sa *sa);

/* The time that it may wait is over. */
void command_timeout(struct command_wait *w);

/* Forget all that wait, telling nobody: the engine goes. */
void command_free_all(struct ike *ike);

#endif
