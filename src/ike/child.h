/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_CHILD_H
#define IKE_CHILD_H

#include "crypto/ikev2_kdf.h"
#include "ike/sa.h"
#include "ike/up.h"

/*
 * One CHILD_SA: a pair of SAs in the plane. Hangs on its IKE SA and on its
 * connection; the entry of the SPD belongs to the connection, so that a rekey
 * passes it on.
 */
enum child_state {
	CHILD_LARVAL, /* being negotiated or installed: owned by its exchange */
	CHILD_UP,
	CHILD_REKEYED,  /* a replacement stands; waits to be deleted */
	CHILD_DELETING, /* our DELETE of it waits or is on its way */
	CHILD_DRAINING, /* replaced and deleted: inbound takes what is on its way */
};

/* Bits of `installed`. */
#define CHILD_IN 1u
#define CHILD_OUT 2u

struct child_sa {
	UT_hash_handle hh;          /* ike->by_spi_in */
	struct map_node by_spi_out; /* ike->by_spi_out, once it has one */
	struct ike *ike;
	struct ike_sa *sa;
	struct list of_sa, on_connection, ops;
	struct loaded *loaded; /* NULL: its connection has gone */
	const struct connection *version;
	uint64_t serial, cause;
	uint32_t spi_in, spi_out, reqid;
	uint32_t number;          /* scope_of */
	uint16_t cpi_in, cpi_out; /* IPComp's numbers; 0: packets are not compressed */
	uint8_t state;            /* enum child_state */
	uint8_t mode;             /* enum sa_mode */
	uint8_t installed;
	bool initiator; /* of the exchange that made it: sets the rekey margin */
	bool encap;
	bool unpadded;   /* the peer takes no packets padded for TFC */
	bool replaced;   /* another carries its packets: none may be lost over its end */
	bool outdated;   /* stood when the try began that is to replace it */
	bool has_clones; /* both ends take others for single processors beside it (clone.h) */
	bool full;       /* the peer takes no more of them */
	bool crossed; /* a wish of the peer's for one was refused while ours was on its way */
	uint8_t put_off;     /* so often in a row none could be made */
	uint8_t orphaned_by; /* enum gone_why: of what it was a clone of */
	uint32_t processor;  /* the one whose packets it carries, counted from 1; 0: all */
	struct chosen chosen;
	struct ts_set ts_local, ts_remote;
	uint64_t predecessor;             /* serial of the child whose rekey made it; 0 none */
	uint64_t replacement;             /* serial of the child that took its place; 0 none */
	struct rekey_race *race;          /* once it was rekeyed */
	uint8_t encr_len, integ_len;      /* octets of each key */
	uint64_t first_sequence;          /* outbound: imported ones begin beyond it */
	uint8_t *keys;                    /* in: encr, integ; out: encr, integ */
	uint64_t packets_in, packets_out; /* as the plane last said: see liveness_look */
	nsec established_at;
	nsec at[CHILD_TIMERS];
	struct timed timed;
};

/* A larval child with a fresh inbound SPI. NULL when memory or randomness is short. */
struct child_sa *child_new(struct ike_sa *sa, struct loaded *l);

/* Put that inbound SPI in place of the drawn one (import). CYG_EXISTS when it is in use. */
MUST_CHECK enum cyg_err child_take_spi(struct child_sa *child, uint32_t spi);

/*
 * Another inbound SPI, when the plane says that the first is taken. False when none was
 * found.
 */
bool child_renew_spi(struct child_sa *child) __attribute__((warn_unused_result));

/* How the plane knows one direction of it. */
struct sa_ref child_ref(const struct child_sa *child, enum sa_dir dir);

/* Remove from the plane what is installed, unlink, wipe. The SPD entry is the caller's. */
void child_free(struct child_sa *child);

/* Remove from the plane what is installed; the record stays. */
void child_withdraw(struct child_sa *child);

/* Take both halves out of the plane and note that they were there: they are to be put back. */
void child_uninstall(struct child_sa *child);

/* Send nothing by it any more: its outbound half goes, the inbound one stays. */
void child_silence(struct child_sa *child);

/*
 * A child that was replaced ends: as child_gone, but its inbound half stays for some
 * seconds.
 */
void child_drain(struct child_sa *child, enum gone_why why);

/* Its end is settled: no use is made of it any more. */
static inline bool child_is_over(const struct child_sa *child)
{
	return child->state == CHILD_DELETING || child->state == CHILD_DRAINING;
}

/* A larval child comes to nothing: child_free, and what was set for it in the SPD is undone. */
void child_discard(struct child_sa *child);

/* A child that was up ends: child_free, and when it was its connection's last one, up_lost. */
void child_gone(struct child_sa *child, enum gone_why why);

/* A connection (NULL: none) has lost a child: what follows, when it was its last one, or the last first one. */
void child_missed(struct ike *ike, struct loaded *l, enum gone_why why);

/* Whether a connection has a child that is or was up, or SAs that people keyed. */
bool children_stand(const struct loaded *l);

/* Derive and keep the keys. ni, nr: of the exchange; shared may be empty (no PFS). */
MUST_CHECK enum cyg_err child_derive(struct child_sa *child, const struct kdf_input *in);

/* Ask the plane for one direction. CYG_NOMEM. */
MUST_CHECK enum cyg_err child_install(struct child_sa *child, enum sa_dir dir, uint32_t op);

/* The peer's inbound SPI, by which it is found from now on. */
void child_set_spi_out(struct child_sa *child, uint32_t spi);

/* By our inbound SPI; NULL. */
struct child_sa *child_by_spi_in(const struct ike *ike, uint32_t spi);
/* By the peer's inbound SPI, among the children that `sa` and its line of rekeys have. NULL. */
struct child_sa *child_by_spi_out(const struct ike_sa *sa, uint32_t spi);
/*
 * The child that is up whose peer at `remote` (no address: any) receives by this SPI; NULL.
 * Peers choose their SPIs, so that several may have one. O(1) in the children of others.
 */
struct child_sa *child_by_outbound(const struct ike *ike, uint32_t spi,
				   const struct ip_addr *remote);
/* By serial; NULL. */
struct child_sa *child_by_serial(const struct ike *ike, uint64_t serial);

/* The larval child of an exchange is up: hang it on its connection, begin its life. */
void child_establish(struct child_sa *child);

/* Move all children (and tasks about them) from one IKE SA to its successor. */
void children_move(struct ike_sa *from, struct ike_sa *to);

const char *child_state_name(const struct child_sa *child); /* "CHILD_C0", static */

#endif
