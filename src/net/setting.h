/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_SETTING_H
#define NET_SETTING_H

#include "base/text.h"

#include <stddef.h>

/* Settings that take packets from the kernel's IPsec, by interface. */
#define NET_DISABLE_XFRM "disable_xfrm"     /* what leaves there goes in clear */
#define NET_DISABLE_POLICY "disable_policy" /* what arrives in clear there is let in */

/*
 * The names of a setting, of IPv4 and of IPv6, that are on below `root` ("": this host), for
 * sysctl(8) and blank separated, to *out: "net.ipv4.conf.all.disable_xfrm". The loopback has them
 * on by nature and is left out. Returns how many; 0 also where nothing can be read.
 */
size_t net_settings_on(const char *root, const char *setting, struct text *out);

#endif
