/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token_private.h"

#include <stdlib.h>

#define SIGNATURE_MAX 2048

struct token_key *token_key_ref(struct token_key *k)
{
	k->refs++;
	return k;
}

void token_key_unref(struct token_key *k)
{
	if (!k || --k->refs)
		return;
	k->module->C_CloseSession(k->session);
	pthread_mutex_destroy(&k->lock);
	free(k);
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

enum cyg_err token_sign(struct token_key *k, enum token_mechanism how, struct view input,
			struct bytes *ret)
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

	if (how == TOKEN_RSA_PSS) {
		if (!fill_pss(input.len, &pss))
			return CYG_UNSUPPORTED;
		m.pParameter = &pss;
		m.ulParameterLen = sizeof(pss);
	}
	if (sign(k, &m, input, out, &len) != CKR_OK)
		return CYG_CRYPTO;
	return bytes_copy(ret, view_of(out, len)) ? CYG_OK : CYG_NOMEM;
}
