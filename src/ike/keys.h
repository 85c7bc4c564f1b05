/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_KEYS_H
#define IKE_KEYS_H

#include "ike/sa.h"

/* Derive the keys of an IKE SA from IKE_SA_INIT: sa->chosen and the SPIs are set. */
MUST_CHECK enum cyg_err keys_from_init(struct ike_sa *sa, struct view ni, struct view nr,
				       struct view shared);

/* Derive those of `next`, the successor that a rekey of `sa` makes (RFC 7296 2.18). */
MUST_CHECK enum cyg_err keys_from_rekey(const struct ike_sa *sa, struct ike_sa *next,
					struct view ni, struct view nr, struct view shared);

/*
 * prf(SK_px, ID body), the signer's (RFC 7296 2.15). `initiator`: the signer is the
 * original initiator.
 */
MUST_CHECK enum cyg_err keys_maced_id(const struct ike_sa *sa, bool initiator,
				      struct view id_body, uint8_t out[PRF_LEN_MAX]);

/* SK_p is of no more use once both ends are known. */
void keys_drop_auth(struct ike_sa *sa);

/* RFC 7296 2.10: a nonce of the peer's is long enough for the PRF. False: *why. */
bool keys_nonce_fits(uint16_t prf, struct view nonce, struct diag *why);
/* A fresh nonce of ours. */
MUST_CHECK enum cyg_err keys_nonce(struct ike *ike, struct bytes *ret);

#endif
