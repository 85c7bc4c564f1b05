/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/command_wait.h"

#include "ike/ahead.h"
#include "ike/core.h"
#include "ike/group.h"
#include "ike/sa.h"
#include "ike/tell.h"
#include "ike/trap.h"

#include <stdlib.h>

struct command_wait *command_wait_new(struct ike *ike, uint64_t cause)
{
	struct command_wait *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	ike->commands_len++;
	if (!timers_reserve(ike)) {
		ike->commands_len--;
		free(w);
		return NULL;
	}
	w->ike = ike;
	w->cause = cause;
	w->open = true;
	w->timed.owner = TIMED_COMMAND;
	list_init(&w->waiters);
	list_init(&w->sas);
	list_append(&ike->commands, &w->all);
	return w;
}

static void wait_free(struct command_wait *w)
{
	LIST_EACH(waiter, &w->waiters, struct waiter, of_command) {
		list_remove(&waiter->on_connection);
		list_remove(&waiter->of_command);
		free(waiter);
	}
	LIST_EACH(sa, &w->sas, struct ike_sa, of_closer) {
		list_remove(&sa->of_closer);
		sa->closer = NULL;
	}
	group_forget_waiter(w->ike, w);
	ahead_forget_waiter(w->ike, w);
	trap_forget_waiter(w->ike, w);
	heap_remove(&w->ike->timers, &w->timed.node);
	list_remove(&w->all);
	w->ike->commands_len--;
	free(w);
}

bool command_is_success(uint16_t code)
{
	return code == RC_SUCCESS || code == RC_COMMENT;
}

static void done_if_over(struct command_wait *w)
{
	if (w->open || w->files || !list_empty(&w->waiters) || !list_empty(&w->sas))
		return;
	tell_done(w->ike, w->cause, w->code);
	wait_free(w);
}

void command_note(struct command_wait *w, uint16_t code)
{
	if (command_is_success(w->code))
		w->code = command_is_success(code) && w->code == RC_SUCCESS ? w->code : code;
}

void command_result(struct command_wait *w, uint16_t code)
{
	command_note(w, code);
	done_if_over(w);
}

void command_file_read(struct command_wait *w, uint16_t code)
{
	w->files--;
	command_result(w, code);
}

void command_sa_ended(struct ike_sa *sa)
{
	struct command_wait *w = sa->closer;

	if (!w)
		return;
	sa->closer = NULL;
	list_remove(&sa->of_closer);
	done_if_over(w);
}

void command_timeout(struct command_wait *w)
{
	tell_done(w->ike, w->cause, w->code);
	wait_free(w);
}

void command_free_all(struct ike *ike)
{
	LIST_EACH(w, &ike->commands, struct command_wait, all)
		wait_free(w);
}

void command_wait_for_sa(struct command_wait *w, uint64_t serial)
{
	struct ike_sa *sa = sa_by_serial(w->ike, serial);

	if (!sa || sa->closer || sa->state == SA_GONE)
		return;
	sa->closer = w;
	list_append(&w->sas, &sa->of_closer);
}

void command_wait_ready(struct command_wait *w)
{
	w->open = false;
	done_if_over(w);
}
