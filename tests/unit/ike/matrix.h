/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_IKE_MATRIX_H
#define TESTS_UNIT_IKE_MATRIX_H

#include "tests/unit/ike/tamper.h"

/*
 * The messages of the matrix (matrix_test.c): one of each kind, as honest ends wrote them, and
 * edits of them. What RFC 7296 appendix C demands of each is said here again, not taken from the
 * rules that the core goes by.
 */

enum kind {
	AUTH_ASK,
	AUTH_ANSWER,
	AUTH_REFUSAL,
	CHILD_ASK,
	REKEY_ASK,
	IKE_ASK,
	CHILD_ANSWER,
	REKEY_ANSWER,
	IKE_ANSWER,
	CHILD_REFUSAL,
	INFO_ASK,
	INFO_ANSWER,
	INIT_ASK, /* in clear, in a test of its own */
	INIT_ANSWER,
	KINDS
};
#define SEALED_KINDS INIT_ASK

/* Types of payloads, each list ended by 0. */
struct demand {
	const char *name;
	uint8_t must[8]; /* exactly once */
	uint8_t once[4]; /* at most once */
	uint8_t never[8];
};
extern const struct demand demands[KINDS];

/* One of each kind, from letters_collect to letters_drop: set-up and tear-down of the group. */
extern struct letter letters[KINDS];
int letters_collect(void **state);
int letters_drop(void **state);

/* The world that they come from: west and east with "net" and "more", nothing up. */
struct world *matrix_world(bool by_eap);

enum edit { WHOLE, REVERSED, MISSING, DOUBLED, EMPTIED, CUT, ADDED, EDITS };
extern const char *const edit_names[EDITS];

/* How many ways there are to make an edit of a letter. */
unsigned edit_ways(enum kind kind, enum edit edit);
/* A copy with the edit made, letter_done it; and the type of the payload that it is about, or 0. */
struct letter letter_edited(enum kind kind, enum edit edit, unsigned way);
uint8_t edit_type(enum kind kind, enum edit edit, unsigned way);
/* Whether the edit makes another message than RFC 7296 lets it be. */
bool edit_breaks(enum kind kind, enum edit edit, uint8_t type);
/* Whether what is left can't be read, or proves nothing. A nonce may be an octet shorter. */
bool edit_spoils(enum kind kind, enum edit edit, uint8_t type);

/* Append a copy of a payload. */
void letter_add(struct letter *to, uint8_t type, struct view body);

#endif
