/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include "crypto/impl.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

/* PEM is text around DER; what is not one is tried as the other. NULL: neither. */
static X509 *read_any(const struct crypto *c, struct view file)
{
	X509 *cert = X509_new_ex(c->lib, NULL), *read = NULL;
	BIO *bio = file.len <= INT_MAX ? BIO_new_mem_buf(file.ptr, (int)file.len) : NULL;

	if (cert && bio)
		read = PEM_read_bio_X509(bio, &cert, NULL, NULL);
	if (cert && bio && !read && BIO_reset(bio) == 1)
		read = d2i_X509_bio(bio, &cert);
	if (!read)
		X509_free(cert);
	BIO_free(bio);
	ERR_clear_error();
	return read;
}

static enum cyg_err take_subject(const X509 *cert, struct cert_names *n)
{
	uint8_t *at = n->subject;
	int len = i2d_X509_NAME(X509_get_subject_name(cert), NULL);

	if (len < 0)
		return CYG_CRYPTO;
	if ((size_t)len > sizeof(n->subject))
		return CYG_LIMIT;
	n->subject_len = (size_t)len;
	return i2d_X509_NAME(X509_get_subject_name(cert), &at) == len ? CYG_OK : CYG_CRYPTO;
}

static enum cyg_err take_keys(const struct crypto *c, X509 *cert, struct cert_names *n)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(cert);
	unsigned len = sizeof(n->key_id);

	if (id && ASN1_STRING_length(id) <= (int)sizeof(n->subject_key)) {
		n->subject_key_len = (size_t)ASN1_STRING_length(id);
		memcpy(n->subject_key, ASN1_STRING_get0_data(id), n->subject_key_len);
	}
	return ossl_result(X509_pubkey_digest(cert, c->md[HASH_SHA1], n->key_id, &len));
}

enum cyg_err cert_names(const struct crypto *c, struct view file, struct cert_names *ret)
{
	struct cert_names n = {0};
	X509 *cert = read_any(c, file);
	enum cyg_err err = cert ? take_subject(cert, &n) : CYG_MALFORMED;

	if (!err)
		err = take_keys(c, cert, &n);
	X509_free(cert);
	ERR_clear_error();
	if (!err)
		*ret = n;
	return err;
}
