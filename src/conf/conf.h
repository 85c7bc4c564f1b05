/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "conf/file.h"
#include "conn/connection.h"

#include <limits.h>

struct field;

/*
 * What ipsec.conf says: connections resolved through also= and %default, and
 * the daemon's settings. A fault in one connection refuses that one alone.
 * One thread at a time: reading remembers what it has read.
 */
struct conf;

#define SETUP_UNSET UINT_MAX

/* `config setup`. Strings are owned by the conf; NULL: not said. */
struct conf_setup {
	const char *plane;                     /* "auto", "xfrm", "esp", "memory" */
	const char *listen;                    /* addresses to use, comma separated */
	const char *radius_servers;            /* addresses, as they are written */
	unsigned radius_seconds, radius_tries; /* SETUP_UNSET: the daemon's default */
	const char *virtual_private;           /* what peers may claim, as it is written */
	const char *log_file;                  /* plutostderrlog=, logfile= */
	const char *secrets_file;
	const char *dns_root_key, *dns_anchors; /* dnssec-rootkey-file=, dnssec-anchors= */
	const char *debug;                      /* plutodebug= */
	bool unique_ids;                        /* yes */
	bool contact_ignored;                   /* uniqueids=never; unique_ids is false */
	bool oe;                                /* the connections of conf/oe.h are there */
	bool wait;        /* plutowait=: setup waits for each connection */
	uint8_t dialect;  /* enum dialect: whose way of writing the file follows */
	unsigned helpers; /* nhelpers=: worker threads; 0: as many as cores */
	unsigned half_open_cookie, half_open_max; /* SETUP_UNSET: the daemon's default */
	unsigned updown_seconds;                  /* the same */
	const char *crl_policy;                   /* strictcrlpolicy=: "no", "ifuri", "yes" */
	bool cache_crls;                          /* no */
	unsigned crl_interval, crl_seconds;       /* SETUP_UNSET: the daemon's default */
	unsigned keep_alive_seconds; /* SETUP_UNSET: the daemon's default; 0: none */
};

/*
 * Read a file. One that can't be opened is an error and *ret is untouched; faults
 * inside go to `problems`.
 */
MUST_CHECK enum cyg_err conf_read(const char *path, struct conf **ret,
				  struct problems *problems);
MUST_CHECK enum cyg_err conf_parse(struct view text, const char *name, struct conf **ret,
				   struct problems *problems);

/*
 * The same for who asks for these connections alone, by their names or
 * aliases: what is said of them is the same, and so is config setup, but other
 * sections may be missing. Of the problems, those go to `problems` that concern
 * these connections: of the sections that they are put together from, of config
 * setup, and of lines that no section is known to have. Faults of other sections
 * are for who asks for them, and for a checker. No names: as conf_read.
 */
MUST_CHECK enum cyg_err conf_read_for(const char *path, char *const *names, size_t len,
				      struct conf **ret, struct problems *problems);
MUST_CHECK enum cyg_err conf_parse_for(struct view text, const char *name, char *const *names,
				       size_t len, struct conf **ret,
				       struct problems *problems);

/* NULL is fine. What was borrowed from it goes with it. */
void conf_free(struct conf *c);

/* What config setup says, defaults filled in; borrowed from *c. */
const struct conf_setup *conf_setup(const struct conf *c);

/* Name of the i-th conn section (from 0) in file order, %default left out; NULL at the end. */
const char *conf_conn_name(const struct conf *c, size_t i);

/*
 * The names (NULL-terminated), each that is a connalias and no section replaced by all
 * sections that say it, in file order. One block, NULL-terminated, for the caller to
 * free; the names are borrowed. NULL: memory is short.
 */
const char **conf_resolve(const struct conf *c, char *const *names);

/*
 * The section that describes the connection `name`: of a pair of networks, NAME/IxJ, it is NAME,
 * whose conf_resolve lists all pairs. Borrowed from the conf; NULL: there is no such connection.
 */
const char *conf_conn_section(const struct conf *c, const char *name);

/*
 * Where a part of the configuration could not be read that no section is known to be in:
 * NULL, or the file and *ret_line. What conf_conn_name does not name may stand there.
 * Of the whole file alone, not after conf_read_for.
 */
const char *conf_gap(const struct conf *c, unsigned *ret_line);

/*
 * The first include line whose file is empty or whose pattern's folder is not there: NULL, or
 * the file and *ret_line. Connections may have stood there before. As conf_gap otherwise.
 */
const char *conf_hollow(const struct conf *c, unsigned *ret_line);

/*
 * The whole connection `name` (a section, else the first one that has it as
 * connalias), one reference for the caller. CYG_NOTFOUND with the nearest
 * name in *why; CYG_MALFORMED when the connection is faulty: all its faults
 * are in `problems`, the first one in *why. Notes go to `problems`.
 */
MUST_CHECK enum cyg_err conf_connection(const struct conf *c, const char *name,
					struct connection **ret, struct problems *problems,
					struct diag *why);

/*
 * Look through the conn sections that do not count because an earlier one has their name. Their
 * faults are added as warnings: they keep nothing from being used, until the name is changed.
 */
void conf_check_shadowed(const struct conf *c, struct problems *problems);

/*
 * Is the section `name` a part of connections, and none itself? So is one that lacks an end, and
 * that others take in by also= or that says auto=ignore. `p`: what reading it as a connection
 * found. Not after conf_read_for, which does not see who takes it in.
 */
bool conf_is_part(const struct conf *c, const char *name, const struct problems *p);

/* Do others take the section `name` in by also=? Not after conf_read_for. */
bool conf_is_taken_in(const struct conf *c, const char *name);

/*
 * Is the connection `name` one to be loaded, by its auto= or by hand? Not so are one that says
 * auto=ignore, and one that says nothing and that others take in by also=.
 */
bool conf_is_meant(const struct conf *c, const char *name);

/*
 * Has the section `name` an auto= that can't be followed, or a word that may be meant for auto=?
 * Then conf_conn_start says START_IGNORE, and conf_connection why.
 */
bool conf_start_is_garbled(const struct conf *c, const char *name);

/* What the section's auto= says, the rest unresolved: an enum conn_start; START_IGNORE if unknown. */
int conf_conn_start(const struct conf *c, const char *name);

/* ---- where things stand, for commands that explain ---- */

enum conf_from {
	CONF_FROM_NOWHERE,         /* nothing says it: the built-in default */
	CONF_FROM_SECTION,         /* the connection's own lines */
	CONF_FROM_ALSO,            /* a section that it takes in by also= */
	CONF_FROM_PERCENT_DEFAULT, /* conn %default */
	CONF_FROM_DIALECT,         /* the default of dialect= */
};

/* Where one value comes from. Strings are borrowed from the conf; all but `from` may be 0. */
struct conf_origin {
	uint8_t from;        /* enum conf_from */
	const char *keyword; /* as written, with left or right as it stands there */
	const char *value;   /* as written, unquoted; "" takes back what weaker sections say */
	const char *section; /* name of the section it stands in */
	const char *file;
	unsigned line, column; /* of the value */
	struct place place;    /* the same for problems_add_at; without a source: nowhere */
	bool of_ca;            /* the section is a ca section */
};

/*
 * Where the value of a field (which: 0 left, 1 right, 0 for one of the
 * connection) of the connection `name` comes from. False when there is no such
 * connection. Also right for one that is faulty.
 */
bool conf_origin(const struct conf *c, const char *name, const struct field *f, int which,
		 struct conf_origin *ret);

/*
 * What the connection `name` says for a word that is none of its fields, such as those of
 * manual keying: `keyword` with its left or right. The value may be secret. False: nothing,
 * or there is no such connection.
 */
bool conf_said(const struct conf *c, const char *name, const char *keyword,
	       struct conf_origin *ret);

/*
 * Does a file end amid a line, without the newline, as one does that is only half written or
 * copied? Where that line stands: keyword and value are not set. Of the whole file alone, not
 * after conf_read_for.
 */
bool conf_unended(const struct conf *c, struct conf_origin *ret);

/* Where the section of a connection begins: keyword and value are not set. False: no such one. */
bool conf_conn_place(const struct conf *c, const char *name, struct conf_origin *ret);

/* Is the connection one of those that oe=yes makes up? */
bool conf_is_made_up(const struct conf *c, const char *name);

/* Where config setup last says a keyword, in any of its spellings. False: it does not. */
bool conf_setup_place(const struct conf *c, const char *keyword, struct conf_origin *ret);

/* "default", "conn a", "also= of conn a", ...: `ret` in words, for people. Returns buf. */
const char *conf_origin_print(const struct conf_origin *o, char *buf, size_t cap);

#endif
