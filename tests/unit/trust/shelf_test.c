/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/shelf.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/ocsp.h>
#include <string.h>

static struct crypto *crypto;
static const struct hash_key key = {{5, 6}};
static const struct cert_list no_signers;
static struct pki_cert root, middle, stranger, end;
static struct chain *path;

static int set_up(void **state)
{
	struct cert_list certs = {0};
	struct cert all[3];

	crypto = crypto_new(NULL);
	root = pki_make(&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	middle = pki_make(
		&(struct pki_wish){.name = "mid", .issuer = &root, .extensions = {PKI_CA}});
	stranger = pki_make(&(struct pki_wish){.name = "mid", .extensions = {PKI_CA}});
	end = pki_make(&(struct pki_wish){.name = "end", .issuer = &middle});
	all[0] = pki_read(crypto, &end);
	all[1] = pki_read(crypto, &middle);
	all[2] = pki_read(crypto, &root);
	for (size_t i = 0; i < COUNT_OF(all); i++)
		assert_int_equal(cert_list_add(&certs, &all[i]), CYG_OK);
	path = chain_new(crypto, &certs);
	cert_list_done(&certs);
	return !path;
}

static int tear_down(void **state)
{
	chain_unref(path);
	pki_done(&root);
	pki_done(&middle);
	pki_done(&stranger);
	pki_done(&end);
	crypto_free(crypto);
	return 0;
}

static enum cyg_err put_list(struct shelf *s, const char *file, const struct pki_cert *issuer)
{
	struct bytes der = pki_list(&(struct pki_list_wish){.issuer = issuer, .number = 1});
	struct bytes name = {0};
	enum cyg_err err = crl_issuer_name(view_bytes(&der), &name);

	if (!err)
		err = shelf_put_list(s, file, view_bytes(&der), view_bytes(&name));
	bytes_done(&name);
	bytes_done(&der);
	return err;
}

static size_t find(const struct shelf *s, struct shelf_finds *finds)
{
	*finds = (struct shelf_finds){.len = 0};
	shelf_find(s, crypto, path, &key, &no_signers, PKI_NOW, finds);
	return finds->len;
}

static void lists_of_the_path_alone_are_found(void **state)
{
	struct shelf *s = shelf_new();
	struct shelf_finds finds;

	assert_int_equal(find(NULL, &finds), 0);
	assert_int_equal(put_list(s, "of a stranger of that name", &stranger), CYG_OK);
	assert_int_equal(put_list(s, "of the end", &end), CYG_OK);
	assert_int_equal(find(s, &finds), 0);
	assert_int_equal(put_list(s, "mid.crl", &middle), CYG_OK);
	assert_int_equal(find(s, &finds), 1);
	assert_string_equal(shelf_file(&finds.items[0]), "mid.crl");
	assert_int_equal(finds.items[0].link, 0);
	assert_non_null(finds.items[0].crl);
	shelf_finds_done(&finds);
	/* Not taken, it is found again; and then no more. */
	assert_int_equal(find(s, &finds), 1);
	shelf_taken(&finds.items[0]);
	shelf_finds_done(&finds);
	assert_int_equal(find(s, &finds), 0);
	shelf_unref(s);
}

static struct bytes make_answer(const struct pki_cert *signer)
{
	OCSP_BASICRESP *b = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), end.x, middle.x);
	ASN1_TIME *from = ASN1_TIME_set(NULL, PKI_NOW - 60),
		  *until = ASN1_TIME_set(NULL, PKI_NOW + 60);
	unsigned char *der = NULL;
	struct bytes octets = {0};
	OCSP_RESPONSE *r;
	int len;

	assert_non_null(
		OCSP_basic_add1_status(b, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from, until));
	assert_int_equal(OCSP_basic_sign(b, signer->x, signer->key, EVP_sha256(), NULL, 0), 1);
	r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, b);
	len = i2d_OCSP_RESPONSE(r, &der);
	assert_true(len > 0 && bytes_copy(&octets, view_of(der, (size_t)len)));
	OPENSSL_free(der);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(b);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return octets;
}

static void answers_are_found_by_name_and_checked(void **state)
{
	struct bytes good = make_answer(&middle), forged = make_answer(&stranger);
	struct shelf_name of_end, of_middle;
	struct shelf *s = shelf_new();
	struct shelf_finds finds;

	assert_int_equal(shelf_name_of(crypto, &path->links[0].issuer_id,
				       &path->links[0].serial, &of_end),
			 CYG_OK);
	assert_int_equal(shelf_name_of(crypto, &path->links[1].issuer_id,
				       &path->links[1].serial, &of_middle),
			 CYG_OK);
	assert_memory_not_equal(&of_end, &of_middle, sizeof(of_end));
	assert_int_equal(shelf_put_answer(s, "forged", &of_end, view_bytes(&forged)), CYG_OK);
	assert_int_equal(shelf_put_answer(s, "another's", &of_middle, view_bytes(&good)),
			 CYG_OK);
	assert_int_equal(find(s, &finds), 0);
	assert_int_equal(shelf_put_answer(s, "good", &of_end, view_bytes(&good)), CYG_OK);
	assert_int_equal(find(s, &finds), 1);
	assert_null(finds.items[0].crl);
	assert_int_equal(finds.items[0].says.status, OCSP_STATUS_GOOD);
	shelf_finds_done(&finds);
	shelf_unref(s);
	bytes_done(&good);
	bytes_done(&forged);
}

static bool fill(void *ctx)
{
	struct shelf *s = shelf_new();
	bool well = s && !shelf_put_list(s, "a", LITERAL("octets"), LITERAL("issuer")) &&
		    !shelf_put_answer(s, "b", &(struct shelf_name){{1}}, LITERAL("octets"));

	shelf_unref(s);
	return well;
}

static void memory_runs_out(void **state)
{
	test_each_allocation_failing(fill, NULL, false);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_the_path_alone_are_found),
		cmocka_unit_test(answers_are_found_by_name_and_checked),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests_name("trust/shelf", tests, set_up, tear_down);
}
