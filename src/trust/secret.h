/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_SECRET_H
#define TRUST_SECRET_H

#include "conn/ident.h"

/*
 * The records of ipsec.secrets: who may use which secret with whom
 * (reference/ipsec.secrets.md 2 and 3).
 */
enum secret_kind { SECRET_PSK, SECRET_XAUTH, SECRET_PPK, SECRET_KEYFILE, SECRET_PIN };

struct secret {
	uint8_t kind; /* enum secret_kind */
	const struct ident **indices; /* owned references; none: matches anyone */
	size_t indices_len;
	struct bytes value; /* PSK octets; wiped when freed */
	const char *file;   /* interned in the set: where it was written */
	unsigned line;
};

struct secret_set;

struct secret_set *secret_set_new(void);
void secret_set_free(struct secret_set *s); /* wipes */
/* Take over a record whole (indices and value are moved; *secret is zeroed). */
MUST_CHECK enum cyg_err secret_set_add(struct secret_set *s, struct secret *secret, const char *file);
size_t secret_set_len(const struct secret_set *s);

/*
 * The best record of a kind for us (`local`) with `remote`; NULL when none
 * may be used. Scores: reference/ipsec.secrets.md 3. Two different secrets
 * with the same best score: the first, and *why says so (code "secret-ambiguous").
 * None: *why lists the nearest record and what it lacked, never a secret.
 */
const struct secret *secret_find(const struct secret_set *s, enum secret_kind kind, const struct ident *local,
				 const struct ident *remote, struct diag *why);

#endif
