/* SPDX-License-Identifier: Apache-2.0 */
/* --verify: what pluto would say of a peer that came with this certificate. */
#include "base/text.h"
#include "conn/connection.h"
#include "ipsec/json_out.h"
#include "pki/make.h"
#include "pki/news.h"
#include "pki/operations.h"
#include "pki/sections.h"
#include "trust/cert.h"
#include "trust/crl.h"
#include "trust/trust.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
	const char *id, *ca, *groups, *bits, *at, *policy, *conf;
	struct arg_values cacerts, crls, answers, signers, acerts, aacerts;
	bool json, quiet, fetch;
};

/* What is asked, and its storage. */
struct question {
	struct trust_question q;
	uint8_t policy; /* enum crl_policy */
	const struct pki *pki;
	const struct options *options;
	struct bytes *answers;
	struct view *views; /* of them */
	struct auth_cert certs[AUTH_CERTS_MAX];
	struct bytes der[AUTH_CERTS_MAX];
	char subject[CERT_TEXT_MAX]; /* of the first certificate; "" when it can't be read */
};

static void question_done(struct question *q)
{
	for (size_t i = 0; i < q->q.certs_len; i++)
		bytes_done(&q->der[i]);
	for (size_t i = 0; i < q->q.answers_len; i++)
		bytes_done(&q->answers[i]);
	free(q->answers);
	free(q->views);
	ident_unref(q->q.id);
	ident_unref(q->q.authority);
}

/* ---- reading ---- */

static bool add_cert(struct question *q, struct bytes der)
{
	size_t n = q->q.certs_len;

	if (!der.ptr)
		return false;
	if (n == AUTH_CERTS_MAX) { /* as of a peer's message */
		bytes_done(&der);
		return true;
	}
	q->der[n] = der;
	q->certs[n] = (struct auth_cert){4 /* X.509, RFC 7296 3.6 */, view_bytes(&q->der[n])};
	q->q.certs_len++;
	return true;
}

/* What a PEM file holds, as a peer would send it, whatever it is. */
static bool add_pem(BIO *bio, struct question *q)
{
	char *name, *header;
	unsigned char *der;
	bool well = true;
	long len;

	while (well && PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
		struct bytes copy = {0};

		if (!strcmp(name, PEM_STRING_X509) || !strcmp(name, PEM_STRING_X509_OLD))
			well = bytes_copy(&copy, view_of(der, (size_t)len)) &&
			       add_cert(q, copy);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	ERR_clear_error();
	return well;
}

static void name_first(const struct pki *p, struct question *q)
{
	struct cert c;

	if (*q->subject || !q->q.certs_len ||
	    cert_read_der(p->crypto, q->certs[0].data, &c, NULL))
		return;
	cert_print(&c, q->subject, sizeof(q->subject));
	cert_done(&c);
}

/*
 * The certificates of a file. What can't be read is sent as it stands: what pluto says of that is
 * the verdict.
 */
static bool add_file(const struct pki *p, const char *path, struct question *q)
{
	size_t before = q->q.certs_len;
	struct bytes octets;
	bool well;
	BIO *bio;

	if (!pki_read(p, path, &octets))
		return false;
	bio = BIO_new_mem_buf(octets.ptr, (int)octets.len);
	well = bio && add_pem(bio, q);
	BIO_free(bio);
	if (well && q->q.certs_len == before)
		well = add_cert(q, octets);
	else
		bytes_done(&octets);
	name_first(p, q);
	return well;
}

/*
 * What pluto would read from ipsec.d. What it can't use is told of, and there is no verdict then: one
 * without a list that was named would be taken for one by it.
 */
static bool read_all(const struct pki *p, const struct arg_values *files, struct trust *t,
		     int64_t now,
		     enum cyg_err (*read)(struct trust *t, const char *name, struct view octets,
					  int64_t now, struct diag *why))
{
	bool well = true;

	for (size_t i = 0; i < files->len; i++) {
		struct bytes octets;
		struct diag why;

		enum cyg_err err;

		if (!pki_read(p, files->items[i], &octets))
			return false;
		diag_clear(&why);
		err = read(t, files->items[i], view_bytes(&octets), now, &why);
		/* Not of a list that waits for its issuer in the chain; but of what is used in part. */
		if (err ? err != CYG_NOTFOUND : diag_is_set(&why))
			pki_explain(p, files->items[i], &why);
		/*
		 * A newer one is there, or nobody known made it: it was read, and counts not. Without
		 * an authority nobody is believed, which is a verdict.
		 */
		well = well && (!err || err == CYG_NOTFOUND || err == CYG_EXISTS ||
				err == CYG_AUTH || read == trust_read_cacert);
		bytes_done(&octets);
	}
	return well;
}

static void passed_over(void *ctx, size_t at, const struct diag *why)
{
	const struct question *q = ctx;

	pki_explain(q->pki, q->options->answers.items[at], why);
}

static bool is_response(struct view octets)
{
	const unsigned char *at = octets.ptr;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &at, (long)octets.len);

	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return r;
}

/* What OCSP servers answered, in DER. */
static bool read_answers(const struct pki *p, const struct options *o, struct question *q)
{
	q->answers = calloc(o->answers.len + 1, sizeof(*q->answers));
	q->views = calloc(o->answers.len + 1, sizeof(*q->views));
	if (!q->answers || !q->views)
		return false;
	for (size_t i = 0; i < o->answers.len; i++) {
		if (!pki_read(p, o->answers.items[i], &q->answers[i]))
			return false;
		q->views[i] = view_bytes(&q->answers[i]);
		q->q.answers_len++; /* is freed */
		if (!is_response(q->views[i])) {
			pki_complain(p, "%s is no answer of an OCSP server in DER",
				     o->answers.items[i]);
			return false;
		}
	}
	q->q.answers = q->views;
	q->q.passed_over = passed_over;
	q->q.ctx = q;
	return true;
}

/* The lists of a file. */
struct lists {
	struct trust *t;
	const char *name;
	int64_t now;
	enum cyg_err err;
	struct diag *why; /* of err: of several the one that counts most */
};

static unsigned weight_of(enum cyg_err err)
{
	return !err ? 0 : err == CYG_EXISTS ? 1 : err == CYG_NOTFOUND ? 2 : 3;
}

static void read_list(void *ctx, struct view octets)
{
	struct lists *l = ctx;
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = trust_read_crl(l->t, l->name, octets, l->now, &why);
	if (weight_of(err) <= weight_of(l->err))
		return;
	l->err = err;
	*l->why = why;
}

static enum cyg_err read_crl(struct trust *t, const char *name, struct view octets, int64_t now,
			     struct diag *why)
{
	struct lists l = {t, name, now, CYG_OK, why};
	struct diag broken;
	enum cyg_err err;

	diag_clear(&broken);
	err = crl_each(octets, read_list, &l, &broken);
	if (weight_of(err) <= weight_of(l.err))
		return l.err;
	*why = broken;
	return err;
}

static bool fill_trust(const struct pki *p, const struct options *o, struct trust *t,
		       int64_t now)
{
	if (!read_all(p, &o->cacerts, t, now, trust_read_cacert) || trust_take_cacerts(t) ||
	    (o->conf && !sections_take(p, o->conf, t, now)) ||
	    !read_all(p, &o->crls, t, now, read_crl) ||
	    !read_all(p, &o->signers, t, now, trust_read_ocspcert) ||
	    !read_all(p, &o->aacerts, t, now, trust_read_aacert))
		return false;
	trust_take_crls(t, now);
	trust_take_ocspcerts(t);
	trust_take_aacerts(t);
	if (!read_all(p, &o->acerts, t, now, trust_read_acert))
		return false;
	trust_take_acerts(t, now);
	return true;
}

/* ---- the verdict ---- */

static int tell(const struct options *o, const struct question *q, enum cyg_err err,
		const struct diag *why)
{
	char line[2048];
	json_t *document;

	if (o->json) {
		document = json_object();
		json_object_set_new(document, "believed", json_boolean(!err));
		json_add_text(document, "subject", q->subject);
		if (err)
			json_object_set_new(document, "reason", json_refusal(why));
		if (!json_out(document))
			return EXIT_UNABLE;
	} else if (!o->quiet) {
		printf("%s: %s\n", err ? "refused" : "believed",
		       err ? diag_print(why, line, sizeof(line)) : q->subject);
	}
	return err ? EXIT_REFUSED : 0;
}

static int ask(const struct pki *p, const struct options *o, struct question *q)
{
	struct trust *t = trust_new(p->crypto);
	int status = EXIT_UNABLE;
	struct diag why;
	enum cyg_err err;

	if (t && fill_trust(p, o, t, q->q.now)) {
		trust_set_rules(t, &(struct trust_rules){.policy = q->policy});
		err = o->fetch ? news_believe(p, t, &q->q, &why)
			       : trust_believe(t, &q->q, &why);
		if (err != CYG_NOMEM)
			status = tell(o, q, err, &why);
	}
	trust_free(t);
	return status;
}

/* ---- options ---- */

static bool take_ident(const struct pki *p, const char *option, const char *text,
		       const struct ident **ret)
{
	char line[1024];
	struct diag why;

	diag_clear(&why);
	if (!text || !ident_parse(text, ret, &why))
		return true;
	pki_complain(p, "--%s %s: %s", option, text, diag_print(&why, line, sizeof(line)));
	return false;
}

/* NULL: what is not known to be revoked is good. */
static bool take_policy(const struct pki *p, const char *text, uint8_t *ret)
{
	static const char *const names[] = {[CRL_POLICY_NO] = "no",
					    [CRL_POLICY_IF_URI] = "ifuri",
					    [CRL_POLICY_YES] = "yes"};

	*ret = CRL_POLICY_NO;
	for (uint8_t i = 0; text && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i])) {
			*ret = i;
			return true;
		}
	if (text)
		pki_complain(p, "--strictcrlpolicy %s is none of no, ifuri, yes", text);
	return !text;
}

static bool take_time(const struct pki *p, const char *text, int64_t *ret)
{
	ASN1_TIME *at = ASN1_TIME_new();
	struct tm tm;
	bool well = at && make_time(p, text, NULL, 1, at) && ASN1_TIME_to_tm(at, &tm) == 1;

	if (well)
		*ret = timegm(&tm);
	ASN1_TIME_free(at);
	return well;
}

/* Whom a pattern lets in depends on who the peer says it is, which is no part of its certificate. */
static bool is_one(const struct pki *p, const struct options *o, const struct ident *id)
{
	if (!id || (id->type != ID_ANY && !id->wildcards))
		return true;
	pki_complain(p, "--id %s is a pattern: give the identity that the peer comes with", o->id);
	return false;
}

static bool take_options(const struct pki *p, const struct options *o, struct question *q)
{
	uint64_t bits = CONN_RSA_BITS_DEFAULT;

	q->pki = p;
	q->options = o;
	q->q.groups = o->groups;
	q->q.certs = q->certs;
	q->q.now = (int64_t)time(NULL);
	if (o->bits && !text_number(o->bits, 1024, 16384, &bits)) {
		pki_complain(p, "--rsa-min-bits %s is no number from 1024 to 16384", o->bits);
		return false;
	}
	q->q.rsa_bits_min = (unsigned)bits;
	return take_policy(p, o->policy, &q->policy) && take_ident(p, "id", o->id, &q->q.id) &&
	       is_one(p, o, q->q.id) &&
	       take_ident(p, "ca", o->ca, &q->q.authority) &&
	       (!o->at || take_time(p, o->at, &q->q.now));
}

static int run(const struct pki *p, const void *options, const struct args *words)
{
	const struct options *o = options;
	struct question q = {0};
	int status = EXIT_USAGE;
	bool well = true;

	if (take_options(p, o, &q)) {
		for (size_t i = 0; well && i < words->len; i++)
			well = add_file(p, words->words[i], &q);
		well = well && read_answers(p, o, &q);
		status = well ? ask(p, o, &q) : EXIT_UNABLE;
	}
	question_done(&q);
	return status;
}

static const struct arg_option rows[] = {
	{"cacert", "FILE", AT(options, cacerts),
	 "authorities that are believed; may be given often", true},
	{"conf", "FILE", AT(options, conf),
	 "an ipsec.conf: its ca sections of auto=add count, with their authorities and groups="},
	{"crl", "FILE", AT(options, crls), "a list of revoked certificates; may be given often",
	 true},
	{"ocsp", "FILE", AT(options, answers),
	 "what an OCSP server answered, in DER; may be given often", true},
	{"ocspcert", "FILE", AT(options, signers),
	 "who may sign such answers, as in ipsec.d/ocspcerts; may be given often", true},
	{"acert", "FILE", AT(options, acerts), "an attribute certificate; may be given often",
	 true},
	{"aacert", "FILE", AT(options, aacerts),
	 "who may sign attribute certificates; may be given often", true},
	{"id", "ID", AT(options, id), "the identity that it must carry, as in leftid="},
	{"ca", "NAME", AT(options, ca), "the authority that it must come from, as in leftca="},
	{"group", "NAMES", AT(options, groups),
	 "of which it must belong to one, as in leftgroups="},
	{"strictcrlpolicy", "WORD", AT(options, policy),
	 "as in ipsec.conf: no, ifuri or yes; what is in no list is good with no"},
	{"fetch", NULL, AT(options, fetch),
	 "ask the servers that certificates name for lists and answers, as pluto does"},
	{"rsa-min-bits", "N", AT(options, bits),
	 "as in ipsec.conf: shorter RSA keys are refused"},
	{"at", "TIME", AT(options, at), "as if it were then: 2027-01-31, or 20270131235959Z"},
	{"json", NULL, AT(options, json), "tell the verdict as JSON"},
	{"quiet", NULL, AT(options, quiet), "tell it by the exit status alone"},
	{0}};
OPERATION(verify, options, rows, run, .synopsis = "--cacert FILE ... [option ...] CHAIN ...",
	  .operand = "a file with the certificate", .words_min = 1, .words_max = AUTH_CERTS_MAX,
	  .doc = "Would pluto believe a peer with this certificate? CHAIN is one file or "
		 "several, the\npeer's own certificate first, intermediates behind it.\n",
	  .more = "Exit status: 0 believed, 1 refused, 2 usage, 3 a file can't be read.\n");
