/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/make.h"

#include "base/text.h"
#include "conn/dn.h"
#include "conn/ident.h"
#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS_END 1095 /* three years */
#define DAYS_CA 3650
#define CLOCKS_DIFFER 300 /* seconds: valid at peers whose clocks are behind */
#define SERIAL_BITS 127

/* ---- keys ---- */

static const struct {
	const char *type, *name; /* ours, libcrypto's */
	uint64_t bits_default, bits_min, bits_max;
} key_types[] = {
	{"rsa", "RSA", 3072, 2048, 16384},
	{"ecdsa", "EC", 256, 256, 521},
	{"ed25519", "ED25519", 0, 0, 0},
	{"ed448", "ED448", 0, 0, 0},
};

EVP_PKEY *make_key(const struct pki *p, const char *type, const char *bits)
{
	OSSL_LIB_CTX *lib = crypto_lib(p->crypto);
	EVP_PKEY *key = NULL;
	char curve[16];
	size_t i = 0;
	uint64_t n;

	while (i < 4 && strcmp(key_types[i].type, type ? type : "ecdsa") != 0)
		i++;
	if (i == 4) {
		pki_complain(p,
			     "--type %s is no kind of key; there are rsa, ecdsa, ed25519 and "
			     "ed448",
			     type);
		return NULL;
	}
	n = key_types[i].bits_default;
	if (bits && (!text_number(bits, key_types[i].bits_min, key_types[i].bits_max, &n) ||
		     (i == 1 && n != 256 && n != 384 && n != 521))) {
		pki_complain(p,
			     "--bits %s can't be used; RSA has 2048 to 16384, ECDSA 256, 384 "
			     "or 521, and the other kinds have one size",
			     bits);
		return NULL;
	}
	snprintf(curve, sizeof(curve), "P-%u", (unsigned)n);
	if (i == 0)
		key = EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)n);
	else if (i == 1)
		key = EVP_PKEY_Q_keygen(lib, NULL, "EC", curve);
	else
		key = EVP_PKEY_Q_keygen(lib, NULL, key_types[i].name);
	if (!key)
		pki_complain(p, "libcrypto makes no such key");
	return key;
}

bool make_digest(const struct pki *p, const char *name, EVP_PKEY *key, const EVP_MD **ret)
{
	bool ed = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
	int bits = EVP_PKEY_is_a(key, "EC") ? EVP_PKEY_get_bits(key) : 256;

	if (!name)
		name = bits > 384 ? "sha512" : bits > 256 ? "sha384" : "sha256";
	*ret = NULL;
	if (ed)
		return true;
	if (text_among("sha256 sha384 sha512 sha1", name))
		*ret = EVP_get_digestbyname(name);
	if (!*ret)
		pki_complain(p, "--digest %s is not known; there are sha256, sha384 and sha512",
			     name);
	return *ret;
}

/* ---- what options say ---- */

static bool days_after(const struct pki *p, const char *days, long days_default, time_t base,
		       ASN1_TIME *ret)
{
	uint64_t n = (uint64_t)days_default;

	if (days && !text_number(days, 0, 36500, &n)) {
		pki_complain(p, "--days %s is no number from 0 to 36500", days);
		return false;
	}
	return X509_time_adj_ex(ret, (int)n, 0, &base);
}

bool make_span(const struct pki *p, const char *from, const char *until, const char *days,
	       long days_default, ASN1_TIME *ret_from, ASN1_TIME *ret_until)
{
	time_t base = time(NULL);
	struct tm tm;
	bool well = make_time(p, from, NULL, 0, ret_from);

	if (well && from && ASN1_TIME_to_tm(ret_from, &tm) == 1)
		base = timegm(&tm);
	well = well && (until ? make_time(p, until, NULL, 1, ret_until)
			      : days_after(p, days, days_default, base, ret_until));
	if (!well || ASN1_TIME_compare(ret_from, ret_until) <= 0)
		return well;
	pki_complain(p, "it would end before it begins");
	return false;
}

bool make_time(const struct pki *p, const char *text, const char *days, long days_default,
	       ASN1_TIME *ret)
{
	char plain[32];
	unsigned y, m, d;
	int end = 0;

	if (!text)
		return days_after(p, days, days_default,
				  time(NULL) - (days_default ? 0 : CLOCKS_DIFFER), ret);
	if (sscanf(text, "%4u-%2u-%2u%n", &y, &m, &d, &end) == 3 && !text[end]) {
		snprintf(plain, sizeof(plain), "%04u%02u%02u000000Z", y % 10000, m % 100,
			 d % 100);
		if (ASN1_TIME_set_string_X509(ret, plain) == 1)
			return true;
	} else if (ASN1_TIME_set_string_X509(ret, text) == 1) {
		return true;
	}
	pki_complain(p, "%s is no time; write 2027-01-31, or 20270131235959Z (UTC)", text);
	return false;
}

bool make_serial(const struct pki *p, const char *hex, ASN1_INTEGER *ret)
{
	BIGNUM *n = BN_new();
	bool well;

	if (!hex)
		well = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1;
	else /* RFC 5280 4.1.2.2: at most 20 octets, and positive */
		well = strspn(hex, "0123456789abcdefABCDEF") == strlen(hex) && *hex &&
		       strlen(hex) <= 40 && BN_hex2bn(&n, hex) && !BN_is_zero(n);
	well = well && BN_to_ASN1_INTEGER(n, ret);
	BN_free(n);
	if (!well)
		pki_complain(p, "--serial %s is no number of at most 40 hexadecimal digits",
			     hex ? hex : "");
	return well;
}

/* The text of a subject; NULL after a complaint. */
static X509_NAME *dn_of(const struct pki *p, const char *text)
{
	uint8_t der[DN_OCTETS_MAX];
	const unsigned char *at = der;
	X509_NAME *name = NULL;
	struct diag why;
	char line[1024];
	size_t len;

	diag_clear(&why);
	if (dn_parse(text, der, sizeof(der), &len, &why)) {
		pki_complain(p, "--dn %s: %s", text, diag_print(&why, line, sizeof(line)));
		return NULL;
	}
	if (!dn_wildcards(view_of(der, len)))
		name = d2i_X509_NAME(NULL, &at, (long)len);
	if (!name)
		pki_complain(p, "--dn %s has a star, which is no name in a certificate", text);
	return name;
}

static GENERAL_NAME *name_of(const struct ident *id)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	const unsigned char *at = id->data;
	bool mail = id->type == ID_RFC822_ADDR, dn = id->type == ID_DER_ASN1_DN;
	bool address = id->type == ID_IPV4_ADDR || id->type == ID_IPV6_ADDR;
	void *value = dn ? (void *)d2i_X509_NAME(NULL, &at, id->len)
			 : ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING
							: V_ASN1_IA5STRING);

	if (name && value && (dn || ASN1_STRING_set(value, id->data, id->len) == 1)) {
		GENERAL_NAME_set0_value(name,
					dn        ? GEN_DIRNAME
					: address ? GEN_IPADD
					: mail    ? GEN_EMAIL
						  : GEN_DNS,
					value);
		return name;
	}
	GENERAL_NAME_free(name);
	return NULL;
}

/* An identity as a subjectAltName; NULL after a complaint. */
static GENERAL_NAME *alt_name(const struct pki *p, const char *text)
{
	const struct ident *id;
	struct diag why;
	GENERAL_NAME *name = NULL;
	char line[1024];

	diag_clear(&why);
	if (ident_parse(text, &id, &why)) {
		pki_complain(p, "--san %s: %s", text, diag_print(&why, line, sizeof(line)));
		return NULL;
	}
	if (id->wildcards || id->type == ID_ANY || id->type == ID_KEY_ID)
		pki_complain(
			p,
			"--san %s is nothing that a certificate can carry; it carries host "
			"names, addresses, mail addresses and DNs",
			text);
	else
		name = name_of(id);
	ident_unref(id);
	return name;
}

static GENERAL_NAMES *names_of(const struct pki *p, const struct arg_values *sans)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();

	for (size_t i = 0; all && i < sans->len; i++) {
		GENERAL_NAME *name = alt_name(p, sans->items[i]);

		if (!name || !sk_GENERAL_NAME_push(all, name)) {
			GENERAL_NAME_free(name);
			GENERAL_NAMES_free(all);
			return NULL;
		}
	}
	return all;
}

/* ---- extensions ---- */

/* Where they are collected, and what those that need a key look at. */
struct growing {
	const struct pki *pki;
	X509V3_CTX ctx;
	STACK_OF(X509_EXTENSION) * all;
};

static bool put(struct growing *g, X509_EXTENSION *e)
{
	if (e && sk_X509_EXTENSION_push(g->all, e))
		return true;
	X509_EXTENSION_free(e);
	return false;
}

static bool put_text(struct growing *g, const char *name, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_nconf(NULL, &g->ctx, name, value);

	ERR_clear_error();
	if (put(g, e))
		return true;
	pki_complain(g->pki, "the extension %s can't be made of %s", name, value);
	return false;
}

static bool put_names(struct growing *g, const struct arg_values *sans, bool critical)
{
	GENERAL_NAMES *names = names_of(g->pki, sans);
	bool well = names && put(g, X509V3_EXT_i2d(NID_subject_alt_name, critical, names));

	GENERAL_NAMES_free(names);
	return well;
}

/* "URI:a, URI:b": one extension of several values. */
static bool put_list(struct growing *g, const char *name, const char *before,
		     const struct arg_values *values)
{
	struct text t = {0};
	bool well;

	if (!values->len)
		return true;
	for (size_t i = 0; i < values->len; i++) {
		if (strchr(values->items[i], ',')) {
			pki_complain(g->pki, "%s has a comma: give the option twice for two",
				     values->items[i]);
			text_done(&t);
			return false;
		}
		text_add(&t, "%s%s%s", i ? "," : "", before, values->items[i]);
	}
	well = !t.bad && put_text(g, name, text_str(&t));
	text_done(&t);
	return well;
}

static bool put_flags(struct growing *g, const struct arg_values *flags)
{
	struct arg_values oids = *flags;

	for (size_t i = 0; i < flags->len; i++) {
		if (text_same(flags->items[i], "ikeIntermediate"))
			oids.items[i] = "1.3.6.1.5.5.8.2.2";
		else if (text_same(flags->items[i], "ocspSigning"))
			oids.items[i] = "OCSPSigning";
		else if (text_same(flags->items[i], "ipsecIKE"))
			oids.items[i] = "1.3.6.1.5.5.7.3.17";
	}
	return put_list(g, "extendedKeyUsage", "", &oids);
}

static bool put_others(struct growing *g, const struct arg_values *extensions)
{
	for (size_t i = 0; i < extensions->len; i++) {
		const char *equals = strchr(extensions->items[i], '=');
		char name[80];

		if (!equals || equals - extensions->items[i] >= (ptrdiff_t)sizeof(name)) {
			pki_complain(g->pki, "--extension %s is no NAME=VALUE",
				     extensions->items[i]);
			return false;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(equals - extensions->items[i]),
			 extensions->items[i]);
		if (!put_text(g, name, equals + 1))
			return false;
	}
	return true;
}

static bool put_all(struct growing *g, const struct wish *w, const struct asked *a, bool self,
		    bool nameless)
{
	char constraints[64];

	snprintf(constraints, sizeof(constraints), "critical,CA:%s%s%s",
		 w->ca ? "TRUE" : "FALSE", w->pathlen ? ",pathlen:" : "",
		 w->pathlen ? w->pathlen : "");
	if (!put_text(g, "basicConstraints", constraints) ||
	    !put_text(g, "keyUsage",
		      w->ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
	    !put_text(g, "subjectKeyIdentifier", "hash") ||
	    (!self && !put_text(g, "authorityKeyIdentifier", "keyid:always")))
		return false;
	if (w->sans.len ? !put_names(g, &w->sans, nameless)
			: a->sans && !put(g, X509_EXTENSION_dup(a->sans)))
		return false;
	return put_flags(g, &w->flags) &&
	       put_list(g, "crlDistributionPoints", "URI:", &w->crls) &&
	       put_list(g, "authorityInfoAccess", "OCSP;URI:", &w->ocsps) &&
	       put_others(g, &w->extensions);
}

/* ---- the whole ---- */

static bool set_subject(const struct pki *p, const struct wish *w, const struct asked *a,
			X509 *x)
{
	X509_NAME *name;
	bool well;

	if (!w->dn && a->subject)
		return X509_set_subject_name(x, a->subject) == 1;
	if (!w->dn && !w->sans.len) {
		pki_complain(p,
			     "whose certificate is it? --dn \"CN=west\" or --san west.example "
			     "says so");
		return false;
	}
	if (w->dn) {
		name = dn_of(p, w->dn);
		well = name && X509_set_subject_name(x, name) == 1;
		X509_NAME_free(name);
		return well;
	}
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
					  (const unsigned char *)w->sans.items[0] +
						  (w->sans.items[0][0] == '@'),
					  -1, -1, 0) == 1;
}

static bool set_plain(const struct pki *p, const struct wish *w, const struct asked *a,
		      const struct signer *s, X509 *x)
{
	if (!set_subject(p, w, a, x) || !make_serial(p, w->serial, X509_get_serialNumber(x)) ||
	    !make_span(p, w->from, w->until, w->days, w->ca ? DAYS_CA : DAYS_END,
		       X509_getm_notBefore(x), X509_getm_notAfter(x)))
		return false;
	return X509_set_version(x, X509_VERSION_3) == 1 &&
	       X509_set_issuer_name(x, X509_get_subject_name(s->cert ? s->cert : x)) == 1 &&
	       X509_set_pubkey(x, a->key) == 1;
}

static bool add_extensions(const struct pki *p, const struct wish *w, const struct asked *a,
			   const struct signer *s, X509 *x)
{
	struct growing g = {.pki = p, .all = sk_X509_EXTENSION_new_null()};
	bool well, nameless = X509_NAME_entry_count(X509_get_subject_name(x)) == 0;

	X509V3_set_ctx(&g.ctx, s->cert ? s->cert : x, x, NULL, NULL, 0);
	well = g.all && put_all(&g, w, a, !s->cert, nameless);
	for (int i = 0; well && i < sk_X509_EXTENSION_num(g.all); i++)
		well = X509_add_ext(x, sk_X509_EXTENSION_value(g.all, i), -1) == 1;
	sk_X509_EXTENSION_pop_free(g.all, X509_EXTENSION_free);
	return well;
}

X509 *make_cert(const struct pki *p, const struct wish *w, const struct asked *a,
		const struct signer *s)
{
	X509 *x = X509_new();
	const EVP_MD *md;

	if (x && set_plain(p, w, a, s, x) && add_extensions(p, w, a, s, x) &&
	    make_digest(p, w->digest, s->key, &md)) {
		if (X509_sign(x, s->key, md) > 0)
			return x;
		pki_complain(p, "libcrypto does not sign it");
	}
	ERR_clear_error();
	X509_free(x);
	return NULL;
}

static bool fill_request(const struct pki *p, const struct wish *w, EVP_PKEY *key, X509_REQ *r)
{
	struct growing g = {.pki = p, .all = sk_X509_EXTENSION_new_null()};
	X509_NAME *name = dn_of(p, w->dn);
	bool well;

	X509V3_set_ctx(&g.ctx, NULL, NULL, r, NULL, 0);
	well = g.all && name && X509_REQ_set_subject_name(r, name) == 1 &&
	       X509_REQ_set_pubkey(r, key) == 1 &&
	       (!w->sans.len || put_names(&g, &w->sans, false)) && put_flags(&g, &w->flags) &&
	       (sk_X509_EXTENSION_num(g.all) == 0 || X509_REQ_add_extensions(r, g.all) == 1);
	sk_X509_EXTENSION_pop_free(g.all, X509_EXTENSION_free);
	X509_NAME_free(name);
	return well;
}

X509_REQ *make_request(const struct pki *p, const struct wish *w, EVP_PKEY *key)
{
	X509_REQ *r = X509_REQ_new();
	const EVP_MD *md;

	if (r && fill_request(p, w, key, r) && make_digest(p, w->digest, key, &md)) {
		if (X509_REQ_sign(r, key, md) > 0)
			return r;
		pki_complain(p, "libcrypto does not sign it");
	}
	ERR_clear_error();
	X509_REQ_free(r);
	return NULL;
}
