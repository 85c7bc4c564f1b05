/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_SA_H
#define CONN_SA_H

#include "base/addr.h"
#include "base/duration.h"
#include "conn/proposal.h"
#include "conn/scope.h"
#include "conn/ts.h"

/*
 * What the core asks of a plane, in plain records that could cross a process
 * boundary. Pointers borrow for the length of the call.
 */

/* What a plane can do with packets beside carrying them, as connections may ask for it. */
struct plane_handling {
	bool tfc;     /* pad them (RFC 4303 2.7), and take padded ones in */
	bool dscp;    /* leave out copying it outward; copy it inward */
	bool no_pmtu; /* let them be cut on their way */
	bool ipcomp;  /* compress them (RFC 3173) */
	bool offload; /* have a network device encrypt them */
	/* How many processors it can have SAs for, one each (RFC 9611); 0: an SA serves all. */
	uint32_t processors;
};

/* Whether a network device is to do an SA's cryptography. */
enum sa_offload {
	OFFLOAD_NO,
	OFFLOAD_AUTO, /* where it can */
	OFFLOAD_YES,  /* or not at all */
	OFFLOAD_PACKETS /* the same, and its headers and policies, too: it is given plain packets */
};
enum sa_mode { MODE_TUNNEL, MODE_TRANSPORT, MODE_BEET };

/* "tunnel", "transport" or "BEET". */
const char *sa_mode_text(uint8_t mode);

#define SA_KEY_MAX 128 /* octets of encryption key (with salt) and integrity key together */

/* One direction of a CHILD_SA. `spi` is the receiver's, in host order. */
struct plane_sa {
	uint8_t dir;      /* enum sa_dir */
	uint8_t protocol; /* enum protocol: PROTO_ESP, PROTO_AH */
	uint8_t mode;     /* enum sa_mode */
	bool encap;       /* ESP in UDP between `local` and `remote` ports */
	struct chosen suite;
	uint32_t spi, reqid, realm;
	struct endpoint local, remote; /* outer addresses; ports matter with encap */
	uint8_t encr_key[64], integ_key[64];
	uint8_t encr_key_len, integ_key_len; /* encryption key with its salt */
	uint32_t replay_window;              /* packets; 0: none. Inbound only */
	/*
	 * The next sequence number less one: 0 for a new SA. A restored one starts
	 * beyond what it may have used (outbound) or taken (inbound, where it also
	 * tells the high half of extended numbers).
	 */
	uint64_t first_sequence;
	struct ts_set ts_local, ts_remote; /* what may travel inside */
	/* Outbound: but a part of what its policies are for; other SAs of the reqid may be for others. */
	bool part;
	struct packet_scope scope;
	/* IPComp's number, with which packets are compressed by DEFLATE inside the SA; 0: they are not. */
	uint16_t cpi;
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets; /* 0: none */
	uint32_t mtu; /* of the path, outer; 0: discover */
	uint32_t
		tfc; /* octets to pad to, TFC_MTU: what the path takes; 0: none. Outbound only */
	bool no_pmtu_discovery; /* tunnel mode: the outer header does not forbid to cut it */
	bool decap_dscp; /* tunnel mode, inbound: what arrives gets the outer header's DSCP */
	uint8_t offload; /* enum sa_offload */
	uint32_t device; /* index of the device that is to do so; the plane's own to fill in */
	/* Outbound: the one whose packets it is for, counted from 1; 0: of all that have none. */
	uint32_t processor;
	bool plain_dscp; /* tunnel mode, outbound: the outer header does not get the packet's */
};

/* Counters of one SA direction. */
struct plane_counters {
	uint64_t bytes, packets;
	uint64_t replayed, bad_auth, bad_selector, other_drops;
	nsec last_used; /* moment of the last good packet; 0 never */
};

enum policy_kind {
	POLICY_PROTECT, /* by the newest outbound SA of the reqid; hold when there is none */
	POLICY_TRAP,    /* acquire at the first packet, then hold */
	POLICY_HOLD,    /* keep the newest packet for a while, drop others */
	POLICY_PASS,
	POLICY_DROP,
	POLICY_REJECT, /* drop and tell the sender by ICMP */
};

enum link_kind { LINK_NONE, LINK_XFRM, LINK_VTI };

#define LINK_NAME_MAX 16 /* octets of an interface's name, with NUL */

/* An interface of this host that a tunnel's packets go through. */
struct plane_link {
	uint8_t kind;                 /* enum link_kind */
	char name[LINK_NAME_MAX];     /* with zeroes behind it */
	struct ip_prefix address;     /* that it is to have; IP_NONE: none */
	uint32_t if_id;               /* LINK_XFRM */
	uint32_t in_key, out_key;     /* LINK_VTI: marks of policies and SAs */
	struct ip_addr local, remote; /* LINK_VTI: outer; remote IP_NONE: any */
};

/* Both directions of one entry of the SPD (RFC 4301 4.4.1). */
struct plane_policy {
	uint32_t id;  /* names the entry; a set with a known id replaces it in one step */
	uint8_t kind; /* enum policy_kind */
	uint8_t mode;
	uint8_t protocol; /* enum protocol, of the SAs that protect; 0: PROTO_ESP */
	bool compress;    /* its SAs have an IPComp number */
	bool spread; /* PROTECT: acquire for each processor that has packets and no SA of its own */
	uint32_t reqid, realm;
	bool clear_in;     /* TRAP, HOLD: what comes in clear is let in */
	uint32_t priority; /* lower wins; policy computes it from the selectors' width */
	struct ts_set ts_local, ts_remote;
	struct packet_scope scope[2];  /* by enum sa_dir; what they set is of no account */
	struct endpoint local, remote; /* outer, when known */
	struct plane_link link; /* its packets go through; LINK_NONE: none of their own */
	uint8_t offload;        /* enum sa_offload, of the SAs that protect */
	uint32_t device;        /* for OFFLOAD_PACKETS; the plane's own to fill in */
};

/* A route that steers a protected destination into the plane. */
struct plane_route {
	uint32_t id;
	struct ip_prefix destination;
	struct ip_addr source;  /* preferred source; IP_NONE if none */
	struct ip_addr nexthop; /* IP_NONE: direct */
	struct ip_addr remote;  /* the peer behind which it lies; IP_NONE: not known */
	uint32_t metric, mtu;   /* 0 unset */
	char link
		[LINK_NAME_MAX]; /* by which it goes, of an entry set before; "": the peer's way */
};

#endif
