/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/key.h"

#include "base/reader.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "trust/key_look.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_MAX 16384
#define RSA_BITS_FLOOR 1024 /* nothing shorter is read at all */

static const struct kind {
	const char *name;
	const char *type;  /* libcrypto's */
	const char *group; /* its curve */
} kinds[] = {
	[KEY_NONE] = {"no key", NULL, NULL},
	[KEY_RSA] = {"RSA", "RSA", NULL},
	[KEY_ECDSA_256] = {"ECDSA P-256", "EC", SN_X9_62_prime256v1},
	[KEY_ECDSA_384] = {"ECDSA P-384", "EC", SN_secp384r1},
	[KEY_ECDSA_521] = {"ECDSA P-521", "EC", SN_secp521r1},
	[KEY_ED25519] = {"Ed25519", "ED25519", NULL},
	[KEY_ED448] = {"Ed448", "ED448", NULL},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *key_kind_name(uint8_t kind)
{
	return kind < KINDS ? kinds[kind].name : "?";
}

const char *key_id_print(const struct key *k, char buf[KEY_ID_TEXT])
{
	size_t used = 0;

	buf_add_hex(buf, KEY_ID_TEXT, &used, view_of(k->id, KEY_ID_LEN));
	return buf;
}

const char *key_print(const struct key *k, char *buf, size_t cap)
{
	char id[KEY_ID_TEXT];

	if (!k->pkey)
		snprintf(buf, cap, "no key");
	else if (k->kind == KEY_RSA)
		snprintf(buf, cap, "RSA of %u bits, id %.12s...", k->bits, key_id_print(k, id));
	else
		snprintf(buf, cap, "%s, id %.12s...", key_kind_name(k->kind),
			 key_id_print(k, id));
	return buf;
}

bool key_equal(const struct key *a, const struct key *b)
{
	return a->pkey && b->pkey && a->kind == b->kind && EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

struct bytes key_public_der(const struct key *k)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(k->pkey, &der);
	struct bytes ret = {0};

	if (len > 0 && !bytes_copy(&ret, view_of(der, (size_t)len)))
		ret = (struct bytes){0};
	OPENSSL_free(der);
	return ret;
}

struct key key_copy(const struct key *k)
{
	if (k->pkey)
		EVP_PKEY_up_ref(k->pkey);
	if (k->signer.sign)
		k->signer.ref(k->signer.ctx);
	return *k;
}

void key_done(struct key *k)
{
	if (k->signer.sign)
		k->signer.unref(k->signer.ctx);
	EVP_PKEY_free(k->pkey);
	*k = (struct key){0};
}

/* ---- what is a key that can be used ---- */

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence)
{
	ERR_clear_error();
	diag_set(why, "bad-key", NULL, "%s", sentence);
	return err;
}

static bool is_explicit_curve(const EVP_PKEY *pkey)
{
	int explicit = 0;

	return EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				      &explicit) == 1 &&
	       explicit;
}

static uint8_t kind_of(const EVP_PKEY *pkey)
{
	char group[64] = "";

	if (EVP_PKEY_is_a(pkey, "EC") &&
	    (is_explicit_curve(pkey) ||
	     EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
					    sizeof(group), NULL) != 1))
		return KEY_NONE;
	for (uint8_t i = KEY_RSA; i < KINDS; i++)
		if (EVP_PKEY_is_a(pkey, kinds[i].type) &&
		    (!kinds[i].group || !strcmp(kinds[i].group, group)))
			return i;
	return KEY_NONE;
}

static enum cyg_err check_rsa(const EVP_PKEY *pkey, struct diag *why)
{
	int bits = EVP_PKEY_get_bits(pkey);
	BIGNUM *n = NULL, *e = NULL;
	bool odd = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		   EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
		   BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e) && BN_num_bits(e) <= 64;

	BN_free(n);
	BN_free(e);
	if (!odd)
		return refuse(why, CYG_MALFORMED,
			      "its modulus or exponent is none of an RSA key");
	if (bits >= RSA_BITS_FLOOR && bits <= RSA_BITS_MAX)
		return CYG_OK;
	refuse(why, CYG_UNSUPPORTED, "the RSA key's length is out of bounds");
	diag_wanted(why, "%u to %u bits", RSA_BITS_FLOOR, RSA_BITS_MAX);
	diag_got(why, "%d bits", bits);
	return CYG_UNSUPPORTED;
}

/* RFC 5280 4.2.1.2: the hash of the key's bit string, without its tag, length and unused bits. */
static bool identify(EVP_PKEY *pkey, struct view bits, uint8_t id[KEY_ID_LEN])
{
	X509_PUBKEY *spki = NULL;
	const unsigned char *octets;
	int len;
	bool well;

	if (bits.len)
		return EVP_Digest(bits.ptr, bits.len, id, NULL, EVP_sha1(), NULL) == 1;
	well = X509_PUBKEY_set(&spki, pkey) == 1 &&
	       X509_PUBKEY_get0_param(NULL, &octets, &len, NULL, spki) == 1 &&
	       EVP_Digest(octets, (size_t)len, id, NULL, EVP_sha1(), NULL) == 1;

	X509_PUBKEY_free(spki);
	return well;
}

enum cyg_err key_take(EVP_PKEY *pkey, struct key *ret, struct diag *why)
{
	return key_take_bits(pkey, (struct view){0}, ret, why);
}

enum cyg_err key_take_bits(EVP_PKEY *pkey, struct view bits, struct key *ret, struct diag *why)
{
	struct key k = {.pkey = pkey};
	enum cyg_err err = CYG_OK;

	if (!pkey)
		return refuse(why, CYG_MALFORMED, "there is no key in it");
	k.kind = kind_of(pkey);
	k.bits = (uint16_t)EVP_PKEY_get_bits(pkey);
	if (k.kind == KEY_NONE) {
		err = refuse(why, CYG_UNSUPPORTED,
			     "keys of this algorithm are not used in IKE");
		diag_wanted(why,
			    "RSA, ECDSA over P-256, P-384 or P-521 by name, Ed25519, Ed448");
		diag_got(why, "%s%s", EVP_PKEY_get0_type_name(pkey),
			 is_explicit_curve(pkey) ? " over a curve that is written out" : "");
	} else if (k.kind == KEY_RSA) {
		err = check_rsa(pkey, why);
	}
	if (!err && !identify(pkey, bits, k.id))
		err = refuse(why, CYG_CRYPTO, "libcrypto can't write the key");
	if (err)
		key_done(&k);
	else
		*ret = k;
	return err;
}

/* ---- reading ---- */

struct opening {
	struct view passphrase;
	bool asked;
};

static int give_passphrase(char *buf, size_t size, size_t *ret_len, const OSSL_PARAM params[],
			   void *ctx)
{
	struct opening *o = ctx;

	o->asked = true;
	if (!o->passphrase.len || o->passphrase.len > size)
		return 0;
	memcpy(buf, o->passphrase.ptr, o->passphrase.len);
	*ret_len = o->passphrase.len;
	return 1;
}

static EVP_PKEY *decode_as(struct crypto *crypto, const char *format, struct view octets,
			   int selection, struct opening *open)
{
	EVP_PKEY *pkey = NULL;
	const unsigned char *at = octets.ptr;
	size_t left = octets.len;
	OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, format, NULL, NULL,
							      selection, crypto_lib(crypto),
							      NULL);

	if (ctx && open)
		OSSL_DECODER_CTX_set_passphrase_cb(ctx, give_passphrase, open);
	if (!ctx || OSSL_DECODER_from_data(ctx, &at, &left) != 1) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	OSSL_DECODER_CTX_free(ctx);
	ERR_clear_error();
	return pkey;
}

static bool is_pem(struct view octets)
{
	return octets.len && memmem(octets.ptr, octets.len, "-----BEGIN ", 11);
}

static EVP_PKEY *decode(struct crypto *crypto, struct view octets, int selection,
			struct opening *open)
{
	if (octets.len > KEY_OCTETS_MAX)
		return NULL;
	return decode_as(crypto, is_pem(octets) ? "PEM" : "DER", octets, selection, open);
}

static EVP_PKEY *from_params(struct crypto *crypto, const char *type, int selection,
			     OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(crypto_lib(crypto), type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *pkey = NULL;

	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return pkey;
}

/* RFC 3110 2: a length in one octet, or in two behind a 0; the exponent; the modulus. */
static EVP_PKEY *from_rfc3110(struct crypto *crypto, struct view octets)
{
	struct reader r = reader_of(octets);
	size_t len = read_u8(&r);
	struct view e = read_view(&r, len ? len : read_u16(&r)), n = read_rest(&r);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *modulus = NULL, *exponent = NULL;
	EVP_PKEY *pkey = NULL;

	if (build && !r.bad && e.len && n.len && e.len <= 8 && n.len <= RSA_BITS_MAX / 8) {
		exponent = BN_bin2bn(e.ptr, (int)e.len, NULL);
		modulus = BN_bin2bn(n.ptr, (int)n.len, NULL);
	}
	if (exponent && modulus &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
		pkey = from_params(crypto, "RSA", EVP_PKEY_PUBLIC_KEY, build);
	OSSL_PARAM_BLD_free(build);
	BN_free(modulus);
	BN_free(exponent);
	return pkey;
}

enum cyg_err key_read_public(struct crypto *crypto, struct view octets, struct key *ret,
			     struct diag *why)
{
	EVP_PKEY *pkey = decode(crypto, octets, EVP_PKEY_PUBLIC_KEY, NULL);

	if (!pkey && !is_pem(octets))
		pkey = from_rfc3110(crypto, octets);
	if (pkey)
		return key_take(pkey, ret, why);
	refuse(why, CYG_MALFORMED, "it is no public key");
	diag_wanted(why, "a SubjectPublicKeyInfo in PEM or DER, or RSA as RFC 3110 has it");
	diag_got(why, "%zu octets of something else", octets.len);
	return CYG_MALFORMED;
}

enum cyg_err key_read_text(struct crypto *crypto, const char *text, struct key *ret,
			   struct diag *why)
{
	size_t cap = strlen(text), len = 0;
	struct bytes b;
	bool well = cap > 2 && cap < KEY_OCTETS_MAX && text[0] == '0';
	enum cyg_err err;

	if (!well)
		return refuse(why, CYG_MALFORMED,
			      "the key's text begins with neither 0s nor 0x");
	b = (struct bytes){malloc(cap), cap};
	if (!b.ptr)
		return refuse(why, CYG_NOMEM, "memory is short");
	well = text[1] == 's' || text[1] == 'S' ? base64_decode(text + 2, b.ptr, cap, &len)
						: hex_decode(text + 2, b.ptr, cap, &len);
	err = well ? key_read_public(crypto, view_of(b.ptr, len), ret, why)
		   : refuse(why, CYG_MALFORMED, "the key's text can't be decoded");
	bytes_done(&b);
	return err;
}

enum cyg_err key_read_private(struct crypto *crypto, struct view octets, struct view passphrase,
			      struct key *ret, struct diag *why)
{
	struct opening open = {passphrase, false};
	struct key_look look = {.key = octets};
	struct diag found;
	bool fits = octets.len <= KEY_OCTETS_MAX;
	EVP_PKEY *pkey;
	enum cyg_err err;

	diag_clear(&found);
	/* libcrypto looks at the first thing in a file alone. */
	err = fits ? key_look(octets, &look, &found) : CYG_LIMIT;
	pkey = err ? NULL : decode(crypto, look.key, EVP_PKEY_KEYPAIR, &open);
	if (pkey)
		return key_take(pkey, ret, why);
	if (open.asked && !passphrase.len) {
		refuse(why, CYG_PERM,
		       "the private key is encrypted, and no passphrase is given");
		diag_hint(why, "write its passphrase behind the file's name in ipsec.secrets");
	} else if (open.asked) {
		refuse(why, CYG_PERM, "the passphrase does not open the private key");
		diag_hint(why, "openssl pkey -noout -in FILE  tries a passphrase");
	} else if (err && fits) {
		if (why && err != CYG_NOMEM)
			*why = found;
		return err;
	} else {
		refuse(why, CYG_MALFORMED, "it is no private key");
		diag_wanted(why, "PEM or DER of PKCS #1, PKCS #8 or SEC 1");
		diag_got(why, "%zu octets of something else", octets.len);
	}
	return open.asked ? CYG_PERM : CYG_MALFORMED;
}

/* ---- the numbers of ipsec.secrets ---- */

static const char *const number_params[RSA_NUMBERS] = {
	[RSA_MODULUS] = OSSL_PKEY_PARAM_RSA_N,
	[RSA_PUBLIC_EXPONENT] = OSSL_PKEY_PARAM_RSA_E,
	[RSA_PRIVATE_EXPONENT] = OSSL_PKEY_PARAM_RSA_D,
	[RSA_PRIME1] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[RSA_PRIME2] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[RSA_EXPONENT1] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[RSA_EXPONENT2] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
	[RSA_COEFFICIENT] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

enum cyg_err key_read_numbers(struct crypto *crypto, const struct rsa_numbers *n,
			      struct key *ret, struct diag *why)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *bn[RSA_NUMBERS] = {0};
	EVP_PKEY *pkey = NULL;
	bool well = build;

	for (size_t i = 0; well && i < RSA_NUMBERS; i++) {
		const struct bytes *b = &n->number[i];

		bn[i] = BN_secure_new();
		well = bn[i] && BN_bin2bn(b->ptr, (int)b->len, bn[i]) && !BN_is_zero(bn[i]) &&
		       OSSL_PARAM_BLD_push_BN(build, number_params[i], bn[i]) == 1;
	}
	if (well)
		pkey = from_params(crypto, "RSA", EVP_PKEY_KEYPAIR, build);
	OSSL_PARAM_BLD_free(build);
	for (size_t i = 0; i < RSA_NUMBERS; i++)
		BN_clear_free(bn[i]);
	if (!pkey)
		return refuse(why, CYG_MALFORMED, "the numbers are none of a private RSA key");
	return key_take(pkey, ret, why);
}
