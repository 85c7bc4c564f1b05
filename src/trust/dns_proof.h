/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_DNS_PROOF_H
#define TRUST_DNS_PROOF_H

#include "base/hash.h"
#include "base/map.h"
#include "trust/trust.h"

/*
 * By which keys of the DNS peers were let in: once DNSSEC proves that a name has the key no more, the
 * proof is broken. One for each key of the same names; names are those of struct dns_part.
 */
#define DNS_PROOF_NAMES 2

struct dns_proofs {
	struct list all;
	struct map by_id, by_name;
	size_t len;
};

/* Without any; forget all. */
void dns_proofs_init(struct dns_proofs *p);
void dns_proofs_done(struct dns_proofs *p);

/*
 * A job's peer was believed: the proof's number, `id` when it is a new one. 0: it was not by a key of the
 * DNS, or memory is short.
 */
uint64_t dns_proofs_add(struct dns_proofs *p, const struct hash_key *key,
			const struct trust_job *j, uint64_t id);

/* What a name has now. Each proof that holds no more goes, and is told to `broken`. */
void dns_proofs_look(struct dns_proofs *p, const struct hash_key *key, struct crypto *crypto,
		     const char *name, const struct dns_answer *a,
		     void (*broken)(void *ctx, uint64_t id, const struct diag *why), void *ctx);

/* Whether one rests on the name. */
bool dns_proofs_have(const struct dns_proofs *p, const struct hash_key *key, const char *name);
/* It is in use. Forget those that were neither marked nor added since the last time. */
void dns_proofs_mark(struct dns_proofs *p, uint64_t id);
void dns_proofs_sweep(struct dns_proofs *p);

#endif
