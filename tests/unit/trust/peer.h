/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TRUST_PEER_H
#define TESTS_UNIT_TRUST_PEER_H

#include "conn/event.h"
#include "tests/unit/trust/pki.h"
#include "trust/trust.h"

/* Have trust believe an authority; `says` (NULL: nothing) is what its ca section says besides. */
void peer_believe(struct trust *t, struct crypto *crypto, const struct pki_cert *ca,
		  const struct authority *says);

/* A peer with this key, whose identity is `id` and who sends these CERT payloads: its signature is right. */
struct peer_wish {
	const struct pki_cert *end;
	const char *id;
	const struct auth_cert *sent;
	size_t sent_len;
	const char *rightcert, *groups; /* of the connection; NULL: none */
	int64_t now;
	unsigned rsa_bits_min; /* 0: as it is by itself */
};
/* The job of checking it. trust_job_free. */
struct trust_job *peer_job_of(struct trust *t, struct crypto *crypto,
			      const struct peer_wish *wish);

/*
 * The job of checking a peer with this key, whose identity is `id` and who sends this CERT payload: its
 * signature is right. trust_job_free. `rightcert`: the connection names the peer's certificate.
 */
struct trust_job *peer_job_named(struct trust *t, struct crypto *crypto,
				 const struct pki_cert *end, const char *id,
				 const struct auth_cert *sent, const char *rightcert,
				 int64_t now);
struct trust_job *peer_job(struct trust *t, struct crypto *crypto, const struct pki_cert *end,
			   const char *id, const struct auth_cert *sent, int64_t now);

#endif
