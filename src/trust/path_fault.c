/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/path_fault.h"

#include "base/text.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

enum cyg_err path_refuse(const struct cert *c, struct diag *why, const char *ref,
			 const char *sentence)
{
	char subject[160];

	diag_set(why, "certificate-refused", ref, "the certificate of %s %s",
		 cert_print(c, subject, sizeof(subject)), sentence);
	return CYG_AUTH;
}

/* ---- values ---- */

const char *path_print_usage(const struct cert *c, char *buf, size_t cap)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {
		{KU_DIGITAL_SIGNATURE, "digitalSignature"},
		{KU_NON_REPUDIATION, "nonRepudiation"},
		{KU_KEY_ENCIPHERMENT, "keyEncipherment"},
		{KU_DATA_ENCIPHERMENT, "dataEncipherment"},
		{KU_KEY_AGREEMENT, "keyAgreement"},
		{KU_KEY_CERT_SIGN, "keyCertSign"},
		{KU_CRL_SIGN, "cRLSign"},
		{KU_ENCIPHER_ONLY, "encipherOnly"},
		{KU_DECIPHER_ONLY, "decipherOnly"},
	};
	uint32_t has = X509_get_extension_flags(c->x) & EXFLAG_KUSAGE ? X509_get_key_usage(c->x)
								      : 0;
	size_t len = 0;

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (has & bits[i].bit)
			buf_add(buf, cap, &len, "%s%s", len ? ", " : "", bits[i].name);
	return len ? buf : "none";
}

/* A short name ("codeSigning"), or numbers. */
static const char *print_object(const ASN1_OBJECT *o, char *buf, size_t cap)
{
	int nid = OBJ_obj2nid(o);

	if (nid != NID_undef)
		return OBJ_nid2sn(nid);
	OBJ_obj2txt(buf, (int)cap, o, 1);
	return buf;
}

const char *path_print_extended_usage(const struct cert *c, char *buf, size_t cap)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(c->x, NID_ext_key_usage, NULL, NULL);
	size_t len = 0;

	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		char oid[80];

		buf_add(buf, cap, &len, "%s%s", len ? ", " : "",
			print_object(sk_ASN1_OBJECT_value(usages, i), oid, sizeof(oid)));
	}
	sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
	return len ? buf : "none";
}

/* Text that libcrypto writes, on one line; out is freed. */
static void take_text(BIO *out, char *buf, size_t cap)
{
	char *text = NULL;
	long n = out ? BIO_get_mem_data(out, &text) : 0;
	size_t len = 0;

	buf[0] = '\0';
	for (long i = 0; i < n; i++) {
		bool blank = strchr(" \n\t", text[i]) != NULL;

		if (!blank)
			buf_add(buf, cap, &len, "%c", text[i]);
		else if (len && buf[len < cap ? len - 1 : cap - 2] != ' ' && i + 1 < n)
			buf_add(buf, cap, &len, " ");
	}
	BIO_free(out);
}

/* ---- where libcrypto stopped ---- */

struct fault {
	X509_STORE_CTX *ctx;
	const struct cert *at;
	int depth; /* of `at`; 0: the first one */
	const struct path_rules *rules;
};

static void tell_issuer(const struct fault *f, struct diag *why)
{
	char issuer[CERT_TEXT_MAX];

	diag_got(why, "issuer %s", cert_print_issuer(f->at, issuer, sizeof(issuer)));
}

static void tell_no_authority(const struct fault *f, struct diag *why)
{
	uint32_t flags = X509_get_extension_flags(f->at->x);
	char usage[200];

	if (!(flags & EXFLAG_BCONS))
		diag_got(why, "no basicConstraints");
	else if (!(flags & EXFLAG_CA))
		diag_got(why, "basicConstraints CA:FALSE");
	else
		diag_got(why, "keyUsage %s", path_print_usage(f->at, usage, sizeof(usage)));
}

static void tell_length_of_path(const struct fault *f, struct diag *why)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(f->ctx);
	long most = X509_get_pathlen(f->at->x);
	int below = 0;

	for (int i = 1; i < f->depth && i < sk_X509_num(chain); i++)
		below += !(X509_get_extension_flags(sk_X509_value(chain, i)) & EXFLAG_SI);
	diag_wanted(why, "at most %ld (its basicConstraints: pathlen:%ld)", most, most);
	diag_got(why, "%d", below);
}

static void tell_critical(const struct fault *f, struct diag *why)
{
	char all[300] = "", oid[80];
	size_t len = 0;

	for (int i = 0; i < X509_get_ext_count(f->at->x); i++) {
		X509_EXTENSION *e = X509_get_ext(f->at->x, i);

		if (X509_EXTENSION_get_critical(e) && !X509_supported_extension(e))
			buf_add(all, sizeof(all), &len, "%s%s", len ? ", " : "",
				print_object(X509_EXTENSION_get_object(e), oid, sizeof(oid)));
	}
	diag_got(why, "%s", all);
}

static void tell_hash(const struct fault *f, struct diag *why)
{
	diag_got(why, "%s", OBJ_nid2ln(X509_get_signature_nid(f->at->x)));
}

static void tell_length(const struct fault *f, struct diag *why)
{
	EVP_PKEY *key = X509_get0_pubkey(f->at->x);

	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		diag_wanted(why, "RSA of at least %u bits (rsa-min-bits= of the connection)",
			    f->rules->rsa_bits_min);
	else
		diag_wanted(why, "a key as strong as RSA of 2048 bits");
	if (key)
		diag_got(why, "%d bits", EVP_PKEY_get_bits(key));
}

/* ---- names that authorities may not give ---- */

/* Whether one name of a certificate, or its subject (NULL), is against constraints. */
static bool breaks(X509 *x, const GENERAL_NAME *name, NAME_CONSTRAINTS *limits)
{
	X509 *one = X509_dup(x);
	int at = one ? X509_get_ext_by_NID(one, NID_subject_alt_name, -1) : -1;
	X509_NAME *nobody = name ? X509_NAME_new() : NULL;
	GENERAL_NAMES *names = name ? GENERAL_NAMES_new() : NULL;
	GENERAL_NAME *copy = name ? GENERAL_NAME_dup(name) : NULL;
	bool well = one, yes;

	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(one, at));
	if (name) {
		well = one && nobody && names && copy && sk_GENERAL_NAME_push(names, copy);
		if (!well)
			GENERAL_NAME_free(copy);
		well = well && X509_set_subject_name(one, nobody) == 1 &&
		       X509_add1_ext_i2d(one, NID_subject_alt_name, names, 1, 0) == 1;
	}
	if (well)
		X509_check_purpose(one, -1, 0); /* reads its names */
	yes = well && NAME_CONSTRAINTS_check(one, limits) != X509_V_OK;
	X509_NAME_free(nobody);
	GENERAL_NAMES_free(names);
	X509_free(one);
	return yes;
}

/* The name of a certificate that is against constraints. False: none is. */
static bool find_name(const struct fault *f, NAME_CONSTRAINTS *limits, struct diag *why)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(f->at->x, NID_subject_alt_name, NULL, NULL);
	char text[CERT_TEXT_MAX] = "";
	bool found = false;

	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		BIO *out;

		found = breaks(f->at->x, name, limits);
		if (!found)
			continue;
		out = BIO_new(BIO_s_mem());
		if (out)
			GENERAL_NAME_print(out, name);
		take_text(out, text, sizeof(text));
		diag_got(why, "%s", text);
	}
	GENERAL_NAMES_free(names);
	if (found)
		return true;
	if (!breaks(f->at->x, NULL, limits) &&
	    (f->depth || NAME_CONSTRAINTS_check_CN(f->at->x, limits) == X509_V_OK))
		return false;
	diag_got(why, "its subject, %s", cert_print(f->at, text, sizeof(text)));
	return true;
}

/* Which name, and whose constraints it is against. */
static void tell_name(const struct fault *f, struct diag *why)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(f->ctx);

	for (int i = f->depth + 1; i < sk_X509_num(chain); i++) {
		struct cert above = {.x = sk_X509_value(chain, i)};
		NAME_CONSTRAINTS *limits = X509_get_ext_d2i(above.x, NID_name_constraints, NULL,
							    NULL);
		int at = X509_get_ext_by_NID(above.x, NID_name_constraints, -1);
		bool found = limits && find_name(f, limits, why);

		NAME_CONSTRAINTS_free(limits);
		if (found) {
			BIO *out = BIO_new(BIO_s_mem());
			char subject[160], text[300];

			if (out)
				X509V3_EXT_print(out, X509_get_ext(above.x, at), 0, 0);
			take_text(out, text, sizeof(text));
			diag_wanted(why, "one within nameConstraints of %s: %s",
				    cert_print(&above, subject, sizeof(subject)), text);
			return;
		}
	}
	tell_issuer(f, why);
}

/* ---- the table ---- */

#define ISSUE_NAME                                                                          \
	"have it issued with a name that they allow (leftid= of its owner, too), or by an " \
	"authority that is free to give this one"

static const struct known_fault {
	int error;
	const char *ref, *sentence, *wanted, *hint;
	void (*tell)(const struct fault *f, struct diag *why); /* what came */
} faults[] = {
	{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "RFC 5280 6.1",
	 "leads to no authority that is trusted here", "its issuer among ipsec.d/cacerts",
	 "put the authority's certificate there, then ipsec auto --rereadcacerts; or let the "
	 "peer send its intermediates",
	 tell_issuer},
	{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "RFC 5280 6.1",
	 "leads to no authority that is trusted here", "its issuer among ipsec.d/cacerts",
	 "put the authority's certificate there, then ipsec auto --rereadcacerts", tell_issuer},
	{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "RFC 5280 6.1",
	 "is signed by itself and by no authority", "an authority of ipsec.d/cacerts as issuer",
	 "name the peer's key in the connection (rightcert=), or have its certificate issued",
	 tell_issuer},
	{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "RFC 5280 6.1",
	 "came with an authority that is not trusted here", "that one among ipsec.d/cacerts",
	 "if it is to be trusted, put it there, then ipsec auto --rereadcacerts", tell_issuer},
	{X509_V_ERR_CERT_SIGNATURE_FAILURE, "RFC 5280 6.1.3",
	 "is not signed by the key of its issuer", "a signature by the authority that it names",
	 "two authorities may have one name: see ipsec auto --listcacerts", tell_issuer},
	{X509_V_ERR_INVALID_CA, "RFC 5280 4.2.1.9", "issued another one, and is no authority's",
	 "basicConstraints CA:TRUE, and in keyUsage, if there is one, keyCertSign",
	 "have it issued anew as an authority's, or those below it by an authority",
	 tell_no_authority},
	{X509_V_ERR_PATH_LENGTH_EXCEEDED, "RFC 5280 4.2.1.9",
	 "has more authorities below it than it allows", NULL,
	 "have the end's certificate issued by one nearer to it, or this one issued with a "
	 "greater pathlen",
	 tell_length_of_path},
	{X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "RFC 5280 4.2.1.3",
	 "issued another one, and may not sign certificates", "keyUsage with keyCertSign",
	 "have it issued anew with keyUsage=keyCertSign, or those below it by an authority that "
	 "has that",
	 tell_no_authority},
	{X509_V_ERR_PERMITTED_VIOLATION, "RFC 5280 4.2.1.10",
	 "has a name that an authority above may not give", NULL, ISSUE_NAME, tell_name},
	{X509_V_ERR_EXCLUDED_VIOLATION, "RFC 5280 4.2.1.10",
	 "has a name that an authority above may not give", NULL, ISSUE_NAME, tell_name},
	{X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, "RFC 5280 4.2.1.10",
	 "is below names of authorities that can't be compared", NULL, ISSUE_NAME, tell_name},
	{X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, "RFC 5280 4.2.1.10",
	 "is below names of authorities that can't be compared", NULL, ISSUE_NAME, tell_name},
	{X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, "RFC 5280 4.2.1.10",
	 "has a name that can't be compared with what an authority above may give", NULL,
	 ISSUE_NAME, tell_name},
	{X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED, "RFC 3820",
	 "is a proxy certificate (proxyCertInfo), which an end issued and no authority",
	 "one that an authority issued", "let the peer use the certificate that issued it",
	 tell_issuer},
	{X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "RFC 5280 4.2",
	 "has a critical extension that is not known here", "known ones alone",
	 "have it issued without, or with that extension not critical", tell_critical},
	{X509_V_ERR_EE_KEY_TOO_SMALL, "RFC 8247 4", "has a key that is too short", NULL,
	 "make a longer key", tell_length},
	{X509_V_ERR_CA_KEY_TOO_SMALL, "RFC 8247 4", "has a key that is too short", NULL,
	 "that authority needs a longer key", tell_length},
	{X509_V_ERR_CA_MD_TOO_WEAK, "RFC 8247 4", "is signed with a hash that is too weak",
	 "SHA2-256 or better", "have it issued anew", tell_hash},
	{X509_V_ERR_CERT_CHAIN_TOO_LONG, NULL, "is too far from an authority",
	 "at most 7 certificates",
	 "put an authority that is nearer to it into ipsec.d/cacerts, then ipsec auto "
	 "--rereadcacerts",
	 tell_issuer},
};

static enum cyg_err refuse_as(const struct known_fault *k, const struct fault *f,
			      struct diag *why)
{
	path_refuse(f->at, why, k->ref, k->sentence);
	if (k->wanted)
		diag_wanted(why, "%s", k->wanted);
	k->tell(f, why);
	diag_hint(why, "%s", k->hint);
	return CYG_AUTH;
}

static const struct known_fault *find(int error)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].error == error)
			return &faults[i];
	return NULL;
}

enum cyg_err path_refuse_issuer(const struct cert *c, struct diag *why)
{
	return refuse_as(find(X509_V_ERR_INVALID_CA), &(struct fault){.at = c}, why);
}

enum cyg_err path_refuse_length(const struct cert *c, const struct path_rules *r,
				struct diag *why)
{
	return refuse_as(find(X509_V_ERR_CA_KEY_TOO_SMALL),
			 &(struct fault){.at = c, .rules = r}, why);
}

static bool refuse_time(X509 *x, const struct path_rules *rules, struct diag *why)
{
	struct cert dated = {0};
	bool refused;

	X509_up_ref(x);
	refused = !cert_take(x, &dated, NULL) && path_check_validity(&dated, rules, why);
	cert_done(&dated);
	return refused;
}

enum cyg_err path_explain(X509_STORE_CTX *ctx, const struct cert *first,
			  const struct path_rules *rules, struct diag *why)
{
	int error = X509_STORE_CTX_get_error(ctx);
	X509 *x = X509_STORE_CTX_get_current_cert(ctx);
	struct cert at = {.x = x ? x : first->x,
			  .not_before = INT64_MIN,
			  .not_after = INT64_MAX};
	struct fault f = {ctx, &at, X509_STORE_CTX_get_error_depth(ctx), rules};
	const struct known_fault *k = find(error);

	if ((error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID) &&
	    refuse_time(at.x, rules, why))
		return CYG_AUTH;
	if (k)
		return refuse_as(k, &f, why);
	path_refuse(&at, why, "RFC 5280 6.1", "is refused by libcrypto");
	diag_got(why, "%s", X509_verify_cert_error_string(error));
	return CYG_AUTH;
}
