/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECK_PRIVATE_H
#define IPSEC_CHECK_PRIVATE_H

#include "conf/conf.h"
#include "conn/field.h"
#include "ipsec/check.h"

/* What the parts of `check_run` share; nobody else includes it. `local` is the end that is us. */

/* The same of a keyword of the end `which`, without its side ("": the host); NULL: the whole connection. */
void check_warn(struct check *c, enum problem_level level, const struct connection *conn,
		const char *end_keyword, int which, struct diag *d);

/* check_ends.c. `local`: also CHECK_NEITHER and the like. */
void check_ends(struct check *c, const struct connection *conn, int local);
/* What was copied from one end to the other, and not changed there. */
void check_alike(struct check *c, const struct connection *conn);

/* check_secrets.c: both want c->secrets. */
void check_secret(struct check *c, const struct connection *conn, int local);
/* What this end is to sign with, where its public key stands in the file itself. */
void check_private_key(struct check *c, const struct connection *conn, int local);

/* check_trust.c: both ends' certificates, for pluto reads both, and believes the peer by its own. */
void check_certs(struct check *c, const struct connection *conn, int local);
/* The authority that the end `which` is to have been certified by. */
void check_authority(struct check *c, const struct connection *conn, int which);
/* What the connection wants the peer to prove, and whether anybody can. */
void check_proof(struct check *c, const struct connection *conn, int local);
/* Certificates and addresses of all ca sections. */
void check_authorities(struct check *c);

#endif
