/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/ocsp.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/ocsp.h>
#include <string.h>
#include <time.h>

#define SIGNS                                     \
	{                                         \
		"extendedKeyUsage", "OCSPSigning" \
	}

static struct crypto *crypto;
static struct pki_cert ca, other_ca, end, other, delegate, unchecked, not_for_it, expired,
	of_another, local;
static const uint8_t nonce[OCSP_NONCE_LEN] = "0123456789abcde";

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	ca = pki_make(&(struct pki_wish){.name = "ca", .extensions = {PKI_CA}});
	other_ca = pki_make(&(struct pki_wish){.name = "ca", .extensions = {PKI_CA}});
	end = pki_make(&(struct pki_wish){.name = "end", .issuer = &ca});
	other = pki_make(&(struct pki_wish){.name = "other", .issuer = &ca});
	delegate = pki_make(
		&(struct pki_wish){.name = "delegate", .issuer = &ca, .extensions = {SIGNS}});
	unchecked = pki_make(&(struct pki_wish){.name = "unchecked",
						.issuer = &ca,
						.extensions = {SIGNS, {"noCheck", "ignored"}}});
	not_for_it = pki_make(&(struct pki_wish){.name = "web", .issuer = &ca});
	expired = pki_make(&(struct pki_wish){
		.name = "old", .issuer = &ca, .until = -3600, .extensions = {SIGNS}});
	of_another = pki_make(&(struct pki_wish){.name = "stranger",
						 .issuer = &other_ca,
						 .extensions = {SIGNS}});
	local = pki_make(&(struct pki_wish){.name = "local"});
	return 0;
}

static int tear_down(void **state)
{
	struct pki_cert *const all[] = {&ca,         &other_ca,  &end,        &other,
					&delegate,   &unchecked, &not_for_it, &expired,
					&of_another, &local};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		pki_done(all[i]);
	crypto_free(crypto);
	return 0;
}

/* What a server says, and how. */
struct wish {
	const char *what;
	const struct pki_cert *signer, *about, *issuer;
	int status;
	int64_t from, until; /* from PKI_NOW; until 0: not said */
	const char *nonce;   /* NULL: none */
	const char *hash;
	bool key_id, other_octets;
	enum cyg_err err;
	const char *says;
};

static OCSP_BASICRESP *make_basic(const struct wish *w)
{
	OCSP_BASICRESP *b = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(w->issuer->x),
					   X509_get0_pubkey_bitstr(w->issuer->x),
					   X509_get_serialNumber(w->about->x));
	ASN1_TIME *from = ASN1_TIME_set(NULL, PKI_NOW + w->from),
		  *until = ASN1_TIME_set(NULL, PKI_NOW + w->until),
		  *revoked = ASN1_TIME_set(NULL, PKI_NOW - 9000);

	assert_non_null(OCSP_basic_add1_status(b, id, w->status, 1, revoked, from,
					       w->until ? until : NULL));
	if (w->nonce)
		OCSP_basic_add1_nonce(b, (unsigned char *)w->nonce, OCSP_NONCE_LEN);
	assert_int_equal(OCSP_basic_sign(b, w->signer->x, w->signer->key,
					 EVP_get_digestbyname(w->hash ? w->hash : "SHA256"),
					 NULL, w->key_id ? OCSP_RESPID_KEY : 0),
			 1);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	ASN1_TIME_free(revoked);
	return b;
}

static struct bytes make(const struct wish *w)
{
	OCSP_BASICRESP *b = make_basic(w);
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, b);
	unsigned char *der = NULL;
	int len = i2d_OCSP_RESPONSE(r, &der);
	struct bytes octets;

	assert_true(len > 0);
	assert_true(bytes_copy(&octets, view_of(der, (size_t)len)));
	if (w->other_octets) {
		/* The time that it is of, one digit later: the signature is over other octets. */
		uint8_t *at = memmem(octets.ptr, octets.len, "20270115", 8);

		assert_non_null(at);
		at[3] = '8';
	}
	OPENSSL_free(der);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(b);
	return octets;
}

static enum cyg_err read_answer(struct view octets, struct ocsp_answer *ret, struct diag *why)
{
	struct cert issuer = pki_read(crypto, &ca), signer = pki_read(crypto, &local);
	struct serial serial = pki_serial(&end);
	struct cert_list signers = {0};
	enum cyg_err err;

	assert_int_equal(cert_list_add(&signers, &signer), CYG_OK);
	diag_clear(why);
	err = ocsp_read(crypto, &issuer, &serial, nonce, &signers, octets, PKI_NOW, ret, why);
	cert_list_done(&signers);
	cert_done(&issuer);
	return err;
}

#define GOOD V_OCSP_CERTSTATUS_GOOD
#define HOUR 3600

static void an_answer_counts_or_is_refused(void **state)
{
	const struct wish rows[] = {
		{"another key of that name", &other_ca, &end, &ca, GOOD, -60, HOUR,
		 .err = CYG_AUTH, .says = "not signed by one who may"},
		{"an end's certificate", &not_for_it, &end, &ca, GOOD, -60, HOUR,
		 .err = CYG_AUTH, .says = "not signed by one who may"},
		{"a signer that has expired", &expired, &end, &ca, GOOD, -60, HOUR,
		 .err = CYG_AUTH, .says = "not signed by one who may"},
		{"a signer of another authority", &of_another, &end, &ca, GOOD, -60, HOUR,
		 .err = CYG_AUTH, .says = "not signed by one who may"},
		{"over other octets", &ca, &end, &ca, GOOD, -60, HOUR, .other_octets = true,
		 .err = CYG_AUTH, .says = "not signed by one who may"},
		{"with SHA-1", &ca, &end, &ca, GOOD, -60, HOUR, .hash = "SHA1", .err = CYG_AUTH,
		 .says = "too weak"},
		{"about another number", &ca, &other, &ca, GOOD, -60, HOUR, .err = CYG_NOTFOUND,
		 .says = "about other certificates"},
		{"about another issuer's", &ca, &end, &other_ca, GOOD, -60, HOUR,
		 .err = CYG_NOTFOUND, .says = "about other certificates"},
		{"of the future", &ca, &end, &ca, GOOD, 120, HOUR, .err = CYG_RANGE,
		 .says = "of the future"},
		{"overdue", &ca, &end, &ca, GOOD, -HOUR, -120, .err = CYG_RANGE,
		 .says = "overdue"},
		{"old, and no end said", &ca, &end, &ca, GOOD, -2 * HOUR, 0, .err = CYG_RANGE,
		 .says = "overdue"},
		{"replayed", &ca, &end, &ca, GOOD, -60, HOUR, "fedcba9876543210",
		 .err = CYG_AUTH, .says = "another question"},
		{"the authority's own", &ca, &end, &ca, GOOD, -60, HOUR},
		{"named by its key", &ca, &end, &ca, GOOD, -60, HOUR, .key_id = true},
		{"a delegate's", &delegate, &end, &ca, GOOD, -60, HOUR},
		{"a delegate's, named by its key", &delegate, &end, &ca, GOOD, -60, HOUR,
		 .key_id = true},
		{"one of ocspcerts", &local, &end, &ca, GOOD, -60, HOUR},
		{"with our nonce", &ca, &end, &ca, GOOD, -60, HOUR, (const char *)nonce},
		{"within the skew of clocks", &ca, &end, &ca, GOOD, 50, HOUR},
		{"just overdue", &ca, &end, &ca, GOOD, -HOUR, -50},
		{"no end said", &ca, &end, &ca, GOOD, -60, 0},
		{"revoked", &ca, &end, &ca, V_OCSP_CERTSTATUS_REVOKED, -60, HOUR},
		{"unknown", &ca, &end, &ca, V_OCSP_CERTSTATUS_UNKNOWN, -60, HOUR},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct wish *w = &rows[i];
		struct bytes octets = make(w);
		struct ocsp_answer a = {0};
		struct diag why;

		test_row(i, "%s", w->what);
		assert_int_equal(read_answer(view_bytes(&octets), &a, &why), w->err);
		if (w->err) {
			assert_non_null(strstr(why.sentence, w->says));
		} else {
			assert_int_equal(a.status, w->status);
			assert_int_equal(a.this_update, PKI_NOW + w->from);
			assert_int_equal(a.next_update, w->until ? PKI_NOW + w->until : 0);
			assert_int_equal(a.revoked_at, w->status == V_OCSP_CERTSTATUS_REVOKED
							       ? PKI_NOW - 9000
							       : 0);
			ocsp_answer_done(&a);
		}
		bytes_done(&octets);
	}
}

static void octets_that_were_changed_are_refused(void **state)
{
	struct bytes octets = make(&(struct wish){"", &ca, &end, &ca, GOOD, -60, HOUR});
	struct ocsp_answer a;
	struct diag why;

	for (size_t len = 0; len < octets.len; len++) {
		assert_int_not_equal(read_answer(view_of(octets.ptr, len), &a, &why), CYG_OK);
		assert_true(diag_is_set(&why));
	}
	bytes_done(&octets);
}

static void a_server_may_have_none(void **state)
{
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
	unsigned char *der = NULL;
	int len = i2d_OCSP_RESPONSE(r, &der);
	struct ocsp_answer a;
	struct diag why;

	assert_int_equal(read_answer(view_of(der, (size_t)len), &a, &why), CYG_MALFORMED);
	assert_non_null(strstr(why.got, "trylater"));
	OPENSSL_free(der);
	OCSP_RESPONSE_free(r);
}

/* A question names the certificate and has our nonce. */
static void a_question_is_read_back(void **state)
{
	struct cert issuer = pki_read(crypto, &ca);
	struct serial serial = pki_serial(&end);
	OCSP_CERTID *want = OCSP_cert_to_id(EVP_sha1(), end.x, ca.x);
	const unsigned char *at;
	struct bytes der = {0};
	OCSP_REQUEST *q;

	assert_int_equal(ocsp_ask(&issuer, &serial, nonce, &der), CYG_OK);
	at = der.ptr;
	q = d2i_OCSP_REQUEST(NULL, &at, (long)der.len);
	assert_non_null(q);
	assert_int_equal(OCSP_request_onereq_count(q), 1);
	assert_int_equal(OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(q, 0)), want),
			 0);
	assert_non_null(memmem(der.ptr, der.len, nonce, sizeof(nonce)));
	OCSP_REQUEST_free(q);
	OCSP_CERTID_free(want);
	bytes_done(&der);
	cert_done(&issuer);
}

/* RFC 6960 4.2.2.2.1: whom a list may have revoked himself is told, unless he needs no check. */
static void a_delegate_is_told(void **state)
{
	const struct {
		const struct pki_cert *signer;
		bool told, came;
	} rows[] = {{&ca, false, false},
		    {&local, false, false},
		    {&unchecked, false, true},
		    {&delegate, true, true}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes octets = make(
			&(struct wish){"", rows[i].signer, &end, &ca, GOOD, -60, HOUR});
		struct serial want = pki_serial(rows[i].signer);
		struct ocsp_answer a = {0};
		struct diag why;

		test_row(i, "%d", rows[i].told);
		assert_int_equal(read_answer(view_bytes(&octets), &a, &why), CYG_OK);
		assert_int_equal(a.delegate.len != 0, rows[i].told);
		assert_true(!rows[i].told || serial_equal(&a.delegate, &want));
		assert_int_equal(a.signer.x != NULL, rows[i].came);
		assert_true(!rows[i].came || !X509_cmp(a.signer.x, rows[i].signer->x));
		ocsp_answer_done(&a);
		bytes_done(&octets);
	}
}

static enum cyg_err read_kept(const struct wish *w, struct diag *why)
{
	struct bytes octets = make(w);
	struct cert issuer = pki_read(crypto, &ca);
	struct serial serial = pki_serial(&end);
	const struct cert_list none = {0};
	struct ocsp_answer a = {0};
	enum cyg_err err;

	diag_clear(why);
	err = ocsp_read(crypto, &issuer, &serial, NULL, &none, view_bytes(&octets), PKI_NOW, &a,
			why);
	ocsp_answer_done(&a);
	cert_done(&issuer);
	bytes_done(&octets);
	return err;
}

#define DAY (24 * HOUR)
#define GONE V_OCSP_CERTSTATUS_REVOKED
#define UNKNOWN V_OCSP_CERTSTATUS_UNKNOWN

/* It is as good as new while it lasts; that somebody was revoked holds for ever. */
static void a_kept_answer_counts_or_is_over(void **state)
{
	const struct {
		struct wish wish;
		enum cyg_err err;
		bool over;
	} rows[] = {
		{{"another's nonce", &ca, &end, &ca, GOOD, -60, HOUR, "fedcba9876543210"}},
		{{"good, overdue", &ca, &end, &ca, GOOD, -2 * DAY, -DAY}, CYG_RANGE, true},
		{{"good, no end", &ca, &end, &ca, GOOD, -60, 0}, CYG_OK, true},
		{{"good, no end, old", &ca, &end, &ca, GOOD, -DAY, 0}, CYG_RANGE, true},
		{{"revoked, overdue", &ca, &end, &ca, GONE, -2 * DAY, -DAY}},
		{{"revoked, no end, old", &ca, &end, &ca, GONE, -DAY, 0}},
		{{"revoked, of the future", &ca, &end, &ca, GONE, DAY, 2 * DAY}, CYG_RANGE},
		{{"revoked, by a stranger", &of_another, &end, &ca, GONE, -DAY, 0}, CYG_AUTH},
		{{"revoked, another one", &ca, &other, &ca, GONE, -DAY, 0}, CYG_NOTFOUND},
		{{"unknown, overdue", &ca, &end, &ca, UNKNOWN, -2 * DAY, -DAY},
		 CYG_RANGE,
		 true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes octets = make(&rows[i].wish);
		struct diag why;

		test_row(i, "%s", rows[i].wish.what);
		assert_int_equal(read_kept(&rows[i].wish, &why), rows[i].err);
		assert_int_equal(diag_is_set(&why), rows[i].err != CYG_OK);
		assert_int_equal(ocsp_is_over(view_bytes(&octets), PKI_NOW), rows[i].over);
		assert_true(ocsp_is_over(view_of(octets.ptr, octets.len - 1), PKI_NOW));
		bytes_done(&octets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_counts_or_is_refused),
		cmocka_unit_test(octets_that_were_changed_are_refused),
		cmocka_unit_test(a_server_may_have_none),
		cmocka_unit_test(a_question_is_read_back),
		cmocka_unit_test(a_delegate_is_told),
		cmocka_unit_test(a_kept_answer_counts_or_is_over),
	};

	return cmocka_run_group_tests_name("trust/ocsp", tests, set_up, tear_down);
}
