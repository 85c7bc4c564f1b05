/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IKE_ROSTER_H
#define IKE_ROSTER_H

#include "base/view.h"

/*
 * Things by serial number, which only grows: appending is O(1), finding and
 * removing O(log n), and a walk may be interrupted at any serial.
 */
struct roster {
	struct roster_row {
		uint64_t serial;
		void *item; /* NULL: removed */
	} * rows;
	size_t len, cap, gone;
};

/* Append; `serial` is above all earlier ones. False when memory is short. */
bool roster_add(struct roster *r, uint64_t serial, void *item)
	__attribute__((warn_unused_result));
/* Take out; unknown serials are fine. */
void roster_remove(struct roster *r, uint64_t serial);
/* The item of a serial, or NULL. */
void *roster_find(const struct roster *r, uint64_t serial);
/* The first item above `serial`, or NULL. */
void *roster_after(const struct roster *r, uint64_t serial);
/* How many are in. */
size_t roster_len(const struct roster *r);
/* Free the rows, not the items. */
void roster_done(struct roster *r);

#endif
