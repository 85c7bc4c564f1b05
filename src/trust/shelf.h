/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_SHELF_H
#define TRUST_SHELF_H

#include "trust/chain.h"
#include "trust/crl.h"
#include "trust/ocsp.h"

/*
 * What files hold of issuers that are not known when they are read: lists of intermediate
 * authorities, whose certificates peers bring along, and answers of OCSP servers that were kept. It
 * stays the octets that it is, and is checked by a worker when the path of a peer shows the issuer.
 * Counted; what is on it does not change once it is in force.
 */
#define SHELF_ITEMS_MAX 65536
#define SHELF_FOUND_MAX 32 /* of one path */

/* Where an answer about a certificate is kept: this, in hexadecimal digits, and ".ocsp". */
#define SHELF_NAME_LEN 16
struct shelf_name {
	uint8_t octets[SHELF_NAME_LEN];
};
/* CYG_CRYPTO, CYG_NOMEM. */
MUST_CHECK enum cyg_err shelf_name_of(struct crypto *crypto, const struct issuer_id *issuer,
				      const struct serial *serial, struct shelf_name *ret);

struct shelf;

/* Empty; one reference. NULL when memory is short. */
struct shelf *shelf_new(void);
/* In the thread of trust_begin. NULL is fine. */
struct shelf *shelf_ref(struct shelf *s);
void shelf_unref(struct shelf *s);

/* A list of a file, in DER or PEM; `issuer` is its Name. CYG_NOMEM, CYG_LIMIT. */
MUST_CHECK enum cyg_err shelf_put_list(struct shelf *s, const char *file, struct view octets,
				       struct view issuer);
/* An answer. Errors as above. */
MUST_CHECK enum cyg_err shelf_put_answer(struct shelf *s, const char *file,
					 const struct shelf_name *name, struct view octets);

/* What was found for a path. {0} is empty. */
struct shelf_found {
	struct shelf_item *item;
	struct crl *crl; /* NULL: an answer */
	size_t link;     /* of the path */
	struct ocsp_answer says;
};
struct shelf_finds {
	struct shelf_found items[SHELF_FOUND_MAX];
	size_t len;
};

/*
 * Check what is there for a path; `key` and `signers` as for crl_read and ocsp_read. What was taken
 * before (shelf_taken) is passed over, and so is what can't be believed. Slow; any thread.
 */
void shelf_find(const struct shelf *s, struct crypto *crypto, const struct chain *c,
		const struct hash_key *key, const struct cert_list *signers, int64_t now,
		struct shelf_finds *ret);
/* The file of a find; and that it is known by now, and not to be found again. */
const char *shelf_file(const struct shelf_found *f);
void shelf_taken(const struct shelf_found *f);
/* Free the lists that were not moved out. */
void shelf_finds_done(struct shelf_finds *f);

#endif
