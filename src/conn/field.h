/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_FIELD_H
#define CONN_FIELD_H

#include "base/text.h"
#include "conn/connection.h"

/*
 * The one table by which a connection is described: each row is a field of
 * struct connection or struct end, its ipsec.conf keyword (left/right are
 * prefixed for ends), its whack option, how its text is read and printed.
 * ipsec.conf, whack's options, the control protocol's JSON, listings and the
 * man pages' tables all go through it, so that they cannot drift apart.
 * On the control protocol a connection is an object of keyword: text.
 */
struct field_kind;

struct field {
	const char *
		keyword; /* ipsec.conf word; for an end without its left/right prefix ("" is left= itself) */
	const char *aliases[6];        /* other spellings of the keyword */
	const char *option;            /* whack's long option without dashes */
	const char *option_aliases[2]; /* other spellings of the option */
	const char *const *
		words; /* NULL-terminated: the values of an enumeration or list; yes and no first: a flag */
	const char *
		alone; /* the value of whack's option without one; NULL: "yes", or it needs one */
	const char *value; /* what stands for the value in --help: "ADDRESS", "TIME" */
	const char *doc;   /* one line for --help and the man page */
	const char *inert; /* why it has no effect; NULL: it has one */
	bool per_end;
	bool adds; /* adds to what another row has set: to be read after the rest */
	bool late; /* what it means depends on another row: to be read after the rest, too */
	const struct field_kind
		*kind;   /* how the text is read and printed; private to field*.c */
	uint16_t offset; /* in struct end or struct connection */
};

extern const struct field conn_fields[];
extern const size_t conn_fields_len;

/* By keyword or alias in any letter case, end prefix removed by the caller; NULL if none. */
const struct field *field_by_keyword(const char *keyword, bool per_end);
/* By whack's option or another spelling of it; NULL if none. */
const struct field *field_by_option(const char *option);

/*
 * Read `text` into the field. `which` is 0 (left) or 1 (right) for per_end rows,
 * ignored otherwise. On error the connection is as before and *why says what was
 * wanted, what came, and the nearest right word.
 */
MUST_CHECK enum cyg_err field_set(struct connection *c, int which, const struct field *f,
				  const char *text, struct diag *why);

/* The same; *why leaves out which keyword it is, for who knows how it was written. */
MUST_CHECK enum cyg_err field_read(struct connection *c, int which, const struct field *f,
				   const char *text, struct diag *why);

/*
 * Print the field as field_set reads it. False (nothing added) when it has its
 * default, and for rows that are another row's second face (forceencaps=) or
 * only check what they are told (keyexchange=).
 */
bool field_get(const struct connection *c, int which, const struct field *f, struct text *out);

/* Print the default as field_get would print it if it were none; false for a field that has no value by default. */
bool field_default(const struct field *f, struct text *out);

/*
 * Print what is in force in `c` where nobody says the field, as field_get would; false when nothing
 * is. *ret_follows: it comes of what else `c` says, and is not built in.
 */
bool field_unsaid(const struct connection *c, int which, const struct field *f,
		  struct text *out, bool *ret_follows);

#endif
