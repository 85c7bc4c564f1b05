/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_CHECK_FILES_H
#define IPSEC_CHECK_FILES_H

#include "ipsec/findings.h"

struct secret_set;

/*
 * The files of keys and certificates that ipsec.secrets and connections name, as pluto will
 * open them. `confs` is the folder of ipsec.d.
 */

/*
 * Whether the file that cert= of an end names can be read; a token's object is not looked for, and
 * what `secrets` (NULL: not known) name as a bundle is theirs. False: *why.
 */
bool check_cert_file(const struct secret_set *secrets, const char *confs, const char *name,
		     struct diag *why);

/* The path of such a file, in buf; false: it is no file of its own, or too long. */
bool check_cert_path(const struct secret_set *secrets, const char *confs, const char *name,
		     char *buf, size_t cap);

/*
 * Whether `secrets` may have the private half of a public key as ipsec.conf has it ("0s..." or
 * "0x..."): RSA keys that are written out are compared, one in a file or on a token may be it.
 */
bool check_has_private(const struct secret_set *secrets, const char *public_key);

/* An error for each private key of `secrets` whose file pluto would not take; a note of each %prompt. */
void check_key_files(const struct secret_set *secrets, const char *confs, struct findings *f);

#endif
