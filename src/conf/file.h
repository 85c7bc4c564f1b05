/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include "base/view.h"
#include "conf/problem.h"

/*
 * ipsec.conf(5) as text: includes followed, lines cut into sections and
 * parameters, nothing yet known of what a keyword means. The grammar is the
 * union of what Openswan, Libreswan and strongSwan read; where they differ,
 * README.md of this room says which rule holds.
 */
enum section_kind { SECTION_SETUP, SECTION_CONN, SECTION_CA };

/* Where something stands. `file` is kept by the conf_file. Lines and columns count from 1. */
struct place {
	const char *file;
	unsigned line, column;
};

struct param {
	char *keyword; /* as written, lower case */
	char *value;   /* unquoted; "" for an empty one */
	struct place place, value_place;
};

struct section {
	uint8_t kind; /* enum section_kind */
	char *name;   /* "" for config setup */
	struct place place;
	struct param *params;
	size_t len, cap;
	bool broken; /* a line of it could not be read: must not be used */
};

struct conf_file {
	struct section *sections;
	size_t len, cap;
	struct file_name {
		struct file_name *next;
		char path[];
	} * names;
};

#define CONF_INCLUDE_DEPTH_MAX 10
#define CONF_FILE_OCTETS_MAX (64u << 20)

/*
 * Read `path` and all it includes (relative patterns: from the including
 * file's folder). CYG_IO or CYG_PERM when the file itself can't be read or may be written by
 * strangers; faults inside go to `problems` and the rest is still read.
 */
MUST_CHECK enum cyg_err conf_file_read(const char *path, struct conf_file *ret,
				       struct problems *problems);

/* The same from memory; `name` stands for the file, its folder for where includes are. */
MUST_CHECK enum cyg_err conf_file_parse(struct view text, const char *name,
					struct conf_file *ret, struct problems *problems);

/* Free what the file holds. NULL and a zeroed one are fine. */
void conf_file_done(struct conf_file *f);

#endif
