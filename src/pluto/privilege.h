/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_PRIVILEGE_H
#define PLUTO_PRIVILEGE_H

#include "base/diag.h"
#include "base/err.h"

/*
 * Keep only what the daemon needs from here on: CAP_NET_ADMIN (TUN, routes, marks),
 * CAP_NET_BIND_SERVICE (port 500), CAP_NET_RAW (protocol 50), CAP_DAC_READ_SEARCH (secrets in
 * folders of another user); no program it runs can gain more. Call before any thread is made.
 * Without root it keeps what there is of these. So that packet threads may go before others
 * it lifts RLIMIT_NICE, or else keeps CAP_SYS_NICE; of descriptors it may then have as many as root allows.
 */
MUST_CHECK enum cyg_err privilege_drop(struct diag *why);

#endif
