/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/cert.h"

#include "base/array.h"
#include "base/text.h"
#include "conn/dn.h"
#include "crypto/crypto.h"
#include "trust/chain.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence)
{
	ERR_clear_error();
	diag_set(why, "bad-certificate", "RFC 5280 4.1", "%s", sentence);
	return err;
}

/* ---- life ---- */

/* A reference, so that no other key can come to lie where this one did. */
struct cert_signer {
	EVP_PKEY *key; /* NULL: not known yet */
};

bool cert_remember_signer(struct cert *c)
{
	if (!c->signer)
		c->signer = calloc(1, sizeof(*c->signer));
	return c->signer;
}

struct cert cert_copy(const struct cert *c)
{
	struct cert copy = *c;

	if (c->x)
		X509_up_ref(c->x);
	copy.key = key_copy(&c->key);
	copy.signer = NULL;
	return copy;
}

void cert_done(struct cert *c)
{
	if (c->signer)
		EVP_PKEY_free(c->signer->key);
	free(c->signer);
	key_done(&c->key);
	X509_free(c->x);
	*c = (struct cert){0};
}

enum cyg_err cert_list_add(struct cert_list *l, struct cert *take)
{
	struct cert *bigger = array_grow(l->items, l->len, &l->cap, sizeof(*bigger));

	if (!bigger)
		return CYG_NOMEM;
	l->items = bigger;
	l->items[l->len++] = *take;
	*take = (struct cert){0};
	return CYG_OK;
}

struct cert_list cert_list_above(const struct cert_list *path)
{
	return path->len > 1 ? (struct cert_list){path->items + 1, path->len - 1, 0}
			     : (struct cert_list){0};
}

void cert_list_done(struct cert_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		cert_done(&l->items[i]);
	free(l->items);
	*l = (struct cert_list){0};
}

/* ---- reading ---- */

static bool moment_of(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

static struct view key_bits(X509 *x)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(x);

	return view_of(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits));
}

/* Of a chain, or a file of many, which one it is that can't be used. */
static void tell_which(const struct cert *c, struct diag *why)
{
	char subject[160], serial[80];

	if (why && !why->got[0])
		diag_got(why, "that of %s, number %s", cert_print(c, subject, sizeof(subject)),
			 cert_print_serial(c, serial, sizeof(serial)));
}

enum cyg_err cert_take(X509 *x, struct cert *ret, struct diag *why)
{
	struct cert c = {.x = x};
	enum cyg_err err;

	if (!x)
		return refuse(why, CYG_MALFORMED, "there is no certificate in it");
	/* Reads the extensions, once and for all threads. */
	if (X509_check_purpose(x, -1, 0) != 1 ||
	    X509_get_extension_flags(x) & (EXFLAG_INVALID | EXFLAG_INVALID_POLICY))
		err = refuse(why, CYG_MALFORMED,
			     "an extension of the certificate breaks its format");
	else if (X509_get_version(x) != X509_VERSION_3)
		err = refuse(why, CYG_UNSUPPORTED,
			     "certificates before version 3 do not say what they are for");
	else if (ASN1_STRING_length(X509_get0_serialNumber(x)) > SERIAL_MAX)
		/* RFC 5280 4.1.2.2 has 20. No list could tell of it: it would never be revoked. */
		err = refuse(why, CYG_UNSUPPORTED,
			     "the certificate's serial number is too long to be looked up in a "
			     "list of revoked ones");
	else if (!moment_of(X509_get0_notBefore(x), &c.not_before) ||
		 !moment_of(X509_get0_notAfter(x), &c.not_after))
		err = refuse(why, CYG_MALFORMED, "the certificate's times can't be read");
	else
		err = key_take_bits(X509_get_pubkey(x), key_bits(x), &c.key, why);
	ERR_clear_error();
	if (err) {
		tell_which(&c, why);
		cert_done(&c);
	} else {
		*ret = c;
	}
	return err;
}

/* NULL: it is none, or memory is short. */
static X509 *read_with(OSSL_LIB_CTX *lib, struct view der)
{
	const unsigned char *at = der.ptr;
	X509 *x = X509_new_ex(lib, NULL);

	if (x && (!d2i_X509(&x, &at, (long)der.len) || at != der.ptr + der.len)) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

/* One whose key crypto_certs_lib can't read: of which kind that is, a refusal will say. */
static X509 *with_key(struct crypto *crypto, X509 *take)
{
	unsigned char *der = NULL;
	X509 *x;
	int len;

	if (!take || X509_get0_pubkey(take))
		return take;
	len = i2d_X509(take, &der);
	X509_free(take);
	x = read_with(crypto_lib(crypto), view_of(der, len > 0 ? (size_t)len : 0));
	OPENSSL_free(der);
	return x;
}

enum cyg_err cert_read_der(struct crypto *crypto, struct view der, struct cert *ret,
			   struct diag *why)
{
	X509 *x;

	if (der.len > CERT_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the certificate is too long");
	x = with_key(crypto, read_with(crypto_certs_lib(crypto), der));
	if (!x)
		return refuse(why, CYG_MALFORMED, "it is no certificate in DER");
	return cert_take(x, ret, why);
}

/* What follows a certificate that can't be read is not looked at: where it ends is not known. */
static void tell_broken(BIO *bio, size_t good, struct diag *why)
{
	diag_set(why, "bad-certificate", "RFC 7468 2",
		 "certificate %zu of it, which ends before octet %ld, can't be read", good + 1,
		 (long)BIO_tell(bio));
	diag_wanted(why, "Base64 of DER between BEGIN CERTIFICATE and END CERTIFICATE");
	if (good)
		diag_hint(why, "%zu before it can be used; copy the file again", good);
	else
		diag_hint(why, "copy the file again");
}

static enum cyg_err tell_too_many(X509 *free_it, struct diag *why)
{
	X509_free(free_it);
	diag_set(why, "bad-certificate", NULL,
		 "it has more certificates than are read of a file");
	diag_wanted(why, "%d at most", CERTS_IN_FILE_MAX);
	diag_hint(why, "the first %d can be used; put the others into files of their own",
		  CERTS_IN_FILE_MAX);
	return CYG_OK;
}

static enum cyg_err read_pem(struct crypto *crypto, BIO *bio, struct cert_list *list,
			     struct diag *why)
{
	for (;;) {
		X509 *x = X509_new_ex(crypto_certs_lib(crypto), NULL);
		struct cert c;
		enum cyg_err err;

		if (!x || !PEM_read_bio_X509(bio, &x, NULL, NULL)) {
			bool at_end = ERR_GET_REASON(ERR_peek_last_error()) ==
				      PEM_R_NO_START_LINE;

			X509_free(x);
			ERR_clear_error();
			if (at_end)
				return CYG_OK;
			tell_broken(bio, list->len, why);
			return list->len ? CYG_OK : CYG_MALFORMED;
		}
		if (list->len == CERTS_IN_FILE_MAX)
			return tell_too_many(x, why);
		err = cert_take(with_key(crypto, x), &c, why);
		if (!err)
			err = cert_list_add(list, &c);
		if (err)
			return err;
	}
}

enum cyg_err cert_read_file(struct crypto *crypto, struct view octets, struct cert_list *ret,
			    struct diag *why)
{
	bool pem = octets.len && memmem(octets.ptr, octets.len, "-----BEGIN ", 11);
	struct cert_list list = {0};
	enum cyg_err err = CYG_OK;

	if (octets.len > CERTS_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the file is too long for certificates");
	if (pem) {
		BIO *bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);

		err = bio ? read_pem(crypto, bio, &list, why) : CYG_NOMEM;
		BIO_free(bio);
	} else {
		struct cert c;

		err = cert_read_der(crypto, octets, &c, why);
		if (!err)
			err = cert_list_add(&list, &c);
	}
	if (!err && !list.len)
		err = refuse(why, CYG_MALFORMED, "there is no certificate in it");
	if (err)
		cert_list_done(&list);
	else
		*ret = list;
	return err;
}

/* ---- what it is ---- */

bool cert_equal(const struct cert *a, const struct cert *b)
{
	return a->x && b->x && X509_cmp(a->x, b->x) == 0;
}

static bool hash_is_weak(int nid)
{
	return nid == NID_sha1 || nid == NID_md5 || nid == NID_md4 || nid == NID_md2 ||
	       nid == NID_md5_sha1;
}

static bool pss_is_weak(const X509_ALGOR *alg)
{
	RSA_PSS_PARAMS *pss = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS),
							alg->parameter);
	const ASN1_OBJECT *o = NULL;
	bool weak = true;

	if (pss && pss->hashAlgorithm) {
		X509_ALGOR_get0(&o, NULL, NULL, pss->hashAlgorithm);
		weak = hash_is_weak(OBJ_obj2nid(o));
	}
	RSA_PSS_PARAMS_free(pss);
	ERR_clear_error();
	return weak;
}

bool signature_is_weak(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *o;
	int hash = NID_undef, key, nid;

	X509_ALGOR_get0(&o, NULL, NULL, alg);
	nid = OBJ_obj2nid(o);
	if (nid == NID_rsassaPss)
		return pss_is_weak(alg);
	return OBJ_find_sigid_algs(nid, &hash, &key) && hash_is_weak(hash);
}

bool cert_is_ca(const struct cert *c)
{
	return X509_check_ca(c->x) == 1;
}

bool cert_is_self_issued(const struct cert *c)
{
	return X509_get_extension_flags(c->x) & EXFLAG_SI;
}

bool cert_is_issued_by(const struct cert *c, const struct cert *issuer)
{
	EVP_PKEY *key = issuer->key.pkey;
	bool yes = X509_check_issued(issuer->x, c->x) == X509_V_OK &&
		   ((c->signer && c->signer->key == key) || X509_verify(c->x, key) == 1);

	if (yes && c->signer && c->signer->key != key) {
		EVP_PKEY_free(c->signer->key);
		EVP_PKEY_up_ref(key);
		c->signer->key = key;
	}
	ERR_clear_error();
	return yes;
}

struct bytes cert_der(const struct cert *c)
{
	unsigned char *der = NULL;
	int len = i2d_X509(c->x, &der);
	struct bytes b = {0};

	if (len > 0 && !bytes_copy(&b, view_of(der, (size_t)len)))
		b = (struct bytes){0};
	OPENSSL_free(der);
	return b;
}

bool cert_is_der(const struct cert *c, struct view der)
{
	struct bytes own = cert_der(c);
	bool yes = own.ptr && view_equal(view_bytes(&own), der);

	bytes_done(&own);
	return yes;
}

static struct view name_view(const X509_NAME *name)
{
	const unsigned char *der;
	size_t len;

	if (X509_NAME_get0_der(name, &der, &len) != 1)
		return (struct view){0};
	return view_of(der, len);
}

struct view cert_subject(const struct cert *c)
{
	return name_view(X509_get_subject_name(c->x));
}

struct view cert_issuer(const struct cert *c)
{
	return name_view(X509_get_issuer_name(c->x));
}

static const char *print_name(struct view name, char *buf, size_t cap)
{
	if (dn_check(name, NULL)) {
		snprintf(buf, cap, "(no name)");
		return buf;
	}
	return dn_print(name, buf, cap);
}

const char *cert_print(const struct cert *c, char *buf, size_t cap)
{
	return print_name(cert_subject(c), buf, cap);
}

const char *cert_print_issuer(const struct cert *c, char *buf, size_t cap)
{
	return print_name(cert_issuer(c), buf, cap);
}

const char *cert_print_octets(const ASN1_STRING *s, char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	if (s)
		buf_add_hex(buf, cap, &used,
			    view_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)));
	return buf;
}

const char *cert_print_serial(const struct cert *c, char *buf, size_t cap)
{
	return cert_print_octets(X509_get0_serialNumber(c->x), buf, cap);
}

const char *cert_print_subject_key(const struct cert *c, char *buf, size_t cap)
{
	return cert_print_octets(X509_get0_subject_key_id(c->x), buf, cap);
}

const char *cert_print_authority_key(const struct cert *c, char *buf, size_t cap)
{
	return cert_print_octets(X509_get0_authority_key_id(c->x), buf, cap);
}

const char *cert_print_authority_serial(const struct cert *c, char *buf, size_t cap)
{
	return cert_print_octets(X509_get0_authority_serial(c->x), buf, cap);
}

const char *cert_print_time(int64_t at, char *buf, size_t cap)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, cap, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(buf, cap, "a time beyond the calendar");
	return buf;
}

enum cyg_err cert_identity(const struct cert *c, const struct ident **ret)
{
	return ident_from_wire(ID_DER_ASN1_DN, cert_subject(c), ret, NULL);
}

/* ---- whose it is ---- */

/* A subjectAltName as an identity; NULL for kinds that are none, and for broken ones. */
static const struct ident *name_identity(const GENERAL_NAME *name)
{
	static const uint8_t types[] = {[GEN_EMAIL] = ID_RFC822_ADDR, [GEN_DNS] = ID_FQDN};
	const struct ident *id = NULL;
	const ASN1_STRING *s;
	size_t len;
	int type;
	void *value = GENERAL_NAME_get0_value(name, &type);

	if (type == GEN_DIRNAME)
		return ident_from_wire(ID_DER_ASN1_DN, name_view(value), &id, NULL) ? NULL : id;
	if (type != GEN_EMAIL && type != GEN_DNS && type != GEN_IPADD)
		return NULL;
	s = value;
	len = (size_t)ASN1_STRING_length(s);
	if (type == GEN_IPADD && len != 4 && len != 16)
		return NULL;
	if (ident_from_wire(type == GEN_IPADD ? (len == 4 ? ID_IPV4_ADDR : ID_IPV6_ADDR)
					      : types[type],
			    view_of(ASN1_STRING_get0_data(s), len), &id, NULL))
		return NULL;
	return id;
}

/* Walk the identities of the subjectAltName until `take` says true. */
static bool any_name(const struct cert *c, bool (*take)(void *ctx, const struct ident *id),
		     void *ctx)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(c->x, NID_subject_alt_name, NULL, NULL);
	bool taken = false;

	for (int i = 0; !taken && i < sk_GENERAL_NAME_num(names); i++) {
		const struct ident *id = name_identity(sk_GENERAL_NAME_value(names, i));

		taken = id && take(ctx, id);
		ident_unref(id);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return taken;
}

static bool is_it(void *ctx, const struct ident *id)
{
	return ident_equal(ctx, id);
}

struct collected {
	struct diag *why;
	char text[400];
	size_t used;
};

static bool collect(void *ctx, const struct ident *id)
{
	struct collected *c = ctx;
	char text[200];

	buf_add(c->text, sizeof(c->text), &c->used, ", %s",
		ident_print(id, text, sizeof(text)));
	return false;
}

bool cert_carries(const struct cert *c, const struct ident *id, struct diag *why)
{
	struct collected all = {.text = ""};
	char subject[CERT_TEXT_MAX], wanted[IDENT_TEXT_MAX];

	if (id->type == ID_DER_ASN1_DN && !dn_check(cert_subject(c), NULL) &&
	    dn_equal(ident_view(id), cert_subject(c)))
		return true;
	if (any_name(c, is_it, (void *)id))
		return true;
	any_name(c, collect, &all);
	cert_print(c, subject, sizeof(subject));
	diag_set(why, "cert-identity", "RFC 4945 3.1",
		 "the certificate is not that of the identity it came with");
	diag_wanted(why, "%s, as subject or as subjectAltName of its own type",
		    ident_print(id, wanted, sizeof(wanted)));
	diag_got(why, "%s%s", subject, all.text);
	diag_hint(why,
		  "let the end's id= be one of these, or have it put into the certificate");
	return false;
}

struct telling {
	void (*each)(void *ctx, const char *name);
	void *ctx;
};

static bool tell(void *ctx, const struct ident *id)
{
	struct telling *t = ctx;
	char text[IDENT_TEXT_MAX];

	t->each(t->ctx, ident_print(id, text, sizeof(text)));
	return false;
}

void cert_each_name(const struct cert *c, void (*each)(void *ctx, const char *name), void *ctx)
{
	struct telling t = {each, ctx};

	any_name(c, tell, &t);
}
