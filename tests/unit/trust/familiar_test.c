/* SPDX-License-Identifier: Apache-2.0 */
/* Who comes again with the same certificates, and what may be another thing then. */
#include "trust/familiar.h"

#include "base/hash.h"
#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/peer.h"
#include "trust/trust_private.h"

#include <stdio.h>

static struct crypto *crypto;
static const struct hash_key key = {{1, 2}};

struct scene {
	struct trust *t;
	struct pki_cert root, end;
	struct bytes der;
};

static struct scene begin(void)
{
	struct scene s = {.t = trust_new(crypto)};

	s.root = pki_make(
		&(struct pki_wish){.name = "root",
				   .until = 10000000,
				   .extensions = {{"basicConstraints", "critical,CA:TRUE"}}});
	s.end = pki_make(
		&(struct pki_wish){.name = "end",
				   .issuer = &s.root,
				   .extensions = {{"subjectAltName", "DNS:a.example"}}});
	peer_believe(s.t, crypto, &s.root, NULL);
	s.der = pki_der(&s.end);
	return s;
}

static void end(struct scene *s)
{
	trust_free(s->t);
	pki_done(&s->end);
	pki_done(&s->root);
	bytes_done(&s->der);
}

/* A peer with this key sends the certificate. NULL: it is let in; else why it is not. */
static const char *come(struct scene *s, const struct pki_cert *signer, const char *id,
			int64_t later, bool familiar)
{
	static char why[256];
	struct auth_cert sent = {CERT_X509, view_bytes(&s->der)};
	struct trust_job *j = peer_job(s->t, crypto, signer, id, &sent, PKI_NOW + later);
	bool valid;

	assert_int_equal(j->is_familiar, familiar);
	trust_job_work(j);
	assert_true(trust_job_settle(s->t, j, PKI_NOW + later));
	valid = trust_job_reply(j)->answer.auth.valid;
	snprintf(why, sizeof(why), "%s", trust_job_reply(j)->why.sentence);
	trust_job_free(j);
	return valid ? NULL : why;
}

static void strangers_are_not_remembered(void **state)
{
	struct scene s = begin();

	assert_non_null(come(&s, &s.root, "@a.example", 0, false)); /* another's key */
	assert_non_null(come(&s, &s.end, "@b.example", 0, false));
	assert_non_null(come(&s, &s.end, "@a.example", 200000, false));
	assert_int_equal(s.t->familiar.len, 0);
	end(&s);
}

static void what_is_not_signed_is_asked_again(void **state)
{
	struct scene s = begin();
	struct pki_cert other = pki_make(
		&(struct pki_wish){.name = "other",
				   .extensions = {{"basicConstraints", "critical,CA:TRUE"}}});
	struct bytes list;

	assert_null(come(&s, &s.end, "@a.example", 0, false));
	assert_null(come(&s, &s.end, "@a.example", 0, true));
	assert_null(come(&s, &s.end, "CN=end", 0, true));
	assert_int_equal(s.t->familiar.len, 1);
	assert_non_null(strstr(come(&s, &s.root, "@a.example", 0, true), "signature"));
	assert_non_null(strstr(come(&s, &s.end, "@b.example", 0, true), "identity"));
	assert_non_null(strstr(come(&s, &s.end, "@a.example", 200000, true), "has expired"));
	assert_null(come(&s, &s.end, "@a.example", 0, true));
	list = pki_list(&(struct pki_list_wish){.issuer = &s.root, .revoked = {&s.end}});
	assert_int_equal(trust_read_crl(s.t, "list", view_bytes(&list), PKI_NOW, NULL), CYG_OK);
	assert_non_null(strstr(come(&s, &s.end, "@a.example", 0, true), "revoked"));
	bytes_done(&list);
	peer_believe(s.t, crypto, &other, &(struct authority){.name = "other"});
	assert_int_equal(s.t->familiar.len, 0);
	assert_non_null(come(&s, &s.end, "@a.example", 0, false));
	pki_done(&other);
	end(&s);
}

static void other_authorities_have_no_familiar_ones(void **state)
{
	struct scene s = begin();
	struct auth_cert sent = {CERT_X509, view_bytes(&s.der)};
	struct trust_job *j;

	assert_null(come(&s, &s.end, "@a.example", 0, false));
	j = peer_job(s.t, crypto, &s.end, "@a.example", &sent, PKI_NOW);
	trust_job_work(j);
	trust_delete_authorities(s.t, "*", PKI_NOW);
	assert_true(trust_job_settle(s.t, j, PKI_NOW)); /* it keeps what it began with */
	trust_job_free(j);
	assert_int_equal(s.t->familiar.len, 0);
	assert_non_null(strstr(come(&s, &s.end, "@a.example", 0, false), "no authority"));
	end(&s);
}

static void a_path_alone_has_a_name(void **state)
{
	struct bytes whole[] = {{(uint8_t *)"abcd", 4}},
		     cut[] = {{(uint8_t *)"ab", 2}, {(uint8_t *)"cd", 2}};
	struct path_name one, two;
	struct scene s = begin();
	struct cert root = pki_read(crypto, &s.root), first = pki_read(crypto, &s.end);
	struct cert_list path = {.items = (struct cert[]){first, root}, .len = 2},
			 turned = {.items = (struct cert[]){root, first}, .len = 2},
			 more = {.items = (struct cert[]){first, root, root}, .len = 3},
			 only = {.items = (struct cert[]){first}, .len = 1};

	assert_int_equal(path_name_of(crypto, whole, 1, 2048, &one), CYG_OK);
	assert_int_equal(path_name_of(crypto, cut, 2, 2048, &two), CYG_OK);
	assert_memory_not_equal(&one, &two, sizeof(one));
	assert_int_equal(path_name_of(crypto, whole, 1, 1024, &two), CYG_OK);
	assert_memory_not_equal(&one, &two, sizeof(one));
	assert_false(familiar_fits(&more, &path));
	assert_false(familiar_fits(&turned, &path));
	assert_true(familiar_fits(&only, &path));
	assert_true(familiar_fits(&path, &path));
	cert_done(&root);
	cert_done(&first);
	end(&s);
}

static void the_one_of_longest_ago_goes(void **state)
{
	struct scene s = begin();
	struct cert c = pki_read(crypto, &s.end);
	struct cert_list path = {.items = &c, .len = 1}, found;
	struct familiar f;
	struct path_name n = {0}, first = {0};

	familiar_init(&f);
	for (unsigned i = 0; i < FAMILIAR_MAX; i++) {
		memcpy(&n, &i, sizeof(i));
		familiar_add(&f, &key, &n, &path);
		familiar_add(&f, &key, &n, &path);
	}
	assert_int_equal(f.len, FAMILIAR_MAX);
	assert_true(familiar_find(&f, &key, &first, &found)); /* used, and stays */
	cert_list_done(&found);
	n.octets[31] = 1;
	familiar_add(&f, &key, &n, &path);
	assert_int_equal(f.len, FAMILIAR_MAX);
	assert_true(familiar_find(&f, &key, &first, &found));
	cert_list_done(&found);
	n = (struct path_name){{1}};
	assert_false(familiar_find(&f, &key, &n, &found));
	familiar_clear(&f);
	assert_int_equal(f.len, 0);
	cert_done(&c);
	end(&s);
}

/* Who can't be remembered, or found again, is let in all the same. */
static bool remember(void *ctx)
{
	struct familiar f;
	struct path_name n = {0};
	struct cert_list found = {0};
	bool well;

	familiar_init(&f);
	familiar_add(&f, &key, &n, ctx);
	well = familiar_find(&f, &key, &n, &found);
	cert_list_done(&found);
	familiar_clear(&f);
	return well;
}

static void allocations_may_fail(void **state)
{
	struct scene s = begin();
	struct cert c = pki_read(crypto, &s.end);
	struct cert_list path = {.items = &c, .len = 1};

	test_each_allocation_failing(remember, &path, true);
	cert_done(&c);
	end(&s);
}

static int set_up(void **state)
{
	crypto = crypto_new(NULL);
	return !crypto;
}

static int tear_down(void **state)
{
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_not_remembered),
		cmocka_unit_test(what_is_not_signed_is_asked_again),
		cmocka_unit_test(other_authorities_have_no_familiar_ones),
		cmocka_unit_test(a_path_alone_has_a_name),
		cmocka_unit_test(the_one_of_longest_ago_goes),
		cmocka_unit_test(allocations_may_fail),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
