/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_COOKIE_H
#define IKE_COOKIE_H

#include "base/addr.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/view.h"

struct ike;

/*
 * Stateless cookies (RFC 7296 2.6). A peer that returns one has shown that it
 * receives at its address, and cost us no memory so far. The secret changes
 * every minute; the one before stays good for as long again.
 */
#define COOKIE_LEN 24 /* 4 octets that name the secret, 20 of the MAC */
#define COOKIE_SECRET_TIME (60 * NSEC_PER_SEC)

struct cookie_jar {
	uint8_t secret[2][32]; /* the present one, the one before */
	uint32_t number;       /* of the present one; 0: none yet */
	nsec made_at;
};

/* What a cookie is bound to: SPIi, Ni and the address it came from. */
struct cookie_claim {
	uint64_t spi_i;
	struct view ni;
	struct ip_addr from;
};

/* Write the cookie for a claim. */
MUST_CHECK enum cyg_err cookie_make(struct ike *ike, const struct cookie_claim *claim,
				    uint8_t out[COOKIE_LEN]);

/* Whether `cookie` is one of ours for that claim, not older than two secrets. */
bool cookie_check(struct ike *ike, const struct cookie_claim *claim, struct view cookie);

#endif
