/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as the kernel's lists of states and policies, at the start of a daemon: what is
 * noted is no more than what was there. The first octet is the type of the message.
 */
#include "plane/xfrm/leftover.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_request storage;
	struct xfrm_left left = {0};
	struct nlmsghdr *m;

	if (size < 1 || size > sizeof(storage) - NLMSG_HDRLEN)
		return 0;
	m = netlink_begin(&storage, (uint16_t)(0x10 + data[0] % 32), 0);
	memcpy(mnl_nlmsg_put_extra_header(m, size - 1), data + 1, size - 1);
	for (unsigned i = 0; i < 2; i++) {
		assert(xfrm_left_hear_state(m, &left) == MNL_CB_OK);
		assert(xfrm_left_hear_policy(m, &left) == MNL_CB_OK);
	}
	assert(left.len <= 2 && left.states_len <= 2 && !(left.len && left.states_len));
	xfrm_left_done(&left);
	return 0;
}
