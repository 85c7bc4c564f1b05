/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EAP-TLS (RFC 5216; with TLS 1.3, RFC 9190): libcrypto's neighbour libssl speaks TLS into
 * memory, and its flights travel in fragments. Both ends have certificates; whether the other
 * one's is to be believed is decided by the rules of path.h, as for a signature of IKE, and by
 * nothing of libssl's own. There are no sessions to resume, no tickets, no renegotiation.
 */
#include "base/reader.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "trust/eap_method.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

enum flag { HAS_LENGTH = 0x80, MORE = 0x40, START = 0x20 };

#define FRAGMENT 1000    /* octets of TLS in one of our packets */
#define FLIGHT_MAX 65536 /* octets of TLS that we take in one direction without a turn */
#define EXPORTED 128     /* octets that the two ends agree on (RFC 5216 2.3) */

enum stage { FRESH, TALKING, DONE, LOST };

struct state {
	uint8_t stage; /* enum stage */
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;    /* borrowed from ssl */
	size_t taken;     /* of the flight that is coming in */
	size_t announced; /* its length, where the other end has told it */
	bool coming;      /* more fragments of it are to come */
	bool leaving;     /* more fragments of ours are to go */
	bool confirmed;   /* TLS 1.3: the server's last word came, or went (RFC 9190 2.1.1) */
	struct diag why;  /* what was wrong with the other end's certificate */
};

/* ---- whom to believe ---- */

/*
 * Whose certificate it must be: whom IKE has, or at a server that asks for a name of EAP that
 * one, which is then who the peer is (CVE-2022-4967). Borrowed, for references are counted by the
 * loop's thread alone; *ret_made is the caller's. NULL: nobody.
 */
static const struct ident *wanted_identity(const struct eap_session *s,
					   const struct ident **ret_made)
{
	*ret_made = s->server && s->ask_identity ? eap_name_ident(eap_name_view(&s->identity))
						 : NULL;
	if (s->server && s->ask_identity)
		return *ret_made;
	return s->remote && s->remote->type != ID_ANY && !s->remote->wildcards ? s->remote
									       : NULL;
}

static enum cyg_err take_chain(X509_STORE_CTX *x, struct cert *own, struct cert_list *others,
			       struct diag *why)
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(x);
	X509 *first = X509_STORE_CTX_get0_cert(x);
	enum cyg_err err;

	if (!first || !X509_up_ref(first))
		return CYG_NOMEM;
	err = cert_take(first, own, why);
	for (int i = 0; !err && i < sk_X509_num(sent) && i < AUTH_CERTS_MAX; i++) {
		X509 *one = sk_X509_value(sent, i);
		struct cert c;

		if (!X509_up_ref(one))
			err = CYG_NOMEM;
		else if (!cert_take(one, &c, NULL))
			err = cert_list_add(others, &c);
	}
	return err;
}

/* For who looks whether one of them was revoked, once the peer has shown its AUTH (eap_ask.c). */
static bool keep_chain(struct eap_session *s, const struct cert_list *path)
{
	chain_unref(s->chain);
	cert_done(&s->shown);
	s->chain = chain_new(s->crypto, path);
	s->shown = cert_copy(&path->items[0]);
	return s->chain != NULL;
}

static enum cyg_err believe(struct eap_session *s, X509_STORE_CTX *x, struct diag *why)
{
	const struct ident *made, *wanted = wanted_identity(s, &made);
	struct cert_list others = {0}, path = {0};
	struct cert own = {0};
	char subject[100];
	enum cyg_err err = wanted ? take_chain(x, &own, &others, why) : CYG_AUTH;

	if (!err && !s->means.anchors) {
		diag_set(why, "no-authorities", NULL,
			 "no certificate can be believed: no authority is known here");
		diag_wanted(why, "certificates of authorities in ipsec.d/cacerts");
		diag_got(why, "a certificate of %s",
			 cert_print(&own, subject, sizeof(subject)));
		diag_hint(why, "put them there, then ipsec auto --rereadcacerts");
		err = CYG_AUTH;
	}
	if (!err && !cert_carries(&own, wanted, why))
		err = CYG_AUTH;
	if (!err)
		err = path_check(s->crypto, s->means.anchors, &own, &others, &s->means.rules,
				 &path, why);
	if (!err && !keep_chain(s, &path))
		err = CYG_NOMEM;
	cert_list_done(&path);
	cert_done(&own);
	cert_list_done(&others);
	ident_unref(made);
	return err;
}

/* In place of libssl's own look at the chain. */
static int verify(X509_STORE_CTX *x, void *arg)
{
	struct eap_session *s = arg;
	struct state *st = s->state;

	if (!believe(s, x, &st->why))
		return 1;
	X509_STORE_CTX_set_error(x, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

/* ---- beginning and end ---- */

static void end(struct eap_session *s)
{
	struct state *st = s->state;

	if (!st)
		return;
	SSL_free(st->ssl);
	SSL_CTX_free(st->ctx);
	secret_wipe(st, sizeof(*st));
	free(st);
	s->state = NULL;
}

static bool give_certs(struct eap_session *s, SSL_CTX *ctx)
{
	const struct cert_list *chain = &s->means.chain;

	if (!chain->len || SSL_CTX_use_certificate(ctx, chain->items[0].x) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, s->means.key.pkey) != 1)
		return false;
	for (size_t i = 1; i < chain->len; i++)
		if (SSL_CTX_add1_chain_cert(ctx, chain->items[i].x) != 1)
			return false;
	return true;
}

static SSL_CTX *make_context(struct eap_session *s)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(crypto_lib(s->crypto), NULL,
				      s->server ? TLS_server_method() : TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/*
	 * Nothing is ever renegotiated, so that a server need not know RFC 5746; strongSwan's
	 * does not. AUTH is made with the key of this very handshake besides.
	 */
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION | SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify, s);
	if (give_certs(s, ctx))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

static bool make_ssl(struct eap_session *s, struct state *st)
{
	st->ctx = make_context(s);
	st->ssl = st->ctx ? SSL_new(st->ctx) : NULL;
	if (!st->ssl)
		return false;
	st->in = BIO_new(BIO_s_mem());
	st->out = BIO_new(BIO_s_mem());
	if (!st->in || !st->out) {
		BIO_free(st->in);
		BIO_free(st->out);
		return false;
	}
	SSL_set_bio(st->ssl, st->in, st->out);
	if (s->server)
		SSL_set_accept_state(st->ssl);
	else
		SSL_set_connect_state(st->ssl);
	return true;
}

static bool begin(struct eap_session *s, struct diag *why)
{
	struct state *st;

	if (!s->means.chain.len || !s->means.key.pkey) {
		*why = s->means.no_key;
		if (!diag_is_set(why))
			diag_set(why, "eap-tls", "RFC 5216 2.1", "we have no certificate");
		return false;
	}
	st = calloc(1, sizeof(*st));
	if (!st)
		return false;
	s->state = st;
	diag_clear(&st->why);
	if (make_ssl(s, st))
		return true;
	ERR_clear_error();
	end(s);
	diag_set(why, "eap-tls", "RFC 5216 2.1",
		 "TLS can't be begun with our certificate and key");
	return false;
}

/* ---- the key ---- */

/* RFC 5216 2.3, RFC 9190 2.3. */
static bool take_key(struct eap_session *s, struct state *st)
{
	static const uint8_t type = EAP_TLS;
	static const char before[] = "client EAP encryption",
			  since[] = "EXPORTER_EAP_TLS_Key_Material";
	bool tls13 = SSL_version(st->ssl) >= TLS1_3_VERSION;
	uint8_t octets[EXPORTED];

	if (SSL_export_keying_material(st->ssl, octets, sizeof(octets), tls13 ? since : before,
				       tls13 ? sizeof(since) - 1 : sizeof(before) - 1, &type,
				       tls13 ? 1 : 0, tls13) == 1) {
		memcpy(s->key, octets, EAP_MSK_LEN);
		s->has_key = true;
	}
	secret_wipe(octets, sizeof(octets));
	return s->has_key;
}

/* ---- flights ---- */

static enum eap_turn refuse(struct diag *why, const char *what)
{
	diag_set(why, "eap-tls", "RFC 5216 3.1", "%s", what);
	return EAP_TURN_FAILED;
}

/* The next fragment of what TLS wants to say; nothing is an acknowledgement. */
static void build_fragment(struct state *st, struct builder *b)
{
	size_t left = BIO_ctrl_pending(st->out), len = left < FRAGMENT ? left : FRAGMENT;
	bool first = !st->leaving && left > len;
	uint8_t *room;

	st->leaving = left > len;
	build_u8(b, (uint8_t)((first ? HAS_LENGTH : 0) | (st->leaving ? MORE : 0)));
	if (first)
		build_u32(b, (uint32_t)left);
	room = build_room(b, len);
	if (room && len)
		BIO_read(st->out, room, (int)len);
}

/* What libssl says was wrong: an alert of the other end, or ours about it. */
static void explain(const struct eap_session *s, struct state *st, struct diag *why)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(error);
	const char *side = s->server ? "client" : "server";

	if (diag_is_set(&st->why)) {
		*why = st->why;
		return;
	}
	diag_set(why, "eap-tls", "RFC 5216 2.1.3", "TLS with the %s failed: %s", side,
		 reason ? reason : "it gives no reason");
	diag_wanted(why, "a handshake of TLS 1.2 or 1.3 with certificates at both ends");
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET)
		diag_hint(why, "the %s refuses us: its log tells why", side);
}

/*
 * RFC 9190 2.1.1: with TLS 1.3 the server says by an octet of zero that it has nothing more to
 * say. Until then a handshake that looks finished may still be refused.
 */
static bool confirm(struct eap_session *s, struct state *st)
{
	uint8_t octet = 0;

	if (st->confirmed || SSL_version(st->ssl) < TLS1_3_VERSION) {
		st->confirmed = true;
		return true;
	}
	if (s->server)
		st->confirmed = SSL_write(st->ssl, &octet, 1) == 1;
	else
		st->confirmed = SSL_read(st->ssl, &octet, 1) == 1 && octet == 0;
	return st->confirmed;
}

/* TLS failed: its alert is sent still, if there is one, and then it is over. */
static enum eap_turn lose(struct eap_session *s, struct state *st, struct builder *b,
			  struct diag *why)
{
	explain(s, st, why);
	ERR_clear_error();
	st->stage = LOST;
	if (!BIO_ctrl_pending(st->out))
		return EAP_TURN_FAILED;
	build_fragment(st, b);
	return EAP_TURN_LOST;
}

static bool is_waiting(const struct state *st, int result)
{
	int error = SSL_get_error(st->ssl, result);

	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* A flight is whole: let TLS take it. */
static enum eap_turn advance(struct eap_session *s, struct state *st, struct builder *b,
			     struct diag *why)
{
	int result;

	st->taken = st->announced = 0;
	ERR_clear_error();
	result = SSL_do_handshake(st->ssl);
	if (result != 1 && !is_waiting(st, result))
		return lose(s, st, b, why);
	if (result == 1 && !confirm(s, st) && s->server)
		return lose(s, st, b, why);
	/* An alert may follow a handshake that looked finished (TLS 1.3). */
	if (result == 1 && !s->server && !st->confirmed &&
	    SSL_get_error(st->ssl, -1) == SSL_ERROR_SSL)
		return lose(s, st, b, why);
	ERR_clear_error();
	if (result == 1 && st->confirmed)
		st->stage = DONE;
	if (s->server && st->stage == DONE && !BIO_ctrl_pending(st->out))
		return take_key(s, st) ? EAP_TURN_PROVEN : EAP_TURN_NOMEM;
	build_fragment(st, b);
	if (!s->server && st->stage == DONE && !st->leaving)
		return take_key(s, st) ? EAP_TURN_PROVEN : EAP_TURN_NOMEM;
	return EAP_TURN_ON;
}

/* The other end has acknowledged a fragment of ours. */
static enum eap_turn go_on(struct eap_session *s, struct state *st, struct builder *b)
{
	if (st->leaving) {
		build_fragment(st, b);
		if (st->stage == DONE && !s->server && !st->leaving)
			return take_key(s, st) ? EAP_TURN_PROVEN : EAP_TURN_NOMEM;
		return EAP_TURN_ON;
	}
	return take_key(s, st) ? EAP_TURN_PROVEN : EAP_TURN_NOMEM;
}

static bool take_fragment(struct state *st, uint8_t flags, struct reader *r, struct diag *why)
{
	size_t announced = flags & HAS_LENGTH ? read_u32(r) : 0;
	struct view octets = read_rest(r);

	if (r->bad || announced > FLIGHT_MAX ||
	    (announced && st->announced && announced != st->announced) ||
	    st->taken + octets.len > FLIGHT_MAX) {
		refuse(why, "a flight of TLS is longer than it said, or than we take");
		return false;
	}
	if (announced)
		st->announced = announced;
	st->taken += octets.len;
	st->coming = flags & MORE;
	if (st->announced &&
	    (st->taken > st->announced || (!st->coming && st->taken != st->announced))) {
		refuse(why, "a flight of TLS has another length than it said");
		return false;
	}
	if (st->coming && !octets.len) {
		refuse(why, "a fragment of TLS is empty and says that more will come");
		return false;
	}
	if (octets.len && BIO_write(st->in, octets.ptr, (int)octets.len) != (int)octets.len) {
		refuse(why, "memory for TLS is short");
		return false;
	}
	return true;
}

static enum eap_turn take_data(struct eap_session *s, struct state *st, struct view data,
			       struct builder *b, struct diag *why)
{
	struct reader r = reader_of(data);
	uint8_t flags = read_u8(&r);
	bool empty = !read_left(&r);

	if (r.bad || (flags & START) || flags & 0x1f)
		return refuse(why, "a packet of EAP-TLS has flags that it may not have");
	if (empty && !(flags & (MORE | HAS_LENGTH))) {
		/* An acknowledgement: of a fragment, or of the last flight. */
		if (st->leaving || (s->server && st->stage == DONE))
			return go_on(s, st, b);
		return refuse(why, "a packet of EAP-TLS has nothing in it");
	}
	if (st->leaving || st->stage == DONE)
		return refuse(why, "a packet of EAP-TLS comes out of its turn");
	if (!take_fragment(st, flags, &r, why))
		return EAP_TURN_FAILED;
	if (st->coming) {
		build_u8(b, 0);
		return EAP_TURN_ON;
	}
	return advance(s, st, b, why);
}

static enum eap_turn take(struct eap_session *s, struct view data, struct builder *b,
			  struct diag *why)
{
	struct state *st = s->state;

	if (st->stage != FRESH)
		return take_data(s, st, data, b, why);
	if (s->server) {
		st->stage = TALKING;
		build_u8(b, START);
		return EAP_TURN_ON;
	}
	if (data.len < 1 || !(data.ptr[0] & START))
		return refuse(why, "the server does not begin EAP-TLS as it must");
	st->stage = TALKING;
	return advance(s, st, b, why);
}

const struct eap_method eap_tls = {EAP_TLS, "EAP-TLS", AUTH_EAP_TLS, begin, take, end};
