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

#define KEY_TYPE(S, k)                                                                 \
	{"type", "rsa|ecdsa|ed25519|ed448", AT(S, k.type),                             \
	 "the kind of a new key; ecdsa without it"},                                   \
	{                                                                              \
		"bits", "N", AT(S, k.bits), "its size: RSA 3072, ECDSA 256 (384, 521)" \
	}
#define KEY_OPTIONS(S, k)                                                                 \
	{"key", "FILE", AT(S, k.key), "the private key that it is for"},                  \
		{"newkey", "FILE", AT(S, k.newkey), "make that key, and write it there"}, \
		KEY_TYPE(S, k)

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

struct gen_options {
	struct key_options k;
	struct output out;
};

static int gen(const struct pki *p, const void *options, const struct args *words)
{
	const struct gen_options *o = options;
	EVP_PKEY *key = output_check(p, NULL, &o->out) ? make_key(p, o->k.type, o->k.bits)
						       : NULL;
	int status;

	if (!key)
		return EXIT_USAGE;
	status = !put_key(p, &o->out, key);
	EVP_PKEY_free(key);
	return status;
}

static const struct arg_option gen_rows[] = {KEY_TYPE(gen_options, k),
					     OUTPUT_OPTIONS(gen_options, out),
					     {0}};
OPERATION(gen, gen_options, gen_rows, gen, .synopsis = "[option ...]",
	  .doc = "Make a private key (PKCS #8). A file that is there is left as it "
		 "is.\n");

/* ---- certificates that sign themselves, and requests ---- */

struct own_options {
	struct key_options k;
	struct output out;
	struct wish w;
};

static bool names_key(const struct own_options *o)
{
	return o->k.key || o->k.newkey;
}

static int make_own(const struct pki *p, const struct own_options *o, bool request)
{
	EVP_PKEY *key = take_key(p, &o->k);
	X509_REQ *r = key && request ? make_request(p, &o->w, key) : NULL;
	X509 *x = key && !request ? make_cert(p, &o->w, &(struct asked){.key = key},
					      &(struct signer){NULL, key})
				  : NULL;
	int status = 1;

	if ((x || r) && keep_key(p, &o->k, key)) {
		status = x ? !put_cert(p, &o->out, x) : !put_request(p, &o->out, r);
		if (status)
			drop_key(&o->k);
		else if (x)
			remark_refusals(p, NULL, x);
	}
	X509_REQ_free(r);
	X509_free(x);
	EVP_PKEY_free(key);
	return status;
}

static int self(const struct pki *p, const void *options, const struct args *words)
{
	const struct own_options *o = options;
	const char *wrong = names_key(o) ? NULL
					 : "--key FILE or --newkey FILE says whose it is";

	return output_check(p, wrong, &o->out) ? make_own(p, o, false) : EXIT_USAGE;
}

static const struct arg_option self_rows[] = {KEY_OPTIONS(own_options, k),
					      WISH_CERT(own_options, w),
					      OUTPUT_OPTIONS(own_options, out),
					      {0}};
OPERATION(self, own_options, self_rows, self,
	  .synopsis = "--key FILE | --newkey FILE [option ...]",
	  .doc = "Make a certificate that its own key signs: with --ca that of an "
		 "authority.\n");

static int req(const struct pki *p, const void *options, const struct args *words)
{
	const struct own_options *o = options;
	const char *wrong = o->w.dn && names_key(o)
				    ? NULL
				    : "--dn NAME, and --key FILE or --newkey FILE are wanted";

	return output_check(p, wrong, &o->out) ? make_own(p, o, true) : EXIT_USAGE;
}

static const struct arg_option req_rows[] = {KEY_OPTIONS(own_options, k),
					     WISH_NAMES(own_options, w),
					     WISH_FLAGS(own_options, w),
					     WISH_DIGEST(own_options, w),
					     OUTPUT_OPTIONS(own_options, out),
					     {0}};
OPERATION(req, own_options, req_rows, req,
	  .synopsis = "--key FILE | --newkey FILE --dn NAME [option ...]",
	  .doc = "Make a request for a certificate (PKCS #10), for an authority to "
		 "issue.\n");

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
	return output_check(p, wrong, &o->out);
}

static int run(const struct pki *p, const void *options, const struct args *words)
{
	const struct issue_options *o = options;
	struct authority_files ca;
	struct request r = {0};
	int status = 1;

	if (!check_issue(p, o))
		return EXIT_USAGE;
	if (pki_read_authority(p, o->cacert, o->cakey, &ca) &&
	    (o->in ? read_request(p, o->in, &r) : (r.key = take_key(p, &o->k)) != NULL)) {
		struct asked a = asked_by(&r);

		status = issue(p, o, &a, &ca);
	}
	request_done(&r);
	authority_files_done(&ca);
	return status;
}

static const struct arg_option issue_rows[] = {
	{"cacert", "FILE", AT(issue_options, cacert),
	 "the authority's certificate, with those above it"},
	{"cakey", "FILE", AT(issue_options, cakey), "its private key"},
	{"in", "FILE", AT(issue_options, in), "a request, or a public key, that it is for"},
	KEY_OPTIONS(issue_options, k),
	{"host", "FOLDER", AT(issue_options, host),
	 "write all that a host wants as FOLDER/ipsec.d, to be copied to its /etc"},
	WISH_CERT(issue_options, w),
	OUTPUT_OPTIONS(issue_options, out),
	{0}};
OPERATION(issue, issue_options, issue_rows, run,
	  .synopsis = "--cacert FILE --cakey FILE [option ...]",
	  .doc = "Issue a certificate: for a request, for a key, or with a new key for a "
		 "host.\nOf a request its subject and names count, where --dn and --san "
		 "say nothing else.\n");
