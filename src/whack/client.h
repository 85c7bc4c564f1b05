/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WHACK_CLIENT_H
#define WHACK_CLIENT_H

#include "whack/protocol.h"

/*
 * A blocking connection to a pluto's control socket. Calls are answered in the
 * order they were sent, so several may be sent before the first answer is read.
 */
struct client;

/*
 * Connect to `path`. On failure *why says which: "pluto-not-running" (no
 * socket: CYG_NOTFOUND), "pluto-refused" (a socket that nobody listens at:
 * CYG_STATE), "pluto-denied" (CYG_PERM), "pluto-deaf" (its queue of callers stays full for some
 * seconds: CYG_LIMIT), else "pluto-unreachable" (CYG_IO).
 */
MUST_CHECK enum cyg_err client_open(const char *path, struct client **ret, struct diag *why);
void client_close(struct client *c);

/* The descriptor, to be polled for reading. */
int client_fd(const struct client *c);

/* Send one call whole. CYG_IO when the connection is gone. */
MUST_CHECK enum cyg_err client_send(struct client *c, const struct call *call,
				    struct diag *why);

/*
 * Wait for the next reply; reply_done when it is used. CYG_NOTFOUND: pluto has
 * closed the connection; CYG_MALFORMED, CYG_LIMIT: it does not speak the
 * protocol; CYG_IO.
 */
MUST_CHECK enum cyg_err client_receive(struct client *c, struct reply *ret, struct diag *why);

/* The same as it came: the message without its NUL, borrowed until the next one is asked for. */
MUST_CHECK enum cyg_err client_receive_message(struct client *c, struct view *ret,
					       struct diag *why);

/*
 * While nothing comes, `on` is asked every `ms` whether to go on waiting: of how long it has
 * been. False, with *why: the receivers return CYG_IO. Without it they wait for ever.
 */
struct client_patience {
	bool (*on)(void *ctx, unsigned waited_ms, struct diag *why);
	void *ctx;
	unsigned ms;
};
void client_set_patience(struct client *c, const struct client_patience *p);

/*
 * Whether pluto says nothing within `ms` to who asks, by another connection, for what costs it
 * nothing: one that is busy for a caller answers others. The other connection is kept, so that
 * who asks again and again does not fill the queue of one that hangs.
 */
bool client_is_deaf(struct client *c, unsigned ms);

/* A message that was none: CYG_MALFORMED, with *why. */
enum cyg_err client_garbled(struct diag *why);

/* RUNDIR/pluto.ctl, or of --ctlbase's BASE: BASE.ctl. Heap; NULL when memory is short. */
char *client_socket_path(const char *rundir, const char *ctlbase);

#define RUNDIR_DEFAULT "/run/pluto"
#define SOCKET_NAME "pluto.ctl"

#endif
