/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_KEYFILES_H
#define PLUTO_KEYFILES_H

#include "conf/problem.h"
#include "trust/trust.h"

struct connection;

/*
 * Trust reads no files: what ipsec.secrets and connections name is read here and handed in.
 * `folder` is CONFS/ipsec.d; private keys lie in its private/, public ones in certs/, unless
 * their names begin with a slash.
 */

/* The files of private keys that the secrets in force name. What is wrong goes to `problems`. */
void keyfiles_private(struct trust *t, const char *folder, int64_t now,
		      struct problems *problems);

/* The files that the ends of a connection name. */
void keyfiles_connection(struct trust *t, const char *folder, const struct connection *c,
			 struct problems *problems);

#endif
