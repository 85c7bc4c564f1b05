/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CENSOR_H
#define IPSEC_CENSOR_H

#include "conf/secrets.h"

#include <stdio.h>

/*
 * Configuration for other people's eyes. Nothing is cut out of the files: what
 * is printed is what was understood of them, so that a secret which stands where
 * none should (in a comment, behind a misspelt word) is not printed either.
 */

/*
 * The sections of an ipsec.conf and what it includes: names, keywords, and the
 * values of keywords that are known and take no key; public keys by their id. False
 * when the file can't be read.
 */
bool censor_conf(const char *path, FILE *out);

/* One line for each record: whom it is for and what kind it is. */
void censor_secrets(const struct secret_lines *secrets, FILE *out);

/* Print a line, or, when one of the secrets stands in it, that it was left out. */
void censor_line(const struct secret_lines *secrets, const char *line, FILE *out);

#endif
