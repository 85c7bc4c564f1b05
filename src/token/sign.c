/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token_private.h"

#include <p11-kit/p11-kit.h>
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
		pthread_mutex_destroy(&k->lock);
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

static CK_RV sign(struct token_key *k, CK_MECHANISM *m, struct view input, uint8_t *out,
		  CK_ULONG *len)
{
	CK_RV rv;

	pthread_mutex_lock(&k->lock);
	rv = k->module->C_SignInit(k->session, m, k->object);
	if (rv == CKR_OK)
		rv = k->module->C_Sign(k->session, (CK_BYTE_PTR)input.ptr, input.len, out, len);
	pthread_mutex_unlock(&k->lock);
	return rv;
}

static enum cyg_err refuse(const struct token_key *k, CK_RV rv, struct diag *why)
{
	diag_set(why, "token-signature", NULL, "the token %s did not sign", k->token);
	diag_got(why, "%s", p11_kit_strerror(rv));
	diag_hint(why, "is the token there? ipsec auto --listcards  shows it");
	return CYG_CRYPTO;
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
	CK_RSA_PKCS_PSS_PARAMS pss;
	uint8_t out[SIGNATURE_MAX];
	CK_ULONG len = sizeof(out);
	CK_RV rv;

	if (how == TOKEN_RSA_PSS) {
		if (!fill_pss(input.len, &pss))
			return CYG_UNSUPPORTED;
		m.pParameter = &pss;
		m.ulParameterLen = sizeof(pss);
	}
	rv = sign(k, &m, input, out, &len);
	if (rv != CKR_OK)
		return refuse(k, rv, why);
	return bytes_copy(ret, view_of(out, len)) ? CYG_OK : CYG_NOMEM;
}
