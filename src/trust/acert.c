/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/acert.h"

#include "base/text.h"
#include "conn/dn.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEM_NAME "ATTRIBUTE CERTIFICATE" /* RFC 7468 12 */
#define VERSION_2 1                      /* RFC 5755 4.1 */
#define GROUP_OID "1.3.6.1.5.5.7.10.4"   /* id-aca-group */
#define NO_REVOCATION_OID "2.5.29.56"    /* noRevAvail */

/* ---- RFC 5755 4.1 and appendix B, whose tags are implicit ---- */

struct issuer_serial {
	GENERAL_NAMES *issuer;
	ASN1_INTEGER *serial;
	ASN1_BIT_STRING *unique_id;
};

struct object_digest {
	ASN1_ENUMERATED *type;
	ASN1_OBJECT *other;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *digest;
};

struct holder {
	struct issuer_serial *base;
	GENERAL_NAMES *entity;
	struct object_digest *digest;
};

struct v2_form {
	GENERAL_NAMES *name;
	struct issuer_serial *base;
	struct object_digest *digest;
};

struct attribute_value {
	int type;
	union {
		ASN1_OCTET_STRING *octets;
		ASN1_OBJECT *oid;
		ASN1_UTF8STRING *string;
		ASN1_STRING *any;
	} d;
};

struct attribute_syntax {
	GENERAL_NAMES *policy;
	OPENSSL_STACK *values; /* of struct attribute_value */
};

struct issuer_form {
	int type;
	union {
		GENERAL_NAMES *v1;
		struct v2_form *v2;
	} d;
};

struct validity {
	ASN1_GENERALIZEDTIME *from, *until;
};

struct acert_info {
	ASN1_ENCODING enc;
	ASN1_INTEGER *version;
	struct holder *holder;
	struct issuer_form *issuer;
	X509_ALGOR *algorithm;
	ASN1_INTEGER *serial;
	struct validity *validity;
	STACK_OF(X509_ATTRIBUTE) * attributes;
	ASN1_BIT_STRING *unique_id;
	STACK_OF(X509_EXTENSION) * extensions;
};

struct acert_asn1_st {
	struct acert_info *info;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
};

/* clang-format off */
ASN1_SEQUENCE(ISSUER_SERIAL) = {
	ASN1_SEQUENCE_OF(struct issuer_serial, issuer, GENERAL_NAME),
	ASN1_SIMPLE(struct issuer_serial, serial, ASN1_INTEGER),
	ASN1_OPT(struct issuer_serial, unique_id, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct issuer_serial, ISSUER_SERIAL)

ASN1_SEQUENCE(OBJECT_DIGEST) = {
	ASN1_SIMPLE(struct object_digest, type, ASN1_ENUMERATED),
	ASN1_OPT(struct object_digest, other, ASN1_OBJECT),
	ASN1_SIMPLE(struct object_digest, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct object_digest, digest, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct object_digest, OBJECT_DIGEST)

ASN1_SEQUENCE(HOLDER) = {
	ASN1_IMP_OPT(struct holder, base, ISSUER_SERIAL, 0),
	ASN1_IMP_SEQUENCE_OF_OPT(struct holder, entity, GENERAL_NAME, 1),
	ASN1_IMP_OPT(struct holder, digest, OBJECT_DIGEST, 2),
} static_ASN1_SEQUENCE_END_name(struct holder, HOLDER)

ASN1_SEQUENCE(V2_FORM) = {
	ASN1_SEQUENCE_OF_OPT(struct v2_form, name, GENERAL_NAME),
	ASN1_IMP_OPT(struct v2_form, base, ISSUER_SERIAL, 0),
	ASN1_IMP_OPT(struct v2_form, digest, OBJECT_DIGEST, 1),
} static_ASN1_SEQUENCE_END_name(struct v2_form, V2_FORM)

ASN1_CHOICE(ISSUER_FORM) = {
	ASN1_SEQUENCE_OF(struct issuer_form, d.v1, GENERAL_NAME),
	ASN1_IMP(struct issuer_form, d.v2, V2_FORM, 0),
} static_ASN1_CHOICE_END_name(struct issuer_form, ISSUER_FORM)
#define FORM_V2 1

ASN1_SEQUENCE(VALIDITY) = {
	ASN1_SIMPLE(struct validity, from, ASN1_GENERALIZEDTIME),
	ASN1_SIMPLE(struct validity, until, ASN1_GENERALIZEDTIME),
} static_ASN1_SEQUENCE_END_name(struct validity, VALIDITY)

typedef struct acert_info ACERT_INFO; /* the macro wants type and item by one name */

ASN1_SEQUENCE_enc(ACERT_INFO, enc, 0) = {
	ASN1_SIMPLE(struct acert_info, version, ASN1_INTEGER),
	ASN1_SIMPLE(struct acert_info, holder, HOLDER),
	ASN1_SIMPLE(struct acert_info, issuer, ISSUER_FORM),
	ASN1_SIMPLE(struct acert_info, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct acert_info, serial, ASN1_INTEGER),
	ASN1_SIMPLE(struct acert_info, validity, VALIDITY),
	ASN1_SEQUENCE_OF(struct acert_info, attributes, X509_ATTRIBUTE),
	ASN1_OPT(struct acert_info, unique_id, ASN1_BIT_STRING),
	ASN1_SEQUENCE_OF_OPT(struct acert_info, extensions, X509_EXTENSION),
} static_ASN1_SEQUENCE_END_ref(struct acert_info, ACERT_INFO)

ASN1_SEQUENCE(ACERT) = {
	ASN1_SIMPLE(struct acert_asn1_st, info, ACERT_INFO),
	ASN1_SIMPLE(struct acert_asn1_st, algorithm, X509_ALGOR),
	ASN1_SIMPLE(struct acert_asn1_st, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct acert_asn1_st, ACERT)

ASN1_CHOICE(ATTRIBUTE_VALUE) = {
	ASN1_SIMPLE(struct attribute_value, d.octets, ASN1_OCTET_STRING),
	ASN1_SIMPLE(struct attribute_value, d.oid, ASN1_OBJECT),
	ASN1_SIMPLE(struct attribute_value, d.string, ASN1_UTF8STRING),
} static_ASN1_CHOICE_END_name(struct attribute_value, ATTRIBUTE_VALUE)
#define VALUE_OID 1

ASN1_SEQUENCE(ATTRIBUTE_SYNTAX) = {
	ASN1_IMP_SEQUENCE_OF_OPT(struct attribute_syntax, policy, GENERAL_NAME, 0),
	ASN1_SEQUENCE_OF(struct attribute_syntax, values, ATTRIBUTE_VALUE),
} static_ASN1_SEQUENCE_END_name(struct attribute_syntax, ATTRIBUTE_SYNTAX)
	/* clang-format on */

	/* ---- reading ---- */

	static enum cyg_err refuse(struct diag * why, enum cyg_err err, const char *sentence)
{
	ERR_clear_error();
	diag_set(why, "bad-attribute-certificate", "RFC 5755 4", "%s", sentence);
	return err;
}

void acert_done(struct acert *a)
{
	if (a->x)
		ASN1_item_free((ASN1_VALUE *)a->x, ASN1_ITEM_rptr(ACERT));
	*a = (struct acert){0};
}

/* The one directoryName of a list; NULL when it is something else. */
static const X509_NAME *only_name(const GENERAL_NAMES *names)
{
	const GENERAL_NAME *n = sk_GENERAL_NAME_num(names) == 1
					? sk_GENERAL_NAME_value(names, 0)
					: NULL;

	return n && n->type == GEN_DIRNAME ? n->d.directoryName : NULL;
}

static const X509_NAME *issuer_name(const struct acert *a)
{
	const struct issuer_form *f = a->x->info->issuer;

	/* RFC 5755 4.2.3: a name, and nothing else beside it. */
	if (f->type != FORM_V2 || f->d.v2->base || f->d.v2->digest)
		return NULL;
	return only_name(f->d.v2->name);
}

static bool moment_of(const ASN1_GENERALIZEDTIME *t, int64_t *ret)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

/* RFC 5755 4.3: of the critical ones none is known here, such as those that name targets. */
static bool has_critical(const struct acert_info *i)
{
	for (int at = 0; at < sk_X509_EXTENSION_num(i->extensions); at++)
		if (X509_EXTENSION_get_critical(sk_X509_EXTENSION_value(i->extensions, at)))
			return true;
	return false;
}

static enum cyg_err check_form(struct acert *a, struct diag *why)
{
	const struct acert_info *i = a->x->info;

	if (ASN1_INTEGER_get(i->version) != VERSION_2)
		return refuse(why, CYG_UNSUPPORTED,
			      "it is no attribute certificate of version 2");
	if (!issuer_name(a))
		return refuse(why, CYG_UNSUPPORTED, "its authority is not given by name alone");
	if (i->holder->digest || (!i->holder->base && !i->holder->entity))
		return refuse(why, CYG_UNSUPPORTED,
			      "its holder is not given by certificate or name");
	if (has_critical(i))
		return refuse(why, CYG_UNSUPPORTED, "a critical extension is not known here");
	if (X509_ALGOR_cmp(i->algorithm, a->x->algorithm))
		return refuse(why, CYG_MALFORMED, "it names two algorithms of its signature");
	if (signature_is_weak(a->x->algorithm))
		return refuse(why, CYG_UNSUPPORTED,
			      "it is signed with a hash that is too weak (RFC 8247 4)");
	if (!moment_of(i->validity->from, &a->not_before) ||
	    !moment_of(i->validity->until, &a->not_after))
		return refuse(why, CYG_MALFORMED, "its times can't be read");
	return CYG_OK;
}

static enum cyg_err read_der(const unsigned char *der, long len, struct acert *ret,
			     struct diag *why)
{
	const unsigned char *at = der;
	struct acert a = {
		(struct acert_asn1_st *)ASN1_item_d2i(NULL, &at, len, ASN1_ITEM_rptr(ACERT))};
	enum cyg_err err;

	if (!a.x)
		return refuse(why, CYG_MALFORMED, "it is no attribute certificate");
	err = at == der + len ? check_form(&a, why)
			      : refuse(why, CYG_MALFORMED, "there is more behind it");
	if (err)
		acert_done(&a);
	else
		*ret = a;
	return err;
}

/* What stands behind it in the file is not read, which is told. */
static void tell_others(BIO *bio, struct diag *why)
{
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long len = 0;

	if (PEM_read_bio(bio, &name, &header, &der, &len) == 1 && !strcmp(name, PEM_NAME)) {
		diag_set(
			why, "bad-attribute-certificate", NULL,
			"it has several attribute certificates, of which the first one counts");
		diag_hint(why, "put each into a file of its own");
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	ERR_clear_error();
}

enum cyg_err acert_read(struct view octets, struct acert *ret, struct diag *why)
{
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long len = 0;
	enum cyg_err err;
	BIO *bio;

	if (octets.len > ACERT_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the attribute certificate is too long");
	if (!octets.len || !memmem(octets.ptr, octets.len, "-----BEGIN ", 11))
		return read_der(octets.ptr, (long)octets.len, ret, why);
	bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);
	if (bio && PEM_read_bio(bio, &name, &header, &der, &len) == 1 &&
	    !strcmp(name, PEM_NAME))
		err = read_der(der, len, ret, why);
	else
		err = refuse(why, CYG_MALFORMED, "it is no attribute certificate");
	if (!err)
		tell_others(bio, why);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return err;
}

/* ---- who made it, and for whom ---- */

static bool is_signed_by(const struct acert *a, const struct cert *authority)
{
	bool yes = ASN1_item_verify(ASN1_ITEM_rptr(ACERT_INFO), a->x->algorithm,
				    a->x->signature, a->x->info, authority->key.pkey) == 1;

	ERR_clear_error();
	return yes;
}

static bool has_signed(const struct acert *a, const struct cert *authority,
		       const struct acert_seen *seen)
{
	if (seen && seen->by && key_equal(seen->by, &authority->key))
		return true;
	/* An authority that was asked and is not the one did not sign it. */
	if (seen && stored_certs_has(seen->asked, authority))
		return false;
	return is_signed_by(a, authority);
}

const struct cert *acert_authority(const struct acert *a,
				   const struct stored_certs *authorities,
				   const struct acert_seen *seen, struct diag *why)
{
	char name[CERT_TEXT_MAX];
	bool named = false;

	for (size_t i = 0; i < authorities->len; i++) {
		const struct cert *c = &authorities->items[i]->cert;

		if (X509_NAME_cmp(X509_get_subject_name(c->x), issuer_name(a)) != 0)
			continue;
		named = true;
		if (has_signed(a, c, seen))
			return c;
	}
	diag_set(why, "attribute-authority", "RFC 5755 5",
		 named ? "the key of its authority did not sign the attribute certificate"
		       : "no authority that is trusted here made the attribute certificate");
	diag_wanted(why, "the signature of an authority of ipsec.d/aacerts");
	diag_got(why, "issuer %s", acert_print_issuer(a, name, sizeof(name)));
	diag_hint(why, "ipsec auto --listaacerts  shows the authorities");
	return NULL;
}

struct bytes acert_der(const struct acert *a)
{
	unsigned char *der = NULL;
	int len = ASN1_item_i2d((ASN1_VALUE *)a->x, &der, ASN1_ITEM_rptr(ACERT));
	struct bytes b = {0};

	if (len > 0 && !bytes_copy(&b, view_of(der, (size_t)len)))
		b = (struct bytes){0};
	OPENSSL_free(der);
	return b;
}

bool acert_names(const struct acert *a, const struct cert *c)
{
	const struct holder *h = a->x->info->holder;
	const X509_NAME *name;

	if (h->base) {
		name = only_name(h->base->issuer);
		return name && X509_NAME_cmp(name, X509_get_issuer_name(c->x)) == 0 &&
		       ASN1_INTEGER_cmp(h->base->serial, X509_get0_serialNumber(c->x)) == 0;
	}
	name = only_name(h->entity);
	return name && X509_NAME_entry_count(name) &&
	       X509_NAME_cmp(name, X509_get_subject_name(c->x)) == 0;
}

/* The last octets: authorities draw them, or count. */
static uint64_t number_key(const ASN1_INTEGER *n)
{
	const uint8_t *octets = ASN1_STRING_get0_data(n);
	uint64_t key = 0;

	for (int i = 0; i < ASN1_STRING_length(n); i++)
		key = key << 8 | octets[i];
	return key;
}

static uint64_t name_key(const X509_NAME *name)
{
	return name ? X509_NAME_hash_ex(name, NULL, NULL, NULL) : 0;
}

uint64_t acert_key(const struct acert *a)
{
	const struct holder *h = a->x->info->holder;

	return h->base ? number_key(h->base->serial) : name_key(only_name(h->entity));
}

void acert_keys_of(const struct cert *c, uint64_t ret[2])
{
	ret[0] = number_key(X509_get0_serialNumber(c->x));
	ret[1] = name_key(X509_get_subject_name(c->x));
}

bool acert_is_for(const struct acert *a, const struct acert_holder *h)
{
	return h->issuer_held && (a->x->info->holder->base || h->ca_asked) &&
	       acert_names(a, h->cert);
}

/* ---- groups ---- */

struct telling {
	void (*each)(void *ctx, const char *group);
	void *ctx;
	size_t told;
};

static void tell_value(const struct attribute_value *v, struct telling *t)
{
	char name[ACERT_GROUP_MAX + 1];
	const ASN1_STRING *s = v->d.any;
	size_t len;

	if (v->type == VALUE_OID || t->told == ACERT_GROUPS_MAX)
		return;
	len = (size_t)ASN1_STRING_length(s);
	if (!len || len > ACERT_GROUP_MAX || memchr(ASN1_STRING_get0_data(s), 0, len))
		return;
	memcpy(name, ASN1_STRING_get0_data(s), len);
	name[len] = '\0';
	t->told++;
	t->each(t->ctx, name);
}

static void tell_syntax(const ASN1_STRING *der, struct telling *t)
{
	const unsigned char *at = ASN1_STRING_get0_data(der);
	struct attribute_syntax *s =
		(struct attribute_syntax *)ASN1_item_d2i(NULL, &at, ASN1_STRING_length(der),
							 ASN1_ITEM_rptr(ATTRIBUTE_SYNTAX));

	if (!s) {
		ERR_clear_error();
		return;
	}
	for (int i = 0; i < OPENSSL_sk_num(s->values); i++)
		tell_value(OPENSSL_sk_value(s->values, i), t);
	ASN1_item_free((ASN1_VALUE *)s, ASN1_ITEM_rptr(ATTRIBUTE_SYNTAX));
}

static bool is_oid(const ASN1_OBJECT *o, const char *dotted)
{
	char text[80];

	return OBJ_obj2txt(text, sizeof(text), o, 1) > 0 && !strcmp(text, dotted);
}

void acert_each_group(const struct acert *a, void (*each)(void *ctx, const char *group),
		      void *ctx)
{
	STACK_OF(X509_ATTRIBUTE) *all = a->x->info->attributes;
	struct telling t = {each, ctx, 0};

	for (int i = 0; i < sk_X509_ATTRIBUTE_num(all); i++) {
		X509_ATTRIBUTE *one = sk_X509_ATTRIBUTE_value(all, i);

		if (!is_oid(X509_ATTRIBUTE_get0_object(one), GROUP_OID))
			continue;
		for (int j = 0; j < X509_ATTRIBUTE_count(one); j++) {
			const ASN1_TYPE *v = X509_ATTRIBUTE_get0_type(one, j);

			if (v && v->type == V_ASN1_SEQUENCE)
				tell_syntax(v->value.sequence, &t);
		}
	}
}

/* ---- printing ---- */

static const char *print_name(const X509_NAME *name, char *buf, size_t cap)
{
	const unsigned char *der;
	size_t len;

	buf[0] = '\0';
	if (name && X509_NAME_get0_der(name, &der, &len) == 1 &&
	    !dn_check(view_of(der, len), NULL))
		dn_print(view_of(der, len), buf, cap);
	return buf;
}

const char *acert_print_holder(const struct acert *a, char *buf, size_t cap)
{
	const struct holder *h = a->x->info->holder;

	return print_name(h->entity ? only_name(h->entity) : NULL, buf, cap);
}

const char *acert_print_holder_issuer(const struct acert *a, char *buf, size_t cap)
{
	const struct issuer_serial *b = a->x->info->holder->base;

	return print_name(b ? only_name(b->issuer) : NULL, buf, cap);
}

const char *acert_print_holder_serial(const struct acert *a, char *buf, size_t cap)
{
	const struct issuer_serial *b = a->x->info->holder->base;

	return cert_print_octets(b ? b->serial : NULL, buf, cap);
}

const char *acert_print_issuer(const struct acert *a, char *buf, size_t cap)
{
	return print_name(issuer_name(a), buf, cap);
}

const char *acert_print_serial(const struct acert *a, char *buf, size_t cap)
{
	return cert_print_octets(a->x->info->serial, buf, cap);
}

/* ---- making ---- */

static GENERAL_NAMES *names_of(const X509_NAME *name)
{
	GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *one = GENERAL_NAME_new();
	X509_NAME *copy = X509_NAME_dup(name);

	if (all && one && copy && sk_GENERAL_NAME_push(all, one)) {
		GENERAL_NAME_set0_value(one, GEN_DIRNAME, copy);
		return all;
	}
	sk_GENERAL_NAME_free(all);
	GENERAL_NAME_free(one);
	X509_NAME_free(copy);
	return NULL;
}

static void *item_new(const ASN1_ITEM *it)
{
	return ASN1_item_new(it);
}

/* An issuer's name and a number, which take the place of what was there. */
static bool set_holder(struct acert_info *i, const struct cert *c)
{
	struct issuer_serial *b = item_new(ASN1_ITEM_rptr(ISSUER_SERIAL));

	i->holder->base = b;
	if (!b)
		return false;
	GENERAL_NAMES_free(b->issuer);
	b->issuer = names_of(X509_get_issuer_name(c->x));
	ASN1_INTEGER_free(b->serial);
	b->serial = ASN1_INTEGER_dup(X509_get0_serialNumber(c->x));
	return b->issuer && b->serial;
}

static bool set_issuer(struct acert_info *i, const struct cert *c)
{
	i->issuer->d.v2 = item_new(ASN1_ITEM_rptr(V2_FORM));
	if (!i->issuer->d.v2)
		return false;
	i->issuer->type = FORM_V2;
	i->issuer->d.v2->name = names_of(X509_get_subject_name(c->x));
	return i->issuer->d.v2->name;
}

static bool add_value(struct attribute_syntax *s, const char *group)
{
	struct attribute_value *v = item_new(ASN1_ITEM_rptr(ATTRIBUTE_VALUE));

	if (!v)
		return false;
	v->type = 2;
	v->d.string = ASN1_UTF8STRING_new();
	if (v->d.string && ASN1_STRING_set(v->d.string, group, -1) == 1 &&
	    OPENSSL_sk_push(s->values, v))
		return true;
	ASN1_item_free((ASN1_VALUE *)v, ASN1_ITEM_rptr(ATTRIBUTE_VALUE));
	return false;
}

static bool add_groups(struct acert_info *i, const struct acert_wish *w)
{
	struct attribute_syntax *s = item_new(ASN1_ITEM_rptr(ATTRIBUTE_SYNTAX));
	ASN1_OBJECT *oid = OBJ_txt2obj(GROUP_OID, 1);
	X509_ATTRIBUTE *one = NULL;
	unsigned char *der = NULL;
	bool well = s && oid;
	int len = -1;

	for (size_t at = 0; well && at < w->groups_len; at++)
		well = add_value(s, w->groups[at]);
	if (well)
		len = ASN1_item_i2d((ASN1_VALUE *)s, &der, ASN1_ITEM_rptr(ATTRIBUTE_SYNTAX));
	if (len > 0)
		one = X509_ATTRIBUTE_create_by_OBJ(NULL, oid, V_ASN1_SEQUENCE, der, len);
	well = one && sk_X509_ATTRIBUTE_push(i->attributes, one);
	if (!well)
		X509_ATTRIBUTE_free(one);
	OPENSSL_free(der);
	ASN1_OBJECT_free(oid);
	ASN1_item_free((ASN1_VALUE *)s, ASN1_ITEM_rptr(ATTRIBUTE_SYNTAX));
	return well;
}

/* RFC 5755 4.3.2 and 4.3.6: whose key signed it, and that no list tells of it. */
static bool add_extensions(struct acert_info *i, const struct cert *authority)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(NO_REVOCATION_OID, 1);
	ASN1_OCTET_STRING *null = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e[2] = {NULL, NULL};
	X509V3_CTX ctx;
	bool well = false;

	X509V3_set_ctx(&ctx, authority->x, NULL, NULL, NULL, 0);
	if (oid && null && ASN1_OCTET_STRING_set(null, (const unsigned char *)"\5\0", 2) == 1) {
		e[0] = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, null);
		e[1] = X509V3_EXT_nconf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
	}
	i->extensions = sk_X509_EXTENSION_new_null();
	well = i->extensions && e[0];
	for (size_t at = 0; at < 2; at++)
		if (!well || !e[at] || !sk_X509_EXTENSION_push(i->extensions, e[at]))
			X509_EXTENSION_free(e[at]);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(null);
	ERR_clear_error();
	return well;
}

static bool fill(struct acert_info *i, const struct acert_wish *w)
{
	ASN1_INTEGER *serial = i->serial;

	return ASN1_INTEGER_set(i->version, VERSION_2) == 1 && set_holder(i, w->holder) &&
	       set_issuer(i, w->authority) &&
	       ASN1_STRING_set(serial, w->serial, (int)w->serial_len) == 1 &&
	       ASN1_GENERALIZEDTIME_set(i->validity->from, (time_t)w->not_before) &&
	       ASN1_GENERALIZEDTIME_set(i->validity->until, (time_t)w->not_after) &&
	       add_groups(i, w) && add_extensions(i, w->authority);
}

static const EVP_MD *hash_of(EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		return NULL;
	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) > 256 ? EVP_sha384()
									: EVP_sha256();
}

enum cyg_err acert_make(const struct acert_wish *w, struct bytes *ret)
{
	struct acert a = {item_new(ASN1_ITEM_rptr(ACERT))};
	bool well = a.x && fill(a.x->info, w) &&
		    ASN1_item_sign(ASN1_ITEM_rptr(ACERT_INFO), a.x->info->algorithm,
				   a.x->algorithm, a.x->signature, a.x->info, w->key,
				   hash_of(w->key)) > 0;

	struct bytes der = well ? acert_der(&a) : (struct bytes){0};

	acert_done(&a);
	ERR_clear_error();
	if (!der.ptr)
		return CYG_CRYPTO;
	*ret = der;
	return CYG_OK;
}
