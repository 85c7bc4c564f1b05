/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/bundle.h"

#include "base/secret.h"
#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence)
{
	ERR_clear_error();
	diag_set(why, "bad-bundle", "RFC 7292 4", "%s", sentence);
	return err;
}

void bundle_done(struct bundle *b)
{
	key_done(&b->key);
	cert_list_done(&b->certs);
}

static PKCS12 *parse(struct crypto *crypto, struct view octets)
{
	PKCS12 *p12 = PKCS12_init_ex(NID_pkcs7_data, crypto_lib(crypto), NULL);
	const unsigned char *at = octets.ptr;

	if (p12 &&
	    (!d2i_PKCS12(&p12, &at, (long)octets.len) || at != octets.ptr + octets.len)) {
		PKCS12_free(p12);
		p12 = NULL;
	}
	return p12;
}

/* How often the passphrase would be hashed for the MAC: whoever made the file says so. */
static bool is_bounded(const PKCS12 *p12)
{
	const ASN1_INTEGER *rounds = NULL;

	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, p12);
	return !rounds ||
	       (ASN1_INTEGER_get(rounds) >= 0 && ASN1_INTEGER_get(rounds) <= BUNDLE_ROUNDS_MAX);
}

/* The owner's certificate, then the others that can be used. Takes `own` over. */
static enum cyg_err take_certs(X509 *own, STACK_OF(X509) * others, struct cert_list *ret,
			       struct diag *why)
{
	struct cert c;
	enum cyg_err err = own ? cert_take(own, &c, why) : CYG_OK;

	if (own && !err)
		err = cert_list_add(ret, &c);
	for (int i = 0; !err && i < sk_X509_num(others) && ret->len < CERTS_IN_FILE_MAX; i++) {
		X509 *x = sk_X509_value(others, i);

		X509_up_ref(x);
		if (!cert_take(x, &c, NULL))
			err = cert_list_add(ret, &c);
	}
	return err;
}

static enum cyg_err open_it(PKCS12 *p12, const char *phrase, struct bundle *ret,
			    struct diag *why)
{
	STACK_OF(X509) *others = NULL;
	EVP_PKEY *pkey = NULL;
	X509 *own = NULL;
	enum cyg_err err;

	if (PKCS12_parse(p12, *phrase ? phrase : NULL, &pkey, &own, &others) != 1) {
		refuse(why, CYG_PERM,
		       *phrase ? "the passphrase does not open the PKCS #12 file"
			       : "the PKCS #12 file wants a passphrase");
		diag_hint(why,
			  "write  : P12 FILE \"passphrase\"  or %%prompt in ipsec.secrets");
		return CYG_PERM;
	}
	err = key_take(pkey, &ret->key, why);
	if (!err)
		err = take_certs(own, others, &ret->certs, why);
	else
		X509_free(own);
	sk_X509_pop_free(others, X509_free);
	return err;
}

enum cyg_err bundle_read(struct crypto *crypto, struct view octets, struct view passphrase,
			 struct bundle *ret, struct diag *why)
{
	struct bundle b = {0};
	char *phrase;
	PKCS12 *p12;
	enum cyg_err err;

	if (octets.len > BUNDLE_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the PKCS #12 file is too long");
	if (passphrase.len && memchr(passphrase.ptr, 0, passphrase.len))
		return refuse(why, CYG_PERM, "no passphrase of PKCS #12 has a NUL");
	p12 = parse(crypto, octets);
	if (!p12)
		return refuse(why, CYG_MALFORMED, "it is no PKCS #12 file");
	phrase = calloc(1, passphrase.len + 1);
	if (phrase && passphrase.len)
		memcpy(phrase, passphrase.ptr, passphrase.len);
	if (!phrase)
		err = CYG_NOMEM;
	else if (!is_bounded(p12))
		err = refuse(why, CYG_LIMIT, "the passphrase would be hashed too often");
	else
		err = open_it(p12, phrase, &b, why);
	if (phrase)
		secret_wipe(phrase, passphrase.len);
	free(phrase);
	PKCS12_free(p12);
	ERR_clear_error();
	if (err)
		bundle_done(&b);
	else
		*ret = b;
	return err;
}
