/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for news of certificates, for how long, and what becomes of whom they come too late for. */
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/peer.h"
#include "trust/trust_private.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define PEERS 3

struct scene {
	struct trust *t;
	struct pki_cert root, ends[PEERS];
	struct bytes ders[PEERS];
};

static struct scene begin(uint8_t policy, const char *where, const char *value)
{
	struct scene s = {.t = trust_new(crypto)};

	s.root = pki_make(&(struct pki_wish){.name = "root", .extensions = {PKI_CA}});
	peer_believe(s.t, crypto, &s.root, NULL);
	trust_set_rules(s.t, &(struct trust_rules){.policy = policy, .patience = 17});
	for (size_t i = 0; i < PEERS; i++) {
		char name[8];
		struct cert c;

		snprintf(name, sizeof(name), "end%zu", i);
		s.ends[i] = pki_make(&(struct pki_wish){.name = name,
							.issuer = &s.root,
							.extensions = {{where, value}}});
		c = pki_read(crypto, &s.ends[i]);
		s.ders[i] = cert_der(&c);
		cert_done(&c);
	}
	return s;
}

static void end(struct scene *s)
{
	trust_free(s->t);
	for (size_t i = 0; i < PEERS; i++) {
		pki_done(&s->ends[i]);
		bytes_done(&s->ders[i]);
	}
	pki_done(&s->root);
}

/* A peer whose signature is right comes; *ret_waits: for news. */
static struct trust_job *peer(struct scene *s, size_t i, int64_t later, bool *ret_waits)
{
	struct auth_cert sent = {CERT_X509, view_bytes(&s->ders[i])};
	char id[16];
	struct trust_job *j;

	snprintf(id, sizeof(id), "CN=end%zu", i);
	j = peer_job(s->t, crypto, &s->ends[i], id, &sent, PKI_NOW + later);
	trust_job_work(j);
	*ret_waits = !trust_job_settle(s->t, j, PKI_NOW + later);
	return j;
}

/* Who is next among those that waited: let in or not. His proof. */
static uint64_t ready(struct scene *s, struct trust_job *want, bool valid, const char *got)
{
	struct trust_job *j = trust_next_ready(s->t);
	const struct trust_reply *r;
	uint64_t proof;

	assert_ptr_equal(j, want);
	r = trust_job_reply(j);
	assert_int_equal(r->answer.auth.valid, valid);
	assert_string_equal(r->why.got, got);
	proof = r->answer.auth.proof;
	trust_job_free(j);
	return proof;
}

static size_t wants(struct scene *s, uint64_t ids[static PEERS])
{
	struct trust_want w;
	size_t n = 0;

	while (n < PEERS && trust_next_want(s->t, &w))
		ids[n++] = w.id;
	return n;
}

static void answer_list(struct scene *s, uint64_t id, const struct pki_cert *revoked,
			int64_t later)
{
	struct bytes der = pki_list(
		&(struct pki_list_wish){.issuer = &s->root, .revoked = {revoked}, .number = 1});
	struct trust_job *j = trust_answer_want(s->t, id, CYG_OK, &der, NULL, PKI_NOW + later);

	assert_non_null(j);
	trust_job_work(j);
	assert_true(trust_job_settle(s->t, j, PKI_NOW + later));
	trust_job_free(j);
}

static void answer_nothing(struct scene *s, uint64_t id, int64_t later)
{
	struct bytes nothing = {0};
	struct diag why;

	diag_set(&why, "not-fetched", NULL, "it could not be fetched");
	diag_got(&why, "no way there");
	assert_null(trust_answer_want(s->t, id, CYG_IO, &nothing, &why, PKI_NOW + later));
}

/* strictcrlpolicy=no: a moment, once; whoever was let in meanwhile is judged when the list is there. */
static void without_need_a_silent_server_costs_a_moment_once(void **state)
{
	struct scene s = begin(CRL_POLICY_NO, "crlDistributionPoints",
			       "URI:http://a.example/1");
	uint64_t ids[PEERS], proof;
	struct trust_job *first, *second;
	struct diag why;
	bool waits;

	first = peer(&s, 0, 0, &waits);
	assert_true(waits);
	assert_int_equal(wants(&s, ids), 1);
	assert_int_equal(trust_deadline(s.t), PKI_NOW + GRACE_SECONDS);
	trust_tick(s.t, PKI_NOW + GRACE_SECONDS);
	proof = ready(&s, first, true, "");
	assert_true(proof);
	second = peer(&s, 1, 3, &waits);
	assert_false(waits);
	assert_true(trust_job_reply(second)->answer.auth.valid);
	trust_job_free(second);
	assert_false(trust_next_untrusted(s.t, &proof, &why));
	answer_list(&s, ids[0], &s.ends[0], 5);
	assert_true(trust_next_untrusted(s.t, &ids[1], &why));
	assert_int_equal(ids[1], proof);
	assert_false(trust_next_untrusted(s.t, &ids[1], &why));
	end(&s);
}

/* What one place does not tell, the next one is asked for, though nobody waits any more. */
static void a_tunnel_is_judged_by_the_next_place(void **state)
{
	struct scene s = begin(CRL_POLICY_NO, "crlDistributionPoints",
			       "URI:http://a.example/1,URI:http://b.example/1");
	uint64_t ids[PEERS], next[PEERS], proof, broken;
	struct trust_job *j;
	struct diag why;
	bool waits;

	j = peer(&s, 0, 0, &waits);
	assert_int_equal(wants(&s, ids), 1);
	trust_tick(s.t, PKI_NOW + GRACE_SECONDS);
	proof = ready(&s, j, true, "");
	answer_nothing(&s, ids[0], 8);
	assert_int_equal(wants(&s, next), 1);
	assert_false(trust_next_untrusted(s.t, &broken, &why));
	answer_list(&s, next[0], &s.ends[0], 9);
	assert_true(trust_next_untrusted(s.t, &broken, &why));
	assert_int_equal(broken, proof);
	end(&s);
}

/* strictcrlpolicy=yes: all wait for one time, and are told of the server. */
static void a_silent_server_is_waited_for_once(void **state)
{
	static const char got[] =
		"the server http://a.example:80 does not answer: no way there";
	struct scene s = begin(CRL_POLICY_YES, "authorityInfoAccess",
			       "OCSP;URI:http://a.example/");
	uint64_t ids[PEERS], left;
	struct trust_job *first, *second, *third;
	bool waits;

	first = peer(&s, 0, 0, &waits);
	assert_true(waits);
	second = peer(&s, 1, 7, &waits);
	assert_true(waits);
	assert_int_equal(wants(&s, ids), 2);
	answer_nothing(&s, ids[0], 8);
	assert_true(trust_next_unwanted(s.t, &left));
	assert_int_equal(left, ids[1]);
	ready(&s, first, false, got);
	ready(&s, second, false, got);
	answer_nothing(&s, ids[1], 8); /* it was under way */
	third = peer(&s, 2, 9, &waits);
	assert_false(waits);
	assert_string_equal(trust_job_reply(third)->why.got, got);
	trust_job_free(third);
	assert_int_equal(wants(&s, ids), 0);
	end(&s);
}

static bool count(void *ctx, const void *record)
{
	++*(size_t *)ctx;
	return true;
}

static size_t listed(struct scene *s)
{
	size_t n = 0;
	uint64_t at = 0;
	struct listing_sink sink = {count, &n};

	assert_true(trust_list(s->t, NULL, LISTING_OCSP, &at, &sink));
	return n;
}

/* --purgeocsp: what is asked is not wanted any more; whoever waits has it asked anew. */
static void purging_drops_what_is_asked(void **state)
{
	static const uint8_t policies[] = {CRL_POLICY_NO, CRL_POLICY_YES};

	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		bool strict = policies[i] == CRL_POLICY_YES, waits;
		struct scene s = begin(policies[i], "authorityInfoAccess",
				       "OCSP;URI:http://a.example/");
		uint64_t ids[PEERS], again[PEERS], left;
		struct trust_job *j = peer(&s, 0, 0, &waits);

		test_row(i, "%u", policies[i]);
		assert_int_equal(wants(&s, ids), 1);
		trust_tick(s.t, PKI_NOW + GRACE_SECONDS);
		if (!strict)
			ready(&s, j, true, "");
		assert_int_equal(listed(&s), 1);
		trust_purge_ocsp(s.t, PKI_NOW + 2);
		assert_int_equal(listed(&s), strict);
		assert_true(trust_next_unwanted(s.t, &left));
		assert_int_equal(left, ids[0]);
		assert_int_equal(wants(&s, again), strict);
		answer_nothing(&s, ids[0], 3);
		assert_null(trust_next_ready(s.t));
		if (strict) {
			answer_nothing(&s, again[0], 4);
			ready(&s, j, false,
			      "the server http://a.example:80 does not answer: no way there");
		}
		end(&s);
	}
}

/* A ca section that goes, unless it comes again at once, takes those along who stood by it. */
static void who_stood_by_a_section_goes_with_it(void **state)
{
	static const bool comes_again[] = {false, true};

	for (size_t i = 0; i < COUNT_OF(comes_again); i++) {
		struct scene s = begin(CRL_POLICY_NO, NULL, NULL);
		struct trust_job *j;
		uint64_t proof, broken;
		struct diag why;
		bool waits;

		test_row(i, "%d", comes_again[i]);
		trust_tick(s.t, PKI_NOW + SECTIONS_SECONDS); /* of when it came */
		j = peer(&s, 0, 3, &waits);
		proof = trust_job_reply(j)->answer.auth.proof;
		assert_true(proof);
		trust_job_free(j);
		assert_int_equal(trust_deadline(s.t), INT64_MAX);
		assert_int_equal(trust_delete_authorities(s.t, "c*", PKI_NOW + 4), 1);
		if (comes_again[i])
			peer_believe(s.t, crypto, &s.root, NULL);
		assert_true(trust_deadline(s.t) <= PKI_NOW + 4 + SECTIONS_SECONDS);
		assert_false(trust_next_untrusted(s.t, &broken, &why));
		trust_tick(s.t, PKI_NOW + 4 + SECTIONS_SECONDS);
		assert_int_equal(trust_next_untrusted(s.t, &broken, &why), !comes_again[i]);
		if (!comes_again[i])
			assert_int_equal(broken, proof);
		assert_int_equal(trust_deadline(s.t), INT64_MAX);
		end(&s);
	}
}

/* Whoever waits for a list is judged by the authorities that there are when it has come. */
static void an_authority_that_goes_meanwhile_counts_no_more(void **state)
{
	struct scene s = begin(CRL_POLICY_YES, "crlDistributionPoints",
			       "URI:http://a.example/1");
	uint64_t ids[PEERS];
	struct trust_job *j;
	bool waits;

	j = peer(&s, 0, 0, &waits);
	assert_true(waits);
	assert_int_equal(wants(&s, ids), 1);
	assert_int_equal(trust_delete_authorities(s.t, "ca", PKI_NOW + 1), 1);
	answer_list(&s, ids[0], NULL, 2);
	ready(&s, j, false, "CN=root, which has gone from there");
	end(&s);
}

static struct trust_job *long_list(struct scene *s, const struct pki_cert *revoked, long filler)
{
	struct bytes der = pki_list(&(struct pki_list_wish){
		.issuer = &s->root, .revoked = {revoked}, .filler = filler, .number = 1});
	struct trust_job *j;

	if (revoked == &s->ends[1])
		der.ptr[der.len - 1] ^= 1; /* of the signature */
	j = trust_begin_crl(s->t, "long.crl", view_bytes(&der), PKI_NOW);
	bytes_done(&der);
	return j;
}

/* A long list of a file is a job, and is in force once that is settled. */
static void long_lists_are_read_aside(void **state)
{
	struct scene s = begin(CRL_POLICY_NO, NULL, NULL);
	const struct diag *complaint = NULL;
	uint64_t proof, broken;
	struct trust_job *j;
	struct diag why;
	bool waits;

	j = peer(&s, 0, 0, &waits);
	proof = trust_job_reply(j)->answer.auth.proof;
	trust_job_free(j);
	assert_null(long_list(&s, &s.ends[0], 10)); /* a short one is read at once */
	j = long_list(&s, &s.ends[1], 60000);
	assert_non_null(j);
	assert_true(trust_job_is_reading(j));
	trust_job_work(j);
	assert_true(trust_job_settle(s.t, j, PKI_NOW));
	assert_string_equal(trust_job_unreadable(j, &complaint), "long.crl");
	assert_non_null(strstr(complaint->sentence, "is not signed by the authority"));
	trust_job_free(j);
	j = long_list(&s, &s.ends[0], 60000);
	assert_non_null(j);
	trust_take_crls(s.t, PKI_NOW);
	assert_false(trust_next_untrusted(s.t, &broken, &why));
	trust_job_work(j);
	assert_true(trust_job_settle(s.t, j, PKI_NOW));
	assert_null(trust_job_unreadable(j, &complaint));
	trust_job_free(j);
	assert_true(trust_next_untrusted(s.t, &broken, &why));
	assert_int_equal(broken, proof);
	/* Nobody who is known made it: it goes on the shelf, as short ones do. */
	assert_int_equal(trust_delete_authorities(s.t, "*", PKI_NOW), 1);
	revoke_files_begin(&s.t->revoke);
	revoke_files_end(&s.t->revoke);
	assert_null(long_list(&s, &s.ends[0], 60000));
	end(&s);
}

/* Nothing is fetched for who has proved nothing, wherever its certificate points (CVE-2022-40617). */
static void for_strangers_nothing_is_fetched(void **state)
{
	static const struct {
		const char *what;
		bool stranger, thief;
	} rows[] = {
		{"a certificate of an authority that is not trusted", .stranger = true},
		{"another's certificate, without its key", .thief = true},
		{"who has proved itself"},
	};
	static const char *const places[][2] = {
		{"crlDistributionPoints", "URI:http://a.example/1"},
		{"authorityInfoAccess", "OCSP;URI:http://a.example/ocsp"},
		{"authorityInfoAccess", "caIssuers;URI:http://a.example/ca"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(places); i++) {
		size_t row = i / COUNT_OF(places);
		const char *const *place = places[i % COUNT_OF(places)];
		bool honest = !rows[row].stranger && !rows[row].thief;
		struct scene s = begin(CRL_POLICY_IF_URI, place[0], place[1]);
		struct auth_cert sent = {CERT_X509, view_bytes(&s.ders[0])};
		bool asks = honest && strncmp(place[1], "caIssuers", 9) != 0;
		uint64_t ids[PEERS];
		struct trust_job *j;

		test_row(i, "%s, %s", rows[row].what, place[1]);
		if (rows[row].stranger)
			assert_int_equal(trust_delete_authorities(s.t, "*", PKI_NOW), 1);
		j = peer_job(s.t, crypto, &s.ends[rows[row].thief ? 1 : 0], "CN=end0", &sent,
			     PKI_NOW);
		trust_job_work(j);
		assert_int_equal(trust_job_settle(s.t, j, PKI_NOW), !asks);
		if (!honest)
			assert_false(trust_job_reply(j)->answer.auth.valid);
		assert_int_equal(wants(&s, ids), asks);
		trust_job_free(j);
		end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_need_a_silent_server_costs_a_moment_once),
		cmocka_unit_test(a_tunnel_is_judged_by_the_next_place),
		cmocka_unit_test(a_silent_server_is_waited_for_once),
		cmocka_unit_test(purging_drops_what_is_asked),
		cmocka_unit_test(who_stood_by_a_section_goes_with_it),
		cmocka_unit_test(an_authority_that_goes_meanwhile_counts_no_more),
		cmocka_unit_test(long_lists_are_read_aside),
		cmocka_unit_test(for_strangers_nothing_is_fetched),
	};

	return cmocka_run_group_tests_name("trust/news", tests, crypto_set_up,
					   crypto_tear_down);
}
