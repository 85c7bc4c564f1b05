/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/early.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"
#include "trust/attributes.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

static struct crypto *crypto;

/* An authority of attributes, another one of its name, and who holds something. */
static struct pki_cert made[3];
static struct cert aa, impostor, west;
static struct bytes locked; /* a private key, by the passphrase "open" */

static struct view word(const char *s)
{
	return view_str(s);
}

static struct bytes lock(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct bytes b = {0};
	char *at;
	long len;

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "open", 4,
						       NULL, NULL),
			 1);
	len = BIO_get_mem_data(bio, &at);
	assert_true(bytes_copy(&b, view_of(at, (size_t)len)));
	BIO_free(bio);
	return b;
}

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	made[0] = pki_make(&(struct pki_wish){.name = "AA"});
	made[1] = pki_make(&(struct pki_wish){.name = "AA"});
	made[2] = pki_make(&(struct pki_wish){.name = "west"});
	aa = pki_read(crypto, &made[0]);
	impostor = pki_read(crypto, &made[1]);
	west = pki_read(crypto, &made[2]);
	locked = lock(made[2].key);
	return !crypto;
}

static int tear_down(void **state)
{
	cert_done(&aa);
	cert_done(&impostor);
	cert_done(&west);
	for (size_t i = 0; i < COUNT_OF(made); i++)
		pki_done(&made[i]);
	bytes_done(&locked);
	crypto_free(crypto);
	return 0;
}

static void a_key_is_what_reading_it_gives(void **state)
{
	static const struct {
		const char *before, *then;
		enum cyg_err err;
	} rows[] = {
		{"shut", "shut", CYG_PERM}, /* it was tried once, and is not again */
		{"", "", CYG_PERM},
		{"shut", "open", CYG_OK},
		{"open", "shut", CYG_PERM}, /* another passphrase since */
		{"open", "open", CYG_OK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct trust *t = trust_new(crypto);
		struct trust_early *e = trust_early_new(t);
		struct key key;
		struct diag why, plain;
		struct view octets = view_bytes(&locked), phrase = word(rows[i].then);

		test_row(i, "%s, %s", rows[i].before, rows[i].then);
		diag_clear(&why);
		diag_clear(&plain);
		trust_early_private(e, SECRET_KEY_PKCS8, octets, word(rows[i].before));
		if (rows[i].err) {
			assert_int_equal(key_read_private(crypto, octets, phrase, &key, &plain),
					 rows[i].err);
			assert_int_equal(early_private(e, crypto, octets, phrase, &key, &why),
					 rows[i].err);
			assert_string_equal(why.sentence, plain.sentence);
			assert_string_equal(why.hint, plain.hint);
		} else {
			/* The second time it is read slowly. */
			for (int n = 0; n < 2; n++) {
				assert_int_equal(early_private(e, crypto, octets, phrase, &key,
							       &why),
						 CYG_OK);
				assert_true(key_equal(&key, &west.key));
				key_done(&key);
			}
		}
		trust_early_free(e);
		trust_free(t);
	}
}

static struct stored_certs authorities_of(const struct cert *c)
{
	struct stored_certs s = {0};

	if (c)
		assert_int_equal(stored_certs_add(&s, "aa.pem", c, 0, true), CYG_OK);
	return s;
}

/* Who is believed when it is read decides, whoever was known when it was looked at. */
static void only_who_is_believed_counts(void **state)
{
	static const struct {
		const struct cert *before, *then;
		int signer; /* of made[] */
		enum cyg_err err;
	} rows[] = {
		{&aa, &aa, 0, CYG_OK},       {NULL, &aa, 0, CYG_OK},
		{&impostor, &aa, 0, CYG_OK}, {&aa, NULL, 0, CYG_AUTH},
		{&aa, &impostor, 0, CYG_AUTH}, {&aa, &aa, 1, CYG_AUTH},
		{&aa, &impostor, 1, CYG_OK}, {&impostor, &aa, 1, CYG_AUTH},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes der = pki_acert(&west, &made[rows[i].signer], &aa, -3600, 3600);
		struct stored_certs all = authorities_of(rows[i].then);
		struct trust *t = trust_new(crypto);
		struct trust_early *e = trust_early_new(t);
		struct acert_set *s = acert_set_new();
		struct diag why;

		test_row(i, "signed by %d", rows[i].signer);
		if (rows[i].before) {
			struct bytes file = cert_der(rows[i].before);

			trust_early_authority(e, "aa.pem", view_bytes(&file));
			bytes_done(&file);
		}
		trust_early_acert(e, view_bytes(&der));
		assert_int_equal(
			acert_set_read(s, &all, e, "a", view_bytes(&der), PKI_NOW, &why),
			rows[i].err);
		assert_int_equal(s->len, !rows[i].err);
		acert_set_unref(s);
		trust_early_free(e);
		trust_free(t);
		stored_certs_done(&all);
		bytes_done(&der);
	}
}

static bool look_at_all(void *ctx)
{
	struct bytes *der = ctx;
	struct trust *t = trust_new(crypto);
	struct trust_early *e = t ? trust_early_new(t) : NULL;
	struct key key;
	bool well = e;

	if (e) {
		trust_early_private(e, SECRET_KEY_PKCS8, view_bytes(&locked), word("open"));
		trust_early_acert(e, view_bytes(der));
		well = !early_private(e, crypto, view_bytes(&locked), word("open"), &key, NULL);
		if (well)
			key_done(&key);
	}
	trust_early_free(e);
	trust_free(t);
	return well;
}

/* Short memory makes it slow, and nothing else. */
static void allocation_failures_leave_nothing(void **state)
{
	struct bytes der = pki_acert(&west, &made[0], &aa, -3600, 3600);

	test_each_allocation_failing(look_at_all, &der, true);
	bytes_done(&der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_what_reading_it_gives),
		cmocka_unit_test(only_who_is_believed_counts),
		cmocka_unit_test(allocation_failures_leave_nothing),
	};

	return cmocka_run_group_tests_name("trust/early", tests, set_up, tear_down);
}
