/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/dns_proof.h"

#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "trust/trust_private.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Peers that were let in by keys of the DNS, and what becomes of them when it has others. */

static const struct hash_key hash_key = {{1, 2}};
static const struct ip_addr peer = {IP_V4, {192, 0, 2, 1}}, client = {IP_V4, {192, 0, 2, 7}};

/* Two keys, each in a record without a gateway, and with the peer's and another address. */
static struct key keys[2];
static struct bytes plain[2], by_peer[2], by_other[2], by_name[2];

static struct bytes record_of(const struct key *k, const char *gateway, size_t gateway_len,
			      uint8_t type)
{
	struct bytes der = key_public_der(k), b = {malloc(3 + gateway_len + 32), 0};
	const uint8_t head[] = {10, type, 4};

	memcpy(b.ptr, head, 3);
	memcpy(b.ptr + 3, gateway, gateway_len);
	memcpy(b.ptr + 3 + gateway_len, der.ptr + der.len - 32, 32);
	b.len = 3 + gateway_len + 32;
	bytes_done(&der);
	return b;
}

static int set_up(void **state)
{
	int failed = crypto_set_up(state);

	for (int i = 0; !failed && i < 2; i++) {
		assert_int_equal(key_take(EVP_PKEY_Q_keygen(crypto_lib(crypto), NULL,
							    "ED25519"),
					  &keys[i], NULL),
				 CYG_OK);
		plain[i] = record_of(&keys[i], "", 0, 0);
		by_peer[i] = record_of(&keys[i], "\xc0\x00\x02\x01", 4, 1);
		by_other[i] = record_of(&keys[i], "\xc0\x00\x02\x09", 4, 1);
		by_name[i] = record_of(&keys[i], "\x02gw\x00", 4, 3);
	}
	return failed;
}

static int tear_down(void **state)
{
	for (int i = 0; i < 2; i++) {
		key_done(&keys[i]);
		bytes_done(&plain[i]);
		bytes_done(&by_peer[i]);
		bytes_done(&by_other[i]);
		bytes_done(&by_name[i]);
	}
	return crypto_tear_down(state);
}

/* A peer that was believed by the first key; `client`: that speaks for that address, too. */
static uint64_t prove(struct dns_proofs *p, bool for_client, uint64_t id)
{
	struct trust_job *j = calloc(1, sizeof(*j));
	const struct ident *who = NULL;
	uint64_t got;

	j->by_dns = true;
	j->key = key_copy(&keys[0]);
	j->dns_peer = peer;
	strcpy(j->dns[0].name, "gw.example");
	if (for_client) {
		assert_int_equal(ident_from_addr(&client, &who), CYG_OK);
		strcpy(j->dns[1].name, "7.2.0.192.in-addr.arpa");
		j->dns[1].id = who;
	}
	got = dns_proofs_add(p, &hash_key, j, id);
	key_done(&j->key);
	ident_unref(who);
	free(j);
	return got;
}

struct told {
	uint64_t id;
	struct diag why;
};

static void on_broken(void *ctx, uint64_t id, const struct diag *why)
{
	struct told *t = ctx;

	t->id = id;
	t->why = *why;
}

static void only_what_is_proven_ends_it(void **state)
{
	static const struct ip_addr elsewhere = {IP_V4, {192, 0, 2, 9}};
	const struct {
		uint8_t verdict;
		const struct bytes *records[2]; /* behind the last: NULL */
		const char *of;
		bool ends;
		const struct ip_addr *gateway; /* of the last record's name */
		bool more;
	} rows[] = {
		{DNS_FAILED, {NULL}, "gw.example", false, NULL},
		{DNS_UNPROVEN, {NULL}, "gw.example", false, NULL},
		{DNS_UNPROVEN, {&plain[1]}, "gw.example", false, NULL},
		{DNS_BOGUS, {&plain[1]}, "gw.example", false, NULL},
		{DNS_NOTHING, {NULL}, "elsewhere.example", false, NULL},
		{DNS_NOTHING, {NULL}, "gw.example", true, NULL},
		{DNS_PROVEN, {&plain[1]}, "gw.example", true, NULL},
		{DNS_PROVEN,
		 {&plain[1]},
		 "gw.example",
		 false,
		 NULL,
		 true}, /* among the rest? */
		{DNS_PROVEN, {&plain[0]}, "gw.example", false, NULL},
		{DNS_PROVEN, {&plain[1], &plain[0]}, "gw.example", false, NULL},
		{DNS_PROVEN,
		 {&by_other[0]},
		 "gw.example",
		 false,
		 NULL}, /* its own name: any gateway */
		{DNS_NOTHING, {NULL}, "7.2.0.192.in-addr.arpa", true, NULL},
		{DNS_PROVEN, {&by_peer[0]}, "7.2.0.192.in-addr.arpa", false, NULL},
		{DNS_PROVEN, {&by_peer[1]}, "7.2.0.192.in-addr.arpa", true, NULL},
		{DNS_PROVEN, {&by_other[0]}, "7.2.0.192.in-addr.arpa", true, NULL},
		{DNS_PROVEN, {&plain[0]}, "7.2.0.192.in-addr.arpa", true, NULL},
		{DNS_PROVEN,
		 {&by_name[0]},
		 "7.2.0.192.in-addr.arpa",
		 false,
		 NULL}, /* not answered */
		{DNS_PROVEN, {&by_name[0]}, "7.2.0.192.in-addr.arpa", false, &peer},
		{DNS_PROVEN, {&by_name[0]}, "7.2.0.192.in-addr.arpa", true, &elsewhere},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct dns_record records[2] = {0};
		struct dns_answer a = {.verdict = rows[i].verdict,
				       .records = records,
				       .more = rows[i].more};
		struct dns_proofs p;
		struct told told = {0};

		test_row(i, "%s", rows[i].of);
		dns_proofs_init(&p);
		assert_int_equal(prove(&p, true, 5), 5);
		for (; a.len < 2 && rows[i].records[a.len]; a.len++)
			records[a.len].rdata = view_bytes(rows[i].records[a.len]);
		if (rows[i].gateway) {
			records[a.len - 1].gateways[0] = *rows[i].gateway;
			records[a.len - 1].gateways_len = 1;
		}
		dns_proofs_look(&p, &hash_key, crypto, rows[i].of, &a, on_broken, &told);
		assert_int_equal(told.id, rows[i].ends ? 5 : 0);
		assert_int_equal(p.len, !rows[i].ends);
		assert_int_equal(dns_proofs_have(&p, &hash_key, "gw.example"), !rows[i].ends);
		if (rows[i].ends)
			assert_non_null(strstr(told.why.sentence, rows[i].of));
		dns_proofs_done(&p);
	}
}

static void one_for_each_key_of_the_same_names(void **state)
{
	struct dns_proofs p;

	dns_proofs_init(&p);
	assert_int_equal(prove(&p, false, 1), 1);
	assert_int_equal(prove(&p, false, 2), 1);
	assert_int_equal(prove(&p, true, 2), 2);
	assert_int_equal(p.len, 2);
	dns_proofs_done(&p);
}

/* A proof that nobody stands by is forgotten, but not before its IKE SA can be there. */
static void what_is_not_in_use_is_forgotten(void **state)
{
	struct dns_proofs p;

	dns_proofs_init(&p);
	prove(&p, false, 1);
	prove(&p, true, 2);
	dns_proofs_sweep(&p);
	assert_int_equal(p.len, 2);
	dns_proofs_mark(&p, 2);
	dns_proofs_mark(&p, 77);
	dns_proofs_sweep(&p);
	assert_int_equal(p.len, 1);
	assert_true(dns_proofs_have(&p, &hash_key, "7.2.0.192.in-addr.arpa"));
	dns_proofs_sweep(&p);
	assert_int_equal(p.len, 0);
	dns_proofs_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_proven_ends_it),
		cmocka_unit_test(one_for_each_key_of_the_same_names),
		cmocka_unit_test(what_is_not_in_use_is_forgotten),
	};

	return cmocka_run_group_tests_name("trust/dns_proof", tests, set_up, tear_down);
}
