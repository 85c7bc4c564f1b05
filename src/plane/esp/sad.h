/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_SAD_H
#define PLANE_ESP_SAD_H

#include "base/list.h"
#include "conn/action.h"
#include "plane/esp/claim.h"
#include "plane/esp/inner.h"
#include "plane/esp/packet.h"
#include "plane/esp/replay.h"
#include "plane/esp/rtable.h"
#include "plane/esp/stall.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <urcu-bp.h>

struct esp_port;

#define ESP_NARROW 1280u /* octets that every path carries (RFC 8200 5; IPv4's in practice) */
/* How long a path is taken for narrow: at first, and at most (RFC 8899 5.1.1). */
#define ESP_NARROW_LEAST (60 * NSEC_PER_SEC)
#define ESP_NARROW_MOST (600 * NSEC_PER_SEC)

/*
 * The security associations (RFC 4301 4.4.2). The loop's thread adds, changes
 * and removes them; packet threads find them without locks (RCU), and claim
 * one before they use what in it is not atomic.
 *
 * A lane gathers what has one reqid: policies lead to it, its outbound SAs
 * carry their packets, the newest first.
 */

/*
 * Where an SA's packets go and come from. Replaced
 * as a whole when it changes, but for the port.
 */
struct esp_path {
	struct rcu_head rcu;
	struct endpoint local, remote;
	struct esp_port *port; /* RCU: the socket of `local`; NULL: none at present */
	bool may_be_cut;       /* routers may fragment what is sent: no "don't fragment" */
	/* `remote` for the kernel. */
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;
	socklen_t peer_len;
	uint32_t overhead; /* octets of the outer IP and UDP headers */
};

struct sa_limits {
	uint64_t soft_bytes, hard_bytes, soft_packets, hard_packets; /* UINT64_MAX: none */
};

/* Each is written by who has the SA's claim, and read by the loop's thread. */
struct sa_counts {
	_Atomic uint64_t bytes, packets;
	_Atomic uint64_t replayed, bad_auth, bad_selector, other_drops;
	_Atomic uint64_t last_used;
};

struct lane_sas;

struct lane {
	struct rcu_head rcu;
	struct list all; /* the loop's alone, like the next two */
	uint32_t reqid, realm;
	size_t refs;
	struct lane_sas *sas; /* RCU; NULL: none */
};

/* The last flow that an inbound SA was found to be right for, and the SPD's version. */
struct admitted {
	uint64_t version; /* 0: none yet */
	struct addr_number src, dst;
	uint16_t src_port, dst_port;
	uint8_t proto;
};

struct esp_sa {
	struct rcu_head rcu;
	struct list all;       /* the loop's alone */
	struct lane *lane;     /* referenced */
	struct esp_path *path; /* RCU */
	struct esp_codec codec;
	struct sa_counts counts;
	struct sa_limits limits;
	uint32_t spi, reqid;
	uint8_t dir; /* enum sa_dir */
	/* As struct plane_sa has them: how long packets look, and whose DSCP they have. */
	uint32_t tfc;
	bool decap_dscp, plain_dscp;

	/* Who has the claim may use the codec and the rest, but for what is atomic. */
	bool soft_told, dead, hard_told;
	struct claim claim;
	_Atomic uint64_t sequence; /* outbound: the last one used */
	uint64_t sequence_max;
	_Atomic uint32_t path_mtu;  /* outbound: of the path, outer */
	uint32_t mtu_cap;           /* configured; 0 none */
	nsec mtu_asked;             /* when path_mtu was last asked for */
	struct stall stall;         /* outbound: whether long packets get lost */
	_Atomic nsec narrow_until;  /* outbound: how long they are taken for lost; 0 not */
	nsec narrow_for;            /* the loop's alone: and for how long at a time */
	struct endpoint moved_told; /* inbound: the new address the host was last told of */
	struct replay *replay;      /* inbound; owned */
	struct admitted admitted;   /* inbound */

	size_t local_len, remote_len;
	struct selector selectors[]; /* local_len local ones, then remote_len remote ones */
};

struct lane_sas {
	struct rcu_head rcu;
	size_t len;
	struct esp_sa *items[]; /* newest first */
};

struct sad {
	struct crypto *crypto;   /* borrowed */
	struct rtable by_spi[2]; /* by direction */
	struct rtable lanes;
	struct list all, all_lanes;
	/* The socket for a local endpoint, or NULL. */
	struct esp_port *(*port_of)(void *ctx, const struct endpoint *local);
	/* Packets that routers may cut will leave by this socket. NULL is fine. */
	void (*let_cut)(void *ctx, struct esp_port *port);
	void *ctx;
};

MUST_CHECK enum cyg_err sad_init(struct sad *s, struct crypto *crypto);
/* Nobody reads any more, and no policy holds a lane; call rcu_barrier afterwards. */
void sad_done(struct sad *s);

/*
 * Take an SA into use. CYG_EXISTS: an inbound SA has this SPI already (choose
 * another). CYG_UNSUPPORTED: not ESP in UDP in tunnel mode, or an algorithm.
 * CYG_RANGE, CYG_NOMEM, CYG_CRYPTO.
 */
MUST_CHECK enum cyg_err sad_install(struct sad *s, const struct plane_sa *sa, struct diag *why);
/* CYG_NOTFOUND. */
MUST_CHECK enum cyg_err sad_remove(struct sad *s, const struct sa_ref *ref);
/* New outer addresses. CYG_NOTFOUND, CYG_NOMEM. */
MUST_CHECK enum cyg_err sad_update(struct sad *s, const struct sa_ref *ref);
/* The sockets changed: look for each SA's again. */
void sad_rebind(struct sad *s);

/*
 * A connection in an outbound SA stalls (stall.h). Where the peer is heard all the same, long
 * packets are taken for lost on their way: for a while it sends at most ESP_NARROW octets, which is
 * longer each time it is found again. False when that is no news, or no reason.
 */
bool sad_stalled(struct sad *s, struct esp_sa *sa, nsec now);

/* The SA a reference means, or NULL: for the loop's thread. */
struct esp_sa *sad_find(const struct sad *s, const struct sa_ref *ref);
struct plane_counters sa_counters(const struct esp_sa *sa);

/* The lane of a reqid, made if need be, with one more reference; NULL when memory is short. */
struct lane *lane_take(struct sad *s, uint32_t reqid, uint32_t realm);
/* NULL is fine. */
void lane_release(struct sad *s, struct lane *l);

/* Inside rcu_read_lock: the inbound SA of an SPI, or NULL. */
struct esp_sa *sad_inbound(const struct sad *s, uint32_t spi);
/*
 * Inside rcu_read_lock: the newest outbound SA of
 * a lane whose selectors hold the packet, or NULL.
 */
struct esp_sa *lane_outbound(const struct lane *l, const struct flow *f);
/* Inside rcu_read_lock: the newest outbound SA, or NULL. */
struct esp_sa *lane_newest(const struct lane *l);

/* Whether a packet on its way out, or one that came in, is within the SA's selectors. */
bool sa_holds_outbound(const struct esp_sa *sa, const struct flow *f);
bool sa_holds_inbound(const struct esp_sa *sa, const struct flow *f);
/*
 * Whether the source of a packet that came in lies on our own side: behind a tunnel for all
 * addresses, of which our own networks are a part, nobody has theirs.
 */
bool sa_is_from_our_side(const struct esp_sa *sa, const struct flow *f);

/* The longest inner packet that the SA can carry over its path in one piece. */
uint32_t sa_inner_mtu(const struct esp_sa *sa, const struct esp_path *path);

/* The same for an outbound SA of `outer` octets with all headers, whatever is known of its path. */
uint32_t sa_packet_max(const struct esp_sa *sa, uint32_t outer);
/* What each of them carries; UINT32_MAX when there is none. For the loop's thread; looks at all. */
uint32_t sad_packet_max(const struct sad *s, uint32_t outer);

/* What a packet did to an SA's lifetime. */
enum sa_life { SA_LIVES, SA_SOFT, SA_HARD };
/* Count one good packet of `bytes` inner octets; says which limit stands reached after it. */
enum sa_life sa_account(struct esp_sa *sa, size_t bytes, nsec now);

/* Octets held, keys inside libcrypto left out. */
size_t sad_memory(const struct sad *s);

/* A counter with one writer: plain addition, seen whole by readers. */
static inline void count_add(_Atomic uint64_t *c, uint64_t n)
{
	atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline uint64_t count_get(const _Atomic uint64_t *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

#endif
