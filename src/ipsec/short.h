/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_SHORT_H
#define IPSEC_SHORT_H

#include "ipsec/paths.h"

/*
 * Short spellings: `ipsec up NAME` is `ipsec auto --up NAME`, `ipsec trafficstatus`
 * is `ipsec whack --trafficstatus`. Each hands over in this process, and ends with
 * what that returned. Libreswan's commands are spelt so.
 */
struct short_word {
	const char *word, *alias; /* alias: NULL for none */
	const char *steps[2];     /* "auto --replace": done in order, NULL-padded */
	unsigned char names;      /* enum short_names */
	bool asynchronous;        /* --asynchronous has a meaning */
	bool config;              /* --config has one */
	bool report;              /* --json and --utc have one */
	bool brief;               /* --brief has one */
	const char *doc;
};

enum short_names { SHORT_NONE, SHORT_MAYBE, SHORT_MANY };

/* The table, ended by a row without a word. */
extern const struct short_word short_words[];

/* The row of a word or its alias; NULL when there is none. */
const struct short_word *short_find(const char *word);

/* Run it: argv[0] is the word. Returns the exit status. */
int short_main(int argc, char **argv, const struct paths *p);

/* `ipsec auto ...`, `ipsec whack ...` in this process: argv[0] is "auto" or "whack". */
int run_auto(int argc, char **argv, const struct paths *p);
int run_whack(int argc, char **argv, const struct paths *p);

#endif
