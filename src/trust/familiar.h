/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_FAMILIAR_H
#define TRUST_FAMILIAR_H

#include "base/map.h"
#include "trust/cert.h"

struct crypto;
struct hash_key;

/*
 * Paths of certificates by which peers have proved themselves: who comes again with the same ones
 * need not have them read, and their signatures checked, again. All that decides whether such a
 * path is right is in its name, or asked anew each time:
 *
 *   - the octets that the peer sent and what is asked of keys: the name
 *   - the anchors in force: all are forgotten when there are others
 *   - the time, the identity, groups, rightca=, whether one was revoked: asked anew (check_cert.c)
 *
 * A stranger gets nothing in here, and a peer no more than the authority gave him certificates:
 * what he sends beside his path is not remembered (familiar_fits). Of one thread.
 */
#define FAMILIAR_MAX 1024 /* paths, some 10 KiB each; the one that was used longest ago goes */

struct path_name {
	uint8_t octets[32];
};

struct familiar {
	struct map by_name;
	struct list by_use; /* last used first */
	size_t len;
};

void familiar_init(struct familiar *f);
/* Forget all; it can be used on. */
void familiar_clear(struct familiar *f);

/*
 * The name of what was sent, DER by DER, and is held against rules with such keys. CYG_NOMEM,
 * CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err path_name_of(struct crypto *crypto, const struct bytes *sent,
				     size_t len, unsigned rsa_bits_min, struct path_name *ret);

/* A copy of the path of that name. False: there is none, or memory is short. */
bool familiar_find(struct familiar *f, const struct hash_key *key, const struct path_name *name,
		   struct cert_list *ret);
/* Keep a path, which is copied; when memory is short it is not kept. */
void familiar_add(struct familiar *f, const struct hash_key *key, const struct path_name *name,
		  const struct cert_list *path);

/* What was sent is the path's beginning and nothing else. */
bool familiar_fits(const struct cert_list *sent, const struct cert_list *path);

#endif
