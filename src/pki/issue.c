/* SPDX-License-Identifier: Apache-2.0 */
/* --gen, --self, --req and --issue: keys, and what is signed about them. */
#include "crypto/crypto.h"
#include "pki/make.h"
#include "pki/operations.h"
#include "pki/put.h"
#include "pki/remark.h"
#include "pki/tree.h"
#include "trust/cert.h"
#include "trust/key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

/* ---- whose key ---- */

struct key_options {
	const char *key, *newkey, *type, *bits;
};

#define KEY_TYPE(k)                                                                \
	{"type", "rsa|ecdsa|ed25519|ed448", &(k).type,                             \
	 "the kind of a new key; ecdsa without it"},                               \
	{                                                                          \
		"bits", "N", &(k).bits, "its size: RSA 3072, ECDSA 256 (384, 521)" \
	}
#define KEY_OPTIONS(k)                                                                \
	{"key", "FILE", &(k).key, "the private key that it is for"},                  \
		{"newkey", "FILE", &(k).newkey, "make that key, and write it there"}, \
		KEY_TYPE(k)

/* The key that the options name or have made; NULL after a complaint. */
static EVP_PKEY *take_key(const struct pki *p, const struct key_options *k)
{
	if (k->key && k->newkey) {
		pki_complain(p, "--key and --newkey don't go together");
		return NULL;
	}
	if (k->newkey && !access(k->newkey, F_OK)) {
		pki_complain(p,
			     "%s is there already, and a private key is not written over: "
			     "name another file, or remove this one",
			     k->newkey);
		return NULL;
	}
	return k->key ? pki_read_key(p, k->key) : make_key(p, k->type, k->bits);
}

/* A new key is kept first: without it the certificate is worth nothing. */
static bool keep_key(const struct pki *p, const struct key_options *k, EVP_PKEY *key)
{
	return !k->newkey || put_key(p, &(struct output){k->newkey, NULL}, key);
}

/* And without a certificate it would be in the way of the next try. */
static void drop_key(const struct key_options *k)
{
	if (k->newkey)
		unlink(k->newkey);
}

int gen_main(struct crypto *crypto, int argc, char **argv)
{
	struct pki p = {"pki --gen", crypto};
	struct key_options k = {0};
	struct output out = {0};
	const struct arg_option options[] = {KEY_TYPE(k), OUTPUT_OPTIONS(out), {0}};
	const struct arg_rules rules = {
		.command = p.command,
		.synopsis = "[option ...]",
		.options = options,
		.doc = "Make a private key (PKCS #8). A file that is there is left as it is.\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a);
	EVP_PKEY *key;

	if (status != ARGS_GO)
		return status;
	if (!output_check(&p, &out))
		return EXIT_USAGE;
	key = make_key(&p, k.type, k.bits);
	if (!key)
		return EXIT_USAGE;
	status = !put_key(&p, &out, key);
	EVP_PKEY_free(key);
	return status;
}

/* ---- certificates that sign themselves ---- */

static int make_self(const struct pki *p, const struct wish *w, const struct key_options *k,
		     const struct output *out)
{
	EVP_PKEY *key = take_key(p, k);
	X509 *x = NULL;
	int status = 1;

	if (key)
		x = make_cert(p, w, &(struct asked){.key = key}, &(struct signer){NULL, key});
	if (x && keep_key(p, k, key)) {
		status = !put_cert(p, out, x);
		if (status)
			drop_key(k);
		else
			remark_refusals(p, NULL, x);
	}
	X509_free(x);
	EVP_PKEY_free(key);
	return status;
}

int self_main(struct crypto *crypto, int argc, char **argv)
{
	struct pki p = {"pki --self", crypto};
	struct key_options k = {0};
	struct output out = {0};
	struct wish w = {0};
	const struct arg_option options[] = {KEY_OPTIONS(k),
					     WISH_CERT(w),
					     OUTPUT_OPTIONS(out),
					     {0}};
	const struct arg_rules rules = {
		.command = p.command,
		.synopsis = "--key FILE | --newkey FILE [option ...]",
		.options = options,
		.doc = "Make a certificate that its own key signs: with --ca that of an "
		       "authority.\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	if (!k.key && !k.newkey) {
		pki_complain(&p, "--key FILE or --newkey FILE says whose it is");
		return EXIT_USAGE;
	}
	return output_check(&p, &out) ? make_self(&p, &w, &k, &out) : EXIT_USAGE;
}

/* ---- requests ---- */

int req_main(struct crypto *crypto, int argc, char **argv)
{
	struct pki p = {"pki --req", crypto};
	struct key_options k = {0};
	struct output out = {0};
	struct wish w = {0};
	const struct arg_option options[] = {KEY_OPTIONS(k), WISH_NAMES(w),       WISH_FLAGS(w),
					     WISH_DIGEST(w), OUTPUT_OPTIONS(out), {0}};
	const struct arg_rules rules = {
		.command = p.command,
		.synopsis = "--key FILE | --newkey FILE --dn NAME [option ...]",
		.options = options,
		.doc = "Make a request for a certificate (PKCS #10), for an authority to issue.\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a);
	X509_REQ *r = NULL;
	EVP_PKEY *key;

	if (status != ARGS_GO)
		return status;
	if ((!k.key && !k.newkey) || !w.dn || !output_check(&p, &out)) {
		if (!w.dn || (!k.key && !k.newkey))
			pki_complain(&p,
				     "--dn NAME, and --key FILE or --newkey FILE are wanted");
		return EXIT_USAGE;
	}
	key = take_key(&p, &k);
	if (key)
		r = make_request(&p, &w, key);
	status = 1;
	if (r && keep_key(&p, &k, key)) {
		status = !put_request(&p, &out, r);
		if (status)
			drop_key(&k);
	}
	X509_REQ_free(r);
	EVP_PKEY_free(key);
	return status;
}

/* ---- certificates that an authority issues ---- */

struct issue_options {
	const char *cacert, *cakey, *in, *host;
	struct key_options k;
	struct output out;
	struct wish w;
};

/* A request, or a public key, in a file. */
struct request {
	X509_REQ *req;
	EVP_PKEY *key;
	STACK_OF(X509_EXTENSION) * extensions;
};

static void request_done(struct request *r)
{
	sk_X509_EXTENSION_pop_free(r->extensions, X509_EXTENSION_free);
	X509_REQ_free(r->req);
	EVP_PKEY_free(r->key);
}

static X509_REQ *parse_request(struct view octets)
{
	BIO *bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);
	X509_REQ *r = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
	const unsigned char *at = octets.ptr;

	BIO_free(bio);
	if (!r)
		r = d2i_X509_REQ(NULL, &at, (long)octets.len);
	ERR_clear_error();
	return r;
}

static bool read_request(const struct pki *p, const char *path, struct request *ret)
{
	struct bytes octets;
	struct key key = {0};
	struct diag why;
	bool well;

	if (!pki_read(p, path, &octets))
		return false;
	ret->req = parse_request(view_bytes(&octets));
	if (ret->req) {
		ret->key = X509_REQ_get_pubkey(ret->req);
		ret->extensions = X509_REQ_get_extensions(ret->req);
		well = ret->key && X509_REQ_verify(ret->req, ret->key) == 1;
		if (!well)
			pki_complain(p, "%s is not signed by the key that it is for", path);
	} else {
		well = !key_read_public(p->crypto, view_bytes(&octets), &key, &why);
		ret->key = key.pkey;
		if (!well)
			pki_complain(p, "%s holds neither a request nor a public key", path);
	}
	bytes_done(&octets);
	ERR_clear_error();
	return well;
}

/* What the request asks for: its subject and its names, and nothing else of what it wishes. */
static struct asked asked_by(const struct request *r)
{
	int at = X509v3_get_ext_by_NID(r->extensions, NID_subject_alt_name, -1);

	return (struct asked){
		.key = r->key,
		.subject = r->req ? X509_REQ_get_subject_name(r->req) : NULL,
		.sans = at < 0 ? NULL : X509v3_get_ext(r->extensions, at),
	};
}

static bool check_authority(const struct pki *p, const struct issue_options *o,
			    const struct authority_files *ca)
{
	bool may = cert_is_ca(&ca->certs.items[0]);

	if (!may)
		pki_complain(p,
			     "%s is no authority's: it may not issue certificates "
			     "(basicConstraints CA:TRUE is wanted; --self --ca makes one)",
			     o->cacert);
	return may;
}

static void remark(const struct pki *p, const struct issue_options *o, const struct asked *a,
		   X509 *ca, X509 *x)
{
	if (a->subject && (!o->w.dn || (a->sans && !o->w.sans.len)))
		remark_names(p, x);
	remark_refusals(p, ca, x);
}

static int issue(const struct pki *p, const struct issue_options *o, const struct asked *a,
		 const struct authority_files *ca)
{
	struct signer s = {ca->certs.items[0].x, ca->key};
	X509 *x = check_authority(p, o, ca) ? make_cert(p, &o->w, a, &s) : NULL;
	int status = 1;

	if (x && keep_key(p, &o->k, a->key)) {
		status = o->host ? !tree_write(p, o->host, o->k.key, o->in ? NULL : a->key, x,
					       &ca->certs, o->cacert)
				 : !put_cert(p, &o->out, x);
		if (status)
			drop_key(&o->k);
		else
			remark(p, o, a, s.cert, x);
	}
	X509_free(x);
	return status;
}

static bool check_issue(const struct pki *p, const struct issue_options *o)
{
	const char *wrong = NULL;

	if (!o->cacert || !o->cakey)
		wrong = "--cacert FILE and --cakey FILE say who issues it";
	else if (!o->in && !o->k.key && !o->k.newkey && !o->host)
		wrong = "--in FILE, --key FILE, --newkey FILE or --host FOLDER says whose it is";
	else if (o->in && (o->k.key || o->k.newkey))
		wrong = "a request (--in) has a key: --key and --newkey don't go with it";
	else if (o->host && o->out.path)
		wrong = "--host FOLDER says where all of it goes: --out does not go with it";
	if (wrong)
		pki_complain(p, "%s", wrong);
	return !wrong && output_check(p, &o->out);
}

static int run_issue(const struct pki *p, const struct issue_options *o)
{
	struct authority_files ca;
	struct request r = {0};
	int status = 1;

	if (pki_read_authority(p, o->cacert, o->cakey, &ca) &&
	    (o->in ? read_request(p, o->in, &r) : (r.key = take_key(p, &o->k)) != NULL)) {
		struct asked a = asked_by(&r);

		status = issue(p, o, &a, &ca);
	}
	request_done(&r);
	authority_files_done(&ca);
	return status;
}

int issue_main(struct crypto *crypto, int argc, char **argv)
{
	struct pki p = {"pki --issue", crypto};
	struct issue_options o = {0};
	const struct arg_option options[] = {
		{"cacert", "FILE", &o.cacert,
		 "the authority's certificate, with those above it"},
		{"cakey", "FILE", &o.cakey, "its private key"},
		{"in", "FILE", &o.in, "a request, or a public key, that it is for"},
		KEY_OPTIONS(o.k),
		{"host", "FOLDER", &o.host,
		 "write all that a host wants as FOLDER/ipsec.d, to be copied to its /etc"},
		WISH_CERT(o.w),
		OUTPUT_OPTIONS(o.out),
		{0}};
	const struct arg_rules rules = {
		.command = p.command,
		.synopsis = "--cacert FILE --cakey FILE [option ...]",
		.options = options,
		.doc = "Issue a certificate: for a request, for a key, or with a new key for a "
		       "host.\nOf a request its subject and names count, where --dn and --san "
		       "say nothing else.\n",
	};
	struct args a;
	int status = args_read(&rules, argc, argv, &a);

	if (status != ARGS_GO)
		return status;
	return check_issue(&p, &o) ? run_issue(&p, &o) : EXIT_USAGE;
}
