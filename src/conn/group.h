/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONN_GROUP_H
#define CONN_GROUP_H

#include "base/addr.h"

#include <stddef.h>

/*
 * A line of a policy group's file: peers (a network) that the group's
 * connection is for, of one protocol and port or all.
 */
struct group_line {
	struct ip_prefix net;
	uint8_t proto;                    /* 0 any */
	uint16_t local_port, remote_port; /* 0 any */
	uint32_t line;                    /* of the file, from 1; 0: of no file */
};

#endif
