/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/eap.h"

#include "base/builder.h"
#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "tests/unit/trust/pki.h"
#include "trust/eap_method.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

/* EAP-TLS between "alice" and "gate.example", whose certificates one authority issued. */
struct pair {
	struct crypto *crypto;
	struct pki_cert root, other, alice, gate;
	struct x509_store_st *anchors;
	struct eap_session *client, *server;
};

static struct x509_store_st *anchors_of(struct crypto *crypto, const struct pki_cert *c)
{
	struct stored_certs all = {0};
	struct cert_list list = {0};
	struct cert copy = pki_read(crypto, c);
	struct x509_store_st *anchors;

	assert_int_equal(cert_list_add(&list, &copy), CYG_OK);
	assert_int_equal(stored_certs_put(&all, "ca.pem", &list, PKI_NOW), CYG_OK);
	anchors = path_anchors_new(&all);
	assert_non_null(anchors);
	stored_certs_done(&all);
	return anchors;
}

static struct eap_session *session(struct pair *p, bool server, const struct pki_cert *own,
				   const char *us, const char *them)
{
	struct eap_session *s = eap_session_new(p->crypto, 1);
	struct cert c = pki_read(p->crypto, own);

	assert_non_null(s);
	s->server = server;
	s->ways = AUTH_EAP_TLS;
	strcpy(s->connection, "road");
	assert_true(eap_name_set(&s->identity, view_str(server ? them : us)));
	assert_int_equal(ident_parse(them, &s->remote, NULL), CYG_OK);
	assert_int_equal(cert_list_add(&s->means.chain, &c), CYG_OK);
	EVP_PKEY_up_ref(own->key);
	assert_int_equal(key_take(own->key, &s->means.key, NULL), CYG_OK);
	s->means.anchors = path_anchors_ref(p->anchors);
	s->means.rules = (struct path_rules){.now = PKI_NOW, .rsa_bits_min = 2048};
	return s;
}

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->crypto = crypto_new(NULL);
	p->root = pki_make(&(struct pki_wish){.name = "Root", .extensions = {PKI_CA}});
	p->other = pki_make(&(struct pki_wish){.name = "Other", .extensions = {PKI_CA}});
	p->alice = pki_make(
		&(struct pki_wish){.name = "alice",
				   .issuer = &p->root,
				   .extensions = {{"subjectAltName", "DNS:alice"}}});
	p->gate = pki_make(
		&(struct pki_wish){.name = "gate",
				   .issuer = &p->root,
				   .extensions = {{"subjectAltName", "DNS:gate.example"}}});
	p->anchors = anchors_of(p->crypto, &p->root);
	p->client = session(p, false, &p->alice, "alice", "gate.example");
	p->server = session(p, true, &p->gate, "gate.example", "alice");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	eap_session_unref(p->client);
	eap_session_unref(p->server);
	path_anchors_unref(p->anchors);
	pki_done(&p->root);
	pki_done(&p->other);
	pki_done(&p->alice);
	pki_done(&p->gate);
	crypto_free(p->crypto);
	free(p);
	return 0;
}

/* To and fro until one end has come to an end; how each of them ended. */
struct ending {
	struct eap_reply client, server;
	unsigned packets;
};

static struct eap_reply pass(struct eap_session *to, struct bytes *packet)
{
	struct eap_reply r;

	eap_step(to, view_bytes(packet), &r);
	assert_int_equal(r.err, CYG_OK);
	bytes_done(packet);
	return r;
}

static struct ending talk(struct pair *p)
{
	struct ending e = {0};
	struct bytes packet;

	eap_step(p->server, (struct view){0}, &e.server);
	for (;;) {
		packet = e.server.packet;
		e.server.packet = (struct bytes){0};
		if (!packet.ptr)
			return e;
		e.packets++;
		e.client = pass(p->client, &packet);
		packet = e.client.packet;
		e.client.packet = (struct bytes){0};
		if (!packet.ptr || e.client.outcome != EAP_GOES_ON) {
			bytes_done(&packet);
			return e;
		}
		e.packets++;
		e.server = pass(p->server, &packet);
	}
}

static void both_come_to_one_key(void **state)
{
	struct pair *p = *state;
	struct ending e = talk(p);

	assert_int_equal(e.server.outcome, EAP_SUCCEEDED);
	assert_int_equal(e.client.outcome, EAP_SUCCEEDED);
	assert_true(p->client->has_key && p->server->has_key);
	assert_memory_equal(p->client->key, p->server->key, EAP_MSK_LEN);
}

/* Long chains go in fragments, which are acknowledged one by one. */
static void long_flights_are_cut(void **state)
{
	struct pair *p = *state;
	struct ending e;

	for (int i = 0; i < 6; i++) {
		struct cert c = pki_read(p->crypto, &p->other);

		assert_int_equal(cert_list_add(&p->server->means.chain, &c), CYG_OK);
		c = pki_read(p->crypto, &p->other);
		assert_int_equal(cert_list_add(&p->client->means.chain, &c), CYG_OK);
	}
	e = talk(p);
	assert_int_equal(e.client.outcome, EAP_SUCCEEDED);
	assert_int_equal(e.server.outcome, EAP_SUCCEEDED);
	assert_true(e.packets > 10);
	assert_memory_equal(p->client->key, p->server->key, EAP_MSK_LEN);
}

static void no_success(const struct pair *p, const struct ending *e)
{
	assert_int_not_equal(e->client.outcome, EAP_SUCCEEDED);
	assert_int_not_equal(e->server.outcome, EAP_SUCCEEDED);
	assert_false(p->client->has_key);
	assert_false(p->server->has_key);
}

/* CVE-2022-4967: the certificate must be that of the name. */
static void another_name_than_the_certificates_is_refused(void **state)
{
	struct pair *p = *state;
	struct ending e;

	eap_session_unref(p->server);
	p->server = session(p, true, &p->gate, "gate.example", "bob");
	e = talk(p);
	no_success(p, &e);
	assert_non_null(strstr(e.server.why.sentence, "is not that of the identity"));
	assert_non_null(strstr(p->client->lost.sentence[0] ? p->client->lost.sentence
							   : e.client.why.sentence,
			       "TLS with the server failed"));
}

static void a_name_of_eap_must_be_the_certificates(void **state)
{
	struct pair *p = *state;
	struct ending e;

	p->server->ask_identity = p->server->any_identity = true;
	assert_true(eap_name_set(&p->client->identity, LITERAL("mallory")));
	e = talk(p);
	no_success(p, &e);
	assert_non_null(strstr(e.server.why.sentence, "is not that of the identity"));
}

static void another_server_is_refused(void **state)
{
	struct pair *p = *state;
	struct ending e;

	eap_session_unref(p->client);
	p->client = session(p, false, &p->alice, "alice", "bank.example");
	e = talk(p);
	no_success(p, &e);
	assert_non_null(strstr(e.client.why.sentence, "is not that of the identity"));
}

static void an_unknown_authority_is_refused(void **state)
{
	struct pair *p = *state;
	struct ending e;

	path_anchors_unref(p->server->means.anchors);
	p->server->means.anchors = anchors_of(p->crypto, &p->other);
	e = talk(p);
	no_success(p, &e);
	assert_non_null(strstr(e.server.why.sentence, "leads to no authority"));
}

static void nobody_in_particular_is_nobody(void **state)
{
	struct pair *p = *state;
	struct ending e;

	ident_unref(p->server->remote);
	assert_int_equal(ident_parse("%any", &p->server->remote, NULL), CYG_OK);
	e = talk(p);
	no_success(p, &e);
}

static void without_a_certificate_it_does_not_begin(void **state)
{
	struct pair *p = *state;
	struct eap_reply r;

	cert_list_done(&p->server->means.chain);
	eap_step(p->server, (struct view){0}, &r);
	assert_int_equal(r.outcome, EAP_FAILED);
	assert_true(diag_is_set(&r.why));
	bytes_done(&r.packet);
}

/* Whatever a flight says of its length, and whatever flags there are. */
static void broken_fragments_are_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
	} rows[] = {
		{"\x02\x01\x00\x05\x0d", 5},
		{"\x02\x01\x00\x06\x0d\x20", 6},         /* Start, by the client */
		{"\x02\x01\x00\x06\x0d\x00", 6},         /* nothing */
		{"\x02\x01\x00\x06\x0d\x40", 6},         /* nothing, and more of it */
		{"\x02\x01\x00\x06\x0d\x01", 6},         /* a flag that there is not */
		{"\x02\x01\x00\x08\x0d\x80\x00\x00", 8}, /* half a length */
		{"\x02\x01\x00\x0b\x0d\x80\xff\xff\xff\xff\x16", 11},
		{"\x02\x01\x00\x0c\x0d\x80\x00\x00\x00\x01\x16\x03", 12},
		{"\x02\x01\x00\x0b\x0d\x80\x00\x00\x00\x02\x16", 11},
		{"\x02\x01\x00\x0b\x0d\x00\x17\x03\x03\x00\x00", 11},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair *p = *state;
		struct eap_reply r;
		bool lost;

		eap_session_unref(p->server);
		p->server = session(p, true, &p->gate, "gate.example", "alice");
		test_row(i, "%zu octets", rows[i].len);
		eap_step(p->server, (struct view){0}, &r);
		p->server->identifier = 1;
		bytes_done(&r.packet);
		eap_step(p->server, view_of(rows[i].octets, rows[i].len), &r);
		lost = p->server->stage == EAP_LOST;
		assert_true(lost || r.outcome == EAP_FAILED);
		assert_true(diag_is_set(&r.why));
		bytes_done(&r.packet);
	}
}

/* Fragments that never end are cut off by their sum. */
static void an_endless_flight_is_refused(void **state)
{
	struct pair *p = *state;
	uint8_t octets[1006] = {0x02, 0, 0x03, 0xee, EAP_TLS, 0x40};
	struct eap_reply r;
	unsigned n = 0;

	eap_step(p->server, (struct view){0}, &r);
	do {
		bytes_done(&r.packet);
		octets[1] = p->server->identifier;
		eap_step(p->server, view_of(octets, sizeof(octets)), &r);
	} while (r.outcome == EAP_GOES_ON && ++n < 1000);
	assert_int_equal(r.outcome, EAP_FAILED);
	assert_true(n < 70);
	assert_non_null(strstr(r.why.sentence, "longer than"));
	bytes_done(&r.packet);
}

/* CVE-2021-45079 again: a success amid the handshake is none. */
static void success_before_the_end_is_none(void **state)
{
	struct pair *p = *state;
	struct eap_reply r, end;

	eap_step(p->server, (struct view){0}, &r);
	end = pass(p->client, &r.packet);
	bytes_done(&end.packet);
	eap_step(p->client, LITERAL("\x03\x00\x00\x04"), &end);
	assert_int_equal(end.outcome, EAP_FAILED);
	assert_string_equal(end.why.code, "eap-early-success");
	assert_false(p->client->has_key);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(another_name_than_the_certificates_is_refused),
		TEST(a_name_of_eap_must_be_the_certificates),
		TEST(another_server_is_refused),
		TEST(an_unknown_authority_is_refused),
		TEST(nobody_in_particular_is_nobody),
		TEST(without_a_certificate_it_does_not_begin),
		TEST(broken_fragments_are_refused),
		TEST(an_endless_flight_is_refused),
		TEST(success_before_the_end_is_none),
		TEST(long_flights_are_cut),
		TEST(both_come_to_one_key),
	};

	return RUN_TESTS("trust/eap_tls", tests);
}
