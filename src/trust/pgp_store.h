/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_PGP_STORE_H
#define TRUST_PGP_STORE_H

#include "trust/pgp.h"

/* The OpenPGP certificates that the host has read, by the names of their files. {0} is empty. */
struct stored_pgp {
	struct pgp_cert cert;
	char *file;
	int64_t installed;
};

struct stored_pgps {
	struct stored_pgp **items;
	size_t len, cap;
};

/* Forget all. */
void stored_pgps_done(struct stored_pgps *s);
/* Put one in place of that of its file; *take is empty then. CYG_NOMEM leaves it the caller's. */
MUST_CHECK enum cyg_err stored_pgps_put(struct stored_pgps *s, const char *file,
					struct pgp_cert *take, int64_t now);
/* That of a file, borrowed; NULL. */
const struct stored_pgp *stored_pgps_find(const struct stored_pgps *s, const char *file);

#endif
