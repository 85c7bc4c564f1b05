/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_CERTS_H
#define IKE_V2_CERTS_H

#include "conn/action.h"
#include "ike/sa.h"
#include "ike/verdict.h"
#include "wire/chain.h"

/*
 * CERT and CERTREQ payloads (RFC 7296 3.6, 3.7) on their way to and from trust: the core
 * carries them, and knows nothing of what is in them.
 */
struct auth_certs {
	struct auth_cert items[AUTH_CERTS_MAX]; /* views of `octets` */
	size_t len;
	uint8_t octets[];
};

/* A copy on the heap, which free() frees; NULL when memory is short. */
struct auth_certs *certs_copy(const struct auth_cert *items, size_t len);

/* Those of a message, copied, in its order; more than AUTH_CERTS_MAX are left out. */
enum problem certs_take(const struct message *m, struct auth_certs **ret, struct diag *why);

/* Add them to a message. */
void certs_build(struct chain *c, const struct auth_cert *items, size_t len);

/* What a message asks for, in place of *wish: certificates, authorities, raw keys. */
enum problem certreq_take(const struct message *m, uint16_t where, struct cert_wish *wish,
			  struct diag *why);

/* Ask for certificates of these authorities; none: no payload is added. */
void certs_ask(struct chain *c, struct view authorities, bool by_url);

/* Ask for the peer's raw public key: when it is not the expected one, that can be told. */
void certs_ask_raw_key(struct chain *c);

#endif
