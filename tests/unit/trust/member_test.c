/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/member.h"

#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"
#include "trust/revoke.h"

#include <string.h>

#define HOUR 3600

static struct crypto *crypto;
static const struct authorities nobody;
static const struct cert_list no_path;
static struct pki_cert root, authority, end, other;
static struct cert root_cert, aa, holder;

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	root = pki_make(
		&(struct pki_wish){.name = "Root",
				   .extensions = {{"basicConstraints", "critical,CA:TRUE"}}});
	authority = pki_make(&(struct pki_wish){.name = "AA"});
	end = pki_make(&(struct pki_wish){.name = "end", .issuer = &root});
	other = pki_make(&(struct pki_wish){.name = "other", .issuer = &root});
	root_cert = pki_read(crypto, &root);
	aa = pki_read(crypto, &authority);
	holder = pki_read(crypto, &end);
	return !crypto;
}

static int tear_down(void **state)
{
	cert_done(&root_cert);
	cert_done(&aa);
	cert_done(&holder);
	pki_done(&root);
	pki_done(&authority);
	pki_done(&end);
	pki_done(&other);
	crypto_free(crypto);
	return 0;
}

/* Attribute certificates of the end until so many hours from now each, 0 behind the last. */
static struct acert_set *set_of(const int64_t *hours)
{
	struct acert_set *s = acert_set_new();
	struct stored_certs all = {0};

	assert_int_equal(stored_certs_add(&all, "aa.pem", &aa, 0, true), CYG_OK);
	for (; *hours; hours++) {
		struct bytes der = pki_acert(&holder, &authority, &aa, -9 * HOUR,
					     *hours * HOUR);
		struct diag why;

		assert_int_equal(acert_set_read(s, &all, NULL, "a", view_bytes(&der), 0, &why),
				 CYG_OK);
		bytes_done(&der);
	}
	acert_set_index(s);
	stored_certs_done(&all);
	return s;
}

static struct membership *member(struct acert_set *held, struct acert_set *sent)
{
	struct group_sources from = {.held = held};
	struct candidate c = {.holder = {&holder, true, false}};
	struct membership *m = NULL;
	struct diag why;

	assert_int_equal(membership_new(&from, sent, &c, "sales", PKI_NOW, &m, &why), CYG_OK);
	return m;
}

static void it_holds_as_long_as_one_says_so(void **state)
{
	static const int64_t one[] = {1, 0}, two[] = {1, 3, 0}, late[] = {-1, 0}, none[] = {0};
	static const struct {
		const int64_t *held, *sent, *then;
		int64_t later;
		bool holds;
	} rows[] = {
		{one, none, one, 0, true},
		{one, none, none, 0, false}, /* it was taken away */
		{one, none, late, 0, false},
		{one, none, two, 2 * HOUR, true}, /* a new one came in time */
		{one, none, one, 2 * HOUR, false},
		{two, none, two, 2 * HOUR, true},
		{none, one, none, 0, true}, /* by the peer's own */
		{none, one, none, 2 * HOUR, false},
		{none, one, one, 0, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct acert_set *held = set_of(rows[i].held), *sent = set_of(rows[i].sent);
		struct acert_set *then = set_of(rows[i].then);
		struct membership *m = member(held, sent);
		struct diag why;

		test_row(i, "%ld s later", (long)rows[i].later);
		acert_set_unref(held);
		acert_set_unref(sent);
		diag_clear(&why);
		assert_int_equal(membership_holds(m, &(struct group_sources){.held = then},
						  &no_path, PKI_NOW + rows[i].later, &why),
				 rows[i].holds);
		assert_int_equal(diag_is_set(&why), !rows[i].holds);
		membership_free(m);
		acert_set_unref(then);
	}
}

static void who_is_none_is_told_why(void **state)
{
	static const int64_t one[] = {1, 0};
	struct acert_set *held = set_of(one);
	struct group_sources from = {.held = held};
	struct candidate c = {.holder = {&holder, true, false}};
	struct membership *m = NULL;
	struct diag why;

	assert_int_equal(membership_new(&from, NULL, &c, "staff", PKI_NOW, &m, &why), CYG_AUTH);
	assert_string_equal(why.got, "sales, admins by attribute certificates");
	assert_null(m);
	acert_set_unref(held);
}

static bool make_one(void *ctx)
{
	struct group_sources from = {.held = ctx};
	struct candidate c = {.holder = {&holder, true, false}};
	struct membership *m = NULL;
	struct diag why;
	enum cyg_err err = membership_new(&from, ctx, &c, "sales", PKI_NOW, &m, &why);

	assert_true(!m == (err != CYG_OK));
	membership_free(m);
	return !err;
}

static void allocation_failures_leave_nothing(void **state)
{
	static const int64_t one[] = {1, 0};
	struct acert_set *held = set_of(one);

	test_each_allocation_failing(make_one, held, false);
	acert_set_unref(held);
}

static void groups_are_compared_by_name(void **state)
{
	char names[][8] = {"sales", "sales", "staff"};
	struct membership sales = {.groups = names[0]}, again = {.groups = names[1]},
			  staff = {.groups = names[2]};

	assert_true(membership_same(NULL, NULL));
	assert_true(membership_same(&sales, &again));
	assert_false(membership_same(&sales, &staff));
	assert_false(membership_same(&sales, NULL));
	assert_false(membership_same(NULL, &sales));
}

/* What came with another IKE SA of the same holder is kept, and the later end counts. */
static void the_later_end_counts(void **state)
{
	static const int64_t one[] = {1, 0}, three[] = {3, 0}, none[] = {0};
	static const struct {
		const int64_t *before, *then;
		int64_t hours;
	} rows[] = {{one, three, 3}, {three, one, 3}, {three, none, 3}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct acert_set *was = set_of(rows[i].before), *is = set_of(rows[i].then);
		struct acert_set *held = set_of(one);
		struct membership *before = member(held, was);
		struct membership *m = member(held, is->len ? is : NULL);
		struct group_sources nothing = {0};
		struct diag why;

		test_row(i, "%zu", i);
		membership_follow(m, before);
		membership_follow(m, NULL);
		membership_follow(NULL, m);
		membership_free(before);
		assert_int_equal(m->until, PKI_NOW + rows[i].hours * HOUR + 60);
		assert_true(membership_holds(m, &nothing, &no_path, PKI_NOW + 2 * HOUR, &why));
		assert_false(membership_holds(m, &nothing, &no_path, PKI_NOW + 4 * HOUR, &why));
		membership_free(m);
		acert_set_unref(was);
		acert_set_unref(is);
		acert_set_unref(held);
	}
}

/* ---- of proofs that are kept ---- */

static struct chain *path_of(const struct pki_cert *c, struct membership *m)
{
	struct cert_list path = {0};
	struct cert first = pki_read(crypto, c), last = cert_copy(&root_cert);
	struct chain *chain;

	assert_int_equal(cert_list_add(&path, &first), CYG_OK);
	assert_int_equal(cert_list_add(&path, &last), CYG_OK);
	chain = chain_new(crypto, &path);
	assert_non_null(chain);
	chain->member = m;
	cert_list_done(&path);
	return chain;
}

static uint64_t prove(struct revoke *r, const struct pki_cert *c, struct membership *m)
{
	struct chain *chain = path_of(c, m);
	uint64_t id = revoke_prove(r, chain, PKI_NOW);

	chain_unref(chain);
	return id;
}

static void only_who_is_no_member_any_more_goes(void **state)
{
	static const int64_t one[] = {1, 0};
	struct acert_set *held = set_of(one);
	struct group_sources from = {.held = held}, nothing = {0};
	uint64_t plain, as_member, stranger;
	struct broken *b;
	struct revoke r;

	revoke_init(&r, crypto, &nobody);
	plain = prove(&r, &end, NULL);
	assert_int_equal(revoke_deadline(&r), INT64_MAX);
	as_member = prove(&r, &end, member(held, NULL));
	stranger = prove(&r, &other, NULL);
	assert_true(plain && as_member && stranger && plain != as_member);
	assert_int_equal(prove(&r, &end, member(held, NULL)), as_member);
	assert_int_equal(r.members_len, 1);
	/* Its end is found out by looking from time to time. */
	assert_true(revoke_deadline(&r) < INT64_MAX);
	r.rules.interval = 2592000;
	revoke_tick(&r, PKI_NOW);
	assert_int_equal(revoke_deadline(&r), PKI_NOW + 60);
	r.rules.interval = 0;
	revoke_look_at_members(&r, &from, true, PKI_NOW);
	revoke_look_at_members(&r, &nothing, false, PKI_NOW + HOUR);
	assert_true(list_empty(&r.broken));
	revoke_look_at_members(&r, &from, false, PKI_NOW + HOUR + 120);
	assert_false(list_empty(&r.broken));
	b = CONTAINER_OF(r.broken.next, struct broken, link);
	assert_int_equal(b->proof, as_member);
	assert_non_null(strstr(b->why.got, "not valid now"));
	assert_int_equal(r.members_len, 0);
	assert_non_null(revoke_proven(&r, plain));
	assert_non_null(revoke_proven(&r, stranger));
	acert_set_unref(held);
	revoke_done(&r);
}

/* What ends one way in which a certificate was believed leaves the other alone, and ends that one. */
static void a_named_certificate_shields_no_other(void **state)
{
	struct revoke r;
	struct chain *named = path_of(&end, NULL), *by_path = path_of(&end, NULL);
	uint64_t first, second;

	named->named = true;
	revoke_init(&r, crypto, &nobody);
	first = revoke_prove(&r, by_path, PKI_NOW);
	second = revoke_prove(&r, named, PKI_NOW);
	assert_true(first && second && first != second);
	revoke_look_at_anchors(&r, NULL);
	assert_null(revoke_proven(&r, first));
	assert_non_null(revoke_proven(&r, second));
	chain_unref(named);
	chain_unref(by_path);
	revoke_done(&r);
}

/* Nobody is known who issued it: it is watched by its own time. */
static void one_without_a_path_expires(void **state)
{
	struct cert own = pki_read(crypto, &end);
	struct cert_list alone = {&own, 1, 1};
	struct chain *c = chain_new(crypto, &alone);
	struct revoke r;
	struct broken *b;

	c->named = true;
	revoke_init(&r, crypto, &nobody);
	r.rules.policy = CRL_POLICY_IF_URI;
	assert_true(revoke_prove(&r, c, PKI_NOW));
	revoke_look_again(&r, PKI_NOW);
	assert_true(list_empty(&r.broken));
	revoke_look_again(&r, PKI_NOW + 86400 + 120);
	assert_false(list_empty(&r.broken));
	b = CONTAINER_OF(r.broken.next, struct broken, link);
	assert_non_null(strstr(b->why.sentence, "certificate of CN=end"));
	chain_unref(c);
	cert_done(&own);
	revoke_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_holds_as_long_as_one_says_so),
		cmocka_unit_test(who_is_none_is_told_why),
		cmocka_unit_test(allocation_failures_leave_nothing),
		cmocka_unit_test(groups_are_compared_by_name),
		cmocka_unit_test(the_later_end_counts),
		cmocka_unit_test(only_who_is_no_member_any_more_goes),
		cmocka_unit_test(a_named_certificate_shields_no_other),
		cmocka_unit_test(one_without_a_path_expires),
	};

	return cmocka_run_group_tests_name("trust/member", tests, set_up, tear_down);
}
