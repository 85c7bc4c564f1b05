/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's proof by a certificate that it sends: whose it is, whether it is to be believed, its key. */
#include "base/der.h"
#include "base/text.h"
#include "trust/trust_private.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CERT_PKCS7 1 /* encoding of a CERT payload (RFC 7296 3.6) */

/* ---- on the loop's thread ---- */

static enum cyg_err add_sibling(const struct stored_cert *s, struct cert_list *ret)
{
	struct cert copy;

	if (!s)
		return CYG_OK;
	copy = cert_copy(&s->cert);
	if (!cert_list_add(ret, &copy))
		return CYG_OK;
	cert_done(&copy);
	return CYG_NOMEM;
}

/* Our own certificates, by which of them we may prove ourselves to this peer. */
static enum cyg_err find_siblings(struct trust *t, const char *names, const struct ident *local,
				  int64_t now, struct cert_list *ret)
{
	char name[CONN_CERT_NAME_MAX];
	enum cyg_err err = CYG_OK;

	if (!names)
		return add_sibling(own_cert_of(t, local, now), ret);
	while (!err && connection_next_cert(&names, name, sizeof(name)))
		err = add_sibling(cert_of(t, name), ret);
	return err;
}

enum cyg_err peer_authority(struct trust *t, const struct connection *c,
			    const struct ident *local, int peer, int64_t now,
			    const struct ident **ret_name, struct cert_list *ret_siblings,
			    struct diag *why)
{
	const char *text = c->end[peer].ca, *ours = c->end[!peer].ca;
	enum cyg_err err;

	*ret_name = NULL;
	*ret_siblings = (struct cert_list){0};
	diag_clear(why);
	if (text && !strcmp(text, "%same") && ours && strcmp(ours, "%same"))
		text = ours;
	if (!text)
		return CYG_OK;
	if (strcmp(text, "%same"))
		return ident_parse(text, ret_name, why);
	err = find_siblings(t, c->end[!peer].cert, local, now, ret_siblings);
	if (err || ret_siblings->len)
		return err;
	diag_set(why, "no-same-authority", NULL,
		 "%sca=%%same means the authority of our own certificate, and there is none",
		 connection_side(peer));
	diag_wanted(why, "%scert= or %sca=", connection_side(!peer), connection_side(!peer));
	return CYG_NOTFOUND;
}

/*
 * Nobody makes us fetch what he likes: the URL is a certuribase= of a ca section and the hash in
 * hexadecimal digits, or the payload is passed over.
 */
static bool is_ours(const struct trust *t, struct view hash, struct view url)
{
	for (size_t i = 0; i < t->authorities.len; i++) {
		const char *base = t->authorities.items[i]->says->certuribase;
		size_t len = base ? strlen(base) : 0, used = len;
		char whole[2 * KEY_ID_LEN + 1024];

		if (!len || url.len != len + 2 * hash.len || len > 1000)
			continue;
		memcpy(whole, base, len);
		buf_add_hex(whole, sizeof(whole), &used, hash);
		if (!strncasecmp(whole, (const char *)url.ptr, url.len))
			return true;
	}
	return false;
}

static bool take_url(const struct trust *t, const struct auth_cert *c, struct trust_job *j)
{
	struct reader r = reader_of(c->data);
	struct view hash = read_view(&r, KEY_ID_LEN), url = read_rest(&r);

	if (!url.len || !is_ours(t, hash, url))
		return true;
	j->sent_url[j->sent_len] = strndup((const char *)url.ptr, url.len);
	if (!j->sent_url[j->sent_len])
		return false;
	memcpy(j->sent_hash[j->sent_len], hash.ptr, KEY_ID_LEN);
	j->sent_as[j->sent_len++] = c->encoding;
	j->collecting = true;
	return true;
}

/* With `t` also those that are to be fetched. */
static bool take_sent(const struct trust *t, const struct auth_cert *certs, size_t len,
		      struct trust_job *j)
{
	for (size_t i = 0; i < len && j->sent_len < AUTH_CERTS_MAX; i++) {
		const struct auth_cert *c = &certs[i];
		bool by_url = c->encoding == CERT_HASH_URL ||
			      c->encoding == CERT_HASH_URL_BUNDLE;

		if (by_url && t && !take_url(t, c, j))
			return false;
		if (c->encoding != CERT_X509 && c->encoding != CERT_PKCS7)
			continue;
		if (!bytes_copy(&j->sent[j->sent_len], c->data))
			return false;
		j->sent_as[j->sent_len++] = c->encoding;
	}
	return true;
}

/*
 * What the peer says of its groups, and who may have made that. Looked at in a worker, and when
 * the connection is for members alone.
 */
static bool take_attributes(const struct trust *t, const struct auth_request *r,
			    struct trust_job *j)
{
	bool well = true;

	for (size_t i = 0; i < r->certs_len && j->sent_acerts_len < ACERTS_SENT_MAX; i++)
		if (r->certs[i].encoding == CERT_ATTRIBUTES) {
			if (!bytes_copy(&j->sent_acerts[j->sent_acerts_len], r->certs[i].data))
				return false;
			j->sent_acerts_len++;
		}
	for (size_t i = 0; well && j->sent_acerts_len && i < t->aacerts.len; i++)
		well = !stored_certs_add(&j->aacerts, t->aacerts.items[i]->file,
					 &t->aacerts.items[i]->cert, j->now, true);
	return well;
}

void sent_done(struct trust_job *j)
{
	for (size_t i = 0; i < j->sent_len; i++) {
		bytes_done(&j->sent[i]);
		free(j->sent_url[i]);
	}
}

static bool has_raw_key(const struct auth_request *r)
{
	for (size_t i = 0; i < r->certs_len; i++)
		if (r->certs[i].encoding == CERT_RAW_KEY)
			return true;
	return false;
}

static void explain_nothing(const struct auth_request *r, struct diag *why)
{
	const char *side = connection_side(!r->end);

	diag_set(why, "no-public-key", NULL,
		 "the peer signed, and sent no certificate with its public key");
	diag_wanted(why, "a CERT payload, or %srsasigkey= or %scert= in conn %s", side, side,
		    r->connection->name);
	diag_got(
		why,
		"%zu CERT payloads, none of them X.509, or below a certuribase= of a ca section%s",
		r->certs_len,
		has_raw_key(r) ? ": a raw public key, which nothing here vouches for" : "");
	diag_hint(why,
		  "let the peer send it (leftsendcert=always there), or run "
		  "ipsec showhostkey --%s  at the peer",
		  side);
}

struct x509_store_st *anchors_of(struct trust *t)
{
	return t->cacerts.len ? t->anchors : NULL;
}

/* The path of a peer that has proved itself by the same certificates. */
static void find_familiar(struct trust *t, struct trust_job *j)
{
	bool named = !j->collecting;

	for (size_t i = 0; named && i < j->sent_len; i++)
		named = j->sent_as[i] == CERT_X509;
	j->has_path_name = named && !path_name_of(t->crypto, j->sent, j->sent_len,
						  j->rsa_bits_min, &j->path_name);
	j->is_familiar = j->has_path_name &&
			 familiar_find(&t->familiar, &t->revoke.key, &j->path_name, &j->path);
}

void check_cert_begin(struct trust *t, const struct auth_request *r, struct view algorithm,
		      struct view signature, struct trust_job *j)
{
	struct diag *why = &j->reply.why;
	enum cyg_err err;

	j->by_cert = true;
	j->method = r->method;
	j->allowed = connection_auth(r->connection, !r->end);
	j->rsa_bits_min = r->connection->rsa_bits_min;
	j->end = !r->end;
	snprintf(j->connection, sizeof(j->connection), "%s", r->connection->name);
	err = peer_authority(t, r->connection, r->local, !r->end, j->now, &j->authority,
			     &j->siblings, why);
	if (err == CYG_NOMEM) {
		job_fail(j, err);
		return;
	}
	if (err) {
		j->done = true;
		return;
	}
	if (!take_sent(t, r->certs, r->certs_len, j) || !bytes_copy(&j->algorithm, algorithm) ||
	    !bytes_copy(&j->signature, signature)) {
		job_fail(j, CYG_NOMEM);
		return;
	}
	if (!j->sent_len) {
		explain_nothing(r, why);
		j->done = true;
		return;
	}
	if (r->connection->end[!r->end].groups &&
	    (!job_take_groups(t, r->connection->end[!r->end].groups, j) ||
	     !take_attributes(t, r, j))) {
		job_fail(j, CYG_NOMEM);
		return;
	}
	if (kept_begin(t, j)) {
		job_fail(j, CYG_NOMEM);
		return;
	}
	j->remote = ident_ref(r->remote);
	j->anchors = path_anchors_ref(anchors_of(t));
	find_familiar(t, j);
	job_take_octets(j, r);
}

/* ---- in a worker ---- */

/* All certificates of a PKCS #7 bundle, which nothing of it vouches for. */
static enum cyg_err read_pkcs7(struct crypto *crypto, struct view der, struct cert_list *list)
{
	const unsigned char *at = der.ptr;
	PKCS7 *p = d2i_PKCS7(NULL, &at, (long)der.len);
	STACK_OF(X509) *certs = NULL;
	enum cyg_err err = CYG_OK;

	if (p && PKCS7_type_is_signed(p) && p->d.sign)
		certs = p->d.sign->cert;
	for (int i = 0; !err && i < sk_X509_num(certs) && list->len < AUTH_CERTS_MAX; i++) {
		unsigned char *one = NULL;
		int len = i2d_X509(sk_X509_value(certs, i), &one);
		struct cert c;

		if (len > 0 && !cert_read_der(crypto, view_of(one, (size_t)len), &c, NULL)) {
			err = cert_list_add(list, &c);
			cert_done(&c);
		}
		OPENSSL_free(one);
	}
	PKCS7_free(p);
	ERR_clear_error();
	return err;
}

/* CertificateBundle (RFC 7296 3.6): certificates, tagged [0], and lists, [1], which are passed over. */
static enum cyg_err read_url_bundle(struct crypto *crypto, struct view der,
				    struct cert_list *list)
{
	struct reader whole = reader_of(der), r = der_enter(&whole, DER_SEQUENCE);
	enum cyg_err err = CYG_OK;

	while (!err && read_left(&r) && list->len < AUTH_CERTS_MAX) {
		uint8_t tag = der_peek(&r);
		struct reader one = der_enter(&r, tag);
		struct cert c;

		if (tag == DER_CONTEXT(0) &&
		    !cert_read_der(crypto, read_rest(&one), &c, NULL)) {
			err = cert_list_add(list, &c);
			cert_done(&c); /* empty, but for want of memory */
		}
	}
	return err;
}

enum cyg_err sent_read(struct crypto *crypto, uint8_t encoding, struct view octets,
		       struct cert_list *list, struct diag *why)
{
	struct cert c;
	enum cyg_err err;

	if (encoding == CERT_PKCS7)
		return read_pkcs7(crypto, octets, list);
	if (encoding == CERT_HASH_URL_BUNDLE)
		return read_url_bundle(crypto, octets, list);
	err = cert_read_der(crypto, octets, &c, why);
	if (!err) {
		err = cert_list_add(list, &c);
		cert_done(&c);
	}
	return err;
}

/* The first certificate is the peer's own; of the others those that can be read are of use. */
static enum cyg_err read_sent(struct trust_job *j, struct cert_list *list, struct diag *why)
{
	for (size_t i = 0; i < j->sent_len; i++) {
		enum cyg_err err = sent_read(j->crypto, j->sent_as[i], view_bytes(&j->sent[i]),
					     list, why);

		if (err == CYG_NOMEM || (err && !i))
			return err;
	}
	if (list->len)
		return CYG_OK;
	diag_set(why, "bad-certificate", "RFC 7296 3.6",
		 "the peer sent no certificate of its own");
	return CYG_MALFORMED;
}

/* With several certificates, PKCS #7 says no order: the one that carries the identity counts. */
static struct cert *own_of(struct trust_job *j, struct cert_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		if (!cert_is_ca(&list->items[i]) &&
		    (!j->remote || cert_carries(&list->items[i], j->remote, NULL)))
			return &list->items[i];
	return &list->items[0];
}

/* Those that came with the peer's certificate; NULL: none did. */
static struct acert_set *read_attributes(struct trust_job *j)
{
	struct acert_set *s = j->sent_acerts_len ? acert_set_new() : NULL;

	for (size_t i = 0; s && i < j->sent_acerts_len; i++)
		s->refused += acert_set_read(s, &j->aacerts, NULL, "CERT",
					     view_bytes(&j->sent_acerts[i]), j->now,
					     NULL) != CYG_OK;
	return s;
}

/* Of one of the groups that are asked for: who issued its certificate is known by now. */
static enum cyg_err find_member(struct trust_job *j, const struct cert *own,
				const struct cert_list *path, struct diag *why)
{
	struct candidate c = {
		.holder = {.cert = own,
			   .issuer_held = path->len > 1 &&
					  path_anchors_have(j->crypto, j->anchors,
							    &path->items[1]),
			   .ca_asked = j->authority || j->siblings.len},
		.authorities = cert_list_above(path),
	};
	struct group_sources from = {j->acerts, j->ca_groups};
	struct acert_set *sent = read_attributes(j);
	enum cyg_err err = membership_new(&from, sent, &c, j->groups, j->now, &j->member, why);

	acert_set_unref(sent);
	return err == CYG_AUTH ? CYG_CONFLICT : err;
}

bool take_path(struct trust_job *j, const struct cert_list *path)
{
	j->chain = chain_new(j->crypto, path);
	if (!j->chain)
		return false;
	j->chain->rsa_bits_min = j->rsa_bits_min;
	j->chain->member = j->member;
	j->member = NULL;
	return true;
}

/*
 * What a path comes to. CYG_CONFLICT: it is to be believed, and is not whom the connection is for; its key
 * is there, so that nobody else is told of that.
 */
static enum cyg_err conclude(struct trust_job *j, enum cyg_err err, const struct cert *own,
			     const struct cert_list *path, struct diag *why)
{
	char subject[100];

	if (!err && j->groups)
		err = find_member(j, own, path, why);
	j->unfit = err == CYG_CONFLICT;
	if (!err && !take_path(j, path))
		err = CYG_NOMEM;
	if (!err || j->unfit) {
		proof_by_cert(&j->reply, own);
		j->key = key_copy(&own->key);
		snprintf(j->key_name, sizeof(j->key_name), "the certificate of %s",
			 cert_print(own, subject, sizeof(subject)));
	}
	return err;
}

static struct path_rules rules_of(const struct trust_job *j)
{
	return (struct path_rules){j->now, j->rsa_bits_min, j->authority, j->siblings};
}

static enum cyg_err believe(struct trust_job *j, struct cert_list *list, struct diag *why)
{
	struct path_rules rules = rules_of(j);
	struct cert *own = own_of(j, list);
	struct cert_list path = {0};
	enum cyg_err err;
	char subject[100];

	if (!j->anchors) {
		diag_set(why, "no-authorities", NULL,
			 "no certificate can be believed: no authority is known here");
		diag_wanted(why, "certificates of authorities in ipsec.d/cacerts");
		diag_got(why, "a certificate of %s", cert_print(own, subject, sizeof(subject)));
		diag_hint(why, "put them there, then ipsec auto --rereadcacerts");
		return CYG_AUTH;
	}
	if (j->remote && !cert_carries(own, j->remote, why))
		return CYG_AUTH;
	err = path_check(j->crypto, j->anchors, own, list, &rules, &path, why);
	err = conclude(j, err, own, &path, why);
	if (!err && j->has_path_name && familiar_fits(list, &path)) {
		j->path = path;
		path = (struct cert_list){0};
	}
	cert_list_done(&path);
	return err;
}

enum cyg_err believe_again(struct trust_job *j, struct diag *why)
{
	struct path_rules rules = rules_of(j);
	const struct cert *own = j->path.items;
	enum cyg_err err;

	if (j->remote && !cert_carries(own, j->remote, NULL))
		return CYG_RANGE;
	err = path_check_again(j->crypto, j->anchors, &j->path, &rules, why);
	return err == CYG_RANGE ? err : conclude(j, err, own, &j->path, why);
}

/* The peer's certificates from the beginning. */
static enum cyg_err believe_sent(struct trust_job *j, struct diag *why)
{
	struct cert_list list = {0};
	enum cyg_err err = read_sent(j, &list, why);

	if (!err)
		err = believe(j, &list, why);
	cert_list_done(&list);
	return err;
}

bool check_cert_work(struct trust_job *j)
{
	struct diag *why = &j->reply.why;
	enum cyg_err err = j->is_familiar ? believe_again(j, why) : CYG_RANGE;

	if (err == CYG_RANGE) {
		j->is_familiar = false;
		cert_list_done(&j->path);
		err = believe_sent(j, why);
	}
	if (err == CYG_NOMEM) {
		job_fail(j, err);
		return false;
	}
	if (err && !j->unfit)
		return false;
	kept_work(j);
	j->scheme = sig_find(j->method, view_bytes(&j->algorithm), j->key.kind, why);
	return j->scheme && way_is_allowed(j->connection, j->end, j->allowed, j->scheme, why);
}

/* ---- one that the connection names ---- */

/*
 * Who issued it, and who issued that, as far as they are here: a peer that keeps its intermediates to itself
 * does not hide who may have revoked it.
 */
static bool take_issuers(const struct trust *t, const struct cert *c, struct cert_list *ret)
{
	while (c && ret->len < PATH_LEN_MAX - 1) {
		const struct cert *issuer = issuer_of(t, c);
		struct cert copy;

		if (!issuer)
			break;
		copy = cert_copy(issuer);
		if (cert_list_add(ret, &copy)) {
			cert_done(&copy);
			return false;
		}
		c = cert_is_self_issued(issuer) ? NULL : issuer;
	}
	return true;
}

bool check_named_begin(struct trust *t, const struct auth_request *r, const struct cert *c,
		       struct trust_job *j)
{
	j->named = cert_copy(c);
	if (!take_sent(NULL, r->certs, r->certs_len, j) || !take_issuers(t, c, &j->issuers))
		return false;
	if (!anchors_of(t) && !j->issuers.len)
		return true; /* nobody is known who could have revoked it */
	j->anchors = path_anchors_ref(anchors_of(t));
	j->rsa_bits_min = r->connection->rsa_bits_min;
	return !kept_begin(t, j);
}

bool explain_other_cert(struct crypto *crypto, const struct cert *named, struct view sent,
			const char *named_by, struct diag *why)
{
	char subject[120], serial[80];
	struct cert c;

	if (cert_read_der(crypto, sent, &c, NULL))
		return false;
	if (key_equal(&c.key, &named->key)) {
		cert_done(&c);
		return false;
	}
	diag_set(why, "auth-mismatch", "RFC 7296 2.15",
		 "the peer came with another certificate than %s names", named_by);
	diag_wanted(why, "the one of %s, number %s",
		    cert_print(named, subject, sizeof(subject)),
		    cert_print_serial(named, serial, sizeof(serial)));
	diag_got(why, "one of %s, number %s, with another key",
		 cert_print(&c, subject, sizeof(subject)),
		 cert_print_serial(&c, serial, sizeof(serial)));
	diag_hint(why, "if that is the peer's new one, put it where the old one is, then "
		       "ipsec auto --rereadall; or let the connection go by its authority");
	cert_done(&c);
	return true;
}

static bool add_issuers(const struct trust_job *j, struct cert_list *to)
{
	for (size_t i = 0; i < j->issuers.len; i++) {
		struct cert copy = cert_copy(&j->issuers.items[i]);

		if (cert_list_add(to, &copy)) {
			cert_done(&copy);
			return false;
		}
	}
	return true;
}

/*
 * It is believed whoever issued it; but where a path shows who did, its revocation is asked about; and where
 * none does, of who issued it, if that is here, though it may have ended. Else it is watched by itself.
 */
bool check_named_work(struct trust_job *j)
{
	/* Longer keys that are asked for are the peer's matter: they must not hide who may revoke. */
	unsigned bits = j->rsa_bits_min < CONN_RSA_BITS_DEFAULT ? j->rsa_bits_min
								: CONN_RSA_BITS_DEFAULT;
	struct path_rules rules = {.now = j->now, .rsa_bits_min = bits};
	struct cert two[2] = {j->named};
	struct cert_list sent = {0}, path = {0}, alone = {two, 1, 1};
	bool well;

	if (j->sent_len && read_sent(j, &sent, NULL))
		cert_list_done(&sent); /* they would have been a help */
	if (j->issuers.len) {
		two[1] = j->issuers.items[0];
		alone.len = 2;
	}
	j->weak_path = !j->anchors || !add_issuers(j, &sent) ||
		       path_check(j->crypto, j->anchors, &j->named, &sent, &rules, &path, NULL);
	well = named_member(j, &path, &j->reply.why);
	if (well && !take_path(j, path.len ? &path : &alone) && j->groups) {
		job_fail(j, CYG_NOMEM); /* nobody would see to it that it stays one */
		well = false;
	}
	if (j->chain && !path.len)
		j->chain->until = j->named.not_after; /* whoever issued it */
	if (j->chain) {
		j->chain->named = true;
		j->chain->pathless = j->weak_path;
	}
	cert_list_done(&sent);
	cert_list_done(&path);
	kept_work(j);
	return well;
}

bool named_member(struct trust_job *j, const struct cert_list *path, struct diag *why)
{
	struct group_sources from = {j->acerts, j->ca_groups};
	struct path_rules rules = {.now = j->now, .rsa_bits_min = j->groups_bits_min};
	struct candidate c = {.holder = {.cert = &j->named, .issuer_held = j->issuer_held}};
	enum cyg_err err;

	if (!j->groups)
		return true;
	/* A path that the connection's own rules would refuse vouches for nobody. */
	j->weak_path |= path->len < 2 ||
			path_check_again(j->crypto, j->anchors, path, &rules, NULL);
	if (!j->weak_path)
		c.authorities = cert_list_above(path);
	err = membership_new(&from, NULL, &c, j->groups, j->now, &j->member, why);
	if (err == CYG_NOMEM)
		job_fail(j, err);
	j->unfit = err == CYG_AUTH;
	return !err;
}

/* ---- a certificate by itself ---- */

/* Whether one of its path was revoked. */
static enum cyg_err judge(struct trust *t, const struct trust_question *q,
			  const struct chain *c, struct diag *why)
{
	struct source *waits;

	switch (revoke_judge(&t->revoke, c, q->now, q->asks ? JUDGE_PEER : JUDGE_SILENTLY,
			     &waits, why)) {
	case STANDING_GOOD:
		return CYG_OK;
	case STANDING_WAITS:
		return CYG_AGAIN;
	default:
		return CYG_AUTH;
	}
}

enum cyg_err trust_believe(struct trust *t, const struct trust_question *q, struct diag *why)
{
	struct trust_job j = {
		.crypto = t->crypto,
		.now = q->now,
		.anchors = anchors_of(t),
		.remote = q->id,
		.authority = q->authority,
		.rsa_bits_min = q->rsa_bits_min,
		.groups = (char *)q->groups,
	};
	struct group_sources from;
	enum cyg_err err = group_sources_of(t, &from) &&
					   take_sent(NULL, q->certs, q->certs_len, &j)
				   ? CYG_OK
				   : CYG_NOMEM;

	j.acerts = t->acerts;
	j.ca_groups = t->ca_groups;
	diag_clear(why);
	if (!err)
		err = believe_sent(&j, why);
	if (!err)
		err = kept_begin(t, &j);
	if (!err) {
		kept_work(&j);
		kept_settle(t, &j, q->now);
		kept_take_answers(t, q, j.chain);
	}
	if (!err)
		err = judge(t, q, j.chain, why);
	chain_unref(j.chain);
	membership_free(j.member);
	shelf_unref(j.lists);
	shelf_unref(j.answers);
	cert_list_done(&j.signers);
	free(j.finds);
	key_done(&j.key);
	sent_done(&j);
	return err == CYG_OK || err == CYG_NOMEM || err == CYG_AGAIN ? err : CYG_AUTH;
}
