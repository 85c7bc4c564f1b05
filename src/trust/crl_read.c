/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of revoked certificates, from octets to a list that can be looked up in (RFC 5280 5.1). */
#include "base/der.h"
#include "crypto/crypto.h"
#include "trust/crl.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* Where in a list its parts are. */
struct parts {
	struct view tbs, algorithm, inner_algorithm, signature, issuer, entries;
};

static enum cyg_err refuse(struct diag *why, enum cyg_err err, const char *sentence)
{
	ERR_clear_error();
	diag_set(why, "bad-crl", "RFC 5280 5.1", "%s", sentence);
	return err;
}

/* ---- octets ---- */

/* The next list of PEM. CYG_NOTFOUND: there is none; CYG_MALFORMED: what stands there can't be read. */
static enum cyg_err next_of_pem(BIO *bio, struct bytes *ret)
{
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	enum cyg_err err = CYG_NOTFOUND;
	long len;

	while (err == CYG_NOTFOUND && PEM_read_bio(bio, &name, &header, &data, &len)) {
		if (!strcmp(name, PEM_STRING_X509_CRL))
			err = bytes_copy(ret, view_of(data, (size_t)len)) ? CYG_OK : CYG_NOMEM;
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	if (err == CYG_NOTFOUND && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		err = CYG_MALFORMED;
	ERR_clear_error();
	return err;
}

static bool is_pem(struct view octets)
{
	return octets.len && *octets.ptr != DER_SEQUENCE;
}

static enum cyg_err take_octets(struct view octets, struct crl *c)
{
	enum cyg_err err;
	BIO *bio;

	if (!is_pem(octets))
		return bytes_copy(&c->octets, octets) ? CYG_OK : CYG_NOMEM;
	bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);
	err = bio ? next_of_pem(bio, &c->octets) : CYG_NOMEM;
	BIO_free(bio);
	return err == CYG_NOTFOUND ? CYG_MALFORMED : err;
}

enum cyg_err crl_each(struct view octets, void (*each)(void *ctx, struct view list), void *ctx,
		      struct diag *why)
{
	BIO *bio = is_pem(octets) ? BIO_new_mem_buf(octets.ptr, (int)octets.len) : NULL;
	enum cyg_err err = bio ? CYG_OK : CYG_NOTFOUND;
	struct bytes list;
	size_t n = 0;

	while (!err) {
		err = next_of_pem(bio, &list);
		if (err)
			break;
		each(ctx, view_bytes(&list));
		bytes_done(&list);
		n++;
	}
	if (!n) {
		each(ctx, octets); /* one in DER, or what is none: its reader says so */
	} else if (err == CYG_MALFORMED) {
		refuse(why, err, "a list of the file can't be read");
		diag_wanted(why, "Base64 of DER between BEGIN X509 CRL and END X509 CRL");
		diag_got(why, "number %zu of it, which ends before octet %ld", n + 1,
			 (long)BIO_tell(bio));
		diag_hint(why, "%zu before it can be used; copy the file again", n);
	}
	BIO_free(bio);
	return n && err != CYG_NOTFOUND ? err : CYG_OK;
}

/* ---- entries ---- */

static int read_reason(struct reader value)
{
	struct reader e = der_enter(&value, DER_ENUMERATED);
	int reason = read_u8(&e);

	return read_done(&e) && read_done(&value) ? reason : -1;
}

/* crlEntryExtensions. False: one breaks its format, or is critical and not known (RFC 5280 5.3). */
static bool read_entry_extensions(struct reader *r, struct crl_entry *ret)
{
	static const uint8_t reason_code[] = {0x55, 0x1d, 0x15};
	struct reader all = der_enter(r, DER_SEQUENCE);

	while (read_left(&all)) {
		struct reader one = der_enter(&all, DER_SEQUENCE);
		struct reader oid = der_enter(&one, DER_OID), value;
		struct view id = read_rest(&oid);
		bool critical = der_peek(&one) == DER_BOOLEAN;

		if (critical)
			der_whole(&one);
		value = der_enter(&one, DER_OCTET_STRING);
		if (!read_done(&one))
			return false;
		if (view_equal(id, view_of(reason_code, sizeof(reason_code))))
			ret->reason = read_reason(value);
		else if (critical)
			return false;
		if (ret->reason < 0)
			return false;
	}
	return !all.bad;
}

/*
 * The next of revokedCertificates; *r is bad once it breaks its format. A number that is too long is
 * that of no certificate which is read (cert.c): it comes out empty, and the list goes on.
 */
static struct serial read_entry(struct reader *r, struct crl_entry *ret)
{
	struct reader one = der_enter(r, DER_SEQUENCE);
	struct reader number = der_enter(&one, DER_INTEGER);
	struct serial serial = {0};
	struct view octets;

	*ret = (struct crl_entry){0};
	octets = read_rest(&number);
	if (!serial_take(octets, &serial) && octets.len <= SERIAL_MAX)
		read_fail(&one);
	ret->date = der_time(&one);
	if (read_left(&one) && !read_entry_extensions(&one, ret))
		read_fail(&one);
	if (!read_done(&one))
		read_fail(r);
	return serial;
}

static uint64_t serial_hash(const struct crl *c, const struct serial *s)
{
	return hash_view(&c->key, view_of(s->octets, s->len));
}

/* At most half of the slots are taken, so that a look-up ends after one or two. */
static bool make_slots(struct crl *c)
{
	c->slots_len = 16;
	while (c->slots_len < 2 * c->revoked)
		c->slots_len *= 2;
	c->slots = calloc(c->slots_len, sizeof(*c->slots));
	return c->slots;
}

static struct serial entry_at(const struct crl *c, size_t slot, struct crl_entry *ret)
{
	size_t at = c->slots[slot] - 1;
	struct reader r = reader_of(view_of(c->octets.ptr + at, c->octets.len - at));

	return read_entry(&r, ret);
}

static bool stands_at(const struct crl *c, size_t slot, const struct serial *s)
{
	struct crl_entry entry;
	struct serial there = entry_at(c, slot, &entry);

	return serial_equal(&there, s);
}

/* Of a number that stands there twice the last word counts. */
static enum cyg_err index_entries(struct crl *c, struct view entries, struct diag *why)
{
	struct reader r = reader_of(entries);
	struct crl_entry entry;

	while (read_left(&r)) {
		read_entry(&r, &entry);
		c->revoked++;
	}
	if (r.bad)
		return refuse(why, CYG_MALFORMED,
			      "an entry of the list breaks its format, or has a critical "
			      "extension that is not known here");
	if (!make_slots(c))
		return CYG_NOMEM;
	r = reader_of(entries);
	while (read_left(&r)) {
		uint32_t at = (uint32_t)(r.at - c->octets.ptr);
		struct serial s = read_entry(&r, &entry);
		size_t slot = serial_hash(c, &s) & (c->slots_len - 1);

		if (!s.len)
			continue;
		while (c->slots[slot] && !stands_at(c, slot, &s))
			slot = (slot + 1) & (c->slots_len - 1);
		c->slots[slot] = at + 1;
	}
	return CYG_OK;
}

bool crl_find(const struct crl *c, const struct serial *serial, struct crl_entry *ret)
{
	size_t slot = serial_hash(c, serial) & (c->slots_len - 1);

	for (; c->slots[slot]; slot = (slot + 1) & (c->slots_len - 1)) {
		struct crl_entry entry;
		struct serial s = entry_at(c, slot, &entry);

		if (!serial_equal(&s, serial))
			continue;
		*ret = entry;
		return true;
	}
	return false;
}

/* ---- extensions of the list ---- */

static bool keep_uri(const GENERAL_NAME *name, char **ret)
{
	int type;
	const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);
	const void *text = type == GEN_URI ? ASN1_STRING_get0_data(s) : NULL;

	if (!text || ASN1_STRING_length(s) <= 0 ||
	    memchr(text, '\0', (size_t)ASN1_STRING_length(s)))
		return true;
	*ret = strndup(text, (size_t)ASN1_STRING_length(s));
	return *ret;
}

static enum cyg_err take_points(struct crl *c, const GENERAL_NAMES *names, struct diag *why)
{
	size_t n = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && n < CRL_POINTS_MAX; i++) {
		if (!keep_uri(sk_GENERAL_NAME_value(names, i), &c->points[n]))
			return CYG_NOMEM;
		n += c->points[n] != NULL;
	}
	/* A list of a place is for its certificates alone, and which those are can't be told. */
	return n ? CYG_OK
		 : refuse(why, CYG_UNSUPPORTED,
			  "lists of a distribution point that no URI names are not used");
}

static enum cyg_err take_scope(struct crl *c, struct view value, struct diag *why)
{
	const unsigned char *at = value.ptr;
	ISSUING_DIST_POINT *p;
	enum cyg_err err = CYG_OK;

	if (c->scope.len) /* RFC 5280 4.2: which of them counts? */
		return refuse(why, CYG_MALFORMED,
			      "issuingDistributionPoint stands there twice");
	p = d2i_ISSUING_DIST_POINT(NULL, &at, (long)value.len);
	if (!p || at != value.ptr + value.len)
		err = refuse(why, CYG_MALFORMED, "issuingDistributionPoint breaks its format");
	else if (p->indirectCRL > 0 || p->onlysomereasons || p->onlyattr > 0 ||
		 (p->distpoint && p->distpoint->type))
		err = refuse(why, CYG_UNSUPPORTED,
			     "lists of other issuers' certificates, for some reasons alone, of "
			     "attribute certificates or of a relative name are not used");
	else if (p->distpoint)
		err = take_points(c, p->distpoint->name.fullname, why);
	if (!err) {
		c->scope = value;
		c->only_ends = p->onlyuser > 0;
		c->only_authorities = p->onlyCA > 0;
	}
	ISSUING_DIST_POINT_free(p);
	return err;
}

static enum cyg_err take_delta_url(struct crl *c, struct view value, struct diag *why)
{
	const unsigned char *at = value.ptr;
	CRL_DIST_POINTS *points = d2i_CRL_DIST_POINTS(NULL, &at, (long)value.len);
	enum cyg_err err = points ? CYG_OK
				  : refuse(why, CYG_MALFORMED, "freshestCRL breaks its format");

	for (int i = 0; !err && !c->delta_url && i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *n = sk_DIST_POINT_value(points, i)->distpoint;

		for (int j = 0; n && !n->type && !err && !c->delta_url &&
				j < sk_GENERAL_NAME_num(n->name.fullname);
		     j++)
			if (!keep_uri(sk_GENERAL_NAME_value(n->name.fullname, j),
				      &c->delta_url))
				err = CYG_NOMEM;
	}
	CRL_DIST_POINTS_free(points);
	return err;
}

static enum cyg_err take_number(struct view value, struct view *ret, struct diag *why)
{
	struct reader r = reader_of(value), n = der_enter(&r, DER_INTEGER);

	*ret = read_rest(&n);
	while (ret->len > 1 && !*ret->ptr) {
		ret->ptr++;
		ret->len--;
	}
	return read_done(&r) && ret->len
		       ? CYG_OK
		       : refuse(why, CYG_MALFORMED, "the number of the list breaks its format");
}

static enum cyg_err take_extension(struct crl *c, struct view id, bool critical,
				   struct view value, struct diag *why)
{
	static const uint8_t number[] = {0x55, 0x1d, 0x14}, base[] = {0x55, 0x1d, 0x1b},
			     scope[] = {0x55, 0x1d, 0x1c}, freshest[] = {0x55, 0x1d, 0x2e},
			     authority_key[] = {0x55, 0x1d, 0x23};

	if (view_equal(id, view_of(number, sizeof(number))))
		return take_number(value, &c->number, why);
	if (view_equal(id, view_of(base, sizeof(base))))
		return take_number(value, &c->base, why);
	if (view_equal(id, view_of(scope, sizeof(scope))))
		return take_scope(c, value, why);
	if (view_equal(id, view_of(freshest, sizeof(freshest))))
		return take_delta_url(c, value, why);
	if (critical && !view_equal(id, view_of(authority_key, sizeof(authority_key))))
		return refuse(why, CYG_UNSUPPORTED,
			      "the list has a critical extension that is not known here");
	return CYG_OK;
}

static enum cyg_err take_extensions(struct crl *c, struct reader *r, struct diag *why)
{
	struct reader outer = der_enter(r, DER_CONTEXT(0));
	struct reader all = der_enter(&outer, DER_SEQUENCE);
	enum cyg_err err = CYG_OK;

	while (!err && read_left(&all)) {
		struct reader one = der_enter(&all, DER_SEQUENCE);
		struct reader oid = der_enter(&one, DER_OID), value;
		bool critical = der_peek(&one) == DER_BOOLEAN;

		if (critical)
			der_whole(&one);
		value = der_enter(&one, DER_OCTET_STRING);
		if (!read_done(&one))
			break;
		err = take_extension(c, read_rest(&oid), critical, read_rest(&value), why);
	}
	if (!err && (!read_done(&all) || !read_done(&outer)))
		err = refuse(why, CYG_MALFORMED, "an extension of the list breaks its format");
	return err;
}

/* ---- the whole ---- */

static enum cyg_err read_tbs(struct crl *c, struct parts *p, struct diag *why)
{
	struct reader whole = reader_of(p->tbs), r = der_enter(&whole, DER_SEQUENCE);
	enum cyg_err err = CYG_OK;

	if (der_peek(&r) == DER_INTEGER) {
		struct reader version = der_enter(&r, DER_INTEGER);

		if (read_u8(&version) != 1 || !read_done(&version))
			return refuse(why, CYG_UNSUPPORTED, "the list is of another version");
	}
	p->inner_algorithm = der_whole(&r);
	p->issuer = der_whole(&r);
	c->this_update = der_time(&r);
	if (der_peek(&r) == DER_UTC_TIME || der_peek(&r) == DER_GENERALIZED_TIME)
		c->next_update = der_time(&r);
	if (der_peek(&r) == DER_SEQUENCE) {
		struct reader entries = der_enter(&r, DER_SEQUENCE);

		p->entries = read_rest(&entries);
	}
	if (der_peek(&r) == DER_CONTEXT(0))
		err = take_extensions(c, &r, why);
	if (!err && (!read_done(&r) || !read_done(&whole) || !p->issuer.len))
		err = refuse(why, CYG_MALFORMED, "it is no list of revoked certificates");
	return err;
}

static enum cyg_err read_parts(struct crl *c, struct parts *p, struct diag *why)
{
	struct reader whole = reader_of(view_bytes(&c->octets));
	struct reader r = der_enter(&whole, DER_SEQUENCE), bits;
	bool aligned;

	p->tbs = der_whole(&r);
	p->algorithm = der_whole(&r);
	bits = der_enter(&r, DER_BIT_STRING);
	aligned = !read_u8(&bits);
	p->signature = read_rest(&bits);
	if (!read_done(&r) || !read_done(&whole) || !aligned)
		return refuse(why, CYG_MALFORMED, "it is no list of revoked certificates");
	return read_tbs(c, p, why);
}

/* ---- the signature ---- */

static bool is_signed_by(struct crypto *crypto, const struct parts *p, const X509_ALGOR *alg,
			 const struct cert *issuer)
{
	const unsigned char *at = p->tbs.ptr;
	ASN1_TYPE *tbs = d2i_ASN1_TYPE(NULL, &at, (long)p->tbs.len);
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool yes = false;

	if (tbs && bits &&
	    ASN1_BIT_STRING_set(bits, (unsigned char *)p->signature.ptr,
				(int)p->signature.len)) {
		bits->flags = ASN1_STRING_FLAG_BITS_LEFT;
		yes = ASN1_item_verify_ex(ASN1_ITEM_rptr(ASN1_ANY), alg, bits, tbs, NULL,
					  issuer->key.pkey,
					  crypto_lib_of(crypto, issuer->key.pkey), NULL) == 1;
	}
	ASN1_BIT_STRING_free(bits);
	ASN1_TYPE_free(tbs);
	ERR_clear_error();
	return yes;
}

/* RFC 5280 6.3.3 (f): the key may sign lists. */
static bool may_sign(const struct cert *issuer)
{
	return !(X509_get_extension_flags(issuer->x) & EXFLAG_KUSAGE) ||
	       X509_get_key_usage(issuer->x) & KU_CRL_SIGN;
}

static void explain_stranger(const X509_NAME *issuer, bool named, struct diag *why)
{
	const unsigned char *der;
	char text[CERT_TEXT_MAX];
	size_t len = 0;
	struct cert c = {.x = X509_new()};

	diag_set(why, "crl-stranger", "RFC 5280 6.3.3",
		 named ? "the list is not signed by the authority that it names"
		       : "no authority that is trusted here made this list");
	diag_wanted(why,
		    named ? "the signature of its key, which may sign lists (keyUsage cRLSign)"
			  : "the signature of an authority of ipsec.d/cacerts");
	if (c.x && X509_NAME_get0_der(issuer, &der, &len) == 1 &&
	    X509_set_subject_name(c.x, issuer) == 1)
		diag_got(why, "issuer %s", cert_print(&c, text, sizeof(text)));
	X509_free(c.x);
	diag_hint(why, "ipsec auto --listcacerts  shows the authorities");
}

static enum cyg_err find_issuer(struct crypto *crypto, const struct parts *p,
				const struct cert *const *issuers, size_t len, struct crl *c,
				struct diag *why)
{
	const unsigned char *at = p->issuer.ptr, *alg_at = p->algorithm.ptr;
	X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)p->issuer.len);
	X509_ALGOR *alg = d2i_X509_ALGOR(NULL, &alg_at, (long)p->algorithm.len);
	enum cyg_err err = CYG_AUTH;
	bool named = false;

	if (!name || !alg || !view_equal(p->algorithm, p->inner_algorithm)) {
		err = refuse(why, CYG_MALFORMED, "it is no list of revoked certificates");
	} else if (signature_is_weak(alg)) {
		err = refuse(why, CYG_UNSUPPORTED,
			     "the list is signed with a hash that is too weak (RFC 8247 4)");
		diag_wanted(why, "SHA2-256 or better");
	}
	for (size_t i = 0; err == CYG_AUTH && i < len; i++) {
		if (X509_NAME_cmp(name, X509_get_subject_name(issuers[i]->x)))
			continue;
		named = true;
		if (!may_sign(issuers[i]) || !is_signed_by(crypto, p, alg, issuers[i]))
			continue;
		c->issuer = cert_copy(issuers[i]);
		err = issuer_id_of(crypto, issuers[i], &c->issuer_id);
	}
	if (err == CYG_AUTH) {
		explain_stranger(name, named, why);
		err = named ? CYG_AUTH : CYG_NOTFOUND;
	}
	X509_NAME_free(name);
	X509_ALGOR_free(alg);
	ERR_clear_error();
	return err;
}

enum cyg_err crl_issuer_name(struct view octets, struct bytes *ret)
{
	struct crl c = {0};
	struct parts p = {0};
	enum cyg_err err = take_octets(octets, &c);

	if (!err)
		err = read_parts(&c, &p, NULL);
	if (!err && !bytes_copy(ret, p.issuer))
		err = CYG_NOMEM;
	bytes_done(&c.octets);
	for (size_t i = 0; i < CRL_POINTS_MAX; i++)
		free(c.points[i]);
	free(c.delta_url);
	return err;
}

enum cyg_err crl_read(struct crypto *crypto, const struct cert *const *issuers,
		      size_t issuers_len, struct view octets, const struct hash_key *key,
		      struct crl **ret, struct diag *why)
{
	struct parts p = {0};
	struct crl *c;
	enum cyg_err err;

	if (octets.len > CRL_OCTETS_MAX)
		return refuse(why, CYG_LIMIT, "the list of revoked certificates is too long");
	c = calloc(1, sizeof(*c));
	if (!c)
		return refuse(why, CYG_NOMEM, "memory is short");
	c->key = *key;
	err = take_octets(octets, c);
	if (!err)
		err = read_parts(c, &p, why);
	else
		refuse(why, err, "it is no list of revoked certificates");
	if (!err)
		err = index_entries(c, p.entries, why);
	if (!err)
		err = find_issuer(crypto, &p, issuers, issuers_len, c, why);
	if (!err) {
		*ret = c;
		return CYG_OK;
	}
	if (err == CYG_NOMEM)
		refuse(why, err, "memory is short");
	crl_free(c);
	return err;
}
