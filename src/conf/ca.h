/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_CA_H
#define CONF_CA_H

#include "conf/conf.h"

/*
 * `ca NAME` sections: where a certification authority's certificate lies and
 * where it tells of revoked ones. They are resolved as connections are, through
 * also= and ca %default. This room reads none of the files and fetches nothing.
 */
struct conf_ca {
	const char *name;
	const char *cacert;      /* a file, as written; NULL: not said, as all below */
	const char *crluri[2];   /* where lists of revoked certificates are */
	const char *ocspuri[2];  /* who answers about single ones (RFC 6960) */
	const char *ldaphost;    /* of CRLs in a directory that say no host */
	const char *certuribase; /* before the hash of a certificate (RFC 7296 3.6) */
	bool load;               /* auto=add */
	const char *file;        /* where the section begins */
	unsigned line;
};

/* Name of the i-th ca section (from 0) in file order, %default left out; NULL at the end. */
const char *conf_ca_name(const struct conf *c, size_t i);

/*
 * The whole section `name`; its strings are borrowed from *c. CYG_NOTFOUND,
 * or CYG_MALFORMED: all faults are in `problems`, the first one in *why.
 */
MUST_CHECK enum cyg_err conf_ca(const struct conf *c, const char *name, struct conf_ca *ret,
				struct problems *problems, struct diag *why);

/* Whether a word of a ca section is followed here; not an alias of one. */
bool conf_ca_takes(const char *keyword);

#endif
