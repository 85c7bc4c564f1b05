/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SETUP_H
#define CONF_SETUP_H

#include "conf/conf.h"

/*
 * `config setup`: the daemon's settings. Several such sections are read
 * together, the last value winning. The strings of *ret borrow from `f`.
 */
void setup_read(const struct conf_file *f, struct conf_setup *ret, struct problems *problems);

/* A setting, for the man page's table, in the order in which they should be read. */
struct setting {
	const char *keyword;
	unsigned char kind;    /* how the value is read; private to setup.c */
	unsigned short offset; /* in struct conf_setup */
	unsigned max;          /* of numbers and times */
	const char *value;     /* what stands for the value: "FILE" */
	const char *doc;       /* one line; NULL: another spelling of the row above */
};

extern const struct setting setup_rows[];
extern const size_t setup_rows_len;

/* The setting of a keyword in any letter case; NULL if none. */
const struct setting *setting_find(const char *keyword);

#endif
