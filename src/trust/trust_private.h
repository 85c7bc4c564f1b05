/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_TRUST_PRIVATE_H
#define TRUST_TRUST_PRIVATE_H

#include "trust/authority.h"
#include "trust/keyring.h"
#include "trust/pubkeys.h"
#include "trust/sig.h"
#include "trust/trust.h"

struct trust {
	struct crypto *crypto;
	struct secret_set *secrets;
	struct keyring keys; /* points into secrets */
	struct pubkeys pubkeys;
	struct authorities authorities;
};

struct trust_job {
	struct crypto *crypto;
	bool done;
	bool making;
	const struct sig_scheme *scheme;
	struct key key;
	struct bytes octets;    /* what is signed */
	struct bytes signature; /* to be checked */
	char key_name[160];     /* what the key is called: "rightrsasigkey= of conn x" */
	struct trust_reply reply;
};

/* Fill the job of a request, or answer it at once (make.c, check.c). */
void make_begin(struct trust *t, const struct auth_request *r, struct trust_job *j);
void check_begin(struct trust *t, const struct auth_request *r, struct trust_job *j);

/* Answer with an error. */
void job_fail(struct trust_job *j, enum cyg_err err);
/* The octets of RFC 7296 2.15, one after the other. False, and answered, when memory is short. */
bool job_take_octets(struct trust_job *j, const struct auth_request *r);

/*
 * The public key that the connection names for an end, borrowed until the next call; NULL
 * with an empty *why when it names none, else with the reason.
 */
const struct key *end_key(struct trust *t, const struct connection *c, int end,
			  struct diag *why);

/* Whether an RSA key is as long as the connection wants; *why says what it calls it and what to do. */
bool key_is_long_enough(const struct key *k, const struct connection *c, const char *whose,
			struct diag *why);

#endif
