/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_SETUP_H
#define CONF_SETUP_H

#include "conf/conf.h"

/*
 * `config setup`: the daemon's settings. Several such sections are read
 * together, the last value winning. The strings of *ret borrow from `f`.
 */
void setup_read(const struct conf_file *f, struct conf_setup *ret, struct problems *problems);

/* A word that config setup takes, for a complaint about one in the wrong section. */
bool setup_has(const char *keyword);

#endif
