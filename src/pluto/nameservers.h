/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_NAMESERVERS_H
#define PLUTO_NAMESERVERS_H

#include "base/addr.h"

#define NAMESERVERS_FILE "/etc/resolv.conf"

/* Whether the file (resolv.conf(5)) names this address as a name server. Not when it can't be read. */
bool nameservers_has(const char *file, const struct ip_addr *addr);

#endif
