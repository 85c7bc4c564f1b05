/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/strict.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int read_rp_filter(const char *interface)
{
	char path[96], text[16];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	return text[0] - '0';
}

/* The kernel goes by the larger of the two settings; 1 is strict, 2 loose. */
bool strict_checks(const struct net *net, const struct endpoint *local)
{
	int all = read_rp_filter("all"), own = 0;
	struct net_link link;

	if (local->addr.family != IP_V4 || ip_is_any(&local->addr))
		return false;
	if (net_link_of(net, &local->addr, &link))
		own = read_rp_filter(link.name);
	return (all > own ? all : own) == 1;
}
