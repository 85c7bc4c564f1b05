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
 * The message lives in the sealer, or, when it went into fragments (ike/fragment.h), they
 * stand one behind the other in the memory of the step's actions.
 */
#define IKE_MESSAGE_MAX 32768 /* octets of a message that we build */

struct sealer {
	struct ike_sa *sa;
	struct builder b;
	struct chain outer, inner;
	struct sk_sizes sizes;
	uint8_t storage[IKE_MESSAGE_MAX]; /* not initialised */
};

/* Begin a message of this exchange (X_...) and Message ID; s->inner takes its payloads. */
void seal_begin(struct sealer *s, struct ike_sa *sa, uint8_t exchange, bool response,
		uint32_t msgid);
/* Pad, encrypt. CYG_LIMIT when it did not fit, CYG_CRYPTO. Spends an IV of the SA. */
MUST_CHECK enum cyg_err seal_end(struct sealer *s, struct view *ret);

/* What this SA's suite needs of an Encrypted payload. */
struct sk_sizes protect_sizes(const struct ike_sa *sa);

/* Encrypt what stands in a frame. Spends an IV of the SA. CYG_CRYPTO. */
MUST_CHECK enum cyg_err seal_frame(struct ike_sa *sa, const struct sk_frame *f);

/*
 * Check the content of an SK or SKF payload, that of the peer or of our own (`ours`), and
 * decrypt it into `storage`, as large as its ciphertext. *ret_text borrows it, without
 * padding. CYG_AUTH: it is not; CYG_MALFORMED: it is, but broken.
 */
MUST_CHECK enum cyg_err open_sk(struct ike_sa *sa, const struct sk_payload *sk, bool ours,
				uint8_t *storage, struct view *ret_text, struct diag *why);

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
