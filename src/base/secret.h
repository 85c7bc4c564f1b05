/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/err.h"
#include "base/view.h"

/* Overwrite with zeroes in a way the compiler keeps. NULL with len 0 is fine. */
void secret_wipe(void *ptr, size_t len);

/* Make room for `cap` octets, leaving no copy of the `len` that there are. False: as it was. */
MUST_CHECK bool secret_regrow(uint8_t **ptr, size_t len, size_t cap);

/* Compare in time that depends on the lengths alone. Different lengths are unequal. */
bool secret_equal(struct view a, struct view b);

/* Keep the whole process out of core dumps and other users' ptrace; call once at start. */
void secret_forbid_dumps(void);

#endif
