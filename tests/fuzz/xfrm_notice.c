/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any octets as what NETLINK_XFRM tells, while there is nothing of ours: nothing is an
 * event. The first octet is the type of the message; the second is passed over.
 */
#include "plane/xfrm/notice.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *ctx, struct event *ev)
{
	assert(!"an event about nothing of ours");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_request storage;
	struct netlink nl = {0};
	struct xfrm_sad *sad = xfrm_sad_new(&nl, &(struct xfrm_kernel){0});
	struct xfrm_spd *spd = xfrm_spd_new(&nl, 0);
	struct plane_host host = {.event = hear};
	struct notice_taker taker = {&host, sad, spd};

	if (sad && spd && size >= 2 && size <= sizeof(storage) - NLMSG_HDRLEN) {
		struct nlmsghdr *m = netlink_begin(&storage, (uint16_t)(0x10 + data[0] % 32),
						   0);

		memcpy(mnl_nlmsg_put_extra_header(m, size - 2), data + 2, size - 2);
		(void)notice_take(m, &taker);
	}
	xfrm_sad_free(sad);
	xfrm_spd_free(spd);
	return 0;
}
