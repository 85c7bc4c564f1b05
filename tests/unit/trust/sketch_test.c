/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/sketch.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static struct crypto *crypto;
static struct pki_cert made[2];
static struct cert whole[2];
static struct bytes der[2];

static int set_up(void **state)
{
	static const char *const names[] = {"one", "another"};

	crypto = crypto_new(NULL);
	for (size_t i = 0; i < COUNT_OF(made); i++) {
		made[i] = pki_make(&(struct pki_wish){.name = names[i]});
		whole[i] = pki_read(crypto, &made[i]);
		der[i] = cert_der(&whole[i]);
	}
	return 0;
}

static int tear_down(void **state)
{
	for (size_t i = 0; i < COUNT_OF(made); i++) {
		pki_done(&made[i]);
		cert_done(&whole[i]);
		bytes_done(&der[i]);
	}
	crypto_free(crypto);
	return 0;
}

/* Whether each is what libcrypto says that it is. */
static bool compare(void *ctx, const struct cert_sketch *s)
{
	size_t *n = ctx;

	assert_true(*n < COUNT_OF(whole));
	assert_view_equal(s->der, view_bytes(&der[*n]));
	assert_view_equal(s->subject, cert_subject(&whole[*n]));
	assert_memory_equal(s->key_id, whole[*n].key.id, KEY_ID_LEN);
	++*n;
	return true;
}

static bool never(void *ctx, const struct cert_sketch *s)
{
	return false;
}

/* A file of PEM, in storage that the next call overwrites. */
static struct view pem(const char *before, size_t certs, const char *label)
{
	static char text[8192];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", before);

	for (size_t i = 0; i < certs; i++) {
		BIO *bio = BIO_new(BIO_s_mem());
		char *data;
		long len;

		PEM_write_bio(bio, label, "", der[i].ptr, (long)der[i].len);
		len = BIO_get_mem_data(bio, &data);
		memcpy(text + used, data, (size_t)len);
		used += (size_t)len;
		BIO_free(bio);
	}
	return view_of(text, used);
}

static void certificates_are_told(void **state)
{
	static const char key[] = "a comment\n-----BEGIN PRIVATE KEY-----\nAAAA\n"
				  "-----END PRIVATE KEY-----\n";
	size_t n = 0;

	assert_int_equal(certs_sketch(crypto, view_bytes(&der[0]), compare, &n), CYG_OK);
	assert_int_equal(n, 1);
	n = 0;
	assert_int_equal(certs_sketch(crypto, pem("", 2, "CERTIFICATE"), compare, &n), CYG_OK);
	assert_int_equal(n, 2);
	n = 0;
	assert_int_equal(certs_sketch(crypto, pem(key, 1, "CERTIFICATE"), compare, &n), CYG_OK);
	assert_int_equal(n, 1);
	assert_int_equal(certs_sketch(crypto, view_bytes(&der[0]), never, NULL), CYG_NOMEM);
}

static void others_are_left_to_the_whole_reader(void **state)
{
	struct bytes more = {malloc(der[0].len + 1), der[0].len + 1};
	size_t n = 0;

	memcpy(more.ptr, der[0].ptr, der[0].len);
	more.ptr[der[0].len] = 0;
	assert_int_equal(certs_sketch(crypto, view_bytes(&more), compare, &n), CYG_UNSUPPORTED);
	bytes_done(&more);
	assert_int_equal(certs_sketch(crypto, (struct view){0}, never, NULL), CYG_UNSUPPORTED);
	assert_int_equal(certs_sketch(crypto, LITERAL("no certificate"), never, NULL),
			 CYG_UNSUPPORTED);
	assert_int_equal(certs_sketch(crypto, pem("", 1, "TRUSTED CERTIFICATE"), never, NULL),
			 CYG_UNSUPPORTED);
	assert_int_equal(certs_sketch(crypto, LITERAL("-----BEGIN CERTIFICATE-----\nAA"), never,
				      NULL),
			 CYG_UNSUPPORTED);
	assert_int_equal(certs_sketch(crypto,
				      LITERAL("-----BEGIN CERTIFICATE-----\n!\n"
					      "-----END CERTIFICATE-----\n"),
				      never, NULL),
			 CYG_UNSUPPORTED);
	for (size_t len = 0; len < der[0].len; len++)
		assert_int_equal(certs_sketch(crypto, view_of(der[0].ptr, len), never, NULL),
				 CYG_UNSUPPORTED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_told),
		cmocka_unit_test(others_are_left_to_the_whole_reader),
	};

	return cmocka_run_group_tests_name("trust/sketch", tests, set_up, tear_down);
}
