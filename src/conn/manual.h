/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_MANUAL_H
#define CONN_MANUAL_H

#include "conn/connection.h"

/*
 * Manual keying (RFC 4301 4.5.1): a connection with manual=yes has SAs whose
 * numbers and keys people chose. The connection says which algorithms and whose
 * packets; what is secret travels beside it, from the command that read it to
 * the plane, and is kept nowhere.
 */
#define MANUAL_KEY_MAX 64     /* octets of any one key */
#define MANUAL_SPI_LOWEST 256 /* RFC 4303 2.1: those below are reserved */

/* One direction: what the receiving end needs. */
struct manual_sa {
	uint32_t spi;
	uint8_t encr_len, integ_len;
	uint8_t encr[MANUAL_KEY_MAX], integ[MANUAL_KEY_MAX];
};

/* Both: [0] is received by the left end, [1] by the right one. Secret: manual_keys_wipe. */
struct manual_keys {
	struct manual_sa toward[2];
	/* Packets that may be out of order. 0, no check: numbers begin anew with each --up. */
	uint32_t replay_window;
};

/* Overwrite them. */
void manual_keys_wipe(struct manual_keys *k);

/*
 * The one suite that `c`, which says manual=yes, names in esp= or ah=: one algorithm of each
 * kind, none of those that must not have the same key twice (RFC 8221 3). CYG_CONFLICT or
 * CYG_UNSUPPORTED, and *why what to write instead.
 */
MUST_CHECK enum cyg_err manual_suite(const struct connection *c, struct chosen *ret,
				     struct diag *why);

/* The octets of key that a suite wants: of encryption, of integrity. */
void manual_lengths(const struct chosen *suite, size_t *ret_encr, size_t *ret_integ);

/*
 * Whether numbers and keys fit the suite. CYG_RANGE, and *why names the word to change, which
 * begins with left or right.
 */
MUST_CHECK enum cyg_err manual_check(const struct chosen *suite, const struct manual_keys *k,
				     struct diag *why);

#endif
