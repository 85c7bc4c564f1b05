/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_LISTEN_H
#define PLUTO_LISTEN_H

#include "conn/event.h"

/*
 * --listen's list: "192.0.2.1,2001:db8::1". NULL or empty allows every address. False: not a
 * list of addresses.
 */
bool listen_valid(const char *list);
bool listen_allows(const char *list, const struct ip_addr *a);

/*
 * A copy of `from` without addresses that the list leaves out; its address
 * array is the caller's to free. A default route whose source address is left
 * out is left out too. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err listen_filter(const char *list, const struct host_view *from,
				      struct host_view *ret);

#endif
