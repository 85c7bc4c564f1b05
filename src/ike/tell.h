/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_TELL_H
#define IKE_TELL_H

#include "conn/report.h"

struct child_sa;
struct ike;
struct ike_sa;
struct loaded;

/*
 * Reports: what happened, as an action. `about` says whose it is; the text is
 * copied. Nothing here decides anything.
 */
struct about {
	const struct loaded *loaded;
	uint64_t serial, cause;
	const char *state;
};

/*
 * Whose a report is: an IKE SA's, a child's, or a connection's with the cause of its
 * command.
 */
struct about about_sa(const struct ike_sa *sa);
struct about about_child(const struct child_sa *child);
struct about about_loaded(const struct loaded *l, uint64_t cause);
/* Of a command alone. */
struct about about_command(uint64_t cause);

/* `event` is static; `why` may be NULL and is copied. */
void tell(struct ike *ike, const struct about *a, enum report_level level, uint16_t code,
	  const char *event, const struct diag *why, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

/*
 * For what unauthenticated datagrams cause: as tell, for the log alone, but
 * only so many each second (docs/attacks.md P45: nobody floods the log).
 */
void tell_stranger(struct ike *ike, enum report_level level, const char *event,
		   const struct diag *why, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Whether a report that a stranger causes may be made now; it is then counted. */
bool tell_stranger_allowed(struct ike *ike);

/* A command has ended; 0 is nobody's, and not told. */
void tell_done(struct ike *ike, uint64_t cause, uint16_t code);

#endif
