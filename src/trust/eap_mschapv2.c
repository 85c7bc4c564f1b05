/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2): the server's challenge, the client's
 * response with a challenge of its own, the server's proof that it knows the password, too,
 * and the client's word that it has seen it. One try only: who has a wrong password hears so,
 * and nothing is gained by asking again.
 */
#include "base/reader.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "trust/eap_method.h"
#include "trust/mschap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum opcode { CHALLENGE = 1, RESPONSE, SUCCESS, FAILURE, CHANGE_PASSWORD = 7 };

#define VALUE_LEN 49  /* of a response: challenge, 8 zeroes, proof, flags */
#define PROOF_TEXT 42 /* "S=" and 40 digits */
#define ERROR_AUTH 691

enum stage { FRESH, CHALLENGED, ANSWERED, DONE };

struct state {
	uint8_t stage; /* enum stage */
	uint8_t id;
	struct mschap_round round;
	struct eap_name user;
	uint8_t response[MSCHAP_RESPONSE_LEN];
	uint8_t proof[MSCHAP_PROOF_LEN];
};

static bool begin(struct eap_session *s, struct diag *why)
{
	struct state *st;

	if (!s->means.mschap) {
		diag_set(why, "no-legacy-provider", NULL,
			 "EAP-MSCHAPv2 needs MD4 and DES, and libcrypto's provider \"legacy\" "
			 "with them can't be loaded");
		diag_hint(why, "install it (it belongs to libssl3), or use EAP-TLS");
		return false;
	}
	/* A hash of zeroes is one that everybody has. A server goes on, to deny as it always does. */
	if (!s->server && !s->means.has_password) {
		diag_set(why, "eap-password", NULL, "there is no password to prove us with");
		diag_wanted(why, "an EAP record of ipsec.secrets for our name");
		diag_got(why, "none that fits");
		return false;
	}
	st = calloc(1, sizeof(*st));
	if (!st)
		return false;
	memcpy(st->round.nt_hash, s->means.nt_hash, sizeof(st->round.nt_hash));
	s->state = st;
	return true;
}

static void end(struct eap_session *s)
{
	if (s->state)
		secret_wipe(s->state, sizeof(struct state));
	free(s->state);
	s->state = NULL;
}

static enum eap_turn broken(struct diag *why, const char *what)
{
	diag_set(why, "eap-mschapv2", "draft-kamath-pppext-eap-mschapv2 2", "%s", what);
	return EAP_TURN_FAILED;
}

/* ---- what both have ---- */

static struct hole begin_message(const struct state *st, struct builder *b, uint8_t opcode)
{
	build_u8(b, opcode);
	build_u8(b, st->id);
	return build_hole16(b);
}

/* The MS-Length counts from the opcode. */
static void end_message(struct builder *b, struct hole length)
{
	build_close(b, length, 2);
}

struct message {
	uint8_t opcode, id;
	struct reader rest;
};

static bool read_message(struct view data, struct message *ret)
{
	struct reader r = reader_of(data);
	size_t len;

	ret->opcode = read_u8(&r);
	ret->id = read_u8(&r);
	len = read_u16(&r);
	ret->rest = r;
	return !r.bad && len == data.len;
}

static void put_hex(char *to, const uint8_t *octets, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		*to++ = digits[octets[i] >> 4];
		*to++ = digits[octets[i] & 15];
	}
}

/* The key, for both sides alike. */
static bool take_key(struct eap_session *s, const struct state *st)
{
	s->has_key = !mschap_key(s->means.mschap, &st->round, st->response, s->key);
	return s->has_key;
}

/* ---- as server ---- */

static enum eap_turn challenge(struct eap_session *s, struct state *st, struct builder *b)
{
	struct hole length;

	if (crypto_random(s->crypto, st->round.server, sizeof(st->round.server)) ||
	    crypto_random(s->crypto, &st->id, 1))
		return EAP_TURN_NOMEM;
	length = begin_message(st, b, CHALLENGE);
	build_u8(b, MSCHAP_CHALLENGE_LEN);
	build_view(b, view_of(st->round.server, sizeof(st->round.server)));
	build_view(b, view_str("cygnet"));
	end_message(b, length);
	st->stage = CHALLENGED;
	return EAP_TURN_ON;
}

static enum eap_turn deny(struct state *st, struct builder *b)
{
	char hex[2 * MSCHAP_CHALLENGE_LEN + 1] = "", text[120];
	struct hole length;

	/* R=0: no second try; C is there for the format's sake. */
	put_hex(hex, st->round.server, sizeof(st->round.server));
	snprintf(text, sizeof(text), "E=%u R=0 C=%s V=3 M=wrong name or password", ERROR_AUTH,
		 hex);
	length = begin_message(st, b, FAILURE);
	build_view(b, view_str(text));
	end_message(b, length);
	st->stage = DONE;
	return EAP_TURN_LOST;
}

static void explain_denial(const struct eap_session *s, struct diag *why)
{
	char name[160];

	eap_name_print(eap_name_view(&s->identity), name, sizeof(name));
	if (s->means.has_password) {
		diag_set(why, "eap-password", "RFC 2759 8.1",
			 "the peer has another password than ours for %.120s", name);
		diag_wanted(why, "the password of %s", s->means.password_at);
		diag_got(why, "a response that another one made");
		diag_hint(why, "compare the EAP record of ipsec.secrets with what the client "
			       "uses, then ipsec auto --rereadsecrets");
	} else {
		diag_set(why, "eap-password", NULL, "no password of %.120s is known here",
			 name);
		diag_wanted(why,
			    "a record  \"%.200s\" : EAP \"the password\"  in ipsec.secrets",
			    name);
		diag_got(why, "none that fits");
		diag_hint(why, "add it there, then ipsec auto --rereadsecrets");
	}
}

static void explain_name(const struct eap_session *s, struct view said, struct diag *why)
{
	char name[160];

	diag_set(why, "eap-identity", "draft-kamath-pppext-eap-mschapv2 2.2",
		 "the peer's response is for another name than its EAP identity");
	diag_wanted(why, "%s", eap_name_print(eap_name_view(&s->identity), name, sizeof(name)));
	diag_got(why, "%s", eap_name_print(said, name, sizeof(name)));
	diag_hint(why,
		  "let the client's identity and its user name be one, or write "
		  "eap_identity=%%any in conn %s",
		  s->connection);
}

static enum eap_turn take_response(struct eap_session *s, struct state *st, struct message *m,
				   struct builder *b, struct diag *why)
{
	uint8_t want[MSCHAP_RESPONSE_LEN], proof[MSCHAP_PROOF_LEN];
	char text[PROOF_TEXT + 8] = "S=";
	struct view name, said;
	struct hole length;
	bool same;

	if (m->opcode != RESPONSE || m->id != st->id || read_u8(&m->rest) != VALUE_LEN)
		return broken(why, "the peer does not answer the challenge that it was given");
	read_copy(&m->rest, st->round.client, sizeof(st->round.client));
	read_skip(&m->rest, 8);
	read_copy(&m->rest, st->response, sizeof(st->response));
	read_skip(&m->rest, 1);
	name = read_rest(&m->rest);
	if (m->rest.bad)
		return broken(why, "the peer's response is too short");
	/* Who it says it is here is who it said it was. */
	said = eap_without_domain(name);
	if (!view_equal(said, eap_without_domain(eap_name_view(&s->identity)))) {
		explain_name(s, name, why);
		return EAP_TURN_FAILED;
	}
	st->round.user = eap_without_domain(eap_name_view(&s->identity));
	if (mschap_response(s->means.mschap, &st->round, want))
		return EAP_TURN_NOMEM;
	same = secret_equal(view_of(want, sizeof(want)),
			    view_of(st->response, sizeof(st->response)));
	secret_wipe(want, sizeof(want));
	if (!same || !s->means.has_password) {
		explain_denial(s, why);
		return deny(st, b);
	}
	if (mschap_proof(s->means.mschap, &st->round, st->response, proof))
		return EAP_TURN_NOMEM;
	put_hex(text + 2, proof, sizeof(proof));
	memcpy(text + PROOF_TEXT, " M=OK", 5);
	length = begin_message(st, b, SUCCESS);
	build_view(b, view_of(text, PROOF_TEXT + 5));
	end_message(b, length);
	st->stage = ANSWERED;
	return EAP_TURN_ON;
}

static enum eap_turn serve(struct eap_session *s, struct state *st, struct view data,
			   struct builder *b, struct diag *why)
{
	struct message m;

	if (st->stage == FRESH)
		return challenge(s, st, b);
	/* The last word is an opcode alone. */
	if (st->stage == ANSWERED && data.len && data.ptr[0] == SUCCESS) {
		st->stage = DONE;
		return take_key(s, st) ? EAP_TURN_PROVEN : EAP_TURN_NOMEM;
	}
	if (st->stage == ANSWERED && data.len && data.ptr[0] == FAILURE)
		return broken(why, "the peer does not believe that we know its password");
	if (st->stage != CHALLENGED || !read_message(data, &m))
		return broken(why, "the peer's message is broken, or comes out of its turn");
	return take_response(s, st, &m, b, why);
}

/* ---- as client ---- */

static enum eap_turn answer(struct eap_session *s, struct state *st, struct message *m,
			    struct builder *b, struct diag *why)
{
	struct view name = eap_name_view(&s->identity);
	struct hole length;

	if (read_u8(&m->rest) != MSCHAP_CHALLENGE_LEN)
		return broken(why, "the server's challenge has another length than 16 octets");
	read_copy(&m->rest, st->round.server, sizeof(st->round.server));
	if (m->rest.bad)
		return broken(why, "the server's challenge is too short");
	st->id = m->id;
	st->round.user = eap_without_domain(name);
	if (crypto_random(s->crypto, st->round.client, sizeof(st->round.client)) ||
	    mschap_response(s->means.mschap, &st->round, st->response) ||
	    mschap_proof(s->means.mschap, &st->round, st->response, st->proof))
		return EAP_TURN_NOMEM;
	length = begin_message(st, b, RESPONSE);
	build_u8(b, VALUE_LEN);
	build_view(b, view_of(st->round.client, sizeof(st->round.client)));
	build_zero(b, 8);
	build_view(b, view_of(st->response, sizeof(st->response)));
	build_u8(b, 0);
	build_view(b, name);
	end_message(b, length);
	st->stage = CHALLENGED;
	return EAP_TURN_ON;
}

static enum eap_turn take_proof(struct eap_session *s, struct state *st, struct message *m,
				struct builder *b, struct diag *why)
{
	struct view text = read_rest(&m->rest);
	char want[PROOF_TEXT + 1] = "S=";

	put_hex(want + 2, st->proof, sizeof(st->proof));
	if (text.len < PROOF_TEXT ||
	    !secret_equal(view_of(text.ptr, PROOF_TEXT), view_of(want, PROOF_TEXT))) {
		diag_set(
			why, "eap-password", "RFC 2759 8.8",
			"the server does not know our password: it is not the one we look for");
		diag_wanted(why, "a proof with the password of %s", s->means.password_at);
		diag_got(why, "another one");
		return EAP_TURN_FAILED;
	}
	if (!take_key(s, st))
		return EAP_TURN_NOMEM;
	build_u8(b, SUCCESS);
	st->stage = DONE;
	return EAP_TURN_PROVEN;
}

/* RFC 2759 6: another try alike will not do, and may have the account locked. */
static bool is_hopeless(unsigned error)
{
	return error == 647 || error == 648 || error == 649 || error == ERROR_AUTH;
}

static const char *error_text(unsigned error)
{
	switch (error) {
	case 646:
		return "the account may not be used at this time";
	case 647:
		return "the account is disabled";
	case 648:
		return "the password has expired";
	case 649:
		return "the account may not dial in";
	case ERROR_AUTH:
		return "the name or the password is wrong";
	case 709:
		return "the password could not be changed";
	default:
		return "it gives a reason that has no name";
	}
}

/* A number of up to 10 digits behind "E="; 0: none. */
static unsigned error_of(struct view text)
{
	uint64_t n = 0;
	size_t at = 2;

	if (text.len < 3 || memcmp(text.ptr, "E=", 2))
		return 0;
	while (at < text.len && at < 12 && text.ptr[at] >= '0' && text.ptr[at] <= '9')
		n = n * 10 + (uint64_t)(text.ptr[at++] - '0');
	return n > UINT32_MAX ? 0 : (unsigned)n;
}

static enum eap_turn take_denial(struct eap_session *s, struct state *st, struct message *m,
				 struct builder *b, struct diag *why)
{
	struct view text = read_rest(&m->rest);
	unsigned error = error_of(text);
	char name[160], shown[300];

	diag_set(why, "eap-password", "RFC 2759 6", "the server refuses us: %s",
		 error_text(error));
	diag_wanted(why, "its consent to %s with the password of %s",
		    eap_name_print(eap_name_view(&s->identity), name, sizeof(name)),
		    s->means.password_at);
	diag_got(why, "%s", eap_name_print(text, shown, sizeof(shown)));
	diag_hint(why,
		  "compare eap_identity= and the EAP record of ipsec.secrets with what the "
		  "server knows");
	build_u8(b, FAILURE);
	st->stage = DONE;
	s->hopeless = is_hopeless(error);
	return EAP_TURN_LOST;
}

static enum eap_turn follow(struct eap_session *s, struct state *st, struct view data,
			    struct builder *b, struct diag *why)
{
	struct message m;

	if (!read_message(data, &m))
		return broken(why, "the server's message is broken");
	if (st->stage == FRESH && m.opcode == CHALLENGE)
		return answer(s, st, &m, b, why);
	if (st->stage == CHALLENGED && m.opcode == SUCCESS)
		return take_proof(s, st, &m, b, why);
	if (st->stage == CHALLENGED && m.opcode == FAILURE)
		return take_denial(s, st, &m, b, why);
	return broken(why, "the server's message comes out of its turn");
}

static enum eap_turn take(struct eap_session *s, struct view data, struct builder *b,
			  struct diag *why)
{
	return s->server ? serve(s, s->state, data, b, why) : follow(s, s->state, data, b, why);
}

const struct eap_method eap_mschapv2 = {
	EAP_MSCHAPV2, "EAP-MSCHAPv2", AUTH_EAP_MSCHAPV2, begin, take, end,
};
