/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_EVENT_H
#define CONN_EVENT_H

#include "conn/action.h"
#include "conn/group.h"
#include "conn/manual.h"

/* What a step is told. Everything pointed at is borrowed for the step, but for what is marked "moved". */
enum event_kind {
	EV_DATAGRAM,
	EV_TIMER,
	EV_COMMAND,
	EV_ACQUIRE, /* a packet met a trap */
	EV_EXPIRE,  /* an SA reached a limit in bytes or packets */
	EV_MOVED,   /* good ESP of an SA came from a new address */
	EV_ANSWER,
	EV_HOST,      /* this host's addresses or default route changed */
	EV_UNTRUSTED, /* what a peer proved itself by holds no more: its SAs go */
	EV_AUTHORITIES, /* peers are to be asked for certificates of other authorities than before */
};

enum command_kind {
	CMD_ADD,     /* connection (moved); refuses an existing name */
	CMD_REPLACE, /* connection (moved) */
	CMD_DELETE,
	CMD_UP,
	CMD_KEY, /* bring a connection that is keyed by hand up, with `keys` */
	CMD_DOWN,
	CMD_ROUTE,
	CMD_UNROUTE,
	CMD_DELETE_IKE,   /* its IKE SAs with their children; what should be up comes again */
	CMD_DELETE_CHILD, /* its children alone */
	CMD_DOWN_IKE,     /* as CMD_DELETE_IKE, but its tries end */
	CMD_DOWN_CHILD,
	CMD_LISTEN,   /* --ready: begin to answer; commands that negotiate need it */
	CMD_UNLISTEN, /* answer and begin nothing more; what is up stays */
	CMD_RESOLVE,  /* look all names up again */
	CMD_REKEY_IKE,
	CMD_REKEY_CHILD,
	CMD_SHUTDOWN, /* delete all SAs; done when the peers know or a short time is over */
	CMD_DELETE_STATE, /* the SA `serial`: a child, or an IKE SA with its children; the peer is told */
	CMD_REREAD_GROUPS, /* read the files of all policy groups anew; only what differs changes */
	CMD_CRASH, /* the peer at `addr` has restarted: drop all SAs with it, telling it nothing */
};

struct command {
	uint8_t kind;                   /* enum command_kind */
	const char *name;               /* connection or alias; "NAME" or "NAME[instance]" */
	struct connection *connection;  /* moved */
	/*
	 * REPLACE: the pairs that the section has ("1x1 1x2"; "": it is one connection); what else of
	 * it is loaded goes. NULL: nothing does.
	 */
	const char *pairs;
	const struct manual_keys *keys; /* KEY: secret; borrowed */
	uint64_t serial;                /* DELETE_STATE */
	struct ip_addr addr;            /* CRASH */
};

/* What a step of EAP came to. */
enum eap_outcome {
	EAP_GOES_ON,   /* send `packet`, if there is one */
	EAP_SUCCEEDED, /* there is a key; a server sends `packet` still */
	EAP_FAILED,    /* the peer, or we, are not proven; `why`; `packet` may be there */
};

/* Answers, one for each action kind that wants one. `err` CYG_OK or why it failed, with `why` when there is more to say. */
struct answer {
	uint32_t op;
	enum cyg_err err;
	const struct diag *why; /* may be NULL */
	union {
		struct {
			struct ke *key;      /* KE_START: moved to the core */
			struct bytes public; /* KE_START, KE_RESPOND: moved */
			struct bytes
				secret; /* KE_RESPOND, KE_FINISH: moved, wiped by the core */
		} ke;
		struct {
			bool valid; /* AUTH_CHECK */
			/*
			 * AUTH_CHECK, not valid: whatever it has proven, the peer is not whom this
			 * connection is for, by its groups or authority. Another one may be.
			 */
			bool unfit;
			uint64_t proof; /* of EV_UNTRUSTED; 0: it may stay valid for ever */
			unsigned way; /* AUTH_CHECK: of a signature (enum conn_auth); else 0 */
			/*
			 * AUTH_CHECK: who holds the key that it was proven with, where nothing binds
			 * that key to a name; NULL: the name was proven, too.
			 */
			const struct ident *holder;
			/*
			 * What it was proven by, in words, copied by the core: "PSK", "ECDSA P-256
			 * certificate CN=west, issued by CN=Root, valid until 2027-11-27". NULL: not told.
			 */
			const char *by;
			/* AUTH_MAKE, copied by the core: what is sent. */
			uint8_t method;
			struct view data;
			const struct auth_cert *certs;
			size_t certs_len;
			bool by_url; /* with it: certificates may be named by URLs */
			struct view authorities; /* CERTREQ: hashes; empty: none is sent */
		} auth;
		struct {
			struct view id;   /* the key's, its type first */
			struct view keys; /* as asked, mixed; both copied by the core */
		} ppk; /* CYG_NOTFOUND: there is no such key, and *why says which */
		struct {
			uint8_t outcome; /* enum eap_outcome */
			bool hopeless;   /* it failed, and would again: the server refuses us */
			struct view packet;      /* copied by the core */
			struct view authorities; /* as above; of a client's first step */
			/* Success of a server: who the peer is, when eap_identity= is there; else NULL. */
			const struct ident *identity;
		} eap;
		struct {
			bool spi_taken; /* SA_INSTALL failed for that alone: the core tries another SPI */
		} sa;
		struct plane_counters counters;
		struct {
			const struct ip_addr *addrs;
			size_t len;
		} resolved;
		struct {
			const struct group_line *lines;
			size_t len;
		} group; /* CYG_NOTFOUND: there is no such file */
		struct ip_addr gateway; /* CYG_NOTFOUND: nobody, and *why */
	};
};

/* This host as it stands (net/ finds it). Borrowed. */
struct host_view {
	const struct host_address {
		struct ip_addr addr;
		char interface[16];
		uint32_t realm;
	} * addresses;
	size_t addresses_len;
	struct host_default {
		struct ip_addr
			addr; /* source the kernel would use; IP_NONE: no default route */
		struct ip_addr nexthop; /* IP_NONE: on link */
		char interface[16];
	} default_v4, default_v6;
};

struct event {
	uint8_t kind;   /* enum event_kind */
	nsec now;       /* the monotonic clock, never going back */
	uint64_t cause; /* EV_COMMAND: chosen by the host, from 1 */
	union {
		struct {
			struct endpoint local, remote;
			uint32_t realm;
			struct view data; /* an IKE message, non-ESP marker removed */
		} datagram;
		struct command command;
		struct {
			uint32_t policy_id;
			/*
			 * The processor that wants an SA of its own, counted from 1; 0: there is
			 * no SA at all.
			 */
			uint32_t processor;
			struct ts local,
				remote; /* the packet's own selectors, single addresses and ports */
		} acquire;
		struct {
			uint8_t dir, protocol;
			uint32_t spi;
			bool hard;
			struct endpoint remote; /* EV_MOVED: where it comes from now */
		} sa;
		struct answer answer;
		struct host_view host;
		struct {
			uint64_t proof;
			const struct diag *why;
		} untrusted;
		struct {
			struct view
				hashes; /* SHA-1 of their keys (RFC 7296 3.7); none: do not ask */
			bool by_url;    /* certificates may be named by URLs (3.6) */
		} authorities;
	};
};

#endif
