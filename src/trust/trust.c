/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept, and how a request becomes a job: what must be found is found first, and computed later. */
#include "trust/trust.h"

#include "base/text.h"
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
	keyring_done(&t->keys);
	pubkeys_done(&t->pubkeys);
	secret_set_free(t->secrets);
	authorities_done(&t->authorities);
	free(t);
}

/* A key that can't be used is not there: who needs it is told. */
static void take_numbers(struct trust *t, const struct secret_record *r, int64_t now)
{
	struct key key;

	if (key_read_numbers(t->crypto, r->rsa, &key, NULL))
		return;
	if (keyring_add(&t->keys, &key, r, now))
		key_done(&key);
}

void trust_set_secrets(struct trust *t, struct secret_set *take, int64_t now)
{
	const struct secret_record *r;

	keyring_done(&t->keys);
	secret_set_free(t->secrets);
	t->secrets = take;
	for (size_t i = 0; (r = secret_set_at(take, i)); i++)
		if (r->kind == SECRET_RSA)
			take_numbers(t, r, now);
}

const struct secret_set *trust_secrets(const struct trust *t)
{
	return t->secrets;
}

enum cyg_err trust_add_authority(struct trust *t, const struct authority *says,
				 struct view certificate, int64_t now, struct diag *why)
{
	struct cert_names names;
	enum cyg_err bad = CYG_OK, err;

	if (certificate.len)
		bad = cert_names(t->crypto, certificate, &names);
	err = authorities_add(&t->authorities, says, certificate.len && !bad ? &names : NULL,
			      now);
	if (err || !bad)
		return err;
	diag_set(why, "ca-certificate", "RFC 5280 4.1", "%.100s holds no certificate: %s",
		 says->cacert ? says->cacert : "the file", cyg_err_text(bad));
	diag_wanted(why, "one X.509 certificate, PEM or DER");
	return CYG_MALFORMED;
}

size_t trust_delete_authorities(struct trust *t, const char *pattern)
{
	return authorities_delete(&t->authorities, pattern);
}

const struct authorities *trust_authorities(const struct trust *t)
{
	return &t->authorities;
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

enum cyg_err trust_add_key(struct trust *t, const struct secret_record *record,
			   struct view octets, int64_t now, struct diag *why)
{
	struct key key;
	enum cyg_err err = key_read_private(t->crypto, octets, view_bytes(&record->value), &key,
					    why);

	if (err)
		return err;
	err = is_right_kind(record, &key, why) ? keyring_add(&t->keys, &key, record, now)
					       : CYG_MALFORMED;
	if (err)
		key_done(&key);
	return err;
}

enum cyg_err trust_put_public(struct trust *t, const char *name, struct view octets,
			      struct diag *why)
{
	return pubkeys_put(&t->pubkeys, t->crypto, name, octets, why);
}

const struct key *end_key(struct trust *t, const struct connection *c, int end,
			  struct diag *why)
{
	const char *text = c->end[end].public_key;

	diag_clear(why);
	if (!text || text_same(text, "%cert"))
		return NULL;
	if (*text != '%')
		return pubkeys_find(&t->pubkeys, t->crypto, text, why);
	diag_set(why, "key-from-dns", NULL, "this version looks up no keys in DNS");
	diag_wanted(why, "%srsasigkey=0s... with the key itself", connection_side(end));
	diag_got(why, "%srsasigkey=%s", connection_side(end), text);
	return NULL;
}

bool key_is_long_enough(const struct key *k, const struct connection *c, const char *whose,
			struct diag *why)
{
	if (k->kind != KEY_RSA || k->bits >= c->rsa_bits_min)
		return true;
	diag_set(why, "rsa-too-short", "RFC 8247 4", "%s is too short to be relied on", whose);
	diag_wanted(why, "RSA of at least %u bits", c->rsa_bits_min);
	diag_got(why, "%u bits", k->bits);
	diag_hint(why,
		  "make a longer one (ipsec newhostkey), or write rsa-min-bits=%u in conn %s",
		  k->bits, c->name);
	return false;
}

/* ---- jobs ---- */

void trust_reply_done(struct trust_reply *r)
{
	bytes_wipe(&r->data);
}

void job_fail(struct trust_job *j, enum cyg_err err)
{
	j->reply.answer.err = err;
	j->done = true;
}

bool job_take_octets(struct trust_job *j, const struct auth_request *r)
{
	size_t len = r->message.len + r->nonce.len + r->maced_id.len;
	uint8_t *at = malloc(len + 1);

	if (!at) {
		job_fail(j, CYG_NOMEM);
		return false;
	}
	j->octets = (struct bytes){at, len};
	if (r->message.len)
		at = mempcpy(at, r->message.ptr, r->message.len);
	if (r->nonce.len)
		at = mempcpy(at, r->nonce.ptr, r->nonce.len);
	if (r->maced_id.len)
		memcpy(at, r->maced_id.ptr, r->maced_id.len);
	return true;
}

static void begin(struct trust *t, const struct action *request, struct trust_job *j)
{
	*j = (struct trust_job){.crypto = t->crypto, .reply.answer.op = request->op};
	switch (request->kind) {
	case ACT_AUTH_MAKE:
		j->making = true;
		make_begin(t, &request->auth, j);
		break;
	case ACT_AUTH_CHECK:
		check_begin(t, &request->auth, j);
		break;
	default:
		job_fail(j, CYG_UNSUPPORTED);
	}
}

struct trust_job *trust_begin(struct trust *t, const struct action *request, int64_t now)
{
	struct trust_job *j = malloc(sizeof(*j));

	if (j)
		begin(t, request, j);
	return j;
}

bool trust_job_is_done(const struct trust_job *j)
{
	return j->done;
}

static void explain_mismatch(struct trust_job *j, size_t len)
{
	struct diag *why = &j->reply.why;
	char key[100];

	diag_set(why, "auth-mismatch", "RFC 7296 2.15",
		 "the peer's signature is not made with the key it is known by");
	diag_wanted(why, "a signature with the private half of %s (%s)", j->key_name,
		    key_print(&j->key, key, sizeof(key)));
	diag_got(why, "a signature (%s) of %zu octets that does not fit it",
		 sig_name(j->scheme), len);
	diag_hint(why, "ipsec showhostkey --right  prints the peer's present key there");
}

void trust_job_work(struct trust_job *j)
{
	struct answer *a = &j->reply.answer;

	if (j->done)
		return;
	j->done = true;
	if (j->making) {
		a->err = sig_make(j->crypto, j->scheme, &j->key, view_bytes(&j->octets),
				  &j->reply.data);
		a->auth.method = sig_method(j->scheme);
		if (a->err == CYG_CRYPTO)
			diag_set(&j->reply.why, "auth-not-computed", NULL,
				 "libcrypto did not sign (%s) with %s", sig_name(j->scheme),
				 j->key_name);
		return;
	}
	a->err = sig_check(j->crypto, j->scheme, &j->key, view_bytes(&j->octets),
			   view_bytes(&j->signature));
	a->auth.valid = !a->err;
	if (a->err == CYG_AUTH) {
		a->err = CYG_OK;
		explain_mismatch(j, j->signature.len);
	}
}

/* The answer's views, once nothing moves any more. */
static void settle(struct trust_reply *r, bool making)
{
	if (making)
		r->answer.auth.data = view_bytes(&r->data);
	r->answer.why = diag_is_set(&r->why) ? &r->why : NULL;
}

const struct trust_reply *trust_job_reply(const struct trust_job *j)
{
	settle(&((struct trust_job *)j)->reply, j->making);
	return &j->reply;
}

static void job_done(struct trust_job *j)
{
	key_done(&j->key);
	bytes_done(&j->octets);
	bytes_done(&j->signature);
}

void trust_job_free(struct trust_job *j)
{
	if (!j)
		return;
	job_done(j);
	trust_reply_done(&j->reply);
	free(j);
}

void trust_ask(struct trust *t, const struct action *request, int64_t now,
	       struct trust_reply *ret)
{
	struct trust_job j;

	begin(t, request, &j);
	trust_job_work(&j);
	*ret = j.reply;
	settle(ret, j.making);
	job_done(&j);
}
