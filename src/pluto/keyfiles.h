/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_KEYFILES_H
#define PLUTO_KEYFILES_H

#include "conf/problem.h"
#include "trust/trust.h"

#include <stdatomic.h>

struct connection;

/*
 * Trust reads no files: what ipsec.secrets and connections name is read here and handed in.
 * `folder` is CONFS/ipsec.d; private keys lie in its private/, public ones in certs/, unless
 * their names begin with a slash.
 */

/*
 * The files of private keys that the secrets in force name, but for those whose passphrase is to be
 * asked for. What is wrong goes to `problems`.
 */
void keyfiles_private(struct trust *t, const char *folder, int64_t now,
		      struct problems *problems);

/* Files that are looked at in some thread, before they are read. */
struct keyfiles_early {
	struct trust_early *found;
	char *folder;
	atomic_bool stop; /* those that are left are not looked at */
};
/*
 * The file of a private key (`kind`: of its record), or all of aacerts and acerts. What can't be read
 * is passed over: reading it tells why.
 */
void keyfiles_early_key(struct keyfiles_early *e, const char *name, uint8_t kind,
			struct view passphrase);
void keyfiles_early_acerts(struct keyfiles_early *e);

/*
 * The file of one record, one of trust_secrets, with the passphrase that was answered. Errors as of
 * trust_add_key and input_read, which are in `problems`.
 */
MUST_CHECK enum cyg_err keyfiles_open(struct trust *t, const char *folder,
				      const struct secret_record *r, struct view passphrase,
				      int64_t now, struct problems *problems);

/*
 * Whether a record of %prompt, one of trust_secrets, need not be asked for: it has been opened, and its
 * file holds what it held then.
 */
bool keyfiles_is_open(const struct trust *t, const char *folder, const struct secret_record *r);

/*
 * The files that the ends of a connection name. An end with a certificate and without an
 * identity of its own takes that of the certificate. Not `anywhere`: who described it may
 * not read what we may, and learns nothing of files outside of the folder, not even whether they
 * are there.
 */
void keyfiles_connection(struct trust *t, const char *folder, bool anywhere,
			 struct connection *c, int64_t now, struct problems *problems);

/*
 * All certificates of certs/, and those that connections named by their whole path, take the place
 * of those that were there. A file that holds none is passed over: keys lie there, too.
 * A folder that can't be read, or has gone, leaves them as they are.
 */
void keyfiles_certs(struct trust *t, const char *folder, int64_t now,
		    struct problems *problems);

/*
 * Of each of these folders: what a file gave stays while the file can't be used; one that has gone is a
 * warning whose code is KEYFILES_GONE. CYG_NOTFOUND, CYG_IO: the folder has gone, or can't be read, and
 * what is in force stays; one that never was there is an empty one.
 */
#define KEYFILES_GONE "file-gone"

/* All certificates of cacerts/ take the place of those that were there. Also CYG_NOMEM: the old ones stay. */
MUST_CHECK enum cyg_err keyfiles_cacerts(struct trust *t, const char *folder, int64_t now,
					 struct problems *problems);

/*
 * All lists of crls/ take the place of those that were read before; fetched ones stay where they
 * are newer. `aside` (NULL: there is none) takes jobs over that read the long ones.
 */
MUST_CHECK enum cyg_err keyfiles_crls(struct trust *t, const char *folder, int64_t now,
				      void (*aside)(void *ctx, struct trust_job *job),
				      void *ctx, struct problems *problems);

/* Remove the files of crls/ that hold what OCSP servers said. */
void keyfiles_purge_answers(const char *folder);

/* All certificates of ocspcerts/ take the place of those that were there. */
MUST_CHECK enum cyg_err keyfiles_ocspcerts(struct trust *t, const char *folder, int64_t now,
					   struct problems *problems);
/* All certificates of aacerts/, the same: keyfiles_acerts is to follow. */
MUST_CHECK enum cyg_err keyfiles_aacerts(struct trust *t, const char *folder, int64_t now,
					 struct problems *problems);
/* All attribute certificates of acerts/, the same; their authorities are those in force. */
MUST_CHECK enum cyg_err keyfiles_acerts(struct trust *t, const char *folder, int64_t now,
					struct problems *problems);

#endif
