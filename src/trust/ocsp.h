/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_OCSP_H
#define TRUST_OCSP_H

#include "trust/chain.h"

/*
 * Questions about single certificates, and what servers say (RFC 6960). An answer counts when it
 * is
 *
 *   - about that certificate: its number, and its issuer's name and key
 *   - signed by the issuer's key; or by one whose certificate the issuer signed for this use
 *     (extendedKeyUsage OCSPSigning) and which is valid; or by a certificate of
 *     ipsec.d/ocspcerts
 *   - signed with SHA2-256 or better
 *   - of now: made, and true, not in the future; its nextUpdate not over; without nextUpdate, no
 *     older than OCSP_AGE_MAX. OCSP_SKEW seconds that clocks may differ are allowed
 *   - to this question: a nonce, if it has one, is ours
 *
 * One that was kept and says revoked counts whatever the time: it is looked at as of when it was made.
 *
 * Whether a delegated signer was revoked itself is the caller's to look up (delegate), unless its
 * certificate says that it needs no check (id-pkix-ocsp-nocheck).
 */
#define OCSP_NONCE_LEN 16
#define OCSP_OCTETS_MAX 65536 /* of an answer */
#define OCSP_SKEW 60
#define OCSP_AGE_MAX 3600
#define OCSP_QUESTION_TYPE "application/ocsp-request"

enum ocsp_status { OCSP_STATUS_GOOD, OCSP_STATUS_REVOKED, OCSP_STATUS_UNKNOWN };

struct ocsp_answer {
	uint8_t status;                               /* enum ocsp_status */
	int64_t this_update, next_update, revoked_at; /* seconds since 1970; 0: not said */
	int reason;                                   /* as of crl_entry; -1: not said */
	struct serial
		delegate; /* of the signer's certificate, where that may be revoked itself */
	struct cert
		signer; /* whom the issuer had sign, as it came with the answer; {0}: nobody */
	bool by_own;    /* one of ipsec.d/ocspcerts signed it, who has this key */
	uint8_t own_key[KEY_ID_LEN];
};
/* A zeroed one is fine. */
void ocsp_answer_done(struct ocsp_answer *a);

/* A question, in DER. CYG_NOMEM, CYG_CRYPTO. *ret is the caller's. */
MUST_CHECK enum cyg_err ocsp_ask(const struct cert *issuer, const struct serial *serial,
				 const uint8_t nonce[OCSP_NONCE_LEN], struct bytes *ret);

/*
 * What the server says; the caller's, for ocsp_answer_done. `nonce` NULL: it was asked before, and this is what was kept of it.
 * `signers`: those of ipsec.d/ocspcerts. CYG_MALFORMED, CYG_AUTH,
 * CYG_NOTFOUND (about other certificates), CYG_RANGE (not of now), CYG_NOMEM with *why. Slow; any
 * thread.
 */
MUST_CHECK enum cyg_err ocsp_read(struct crypto *crypto, const struct cert *issuer,
				  const struct serial *serial, const uint8_t *nonce,
				  const struct cert_list *signers, struct view octets,
				  int64_t now, struct ocsp_answer *ret, struct diag *why);

/*
 * Whether an answer that was kept is of no more use, before anybody knows who signed it: it says good
 * and its nextUpdate is over or was not said, or is no answer. One that says revoked never is.
 */
bool ocsp_is_over(struct view octets, int64_t now);

/* "good", "revoked", "unknown"; static. */
const char *ocsp_status_name(uint8_t status);

#endif
