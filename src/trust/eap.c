/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/eap.h"

#include "base/reader.h"
#include "base/secret.h"
#include "base/text.h"
#include "trust/eap_method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_TOLD_MAX 2 /* requests for our identity that are answered */
#define NAKS_MAX 3

/* The methods that there are; a server offers the first one that is allowed. */
static const struct eap_method *const methods[] = {&eap_tls, &eap_mschapv2};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

struct eap_session *eap_session_new(struct crypto *crypto, uint64_t number)
{
	struct eap_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->crypto = crypto;
	s->number = number;
	s->refs = 1;
	return s;
}

struct eap_session *eap_session_ref(struct eap_session *s)
{
	s->refs++;
	return s;
}

static void drop_method(struct eap_session *s)
{
	if (s->method)
		s->method->end(s);
	s->method = NULL;
	s->state = NULL;
}

void eap_session_unref(struct eap_session *s)
{
	if (!s || --s->refs)
		return;
	drop_method(s);
	key_done(&s->means.key);
	cert_list_done(&s->means.chain);
	path_anchors_unref(s->means.anchors);
	ident_unref(s->means.rules.authority);
	cert_list_done(&s->means.rules.siblings);
	ident_unref(s->remote);
	eap_carrier_done(&s->carrier);
	chain_unref(s->chain);
	cert_done(&s->shown);
	for (size_t i = 0; i < s->groups_len; i++)
		bytes_done(&s->groups[i]);
	secret_wipe(s, sizeof(*s));
	free(s);
}

/* ---- names ---- */

bool eap_name_set(struct eap_name *n, struct view octets)
{
	if (!octets.len || octets.len > EAP_NAME_MAX)
		return false;
	for (size_t i = 0; i < octets.len; i++)
		if (octets.ptr[i] < ' ' || octets.ptr[i] == 0x7f)
			return false;
	memcpy(n->octets, octets.ptr, octets.len);
	n->len = (uint8_t)octets.len;
	return true;
}

/* "C=CH, O=x" is a DN, "a@b" a mail address, and the rest a name. */
const struct ident *eap_name_ident(struct view name)
{
	const uint8_t *at = name.len ? memchr(name.ptr, '@', name.len) : NULL;
	const struct ident *id = NULL;
	uint8_t type = at && at > name.ptr ? ID_RFC822_ADDR : ID_FQDN;
	char text[EAP_NAME_MAX + 1];

	if (name.len && name.len <= EAP_NAME_MAX && memchr(name.ptr, '=', name.len)) {
		memcpy(text, name.ptr, name.len);
		text[name.len] = '\0';
		if (!ident_parse(text, &id, NULL) && id->type == ID_DER_ASN1_DN &&
		    !id->wildcards)
			return id;
		ident_unref(id);
		id = NULL;
	}
	if (ident_from_wire(type, name, &id, NULL) &&
	    ident_from_wire(ID_KEY_ID, name, &id, NULL))
		return NULL;
	return id;
}

const char *eap_name_print(struct view name, char *buf, size_t cap)
{
	struct text t = {0};

	text_add_escaped(&t, name);
	snprintf(buf, cap, "%s", text_str(&t));
	text_done(&t);
	return buf;
}

struct view eap_without_domain(struct view name)
{
	const uint8_t *slash = name.len ? memrchr(name.ptr, '\\', name.len) : NULL;
	size_t skip = slash ? (size_t)(slash - name.ptr) + 1 : 0;

	return view_of(name.ptr + skip, name.len - skip);
}

/* ---- packets ---- */

struct packet {
	uint8_t code, identifier, type;
	struct view data;
};

/* RFC 3748 4: one packet and nothing behind it. */
static bool parse(struct view octets, struct packet *ret, struct diag *why)
{
	struct reader r = reader_of(octets);
	size_t len;

	*ret = (struct packet){0};
	ret->code = read_u8(&r);
	ret->identifier = read_u8(&r);
	len = read_u16(&r);
	if (ret->code == EAP_REQUEST || ret->code == EAP_RESPONSE)
		ret->type = read_u8(&r);
	ret->data = read_rest(&r);
	if (!r.bad && len == octets.len && len <= EAP_PACKET_MAX && ret->code >= EAP_REQUEST &&
	    ret->code <= EAP_FAILURE && (ret->type || !ret->data.len))
		return true;
	diag_set(why, "eap-malformed", "RFC 3748 4", "the peer's EAP packet is broken");
	diag_wanted(why, "a code of 1 to 4, and a length of all its octets, at most %u",
		    EAP_PACKET_MAX);
	diag_got(why, "code %u, length %zu, %zu octets", ret->code, len, octets.len);
	return false;
}

static struct hole begin_packet(const struct eap_session *s, struct builder *b, uint8_t type)
{
	struct hole length;

	build_u8(b, s->server ? EAP_REQUEST : EAP_RESPONSE);
	build_u8(b, s->identifier);
	length = build_hole16(b);
	build_u8(b, type);
	return length;
}

/* Hand a finished packet over. */
static void give(struct builder *b, struct hole length, struct eap_reply *ret)
{
	build_close(b, length, 2);
	if (b->bad)
		ret->err = CYG_LIMIT;
	else if (!bytes_copy(&ret->packet, build_done(b)))
		ret->err = CYG_NOMEM;
}

void eap_end(struct eap_session *s, uint8_t code, struct eap_reply *ret)
{
	uint8_t octets[4] = {code, s->identifier, 0, 4};

	if (!bytes_copy(&ret->packet, view_of(octets, sizeof(octets))))
		ret->err = CYG_NOMEM;
}

/* It is over, badly: a server says so. */
void eap_fail(struct eap_session *s, struct eap_reply *ret)
{
	s->stage = EAP_OVER;
	s->has_key = false;
	secret_wipe(s->key, sizeof(s->key));
	drop_method(s);
	ret->outcome = EAP_FAILED;
	if (s->server)
		eap_end(s, EAP_FAILURE, ret);
}

static void fail_saying(struct eap_session *s, struct eap_reply *ret, const char *code,
			const char *sentence)
{
	diag_set(&ret->why, code, "RFC 3748 4", "%s", sentence);
	eap_fail(s, ret);
}

/* ---- methods ---- */

/* Allowed, not refused by the peer, and, for a client, with something to prove itself by. */
static unsigned usable(const struct eap_session *s)
{
	return s->ways & ~s->refused & ~s->unable;
}

static const struct eap_method *method_of_type(const struct eap_session *s, uint8_t type)
{
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->type == type && methods[i]->way & usable(s))
			return methods[i];
	return NULL;
}

static const char *names_of(unsigned ways, char *buf, size_t cap)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->way & ways && at < cap)
			at += (size_t)snprintf(buf + at, cap - at, "%s%s", at ? ", " : "",
					       methods[i]->name);
	return buf;
}

static const char *type_name(uint8_t type, char *buf, size_t cap)
{
	static const struct {
		uint8_t type;
		const char *name;
	} others[] = {{4, "EAP-MD5"},  {6, "EAP-GTC"},   {18, "EAP-SIM"},  {21, "EAP-TTLS"},
		      {23, "EAP-AKA"}, {25, "EAP-PEAP"}, {43, "EAP-FAST"}, {50, "EAP-AKA'"}};

	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->type == type)
			return methods[i]->name;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].type == type)
			return others[i].name;
	snprintf(buf, cap, "EAP type %u", type);
	return buf;
}

/* What a method said becomes a packet, or an end. */
static void take_turn(struct eap_session *s, enum eap_turn turn, struct builder *b,
		      struct hole length, struct diag *why, struct eap_reply *ret)
{
	switch (turn) {
	case EAP_TURN_NOMEM:
		ret->err = CYG_NOMEM;
		s->stage = EAP_OVER;
		return;
	case EAP_TURN_FAILED:
		ret->why = *why;
		eap_fail(s, ret);
		return;
	case EAP_TURN_LOST:
		s->lost = *why;
		s->stage = EAP_LOST;
		if (s->server) /* the peer may leave without a last word */
			ret->why = *why;
		break;
	case EAP_TURN_PROVEN:
		s->stage = EAP_PROVEN;
		if (s->server) {
			s->stage = EAP_OVER;
			ret->outcome = EAP_SUCCEEDED;
			eap_end(s, EAP_SUCCESS, ret);
			return;
		}
		break;
	case EAP_TURN_ON:
		break;
	}
	give(b, length, ret);
}

static void run_method(struct eap_session *s, struct view data, struct eap_reply *ret)
{
	uint8_t storage[EAP_PACKET_MAX];
	struct builder b = builder_of(storage, sizeof(storage));
	struct diag why;
	struct hole length;
	enum eap_turn turn;

	diag_clear(&why);
	length = begin_packet(s, &b, s->method->type);
	turn = s->method->take(s, data, &b, &why);
	take_turn(s, turn, &b, length, &why, ret);
	secret_wipe(storage, sizeof(storage));
}

static bool begin_method(struct eap_session *s, const struct eap_method *m,
			 struct eap_reply *ret)
{
	drop_method(s);
	s->method = m;
	if (m->begin(s, &ret->why))
		return true;
	if (!diag_is_set(&ret->why))
		ret->err = CYG_NOMEM;
	eap_fail(s, ret);
	return false;
}

/* ---- as server ---- */

static void ask_identity(struct eap_session *s, struct eap_reply *ret)
{
	uint8_t storage[8];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole length = begin_packet(s, &b, EAP_IDENTITY);

	s->stage = EAP_ASKED;
	give(&b, length, ret);
}

/* Offer the first method that is allowed and was not refused, of `types` when there are any. */
static bool offer(struct eap_session *s, struct view types, struct eap_reply *ret)
{
	const struct eap_method *m = NULL;

	for (size_t i = 0; i < METHODS && !m; i++)
		if (methods[i]->way & usable(s) &&
		    (!types.ptr || memchr(types.ptr, methods[i]->type, types.len)))
			m = methods[i];
	if (!m)
		return false;
	if (!begin_method(s, m, ret))
		return true;
	s->stage = EAP_OFFERED;
	run_method(s, (struct view){0}, ret);
	return true;
}

struct view eap_identity_in(const struct eap_session *s, struct view packet)
{
	struct packet p;
	struct diag why;

	if (!s->server || s->stage != EAP_ASKED || !parse(packet, &p, &why) ||
	    p.code != EAP_RESPONSE || p.type != EAP_IDENTITY)
		return (struct view){0};
	return p.data;
}

/* What is carried for the peer goes under the name that it said first. */
static bool is_same_name(struct eap_session *s, struct view name, struct diag *why)
{
	char wanted[200], shown[200];

	if (view_equal(name, eap_name_view(&s->identity)))
		return true;
	diag_set(why, "eap-identity", "RFC 3579 2.1",
		 "the peer says another name in EAP than the RADIUS server was asked about");
	diag_wanted(why, "%s",
		    eap_name_print(eap_name_view(&s->identity), wanted, sizeof(wanted)));
	diag_got(why, "%s", eap_name_print(name, shown, sizeof(shown)));
	diag_hint(why, "set eap_identity= of conn %s to it, or to %%any", s->connection);
	return false;
}

static void take_identity(struct eap_session *s, struct view packet, struct view name,
			  struct eap_reply *ret)
{
	struct eap_name got = {0};
	char wanted[200], shown[200];

	if (!eap_name_set(&got, name)) {
		fail_saying(s, ret, "eap-identity",
			    "the peer's EAP identity is empty, too long or unprintable");
		return;
	}
	if (!s->any_identity && !view_equal(eap_name_view(&got), eap_name_view(&s->identity))) {
		diag_set(&ret->why, "eap-identity", "RFC 3748 5.1",
			 "the peer says another name in EAP than the connection allows");
		diag_wanted(&ret->why, "%s",
			    eap_name_print(eap_name_view(&s->identity), wanted,
					   sizeof(wanted)));
		diag_got(&ret->why, "%s", eap_name_print(name, shown, sizeof(shown)));
		diag_hint(&ret->why, "set eap_identity= of conn %s to it, or to %%any",
			  s->connection);
		eap_fail(s, ret);
		return;
	}
	s->identity = got;
	if (s->carrier.on)
		eap_carry(s, packet, ret);
	else if (!offer(s, (struct view){0}, ret))
		fail_saying(s, ret, "eap-no-method", "no method of EAP is allowed here");
}

static void take_nak(struct eap_session *s, struct view types, struct eap_reply *ret)
{
	char ours[80], theirs[40];

	s->refused |= s->method->way;
	if (++s->naks <= NAKS_MAX && offer(s, types, ret))
		return;
	diag_set(&ret->why, "eap-no-method", "RFC 3748 5.3.1",
		 "the peer will not have the EAP method that it is offered");
	diag_wanted(&ret->why, "%s", names_of(s->ways, ours, sizeof(ours)));
	diag_got(&ret->why, "a wish for %s",
		 types.len && types.ptr[0] ? type_name(types.ptr[0], theirs, sizeof(theirs))
					   : "none that is known");
	diag_hint(&ret->why, "allow it with %sauth= of conn %s, or set the peer to ours",
		  connection_side(s->client_end), s->connection);
	eap_fail(s, ret);
}

static void serve(struct eap_session *s, struct view packet, const struct packet *p,
		  struct eap_reply *ret)
{
	uint8_t type = s->method ? s->method->type : 0;

	if (p->code != EAP_RESPONSE || p->identifier != s->identifier) {
		fail_saying(s, ret, "eap-order",
			    "the peer's EAP packet answers no request of ours");
		return;
	}
	if (s->carrier.on && s->stage == EAP_UNDER_WAY) {
		if (p->type == EAP_IDENTITY && !is_same_name(s, p->data, &ret->why))
			eap_fail(s, ret);
		else
			eap_carry(s, packet, ret);
		return;
	}
	s->identifier++;
	if (s->stage == EAP_ASKED && p->type == EAP_IDENTITY) {
		take_identity(s, packet, p->data, ret);
	} else if (s->stage == EAP_OFFERED && p->type == EAP_NAK) {
		take_nak(s, p->data, ret);
	} else if (s->stage == EAP_LOST) {
		/* Whatever the peer says to it; the reason was told with the packet before. */
		diag_set(&ret->why, "eap-refused", "RFC 3748 4.2",
			 "EAP ends with the refusal that was told before");
		eap_fail(s, ret);
	} else if ((s->stage == EAP_OFFERED || s->stage == EAP_UNDER_WAY) && p->type == type) {
		s->stage = EAP_UNDER_WAY;
		run_method(s, p->data, ret);
	} else {
		fail_saying(s, ret, "eap-order",
			    "the peer's EAP packet is of another kind than the one that was "
			    "asked for");
	}
}

/* ---- as peer ---- */

static void tell_identity(struct eap_session *s, struct eap_reply *ret)
{
	uint8_t storage[EAP_NAME_MAX + 8];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole length = begin_packet(s, &b, EAP_IDENTITY);

	if (s->names_told++ >= NAMES_TOLD_MAX || s->stage != EAP_FRESH) {
		fail_saying(s, ret, "eap-order",
			    "the server asks for our EAP identity again and again");
		return;
	}
	build_view(&b, eap_name_view(&s->identity));
	give(&b, length, ret);
}

/* RFC 3748 5.2: a text for people. */
static void take_notification(struct eap_session *s, struct view text, struct eap_reply *ret)
{
	uint8_t storage[8];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole length = begin_packet(s, &b, EAP_NOTIFICATION);
	char shown[300];

	diag_set(&ret->why, "eap-notification", "RFC 3748 5.2", "the server says: %s",
		 eap_name_print(text, shown, sizeof(shown)));
	give(&b, length, ret);
}

/* Why the server's way is none of ours: not allowed, or with nothing here to go it. */
static void explain_nak(struct eap_session *s, uint8_t type)
{
	char ours[80], theirs[40];
	const char *name = type_name(type, theirs, sizeof(theirs));
	bool lacks = false;

	for (size_t i = 0; i < METHODS; i++)
		lacks = lacks ||
			(methods[i]->type == type && methods[i]->way & s->ways & s->unable);
	if (lacks)
		diag_set(&s->lost, "eap-unable", "RFC 3748 5.3.1",
			 "the server wants to be shown who we are by %s, and this host has no "
			 "password or key for that",
			 name);
	else
		diag_set(
			&s->lost, "eap-no-method", "RFC 3748 5.3.1",
			"the server wants to be shown who we are in a way that we may not use");
	diag_wanted(&s->lost, "%s", names_of(usable(s), ours, sizeof(ours)));
	diag_got(&s->lost, "%s", name);
	if (lacks)
		diag_hint(&s->lost, "write its record into ipsec.secrets and run ipsec auto "
				    "--rereadsecrets, or let the server offer ours");
	else
		diag_hint(&s->lost,
			  "allow it with %sauth= of conn %s, or let the server offer ours",
			  connection_side(s->client_end), s->connection);
}

static void refuse_method(struct eap_session *s, uint8_t type, struct eap_reply *ret)
{
	uint8_t storage[16];
	struct builder b = builder_of(storage, sizeof(storage));
	struct hole length = begin_packet(s, &b, EAP_NAK);
	bool any = false;

	for (size_t i = 0; i < METHODS; i++)
		if (methods[i]->way & usable(s)) {
			build_u8(&b, methods[i]->type);
			any = true;
		}
	if (!any)
		build_u8(&b, 0);
	explain_nak(s, type);
	if (s->naks++ >= NAKS_MAX) {
		ret->why = s->lost;
		eap_fail(s, ret);
		return;
	}
	give(&b, length, ret);
}

static void take_request(struct eap_session *s, const struct packet *p, struct eap_reply *ret)
{
	const struct eap_method *m = method_of_type(s, p->type);

	s->identifier = p->identifier;
	if (p->type == EAP_IDENTITY) {
		tell_identity(s, ret);
	} else if (p->type == EAP_NOTIFICATION) {
		take_notification(s, p->data, ret);
	} else if (s->stage == EAP_FRESH) {
		if (!m) {
			refuse_method(s, p->type, ret);
			return;
		}
		if (!begin_method(s, m, ret))
			return;
		s->stage = EAP_UNDER_WAY;
		run_method(s, p->data, ret);
	} else if (s->stage == EAP_UNDER_WAY && m == s->method) {
		run_method(s, p->data, ret);
	} else {
		fail_saying(
			s, ret, "eap-order",
			"the server's EAP request is of another kind than what is under way, "
			"or comes behind its end");
	}
}

static void take_success(struct eap_session *s, struct eap_reply *ret)
{
	if (s->stage != EAP_PROVEN || !s->has_key) {
		diag_set(&ret->why, "eap-early-success", "RFC 3748 4.2",
			 "the server speaks of success before its method has come to its end");
		diag_wanted(&ret->why, "a proof by both sides, and a key");
		diag_got(&ret->why, "%s",
			 s->stage == EAP_FRESH ? "Success before any method"
					       : "Success in its middle");
		eap_fail(s, ret);
		return;
	}
	s->stage = EAP_OVER;
	ret->outcome = EAP_SUCCEEDED;
}

static void take_failure(struct eap_session *s, struct eap_reply *ret)
{
	if (diag_is_set(&s->lost))
		ret->why = s->lost;
	else
		diag_set(
			&ret->why, "eap-failure", "RFC 3748 4.2",
			"the server ends EAP with a failure and gives no reason: its log tells "
			"which");
	eap_fail(s, ret);
}

/* To the carrier's server we say it for the peer, whom IKE has asked (RFC 3579 2.1). */
static void carry_identity(struct eap_session *s, struct eap_reply *ret)
{
	uint8_t packet[EAP_NAME_MAX + 8];
	struct builder b = builder_of(packet, sizeof(packet));
	struct hole length;

	build_u8(&b, EAP_RESPONSE);
	build_u8(&b, s->identifier);
	length = build_hole16(&b);
	build_u8(&b, EAP_IDENTITY);
	build_view(&b, eap_name_view(&s->identity));
	build_close(&b, length, 2);
	eap_carry(s, build_done(&b), ret);
}

/* ---- both ---- */

void eap_step(struct eap_session *s, struct view packet, struct eap_reply *ret)
{
	struct packet p;

	*ret = (struct eap_reply){.outcome = EAP_GOES_ON};
	diag_clear(&ret->why);
	if (s->stage == EAP_OVER || s->rounds++ >= EAP_ROUNDS_MAX) {
		fail_saying(s, ret, "eap-too-long",
			    s->rounds > EAP_ROUNDS_MAX ? "EAP takes too many rounds"
						       : "EAP is over already");
		return;
	}
	if (!packet.len) {
		if (!s->server)
			return; /* the server begins */
		if (s->stage != EAP_FRESH)
			fail_saying(s, ret, "eap-order", "the peer's EAP packet is missing");
		else if (s->ask_identity)
			ask_identity(s, ret);
		else if (s->carrier.on)
			carry_identity(s, ret);
		else if (!offer(s, (struct view){0}, ret))
			fail_saying(s, ret, "eap-no-method",
				    "no method of EAP is allowed here");
		return;
	}
	if (!parse(packet, &p, &ret->why))
		eap_fail(s, ret);
	else if (s->server)
		serve(s, packet, &p, ret);
	else if (p.code == EAP_REQUEST)
		take_request(s, &p, ret);
	else if (p.code == EAP_SUCCESS)
		take_success(s, ret);
	else if (p.code == EAP_FAILURE)
		take_failure(s, ret);
	else
		fail_saying(s, ret, "eap-order", "the server answers where it has to ask");
}
