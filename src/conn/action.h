/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_ACTION_H
#define CONN_ACTION_H

#include "conn/connection.h"
#include "conn/internal.h"
#include "conn/report.h"
#include "conn/sa.h"

struct ke;

/*
 * What the host must do after a step, in this order. Everything an action
 * points at stays valid until the next step (the list's arena owns it), but
 * for what is marked "moved". An action with an operation number `op` wants
 * an EV_ANSWER with the same number, at once or any time later; the core
 * holds back only what depends on it. An answer that nobody waits for any
 * more is dropped by the core, which frees what it carries.
 */
enum action_kind {
	ACT_SEND,          /* send */
	ACT_KE_START,      /* ke: make a key pair of `group` */
	ACT_KE_RESPOND,    /* ke: answer `peer_public` */
	ACT_KE_FINISH,     /* ke: derive from `key` (moved) and `peer_public` */
	ACT_AUTH_MAKE,     /* auth: our AUTH payload */
	ACT_AUTH_CHECK,    /* auth: the peer's AUTH payload */
	ACT_PPK,           /* ppk: mix a post-quantum pre-shared key into keys */
	ACT_EAP,           /* eap: the next step of a conversation */
	ACT_EAP_END,       /* eap_session: forget it; not answered */
	ACT_SA_INSTALL,    /* sa; answered: a failure undoes nothing here, the core does */
	ACT_SA_REMOVE,     /* sa_ref; not answered */
	ACT_SA_UPDATE,     /* sa_ref, with new outer addresses; not answered */
	ACT_SA_QUERY,      /* sa_ref; answered with counters */
	ACT_POLICY_SET,    /* policy; answered when op is not 0 */
	ACT_POLICY_REMOVE, /* remove_id; not answered */
	ACT_ROUTE_SET,     /* route; answered when op is not 0 */
	ACT_ROUTE_REMOVE,  /* remove_id; not answered */
	ACT_ADDRESS_SET, /* address: this host is to have it; not answered, a failure is the host's to tell */
	ACT_ADDRESS_REMOVE, /* address: it is not needed any more; not answered */
	ACT_RESOLVE,        /* name: look up a DNS name; answered with addresses */
	ACT_GROUP,  /* name: read the file of this policy group; answered with its lines */
	ACT_GATEWAY, /* address: who speaks for it, by the reverse zone; answered with an address */
	ACT_KEY_AHEAD, /* key_ahead: have its key looked up, and kept fresh; answered with what came of it */
	ACT_UPDOWN, /* updown: run the connection's program; answered when op is not 0 */
	ACT_REPORT, /* report: log it, and stream it to the client of its cause */
	ACT_DONE,   /* done: the command `cause` has ended with `code` as its result */
};

/* A CERT payload (RFC 7296 3.6). */
struct auth_cert {
	uint8_t encoding;
	struct view data;
};

#define AUTH_CERTS_MAX 16 /* CERT payloads of one message that are looked at */

/* The octets an AUTH payload covers (RFC 7296 2.15), and who signs them. */
struct auth_request {
	const struct connection *connection; /* version it is for; its auth= and keys count */
	uint8_t end;                         /* which of its ends is us (0, 1) */
	const struct ident *local, *remote;
	bool initiator;       /* the signer's role */
	uint16_t prf;         /* negotiated */
	struct view message;  /* the signer's IKE_SA_INIT message, whole */
	struct view nonce;    /* the other side's */
	struct view maced_id; /* prf(SK_px, IDx') */
	struct view sk_p;     /* key of the MAC, for methods that bind it again */
	/* Hashes that the peer takes in signatures (RFC 7427 4), 1 << number; 0: it knows no RFC 7427. */
	uint16_t hashes;
	/* AUTH_MAKE: CERTREQ, if the peer sent one: SHA-1 hashes of authorities' keys, maybe none. */
	bool asked_for_cert;
	bool takes_urls; /* it fetches certificates that are named by URLs (RFC 7296 3.6) */
	bool asked_for_raw_key; /* the same for raw public keys (RFC 7670) */
	struct view authorities;
	/*
	 * AUTH_CHECK: where the peer is, and the address that it is to speak for, where only the DNS
	 * says whether it may (RFC 4025); IP_NONE: none.
	 */
	struct ip_addr peer, client;
	/* AUTH_CHECK: as received. */
	uint8_t method;
	struct view data;
	const struct auth_cert *certs; /* the sender's own first */
	size_t certs_len;
	/*
	 * AUTH_CHECK of no payload: what the peer was believed by when it proved itself (answer.auth.proof)
	 * is held against this connection, and the way in which it signed then. 0: it proves itself now.
	 */
	uint64_t proven;
	unsigned way;
	/* The key is the one that this EAP conversation came to (RFC 7296 2.16); 0: none has been. */
	uint64_t eap;
};

/*
 * A step of EAP (RFC 3748), which trust plays as peer or as authenticator: the core only
 * carries its packets. The first step of a session begins it, and the authenticator's has no
 * packet. What a session comes to stays in trust, for the AUTH payloads that it keys.
 */
struct eap_request {
	uint64_t session; /* the core's number for it, not 0 */
	const struct connection *connection;
	uint8_t end;
	const struct ident *local, *remote; /* of IKE */
	bool server;                        /* the peer proves itself to us */
	bool second;                        /* behind an AUTH payload: by auth2= */
	/* IKE proves the server by nothing else (RFC 5998): the method must. */
	bool alone;
	struct view packet;     /* the peer's, whole; empty: none yet */
	struct ip_addr address; /* the peer's, for whom it concerns */
};

#define PPK_ID_OPAQUE 1 /* types of PPK_IDENTITY (RFC 8784 4.1) */
#define PPK_ID_FIXED 2

/* Which key is to be mixed into SK_d, SK_pi and SK_pr of an IKE SA (RFC 8784 3). */
struct ppk_request {
	const struct connection *connection; /* its ppk_ids count */
	uint8_t end;                         /* which of its ends is us (0, 1) */
	const struct ident *local, *remote;
	struct view id;   /* as the peer named it, its type first; empty: choose one */
	uint16_t prf;     /* negotiated */
	struct view keys; /* SK_d, SK_pi, SK_pr, one behind the other, all of one length */
};

/* Whose key a loaded connection wants of the DNS before the peer comes. */
struct key_ahead {
	const char *connection;
	uint8_t end; /* of it (0, 1) */
	const struct ident *id;
};

struct sa_ref {
	uint8_t dir, protocol;
	uint32_t spi, realm;
	uint32_t
		reqid; /* tells apart outbound SAs of two peers that chose one SPI; 0: not known */
	struct endpoint local, remote; /* SA_UPDATE: the new ones; else the present ones */
	bool encap;
};

/* What an updown program is called for, in the order of a connection's life. */
enum updown_verb {
	UPDOWN_PREPARE, /* it is to be routed: a failure refuses that */
	UPDOWN_ROUTE,   /* its routes stand: a failure takes them down again */
	UPDOWN_UP,      /* its first child is up */
	UPDOWN_DOWN,    /* its last child goes */
	UPDOWN_UNROUTE, /* its routes have gone */
};

/*
 * The facts of an updown program's environment; the host names them. The
 * program is end[local_end].updown. Programs of one place run one after the
 * other, in the order of their actions. What has several selectors is one call
 * for each pair of them; the first call of PREPARE or ROUTE that fails ends
 * these. A failure that nobody wants an answer of is the host's to report.
 */
struct updown {
	uint8_t verb;      /* enum updown_verb */
	uint8_t local_end; /* which end is us (0, 1) */
	uint32_t place;    /* one for each loaded connection or instance */
	uint32_t instance; /* 0: none */
	bool is_template;
	const struct connection *connection;
	struct ip_addr local, remote;             /* IP_NONE: any */
	const struct ident *local_id, *remote_id; /* NULL: any */
	const struct internal *internal; /* what the peer gave our end; NULL: nothing */
	struct ip_addr assigned[2];      /* what we gave the peer; IP_NONE: nothing */
	const struct ts_set *ts_local, *ts_remote; /* never empty */
	uint32_t reqid;
	bool compressed; /* UP and DOWN: its packets are compressed first (IPComp) */
	/* UP and DOWN: the child. DOWN comes before its SAs are removed: ask them for their counters. */
	uint64_t serial;       /* 0: there is none */
	struct sa_ref in, out; /* spi 0: none */
	nsec established_at;
};

struct action {
	uint8_t kind; /* enum action_kind */
	uint32_t op;  /* 0: no answer wanted */
	uint64_t cause;
	union {
		struct {
			struct endpoint local, remote;
			uint32_t realm;
			/*
			 * Without non-ESP marker: the host adds it on port 4500, but not to
			 * a NAT keep-alive, which is the one octet 0xff (RFC 3948 2.3).
			 */
			struct view data;
		} send;
		struct {
			uint16_t group;
			struct view peer_public;
			struct ke *key; /* moved to the host */
		} ke;
		struct auth_request auth;
		struct ppk_request ppk;
		struct eap_request eap;
		uint64_t eap_session;
		const struct plane_sa *sa;
		struct sa_ref sa_ref;
		const struct plane_policy *policy;
		const struct plane_route *route;
		uint32_t remove_id;
		struct ip_addr address;
		const char *name;
		const struct updown *updown;
		struct key_ahead key_ahead;
		struct report report;
		struct {
			uint16_t code; /* enum reply_code; RC_SUCCESS or RC_COMMENT: well */
		} done;
	};
};

/* The list a step fills. {0} is empty. The caller reuses one for all steps. */
struct actions {
	struct action *items;
	size_t len, cap;
	struct actions_block *arena; /* memory of what the items point at */
	bool bad; /* memory ran out: the step was undone as far as it can be and says so */
};

/* Forget all items and their memory; keys still unmoved are freed by the core's next step, not here. */
void actions_clear(struct actions *a);
void actions_done(struct actions *a);

/* A new zeroed item, or NULL (and bad). The pointer holds until the next item is added. */
struct action *actions_add(struct actions *a, enum action_kind kind);
/* Memory that lives as long as the list; zeroed; NULL (and bad) when short. Wiped on clear. */
void *actions_alloc(struct actions *a, size_t len);
/* Octets copied so; the empty view for none, or (and bad) when memory is short. */
struct view actions_copy(struct actions *a, struct view v);
/* The same of selectors; empty (and bad) when memory is short. */
struct ts_set actions_ts_set(struct actions *a, const struct ts_set *s);
/* A text copied so; NULL (and bad) when memory is short, and for NULL. */
const char *actions_str(struct actions *a, const char *text);

#endif
