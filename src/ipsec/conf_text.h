/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CONF_TEXT_H
#define IPSEC_CONF_TEXT_H

#include "base/text.h"
#include "conf/ca.h"

/*
 * What was read, as ipsec.conf text again: everything resolved, nothing that has
 * its default. Read back it gives an equal connection.
 */

/* "conn NAME" and its lines, ended by an empty one. */
void conf_text_connection(const struct connection *c, struct text *out);
/* "ca NAME" and its lines, ended by an empty one. */
void conf_text_ca(const struct conf_ca *ca, struct text *out);
/* "config setup" and its lines, ended by an empty one. */
void conf_text_setup(const struct conf_setup *s, struct text *out);

/* The keyword of a field as a section has it: "leftid"; which: 0 left, 1 right. */
void conf_text_keyword(const struct field *f, int which, struct text *out);
/* A value so that it reads back as it is: bare, quoted or in braces. */
void conf_text_value(const char *value, struct text *out);

/* uniqueids= as text. */
const char *conf_text_unique(const struct conf_setup *s);

/* Each setting that is said, or has a fixed default, with its value as text. */
typedef void (*conf_text_each)(void *ctx, const char *keyword, const char *value);
void conf_text_settings(const struct conf_setup *s, conf_text_each each, void *ctx);

#endif
