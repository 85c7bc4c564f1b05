/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token_private.h"

#include <p11-kit/p11-kit.h>
#include <signal.h>
#include <stdlib.h>

#define SIGNATURE_MAX 2048

struct token_key *token_key_ref(struct token_key *k)
{
	k->refs++;
	return k;
}

void token_key_unref(struct token_key *k)
{
	struct tokens *t = k ? k->tokens : NULL;

	if (!k || --k->refs)
		return;
	pthread_mutex_lock(&t->lock);
	list_append(&t->closing, &k->closing);
	pthread_mutex_unlock(&t->lock);
}

bool token_key_is_gone(const struct token_key *k)
{
	return k->gone;
}

void tokens_tidy(struct tokens *t)
{
	struct list all;

	list_init(&all);
	pthread_mutex_lock(&t->lock);
	LIST_EACH(k, &t->closing, struct token_key, closing) {
		list_remove(&k->closing);
		list_append(&all, &k->closing);
	}
	pthread_mutex_unlock(&t->lock);
	LIST_EACH(k, &all, struct token_key, closing) {
		list_remove(&k->link);
		k->module->C_CloseSession(k->session);
		free(k);
	}
}

/* The hash is known by its length. False: none of these. */
static bool fill_pss(size_t hash_len, CK_RSA_PKCS_PSS_PARAMS *p)
{
	static const struct {
		size_t len;
		CK_MECHANISM_TYPE hash;
		CK_RSA_PKCS_MGF_TYPE mgf;
	} hashes[] = {{32, CKM_SHA256, CKG_MGF1_SHA256},
		      {48, CKM_SHA384, CKG_MGF1_SHA384},
		      {64, CKM_SHA512, CKG_MGF1_SHA512}};

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (hashes[i].len == hash_len) {
			*p = (CK_RSA_PKCS_PSS_PARAMS){hashes[i].hash, hashes[i].mgf, hash_len};
			return true;
		}
	return false;
}

/* ---- a thread for each, which a module may keep ---- */

struct signing {
	struct token_key *key; /* one reference */
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_PSS_PARAMS pss;
	struct bytes input;
	uint8_t out[SIGNATURE_MAX];
	CK_ULONG len;
	CK_RV rv;
	bool done, left; /* tokens.lock; left: nobody waits for it any more */
};

static void signing_free(struct signing *s)
{
	if (s)
		bytes_done(&s->input);
	free(s);
}

/* Its thread holds the key no longer; whoever comes later frees it. Lock held. */
static bool finish(struct signing *s)
{
	struct token_key *k = s->key;
	struct tokens *t = k->tokens;

	s->done = true;
	k->busy = k->overdue = false;
	if (!--k->refs)
		list_append(&t->closing, &k->closing);
	t->signing--;
	pthread_cond_broadcast(&t->signed_one);
	return s->left;
}

static void *work(void *arg)
{
	struct signing *s = arg;
	struct token_key *k = s->key;
	struct tokens *t = k->tokens;
	bool left;

	s->rv = k->module->C_SignInit(k->session, &s->mechanism, k->object);
	if (s->rv == CKR_OK)
		s->rv = k->module->C_Sign(k->session, s->input.ptr, s->input.len, s->out,
					  &s->len);
	pthread_mutex_lock(&t->lock);
	left = finish(s);
	pthread_mutex_unlock(&t->lock);
	if (left)
		signing_free(s);
	return NULL;
}

static bool start(struct signing *s)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	bool well;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all); /* signals are the loop's business alone */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	well = !pthread_create(&thread, &attr, work, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return well;
}

void token_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

struct timespec token_after_ms(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}

void token_signing_init(struct tokens *t)
{
	t->sign_ms = TOKEN_SIGN_MS;
	pthread_mutex_init(&t->lock, NULL);
	token_cond_init(&t->signed_one);
}

bool token_signing_ends(struct tokens *t)
{
	struct timespec until = token_after_ms(1000);
	bool ends;

	pthread_mutex_lock(&t->lock);
	while (t->signing)
		if (pthread_cond_timedwait(&t->signed_one, &t->lock, &until))
			break;
	ends = !t->signing;
	pthread_mutex_unlock(&t->lock);
	return ends;
}

void token_signing_done(struct tokens *t)
{
	pthread_cond_destroy(&t->signed_one);
	pthread_mutex_destroy(&t->lock);
}

void tokens_stop(struct tokens *t)
{
	pthread_mutex_lock(&t->lock);
	t->stopped = true;
	pthread_cond_broadcast(&t->signed_one);
	pthread_mutex_unlock(&t->lock);
}

/* ---- the caller's side ---- */

static enum cyg_err refuse(const struct token_key *k, const char *got, struct diag *why)
{
	diag_set(why, "token-signature", NULL, "the token %s did not sign", k->token);
	diag_got(why, "%s", got);
	diag_hint(why, "is the token there? ipsec auto --listcards  shows it");
	return CYG_CRYPTO;
}

static enum cyg_err refuse_silent(const struct token_key *k, struct diag *why)
{
	refuse(k, "no answer", why);
	diag_wanted(why, "a signature within %u seconds", k->tokens->sign_ms / 1000);
	diag_hint(why,
		  "take it out and put it in again; it is asked again when it has answered");
	return CYG_CRYPTO;
}

static struct signing *signing_new(struct token_key *k, const CK_MECHANISM *m,
				   const CK_RSA_PKCS_PSS_PARAMS *pss, struct view input)
{
	struct signing *s = calloc(1, sizeof(*s));

	if (!s || !bytes_copy(&s->input, input)) {
		free(s);
		return NULL;
	}
	s->key = k;
	s->mechanism = *m;
	s->pss = *pss;
	if (m->pParameter)
		s->mechanism.pParameter = &s->pss;
	s->len = sizeof(s->out);
	return s;
}

/* Wait until the key does nothing else, and take it. Lock held. */
static bool take_turn(struct token_key *k)
{
	struct tokens *t = k->tokens;
	struct timespec until = token_after_ms(t->sign_ms);

	while (k->busy && !k->overdue && !t->stopped)
		if (pthread_cond_timedwait(&t->signed_one, &t->lock, &until))
			break;
	if (k->busy || t->stopped)
		return false;
	k->busy = true;
	k->refs++;
	t->signing++;
	return true;
}

/* True: it is done, in whatever way; else its thread frees it. Lock held. */
static bool await(struct signing *s)
{
	struct token_key *k = s->key;
	struct tokens *t = k->tokens;
	struct timespec until = token_after_ms(t->sign_ms);

	while (!s->done && !t->stopped)
		if (pthread_cond_timedwait(&t->signed_one, &t->lock, &until))
			break;
	s->left = !s->done;
	k->overdue |= s->left;
	return s->done;
}

/* False: the token was silent. */
static bool perform(struct token_key *k, struct signing *s)
{
	struct tokens *t = k->tokens;
	bool done = false;

	pthread_mutex_lock(&t->lock);
	if (!take_turn(k)) {
		pthread_mutex_unlock(&t->lock);
		signing_free(s);
		return false;
	}
	pthread_mutex_unlock(&t->lock);
	if (!start(s)) {
		s->rv = CKR_HOST_MEMORY;
		pthread_mutex_lock(&t->lock);
		finish(s);
		pthread_mutex_unlock(&t->lock);
		return true;
	}
	pthread_mutex_lock(&t->lock);
	done = await(s);
	pthread_mutex_unlock(&t->lock);
	return done;
}

enum cyg_err token_sign(struct token_key *k, enum token_mechanism how, struct view input,
			struct bytes *ret, struct diag *why)
{
	static const CK_MECHANISM_TYPE mechanisms[] = {
		[TOKEN_RSA_PKCS1] = CKM_RSA_PKCS,
		[TOKEN_RSA_PSS] = CKM_RSA_PKCS_PSS,
		[TOKEN_ECDSA] = CKM_ECDSA,
		[TOKEN_EDDSA] = CKM_EDDSA,
	};
	CK_MECHANISM m = {mechanisms[how], NULL, 0};
	CK_RSA_PKCS_PSS_PARAMS pss = {0};
	enum cyg_err err = CYG_OK;
	struct signing *s;

	if (how == TOKEN_RSA_PSS) {
		if (!fill_pss(input.len, &pss))
			return CYG_UNSUPPORTED;
		m.pParameter = &pss;
		m.ulParameterLen = sizeof(pss);
	}
	s = signing_new(k, &m, &pss, input);
	if (!s)
		return CYG_NOMEM;
	if (!perform(k, s))
		return refuse_silent(k, why);
	if (s->rv != CKR_OK)
		err = refuse(k, p11_kit_strerror(s->rv), why);
	else if (!bytes_copy(ret, view_of(s->out, s->len)))
		err = CYG_NOMEM;
	signing_free(s);
	return err;
}
