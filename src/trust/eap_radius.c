/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EAP whose server is a RADIUS server: we carry its packets, and believe what it says as far
 * as it is sealed with the secret that we share. Whom it accepts must come with keys.
 */
#include "base/text.h"
#include "crypto/crypto.h"
#include "trust/radius.h"
#include "trust/trust_private.h"

#include <stdio.h>
#include <string.h>

void eap_carry(struct eap_session *s, struct view packet, struct eap_reply *ret)
{
	struct eap_carrier *c = &s->carrier;

	bytes_done(&c->packet);
	if (!bytes_copy(&c->packet, packet) ||
	    crypto_random(s->crypto, c->authenticator, sizeof(c->authenticator)) ||
	    crypto_random(s->crypto, &c->identifier, 1))
		ret->err = CYG_NOMEM;
	s->stage = EAP_UNDER_WAY;
	ret->asks = true;
}

void eap_carrier_done(struct eap_carrier *c)
{
	bytes_done(&c->packet);
	bytes_done(&c->state);
	bytes_wipe(&c->secret);
}

static struct radius_request request_of(const struct eap_session *s)
{
	const struct eap_carrier *c = &s->carrier;
	struct radius_request r = {
		.identifier = c->identifier,
		.user = eap_name_view(&s->identity),
		.eap = view_bytes(&c->packet),
		.state = view_bytes(&c->state),
		.nas = view_str("cygnet"),
		.peer = c->peer,
	};

	memcpy(r.authenticator, c->authenticator, sizeof(r.authenticator));
	return r;
}

/* ---- what the host asks ---- */

bool trust_job_asks(const struct trust_job *j)
{
	return j->asks;
}

const struct ip_addr *trust_radius_server(const struct trust_job *j)
{
	const struct ip_addr *bound = &j->eap->carrier.server;

	return j->eap->carrier.state.len && ip_is_set(bound) ? bound : NULL;
}

enum cyg_err trust_radius_request(struct trust *t, struct trust_job *j,
				  const struct ip_addr *server, struct bytes *ret,
				  struct diag *why)
{
	struct eap_carrier *c = &j->eap->carrier;
	struct radius_request r = request_of(j->eap);
	const struct secret_record *record;
	const struct ident *id;
	char text[IP_TEXT_MAX];

	if (ident_from_addr(server, &id))
		return CYG_NOMEM;
	record = secret_find(t->secrets, SECRET_RADIUS, id, id, NULL);
	ident_unref(id);
	if (!record) {
		ip_print(server, text);
		diag_set(why, "radius-no-secret", NULL,
			 "ipsec.secrets has no secret for the RADIUS server %s", text);
		diag_wanted(why, "a record  %s : RADIUS \"the shared secret\"", text);
		return CYG_NOTFOUND;
	}
	bytes_wipe(&c->secret);
	if (!bytes_copy(&c->secret, view_bytes(&record->value)))
		return CYG_NOMEM;
	c->server = *server;
	return radius_build(j->crypto, &r, view_bytes(&c->secret), ret);
}

/* ---- what came of it ---- */

static void settle(struct trust_job *j, struct eap_reply *r)
{
	j->asks = false;
	j->reply.answer.err = r->err;
	j->reply.answer.eap.outcome = r->outcome;
	bytes_wipe(&j->reply.data);
	j->reply.data = r->packet;
	j->reply.why = r->why;
	eap_tell_identity(j);
}

/*
 * What the peer said ahead of a method with a tunnel proves nothing: who it is, the server says
 * (RFC 3579 3). Where the connection itself knows who it is to be, it must be that one.
 */
static bool take_user(struct eap_session *s, const struct radius_answer *a, struct diag *why)
{
	struct view user = view_bytes(&a->user), said = eap_name_view(&s->identity);
	char text[160];

	if (!user.len || view_equal(user, said))
		return true;
	if (s->any_identity && eap_name_set(&s->user, user))
		return true;
	diag_set(why, "radius-user", "RFC 3579 3",
		 "the RADIUS server says that the peer is somebody else than it is to be");
	diag_wanted(why, "%s", eap_name_print(said, text, sizeof(text)));
	diag_got(why, "User-Name %s", eap_name_print(user, text, sizeof(text)));
	diag_hint(why, "with eap_identity=%%any in conn %s the server says who it is",
		  s->connection);
	return false;
}

/*
 * What the server was asked about is what these prove: the password of that name, or a certificate that the
 * server holds against it. Others have a name of their own, inside where we can't see it.
 */
static bool proves_the_name(uint8_t method)
{
	return method == EAP_MSCHAPV2 || method == EAP_TLS;
}

/* Its name is its own word; `in`: it is let in all the same. */
static void tell_unnamed(const struct eap_session *s, bool in, struct diag *why)
{
	char name[160], groups[EAP_GROUPS_TEXT_MAX];

	diag_set(
		why, "radius-no-user", "RFC 3579 3",
		"the RADIUS server accepts the peer and does not say who it is%s: %.120s is what "
		"the peer calls itself, which proves nothing",
		in ? "" : ", and its method may prove another name",
		eap_name_print(eap_name_view(&s->identity), name, sizeof(name)));
	diag_wanted(why, "User-Name in its answer");
	diag_got(why, "none%s%s", s->groups_len ? "; groups: " : "", eap_print_groups(s, groups));
	diag_hint(why, "have the server send it, the name inside for methods with a tunnel "
		       "(FreeRADIUS: use_tunneled_reply)");
}

/* RFC 3579 2.6.3: what an acceptance carries for the peer is Success, or it says two things. */
static bool holds_success(const struct radius_answer *a, struct diag *why)
{
	if (!a->eap.len || (a->eap.len == 4 && a->eap.ptr[0] == EAP_SUCCESS))
		return true;
	diag_set(
		why, "radius-contradiction", "RFC 3579 2.6.3",
		"the RADIUS server accepts the peer, and its EAP packet in that says otherwise");
	diag_wanted(why, "EAP-Success (code %u) of 4 octets, or none", EAP_SUCCESS);
	diag_got(why, "code %u, %zu octets", a->eap.ptr[0], a->eap.len);
	diag_hint(why, "see the server's configuration: something overrides its refusal");
	return false;
}

static void accept(struct eap_session *s, struct radius_answer *a, struct eap_reply *ret)
{
	if (!a->has_key) {
		diag_set(&ret->why, "radius-no-key", "RFC 3579 2.5",
			 "the RADIUS server accepts the peer by a method that comes to no key");
		diag_wanted(&ret->why, "MS-MPPE-Recv-Key and MS-MPPE-Send-Key in its answer");
		diag_hint(&ret->why, "allow only EAP-TLS, EAP-MSCHAPv2 and the like there");
		eap_fail(s, ret);
		return;
	}
	if (!holds_success(a, &ret->why) || !take_user(s, a, &ret->why)) {
		eap_fail(s, ret);
		return;
	}
	if (!a->user.len && !proves_the_name(s->carrier.method)) {
		tell_unnamed(s, false, &ret->why);
		eap_fail(s, ret);
		return;
	}
	memcpy(s->key, a->key, sizeof(s->key));
	for (size_t i = 0; i < a->groups_len; i++)
		s->groups[s->groups_len++] = a->groups[i];
	a->groups_len = 0; /* moved */
	s->has_key = true;
	s->stage = EAP_OVER;
	ret->outcome = EAP_SUCCEEDED;
	eap_end(s, EAP_SUCCESS, ret);
	if (!a->user.len)
		tell_unnamed(s, true, &ret->why);
}

static void reject(struct eap_session *s, const struct radius_answer *a, struct eap_reply *ret)
{
	char name[160], said[200];

	diag_set(&ret->why, "radius-reject", "RFC 2865 4.3", "the RADIUS server refuses %.120s",
		 eap_name_print(eap_name_view(&s->identity), name, sizeof(name)));
	if (a->message.len)
		diag_got(&ret->why, "%s",
			 eap_name_print(view_bytes(&a->message), said, sizeof(said)));
	diag_hint(&ret->why, "the server's log tells why");
	eap_fail(s, ret);
}

static void challenge(struct eap_session *s, struct radius_answer *a, struct eap_reply *ret)
{
	if (a->eap.len < 5 || a->eap.ptr[0] != EAP_REQUEST || a->eap.len > EAP_PACKET_MAX) {
		diag_set(&ret->why, "radius-malformed", "RFC 3579 2.2",
			 "the RADIUS server's challenge holds no EAP request");
		eap_fail(s, ret);
		return;
	}
	s->identifier = a->eap.ptr[1];
	if (a->eap.ptr[4] != EAP_IDENTITY && a->eap.ptr[4] != EAP_NOTIFICATION)
		s->carrier.method = a->eap.ptr[4];
	bytes_done(&s->carrier.state);
	s->carrier.state = a->state;
	ret->packet = a->eap;
	a->eap = a->state = (struct bytes){0};
}

const char *eap_print_groups(const struct eap_session *s, char text[EAP_GROUPS_TEXT_MAX])
{
	char one[100];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->groups_len; i++)
		buf_add(text, EAP_GROUPS_TEXT_MAX, &used, "%s%s", i ? ", " : "",
			eap_name_print(view_bytes(&s->groups[i]), one, sizeof(one)));
	return text;
}

/* For people, and for who is to be let in by it. */
static void note_groups(const struct eap_session *s, struct eap_reply *ret)
{
	char text[EAP_GROUPS_TEXT_MAX];

	if (s->groups_len && ret->outcome == EAP_SUCCEEDED && !diag_is_set(&ret->why))
		diag_set(&ret->why, "radius-groups", "RFC 2865 5.25",
			 "the RADIUS server says of the peer: %s", eap_print_groups(s, text));
}

bool trust_radius_answer(struct trust *t, struct trust_job *j, struct view datagram)
{
	struct eap_session *s = j->eap;
	struct radius_request r = request_of(s);
	struct eap_reply reply = {.outcome = EAP_GOES_ON};
	struct radius_answer a;
	enum cyg_err err;

	(void)t;
	diag_clear(&reply.why);
	err = radius_read(j->crypto, &r, view_bytes(&s->carrier.secret), datagram, &a,
			  &reply.why);
	if (err == CYG_AUTH)
		return false;
	if (err == CYG_MALFORMED) {
		eap_fail(s, &reply);
	} else if (err) {
		reply.err = err;
	} else if (a.code == RADIUS_ACCEPT) {
		accept(s, &a, &reply);
	} else if (a.code == RADIUS_REJECT) {
		reject(s, &a, &reply);
	} else {
		challenge(s, &a, &reply);
	}
	if (!err) {
		note_groups(s, &reply);
		radius_answer_done(&a);
	}
	settle(j, &reply);
	return true;
}

void trust_radius_failed(struct trust_job *j, const struct diag *why)
{
	struct eap_reply reply = {.outcome = EAP_GOES_ON};

	diag_clear(&reply.why);
	if (why)
		reply.why = *why;
	eap_fail(j->eap, &reply);
	settle(j, &reply);
}
