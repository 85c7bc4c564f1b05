/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "base/addr.h"
#include "base/list.h"
#include "conn/sa.h"
#include "sim/dice.h"

struct machine;
struct nat;
struct parcel;
struct probe;
struct world;

/* What the network between all hosts does. Delays are drawn in whole milliseconds. */
struct weather {
	unsigned loss, twice; /* of a hundred datagrams so many are lost, come twice */
	size_t longest; /* longer datagrams of IKE are lost, without a word; 0: none is too long */
	nsec delay_min,
		delay_max; /* each takes as long as chance wants: later ones may overtake */
};

struct net {
	struct weather weather;
	struct dice dice;
	struct list nats;
	/* Sees every parcel as it leaves its sender's NAT, lost ones too. May be NULL. */
	void (*spy)(void *ctx, const struct parcel *p);
	void *spy_ctx;
	uint64_t sent, lost;
};

/* An ESP packet is not encrypted here: it names the keys that would have been used. */
struct esp {
	uint32_t spi;
	uint64_t sequence;
	bool encap;
	struct chosen suite;
	uint8_t encr_key[64], integ_key[64];
	uint8_t encr_key_len, integ_key_len;
	struct probe *probe; /* the packet inside */
};

/* What became of a datagram that was sent. */
struct fate {
	const char *lost; /* why, static; NULL: it travels */
	unsigned copies;
	nsec delay[2];
};

/* Of a world that begins; of one that ends. */
void net_init(struct world *w);
void net_done(struct world *w);

/* Send an IKE datagram. `from` is NULL for what no host sent (then `source` may be any). */
struct fate net_send_ike(struct world *w, const struct machine *from,
			 const struct endpoint *source, const struct endpoint *to,
			 struct view data);
struct fate net_send_esp(struct world *w, const struct machine *from,
			 const struct endpoint *source, const struct endpoint *to,
			 const struct esp *esp);

/* ", arrives after 7 ms", ", is lost"; returns buf. */
const char *fate_print(const struct fate *f, char buf[96]);

/* A calm network: nothing is lost, 5 ms each way, all hosts reach each other. */
void net_calm(struct world *w);

/* The name of whoever is at an address: a host, a NAT; "192.0.2.77" for nobody. Returns buf. */
const char *net_name(const struct world *w, const struct ip_addr *a, char buf[IP_TEXT_MAX]);

/* What is on its way. Spies borrow it. */
const struct endpoint *parcel_from(const struct parcel *p);
const struct endpoint *parcel_to(const struct parcel *p);
/* The IKE datagram; empty for ESP. */
struct view parcel_ike(const struct parcel *p);

/* ---- NAT: hosts behind one share its outside address ---- */

/* Owned by the world. A mapping that is not used for `idle` is forgotten. */
struct nat *nat_new(struct world *w, const char *name, const char *outside, nsec idle);
/* Forget all mappings, and move to another outside address unless it is NULL. */
void nat_rebind(struct world *w, struct nat *n, const char *outside);
/* Where a host's port shows outside right now; false when there is no mapping. */
bool nat_outside(const struct nat *n, const struct endpoint *inside, struct endpoint *ret);

#endif
