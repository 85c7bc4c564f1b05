/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_AUTHORITY_H
#define CONN_AUTHORITY_H

#include "base/err.h"

#include <stddef.h>

struct diag;

/*
 * What a `ca NAME` section of ipsec.conf says of a certification authority: where
 * its certificate lies, and where it tells of revoked ones. On the control protocol
 * it is an object of keyword and text; keywords and whack options derive from the
 * one table below. NULL: not said.
 */
struct authority {
	const char *name;
	const char *cacert;      /* a file */
	const char *crluri[2];   /* where lists of revoked certificates are */
	const char *ocspuri[2];  /* who answers about single ones (RFC 6960) */
	const char *ldaphost;    /* of CRLs in a directory that say no host */
	const char *certuribase; /* before the hash of a certificate (RFC 7296 3.6) */
	const char *groups;      /* of who is below its certificate (conn/group_names.h) */
};

/* One of its words. */
struct authority_field {
	const char *keyword; /* in ipsec.conf, on the control protocol and in JSON */
	const char *option;  /* whack's, without dashes */
	const char *value;   /* what stands for the value in --help */
	const char *doc;
	size_t offset;
	enum cyg_err (*check)(const char *text, struct diag *why); /* NULL: any text is right */
};

#define AUTHORITY_FIELDS 8
extern const struct authority_field authority_fields[AUTHORITY_FIELDS];

/* The member of a row: borrowed text, or NULL. */
const char **authority_member(struct authority *a, const struct authority_field *f);
/* The same of one that is not to be changed. */
const char *authority_text(const struct authority *a, const struct authority_field *f);

/* Whether a text, which is not empty, may stand in a row. Errors as of the row's check, with *why. */
MUST_CHECK enum cyg_err authority_check(const struct authority_field *f, const char *text,
					struct diag *why);

/* The row of a keyword (letter case does not matter), or of whack's option; NULL: none. */
const struct authority_field *authority_by_keyword(const char *keyword);
const struct authority_field *authority_by_option(const char *option);

/* A copy in one block, which free() frees; NULL when memory is short. */
struct authority *authority_copy(const struct authority *a);

#endif
