/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as what the kernel lists: links, addresses, routes and rules, one after the other. */
#include "net/net_private.h"
#include "net/tables.h"

#include <assert.h>
#include <linux/rtnetlink.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The octets behind a header of `type`. */
static struct nlmsghdr *message(struct netlink_request *storage, uint16_t type,
				const uint8_t *data, size_t size)
{
	struct nlmsghdr *m = netlink_begin(storage, type, 0);

	memcpy(mnl_nlmsg_put_extra_header(m, size), data, size);
	m->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size);
	return m;
}

static void hear(struct snapshot *h, struct route_tables *t, const struct nlmsghdr *m)
{
	struct net_route route;
	struct net_rule rule;

	(void)snapshot_take(m, h);
	(void)tables_take(m, t);
	if (route_read(m, &route))
		assert(ip_is_set(&route.destination.addr));
	if (rule_read(m, IP_V4, &rule))
		assert(rule.family == IP_V4);
}

/* Each message: an octet for its type, one for its length, and so many octets. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE};
	struct snapshot h = {.table = RT_TABLE_MAIN};
	struct route_tables t = {0};

	while (size >= 2) {
		struct netlink_request storage;
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		hear(&h, &t, message(&storage, types[data[0] % 4], data + 2, len));
		data += 2 + len;
		size -= 2 + len;
	}
	for (size_t i = 0; i < h.links_len; i++)
		assert(memchr(h.links[i].link.name, '\0', sizeof(h.links[i].link.name)));
	assert(t.len <= ROUTE_TABLES_MAX);
	snapshot_done(&h);
	return 0;
}
