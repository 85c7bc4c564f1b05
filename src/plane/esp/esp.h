/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_ESP_H
#define PLANE_ESP_ESP_H

#include "crypto/gcm_choice.h"
#include "net/own.h"
#include "plane/esp/held.h"
#include "plane/plane.h"

struct crypto;
struct net;

/*
 * Userspace ESP (RFC 4303) in UDP (RFC 3948) on a TUN device.
 *
 * Packets are steered into the TUN by routes in a table of our own, which a
 * rule makes every packet look at but those of sockets with our mark. One
 * thread carries packets from the TUN to the peers, another one back. What
 * they have to tell waits in queues until the loop calls dispatch. All
 * functions here and in plane_ops belong to one thread, the loop's.
 */

/* All zero but for `crypto` is a good configuration. */
struct esp_config {
	struct crypto *crypto; /* borrowed; must outlive the plane */
	uint32_t instance;     /* to ESP_INSTANCE_MAX; daemons of one namespace differ in it */
	const char *device;    /* name of the TUN; NULL: "ipsec" and the instance */
	uint32_t table;        /* routing table; 0: ESP_TABLE + instance */
	/* Of the rule that leads to it, above ESP_OWN_BEFORE; 0: ESP_TABLE + instance. */
	uint32_t rule_priority;
	/* Of our sockets, compared under ESP_MARK_MASK; 0: ESP_MARK + (instance << 16). */
	uint32_t mark;
	uint32_t mtu;      /* of the TUN; 0: by the links of the ports */
	uint32_t queues;   /* packet threads each way; 0: as many as processors, up to 16 */
	bool only_free;    /* CYG_EXISTS where a killed run left something to guard */
	bool no_firewall;  /* do not drop clear text that arrives for protected selectors */
	bool no_mss_clamp; /* leave TCP's maximum segment size alone */
};

#define ESP_TABLE 16500
#define ESP_INSTANCE_MAX 255
/*
 * Rules stand so far before that one: for packets that have no source yet, and for those that
 * have one past that; for senders that a policy is for alone; where rp_filter is strict, for
 * our own ports; for our own sockets, past all of these.
 *
 * Priority, tables and marks of branches are of one run, 0 or 1: those that a run left stay
 * beside those of the next one until it has settled. Until then the next one's are in front, as
 * what the dead one's forbid may be up again.
 */
#define ESP_UNSOURCED_BEFORE 256
#define ESP_SOURCED_BEFORE 512
#define ESP_BRANCH_BEFORE(run) \
	(768u + 512u * (run)) /* not 1024: xfrm.h has those of one instance */
#define ESP_FRONT_BEFORE 1536
#define ESP_BYPASS_BEFORE 1792
#define ESP_OWN_BEFORE 2048
/* Of packets that have no source yet. */
#define ESP_UNSOURCED_TABLE(table) ((table) + ESP_INSTANCE_MAX + 1)
#define ESP_BRANCH_TABLE(table, run) (((table) << 1 | (run)) << 12) /* the first of them */
#define ESP_BRANCH_MARK(mark, run) (((mark) ^ UINT32_C(0x80000000)) + ((run) << 12))
#define ESP_MARK UINT32_C(0x43590000)
#define ESP_MARK_MASK UINT32_C(0xffff0000)
#define ESP_ROUTE_PROTOCOL NET_OWN_PROTOCOL /* rtm_protocol of every route and rule of ours */
#define ESP_REPLAY_WINDOW_MAX 65536

/*
 * Make the device, remove what a killed predecessor of this instance left,
 * set up rules and firewall, start the threads. `net` is borrowed and must
 * outlive the plane; *host is copied. Start it after the last fork.
 * CYG_PERM without CAP_NET_ADMIN, CYG_EXISTS when the device is in use
 * (another daemon of the same instance runs), CYG_UNSUPPORTED without
 * /dev/net/tun, CYG_IO, CYG_NOMEM.
 */
MUST_CHECK enum cyg_err esp_plane_open(const struct esp_config *c,
				       const struct plane_host *host, struct net *net,
				       struct plane **ret, struct diag *why);

/*
 * Remove what a killed daemon of this instance left behind: routes, rules,
 * firewall table. Until then its protected traffic is blocked. *ret_found
 * (may be NULL) is how many things there were. CYG_EXISTS, and nothing is removed,
 * while one is running: the device is its own.
 */
MUST_CHECK enum cyg_err esp_plane_cleanup(const struct esp_config *c, struct net *net,
					  unsigned *ret_found, struct diag *why);

/* For status and metrics. */
struct esp_status {
	char device[16];
	uint32_t ifindex, mtu, table, mark, queues;
	bool up;                /* the device; false: nothing is carried */
	bool firewall;          /* clear text for protected selectors is dropped */
	bool egress; /* and so is what sockets that name a device would send in clear */
	char firewall_why[256]; /* why not, and what to do; "" */
	char egress_why[256];
	struct gcm_choice gcm;  /* what AES-GCM is done with */
	uint32_t sas_in, sas_out, policies, routes;
	/* Packets that were not carried, by cause; and keep-alives, which are none. */
	uint64_t replayed, bad_auth, bad_selector, bad_padding, martians, unknown_spi,
		short_packets, keepalives, no_policy, dropped_by_policy, rejected, too_big,
		malformed, ecn_drops, send_errors, queue_full, no_sa;
	/* The same by nf_tables: clear text on its way in or past the routes out, mixed fragments. */
	uint64_t clear_in, clear_out, fragments;
	struct held_counts held; /* what waits for an SA, and what waited in vain */
};
void esp_plane_status(const struct plane *p, struct esp_status *ret);

#endif
