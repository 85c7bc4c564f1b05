/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_COMMAND_H
#define IKE_COMMAND_H

#include "base/list.h"
#include "conn/event.h"
#include "ike/timers.h"

struct ike;
struct ike_sa;
struct loaded;

/*
 * Commands. Each is answered by exactly one ACT_DONE. One that waits (UP for
 * its tries, DOWN and SHUTDOWN for the peers' answers) has a command_wait:
 * when everything it waits for has told its result, it is done, with the first
 * result that was not a success.
 */
struct command_wait {
	struct ike *ike;
	struct list all;     /* ike->commands */
	struct list waiters; /* struct waiter */
	struct timed timed;
	uint64_t cause;
	uint16_t code;   /* the first that was not a success; else RC_SUCCESS or RC_COMMENT */
	size_t files;    /* of policy groups that it waits for */
	bool open;       /* still being set up: not to be done yet */
	struct list sas; /* struct ike_sa, of_closer: those whose end it waits for */
};

/* A command that waits for a connection. */
struct waiter {
	struct list on_connection, of_command;
	struct command_wait *command;
};

/*
 * Carry out a command (EV_COMMAND): it is done in this step, or waits and is done in a
 * later one.
 */
void command_run(struct ike *ike, const struct event *ev);

/* One of the things it waits for is over (its waiter was taken off). *w may be gone. */
void command_result(struct command_wait *w, uint16_t code);

/* A file of a policy group was read for it. */
void command_file_read(struct command_wait *w, uint16_t code);

/* Everything of a connection and of its instances ends, and it is forgotten. */
void command_forget(struct ike *ike, struct loaded *l);

/* An IKE SA has ended. */
void command_sa_ended(struct ike_sa *sa);

/* Begin tries for all that should be up, is not, and can be. */
void command_start_wanted(struct ike *ike);

/* The time that it may wait is over. */
void command_timeout(struct command_wait *w);

/* Forget all that wait, telling nobody: the engine goes. */
void command_free_all(struct ike *ike);

#endif
