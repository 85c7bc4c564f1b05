/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_WITNESS_H
#define SIM_WITNESS_H

#include "base/view.h"
#include "conn/sa.h"

struct machine;
struct world;

/*
 * Sees all that leaves the hosts and remembers what must never happen twice:
 * one IV or sequence number under one key, one message ID with two contents.
 * It also names SPIs in the order they appear, so that a trace stays the same
 * when their values do not.
 */
struct witness;

/* One that saw nothing yet. */
struct witness *witness_new(void);
void witness_free(struct witness *t);

/*
 * An IKE datagram leaves a host. Fails the run when it breaks a rule. Returns
 * how often this very datagram was sent before.
 */
unsigned witness_datagram(struct world *w, const struct machine *from, struct view data);

/* The number of an IKE SA ("ike 1"), by its initiator's SPI. */
unsigned witness_ike_number(struct world *w, uint64_t spi_i);

/* The name of an SA's SPI: "a", "b", ... "z", "aa". Returns buf. */
const char *witness_spi_name(struct world *w, uint32_t spi, char buf[8]);

/* The highest sequence number that was used with an outbound SA's keys; 0: none. */
uint64_t witness_sequence(const struct world *w, const struct plane_sa *sa);
/* This one is used now. */
void witness_use(struct world *w, const struct plane_sa *sa, uint64_t sequence);

#endif
