/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_STRICT_H
#define PLANE_ESP_STRICT_H

#include "net/net.h"

/*
 * Whether the kernel checks the way back of what arrives at an address of ours strictly
 * (rp_filter 1; RFC 3704 2.2). False where that can't be read, and for all addresses together.
 */
bool strict_checks(const struct net *net, const struct endpoint *local);

#endif
