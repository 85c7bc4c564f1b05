/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/ipseckey.h"

#include "conn/ident.h"
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "trust/trust_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Keys that the DNS has (RFC 4025): names, records, and what is believed. */

static void names(void **state)
{
	static const struct {
		const char *id, *name; /* NULL: none */
	} rows[] = {
		{"@gw", NULL}, /* the root has no hosts */
		{"@*.example", NULL},
		{"@.example", NULL},
		{"@a b.example", NULL},
		{"@a\\\\x07.example", NULL},
		{"user@gw.example", NULL},
		{"@[gw.example]", NULL},
		{"%any", NULL},
		{"%null", NULL},
		{"C=CH, CN=gw.example", NULL},
		{"@gw.example", "gw.example"},
		{"192.0.2.1", "1.2.0.192.in-addr.arpa"},
		{"2001:db8::12",
		 "2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
		 "ip6.arpa"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct ident *id;
		char name[DNS_NAME_MAX];

		test_row(i, "%s", rows[i].id);
		assert_int_equal(ident_parse(rows[i].id, &id, NULL), CYG_OK);
		assert_int_equal(ipseckey_name(id, name), rows[i].name != NULL);
		if (rows[i].name)
			assert_string_equal(name, rows[i].name);
		ident_unref(id);
	}
}

/* A long name, and one that is too long. */
static void name_of_any_length(void **state)
{
	for (size_t len = 250; len < 262; len++) {
		char text[300] = "@a.", name[DNS_NAME_MAX];
		const struct ident *id;

		memset(text + 3, 'x', len - 2);
		text[1 + len] = 0;
		assert_int_equal(ident_parse(text, &id, NULL), CYG_OK);
		assert_int_equal(ipseckey_name(id, name), len < DNS_NAME_MAX);
		ident_unref(id);
	}
}

#define X16 "00112233445566778899aabbccddeeff"

static void bad_records_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"0a",
		"0a00",
		"0a0002",         /* no key */
		"0a010204",       /* a gateway cut short */
		"0a0202" X16,     /* a gateway, and no key */
		"0a030203616263", /* a name that does not end */
		"0a0302ff61",     /* a compressed name */
		"0a0402" X16,     /* a type of gateway that does not exist */
		"0a0001" X16,     /* DSA */
		"0a0000" X16,
		"0a00ff" X16,
		"0a0004" X16, /* a point that is too short */
		"0a0004" X16 X16 "00",
		"0a0003" X16 X16,         /* an ECDSA point of half the length */
		"0a0003" X16 X16 X16 X16, /* one that is not on the curve */
		"0a0002ffff" X16,         /* an exponent longer than all */
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct key key;
		struct diag why;

		test_row(i, "%s", rows[i]);
		diag_clear(&why);
		assert_int_not_equal(ipseckey_read(crypto, test_hex(rows[i]), &key, &why),
				     CYG_OK);
		assert_true(diag_is_set(&why));
	}
}

static void gateways_are_read(void **state)
{
	static const struct {
		const char *rdata, *addr,
			*name; /* NULL: none; addr "": the record is refused */
	} rows[] = {
		{"0a", "", NULL},
		{"0a0104c00002", "", NULL},
		{"0a0204" X16, "11:2233:4455:6677:8899:aabb:ccdd:eeff", NULL},
		{"0a0204"
		 "00112233445566778899aabbccddee",
		 "", NULL},
		{"0a0304", "", NULL},
		{"0a0304c000", "", NULL}, /* compressed: to itself */
		{"0a0304"
		 "036162",
		 "", NULL}, /* cut short */
		{"0a0304"
		 "0361626300",
		 NULL, "abc."},
		{"0a0304"
		 "0361626302636400ff",
		 NULL, "abc.cd."},
		{"0a0304"
		 "0361002000",
		 "", NULL}, /* what no host is called */
		{"0a0304"
		 "03612e6200",
		 "", NULL}, /* a dot within a label */
		{"0a0304"
		 "00ff",
		 NULL, NULL}, /* the root is none */
		{"0a0404" X16, "", NULL},
		{"0a0004ff", NULL, NULL},
		{"0a0104c0000201ff", "192.0.2.1", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ipseckey_gateway g;
		char text[IP_TEXT_MAX];
		struct diag why;
		enum cyg_err err;

		test_row(i, "%s", rows[i].rdata);
		diag_clear(&why);
		err = ipseckey_gateway(test_hex(rows[i].rdata), &g, &why);
		if (rows[i].addr && !*rows[i].addr) {
			assert_int_equal(err, CYG_MALFORMED);
			assert_true(diag_is_set(&why));
			continue;
		}
		assert_int_equal(err, CYG_OK);
		assert_int_equal(g.precedence, 10);
		assert_int_equal(ip_is_set(&g.addr), rows[i].addr != NULL);
		if (rows[i].addr)
			assert_string_equal(ip_print(&g.addr, text), rows[i].addr);
		assert_string_equal(g.name, rows[i].name ? rows[i].name : "");
	}
}

/* A name as long as names can be, and longer: of 63 octets a label. */
static void a_gateway_with_a_long_name(void **state)
{
	for (unsigned labels = 1; labels < 8; labels++) {
		uint8_t rdata[3 + 8 * 64] = {10, 3, 4};
		struct ipseckey_gateway g;
		size_t len = 3;

		for (unsigned i = 0; i < labels; i++) {
			rdata[len++] = 63;
			memset(rdata + len, 'x', 63);
			len += 63;
		}
		rdata[len++] = 0;
		assert_int_equal(ipseckey_gateway(view_of(rdata, len), &g, NULL),
				 labels < 4 ? CYG_OK : CYG_MALFORMED);
	}
}

static void whoever_speaks_for_an_address(void **state)
{
	static const struct ip_addr client = {IP_V4, {192, 0, 2, 7}};
	static const struct {
		const char *records[3], *gateway; /* NULL: nobody */
		const char *addr; /* of the last record's gateway that has a name */
	} rows[] = {
		{{NULL}, NULL, NULL},
		{{"0a0004ff"}, "192.0.2.7", NULL},
		{{"0a0104c6336401ff"}, "198.51.100.1", NULL},
		{{"0a0204" X16 "ff"}, NULL, NULL}, /* of another family */
		{{"0a0204" X16 "ff", "0b0104c6336401ff"}, "198.51.100.1", NULL},
		{{"0a030402677700ff"}, NULL, NULL},
		{{"0a030402677700ff"}, "203.0.113.5", "203.0.113.5"},
		{{"0a030402677700ff", "0b0004ff"}, "192.0.2.7", NULL},
		{{"0a0104", "0b0104c6336402ff"}, "198.51.100.2", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct dns_record records[3] = {0};
		struct dns_answer a = {.verdict = DNS_PROVEN, .records = records};
		struct ip_addr at;
		struct diag why;
		char text[IP_TEXT_MAX];
		enum cyg_err err;

		test_row(i, "%s", rows[i].records[0] ? rows[i].records[0] : "none");
		for (; a.len < 3 && rows[i].records[a.len]; a.len++)
			records[a.len].rdata = test_hex(rows[i].records[a.len]);
		if (rows[i].addr) {
			assert_int_equal(ip_parse(rows[i].addr, &records[0].gateways[0]),
					 CYG_OK);
			records[0].gateways_len = 1;
		}
		err = dns_gateway(&a, &client, &at, &why);
		assert_int_equal(err, rows[i].gateway ? CYG_OK : CYG_NOTFOUND);
		if (rows[i].gateway)
			assert_string_equal(ip_print(&at, text), rows[i].gateway);
		else
			assert_string_equal(why.code, "no-gateway");
	}
}

/* The raw point of a key: what follows the prefix of its SubjectPublicKeyInfo. */
static struct bytes point_of(const struct key *k, size_t len)
{
	struct bytes der = key_public_der(k), ret;

	assert_true(bytes_copy(&ret, view_of(der.ptr + der.len - len, len)));
	bytes_done(&der);
	return ret;
}

static struct bytes record_of(uint8_t algorithm, struct view gateway, struct view key)
{
	struct bytes b = {malloc(3 + gateway.len + key.len), 3 + gateway.len + key.len};

	b.ptr[0] = 10;
	b.ptr[1] = gateway.len == 4 ? 1 : gateway.len ? 3 : 0;
	b.ptr[2] = algorithm;
	if (gateway.len)
		memcpy(b.ptr + 3, gateway.ptr, gateway.len);
	memcpy(b.ptr + 3 + gateway.len, key.ptr, key.len);
	return b;
}

static void keys_are_read(void **state)
{
	static const struct {
		const char *type, *curve;
		uint8_t algorithm;
		size_t len;
	} rows[] = {
		{"ED25519", NULL, 4, 32},
		{"ED448", NULL, 4, 57},
		{"EC", "P-256", 3, 64},
		{"EC", "P-384", 3, 96},
	};
	const struct view gateways[] = {{0},
					LITERAL("\xc0\x00\x02\x01"),
					LITERAL("\x02gw\x07"
						"example\x00")};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t k = 0; k < COUNT_OF(gateways); k++) {
			struct key made, read;
			struct bytes point, record;

			test_row(i, "%s %s, gateway %zu", rows[i].type,
				 rows[i].curve ? rows[i].curve : "", k);
			assert_int_equal(
				key_take(rows[i].curve
						 ? EVP_PKEY_Q_keygen(crypto_lib(crypto), NULL,
								     "EC", rows[i].curve)
						 : EVP_PKEY_Q_keygen(crypto_lib(crypto), NULL,
								     rows[i].type),
					 &made, NULL),
				CYG_OK);
			point = point_of(&made, rows[i].len);
			record = record_of(rows[i].algorithm, gateways[k], view_bytes(&point));
			assert_int_equal(ipseckey_read(crypto, view_bytes(&record), &read,
						       NULL),
					 CYG_OK);
			assert_true(key_equal(&made, &read));
			key_done(&made);
			key_done(&read);
			bytes_done(&point);
			bytes_done(&record);
		}
}

/* ---- what is believed ---- */

static struct trust_job *job_by(struct trust *t, struct connection *c, const char *remote,
				struct view proof, const struct ident **id)
{
	struct action a = {.kind = ACT_AUTH_CHECK, .op = 3};

	assert_int_equal(ident_parse(remote, id, NULL), CYG_OK);
	a.auth = (struct auth_request){
		.connection = c,
		.local = *id,
		.remote = *id,
		.prf = 5,
		.message = LITERAL("message"),
		.nonce = LITERAL("nonce"),
		.maced_id = LITERAL("maced id"),
		.method = AUTH_METHOD_SIGNATURE,
		.data = proof,
	};
	return trust_begin(t, &a, 0);
}

static struct trust_job *job_of(struct trust *t, struct connection *c, const char *remote,
				const struct ident **id)
{
	return job_by(t, c, remote, LITERAL("\x07\x30\x05\x06\x03\x2b\x65\x70no signature"),
		      id);
}

/* Nothing but proven records is a key; each refusal says what was asked and what was lacking. */
static void only_what_is_proven_counts(void **state)
{
	static const struct dns_record records[] = {{.rdata = LITERAL("\x0a\x00\x02junk")}};
	static const struct {
		const char *remote;
		struct dns_answer a;
		const char *says;
	} rows[] = {
		{"user@gw.example", {0}, "can't have a key of the peer"},
		{"@gw.example", {DNS_FAILED, "no answer", NULL, 0}, "could not be looked up"},
		{"@gw.example", {DNS_UNPROVEN, "x", records, 1}, "is not proven by DNSSEC"},
		{"@gw.example", {DNS_BOGUS, "x", records, 1}, "DNSSEC proves that"},
		{"@gw.example", {DNS_NOTHING, "x", NULL, 0}, "has no IPSECKEY record"},
		{"@gw.example", {DNS_PROVEN, "x", records, 1}, "has a key that can be used"},
		{"192.0.2.1", {DNS_NOTHING, NULL, NULL, 0}, "has no IPSECKEY record"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct trust *t = trust_new(crypto);
		struct connection *c = connection_new("c");
		const struct ident *id, *whose;
		struct trust_job *j;
		const struct trust_reply *r;

		test_row(i, "%s: %s", rows[i].remote, rows[i].says);
		c->end[1].public_key = strdup("%dnsondemand");
		j = job_of(t, c, rows[i].remote, &id);
		assert_int_equal(trust_job_dns_name(j, &whose) != NULL, i > 0);
		if (i > 0)
			trust_job_take_dns(j, &rows[i].a);
		assert_true(trust_job_is_done(j));
		r = trust_job_reply(j);
		assert_int_equal(r->answer.err, CYG_OK);
		assert_false(r->answer.auth.valid);
		assert_non_null(strstr(r->why.sentence, rows[i].says));
		assert_true(r->why.hint[0] || i == 0);
		if (i > 0 && rows[i].remote[0] == '@')
			assert_non_null(strstr(r->why.wanted, "gw.example"));
		trust_job_free(j);
		ident_unref(id);
		connection_unref(c);
		trust_free(t);
	}
}

/*
 * A thousand records, of which none is a key or each is another one: what is looked at is bounded, and what
 * is refused is told by its numbers.
 */
static void very_many_records(void **state)
{
	static const struct {
		bool keys;
		const char *says, *wanted;
	} rows[] = {
		{false, "no IPSECKEY record there has a key that can be used here", ""},
		{true, "not made with its key in the DNS (gw.example, 8 keys)",
		 "at most 8 keys of a name"},
	};
	static struct dns_record records[1000];
	struct bytes all = {malloc(COUNT_OF(records) * 35), COUNT_OF(records) * 35};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct dns_answer a = {DNS_PROVEN, "x", records, COUNT_OF(records), false};
		struct trust *t = trust_new(crypto);
		struct connection *c = connection_new("c");
		const struct ident *id;
		struct trust_job *j;
		const struct trust_reply *r;

		test_row(i, "%s", rows[i].says);
		for (size_t n = 0; n < a.len; n++) {
			uint8_t *at = all.ptr + 35 * n;

			memset(at, 1, 35);
			at[1] = 0;
			at[2] = rows[i].keys ? 4 : 99;
			memcpy(at + 3, &n, sizeof(n)); /* any 32 octets are a key of Ed25519 */
			records[n] = (struct dns_record){.rdata = view_of(at, 35)};
		}
		c->end[1].public_key = strdup("%dnsondemand");
		j = job_of(t, c, "@gw.example", &id);
		trust_job_take_dns(j, &a);
		if (!trust_job_is_done(j))
			trust_job_work(j);
		r = trust_job_reply(j);
		assert_false(r->answer.auth.valid);
		assert_non_null(strstr(r->why.sentence, rows[i].says));
		if (*rows[i].wanted)
			assert_non_null(strstr(r->why.wanted, rows[i].wanted));
		else
			assert_non_null(strstr(r->why.got, "1000 records"));
		trust_job_free(j);
		ident_unref(id);
		connection_unref(c);
		trust_free(t);
	}
	bytes_done(&all);
}

/* A key that is too short for the connection is told of with both lengths, and what to do. */
static void a_short_key_of_the_dns_is_told(void **state)
{
	static const char proof[] = "\x0f\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
				    "\x05\x00no signature";
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(crypto_lib(crypto), NULL, "RSA", (size_t)1024);
	uint8_t rdata[3 + 4 + 128] = {10, 0, 2, 3, 1, 0, 1};
	struct dns_record record = {.rdata = view_of(rdata, sizeof(rdata))};
	struct dns_answer a = {DNS_PROVEN, "x", &record, 1, false};
	struct trust *t = trust_new(crypto);
	struct connection *c = connection_new("c");
	const struct trust_reply *r;
	const struct ident *id;
	struct trust_job *j;
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(BN_bn2binpad(n, rdata + 7, 128), 128);
	c->end[1].public_key = strdup("%dnsondemand");
	j = job_by(t, c, "@gw.example", view_of(proof, sizeof(proof) - 1), &id);
	trust_job_take_dns(j, &a);
	assert_false(trust_job_is_done(j));
	trust_job_work(j);
	r = trust_job_reply(j);
	assert_false(r->answer.auth.valid);
	assert_string_equal(r->why.sentence,
			    "the key of gw.example in the DNS is too short to be relied on");
	assert_string_equal(r->why.wanted, "RSA of at least 2048 bits");
	assert_string_equal(r->why.got, "1024 bits");
	assert_non_null(strstr(r->why.hint, "rsa-min-bits=1024 in conn c"));
	trust_job_free(j);
	ident_unref(id);
	connection_unref(c);
	trust_free(t);
	BN_free(n);
	EVP_PKEY_free(rsa);
}

/* RSA of 16,384 bits is the longest; a record of 64 KiB is read no further than its head. */
static void giant_keys(void **state)
{
	static const struct {
		size_t modulus; /* octets */
		enum cyg_err err;
		const char *says;
	} rows[] = {
		{2048, CYG_OK, ""},
		{2049, CYG_MALFORMED, "RSA"},
		{65535 - 3 - 4, CYG_MALFORMED, "RSA"},
	};
	static uint8_t rdata[65535] = {10, 0, 2, 3, 1, 0, 1};

	memset(rdata + 7, 0xff, sizeof(rdata) - 7);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct diag why;
		struct key key;

		test_row(i, "%zu octets", rows[i].modulus);
		diag_clear(&why);
		assert_int_equal(ipseckey_read(crypto, view_of(rdata, 7 + rows[i].modulus),
					       &key, &why),
				 rows[i].err);
		if (rows[i].err)
			assert_non_null(strstr(why.wanted, rows[i].says));
		else
			assert_int_equal(key.bits, 16384);
		if (!rows[i].err)
			key_done(&key);
	}
}

/* A job that nobody looked up for is no valid peer. */
static void without_an_answer_nothing_is_valid(void **state)
{
	struct trust *t = trust_new(crypto);
	struct connection *c = connection_new("c");
	const struct ident *id, *whose;
	struct trust_job *j;

	c->end[1].public_key = strdup("%dnsonload");
	j = job_of(t, c, "@gw.example", &id);
	assert_string_equal(trust_job_dns_name(j, &whose), "gw.example");
	trust_job_work(j);
	assert_true(trust_job_is_done(j));
	assert_false(trust_job_reply(j)->answer.auth.valid);
	trust_job_free(j);
	ident_unref(id);
	connection_unref(c);
	trust_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(name_of_any_length),
		cmocka_unit_test(bad_records_are_refused),
		cmocka_unit_test(gateways_are_read),
		cmocka_unit_test(a_gateway_with_a_long_name),
		cmocka_unit_test(whoever_speaks_for_an_address),
		cmocka_unit_test(keys_are_read),
		cmocka_unit_test(only_what_is_proven_counts),
		cmocka_unit_test(very_many_records),
		cmocka_unit_test(a_short_key_of_the_dns_is_told),
		cmocka_unit_test(giant_keys),
		cmocka_unit_test(without_an_answer_nothing_is_valid),
	};

	return cmocka_run_group_tests_name("trust/ipseckey", tests, crypto_set_up,
					   crypto_tear_down);
}
