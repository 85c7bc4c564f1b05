/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_KEYWORD_H
#define CONF_KEYWORD_H

#include "base/diag.h"
#include "base/err.h"
#include "conf/file.h"
#include "conn/field.h"

/*
 * The one table of all words that ipsec.conf files hold, whoever wrote them:
 * where a word may stand, which systems spell it so, what its value looks like,
 * and what becomes of it here. Nothing is silently ignored. Man pages,
 * completions and complaints derive from it; what a word does is a row of
 * conn/field.h, of setup.h or of ca.h.
 */
enum keyword_fate {
	KEYWORD_BUILT,
	KEYWORD_INERT,    /* taken, and has no effect here: a note says why */
	KEYWORD_OBSOLETE, /* replaced: a warning says by what */
	KEYWORD_REFUSED, /* it would not do what it says: refuses its section, unless harmless */
};

/* Systems whose files have the word. */
enum keyword_dialect {
	KEYWORD_OPENSWAN = 1,
	KEYWORD_LIBRESWAN = 2,
	KEYWORD_STRONGSWAN = 4,
	KEYWORD_OWN = 8, /* of this system alone */
};

/* What its value looks like. `words` of the row are taken beside it. */
enum keyword_value {
	VALUE_FIELD,   /* as the row of conn/field.h says */
	VALUE_SETTING, /* as the row of setup.h says */
	VALUE_RECORD,  /* as ca.h says */
	VALUE_NAMES,   /* of sections */
	VALUE_TEXT,    /* anything */
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_TIME,
	VALUE_OCTETS,
	VALUE_ADDRESS,
	VALUE_NETWORK,
	VALUE_ID,
	VALUE_DSCP, /* six binary digits */
	VALUE_WORD, /* one of `words` */
	VALUE_KINDS
};

struct keyword {
	const char *name;     /* without its left or right */
	uint8_t section;      /* enum section_kind */
	bool per_end;         /* it is there twice, with left and with right */
	uint8_t dialects;     /* enum keyword_dialect, or-ed */
	uint8_t fate;         /* enum keyword_fate */
	uint8_t value;        /* enum keyword_value */
	const char *words;    /* of a value, by commas; or NULL */
	const char *harmless; /* REFUSED: values that ask for nothing, by commas; or NULL */
	const char *alias_of; /* the word that says the same; or NULL */
	const char *note;     /* not built: why, or what replaced it */
};

#define KEYWORD_NEITHER 2 /* neither end */

/* A word looked up. */
struct keyword_meaning {
	const struct keyword *row; /* NULL: there is no such word */
	const struct field *field; /* of a connection; NULL: none */
	uint8_t which;             /* 0 left, 1 right, KEYWORD_NEITHER */
	bool is_note;              /* x-anything: a person's own */
};

/* The tables: of conn sections, and of config setup and ca. */
extern const struct keyword keyword_conn_rows[], keyword_other_rows[];
extern const size_t keyword_conn_len, keyword_other_len;

/* What `word`, with its left or right, means in a section of the kind. Any letter case. */
struct keyword_meaning keyword_find(enum section_kind kind, const char *word);

/* The row of a name that has no left or right on it; NULL if none. */
const struct keyword *keyword_row(enum section_kind kind, const char *name, bool per_end);

/* The row itself, or the one that it is another spelling of. */
const struct keyword *keyword_canonical(const struct keyword *k);

/* The nearest name to a misspelt one (no left or right in either), or NULL; static. */
const char *keyword_nearest(enum section_kind kind, const char *word);

#define KEYWORD_TEXT_MAX 48 /* room for any word with its side and NUL */

/*
 * The nearest word of an end, with its side, to one whose side is misspelt
 * ("lefsubnet"); false when none is near.
 */
bool keyword_nearest_of_end(const char *word, char ret[KEYWORD_TEXT_MAX]);

/* Its value is a key, which is never shown: a word of manual keying. Any letter case. */
bool keyword_is_secret(const char *word);

/* What becomes of the word: that of its row, KEYWORD_INERT for a field without effect. */
enum keyword_fate keyword_fate(const struct keyword_meaning *m);

/* The value is one of the row's harmless ones (any letter case). */
bool keyword_is_harmless(const struct keyword *k, const char *value);

/*
 * Whether the value of a word that is not built has the form that it has
 * elsewhere; CYG_MALFORMED and *why, which calls the word as it was `written`,
 * if not. Words that are built pass: whoever follows them reads the value.
 */
MUST_CHECK enum cyg_err keyword_check(const struct keyword *k, const char *written,
				      const char *value, struct diag *why);

/* Cut left or right off; *ret_which is 0, 1 or KEYWORD_NEITHER. */
const char *keyword_cut_side(const char *word, uint8_t *ret_which);

#endif
