/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_COMMAND_H
#define IKE_COMMAND_H

#include "conn/event.h"
#include "ike/command_wait.h"

struct ike;
struct loaded;

#define COMMAND_NAMES_MAX 256 /* connections of one alias */

/*
 * Commands. Each is answered by exactly one ACT_DONE; one that waits has a
 * command_wait (command_wait.h). Loading is load.c's, taking down and deleting
 * down.c's; the others are here.
 */

/*
 * Carry out a command (EV_COMMAND): it is done in this step, or waits and is done in a
 * later one.
 */
void command_run(struct ike *ike, const struct event *ev);

/* Begin tries for all that should be up, is not, and can be. */
void command_start_wanted(struct ike *ike);

/* ---- for those that carry commands out ---- */

/* All that the command's name means; 0 was told as unknown. */
size_t command_named(struct ike *ike, const struct event *ev,
		     struct loaded *out[COMMAND_NAMES_MAX]);

/*
 * The same for a command that waits: *ret_wait waits for what is begun of it. With 0 the command
 * is over already, and *ret_wait is untouched.
 */
size_t command_begin(struct ike *ike, const struct event *ev,
		     struct loaded *out[COMMAND_NAMES_MAX], struct command_wait **ret_wait);

/* It is over, with this code; or because memory is short. */
void command_done(struct ike *ike, const struct event *ev, uint16_t code);
void command_no_memory(struct ike *ike, const struct event *ev);

#endif
