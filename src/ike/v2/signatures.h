/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_V2_SIGNATURES_H
#define IKE_V2_SIGNATURES_H

#include "ike/receive.h"
#include "wire/chain.h"

/*
 * SIGNATURE_HASH_ALGORITHMS (RFC 7427 4): each end tells in IKE_SA_INIT which hashes it takes
 * in signatures. SHA-1 is never among them.
 */
void signatures_build(struct chain *c);

/* Those of the peer as bits, 1 << number; numbers over 15 are left out; 0: it sent none. */
uint16_t signatures_take(const struct received *rx);

#endif
