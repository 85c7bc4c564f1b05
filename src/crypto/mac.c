/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/mac.h"

#include "base/secret.h"
#include "crypto/impl.h"

#include <openssl/core_names.h>
#include <string.h>

#define SPAN 512 /* octets that CBC chains over at once */

static const uint8_t zero_block[MAC_BLOCK];

static enum cyg_err init_cmac(struct mac *m, const struct crypto *c, const struct alg *a)
{
	OSSL_PARAM cipher[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, (char *)a->ossl[0], 0),
		OSSL_PARAM_construct_end(),
	};
	enum cyg_err err;

	m->evp = EVP_MAC_CTX_new(c->cmac);
	err = ossl_object(m->evp);
	return err ? err : ossl_result(EVP_MAC_CTX_set_params(m->evp, cipher));
}

enum cyg_err mac_init(struct mac *m, const struct crypto *c, const struct alg *a)
{
	*m = (struct mac){.form = a->form};
	if (!a->built)
		return CYG_UNSUPPORTED;
	if (a->form == ALG_FORM_HMAC)
		return hmac_new(c, a->ossl[0], &m->evp);
	if (a->form == ALG_FORM_CMAC)
		return init_cmac(m, c, a);
	if (a->form != ALG_FORM_XCBC)
		return CYG_UNSUPPORTED;
	m->cbc = EVP_CIPHER_CTX_new();
	return ossl_object(m->cbc)
		       ?: ossl_result(EVP_EncryptInit_ex2(m->cbc,
							  c->cipher[ALG_ENCR_AES_CBC][0], NULL,
							  NULL, NULL));
}

void mac_done(struct mac *m)
{
	EVP_MAC_CTX_free(m->evp);
	EVP_CIPHER_CTX_free(m->cbc);
	secret_wipe(m, sizeof(*m));
}

/* ---- XCBC (RFC 3566 4) ---- */

/* Chain whole blocks on; the last block that comes out goes to `last`. */
static enum cyg_err xcbc_chain(struct mac *m, const uint8_t *in, size_t len,
			       uint8_t last[MAC_BLOCK])
{
	uint8_t out[SPAN];
	enum cyg_err err = CYG_OK;

	for (size_t at = 0; !err && at < len;) {
		size_t take = len - at < SPAN ? len - at : SPAN;
		int got = 0;

		err = ossl_result(EVP_EncryptUpdate(m->cbc, out, &got, in + at, (int)take));
		if (!err && (size_t)got != take)
			err = CYG_CRYPTO;
		at += take;
		if (!err)
			memcpy(last, out + take - MAC_BLOCK, MAC_BLOCK);
	}
	secret_wipe(out, sizeof(out));
	return err;
}

static enum cyg_err xcbc_again(struct mac *m)
{
	m->held_len = 0;
	return ossl_result(EVP_EncryptInit_ex2(m->cbc, NULL, NULL, zero_block, NULL));
}

static enum cyg_err xcbc_set_cipher(struct mac *m, const uint8_t key[MAC_BLOCK])
{
	enum cyg_err err = ossl_result(
		EVP_EncryptInit_ex2(m->cbc, NULL, key, zero_block, NULL));

	return err ? err : ossl_result(EVP_CIPHER_CTX_set_padding(m->cbc, 0));
}

/* K1, K2 and K3 are the images of three constants. */
static enum cyg_err xcbc_set_key(struct mac *m, const uint8_t key[MAC_BLOCK])
{
	uint8_t made[3][MAC_BLOCK], constant[MAC_BLOCK];
	enum cyg_err err = xcbc_set_cipher(m, key);

	for (int i = 0; !err && i < 3; i++) {
		memset(constant, i + 1, sizeof(constant));
		err = xcbc_again(m);
		if (!err)
			err = xcbc_chain(m, constant, MAC_BLOCK, made[i]);
	}
	if (!err) {
		memcpy(m->full, made[1], MAC_BLOCK);
		memcpy(m->padded, made[2], MAC_BLOCK);
		err = xcbc_set_cipher(m, made[0]);
	}
	secret_wipe(made, sizeof(made));
	m->held_len = 0;
	return err;
}

static enum cyg_err xcbc_add(struct mac *m, struct view v)
{
	uint8_t unused[MAC_BLOCK];
	enum cyg_err err = CYG_OK;
	size_t whole;

	if (m->held_len + v.len > MAC_BLOCK) {
		size_t fill = MAC_BLOCK - m->held_len;

		if (fill)
			memcpy(m->held + m->held_len, v.ptr, fill);
		v = view_of(v.ptr + fill, v.len - fill);
		err = xcbc_chain(m, m->held, MAC_BLOCK, unused);
		whole = (v.len - 1) / MAC_BLOCK * MAC_BLOCK;
		if (!err)
			err = xcbc_chain(m, v.ptr, whole, unused);
		v = view_of(v.ptr + whole, v.len - whole);
		m->held_len = 0;
	}
	if (v.len)
		memcpy(m->held + m->held_len, v.ptr, v.len);
	m->held_len += v.len;
	return err;
}

static enum cyg_err xcbc_end(struct mac *m, uint8_t out[MAC_BLOCK])
{
	const uint8_t *mask = m->held_len == MAC_BLOCK ? m->full : m->padded;

	if (m->held_len < MAC_BLOCK) {
		memset(m->held + m->held_len, 0, MAC_BLOCK - m->held_len);
		m->held[m->held_len] = 0x80;
	}
	for (size_t i = 0; i < MAC_BLOCK; i++)
		m->held[i] ^= mask[i];
	return xcbc_chain(m, m->held, MAC_BLOCK, out);
}

/* ---- all of them ---- */

static enum cyg_err set_block_key(struct mac *m, const uint8_t key[MAC_BLOCK])
{
	if (m->form == ALG_FORM_XCBC)
		return xcbc_set_key(m, key);
	memcpy(m->key, key, MAC_BLOCK);
	return hmac_key(m->evp, view_of(key, MAC_BLOCK));
}

/* The code of the key itself under a key of zeros. */
static enum cyg_err fold_key(struct mac *m, struct view key, uint8_t out[MAC_BLOCK])
{
	enum cyg_err err = set_block_key(m, zero_block);

	if (!err)
		err = mac_add(m, &key, 1);
	return err ? err : mac_end(m, out, MAC_BLOCK);
}

enum cyg_err mac_key(struct mac *m, struct view key)
{
	uint8_t block[MAC_BLOCK] = {0};
	enum cyg_err err = CYG_OK;

	if (m->form == ALG_FORM_HMAC)
		return hmac_key(m->evp, key);
	/* RFC 4434 2 fills a short key with zeros; RFC 4615 3 folds it like a long one. */
	if (key.len > MAC_BLOCK || (key.len < MAC_BLOCK && m->form == ALG_FORM_CMAC))
		err = fold_key(m, key, block);
	else if (key.len)
		memcpy(block, key.ptr, key.len);
	if (!err)
		err = set_block_key(m, block);
	secret_wipe(block, sizeof(block));
	return err;
}

enum cyg_err mac_again(struct mac *m)
{
	if (m->form == ALG_FORM_HMAC)
		return hmac_again(m->evp);
	/* Not every libcrypto begins CMAC again without being given the key. */
	return m->form == ALG_FORM_CMAC ? hmac_key(m->evp, view_of(m->key, MAC_BLOCK))
					: xcbc_again(m);
}

enum cyg_err mac_add(struct mac *m, const struct view *parts, size_t n)
{
	enum cyg_err err = CYG_OK;

	if (m->form != ALG_FORM_XCBC)
		return hmac_add(m->evp, parts, n);
	for (size_t i = 0; !err && i < n; i++)
		err = xcbc_add(m, parts[i]);
	return err;
}

enum cyg_err mac_end(struct mac *m, uint8_t *out, size_t len)
{
	if (m->form != ALG_FORM_XCBC)
		return hmac_end(m->evp, out, len);
	return len == MAC_BLOCK ? xcbc_end(m, out) : CYG_CRYPTO;
}
