/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_LISTEN_H
#define PLUTO_LISTEN_H

#include "conn/event.h"

struct loaded;
struct policy;

/*
 * --listen's list: "192.0.2.1,2001:db8::1". NULL or empty allows every address. False: not a
 * list of addresses.
 */
bool listen_valid(const char *list);

/*
 * A copy of `from` without addresses that the list leaves out; its address
 * array is the caller's to free. A default route whose source address is left
 * out is left out too. CYG_NOMEM.
 */
MUST_CHECK enum cyg_err listen_filter(const char *list, const struct host_view *from,
				      struct host_view *ret);

/*
 * The local endpoint of a connection with a port of its own (ikeport=); false
 * when it has none, or is not oriented.
 */
bool listen_own_port(const struct loaded *l, struct endpoint *ret);
/* Those of all that are loaded, repeats and all; *ret is the caller's to free. CYG_NOMEM. */
MUST_CHECK enum cyg_err listen_own_ports(const struct policy *p, struct endpoint **ret,
					 size_t *ret_len);

#endif
