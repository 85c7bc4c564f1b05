/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the crypto room costs, in CPU time of one thread. Each line repeats its
 * work until it has run for a fifth of a second.
 */
#include "bench/clock.h"

#include "base/view.h"
#include "crypto/alg.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "crypto/ikev2_kdf.h"
#include "crypto/ke.h"
#include "crypto/prf.h"
#include "crypto/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET 1424

static void must(enum cyg_err err)
{
	if (!err)
		return;
	fprintf(stderr, "crypto_bench: %s\n", cyg_err_text(err));
	exit(1);
}

struct ke_job {
	struct crypto *crypto;
	const struct alg *method;
	struct bytes peer;
};

static void ke_start_only(void *ctx)
{
	struct ke_job *j = ctx;
	struct bytes public = {0};
	struct ke *ke;

	must(ke_start(j->crypto, j->method, &ke, &public));
	bytes_done(&public);
	ke_free(ke);
}

static void ke_both_acts(void *ctx)
{
	struct ke_job *j = ctx;
	struct bytes public = {0}, secret = {0};

	must(ke_respond(j->crypto, j->method, view_bytes(&j->peer), &public, &secret));
	bytes_done(&public);
	bytes_wipe(&secret);
}

static void bench_ke(struct crypto *c)
{
	for (const struct alg *a = NULL; (a = alg_next(ALG_KE, a));) {
		struct ke_job job = {c, a, {0}};
		struct ke *ke = NULL;
		char line[80];

		if (!a->built || !a->public_i)
			continue;
		must(ke_start(c, a, &ke, &job.peer));
		snprintf(line, sizeof(line), "%s start", a->name);
		measure(line, ke_start_only, &job);
		snprintf(line, sizeof(line), "%s start and secret", a->name);
		measure(line, ke_both_acts, &job);
		bytes_done(&job.peer);
		ke_free(ke);
	}
}

struct suite_job {
	struct crypto *crypto;
	struct suite suite;
	struct suite_key key;
	struct suite_ctx *seal, *open;
	uint64_t number;
	uint8_t aad[8], iv[SUITE_IV_MAX], text[PACKET], icv[SUITE_ICV_MAX];
	struct suite_packet packet;
};

static void seal_bare(void *ctx)
{
	struct suite_job *j = ctx;

	must(suite_seal(j->crypto, &j->suite, &j->key, j->number++, &j->packet));
}

static void seal_cached(void *ctx)
{
	struct suite_job *j = ctx;

	must(suite_ctx_seal(j->seal, j->number++, &j->packet));
}

static void seal_and_open_cached(void *ctx)
{
	struct suite_job *j = ctx;

	must(suite_ctx_seal(j->seal, j->number++, &j->packet));
	must(suite_ctx_open(j->open, &j->packet));
}

static void bench_one_suite(struct crypto *c, uint16_t encr, uint16_t bits, uint16_t integ)
{
	struct suite_job j = {.crypto = c};
	char name[ALG_TEXT_MAX], suite[2 * ALG_TEXT_MAX], line[3 * ALG_TEXT_MAX];
	const struct alg *e = alg_by_id(ALG_ENCR, encr), *i = alg_by_id(ALG_INTEG, integ);

	must(suite_make(e, bits, i, ALG_FOR_ESP, &j.suite));
	must(crypto_random(c, &j.key, sizeof(j.key)));
	must(suite_ctx_new(c, &j.suite, &j.key, SUITE_SEAL, &j.seal));
	must(suite_ctx_new(c, &j.suite, &j.key, SUITE_OPEN, &j.open));
	j.packet = (struct suite_packet){.aad = view_of(j.aad, sizeof(j.aad)),
					 .iv = j.iv,
					 .text = j.text,
					 .icv = j.icv};
	alg_print(e, bits, name);
	snprintf(suite, sizeof(suite), "%s%s%s", name, integ ? "-" : "", integ ? i->name : "");
	j.packet.len = 128;
	snprintf(line, sizeof(line), "%s 128, bare keys", suite);
	measure(line, seal_bare, &j);
	j.packet.len = PACKET;
	snprintf(line, sizeof(line), "%s %d, seal", suite, PACKET);
	measure(line, seal_cached, &j);
	snprintf(line, sizeof(line), "%s %d, seal and open", suite, PACKET);
	measure(line, seal_and_open_cached, &j);
	suite_ctx_free(j.seal);
	suite_ctx_free(j.open);
}

struct prf_job {
	struct crypto *crypto;
	const struct alg *prf;
	struct suite suite;
	uint8_t key[PRF_LEN_MAX], nonce[32], out[PRF_LEN_MAX], octets[600];
	struct ike_keys keys;
};

static void prf_once(void *ctx)
{
	struct prf_job *j = ctx;
	struct view in = view_of(j->nonce, sizeof(j->nonce));

	must(prf_compute(j->crypto, j->prf, view_of(j->key, j->prf->key_len), &in, 1, j->out));
}

static void ike_keys_once(void *ctx)
{
	struct prf_job *j = ctx;
	struct view nonce = view_of(j->nonce, 32), spi = view_of(j->key, 8);
	struct kdf_input in = {.ni = nonce, .nr = nonce, .shared = nonce};

	must(kdf_skeyseed(j->crypto, j->prf, &in, j->out));
	must(kdf_ike_keys(j->crypto, j->prf, &j->suite, view_of(j->out, j->prf->out_len), &in,
			  spi, spi, &j->keys));
}

static void psk_once(void *ctx)
{
	struct prf_job *j = ctx;
	struct view octets = view_of(j->octets, sizeof(j->octets));

	must(kdf_psk_auth(j->crypto, j->prf, view_of(j->key, 20), &octets, 1, j->out));
}

static void bench_prf(struct crypto *c)
{
	struct prf_job j = {.crypto = c, .prf = alg_by_id(ALG_PRF, ALG_PRF_HMAC_SHA2_256)};

	must(suite_make(alg_by_id(ALG_ENCR, ALG_ENCR_AES_GCM_16), 256, NULL, ALG_FOR_IKE,
			&j.suite));
	measure("HMAC_SHA2_256 prf, 32 octets", prf_once, &j);
	measure("IKE SA keys (SKEYSEED and SK_*)", ike_keys_once, &j);
	measure("PSK AUTH over 600 octets", psk_once, &j);
}

static void start_once(void *ctx)
{
	(void)ctx;
	crypto_free(crypto_new(NULL));
}

int main(void)
{
	struct crypto *c = crypto_new(NULL);

	if (!c) {
		fprintf(stderr, "crypto_bench: libcrypto does not start\n");
		return 1;
	}
	measure("crypto_new and crypto_free", start_once, NULL);
	bench_prf(c);
	bench_one_suite(c, ALG_ENCR_AES_GCM_16, 128, ALG_INTEG_NONE);
	bench_one_suite(c, ALG_ENCR_AES_GCM_16, 256, ALG_INTEG_NONE);
	bench_one_suite(c, ALG_ENCR_CHACHA20_POLY1305, 0, ALG_INTEG_NONE);
	bench_one_suite(c, ALG_ENCR_AES_CBC, 256, ALG_INTEG_HMAC_SHA2_256_128);
	bench_one_suite(c, ALG_ENCR_AES_CBC, 256, ALG_INTEG_HMAC_SHA2_512_256);
	bench_ke(c);
	crypto_free(c);
	return 0;
}
