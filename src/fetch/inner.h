/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_INNER_H
#define FETCH_INNER_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Whether an address is one that strangers don't reach, but this host may: its own, one of its
 * link, or a private one. Also one of a family that is not known.
 */
bool address_is_inner(const struct sockaddr *address, socklen_t len);

#endif
