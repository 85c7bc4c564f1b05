/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_IKE_H
#define IKE_IKE_H

#include "base/entropy.h"
#include "conn/event.h"

struct crypto;
struct policy;
struct loaded;

/*
 * The protocol core: a value that takes events and gives back actions. It owns
 * the IKE SAs and child SAs of one host and its policy database, and never
 * sees a socket, a clock, a file or a thread. Given the same events and the
 * same entropy it gives the same actions.
 */
struct ike;

/* Limits and timings of the whole daemon (config setup). All have defaults: ike_settings_default. */
struct ike_settings {
	nsec retransmit_first;   /* 500 ms, doubling */
	uint32_t retransmit_max; /* retransmissions of a request before giving up: 6 */
	uint32_t
		half_open_cookie; /* half-open responder SAs above which cookies are demanded: 256 */
	uint32_t half_open_max;        /* above which new ones are dropped: 4096 */
	uint32_t half_open_per_source; /* for one address (IPv6: one /64): 64 */
	nsec half_open_time;           /* a responder's half-open SA is given up after: 30 s */
	uint32_t children_max;         /* CHILD_SAs of one IKE SA: 256 */
	bool encap_always;   /* the plane needs ESP in UDP: detection says so (architecture) */
	bool tunnel_only;    /* the plane has no transport mode */
	bool no_beet;        /* nor has it BEET mode */
	bool esp_only;       /* the plane has no AH */
	bool unscoped;       /* the plane knows neither marks nor interfaces */
	uint32_t reqid_last; /* reqids of our choice are above it; 0: they begin anew */
	struct plane_handling handling; /* what else the plane can do with packets */
	bool unique_ids;    /* a new IKE SA of the same identities replaces older ones */
	bool contact_ignored; /* not even one whose peer began anew (INITIAL_CONTACT) does */
	uint32_t peer_sas_max; /* with unique_ids, of one peer at one address; the oldest gives way: 1,024 */
	nsec keepalive;     /* NAT keep-alive: 20 s; 0 off */
	nsec shutdown_time; /* CMD_SHUTDOWN waits this long for peers: 2 s */
	const struct virtual_net
		*private_nets; /* of policy_set_private; borrowed, NULL: none */
};

/* The values named above. */
struct ike_settings ike_settings_default(void);

/*
 * A new engine. `crypto` and `entropy` are borrowed and must outlive it.
 * NULL when memory is short.
 */
struct ike *ike_new(const struct ike_settings *settings, struct crypto *crypto,
		    const struct entropy *entropy);

/* Forget everything, wiping keys. No deletes are sent (CMD_SHUTDOWN does that). */
void ike_free(struct ike *ike);

/*
 * One step. Appends to `out` (which the caller cleared) what must be done, in
 * order. Never fails as a whole: what went wrong is a report or a DONE among
 * the actions. Commands are answered by exactly one ACT_DONE with their cause,
 * in this step or a later one; CMD_UP ends at child up, refusal, or the first
 * failed try.
 */
void ike_step(struct ike *ike, const struct event *ev, struct actions *out);

/* When the next EV_TIMER is wanted; NSEC_NEVER if none. */
nsec ike_deadline(const struct ike *ike);

/* What it was made with. Borrowed. */
const struct ike_settings *ike_settings_of(const struct ike *ike);

/* The policy database, for listings. Borrowed. */
const struct policy *ike_policy(const struct ike *ike);

/* ---- what is there, for status and tests ---- */

enum ike_phase {
	IKE_HALF_OPEN,
	IKE_AUTHENTICATING,
	IKE_ESTABLISHED,
	IKE_REKEYED,
	IKE_DELETING
};

struct ike_sa_info {
	uint64_t serial;
	const struct loaded *connection; /* may be NULL before identities are known */
	uint8_t phase;                   /* enum ike_phase */
	bool initiator, nat_local, nat_remote;
	bool ppk; /* keys come of a post-quantum pre-shared key, too (RFC 8784) */
	uint64_t spi_initiator, spi_responder;
	struct endpoint local, remote;
	const struct ident *local_id, *remote_id; /* NULL before */
	uint64_t proofs[2]; /* what the peer was believed by: trust's numbers; 0: none */
	const char *our_proof, *peer_proof; /* the same in words; NULL: not told */
	struct chosen suite;
	nsec established_at, rekey_at, expire_at; /* NSEC_NEVER none */
	nsec heard_at;                            /* the peer's last good message; 0 none yet */
	bool liveness;                            /* silence is asked about (dpddelay=) */
	bool computing; /* an exchange waits for a key exchange, a look-up or the plane */
	uint32_t requests_open;               /* of ours, without an answer yet */
	uint32_t retransmits;                 /* of that one */
	uint32_t next_request, next_expected; /* message IDs: of ours, of the peer's */
	uint32_t out_of_order; /* requests of another number than the peer's next or last */
	const struct internal *internal; /* what the peer gave us; NULL: nothing */
	const struct ip_addr *assigned;  /* [2]: what we gave the peer; NULL: nothing */
};

struct child_info {
	uint64_t serial, parent; /* parent 0: keyed by hand */
	const struct loaded *connection;
	const char *state; /* "CHILD_C1" ... static */
	uint32_t spi_in, spi_out, reqid;
	uint32_t processor; /* whose packets it carries, counted from 1; 0: all */
	struct chosen suite;
	const struct ts_set *ts_local, *ts_remote;
	struct endpoint local, remote; /* outer */
	bool encap;
	const struct ip_addr *assigned; /* as its IKE SA's */
	nsec established_at, rekey_at, expire_at;
};

/* What a connection waits for whose try is under way. */
struct pending_info {
	uint64_t serial; /* of the IKE SA that its child is asked of */
	size_t waiters;  /* commands that wait for the result */
	bool looked_up;  /* the DNS is asked first who the peer is; there is no serial then */
};
/* False when no try is under way. */
bool ike_pending(const struct loaded *l, struct pending_info *ret);

/* Walk by serial: the first one above `after` (0 starts). False at the end. */
bool ike_sa_next(const struct ike *ike, uint64_t after, struct ike_sa_info *ret);
bool ike_child_next(const struct ike *ike, uint64_t after, struct child_info *ret);

/* What will happen to an SA by itself. */
struct ike_event {
	const char *type; /* "EVENT_SA_REPLACE", static */
	nsec at;
};
/* The nth deadline (from 0) of an IKE SA or child; at NSEC_NEVER: that one is not set. False past the last. */
bool ike_event(const struct ike *ike, uint64_t serial, size_t nth, struct ike_event *ret);

struct ike_counts {
	uint32_t half_open, established, children;
	/* Of the children and of SAs keyed by hand: what stands, replaced ones and clones left out. */
	uint32_t tunnels;
	uint32_t anonymous; /* of those established: peers without an identity (RFC 7619) */
	uint64_t datagrams, dropped, retransmits, handshakes, auth_failures, cookies_sent;
	/* RFC 7383: fragments of ours and of peers, messages made of these, what was of no use. */
	uint64_t fragments_made, fragments_taken, reassembled, fragments_dropped;
	size_t octets; /* of memory the core holds for SAs, by its own account */
};
struct ike_counts ike_counts(const struct ike *ike);

#define TALLY_IDS 64 /* numbers of algorithms and error notifications are below */

/* What has come to be since ike_new: SAs by their algorithms (RFC 7296 3.3.2), and errors. */
struct ike_tally {
	uint64_t established, failed;      /* IKE SAs, rekeyed ones among them; tries */
	uint64_t esp, ah, esn, encap, tfc; /* children: by protocol, and those that have it */
	uint64_t liveness_sent, liveness_received;       /* empty requests, ours and peers' */
	uint64_t ike[5][TALLY_IDS], child[5][TALLY_IDS]; /* by enum alg_kind, up to ALG_KE */
	uint64_t errors_sent[TALLY_IDS], errors_received[TALLY_IDS];
};
/* Borrowed. */
const struct ike_tally *ike_tally(const struct ike *ike);

/*
 * Export an established IKE SA and its children as octets (secret: the caller
 * wipes them), and take it up again, in this or another engine with the same
 * connections loaded. Import leaps every IV and sequence number, gives the SA
 * a new serial, knows again whether its connections are to stay up, and
 * installs nothing: the plane keeps its SAs, or restores them by
 * ACT_SA_INSTALL when `install` is true. An SA with an operation under way is
 * CYG_STATE: try after the next answer.
 */
MUST_CHECK enum cyg_err ike_export(const struct ike *ike, uint64_t serial, struct bytes *ret);
MUST_CHECK enum cyg_err ike_import(struct ike *ike, struct view octets, nsec now, bool install,
				   struct actions *out, struct diag *why);

#endif
