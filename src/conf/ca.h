/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_CA_H
#define CONF_CA_H

#include "conf/conf.h"
#include "conn/authority.h"

/*
 * `ca NAME` sections: where a certification authority's certificate lies and
 * where it tells of revoked ones. They are resolved as connections are, through
 * also= and ca %default. This room reads none of the files and fetches nothing.
 */
struct conf_ca {
	struct authority says;                         /* cacert= is a file, as written */
	bool load;                                     /* auto=add */
	struct conf_origin from[AUTHORITY_FIELDS + 1]; /* of each row's value, and of auto= */
	const char *file;                              /* where the section begins */
	unsigned line;
};

/* Read a file of which nothing but config setup and the ca sections is wanted: as conf_read. */
MUST_CHECK enum cyg_err conf_read_cas(const char *path, struct conf **ret,
				      struct problems *problems);

/* Name of the i-th ca section (from 0) in file order, %default left out; NULL at the end. */
const char *conf_ca_name(const struct conf *c, size_t i);

/*
 * The whole section `name`; its strings are borrowed from *c. CYG_NOTFOUND,
 * or CYG_MALFORMED: all faults are in `problems`, the first one in *why.
 */
MUST_CHECK enum cyg_err conf_ca(const struct conf *c, const char *name, struct conf_ca *ret,
				struct problems *problems, struct diag *why);

/*
 * The file of its certificate: what cacert= says, which without a slash in front lies in
 * CONFS/ipsec.d/cacerts. In buf; false when it does not fit.
 */
bool conf_ca_file(const struct authority *says, const char *confs, char *buf, size_t cap);

#endif
