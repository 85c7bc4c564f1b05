/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/suite.h"

#include "base/secret.h"
#include "crypto/gcm.h"
#include "crypto/impl.h"
#include "crypto/mac.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * A context is the one engine: the functions that take bare keys make one on
 * the stack, use it once and clear it. An AEAD takes salt || iv as its nonce
 * (RFC 4106 4, RFC 4309 4, RFC 7634 2). A cipher with a MAC encrypts first,
 * then authenticates aad | iv | text | tail (RFC 7296 3.14, RFC 4303 2.8).
 */

#define NONCE_MAX 16

struct suite_ctx {
	struct suite suite;
	enum suite_way way;
	EVP_CIPHER_CTX *cipher;        /* NULL when nothing is enciphered, or with `gcm` */
	const struct gcm_library *gcm; /* what AES-GCM is done with; NULL: `cipher` */
	void *gcm_key;                 /* in the same allocation */
	struct mac mac;                /* not with an AEAD */
	uint8_t nonce[NONCE_MAX];      /* the salt stands at its start */
	uint8_t mask[SUITE_IV_MAX];    /* CBC: what numbers are added to */
};

/* Where the key of `gcm` lies, from the context's start. */
#define GCM_KEY_AT \
	((sizeof(struct suite_ctx) + GCM_KEY_ALIGN - 1) / GCM_KEY_ALIGN * GCM_KEY_ALIGN)

static bool no_integ(const struct alg *integ)
{
	return !integ || integ->id == ALG_INTEG_NONE;
}

static enum cyg_err check_rows(const struct alg *encr, const struct alg *integ, unsigned use)
{
	if (!encr || encr->kind != ALG_ENCR || alg_refusal(encr, use))
		return CYG_UNSUPPORTED;
	if (integ && (integ->kind != ALG_INTEG || alg_refusal(integ, use)))
		return CYG_UNSUPPORTED;
	/* RFC 7296 3.3: an AEAD goes without integrity algorithm, other ciphers need one. */
	return encr->aead == no_integ(integ) ? CYG_OK : CYG_CONFLICT;
}

enum cyg_err suite_make(const struct alg *encr, uint16_t bits, const struct alg *integ,
			unsigned use, struct suite *ret)
{
	struct suite s = {.encr = encr, .integ = no_integ(integ) ? NULL : integ};
	enum cyg_err err = check_rows(encr, integ, use);

	if (err)
		return err;
	s.bits = bits ? bits : encr->bits_default;
	if (!alg_bits_ok(encr, s.bits))
		return CYG_RANGE;
	s.encr_len = (uint8_t)(alg_key_len(encr, s.bits) + encr->salt_len);
	s.integ_len = (uint8_t)(s.integ ? s.integ->key_len : 0);
	s.iv_len = encr->iv_len;
	s.icv_len = s.integ ? s.integ->icv_len : encr->icv_len;
	s.block_len = encr->block_len;
	*ret = s;
	return CYG_OK;
}

static void ctx_done(struct suite_ctx *x)
{
	if (x->gcm)
		secret_wipe(x->gcm_key, GCM_KEY_SIZE);
	EVP_CIPHER_CTX_free(x->cipher);
	if (x->suite.integ)
		mac_done(&x->mac);
	secret_wipe(x, sizeof(*x));
}

/* What CCM has to know before its key: L = 15 - the nonce's octets, and M (RFC 4309 3). */
static enum cyg_err ctx_set_ccm(struct suite_ctx *x)
{
	int nonce_len = x->suite.encr->salt_len + x->suite.iv_len;
	enum cyg_err err = ossl_result(
		EVP_CIPHER_CTX_ctrl(x->cipher, EVP_CTRL_AEAD_SET_IVLEN, nonce_len, NULL));

	return err ? err
		   : ossl_result(EVP_CIPHER_CTX_ctrl(x->cipher, EVP_CTRL_AEAD_SET_TAG,
						     x->suite.icv_len, NULL));
}

/* What has to be settled between cipher and key. */
static enum cyg_err ctx_prepare(struct suite_ctx *x, const EVP_CIPHER *cipher, int forward)
{
	const struct alg *encr = x->suite.encr;
	int key_len = (int)alg_key_len(encr, x->suite.bits);
	enum cyg_err err = ossl_result(
		EVP_CipherInit_ex2(x->cipher, cipher, NULL, NULL, forward, NULL));

	if (!err && encr->legacy)
		err = ossl_result(EVP_CIPHER_CTX_set_key_length(x->cipher, key_len));
	return err || encr->form != ALG_FORM_CCM ? err : ctx_set_ccm(x);
}

static enum cyg_err ctx_set_key(struct suite_ctx *x, const EVP_CIPHER *cipher,
				const uint8_t *key)
{
	/* CBC makes its IVs with the cipher itself: see seal_iv_cbc. */
	int forward = x->way == SUITE_SEAL;
	enum cyg_err err = CYG_OK;

	if (x->suite.encr->legacy || x->suite.encr->form == ALG_FORM_CCM) {
		err = ctx_prepare(x, cipher, forward);
		cipher = NULL;
	}
	return err ? err
		   : ossl_result(
			     EVP_CipherInit_ex2(x->cipher, cipher, key, NULL, forward, NULL));
}

static enum cyg_err ctx_init_cipher(struct suite_ctx *x, struct crypto *c, const uint8_t *key)
{
	const EVP_CIPHER *cipher = NULL;
	enum cyg_err err;

	if (x->suite.encr->form == ALG_FORM_NULL)
		return CYG_OK;
	err = crypto_cipher(c, x->suite.encr, x->suite.bits, &cipher);
	if (!err) {
		x->cipher = EVP_CIPHER_CTX_new();
		err = ossl_object(x->cipher);
	}
	if (!err)
		err = ctx_set_key(x, cipher, key);
	if (!err)
		err = ossl_result(EVP_CIPHER_CTX_set_padding(x->cipher, 0));
	return err;
}

static enum cyg_err ctx_init(struct suite_ctx *x, struct crypto *c, const struct suite *s,
			     const struct suite_key *key, enum suite_way way)
{
	size_t salt = s->encr->salt_len;
	enum cyg_err err;

	*x = (struct suite_ctx){.suite = *s, .way = way};
	if (s->encr_len > SUITE_ENCR_MAX || s->integ_len > SUITE_INTEG_MAX)
		return CYG_RANGE;
	memcpy(x->nonce, key->encr + s->encr_len - salt, salt);
	err = ctx_init_cipher(x, c, key->encr);
	if (!err && s->integ)
		err = mac_init(&x->mac, c, s->integ);
	if (!err && s->integ)
		err = mac_key(&x->mac, view_of(key->integ, s->integ_len));
	if (err)
		ctx_done(x);
	return err;
}

/* ChaCha20-Poly1305 has the same form, and no choice of key sizes. */
static bool is_aes_gcm(const struct suite *s)
{
	return s->encr->form == ALG_FORM_GCM && s->bits;
}

/* AES-GCM without libcrypto: the key lies behind the context. */
static void ctx_init_gcm(struct suite_ctx *x, const struct gcm_library *gcm,
			 const struct suite *s, const struct suite_key *key, enum suite_way way)
{
	size_t salt = s->encr->salt_len;

	*x = (struct suite_ctx){.suite = *s,
				.way = way,
				.gcm = gcm,
				.gcm_key = (uint8_t *)x + GCM_KEY_AT};
	memcpy(x->nonce, key->encr + s->encr_len - salt, salt);
	gcm_key_set(gcm, s->bits, key->encr, x->gcm_key);
}

enum cyg_err suite_ctx_new(struct crypto *c, const struct suite *s, const struct suite_key *key,
			   enum suite_way way, struct suite_ctx **ret)
{
	bool gcm = c->gcm && is_aes_gcm(s);
	struct suite_ctx *x = gcm ? aligned_alloc(GCM_KEY_ALIGN, GCM_KEY_AT + GCM_KEY_SIZE)
				  : malloc(sizeof(*x));
	enum cyg_err err = CYG_OK;

	if (!x)
		return CYG_NOMEM;
	if (gcm)
		ctx_init_gcm(x, c->gcm, s, key, way);
	else
		err = ctx_init(x, c, s, key, way);
	if (!err && way == SUITE_SEAL && s->encr->form == ALG_FORM_CBC) {
		err = crypto_random(c, x->mask, sizeof(x->mask));
		if (err)
			ctx_done(x);
	}
	if (err)
		free(x);
	else
		*ret = x;
	return err;
}

void suite_ctx_free(struct suite_ctx *x)
{
	if (!x)
		return;
	ctx_done(x);
	free(x);
}

/* Feed `len` octets from `in`; out NULL authenticates only. */
static enum cyg_err cipher_add(EVP_CIPHER_CTX *cipher, uint8_t *out, const uint8_t *in,
			       size_t len)
{
	int got = 0;
	enum cyg_err err;

	if (!len)
		return CYG_OK;
	err = ossl_result(EVP_CipherUpdate(cipher, out, &got, in, (int)len));
	return !err && (size_t)got != len ? CYG_CRYPTO : err;
}

static bool lengths_ok(const struct suite *s, const struct suite_packet *p)
{
	if (p->len > INT_MAX || p->aad.len > INT_MAX)
		return false;
	if (s->integ || s->encr->form == ALG_FORM_CCM)
		return p->len && p->len % s->block_len == 0 && (s->integ || !p->tail.len);
	return !p->tail.len;
}

static void write_number(uint8_t *out, size_t len, uint64_t number)
{
	for (size_t i = 0; i < len; i++)
		out[i] = i < 8 ? (uint8_t)(number >> (56 - 8 * i)) : 0;
}

/*
 * Nonce and associated data. CCM's first block has all lengths in it, so the
 * text's goes ahead; GMAC covers IV and text like associated data (RFC 4543 3.3).
 */
static enum cyg_err aead_begin(struct suite_ctx *x, const struct suite_packet *p)
{
	uint8_t form = x->suite.encr->form;
	int none = 0;
	enum cyg_err err;

	memcpy(x->nonce + x->suite.encr->salt_len, p->iv, x->suite.iv_len);
	err = ossl_result(EVP_CipherInit_ex2(x->cipher, NULL, NULL, x->nonce, -1, NULL));
	if (!err && form == ALG_FORM_CCM)
		err = ossl_result(EVP_CipherUpdate(x->cipher, NULL, &none, NULL, (int)p->len));
	if (!err)
		err = cipher_add(x->cipher, NULL, p->aad.ptr, p->aad.len);
	if (!err && form == ALG_FORM_GMAC)
		err = cipher_add(x->cipher, NULL, p->iv, x->suite.iv_len);
	return err;
}

static enum cyg_err aead_text(struct suite_ctx *x, const struct suite_packet *p)
{
	bool clear = x->suite.encr->form == ALG_FORM_GMAC;

	return cipher_add(x->cipher, clear ? NULL : p->text, p->from ? p->from : p->text,
			  p->len);
}

/* Salt and IV. Of its own, so that contexts stay as they are. */
static void make_nonce(const struct suite_ctx *x, const struct suite_packet *p,
		       uint8_t nonce[GCM_NONCE])
{
	size_t salt = x->suite.encr->salt_len;

	memcpy(nonce, x->nonce, salt);
	memcpy(nonce + salt, p->iv, GCM_NONCE - salt);
}

static void seal_gcm(const struct suite_ctx *x, const struct suite_packet *p)
{
	uint8_t nonce[GCM_NONCE];

	make_nonce(x, p, nonce);
	gcm_encrypt(x->gcm, x->suite.bits, x->gcm_key, nonce, p->aad, p->text,
		    p->from ? p->from : p->text, p->len, p->icv, x->suite.icv_len);
}

static enum cyg_err open_gcm(const struct suite_ctx *x, const struct suite_packet *p)
{
	uint8_t nonce[GCM_NONCE], right[GCM_TAG_MAX];
	size_t len = x->suite.icv_len;
	bool same;

	make_nonce(x, p, nonce);
	gcm_decrypt(x->gcm, x->suite.bits, x->gcm_key, nonce, p->aad, p->text, p->text, p->len,
		    right, len);
	same = secret_equal(view_of(right, len), view_of(p->icv, len));
	/* The right value for a forged packet is itself a secret. */
	secret_wipe(right, sizeof(right));
	return same ? CYG_OK : CYG_AUTH;
}

static enum cyg_err seal_aead(struct suite_ctx *x, uint64_t number,
			      const struct suite_packet *p)
{
	int none = 0;
	enum cyg_err err;

	write_number(p->iv, x->suite.iv_len, number);
	if (x->gcm) {
		seal_gcm(x, p);
		return CYG_OK;
	}
	err = aead_begin(x, p);
	if (!err)
		err = aead_text(x, p);
	if (!err)
		err = ossl_result(EVP_CipherFinal_ex(x->cipher, p->icv, &none));
	if (!err)
		err = ossl_result(EVP_CIPHER_CTX_ctrl(x->cipher, EVP_CTRL_AEAD_GET_TAG,
						      x->suite.icv_len, p->icv));
	return err;
}

static enum cyg_err set_expected(struct suite_ctx *x, const struct suite_packet *p)
{
	return ossl_result(EVP_CIPHER_CTX_ctrl(x->cipher, EVP_CTRL_AEAD_SET_TAG,
					       x->suite.icv_len, p->icv));
}

/* CCM compares before it gives the text out, in the same step. */
static enum cyg_err open_ccm(struct suite_ctx *x, const struct suite_packet *p)
{
	enum cyg_err err = set_expected(x, p);

	if (!err)
		err = aead_begin(x, p);
	if (!err && aead_text(x, p))
		err = CYG_AUTH;
	return err;
}

static enum cyg_err open_aead(struct suite_ctx *x, const struct suite_packet *p)
{
	uint8_t unused[SUITE_IV_MAX];
	int none = 0;
	enum cyg_err err;

	if (x->gcm)
		return open_gcm(x, p);
	if (x->suite.encr->form == ALG_FORM_CCM)
		return open_ccm(x, p);
	err = aead_begin(x, p);
	if (!err)
		err = aead_text(x, p);
	if (!err)
		err = set_expected(x, p);
	/* The final step only compares the tag, so all it can say is: no match. */
	if (!err && ossl_result(EVP_CipherFinal_ex(x->cipher, unused, &none)))
		err = CYG_AUTH;
	return err;
}

/*
 * The IV is the number enciphered under a zero IV, and that of a lasting context begins anywhere:
 * keys that people made are used again with the same numbers. CBC then chains on from
 * that block as from any IV, so the text follows without starting anew.
 */
static enum cyg_err seal_iv_cbc(struct suite_ctx *x, uint64_t number, uint8_t *iv)
{
	static const uint8_t zero[SUITE_IV_MAX];
	uint8_t block[SUITE_IV_MAX];
	enum cyg_err err = ossl_result(
		EVP_CipherInit_ex2(x->cipher, NULL, NULL, zero, -1, NULL));

	write_number(block, x->suite.iv_len, number);
	for (size_t i = 0; i < x->suite.iv_len; i++)
		block[i] ^= x->mask[i];
	return err ? err : cipher_add(x->cipher, iv, block, x->suite.iv_len);
}

/* RFC 3686 4, RFC 5529 3: salt, IV and a count of blocks that begins with one. */
static enum cyg_err ctr_begin(struct suite_ctx *x, const uint8_t *iv)
{
	size_t salt = x->suite.encr->salt_len, iv_len = x->suite.iv_len;

	memcpy(x->nonce + salt, iv, iv_len);
	memset(x->nonce + salt + iv_len, 0, NONCE_MAX - salt - iv_len);
	x->nonce[NONCE_MAX - 1] = 1;
	return ossl_result(EVP_CipherInit_ex2(x->cipher, NULL, NULL, x->nonce, -1, NULL));
}

static enum cyg_err seal_begin(struct suite_ctx *x, uint64_t number, uint8_t *iv)
{
	if (x->suite.encr->form == ALG_FORM_CBC)
		return seal_iv_cbc(x, number, iv);
	write_number(iv, x->suite.iv_len, number);
	return x->suite.encr->form == ALG_FORM_CTR ? ctr_begin(x, iv) : CYG_OK;
}

static enum cyg_err open_begin(struct suite_ctx *x, const uint8_t *iv)
{
	if (x->suite.encr->form == ALG_FORM_CBC)
		return ossl_result(EVP_CipherInit_ex2(x->cipher, NULL, NULL, iv, -1, NULL));
	return x->suite.encr->form == ALG_FORM_CTR ? ctr_begin(x, iv) : CYG_OK;
}

static enum cyg_err text_through(struct suite_ctx *x, const struct suite_packet *p)
{
	return x->cipher ? cipher_add(x->cipher, p->text, p->text, p->len) : CYG_OK;
}

/* All of the MAC's value; the packet carries its first icv_len octets. */
static enum cyg_err packet_mac(struct suite_ctx *x, const struct suite_packet *p,
			       uint8_t value[SUITE_INTEG_MAX])
{
	struct view parts[] = {p->aad, view_of(p->iv, x->suite.iv_len),
			       view_of(p->text, p->len), p->tail};
	enum cyg_err err = mac_again(&x->mac);

	if (!err)
		err = mac_add(&x->mac, parts, 4);
	return err ? err : mac_end(&x->mac, value, x->suite.integ_len);
}

static enum cyg_err seal_mac(struct suite_ctx *x, uint64_t number, const struct suite_packet *p)
{
	uint8_t value[SUITE_INTEG_MAX];
	enum cyg_err err = seal_begin(x, number, p->iv);

	if (!err)
		err = text_through(x, p);
	if (!err)
		err = packet_mac(x, p, value);
	if (!err)
		memcpy(p->icv, value, x->suite.icv_len);
	return err;
}

static enum cyg_err open_mac(struct suite_ctx *x, const struct suite_packet *p)
{
	uint8_t value[SUITE_INTEG_MAX];
	size_t icv_len = x->suite.icv_len;
	enum cyg_err err = packet_mac(x, p, value);

	if (!err && !secret_equal(view_of(value, icv_len), view_of(p->icv, icv_len)))
		err = CYG_AUTH;
	/* The right value for a forged packet is itself a secret. */
	secret_wipe(value, sizeof(value));
	if (!err)
		err = open_begin(x, p->iv);
	return err ? err : text_through(x, p);
}

/* What cannot be enciphered from one place to another is first brought to its own. */
static bool wants_copy(const struct suite_ctx *x, const struct suite_packet *p)
{
	return p->from && (x->suite.integ || x->suite.encr->form == ALG_FORM_GMAC);
}

enum cyg_err suite_ctx_seal(struct suite_ctx *x, uint64_t number, const struct suite_packet *p)
{
	enum cyg_err err;

	if (x->way != SUITE_SEAL)
		return CYG_STATE;
	if (wants_copy(x, p))
		memcpy(p->text, p->from, p->len);
	if (lengths_ok(&x->suite, p))
		err = x->suite.integ ? seal_mac(x, number, p) : seal_aead(x, number, p);
	else
		err = CYG_RANGE;
	/* Whatever went wrong: nothing in clear may leave by mistake. */
	if (err)
		secret_wipe(p->text, p->len);
	return err;
}

enum cyg_err suite_ctx_open(struct suite_ctx *x, const struct suite_packet *p)
{
	enum cyg_err err;

	if (x->way != SUITE_OPEN)
		return CYG_STATE;
	if (!lengths_ok(&x->suite, p))
		return CYG_RANGE;
	err = x->suite.integ ? open_mac(x, p) : open_aead(x, p);
	if (err)
		secret_wipe(p->text, p->len);
	return err;
}

enum cyg_err suite_seal(struct crypto *c, const struct suite *s, const struct suite_key *key,
			uint64_t number, const struct suite_packet *p)
{
	struct suite_ctx x;
	enum cyg_err err = ctx_init(&x, c, s, key, SUITE_SEAL);

	if (err) {
		secret_wipe(p->text, p->len);
		return err;
	}
	err = suite_ctx_seal(&x, number, p);
	ctx_done(&x);
	return err;
}

enum cyg_err suite_open(struct crypto *c, const struct suite *s, const struct suite_key *key,
			const struct suite_packet *p)
{
	struct suite_ctx x;
	enum cyg_err err;

	if (!lengths_ok(s, p))
		return CYG_RANGE;
	err = ctx_init(&x, c, s, key, SUITE_OPEN);
	if (err) {
		secret_wipe(p->text, p->len);
		return err;
	}
	err = suite_ctx_open(&x, p);
	ctx_done(&x);
	return err;
}
