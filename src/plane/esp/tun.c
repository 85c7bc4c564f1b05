/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Kernel headers before 6.2 lack them. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static enum cyg_err refuse(struct diag *why, const char *name, int number)
{
	diag_set(why, "tun", NULL, "cannot make the TUN device %s", name);
	diag_got(why, "%s", strerror(number));
	switch (number) {
	case EBUSY:
	case EEXIST:
		diag_hint(why,
			  "another daemon uses it: stop it, or give this one another instance");
		return CYG_EXISTS;
	case EPERM:
	case EACCES:
		diag_hint(why, "run it as root, or with CAP_NET_ADMIN");
		return CYG_PERM;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		diag_hint(
			why,
			"/dev/net/tun is missing: modprobe tun, or let the container have it");
		return CYG_UNSUPPORTED;
	default:
		return CYG_IO;
	}
}

/*
 * What the device may leave undone: checksums, and the cutting of TCP and, since
 * Linux 6.2, of UDP. An older kernel refuses the whole of what it knows only in part.
 */
static bool ask_offload(int fd, bool *ret_udp)
{
	unsigned usual = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	*ret_udp = !ioctl(fd, TUNSETOFFLOAD, usual | TUN_F_USO4 | TUN_F_USO6);
	return *ret_udp || !ioctl(fd, TUNSETOFFLOAD, usual);
}

/* A device of several queues would let others in who name it: not the first time. */
static short device_flags(size_t queues)
{
	return (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL |
		       (queues > 1 ? IFF_MULTI_QUEUE : 0));
}

/* One queue, of a device that is made for it or that is there already; -1, and errno. */
static int open_queue(struct ifreq *ifr)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int number;

	if (fd >= 0 && ioctl(fd, TUNSETIFF, ifr) < 0) {
		number = errno;
		close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

/* The device is there: more queues are welcome, not needed. */
static void add_queues(struct tun *t, struct ifreq *ifr, size_t queues)
{
	bool udp;

	ifr->ifr_flags &= (short)~IFF_TUN_EXCL;
	while (t->queues_len < queues) {
		int fd = open_queue(ifr);

		if (fd < 0)
			return;
		t->queues[t->queues_len++] = fd;
		if (!ask_offload(fd, &udp))
			return;
	}
}

enum cyg_err tun_open(const char *name, size_t queues, struct tun *ret, struct diag *why)
{
	struct tun t = {.queues_len = 1};
	struct ifreq ifr = {.ifr_flags = device_flags(queues)};

	if (strlen(name) >= sizeof(ifr.ifr_name)) {
		diag_set(why, "tun", NULL, "the name of the TUN device is too long");
		diag_got(why, "%s", name);
		return CYG_RANGE;
	}
	strcpy(ifr.ifr_name, name);
	t.queues[0] = open_queue(&ifr);
	if (t.queues[0] < 0)
		return refuse(why, name, errno);
	if (!ask_offload(t.queues[0], &t.udp_offload)) {
		int number = errno;

		tun_close(&t);
		return refuse(why, name, number);
	}
	add_queues(&t, &ifr, queues < TUN_QUEUES_MAX ? queues : TUN_QUEUES_MAX);
	memcpy(t.name, ifr.ifr_name, sizeof(t.name));
	t.queues_asked = queues;
	t.ifindex = if_nametoindex(t.name);
	if (!t.ifindex) {
		int number = errno;

		tun_close(&t);
		return refuse(why, t.name, number);
	}
	*ret = t;
	return CYG_OK;
}

void tun_close(struct tun *t)
{
	for (size_t i = 0; i < t->queues_len; i++)
		close(t->queues[i]);
	t->queues_len = 0;
}

enum cyg_err tun_again(struct tun *t, struct diag *why)
{
	struct ifreq ifr = {.ifr_flags = device_flags(t->queues_asked)};
	bool udp;

	memcpy(ifr.ifr_name, t->name, sizeof(ifr.ifr_name));
	for (size_t i = 0; i < t->queues_len; i++) {
		/* EEXIST: a try that did not come to its end has attached it. */
		if (ioctl(t->queues[i], TUNSETIFF, &ifr) < 0 && errno != EEXIST)
			return refuse(why, t->name, errno);
		if (!ask_offload(t->queues[i], &udp))
			return refuse(why, t->name, errno);
		ifr.ifr_flags &= (short)~IFF_TUN_EXCL;
	}
	t->ifindex = if_nametoindex(t->name);
	return t->ifindex ? CYG_OK : refuse(why, t->name, errno);
}

bool tun_is_named(const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr = {.ifr_data = (void *)&info};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int done, number;

	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	done = fd < 0 ? -1 : ioctl(fd, SIOCETHTOOL, &ifr);
	number = errno;
	if (fd >= 0)
		close(fd);
	/* A link whose driver has nothing to say is none. */
	return done ? number != EOPNOTSUPP && number != ENODEV : !strcmp(info.driver, "tun");
}

static bool write_setting(const struct tun *t, const char *family, const char *setting,
			  const char *value)
{
	char path[128];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/%s", family, t->name, setting);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT; /* a kernel without IPv6 */
	done = write(fd, value, strlen(value));
	close(fd);
	return done == (ssize_t)strlen(value);
}

bool tun_tune(const struct tun *t)
{
	return write_setting(t, "/proc/sys/net/ipv4/conf", "rp_filter", "0") &&
	       write_setting(t, "/proc/sys/net/ipv4/conf", "accept_local", "1");
}
