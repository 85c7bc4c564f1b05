/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SIEVE_H
#define CONF_SIEVE_H

#include "base/view.h"
#include "conf/input.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Of a file with very many sections, the lines of the few that somebody asks
 * for. All of the rest is looked at in the first column alone, in pieces of
 * bounded size; of each conn section that is left out, where it stands is
 * noted, in a dozen octets. What is kept is config setup, %default, includes,
 * whatever begins no section of the plain kind, and what is asked for.
 * Private to this room.
 */
struct asked;

/* Lines that stand together in the file. */
struct stretch {
	size_t at, len;  /* in the text that is kept */
	uint32_t line;   /* the number of the first one */
	uint8_t dialect; /* enum dialect, as it is behind them: set when they are parsed */
};

/* A section that was left out. The next one's `at` is where it ends. */
struct left_out {
	uint32_t
		hash; /* of a connection's name: sieve_hash. 0: nothing that can be asked for */
	uint32_t at;  /* of its header, in the file */
	uint32_t line;
};

struct sieved {
	size_t text_cap;
	struct bytes text; /* what is kept; the whole text, of one that was there whole */
	struct stretch *stretches;
	size_t len, cap;
	struct left_out *left; /* ended by one whose hash is 0 */
	size_t left_len, left_cap;
	struct input_version version; /* of the file */
	bool whole;                   /* `text` is the whole */
};

/*
 * Sieve a file: errors as of input_read. A pipe, which can't be read again, is
 * kept whole. *ret is the caller's to sieved_done.
 */
MUST_CHECK enum cyg_err sieve_file(struct input *in, const struct asked *asked,
				   size_t octets_max, struct sieved *ret,
				   struct problems *problems, struct diag *why);

/* The same of a text, which is taken over. CYG_NOMEM. */
MUST_CHECK enum cyg_err sieve_text(struct bytes *text, const struct asked *asked,
				   struct sieved *ret);

/*
 * Take one that was left out into the text, as one more stretch, the last one.
 * CYG_IO when the file is another one by now; `path` is its name.
 */
MUST_CHECK enum cyg_err sieve_take(struct sieved *s, const char *path,
				   const struct left_out *one, struct diag *why);

/* What left_out has of a name; never 0. */
uint32_t sieve_hash(struct view name);

/* Free what is held, the text too. Zeroed is fine. */
void sieved_done(struct sieved *s);

/* ---- the work on a text that comes in windows ---- */

struct sieve {
	struct sieved *out;
	const struct asked *asked;
	bool leaving;     /* the open section is left out */
	bool needs_all;   /* lines are joined over the window's end: give it the whole rest */
	bool bad;         /* memory is short */
	uint32_t line;    /* the number of the line that the next window begins with */
	size_t base;      /* where that stands in the file */
	size_t looked_at; /* the place in the file, + 1, of the line last looked at */
	size_t from;      /* what is kept begins there, as far as it is not yet copied */
};

/* Begin with a file's first window. What is kept goes into *out, which is empty. */
void sieve_begin(struct sieve *s, const struct asked *asked, struct sieved *out);

/* All windows are through. CYG_NOMEM: `out` is good for sieved_done alone. */
MUST_CHECK enum cyg_err sieve_end(struct sieve *s);

/*
 * Look at the lines of a window, which begins with a line. Returns the octets
 * that are done with, all of them of the `last` one; what is left belongs at the
 * beginning of the next window, with more behind it.
 */
size_t sieve_window(struct sieve *s, struct view window, bool last);

#endif
