/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_KEYRING_H
#define TRUST_KEYRING_H

#include "trust/key.h"
#include "trust/secret.h"

/* Our private keys, each with the record of ipsec.secrets that it came by. */
struct own_key {
	struct key key;
	const struct secret_record *record; /* borrowed from the set of secrets */
	int64_t installed;                  /* seconds since 1970 */
	uint8_t source[32]; /* SHA-256 of the file it came from; zero: of none */
};

/* {0} is empty. */
struct keyring {
	struct own_key *items;
	size_t len, cap;
};

/* Wipes every key. */
void keyring_done(struct keyring *k);

/* Take a key over; CYG_NOMEM leaves it the caller's. */
MUST_CHECK enum cyg_err keyring_add(struct keyring *k, struct key *take,
				    const struct secret_record *record, int64_t installed);

/* Forget the keys of a record that are among the first `len`. */
void keyring_forget(struct keyring *k, const struct secret_record *record, size_t len);
/* Put copies of the keys of a record of `from` behind the others, as those of `record`; CYG_NOMEM. */
MUST_CHECK enum cyg_err keyring_keep(struct keyring *k, const struct keyring *from,
				     const struct secret_record *was,
				     const struct secret_record *record);

/* Forget those that are elsewhere and of whose signers `gone` says so, by their ctx; how many. */
size_t keyring_drop(struct keyring *k, bool (*gone)(void *ctx));

/* The private half of a public key, borrowed; NULL. Whom its record names does not count. */
const struct own_key *keyring_half(const struct keyring *k, const struct key *public);

/*
 * The key whose record fits best for `local` with `remote` among those that `fits`, the
 * first one of several; NULL. Borrowed.
 */
const struct own_key *keyring_best(const struct keyring *k, const struct ident *local,
				   const struct ident *remote,
				   bool (*fits)(void *ctx, const struct key *key), void *ctx);

#endif
