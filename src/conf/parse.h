/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include "conf/file.h"
#include "conf/input.h"

/*
 * One file on its way into a conf_file: what the parts of reading share, from
 * the line (parse_line.c) through its pieces to headers and parameters. Private
 * to this room.
 *
 * Faults are charged to the section they stand in. Memory that is short, or too
 * much of something, sets `err`, and ends reading.
 */
struct parse {
	struct conf_file *file;
	struct problems *problems;
	const struct input *input;
	const struct source *source;
	const struct asked *asked; /* NULL: for everything */
	size_t section;            /* index + 1 of the open section; 0: none */
	struct view line; /* without blanks and returns at its end; maybe some joined */
	uint32_t number;  /* of the line, or the first one of those */
	bool torn;        /* quotes did not close: until the next header, text may be a value */
	enum cyg_err err; /* out of memory, or too much of something: what stops reading */
};

/* ---- places and faults: parse_fault.c ---- */

/* The place of an octet of the line. */
struct place parse_place(const struct parse *p, const uint8_t *at);

/* Something that stands here is lost, and whose it was is not known: the first such place is kept. */
void parse_gap(struct parse *p);
/* What this include line names is empty or not there: the first such line is kept. */
void parse_hollow(struct parse *p);

/* A fault at `at` in the line; the open section can't be used any more. `hint` may be NULL. */
__attribute__((format(printf, 4, 5))) void parse_fault(struct parse *p, const uint8_t *at,
						       const char *hint, const char *fmt, ...);

/* There are more than `max` of something: a fault, and the end of reading. */
void parse_too_much(struct parse *p, const char *of_what, size_t max);

/* ---- pieces of a line: parse_piece.c. Strings live as long as the conf_file ---- */

/* A copy of octets; NULL: no memory. */
const char *parse_keep(struct parse *p, const uint8_t *at, size_t len);

/* Words up to the end of line or a comment, runs of blanks as one space. NULL: no memory. */
const char *parse_bare(struct parse *p, const uint8_t *at);

/*
 * The text between the quotes that open at `at`, \" standing for one;
 * *ret_after behind the closing one. NULL: none closes, or no memory.
 */
const char *parse_quoted(struct parse *p, const uint8_t *at, const uint8_t **ret_after);

/* The same of {a b}: what stands between the braces, blanks at its ends left out. */
const char *parse_braced(struct parse *p, const uint8_t *at, const uint8_t **ret_after);

/* The first octet of `text` that begins no character; its end if there is none. */
const uint8_t *parse_bad_character(struct view text);

/* ---- headers and parameters: parse_header.c, parse_param.c ---- */

/*
 * Open a broken section without a name anybody could ask for, below a header
 * that can't be understood: its lines are not charged to the section before.
 */
void parse_open_broken(struct parse *p);

/* A line that begins in column 1. */
void parse_header(struct parse *p);

/* Is the word in column 1 one that begins a header? */
bool parse_is_header(const struct parse *p);

/* A line that begins with a blank: keyword=value. */
void parse_param(struct parse *p);

/* ---- lines: parse_line.c ---- */

/* Leave out blanks and returns at the line's end. */
void parse_trim(struct parse *p);

/* The first control character of the line; its end if there is none. */
const uint8_t *parse_control_octet(const struct parse *p);

/* Each line from `at` to `end`, until one sets `err`. */
void parse_lines(struct parse *p, const uint8_t *at, const uint8_t *end);

/* ---- files: file.c ---- */

/* A stretch of the source, and what the dialect is behind it. */
void parse_stretch(struct parse *p, size_t i);

/* An input_each: read what an include line of the parse `ctx` names. */
void parse_included(void *ctx, const struct input *child);

/* ---- small readers ---- */

static inline struct section *parse_open(struct parse *p)
{
	return p->section ? &p->file->sections[p->section - 1] : NULL;
}

static inline bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static inline const uint8_t *line_end(const struct parse *p)
{
	return p->line.ptr + p->line.len;
}

/* A word ends at a blank; returns its end. */
static inline const uint8_t *word_end(const struct parse *p, const uint8_t *at)
{
	while (at < line_end(p) && !is_blank(*at))
		at++;
	return at;
}

static inline const uint8_t *skip_blanks(const struct parse *p, const uint8_t *at)
{
	while (at < line_end(p) && is_blank(*at))
		at++;
	return at;
}

/* End of line, or a comment, which is a # after a blank. */
static inline bool at_line_end(const struct parse *p, const uint8_t *at)
{
	return at == line_end(p) || *at == '#';
}

#endif
