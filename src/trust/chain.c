/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/chain.h"

#include "base/text.h"
#include "crypto/hash.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* ---- names of certificates ---- */

enum cyg_err issuer_id_of(struct crypto *crypto, const struct cert *issuer,
			  struct issuer_id *ret)
{
	/* As it stands in the certificate: writing a key anew takes longer than checking by it. */
	unsigned char *key = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer->x), &key);
	struct view parts[2] = {cert_subject(issuer), view_of(key, len > 0 ? (size_t)len : 0)};
	enum cyg_err err = len > 0 ? hash_compute(crypto, HASH_SHA2_256, parts, 2, ret->octets)
				   : CYG_NOMEM;

	OPENSSL_free(key);
	ERR_clear_error();
	return err;
}

bool issuer_id_equal(const struct issuer_id *a, const struct issuer_id *b)
{
	return !memcmp(a->octets, b->octets, sizeof(a->octets));
}

bool serial_take(struct view integer, struct serial *ret)
{
	while (integer.len > 1 && !*integer.ptr) {
		integer.ptr++;
		integer.len--;
	}
	if (!integer.len || integer.len > SERIAL_MAX)
		return false;
	*ret = (struct serial){.len = (uint8_t)integer.len};
	memcpy(ret->octets, integer.ptr, integer.len);
	return true;
}

bool serial_equal(const struct serial *a, const struct serial *b)
{
	return a->len == b->len && !memcmp(a->octets, b->octets, a->len);
}

const char *serial_print(const struct serial *s, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	buf_add_hex(buf, cap, &used, view_of(s->octets, s->len));
	return buf;
}

/* ---- where news are ---- */

/* Keep a URI; one with a NUL inside, or beyond the room, is passed over. False: memory is short. */
static bool keep(const GENERAL_NAME *name, char *urls[CHAIN_URLS_MAX + 1])
{
	size_t n = 0;
	int type, len;
	const char *text;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);

	if (type != GEN_URI)
		return true;
	text = (const char *)ASN1_STRING_get0_data(s);
	len = ASN1_STRING_length(s);
	while (urls[n])
		n++;
	if (n == CHAIN_URLS_MAX || len <= 0 || memchr(text, '\0', (size_t)len))
		return true;
	urls[n] = strndup(text, (size_t)len);
	return urls[n];
}

/*
 * Of cRLDistributionPoints or freshestCRL. Points of other issuers and for some reasons alone say
 * too little (RFC 5280 4.2.1.13), and are passed over.
 */
static bool read_points(const struct cert *c, int nid, char *urls[CHAIN_URLS_MAX + 1])
{
	CRL_DIST_POINTS *points = X509_get_ext_d2i(c->x, nid, NULL, NULL);
	bool well = true;

	for (int i = 0; well && i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT *p = sk_DIST_POINT_value(points, i);

		if (p->reasons || p->CRLissuer || !p->distpoint || p->distpoint->type)
			continue;
		for (int j = 0; well && j < sk_GENERAL_NAME_num(p->distpoint->name.fullname);
		     j++)
			well = keep(sk_GENERAL_NAME_value(p->distpoint->name.fullname, j),
				    urls);
	}
	CRL_DIST_POINTS_free(points);
	return well;
}

static bool read_responders(const struct cert *c, char *urls[CHAIN_URLS_MAX + 1])
{
	AUTHORITY_INFO_ACCESS *a = X509_get_ext_d2i(c->x, NID_info_access, NULL, NULL);
	bool well = true;

	for (int i = 0; well && i < sk_ACCESS_DESCRIPTION_num(a); i++) {
		const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(a, i);

		if (OBJ_obj2nid(d->method) == NID_ad_OCSP)
			well = keep(d->location, urls);
	}
	AUTHORITY_INFO_ACCESS_free(a);
	return well;
}

bool news_places_of(const struct cert *c, struct news_places *ret)
{
	bool well;

	*ret = (struct news_places){.crl = {NULL}};
	well = read_points(c, NID_crl_distribution_points, ret->crl) &&
	       read_responders(c, ret->ocsp);
	ERR_clear_error();
	return well;
}

void news_places_done(struct news_places *p)
{
	for (size_t i = 0; i < CHAIN_URLS_MAX; i++) {
		free(p->crl[i]);
		free(p->ocsp[i]);
	}
}

/* ---- the chain ---- */

struct serial serial_of_cert(const struct cert *c)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(c->x);
	struct serial s;

	if (!serial_take(view_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)), &s))
		s.len = 0;
	return s;
}

static bool fill(struct crypto *crypto, struct chain_link *l, const struct cert *c,
		 const struct cert *issuer)
{
	char text[CERT_TEXT_MAX];

	l->issuer = cert_copy(issuer);
	l->is_ca = cert_is_ca(c);
	l->subject = strdup(cert_print(c, text, sizeof(text)));
	l->serial = serial_of_cert(c);
	return l->subject && !issuer_id_of(crypto, issuer, &l->issuer_id) &&
	       read_points(c, NID_crl_distribution_points, l->crl) &&
	       read_points(c, NID_freshest_crl, l->delta) && read_responders(c, l->ocsp);
}

static bool take_end(struct chain *chain, const struct cert *c)
{
	char text[CERT_TEXT_MAX];

	chain->end = cert_der(c);
	chain->subject = strdup(cert_print(c, text, sizeof(text)));
	chain->until = chain->not_after = c->not_after;
	chain->key_kind = (uint8_t)c->key.kind;
	chain->key_bits = c->key.bits;
	memcpy(chain->key_id, c->key.id, KEY_ID_LEN);
	return chain->subject && chain->end.ptr;
}

struct chain *chain_new(struct crypto *crypto, const struct cert_list *path)
{
	struct chain *c = calloc(1, sizeof(*c));
	bool well = true;

	if (!c)
		return NULL;
	c->refs = 1;
	if (path->len)
		well = take_end(c, &path->items[0]);
	for (size_t i = 0; i < path->len; i++)
		if (path->items[i].not_after < c->until)
			c->until = path->items[i].not_after;
	for (size_t i = 0; well && i + 1 < path->len && i < CHAIN_LEN_MAX; i++) {
		c->len++;
		well = fill(crypto, &c->links[i], &path->items[i], &path->items[i + 1]);
	}
	ERR_clear_error();
	if (well)
		return c;
	chain_unref(c);
	return NULL;
}

struct cert_list chain_authorities(const struct chain *c, struct cert room[CHAIN_LEN_MAX])
{
	size_t n = c->pathless ? 0 : c->len;

	for (size_t i = 0; i < n; i++)
		room[i] = c->links[i].issuer;
	return (struct cert_list){room, n, n};
}

struct chain *chain_ref(struct chain *c)
{
	if (c)
		c->refs++;
	return c;
}

void chain_unref(struct chain *c)
{
	if (!c || --c->refs)
		return;
	membership_free(c->member);
	bytes_done(&c->end);
	free(c->subject);
	for (size_t i = 0; i < c->len; i++) {
		struct chain_link *l = &c->links[i];

		cert_done(&l->issuer);
		free(l->subject);
		for (size_t j = 0; j < CHAIN_URLS_MAX; j++) {
			free(l->crl[j]);
			free(l->delta[j]);
			free(l->ocsp[j]);
		}
	}
	free(c);
}
