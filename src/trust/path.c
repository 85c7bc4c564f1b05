/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/path_fault.h"

#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* id-kp-ipsecIKE (RFC 4945 5.1.3.12), and what was used before it. */
static const char *const ike_usages[] = {"1.3.6.1.5.5.7.3.17", "1.3.6.1.5.5.8.2.2"};

/* ---- the first certificate ---- */

enum cyg_err path_check_validity(const struct cert *c, const struct path_rules *r,
				 struct diag *why)
{
	char from[40], until[40], now[40];
	bool early = c->not_before > r->now + PATH_SKEW,
	     late = c->not_after < r->now - PATH_SKEW;

	if (!early && !late)
		return CYG_OK;
	path_refuse(c, why, "RFC 5280 4.1.2.5", early ? "is not valid yet" : "has expired");
	diag_wanted(why, "a time from %s to %s",
		    cert_print_time(c->not_before, from, sizeof(from)),
		    cert_print_time(c->not_after, until, sizeof(until)));
	diag_got(why, "it is %s here", cert_print_time(r->now, now, sizeof(now)));
	diag_hint(why, early ? "is this host's clock right?"
			     : "have a new certificate issued; is this host's clock right?");
	return CYG_AUTH;
}

static enum cyg_err check_usage(const struct cert *c, struct diag *why)
{
	char text[200];

	if (!(X509_get_extension_flags(c->x) & EXFLAG_KUSAGE) ||
	    X509_get_key_usage(c->x) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
		return CYG_OK;
	path_refuse(c, why, "RFC 4945 5.1.3.2", "is not for signatures");
	diag_wanted(why, "keyUsage with digitalSignature, or none at all");
	diag_got(why, "keyUsage %s", path_print_usage(c, text, sizeof(text)));
	diag_hint(why, "have it issued with keyUsage=digitalSignature");
	return CYG_AUTH;
}

static bool names_ike(const struct cert *c)
{
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(c->x, NID_ext_key_usage, NULL, NULL);
	bool yes = false;

	for (int i = 0; !yes && i < sk_ASN1_OBJECT_num(usages); i++) {
		char oid[80];

		OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
		for (size_t j = 0; j < sizeof(ike_usages) / sizeof(ike_usages[0]); j++)
			yes |= !strcmp(oid, ike_usages[j]);
	}
	sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
	return yes;
}

static enum cyg_err check_extended_usage(const struct cert *c, struct diag *why)
{
	char text[300];

	if (!(X509_get_extension_flags(c->x) & EXFLAG_XKUSAGE) ||
	    X509_get_extended_key_usage(c->x) &
		    (XKU_SSL_SERVER | XKU_SSL_CLIENT | XKU_ANYEKU) ||
	    names_ike(c))
		return CYG_OK;
	path_refuse(c, why, "RFC 4945 5.1.3.12", "is for other uses than IKE");
	diag_wanted(why,
		    "extendedKeyUsage with ipsecIKE, ikeIntermediate, serverAuth, clientAuth "
		    "or any, or none at all");
	diag_got(why, "extendedKeyUsage %s", path_print_extended_usage(c, text, sizeof(text)));
	diag_hint(why, "have it issued with extendedKeyUsage=serverAuth");
	return CYG_AUTH;
}

enum cyg_err path_check_end(const struct cert *c, const struct path_rules *rules,
			    struct diag *why)
{
	enum cyg_err err = path_check_validity(c, rules, why);

	if (!err && X509_get_extension_flags(c->x) & EXFLAG_CA) {
		err = path_refuse(c, why, "RFC 4945 5.1.3.8",
				  "is an authority's, which signs certificates and not AUTH");
		diag_wanted(why, "a certificate of the end itself");
		diag_got(why, "basicConstraints CA:TRUE");
		diag_hint(why,
			  "have the end a certificate issued of its own, and name that one "
			  "(leftcert= there)");
	}
	if (!err)
		err = check_usage(c, why);
	return err ? err : check_extended_usage(c, why);
}

/* ---- the path ---- */

X509_STORE *path_anchors_new(const struct stored_certs *authorities)
{
	X509_STORE *s = X509_STORE_new();
	bool well = s;

	for (size_t i = 0; well && i < authorities->len; i++)
		well = X509_STORE_add_cert(s, authorities->items[i]->cert.x) == 1;
	if (!well) {
		X509_STORE_free(s);
		s = NULL;
	}
	ERR_clear_error();
	return s;
}

X509_STORE *path_anchors_ref(X509_STORE *s)
{
	if (s)
		X509_STORE_up_ref(s);
	return s;
}

void path_anchors_unref(X509_STORE *s)
{
	X509_STORE_free(s);
}

/* libcrypto has no skew: within ours a time is right after all. */
static int on_verdict(int well, X509_STORE_CTX *ctx)
{
	const struct path_rules *r = X509_STORE_CTX_get_app_data(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	X509 *x = X509_STORE_CTX_get_current_cert(ctx);
	time_t early = (time_t)(r->now - PATH_SKEW), late = (time_t)(r->now + PATH_SKEW);

	if (well || !x)
		return well;
	if ((error == X509_V_ERR_CERT_HAS_EXPIRED &&
	     X509_cmp_time(X509_get0_notAfter(x), &early) > 0) ||
	    (error == X509_V_ERR_CERT_NOT_YET_VALID &&
	     X509_cmp_time(X509_get0_notBefore(x), &late) < 0)) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	return 0;
}

static void set_rules(X509_STORE_CTX *ctx, const struct path_rules *r)
{
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_time(p, (time_t)r->now);
	X509_VERIFY_PARAM_set_depth(p, PATH_LEN_MAX - 2);
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
	/* Level 2 is 112 bits: RSA of 2048 and SHA-2; level 1 is RSA of 1024. */
	X509_VERIFY_PARAM_set_auth_level(p, r->rsa_bits_min < 2048 ? 1 : 2);
	X509_STORE_CTX_set_app_data(ctx, (void *)r);
	X509_STORE_CTX_set_verify_cb(ctx, on_verdict);
}

/* Whether the store that a context is of has an authority of this subject and key. */
static bool is_held(X509_STORE_CTX *ctx, X509 *x)
{
	STACK_OF(X509) *held = X509_STORE_CTX_get1_certs(ctx, X509_get_subject_name(x));
	bool yes = false;

	for (int i = 0; !yes && i < sk_X509_num(held); i++)
		yes = EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(held, i)),
				  X509_get0_pubkey(x)) == 1;
	sk_X509_pop_free(held, X509_free);
	ERR_clear_error();
	return yes;
}

bool path_anchors_have(struct crypto *crypto, X509_STORE *anchors, const struct cert *c)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(crypto_certs_lib(crypto), NULL);
	bool yes = ctx && X509_STORE_CTX_init(ctx, anchors, c->x, NULL) == 1 &&
		   is_held(ctx, c->x);

	X509_STORE_CTX_free(ctx);
	return yes;
}

/* Whether a CA of the path is what rightca= asks for. */
static bool is_asked_for(X509_STORE_CTX *ctx, const struct path_rules *r, const struct cert *ca)
{
	const struct ident *subject = NULL;
	bool yes = false;

	for (size_t i = 0; !yes && i < r->siblings.len; i++)
		yes = X509_check_issued(ca->x, r->siblings.items[i].x) == X509_V_OK &&
		      X509_verify(r->siblings.items[i].x, X509_get0_pubkey(ca->x)) == 1;
	if (yes)
		return true;
	if (r->authority && !cert_identity(ca, &subject))
		yes = ident_match(r->authority, subject) && is_held(ctx, ca->x);
	ident_unref(subject);
	return yes;
}

static enum cyg_err refuse_authority(const struct path_rules *r, const struct cert *root,
				     struct diag *why)
{
	char wanted[CERT_TEXT_MAX], got[CERT_TEXT_MAX];

	diag_set(
		why, "certificate-authority", NULL,
		"the peer's certificate is from another authority than the connection asks for");
	if (r->authority)
		diag_wanted(why, "%s, as it is in ipsec.d/cacerts",
			    ident_print(r->authority, wanted, sizeof(wanted)));
	else
		diag_wanted(why, "the one that signed our own: %s",
			    cert_print_issuer(&r->siblings.items[0], wanted, sizeof(wanted)));
	diag_got(why, "%s", cert_print(root, got, sizeof(got)));
	diag_hint(
		why,
		"leftca= and rightca= say which authorities are asked for; %%any: all; a name "
		"counts only where its certificate is in ipsec.d/cacerts or a ca section");
	return CYG_CONFLICT;
}

/*
 * Each CA says so by basicConstraints; libcrypto would take older signs, too. And it knows lengths of
 * keys by level alone.
 */
static enum cyg_err check_authorities(X509_STORE_CTX *ctx, const struct cert_list *path,
				      const struct path_rules *r, struct diag *why)
{
	bool found = !r->authority && !r->siblings.len;

	for (size_t i = 1; i < path->len; i++) {
		const struct cert *at = &path->items[i];

		if (!cert_is_ca(at))
			return path_refuse_issuer(at, why);
		if (at->key.kind == KEY_RSA && at->key.bits < r->rsa_bits_min)
			return path_refuse_length(at, r, why);
		found = found || is_asked_for(ctx, r, at);
	}
	return found ? CYG_OK : refuse_authority(r, &path->items[path->len - 1], why);
}

static STACK_OF(X509) * stack_of(const struct cert_list *l)
{
	STACK_OF(X509) *s = sk_X509_new_null();

	for (size_t i = 0; s && i < l->len; i++)
		if (!sk_X509_push(s, l->items[i].x)) {
			sk_X509_free(s);
			return NULL;
		}
	return s;
}

static enum cyg_err copy_path(STACK_OF(X509) * path, struct cert_list *ret)
{
	enum cyg_err err = CYG_OK;

	for (int i = 0; !err && i < sk_X509_num(path); i++) {
		X509 *x = sk_X509_value(path, i);
		struct cert c;

		X509_up_ref(x);
		err = cert_take(x, &c, NULL);
		if (!err)
			err = cert_list_add(ret, &c);
	}
	return err;
}

enum cyg_err path_check(struct crypto *crypto, X509_STORE *anchors, const struct cert *c,
			const struct cert_list *others, const struct path_rules *rules,
			struct cert_list *ret_path, struct diag *why)
{
	enum cyg_err err = path_check_end(c, rules, why);
	struct cert_list path = {0};
	STACK_OF(X509) * untrusted;
	X509_STORE_CTX *ctx;

	if (err)
		return err;
	ctx = X509_STORE_CTX_new_ex(crypto_certs_lib(crypto), NULL);
	untrusted = stack_of(others);
	if (!ctx || !untrusted || X509_STORE_CTX_init(ctx, anchors, c->x, untrusted) != 1) {
		err = CYG_NOMEM;
	} else {
		set_rules(ctx, rules);
		err = X509_verify_cert(ctx) == 1
			      ? copy_path(X509_STORE_CTX_get0_chain(ctx), &path)
			      : path_explain(ctx, c, rules, why);
		if (!err)
			err = check_authorities(ctx, &path, rules, why);
	}
	if (!err && ret_path)
		*ret_path = path;
	else
		cert_list_done(&path);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(untrusted);
	ERR_clear_error();
	return err;
}

enum cyg_err path_check_again(struct crypto *crypto, X509_STORE *anchors,
			      const struct cert_list *path, const struct path_rules *rules,
			      struct diag *why)
{
	X509_STORE_CTX *ctx;
	enum cyg_err err = CYG_NOMEM;

	for (size_t i = 0; i < path->len; i++)
		if (path_check_validity(&path->items[i], rules, NULL))
			return CYG_RANGE;
	ctx = X509_STORE_CTX_new_ex(crypto_certs_lib(crypto), NULL);
	if (ctx && X509_STORE_CTX_init(ctx, anchors, path->items[0].x, NULL) == 1)
		err = check_authorities(ctx, path, rules, why);
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return err;
}
