/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include "conn/event.h"
#include "trust/secret.h"

struct crypto;

/*
 * Who the peer is, and how we prove who we are. Holds every long-term secret;
 * nobody else does. Requests are data (conn/action.h) and so are answers, so
 * that this room can become a process of its own.
 */
struct trust;

struct trust *trust_new(struct crypto *crypto);
void trust_free(struct trust *t); /* wipes */

/*
 * Replace all secrets at once (ipsec.secrets was read again). The set is moved
 * in. Connections already up are not touched.
 */
void trust_set_secrets(struct trust *t, struct secret_set *take);

/*
 * Answer ACT_AUTH_MAKE or ACT_AUTH_CHECK. `ret` gets op, err, why and data;
 * `ret_data` and `ret_why` are the storage that the answer points at (the data
 * is the caller's to wipe and free). Today every answer is ready at once;
 * CYG_AGAIN will mean that it comes through `notify` of a later version.
 * AUTH_CHECK that is well done and finds the peer a liar is CYG_OK with
 * auth.valid false and *why filled.
 */
void trust_ask(struct trust *t, const struct action *request, struct answer *ret, struct bytes *ret_data,
	       struct diag *ret_why);

#endif
