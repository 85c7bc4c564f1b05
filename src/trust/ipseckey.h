/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_IPSECKEY_H
#define TRUST_IPSECKEY_H

#include "conn/ident.h"
#include "trust/key.h"

/* IPSECKEY records (RFC 4025): whose they are, and the key in one. */
#define DNS_NAME_MAX 256 /* with its NUL */

/*
 * The name under which the DNS has the key of an identity: a host's own, or that of an address
 * (1.2.0.192.in-addr.arpa). False: it has none there.
 */
bool ipseckey_name(const struct ident *id, char buf[DNS_NAME_MAX]);

/* Who is to be asked for a tunnel (RFC 4025 2.3, 2.5). */
struct ipseckey_gateway {
	uint8_t precedence;
	struct ip_addr addr;     /* IP_NONE: another kind */
	char name[DNS_NAME_MAX]; /* "": another kind; of letters, digits, '-', '_' and dots alone */
};

/* The gateway of a record's data; neither: it names none. CYG_MALFORMED with *why, which may be NULL. */
MUST_CHECK enum cyg_err ipseckey_gateway(struct view rdata, struct ipseckey_gateway *ret,
					 struct diag *why);

/*
 * The key of a record's data: of algorithm 2 (RSA), 3 (ECDSA P-256, P-384) or 4 (EdDSA).
 * CYG_MALFORMED, CYG_UNSUPPORTED with *why; key_done(ret).
 */
MUST_CHECK enum cyg_err ipseckey_read(struct crypto *crypto, struct view rdata, struct key *ret,
				      struct diag *why);

#endif
