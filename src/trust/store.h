/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_STORE_H
#define TRUST_STORE_H

#include "base/map.h"
#include "trust/cert.h"

/*
 * The certificates that the host has read: those of ends by the names of their files, and
 * those of authorities, which are the anchors of all paths. Found by file, subject and key in
 * constant time. {0} is empty; moved by assignment.
 */
struct stored_cert {
	struct cert cert; /* that of whatever is found was read */
	struct bytes der; /* not read yet: cert has its key's id alone */
	char *file;       /* as connections or listings call it */
	int64_t installed;
	bool first; /* of its file: the end's own; others are intermediates */
	struct map_node by_file, by_subject, by_key;
};

struct stored_maps;

struct stored_certs {
	struct stored_cert **items; /* in the order they came */
	size_t len, cap;
	struct stored_maps *maps; /* NULL: empty */
	struct crypto *crypto;    /* for those that are not read yet; borrowed */
};

/* Forget all. */
void stored_certs_done(struct stored_certs *s);

/*
 * Put the certificates of a file in place of those kept by its name. Takes the list over;
 * CYG_NOMEM: all is as it was, and the list is the caller's.
 */
MUST_CHECK enum cyg_err stored_certs_put(struct stored_certs *s, const char *file,
					 struct cert_list *take, int64_t now);
/*
 * The same of a file's octets, of which only as much is read as finding its certificates takes
 * (sketch.h). One that turns out to be none that can be used is not found. Errors as of
 * certs_sketch: all is as it was.
 */
MUST_CHECK enum cyg_err stored_certs_put_unread(struct stored_certs *s, struct crypto *crypto,
						const char *file, struct view octets,
						int64_t now);
/* The at-th, read; NULL: it can't be. */
const struct stored_cert *stored_certs_at(const struct stored_certs *s, size_t at);
/* Put a copy of one behind the others. CYG_NOMEM: all is as it was. */
MUST_CHECK enum cyg_err stored_certs_add(struct stored_certs *s, const char *file,
					 const struct cert *c, int64_t now, bool first);
/* Put copies of those of a file of `from` in place of the file's own. CYG_NOMEM: all is as it was. */
MUST_CHECK enum cyg_err stored_certs_keep(struct stored_certs *s,
					  const struct stored_certs *from, const char *file);
/* The next file of `from`, from the *at-th one on, of which there is nothing here; as acert_set_gone. */
const char *stored_certs_gone(const struct stored_certs *s, const struct stored_certs *from,
			      size_t *at);
/* Whether this certificate is one of them. */
bool stored_certs_has(const struct stored_certs *s, const struct cert *c);
/* Forget a file's. */
void stored_certs_forget(struct stored_certs *s, const char *file);
/* The first certificate of a file, borrowed; NULL. */
const struct stored_cert *stored_certs_find(const struct stored_certs *s, const char *file);
/* A certificate that issued this one, borrowed; NULL. */
const struct cert *stored_certs_issuer(const struct stored_certs *s, const struct cert *c);
/* Of the ends' certificates with this key the one that ends last, borrowed; NULL. */
const struct stored_cert *stored_certs_last_of_key(const struct stored_certs *s,
						   const struct key *k);
/*
 * An end's certificate with this key that carries the identity (NULL: any), of several the one that
 * is to be shown at `now` (stored_is_better), borrowed; NULL.
 */
const struct stored_cert *stored_certs_of_key(const struct stored_certs *s, const struct key *k,
					      const struct ident *id, int64_t now);
/*
 * Which of two is to be shown: one that is valid at `now`, and of those the one that began last, for it
 * was made to take the other's place; of others the one that ends last. `b` may be NULL.
 */
bool stored_is_better(const struct stored_cert *a, const struct stored_cert *b, int64_t now);

#endif
