/* SPDX-License-Identifier: Apache-2.0 */
#include "ike/tell.h"

#include "ike/child.h"
#include "ike/command_wait.h"
#include "ike/core.h"
#include "ike/sa.h"
#include "ike/up.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 1024
#define STRANGER_REPORTS 10 /* each second */

struct about about_sa(const struct ike_sa *sa)
{
	return (struct about){sa->loaded, sa->serial, sa->cause, sa_state_name(sa)};
}

struct about about_child(const struct child_sa *child)
{
	return (struct about){child->loaded, child->serial, child->cause,
			      child_state_name(child)};
}

struct about about_loaded(const struct loaded *l, uint64_t cause)
{
	return (struct about){l, 0, cause, NULL};
}

struct about about_command(uint64_t cause)
{
	return about_loaded(NULL, cause);
}

static const struct diag *lend_diag(struct actions *out, const struct diag *why)
{
	if (!diag_is_set(why))
		return NULL;
	return (const struct diag *)actions_copy(out, view_of(why, sizeof(*why))).ptr;
}

__attribute__((format(printf, 7, 0))) static void add(struct ike *ike, const struct about *a,
						      enum report_level level, uint16_t code,
						      const char *event, const struct diag *why,
						      const char *fmt, va_list args)
{
	char text[TEXT_MAX];
	struct action *act = actions_add(ike->out, ACT_REPORT);

	if (!act)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	act->cause = a->cause;
	act->report = (struct report){
		.level = level,
		.code = code,
		.event = event,
		.serial = a->serial,
		.cause = a->cause,
		.state = a->state,
		.text = actions_str(ike->out, text),
		.diag = lend_diag(ike->out, why),
	};
	if (a->loaded) {
		act->report.connection = actions_str(ike->out, a->loaded->connection->name);
		act->report.instance = a->loaded->instance;
	}
}

/* Why a try fails is told to those as well who joined it; the log has it once. */
__attribute__((format(printf, 6, 0))) static void tell_joined(struct ike *ike,
							      const struct about *a,
							      uint16_t code, const char *event,
							      const struct diag *why,
							      const char *fmt, va_list args)
{
	const struct upward *up = a->loaded ? a->loaded->core : NULL;

	if (!up || a->cause != up->cause)
		return;
	LIST_EACH(w, &up->waiters, struct waiter, on_connection) {
		struct about joined = *a;
		va_list again;

		joined.cause = w->command->cause;
		if (joined.cause == a->cause)
			continue;
		va_copy(again, args);
		add(ike, &joined, REPORT_DEBUG, code, event, why, fmt, again);
		va_end(again);
	}
}

void tell(struct ike *ike, const struct about *a, enum report_level level, uint16_t code,
	  const char *event, const struct diag *why, const char *fmt, ...)
{
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	add(ike, a, level, code, event, why, fmt, args);
	if (level == REPORT_ERROR)
		tell_joined(ike, a, code, event, why, fmt, again);
	va_end(again);
	va_end(args);
}

bool tell_stranger_allowed(struct ike *ike)
{
	if (ike->now - ike->stranger_reports.since >= NSEC_PER_SEC) {
		ike->stranger_reports.since = ike->now;
		ike->stranger_reports.spent = 0;
	}
	return ike->stranger_reports.spent++ < STRANGER_REPORTS;
}

void tell_stranger(struct ike *ike, enum report_level level, const char *event,
		   const struct diag *why, const char *fmt, ...)
{
	struct about nobody = {0};
	va_list args;

	if (!tell_stranger_allowed(ike))
		return;
	va_start(args, fmt);
	add(ike, &nobody, level, RC_LOG, event, why, fmt, args);
	va_end(args);
}

void tell_done(struct ike *ike, uint64_t cause, uint16_t code)
{
	struct action *a = cause ? actions_add(ike->out, ACT_DONE) : NULL;

	if (!a)
		return;
	a->cause = cause;
	a->done.code = code;
}
