/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_SKETCH_H
#define TRUST_SKETCH_H

#include "base/err.h"
#include "trust/key.h"

struct crypto;

/*
 * Certificates as far as finding them again takes: a folder may hold ten thousand, of which few are
 * ever used. Reading one whole costs twenty times as much, and is done when it is asked for.
 */
struct cert_sketch {
	struct view der, subject;   /* subject: Name in DER, within `der` */
	uint8_t key_id[KEY_ID_LEN]; /* as of struct key */
};

/*
 * Tell `each` certificate of a file, in its order, borrowed for the call; it ends the reading by
 * false. CYG_UNSUPPORTED: the file holds something else, or something that is better read whole
 * (cert_read_file), and `each` may have been told some; CYG_LIMIT, CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err certs_sketch(struct crypto *crypto, struct view octets,
				     bool (*each)(void *ctx, const struct cert_sketch *s),
				     void *ctx);

#endif
