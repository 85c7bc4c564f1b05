/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_TUN_H
#define PLANE_ESP_TUN_H

#include "base/diag.h"
#include "base/err.h"

/*
 * The device through which this host's packets
 * come and go. It lives as long as its descriptor.
 */
#define TUN_QUEUES_MAX 16u

struct tun {
	/* Not blocking; each read and write is an offload header and one IP packet. */
	int queues[TUN_QUEUES_MAX];
	size_t queues_len, queues_asked;
	uint32_t ifindex;
	char name[16];
	bool udp_offload; /* it takes merged UDP, and gives UDP to be cut */
};

/*
 * Make it, with all offloads the kernel knows, and up to `queues` queues (fewer where the
 * kernel wants that; the packets of one flow are in one of them); down, without addresses.
 * `name` may hold one "%d", for which the kernel puts a number. CYG_EXISTS when the name is in use, CYG_PERM,
 * CYG_UNSUPPORTED without /dev/net/tun, CYG_RANGE for a name that is too
 * long, CYG_IO.
 */
MUST_CHECK enum cyg_err tun_open(const char *name, size_t queues, struct tun *ret,
				 struct diag *why);
/* One that is zeroed is fine. */
void tun_close(struct tun *t);
/*
 * Another hand removed it: make it anew, under its name and with the same descriptors, which
 * threads may be waiting for all the while. As tun_open; after an error it may be tried again.
 */
MUST_CHECK enum cyg_err tun_again(struct tun *t, struct diag *why);

/* Whether the link of a name is a TUN; also true when that can't be learnt. */
bool tun_is_named(const char *name);

/*
 * Let the kernel take what comes out of the device although the way back may not lead into
 * it, or its source is this host (ICMP errors are). False when /proc/sys cannot be written,
 * as in some containers.
 */
bool tun_tune(const struct tun *t);

#endif
