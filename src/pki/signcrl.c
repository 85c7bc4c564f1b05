/* SPDX-License-Identifier: Apache-2.0 */
/* --signcrl: a list of revoked certificates, from the one before it. */
#include "pki/make.h"
#include "pki/operations.h"
#include "pki/put.h"
#include "trust/cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DAYS_DEFAULT 30
#define REMOVED 8 /* RFC 5280 5.3.1: the reason removeFromCRL */

struct options {
	const char *cacert, *cakey, *last, *reason, *days, *digest, *base, *from, *until;
	struct arg_values certs, serials;
	struct output out;
};

/* RFC 5280 5.3.1: the words and their numbers. */
static const struct {
	const char *word;
	long code;
} reasons[] = {
	{"unspecified", 0},         {"key-compromise", 1},
	{"ca-compromise", 2},       {"affiliation-changed", 3},
	{"superseded", 4},          {"cessation-of-operation", 5},
	{"certificate-hold", 6},    {"remove-from-crl", REMOVED},
	{"privilege-withdrawn", 9}, {"aa-compromise", 10},
};

/* -1: not known. */
static long reason_code(const char *word)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (!strcmp(reasons[i].word, word))
			return reasons[i].code;
	return -1;
}

/* In place of the one that it has. */
static bool set_reason(X509_REVOKED *r, const char *reason)
{
	ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
	int at = X509_REVOKED_get_ext_by_NID(r, NID_crl_reason, -1);
	bool well = code && ASN1_ENUMERATED_set(code, reason_code(reason)) == 1;

	if (well && at >= 0)
		X509_EXTENSION_free(X509_REVOKED_delete_ext(r, at));
	well = well && X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, code, 0, 0) == 1;
	ASN1_ENUMERATED_free(code);
	return well;
}

static bool add_new(const struct options *o, X509_CRL *crl, const ASN1_INTEGER *serial)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *now = X509_time_adj_ex(NULL, 0, 0, NULL);
	bool well = r && now && X509_REVOKED_set_serialNumber(r, (ASN1_INTEGER *)serial) == 1 &&
		    X509_REVOKED_set_revocationDate(r, now) == 1 &&
		    (!o->reason || set_reason(r, o->reason)) &&
		    X509_CRL_add0_revoked(crl, r) == 1;

	if (!well)
		X509_REVOKED_free(r);
	ASN1_TIME_free(now);
	return well;
}

/* One that is there keeps the moment when it was revoked, and takes the reason that is given. */
static bool add_revoked(const struct options *o, X509_CRL *crl, const ASN1_INTEGER *serial)
{
	X509_REVOKED *there;

	if (X509_CRL_get0_by_serial(crl, &there, (ASN1_INTEGER *)serial) > 0)
		return !o->reason || set_reason(there, o->reason);
	return add_new(o, crl, serial);
}

static bool revoke_cert(const struct pki *p, const struct options *o, X509 *ca,
			const char *path, X509_CRL *crl)
{
	struct cert_list list = {0};
	bool well;

	if (!pki_read_certs(p, path, &list))
		return false;
	well = X509_NAME_cmp(X509_get_issuer_name(list.items[0].x),
			     X509_get_subject_name(ca)) == 0;
	if (!well)
		pki_complain(p, "%s was not issued by %s: its list can't have it", path,
			     o->cacert);
	well = well && add_revoked(o, crl, X509_get0_serialNumber(list.items[0].x));
	cert_list_done(&list);
	return well;
}

static bool revoke_all(const struct pki *p, const struct options *o, X509 *ca, X509_CRL *crl)
{
	for (size_t i = 0; i < o->certs.len; i++)
		if (!revoke_cert(p, o, ca, o->certs.items[i], crl))
			return false;
	for (size_t i = 0; i < o->serials.len; i++) {
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		bool well = serial && make_serial(p, o->serials.items[i], serial) &&
			    add_revoked(o, crl, serial);

		ASN1_INTEGER_free(serial);
		if (!well)
			return false;
	}
	return true;
}

/* ---- the list before ---- */

static X509_CRL *parse_crl(struct view octets)
{
	const unsigned char *at = octets.ptr;
	BIO *bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);
	X509_CRL *crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;

	if (!crl)
		crl = d2i_X509_CRL(NULL, &at, (long)octets.len);
	BIO_free(bio);
	ERR_clear_error();
	return crl;
}

static X509_CRL *read_crl(const struct pki *p, const char *path)
{
	struct bytes octets;
	X509_CRL *crl;

	if (!pki_read(p, path, &octets))
		return NULL;
	crl = parse_crl(view_bytes(&octets));
	bytes_done(&octets);
	if (!crl)
		pki_complain(p, "%s is no list of revoked certificates", path);
	return crl;
}

/* What --out is to replace, if it is a list: who is in it would be believed again. */
static X509_CRL *list_there(const struct pki *p, const struct options *o)
{
	struct bytes octets;
	X509_CRL *crl;
	struct stat st;

	if (!o->out.path || stat(o->out.path, &st) || !S_ISREG(st.st_mode) || !st.st_size ||
	    !pki_read(p, o->out.path, &octets))
		return NULL;
	crl = parse_crl(view_bytes(&octets));
	bytes_done(&octets);
	return crl;
}

static bool copy_revoked(X509_CRL *from, X509_CRL *to)
{
	STACK_OF(X509_REVOKED) *all = X509_CRL_get_REVOKED(from);

	for (int i = 0; i < sk_X509_REVOKED_num(all); i++) {
		X509_REVOKED *r = X509_REVOKED_dup(sk_X509_REVOKED_value(all, i));

		if (!r || X509_CRL_add0_revoked(to, r) != 1) {
			X509_REVOKED_free(r);
			return false;
		}
	}
	return true;
}

/* The number of the new list: one more than that of the last one. */
static bool set_number(X509_CRL *last, X509_CRL *crl)
{
	ASN1_INTEGER *number = last ? X509_CRL_get_ext_d2i(last, NID_crl_number, NULL, NULL)
				    : ASN1_INTEGER_new();
	BIGNUM *n = number ? ASN1_INTEGER_to_BN(number, NULL) : BN_new();
	bool well = n && BN_add_word(n, 1) == 1;

	ASN1_INTEGER_free(number);
	number = well ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
	well = number && X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;
	ASN1_INTEGER_free(number);
	BN_free(n);
	return well;
}

/* RFC 5280 5.2.4: whoever has the list `base`, or a later one, takes only a delta with a higher number. */
static bool set_delta(const struct pki *p, const char *base, X509_CRL *crl)
{
	ASN1_INTEGER *own = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool well = own && number && make_serial(p, base, number);

	if (well && ASN1_INTEGER_cmp(number, own) >= 0) {
		pki_complain(p,
			     "--delta %s is no list before this one: nobody would take it; "
			     "--lastcrl FILE is the list of that number, or a later one",
			     base);
		well = false;
	}
	well = well && X509_CRL_add1_ext_i2d(crl, NID_delta_crl, number, 1, 0) == 1;
	ASN1_INTEGER_free(own);
	ASN1_INTEGER_free(number);
	return well;
}

/* ---- the new one ---- */

static bool add_key_id(X509 *ca, X509_CRL *crl)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool well;

	X509V3_set_ctx(&ctx, ca, NULL, NULL, crl, 0);
	e = X509V3_EXT_nconf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid");
	well = e && X509_CRL_add_ext(crl, e, -1) == 1;
	X509_EXTENSION_free(e);
	ERR_clear_error();
	return well || !X509_get0_subject_key_id(ca);
}

static bool set_times(const struct pki *p, const struct options *o, X509_CRL *crl)
{
	ASN1_TIME *from = ASN1_TIME_new(), *until = ASN1_TIME_new();
	bool well = from && until &&
		    make_span(p, o->from, o->until, o->days, DAYS_DEFAULT, from, until) &&
		    X509_CRL_set1_lastUpdate(crl, from) == 1 &&
		    X509_CRL_set1_nextUpdate(crl, until) == 1;

	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return well;
}

static X509_CRL *make_crl(const struct pki *p, const struct options *o, X509 *ca, EVP_PKEY *key,
			  X509_CRL *last)
{
	X509_CRL *crl = X509_CRL_new();
	const EVP_MD *md;

	if (crl && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) == 1 &&
	    set_times(p, o, crl) && add_key_id(ca, crl) && set_number(last, crl) &&
	    (!o->base || set_delta(p, o->base, crl)) && (!last || copy_revoked(last, crl)) &&
	    revoke_all(p, o, ca, crl) && X509_CRL_sort(crl) == 1 &&
	    make_digest(p, o->digest, key, &md) && X509_CRL_sign(crl, key, md) > 0)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

static bool is_own(const struct pki *p, const struct options *o, const char *path, X509 *ca,
		   X509_CRL *last)
{
	if (X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(last)) == 0)
		return true;
	pki_complain(p, "%s is the list of another authority than %s", path, o->cacert);
	return false;
}

/* The list that the new one goes on from: *ret, NULL when there is none. False: complained. */
static bool take_last(const struct pki *p, const struct options *o, X509 *ca, X509_CRL **ret)
{
	if (o->last) {
		*ret = read_crl(p, o->last);
		return *ret && is_own(p, o, o->last, ca, *ret);
	}
	*ret = list_there(p, o);
	return !*ret || is_own(p, o, o->out.path, ca, *ret);
}

/* Whose lists pluto takes (trust/crl_read.c): others would be made for nobody. */
static bool may_sign(const struct pki *p, const struct options *o, const struct cert *ca)
{
	bool may = cert_is_ca(ca) && (!(X509_get_extension_flags(ca->x) & EXFLAG_KUSAGE) ||
				      X509_get_key_usage(ca->x) & KU_CRL_SIGN);

	if (!may)
		pki_complain(
			p,
			"%s may not sign lists: nobody would take one (wanted "
			"basicConstraints CA:TRUE, and cRLSign and keyCertSign in keyUsage, "
			"if there is one; --self --ca makes one)",
			o->cacert);
	return may;
}

static int sign(const struct pki *p, const struct options *o)
{
	struct authority_files ca;
	X509_CRL *last = NULL, *crl = NULL;
	bool well = pki_read_authority(p, o->cacert, o->cakey, &ca) &&
		    may_sign(p, o, &ca.certs.items[0]);

	if (well && take_last(p, o, ca.certs.items[0].x, &last))
		crl = make_crl(p, o, ca.certs.items[0].x, ca.key, last);
	ERR_clear_error();
	well = crl && put_crl(p, &o->out, crl);
	X509_CRL_free(last);
	X509_CRL_free(crl);
	authority_files_done(&ca);
	return !well;
}

static bool check(const struct pki *p, const struct options *o)
{
	if (!o->cacert || !o->cakey) {
		pki_complain(p, "--cacert FILE and --cakey FILE say whose list it is");
		return false;
	}
	if (o->reason && reason_code(o->reason) < 0) {
		pki_complain(p,
			     "--reason %s is not known; there are key-compromise, superseded, "
			     "cessation-of-operation and the others of RFC 5280 5.3.1",
			     o->reason);
		return false;
	}
	if (o->reason && reason_code(o->reason) == REMOVED && !o->base) {
		pki_complain(p,
			     "--reason %s is for a delta list (--delta): in a whole list who "
			     "is released is left out",
			     o->reason);
		return false;
	}
	if (o->base && !o->last) {
		pki_complain(p, "--lastcrl FILE says from which list the delta list goes on");
		return false;
	}
	return output_check(p, NULL, &o->out);
}

static int run(const struct pki *p, const void *options, const struct args *words)
{
	return check(p, options) ? sign(p, options) : EXIT_USAGE;
}

static const struct arg_option rows[] = {
	{"cacert", "FILE", AT(options, cacert), "the authority's certificate"},
	{"cakey", "FILE", AT(options, cakey), "its private key"},
	{"lastcrl", "FILE", AT(options, last),
	 "the list before, whose entries stay; without it that in --out FILE"},
	{"cert", "FILE", AT(options, certs), "a certificate to be revoked; may be given often",
	 true},
	{"serial", "HEX", AT(options, serials), "the number of one; may be given often", true},
	{"reason", "WORD", AT(options, reason), "why: key-compromise, superseded ..."},
	{"delta", "HEX", AT(options, base), "only what came after the list of that number"},
	{"days", "N", AT(options, days),
	 "when the next list comes at the latest; 30 without it"},
	{"this-update", "TIME", AT(options, from), "since when it holds: 2027-01-31"},
	{"next-update", "TIME", AT(options, until), "until when, in place of --days"},
	{"digest", "HASH", AT(options, digest),
	 "sha256, sha384 or sha512; by the key without it"},
	OUTPUT_OPTIONS(options, out),
	{0}};
OPERATION(signcrl, options, rows, run, .synopsis = "--cacert FILE --cakey FILE [option ...]",
	  .doc = "Sign a list of revoked certificates. It belongs to ipsec.d/crls.\n");
