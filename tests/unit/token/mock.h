/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TOKEN_MOCK_H
#define TESTS_UNIT_TOKEN_MOCK_H

#include "base/view.h"

#include <p11-kit/pkcs11.h>

/*
 * A module (PKCS #11) with slots of its own, whose tokens come, go, dawdle and fail as a test says.
 * Linked into a unit test it is the only one that p11-kit has, called "mock"; as a shared object
 * it reads its state from the file that $CYGNET_MOCK_TOKEN names.
 */
#define MOCK_SLOTS 2
#define MOCK_OBJECTS 8
#define MOCK_SIGNATURE "signature of the mock"

struct mock_object {
	CK_OBJECT_CLASS class;
	const char *id, *label;
	CK_KEY_TYPE type;
	struct view params, point, modulus, exponent, value;
};

struct mock_slot {
	bool present;
	unsigned life; /* counts on when it is put in anew: older sessions are void */
	const char *label, *serial, *pin;
	CK_FLAGS flags;
	unsigned tries; /* wrong PINs that were tried */
	bool logged_in;
	struct mock_object objects[MOCK_OBJECTS];
	size_t objects_len;
};

struct mock {
	struct mock_slot slots[MOCK_SLOTS];
	void (*asked)(void); /* called by C_GetSessionInfo, if it is set */
	unsigned slow_ms;    /* that each look-up and signature takes */
	_Atomic bool mute;   /* C_Sign does not return */
	CK_RV sign;          /* what C_Sign answers */
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_PSS_PARAMS pss;
	unsigned sessions, modules; /* open; loaded */
};
extern struct mock mock;

/* As it was before any test: one token "office" with a P-256 key that has no certificate. */
void mock_reset(void);
/* Another object of the first slot. */
void mock_add(struct mock_object o);

#endif
