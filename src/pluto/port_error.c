/* SPDX-License-Identifier: Apache-2.0 */
#include "pluto/port_error.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/errqueue.h>

static bool is_error(const struct cmsghdr *c)
{
	return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	       (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

static void take(struct msghdr *m, struct port_error *e)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct {
			struct sock_extended_err err;
			struct sockaddr_storage offender;
		} found = {0};
		size_t len = c->cmsg_len - CMSG_LEN(0);

		if (!is_error(c))
			continue;
		memcpy(&found, CMSG_DATA(c), len < sizeof(found) ? len : sizeof(found));
		e->error = (int)found.err.ee_errno;
		if (found.err.ee_origin == SO_EE_ORIGIN_ICMP ||
		    found.err.ee_origin == SO_EE_ORIGIN_ICMP6)
			e->from =
				endpoint_from_sockaddr((struct sockaddr *)&found.offender).addr;
	}
}

bool port_error_read(int fd, struct port_error *ret)
{
	struct sockaddr_storage to;
	union {
		struct cmsghdr align;
		char octets[512];
	} control;
	char payload[64];
	struct iovec iov = {payload, sizeof(payload)};
	struct msghdr m = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct port_error e = {0};

	if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	e.remote = endpoint_from_sockaddr((struct sockaddr *)&to);
	take(&m, &e);
	*ret = e;
	return true;
}
