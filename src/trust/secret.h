/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_SECRET_H
#define TRUST_SECRET_H

#include "conn/ident.h"

/*
 * The records of ipsec.secrets: who may use which secret with whom. How well a
 * record fits us and a peer:
 *
 *     it names us and the peer        best
 *     us and %any
 *     us, and no other
 *     the peer and %any
 *     %any alone, or nobody           worst
 *     anything else                   never used
 *
 * Of two that fit alike the one whose patterns say more is the better one,
 * then the one written first.
 */
enum secret_kind { SECRET_PSK, SECRET_XAUTH, SECRET_PPK, SECRET_KEYFILE, SECRET_PIN };

struct secret {
	uint8_t kind;                 /* enum secret_kind */
	const struct ident **indices; /* owned references; none: matches anyone */
	size_t indices_len;
	struct bytes value; /* PSK octets; wiped when freed */
	const char *file;   /* interned in the set: where it was written */
	unsigned line;
};

struct secret_set;

/* An empty set. NULL when memory is short. */
struct secret_set *secret_set_new(void);
/* Wipes every value. NULL is fine. */
void secret_set_free(struct secret_set *s);
/*
 * Take over a record whole: indices and value are moved, *secret is zeroed.
 * CYG_NOMEM leaves both as they were.
 */
MUST_CHECK enum cyg_err secret_set_add(struct secret_set *s, struct secret *secret,
				       const char *file);
size_t secret_set_len(const struct secret_set *s);

/*
 * The best record of a kind for us (`local`) with `remote`, borrowed; NULL when
 * none may be used. Two different secrets that fit alike: the first, and *why
 * says so (code "secret-ambiguous"); else *why is clear. None: *why says which
 * record would be needed and what the nearest one lacks ("no-secret"). Never a
 * secret is in it. Quick among any number of records: it looks at those that
 * name one of the two (the rarer one), and at those that name nobody.
 */
const struct secret *secret_find(const struct secret_set *s, enum secret_kind kind,
				 const struct ident *local, const struct ident *remote,
				 struct diag *why);

#endif
