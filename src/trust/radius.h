/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_RADIUS_H
#define TRUST_RADIUS_H

#include "base/addr.h"
#include "base/diag.h"
#include "base/err.h"

struct crypto;

/*
 * RADIUS (RFC 2865) as far as it carries EAP (RFC 3579): Access-Request, and what answers it.
 * Message-Authenticator stands first in every request and must be in every answer, or an
 * answer is as good as none (CVE-2024-3596). Nothing is sent here: the host moves datagrams.
 */
#define RADIUS_LEN_MAX 4096
#define RADIUS_AUTHENTICATOR_LEN 16
#define RADIUS_GROUPS_MAX 16

enum radius_code {
	RADIUS_REQUEST = 1,
	RADIUS_ACCEPT = 2,
	RADIUS_REJECT = 3,
	RADIUS_CHALLENGE = 11
};

struct radius_request {
	uint8_t identifier;
	uint8_t authenticator[RADIUS_AUTHENTICATOR_LEN]; /* random, of this request alone */
	struct view user;                                /* 1 to 253 octets */
	struct view eap;                                 /* the peer's packet */
	struct view state; /* as the server gave it last; empty: none */
	struct view nas;   /* who we are */
	struct ip_addr peer;
};

/* What a server said. Wiped and freed by radius_answer_done. */
struct radius_answer {
	uint8_t code; /* enum radius_code */
	struct bytes eap, state;
	struct bytes message; /* for people; empty: none */
	struct bytes user;    /* User-Name: whom it has found the peer to be; empty: not said */
	bool has_key;
	uint8_t key[64]; /* MS-MPPE-Recv-Key and -Send-Key (RFC 2548 2.4), zeroes behind */
	/* Filter-Id and Class, as texts, in their order */
	struct bytes groups[RADIUS_GROUPS_MAX];
	size_t groups_len;
};

/* The datagram of a request. CYG_LIMIT when it is too long, CYG_NOMEM, CYG_CRYPTO. */
MUST_CHECK enum cyg_err radius_build(struct crypto *crypto, const struct radius_request *r,
				     struct view secret, struct bytes *ret);

/*
 * Read what came. CYG_AUTH: it answers another request, or is not made with our secret; drop
 * it and go on waiting. CYG_MALFORMED: the server's, and broken; *why. CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err radius_read(struct crypto *crypto, const struct radius_request *r,
				    struct view secret, struct view datagram,
				    struct radius_answer *ret, struct diag *why);
void radius_answer_done(struct radius_answer *a);

#endif
