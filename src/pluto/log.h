/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_LOG_H
#define PLUTO_LOG_H

#include "base/addr.h"
#include "conn/report.h"

struct entropy;
struct settings;

/*
 * The daemon's log: stderr, a file, or syslog (authpriv). One line for each
 * report, printable whatever it holds. Lines that a stranger's datagram caused
 * are limited for each source.
 */
struct log;

/* CYG_IO when the file can't be opened, CYG_NOMEM. */
MUST_CHECK enum cyg_err log_open(const struct settings *s, const struct entropy *entropy,
				 struct log **ret, struct diag *why);
void log_close(struct log *l);
/* Somebody moved the file away (to keep or compress it): go on in a new one. After an error, in the old one. */
MUST_CHECK enum cyg_err log_reopen(struct log *l, const struct settings *s, struct diag *why);
/* Whether reports of level debug are written too, from now on. */
void log_set_debug(struct log *l, bool on);
bool log_is_debug(const struct log *l);

/* `source`: whose datagram brought it about; NULL: nobody's. */
void log_report(struct log *l, const struct report *r, const struct ip_addr *source);

/* A line of the daemon's own. */
void log_say(struct log *l, enum report_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* What a refusal says. */
void log_diag(struct log *l, enum report_level level, const struct diag *d);

#endif
