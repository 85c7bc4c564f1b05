/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IPSEC_PROBE_H
#define IPSEC_PROBE_H

/*
 * What this kernel can do, asked of it without leaving anything changed. Each returns
 * 0 or an errno: EPERM when it is not for us to ask.
 */

/* Whether the TUN device at `path` can be opened. */
int probe_tun(const char *path);
/* Whether there is a netlink socket of the protocol (NETLINK_XFRM ...). */
int probe_netlink(int protocol);
/*
 * Whether the kernel takes an ESP state: one between loopback addresses, which no policy
 * uses, is put there and removed at once. What stood there under its SPI stays.
 */
int probe_esp_state(void);
/* Whether nf_tables answers (it is asked for its generation). */
int probe_nftables(void);
/* Whether the kernel's random generator is seeded. */
int probe_random(void);

#endif
