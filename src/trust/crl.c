/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/crl.h"

#include "conn/dn.h"
#include "crypto/crypto.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stored_done(struct stored_crl *c)
{
	X509_CRL_free(c->x);
	free(c->file);
}

void stored_crls_done(struct stored_crls *s)
{
	for (size_t i = 0; i < s->len; i++)
		stored_done(&s->items[i]);
	free(s->items);
	*s = (struct stored_crls){0};
}

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence)
{
	ERR_clear_error();
	diag_set(why, "bad-crl", "RFC 5280 5.1", "%s", sentence);
	return err;
}

static X509_CRL *parse(struct crypto *crypto, struct view octets)
{
	bool pem = octets.len && memmem(octets.ptr, octets.len, "-----BEGIN ", 11);
	X509_CRL *crl = X509_CRL_new_ex(crypto_lib(crypto), NULL), *read = NULL;
	BIO *bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);

	if (crl && bio)
		read = pem ? PEM_read_bio_X509_CRL(bio, &crl, NULL, NULL)
			   : d2i_X509_CRL_bio(bio, &crl);
	BIO_free(bio);
	if (!read)
		X509_CRL_free(crl);
	ERR_clear_error();
	return read;
}

static const struct cert *maker_of(X509_CRL *crl, const struct stored_certs *authorities)
{
	for (size_t i = 0; i < authorities->len; i++) {
		const struct cert *c = &authorities->items[i]->cert;

		if (!X509_NAME_cmp(X509_get_subject_name(c->x), X509_CRL_get_issuer(crl)) &&
		    X509_CRL_verify(crl, c->key.pkey) == 1)
			return c;
	}
	ERR_clear_error();
	return NULL;
}

static int64_t moment_of(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

static const char *print_name(const X509_NAME *name, char *buf, size_t cap)
{
	const unsigned char *der;
	size_t len;

	if (X509_NAME_get0_der(name, &der, &len) != 1 || dn_check(view_of(der, len), NULL)) {
		snprintf(buf, cap, "(no name)");
		return buf;
	}
	return dn_print(view_of(der, len), buf, cap);
}

static enum cyg_err refuse_stranger(X509_CRL *crl, struct diag *why)
{
	char issuer[CERT_TEXT_MAX];

	diag_set(why, "crl-stranger", "RFC 5280 6.3.3",
		 "no authority that is trusted here made this list");
	diag_wanted(why, "the signature of an authority of ipsec.d/cacerts");
	diag_got(why, "issuer %s",
		 print_name(X509_CRL_get_issuer(crl), issuer, sizeof(issuer)));
	diag_hint(why, "ipsec auto --listcacerts  shows the authorities");
	return CYG_MALFORMED;
}

static enum cyg_err add(struct stored_crls *s, X509_CRL *crl, const char *file, int64_t now)
{
	struct stored_crl c = {crl, strdup(file), now, moment_of(X509_CRL_get0_lastUpdate(crl)),
			       moment_of(X509_CRL_get0_nextUpdate(crl))};

	if (c.file && s->len == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 4;
		struct stored_crl *bigger = reallocarray(s->items, cap, sizeof(*bigger));

		if (bigger) {
			s->items = bigger;
			s->cap = cap;
		}
	}
	if (!c.file || s->len == s->cap) {
		free(c.file);
		return CYG_NOMEM;
	}
	s->items[s->len++] = c;
	return CYG_OK;
}

enum cyg_err stored_crls_read(struct stored_crls *s, struct crypto *crypto,
			      const struct stored_certs *authorities, const char *file,
			      struct view octets, int64_t now, struct diag *why)
{
	X509_CRL *crl;
	enum cyg_err err;

	if (octets.len > CRL_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the list of revoked certificates is too long");
	crl = parse(crypto, octets);
	if (!crl)
		return refuse(why, CYG_MALFORMED, "it is no list of revoked certificates");
	err = maker_of(crl, authorities) ? add(s, crl, file, now) : refuse_stranger(crl, why);
	if (err)
		X509_CRL_free(crl);
	return err;
}

uint64_t crl_revoked(const struct stored_crl *c)
{
	int n = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(c->x));

	return n > 0 ? (uint64_t)n : 0;
}

const char *crl_print_issuer(const struct stored_crl *c, char *buf, size_t cap)
{
	return print_name(X509_CRL_get_issuer(c->x), buf, cap);
}

const char *crl_print_number(const struct stored_crl *c, char *buf, size_t cap)
{
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(c->x, NID_crl_number, NULL, NULL);
	size_t used = 0;

	buf[0] = '\0';
	for (int i = 0; number && i < ASN1_STRING_length(number) && used + 3 < cap; i++)
		used += (size_t)snprintf(buf + used, cap - used, "%02x",
					 ASN1_STRING_get0_data(number)[i]);
	ASN1_INTEGER_free(number);
	return buf;
}
