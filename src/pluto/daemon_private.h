/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUTO_DAEMON_PRIVATE_H
#define PLUTO_DAEMON_PRIVATE_H

#include "pluto/daemon.h"

/* What the parts of the daemon share; nobody else includes it. */

/*
 * daemon_host.c: look at the host anew (net_view), bind sockets to its addresses, tell the core. What goes
 * wrong is logged.
 */
void daemon_host_changed(struct daemon *d);

/*
 * daemon_plane.c: open the plane that settings ask for, as the first instance that nobody has, and note
 * in the run folder that it is ours. What planes_open says, or the folder.
 */
MUST_CHECK enum cyg_err daemon_start_plane(struct daemon *d, struct diag *why);

#endif
