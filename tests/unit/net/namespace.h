/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_NET_NAMESPACE_H
#define TESTS_UNIT_NET_NAMESPACE_H

#include "net/net.h"

/* A network namespace of its own for each test, which ends with the process or the next one. */

/* Enter a fresh, empty namespace and open it; skips the test where that needs more rights. */
struct net *namespace_enter(void);

/* The same with a link "up0" that is up and has 192.0.2.1/24 and 2001:db8::1/64. */
struct net *namespace_with_link(void);

/* Run `ip` with these words (formatted, then cut at blanks); fails unless it ends well. */
void namespace_ip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * What `ip` prints, line ends and runs of blanks as
 * one blank; in storage the next call overwrites.
 */
const char *namespace_show(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
