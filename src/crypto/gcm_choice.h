/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CRYPTO_GCM_CHOICE_H
#define CRYPTO_GCM_CHOICE_H

#include "base/err.h"

#include <stdint.h>

struct crypto;

/* Which AES-GCM seals the packets of SAs, and why. */
struct gcm_choice {
	const char *name; /* "intel-ipsec-mb" or "libcrypto" */
	const char *why;  /* why there was nothing to choose from; NULL: there was */
	uint32_t library_ns, libcrypto_ns; /* for a packet of 1,424 octets; 0: not measured */
};

/*
 * Load intel-ipsec-mb, let both seal packets for a moment (well below a
 * millisecond each), and take the faster for the contexts that suite_ctx_new
 * makes from now on; those there are stay as they are. Only libcrypto where it
 * must be one approved by FIPS 140. Calling it again measures again. Nobody may
 * make a context meanwhile. CYG_NOMEM, CYG_CRYPTO: libcrypto it is.
 */
MUST_CHECK enum cyg_err crypto_choose_gcm(struct crypto *c, struct gcm_choice *ret);

#endif
