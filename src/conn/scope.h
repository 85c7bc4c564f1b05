/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_SCOPE_H
#define CONN_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which packets SAs and policies are for beside their selectors: those that the host's own
 * rules marked, or that go through an interface. Two policies of the same selectors and of
 * different scopes stand beside each other. How the kernel does it is plane/xfrm's.
 */
enum sa_dir { SA_IN, SA_OUT };

/* Packets whose mark is `value` in the bits of `mask`; mask 0: any. */
struct packet_mark {
	uint32_t value, mask;
};

/* Of one direction. All zero: any packet. */
struct packet_scope {
	struct packet_mark mark;
	struct packet_mark set; /* what an SA makes of a packet's mark; mask 0: it stays */
	uint32_t if_id;         /* of the interface; 0: none */
};

/* The same value and mask. */
bool mark_equal(const struct packet_mark *a, const struct packet_mark *b);
/* Whether the same packets are meant; what marks are set matters to none. */
bool scope_equal(const struct packet_scope *a, const struct packet_scope *b);
/* Whether it has anything to say. */
bool scope_narrows(const struct packet_scope *s);

/* ---- as described ---- */

/* For messages: what ipsec.conf narrows by. */
/* The kernel has no if_id 0: the interface of that number has this one, here as with Libreswan. */
#define INTERFACE_ZERO 16384

#define SCOPE_WORDS "mark=, if_id_in= or ipsec-interface="

/* A number that each tunnel has for itself (%unique), or each direction of it (%unique-dir). */
enum own_number { OWN_NOT, OWN_TUNNEL, OWN_DIRECTION };

struct described_mark {
	struct packet_mark mark; /* unless it is its own */
	uint8_t own;             /* enum own_number */
};

struct described_id {
	uint32_t id;
	uint8_t own; /* enum own_number */
};

/* mark=, set-mark-in=, if_id_in= and their like, by enum sa_dir. */
struct described_scope {
	struct described_mark mark[2], set[2];
	struct described_id if_id[2];
	uint32_t interface; /* ipsec-interface=: the if_id, which is its number; 0: none */
};

/* "ipsec7": the interface of ipsec-interface=, by its if_id. */
void scope_interface_name(uint32_t if_id, char *buf, size_t cap);

/* The same words, marks that are set included. */
bool described_scope_equal(const struct described_scope *a, const struct described_scope *b);
/* Whether it needs a plane that knows scopes. */
bool described_scope_narrows(const struct described_scope *d);
/*
 * What is described, for a tunnel: `number` is even and its own, and takes the place of
 * %unique; `number` + 1 is what %unique-dir is inward.
 */
struct packet_scope scope_of(const struct described_scope *d, uint32_t number, enum sa_dir dir);

#endif
