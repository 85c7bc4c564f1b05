/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONF_JOIN_H
#define CONF_JOIN_H

#include "base/view.h"

/*
 * Lines that go on in the next one. A quoted value does so when its own line
 * ends in a backslash before the quotes close. Openswan and Libreswan refuse
 * such a value, so this changes no file of theirs. Quotes that never close join
 * nothing: the lines below may be right. Private to this room.
 */

/* How many octets at `at` join two lines (a backslash and a line end); 0: none do. */
size_t join_len(const uint8_t *at, const uint8_t *end);

/*
 * Of a line that ends at `nl`, in text that ends at `end`: *line grows by what
 * joins it. Returns its line end then; NULL: the text's. `nl`: nothing does.
 */
const uint8_t *join_lines(struct view *line, const uint8_t *nl, const uint8_t *end);

#endif
