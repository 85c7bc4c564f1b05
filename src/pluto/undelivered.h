/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_UNDELIVERED_H
#define PLUTO_UNDELIVERED_H

#include "base/addr.h"

/*
 * Messages of ours that did not get away: told to the log, and to those who wait for a connection to that
 * peer, since it often is why they wait. The core hears nothing of it: it sends again. `ctx` is the daemon.
 */

/*
 * For ports_host: sending to `remote` failed with `error` (errno), as `from` said; unset: this host.
 * What may be forged is only told; by what this host itself says, the wait is over.
 */
void undelivered_on_error(void *ctx, const struct endpoint *local,
			  const struct endpoint *remote, int error, const struct ip_addr *from);

/* For engine_host: there is no socket of `local` to send by. The wait is over. */
void undelivered_on_no_socket(void *ctx, const struct endpoint *local,
			      const struct endpoint *remote);

#endif
