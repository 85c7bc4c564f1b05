/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/bundle.h"

#include "base/der.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "trust/pbe.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
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

static PKCS12 *parse(OSSL_LIB_CTX *lib, struct view octets)
{
	PKCS12 *p12 = PKCS12_init_ex(NID_pkcs7_data, lib, NULL);
	const unsigned char *at = octets.ptr;

	if (p12 &&
	    (!d2i_PKCS12(&p12, &at, (long)octets.len) || at != octets.ptr + octets.len)) {
		PKCS12_free(p12);
		p12 = NULL;
	}
	return p12;
}

/* ---- how often the passphrase would be hashed ---- */

static enum cyg_err check_mac(const PKCS12 *p12, struct diag *why)
{
	const ASN1_INTEGER *rounds = NULL;

	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, p12);
	if (!rounds || (ASN1_INTEGER_get(rounds) >= 0 &&
			ASN1_INTEGER_get(rounds) <= PBE_ROUNDS_MAX))
		return CYG_OK;
	refuse(why, CYG_LIMIT, "the passphrase would be hashed too often for the file's MAC");
	diag_wanted(why, "%d rounds at most", PBE_ROUNDS_MAX);
	diag_hint(why, "openssl pkcs12 -export  makes it anew, with 2,048 rounds");
	return CYG_LIMIT;
}

static enum cyg_err check_algorithm(const X509_ALGOR *algorithm, struct diag *why)
{
	unsigned char *der = NULL;
	int len = algorithm ? i2d_X509_ALGOR(algorithm, &der) : 0;
	struct reader whole = reader_of(view_of(der, len > 0 ? (size_t)len : 0));
	enum cyg_err err = len > 0 ? pbe_check(der_enter(&whole, DER_SEQUENCE), why) : CYG_OK;

	OPENSSL_free(der);
	return err;
}

/* Bags may be in bags; libcrypto bounds how deep. */
static enum cyg_err check_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, struct diag *why)
{
	enum cyg_err err = CYG_OK;

	for (int i = 0; !err && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
		const X509_ALGOR *algorithm = NULL;

		if (PKCS12_SAFEBAG_get_nid(bag) == NID_pkcs8ShroudedKeyBag) {
			X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
			err = check_algorithm(algorithm, why);
		} else if (PKCS12_SAFEBAG_get_nid(bag) == NID_safeContentsBag) {
			err = check_bags(PKCS12_SAFEBAG_get0_safes(bag), why);
		}
	}
	return err;
}

/* What is encrypted is opened to see what is in it, when itself is bounded. */
static enum cyg_err check_safe(PKCS7 *safe, const char *phrase, struct diag *why)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	enum cyg_err err = CYG_OK;

	if (PKCS7_type_is_data(safe)) {
		bags = PKCS12_unpack_p7data(safe);
	} else if (PKCS7_type_is_encrypted(safe) && safe->d.encrypted) {
		err = check_algorithm(safe->d.encrypted->enc_data->algorithm, why);
		if (!err)
			bags = PKCS12_unpack_p7encdata(safe, phrase, (int)strlen(phrase));
		if (!err && !bags && !*phrase)
			bags = PKCS12_unpack_p7encdata(safe, NULL, 0);
	}
	if (!err)
		err = check_bags(bags, why);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return err;
}

static enum cyg_err check_rounds(const PKCS12 *p12, const char *phrase, struct diag *why)
{
	STACK_OF(PKCS7) *safes = NULL;
	enum cyg_err err = check_mac(p12, why);

	if (!err)
		safes = PKCS12_unpack_authsafes(p12);
	for (int i = 0; !err && i < sk_PKCS7_num(safes); i++)
		err = check_safe(sk_PKCS7_value(safes, i), phrase, why);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	ERR_clear_error();
	return err;
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

static enum cyg_err refuse_passphrase(const char *phrase, struct diag *why)
{
	refuse(why, CYG_PERM,
	       *phrase ? "the passphrase does not open the PKCS #12 file"
		       : "the PKCS #12 file wants a passphrase");
	diag_hint(why, "write  : P12 FILE \"passphrase\"  or %%prompt in ipsec.secrets");
	return CYG_PERM;
}

/* What was opened is the caller's; NULL where there is none. */
struct opened {
	EVP_PKEY *pkey;
	X509 *own;
	STACK_OF(X509) * others;
};

static bool open_it(PKCS12 *p12, const char *phrase, struct opened *ret)
{
	*ret = (struct opened){0};
	return PKCS12_parse(p12, *phrase ? phrase : NULL, &ret->pkey, &ret->own,
			    &ret->others) == 1;
}

/* Takes all of it over. */
static enum cyg_err take_opened(struct opened *o, struct bundle *ret, struct diag *why)
{
	enum cyg_err err = key_take(o->pkey, &ret->key, why);

	if (!err)
		err = take_certs(o->own, o->others, &ret->certs, why);
	else
		X509_free(o->own);
	sk_X509_pop_free(o->others, X509_free);
	return err;
}

/* ---- ciphers of old ---- */

#define REMAKE                                                                                \
	"make it anew:  openssl pkcs12 -legacy -in FILE -nodes -out all.pem; openssl pkcs12 " \
	"-export -in all.pem -out FILE;  and remove all.pem"

/*
 * The passphrase is right, as the MAC says, and yet it does not open: the cipher is one of those that
 * libcrypto has put into its provider "legacy" (RC2 of 40 bits). That is loaded for this file alone, in a
 * library context of its own, and what is found is written and read again in ours.
 */
struct old_ciphers {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *legacy, *usual;
};

static void old_done(struct old_ciphers *o)
{
	if (o->legacy)
		OSSL_PROVIDER_unload(o->legacy);
	if (o->usual)
		OSSL_PROVIDER_unload(o->usual);
	OSSL_LIB_CTX_free(o->lib);
}

static bool old_init(struct old_ciphers *o)
{
	*o = (struct old_ciphers){.lib = OSSL_LIB_CTX_new()};
	if (o->lib) {
		o->legacy = OSSL_PROVIDER_load(o->lib, "legacy");
		o->usual = OSSL_PROVIDER_load(o->lib, "default");
	}
	if (o->legacy && o->usual)
		return true;
	old_done(o);
	return false;
}

static X509 *cert_again(struct crypto *crypto, X509 *x)
{
	X509 *again = X509_new_ex(crypto_lib(crypto), NULL);
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	const unsigned char *at = der;

	if (len <= 0 || !again || !d2i_X509(&again, &at, len)) {
		X509_free(again);
		again = NULL;
	}
	OPENSSL_free(der);
	return again;
}

static EVP_PKEY *key_again(struct crypto *crypto, EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int len = i2d_PrivateKey(pkey, &der);
	const unsigned char *at = der;
	EVP_PKEY *again = len <= 0 ? NULL
				   : d2i_PrivateKey_ex(EVP_PKEY_get_base_id(pkey), NULL, &at,
						       len, crypto_lib(crypto), NULL);

	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
	return again;
}

/* The same in our own library context. Frees what it was. */
static void read_again(struct crypto *crypto, struct opened *o)
{
	struct opened was = *o;

	*o = (struct opened){.pkey = was.pkey ? key_again(crypto, was.pkey) : NULL,
			     .own = was.own ? cert_again(crypto, was.own) : NULL,
			     .others = sk_X509_new_null()};
	for (int i = 0; i < sk_X509_num(was.others); i++) {
		X509 *x = cert_again(crypto, sk_X509_value(was.others, i));

		if (x && (!o->others || !sk_X509_push(o->others, x)))
			X509_free(x);
	}
	EVP_PKEY_free(was.pkey);
	X509_free(was.own);
	sk_X509_pop_free(was.others, X509_free);
}

static enum cyg_err refuse_old(struct diag *why, const char *sentence)
{
	refuse(why, CYG_UNSUPPORTED, sentence);
	diag_wanted(why, "PBES2 with AES, as OpenSSL 3 writes it");
	diag_hint(why, REMAKE);
	return CYG_UNSUPPORTED;
}

static enum cyg_err open_old(struct crypto *crypto, struct view octets, const char *phrase,
			     struct bundle *ret, struct diag *why)
{
	struct old_ciphers old;
	struct opened o = {0};
	PKCS12 *p12;
	bool well;
	enum cyg_err err;

	if (!old_init(&old))
		return refuse_old(why,
				  "the passphrase is right, but the PKCS #12 file is "
				  "encrypted with a cipher of old that this host's libcrypto "
				  "has not (its provider \"legacy\" is not installed)");
	p12 = parse(old.lib, octets);
	err = p12 ? check_rounds(p12, phrase, why) : CYG_OK;
	well = p12 && !err && open_it(p12, phrase, &o);
	if (well)
		read_again(crypto, &o);
	PKCS12_free(p12);
	old_done(&old);
	if (err)
		return err;
	if (!well)
		return refuse_old(why, "the passphrase is right, but the PKCS #12 file is "
				       "encrypted with a cipher that libcrypto has not");
	err = take_opened(&o, ret, why);
	if (err)
		return err;
	diag_set(
		why, "weak-bundle", "RFC 7292 B",
		"the PKCS #12 file is encrypted with a cipher of old, which whoever has the file "
		"can break; its key is used");
	diag_hint(why, REMAKE);
	return CYG_OK;
}

/* Nothing would say that it is whole, or that the passphrase is the right one. */
static enum cyg_err refuse_without_mac(struct diag *why)
{
	refuse(why, CYG_UNSUPPORTED,
	       "the PKCS #12 file has no MAC: nothing says that it is whole, or that the "
	       "passphrase is right");
	diag_hint(why, "make it anew:  openssl pkcs12 -nomacver -in FILE -nodes -out all.pem; "
		       "openssl pkcs12 -export -in all.pem -out FILE;  and remove all.pem");
	return CYG_UNSUPPORTED;
}

static enum cyg_err open_any(struct crypto *crypto, PKCS12 *p12, struct view octets,
			     const char *phrase, struct bundle *ret, struct diag *why)
{
	struct opened o;
	enum cyg_err err = PKCS12_mac_present(p12) ? check_rounds(p12, phrase, why)
						   : refuse_without_mac(why);

	if (err)
		return err;
	if (open_it(p12, phrase, &o))
		return take_opened(&o, ret, why);
	if (PKCS12_verify_mac(p12, *phrase ? phrase : NULL, -1) != 1)
		return refuse_passphrase(phrase, why);
	ERR_clear_error();
	return open_old(crypto, octets, phrase, ret, why);
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
	p12 = parse(crypto_lib(crypto), octets);
	if (!p12)
		return refuse(why, CYG_MALFORMED, "it is no PKCS #12 file");
	phrase = calloc(1, passphrase.len + 1);
	if (phrase && passphrase.len)
		memcpy(phrase, passphrase.ptr, passphrase.len);
	if (!phrase)
		err = CYG_NOMEM;
	else
		err = open_any(crypto, p12, octets, phrase, &b, why);
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
