/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/radius.h"

#include "base/builder.h"
#include "crypto/hash.h"
#include "tests/unit/support/crypto.h"
#include "tests/unit/support/test.h"
#include "trust/eap.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET LITERAL("shared")

static struct radius_request a_request(void)
{
	struct radius_request r = {.identifier = 7,
				   .user = LITERAL("alice"),
				   .eap = LITERAL("\x02\x00\x00\x0a\x01"
						  "alice"),
				   .nas = LITERAL("cygnet")};

	memset(r.authenticator, 0x3c, sizeof(r.authenticator));
	return r;
}

/* ---- a server ---- */

enum fault {
	NO_FAULT,
	NO_MESSAGE_AUTHENTICATOR,
	TWO_MESSAGE_AUTHENTICATORS,
	BAD_MESSAGE_AUTHENTICATOR,
	BAD_AUTHENTICATOR,
	OTHER_SECRET,
	OTHER_IDENTIFIER,
	OTHER_REQUEST,
	TOO_SHORT,
	LONGER_THAN_IT_IS,
	FAULTS
};

static void md5(const struct view *parts, size_t n, uint8_t *out)
{
	assert_int_equal(hash_compute(crypto, HASH_MD5, parts, n, out), CYG_OK);
}

/* What a server with `secret` answers, with these attributes. */
static struct bytes answer(const struct radius_request *r, uint8_t code, struct view attributes,
			   enum fault fault)
{
	struct view secret = fault == OTHER_SECRET ? LITERAL("another") : SECRET;
	uint8_t octets[RADIUS_LEN_MAX], mac[16], authenticator[16];
	struct builder b = builder_of(octets, sizeof(octets));
	struct view whole;
	struct bytes ret;

	memcpy(authenticator, r->authenticator, 16);
	authenticator[0] ^= fault == OTHER_REQUEST;
	build_u8(&b, code);
	build_u8(&b, (uint8_t)(r->identifier + (fault == OTHER_IDENTIFIER)));
	build_u16(&b, 0);
	build_view(&b, view_of(authenticator, 16));
	for (int i = 0; i < 1 + (fault == TWO_MESSAGE_AUTHENTICATORS); i++) {
		if (fault == NO_MESSAGE_AUTHENTICATOR)
			break;
		build_u8(&b, 80);
		build_u8(&b, 18);
		build_zero(&b, 16);
	}
	build_view(&b, attributes);
	assert_false(b.bad);
	octets[2] = (uint8_t)(build_len(&b) >> 8);
	octets[3] = (uint8_t)build_len(&b);
	if (fault == LONGER_THAN_IT_IS)
		octets[3]++;
	whole = build_done(&b);
	assert_int_equal(hash_hmac(crypto, HASH_MD5, secret, &whole, 1, mac), CYG_OK);
	mac[3] ^= fault == BAD_MESSAGE_AUTHENTICATOR;
	if (fault != NO_MESSAGE_AUTHENTICATOR)
		memcpy(octets + 22, mac, 16);
	md5((struct view[]){whole, secret}, 2, mac);
	mac[5] ^= fault == BAD_AUTHENTICATOR;
	memcpy(octets + 4, mac, 16);
	if (fault == TOO_SHORT)
		whole.len = 19;
	assert_true(bytes_copy(&ret, whole));
	return ret;
}

static enum cyg_err read(const struct radius_request *r, struct bytes *datagram,
			 struct radius_answer *a)
{
	struct diag why;
	enum cyg_err err;

	diag_clear(&why);
	err = radius_read(crypto, r, SECRET, view_bytes(datagram), a, &why);
	assert_int_equal(diag_is_set(&why), err == CYG_MALFORMED);
	bytes_done(datagram);
	return err;
}

/* RFC 2548 2.4.2, the server's side. */
static void put_key(struct builder *b, const struct radius_request *r, uint8_t type,
		    const uint8_t *key, uint8_t len)
{
	uint8_t clear[48] = {0}, pad[16], salt[2] = {0x80 | type, 1};
	size_t padded = (size_t)(len + 1 + 15) / 16 * 16;

	clear[0] = len;
	memcpy(clear + 1, key, len);
	for (size_t i = 0; i < padded; i += 16) {
		if (i)
			md5((struct view[]){SECRET, view_of(clear + i - 16, 16)}, 2, pad);
		else
			md5((struct view[]){SECRET, view_of(r->authenticator, 16),
					    view_of(salt, 2)},
			    3, pad);
		for (int j = 0; j < 16; j++)
			clear[i + j] ^= pad[j];
	}
	build_u8(b, 26);
	build_u8(b, (uint8_t)(6 + 2 + 2 + padded));
	build_u32(b, 311);
	build_u8(b, type);
	build_u8(b, (uint8_t)(2 + 2 + padded));
	build_view(b, view_of(salt, 2));
	build_view(b, view_of(clear, padded));
}

/* ---- tests ---- */

/* CVE-2024-3596: an answer without its seal is none, whatever its authenticator. */
static void only_sealed_answers_to_this_request_count(void **state)
{
	(void)state;
	for (int fault = 0; fault < FAULTS; fault++) {
		struct radius_request r = a_request();
		struct bytes d = answer(&r, RADIUS_REJECT, (struct view){0}, (enum fault)fault);
		struct radius_answer a;

		test_row((size_t)fault, "fault %d", fault);
		assert_int_equal(read(&r, &d, &a), fault ? CYG_AUTH : CYG_OK);
		if (!fault)
			radius_answer_done(&a);
	}
}

static void broken_attributes_are_refused(void **state)
{
	static const struct {
		uint8_t code;
		const char *octets;
		size_t len;
	} rows[] = {
		{RADIUS_ACCEPT, "\x0b\x01", 2}, /* an attribute of one octet */
		{RADIUS_ACCEPT, "\x0b\x00", 2},
		{RADIUS_ACCEPT, "\x0b", 1},
		{RADIUS_ACCEPT, "\x0b\x05x", 3},             /* longer than what is there */
		{RADIUS_CHALLENGE, "\x18\x03x\x18\x03y", 6}, /* two states */
		{RADIUS_ACCEPT, "\x01\x03x\x01\x03y", 6},    /* two users */
		{RADIUS_ACCEPT, "\x1a\x04\x00\x01", 4},      /* a vendor cut off */
		{RADIUS_ACCEPT, "\x1a\x08\x00\x00\x01\x37\x11\x02", 8}, /* a key without any */
		{RADIUS_ACCEPT, "\x1a\x0a\x00\x00\x01\x37\x11\x04\x80\x01", 10},
		{RADIUS_ACCEPT, "\x1a\x0b\x00\x00\x01\x37\x11\x05\x80\x01x", 11},
		{5, "", 0}, /* accounting is no answer to this */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct radius_request r = a_request();
		struct bytes d = answer(&r, rows[i].code, view_of(rows[i].octets, rows[i].len),
					NO_FAULT);
		struct radius_answer a;

		test_row(i, "%zu octets", rows[i].len);
		assert_int_not_equal(read(&r, &d, &a), CYG_OK);
	}
}

static void keys_come_out_as_they_went_in(void **state)
{
	struct radius_request r = a_request();
	uint8_t octets[512], recv[32], send[32];
	struct builder b = builder_of(octets, sizeof(octets));
	struct radius_answer a;
	struct bytes d;

	(void)state;
	memset(recv, 0x11, sizeof(recv));
	memset(send, 0x22, sizeof(send));
	put_key(&b, &r, 16, send, 32);
	put_key(&b, &r, 17, recv, 32);
	build_view(&b, LITERAL("\x01\x05tom\x0b\x07staff\x19\x04vp\x4f\x06\x03\x07\x00\x04"));
	d = answer(&r, RADIUS_ACCEPT, build_done(&b), NO_FAULT);
	assert_int_equal(read(&r, &d, &a), CYG_OK);
	assert_true(a.has_key);
	assert_memory_equal(a.key, recv, 32);
	assert_memory_equal(a.key + 32, send, 32);
	assert_view_equal(view_bytes(&a.eap), LITERAL("\x03\x07\x00\x04"));
	assert_view_equal(view_bytes(&a.user), LITERAL("tom"));
	assert_int_equal(a.groups_len, 2);
	assert_view_equal(view_bytes(&a.groups[0]), LITERAL("staff"));
	assert_view_equal(view_bytes(&a.groups[1]), LITERAL("vp"));
	radius_answer_done(&a);

	/* Half a key is none. */
	b = builder_of(octets, sizeof(octets));
	put_key(&b, &r, 17, recv, 32);
	d = answer(&r, RADIUS_ACCEPT, build_done(&b), NO_FAULT);
	assert_int_equal(read(&r, &d, &a), CYG_OK);
	assert_false(a.has_key);
	radius_answer_done(&a);
}

/* MSCHAPv2's keys have 16 octets each: they stand one behind the other (RFC 2548, RFC 3748 7.10). */
static void short_keys_stand_together(void **state)
{
	struct radius_request r = a_request();
	uint8_t octets[512], recv[16], send[16], zeroes[32] = {0};
	struct builder b = builder_of(octets, sizeof(octets));
	struct radius_answer a;
	struct bytes d;

	(void)state;
	memset(recv, 0x11, sizeof(recv));
	memset(send, 0x22, sizeof(send));
	put_key(&b, &r, 17, recv, 16);
	put_key(&b, &r, 16, send, 16);
	d = answer(&r, RADIUS_ACCEPT, build_done(&b), NO_FAULT);
	assert_int_equal(read(&r, &d, &a), CYG_OK);
	assert_memory_equal(a.key, recv, 16);
	assert_memory_equal(a.key + 16, send, 16);
	assert_memory_equal(a.key + 32, zeroes, 32);
	radius_answer_done(&a);
}

/* Long EAP packets are cut, and put together again, in order. */
static void long_packets_go_in_pieces(void **state)
{
	struct radius_request r = a_request();
	uint8_t eap[700], octets[1024];
	struct builder b = builder_of(octets, sizeof(octets));
	struct radius_answer a;
	struct bytes d;

	(void)state;
	for (size_t i = 0; i < sizeof(eap); i++)
		eap[i] = (uint8_t)i;
	r.eap = view_of(eap, sizeof(eap));
	assert_int_equal(radius_build(crypto, &r, SECRET, &d), CYG_OK);
	assert_int_equal(d.ptr[0], RADIUS_REQUEST);
	assert_int_equal(d.ptr[2] << 8 | d.ptr[3], d.len);
	assert_int_equal(d.ptr[20], 80); /* the seal stands first */
	/* The last attributes are the packet, in three pieces: a server sends it back. */
	assert_int_equal(d.ptr[d.len - (700 - 2 * 253) - 2], 79);
	for (size_t at = 0; at < sizeof(eap); at += 253) {
		size_t len = sizeof(eap) - at < 253 ? sizeof(eap) - at : 253;

		build_u8(&b, 79);
		build_u8(&b, (uint8_t)(len + 2));
		build_view(&b, view_of(eap + at, len));
	}
	bytes_done(&d);
	d = answer(&r, RADIUS_CHALLENGE, build_done(&b), NO_FAULT);
	assert_int_equal(read(&r, &d, &a), CYG_OK);
	assert_view_equal(view_bytes(&a.eap), view_of(eap, sizeof(eap)));
	radius_answer_done(&a);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	static const uint8_t long_name[254];
	struct radius_request r = a_request();
	uint8_t eap[RADIUS_LEN_MAX] = {0};
	struct bytes d;

	(void)state;
	r.eap = view_of(eap, sizeof(eap));
	assert_int_equal(radius_build(crypto, &r, SECRET, &d), CYG_LIMIT);
	r = a_request();
	r.user = view_of(long_name, 253);
	assert_int_equal(radius_build(crypto, &r, SECRET, &d), CYG_OK);
	bytes_done(&d);
	/* Its length would wrap, and the rest count as attributes of the peer's making. */
	r.user = view_of(long_name, 254);
	assert_int_equal(radius_build(crypto, &r, SECRET, &d), CYG_LIMIT);
}

/* ---- EAP behind it ---- */

/* A server's session about alice whose first packet is on its way to the RADIUS server. */
static struct eap_session *a_session(void)
{
	struct eap_session *s = eap_session_new(crypto, 1);
	struct eap_reply r;

	assert_non_null(s);
	s->server = true;
	s->ways = AUTH_EAP_RADIUS;
	s->carrier.on = true;
	assert_true(eap_name_set(&s->identity, LITERAL("alice")));
	assert_true(bytes_copy(&s->carrier.secret, SECRET));
	eap_step(s, (struct view){0}, &r);
	assert_int_equal(r.err, CYG_OK);
	assert_true(r.asks);
	return s;
}

/* The server accepts with keys, alice's name and these attributes: what comes of it. */
static uint8_t accepted(struct view attributes, char code[40])
{
	struct trust_job j = {.crypto = crypto, .eap = a_session()};
	struct radius_request r = {.identifier = j.eap->carrier.identifier};
	uint8_t octets[512], key[32] = {1};
	struct builder b = builder_of(octets, sizeof(octets));
	struct bytes d;

	memcpy(r.authenticator, j.eap->carrier.authenticator, sizeof(r.authenticator));
	put_key(&b, &r, 16, key, 32);
	put_key(&b, &r, 17, key, 32);
	build_view(&b, LITERAL("\x01\x07"
			       "alice"));
	build_view(&b, attributes);
	d = answer(&r, RADIUS_ACCEPT, build_done(&b), NO_FAULT);
	assert_true(trust_radius_answer(NULL, &j, view_bytes(&d)));
	bytes_done(&d);
	bytes_done(&j.reply.data);
	snprintf(code, 40, "%s", j.reply.why.code ? j.reply.why.code : "");
	assert_int_equal(j.eap->has_key, j.reply.answer.eap.outcome == EAP_SUCCEEDED);
	eap_session_unref(j.eap);
	return j.reply.answer.eap.outcome;
}

/* RFC 3579 2.6.3: an acceptance that carries another packet than Success contradicts itself. */
static void an_acceptance_holds_success_or_nothing(void **state)
{
	static const struct {
		struct view attributes;
		bool well;
	} rows[] = {
		{{(const uint8_t *)"\x4f\x06\x04\x07\x00\x04", 6}, false}, /* Failure */
		{{(const uint8_t *)"\x4f\x07\x01\x07\x00\x05\x01", 7}, false},
		{{(const uint8_t *)"\x4f\x03\x03", 3}, false},
		{{(const uint8_t *)"\x4f\x06\x03\x07\x00\x04", 6}, true}, /* Success */
		{{NULL, 0}, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char code[40];

		test_row(i, "%zu octets", rows[i].attributes.len);
		assert_int_equal(accepted(rows[i].attributes, code),
				 rows[i].well ? EAP_SUCCEEDED : EAP_FAILED);
		assert_string_equal(code, rows[i].well ? "" : "radius-contradiction");
	}
}

/* The server asks by a method, the peer answers, and it is accepted with keys and these attributes. */
static uint8_t accepted_by(uint8_t method, struct view user, bool any, char code[40],
			   char name[40])
{
	uint8_t ask[] = {0x4f, 8, EAP_REQUEST, 9, 0, 6, method, 0};
	uint8_t say[] = {EAP_RESPONSE, 9, 0, 6, method, 0};
	struct trust_job j = {.crypto = crypto, .eap = a_session()};
	struct radius_request r = {.identifier = j.eap->carrier.identifier};
	uint8_t octets[512], key[32] = {1};
	struct builder b = builder_of(octets, sizeof(octets));
	struct eap_reply reply;
	struct bytes d;

	j.eap->any_identity = any;
	memcpy(r.authenticator, j.eap->carrier.authenticator, sizeof(r.authenticator));
	if (method) {
		d = answer(&r, RADIUS_CHALLENGE, view_of(ask, sizeof(ask)), NO_FAULT);
		assert_true(trust_radius_answer(NULL, &j, view_bytes(&d)));
		assert_int_equal(j.reply.answer.eap.outcome, EAP_GOES_ON);
		bytes_done(&d);
		bytes_done(&j.reply.data);
		eap_step(j.eap, view_of(say, sizeof(say)), &reply);
		assert_true(reply.asks);
		r.identifier = j.eap->carrier.identifier;
		memcpy(r.authenticator, j.eap->carrier.authenticator, sizeof(r.authenticator));
	}
	put_key(&b, &r, 16, key, 32);
	put_key(&b, &r, 17, key, 32);
	build_view(&b, user);
	d = answer(&r, RADIUS_ACCEPT, build_done(&b), NO_FAULT);
	assert_true(trust_radius_answer(NULL, &j, view_bytes(&d)));
	bytes_done(&d);
	bytes_done(&j.reply.data);
	snprintf(code, 40, "%s", j.reply.why.code ? j.reply.why.code : "");
	eap_name_print(eap_name_view(j.eap->user.len ? &j.eap->user : &j.eap->identity), name,
		       40);
	assert_int_equal(j.eap->has_key, j.reply.answer.eap.outcome == EAP_SUCCEEDED);
	eap_session_unref(j.eap);
	ident_unref(j.reply.identity);
	return j.reply.answer.eap.outcome;
}

/*
 * RFC 3579 3: the name ahead of a method is nobody's proof. Where the method has a name of its own, which
 * we can't see, the server must say who was proven.
 */
static void who_was_proven_is_the_servers_word(void **state)
{
	static const uint8_t alice[] = "\x01\x07"
				       "alice",
			     tom[] = "\x01\x05tom";
	static const struct {
		uint8_t method;
		const uint8_t *user;
		bool any;
		const char *code, *name; /* NULL: refused */
	} rows[] = {
		{EAP_MSCHAPV2, NULL, true, "radius-no-user", "alice"}, /* its password */
		{EAP_MSCHAPV2, NULL, false, "radius-no-user", "alice"},
		{EAP_TLS, NULL, true, "radius-no-user", "alice"},
		{21, NULL, true, "radius-no-user", NULL}, /* TTLS */
		{21, NULL, false, "radius-no-user", NULL},
		{25, NULL, true, "radius-no-user", NULL}, /* PEAP */
		{55, NULL, true, "radius-no-user", NULL}, /* TEAP */
		{52, NULL, true, "radius-no-user", NULL}, /* its own name, too */
		{EAP_EXPANDED, NULL, true, "radius-no-user", NULL},
		{0, NULL, true, "radius-no-user", NULL}, /* by nothing at all */
		{21, alice, false, "", "alice"},
		{21, alice, true, "", "alice"},
		{21, tom, true, "", "tom"},
		{21, tom, false, "radius-user", NULL},
		{EAP_MSCHAPV2, tom, true, "", "tom"},
		{EAP_MSCHAPV2, tom, false, "radius-user", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view user = rows[i].user ? view_of(rows[i].user, rows[i].user[1])
						: (struct view){0};
		char code[40], name[40];

		test_row(i, "method %u", rows[i].method);
		assert_int_equal(accepted_by(rows[i].method, user, rows[i].any, code, name),
				 rows[i].name ? EAP_SUCCEEDED : EAP_FAILED);
		assert_string_equal(code, rows[i].code);
		if (rows[i].name)
			assert_string_equal(name, rows[i].name);
	}
}

/* User-Name stays the first one: the packet inside may not tell of another. */
static void a_second_identity_is_the_first_one(void **state)
{
	static const struct {
		struct view packet;
		bool well;
	} rows[] = {
		{{(const uint8_t *)"\x02\x00\x00\x08\x01tom", 8}, false},
		{{(const uint8_t *)"\x02\x00\x00\x05\x01", 5}, false},
		{{(const uint8_t *)"\x02\x00\x00\x0a\x01"
				   "alice",
		  10},
		 true},
		{{(const uint8_t *)"\x02\x00\x00\x08\x15tom", 8}, true}, /* a method's */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct eap_session *s = a_session();
		struct eap_reply r;

		test_row(i, "%zu octets", rows[i].packet.len);
		eap_step(s, rows[i].packet, &r);
		assert_int_equal(r.asks, rows[i].well);
		assert_int_equal(r.outcome, rows[i].well ? EAP_GOES_ON : EAP_FAILED);
		if (!rows[i].well)
			assert_string_equal(r.why.code, "eap-identity");
		bytes_done(&r.packet);
		eap_session_unref(s);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, crypto_set_up, crypto_tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(only_sealed_answers_to_this_request_count),
		TEST(broken_attributes_are_refused),
		TEST(what_does_not_fit_is_not_sent),
		TEST(keys_come_out_as_they_went_in),
		TEST(short_keys_stand_together),
		TEST(long_packets_go_in_pieces),
		TEST(an_acceptance_holds_success_or_nothing),
		TEST(who_was_proven_is_the_servers_word),
		TEST(a_second_identity_is_the_first_one),
	};

	return RUN_TESTS("trust/radius", tests);
}
