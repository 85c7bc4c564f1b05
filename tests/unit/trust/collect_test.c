/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that a peer names by hash and URL (RFC 7296 3.6): one, or a bundle of several. */
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/peer.h"
#include "trust/trust_private.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE "http://a.example/"

static struct crypto *crypto;
static struct pki_cert root, middle, end;

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	root = pki_make(&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	middle = pki_make(
		&(struct pki_wish){.name = "mid", .issuer = &root, .extensions = {PKI_CA}});
	end = pki_make(&(struct pki_wish){.name = "end", .issuer = &middle});
	return 0;
}

static int tear_down(void **state)
{
	pki_done(&root);
	pki_done(&middle);
	pki_done(&end);
	crypto_free(crypto);
	return 0;
}

/* Believes the root, and fetches what is below BASE. */
static struct trust *make_trust(void)
{
	struct trust *t = trust_new(crypto);

	peer_believe(t, crypto, &root, &(struct authority){.name = "ca", .certuribase = BASE});
	return t;
}

static uint8_t *put_head(uint8_t *at, uint8_t tag, size_t len)
{
	*at++ = tag;
	*at++ = 0x82;
	*at++ = (uint8_t)(len >> 8);
	*at++ = (uint8_t)len;
	return at;
}

/* CertificateBundle of these, each in a context tag [0]. */
static struct view bundle(uint8_t *storage, const struct pki_cert *const *certs, size_t n)
{
	uint8_t inner[4096], *at = inner, *to;

	for (size_t i = 0; i < n; i++) {
		unsigned char *der = NULL;
		int len = i2d_X509(certs[i]->x, &der);

		at = put_head(at, 0xa0, (size_t)len);
		memcpy(at, der, (size_t)len);
		at += len;
		OPENSSL_free(der);
	}
	to = put_head(storage, 0x30, (size_t)(at - inner));
	memcpy(to, inner, (size_t)(at - inner));
	return view_of(storage, (size_t)(to - storage) + (size_t)(at - inner));
}

/* The payload that names octets by their hash, below a base. */
static struct view naming(struct view octets, const char *base, uint8_t *storage, size_t cap)
{
	size_t len;

	assert_int_equal(hash_compute(crypto, HASH_SHA1, &octets, 1, storage), CYG_OK);
	len = KEY_ID_LEN +
	      (size_t)snprintf((char *)storage + KEY_ID_LEN, cap - KEY_ID_LEN, "%s", base);
	for (size_t i = 0; i < KEY_ID_LEN; i++)
		len += (size_t)snprintf((char *)storage + len, cap - len, "%02x", storage[i]);
	return view_of(storage, len);
}

/* Ask whether a peer that sends this payload is right; `fetched` is what its URL holds. */
static bool ask(uint8_t encoding, struct view payload, struct view fetched, bool *ret_asked)
{
	struct trust *t = make_trust();
	struct auth_cert sent = {encoding, payload};
	struct trust_job *j = peer_job(t, crypto, &end, "CN=end", &sent, PKI_NOW);
	struct trust_want want;
	struct bytes octets;
	bool valid;

	*ret_asked = trust_job_collects(t, j, PKI_NOW);
	if (*ret_asked) {
		assert_true(trust_next_want(t, &want));
		assert_int_equal(want.kind, WANT_CERT);
		assert_true(bytes_copy(&octets, fetched));
		assert_null(trust_answer_want(t, want.id, CYG_OK, &octets, NULL, PKI_NOW));
		assert_ptr_equal(trust_next_ready(t), j);
	}
	trust_job_work(j);
	assert_true(trust_job_settle(t, j, PKI_NOW));
	valid = trust_job_reply(j)->answer.auth.valid;
	trust_job_free(j);
	trust_free(t);
	return valid;
}

static void bundles_are_fetched_and_read(void **state)
{
	const struct pki_cert *const whole[] = {&end, &middle, &root}, *const other[] = {
									       &middle};
	uint8_t good[8192], longer[8192], bad[8192], payload[256];
	struct view v = bundle(good, whole, 2), more = bundle(longer, whole, 3),
		    w = bundle(bad, other, 1);
	bool asked;

	assert_true(ask(CERT_HASH_URL_BUNDLE, naming(v, BASE, payload, sizeof(payload)), v,
			&asked));
	assert_true(asked);
	/* Without the end's own; with other octets than the hash says; cut; as one certificate. */
	assert_false(ask(CERT_HASH_URL_BUNDLE, naming(w, BASE, payload, sizeof(payload)), w,
			 &asked));
	assert_true(asked);
	assert_false(ask(CERT_HASH_URL_BUNDLE, naming(v, BASE, payload, sizeof(payload)), more,
			 &asked));
	w = view_of(v.ptr, v.len / 2);
	assert_false(ask(CERT_HASH_URL_BUNDLE, naming(w, BASE, payload, sizeof(payload)), w,
			 &asked));
	assert_false(ask(CERT_HASH_URL, naming(v, BASE, payload, sizeof(payload)), v, &asked));
	/* Nobody has others fetch what he likes. */
	assert_false(ask(CERT_HASH_URL_BUNDLE,
			 naming(v, "http://b.example/", payload, sizeof(payload)), v, &asked));
	assert_false(asked);
	assert_false(ask(CERT_HASH_URL_BUNDLE, view_of(payload, KEY_ID_LEN - 1), v, &asked));
	assert_false(asked);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bundles_are_fetched_and_read)};

	return cmocka_run_group_tests_name("trust/collect", tests, set_up, tear_down);
}
