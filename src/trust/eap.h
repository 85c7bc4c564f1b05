/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TRUST_EAP_H
#define TRUST_EAP_H

#include "base/builder.h"
#include "conn/event.h"
#include "trust/chain.h"
#include "trust/path.h"
#include "trust/radius.h"

#include <uthash.h>

struct crypto;
struct mschap;

/*
 * A conversation of EAP (RFC 3748) inside IKE_AUTH (RFC 7296 2.16): we are the server, whose
 * peer proves itself, or the peer. A session is this machine, which knows identities, Nak and
 * the end, and a method (eap_method.h), which knows how something is proven. Only a method
 * that comes to a key and has come to its end makes a success, whatever is said around it.
 *
 * A session is found and given what it may use on the loop's thread (eap_ask.c), and steps in
 * any thread, one step at a time.
 */
#define EAP_ROUNDS_MAX 100  /* packets that a session takes */
#define EAP_PACKET_MAX 8192 /* octets of one */
#define EAP_NAME_MAX 253    /* octets of an identity (RFC 2865 5) */
#define EAP_MSK_LEN 64

enum eap_code { EAP_REQUEST = 1, EAP_RESPONSE, EAP_SUCCESS, EAP_FAILURE };

enum eap_type {
	EAP_IDENTITY = 1,
	EAP_NOTIFICATION = 2,
	EAP_NAK = 3,
	EAP_TLS = 13,
	EAP_MSCHAPV2 = 26,
	EAP_EXPANDED = 254,
};

/* What a RADIUS server has of a conversation, and what it was asked last (eap_radius.c). */
struct eap_carrier {
	bool on;
	struct ip_addr peer;
	struct bytes packet; /* the peer's, on its way */
	struct bytes state;
	uint8_t method;        /* that the server asks by; 0: by none yet */
	struct ip_addr server; /* that was asked last, by this secret */
	struct bytes secret;
	uint8_t identifier, authenticator[16];
};

enum eap_stage {
	EAP_FRESH,   /* a peer: no method has begun; a server: nothing was sent */
	EAP_ASKED,   /* a server: waits for the identity */
	EAP_OFFERED, /* a server: the method's first request was sent */
	EAP_UNDER_WAY,
	EAP_PROVEN, /* the method is at its end, well; a peer: Success is to come */
	EAP_LOST,   /* at its end, badly; Failure is to come */
	EAP_OVER,
};

/* A name as EAP has it. */
struct eap_name {
	uint8_t octets[EAP_NAME_MAX];
	uint8_t len;
};

/* What methods may use: given by eap_ask.c. */
struct eap_means {
	/* MSCHAPv2 */
	const struct mschap *mschap; /* NULL: there is none */
	bool has_password;
	uint8_t nt_hash[16];
	char password_at[160]; /* the record: file and line; or who has none */
	/* TLS */
	struct key key;         /* ours, private */
	struct cert_list chain; /* our certificate, and what goes with it */
	struct diag no_key;     /* why there is none */
	struct x509_store_st *anchors;
	struct path_rules rules; /* owns what it names */
};

struct eap_session {
	UT_hash_handle hh; /* of trust: by number */
	uint64_t number;
	unsigned refs; /* loop's thread */
	struct crypto *crypto;
	bool server, alone;
	bool ask_identity, any_identity;
	unsigned ways;        /* enum conn_auth: methods that are allowed */
	unsigned unable;      /* a client: of the allowed ones, for which it has nothing */
	char connection[100]; /* for people */
	int client_end;       /* which end of it proves itself */
	struct eap_name
		identity; /* a peer: ours; a server: the peer's, or the one it must have */
	struct eap_name
		user; /* a server: who `identity` was proven to be; empty: that one itself */
	const struct ident *remote; /* whom a peer must find at the other end; NULL: anyone */
	struct eap_means means;
	struct eap_carrier carrier;

	uint8_t stage; /* enum eap_stage */
	uint8_t identifier;
	uint8_t rounds, names_told, naks;
	unsigned refused; /* methods that the peer would not have */
	const struct eap_method *method;
	void *state;      /* of the method */
	struct diag lost; /* EAP_LOST: why */
	struct chain
		*chain; /* the other end's certificates, as believed; NULL: it has shown none */
	struct cert shown;      /* the first of these */
	bool has_key, hopeless; /* a peer: refused for what it is, not for what went wrong */
	uint8_t key[EAP_MSK_LEN];
	struct bytes
		groups[RADIUS_GROUPS_MAX]; /* in which a RADIUS server says that the peer is */
	size_t groups_len;
};

/* What a step came to. */
struct eap_reply {
	enum cyg_err err;    /* CYG_NOMEM, CYG_CRYPTO: the session is of no more use */
	uint8_t outcome;     /* enum eap_outcome */
	bool asks;           /* the carrier's server must say first what comes of it */
	struct bytes packet; /* for the peer, or for that server; the caller's */
	struct diag why;     /* of a failure; or what the other side wants people to read */
};

#define EAP_GROUPS_TEXT_MAX 300

/* The groups in which a RADIUS server says that the peer is, for people; "" when it says none. Returns text. */
const char *eap_print_groups(const struct eap_session *s, char text[EAP_GROUPS_TEXT_MAX]);

/* An empty session, one reference; NULL when memory is short. */
struct eap_session *eap_session_new(struct crypto *crypto, uint64_t number);
struct eap_session *eap_session_ref(struct eap_session *s);
/* Wiped with the last reference. NULL is fine. */
void eap_session_unref(struct eap_session *s);

/*
 * Take the other side's packet, none being a beginning. *ret is filled anew.
 */
void eap_step(struct eap_session *s, struct view packet, struct eap_reply *ret);

/* For eap_radius.c: end it badly; the packet that ends it; hand a packet to the carrier; free. */
void eap_fail(struct eap_session *s, struct eap_reply *ret);
void eap_end(struct eap_session *s, uint8_t code, struct eap_reply *ret);
void eap_carry(struct eap_session *s, struct view packet, struct eap_reply *ret);
void eap_carrier_done(struct eap_carrier *c);

/*
 * The identity that a server's session would take from this packet in its next step; empty
 * when it takes none.
 */
struct view eap_identity_in(const struct eap_session *s, struct view packet);

/* A name without the domain that stands before a backslash (RFC 2759 4). */
struct view eap_without_domain(struct view name);

/*
 * A name as an identity, never a pattern; one reference, NULL when memory is short. Any thread.
 */
const struct ident *eap_name_ident(struct view name);

/* Set a name; false when it is empty, too long, or has control characters. */
bool eap_name_set(struct eap_name *n, struct view octets);
/* Its octets, borrowed. */
static inline struct view eap_name_view(const struct eap_name *n)
{
	return view_of(n->octets, n->len);
}
/* For people: what is not printable is escaped. Returns buf. */
const char *eap_name_print(struct view name, char *buf, size_t cap);

#endif
