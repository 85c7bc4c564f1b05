/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_SA_H
#define IKE_SA_H

#include "crypto/ikev2_kdf.h"
#include "ike/core.h"
#include "ike/exchange.h"
#include "ike/peers.h"
#include "ike/timers.h"
#include "ike/up.h"

#include <uthash.h>

/*
 * One IKE SA. It belongs to a peer and refers to the version of the connection
 * it was made under; its children may come from any connection to that peer.
 * What only the first two exchanges need lives in `init` and is freed once the
 * SA is established: from then on there are plain records and one cached
 * response.
 */
enum sa_state {
	SA_LARVAL,   /* has its SPI but no keys: an IKE SA rekey under way */
	SA_I1,       /* initiator: IKE_SA_INIT */
	SA_I2,       /* initiator: IKE_AUTH */
	SA_I2_EAP,   /* initiator: the responder has begun EAP */
	SA_R1,       /* responder: IKE_SA_INIT was answered, IKE_AUTH comes or is in work */
	SA_R1_EAP,   /* responder: EAP has begun */
	SA_UP,       /* established */
	SA_REKEYED,  /* a successor has its children; waits to be deleted */
	SA_DELETING, /* our DELETE of it is on its way */
	SA_GONE,     /* over: answers retransmissions from its cache for a while */
	SA_STATES
};

/* Tries to draw a free SPI before the source of randomness is called broken. */
#define SPI_DRAWS 64

/* What NAT detection found (RFC 7296 2.23). */
struct nat {
	bool supported; /* the peer sent detection payloads */
	bool local;     /* a NAT stands before us */
	bool remote;    /* before the peer, or it says so to get ESP in UDP */
	bool encap;     /* ESP goes in UDP */
};

/* What IKE_SA_INIT and the path say of fragments of messages (RFC 7383). */
struct fragmenting {
	bool agreed; /* both ends know them */
	bool sent;   /* and we send them */
	bool small;  /* longer ones had no answer, or fragmentation=force */
};

struct ike_sa {
	struct ike *ike;
	UT_hash_handle hh; /* ike->by_spi, by spi_own */
	uint64_t spi_own, spi_peer;
	uint64_t serial, cause;
	uint64_t lineage; /* serial of the first SA of this line of rekeys */
	uint8_t state;    /* enum sa_state: only sa_enter writes it */
	bool initiator;   /* we are the original initiator of this SA */
	bool closing;     /* to be deleted as soon as it can be */
	bool in_vain; /* REKEYED: lost a race and was never used; the peer may not have it */
	bool plane_asked;   /* whether ESP came, before a liveness check */
	uint8_t idle_looks; /* looks in a row at which nothing had left; a few at most */
	bool outdated;      /* stood when the try began that is to replace it */
	bool ppk;           /* its keys come of a post-quantum pre-shared key, too (RFC 8784) */
	bool redundant;     /* another has its children's work: goes with the last of them */
	struct nat nat;
	struct fragmenting fragmenting;
	uint32_t realm;
	struct endpoint local, remote;

	struct loaded *loaded; /* NULL: its connection has gone, or is not known yet */
	struct list on_connection;
	const struct connection *version;
	const struct ident *local_id, *remote_id;
	struct peer *peer; /* established: those of the same identities */
	struct list of_peer;
	struct command_wait *closer; /* a command waits for its end */
	struct list of_closer;

	char *our_proof, *peer_proof; /* what each was proven by, in words; NULL: not told */
	uint64_t proofs
		[2]; /* what the peer was believed by (EV_UNTRUSTED), twice with RFC 4739; 0: none */
	unsigned peer_way; /* how it signed, when that is all its proof; else 0 (judge.h) */
	struct internal *internal; /* what the peer gave our end; NULL: nothing */
	struct assigned *assigned; /* what we gave the peer; NULL: nothing */

	struct chosen chosen;
	struct suite suite;
	struct ike_keys keys;
	uint64_t iv_next;

	struct window window;
	struct list children;
	struct init *init;       /* until established */
	uint64_t predecessor;    /* serial of the SA whose rekey made it; 0: none */
	uint64_t successor;      /* serial of the SA that has its children */
	struct rekey_race *race; /* once it was rekeyed */

	nsec established_at;
	nsec heard_at; /* the peer's last good message, or ESP as the plane told */
	nsec at[SA_TIMERS];
	struct timed timed;
};

/* Internal addresses that the peer has from us: [0] IPv4, [1] IPv6. */
struct assigned {
	struct ip_addr addr[2];  /* IP_NONE: none */
	struct lease *leases[2]; /* NULL: it is no pool's */
	uint8_t asked;           /* IKE_AUTH: what else the peer asked for (v2/config.c) */
};

/* What CERTREQ payloads ask for. */
struct cert_wish {
	bool cert;                /* certificates */
	struct bytes authorities; /* of these, if any are named: hashes one after the other */
	bool raw_key;             /* a raw public key (RFC 7670) */
	bool by_url; /* it fetches those that are named by URLs (HTTP_CERT_LOOKUP_SUPPORTED) */
};

/* IKE_AUTH as received, while trust works on it. */
struct auth_part {
	struct bytes id_octets; /* ID payload's body: what AUTH covers */
	struct bytes data;      /* AUTH payload */
	uint8_t method;
	uint16_t hashes;       /* that the peer takes in signatures, 1 << number (RFC 7427 4) */
	struct cert_wish wish; /* what the peer asked for by CERTREQ */
	struct auth_certs *certs; /* that it sent; NULL: none yet */
	struct ip_addr client; /* responder: the one address that the peer asks to speak for */
	uint8_t moves; /* responder: from a connection that is not for the peer to the next */
};

/*
 * RFC 8784. `other` are SK_d, SK_pi and SK_pr that are not in use: without the key once it is
 * mixed in, with it before.
 */
struct ppk_state {
	bool agreed;           /* both ends sent USE_PPK */
	bool found, mixed;     /* `other` is there; the keys in use are those with it */
	struct bytes id;       /* as PPK_IDENTITY holds it */
	struct bytes no_proof; /* NO_PPK_AUTH: the initiator's proof without it */
	uint8_t other[3 * PRF_LEN_MAX];
};

/* EAP, as one of the ends uses it (RFC 7296 2.16). */
struct eap_part {
	uint64_t session;       /* trust's conversation; 0: none */
	bool alone;             /* the responder proves itself by it, too (RFC 5998) */
	bool second;            /* behind an AUTH payload of the initiator (RFC 4739) */
	bool begun;             /* initiator: trust has begun it, and our request left */
	const struct ident *id; /* second: who the initiator is in it; one reference */
	bool answered;          /* responder: its identity and AUTH have been sent */
	bool done;         /* it came to a key, which makes both AUTH payloads from now on */
	bool ended;        /* initiator: the peer's Failure has come */
	struct bytes held; /* responder: the payloads of the first request, for the child */
	uint8_t held_first;
};

/* What IKE_SA_INIT and IKE_AUTH need and an established SA does not. */
struct init {
	UT_hash_handle hh; /* responder: ike->by_first */
	uint64_t first;    /* responder: keyed hash of addresses and message */
	bool hashed, counted;
	bool wants_raw_key;    /* responder: what the peer is to prove itself by is a raw key */
	nsec began_at;         /* when the first message came or left */
	struct ip_addr source; /* counted under this one */
	struct ike_sa *sa;
	struct bytes request, response; /* of IKE_SA_INIT, whole, as AUTH covers them */
	struct bytes ni, nr;
	struct bytes cookie;       /* initiator: to be sent along */
	uint8_t cookies, ke_turns; /* how often the peer made us begin again */
	uint16_t refused;          /* unauthenticated error that came, 0 none */
	bool multiple; /* initiator: the responder takes several authentications (RFC 4739) */
	struct auth_part auth;
	struct ppk_state ppk;
	struct eap_part eap;
};

/*
 * A new SA with a fresh SPI and serial, registered, without connection. NULL
 * when memory or randomness is short.
 */
struct ike_sa *sa_new(struct ike *ike, bool initiator);

/* Add what the first exchanges need. False when memory is short. */
bool sa_add_init(struct ike_sa *sa) __attribute__((warn_unused_result));
/* Free it, wiped. */
void sa_drop_init(struct ike_sa *sa);
/*
 * Count a responder's SA for its source until its init is dropped. False when memory is
 * short.
 */
bool sa_count_half_open(struct ike_sa *sa, const struct ip_addr *source)
	__attribute__((warn_unused_result));

/* Leases go back to their pools; the peer has no address from us any more. */
void sa_drop_assigned(struct ike_sa *sa);

/* Hang it on a connection, in its present version; NULL takes it off. */
void sa_set_loaded(struct ike_sa *sa, struct loaded *l);

/* The one place that changes the state. */
void sa_enter(struct ike_sa *sa, enum sa_state state);
const char *sa_state_name(const struct ike_sa *sa); /* "PARENT_I1", static */

/*
 * Forget it: children with their plane's SAs, exchanges, operations, keys.
 * Nothing is sent. `why` says what its connections make of the loss.
 */
void sa_drop(struct ike_sa *sa, enum gone_why why);
void sa_free(struct ike_sa *sa); /* sa_drop, quietly */

/*
 * It is over but stays to answer retransmissions from its cache: children go
 * now, the record after a while (timers.c).
 */
void sa_retire(struct ike_sa *sa, enum gone_why why);

/* Put another SPI of ours in place of the drawn one (import). CYG_EXISTS when it is in use. */
MUST_CHECK enum cyg_err sa_take_spi(struct ike_sa *sa, uint64_t spi);

/*
 * The keyed hash of a message of this SA, by which a retransmission is known; the same in
 * every engine.
 */
uint64_t sa_digest(const struct ike_sa *sa, struct view message);

/* By our SPI, or by serial; NULL. O(1), O(log n). */
struct ike_sa *sa_by_spi(const struct ike *ike, uint64_t spi_own);
struct ike_sa *sa_by_serial(const struct ike *ike, uint64_t serial);

/*
 * Register a responder's first message, to know its retransmissions. False when memory is
 * short.
 */
bool sa_register_first(struct ike_sa *sa, uint64_t first) __attribute__((warn_unused_result));
/* The responder's SA that a first message (sa_first_hash) made; NULL. */
struct ike_sa *sa_by_first(const struct ike *ike, uint64_t first);
/* The keyed hash of a datagram's addresses and content. */
uint64_t sa_first_hash(const struct ike *ike, const struct event *ev);

/* Whether it has a child whose end is not settled. */
bool sa_carries(const struct ike_sa *sa);

/*
 * What this SA replaced, as long as that may have another replacement yet and keeps its
 * children until this is known (RFC 7296 2.25.2); else NULL.
 */
const struct ike_sa *sa_undecided(const struct ike_sa *sa);

/* Only this connection has children on it or on what it may inherit from, or wants them. */
bool sa_belongs_to(const struct ike_sa *sa, const struct loaded *l);

/* The SPIs of the header (RFC 7296 3.1): the original initiator's, and the original responder's. */
static inline uint64_t sa_spi_i(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_own : sa->spi_peer;
}

static inline uint64_t sa_spi_r(const struct ike_sa *sa)
{
	return sa->initiator ? sa->spi_peer : sa->spi_own;
}

/* A responder's whose peer is not proven yet. */
static inline bool sa_is_half_open(const struct ike_sa *sa)
{
	return sa->state == SA_R1 || sa->state == SA_R1_EAP;
}

/* We negotiate it: what is to be asked of it waits. */
static inline bool sa_is_begun(const struct ike_sa *sa)
{
	return sa->state == SA_I1 || sa->state == SA_I2 || sa->state == SA_I2_EAP;
}

/* Established and not about to go: it can carry new exchanges. */
static inline bool sa_is_up(const struct ike_sa *sa)
{
	return sa->state == SA_UP;
}

#endif
