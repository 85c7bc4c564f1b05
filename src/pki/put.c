/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/put.h"

#include "trust/cert.h"

#include <openssl/pem.h>
#include <string.h>

bool output_check(const struct pki *p, const char *wrong, const struct output *o)
{
	if (wrong) {
		pki_complain(p, "%s", wrong);
		return false;
	}
	if (!o->form || !strcmp(o->form, "pem") || !strcmp(o->form, "der"))
		return true;
	pki_complain(p, "--outform %s is not known; there are pem and der", o->form);
	return false;
}

/* `der` is taken over. */
static bool put(const struct pki *p, const struct output *o, const char *name,
		unsigned char *der, int len, mode_t mode)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool well = bio && len > 0, as_der = o->form && !strcmp(o->form, "der");
	char *text;

	if (!well)
		pki_complain(p, "libcrypto can't write it");
	else if (as_der)
		well = pki_write(p, o->path, view_of(der, (size_t)len), mode);
	else if (PEM_write_bio(bio, name, "", der, len) > 0) {
		long text_len = BIO_get_mem_data(bio, &text);

		well = pki_write(p, o->path, view_of(text, (size_t)text_len), mode);
	}
	BIO_free(bio);
	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
	return well;
}

/* As whoever gets it will read it: not every extension that can be written can be. */
static bool reads_back(const struct pki *p, struct view der)
{
	struct cert c;
	struct diag why;

	diag_clear(&why);
	if (cert_read_der(p->crypto, der, &c, &why)) {
		pki_explain(p, "what was made is not written", &why);
		return false;
	}
	cert_done(&c);
	return true;
}

bool put_cert(const struct pki *p, const struct output *o, X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	if (len > 0 && !reads_back(p, view_of(der, (size_t)len))) {
		OPENSSL_free(der);
		return false;
	}
	return put(p, o, PEM_STRING_X509, der, len, 0644);
}

bool put_request(const struct pki *p, const struct output *o, X509_REQ *r)
{
	unsigned char *der = NULL;
	int len = i2d_X509_REQ(r, &der);

	return put(p, o, PEM_STRING_X509_REQ, der, len, 0644);
}

bool put_crl(const struct pki *p, const struct output *o, X509_CRL *crl)
{
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);

	return put(p, o, PEM_STRING_X509_CRL, der, len, 0644);
}

bool put_der(const struct pki *p, const struct output *o, const char *name, struct view der)
{
	unsigned char *copy = OPENSSL_memdup(der.ptr, der.len);

	return put(p, o, name, copy, copy ? (int)der.len : -1, 0644);
}

bool put_key(const struct pki *p, const struct output *o, EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;

	PKCS8_PRIV_KEY_INFO_free(info);
	return put(p, o, PEM_STRING_PKCS8INF, der, len, 0600);
}
