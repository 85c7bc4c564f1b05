/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include "base/view.h"
#include "conf/problem.h"
#include "conf/sieve.h"

/*
 * ipsec.conf(5) as text: includes followed, lines cut into sections and
 * parameters, nothing yet known of what a keyword means. The grammar is the
 * union of what Openswan, Libreswan and strongSwan read; where they differ,
 * README.md of this room says which rule holds.
 *
 * The text that was read is kept as it stood, so that complaints can show the
 * line they are about. Strings live in chunks and keywords are kept once: with
 * 100,000 connections the text itself is what takes the room.
 */
enum section_kind { SECTION_SETUP, SECTION_CONN, SECTION_CA, SECTION_KINDS };

/* A file that was read. */
struct source {
	struct source *next;
	struct sieved
		kept;    /* its text as it stood when it was read, or the part that is wanted */
	uint8_t dialect; /* enum dialect, as it was where the file begins */
	char path[];
};

/* Where something stands. Lines and columns count from 1, columns in octets. */
struct place {
	const struct source *source;
	uint32_t line, line_at; /* line_at: of the line's first octet in the source's text */
	uint32_t column;
};

/* A keyword, kept once however often it is written. */
struct word;

struct param {
	const struct word *word;
	const char *value; /* unquoted; "" for an empty one */
	uint32_t line, line_at, column, value_column;
};

struct section {
	const char *name; /* "" for config setup */
	struct place place;
	uint32_t first, len; /* its parameters: section_param */
	uint8_t kind;        /* enum section_kind */
	bool broken;         /* a line of it could not be read: must not be used */
};

/* Connections by their names; and ca sections, all or none. */
struct asked {
	const struct view *names;
	size_t len;
	bool cas;
};

struct conf_file {
	struct section *sections;
	size_t len, cap;
	struct param *params; /* of all sections */
	size_t params_len, params_cap;
	struct source *sources; /* the last one read first */
	size_t sources_len, octets;
	uint8_t dialect; /* enum dialect, as config setup has said it so far: which escapes count */
	bool too_many; /* more files than CONF_FILES_MAX: told once */
	/*
	 * The first place where the file could not be read and no section is known to
	 * be the one: what is not in `sections` may have stood there. No source: none.
	 */
	struct place gap;
	/* The first include line whose file is empty, or whose folder is not there. */
	struct place hollow;
	/* The first last line that does not end: its file may be half written. No source: none. */
	struct place unended;
	struct word *words;
	struct chunk *chunks; /* storage of names and values */
};

#define CONF_INCLUDE_DEPTH_MAX 10
#define CONF_FILE_OCTETS_MAX (64u << 20)
#define CONF_OCTETS_MAX (256u << 20) /* of all files together */
#define CONF_FILES_MAX 100000        /* included, one that is included twice counting twice */
#define CONF_SECTIONS_MAX 2000000
#define CONF_PARAMS_MAX 8000000
#define CONF_VALUE_MAX 65536 /* octets of a value */
#define CONF_NAME_MAX 255    /* octets of a section's name or a keyword */

/*
 * Read `path` and all it includes (relative patterns: from the including
 * file's folder). CYG_IO or CYG_PERM when the file itself can't be read or may be written by
 * strangers, CYG_LIMIT when there is more than the bounds above; faults inside go to
 * `problems` and the rest is still read.
 */
MUST_CHECK enum cyg_err conf_file_read(const char *path, struct conf_file *ret,
				       struct problems *problems);

/* The same from memory; `name` stands for the file, its folder for where includes are. */
MUST_CHECK enum cyg_err conf_file_parse(struct view text, const char *name,
					struct conf_file *ret, struct problems *problems);

/*
 * The same for who asks for a few connections: config setup, %default and the
 * conn sections of these names are read, and most others left out, which costs
 * next to nothing. Their faults are told by conf_file_read_more alone.
 */
MUST_CHECK enum cyg_err conf_file_read_asked(const char *path, const struct asked *asked,
					     struct conf_file *ret, struct problems *problems);
MUST_CHECK enum cyg_err conf_file_parse_asked(struct view text, const char *name,
					      const struct asked *asked, struct conf_file *ret,
					      struct problems *problems);

/*
 * Read the conn sections of these names that were left out, behind the others.
 * CYG_CONFLICT when a name has several sections: what their order says, only the
 * whole file tells. CYG_IO (told in `problems`) when a file is another one by now. CYG_NOMEM, or
 * CYG_LIMIT as above.
 */
MUST_CHECK enum cyg_err conf_file_read_more(struct conf_file *f, const struct asked *asked,
					    struct problems *problems);

/* Was a conn or ca section left out? */
bool conf_file_is_part(const struct conf_file *f);

/*
 * Read more sections behind those of the file, as if an included file `name` had
 * them. CYG_NOMEM or CYG_LIMIT leave *f with some of them, good for conf_file_done alone.
 */
MUST_CHECK enum cyg_err conf_file_add(struct conf_file *f, struct view text, const char *name,
				      struct problems *problems);

/* Free what the file holds. NULL and a zeroed one are fine. */
void conf_file_done(struct conf_file *f);

/* The i-th parameter of a section, i < s->len. */
static inline const struct param *section_param(const struct conf_file *f,
						const struct section *s, size_t i)
{
	return &f->params[s->first + i];
}

/* The keyword as written, in lower case. */
const char *param_keyword(const struct param *p);

/* Where a parameter of the section stands, and where its value does. */
struct place param_place(const struct section *s, const struct param *p);
struct place value_place(const struct section *s, const struct param *p);

/* Add a problem that stands somewhere: the place goes into *d, the line beside it. */
void problems_add_at(struct problems *problems, enum problem_level level, struct diag *d,
		     const struct place *place);

#endif
