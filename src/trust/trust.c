/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: authorities, certificates and keys, as their files are read. */
#include "trust/trust.h"

#include "crypto/hash.h"
#include "trust/eap.h"
#include "trust/early.h"
#include "trust/trust_private.h"

#include <stdlib.h>
#include <string.h>

struct trust *trust_new(struct crypto *crypto)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->crypto = crypto;
	pubkeys_init(&t->pubkeys);
	list_init(&t->waiting);
	list_init(&t->ready);
	familiar_init(&t->familiar);
	dns_proofs_init(&t->dns_proofs);
	revoke_init(&t->revoke, crypto, &t->authorities);
	t->secrets = secret_set_new();
	if (!t->secrets) {
		free(t);
		return NULL;
	}
	return t;
}

void trust_free(struct trust *t)
{
	if (!t)
		return;
	trust_settle_secrets(t, true);
	keyring_done(&t->keys);
	pubkeys_done(&t->pubkeys);
	stored_certs_done(&t->certs);
	stored_certs_done(&t->reading_certs);
	stored_pgps_done(&t->pgps);
	stored_pgps_done(&t->reading_pgps);
	stored_certs_done(&t->bundled);
	stored_certs_done(&t->cacerts);
	stored_certs_done(&t->cacert_files);
	stored_certs_done(&t->reading);
	stored_certs_done(&t->ocspcerts);
	stored_certs_done(&t->reading_ocspcerts);
	LIST_EACH(j, &t->waiting, struct trust_job, aging)
		trust_job_free(j);
	LIST_EACH(j, &t->ready, struct trust_job, waiting)
		trust_job_free(j);
	revoke_done(&t->revoke);
	dns_proofs_done(&t->dns_proofs);
	shelf_unref(t->lists);
	shelf_unref(t->reading_lists);
	shelf_unref(t->answers);
	stored_certs_done(&t->aacerts);
	stored_certs_done(&t->reading_aacerts);
	acert_set_unref(t->acerts);
	acert_set_unref(t->reading_acerts);
	familiar_clear(&t->familiar);
	path_anchors_unref(t->anchors);
	eap_forget_all(t);
	secret_set_free(t->secrets);
	ca_groups_unref(t->ca_groups);
	authorities_done(&t->authorities);
	free(t);
}

/* A key that can't be used is not there: who needs it is told. */
static void take_numbers(struct trust *t, const struct secret_record *r, int64_t now)
{
	struct key key;

	if (early_numbers(t->early, t->crypto, r->rsa, &key, NULL))
		return;
	if (keyring_add(&t->keys, &key, r, now))
		key_done(&key);
}

static void own_done(struct own_secrets *o)
{
	keyring_done(&o->keys);
	stored_certs_done(&o->bundled);
	secret_set_free(o->secrets);
	*o = (struct own_secrets){0};
}

static bool is_same_record(const struct secret_record *a, const struct secret_record *b)
{
	if (a->kind != b->kind || a->key != b->key || !a->prompt || !b->prompt ||
	    strcmp(a->name, b->name) != 0 || a->indices_len != b->indices_len)
		return false;
	for (size_t i = 0; i < a->indices_len; i++)
		if (!ident_equal(a->indices[i], b->indices[i]))
			return false;
	return true;
}

/* The certificates of a bundle, by the name of its record. CYG_NOMEM: some may be missing. */
static enum cyg_err keep_bundled(struct trust *t, const char *name)
{
	const struct stored_certs *from = &t->before.bundled;
	enum cyg_err err = CYG_OK;

	if (stored_certs_find(&t->bundled, name))
		return CYG_OK;
	for (size_t i = 0; !err && i < from->len; i++) {
		const struct stored_cert *c = from->items[i];

		if (!strcmp(c->file, name))
			err = stored_certs_add(&t->bundled, name, &c->cert, c->installed,
					       c->first);
	}
	return err;
}

/* What a person opened by a record stays open. Without memory it is asked for again. */
static void keep_opened(struct trust *t, const struct secret_record *r)
{
	const struct secret_record *was;

	for (size_t i = 0; (was = secret_set_at(t->before.secrets, i)); i++) {
		if (!is_same_record(was, r))
			continue;
		if (keyring_keep(&t->keys, &t->before.keys, was, r) ||
		    (r->key == SECRET_KEY_PKCS12 && keep_bundled(t, r->name)))
			keyring_forget(&t->keys, r, t->keys.len);
		return;
	}
}

/* A token takes its time: what it opened stays until it has answered (trust_drop_opened). */
static void keep_on_token(struct trust *t, const struct secret_record *r)
{
	const struct secret_record *was;

	for (size_t i = 0; (was = secret_set_at(t->before.secrets, i)); i++) {
		if (was->kind != SECRET_PIN || was->prompt || strcmp(was->name, r->name) != 0)
			continue;
		if (keyring_keep(&t->keys, &t->before.keys, was, r))
			keyring_forget(&t->keys, r, t->keys.len);
		return;
	}
}

void trust_try_secrets(struct trust *t, struct secret_set *take, int64_t now)
{
	const struct secret_record *r;

	own_done(&t->before);
	t->before = (struct own_secrets){t->secrets, t->keys, t->bundled};
	t->secrets = take;
	t->keys = (struct keyring){0};
	t->bundled = (struct stored_certs){0};
	for (size_t i = 0; (r = secret_set_at(take, i)); i++)
		if (r->kind == SECRET_RSA)
			take_numbers(t, r, now);
		else if (r->prompt)
			keep_opened(t, r);
		else if (r->kind == SECRET_PIN)
			keep_on_token(t, r);
}

void trust_settle_secrets(struct trust *t, bool tried)
{
	struct own_secrets now = {t->secrets, t->keys, t->bundled};

	if (!tried && t->before.secrets) {
		t->secrets = t->before.secrets;
		t->keys = t->before.keys;
		t->bundled = t->before.bundled;
		t->before = now;
	}
	own_done(&t->before);
}

void trust_set_secrets(struct trust *t, struct secret_set *take, int64_t now)
{
	trust_try_secrets(t, take, now);
	trust_settle_secrets(t, true);
}

const struct secret_set *trust_secrets(const struct trust *t)
{
	return t->secrets;
}

void trust_use_early(struct trust *t, struct trust_early *e)
{
	t->early = e;
}

size_t trust_keys(const struct trust *t)
{
	return t->keys.len;
}

/* The record says what kind of key it is: another one is a mistake worth telling. */
static bool is_right_kind(const struct secret_record *r, const struct key *k, struct diag *why)
{
	bool is_rsa = k->kind == KEY_RSA;
	bool is_ecdsa = k->kind >= KEY_ECDSA_256 && k->kind <= KEY_ECDSA_521;

	if ((r->key != SECRET_KEY_RSA || is_rsa) && (r->key != SECRET_KEY_ECDSA || is_ecdsa))
		return true;
	diag_set(why, "key-kind", NULL,
		 "the file holds another kind of key than it is said to");
	diag_wanted(why, "a key for  : %s", secret_record_word(r));
	diag_got(why, "%s", key_kind_name(k->kind));
	diag_hint(why, "write  : PKCS8 %s  which takes keys of any kind", r->name);
	return false;
}

static enum cyg_err add_bundle(struct trust *t, const struct secret_record *record,
			       struct view octets, struct view passphrase, int64_t now,
			       struct diag *why)
{
	struct bundle b;
	enum cyg_err err = early_bundle(t->early, t->crypto, octets, passphrase, &b, why);

	if (err)
		return err;
	err = keyring_add(&t->keys, &b.key, record, now);
	if (!err)
		b.key = (struct key){0};
	if (!err && b.certs.len)
		err = stored_certs_put(&t->bundled, record->name, &b.certs, now);
	bundle_done(&b);
	return err;
}

/* Zero, which is like no other file's, when it can't be computed. */
static void source_of(const struct trust *t, struct view octets, uint8_t out[static 32])
{
	if (hash_compute(t->crypto, HASH_SHA2_256, &octets, 1, out))
		memset(out, 0, 32);
}

static enum cyg_err add_key(struct trust *t, const struct secret_record *record,
			    struct view octets, struct view passphrase, int64_t now,
			    struct diag *why)
{
	struct key key;
	enum cyg_err err;

	if (record->key == SECRET_KEY_PKCS12)
		return add_bundle(t, record, octets, passphrase, now, why);
	err = early_private(t->early, t->crypto, octets, passphrase, &key, why);
	if (err)
		return err;
	err = is_right_kind(record, &key, why) ? keyring_add(&t->keys, &key, record, now)
					       : CYG_MALFORMED;
	if (err)
		key_done(&key);
	return err;
}

enum cyg_err trust_add_key(struct trust *t, const struct secret_record *record,
			   struct view octets, struct view passphrase, int64_t now,
			   struct diag *why)
{
	size_t before = t->keys.len;
	enum cyg_err err;

	if (!passphrase.len)
		passphrase = view_bytes(&record->value);
	err = add_key(t, record, octets, passphrase, now, why);
	if (err) {
		while (t->keys.len > before) /* its certificates could not be kept */
			key_done(&t->keys.items[--t->keys.len].key);
		return err;
	}
	source_of(t, octets, t->keys.items[t->keys.len - 1].source);
	keyring_forget(&t->keys, record, before);
	return CYG_OK;
}

static enum cyg_err key_of_cert(struct trust *t, struct view der, struct key *ret,
				struct diag *why)
{
	struct cert c;
	enum cyg_err err = cert_read_der(t->crypto, der, &c, why);

	if (err)
		return err;
	*ret = key_copy(&c.key);
	cert_done(&c);
	return CYG_OK;
}

enum cyg_err trust_add_signer(struct trust *t, const struct secret_record *record,
			      struct view half, bool is_cert, const struct key_signer *signer,
			      int64_t now, struct diag *why)
{
	struct key key;
	enum cyg_err err = is_cert ? key_of_cert(t, half, &key, why)
				   : key_read_public(t->crypto, half, &key, why);

	if (err)
		return err;
	key.signer = *signer;
	key.signer.ref(key.signer.ctx);
	err = keyring_add(&t->keys, &key, record, now);
	if (err)
		key_done(&key);
	return err;
}

bool trust_has_key(const struct trust *t, const struct secret_record *record)
{
	for (size_t i = 0; i < t->keys.len; i++)
		if (t->keys.items[i].record == record)
			return true;
	return false;
}

bool trust_has_key_of(const struct trust *t, const struct secret_record *record,
		      struct view octets)
{
	uint8_t source[32];

	source_of(t, octets, source);
	for (size_t i = 0; i < t->keys.len; i++) {
		const struct own_key *o = &t->keys.items[i];

		if (o->record == record && !memcmp(o->source, source, sizeof(source)))
			return true;
	}
	return false;
}

void trust_drop_opened(struct trust *t, const struct secret_record *record)
{
	keyring_forget(&t->keys, record, t->keys.len);
}

size_t trust_drop_signers(struct trust *t, bool (*gone)(void *ctx))
{
	return keyring_drop(&t->keys, gone);
}

enum cyg_err trust_put_public(struct trust *t, const char *name, struct view octets,
			      struct diag *why)
{
	return pubkeys_put(&t->pubkeys, t->crypto, name, octets, why);
}

const char *trust_cert_file(const struct trust *t, size_t at)
{
	if (at < t->certs.len)
		return t->certs.items[at]->file;
	at -= t->certs.len;
	return at < t->pgps.len ? t->pgps.items[at]->file : NULL;
}

const struct ident *trust_cert_identity(const struct trust *t, const char *names)
{
	const struct stored_cert *c = first_cert(t, names);
	const struct ident *id = NULL;

	return c && !cert_identity(&c->cert, &id) ? id : NULL;
}

const struct stored_cert *first_cert(const struct trust *t, const char *names)
{
	const struct stored_cert *found = NULL;
	char name[CONN_CERT_NAME_MAX];

	while (!found && connection_next_cert(&names, name, sizeof(name)))
		found = cert_of(t, name);
	return found;
}

const struct stored_pgp *first_pgp(const struct trust *t, const char *names)
{
	const struct stored_pgp *found = NULL;
	char name[CONN_CERT_NAME_MAX];

	while (!found && connection_next_cert(&names, name, sizeof(name)))
		found = stored_pgps_find(&t->pgps, name);
	return found;
}

const struct stored_cert *cert_of(const struct trust *t, const char *name)
{
	const struct stored_cert *found = stored_certs_find(&t->certs, name);

	return found ? found : stored_certs_find(&t->bundled, name);
}

const struct cert *issuer_of(const struct trust *t, const struct cert *c)
{
	const struct cert *found = stored_certs_issuer(&t->certs, c);

	if (!found)
		found = stored_certs_issuer(&t->bundled, c);
	return found ? found : stored_certs_issuer(&t->cacerts, c);
}

/* One of the names of leftcert= is that of a bundle that ipsec.secrets names. */
static bool names_bundle(const struct trust *t, const char *names)
{
	char name[CONN_CERT_NAME_MAX];
	const struct secret_record *r;

	while (connection_next_cert(&names, name, sizeof(name)))
		for (size_t i = 0; (r = secret_set_at(t->secrets, i)); i++)
			if (r->kind == SECRET_KEYFILE && r->key == SECRET_KEY_PKCS12 &&
			    !strcmp(r->name, name))
				return true;
	return false;
}

const struct key *end_key(struct trust *t, const struct connection *c, int end,
			  struct diag *why)
{
	const char *text = c->end[end].public_key;

	diag_clear(why);
	if (c->end[end].cert) {
		const struct stored_cert *s = first_cert(t, c->end[end].cert);
		const struct stored_pgp *p = s ? NULL : first_pgp(t, c->end[end].cert);

		if (s || p)
			return s ? &s->cert.key : &p->cert.key;
		diag_set(why, "cert-file", NULL, "the certificate %s of %scert= was not read",
			 c->end[end].cert, connection_side(end));
		if (names_bundle(t, c->end[end].cert))
			diag_hint(why, "ipsec auto --rereadsecrets  says why the PKCS #12 file "
				       "could not be opened");
		else
			diag_hint(why, "see what was said when conn %s was added; add it again",
				  c->name);
		return NULL;
	}
	/* %cert, and %dns...: what the peer has there is looked up when it has proven itself by it. */
	if (!text || *text == '%')
		return NULL;
	return pubkeys_find(&t->pubkeys, t->crypto, text, why);
}

bool key_is_long_enough(const struct key *k, unsigned rsa_bits_min, const char *connection,
			const char *whose, struct diag *why)
{
	if (k->kind != KEY_RSA || k->bits >= rsa_bits_min)
		return true;
	diag_set(why, "rsa-too-short", "RFC 8247 4", "%s is too short to be relied on", whose);
	diag_wanted(why, "RSA of at least %u bits", rsa_bits_min);
	diag_got(why, "%u bits", k->bits);
	diag_hint(why,
		  "make a longer one (ipsec newhostkey), or write rsa-min-bits=%u in conn %s",
		  k->bits, connection);
	return false;
}
