/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as the kernel's word on a link: names end, and no more is read than was there. */
#include "net/net_private.h"

#include <assert.h>
#include <linux/rtnetlink.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_request storage;
	struct net_virtual v;
	struct nlmsghdr *m;

	if (size > sizeof(storage) - NLMSG_HDRLEN)
		return 0;
	m = netlink_begin(&storage, RTM_NEWLINK, 0);
	memcpy(mnl_nlmsg_put_extra_header(m, size), data, size);
	m->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size);
	if (!link_read(m, &v))
		return 0;
	assert(memchr(v.link.name, '\0', sizeof(v.link.name)));
	assert(memchr(v.alias, '\0', sizeof(v.alias)));
	assert(v.link.kind <= LINK_VTI);
	return 0;
}
