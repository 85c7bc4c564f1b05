/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_PROTECT_H
#define IKE_PROTECT_H

#include "ike/sa.h"
#include "wire/chain.h"

/*
 * The Encrypted payload (RFC 7296 3.14) of an IKE SA that has keys. Writing:
 *
 *	struct sealer s;
 *	seal_begin(&s, sa, X_INFORMATIONAL, false, msgid);
 *	chain_notify(&s.inner, ...);
 *	err = seal_end(&s, &message);
 *
 * The message lives in the sealer.
 */
#define IKE_MESSAGE_MAX 32768 /* octets of a message that we build */

struct sealer {
	struct ike_sa *sa;
	struct builder b;
	struct chain outer, inner;
	struct sk_sizes sizes;
	uint8_t storage[IKE_MESSAGE_MAX]; /* not initialised */
};

void seal_begin(struct sealer *s, struct ike_sa *sa, uint8_t exchange, bool response,
		uint32_t msgid);
/* Pad, encrypt. CYG_LIMIT when it did not fit, CYG_CRYPTO. Spends an IV of the SA. */
MUST_CHECK enum cyg_err seal_end(struct sealer *s, struct view *ret);

/*
 * Check and decrypt the SK payload of a parsed outer chain and parse what is
 * inside. The plaintext is decrypted in `storage` of the caller, as large as
 * the datagram, which *ret_inner then borrows. CYG_AUTH: not from the peer.
 * CYG_MALFORMED, CYG_UNSUPPORTED (*ret_critical): from the peer, but broken.
 */
MUST_CHECK enum cyg_err unseal(struct ike_sa *sa, const struct message *outer, uint8_t *storage,
			       struct message *ret_inner, uint8_t *ret_critical,
			       bool *ret_genuine, struct diag *why);

#endif
