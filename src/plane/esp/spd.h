/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_SPD_H
#define PLANE_ESP_SPD_H

#include "base/list.h"
#include "conn/sa.h"
#include "plane/esp/inner.h"
#include "plane/esp/rtable.h"

#include <stdatomic.h>
#include <urcu-bp.h>

struct lane;

/*
 * The outbound policy look-up (RFC 4301 5.1): of all entries whose selectors
 * hold a packet, the one with the lowest priority number; of equal ones the
 * one set first.
 *
 * Each pair of a local and a remote selector is a leaf. It is filed in a hash
 * table under the smallest prefixes that cover its two address ranges, and
 * matched exactly once found, so that any range costs one leaf. The pairs of
 * prefix lengths in use ("shapes") are few: a look-up asks the table once for
 * each of them, best priority first, and stops when none that is left can be
 * better. 10,000 tunnels between /24s are one shape: one probe. What is slow
 * is thousands of leaves under one pair of prefixes, such as a policy for
 * each port of the same two hosts.
 *
 * The loop's thread changes it; others look up inside rcu_read_lock.
 */
struct spd_leaf {
	struct selector local, remote;
	struct spd_entry *entry;
	uint64_t hash;
	uint8_t local_bits, remote_bits;
};

struct spd_entry {
	struct rcu_head rcu;
	struct list all, letting_in; /* the loop's alone; letting_in: when it does */
	uint32_t id, priority;
	uint8_t kind;          /* enum policy_kind */
	bool clear_in;         /* what comes in clear is let in, whatever goes out */
	uint64_t order;        /* when it was first set */
	struct lane *lane;     /* borrowed: its owner frees it after the entry */
	_Atomic bool acquired; /* a trap that has been told of */
	size_t leaves_len, filed;
	struct spd_leaf leaves[];
};

struct spd_shapes;

struct spd {
	struct rtable leaves;
	struct spd_shapes *shapes[2]; /* RCU; IPv4, IPv6; NULL: empty */
	struct rtable by_id;
	struct list all, letting_in;
	uint64_t next_order;
	_Atomic uint64_t version; /* counts changes, each of them once it is there to be met */
};

MUST_CHECK enum cyg_err spd_init(struct spd *s);
/* Nobody reads any more; call rcu_barrier afterwards. */
void spd_done(struct spd *s);

/*
 * Set an entry; one of the same id is replaced in one step, without a moment
 * in which neither is found. `lane` is kept in it. *ret_old_lane (never NULL)
 * is the replaced one's, or NULL. CYG_NOMEM leaves everything as it was.
 */
MUST_CHECK enum cyg_err spd_set(struct spd *s, const struct plane_policy *p, struct lane *lane,
				struct lane **ret_old_lane);
/*
 * The same in two steps, when something else may fail in between: from spd_begin on the new
 * entry stands beside the old one, and packets may meet either. spd_end keeps the new one or
 * the old one, and returns the lane of the other, or NULL. Nothing else changes the entry of
 * this id in between.
 */
struct spd_change {
	struct spd_entry *old, *fresh;
};
MUST_CHECK enum cyg_err spd_begin(struct spd *s, const struct plane_policy *p,
				  struct lane *lane, struct spd_change *ret);
struct lane *spd_end(struct spd *s, const struct spd_change *c, bool keep);
/* CYG_NOTFOUND. */
MUST_CHECK enum cyg_err spd_remove(struct spd *s, uint32_t id, struct lane **ret_old_lane);

/* The entry for an outbound packet, or NULL. Inside rcu_read_lock. */
struct spd_entry *spd_lookup(const struct spd *s, const struct flow *f);
/*
 * The same where the packet may have any ports, because it is a later fragment of a datagram whose
 * ports nobody knows: what it would meet if they were those of the best entry.
 */
struct spd_entry *spd_lookup_any_port(const struct spd *s, const struct flow *f);
/*
 * Whether what a lane's SA brought in may come by it: no entry that counts before the lane's own
 * speaks for what would be sent back (RFC 4301 5.2, step 4), but one by which it may come in clear.
 * A lane without an entry, whose SA is there before its policy, may. Inside rcu_read_lock.
 */
bool spd_admits(const struct spd *s, const struct lane *lane, const struct flow *inbound);
/* The entry of an id, or NULL. */
struct spd_entry *spd_by_id(const struct spd *s, uint32_t id);

/* Whether an entry counts before another one. */
bool spd_is_before(const struct spd_entry *e, const struct spd_entry *other);
/* Whether clear text between its selectors may come in. */
bool spd_lets_in(const struct spd_entry *e);

/* How many entries there are, and the octets they hold. */
size_t spd_count(const struct spd *s);
size_t spd_memory(const struct spd *s);

#endif
