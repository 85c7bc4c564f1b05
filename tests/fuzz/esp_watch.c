/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as notices of rtnetlink and nf_tables, or a rule of the latter: no more is read than was there. */
#include "plane/esp/nft.h"
#include "plane/esp/watch.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Octets: the message's type (two), whether nf_tables sent it (1) or was asked for a rule (2), and all behind its header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct watch w = {.poll = -1,
			  .timer = -1,
			  .own_port = 1,
			  .own_filter = 1,
			  .table = 16500,
			  .ifindex = 5,
			  .firewall = "cygnet0"};
	struct netlink_request storage;
	struct nlmsghdr *m;
	uint64_t sum = 0;

	if (size < 3 || size - 3 > sizeof(storage) - NLMSG_HDRLEN)
		return 0;
	m = netlink_begin(&storage, (uint16_t)(data[0] | data[1] << 8), 0);
	memcpy(mnl_nlmsg_put_extra_header(m, size - 3), data + 3, size - 3);
	m->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size - 3);
	if (data[2] & 2)
		(void)nft_add_counts(m, &sum);
	else if (data[2] & 1)
		watch_hear_filter(&w, m);
	else
		watch_hear_route(&w, m);
	return 0;
}
