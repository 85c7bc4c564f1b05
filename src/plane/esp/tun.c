/* SPDX-License-Identifier: Apache-2.0 */
#include "plane/esp/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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
static bool ask_offload(struct tun *t)
{
	unsigned usual = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	t->udp_offload = !ioctl(t->fd, TUNSETOFFLOAD, usual | TUN_F_USO4 | TUN_F_USO6);
	return t->udp_offload || !ioctl(t->fd, TUNSETOFFLOAD, usual);
}

enum cyg_err tun_open(const char *name, struct tun *ret, struct diag *why)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	struct tun t;

	if (strlen(name) >= sizeof(ifr.ifr_name)) {
		diag_set(why, "tun", NULL, "the name of the TUN device is too long");
		diag_got(why, "%s", name);
		return CYG_RANGE;
	}
	strcpy(ifr.ifr_name, name);
	t.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t.fd < 0)
		return refuse(why, name, errno);
	if (ioctl(t.fd, TUNSETIFF, &ifr) < 0 || !ask_offload(&t)) {
		int number = errno;

		close(t.fd);
		return refuse(why, name, number);
	}
	memcpy(t.name, ifr.ifr_name, sizeof(t.name));
	t.ifindex = if_nametoindex(t.name);
	*ret = t;
	return CYG_OK;
}

void tun_close(struct tun *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
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
	bool v4 = write_setting(t, "/proc/sys/net/ipv4/conf", "rp_filter", "0") &&
		  write_setting(t, "/proc/sys/net/ipv4/conf", "accept_local", "1");
	bool v6 = write_setting(t, "/proc/sys/net/ipv6/conf", "addr_gen_mode", "1");

	return v4 && v6;
}
