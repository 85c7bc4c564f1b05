/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_CORE_H
#define IKE_CORE_H

#include "base/hash.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "ike/cookie.h"
#include "ike/ike.h"
#include "ike/roster.h"
#include "ike/sources.h"
#include "policy/policy.h"

/*
 * The engine's own record. `now` and `out` are those of the step under way:
 * everything below ike_step reads the time and adds actions through them.
 */
struct ike {
	struct ike_settings settings;
	struct crypto *crypto;
	struct entropy entropy;
	struct policy *policy;
	struct hash_key hash_key; /* of tables whose keys strangers choose */

	nsec now;
	struct actions *out;

	bool listening, stopping;
	struct bytes
		authorities; /* whose certificates peers are asked for, as CERTREQ has them */
	bool certs_by_url;   /* peers may name theirs by URLs */
	uint64_t last_serial;
	uint32_t last_op;

	struct roster sas, children; /* by serial, for walks */
	struct roster manuals;       /* struct manual_pair, likewise */
	struct ike_sa *by_spi;       /* uthash: our SPI */
	struct init *by_first;       /* uthash: the peer's first message and addresses */
	struct peer *peers;          /* uthash: pairs of identities */
	struct child_sa *by_spi_in;  /* uthash: our inbound SPI */
	struct map by_spi_out;       /* struct child_sa: the peer's inbound SPI */
	struct op *ops;              /* uthash: operations under way */
	struct heap timers;
	struct list commands; /* struct command_wait */
	struct list names;    /* struct name_wait: being looked up */
	nsec ask_names_at;    /* a version waits for a name: when to ask again; NSEC_NEVER */
	struct list departed; /* struct programs: of this step, to be forgotten with its end */
	struct list files;    /* struct group_file: being read */
	struct list keys;     /* struct key_wait: being looked up */
	struct list traps;    /* struct trap_wait: the host is asked for them */
	uint64_t group_round; /* of comparing a group with its file */
	size_t commands_len;

	struct sources sources; /* half-open SAs by the peer's address */
	struct cookie_jar cookies;
	struct {
		nsec since;
		unsigned spent;
	} stranger_reports; /* reports that unauthenticated datagrams may cause */
	size_t gathered;    /* octets of fragments that are kept (gather.h) */
	struct ike_counts counts;
	struct ike_tally tally;
};

/* Random octets; a source that fails gives CYG_CRYPTO. */
MUST_CHECK enum cyg_err core_random(struct ike *ike, void *out, size_t len);

#endif
