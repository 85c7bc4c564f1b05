/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_CONNECTION_H
#define CONN_CONNECTION_H

#include "base/duration.h"
#include "conn/host.h"
#include "conn/ident.h"
#include "conn/proposal.h"
#include "conn/scope.h"
#include "conn/ts.h"
#include "conn/virtual.h"

/*
 * A connection as described: by an ipsec.conf section or by whack's options.
 * Once loaded it is immutable and shared (connection_ref / connection_unref):
 * an IKE SA keeps the version it was made under. Everything that changes while
 * running (which end is us, resolved names, what is up) lives in policy.
 */

enum nexthop_kind { NEXTHOP_UNSET, NEXTHOP_DIRECT, NEXTHOP_ADDR, NEXTHOP_DEFAULTROUTE };

/*
 * Ways to prove who one is, or-ed: any of them will do. A signature's way is the kind of
 * key and the hash; AUTH_PUBKEY is all of them but SHA-1, which must be named.
 */
enum conn_auth {
	AUTH_UNSET = 0,
	AUTH_SECRET = 1,
	AUTH_NEVER = 2,
	AUTH_RSA_SHA1 = 4,
	AUTH_RSA_SHA2_256 = 8,
	AUTH_RSA_SHA2_384 = 16,
	AUTH_RSA_SHA2_512 = 32,
	AUTH_ECDSA_SHA2_256 = 64,
	AUTH_ECDSA_SHA2_384 = 128,
	AUTH_ECDSA_SHA2_512 = 256,
	AUTH_EDDSA = 512,
	AUTH_NULL = 1024, /* it proves nothing (RFC 7619); alone, and its identity is ID_NULL */
	AUTH_EAP_TLS = 2048,
	AUTH_EAP_MSCHAPV2 = 4096, /* stands on MD4 and DES: only when it is named */
	AUTH_EAP_RADIUS = 8192,   /* the peer alone: whatever a RADIUS server does with it */
	AUTH_EAP_ONLY = 16384,    /* the end proves itself by the other one's EAP (RFC 5998) */
	AUTH_RSA = AUTH_RSA_SHA2_256 | AUTH_RSA_SHA2_384 | AUTH_RSA_SHA2_512,
	AUTH_ECDSA = AUTH_ECDSA_SHA2_256 | AUTH_ECDSA_SHA2_384 | AUTH_ECDSA_SHA2_512,
	AUTH_PUBKEY = AUTH_RSA | AUTH_ECDSA | AUTH_EDDSA,
	AUTH_SIGNATURES = AUTH_PUBKEY | AUTH_RSA_SHA1,
	AUTH_EAP = AUTH_EAP_TLS | AUTH_EAP_MSCHAPV2 | AUTH_EAP_RADIUS,
};

/* Where a connection does not say: a request is sent again after so long, which doubles, so often. */
#define CONN_RETRANSMIT_FIRST (500 * NSEC_PER_MS)
#define CONN_RETRANSMITS 6
#define CONN_FRAGMENT_SIZE 1280u /* octets of an IP packet with a fragment of IKE (RFC 7383) */

#define CONN_RSA_BITS_DEFAULT 2048 /* an RSA key has at least so many, unless asked */

#define CONN_CERT_NAME_MAX 1024 /* of one certificate's file, with NUL */

/* A post-quantum pre-shared key mixed into the IKE SA's keys (RFC 8784, ppk=). */
enum conn_ppk {
	PPK_NO,
	PPK_YES,    /* where both ends have it */
	PPK_INSIST, /* or nothing comes up */
};

/* What the selectors' packets meet. */
/* Those up to CONN_TRANSPORT are negotiated, the others are shunts. */
enum conn_type { CONN_TUNNEL, CONN_BEET, CONN_TRANSPORT, CONN_PASS, CONN_DROP, CONN_REJECT };

/* auto= */
enum conn_start { START_IGNORE, START_ADD, START_ROUTE, START_UP, START_KEEP };

/* What follows a peer that stopped answering (dpdaction=). */
enum conn_dead {
	DEAD_HOLD,
	DEAD_CLEAR,
	DEAD_RESTART,
	DEAD_NONE, /* as read; connection_check turns it into DEAD_HOLD with dpd_delay 0 */
};

/* When an end that has a certificate sends it (leftsendcert=). */
enum conn_send_cert { SEND_CERT_ALWAYS, SEND_CERT_ASKED, SEND_CERT_NEVER };

/* What a shunt does with packets of a tunnel that failed or is being negotiated. */
enum conn_shunt { SHUNT_NONE, SHUNT_PASS, SHUNT_DROP, SHUNT_REJECT, SHUNT_HOLD };

enum conn_tri { TRI_NO, TRI_YES, TRI_FORCE };

/* IKE messages in fragments (RFC 7383, fragmentation=). */
enum conn_fragmentation {
	FRAGMENT_NO,     /* neither sent nor taken */
	FRAGMENT_ACCEPT, /* taken, and none sent */
	FRAGMENT_YES,
	FRAGMENT_FORCE, /* as small as for a path that lost longer ones, from the first on */
};

/* Which internal addresses an end asks for, as bits. */
enum conn_asks {
	ASK_V4 = 1,
	ASK_V6 = 2,
	ASK_AUTO = 4, /* of the families that the other end's networks have; IPv4 without any */
};

/* One end as described. [0] is left, [1] is right: only conf, whack and listings call them so. */
struct end {
	struct host host;
	uint8_t nexthop_kind; /* enum nexthop_kind */
	uint16_t ike_port;    /* 0: 500 */
	uint16_t auth;        /* enum conn_auth; AUTH_UNSET: as the connection's */
	uint16_t auth2; /* and then by this, too (RFC 4739): of AUTH_EAP; AUTH_UNSET: no */
	/*
	 * The end's public key: "0s..." or "0x...", the name of a file, "%cert", "%dns...".
	 * NULL: not said.
	 */
	char *public_key;
	char *cert; /* leftcert: files with the end's certificates (connection_next_cert); NULL: none */
	char *ca; /* leftca: a DN, "%same" or "%any"; NULL: of our own certificate its issuer, of the peer's any */
	char *groups; /* of attribute certificates; the end belongs to one of them; NULL: not asked */
	uint8_t send_cert; /* enum conn_send_cert */
	struct ip_addr nexthop;
	const struct ident *id;    /* NULL: the end's address */
	bool id_of_cert;           /* %fromcert: what its certificate says */
	struct ip_prefix *subnets; /* protected networks; none: the end's own address */
	size_t subnets_len;
	bool dynamic; /* subnet=%dynamic,...: besides them the end's own address, or its pool's */
	struct virtual_nets
		*virtual;      /* or what the peer may claim: subnet=vhost:...; NULL: none */
	size_t subnets_listed; /* the last ones of them, which subnets= named; no field itself */
	uint8_t proto;         /* of leftprotoport; 0 any */
	uint16_t port;         /* 0 any */
	struct ip_addr source_ip;      /* leftsourceip; IP_NONE if none */
	struct ip_addr more_source_ip; /* and one of the other family; IP_NONE if none */
	uint8_t asks; /* enum conn_asks: leftsourceip=%config; addresses asked of the peer */
	bool config_client, config_server; /* leftmodecfgclient=, leftmodecfgserver= */
	struct ip_range
		*pools; /* addresses that it may be given; the last is of IP_NONE; NULL: none */
	char *pool_name; /* and those of the connections of these names, by commas; NULL: none */
	struct ip_addr
		*dns; /* leftdns=: servers that it is told of; likewise ended; NULL: none */
	char *updown; /* NULL: none */
	struct ip_prefix interface_ip,
		vti; /* address of the tunnel's interface; IP_NONE: none */
};

struct connection {
	uint32_t refs;
	char *name;
	char **aliases;
	size_t aliases_len;
	struct end end[2];

	uint8_t type;     /* enum conn_type */
	uint8_t protects; /* enum protocol: PROTO_ESP or PROTO_AH */
	uint8_t start;    /* enum conn_start */
	uint16_t auth;    /* enum conn_auth */
	char *aaa_identity; /* of the server of EAP-TLS, where it is not the IKE peer; NULL: its id */
	char *eap_identity;    /* of the end that proves itself by EAP; "%any"; NULL: its id */
	uint16_t rsa_bits_min; /* of a peer's RSA key, and of ours */
	uint8_t dpd_action;    /* enum conn_dead */
	uint8_t failure_shunt, negotiation_shunt; /* enum conn_shunt */
	uint8_t encapsulation; /* enum conn_tri: NO refuses UDP, YES by NAT detection, FORCE always */
	uint8_t fragmentation; /* enum conn_fragmentation */
	uint8_t ppk;           /* enum conn_ppk */
	char *ppk_ids;         /* the names it may have, by commas, the best first; NULL: any */
	uint8_t family;        /* enum ip_family of connaddrfamily; IP_NONE: by the addresses */
	bool pfs, rekey, esn, initial_contact, unique_ids;
	bool esn_off; /* offer without ESN too */
	uint8_t dialect; /* enum dialect: how the text of further fields is to be read; no field itself */

	const struct proposals *ike, *esp; /* NULL: the defaults; esp: of what protects */
	uint32_t keying_tries;             /* 0: for ever */
	nsec ike_lifetime, child_lifetime, rekey_margin;
	bool margin_chosen; /* one that was not gives way to a short life */
	uint32_t rekey_fuzz_percent;
	uint64_t child_bytes_max, child_packets_max;  /* 0: no limit */
	nsec dpd_delay, dpd_timeout;                  /* 0: off */
	nsec retransmit_interval, retransmit_timeout; /* 0: the daemon's */
	uint32_t replay_window;                       /* packets; 0: no check */
	uint32_t mtu, metric;                         /* 0: unset */
	uint32_t fragment_size; /* octets of an IP packet with a fragment of IKE; 0: unset */
	uint32_t reqid;         /* 0: chosen */
	uint32_t priority;      /* of its policies, the lowest first; 0: by their selectors */
	uint32_t tfc;           /* octets that packets are padded to; 0: none */
	bool no_pmtu_discovery; /* packets that are too long may be cut on their way */
	bool decap_dscp, encap_dscp; /* DSCP goes from the outer header inward, and outward */
	struct ip_addr *dns,
		*wins;    /* servers to tell a peer of; the last is of IP_NONE; NULL: none */
	char *domains;    /* to be asked of those servers, by commas; NULL: none */
	char *banner;     /* shown at the peer's end; NULL: none */
	bool share_lease; /* IKE SAs of one identity have one address */
	bool compress;    /* packets, by IPComp, before they are encrypted */
	struct described_scope scope; /* which packets it is for, beside its selectors */
	uint8_t offload;              /* enum sa_offload */
	uint32_t
		clones; /* SAs for single processors beside the one for all (RFC 9611); 0: none */
	char *vti;      /* the VTI that its packets go through; NULL: none */
	bool vti_unrouted; /* no routes lead into it */
	bool vti_shared;   /* by several peers */
	bool manual;       /* people choose its keys: it negotiates nothing (conn/manual.h) */
};

#define CLONES_MAX 256     /* clones=yes: as many as there are processors */
#define TFC_MTU UINT32_MAX /* tfc=%mtu: as long as the path takes */

#define CONN_NAME_MAX 255 /* octets of a name */

/* A name can be shown, typed and told from "NAME[3]". CYG_MALFORMED with *why. */
MUST_CHECK enum cyg_err connection_name_check(const char *name, struct diag *why);

/* All defaults; refs 1. NULL when memory is short. */
struct connection *connection_new(const char *name);
/*
 * The length of NAME in "NAME/IxJ", as a pair of networks of NAME is called (conf/pairs.h); 0: it
 * is not called so.
 */
size_t connection_pair_of(const char *name);

/*
 * The same under another name and without aliases; refs 1. NULL when memory is
 * short.
 */
struct connection *connection_copy(const struct connection *c, const char *name);
const struct connection *connection_ref(const struct connection *c);
void connection_unref(const struct connection *c);

/* Every described field equal (what --replace calls identical). Names included, refs not. */
bool connection_equal(const struct connection *a, const struct connection *b);
/* The same, but for auto=: the one describes the tunnel that the other does. */
bool connection_alike(const struct connection *a, const struct connection *b);

/*
 * Rules between fields, after all are set (connection_check.c): both ends there
 * and not both unknown, one family, selectors that can meet, a way to prove who
 * one is, lifetimes above margin and fuzz, dpd's delay and timeout. First fills
 * in what follows from other fields: nexthop of %defaultroute, the network of a
 * source_ip, dpd's other half, a default margin for short lifetimes. Checking
 * again changes nothing. CYG_CONFLICT, CYG_UNSUPPORTED, CYG_NOMEM; *why has the
 * first rule broken.
 */
MUST_CHECK enum cyg_err connection_check(struct connection *c, struct diag *why);

/*
 * True when an end is to prove itself by a signature and neither end has a public key, so
 * that it loads and can't come up; *why names the end and what to write.
 */
bool connection_auth_unbuilt(const struct connection *c, struct diag *why);

/* True when an end is to prove nothing (authby=null); *why says what that means. */
bool connection_auth_null(const struct connection *c, struct diag *why);

/*
 * True when esp= names groups that pfs=no leaves without effect here; *why says so.
 * Nothing is wrong with such a connection.
 */
bool connection_pfs_idle(const struct connection *c, struct diag *why);

/*
 * What `c` offers and accepts for IKE or ESP, one reference: its own proposals or
 * the defaults. For ESP with the sequence numbers of esn= and with key exchanges
 * for PFS: those of esp=, else `agreed_ke` (the IKE SA's; 0 none) and then those
 * of ike=. Whether a KE is offered at all (pfs=, the first child) is for the
 * caller. CYG_NOMEM, CYG_UNSUPPORTED for other protocols.
 */
MUST_CHECK enum cyg_err connection_proposals(const struct connection *c, enum protocol protocol,
					     uint16_t agreed_ke, const struct proposals **ret);

/* The end that a policy group stands for (%group, %opportunisticgroup, %opportunistic), or -1. */
int connection_group_end(const struct connection *c);

/* The mode of its SAs, an enum sa_mode. */
uint8_t connection_mode(const struct connection *c);

/*
 * Whether it ever negotiates: a tunnel does unless it is keyed by hand, and so does
 * passthrough to an opportunistic group, which protects as soon as the peer asks for it.
 */
bool connection_negotiates(const struct connection *c);

/* Ways to prove itself that an end has: its own, or the connection's. enum conn_auth, or-ed. */
unsigned connection_auth(const struct connection *c, int end);

/* The end proves itself by EAP and in no other way, so that it must be the one that begins. */
bool connection_eap_client(const struct connection *c, int end);

/*
 * True when an end is to use EAP-MSCHAPv2, whose DES and MD4 are broken; *why says what that
 * means. Nothing keeps such a connection from working.
 */
bool connection_eap_weak(const struct connection *c, struct diag *why);

/*
 * Whether both ask the same proof of us and of the peer: ways, keys, certificates. An SA
 * proven under one is as good for the other. `a_local`, `b_local`: which end is us.
 */
bool connection_auth_equal(const struct connection *a, int a_local, const struct connection *b,
			   int b_local);

/* The same, whatever groups they ask the peer to be in. */
bool connection_auth_alike(const struct connection *a, int a_local, const struct connection *b,
			   int b_local);

#define CONN_WORD_MAX 24 /* octets of a keyword with its side */
/*
 * The first word ("leftca=", "ppk=") in which they ask for other proofs; NULL: connection_auth_equal.
 * With `held` what the peer's own proof is held against is left out, as trust can judge that anew:
 * its way, certificate, authority and groups.
 */
const char *connection_auth_differs(const struct connection *a, int a_local,
				    const struct connection *b, int b_local, bool held,
				    char buf[CONN_WORD_MAX]);

/* Whether both use the same post-quantum keys in the same way. */
bool connection_ppk_equal(const struct connection *a, const struct connection *b);

/* Whether the end's public key stands in the connection itself, or in a file that it names. */
bool connection_names_key(const struct connection *c, int end);

/* Whether the connection says that the DNS has an end's key (RFC 4025), and that it is to be had ahead. */
bool connection_key_in_dns(const struct connection *c, int end);
bool connection_key_ahead(const struct connection *c, int end);

/*
 * Whether the peers of a policy group are who the DNS says: what may be sent for an address, and to
 * whom, is told by its record in the reverse zone.
 */
bool connection_asks_dns(const struct connection *c);

/* "left" or "right". Static. */
const char *connection_side(int end);

/*
 * A peer that can't be dialled: a host of no one address (%any, networks), or a wildcard
 * identity on the side that is not `local` and no authority that says more (connection_ca_says_who).
 */
bool connection_is_template(const struct connection *c, int local);

/*
 * The next file that cert= of an end names, which commas or blanks separate: *at (NULL is fine)
 * moves on. False behind the last one. A name that does not fit in `cap` is passed over.
 */
bool connection_next_cert(const char **at, char *name, size_t cap);

/*
 * Whether a name of something on a token (RFC 7512) carries a PIN, or where one is (pin-value,
 * pin-source): names are shown, and a PIN is for ipsec.secrets alone.
 */
bool connection_name_has_pin(const char *name);

#endif
