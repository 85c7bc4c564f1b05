/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/radius.h"

#include "base/builder.h"
#include "base/reader.h"
#include "base/secret.h"
#include "crypto/hash.h"

#include <string.h>

#define MD5_LEN 16
#define HEADER_LEN 20
#define CHUNK_MAX 253 /* octets of a value */
#define VENDOR_MICROSOFT 311

enum attribute {
	USER_NAME = 1,
	SERVICE_TYPE = 6,
	FILTER_ID = 11,
	FRAMED_MTU = 12,
	REPLY_MESSAGE = 18,
	STATE = 24,
	CLASS = 25,
	VENDOR = 26,
	CALLING_STATION = 31,
	NAS_IDENTIFIER = 32,
	NAS_PORT_TYPE = 61,
	EAP_MESSAGE = 79,
	MESSAGE_AUTHENTICATOR = 80,
};
enum microsoft { MPPE_SEND_KEY = 16, MPPE_RECV_KEY = 17 };

#define SERVICE_FRAMED 2
#define PORT_VIRTUAL 5
#define EAP_MTU 1000 /* room for an EAP packet in an IKE message that needs no fragments */

/* ---- requests ---- */

/* What is too long for an attribute would be read as several: it spoils the whole. */
static void put(struct builder *b, uint8_t type, struct view value)
{
	b->bad |= value.len > CHUNK_MAX;
	build_u8(b, type);
	build_u8(b, (uint8_t)(value.len + 2));
	build_view(b, value);
}

static void put_number(struct builder *b, uint8_t type, uint32_t value)
{
	build_u8(b, type);
	build_u8(b, 6);
	build_u32(b, value);
}

/* RFC 3579 3.1: a packet in as many attributes as it takes, in order. */
static void put_eap(struct builder *b, struct view eap)
{
	while (eap.len) {
		size_t len = eap.len < CHUNK_MAX ? eap.len : CHUNK_MAX;

		put(b, EAP_MESSAGE, view_of(eap.ptr, len));
		eap = view_of(eap.ptr + len, eap.len - len);
	}
}

/* RFC 3579 3.2, over the datagram with zeroes in its own place. */
static enum cyg_err sign(struct crypto *crypto, struct view secret, uint8_t *datagram,
			 size_t len, uint8_t *at)
{
	struct view all = view_of(datagram, len);

	memset(at, 0, MD5_LEN);
	return hash_hmac(crypto, HASH_MD5, secret, &all, 1, at);
}

enum cyg_err radius_build(struct crypto *crypto, const struct radius_request *r,
			  struct view secret, struct bytes *ret)
{
	uint8_t datagram[RADIUS_LEN_MAX];
	struct builder b = builder_of(datagram, sizeof(datagram));
	char peer[IP_TEXT_MAX];
	struct hole length;
	enum cyg_err err;

	build_u8(&b, RADIUS_REQUEST);
	build_u8(&b, r->identifier);
	length = build_hole16(&b);
	build_view(&b, view_of(r->authenticator, sizeof(r->authenticator)));
	build_u8(&b, MESSAGE_AUTHENTICATOR);
	build_u8(&b, MD5_LEN + 2);
	build_zero(&b, MD5_LEN);
	put(&b, USER_NAME, r->user);
	put(&b, NAS_IDENTIFIER, r->nas);
	put_number(&b, SERVICE_TYPE, SERVICE_FRAMED);
	put_number(&b, NAS_PORT_TYPE, PORT_VIRTUAL);
	put_number(&b, FRAMED_MTU, EAP_MTU);
	if (ip_is_set(&r->peer))
		put(&b, CALLING_STATION, view_str(ip_print(&r->peer, peer)));
	if (r->state.len)
		put(&b, STATE, r->state);
	put_eap(&b, r->eap);
	build_close(&b, length, 2);
	if (b.bad)
		return CYG_LIMIT;
	err = sign(crypto, secret, datagram, build_len(&b), datagram + HEADER_LEN + 2);
	if (err)
		return err;
	return bytes_copy(ret, build_done(&b)) ? CYG_OK : CYG_NOMEM;
}

/* ---- answers ---- */

void radius_answer_done(struct radius_answer *a)
{
	bytes_done(&a->eap);
	bytes_done(&a->state);
	bytes_done(&a->message);
	bytes_done(&a->user);
	for (size_t i = 0; i < a->groups_len; i++)
		bytes_done(&a->groups[i]);
	secret_wipe(a, sizeof(*a));
}

/* The next attribute; false at the end, or when it is broken (r->bad). */
static bool next(struct reader *r, uint8_t *type, struct view *value)
{
	size_t len;

	if (!read_left(r))
		return false;
	*type = read_u8(r);
	len = read_u8(r);
	if (len < 2)
		read_fail(r);
	*value = r->bad ? (struct view){0} : read_view(r, len - 2);
	return !r->bad;
}

/* Where the Message-Authenticator's value stands, once; NULL. */
static const uint8_t *find_authenticator(struct view attributes)
{
	struct reader r = reader_of(attributes);
	const uint8_t *at = NULL;
	struct view value;
	uint8_t type;

	while (next(&r, &type, &value)) {
		if (type != MESSAGE_AUTHENTICATOR)
			continue;
		if (at || value.len != MD5_LEN)
			return NULL;
		at = value.ptr;
	}
	return r.bad ? NULL : at;
}

/* Made with the secret, for this request: by both ways that there are (RFC 2865 3, RFC 3579 3.2). */
static enum cyg_err check(struct crypto *crypto, const struct radius_request *r,
			  struct view secret, struct view d)
{
	uint8_t copy[RADIUS_LEN_MAX], said[MD5_LEN], made[MD5_LEN];
	struct view attributes = view_of(d.ptr + HEADER_LEN, d.len - HEADER_LEN);
	const uint8_t *at = find_authenticator(attributes);
	struct view parts[] = {view_of(d.ptr, 4),
			       view_of(r->authenticator, sizeof(r->authenticator)), attributes,
			       secret};
	enum cyg_err err;

	if (!at)
		return CYG_AUTH;
	err = hash_compute(crypto, HASH_MD5, parts, 4, made);
	if (err)
		return err;
	if (!secret_equal(view_of(made, MD5_LEN), view_of(d.ptr + 4, MD5_LEN)))
		return CYG_AUTH;
	memcpy(copy, d.ptr, d.len);
	memcpy(copy + 4, r->authenticator, sizeof(r->authenticator));
	memcpy(said, at, MD5_LEN);
	err = sign(crypto, secret, copy, d.len, copy + (at - d.ptr));
	if (err)
		return err;
	return secret_equal(view_of(said, MD5_LEN), view_of(copy + (at - d.ptr), MD5_LEN))
		       ? CYG_OK
		       : CYG_AUTH;
}

/* RFC 2548 2.4.2: a salt, then blocks that are the key, its length before it, in disguise. */
static enum cyg_err open_key(struct crypto *crypto, const struct radius_request *r,
			     struct view secret, struct view value, uint8_t *ret,
			     size_t *ret_len)
{
	uint8_t clear[CHUNK_MAX], pad[MD5_LEN];
	struct view parts[] = {secret, view_of(r->authenticator, sizeof(r->authenticator)),
			       view_of(value.ptr, 2)};
	size_t len = value.len < 2 ? 0 : value.len - 2;
	enum cyg_err err = CYG_OK;

	if (!len || len % MD5_LEN || len > sizeof(clear) || !(value.ptr[0] & 0x80))
		return CYG_MALFORMED;
	for (size_t i = 0; !err && i < len; i += MD5_LEN) {
		err = i ? hash_compute(crypto, HASH_MD5,
				       (struct view[]){secret,
						       view_of(value.ptr + 2 + i - MD5_LEN,
							       MD5_LEN)},
				       2, pad)
			: hash_compute(crypto, HASH_MD5, parts, 3, pad);
		for (size_t j = 0; j < MD5_LEN; j++)
			clear[i + j] = value.ptr[2 + i + j] ^ pad[j];
	}
	if (!err && (!clear[0] || clear[0] >= len || clear[0] > 32))
		err = CYG_MALFORMED;
	if (!err) {
		*ret_len = clear[0];
		memcpy(ret, clear + 1, *ret_len);
	}
	secret_wipe(clear, sizeof(clear));
	secret_wipe(pad, sizeof(pad));
	return err;
}

/* What is collected while the attributes are read. */
struct taking {
	struct builder eap, state, message;
	uint8_t eap_octets[RADIUS_LEN_MAX], state_octets[CHUNK_MAX],
		message_octets[RADIUS_LEN_MAX];
	uint8_t recv[32], send[32];
	size_t recv_len, send_len;
};

static enum cyg_err take_vendor(struct crypto *crypto, const struct radius_request *r,
				struct view secret, struct view value, struct taking *t)
{
	struct reader in = reader_of(value);
	uint32_t vendor = read_u32(&in);
	enum cyg_err err = CYG_OK;
	uint8_t type;

	if (in.bad)
		return CYG_MALFORMED;
	if (vendor != VENDOR_MICROSOFT)
		return CYG_OK;
	while (!err && next(&in, &type, &value)) {
		if (type == MPPE_RECV_KEY)
			err = open_key(crypto, r, secret, value, t->recv, &t->recv_len);
		else if (type == MPPE_SEND_KEY)
			err = open_key(crypto, r, secret, value, t->send, &t->send_len);
	}
	return in.bad ? CYG_MALFORMED : err;
}

static enum cyg_err take_group(struct radius_answer *a, struct view value)
{
	if (a->groups_len == RADIUS_GROUPS_MAX || !value.len)
		return CYG_OK;
	if (!bytes_copy(&a->groups[a->groups_len], value))
		return CYG_NOMEM;
	a->groups_len++;
	return CYG_OK;
}

static enum cyg_err take(struct crypto *crypto, const struct radius_request *r,
			 struct view secret, uint8_t type, struct view value, struct taking *t,
			 struct radius_answer *a)
{
	switch (type) {
	case EAP_MESSAGE:
		build_view(&t->eap, value);
		return CYG_OK;
	case STATE:
		if (build_len(&t->state))
			return CYG_MALFORMED;
		build_view(&t->state, value);
		return CYG_OK;
	case REPLY_MESSAGE:
		build_view(&t->message, value);
		return CYG_OK;
	case USER_NAME:
		/* RFC 2865 5.1: one at most; of several none would be the one. */
		if (a->user.len)
			return CYG_MALFORMED;
		return bytes_copy(&a->user, value) ? CYG_OK : CYG_NOMEM;
	case FILTER_ID:
	case CLASS:
		return take_group(a, value);
	case VENDOR:
		return take_vendor(crypto, r, secret, value, t);
	default:
		return CYG_OK;
	}
}

static enum cyg_err keep(struct taking *t, struct radius_answer *a)
{
	if (t->eap.bad || t->state.bad || t->message.bad)
		return CYG_MALFORMED;
	if (!bytes_copy(&a->eap, build_done(&t->eap)) ||
	    !bytes_copy(&a->state, build_done(&t->state)) ||
	    !bytes_copy(&a->message, build_done(&t->message)))
		return CYG_NOMEM;
	a->has_key = t->recv_len && t->send_len;
	memcpy(a->key, t->recv, t->recv_len);
	memcpy(a->key + t->recv_len, t->send, t->send_len);
	return CYG_OK;
}

static enum cyg_err take_all(struct crypto *crypto, const struct radius_request *r,
			     struct view secret, struct view attributes,
			     struct radius_answer *a)
{
	struct taking t = {.recv_len = 0};
	struct reader in = reader_of(attributes);
	enum cyg_err err = CYG_OK;
	struct view value;
	uint8_t type;

	t.eap = builder_of(t.eap_octets, sizeof(t.eap_octets));
	t.state = builder_of(t.state_octets, sizeof(t.state_octets));
	t.message = builder_of(t.message_octets, sizeof(t.message_octets));
	while (!err && next(&in, &type, &value))
		err = take(crypto, r, secret, type, value, &t, a);
	if (!err)
		err = in.bad ? CYG_MALFORMED : keep(&t, a);
	secret_wipe(&t, sizeof(t));
	return err;
}

enum cyg_err radius_read(struct crypto *crypto, const struct radius_request *r,
			 struct view secret, struct view datagram, struct radius_answer *ret,
			 struct diag *why)
{
	struct reader in = reader_of(datagram);
	uint8_t code = read_u8(&in), identifier = read_u8(&in);
	size_t len = read_u16(&in);
	enum cyg_err err;

	*ret = (struct radius_answer){.code = code};
	if (in.bad || len < HEADER_LEN || len > datagram.len || len > RADIUS_LEN_MAX ||
	    identifier != r->identifier)
		return CYG_AUTH;
	datagram.len = len; /* what stands behind is padding */
	err = check(crypto, r, secret, datagram);
	if (!err)
		err = code == RADIUS_ACCEPT || code == RADIUS_REJECT || code == RADIUS_CHALLENGE
			      ? take_all(crypto, r, secret,
					 view_of(datagram.ptr + HEADER_LEN, len - HEADER_LEN),
					 ret)
			      : CYG_MALFORMED;
	if (!err)
		return CYG_OK;
	radius_answer_done(ret);
	if (err == CYG_MALFORMED) {
		diag_set(why, "radius-malformed", "RFC 2865 5",
			 "the RADIUS server's answer is broken");
		diag_got(why, "code %u, %zu octets", code, len);
	}
	return err;
}
