/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sig.h"

#include "base/reader.h"
#include "conn/connection.h"
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define KIND(k) (1u << KEY_##k)
#define ANY_ECDSA (KIND(ECDSA_256) | KIND(ECDSA_384) | KIND(ECDSA_521))
#define SIGNATURE_MAX 2048 /* octets: RSA of 16,384 bits */

enum form {
	FORM_PLAIN,    /* as libcrypto has it */
	FORM_PSS,      /* RSASSA-PSS with the hash for MGF1 too, and salt of its length */
	FORM_RAW_PAIR, /* ECDSA: r and s in full length, one after the other (RFC 4754 7) */
};

#define DER(...)                                                                       \
	{                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
	}
#define OID_SHA2(last) 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last
#define OID_PKCS1(last) 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last
#define NIL 0x05, 0x00
/* RFC 7427 A.4: hash, MGF1 with it, length of the salt. */
#define PSS(hash, salt)                                                                      \
	DER(0x30, 0x41, OID_PKCS1(0x0a), 0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, OID_SHA2(hash), \
	    NIL, 0xa1, 0x1c, 0x30, 0x1a, OID_PKCS1(0x08), 0x30, 0x0d, OID_SHA2(hash), NIL,   \
	    0xa2, 0x03, 0x02, 0x01, salt)
#define RSA_V15(last) DER(0x30, 0x0d, OID_PKCS1(last), NIL)
#define ECDSA_SHA2(last) \
	DER(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last)
#define EDDSA(last) DER(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, last)

struct sig_scheme {
	const char *name;
	uint16_t way; /* enum conn_auth */
	uint8_t method;
	bool check_only;   /* never our choice */
	unsigned kinds;    /* of keys, as bits */
	unsigned hash_bit; /* SIG_HASH_... */
	const char *md;    /* libcrypto's name; NULL: the algorithm has its own */
	int nid;           /* of the AlgorithmIdentifier; NID_undef: none is sent */
	enum form form;
	struct view algorithm; /* as we send it */
};

/* Best first: for a curve the hash of its strength, for RSA the one that is quick enough. */
/* clang-format off */
static const struct sig_scheme schemes[] = {
	{"Ed25519", AUTH_EDDSA, 14, false, KIND(ED25519), SIG_HASH_IDENTITY, NULL,
	 NID_ED25519, FORM_PLAIN, EDDSA(0x70)},
	{"Ed448", AUTH_EDDSA, 14, false, KIND(ED448), SIG_HASH_IDENTITY, NULL,
	 NID_ED448, FORM_PLAIN, EDDSA(0x71)},
	{"ECDSA P-256 with SHA2-256", AUTH_ECDSA_SHA2_256, 14, false, KIND(ECDSA_256),
	 SIG_HASH_SHA2_256, "SHA256", NID_ecdsa_with_SHA256, FORM_PLAIN, ECDSA_SHA2(2)},
	{"ECDSA P-384 with SHA2-384", AUTH_ECDSA_SHA2_384, 14, false, KIND(ECDSA_384),
	 SIG_HASH_SHA2_384, "SHA384", NID_ecdsa_with_SHA384, FORM_PLAIN, ECDSA_SHA2(3)},
	{"ECDSA with SHA2-512", AUTH_ECDSA_SHA2_512, 14, false, ANY_ECDSA,
	 SIG_HASH_SHA2_512, "SHA512", NID_ecdsa_with_SHA512, FORM_PLAIN, ECDSA_SHA2(4)},
	{"ECDSA with SHA2-384", AUTH_ECDSA_SHA2_384, 14, false, ANY_ECDSA,
	 SIG_HASH_SHA2_384, "SHA384", NID_ecdsa_with_SHA384, FORM_PLAIN, ECDSA_SHA2(3)},
	{"ECDSA with SHA2-256", AUTH_ECDSA_SHA2_256, 14, false, ANY_ECDSA,
	 SIG_HASH_SHA2_256, "SHA256", NID_ecdsa_with_SHA256, FORM_PLAIN, ECDSA_SHA2(2)},
	{"RSASSA-PSS with SHA2-256", AUTH_RSA_SHA2_256, 14, false, KIND(RSA),
	 SIG_HASH_SHA2_256, "SHA256", NID_rsassaPss, FORM_PSS, PSS(1, 32)},
	{"RSASSA-PSS with SHA2-384", AUTH_RSA_SHA2_384, 14, false, KIND(RSA),
	 SIG_HASH_SHA2_384, "SHA384", NID_rsassaPss, FORM_PSS, PSS(2, 48)},
	{"RSASSA-PSS with SHA2-512", AUTH_RSA_SHA2_512, 14, false, KIND(RSA),
	 SIG_HASH_SHA2_512, "SHA512", NID_rsassaPss, FORM_PSS, PSS(3, 64)},
	{"RSASSA-PKCS1-v1_5 with SHA2-256", AUTH_RSA_SHA2_256, 14, true, KIND(RSA),
	 SIG_HASH_SHA2_256, "SHA256", NID_sha256WithRSAEncryption, FORM_PLAIN, RSA_V15(11)},
	{"RSASSA-PKCS1-v1_5 with SHA2-384", AUTH_RSA_SHA2_384, 14, true, KIND(RSA),
	 SIG_HASH_SHA2_384, "SHA384", NID_sha384WithRSAEncryption, FORM_PLAIN, RSA_V15(12)},
	{"RSASSA-PKCS1-v1_5 with SHA2-512", AUTH_RSA_SHA2_512, 14, true, KIND(RSA),
	 SIG_HASH_SHA2_512, "SHA512", NID_sha512WithRSAEncryption, FORM_PLAIN, RSA_V15(13)},
	/* From before RFC 7427. */
	{"ECDSA P-256 with SHA2-256", AUTH_ECDSA_SHA2_256, 9, false, KIND(ECDSA_256), 0,
	 "SHA256", NID_undef, FORM_RAW_PAIR, {NULL, 0}},
	{"ECDSA P-384 with SHA2-384", AUTH_ECDSA_SHA2_384, 10, false, KIND(ECDSA_384), 0,
	 "SHA384", NID_undef, FORM_RAW_PAIR, {NULL, 0}},
	{"ECDSA P-521 with SHA2-512", AUTH_ECDSA_SHA2_512, 11, false, KIND(ECDSA_521), 0,
	 "SHA512", NID_undef, FORM_RAW_PAIR, {NULL, 0}},
	{"RSA signature with SHA-1", AUTH_RSA_SHA1, 1, false, KIND(RSA), 0, "SHA1",
	 NID_undef, FORM_PLAIN, {NULL, 0}},
};
/* clang-format on */

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

unsigned sig_way(const struct sig_scheme *s)
{
	return s->way;
}

uint8_t sig_method(const struct sig_scheme *s)
{
	return s->method;
}

const char *sig_name(const struct sig_scheme *s)
{
	return s->name;
}

const struct sig_scheme *sig_choose(const struct key *key, unsigned allowed, unsigned hashes)
{
	for (size_t i = 0; i < SCHEMES; i++) {
		const struct sig_scheme *s = &schemes[i];

		if (s->kinds >> key->kind & 1 && s->way & allowed && !s->check_only &&
		    (s->method != AUTH_METHOD_SIGNATURE || s->hash_bit & hashes))
			return s;
	}
	return NULL;
}

/* ---- reading an AlgorithmIdentifier ---- */

/* Of a hash: no parameters, or NULL (RFC 4055 2.1: both are to be taken). */
static bool is_hash(const X509_ALGOR *a, int nid)
{
	const ASN1_OBJECT *oid;
	int type;

	if (!a)
		return false;
	X509_ALGOR_get0(&oid, &type, NULL, a);
	return OBJ_obj2nid(oid) == nid && (type == V_ASN1_UNDEF || type == V_ASN1_NULL);
}

/* MGF1 with the same hash. */
static bool is_mgf(const X509_ALGOR *a, int hash)
{
	const ASN1_OBJECT *oid;
	const unsigned char *at;
	const void *value;
	X509_ALGOR *inner;
	int type;
	bool well;

	if (!a)
		return false;
	X509_ALGOR_get0(&oid, &type, &value, a);
	if (OBJ_obj2nid(oid) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return false;
	at = ASN1_STRING_get0_data(value);
	inner = d2i_X509_ALGOR(NULL, &at, ASN1_STRING_length(value));
	well = inner && is_hash(inner, hash);
	X509_ALGOR_free(inner);
	return well;
}

static bool is_pss(const X509_ALGOR *a, const struct sig_scheme *s)
{
	const EVP_MD *md = EVP_get_digestbyname(s->md);
	RSA_PSS_PARAMS *p = NULL;
	const unsigned char *at;
	const void *value;
	int type;
	bool well = false;

	X509_ALGOR_get0(NULL, &type, &value, a);
	if (type == V_ASN1_SEQUENCE) {
		at = ASN1_STRING_get0_data(value);
		p = d2i_RSA_PSS_PARAMS(NULL, &at, ASN1_STRING_length(value));
	}
	if (p)
		well = is_hash(p->hashAlgorithm, EVP_MD_get_type(md)) &&
		       is_mgf(p->maskGenAlgorithm, EVP_MD_get_type(md)) && p->saltLength &&
		       ASN1_INTEGER_get(p->saltLength) == EVP_MD_get_size(md) &&
		       (!p->trailerField || ASN1_INTEGER_get(p->trailerField) == 1);
	RSA_PSS_PARAMS_free(p);
	return well;
}

static bool is_algorithm(const X509_ALGOR *a, const struct sig_scheme *s)
{
	const ASN1_OBJECT *oid;
	int type;

	X509_ALGOR_get0(&oid, &type, NULL, a);
	if (OBJ_obj2nid(oid) != s->nid)
		return false;
	if (s->form == FORM_PSS)
		return is_pss(a, s);
	/* NULL belongs to RSA's alone, but does no harm elsewhere. */
	return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
}

static const struct sig_scheme *find(uint8_t method, const X509_ALGOR *a, enum key_kind kind)
{
	for (size_t i = 0; i < SCHEMES; i++) {
		const struct sig_scheme *s = &schemes[i];

		if (s->method == method && s->kinds >> kind & 1 && (!a || is_algorithm(a, s)))
			return s;
	}
	return NULL;
}

static void explain_method(uint8_t method, enum key_kind kind, struct diag *why)
{
	diag_set(why, "auth-method", "RFC 7296 3.8",
		 "the peer's way to sign does not belong to the key we know it by");
	diag_wanted(why, "a signature with its %s key", key_kind_name(kind));
	diag_got(why, "authentication method %u", method);
}

static void explain_algorithm(const X509_ALGOR *a, enum key_kind kind, struct diag *why)
{
	const ASN1_OBJECT *oid = NULL;
	char name[80] = "octets that are no AlgorithmIdentifier";

	if (a) {
		X509_ALGOR_get0(&oid, NULL, NULL, a);
		OBJ_obj2txt(name, sizeof(name), oid, 0);
	}
	diag_set(why, "auth-algorithm", "RFC 7427 3",
		 "the peer's kind of signature is not taken with its key");
	diag_wanted(
		why,
		"%s with SHA2-256, SHA2-384 or SHA2-512, PSS with salt of the hash's length",
		key_kind_name(kind));
	if (kind >= KEY_ED25519)
		diag_wanted(why, "%s", key_kind_name(kind));
	diag_got(why, "%s", name);
}

const struct sig_scheme *sig_find(uint8_t method, struct view algorithm, enum key_kind kind,
				  struct diag *why)
{
	const unsigned char *at = algorithm.ptr;
	const struct sig_scheme *s = NULL;
	X509_ALGOR *a = NULL;

	if (method != AUTH_METHOD_SIGNATURE) {
		s = find(method, NULL, kind);
		if (!s)
			explain_method(method, kind, why);
		return s;
	}
	a = d2i_X509_ALGOR(NULL, &at, (long)algorithm.len);
	if (a && at == algorithm.ptr + algorithm.len)
		s = find(method, a, kind);
	if (!s)
		explain_algorithm(a, kind, why);
	X509_ALGOR_free(a);
	ERR_clear_error();
	return s;
}

bool sig_split(struct view data, struct view *ret_algorithm, struct view *ret_signature)
{
	struct reader r = reader_of(data);
	struct view algorithm = read_view(&r, read_u8(&r));
	struct view signature = read_rest(&r);

	if (r.bad || !algorithm.len || !signature.len)
		return false;
	*ret_algorithm = algorithm;
	*ret_signature = signature;
	return true;
}

/* ---- making and checking ---- */

static bool set_padding(const struct sig_scheme *s, EVP_PKEY_CTX *ctx)
{
	if (s->form != FORM_PSS)
		return !(s->kinds & KIND(RSA)) ||
		       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* Octets of r, or of s. */
static size_t half_of(const struct key *k)
{
	return ((size_t)k->bits + 7) / 8;
}

/* DER to r and s. */
static bool to_pair(const struct key *k, const uint8_t *der, size_t len, uint8_t *out,
		    size_t *ret_len)
{
	size_t half = half_of(k);
	const unsigned char *at = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	bool well = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) == (int)half &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) == (int)half;

	ECDSA_SIG_free(sig);
	*ret_len = 2 * half;
	return well;
}

/* r and s to DER; false when the length is not that of the curve. */
static bool from_pair(const struct key *k, struct view pair, uint8_t *out, size_t *ret_len)
{
	size_t half = half_of(k);
	ECDSA_SIG *sig = pair.len == 2 * half ? ECDSA_SIG_new() : NULL;
	BIGNUM *r = sig ? BN_bin2bn(pair.ptr, (int)half, NULL) : NULL;
	BIGNUM *s = sig ? BN_bin2bn(pair.ptr + half, (int)half, NULL) : NULL;
	int len = -1;

	if (r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		len = i2d_ECDSA_SIG(sig, &out);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	*ret_len = len > 0 ? (size_t)len : 0;
	return len > 0;
}

static enum cyg_err put_together(const struct sig_scheme *s, struct view signature,
				 struct bytes *ret)
{
	size_t head = s->algorithm.len ? 1 + s->algorithm.len : 0;
	struct bytes b = {malloc(head + signature.len), head + signature.len};

	if (!b.ptr)
		return CYG_NOMEM;
	if (head) {
		b.ptr[0] = (uint8_t)s->algorithm.len;
		memcpy(b.ptr + 1, s->algorithm.ptr, s->algorithm.len);
	}
	memcpy(b.ptr + head, signature.ptr, signature.len);
	*ret = b;
	return CYG_OK;
}

/* What the holder of the private half is given: the hash of the octets, or these themselves. */
static enum cyg_err make_input(struct crypto *crypto, const struct sig_scheme *s,
			       struct view octets, enum key_signing how, struct bytes *ret)
{
	/* RFC 8017 9.2: DigestInfo of SHA-1, the one that RSA of method 1 has. */
	static const uint8_t sha1[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
				       0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14};
	size_t head = how == KEY_SIGN_PKCS1 ? sizeof(sha1) : 0, len = 0;
	struct bytes b = {malloc(head + EVP_MAX_MD_SIZE), 0};

	if (!b.ptr)
		return CYG_NOMEM;
	memcpy(b.ptr, sha1, head);
	if (!EVP_Q_digest(crypto_lib(crypto), s->md, NULL, octets.ptr, octets.len, b.ptr + head,
			  &len)) {
		bytes_done(&b);
		return CYG_CRYPTO;
	}
	b.len = head + len;
	*ret = b;
	return CYG_OK;
}

static enum key_signing signing_of(const struct sig_scheme *s, const struct key *k)
{
	if (!s->md)
		return KEY_SIGN_EDDSA;
	if (k->kind != KEY_RSA)
		return KEY_SIGN_ECDSA;
	return s->form == FORM_PSS ? KEY_SIGN_PSS : KEY_SIGN_PKCS1;
}

/* A private key that is not here. */
static enum cyg_err make_elsewhere(struct crypto *crypto, const struct sig_scheme *s,
				   const struct key *k, struct view octets, struct bytes *ret,
				   struct diag *why)
{
	enum key_signing how = signing_of(s, k);
	struct bytes input = {0}, made = {0};
	uint8_t der[SIGNATURE_MAX];
	struct view out;
	enum cyg_err err = how == KEY_SIGN_EDDSA ? CYG_OK
						 : make_input(crypto, s, octets, how, &input);

	if (!err)
		err = k->signer.sign(k->signer.ctx, how,
				     how == KEY_SIGN_EDDSA ? octets : view_bytes(&input), &made,
				     why);
	out = view_bytes(&made);
	if (!err && how == KEY_SIGN_ECDSA && s->form != FORM_RAW_PAIR) {
		size_t len = 0;

		if (!from_pair(k, out, der, &len))
			err = CYG_CRYPTO;
		out = view_of(der, len);
	}
	if (!err)
		err = put_together(s, out, ret);
	bytes_done(&input);
	bytes_done(&made);
	ERR_clear_error();
	return err;
}

static enum cyg_err make_here(struct crypto *crypto, const struct sig_scheme *s,
			      const struct key *private, struct view octets, struct bytes *ret)
{
	uint8_t sig[SIGNATURE_MAX], pair[SIGNATURE_MAX];
	size_t len = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	struct view out = {sig, 0};
	bool well = ctx &&
		    EVP_DigestSignInit_ex(ctx, &pctx, s->md, crypto_lib(crypto), NULL,
					  private->pkey, NULL) == 1 &&
		    set_padding(s, pctx) &&
		    EVP_DigestSign(ctx, sig, &len, octets.ptr, octets.len) == 1;

	EVP_MD_CTX_free(ctx);
	out.len = len;
	if (well && s->form == FORM_RAW_PAIR) {
		out.ptr = pair;
		well = to_pair(private, sig, len, pair, &out.len);
	}
	ERR_clear_error();
	return well ? put_together(s, out, ret) : CYG_CRYPTO;
}

enum cyg_err sig_make(struct crypto *crypto, const struct sig_scheme *s,
		      const struct key *private, struct view octets, struct bytes *ret,
		      struct diag *why)
{
	return private->signer.sign ? make_elsewhere(crypto, s, private, octets, ret, why)
				    : make_here(crypto, s, private, octets, ret);
}

enum cyg_err sig_check(struct crypto *crypto, const struct sig_scheme *s,
		       const struct key *public, struct view octets, struct view signature)
{
	uint8_t der[SIGNATURE_MAX];
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *pctx = NULL;
	bool well;

	if (!signature.len || signature.len > SIGNATURE_MAX)
		return CYG_AUTH;
	if (s->form == FORM_RAW_PAIR) {
		size_t len;

		if (!from_pair(public, signature, der, &len))
			return CYG_AUTH;
		signature = view_of(der, len);
	}
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return CYG_NOMEM;
	/* Only 1 is "it is one": errors of libcrypto's are refusals. */
	well = EVP_DigestVerifyInit_ex(ctx, &pctx, s->md, crypto_lib_of(crypto, public->pkey),
				       NULL, public->pkey, NULL) == 1 &&
	       set_padding(s, pctx) &&
	       EVP_DigestVerify(ctx, signature.ptr, signature.len, octets.ptr, octets.len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return well ? CYG_OK : CYG_AUTH;
}
