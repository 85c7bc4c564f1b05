/* SPDX-License-Identifier: Apache-2.0 */
/* Members of groups by the ca section of an authority above their certificate. */
#include "trust/ca_groups.h"

#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/peer.h"
#include "trust/trust_private.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

/* Who there is: sub is below root, and the ends below what their names say. */
enum who { NOBODY, ROOT, SUB, OTHER, FALSE_ROOT, RENEWED, BY_SUB, BY_ROOT, BY_OTHER, WHOS };

struct scene {
	struct trust *t;
	struct pki_cert made[WHOS];
	struct bytes der[WHOS];
};

static struct scene begin(void)
{
	struct scene s = {.t = trust_new(crypto)};
	struct pki_cert *m = s.made;

	m[ROOT] = pki_make(&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	m[SUB] = pki_make(
		&(struct pki_wish){.name = "sub", .issuer = &m[ROOT], .extensions = {PKI_CA}});
	m[OTHER] = pki_make(&(struct pki_wish){.name = "other", .extensions = {PKI_CA}});
	m[FALSE_ROOT] = pki_make(&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	m[RENEWED] = pki_make(&(struct pki_wish){
		.name = "root", .key = &m[ROOT], .until = 200000, .extensions = {PKI_CA}});
	m[BY_SUB] = pki_make(&(struct pki_wish){.name = "end", .issuer = &m[SUB]});
	m[BY_ROOT] = pki_make(&(struct pki_wish){.name = "end", .issuer = &m[ROOT]});
	m[BY_OTHER] = pki_make(&(struct pki_wish){.name = "end", .issuer = &m[OTHER]});
	for (size_t i = 1; i < WHOS; i++) {
		struct cert c = pki_read(crypto, &m[i]);

		s.der[i] = cert_der(&c);
		cert_done(&c);
	}
	return s;
}

static void end(struct scene *s)
{
	trust_free(s->t);
	for (size_t i = 1; i < WHOS; i++) {
		pki_done(&s->made[i]);
		bytes_done(&s->der[i]);
	}
}

/* A ca section of this name with the certificate and groups=. */
static void section(struct scene *s, const char *name, enum who ca, const char *groups)
{
	struct authority says = {.name = name, .groups = groups};

	assert_int_equal(trust_add_authority(s->t, &says, view_bytes(&s->der[ca]), PKI_NOW,
					     NULL),
			 CYG_OK);
}

/* A file of ipsec.d/cacerts. */
static void held(struct scene *s, enum who ca)
{
	assert_int_equal(trust_read_cacert(s->t, "ca.pem", view_bytes(&s->der[ca]), PKI_NOW,
					   NULL),
			 CYG_OK);
	assert_int_equal(trust_take_cacerts(s->t), CYG_OK);
}

static struct trust_job *job_of(struct scene *s, const enum who sent[4], bool named,
				const char *groups)
{
	struct auth_cert certs[4];
	size_t n = 0;

	for (; n < 4 && sent[n]; n++)
		certs[n] = (struct auth_cert){CERT_X509, view_bytes(&s->der[sent[n]])};
	if (named)
		assert_int_equal(trust_put_cert(s->t, "end.pem", view_bytes(&s->der[sent[0]]),
						PKI_NOW, NULL),
				 CYG_OK);
	return peer_job_of(s->t, crypto,
			   &(struct peer_wish){&s->made[sent[0]], "CN=end", certs, n,
					       named ? "end.pem" : NULL, groups, PKI_NOW});
}

/* One comes with these certificates: its proof, or 0 and why it is refused. */
static uint64_t come(struct scene *s, const enum who sent[4], bool named, const char *groups,
		     struct diag *why)
{
	struct trust_job *j = job_of(s, sent, named, groups);
	const struct trust_reply *r;
	uint64_t proof;

	trust_job_work(j);
	assert_true(trust_job_settle(s->t, j, PKI_NOW));
	r = trust_job_reply(j);
	assert_int_equal(r->answer.err, CYG_OK);
	proof = r->answer.auth.valid ? r->answer.auth.proof : 0;
	assert_true(r->answer.auth.valid == (proof != 0));
	/* Who is refused for his groups may belong to another connection. */
	if (!proof)
		assert_int_equal(r->answer.auth.unfit, !strcmp(r->why.code, "not-in-group"));
	*why = r->why;
	trust_job_free(j);
	return proof;
}

static void whose_path_has_its_certificate_belongs(void **state)
{
	static const struct row {
		const char *what;
		enum who held, ca;
		const char *groups;
		enum who sent[4];
		bool named;
		const char *code;
	} rows[] = {
		{"the anchor", NOBODY, ROOT, "sales", {BY_ROOT}},
		{"an anchor above an intermediate", NOBODY, ROOT, "sales", {BY_SUB, SUB}},
		{"an intermediate that is held", ROOT, SUB, "sales", {BY_SUB}},
		{"an intermediate alone", NOBODY, SUB, "sales", {BY_SUB}},
		{"one of several groups", NOBODY, ROOT, "staff\tsales,x", {BY_ROOT}},
		{"its renewed certificate", ROOT, RENEWED, "sales", {BY_ROOT}},
		{"another group", NOBODY, ROOT, "staff", {BY_ROOT}, false, "not-in-group"},
		{"letter case", NOBODY, ROOT, "Sales", {BY_ROOT}, false, "not-in-group"},
		{"no groups", NOBODY, ROOT, NULL, {BY_ROOT}, false, "not-in-group"},
		{"no groups at all", NOBODY, ROOT, "", {BY_ROOT}, false, "not-in-group"},
		{"an authority beside the path",
		 ROOT,
		 OTHER,
		 "sales",
		 {BY_ROOT},
		 false,
		 "not-in-group"},
		{"which the peer sends",
		 ROOT,
		 OTHER,
		 "sales",
		 {BY_ROOT, OTHER},
		 false,
		 "not-in-group"},
		{"an intermediate beside it",
		 ROOT,
		 SUB,
		 "sales",
		 {BY_ROOT, SUB, ROOT},
		 false,
		 "not-in-group"},
		{"one of the same name",
		 ROOT,
		 FALSE_ROOT,
		 "sales",
		 {BY_ROOT},
		 false,
		 "not-in-group"},
		{"which the peer sends",
		 ROOT,
		 FALSE_ROOT,
		 "sales",
		 {BY_ROOT, FALSE_ROOT},
		 false,
		 "not-in-group"},
		{"named, below it", NOBODY, ROOT, "sales", {BY_ROOT}, true},
		{"named, by an intermediate that came",
		 NOBODY,
		 ROOT,
		 "sales",
		 {BY_SUB, SUB},
		 true},
		{"named, without one", NOBODY, ROOT, "sales", {BY_SUB}, true, "not-in-group"},
		{"named, of nobody known",
		 NOBODY,
		 ROOT,
		 "sales",
		 {BY_OTHER},
		 true,
		 "not-in-group"},
		{"named, and it sends both",
		 NOBODY,
		 ROOT,
		 "sales",
		 {BY_OTHER, OTHER, ROOT},
		 true,
		 "not-in-group"},
		{"of nobody known",
		 NOBODY,
		 ROOT,
		 "sales",
		 {BY_OTHER, OTHER, ROOT},
		 false,
		 "certificate-refused"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		struct scene s = begin();
		struct diag why;
		uint64_t proof;

		test_row(i, "%s", row->what);
		if (row->held)
			held(&s, row->held);
		section(&s, "office", row->ca, row->groups);
		proof = come(&s, row->sent, row->named, "admins, sales", &why);
		if (!row->code) {
			assert_true(proof);
		} else {
			assert_false(proof);
			assert_string_equal(why.code, row->code);
		}
		/* The same once more, by the path that is remembered. */
		assert_int_equal(come(&s, row->sent, row->named, "admins, sales", &why), proof);
		end(&s);
	}
}

static void the_refusal_tells_whence_and_both_cures(void **state)
{
	static const enum who by_sub[4] = {BY_SUB, SUB}, by_other[4] = {BY_OTHER};
	struct scene s = begin();
	struct diag why;

	section(&s, "office", ROOT, "staff, vp");
	section(&s, "again", ROOT, "night");
	assert_false(come(&s, by_sub, false, "sales", &why));
	assert_string_equal(why.wanted, "sales");
	assert_string_equal(why.got, "night by ca again, staff, vp by ca office");
	assert_non_null(strstr(why.hint, "groups= in the ca section of CN=sub"));
	/* A path ends where the first authority is held. */
	section(&s, "plant", SUB, "day");
	assert_false(come(&s, by_sub, false, "sales", &why));
	assert_string_equal(why.got, "day by ca plant");
	assert_non_null(strstr(why.hint, "attribute certificate (ipsec.d/acerts"));
	assert_non_null(strstr(why.hint, "groups= in the ca section of CN=sub"));
	section(&s, "office", ROOT, NULL);
	section(&s, "again", ROOT, NULL);
	section(&s, "plant", SUB, NULL);
	assert_false(come(&s, by_sub, false, "sales", &why));
	assert_non_null(strstr(why.got, "no valid attribute certificate, and no ca section"));
	assert_false(come(&s, by_other, true, "sales", &why));
	assert_string_equal(why.got, "no valid attribute certificate");
	assert_non_null(strstr(why.hint, "needs its authority here"));
	end(&s);
}

/* A section whose certificate could not be read vouches for nobody. */
static void no_certificate_no_groups(void **state)
{
	static const enum who by_root[4] = {BY_ROOT};
	struct authority says = {.name = "office", .groups = "sales"};
	struct scene s = begin();
	struct diag why;

	held(&s, ROOT);
	assert_int_equal(trust_add_authority(s.t, &says, view_str("none"), PKI_NOW, &why),
			 CYG_MALFORMED);
	assert_false(come(&s, by_root, false, "sales", &why));
	assert_int_equal(trust_add_authority(s.t, &says, (struct view){0}, PKI_NOW, &why),
			 CYG_OK);
	assert_false(come(&s, by_root, false, "sales", &why));
	end(&s);
}

/* Of several certificates in a section's file all are believed, and the first one has the groups. */
static void the_first_of_its_file_counts(void **state)
{
	static const enum who by_root[4] = {BY_ROOT}, by_other[4] = {BY_OTHER};
	struct scene s = begin();
	BIO *bio = BIO_new(BIO_s_mem());
	struct diag why;
	char *text;
	long len;

	assert_int_equal(PEM_write_bio_X509(bio, s.made[OTHER].x), 1);
	assert_int_equal(PEM_write_bio_X509(bio, s.made[ROOT].x), 1);
	len = BIO_get_mem_data(bio, &text);
	assert_int_equal(trust_add_authority(
				 s.t, &(struct authority){.name = "office", .groups = "sales"},
				 view_of((const uint8_t *)text, (size_t)len), PKI_NOW, &why),
			 CYG_OK);
	assert_true(come(&s, by_other, false, "sales", &why));
	assert_true(come(&s, by_root, false, NULL, &why));
	assert_false(come(&s, by_root, false, "sales", &why));
	BIO_free(bio);
	end(&s);
}

/* Of a path that the connection would refuse the certificate alone counts, which it names. */
static void a_weak_path_vouches_for_nobody(void **state)
{
	struct scene s = begin();
	struct pki_cert root = pki_make(
		&(struct pki_wish){.name = "RSA", .rsa_bits = 2048, .extensions = {PKI_CA}});
	struct pki_cert one = pki_make(&(struct pki_wish){.name = "end", .issuer = &root});
	struct cert c = pki_read(crypto, &one);
	struct bytes der = cert_der(&c);

	assert_int_equal(trust_put_cert(s.t, "end.pem", view_bytes(&der), PKI_NOW, NULL),
			 CYG_OK);
	peer_believe(s.t, crypto, &root,
		     &(struct authority){.name = "office", .groups = "sales"});
	for (unsigned bits = 2048; bits <= 3072; bits += 1024) {
		struct auth_cert sent = {CERT_X509, view_bytes(&der)};
		struct peer_wish wish = {&one,      "CN=end", &sent,   1,
					 "end.pem", "sales",  PKI_NOW, bits};
		struct trust_job *j = peer_job_of(s.t, crypto, &wish);

		trust_job_work(j);
		assert_true(trust_job_settle(s.t, j, PKI_NOW));
		assert_int_equal(trust_job_reply(j)->answer.auth.valid, bits == 2048);
		assert_int_equal(trust_job_reply(j)->answer.auth.unfit, bits != 2048);
		trust_job_free(j);
	}
	bytes_done(&der);
	cert_done(&c);
	pki_done(&one);
	pki_done(&root);
	end(&s);
}

static bool is_lost(struct scene *s, uint64_t proof, int64_t later);

/* Who issued a certificate that is named may have revoked it, and vouches for nobody without a path. */
static void who_may_revoke_alone_vouches_for_nobody(void **state)
{
	struct scene s = begin();
	struct pki_cert root = pki_make(&(struct pki_wish){
		.name = "late", .from = -7200, .until = -3600, .extensions = {PKI_CA}});
	struct pki_cert one = pki_make(&(struct pki_wish){.name = "end", .issuer = &root});
	struct cert c = pki_read(crypto, &one), aa = pki_read(crypto, &s.made[OTHER]);
	struct bytes der = cert_der(&c), ac = pki_acert(&c, &s.made[OTHER], &aa, -60, 3600);
	struct auth_cert sent = {CERT_X509, view_bytes(&der)};
	struct peer_wish wish = {&one, "CN=end", &sent, 1, "end.pem", "sales", PKI_NOW};
	struct trust_job *j;
	uint64_t proof;

	assert_int_equal(trust_put_cert(s.t, "end.pem", view_bytes(&der), PKI_NOW, NULL),
			 CYG_OK);
	peer_believe(s.t, crypto, &root,
		     &(struct authority){.name = "office", .groups = "sales"});
	j = peer_job_of(s.t, crypto, &wish);
	trust_job_work(j);
	assert_true(trust_job_settle(s.t, j, PKI_NOW));
	assert_true(!trust_job_reply(j)->answer.auth.valid &&
		    trust_job_reply(j)->answer.auth.unfit);
	trust_job_free(j);
	/* Nor later, when an attribute certificate that did has gone. */
	assert_int_equal(trust_read_aacert(s.t, "aa", view_bytes(&s.der[OTHER]), PKI_NOW, NULL),
			 CYG_OK);
	trust_take_aacerts(s.t);
	assert_int_equal(trust_read_acert(s.t, "a", view_bytes(&ac), PKI_NOW, NULL), CYG_OK);
	trust_take_acerts(s.t, PKI_NOW);
	j = peer_job_of(s.t, crypto, &wish);
	trust_job_work(j);
	assert_true(trust_job_settle(s.t, j, PKI_NOW));
	proof = trust_job_reply(j)->answer.auth.proof;
	assert_true(trust_job_reply(j)->answer.auth.valid && proof && j->chain->len);
	trust_job_free(j);
	trust_take_acerts(s.t, PKI_NOW);
	assert_true(is_lost(&s, proof, 0));
	bytes_done(&der);
	bytes_done(&ac);
	cert_done(&aa);
	cert_done(&c);
	pki_done(&one);
	pki_done(&root);
	end(&s);
}

/* ---- afterwards ---- */

static bool is_lost(struct scene *s, uint64_t proof, int64_t later)
{
	struct diag why = {0};
	uint64_t lost = 0;

	trust_tick(s->t, PKI_NOW + later);
	if (!trust_next_untrusted(s->t, &lost, &why))
		return false;
	assert_int_equal(lost, proof);
	assert_string_equal(why.code, "not-in-group");
	return true;
}

static void who_stood_by_a_section_goes_with_it(void **state)
{
	static const enum who by_sub[4] = {BY_SUB, SUB};
	static const struct row {
		const char *what, *groups; /* of the section that comes; NULL: none does */
		enum who ca;
		bool lost;
	} rows[] = {
		{"it is read again", "sales", ROOT, false},
		{"its certificate was renewed", "sales", RENEWED, false},
		{"other groups beside", "staff, sales", ROOT, false},
		{"another group", "staff", ROOT, true},
		{"no groups", "", ROOT, true},
		{"another certificate", "sales", OTHER, true},
		{"one of its name", "sales", FALSE_ROOT, true},
		{"it is gone", NULL, NOBODY, true},
	};

	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		const struct row *row = &rows[i / 2];
		bool named = i % 2;
		struct scene s = begin();
		struct diag why;
		uint64_t proof;

		test_row(i, "%s%s", row->what, named ? ", named" : "");
		held(&s, ROOT);
		section(&s, "office", ROOT, "sales");
		proof = come(&s, by_sub, named, "sales", &why);
		assert_true(proof);
		assert_int_equal(trust_delete_authorities(s.t, "office", PKI_NOW), 1);
		held(&s, ROOT); /* other files are read meanwhile */
		if (row->groups)
			section(&s, "office", row->ca, row->groups);
		assert_false(is_lost(&s, proof, SECTIONS_SECONDS - 1));
		assert_int_equal(is_lost(&s, proof, SECTIONS_SECONDS), row->lost);
		end(&s);
	}
}

/* Attribute certificates and sections, either of which is enough. */
static void either_is_enough(void **state)
{
	static const enum who by_root[4] = {BY_ROOT};
	struct scene s = begin();
	struct cert holder = pki_read(crypto, &s.made[BY_ROOT]);
	struct cert aa = pki_read(crypto, &s.made[OTHER]);
	struct bytes ac = pki_acert(&holder, &s.made[OTHER], &aa, -60, 3600);
	struct diag why;
	uint64_t proof;

	assert_int_equal(trust_read_aacert(s.t, "aa", view_bytes(&s.der[OTHER]), PKI_NOW, NULL),
			 CYG_OK);
	trust_take_aacerts(s.t);
	assert_int_equal(trust_read_acert(s.t, "a", view_bytes(&ac), PKI_NOW, NULL), CYG_OK);
	trust_take_acerts(s.t, PKI_NOW);
	section(&s, "office", ROOT, "sales");
	proof = come(&s, by_root, false, "sales", &why);
	assert_true(proof);
	/* It has ended, and the section says so still. */
	assert_false(is_lost(&s, proof, 4000));
	assert_int_equal(trust_delete_authorities(s.t, "office", PKI_NOW), 1);
	section(&s, "office", ROOT, NULL);
	assert_false(is_lost(&s, proof, SECTIONS_SECONDS));
	section(&s, "office", ROOT, "sales");
	trust_take_acerts(s.t, PKI_NOW); /* there are none any more */
	assert_false(is_lost(&s, proof, SECTIONS_SECONDS));
	section(&s, "office", ROOT, "staff");
	assert_true(is_lost(&s, proof, SECTIONS_SECONDS));
	bytes_done(&ac);
	cert_done(&holder);
	cert_done(&aa);
	end(&s);
}

/* The section goes while a worker has the job. */
static void what_went_meanwhile_does_not_count(void **state)
{
	static const enum who by_root[4] = {BY_ROOT};
	struct scene s = begin();
	struct trust_job *j;

	held(&s, ROOT);
	section(&s, "office", ROOT, "sales");
	j = job_of(&s, by_root, false, "sales");
	trust_job_work(j);
	assert_int_equal(trust_delete_authorities(s.t, "*", PKI_NOW), 1);
	trust_tick(s.t, PKI_NOW + SECTIONS_SECONDS);
	assert_true(trust_job_settle(s.t, j, PKI_NOW + SECTIONS_SECONDS));
	assert_false(trust_job_reply(j)->answer.auth.valid);
	assert_string_equal(trust_job_reply(j)->why.code, "not-in-group");
	trust_job_free(j);
	end(&s);
}

/* Two paths of one certificate, of which each leads below another section. */
static void each_path_stands_by_itself(void **state)
{
	static const enum who by_sub[4] = {BY_SUB, SUB};
	struct scene s = begin();
	struct pki_cert cross = pki_make(&(struct pki_wish){.name = "sub",
							    .issuer = &s.made[OTHER],
							    .key = &s.made[SUB],
							    .extensions = {PKI_CA}});
	struct cert c = pki_read(crypto, &cross);
	struct diag why;
	uint64_t first, second;

	section(&s, "office", ROOT, "sales");
	section(&s, "plant", OTHER, "sales");
	first = come(&s, by_sub, false, "sales", &why);
	bytes_done(&s.der[SUB]);
	s.der[SUB] = cert_der(&c);
	second = come(&s, by_sub, false, "sales", &why);
	assert_true(first && second && first != second);
	section(&s, "office", ROOT, NULL);
	assert_true(is_lost(&s, first, SECTIONS_SECONDS));
	assert_false(is_lost(&s, second, SECTIONS_SECONDS + 1));
	cert_done(&c);
	pki_done(&cross);
	end(&s);
}

/* ---- memory ---- */

static bool make_one(void *ctx)
{
	struct ca_groups *g = ca_groups_new(ctx);

	ca_groups_unref(g);
	return g;
}

static void allocation_failures_leave_nothing(void **state)
{
	struct scene s = begin();

	section(&s, "office", ROOT, "sales");
	section(&s, "plant", SUB, "night");
	section(&s, "none", OTHER, NULL);
	test_each_allocation_failing(make_one, &s.t->authorities, false);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_path_has_its_certificate_belongs),
		cmocka_unit_test(the_refusal_tells_whence_and_both_cures),
		cmocka_unit_test(no_certificate_no_groups),
		cmocka_unit_test(the_first_of_its_file_counts),
		cmocka_unit_test(a_weak_path_vouches_for_nobody),
		cmocka_unit_test(who_may_revoke_alone_vouches_for_nobody),
		cmocka_unit_test(who_stood_by_a_section_goes_with_it),
		cmocka_unit_test(either_is_enough),
		cmocka_unit_test(what_went_meanwhile_does_not_count),
		cmocka_unit_test(each_path_stands_by_itself),
		cmocka_unit_test(allocation_failures_leave_nothing),
	};

	return cmocka_run_group_tests_name("trust/ca_groups", tests, crypto_set_up,
					   crypto_tear_down);
}
