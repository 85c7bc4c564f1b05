/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_POLICY_COMPARED_H
#define TESTS_UNIT_POLICY_COMPARED_H

#include <stddef.h>

/* How often two addresses, or an address and a network, were compared so far. */
extern size_t compared;

#endif
