/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_SECRET_H
#define TRUST_SECRET_H

#include "conn/secret_record.h"

/*
 * The records of ipsec.secrets: who may use which secret with whom, and how well a
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
struct secret_set;

/* An empty set. NULL when memory is short. */
struct secret_set *secret_set_new(void);
/* Wipes every value. NULL is fine. */
void secret_set_free(struct secret_set *s);
/*
 * Take over a record whole: what it owns is moved, its file's name copied, *record is
 * zeroed. CYG_NOMEM leaves both as they were.
 */
MUST_CHECK enum cyg_err secret_set_add(struct secret_set *s, struct secret_record *record,
				       const char *file);
/* How many records. */
size_t secret_set_len(const struct secret_set *s);
/* The i-th record (from 0) in the order of the files, borrowed; NULL behind the last one. For listings. */
const struct secret_record *secret_set_at(const struct secret_set *s, size_t i);

/*
 * The best record of a kind for us (`local`) with `remote`, borrowed; NULL when
 * none may be used. Two different secrets that fit alike: the first, and *why
 * says so (code "secret-ambiguous"); else *why is clear. None: *why says which
 * record would be needed and what the nearest one lacks ("no-secret"). Never a
 * secret is in it. Quick among any number of records: it looks at those that
 * name one of the two (the rarer one), and at those that name nobody.
 */
const struct secret_record *secret_find(const struct secret_set *s, enum secret_kind kind,
					const struct ident *local, const struct ident *remote,
					struct diag *why);

/*
 * How well a record fits, as above; 0: it may not be used. For private keys one that names
 * us and others may be used too (`for_key`): whoever gets the signature can't tell.
 */
unsigned secret_score(const struct secret_record *r, const struct ident *local,
		      const struct ident *remote, bool for_key);

/*
 * The best PPKS record of this name (empty: of any) for us with `remote`, borrowed; NULL when
 * there is none that may be used.
 */
const struct secret_record *secret_find_ppk(const struct secret_set *s, struct view name,
					    const struct ident *local,
					    const struct ident *remote);

#endif
