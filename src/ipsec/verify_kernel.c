/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of the kernel: what moves packets, what filters them, time and chance. */
#include "ipsec/verify.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TUN_PATH "/dev/net/tun"
#define CLOCK_EARLIEST 1767225600 /* 2026-01-01: this program is not older */
#define CLOCK_LATEST 4102444800   /* 2100-01-01 */
#define ENTROPY_LOW 128           /* bits; a seeded generator of Linux 5.18 says 256 */

void verify_privilege(const struct verify_machine *m, struct verify_result *r)
{
	if (m->is_root)
		return;
	verify_say(r, VERIFY_WARNING, "not run as root: some of what follows can't be told");
	verify_to_do(r, "run ipsec verify as root");
}

void verify_kernel(const struct verify_machine *m, struct verify_result *r)
{
	char release[128];

	if (verify_line(m, "/proc/sys/kernel/osrelease", release, sizeof(release)))
		verify_say(r, VERIFY_OK, "Linux %s", release);
	else
		verify_say(r, VERIFY_WARNING, "/proc is not mounted: little can be told");
}

void verify_tun(const struct verify_machine *m, struct verify_result *r)
{
	char path[1024];
	int error = verify_path(m, path, sizeof(path), TUN_PATH) ? m->open_tun(path)
								 : ENAMETOOLONG;

	if (!error)
		return;
	if ((error == EACCES || error == EPERM) && !m->is_root) {
		verify_say(r, VERIFY_NONE, "only root can tell");
		return;
	}
	verify_say(r, VERIFY_FAILED, "%s can't be opened: %s; packets can't be carried",
		   TUN_PATH, strerror(error));
	if (error == ENOENT)
		verify_to_do(r,
			     "mkdir -p /dev/net && mknod /dev/net/tun c 10 200; in a container "
			     "hand it in (docker run --device /dev/net/tun)");
	else if (error == ENODEV || error == ENXIO)
		verify_to_do(r, "modprobe tun");
	else
		verify_to_do(r, "in a container allow the device and CAP_NET_ADMIN");
}

/* plane=auto takes the kernel's IPsec where this says so, and ESP in pluto elsewhere. */
void verify_xfrm(const struct verify_machine *m, struct verify_result *r)
{
	int error = m->netlink(NETLINK_XFRM);

	if (error) {
		verify_say(r, VERIFY_NONE, "not there (%s): pluto does ESP itself (plane=esp)",
			   strerror(error));
		return;
	}
	error = m->esp_state();
	if (!error) {
		verify_say(r, VERIFY_OK, "it takes ESP states: plane=auto uses it");
	} else if (error == EPERM && !m->is_root) {
		verify_say(r, VERIFY_NONE, "only root can tell whether it takes ESP states");
	} else {
		verify_say(r, VERIFY_NONE,
			   "there, but it takes no ESP state (%s): pluto does ESP itself "
			   "(plane=esp)",
			   strerror(error));
		verify_to_do(r, "modprobe esp4 esp6, if the kernel is to do it");
	}
}

/* A module that is loaded, or built in. */
static bool has_module(const struct verify_machine *m, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return verify_exists(m, path);
}

/* Modules that take ESP or IKE packets away from us. */
void verify_modules(const struct verify_machine *m, struct verify_result *r)
{
	static const char *const rivals[] = {"ipsec"}; /* KLIPS */

	for (size_t i = 0; i < sizeof(rivals) / sizeof(rivals[0]); i++) {
		if (!has_module(m, rivals[i]))
			continue;
		verify_say(r, VERIFY_WARNING, "the module %s is loaded, and takes ESP packets",
			   rivals[i]);
		verify_to_do(r, "modprobe -r %s", rivals[i]);
		return;
	}
	verify_say(r, VERIFY_OK, "tun %s, nf_tables %s",
		   has_module(m, "tun") ? "loaded" : "built in or not loaded",
		   has_module(m, "nf_tables") ? "loaded" : "built in or not loaded");
}

void verify_nftables(const struct verify_machine *m, struct verify_result *r)
{
	int error = m->nftables();

	if (!error)
		return;
	if (error == EPERM && !m->is_root) {
		verify_say(r, VERIFY_NONE, "only root can tell");
		return;
	}
	verify_say(r, VERIFY_WARNING,
		   "nf_tables does not answer (%s): clear text that claims to come from a "
		   "protected network is not dropped",
		   strerror(error));
	verify_to_do(r, "modprobe nf_tables");
}

void verify_clock(const struct verify_machine *m, struct verify_result *r)
{
	time_t now = (time_t)m->now;
	char text[64] = "?";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	verify_say(r, VERIFY_OK, "%s", text);
	if (m->now >= CLOCK_EARLIEST && m->now < CLOCK_LATEST)
		return;
	verify_say(r, VERIFY_FAILED, "it is not %s: certificates would not be valid", text);
	verify_to_do(r, "set the clock, and run an NTP client");
}

void verify_entropy(const struct verify_machine *m, struct verify_result *r)
{
	long bits;

	if (m->random()) {
		verify_say(r, VERIFY_FAILED,
			   "the kernel's generator is not seeded yet: keys would wait for it");
		verify_to_do(r, "give the machine a source (virtio-rng, rngd, haveged)");
	} else if (verify_number(m, "/proc/sys/kernel/random/entropy_avail", &bits) &&
		   bits < ENTROPY_LOW) {
		verify_say(r, VERIFY_WARNING, "%ld bits", bits);
		verify_to_do(r, "give the machine a source (virtio-rng, rngd, haveged)");
	} else if (verify_exists(m, "/dev/hwrng")) {
		verify_say(r, VERIFY_OK, "with a hardware generator");
	}
}
