/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_XFRM_MOVED_H
#define PLANE_XFRM_MOVED_H

#include "plane/xfrm/message.h"

/* Private to this room: a state of the kernel's, for other addresses or ports. */

#define STATE_MAX 2048 /* octets of a state as the kernel tells it */

/* Room for one that is made of such. */
struct moved_storage {
	struct netlink_request request; /* first */
	uint8_t more[STATE_MAX];
};

/*
 * How far ahead of its copy an outbound state goes on that moves to another address: what is sent
 * between the reading of it and its end has numbers that the reader does not know, and one that
 * comes twice gives away the packets of both (RFC 4106 3.1).
 */
#define MOVED_AHEAD (UINT32_C(1) << 20)

/*
 * A request of `type` and `flags` with all of `state`, an XFRM_MSG_NEWSA of the kernel's of at most
 * STATE_MAX octets with its whole record, but the direction's addresses and ports of `to`. An
 * outbound one's numbers are MOVED_AHEAD. There are keys in it: wipe the storage.
 */
struct nlmsghdr *message_moved(struct moved_storage *storage, uint16_t type, uint16_t flags,
			       const struct nlmsghdr *state, const struct sa_ref *to);

#endif
