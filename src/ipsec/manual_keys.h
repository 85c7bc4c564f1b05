/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_MANUAL_KEYS_H
#define IPSEC_MANUAL_KEYS_H

#include "conf/conf.h"
#include "conn/manual.h"

/* Where a key came from, for people. */
struct manual_source {
	const char *file; /* borrowed from the conf */
	unsigned line;
};

/*
 * Numbers and keys of the connection `c` out of its section: spi=, spibase=, espspi= and so on.
 * On any error *why tells which word to change, and where it stands; never its value.
 * CYG_PERM for keys in a file that others may read, CYG_RANGE, CYG_CONFLICT. *ret is secret
 * (manual_keys_wipe), on errors too.
 */
MUST_CHECK enum cyg_err manual_keys_read(const struct conf *conf, const struct connection *c,
					 struct manual_keys *ret,
					 struct manual_source *ret_from, struct diag *why);

/*
 * A key as it is written: 0x and hexadecimal digits, with "_" between them where one likes, or
 * 0s and base64. Octets, or 0 when it is neither or longer than MANUAL_KEY_MAX.
 */
size_t manual_key_decode(const char *text, uint8_t ret[MANUAL_KEY_MAX]);

#endif
