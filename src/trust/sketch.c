/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sketch.h"

#include "base/der.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "trust/cert.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN "-----BEGIN "
#define LABEL "CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* RFC 5280 4.1: Certificate, and in it TBSCertificate, field by field. */
static bool read_fields(struct view der, struct cert_sketch *ret, struct view *ret_key)
{
	struct reader whole = reader_of(der), cert = der_enter(&whole, DER_SEQUENCE);
	struct reader tbs = der_enter(&cert, DER_SEQUENCE), key, bits;
	bool aligned;

	der_enter(&tbs, DER_CONTEXT(0)); /* version: those before 3 are not used */
	der_enter(&tbs, DER_INTEGER);    /* serialNumber */
	der_enter(&tbs, DER_SEQUENCE);   /* signature */
	der_enter(&tbs, DER_SEQUENCE);   /* issuer */
	der_enter(&tbs, DER_SEQUENCE);   /* validity */
	ret->subject = der_whole(&tbs);
	key = der_enter(&tbs, DER_SEQUENCE);
	der_enter(&key, DER_SEQUENCE); /* algorithm */
	bits = der_enter(&key, DER_BIT_STRING);
	aligned = !read_u8(&bits);
	*ret_key = read_rest(&bits);
	ret->der = der;
	return read_done(&whole) && read_done(&key) && aligned && !tbs.bad && ret->subject.len;
}

struct telling {
	struct crypto *crypto;
	bool (*each)(void *ctx, const struct cert_sketch *s);
	void *ctx;
	size_t told;
};

static enum cyg_err tell(struct telling *t, struct view der)
{
	struct cert_sketch s;
	struct view key;
	enum cyg_err err;

	if (der.len > CERT_OCTETS_MAX || !read_fields(der, &s, &key))
		return CYG_UNSUPPORTED;
	err = hash_compute(t->crypto, HASH_SHA1, &key, 1, s.key_id);
	if (err)
		return err;
	t->told++;
	return t->each(t->ctx, &s) ? CYG_OK : CYG_NOMEM;
}

/* What stands between the lines of PEM. */
static enum cyg_err tell_base64(struct telling *t, const uint8_t *text, size_t len)
{
	char *copy = strndup((const char *)text, len);
	uint8_t *der = malloc(len + 1);
	size_t der_len;
	enum cyg_err err = CYG_NOMEM;

	if (copy && der)
		err = strlen(copy) == len && base64_decode(copy, der, len, &der_len)
			      ? tell(t, view_of(der, der_len))
			      : CYG_UNSUPPORTED;
	free(copy);
	free(der);
	return err;
}

/* Other things in the file, such as keys, are passed over; certificates by old names are not known here. */
static enum cyg_err tell_pem(struct telling *t, struct view octets)
{
	const uint8_t *at = octets.ptr, *end = at + octets.len;
	enum cyg_err err = CYG_OK;

	while (!err && t->told < CERTS_IN_FILE_MAX) {
		const uint8_t *stop, *eol;

		at = memmem(at, (size_t)(end - at), BEGIN, strlen(BEGIN));
		if (!at)
			break;
		at += strlen(BEGIN);
		eol = memchr(at, '\n', (size_t)(end - at));
		stop = eol ? eol : end;
		if ((size_t)(stop - at) < strlen(LABEL) ||
		    memcmp(at, LABEL, strlen(LABEL)) != 0) {
			if (memmem(at, (size_t)(stop - at), LABEL, strlen(LABEL)))
				err = CYG_UNSUPPORTED; /* "TRUSTED CERTIFICATE", "X509 ..." */
			continue;
		}
		at += strlen(LABEL);
		stop = memmem(at, (size_t)(end - at), END, strlen(END));
		err = stop ? tell_base64(t, at, (size_t)(stop - at)) : CYG_UNSUPPORTED;
		at = stop;
	}
	return err;
}

enum cyg_err certs_sketch(struct crypto *crypto, struct view octets,
			  bool (*each)(void *ctx, const struct cert_sketch *s), void *ctx)
{
	struct telling t = {crypto, each, ctx, 0};
	enum cyg_err err;

	if (octets.len > CERTS_OCTETS_MAX)
		return CYG_LIMIT;
	if (octets.len && *octets.ptr == DER_SEQUENCE)
		err = tell(&t, octets);
	else
		err = octets.len ? tell_pem(&t, octets) : CYG_UNSUPPORTED;
	return err || t.told ? err : CYG_UNSUPPORTED;
}
