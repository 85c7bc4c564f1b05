/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/mschap.h"

#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#define SHA1_LEN 20
#define DES_BLOCK 8

struct mschap {
	OSSL_LIB_CTX *lib;
	OSSL_PROVIDER *legacy, *usual;
	EVP_MD *md4, *sha1;
	EVP_CIPHER *des;
};

struct mschap *mschap_new(void)
{
	struct mschap *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->lib = OSSL_LIB_CTX_new();
	if (m->lib) {
		m->legacy = OSSL_PROVIDER_load(m->lib, "legacy");
		m->usual = OSSL_PROVIDER_load(m->lib, "default");
	}
	if (m->legacy && m->usual) {
		m->md4 = EVP_MD_fetch(m->lib, "MD4", NULL);
		m->sha1 = EVP_MD_fetch(m->lib, "SHA1", NULL);
		m->des = EVP_CIPHER_fetch(m->lib, "DES-ECB", NULL);
	}
	if (m->md4 && m->sha1 && m->des)
		return m;
	ERR_clear_error();
	mschap_free(m);
	return NULL;
}

void mschap_free(struct mschap *m)
{
	if (!m)
		return;
	EVP_MD_free(m->md4);
	EVP_MD_free(m->sha1);
	EVP_CIPHER_free(m->des);
	if (m->legacy)
		OSSL_PROVIDER_unload(m->legacy);
	if (m->usual)
		OSSL_PROVIDER_unload(m->usual);
	OSSL_LIB_CTX_free(m->lib);
	free(m);
}

/* ---- the parts ---- */

static enum cyg_err digest(const EVP_MD *md, const struct view *parts, size_t len, uint8_t *ret)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool well = ctx && EVP_DigestInit_ex(ctx, md, NULL);

	for (size_t i = 0; well && i < len; i++)
		well = EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len);
	well = well && EVP_DigestFinal_ex(ctx, ret, NULL);
	EVP_MD_CTX_free(ctx);
	if (!well)
		ERR_clear_error();
	return well ? CYG_OK : CYG_CRYPTO;
}

/* The 56 bits of a key, seven to an octet; parity counts for nothing (RFC 2759 8.6). */
static void spread_key(const uint8_t *seven, uint8_t ret[DES_BLOCK])
{
	uint64_t bits = 0;

	for (int i = 0; i < 7; i++)
		bits = bits << 8 | seven[i];
	for (int i = 0; i < DES_BLOCK; i++)
		ret[i] = (uint8_t)(bits >> (49 - 7 * i) << 1);
	secret_wipe(&bits, sizeof(bits));
}

static bool des(const struct mschap *m, const uint8_t *seven, const uint8_t *clear,
		uint8_t *ret)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[DES_BLOCK];
	int len;
	bool well;

	spread_key(seven, key);
	well = ctx && EVP_EncryptInit_ex2(ctx, m->des, key, NULL, NULL) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	       EVP_EncryptUpdate(ctx, ret, &len, clear, DES_BLOCK) && len == DES_BLOCK;
	EVP_CIPHER_CTX_free(ctx);
	secret_wipe(key, sizeof(key));
	return well;
}

/* ---- passwords ---- */

/* One character of UTF-8, shortest form only; bad at anything else. */
static uint32_t read_character(const uint8_t **at, const uint8_t *end, bool *bad)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t first = *(*at)++;
	int more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : 3;
	uint32_t c = more ? first & (0x3fu >> more) : first;

	if (more == 3 && first >> 3 != 30)
		*bad = true;
	for (int i = 0; i < more; i++) {
		if (*at == end || **at >> 6 != 2) {
			*bad = true;
			return 0;
		}
		c = c << 6 | (*(*at)++ & 0x3fu);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		*bad = true;
	return c;
}

static size_t put_unit(uint8_t *to, uint32_t unit)
{
	to[0] = (uint8_t)unit;
	to[1] = (uint8_t)(unit >> 8);
	return 2;
}

enum cyg_err mschap_nt_hash(const struct mschap *m, struct view password,
			    uint8_t ret[MSCHAP_HASH_LEN])
{
	uint8_t wide[4 * MSCHAP_PASSWORD_MAX];
	const uint8_t *at = password.ptr, *end = at + password.len;
	bool bad = password.len > sizeof(wide);
	struct view text;
	enum cyg_err err;
	size_t len = 0, n = 0;

	for (; !bad && at < end && n < MSCHAP_PASSWORD_MAX; n++) {
		uint32_t c = read_character(&at, end, &bad);

		if (c >= 0x10000) { /* a pair in UTF-16 */
			c -= 0x10000;
			len += put_unit(wide + len, 0xd800 + (c >> 10));
			c = 0xdc00 + (c & 0x3ff);
		}
		len += put_unit(wide + len, c);
	}
	text = view_of(wide, len);
	err = bad || at < end ? CYG_MALFORMED : digest(m->md4, &text, 1, ret);
	secret_wipe(wide, sizeof(wide));
	return err;
}

/* ---- proofs ---- */

/* RFC 2759 8.2. */
static enum cyg_err challenge_hash(const struct mschap *m, const struct mschap_round *r,
				   uint8_t ret[DES_BLOCK])
{
	struct view parts[] = {view_of(r->client, sizeof(r->client)),
			       view_of(r->server, sizeof(r->server)), r->user};
	uint8_t hash[SHA1_LEN];
	enum cyg_err err = digest(m->sha1, parts, 3, hash);

	memcpy(ret, hash, DES_BLOCK);
	return err;
}

enum cyg_err mschap_response(const struct mschap *m, const struct mschap_round *r,
			     uint8_t ret[MSCHAP_RESPONSE_LEN])
{
	uint8_t challenge[DES_BLOCK], keys[21] = {0};
	enum cyg_err err = challenge_hash(m, r, challenge);
	bool well = true;

	memcpy(keys, r->nt_hash, sizeof(r->nt_hash));
	for (size_t i = 0; !err && i < 3; i++)
		well = des(m, keys + 7 * i, challenge, ret + DES_BLOCK * i) && well;
	secret_wipe(keys, sizeof(keys));
	if (!well) {
		ERR_clear_error();
		return CYG_CRYPTO;
	}
	return err;
}

static enum cyg_err hash_again(const struct mschap *m, const struct mschap_round *r,
			       uint8_t ret[MSCHAP_HASH_LEN])
{
	struct view once = view_of(r->nt_hash, sizeof(r->nt_hash));

	return digest(m->md4, &once, 1, ret);
}

enum cyg_err mschap_proof(const struct mschap *m, const struct mschap_round *r,
			  const uint8_t response[MSCHAP_RESPONSE_LEN],
			  uint8_t ret[MSCHAP_PROOF_LEN])
{
	uint8_t twice[MSCHAP_HASH_LEN], challenge[DES_BLOCK], inner[SHA1_LEN];
	struct view first[] = {view_of(twice, sizeof(twice)),
			       view_of(response, MSCHAP_RESPONSE_LEN),
			       view_str("Magic server to client signing constant")};
	struct view second[] = {view_of(inner, sizeof(inner)),
				view_of(challenge, sizeof(challenge)),
				view_str("Pad to make it do more than one iteration")};
	enum cyg_err err = hash_again(m, r, twice);

	if (!err)
		err = challenge_hash(m, r, challenge);
	if (!err)
		err = digest(m->sha1, first, 3, inner);
	if (!err)
		err = digest(m->sha1, second, 3, ret);
	secret_wipe(twice, sizeof(twice));
	secret_wipe(inner, sizeof(inner));
	return err;
}

/* ---- keys ---- */

/* RFC 3079 3.3: the two sentences say whose direction a key is for. */
static const char to_server[] = "On the client side, this is the send key; on the server side, "
				"it is the receive key.";
static const char to_client[] = "On the client side, this is the receive key; on the server "
				"side, it is the send key.";

static enum cyg_err direction_key(const struct mschap *m, struct view master,
				  const char *sentence, uint8_t ret[MSCHAP_HASH_LEN])
{
	static const uint8_t zeroes[40];
	uint8_t filler[40], hash[SHA1_LEN];
	struct view parts[] = {master, view_of(zeroes, sizeof(zeroes)), view_str(sentence),
			       view_of(filler, sizeof(filler))};
	enum cyg_err err;

	memset(filler, 0xf2, sizeof(filler));
	err = digest(m->sha1, parts, 4, hash);
	memcpy(ret, hash, MSCHAP_HASH_LEN);
	secret_wipe(hash, sizeof(hash));
	return err;
}

enum cyg_err mschap_key(const struct mschap *m, const struct mschap_round *r,
			const uint8_t response[MSCHAP_RESPONSE_LEN],
			uint8_t ret[MSCHAP_MSK_LEN])
{
	uint8_t twice[MSCHAP_HASH_LEN], master[SHA1_LEN];
	struct view parts[] = {view_of(twice, sizeof(twice)),
			       view_of(response, MSCHAP_RESPONSE_LEN),
			       view_str("This is the MPPE Master Key")};
	struct view key = view_of(master, MSCHAP_HASH_LEN);
	enum cyg_err err = hash_again(m, r, twice);

	memset(ret, 0, MSCHAP_MSK_LEN);
	if (!err)
		err = digest(m->sha1, parts, 3, master);
	if (!err)
		err = direction_key(m, key, to_server, ret);
	if (!err)
		err = direction_key(m, key, to_client, ret + MSCHAP_HASH_LEN);
	secret_wipe(twice, sizeof(twice));
	secret_wipe(master, sizeof(master));
	return err;
}
