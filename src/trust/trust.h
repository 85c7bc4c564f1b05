/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include "conn/authority.h"
#include "conn/event.h"
#include "conn/listing.h"
#include "trust/secret.h"

struct authorities;
struct crypto;

/*
 * Who the peer is, and how we prove who we are. Holds every long-term secret;
 * nobody else does. Requests are data (conn/action.h) and so are answers, so
 * that this room can become a process of its own.
 */
struct trust;

/* Without any secret. `crypto` is borrowed and must outlive it. NULL when memory is short. */
struct trust *trust_new(struct crypto *crypto);
/* Wipes every secret. NULL is fine. */
void trust_free(struct trust *t);

/*
 * Replace all secrets at once (ipsec.secrets was read again). The set is moved
 * in. Connections already up are not touched.
 */
void trust_set_secrets(struct trust *t, struct secret_set *take);

/* Those in force, borrowed. For this room alone. */
const struct secret_set *trust_secrets(const struct trust *t);

/*
 * Keep what a ca section says, in place of what is kept by its name. `certificate`
 * is what its file holds; an empty one is told of in listings. CYG_NOMEM and nothing has
 * changed; CYG_MALFORMED with *why when the certificate can't be read: it is kept without.
 */
MUST_CHECK enum cyg_err trust_add_authority(struct trust *t, const struct authority *says,
					    struct view certificate, struct diag *why);
/* Forget those whose names a shell pattern fits. Returns how many. */
size_t trust_delete_authorities(struct trust *t, const char *pattern);
/* Those kept, borrowed. For this room alone. */
const struct authorities *trust_authorities(const struct trust *t);

/*
 * What trust knows of a kind of listing: hand the records from the *at-th on to the
 * sink, and count *at on. True when all have been told, false when the sink wants no
 * more now. Secrets have names and places there, and never themselves; of keys,
 * certificates and what belongs to them there are none yet but for ca sections.
 */
bool trust_list(const struct trust *t, enum listing_kind kind, uint64_t *at,
		const struct listing_sink *sink);

/*
 * Answer ACT_AUTH_MAKE or ACT_AUTH_CHECK. `ret` gets op, err, why and data;
 * `ret_data` and `ret_why` are the storage that the answer points at (the data
 * is the caller's to wipe and free). Today every answer is ready at once;
 * CYG_AGAIN will mean that it comes through `notify` of a later version.
 *
 * AUTH_MAKE: CYG_NOTFOUND when no record of ipsec.secrets may be used,
 * CYG_UNSUPPORTED for a method or PRF that is not built, CYG_NOMEM, CYG_CRYPTO.
 * AUTH_CHECK that is well done and finds that the peer has not proved itself (a
 * wrong secret, another method, no record of ours) is CYG_OK with auth.valid
 * false and why set; a peer found valid may come with a why as well, when the
 * secret was not the only one that fits.
 */
void trust_ask(struct trust *t, const struct action *request, struct answer *ret,
	       struct bytes *ret_data, struct diag *ret_why);

#endif
