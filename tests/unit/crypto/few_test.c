/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include "tests/unit/support/test.h"

#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static struct {
	const char *type, *detail, *md;
	bool is_read;
} kinds[] = {
	{"RSA-PSS", NULL, NULL, false},  {"RSA", NULL, "SHA256", true},
	{"EC", "P-256", "SHA256", true}, {"EC", "P-384", "SHA384", true},
	{"EC", "P-521", "SHA512", true}, {"ED25519", NULL, NULL, true},
	{"ED448", NULL, NULL, true},
};

static EVP_PKEY *make(size_t i)
{
	if (!strcmp(kinds[i].type, "RSA") || !strcmp(kinds[i].type, "RSA-PSS")) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kinds[i].type, NULL);
		EVP_PKEY *key = NULL;

		assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
		assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
		EVP_PKEY_CTX_free(ctx);
		return key;
	}
	return EVP_PKEY_Q_keygen(NULL, NULL, kinds[i].type, kinds[i].detail);
}

static EVP_PKEY *read_as(OSSL_LIB_CTX *lib, struct view der)
{
	const unsigned char *at = der.ptr;

	return d2i_PUBKEY_ex(NULL, &at, (long)der.len, lib, NULL);
}

static void verifies(OSSL_LIB_CTX *lib, size_t i, EVP_PKEY *private, EVP_PKEY *public)
{
	uint8_t sig[1024], octets[] = "octets";
	size_t len = sizeof(sig);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, kinds[i].md, NULL, NULL, private,
					       NULL),
			 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, octets, sizeof(octets)), 1);
	for (int bad = 1; bad >= 0; bad--) {
		octets[0] = (uint8_t)('o' ^ bad);
		EVP_MD_CTX_reset(ctx);
		assert_int_equal(EVP_DigestVerifyInit_ex(ctx, NULL, kinds[i].md, lib, NULL,
							 public, NULL),
				 1);
		assert_int_equal(EVP_DigestVerify(ctx, sig, len, octets, sizeof(octets)) == 1,
				 !bad);
	}
	EVP_MD_CTX_free(ctx);
}

static void keys_of_certificates_are_read_and_used(void **state)
{
	struct crypto *c = crypto_new(NULL);
	OSSL_LIB_CTX *lib = crypto_certs_lib(c);

	assert_ptr_not_equal(lib, crypto_lib(c));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		EVP_PKEY *own = make(i), *few, *all;
		unsigned char *der = NULL;
		int len = i2d_PUBKEY(own, &der);
		struct view octets = view_of(der, (size_t)len);

		few = read_as(lib, octets);
		all = read_as(crypto_lib(c), octets);
		assert_int_equal(few != NULL, kinds[i].is_read);
		assert_non_null(all);
		assert_ptr_equal(crypto_lib_of(c, all), crypto_lib(c));
		if (few) {
			assert_ptr_equal(crypto_lib_of(c, few), lib);
			assert_int_equal(EVP_PKEY_eq(few, all), 1);
			verifies(lib, i, own, few);
		}
		EVP_PKEY_free(few);
		EVP_PKEY_free(all);
		EVP_PKEY_free(own);
		OPENSSL_free(der);
	}
	crypto_free(c);
}

static void count(OSSL_DECODER *d, void *n)
{
	++*(int *)n;
}

/* What makes it quick. */
static void there_are_few_decoders(void **state)
{
	struct crypto *c = crypto_new(NULL), *other = crypto_new(NULL);
	int few = 0, all = 0;

	OSSL_DECODER_do_all_provided(crypto_certs_lib(c), count, &few);
	OSSL_DECODER_do_all_provided(crypto_lib(c), count, &all);
	assert_int_equal(few, 4);
	assert_true(all > 5 * few);
	/* Contexts are each its own, and come and go in any order. */
	assert_ptr_not_equal(crypto_certs_lib(c), crypto_certs_lib(other));
	crypto_free(c);
	few = 0;
	OSSL_DECODER_do_all_provided(crypto_certs_lib(other), count, &few);
	assert_int_equal(few, 4);
	crypto_free(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_certificates_are_read_and_used),
		cmocka_unit_test(there_are_few_decoders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
