/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_OE_H
#define CONF_OE_H

#include "conf/conf_private.h"

/*
 * What oe=yes in config setup makes up: a connection for each policy group that
 * has none. Their own lines say what the group means and are the strongest;
 * then the file's  conn %oedefault  counts, then the one of oe_sections. The
 * file's  conn %default  does not. Private to this room.
 */
#define OE_DEFAULT "%oedefault"
#define OE_PLACE "oe=yes" /* stands for the file that they are in */

/* The sections, as a file would have them. */
extern const char oe_sections[];

/* Tell once, at oe=, what the connections that were made up lack here. */
void oe_note(const struct conf *c, struct problems *problems);

#endif
