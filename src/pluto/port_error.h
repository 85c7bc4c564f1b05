/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PORT_ERROR_H
#define PLUTO_PORT_ERROR_H

#include "base/addr.h"

/* What a socket's error queue tells of a datagram that was sent earlier. */
struct port_error {
	struct endpoint remote; /* where it was to go */
	int error;              /* system error number */
	struct ip_addr from;    /* who sent the ICMP message; IP_NONE: our own host */
};

/* The next one; false when the queue is empty. */
bool port_error_read(int fd, struct port_error *ret);

#endif
