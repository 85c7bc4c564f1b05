/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_DIALECT_H
#define CONN_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whose way of writing configuration a text follows. DIALECT_ANY reads what the
 * three have in common and what can be told apart; where one text means
 * different things, conf/dialect.h lists which meaning counts, and for
 * proposals conn/proposal_dialect.h.
 */
enum dialect {
	DIALECT_ANY,
	DIALECT_OPENSWAN,
	DIALECT_LIBRESWAN,
	DIALECT_STRONGSWAN,
	DIALECTS /* for arrays indexed by one */
};

/* "openswan", ...; "any" for DIALECT_ANY. */
const char *dialect_name(uint8_t dialect);

/* By name in any letter case; false when it is none. */
bool dialect_by_name(const char *name, uint8_t *ret) __attribute__((warn_unused_result));

#endif
