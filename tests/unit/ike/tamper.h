/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_IKE_TAMPER_H
#define TESTS_UNIT_IKE_TAMPER_H

#include "ike/protect.h"
#include "ike/sa.h"
#include "tests/unit/ike/world.h"
#include "wire/header.h"
#include "wire/message.h"

/*
 * What a peer that holds the keys can do: open what it sent, change it, seal
 * it again. Everything fails the test when the message is not what it seems.
 */

/* Payloads taken out of a message, as copies. */
#define LETTER_PAYLOADS_MAX 16
struct letter {
	uint8_t exchange;
	bool response;
	uint8_t len;
	struct {
		uint8_t type;
		struct bytes body;
	} payloads[LETTER_PAYLOADS_MAX];
};

/* Free the copies. */
void letter_done(struct letter *l);

/*
 * The payloads of a message that `from` sent, in clear or opened with its own
 * keys. Borrows from storage that the next call overwrites.
 */
const struct message *message_opened(struct node *from, const struct ike_header *h,
				     const struct message *outer, struct message *inner);

/* Copy the payloads of a datagram, sealed or in clear, that `from` has sent. */
struct letter letter_of(struct node *from, struct view datagram);

/* The first payload of a type; -1 if there is none. */
int letter_find(const struct letter *l, uint8_t type);

/* The newest IKE SA of a host that has keys. */
struct ike_sa *newest_sa(const struct node *h);

/* The other end's half of an SA; NULL if it has none. */
struct ike_sa *peer_sa(const struct node *other, const struct ike_sa *sa);

/* Give a datagram to a host as if it came from where this SA's owner is. */
void deliver_from(struct node *to, const struct ike_sa *from, struct view datagram);

/* Seal a letter with this SA and give it to `to`. */
void send_letter(struct node *to, struct ike_sa *from, const struct letter *l, uint32_t msgid);

/* The type of the first error notify of a letter; 0 if there is none. */
uint16_t letter_error(const struct letter *l);

#endif
