/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as notices of rtnetlink: without interfaces of ours no more is heard of than routes. */
#include "plane/xfrm/watch.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Octets: the message's type (two), and all behind its header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xfrm_watch w = {.links = xfrm_links_new(NULL), .table = 15476, .own_port = 1};
	struct netlink_request storage;
	struct nlmsghdr *m;

	if (w.links && size >= 2 && size - 2 <= sizeof(storage) - NLMSG_HDRLEN) {
		m = netlink_begin(&storage, (uint16_t)(data[0] | data[1] << 8), 0);
		memcpy(mnl_nlmsg_put_extra_header(m, size - 2), data + 2, size - 2);
		m->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size - 2);
		assert(!(xfrm_watch_hear(&w, m) & ~(unsigned)WATCH_ROUTES));
	}
	xfrm_links_free(w.links);
	return 0;
}
