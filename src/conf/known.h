/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_KNOWN_H
#define CONF_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Words of Openswan's, Libreswan's and strongSwan's ipsec.conf that are no
 * field of a connection (conn/field.h) and no setting (conf/setup.h). Nothing
 * is silently ignored: each says why it has no effect, or refuses its section.
 */
enum known_effect {
	KNOWN_STRUCTURE, /* also, alsoflip: conf.c itself */
	KNOWN_INERT,     /* a preference without effect here: a note */
	KNOWN_OBSOLETE,  /* replaced: a warning */
	KNOWN_NOT_BUILT, /* it would not do what it says: refused, unless it says the harmless */
};

struct known {
	const char *keyword; /* without left/right */
	bool per_end;
	unsigned char effect; /* enum known_effect */
	const char *harmless; /* NOT_BUILT: values that ask for nothing, by commas; or NULL */
	const char *note;     /* why, or what replaced it */
};

/* Rows for conn sections and for config setup; NULL when the word is in neither. */
const struct known *known_conn(const char *keyword, bool per_end);
const struct known *known_setup(const char *keyword);

/* Every row, for suggestions. */
extern const struct known known_conn_rows[], known_setup_rows[];
extern const size_t known_conn_len, known_setup_len;

/* The value is one of the row's harmless ones (case-insensitive). */
bool known_harmless(const struct known *k, const char *value);

#endif
