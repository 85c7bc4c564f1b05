/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_CHAIN_H
#define TRUST_CHAIN_H

#include "trust/cert.h"
#include "trust/member.h"

/*
 * A path that was believed, as revocation sees it: each certificate below the anchor, the first
 * one being the end's, with its issuer and where news of it are. Made by a worker, looked at on
 * the loop's thread; of certificates of ends the octets alone are kept.
 */
#define CHAIN_LEN_MAX 7
#define CHAIN_URLS_MAX 3 /* of a kind, that are followed */
#define SERIAL_MAX 32    /* octets; RFC 5280 allows 20 */

/* Who issued something: the hash of its name and key (SHA-256). */
struct issuer_id {
	uint8_t octets[32];
};

struct serial {
	uint8_t len, octets[SERIAL_MAX];
};

struct chain_link {
	struct serial serial;
	bool is_ca;
	char *subject; /* as text, for people */
	struct issuer_id issuer_id;
	struct cert issuer;
	/* Where the certificate says that news are; NULL behind the last. */
	char *crl[CHAIN_URLS_MAX + 1], *delta[CHAIN_URLS_MAX + 1], *ocsp[CHAIN_URLS_MAX + 1];
};

struct chain {
	unsigned refs;
	size_t len;
	bool named;    /* its end's certificate is believed whoever issued it (rightcert=) */
	bool pathless; /* its links tell who may have revoked it: no path, or one that vouches for nothing */
	struct bytes end; /* its end's certificate, in DER: other rules may ask about it */
	char *subject;    /* of the end's certificate, as text, for people */
	unsigned rsa_bits_min; /* that its path was checked with */
	int64_t until; /* when the first of its certificates expires; seconds since 1970 */
	/* Of the end's certificate: its key, and its own end. */
	uint8_t key_kind; /* enum key_kind */
	unsigned key_bits;
	uint8_t key_id[KEY_ID_LEN];
	int64_t not_after;
	struct membership *member; /* NULL: no group was asked for */
	struct chain_link links[CHAIN_LEN_MAX];
};

/*
 * Of a path: the first certificate first, its anchor last. One reference; NULL when memory is
 * short. A path of one certificate has no links: it is the anchor, or nobody knows who issued it.
 */
struct chain *chain_new(struct crypto *crypto, const struct cert_list *path);
/* Its authorities, the anchor last, borrowed, in `room`, for which nothing is to be freed; pathless: none. */
struct cert_list chain_authorities(const struct chain *c, struct cert room[CHAIN_LEN_MAX]);
/* References are of one thread at a time. NULL is fine. */
struct chain *chain_ref(struct chain *c);
void chain_unref(struct chain *c);

/*
 * Where a certificate says that lists and OCSP servers are; NULL behind the last. Strings on the
 * heap, also on failure; false: memory is short.
 */
struct news_places {
	char *crl[CHAIN_URLS_MAX + 1], *ocsp[CHAIN_URLS_MAX + 1];
};
MUST_CHECK bool news_places_of(const struct cert *c, struct news_places *ret);
void news_places_done(struct news_places *p);

/* CYG_NOMEM, CYG_CRYPTO. */
MUST_CHECK enum cyg_err issuer_id_of(struct crypto *crypto, const struct cert *issuer,
				     struct issuer_id *ret);
bool issuer_id_equal(const struct issuer_id *a, const struct issuer_id *b);

/* Of the content of an INTEGER, zeroes in front left out. False: it is too long. */
bool serial_take(struct view integer, struct serial *ret);
/* That of a certificate: empty when it is too long to stand in a list of this room's. */
struct serial serial_of_cert(const struct cert *c);
bool serial_equal(const struct serial *a, const struct serial *b);
/* In hexadecimal digits; returns buf. */
const char *serial_print(const struct serial *s, char *buf, size_t cap);

#endif
