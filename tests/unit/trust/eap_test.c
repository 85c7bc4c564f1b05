/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/eap.h"

#include "base/builder.h"
#include "crypto/crypto.h"
#include "tests/unit/support/test.h"
#include "trust/mschap.h"

#include <stdlib.h>
#include <string.h>

/* Two ends of a conversation about the user "alice", by EAP-MSCHAPv2. */
struct pair {
	struct crypto *crypto;
	struct mschap *mschap;
	struct eap_session *client, *server;
};

static struct eap_session *session(struct pair *p, bool server, const char *password)
{
	struct eap_session *s = eap_session_new(p->crypto, 1);

	assert_non_null(s);
	s->server = server;
	s->ways = AUTH_EAP_MSCHAPV2;
	s->means.mschap = p->mschap;
	s->means.has_password = true;
	strcpy(s->means.password_at, "ipsec.secrets:3");
	strcpy(s->connection, "road");
	assert_true(eap_name_set(&s->identity, LITERAL("alice")));
	assert_int_equal(mschap_nt_hash(p->mschap, view_str(password), s->means.nt_hash),
			 CYG_OK);
	return s;
}

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->crypto = crypto_new(NULL);
	p->mschap = mschap_new();
	p->client = session(p, false, "xylophone");
	p->server = session(p, true, "xylophone");
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	eap_session_unref(p->client);
	eap_session_unref(p->server);
	mschap_free(p->mschap);
	crypto_free(p->crypto);
	free(p);
	return 0;
}

static struct eap_reply step(struct eap_session *s, struct view packet)
{
	struct eap_reply r;

	eap_step(s, packet, &r);
	assert_int_equal(r.err, CYG_OK);
	return r;
}

/* The packet goes to the other end, and is freed. */
static struct eap_reply pass(struct eap_session *to, struct eap_reply *from)
{
	struct eap_reply r = step(to, view_bytes(&from->packet));

	bytes_done(&from->packet);
	return r;
}

static void expect_lost(struct eap_session *s, struct view packet, const char *code)
{
	struct eap_reply r = step(s, packet);

	assert_int_equal(r.outcome, EAP_FAILED);
	assert_string_equal(r.why.code, code);
	assert_false(s->has_key);
	bytes_done(&r.packet);
	/* And nothing wakes it up again. */
	r = step(s, LITERAL("\x03\x00\x00\x04"));
	assert_int_equal(r.outcome, EAP_FAILED);
	bytes_done(&r.packet);
}

/* Until `rounds` packets of the server have been answered; the client's last packet. */
static struct eap_reply talk(struct pair *p, unsigned rounds)
{
	struct eap_reply r = step(p->server, (struct view){0});

	for (unsigned i = 0; i < rounds; i++) {
		r = pass(p->client, &r);
		if (i + 1 < rounds)
			r = pass(p->server, &r);
	}
	return r;
}

static void both_come_to_one_key(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = talk(p, 2);

	assert_false(p->server->has_key);
	r = pass(p->server, &r);
	assert_int_equal(r.outcome, EAP_SUCCEEDED);
	r = pass(p->client, &r);
	assert_int_equal(r.outcome, EAP_SUCCEEDED);
	assert_null(r.packet.ptr);
	assert_true(p->client->has_key && p->server->has_key);
	assert_memory_equal(p->client->key, p->server->key, EAP_MSK_LEN);
}

static void the_identity_is_asked_for_first(void **state)
{
	struct pair *p = *state;
	struct eap_reply r;

	p->server->ask_identity = p->server->any_identity = true;
	r = step(p->server, (struct view){0});
	assert_view_equal(view_bytes(&r.packet), LITERAL("\x01\x00\x00\x05\x01"));
	r = pass(p->client, &r);
	assert_view_equal(eap_identity_in(p->server, view_bytes(&r.packet)), LITERAL("alice"));
	r = pass(p->server, &r);
	r = pass(p->client, &r);
	r = pass(p->server, &r);
	r = pass(p->client, &r);
	r = pass(p->server, &r);
	assert_int_equal(r.outcome, EAP_SUCCEEDED);
	bytes_done(&r.packet);
}

/* CVE-2021-45079: Success is believed from a method that is at its end alone. */
static void success_before_the_end_is_none(void **state)
{
	for (unsigned rounds = 0; rounds < 2; rounds++) {
		struct pair *p;
		struct eap_reply r;

		tear_down(state);
		assert_int_equal(set_up(state), 0);
		p = *state;
		r = talk(p, rounds);
		bytes_done(&r.packet);
		test_row(rounds, "after %u rounds", rounds);
		expect_lost(p->client, LITERAL("\x03\x00\x00\x04"), "eap-early-success");
	}
}

/* CVE-2015-8023: the client's last word proves nothing before the server has asked for it. */
static void a_word_too_early_is_no_proof(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = talk(p, 0);

	bytes_done(&r.packet);
	expect_lost(p->server, LITERAL("\x02\x00\x00\x06\x1a\x03"), "eap-mschapv2");
}

static void a_wrong_password_is_told_by_both(void **state)
{
	struct pair *p = *state;
	struct eap_reply r;

	eap_session_unref(p->server);
	p->server = session(p, true, "glockenspiel");
	r = talk(p, 1);
	r = pass(p->server, &r);
	assert_int_equal(r.outcome, EAP_GOES_ON);
	assert_string_equal(r.why.code, "eap-password");
	assert_non_null(strstr(r.why.wanted, "ipsec.secrets:3"));
	r = pass(p->client, &r);
	assert_int_equal(r.outcome, EAP_GOES_ON);
	r = pass(p->server, &r);
	assert_int_equal(r.outcome, EAP_FAILED);
	r = pass(p->client, &r);
	assert_int_equal(r.outcome, EAP_FAILED);
	assert_string_equal(r.why.code, "eap-password");
	assert_non_null(strstr(r.why.sentence, "the name or the password is wrong"));
	bytes_done(&r.packet);
}

/* A server that does not know the password can't make its proof either. */
static void a_server_that_only_agrees_is_refused(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = talk(p, 1);
	uint8_t packet[5 + 4 + 42];
	struct builder b = builder_of(packet, sizeof(packet));

	bytes_done(&r.packet);
	build_view(&b, LITERAL("\x01\x01\x00\x33\x1a\x03\x01\x00\x2eS="));
	for (int i = 0; i < 40; i++)
		build_u8(&b, '0');
	expect_lost(p->client, build_done(&b), "eap-password");
}

static void another_name_inside_the_method_is_refused(void **state)
{
	struct pair *p = *state;
	struct eap_reply r;

	assert_true(eap_name_set(&p->client->identity, LITERAL("mallory")));
	r = talk(p, 1);
	expect_lost(p->server, view_bytes(&r.packet), "eap-identity");
	bytes_done(&r.packet);
}

static void a_wish_for_another_method_is_refused(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *got;
	} rows[] = {
		{"\x02\x00\x00\x06\x03\x04", 6, "EAP-MD5"},
		{"\x02\x00\x00\x06\x03\x15", 6, "EAP-TTLS"},
		{"\x02\x00\x00\x06\x03\x00", 6, "none"},
		{"\x02\x00\x00\x05\x03", 5, "none"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pair *p;
		struct eap_reply r;

		tear_down(state);
		assert_int_equal(set_up(state), 0);
		p = *state;
		r = talk(p, 0);
		bytes_done(&r.packet);
		test_row(i, "%s", rows[i].got);
		r = step(p->server, view_of(rows[i].octets, rows[i].len));
		assert_int_equal(r.outcome, EAP_FAILED);
		assert_string_equal(r.why.code, "eap-no-method");
		assert_string_equal(r.why.wanted, "EAP-MSCHAPv2");
		assert_non_null(strstr(r.why.got, rows[i].got));
		assert_view_equal(view_bytes(&r.packet), LITERAL("\x04\x01\x00\x04"));
		bytes_done(&r.packet);
	}
}

static void a_client_wishes_for_what_it_may_use(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = step(p->client, LITERAL("\x01\x09\x00\x06\x04\x01"));

	assert_view_equal(view_bytes(&r.packet), LITERAL("\x02\x09\x00\x06\x03\x1a"));
	bytes_done(&r.packet);
	r = step(p->client, LITERAL("\x04\x09\x00\x04"));
	assert_int_equal(r.outcome, EAP_FAILED);
	assert_string_equal(r.why.got, "EAP-MD5");
}

/* Or its proof would be made of zeroes, which a server can make, too. */
static void a_client_without_a_password_does_not_begin(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = step(p->server, (struct view){0});

	p->client->means.has_password = false;
	memset(p->client->means.nt_hash, 0, sizeof(p->client->means.nt_hash));
	expect_lost(p->client, view_bytes(&r.packet), "eap-password");
	bytes_done(&r.packet);
}

/* It asks for the method that it has something for, and says what it lacks. */
static void a_client_asks_for_what_it_has_something_for(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = step(p->server, (struct view){0});

	p->client->ways |= AUTH_EAP_TLS;
	p->client->unable = AUTH_EAP_MSCHAPV2;
	r = pass(p->client, &r);
	assert_int_equal(r.outcome, EAP_GOES_ON);
	assert_view_equal(view_bytes(&r.packet), LITERAL("\x02\x00\x00\x06\x03\x0d"));
	bytes_done(&r.packet);
	r = step(p->client, LITERAL("\x04\x00\x00\x04"));
	assert_int_equal(r.outcome, EAP_FAILED);
	assert_string_equal(r.why.code, "eap-unable");
	assert_string_equal(r.why.wanted, "EAP-TLS");
	assert_string_equal(r.why.got, "EAP-MSCHAPv2");
}

/* What the connection does not allow is no matter of what ipsec.secrets has. */
static void a_method_that_is_not_allowed_is_told(void **state)
{
	struct pair *p = *state;
	struct eap_reply r;

	p->client->unable = AUTH_EAP_TLS;
	r = step(p->client, LITERAL("\x01\x09\x00\x06\x0d\x20"));
	bytes_done(&r.packet);
	r = step(p->client, LITERAL("\x04\x09\x00\x04"));
	assert_int_equal(r.outcome, EAP_FAILED);
	assert_string_equal(r.why.code, "eap-no-method");
	assert_string_equal(r.why.wanted, "EAP-MSCHAPv2");
	assert_string_equal(r.why.got, "EAP-TLS");
	assert_non_null(strstr(r.why.hint, "auth= of conn"));
}

static void words_for_people_are_shown_and_answered(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = step(p->client, LITERAL("\x01\x09\x00\x0a\x02Hello"));

	assert_view_equal(view_bytes(&r.packet), LITERAL("\x02\x09\x00\x05\x02"));
	assert_non_null(strstr(r.why.sentence, "Hello"));
	bytes_done(&r.packet);
}

#define HEX16 "0123456789abcdef"

/* Each is refused, wherever it comes. CVE-2025-62291 is among them. */
static const struct {
	const char *octets;
	size_t len;
} broken[] = {
	{"\x01", 1},
	{"\x01\x01\x00\x04", 4},         /* no type */
	{"\x01\x01\x00\x06\x1a", 5},     /* longer than it is */
	{"\x01\x01\x00\x05\x1a\x01", 6}, /* shorter */
	{"\x00\x01\x00\x05\x1a", 5},     /* codes that there are not */
	{"\x05\x01\x00\x05\x1a", 5},
	{"\x03\x01\x00\x05\x1a", 5},     /* Success with something in it */
	{"\x01\x01\x00\x05\x1a", 5},     /* a method's data that is empty */
	{"\x01\x01\x00\x06\x1a\x04", 6}, /* Failure, short */
	{"\x01\x01\x00\x09\x1a\x04\x01\x00\x04", 9},
	{"\x01\x01\x00\x09\x1a\x01\x01\x00\x04", 9}, /* Challenge without one */
	{"\x01\x01\x00\x1a\x1a\x01\x01\x00\x15\xff" HEX16, 26},
	{"\x01\x01\x00\x19\x1a\x01\x01\x00\x15\x10" HEX16, 25},
	{"\x01\x01\x00\x09\x1a\x07\x01\x00\x04", 9}, /* change of a password */
};

static void broken_packets_are_refused(void **state)
{
	for (size_t i = 0; i < COUNT_OF(broken); i++)
		for (unsigned rounds = 0; rounds < 2; rounds++) {
			struct pair *p;
			struct eap_reply r;
			bool told;

			tear_down(state);
			assert_int_equal(set_up(state), 0);
			p = *state;
			r = talk(p, rounds);
			bytes_done(&r.packet);
			test_row(i, "after %u rounds", rounds);
			r = step(p->client, view_of(broken[i].octets, broken[i].len));
			/* A failure of the method is acknowledged, and ends it all the same. */
			told = r.outcome == EAP_GOES_ON && p->client->stage == EAP_LOST;
			assert_true(told || r.outcome == EAP_FAILED);
			assert_false(p->client->has_key);
			bytes_done(&r.packet);
			r = step(p->server, view_of(broken[i].octets, broken[i].len));
			assert_int_equal(r.outcome, EAP_FAILED);
			bytes_done(&r.packet);
		}
}

/* An answer of before is none to what is asked now. */
static void a_replayed_answer_is_refused(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = talk(p, 1);
	struct bytes before = r.packet;

	r = step(p->server, view_bytes(&before));
	bytes_done(&r.packet);
	expect_lost(p->server, view_bytes(&before), "eap-order");
	bytes_done(&before);
}

static void a_conversation_is_bounded(void **state)
{
	struct pair *p = *state;
	struct eap_reply r = {0};
	unsigned n = 0;

	do {
		bytes_done(&r.packet);
		r = step(p->client, LITERAL("\x01\x09\x00\x06\x02x"));
		n++;
	} while (r.outcome == EAP_GOES_ON && n < 10000);
	bytes_done(&r.packet);
	assert_string_equal(r.why.code, "eap-too-long");
	assert_int_equal(n, EAP_ROUNDS_MAX + 1);
}

static void names_have_a_form(void **state)
{
	struct eap_name n = {0};
	uint8_t longest[EAP_NAME_MAX + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	assert_false(eap_name_set(&n, LITERAL("")));
	assert_false(eap_name_set(&n, LITERAL("a\0b")));
	assert_false(eap_name_set(&n, LITERAL("a\nb")));
	assert_false(eap_name_set(&n, view_of(longest, EAP_NAME_MAX + 1)));
	assert_true(eap_name_set(&n, view_of(longest, EAP_NAME_MAX)));
	assert_view_equal(eap_without_domain(LITERAL("DOM\\alice")), LITERAL("alice"));
	assert_view_equal(eap_without_domain(LITERAL("alice")), LITERAL("alice"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(success_before_the_end_is_none),
		TEST(a_word_too_early_is_no_proof),
		TEST(a_wrong_password_is_told_by_both),
		TEST(a_server_that_only_agrees_is_refused),
		TEST(another_name_inside_the_method_is_refused),
		TEST(a_wish_for_another_method_is_refused),
		TEST(a_client_wishes_for_what_it_may_use),
		TEST(a_client_without_a_password_does_not_begin),
		TEST(a_client_asks_for_what_it_has_something_for),
		TEST(a_method_that_is_not_allowed_is_told),
		TEST(broken_packets_are_refused),
		TEST(a_replayed_answer_is_refused),
		TEST(a_conversation_is_bounded),
		cmocka_unit_test(names_have_a_form),
		TEST(words_for_people_are_shown_and_answered),
		TEST(the_identity_is_asked_for_first),
		TEST(both_come_to_one_key),
	};

	return RUN_TESTS("trust/eap", tests);
}
