/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLANE_ESP_REASSEMBLY_H
#define PLANE_ESP_REASSEMBLY_H

#include "plane/esp/rules.h"

/*
 * The part of the firewall that is for fragments. The kernel puts a datagram together of what has its
 * addresses, protocol and number, whichever way it came: so a datagram that came out of the tunnel
 * could be completed by a stranger's fragment in clear, or the other way round. Fragments are judged
 * one by one, before anything puts them together, and for as long as the kernel keeps them it is
 * remembered which way a datagram comes. What comes of it the other way is dropped.
 *
 * A fragment in clear from where clear text is refused is refused, too. Where some of it may come in
 * (passes.h), and that goes by ports, which only the first one has, the later ones follow it; what comes
 * before it is refused. All others are nobody's concern here, whatever their order.
 *
 * Of each family REASSEMBLY_MAX datagrams are remembered. When there are more no new one is: then those
 * in clear that go by ports are refused, and those of the tunnel come in without being remembered.
 */
#define REASSEMBLY_MAX 65536u
#define REASSEMBLY_SECONDS_MAX 600u /* that one is, however long the kernel waits */

/*
 * How long the kernel waits, by the files of /proc/sys below `root` ("": this host): ipfrag_time,
 * and of IPv6 the longer one of ip6frag_time and connection tracking's own. What can't be read
 * is 0.
 */
struct firewall_patience reassembly_patience(const char *root);

#define REASSEMBLY_ACCEPT "accepted" /* goto: accept what comes in clear, and remember it */
#define REASSEMBLY_FOLLOW "as_first" /* jump or goto: accept a later one whose first one was */

/* Make the chains and sets, before any rule names one. */
void reassembly_prepare(struct rules *r);
/* Their rules; fragments in clear go to the chain `judge`, which drops what is not to come in. */
void reassembly_say(struct rules *r, const char *judge);

#endif
