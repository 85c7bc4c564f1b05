/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of revoked certificates, and what is asked, when, and how often. */
#include "trust/path.h"
#include "trust/revoke.h"

#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define LIST "http://a.example/1.crl"
#define SERVER "http://a.example/ocsp"

static const struct authorities nothing;

/* An authority, one certificate of it, and what is known. */
struct scene {
	struct pki_cert ca, end, other;
	struct cert issuer;
	struct chain *chain;
	struct revoke r;
};

static void scene_init(struct scene *s, const char *where, const char *value, uint8_t policy)
{
	struct cert_list path = {0};
	struct cert end, copy;

	s->ca = pki_make(&(struct pki_wish){.name = "ca", .extensions = {PKI_CA}});
	s->end = pki_make(&(struct pki_wish){.name = "end",
					     .issuer = &s->ca,
					     .extensions = {{where, value}}});
	s->other = pki_make(&(struct pki_wish){.name = "other", .issuer = &s->ca});
	s->issuer = pki_read(crypto, &s->ca);
	end = pki_read(crypto, &s->end);
	copy = cert_copy(&s->issuer);
	assert_int_equal(cert_list_add(&path, &end), CYG_OK);
	assert_int_equal(cert_list_add(&path, &copy), CYG_OK);
	s->chain = chain_new(crypto, &path);
	assert_non_null(s->chain);
	cert_list_done(&path);
	revoke_init(&s->r, crypto, &nothing);
	s->r.rules = (struct trust_rules){.policy = policy, .patience = 20};
}

static void scene_done(struct scene *s)
{
	revoke_done(&s->r);
	chain_unref(s->chain);
	cert_done(&s->issuer);
	pki_done(&s->ca);
	pki_done(&s->end);
	pki_done(&s->other);
}

static enum cyg_err put(struct scene *s, const struct pki_list_wish *w, const char *file,
			const char *url)
{
	const struct cert *issuers[] = {&s->issuer};
	struct pki_list_wish wish = *w;
	struct bytes der;
	struct diag why;
	struct crl *c;

	wish.issuer = &s->ca;
	der = pki_list(&wish);
	assert_int_equal(crl_read(crypto, issuers, 1, view_bytes(&der), &s->r.key, &c, &why),
			 CYG_OK);
	bytes_done(&der);
	return revoke_put_list(&s->r, c, file, url, PKI_NOW, &why);
}

static enum standing judge(struct scene *s, int64_t later, enum judging how,
			   struct source **ret, struct diag *why)
{
	*ret = NULL;
	diag_clear(why);
	return revoke_judge(&s->r, s->chain, PKI_NOW + later, how, ret, why);
}

/* The host takes what is wanted, and it comes to nothing. */
static void fails(struct scene *s, struct source *source, enum cyg_err err, int64_t later)
{
	struct waiters w;
	struct diag why;

	waiters_init(&w);
	diag_set(&why, "not-fetched", NULL, "it failed");
	diag_got(&why, "no way there");
	source_failed(&s->r, source, err, &why, PKI_NOW + later, &w);
}

static void take_wants(struct scene *s)
{
	while (!list_empty(&s->r.wanted)) {
		struct source *source = CONTAINER_OF(s->r.wanted.next, struct source, wanted);

		list_remove(&source->wanted);
		source->state = SOURCE_ASKED;
	}
}

static void what_is_not_known_is_the_policys(void **state)
{
	static const struct {
		const char *where, *value;
		uint8_t policy;
		enum standing standing;
	} rows[] = {
		{NULL, NULL, CRL_POLICY_NO, STANDING_GOOD},
		{NULL, NULL, CRL_POLICY_IF_URI, STANDING_GOOD},
		{NULL, NULL, CRL_POLICY_YES, STANDING_REFUSED},
		{"crlDistributionPoints", "URI:" LIST, CRL_POLICY_NO, STANDING_GOOD},
		{"crlDistributionPoints", "URI:" LIST, CRL_POLICY_IF_URI, STANDING_REFUSED},
		{"crlDistributionPoints", "URI:" LIST, CRL_POLICY_YES, STANDING_REFUSED},
		{"authorityInfoAccess", "OCSP;URI:" SERVER, CRL_POLICY_IF_URI,
		 STANDING_REFUSED},
		{"authorityInfoAccess", "caIssuers;URI:" SERVER, CRL_POLICY_IF_URI,
		 STANDING_GOOD},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct source *source;
		struct scene s;
		struct diag why;

		test_row(i, "%s", rows[i].value ? rows[i].value : "nowhere");
		scene_init(&s, rows[i].where, rows[i].value, rows[i].policy);
		assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &source, &why), rows[i].standing);
		assert_int_equal(diag_is_set(&why), rows[i].standing == STANDING_REFUSED);
		scene_done(&s);
	}
}

static void lists_say_what_they_say(void **state)
{
	static const struct {
		const char *what;
		bool revoked, delta_revokes;
		int reason, delta_reason;
		int64_t until;
		long delta;
		enum standing strict, lax;
	} rows[] = {
		{"good", .until = 3600, .strict = STANDING_GOOD, .lax = STANDING_GOOD},
		{"overdue", .until = -120, .strict = STANDING_REFUSED, .lax = STANDING_GOOD},
		{"overdue within the skew", .until = -30, .strict = STANDING_GOOD,
		 .lax = STANDING_GOOD},
		{"revoked", true, .until = 3600, .strict = STANDING_REFUSED,
		 .lax = STANDING_REFUSED},
		{"revoked, overdue", true, .until = -120, .strict = STANDING_REFUSED,
		 .lax = STANDING_REFUSED},
		{"the delta revokes", .delta_revokes = true, .delta = 6, .until = 3600,
		 .strict = STANDING_REFUSED, .lax = STANDING_REFUSED},
		{"the delta takes back", true, true, 6, CRL_REASON_REMOVED, 3600, 6,
		 STANDING_GOOD, STANDING_GOOD},
		{"a delta to another list", .delta_revokes = true, .delta = 5, .until = 3600,
		 .strict = STANDING_GOOD, .lax = STANDING_GOOD},
		{"overdue with a current delta", .until = -120, .delta = 6,
		 .strict = STANDING_GOOD, .lax = STANDING_GOOD},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct source *source;
		struct scene s;
		struct diag why;

		test_row(i, "%s", rows[i].what);
		scene_init(&s, NULL, NULL, CRL_POLICY_YES);
		assert_int_equal(put(&s,
				     &(struct pki_list_wish){
					     .revoked = {rows[i].revoked ? &s.end : &s.other},
					     .reason = rows[i].reason,
					     .number = 5,
					     .until = rows[i].until},
				     "a.crl", NULL),
				 CYG_OK);
		if (rows[i].delta)
			assert_int_equal(put(&s,
					     &(struct pki_list_wish){
						     .revoked = {rows[i].delta_revokes ? &s.end
										       : NULL},
						     .reason = rows[i].delta_reason,
						     .number = rows[i].delta,
						     .base = 5},
					     "d.crl", NULL),
					 CYG_OK);
		assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &source, &why), rows[i].strict);
		s.r.rules.policy = CRL_POLICY_NO;
		assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &source, &why), rows[i].lax);
		scene_done(&s);
	}
}

static void one_source_is_asked_once_and_left_alone_when_it_fails(void **state)
{
	static const struct {
		enum cyg_err err;
		const char *got;
	} rows[] = {{CYG_NOTFOUND, "it failed: no way there"},
		    {CYG_IO, "the server http://a.example:80 does not answer: no way there"}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct source *first, *again;
		struct scene s;
		struct diag why;

		test_row(i, "%s", rows[i].got);
		scene_init(&s, "crlDistributionPoints", "URI:" LIST, CRL_POLICY_YES);
		assert_int_equal(judge(&s, 0, JUDGE_PEER, &first, &why), STANDING_WAITS);
		assert_string_equal(first->url, LIST);
		assert_int_equal(judge(&s, 1, JUDGE_PEER, &again, &why), STANDING_WAITS);
		assert_ptr_equal(first, again);
		assert_int_equal(s.r.sources_len, 1);
		/* It fails: half a minute of silence, then twice that, ten minutes at most. */
		for (int64_t at = 0, wait = RETRY_SECONDS, n = 0; n < 8; n++) {
			take_wants(&s);
			fails(&s, first, rows[i].err, at);
			assert_int_equal(judge(&s, at, JUDGE_PEER, &again, &why),
					 STANDING_REFUSED);
			assert_string_equal(why.got, rows[i].got);
			assert_int_equal(judge(&s, at + wait - 1, JUDGE_PEER, &again, &why),
					 STANDING_REFUSED);
			assert_int_equal(judge(&s, at + wait, JUDGE_PEER, &again, &why),
					 STANDING_WAITS);
			at += wait;
			wait = wait * 2 < RETRY_SECONDS_MAX ? wait * 2 : RETRY_SECONDS_MAX;
		}
		scene_done(&s);
	}
}

/* Another place of a silent server fails with it, and one that was not asked yet is not asked. */
static void a_silent_server_fails_for_all(void **state)
{
	static const struct {
		enum cyg_err err;
		int64_t heard; /* from when it was asked; 0: never */
		bool all;
	} rows[] = {{CYG_IO, 0, true},
		    {CYG_IO, -5, true},
		    {CYG_IO, 5, false},
		    {CYG_NOTFOUND, 0, false},
		    {CYG_LIMIT, 0, false}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct source *first, *second, *third, *other;
		struct scene s;
		struct diag why;
		uint64_t id;

		test_row(i, "%d %jd", rows[i].err, (intmax_t)rows[i].heard);
		scene_init(&s, "crlDistributionPoints", "URI:" LIST, CRL_POLICY_YES);
		assert_int_equal(judge(&s, 0, JUDGE_PEER, &first, &why), STANDING_WAITS);
		second = source_get(&s.r, WANT_CRL, "HTTP://A.example:80/2",
				    &s.chain->links[0]);
		third = source_get(&s.r, WANT_CRL, "http://a.example/3", &s.chain->links[0]);
		other = source_get(&s.r, WANT_CRL, "https://a.example/", &s.chain->links[0]);
		assert_ptr_equal(second->server, first->server);
		assert_ptr_not_equal(other->server, first->server);
		assert_true(source_ask(&s.r, second, PKI_NOW));
		assert_true(source_ask(&s.r, other, PKI_NOW));
		take_wants(&s);
		id = second->id;
		first->server->heard_at = rows[i].heard ? PKI_NOW + rows[i].heard : 0;
		fails(&s, first, rows[i].err, 8);
		assert_int_equal(second->state, rows[i].all ? SOURCE_QUIET : SOURCE_ASKED);
		assert_int_equal(source_ask(&s.r, third, PKI_NOW + 8), !rows[i].all);
		assert_int_equal(list_empty(&s.r.unwanted), !rows[i].all);
		if (rows[i].all)
			assert_int_equal(
				CONTAINER_OF(s.r.unwanted.next, struct unwanted, link)->id, id);
		assert_int_equal(source_by_id(&s.r, id) == NULL, rows[i].all);
		assert_int_equal(other->state, SOURCE_ASKED);
		scene_done(&s);
	}
}

static void a_server_is_slow_until_it_answers(void **state)
{
	struct waiters w;
	struct source *s;
	struct scene scene;
	struct diag why;

	waiters_init(&w);
	scene_init(&scene, "crlDistributionPoints", "URI:" LIST, CRL_POLICY_NO);
	assert_int_equal(judge(&scene, 0, JUDGE_PEER, &s, &why), STANDING_WAITS);
	assert_false(server_is_slow(s->server, PKI_NOW + GRACE_SECONDS));
	assert_true(server_is_slow(s->server, PKI_NOW + GRACE_SECONDS + 1));
	take_wants(&scene);
	fails(&scene, s, CYG_IO, 8);
	assert_true(server_is_slow(s->server, PKI_NOW + 9));
	assert_int_equal(judge(&scene, 99, JUDGE_PEER, &s, &why), STANDING_WAITS);
	assert_true(
		server_is_slow(s->server, PKI_NOW + 99)); /* it is tried, and nobody waits */
	source_succeeded(s, PKI_NOW + 100, &w);
	assert_false(server_is_slow(s->server, PKI_NOW + 100));
	scene_done(&scene);
}

static void servers_come_before_lists_and_all_are_tried(void **state)
{
	struct source *source;
	struct scene s;
	struct diag why;

	scene_init(&s, "authorityInfoAccess", "OCSP;URI:" SERVER, CRL_POLICY_YES);
	assert_int_equal(put(&s, &(struct pki_list_wish){.number = 1}, "a.crl", NULL), CYG_OK);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &source, &why), STANDING_WAITS);
	assert_int_equal(source->kind, WANT_OCSP);
	assert_true(source->post.len > 40);
	take_wants(&s);
	fails(&s, source, CYG_IO, 0);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &source, &why), STANDING_GOOD);
	scene_done(&s);
}

static void answers_count_until_they_are_overdue(void **state)
{
	struct ocsp_answer good = {OCSP_STATUS_GOOD, PKI_NOW, PKI_NOW + 600, 0, -1},
			   once = {OCSP_STATUS_GOOD, PKI_NOW, 0, 0, -1},
			   revoked = {OCSP_STATUS_REVOKED, PKI_NOW, PKI_NOW + 600, PKI_NOW, 1};
	struct source *source, *none;
	struct scene s;
	struct diag why;

	scene_init(&s, "authorityInfoAccess", "OCSP;URI:" SERVER, CRL_POLICY_YES);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &source, &why), STANDING_WAITS);
	assert_int_equal(revoke_put_answer(&s.r, source, &good, PKI_NOW), CYG_OK);
	assert_int_equal(judge(&s, 600, JUDGE_PEER, &none, &why), STANDING_GOOD);
	assert_int_equal(judge(&s, 601, JUDGE_SILENTLY, &none, &why), STANDING_REFUSED);
	assert_int_equal(revoke_put_answer(&s.r, source, &once, PKI_NOW), CYG_OK);
	assert_int_equal(judge(&s, ONCE_SECONDS + 1, JUDGE_SILENTLY, &none, &why),
			 STANDING_REFUSED);
	assert_int_equal(judge(&s, ONCE_SECONDS + 1, JUDGE_PROOF, &none, &why), STANDING_GOOD);
	assert_int_equal(s.r.answers_len, 1);
	/* What was revoked stays so. */
	assert_int_equal(revoke_put_answer(&s.r, source, &revoked, PKI_NOW), CYG_OK);
	assert_int_equal(judge(&s, 99999, JUDGE_SILENTLY, &none, &why), STANDING_REFUSED);
	assert_non_null(strstr(why.got, "keyCompromise"));
	revoke_purge_answers(&s.r);
	assert_int_equal(s.r.answers_len, 0);
	scene_done(&s);
}

static void a_list_says_more_than_a_server(void **state)
{
	const struct ocsp_answer good = {OCSP_STATUS_GOOD, PKI_NOW, PKI_NOW + 600, 0, -1};
	struct source *source, *none;
	struct scene s;
	struct diag why;

	scene_init(&s, "authorityInfoAccess", "OCSP;URI:" SERVER, CRL_POLICY_NO);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &source, &why), STANDING_WAITS);
	assert_int_equal(revoke_put_answer(&s.r, source, &good, PKI_NOW), CYG_OK);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &none, &why), STANDING_GOOD);
	assert_int_equal(put(&s, &(struct pki_list_wish){.revoked = {&s.end}, .number = 1},
			     "a.crl", NULL),
			 CYG_OK);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &none, &why), STANDING_REFUSED);
	assert_non_null(strstr(why.got, "a list"));
	scene_done(&s);
}

static void an_older_answer_is_a_replay(void **state)
{
	const struct ocsp_answer old = {OCSP_STATUS_GOOD, PKI_NOW - 60, PKI_NOW + 9999, 0, -1},
				 new = {OCSP_STATUS_REVOKED, PKI_NOW, PKI_NOW + 600, PKI_NOW,
					1};
	struct source *source, *none;
	struct scene s;
	struct diag why;

	scene_init(&s, "authorityInfoAccess", "OCSP;URI:" SERVER, CRL_POLICY_YES);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &source, &why), STANDING_WAITS);
	assert_int_equal(revoke_put_answer(&s.r, source, &new, PKI_NOW), CYG_OK);
	assert_int_equal(revoke_put_answer(&s.r, source, &old, PKI_NOW), CYG_OK);
	assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &none, &why), STANDING_REFUSED);
	assert_int_equal(s.r.answers_len, 1);
	scene_done(&s);
}

/* RFC 6960 4.2.2.2.1: what a signer who was revoked says counts for nothing. */
static void a_revoked_delegate_says_nothing(void **state)
{
	struct ocsp_answer good = {OCSP_STATUS_GOOD, PKI_NOW, PKI_NOW + 600, 0, -1};
	const ASN1_INTEGER *n;
	struct source *source, *none;
	struct scene s;
	struct diag why;

	scene_init(&s, "authorityInfoAccess", "OCSP;URI:" SERVER, CRL_POLICY_YES);
	n = X509_get0_serialNumber(s.other.x);
	assert_true(
		serial_take(view_of(ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n)),
			    &good.delegate));
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &source, &why), STANDING_WAITS);
	assert_int_equal(revoke_put_answer(&s.r, source, &good, PKI_NOW), CYG_OK);
	assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &none, &why), STANDING_GOOD);
	assert_false(revoke_is_listed(&s.r, &source->issuer_id, &good.delegate));
	/* Its list is overdue, so that it says nothing of the end itself. */
	assert_int_equal(
		put(&s,
		    &(struct pki_list_wish){.revoked = {&s.other}, .number = 1, .until = -120},
		    "a.crl", NULL),
		CYG_OK);
	assert_true(revoke_is_listed(&s.r, &source->issuer_id, &good.delegate));
	assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &none, &why), STANDING_REFUSED);
	scene_done(&s);
}

/* As long as there are answers that they came with, and so many at most; each once. */
static void signers_are_kept_for_listings(void **state)
{
	struct ocsp_answer says = {OCSP_STATUS_GOOD, PKI_NOW, PKI_NOW + 600, 0, -1};
	struct source *source;
	struct cert c;
	struct scene s;
	struct diag why;

	scene_init(&s, "authorityInfoAccess", "OCSP;URI:" SERVER, CRL_POLICY_YES);
	assert_int_equal(judge(&s, 0, JUDGE_PEER, &source, &why), STANDING_WAITS);
	says.signer = pki_read(crypto, &s.other);
	for (unsigned i = 0; i < 2; i++) {
		says.this_update += i;
		assert_int_equal(revoke_put_answer(&s.r, source, &says, PKI_NOW), CYG_OK);
		assert_int_equal(s.r.signers_len, 1);
	}
	source->serial.octets[0] ^= 1;
	assert_int_equal(revoke_put_answer(&s.r, source, &says, PKI_NOW), CYG_OK);
	assert_int_equal(s.r.signers_len, 1);
	assert_int_equal(CONTAINER_OF(s.r.signers.next, struct ocsp_signer, link)->answers, 2);
	ocsp_answer_done(&says);
	for (unsigned i = 0; i < OCSP_SIGNERS_MAX; i++) {
		struct pki_cert one = pki_make(&(struct pki_wish){.name = "signer"});

		c = pki_read(crypto, &one);
		assert_int_equal(ocsp_signer_hold(&s.r, &c, SERVER, PKI_NOW) != NULL,
				 i + 1 < OCSP_SIGNERS_MAX);
		cert_done(&c);
		pki_done(&one);
	}
	revoke_purge_answers(&s.r);
	assert_int_equal(s.r.signers_len, OCSP_SIGNERS_MAX - 1);
	LIST_EACH(o, &s.r.signers, struct ocsp_signer, link)
		ocsp_signer_drop(&s.r, o);
	assert_int_equal(s.r.signers_len, 0);
	scene_done(&s);
}

/* RFC 5280 5.1.2.5 wants nextUpdate: without it a list is good for a day and no longer. */
static void a_list_without_an_end_ends(void **state)
{
	struct source *source;
	struct known_list *k;
	struct scene s;
	struct diag why;

	scene_init(&s, NULL, NULL, CRL_POLICY_YES);
	assert_int_equal(put(&s, &(struct pki_list_wish){.from = -60, .number = 1}, "a", NULL),
			 CYG_OK);
	k = CONTAINER_OF(s.r.lists.next, struct known_list, link);
	k->crl->next_update = 0;
	assert_int_equal(judge(&s, CRL_AGE_MAX + 60, JUDGE_SILENTLY, &source, &why),
			 STANDING_REFUSED);
	assert_string_equal(why.code, "revocation-unknown");
	assert_int_equal(judge(&s, CRL_AGE_MAX - 120, JUDGE_SILENTLY, &source, &why),
			 STANDING_GOOD);
	scene_done(&s);
}

static void older_lists_do_not_come_back(void **state)
{
	const struct pki_list_wish old = {.from = -7200, .number = 1}, new = {.number = 2},
				   later = {.from = -60, .number = 1}; /* a number that falls */
	struct source *source;
	struct scene s;
	struct diag why;

	scene_init(&s, NULL, NULL, CRL_POLICY_YES);
	assert_int_equal(put(&s, &new, NULL, LIST), CYG_OK);
	assert_int_equal(put(&s, &old, NULL, LIST), CYG_EXISTS);
	assert_int_equal(put(&s, &new, NULL, LIST), CYG_EXISTS);
	revoke_files_begin(&s.r);
	assert_int_equal(put(&s, &old, "old.crl", NULL), CYG_EXISTS);
	revoke_files_end(&s.r);
	assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &source, &why), STANDING_GOOD);
	/* Nor does a file bring one back: the newer one stays, though its own file is gone. */
	revoke_files_begin(&s.r);
	assert_int_equal(put(&s, &new, "new.crl", NULL), CYG_OK);
	revoke_files_end(&s.r);
	revoke_files_begin(&s.r);
	assert_int_equal(put(&s, &old, "new.crl", NULL), CYG_EXISTS);
	assert_int_equal(put(&s, &later, "new.crl", NULL), CYG_EXISTS);
	revoke_files_end(&s.r);
	assert_int_equal(judge(&s, 0, JUDGE_SILENTLY, &source, &why), STANDING_GOOD);
	revoke_files_begin(&s.r);
	revoke_files_end(&s.r);
	assert_true(list_empty(&s.r.lists));
	scene_done(&s);
}

static void fetched_lists_are_kept_under_safe_names(void **state)
{
	struct saved_file *f;
	struct scene s;

	scene_init(&s, NULL, NULL, CRL_POLICY_NO);
	s.r.rules.cache = true;
	assert_int_equal(put(&s, &(struct pki_list_wish){.number = 1}, "a.crl", NULL), CYG_OK);
	assert_true(list_empty(&s.r.files));
	assert_int_equal(put(&s, &(struct pki_list_wish){.number = 2}, NULL, LIST), CYG_OK);
	assert_false(list_empty(&s.r.files));
	f = CONTAINER_OF(s.r.files.next, struct saved_file, link);
	assert_int_equal(strspn(f->name, "0123456789abcdef"), 32);
	assert_string_equal(f->name + 32, ".crl");
	assert_true(f->octets.len > 100);
	scene_done(&s);
}

static void proofs_break_when_they_hold_no_more(void **state)
{
	struct scene s;
	struct broken *b;
	uint64_t id;

	scene_init(&s, NULL, NULL, CRL_POLICY_NO);
	id = revoke_prove(&s.r, s.chain, PKI_NOW);
	assert_true(id);
	assert_int_equal(revoke_prove(&s.r, s.chain, PKI_NOW), id);
	revoke_look_again(&s.r, PKI_NOW);
	assert_true(list_empty(&s.r.broken));
	assert_int_equal(put(&s, &(struct pki_list_wish){.revoked = {&s.end}, .number = 1},
			     NULL, LIST),
			 CYG_OK);
	revoke_look_again(&s.r, PKI_NOW);
	assert_false(list_empty(&s.r.broken));
	b = CONTAINER_OF(s.r.broken.next, struct broken, link);
	assert_int_equal(b->proof, id);
	assert_non_null(strstr(b->why.sentence, "was revoked"));
	assert_int_equal(s.r.proofs_len, 0);
	scene_done(&s);
}

static struct x509_store_st *anchors_of(const struct pki_cert *ca)
{
	struct stored_certs all = {0};
	struct cert_list list = {0};
	struct cert c = pki_read(crypto, ca);
	struct x509_store_st *anchors;

	assert_int_equal(cert_list_add(&list, &c), CYG_OK);
	assert_int_equal(stored_certs_put(&all, "ca.pem", &list, PKI_NOW), CYG_OK);
	cert_list_done(&list);
	anchors = path_anchors_new(&all);
	assert_non_null(anchors);
	stored_certs_done(&all);
	return anchors;
}

static void proofs_break_when_their_authority_has_gone(void **state)
{
	enum { SAME, ANOTHER, NONE };
	static const struct {
		int held;
		bool named, breaks;
	} rows[] = {{SAME, false, false},
		    {ANOTHER, false, true},
		    {NONE, false, true},
		    {ANOTHER, true, false},
		    {NONE, true, false}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pki_cert stranger = pki_make(
			&(struct pki_wish){.name = "ca",
					   .extensions = {PKI_CA}}); /* of that name */
		struct x509_store_st *anchors = NULL;
		struct scene s;
		uint64_t id;

		test_row(i, "%d", rows[i].held);
		scene_init(&s, NULL, NULL, CRL_POLICY_NO);
		s.chain->named = rows[i].named;
		id = revoke_prove(&s.r, s.chain, PKI_NOW);
		if (rows[i].held != NONE)
			anchors = anchors_of(rows[i].held == SAME ? &s.ca : &stranger);
		revoke_look_at_anchors(&s.r, anchors);
		assert_int_equal(!list_empty(&s.r.broken), rows[i].breaks);
		if (rows[i].breaks) {
			struct broken *b = CONTAINER_OF(s.r.broken.next, struct broken, link);

			assert_int_equal(b->proof, id);
			assert_non_null(strstr(b->why.got, "gone from there"));
		}
		path_anchors_unref(anchors);
		scene_done(&s);
		pki_done(&stranger);
	}
}

static void expiry_is_the_policys_matter(void **state)
{
	static const struct {
		uint8_t policy;
		bool breaks;
	} rows[] = {{CRL_POLICY_NO, false}, {CRL_POLICY_IF_URI, true}, {CRL_POLICY_YES, true}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct scene s;

		test_row(i, "%u", rows[i].policy);
		scene_init(&s, NULL, NULL, rows[i].policy);
		s.r.rules.policy = rows[i].policy;
		assert_int_equal(put(&s, &(struct pki_list_wish){.number = 1, .until = 999999},
				     "a.crl", NULL),
				 CYG_OK);
		assert_true(revoke_prove(&s.r, s.chain, PKI_NOW));
		assert_int_equal(revoke_deadline(&s.r) == INT64_MAX, !rows[i].breaks);
		revoke_look_again(&s.r, PKI_NOW + 86400 + 30);
		assert_true(list_empty(&s.r.broken));
		revoke_look_again(&s.r, PKI_NOW + 86400 + 120);
		assert_int_equal(list_empty(&s.r.broken), !rows[i].breaks);
		assert_int_equal(s.r.proofs_len, !rows[i].breaks);
		scene_done(&s);
	}
}

/* Its tunnel may stand for long: a revocation ends it all the same. */
static void one_that_has_expired_is_watched_on(void **state)
{
	const int64_t later = PKI_NOW + 86400 + 120;
	struct scene s;

	scene_init(&s, NULL, NULL, CRL_POLICY_NO);
	assert_true(revoke_prove(&s.r, s.chain, PKI_NOW));
	revoke_look_again(&s.r, later);
	assert_true(list_empty(&s.r.broken));
	assert_int_equal(put(&s, &(struct pki_list_wish){.revoked = {&s.end}, .number = 1},
			     "a.crl", NULL),
			 CYG_OK);
	revoke_look_again(&s.r, later);
	assert_false(list_empty(&s.r.broken));
	scene_done(&s);
}

static void lists_are_asked_for_before_they_are_overdue(void **state)
{
	struct scene s;

	scene_init(&s, NULL, NULL, CRL_POLICY_NO);
	s.r.rules.interval = 600;
	assert_int_equal(put(&s, &(struct pki_list_wish){.number = 1}, NULL, LIST), CYG_OK);
	revoke_tick(&s.r, PKI_NOW);
	assert_int_equal(revoke_deadline(&s.r), PKI_NOW + 600);
	assert_true(list_empty(&s.r.wanted));
	revoke_tick(&s.r, PKI_NOW + 3600 - 1199);
	assert_false(list_empty(&s.r.wanted));
	scene_done(&s);
}

/* crlcheckinterval= says how often to ask for news, and not how long who has expired stays. */
static void what_time_ends_is_looked_at_by_time(void **state)
{
	struct source *asked;
	struct waiters w;
	struct scene s;

	scene_init(&s, NULL, NULL, CRL_POLICY_YES);
	s.r.rules.interval = 3600;
	assert_int_equal(put(&s, &(struct pki_list_wish){.number = 1, .until = 7000}, NULL, LIST),
			 CYG_OK);
	assert_true(revoke_prove(&s.r, s.chain, PKI_NOW));
	revoke_tick(&s.r, PKI_NOW);
	assert_false(list_empty(&s.r.wanted));
	asked = CONTAINER_OF(s.r.wanted.next, struct source, wanted);
	take_wants(&s);
	waiters_init(&w);
	source_succeeded(asked, PKI_NOW, &w);
	for (int64_t later = 60; later < 3600; later += 60) {
		assert_int_equal(revoke_deadline(&s.r), PKI_NOW + later);
		revoke_tick(&s.r, PKI_NOW + later);
		assert_true(list_empty(&s.r.wanted)); /* but not for news */
	}
	revoke_tick(&s.r, PKI_NOW + 3600);
	assert_false(list_empty(&s.r.wanted));
	revoke_tick(&s.r, PKI_NOW + 86400 + 120);
	assert_int_equal(s.r.proofs_len, 0);
	scene_done(&s);
}

/* Where a ca section says so, and no list is there yet: without any peer, and from the next place if one fails. */
static void lists_of_sections_are_fetched_ahead(void **state)
{
	struct authorities sections = {0};
	struct authority says = {.name = "ca", .crluri = {LIST, "http://b.example/2.crl"}};
	struct cert_list certs = {0};
	struct source *first;
	struct cert copy;
	struct scene s;

	scene_init(&s, NULL, NULL, CRL_POLICY_NO);
	copy = cert_copy(&s.issuer);
	assert_int_equal(cert_list_add(&certs, &copy), CYG_OK);
	assert_int_equal(authorities_add(&sections, &says, NULL, &certs, PKI_NOW), CYG_OK);
	s.r.authorities = &sections;
	assert_int_equal(revoke_deadline(&s.r), INT64_MAX); /* when they are needed */
	s.r.rules.interval = 600;
	assert_true(revoke_deadline(&s.r) <= PKI_NOW);
	revoke_tick(&s.r, PKI_NOW);
	assert_int_equal(revoke_deadline(&s.r), PKI_NOW + 600);
	first = CONTAINER_OF(s.r.wanted.next, struct source, wanted);
	assert_string_equal(first->url, LIST);
	take_wants(&s);
	fails(&s, first, CYG_IO, 8);
	revoke_tick(&s.r, PKI_NOW + 9);
	assert_string_equal(CONTAINER_OF(s.r.wanted.next, struct source, wanted)->url,
			    "http://b.example/2.crl");
	take_wants(&s);
	assert_int_equal(put(&s, &(struct pki_list_wish){.number = 1, .until = 99999}, "a.crl",
			     NULL),
			 CYG_OK);
	revoke_tick(&s.r, PKI_NOW + 600);
	assert_true(list_empty(&s.r.wanted));
	scene_done(&s);
	authorities_done(&sections);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_is_the_policys),
		cmocka_unit_test(lists_say_what_they_say),
		cmocka_unit_test(one_source_is_asked_once_and_left_alone_when_it_fails),
		cmocka_unit_test(a_silent_server_fails_for_all),
		cmocka_unit_test(a_server_is_slow_until_it_answers),
		cmocka_unit_test(servers_come_before_lists_and_all_are_tried),
		cmocka_unit_test(answers_count_until_they_are_overdue),
		cmocka_unit_test(a_list_says_more_than_a_server),
		cmocka_unit_test(an_older_answer_is_a_replay),
		cmocka_unit_test(a_revoked_delegate_says_nothing),
		cmocka_unit_test(signers_are_kept_for_listings),
		cmocka_unit_test(a_list_without_an_end_ends),
		cmocka_unit_test(older_lists_do_not_come_back),
		cmocka_unit_test(fetched_lists_are_kept_under_safe_names),
		cmocka_unit_test(proofs_break_when_they_hold_no_more),
		cmocka_unit_test(proofs_break_when_their_authority_has_gone),
		cmocka_unit_test(expiry_is_the_policys_matter),
		cmocka_unit_test(one_that_has_expired_is_watched_on),
		cmocka_unit_test(lists_of_sections_are_fetched_ahead),
		cmocka_unit_test(lists_are_asked_for_before_they_are_overdue),
		cmocka_unit_test(what_time_ends_is_looked_at_by_time),
	};

	return cmocka_run_group_tests_name("trust/revoke", tests, crypto_set_up,
					   crypto_tear_down);
}
