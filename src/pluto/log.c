/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/log.h"

#include "pluto/limiter.h"
#include "pluto/settings.h"
#include "whack/report_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

struct log {
	int fd;     /* -1: syslog */
	bool stamp; /* lines begin with the time */
	bool debug;
	struct limiter limiter;
	struct text line; /* reused */
	time_t second_of; /* what `second` says */
	char second[40];
};

static const int priorities[] = {
	[REPORT_DEBUG] = LOG_DEBUG,     [REPORT_INFO] = LOG_INFO, [REPORT_NOTICE] = LOG_NOTICE,
	[REPORT_WARNING] = LOG_WARNING, [REPORT_ERROR] = LOG_ERR,
};

static nsec clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (nsec)ts.tv_sec * NSEC_PER_SEC + (nsec)ts.tv_nsec;
}

static enum cyg_err open_file(const struct settings *s, int *ret, struct diag *why)
{
	/* Of a pipe nobody may read, or not fast enough: nothing waits for that. */
	*ret = open(s->log_file,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (*ret >= 0)
		return CYG_OK;
	diag_set(why, "log-file", NULL, "can't open the log file %s (%s)", s->log_file,
		 errno == ENXIO ? "a pipe that nobody reads" : strerror(errno));
	return CYG_IO;
}

static enum cyg_err open_target(struct log *l, const struct settings *s, struct diag *why)
{
	if (s->log_file) {
		l->stamp = true;
		return open_file(s, &l->fd, why);
	}
	if (s->log_stderr) {
		l->fd = STDERR_FILENO;
		l->stamp = true;
		return CYG_OK;
	}
	l->fd = -1;
	openlog("pluto", LOG_PID, LOG_AUTHPRIV);
	return CYG_OK;
}

enum cyg_err log_open(const struct settings *s, const struct entropy *entropy, struct log **ret,
		      struct diag *why)
{
	struct log *l = calloc(1, sizeof(*l));
	struct hash_key key;
	enum cyg_err err;

	if (!l)
		return CYG_NOMEM;
	if (!hash_key_draw(entropy, &key)) {
		free(l);
		return CYG_IO;
	}
	limiter_init(&l->limiter, &key, clock_now());
	l->debug = s->debug;
	err = open_target(l, s, why);
	if (err) {
		free(l);
		return err;
	}
	*ret = l;
	return CYG_OK;
}

enum cyg_err log_reopen(struct log *l, const struct settings *s, struct diag *why)
{
	enum cyg_err err;
	int fd;

	if (!s->log_file)
		return CYG_OK;
	err = open_file(s, &fd, why);
	if (err)
		return err;
	close(l->fd);
	l->fd = fd;
	return CYG_OK;
}

bool log_is_debug(const struct log *l)
{
	return l->debug;
}

void log_set_debug(struct log *l, bool on)
{
	l->debug = on;
}

void log_close(struct log *l)
{
	if (!l)
		return;
	if (l->fd > STDERR_FILENO)
		close(l->fd);
	if (l->fd < 0)
		closelog();
	text_done(&l->line);
	free(l);
}

/* The time is put into words once a second; the milliseconds are added to that. */
static void begin(struct log *l)
{
	struct timespec ts;
	struct tm tm;

	text_clear(&l->line);
	if (!l->stamp)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (!l->second[0] || ts.tv_sec != l->second_of) {
		localtime_r(&ts.tv_sec, &tm);
		strftime(l->second, sizeof(l->second), "%b %e %H:%M:%S", &tm);
		l->second_of = ts.tv_sec;
	}
	text_add(&l->line, "%s.%03ld pluto[%ld]: ", l->second, ts.tv_nsec / 1000000,
		 (long)getpid());
}

/*
 * One write a line, so that lines of several writers stay whole. What can't be written is lost.
 */
static void finish(struct log *l, enum report_level level)
{
	if (l->line.bad) {
		text_done(&l->line);
		return;
	}
	if (l->fd < 0) {
		syslog(priorities[level], "%s", text_str(&l->line));
		return;
	}
	text_add_char(&l->line, '\n');
	while (write(l->fd, text_str(&l->line), l->line.len) < 0 && errno == EINTR)
		;
}

static bool wanted(const struct log *l, enum report_level level)
{
	return level > REPORT_DEBUG || l->debug;
}

static bool allowed(struct log *l, const struct ip_addr *source)
{
	char text[IP_TEXT_MAX];
	uint32_t suppressed = 0;

	if (!limiter_allow(&l->limiter, source, clock_now(), &suppressed))
		return false;
	if (suppressed)
		log_say(l, REPORT_NOTICE, "left out %u lines about %s", suppressed,
			ip_print(source, text));
	return true;
}

void log_report(struct log *l, const struct report *r, const struct ip_addr *source)
{
	if (!wanted(l, r->level) || (source && !allowed(l, source)))
		return;
	begin(l);
	report_line(r, &l->line);
	finish(l, r->level);
}

void log_say(struct log *l, enum report_level level, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (!wanted(l, level))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	begin(l);
	text_add_clean(&l->line, text);
	finish(l, level);
}

void log_diag(struct log *l, enum report_level level, const struct diag *d)
{
	char text[2048];

	log_say(l, level, "%s", diag_print(d, text, sizeof(text)));
}
