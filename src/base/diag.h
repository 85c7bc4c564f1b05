/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One refusal, as data. Whoever refuses fills it; log lines, numbered replies
 * and JSON are views of it. Text is cut between characters and never overflows;
 * what is not printable (see text_printable) is escaped as \xNN when it is set,
 * so that foreign octets may be handed in as they came. Secrets never go in.
 */
struct diag {
	const char *code;      /* stable: "no-proposal-chosen"; static; NULL: nothing said */
	const char *ref;       /* source of the rule, "RFC 7296 2.7", or NULL; static */
	uint32_t offset;       /* octet (packets) where it was seen; DIAG_NOWHERE if none */
	uint32_t line, column; /* place in a file, from 1; 0 if none */
	char file[128];        /* the file of line and column; "" if none */
	char sentence[256];    /* what is wrong, one sentence without full stop */
	char wanted[512];      /* what would have been right; "" if it does not apply */
	char got[512];         /* what came */
	char hint[256];        /* what a person would change; "" if nothing */
};

#define DIAG_NOWHERE UINT32_MAX

/* Empty. Every function below accepts NULL for `d` and then does nothing. */
void diag_clear(struct diag *d);

/* Set code, source and sentence, and clear all the rest. Earlier content is lost. */
void diag_set(struct diag *d, const char *code, const char *ref, const char *sentence_fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put words in front of the sentence; all the rest stays. Nothing where nothing was said. */
void diag_prefix(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What would have been right, what came, and what a person would change. */
void diag_wanted(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_got(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_hint(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Where it was seen: an octet of a packet; a place in a file (line and column from 1). */
void diag_offset(struct diag *d, size_t offset);
void diag_place(struct diag *d, const char *file, unsigned line, unsigned column);

/* Whether something was said. */
static inline bool diag_is_set(const struct diag *d)
{
	return d && d->code;
}

/*
 * The whole record on one line:
 * "FILE:LINE:COL: sentence at octet N (wanted ...; got ...); hint [ref]", each
 * part only when it is there. Writes at most cap octets with NUL; returns buf.
 */
const char *diag_print(const struct diag *d, char *buf, size_t cap);

#endif
